//! The widget of a signature field: where it stands and what it shows (ISO 32000-2 §12.5.5, §12.5.6.19).

use std::io::{Read, Seek};

use crate::document::Document;
use crate::error::Error;
use crate::form::Field;
use crate::geometry::{PageGeometry, Rectangle, Rotation};
use crate::new_object::{NewObject, Piece};
use crate::object::{Dictionary, IndirectObject, Object, Reference};
use crate::permissions::FieldLock;
use crate::revision::Revision;
use crate::text::encode_text;

/// Flags of a new field's widget: Print and Locked (ISO 32000-2 table 167).
const WIDGET_FLAGS: u32 = 4 | 128;

/// A field that a signature makes.
pub(crate) struct NewWidget<'a> {
    pub(crate) name: &'a str,
    pub(crate) page: usize,
    pub(crate) rect: Option<Rectangle>,
    pub(crate) lock: Option<&'a FieldLock>,
}

/// Where an existing field's widget stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FieldPlace {
    /// Its page, counted from 0.
    pub page: usize,
    /// Its rectangle in visible coordinates; `None` where it has no area.
    pub rect: Option<Rectangle>,
}

impl<R: Read + Seek> Document<R> {
    /// Where the widget of a field stands.
    ///
    /// # Errors
    /// [`Error::NoSuchField`]; [`Error::NoWidget`] for a field without exactly one widget on a page; as [`object`](Self::object).
    pub fn field_place(&mut self, name: &str) -> Result<FieldPlace, Error> {
        let mut found = None;
        self.walk_fields(|field| {
            if found.is_none() && *field.name == *name {
                found = Some(field);
            }
        })?;
        let field = found.ok_or_else(|| Error::NoSuchField { name: name.to_owned() })?;
        let widget = self.only_widget(&field)?;
        let missing = Error::NoWidget(field.object.id);
        let page = self.page_of(widget.id)?.ok_or(missing)?;
        let geometry = self.page_geometry(page)?;
        let rect = match widget.value.as_dictionary() {
            Some(dictionary) => self.value(dictionary, "Rect")?,
            None => Object::Null,
        };
        let rect = self.rectangle(&rect)?.map(|rect| geometry.from_user_space(rect));
        Ok(FieldPlace { page, rect })
    }

    /// Adds a field with its widget to a page, and gives the field's number.
    pub(crate) fn add_widget(
        &mut self,
        revision: &mut Revision,
        widget: &NewWidget<'_>,
        signature: Reference,
        appearance: &[NewObject],
    ) -> Result<Reference, Error> {
        let page = self.page(widget.page)?;
        let Object::Dictionary(entries) = &page.value else {
            return Err(Error::WrongType { object: page.id, key: "Type" });
        };
        let field = revision.reserve();
        let mut pieces = vec![
            Piece::Raw(b"<< /Type /Annot /Subtype /Widget /FT /Sig /T ".to_vec()),
            Piece::String(encode_text(widget.name)),
        ];
        let mut text = format!(" /V {signature} R /F {WIDGET_FLAGS} /P {} R /Rect ", page.id);
        match widget.rect {
            None => text += "[0 0 0 0]",
            Some(visible) => {
                let geometry = self.page_geometry(widget.page)?;
                text += &rectangle_text(&geometry.to_user_space(visible));
                text += &turned(geometry.rotation);
                if !appearance.is_empty() {
                    let form = add_appearance(revision, appearance, &geometry, &visible)?;
                    text += &format!(" /AP << /N {form} R >>");
                }
            }
        }
        if let Some(lock) = widget.lock {
            let id = revision.reserve();
            revision.add(
                id,
                NewObject { pieces: lock.pieces("SigFieldLock"), stream: None },
                &[],
            )?;
            text += &format!(" /Lock {id} R");
        }
        text += " >>";
        pieces.push(Piece::Raw(text.into_bytes()));
        revision.add(field, NewObject { pieces, stream: None }, &[])?;
        revision.append(self, &page, entries, "Annots", field)?;
        Ok(field)
    }

    /// Gives an existing field its value, and its widget what it shows.
    pub(crate) fn sign_existing(
        &mut self,
        revision: &mut Revision,
        field: &Field,
        signature: Reference,
        appearance: &[NewObject],
    ) -> Result<(), Error> {
        let Object::Dictionary(entries) = &field.object.value else {
            return Err(Error::WrongType { object: field.object.id, key: "FT" });
        };
        revision.set(&field.object, entries, "V", &format!("{signature} R"))?;
        if appearance.is_empty() {
            return Ok(());
        }
        let widget = self.only_widget(field)?;
        let Object::Dictionary(entries) = &widget.value else {
            return Err(Error::NoWidget(field.object.id));
        };
        let page = self.page_of(widget.id)?.ok_or(Error::NoWidget(field.object.id))?;
        let geometry = self.page_geometry(page)?;
        let rect = self.value(entries, "Rect")?;
        let rect = self.rectangle(&rect)?.ok_or(Error::NoWidget(field.object.id))?;
        let visible = geometry.from_user_space(rect);
        let form = add_appearance(revision, appearance, &geometry, &visible)?;
        revision.set(&widget, entries, "AP", &format!("<< /N {form} R >>"))
    }

    /// The field itself where it is its own widget, or the one widget below it.
    fn only_widget(&mut self, field: &Field) -> Result<IndirectObject, Error> {
        let missing = Error::NoWidget(field.object.id);
        let Some(dictionary) = field.object.value.as_dictionary() else {
            return Err(missing);
        };
        let kids = match self.value(dictionary, "Kids")? {
            Object::Array(kids) => kids,
            _ => return Ok(field.object.clone()),
        };
        match kids.items.as_slice() {
            [Object::Reference(only)] => self.resolve_object(*only)?.ok_or(missing),
            _ => Err(missing),
        }
    }

    /// The page among whose annotations a widget stands; its `/P`, which may be absent or lie, is not asked.
    fn page_of(&mut self, widget: Reference) -> Result<Option<usize>, Error> {
        for (index, page) in self.pages()?.into_iter().enumerate() {
            let Some(page) = self.object(page)? else {
                continue;
            };
            let Some(dictionary) = page.value.as_dictionary() else {
                continue;
            };
            if self.names(dictionary, widget)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn names(&mut self, page: &Dictionary, widget: Reference) -> Result<bool, Error> {
        let annotations = self.value(page, "Annots")?;
        let Object::Array(annotations) = annotations else {
            return Ok(false);
        };
        Ok(annotations.items.iter().any(|item| item.as_reference() == Some(widget)))
    }
}

/// Adds what a widget shows; on a turned page a form around it makes it upright.
fn add_appearance(
    revision: &mut Revision,
    appearance: &[NewObject],
    geometry: &PageGeometry,
    visible: &Rectangle,
) -> Result<Reference, Error> {
    let list = revision.add_all(appearance)?;
    let form = list.first().copied().ok_or(Error::EmptyAppearance)?;
    if geometry.rotation == Rotation::None {
        return Ok(form);
    }
    let outer = revision.reserve();
    let (width, height) = (visible.width(), visible.height());
    let [a, b, c, d, e, f] = geometry.upright_matrix(width, height).map(number);
    let text = format!(
        "<< /Type /XObject /Subtype /Form /BBox [0 0 {} {}] /Matrix [{a} {b} {c} {d} {e} {f}] \
         /Resources << /XObject << /Upright {form} R >> >> >>",
        number(width),
        number(height),
    );
    let pieces = vec![Piece::Raw(text.into_bytes())];
    let stream = Some(b"/Upright Do".to_vec());
    revision.add(outer, NewObject { pieces, stream }, &[])?;
    Ok(outer)
}

/// `/MK /R`: how far the widget's content is turned against the page (ISO 32000-2 table 192).
fn turned(rotation: Rotation) -> String {
    match rotation {
        Rotation::None => String::new(),
        other => format!(" /MK << /R {} >>", other.degrees()),
    }
}

fn rectangle_text(rectangle: &Rectangle) -> String {
    let Rectangle { left, bottom, right, top } = *rectangle;
    let [left, bottom, right, top] = [left, bottom, right, top].map(number);
    format!("[{left} {bottom} {right} {top}]")
}

/// A number with three decimals at most: a third of a micrometre.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if matches!(text, "" | "-0") { "0".to_owned() } else { text.to_owned() }
}
