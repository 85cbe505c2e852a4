//! One-page PDFs signed by an RSA-2048 key on SoftHSM: invisible against pyHanko, visible against invisible.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use kyso::sign::{PadesOptions, SignatureFormat, Task, sign_batch};
use kyso::visible::{Details, Place, Visible};
use kyso_appearance::{Picture, PictureLimits, Profile, Template};
use kyso_testkit::{pdf, softhsm};

use super::peers::{self, Each};
use crate::table::{Goal, Table};
use crate::{desk, quiet};

/// Documents of a round.
const DOCUMENTS: usize = 1_000;

/// Documents of a round of pyHanko, in memory, after a first one.
const PYHANKO: usize = 150;

/// How many times as many as pyHanko.
const LEAST_OF_PYHANKO: f64 = 15.0;

/// Least rate of visible signatures as a share of that of invisible ones.
const LEAST_VISIBLE: f64 = 0.5;

/// What a signature shows in a round.
const VISIBLE: [(&str, &str); 2] = [("text", "free, text"), ("leader", "leader, a PNG with alpha")];

pub(super) fn measure(
    table: &mut Table,
    folder: &Path,
    environment: &softhsm::Environment,
) -> Result<()> {
    for index in 0..DOCUMENTS {
        let title = format!("Công văn số {index}");
        std::fs::write(folder.join(format!("{index}.pdf")), pdf::one_page(&title))?;
    }
    let title = "one page, invisible, RSA-2048 / pyHanko in process";
    if peers::python().is_some() {
        table.measure(title, Goal::AtLeast(LEAST_OF_PYHANKO), || {
            let theirs = peers::sign(folder, environment, PYHANKO)?;
            let ours = ask(folder, environment, "invisible")?;
            Ok((theirs.wall / ours.wall, format!("{ours}, theirs {theirs}")))
        })?;
    } else {
        eprintln!("{title}: skipped, pyHanko is missing; run cargo xtask setup");
    }
    table.measure("one page, invisible / bare C_Sign", Goal::Unset, || {
        let bare = desk::bare(folder, environment, "rsa", 1, DOCUMENTS)? / DOCUMENTS as f64;
        let ours = ask(folder, environment, "invisible")?;
        Ok((bare / ours.wall, format!("{ours} of {:.0}/s", 1.0 / bare)))
    })?;
    for (kind, what) in VISIBLE {
        let title = format!("one page, visible ({what}) / invisible");
        table.measure(title, Goal::AtLeast(LEAST_VISIBLE), || {
            let invisible = ask(folder, environment, "invisible")?;
            let visible = ask(folder, environment, kind)?;
            Ok((invisible.wall / visible.wall, format!("{visible} of {invisible}")))
        })?;
    }
    Ok(())
}

fn ask(folder: &Path, environment: &softhsm::Environment, kind: &str) -> Result<Each> {
    let module = environment.module().to_str().context("a UTF-8 path")?;
    let at = folder.to_str().context("a UTF-8 path")?;
    Each::read(&desk::child(environment, &["pades", "page", at, module, kind])?)
}

/// Signs and prints seconds for each, by the clock and of CPU time: from file to file, recorded and flushed, by one session of the token.
pub(super) fn child(arguments: &[&str]) -> Result<()> {
    let [folder, module, kind] = arguments else { bail!("three arguments were expected") };
    let folder = Path::new(folder);
    let round = folder.join(format!("round-{}", std::process::id()));
    let out = desk::fresh(round.join("out"))?;
    let journal = desk::journal(&desk::fresh(round.join("journal"))?)?;
    let signer = desk::signer(folder, module, "rsa")?;
    let visible = shown(kind)?.map(Box::new);
    let task = |index| Task {
        source: folder.join(format!("{index}.pdf")),
        name: None,
        target: out.join(format!("{index}.pdf")),
        format: SignatureFormat::Pades(PadesOptions {
            visible: visible.clone(),
            ..PadesOptions::PLAIN
        }),
        operation: None,
    };
    let mut tasks: Vec<Task> = (0..DOCUMENTS).map(task).collect();
    let options = desk::options(1);
    let sign = |tasks: Vec<Task>| -> Result<()> {
        for result in sign_batch(tasks, &signer, &journal, &options, &|_, _| {}) {
            result?;
        }
        Ok(())
    };
    // The first signature loads the key and the pages of the program.
    sign(tasks.split_off(DOCUMENTS - 1))?;
    let (started, cpu) = (Instant::now(), quiet::cpu_seconds()?);
    sign(tasks)?;
    let (wall, cpu) = (started.elapsed().as_secs_f64(), quiet::cpu_seconds()? - cpu);
    let count = (DOCUMENTS - 1) as f64;
    println!("{} {}", wall / count, cpu / count);
    std::fs::remove_dir_all(round)?;
    Ok(())
}

/// What a kind shows; nothing for the invisible one.
fn shown(kind: &str) -> Result<Option<Visible>> {
    let place = Place::Rectangle { page: 0, left: 300.0, top: 500.0, width: 200.0, height: 80.0 };
    let details = Details::default();
    Ok(match kind {
        "invisible" => None,
        "text" => {
            let text = "Ký bởi: {signer}\nCơ quan: {organization}\nThời gian ký: {time}";
            let template = Some(Template::parse(text).context("a template")?);
            Some(Visible {
                profile: Profile::Free,
                picture: None,
                template,
                details,
                place,
                qr: None,
            })
        }
        "leader" => {
            let base = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test-vectors");
            let file = std::fs::read(base.join("appearance/leader.png"))?;
            let picture = Picture::read(&file, &PictureLimits::standard()).context("a picture")?;
            if !picture.is_translucent() {
                bail!("the picture has no alpha");
            }
            let picture = Some(Arc::new(picture));
            let profile = Profile::Leader;
            Some(Visible { profile, picture, template: None, details, place, qr: None })
        }
        other => bail!("nothing is known to show as {other}"),
    })
}
