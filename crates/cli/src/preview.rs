//! `kyso preview`: a page as a picture, and where a signature will stand.

mod label;

use std::io::{self, Cursor, Read as _, Seek as _, Write as _};
use std::path::Path;

use kyso::input::open_regular;
use kyso::output::{PendingFile, flush, flush_names};
use kyso::password::DocumentPassword;
use kyso::sign::{PadesOptions, SignError, rehearse};
use kyso::visible::Act;
use kyso_appearance::{Moment, Profile};
use kyso_daemon::explain::{pdf as pdf_problem, preview as explain, sign as sign_problem};
use kyso_daemon::text::{Lang, Problem, unwritable};
use kyso_pades::{Document, FieldPlace, Limits as DocumentLimits, Password, SeedFacts};
use kyso_preview::{
    By, Caps, Limits, Order, Preview, PreviewError, Renderer, draw_label, draw_placement, worker,
};
use kyso_x509::{Certificate, DigestAlgorithm, Time};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::args::PreviewArgs;
use crate::desk::Desk;
use crate::out::{self, say, tell};
use crate::{appearance, password, visible};
use label::Label;

/// Draws and gives the exit code.
pub(crate) fn run(desk: &Desk, arguments: &PreviewArgs) -> Result<u8, Problem> {
    let lang = desk.lang();
    let to_stdout = arguments.output == Path::new("-");
    if !to_stdout && !arguments.force && arguments.output.symlink_metadata().is_ok() {
        return Err(unwritable(&arguments.output, &io::ErrorKind::AlreadyExists.into(), lang));
    }
    let options = &arguments.visible;
    if arguments.placement
        && arguments.field.is_none()
        && options.visible.is_none()
        && options.rect.is_none()
    {
        return Err(Problem::new(
            "no-place",
            lang.pick("chưa rõ đặt chữ ký ở đâu", "it is not said where the signature stands"),
            lang.pick(
                "`--placement` cần `--rect`, `--field` hoặc `--visible`",
                "`--placement` needs `--rect`, `--field` or `--visible`",
            ),
            lang.pick(
                "thêm `--rect TRÁI,TRÊN,RỘNG,CAO` (mm), `--field TÊN` hoặc `--visible KIỂU`",
                "add `--rect LEFT,TOP,WIDTH,HEIGHT` (mm), `--field NAME` or `--visible PROFILE`",
            ),
        ));
    }
    let password = password::given(desk, &arguments.password, [arguments.file.as_path()])?;
    let limits = Limits::standard();
    let document = Shown::open(&arguments.file, &limits, lang)?;
    let scene = scene(desk, arguments, document, password.as_ref())?;

    let order = Order {
        page: scene.page,
        dpi: f64::from(arguments.dpi),
        password: password.as_ref().map(|one| Zeroizing::new(one.expose().to_vec())),
    };
    let renderer = Renderer {
        program: std::env::current_exe().map_err(|error| {
            let program = "kyso".into();
            explain::explain(&PreviewError::NotStarted { program, error }, lang)
        })?,
        arguments: vec![worker::COMMAND.into()],
        fallback: desk.config().preview.fallback.clone(),
        limits,
    };
    let mut preview = renderer
        .draw(&mut Cursor::new(&scene.document.bytes), &order)
        .map_err(|error| explain::explain(&error, lang))?;
    if let Some(FieldPlace { rect: Some(rect), page }) = scene.place
        && (arguments.placement || arguments.visible.visible.is_none())
    {
        let geometry = scene
            .document
            .read(password.as_ref(), |document| document.page_geometry(page))
            .map_err(|error| pdf_problem::explain(&error, lang))?;
        let label = scene.label.draw(&renderer, preview.dpi, lang)?;
        draw_placement(&mut preview.picture, &geometry, rect)
            .and_then(|()| draw_label(&mut preview.picture, &geometry, rect, &label))
            .map_err(|error| explain::disagreement(&error, lang))?;
    }

    let png = preview
        .picture
        .to_png(preview.dpi)
        .map_err(|error| explain::explain(&PreviewError::Picture(error), lang))?;
    if to_stdout {
        let written = io::stdout().lock().write_all(&png);
        written.map_err(|error| unwritable(&arguments.output, &error, lang))?;
    } else {
        write(&arguments.output, &png, arguments.force)
            .map_err(|error| unwritable(&arguments.output, &error, lang))?;
    }
    warn(&preview, arguments, lang);
    if arguments.json && !to_stdout {
        out::json(&report(&preview, &scene, arguments));
    } else if !to_stdout {
        say_made(&preview, &scene, arguments, lang);
    }
    Ok(0)
}

/// What is drawn.
struct Scene {
    document: Shown,
    page: usize,
    place: Option<FieldPlace>,
    /// What is written beside the place.
    label: Label,
}

/// The bytes that are shown: the document's, or those that it would have once signed.
struct Shown {
    bytes: Vec<u8>,
}

impl Shown {
    fn open(path: &Path, limits: &Limits, lang: Lang) -> Result<Self, Problem> {
        let unreadable = |error| {
            let mut problem = explain::explain(&PreviewError::Unreadable(error), lang);
            problem.why = format!("{}: {}", path.display(), problem.why);
            problem
        };
        let mut file = open_regular(path).map_err(|error| unreadable(error.into()))?;
        let len = file.seek(io::SeekFrom::End(0)).map_err(unreadable)?;
        if len > limits.document {
            let error = PreviewError::TooLong { most: limits.document };
            return Err(explain::explain(&error, lang));
        }
        file.rewind().map_err(unreadable)?;
        let mut bytes = Vec::new();
        file.take(limits.document).read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(Self { bytes })
    }

    fn read<T>(
        &self,
        password: Option<&DocumentPassword>,
        ask: impl FnOnce(&mut Document<Cursor<&[u8]>>) -> Result<T, kyso_pades::Error>,
    ) -> Result<T, kyso_pades::Error> {
        let reader = Cursor::new(self.bytes.as_slice());
        let limits = DocumentLimits::standard();
        let mut document = match password {
            Some(password) => {
                Document::open_encrypted(reader, limits, &Password::new(password.expose()))?
            }
            None => Document::open(reader, limits)?,
        };
        ask(&mut document)
    }
}

/// The page that is asked for or on which the signature stands, and its place.
fn scene(
    desk: &Desk,
    arguments: &PreviewArgs,
    document: Shown,
    password: Option<&DocumentPassword>,
) -> Result<Scene, Problem> {
    let lang = desk.lang();
    let pades = |error| pdf_problem::explain(&error, lang);
    if arguments.visible.visible.is_some() {
        return signed(desk, arguments, document, password);
    }
    let asked = arguments.visible.page.map_or(0, |page| page as usize - 1);
    let place = if let Some(name) = &arguments.field {
        Some(document.read(password, |document| document.field_place(name)).map_err(pades)?)
    } else if arguments.visible.rect.is_some() {
        let geometry = document.read(password, |document| document.page_geometry(asked));
        let visible = geometry.map_err(pades)?.visible();
        let rect = visible::rectangle(&arguments.visible, &visible, lang)?;
        Some(FieldPlace { page: asked, rect })
    } else {
        None
    };
    let page = place.as_ref().map_or(asked, |place| place.page);
    let label = Label::of_place(arguments.field.as_deref(), lang);
    Ok(Scene { document, page, place, label })
}

/// The document as it would be signed, with the signature's looks and no signature.
fn signed(
    desk: &Desk,
    arguments: &PreviewArgs,
    mut document: Shown,
    password: Option<&DocumentPassword>,
) -> Result<Scene, Problem> {
    let lang = desk.lang();
    let given = &arguments.visible;
    // What is wrong with the options themselves is said before anybody looks for a token.
    visible::visible(given, lang)?;
    let chosen = desk.credential(arguments.credential.as_deref())?;
    let parsed = |der: &[u8]| {
        Certificate::from_der(der)
            .map_err(|error| sign_problem::explain(&SignError::CertificateSyntax(error), lang))
    };
    let certificate = parsed(&chosen.credential.certificate)?;
    // As `kyso sign` does, so that what is shown is what will be signed.
    let merged = appearance::with_kept(given, &certificate, lang)?;
    let looks = visible::visible(merged.as_ref().unwrap_or(given), lang)?;
    let profile = looks.as_ref().map_or(Profile::Free, |looks| looks.profile);
    let label = Label::of_signature(certificate.subject().common_name(), profile, lang);
    let options = PadesOptions {
        field: arguments.field.clone(),
        reason: arguments.reason.clone(),
        location: arguments.location.clone(),
        password: password.cloned(),
        visible: looks.map(Box::new),
        ..PadesOptions::PLAIN
    };
    let issuers: Vec<Certificate> =
        chosen.credential.other_certificates.iter().filter_map(|der| parsed(der).ok()).collect();
    let now = jiff::Zoned::now();
    let minutes = i16::try_from(now.offset().seconds() / 60).unwrap_or(0);
    let act = Act {
        certificate: &certificate,
        time: Moment::new(Time::from_unix_seconds(now.timestamp().as_second()), minutes),
        reason: arguments.reason.as_deref(),
        location: arguments.location.as_deref(),
    };
    let facts = SeedFacts {
        certificate: &certificate,
        issuers: &issuers,
        digest: DigestAlgorithm::Sha256,
        time_stamped: false,
        revocation_embedded: false,
    };
    let rehearsal = rehearse(Cursor::new(document.bytes.as_slice()), &options, &act, facts)
        .map_err(|error| sign_problem::explain(&error, lang))?;
    document.bytes.extend_from_slice(&rehearsal.appended);
    let page = rehearsal.place.as_ref().map_or(0, |place| place.page);
    Ok(Scene { document, page, place: rehearsal.place, label })
}

fn write(target: &Path, png: &[u8], overwrite: bool) -> io::Result<()> {
    let mut pending = PendingFile::create(target, overwrite)?;
    pending.file().write_all(png)?;
    flush([&pending])?;
    pending.publish()?;
    flush_names([target])
}

/// What a person should know of the picture.
fn warn(preview: &Preview, arguments: &PreviewArgs, lang: Lang) {
    let warning = lang.pick("cảnh báo", "warning");
    for part in explain::missing(preview.incomplete, lang) {
        tell!("{warning}: {} {part}", lang.pick("hình thiếu", "missing from the picture:"));
    }
    if preview.dpi < f64::from(arguments.dpi) {
        tell!(
            "{warning}: {}",
            lang.pick(
                format!("trang lớn: vẽ ở {:.0} dpi", preview.dpi),
                format!("a large page: drawn at {:.0} dpi", preview.dpi),
            )
        );
    }
    match Caps::here() {
        Caps::All => {}
        Caps::NotMemory => tell!(
            "{warning}: {}",
            lang.pick(
                "hệ điều hành này không giới hạn được bộ nhớ của bộ vẽ trang",
                "this system does not limit the renderer's memory",
            )
        ),
        Caps::ClockOnly => tell!(
            "{warning}: {}",
            lang.pick(
                "trên hệ điều hành này bộ vẽ trang chỉ bị giới hạn thời gian",
                "on this system nothing but the clock limits the renderer",
            )
        ),
    }
}

fn report(preview: &Preview, scene: &Scene, arguments: &PreviewArgs) -> Value {
    let incomplete = preview.incomplete;
    let place = scene.place.as_ref().and_then(|place| {
        let rect = place.rect?;
        Some(json!({
            "page": place.page + 1,
            "left": rect.left, "bottom": rect.bottom, "right": rect.right, "top": rect.top,
        }))
    });
    json!({
        "file": arguments.file.to_string_lossy(),
        "output": arguments.output.to_string_lossy(),
        "page": scene.page + 1,
        "pages": preview.pages,
        "width": preview.picture.width(),
        "height": preview.picture.height(),
        "dpi": preview.dpi,
        "renderer": renderer(&preview.by),
        "missing": {
            "font": incomplete.font, "image": incomplete.image, "annotation": incomplete.annotation,
        },
        "limits": match Caps::here() {
            Caps::All => "all",
            Caps::NotMemory => "not-memory",
            Caps::ClockOnly => "clock-only",
        },
        "placement": place,
    })
}

fn renderer(by: &By) -> String {
    match by {
        By::Hayro => "hayro".into(),
        By::Fallback { program, .. } => program.to_string_lossy().into_owned(),
    }
}

fn say_made(preview: &Preview, scene: &Scene, arguments: &PreviewArgs, lang: Lang) {
    let by = match &preview.by {
        By::Hayro => String::new(),
        By::Fallback { program, reason } => {
            format!(", {} ({})", out::path(program), explain::why(*reason, lang))
        }
    };
    let (page, pages) = (scene.page + 1, preview.pages);
    say!(
        "{} → {} ({}, {} × {}{by})",
        out::path(&arguments.file),
        out::path(&arguments.output),
        lang.pick(format!("trang {page}/{pages}"), format!("page {page} of {pages}")),
        preview.picture.width(),
        preview.picture.height(),
    );
}
