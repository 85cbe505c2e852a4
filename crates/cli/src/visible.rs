//! From options to what a PDF's signature shows: reads the picture and the text, and says what is wrong with them.

use std::sync::Arc;

use kyso::visible::{Details, Place, Visible};
use kyso_appearance::placement::Corner;
use kyso_appearance::{CopyForm, Moment, Picture, PictureLimits, Profile, Template};
use kyso_pades::{DocMdpPermission, FieldLock, LockedFields, Rectangle};
use kyso_x509::Time;

use crate::args::{Form, VisibleArgs};
use kyso_daemon::explain::visible as explain;
use kyso_daemon::text::{Lang, Problem};

/// Points to a millimetre.
const POINTS: f64 = 72.0 / 25.4;

/// What the options say of the signature's looks; `None` for an invisible one.
pub(crate) fn visible(arguments: &VisibleArgs, lang: Lang) -> Result<Option<Visible>, Problem> {
    let Some(name) = &arguments.visible else { return Ok(None) };
    let profile = Profile::from_name(name).ok_or_else(|| explain::unknown_profile(name, lang))?;
    let template = arguments.text.as_deref().map(Template::parse).transpose();
    let template = template.map_err(|error| explain::template(&error, lang))?;
    let date = arguments.date.as_deref().map(|text| date(text, lang)).transpose()?;
    let form = arguments.form.map(|form| match form {
        Form::SaoY => CopyForm::SaoY,
        Form::SaoLuc => CopyForm::SaoLuc,
        Form::TrichSao => CopyForm::TrichSao,
    });
    Ok(Some(Visible {
        profile,
        picture: picture(arguments, lang)?,
        template,
        details: Details {
            title: arguments.signer_title.clone(),
            number: arguments.number.clone(),
            date,
            form,
            note: arguments.note.clone(),
        },
        place: place(arguments, lang)?,
        qr: arguments.qr.clone(),
    }))
}

/// The room of `--rect` on a page of this size, in visible coordinates; `None` where nothing is given.
pub(crate) fn rectangle(
    arguments: &VisibleArgs,
    page: &Rectangle,
    lang: Lang,
) -> Result<Option<Rectangle>, Problem> {
    let Some(text) = &arguments.rect else { return Ok(None) };
    let wrong = || explain::place(text, lang);
    let [left, top, width, height] = numbers::<4>(text).ok_or_else(wrong)?;
    if width <= 0.0 || height <= 0.0 {
        return Err(wrong());
    }
    let upper = page.top - top;
    Ok(Some(Rectangle { left, bottom: upper - height, right: left + width, top: upper }))
}

/// What the signature certifies.
pub(crate) fn certify(arguments: &VisibleArgs) -> Option<DocMdpPermission> {
    arguments.certify.map(|permission| match permission {
        1 => DocMdpPermission::NoChanges,
        2 => DocMdpPermission::FormFilling,
        _ => DocMdpPermission::Annotations,
    })
}

/// What the signature locks.
pub(crate) fn lock(arguments: &VisibleArgs, lang: Lang) -> Result<Option<FieldLock>, Problem> {
    let Some(text) = arguments.lock.as_deref() else { return Ok(None) };
    let names = |list: &str| list.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>();
    let fields = match text.split_once(':') {
        None if text == "all" => LockedFields::All,
        Some(("only", list)) if !list.is_empty() => LockedFields::Include(names(list)),
        Some(("but", list)) if !list.is_empty() => LockedFields::Exclude(names(list)),
        _ => return Err(explain::lock(text, lang)),
    };
    Ok(Some(FieldLock { fields, permission: None }))
}

fn picture(arguments: &VisibleArgs, lang: Lang) -> Result<Option<Arc<Picture>>, Problem> {
    let Some(path) = &arguments.picture else { return Ok(None) };
    let limits = PictureLimits::standard();
    let file = kyso::input::read_at_most(path, limits.bytes as u64)
        .map_err(|error| explain::picture_unreadable(path, &error, lang))?;
    let picture = Picture::read(&file, &limits)
        .map_err(|error| explain::picture(Some(path), &error, lang))?;
    Ok(Some(Arc::new(picture)))
}

/// A day at noon in Vietnam, so that no zone moves it.
fn date(text: &str, lang: Lang) -> Result<Moment, Problem> {
    let wrong = || explain::date(text, lang);
    let date: jiff::civil::Date = text.parse().map_err(|_| wrong())?;
    let noon = date.at(12, 0, 0, 0).in_tz("UTC").map_err(|_| wrong())?;
    let time = Time::from_unix_seconds(noon.timestamp().as_second());
    Moment::new(time, 0).ok_or_else(wrong)
}

fn place(arguments: &VisibleArgs, lang: Lang) -> Result<Place, Problem> {
    let page = arguments.page.map_or(0, |page| page as usize - 1);
    if let Some(text) = &arguments.rect {
        let wrong = || explain::place(text, lang);
        let [left, top, width, height] = numbers::<4>(text).ok_or_else(wrong)?;
        if width <= 0.0 || height <= 0.0 {
            return Err(wrong());
        }
        return Ok(Place::Rectangle { page, left, top, width, height });
    }
    if let Some(text) = &arguments.at {
        let corner = match text.as_str() {
            "top-left" => Some(Corner::TopLeft),
            "top-right" => Some(Corner::TopRight),
            "bottom-left" => Some(Corner::BottomLeft),
            "bottom-right" => Some(Corner::BottomRight),
            _ => None,
        };
        if let Some(corner) = corner {
            return Ok(Place::Corner { page, corner });
        }
        let [left, top] = numbers::<2>(text).ok_or_else(|| explain::place(text, lang))?;
        return Ok(Place::At { page, left, top });
    }
    if arguments.signer_title.is_some() || arguments.signer_name.is_some() {
        let (title, name) = (arguments.signer_title.clone(), arguments.signer_name.clone());
        return Ok(Place::Text { title, name });
    }
    Ok(match arguments.page {
        Some(_) => Place::ProfileOnPage { page },
        None => Place::Profile,
    })
}

/// Millimetres separated by commas, as points.
fn numbers<const COUNT: usize>(text: &str) -> Option<[f64; COUNT]> {
    let mut numbers = [0.0; COUNT];
    let mut parts = text.split(',');
    for number in &mut numbers {
        let value: f64 = parts.next()?.trim().parse().ok()?;
        if !value.is_finite() || value.abs() > 10_000.0 {
            return None;
        }
        *number = value * POINTS;
    }
    parts.next().is_none().then_some(numbers)
}
