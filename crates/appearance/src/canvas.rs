//! A form XObject under way: its content stream and the resources that it names (ISO 32000-2 §8.10).

use core::fmt::Write as _;

use kyso_pades::{NewObject, Piece};

use crate::color::{Color, Colors};
use crate::design::Align;
use crate::font::FontDamaged;
use crate::number::{hexadecimal, number};
use crate::object::{deflated, raw};
use crate::paragraph::{BASELINE, Faces, LEADING, Paragraph};
use crate::picture::Picture;

pub(crate) struct Canvas<'a> {
    colors: Colors,
    content: String,
    picture: Option<&'a Picture>,
}

impl<'a> Canvas<'a> {
    pub(crate) const fn new(colors: Colors) -> Self {
        Self { colors, content: String::new(), picture: None }
    }

    /// Whether anything is painted by degrees.
    pub(crate) fn uses_transparency(&self) -> bool {
        self.picture.is_some_and(Picture::is_translucent)
    }

    pub(crate) fn uses_cmyk(&self) -> bool {
        self.picture.is_some_and(Picture::is_cmyk)
    }

    /// A line of this thickness along the inside of the edge.
    pub(crate) fn frame(&mut self, (width, height): (f64, f64), thickness: f64, color: Color) {
        let half = thickness / 2.0;
        let [half, width, height, line] =
            [half, width - thickness, height - thickness, thickness].map(number);
        let stroke = self.colors.stroke(color);
        // Writing to a String cannot fail.
        let _ =
            writeln!(self.content, "q\n{stroke}{line} w {half} {half} {width} {height} re S\nQ");
    }

    /// Operators that restore what they change.
    pub(crate) fn drawing(&mut self, operators: &str) {
        self.content.push_str(operators);
    }

    /// The picture, with its lower left corner at a place.
    pub(crate) fn picture(&mut self, picture: &'a Picture, place: (f64, f64), size: (f64, f64)) {
        let [x, y, width, height] = [place.0, place.1, size.0, size.1].map(number);
        let _ = writeln!(self.content, "q {width} 0 0 {height} {x} {y} cm /Picture Do Q");
        self.picture = Some(picture);
    }

    /// Lines below each other from a top left corner, in a room of a width.
    pub(crate) fn paragraph(
        &mut self,
        faces: &mut Faces,
        paragraph: &Paragraph,
        (left, top): (f64, f64),
        (room, align): (f64, Align),
        color: Color,
    ) {
        self.content.push_str(&self.colors.fill(color));
        let size = paragraph.size;
        for (index, line) in paragraph.lines.iter().enumerate() {
            if line.text.is_empty() {
                continue;
            }
            let indent = match align {
                Align::Left => 0.0,
                Align::Centre => (room - line.width) / 2.0,
                Align::Right => room - line.width,
            };
            let baseline = top - size * (index as f64 * LEADING + BASELINE);
            let (face, name) =
                if line.bold { (&mut faces.bold, "Bold") } else { (&mut faces.regular, "Regular") };
            let codes = hexadecimal(&face.encode(&line.text));
            let [size, x, y] = [size, left + indent, baseline].map(number);
            let _ = writeln!(self.content, "BT /{name} {size} Tf {x} {y} Td {codes} Tj ET");
        }
    }

    /// The objects; the form comes first.
    pub(crate) fn finish(
        self,
        faces: &Faces,
        (width, height): (f64, f64),
    ) -> Result<Vec<NewObject>, FontDamaged> {
        // The form's place, which its own references do not need.
        let mut others = Vec::new();
        let mut pieces = vec![raw(format!(
            "/Type /XObject /Subtype /Form /BBox [0 0 {} {}] /Resources <<{}",
            number(width),
            number(height),
            self.colors.resources(),
        ))];
        if let Some(picture) = self.picture {
            let at = others.len() + 1;
            pieces.extend([raw(" /XObject << /Picture "), Piece::Reference(at), raw(" >>")]);
            others.extend(picture.objects(at, self.colors));
        }
        let used = [(&faces.regular, "Regular"), (&faces.bold, "Bold")];
        let used = used.into_iter().filter(|(face, _)| !face.is_unused());
        for (index, (face, name)) in used.enumerate() {
            let at = others.len() + 1;
            let open = if index == 0 { " /Font <<" } else { "" };
            pieces.extend([raw(format!("{open} /{name} ")), Piece::Reference(at)]);
            others.extend(face.objects(at)?);
        }
        if !faces.regular.is_unused() || !faces.bold.is_unused() {
            pieces.push(raw(" >>"));
        }
        pieces.push(raw(" >>"));
        let mut objects = vec![deflated(pieces, self.content.as_bytes())];
        objects.append(&mut others);
        Ok(objects)
    }
}
