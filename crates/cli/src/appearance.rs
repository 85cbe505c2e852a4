//! `kyso appearance`: what visible signatures of a certificate usually show; and how `sign` and `preview` use it.

use std::path::PathBuf;

use kyso::sign::{SignatureFormat, Task};
use kyso::visible::store::{Kept, KeptPlace, Store};
use kyso_appearance::{Picture, PictureLimits, Profile};
use kyso_daemon::config::default_appearances;
use kyso_daemon::explain::visible as explain;
use kyso_daemon::files;
use kyso_daemon::text::{Lang, Problem};
use kyso_token::Credential;
use kyso_x509::Certificate;
use serde_json::{Value, json};

use crate::args::{AppearanceCommand, AppearanceSetArgs, SignArgs, VisibleArgs, Whose};
use crate::desk::Desk;
use crate::out::{self, say, tell};
use crate::visible;

/// Runs the command and gives the exit code.
pub(crate) fn run(desk: &Desk, command: AppearanceCommand) -> Result<u8, Problem> {
    let lang = desk.lang();
    match command {
        AppearanceCommand::Set(arguments) => set(desk, arguments),
        AppearanceCommand::List { whose, json } => {
            let store = store_of(desk, &whose)?;
            let mut rows = Vec::new();
            for profile in Profile::ALL {
                if let Some(kept) = get(&store, profile, lang)? {
                    rows.push((profile, kept));
                }
            }
            if json.json {
                let rows = rows.iter().map(|(profile, kept)| row(&store, *profile, kept));
                out::json(&json!({ "appearances": rows.collect::<Vec<_>>() }));
            } else if rows.is_empty() {
                tell!("{}", lang.pick("Chưa lưu mẫu chữ ký nào.", "Nothing is kept."));
            } else {
                rows.iter().for_each(|(profile, kept)| print(&store, *profile, kept, lang));
            }
            Ok(0)
        }
        AppearanceCommand::Show { profile, whose, json } => {
            let profile = named(&profile, lang)?;
            let store = store_of(desk, &whose)?;
            let kept = get(&store, profile, lang)?
                .ok_or_else(|| explain::nothing_kept(profile.name(), lang))?;
            tell_of(&store, profile, &kept, json.json, lang);
            Ok(0)
        }
        AppearanceCommand::Remove { profile, whose, json } => {
            let profile = named(&profile, lang)?;
            let store = store_of(desk, &whose)?;
            if !store.remove(profile).map_err(|error| explain::store(&error, lang))? {
                return Err(explain::nothing_kept(profile.name(), lang));
            }
            if json.json {
                out::json(&json!({ "removed": profile.name() }));
            } else {
                say!("{}: {}", profile.name(), lang.pick("đã xóa", "removed"));
            }
            Ok(0)
        }
    }
}

fn set(desk: &Desk, arguments: AppearanceSetArgs) -> Result<u8, Problem> {
    let lang = desk.lang();
    let profile = named(&arguments.profile, lang)?;
    let AppearanceSetArgs {
        whose,
        picture,
        text,
        page,
        at,
        rect,
        signer_title,
        signer_name,
        json,
        ..
    } = arguments;
    // What a signature would refuse is not kept.
    let tried = VisibleArgs {
        visible: Some(profile.name().to_owned()),
        picture: picture.clone(),
        text: text.clone(),
        page,
        at: at.clone(),
        rect: rect.clone(),
        ..VisibleArgs::default()
    };
    visible::visible(&tried, lang)?;
    let bytes = match &picture {
        Some(path) => {
            let bytes = kyso::input::read_at_most(path, Store::most_picture_bytes())
                .map_err(|error| explain::picture_unreadable(path, &error, lang))?;
            Picture::read(&bytes, &PictureLimits::standard())
                .map_err(|error| explain::picture(Some(path), &error, lang))?;
            Some(bytes)
        }
        None => None,
    };
    let store = store_of(desk, &whose)?;
    let former = get(&store, profile, lang)?.unwrap_or_default();
    let placed = page.is_some() || at.is_some() || rect.is_some();
    let kept = Kept {
        picture: former.picture,
        text: text.or(former.text),
        signer_title: signer_title.or(former.signer_title),
        signer_name: signer_name.or(former.signer_name),
        place: if placed { Some(KeptPlace { page, at, rect }) } else { former.place },
    };
    let kept =
        store.put(profile, kept, bytes.as_deref()).map_err(|error| explain::store(&error, lang))?;
    tell_of(&store, profile, &kept, json.json, lang);
    Ok(0)
}

/// Gives each PDF what is kept for the signer's certificate, wherever the options are silent.
pub(crate) fn fill(
    desk: &Desk,
    arguments: &SignArgs,
    credential: &Credential,
    tasks: &mut [Task],
) -> Result<(), Problem> {
    let lang = desk.lang();
    // Opening the signer says what is wrong with one that cannot be read.
    let Ok(certificate) = Certificate::from_der(&credential.certificate) else { return Ok(()) };
    let Some(merged) = with_kept(&arguments.visible, &certificate, lang)? else { return Ok(()) };
    let looks = visible::visible(&merged, lang)?.map(Box::new);
    for task in tasks {
        if let SignatureFormat::Pades(options) = &mut task.format {
            options.visible.clone_from(&looks);
        }
    }
    Ok(())
}

/// The options with what is kept for a certificate and their profile, wherever they are silent; `None` where nothing is.
pub(crate) fn with_kept(
    given: &VisibleArgs,
    certificate: &Certificate,
    lang: Lang,
) -> Result<Option<VisibleArgs>, Problem> {
    let Some((profile, store)) = of_signature(given, certificate) else { return Ok(None) };
    let Some(kept) = get(&store, profile, lang)? else { return Ok(None) };
    let mut merged = given.clone();
    merged.picture = merged.picture.or_else(|| store.picture(&kept));
    merged.text = merged.text.or(kept.text);
    // One place: a kept rectangle does not mix with a given title. A field that is there already has its own.
    let silent = given.page.is_none()
        && given.at.is_none()
        && given.rect.is_none()
        && given.signer_title.is_none()
        && given.signer_name.is_none();
    if silent && (kept.signer_title.is_some() || kept.signer_name.is_some()) {
        (merged.signer_title, merged.signer_name) = (kept.signer_title, kept.signer_name);
    } else if silent && let Some(KeptPlace { page, at, rect }) = kept.place {
        (merged.page, merged.at, merged.rect) = (page, at, rect);
    }
    Ok(Some(merged))
}

/// Keeps the place that was given by hand for the next signature, where something is kept for the profile.
pub(crate) fn remember(desk: &Desk, arguments: &SignArgs, certificate: &Certificate) {
    let lang = desk.lang();
    let given = &arguments.visible;
    if given.at.is_none() && given.rect.is_none() {
        return;
    }
    let Some((profile, store)) = of_signature(given, certificate) else { return };
    let Ok(Some(kept)) = store.get(profile) else { return };
    let VisibleArgs { page, at, rect, .. } = given.clone();
    let place = Some(KeptPlace { page, at, rect });
    if kept.place == place {
        return;
    }
    // The document is signed; that its place is not kept is worth a word, not a failure.
    if let Err(error) = store.put(profile, Kept { place, ..kept }, None) {
        tell!("{}", explain::store(&error, lang).shown(lang));
    }
}

fn of_signature(given: &VisibleArgs, certificate: &Certificate) -> Option<(Profile, Store)> {
    let profile = Profile::from_name(given.visible.as_deref()?)?;
    Some((profile, store_for(&default_appearances()?, certificate)))
}

fn store_for(root: &std::path::Path, certificate: &Certificate) -> Store {
    Store::of_certificate(root, certificate.sha256_fingerprint().as_bytes())
}

fn store_of(desk: &Desk, whose: &Whose) -> Result<Store, Problem> {
    let lang = desk.lang();
    let root = default_appearances().ok_or_else(|| explain::store_nowhere(lang))?;
    let certificate = match &whose.certificate {
        Some(path) => {
            let paths: [PathBuf; 1] = [path.clone()];
            files::certificates(&paths, lang)?
                .into_iter()
                .next()
                .ok_or_else(|| explain::no_certificate(path, lang))?
        }
        None => {
            let chosen = desk.credential(whose.credential.as_deref())?;
            Certificate::from_der(&chosen.credential.certificate).map_err(|error| {
                let error = kyso::sign::SignError::CertificateSyntax(error);
                kyso_daemon::explain::sign::explain(&error, lang)
            })?
        }
    };
    Ok(store_for(&root, &certificate))
}

fn named(name: &str, lang: Lang) -> Result<Profile, Problem> {
    Profile::from_name(name).ok_or_else(|| explain::unknown_profile(name, lang))
}

fn get(store: &Store, profile: Profile, lang: Lang) -> Result<Option<Kept>, Problem> {
    store.get(profile).map_err(|error| explain::store(&error, lang))
}

fn tell_of(store: &Store, profile: Profile, kept: &Kept, as_json: bool, lang: Lang) {
    if as_json {
        out::json(&row(store, profile, kept));
    } else {
        print(store, profile, kept, lang);
    }
}

fn row(store: &Store, profile: Profile, kept: &Kept) -> Value {
    let place = kept.place.as_ref();
    json!({
        "profile": profile.name(),
        "picture": store.picture(kept).map(|path| path.to_string_lossy().into_owned()),
        "text": kept.text,
        "signer_title": kept.signer_title,
        "signer_name": kept.signer_name,
        "page": place.and_then(|place| place.page),
        "at": place.and_then(|place| place.at.as_deref()),
        "rect": place.and_then(|place| place.rect.as_deref()),
    })
}

fn print(store: &Store, profile: Profile, kept: &Kept, lang: Lang) {
    say!("{}", profile.name());
    let place = kept.place.clone().unwrap_or_default();
    let picture = store.picture(kept).map(|path| out::path(&path));
    let page = place.page.map(|page| page.to_string());
    let rows = [
        (lang.pick("ảnh", "picture"), picture),
        (lang.pick("văn bản", "text"), kept.text.clone()),
        (lang.pick("chức danh trên trang", "title on the page"), kept.signer_title.clone()),
        (lang.pick("họ tên trên trang", "name on the page"), kept.signer_name.clone()),
        (lang.pick("trang", "page"), page),
        (lang.pick("góc hoặc điểm", "corner or point"), place.at),
        (lang.pick("vùng", "room"), place.rect),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            say!("  {name}: {}", out::shown(&value));
        }
    }
}
