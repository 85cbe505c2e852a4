//! The demo's steps.

use kyso_daemon::client::{self, Client};
use kyso_testkit::Subject;
use kyso_testkit::pki::hierarchy::with_addresses;
use kyso_testkit::pki::{Key, Template};
use kyso_token::Pkcs11Uri;
use serde_json::Value;

use super::daemon::{self, Daemon};
use super::{DAY, Story};
use crate::out::say;

/// A letter of a commune.
const DOCUMENT: &[u8] = include_bytes!("../../../../test-vectors/appearance/pages/cong-van.pdf");
/// A handwritten signature that is nobody's.
const SIGNATURE: &[u8] = include_bytes!("../../../../test-vectors/appearance/leader.png");

/// How many letters the batch signs.
const LETTERS: usize = 12;

/// The holder's subject: the commune of Hà Mòn (Kon Tum) became part of Đăk Hà (Quảng Ngãi) on 2025-07-01.
fn holder() -> Subject {
    Subject::new()
        .country("VN")
        .locality("Kon Tum")
        .organization("ỦY BAN NHÂN DÂN XÃ HÀ MÒN")
        .common_name("Hà Văn Tý")
        .email("hvty@kontum.gov.vn")
}

/// The journal's entries that are proved at the end.
#[derive(Default)]
pub(super) struct Entries {
    signature: u64,
    batch_item: u64,
    reissuance: u64,
}

impl Story {
    pub(super) fn tell(&mut self) -> Result<(), String> {
        let lang = self.lang;
        let mut entries = Entries::default();
        say!("kyso demo — {}\n", self.folder.display());
        self.make_token()?;
        self.start_daemon()?;
        self.sign(&mut entries)?;
        self.sign_many(&mut entries)?;
        self.verify()?;
        self.make_last()?;
        self.refuse_what_was_altered()?;
        self.reissue(&mut entries)?;
        self.prove(&entries)?;
        say!();
        say!("{}", lang.pick("Xem các tệp:", "Look at the files:"));
        Ok(())
    }

    /// 1. A token with a key, and a certificate for it.
    fn make_token(&mut self) -> Result<(), String> {
        let lang = self.lang;
        let spinner =
            self.spinner(lang.pick("Đang tạo token và khóa …", "Making a token and a key …"));
        let (target, kind): (&[&str], _) = if self.key_file {
            (&["--file", "demo-key.p12"], "p256")
        } else {
            (&["--token", "kyso-demo"], "rsa2048")
        };
        let mut init = vec!["token", "init", "--label", "kyso-demo", "--pin-file", "pin.txt"];
        if self.key_file {
            init.extend(["--file", "demo-key.p12"]);
        } else {
            init.extend(["--so-pin-file", "so-pin.txt"]);
        }
        self.expect(&init)?;
        let generate =
            ["token", "generate", "--key", kind, "--pin-file", "pin.txt", "-o", "public-key.pem"];
        self.expect(&[&generate[..], target].concat())?;
        self.issue_certificate()?;
        let import =
            ["token", "import", "--certificate", "certificate.pem", "--pin-file", "pin.txt"];
        self.expect(&[&import[..], target].concat())?;
        spinner.finish_and_clear();
        let place = if self.key_file {
            lang.pick("tệp khóa PKCS#12, khóa P-256", "a PKCS#12 key file, P-256 key")
        } else {
            lang.pick("token SoftHSM, khóa RSA-2048", "a SoftHSM token, RSA-2048 key")
        };
        self.step(1, "Token", place);
        self.note(lang.pick(
            "chứng thư của «Hà Văn Tý», UBND xã Hà Mòn, do một CA thử nghiệm cấp",
            "a certificate of “Hà Văn Tý”, commune of Hà Mòn, from a test authority",
        ));
        Ok(())
    }

    fn issue_certificate(&self) -> Result<(), String> {
        let now = jiff::Timestamp::now().as_second();
        let pem =
            std::fs::read(self.folder.join("public-key.pem")).map_err(|error| error.to_string())?;
        let spki = kyso_x509::pem::decode(&pem, &["PUBLIC KEY"])
            .map_err(|error| error.to_string())?
            .swap_remove(0);
        let template = Template::signer(&holder(), now - DAY / 24, now + 365 * DAY);
        let template = with_addresses(template, &self.services.base());
        let authorities = self.services.hierarchy();
        let leaf = authorities.authority.issue(&template, Key::public(&spki));
        let chain = format!("{}{}", leaf.pem(), authorities.authority.pem());
        self.write("certificate.pem", chain.as_bytes())?;
        self.write("root.pem", authorities.root.pem().as_bytes())
    }

    /// 2. The demo's own daemon, with a stand-in for the person.
    fn start_daemon(&mut self) -> Result<(), String> {
        let lang = self.lang;
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        daemon::stand_in(&self.folder, &program).map_err(|error| error.to_string())?;
        let command = self.command(&["daemon", "run"])?;
        let daemon = Daemon::start(command, &self.folder, lang)?;
        self.step(
            2,
            lang.pick("Dịch vụ", "Daemon"),
            &lang.pick(
                format!(
                    "của riêng bản trình diễn (tiến trình {}); một người thế thân đồng ý và nhập PIN",
                    daemon.pid()
                ),
                format!(
                    "one of the demo's own (process {}); a stand-in agrees and types the PIN",
                    daemon.pid()
                ),
            ),
        );
        self.daemon = Some(daemon);
        Ok(())
    }

    /// 3. A PDF and another file, signed.
    fn sign(&mut self, entries: &mut Entries) -> Result<(), String> {
        let lang = self.lang;
        self.write("cong-van.pdf", DOCUMENT)?;
        self.write("so-lieu.csv", "xã,số hồ sơ\nĐăk Hà,12\nNgọk Réo,7\n".as_bytes())?;
        self.write("chu-ky.png", SIGNATURE)?;
        // What pages show is signed without the daemon so far; the PIN is then the caller's.
        let credential = if self.key_file {
            "file:demo-key.p12?pin-source=file:pin.txt".to_owned()
        } else {
            let (token, pin) = (Some("kyso-demo".to_owned()), Some(self.folder.join("pin.txt")));
            Pkcs11Uri { token, pin_source: pin, ..Pkcs11Uri::default() }.to_string()
        };
        let visible = ["sign", "--direct", "--json", "--credential", &credential, "--reason"];
        let looks = ["Ban hành", "--visible", "leader", "--picture", "chu-ky.png"];
        let place = ["--signer-title", "Chủ tịch", "cong-van.pdf"];
        let pades = self.expect(&[&visible[..], &looks, &place].concat())?;
        let (line, entry) = first_signed(&pades.stdout, lang)?;
        entries.signature = entry;
        self.step(3, lang.pick("Ký", "Sign"), &line);
        self.note(lang.pick(
            "chữ ký hiện trên trang, giữa chức danh và họ tên tìm thấy trong văn bản",
            "shown on its page, between the title and the name found in its text",
        ));
        let cades = self.expect(&["sign", "--detached", "so-lieu.csv"])?;
        self.note(cades.stdout.trim());
        Ok(())
    }

    /// 4. Many letters with one consent.
    fn sign_many(&mut self, entries: &mut Entries) -> Result<(), String> {
        let lang = self.lang;
        let make = |error: std::io::Error| error.to_string();
        std::fs::create_dir_all(self.folder.join("letters")).map_err(make)?;
        std::fs::create_dir_all(self.folder.join("signed")).map_err(make)?;
        let names: Vec<String> =
            (1..=LETTERS).map(|number| format!("letters/giay-moi-{number:02}.pdf")).collect();
        for (number, name) in (1..).zip(&names) {
            let text = format!("UBND xã Đăk Hà: giấy mời số {number}/GM-UBND");
            self.write(name, &kyso_testkit::pdf::one_page(&text))?;
        }
        let mut arguments = vec!["sign", "--json", "--out-dir", "signed"];
        arguments.extend(names.iter().map(String::as_str));
        let signed = self.expect(&arguments)?;
        let (_, entry) = first_signed(&signed.stdout, lang)?;
        entries.batch_item = entry;
        self.step(
            4,
            lang.pick("Ký hàng loạt", "Batch"),
            &lang.pick(
                format!("{LETTERS} giấy mời, hỏi một lần, nhập PIN một lần → signed/"),
                format!("{LETTERS} letters, one question, one PIN → signed/"),
            ),
        );
        Ok(())
    }

    /// 5. The daemon and the program alone come to one verdict.
    fn verify(&mut self) -> Result<(), String> {
        let lang = self.lang;
        let asked = client::block_on(self.verdict_of_daemon("cong-van-signed.pdf"))
            .map_err(|error| error.to_string())??;
        let verified = self.expect(&["verify", "cong-van-signed.pdf"])?;
        let verdict = verified.stdout.lines().next().unwrap_or_default().to_owned();
        self.step(5, lang.pick("Kiểm tra", "Verify"), &verdict);
        if asked != "TOTAL-PASSED" {
            return Err(format!("the daemon's verdict is {asked}"));
        }
        self.expect(&["verify", "so-lieu.csv.p7s"])?;
        self.expect(&["verify", "signed/giay-moi-12.pdf"])?;
        Ok(())
    }

    /// 6. What must be valid for years gets time-stamps and all evidence; afterwards nobody has to be asked.
    fn make_last(&mut self) -> Result<(), String> {
        let lang = self.lang;
        let file = "so-lieu.csv.p7s";
        self.expect(&["extend", "--level", "LTA", "--in-place", file])?;
        let first = ["verify", "--pdf-report", "bao-cao.pdf", "--evidence-out", "evidence", file];
        let verified = self.expect(&first)?;
        // The stored evidence alone gives the same report for the same moment, without any network.
        let manifest = std::fs::read_to_string(self.folder.join("evidence/manifest.json"))
            .map_err(|error| error.to_string())?;
        let manifest = json(&manifest)?;
        let time = manifest["validation_time"].as_str().ok_or("the evidence has no time")?;
        let again =
            self.expect(&["verify", "--evidence", "evidence", "--time", time, "--offline", file])?;
        if again.stdout != verified.stdout {
            return Err("the stored evidence gives another report".to_owned());
        }
        let verdict = verified.stdout.lines().next().unwrap_or_default().to_owned();
        self.step(6, lang.pick("Lâu dài", "Long term"), &verdict);
        self.note(lang.pick(
            "CAdES-B-LTA: dấu thời gian và chứng cứ nằm trong tệp; --offline cho cùng kết quả",
            "CAdES-B-LTA: time-stamps and evidence are in the file; --offline says the same",
        ));
        Ok(())
    }

    async fn verdict_of_daemon(&self, file: &str) -> Result<String, String> {
        let told = |error: client::ClientError| error.to_string();
        let socket = daemon::socket(&self.folder);
        let mut client = Client::connect(&socket, self.lang).await.map_err(told)?;
        let document = client.upload(&self.folder.join(file), file).await.map_err(told)?;
        let report = client.verify_document(&document.id, Some("integrity-only")).await;
        Ok(report.map_err(told)?.indication)
    }

    /// 7. A copy with one byte changed is refused.
    fn refuse_what_was_altered(&mut self) -> Result<(), String> {
        let lang = self.lang;
        let mut altered = std::fs::read(self.folder.join("cong-van-signed.pdf"))
            .map_err(|error| error.to_string())?;
        // A byte of the page's own content, well behind the stream's beginning.
        let place = altered
            .windows(7)
            .position(|window| window == b"stream\n")
            .map(|place| place + 40)
            .ok_or("the demo's PDF has no content to alter")?;
        if let Some(byte) = altered.get_mut(place) {
            *byte ^= 1;
        }
        self.write("cong-van-altered.pdf", &altered)?;
        let answer = self.ask(&["verify", "--policy", "integrity-only", "cong-van-altered.pdf"])?;
        if answer.code != 1 {
            return Err(format!("an altered PDF was not refused: exit {}", answer.code));
        }
        let verdict = answer.stdout.lines().next().unwrap_or_default().to_owned();
        self.step(7, lang.pick("Bản bị sửa", "Altered copy"), &verdict);
        Ok(())
    }

    /// 8. The certificate names a commune that is no more: the daemon warns and proposes the request.
    fn reissue(&mut self, entries: &mut Entries) -> Result<(), String> {
        let lang = self.lang;
        let draft = self.expect(&["reissue", "request", "--from-warning", "--draft", "--json"])?;
        let draft = json(&draft.stdout)?;
        let id = draft["id"].as_str().ok_or("the draft has no id")?.to_owned();
        let changed = draft["diff"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|change| change["attribute"] == "O" && change["change"] == "changed");
        let side = |name: &str| {
            changed.and_then(|change| change[name].as_str()).unwrap_or_default().to_owned()
        };
        self.step(
            8,
            lang.pick("Cấp lại", "Reissuance"),
            &lang.pick(
                format!("đơn vị đã sáp nhập: ~ O {} → {}", side("old"), side("new")),
                format!("the unit was merged: ~ O {} → {}", side("old"), side("new")),
            ),
        );
        self.expect(&["reissue", "submit", &id])?;
        let exported =
            self.expect(&["reissue", "export", &id, "-o", "yeu-cau-cap-lai.p7m", "--json"])?;
        let exported = json(&exported.stdout)?;
        entries.reissuance =
            exported["journal_entry"].as_u64().ok_or("the export has no journal entry")?;
        self.expect(&["verify", "--policy", "integrity-only", "yeu-cau-cap-lai.p7m"])?;
        self.note(&lang.pick(
            format!(
                "đã gửi và ký dữ liệu Mẫu 04 → yeu-cau-cap-lai.p7m (nhật ký {})",
                entries.reissuance
            ),
            format!(
                "submitted, Form 04 signed → yeu-cau-cap-lai.p7m (journal entry {})",
                entries.reissuance
            ),
        ));
        Ok(())
    }

    /// 9. The journal holds what happened and proves it.
    fn prove(&mut self, entries: &Entries) -> Result<(), String> {
        let lang = self.lang;
        let verified = self.expect(&["journal", "verify"])?;
        let first = verified.stdout.lines().next().unwrap_or_default().to_owned();
        self.step(9, lang.pick("Nhật ký", "Journal"), &first);
        let proved = [
            (entries.signature, "cong-van-signed.pdf"),
            (entries.batch_item, "signed/giay-moi-01.pdf"),
            (entries.reissuance, "yeu-cau-cap-lai.p7m"),
        ];
        for (entry, file) in proved {
            let receipt = format!("{file}.tlog-proof");
            self.expect(&["journal", "prove", &entry.to_string(), "-o", &receipt])?;
            self.expect(&["journal", "verify", &receipt])?;
        }
        let [signature, item, reissuance] = proved.map(|(entry, _)| entry);
        self.note(&lang.pick(
            format!("biên nhận đúng: chữ ký {signature}, mục trong lô {item}, yêu cầu cấp lại {reissuance}"),
            format!("receipts hold: signature {signature}, batch item {item}, reissuance {reissuance}"),
        ));
        self.expect(&["journal", "export", "journal-export.jsonl"])?;
        Ok(())
    }

    /// Stops the daemon as a person would; where that fails it is killed with the story.
    pub(super) fn stop_daemon(&mut self) -> Result<(), String> {
        let Some(daemon) = self.daemon.take() else { return Ok(()) };
        self.expect(&["daemon", "stop"])?;
        daemon.wait()
    }
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("{error} in {text}"))
}

/// The first signed file of `kyso sign --json`, as a line and with its entry.
fn first_signed(text: &str, lang: kyso_daemon::text::Lang) -> Result<(String, u64), String> {
    let report = json(text)?;
    let row = &report["signed"][0];
    let entry = row["journal_entry"].as_u64().ok_or_else(|| format!("no entry in {text}"))?;
    let part = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let recorded = lang.pick("nhật ký", "journal entry");
    let line =
        format!("{} → {} ({}, {recorded} {entry})", part("file"), part("output"), part("format"));
    Ok((line, entry))
}
