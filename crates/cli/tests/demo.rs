//! `kyso demo`, with SoftHSM and without.

mod house;

use house::text;

#[test]
fn the_demo_tells_the_whole_story_on_one_screen() {
    for (more, name) in [(&[][..], "SoftHSM"), (&["--key-file"], "key file")] {
        for lang in ["vi", "en"] {
            let folder = tempfile::tempdir().expect("a folder");
            let demo = folder.path().join("demo 100%&");
            let output = std::process::Command::new(env!("CARGO_BIN_EXE_kyso"))
                .args(["--lang", lang, "demo", "--folder"])
                .arg(&demo)
                .args(more)
                .output()
                .expect("kyso runs");
            let story = text(&output.stdout);
            assert!(output.status.success(), "{name}: {story}{}", text(&output.stderr));
            assert!(story.lines().count() <= 26, "{name}: more than a screen:\n{story}");
            for word in
                ["TOTAL-PASSED", "CAdES-B-LTA", "HASH_FAILURE", "cong-van-signed.pdf", "XÃ ĐĂK HÀ"]
            {
                assert!(story.contains(word), "{name}: no {word} in\n{story}");
            }
            for file in [
                "cong-van-signed.pdf.tlog-proof",
                "so-lieu.csv.p7s",
                "bao-cao.pdf",
                "evidence",
                "signed/giay-moi-12.pdf",
                "signed/giay-moi-01.pdf.tlog-proof",
                "yeu-cau-cap-lai.p7m.tlog-proof",
                "journal-export.jsonl",
                "questions.txt",
                "transcript.txt",
            ] {
                assert!(demo.join(file).exists(), "{name}: {file}");
            }
            let bare = picture(&demo.join("cong-van.pdf"));
            let signed = picture(&demo.join("cong-van-signed.pdf"));
            // Blue ink between the lines of title and name, 385 to 465 points below the edge, and nowhere else.
            let rows = changed_rows(&bare, &signed);
            assert!(
                rows.len() > 40 && rows.iter().all(|row| (380..=470).contains(row)),
                "{rows:?}"
            );
            let questions = std::fs::read_to_string(demo.join("questions.txt")).expect("questions");
            assert!(questions.contains("in real life, a person answers"), "{questions}");
            assert!(!questions.contains("1234567890"), "the PIN is in no file but its own");
            // A worker ends when it sees that its daemon is gone.
            let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
            while processes_in(&demo) > 0 {
                assert!(std::time::Instant::now() < end, "{name}: a process is left");
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            assert!(story.contains("intact") || story.contains("nguyên vẹn"), "{name}:\n{story}");
        }
    }
}

/// Processes that were started with this folder in their command line or work in it.
fn processes_in(folder: &std::path::Path) -> usize {
    let processes = std::fs::read_dir("/proc").expect("/proc").flatten();
    let of = |process: &std::fs::DirEntry| {
        std::fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
    };
    processes.filter(of).count()
}

/// The first page at a pixel a point.
fn picture(path: &std::path::Path) -> kyso_preview::Picture {
    let root = path.with_extension("page");
    let options = ["-png", "-singlefile", "-r", "72"].map(std::path::Path::new);
    let all = [options.as_slice(), &[path, &root]].concat();
    kyso_testkit::peer::run("pdftoppm", all).expect_success();
    let png = std::fs::read(path.with_extension("page.png")).expect("a picture");
    kyso_preview::Picture::from_png(&png, 1_000_000).expect("a picture")
}

/// The rows in which two pictures of a page differ.
fn changed_rows(one: &kyso_preview::Picture, other: &kyso_preview::Picture) -> Vec<u32> {
    let differs = |row: &u32| (0..one.width()).any(|x| one.pixel(x, *row) != other.pixel(x, *row));
    (0..one.height()).filter(differs).collect()
}
