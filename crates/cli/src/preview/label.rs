//! What stands beside the place of a signature: whose it is and of which kind, as a small page of its own, so that the
//! renderer that draws the document writes it too.

use std::io::Cursor;

use kyso_appearance::{
    Align, Area, Body, Color, Colors, Design, DesignError, Face, Frame, Profile, Text, TextLine,
    Weight, page_of,
};
use kyso_daemon::explain::{preview as explain, visible as explain_visible};
use kyso_daemon::text::{Lang, Problem};
use kyso_preview::{Order, Picture, Renderer};

/// Size of its letters in points.
const SIZE: f64 = 9.0;
/// Width at which its lines break, in points: a third of A4.
const MOST_WIDTH: f64 = 200.0;
/// Below this resolution letters of that size cannot be read on a screen, so the label is drawn at it.
const LEAST_DPI: f64 = 96.0;
/// The blue of the place.
const BLUE: Color = Color { red: 0.05, green: 0.22, blue: 0.62 };

/// What a label says.
pub(super) struct Label {
    /// In bold.
    pub(super) head: String,
    /// Below it.
    pub(super) line: String,
}

impl Label {
    /// The label of a signature that would be made so.
    pub(super) fn of_signature(signer: Option<&str>, profile: Profile, lang: Lang) -> Self {
        let head = signer.unwrap_or_else(|| lang.pick("chưa rõ người ký", "nobody named"));
        Self { head: head.to_owned(), line: kind(profile, lang).to_owned() }
    }

    /// The label of a place without a signature: a field's, or that of a rectangle.
    pub(super) fn of_place(field: Option<&str>, lang: Lang) -> Self {
        let head = lang.pick("Chữ ký sẽ đặt ở đây", "The signature will stand here").to_owned();
        let line = field.map(|name| format!("{} {name}", lang.pick("ô ký", "field")));
        Self { head, line: line.unwrap_or_default() }
    }

    /// Draws it by the renderer of the document.
    pub(super) fn draw(
        &self,
        renderer: &Renderer,
        dpi: f64,
        lang: Lang,
    ) -> Result<Picture, Problem> {
        let page = self.page().map_err(|error| {
            explain_visible::explain(&kyso::visible::VisibleError::Design(error), lang)
        })?;
        let order = Order { page: 0, dpi: dpi.max(LEAST_DPI), password: None };
        let drawn = renderer.draw(&mut Cursor::new(page), &order);
        Ok(drawn.map_err(|error| explain::explain(&error, lang))?.picture)
    }

    fn page(&self) -> Result<Vec<u8>, DesignError> {
        // A name in letters that the font lacks is shown by their numbers: a label is no reason to show nothing.
        let line = |text: &str, bold: bool, weight| -> Result<TextLine, DesignError> {
            Ok(TextLine { text: Face::new(weight)?.escape(text), bold })
        };
        let mut lines = vec![line(&self.head, true, Weight::Bold)?];
        if !self.line.is_empty() {
            lines.push(line(&self.line, false, Weight::Regular)?);
        }
        let text = Text { lines, size: SIZE, minimum: SIZE / 2.0, align: Align::Left, color: BLUE };
        let design = Design {
            body: Body::Text(text),
            area: Area::Natural { max_width: MOST_WIDTH },
            frame: Some(Frame { thickness: 1.0, color: BLUE }),
            qr: None,
            colors: Colors::Device,
        };
        Ok(page_of(&design.compose()?))
    }
}

/// The kind of a signature as an office calls it.
fn kind(profile: Profile, lang: Lang) -> &'static str {
    match profile {
        Profile::Leader => lang.pick("chữ ký người có thẩm quyền", "leader's signature"),
        Profile::Seal => lang.pick("dấu của cơ quan", "the agency's seal"),
        Profile::Copy => lang.pick("chữ ký trên bản sao", "signature of a copy"),
        Profile::Attachment => lang.pick("chữ ký trên phụ lục", "signature of an attachment"),
        Profile::Income => lang.pick("dấu đến", "received stamp"),
        Profile::Comment => lang.pick("ý kiến", "comment"),
        Profile::NumberAndDate => lang.pick("số và ngày ban hành", "number and date of issue"),
        Profile::Free => lang.pick("chữ ký", "signature"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_of_any_name_is_made() {
        for name in ["Hà Văn Tý", "王小明 😀", "a\u{7}b", &"Nguyễn ".repeat(60), ""] {
            let label = Label::of_signature(Some(name), Profile::Leader, Lang::Vi);
            let page = label.page().expect("a page");
            assert!(page.starts_with(b"%PDF-1.7"), "{name}");
        }
    }
}
