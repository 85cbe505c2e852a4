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
            assert!(story.lines().count() <= 24, "{name}: more than a screen:\n{story}");
            for word in ["TOTAL-PASSED", "HASH_FAILURE", "cong-van-signed.pdf"] {
                assert!(story.contains(word), "{name}: no {word} in\n{story}");
            }
            for file in
                ["cong-van-signed.pdf", "so-lieu.csv.p7s", "transcript.txt", "journal-export.jsonl"]
            {
                assert!(demo.join(file).is_file(), "{name}: {file}");
            }
            assert!(story.contains("intact") || story.contains("nguyên vẹn"), "{name}:\n{story}");
        }
    }
}
