//! A page by `hayro`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hayro::hayro_interpret::util::TransformExt as _;
use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings, render_into};

use crate::picture::Picture;
use crate::scale::{Scale, scale};
use crate::wire::{Answer, Refusal, Request};

/// Draws the page and encodes it.
pub(super) fn draw(request: &Request, document: Vec<u8>) -> Result<(Answer, Vec<u8>), Refusal> {
    // Passwords before PDF 2.0 are bytes; those that are no UTF-8 the renderer cannot be given.
    let password = str::from_utf8(&request.password).map_err(|_| Refusal::Password)?;
    let pdf = Pdf::new_with_password(document, password).map_err(|error| match error {
        LoadPdfError::Invalid => Refusal::NotAPdf,
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => Refusal::Password,
        LoadPdfError::Decryption(_) => Refusal::Encryption,
    })?;
    let all = pdf.pages();
    let pages = all.len() as u64;
    if pages == 0 {
        // ISO 32000-2 §7.7.3 knows no document without pages; what is there was not understood.
        return Err(Refusal::NotAPdf);
    }
    let index = usize::try_from(request.page).map_err(|_| Refusal::NoSuchPage { pages })?;
    let page = all.get(index).ok_or(Refusal::NoSuchPage { pages })?;

    let unit = user_unit(page);
    let (width, height) = page.render_dimensions();
    let points = (f64::from(width) * unit, f64::from(height) * unit);
    let size = scale(points, request.dpi, request.pixels, request.side).ok_or(Refusal::TooLarge)?;

    let warnings = Arc::new(Warnings::default());
    let pixels = rasterize(page, size, &warnings).ok_or(Refusal::TooLarge)?;
    let picture = Picture::new(size.width, size.height, pixels).map_err(|_| Refusal::Encoding)?;
    let png = picture.to_png(size.dpi).map_err(|_| Refusal::Encoding)?;
    let answer = Answer::Drawn {
        pages,
        dpi: size.dpi,
        font: warnings.font.load(Ordering::Relaxed),
        image: warnings.image.load(Ordering::Relaxed),
        annotation: warnings.annotation.load(Ordering::Relaxed),
    };
    Ok((answer, png))
}

/// Points to a unit of the page (ISO 32000-2 table 31), which the renderer leaves to its caller.
fn user_unit(page: &Page<'_>) -> f64 {
    let unit = page.raw().get::<f64>(b"UserUnit");
    unit.filter(|unit| unit.is_finite() && *unit > 0.0).unwrap_or(1.0)
}

/// What the renderer could not draw.
#[derive(Default)]
struct Warnings {
    font: AtomicBool,
    image: AtomicBool,
    annotation: AtomicBool,
}

/// Red, green and blue on white; `None` where the renderer cannot count so far.
fn rasterize(page: &Page<'_>, size: Scale, warnings: &Arc<Warnings>) -> Option<Vec<u8>> {
    let width = u16::try_from(size.width).ok()?;
    let height = u16::try_from(size.height).ok()?;
    let seen = Arc::clone(warnings);
    let settings = InterpreterSettings {
        warning_sink: Arc::new(move |warning| match warning {
            InterpreterWarning::UnsupportedFont => seen.font.store(true, Ordering::Relaxed),
            InterpreterWarning::ImageDecodeFailure => seen.image.store(true, Ordering::Relaxed),
            // Also what later versions of the renderer may warn of.
            _ => seen.annotation.store(true, Ordering::Relaxed),
        }),
        ..InterpreterSettings::default()
    };
    let (page_width, page_height) = page.render_dimensions();
    // The edges of the page are the edges of the picture, also where a side was rounded.
    let stretch = Affine::scale_non_uniform(
        f64::from(width) / f64::from(page_width),
        f64::from(height) / f64::from(page_height),
    );
    let mut context = RenderContext::new(width, height);
    render_into(
        page,
        &RenderCache::new(),
        &settings,
        &RenderSettings::default(),
        &mut context,
        stretch * page.initial_transform(true).to_kurbo(),
    );
    context.flush();
    let mut pixmap = Pixmap::new(width, height);
    context.render_with(
        &mut pixmap,
        &mut Resources::default(),
        RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..Default::default() },
    );
    let (all, _) = pixmap.data_as_u8_slice().as_chunks::<4>();
    let mut pixels = Vec::with_capacity(all.len() * 3);
    for [red, green, blue, _opaque] in all {
        pixels.extend_from_slice(&[*red, *green, *blue]);
    }
    Some(pixels)
}
