//! A key file, a journal in memory and a folder, which the tests share.

#![allow(dead_code, reason = "each test program uses its part")]

pub(crate) mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use kyso::recorder::{Intent, IntentId, Outcome, OutcomeReceipt, Recorder, RecorderError};
use kyso::report::FileReport;
use kyso::sign::{BatchOptions, SignatureFormat, Stop, Task};
use kyso::signer::{Access, Preference, RsaScheme, Signer, Trust};
use kyso::validation::evidence::Evidence;
use kyso::validation::policy::Policy;
use kyso::verify::{Content, Options, VerifyFileError, verify_bytes, verify_file};
use kyso_testkit::peer::openssl;
use kyso_testkit::{Authority, Profile, SoftKey, Subject};
use kyso_token::pkcs12::{KeyFile, KeyFileUri, Pkcs12Store};
use kyso_token::{
    Credential, HashAlgorithm, Input, Pin, PinSource, RawSignature, SigningAct, SigningAlgorithm,
    TokenError,
};
use kyso_x509::Time;

const YEAR: i64 = 365 * 86_400;

/// 2026-07-15.
pub(crate) const NOW: i64 = 1_784_073_600;

pub(crate) struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::with_key(&SoftKey::generate(kyso_testkit::Curve::P256), NOW + YEAR)
    }

    /// With a certificate that ended a day ago.
    pub(crate) fn with_expired() -> Self {
        Self::with_key(&SoftKey::generate(kyso_testkit::Curve::P256), NOW - 86_400)
    }

    fn with_key(key: &SoftKey, not_after: i64) -> Self {
        Self::with(&key.pkcs8_der(), &key.spki_der(), not_after)
    }

    pub(crate) fn with_rsa() -> Self {
        let pem = openssl::rsa_key_pem(2048);
        Self::with(&openssl::pkcs8_der(&pem), &openssl::spki_der(&pem), NOW + YEAR)
    }

    fn with(pkcs8: &[u8], spki: &[u8], not_after: i64) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let authority = Authority::new(kyso_testkit::Curve::P256, NOW - 5 * YEAR, NOW + 5 * YEAR)
            .expect("an authority");
        let profile = Profile::document_signing(Subject::official(), NOW - YEAR, not_after);
        let mut file = KeyFile::new();
        file.import_key(pkcs8, "key").expect("a key");
        file.add_certificate(&authority.issue(&profile, spki).expect("a certificate"))
            .expect("the certificate");
        let pin = Pin::new("password".to_owned());
        file.create(&folder.path().join("key.p12"), &pin).expect("a key file");
        kyso_testkit::write_secret(folder.path().join("password"), "password");
        let chain = authority.root_pem() + &authority.intermediate_pem();
        fs::write(folder.path().join("chain.pem"), chain).expect("written");
        fs::create_dir(folder.path().join("out")).expect("a folder");
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn open(&self) -> (Credential, Box<dyn SigningAct>) {
        let uri = KeyFileUri { path: self.path("key.p12"), key: None, pin_source: None };
        let source = PinSource::File(self.path("password"));
        Pkcs12Store::default().open_uri(&uri, &source, &()).expect("the key file opens")
    }

    pub(crate) fn signer(&self) -> Signer {
        self.signer_with_act(|act| act)
    }

    pub(crate) fn signer_with_act(
        &self,
        wrap: impl FnOnce(Box<dyn SigningAct>) -> Box<dyn SigningAct>,
    ) -> Signer {
        let (credential, act) = self.open();
        let preference = Preference { rsa: RsaScheme::Pss, digest: HashAlgorithm::Sha256 };
        // A day and a bit ago even the expired certificate was valid.
        let signing_time = Time::from_unix_seconds(NOW - 2 * 86_400);
        let access = Access::Act(wrap(act));
        Signer::open(&credential, access, preference, &Trust::default(), signing_time)
            .expect("a signer")
    }

    pub(crate) fn options(&self) -> BatchOptions {
        let time = jiff::Timestamp::from_second(NOW).expect("a time");
        BatchOptions {
            signing_time: time.to_zoned(jiff::tz::TimeZone::UTC),
            requester: "test".to_owned(),
            consent: Some("pinentry 7".to_owned()),
            sessions: 2,
            overwrite: false,
            contents_size: None,
            stop: Stop::default(),
        }
    }

    pub(crate) fn tasks(&self, count: usize, format: &SignatureFormat) -> Vec<Task> {
        (0..count)
            .map(|number| {
                let source = self.path(&format!("{number}.pdf"));
                fs::write(&source, kyso_testkit::pdf::one_page(&format!("page {number}")))
                    .expect("a document");
                let target = self.path(&format!("out/{number}.signed"));
                Task {
                    source,
                    name: None,
                    target,
                    format: format.clone(),
                    operation: Some(format!("batch/{number}")),
                }
            })
            .collect()
    }

    /// Names in the folder of signed files.
    pub(crate) fn out(&self) -> Vec<String> {
        let entries = self.path("out").read_dir().expect("the folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn clear_out(&self) {
        for name in self.out() {
            fs::remove_file(self.path("out").join(name)).expect("removed");
        }
    }

    pub(crate) fn verify(&self, path: &Path, content: Option<&Path>) -> FileReport {
        self.try_verify(path, content).expect("a report")
    }

    pub(crate) fn try_verify(
        &self,
        path: &Path,
        content: Option<&Path>,
    ) -> Result<FileReport, VerifyFileError> {
        let policy = Policy::built_in("integrity-only").expect("a policy");
        let options = Options {
            trust: &kyso::validation::trust::Trust::default(),
            evidence: &Evidence::default(),
            policy: Some(&policy),
            validation_time: Time::from_unix_seconds(NOW),
            content: content.map(Content::File),
            paths: None,
            password: None,
        };
        let by_file = verify_file(path, &options);
        // Whatever the tests look at must be the same from memory.
        if let Ok(signed) = fs::read(path) {
            let held = content.map(|content| fs::read(content).expect("the content"));
            let options = Options { content: held.as_deref().map(Content::Bytes), ..options };
            let by_bytes = verify_bytes(&signed, &path.to_string_lossy(), &options);
            assert_eq!(format!("{by_bytes:?}"), format!("{by_file:?}"));
        }
        by_file
    }
}

/// What a journal does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trick {
    RefuseIntents,
    RefuseOutcomes,
    OtherBytes,
    OtherIntent,
    NoReceipts,
}

#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) trick: Option<Trick>,
    /// Written when outcomes are recorded, between signing and publishing.
    pub(crate) squat: Option<PathBuf>,
    pub(crate) count: AtomicUsize,
    pub(crate) intents: Mutex<Vec<Intent>>,
    pub(crate) outcomes: Mutex<Vec<Outcome>>,
}

impl Journal {
    pub(crate) fn signed(&self) -> usize {
        let outcomes = self.outcomes.lock().expect("outcomes");
        outcomes.iter().filter(|one| matches!(one, Outcome::Signed { .. })).count()
    }
}

fn refused() -> RecorderError {
    RecorderError::Unwritable("disk full".into())
}

impl Recorder for Journal {
    fn intend(&self, intents: &[Intent]) -> Result<Vec<IntentId>, RecorderError> {
        if self.trick == Some(Trick::RefuseIntents) {
            return Err(refused());
        }
        self.intents.lock().expect("intents").extend_from_slice(intents);
        let first = self.count.fetch_add(intents.len(), Ordering::Relaxed) as u64;
        Ok((0..intents.len() as u64).map(|number| IntentId(first + number)).collect())
    }

    fn conclude(
        &self,
        outcomes: &[(IntentId, Outcome)],
    ) -> Result<Vec<OutcomeReceipt>, RecorderError> {
        if let Some(path) = &self.squat {
            fs::write(path, b"taken").expect("written");
        }
        match self.trick {
            Some(Trick::RefuseOutcomes) => return Err(refused()),
            Some(Trick::NoReceipts) => return Ok(Vec::new()),
            _ => {}
        }
        self.outcomes.lock().expect("outcomes").extend(outcomes.iter().map(|one| one.1.clone()));
        let receipts = outcomes.iter().map(|(id, outcome)| {
            let mut receipt = OutcomeReceipt { intent: *id, entry: id.0, outcome: outcome.clone() };
            match (&mut receipt.outcome, self.trick) {
                (Outcome::Signed { released_sha256, .. }, Some(Trick::OtherBytes)) => {
                    released_sha256[31] ^= 1;
                }
                (_, Some(Trick::OtherIntent)) => receipt.intent = IntentId(id.0 + 1),
                _ => {}
            }
            receipt
        });
        Ok(receipts.collect())
    }
}

/// A device that spoils its signatures from one on.
pub(crate) struct Spoiled {
    pub(crate) act: Box<dyn SigningAct>,
    pub(crate) from: usize,
    pub(crate) count: AtomicUsize,
}

impl Spoiled {
    pub(crate) fn from(act: Box<dyn SigningAct>, from: usize) -> Box<dyn SigningAct> {
        Box::new(Self { act, from, count: AtomicUsize::new(0) })
    }
}

impl SigningAct for Spoiled {
    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
    ) -> Result<RawSignature, TokenError> {
        let mut signature = self.act.sign(algorithm, input)?;
        if self.count.fetch_add(1, Ordering::Relaxed) >= self.from {
            let (RawSignature::Rsa(bytes)
            | RawSignature::EcdsaFixed(bytes)
            | RawSignature::Ed25519(bytes)) = &mut signature;
            bytes[20] ^= 1;
        }
        Ok(signature)
    }

    fn close(self: Box<Self>) -> Result<(), TokenError> {
        self.act.close()
    }
}

/// A device that goes away at its `at`-th signature, and counts how often it is asked.
pub(crate) struct Removed {
    pub(crate) act: Box<dyn SigningAct>,
    pub(crate) at: usize,
    pub(crate) asked: Arc<AtomicUsize>,
}

impl SigningAct for Removed {
    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
    ) -> Result<RawSignature, TokenError> {
        if self.asked.fetch_add(1, Ordering::SeqCst) >= self.at {
            return Err(TokenError::SessionLost { function: "C_Sign".into() });
        }
        self.act.sign(algorithm, input)
    }

    fn close(self: Box<Self>) -> Result<(), TokenError> {
        self.act.close()
    }
}

/// A device during whose `at`-th signature somebody stops the batch.
pub(crate) struct Stopping {
    pub(crate) act: Box<dyn SigningAct>,
    pub(crate) at: usize,
    pub(crate) stop: Stop,
    pub(crate) asked: AtomicUsize,
}

impl SigningAct for Stopping {
    fn sign(
        &self,
        algorithm: SigningAlgorithm,
        input: Input<'_>,
    ) -> Result<RawSignature, TokenError> {
        if self.asked.fetch_add(1, Ordering::SeqCst) + 1 == self.at {
            self.stop.request();
        }
        self.act.sign(algorithm, input)
    }

    fn close(self: Box<Self>) -> Result<(), TokenError> {
        self.act.close()
    }
}
