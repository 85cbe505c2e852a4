//! Authorities over loopback, and files to be extended with their help.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use kyso::extend::{ExtendError, Extended, Level, Options, Stamp, extend_file};
use kyso::fetch::{Fetcher, Limits, Networks, Proxies, Settings, TlsRoots};
use kyso::recorder::Outcome;
use kyso::report::FileReport;
use kyso::timestamp::Authorities;
use kyso::validation::evidence::Evidence;
use kyso::validation::trust::Trust;
use kyso::verify::{Content, Options as Judging, trust_in, verify_file};
use kyso_cades::{Form, SignedData, SigningParameters, oid, prepare};
use kyso_pades::{
    Date, DocMdpPermission, Document, Limits as PdfLimits, SigningField, SigningOptions, SubFilter,
    copy_and_hash,
};
use kyso_testkit::pki::{Clock, Entity, Hierarchy, Keys, Plan, Route, Server};
use kyso_x509::{
    Certificate, DigestAlgorithm, SignatureAlgorithm, SignatureValue, Time, TrustAnchor,
};

use super::{Journal, NOW};

pub(crate) const DAY: i64 = 86_400;
pub(crate) const YEAR: i64 = 365 * DAY;
pub(crate) const CONTENT: &[u8] = "Quyết định số 12/QĐ-UBND".as_bytes();

/// A file's surroundings: authorities over loopback, a folder, trust in their root.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) folder: tempfile::TempDir,
    pub(crate) trust: Trust,
    pub(crate) fetcher: Fetcher,
    pub(crate) authorities: Authorities,
    pub(crate) journal: Journal,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|plan| plan)
    }

    pub(crate) fn with(change: impl FnOnce(Plan) -> Plan) -> Self {
        let server = Server::start(Clock::At(NOW), |base| {
            let plan = Plan::new(NOW - YEAR, NOW + 3 * YEAR).served_at(base);
            Hierarchy::new(&change(plan), Keys::Fixed)
        })
        .expect("a server");
        let root = certificate(&server.hierarchy().root.certificate);
        let authorities =
            Authorities { addresses: vec![server.url(Route::TimeStamping)], policy: None };
        let fetcher = Fetcher::new(Settings {
            online: true,
            networks: Networks::dangerous_allow_private(),
            proxies: Proxies::none(),
            roots: TlsRoots::These(Vec::new()),
            cache: None,
            limits: Limits { retries: 0, ..Limits::standard() },
        });
        Self {
            server,
            folder: tempfile::tempdir().expect("a folder"),
            trust: trust_in(vec![TrustAnchor::from_certificate(root)], Vec::new()),
            fetcher,
            authorities,
            journal: Journal::default(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file signed at level B by these, attached or with its content beside it.
    pub(crate) fn signed_by(&self, name: &str, signers: &[&Entity], detached: bool) -> PathBuf {
        let der = signers.iter().fold(None, |before: Option<Vec<u8>>, signer| {
            let to_be_signed = prepare(SigningParameters {
                certificate: certificate(&signer.certificate),
                extra_certificates: Vec::new(),
                algorithm: SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256),
                content_type: oid::DATA,
                message_digest: DigestAlgorithm::Sha256.digest(CONTENT),
                form: Form::Cades { signing_time: Some(Time::from_unix_seconds(NOW)) },
            })
            .expect("prepared");
            let value = signer.key.sign(to_be_signed.bytes_to_sign());
            let value = SignatureValue::from_bytes(value);
            Some(match before {
                None => to_be_signed.finish_detached(&value),
                Some(before) => SignedData::from_ber(&before)
                    .expect("readable")
                    .with_signer(&to_be_signed.finish(&value))
                    .expect("one more signer"),
            })
        });
        let der = der.expect("a signer");
        let file = self.path(name);
        if detached {
            fs::write(self.path("content"), CONTENT).expect("written");
            fs::write(&file, der).expect("written");
        } else {
            let data = SignedData::from_ber(&der).expect("readable");
            let digest = DigestAlgorithm::Sha256.digest(CONTENT);
            let attached = data.to_attached(digest, CONTENT.len() as u64);
            let whole = [attached.prefix(), CONTENT, attached.suffix()].concat();
            fs::write(&file, whole).expect("written");
        }
        file
    }

    pub(crate) fn signed(&self, name: &str) -> PathBuf {
        self.signed_by(name, &[&self.server.hierarchy().signer], false)
    }

    /// A PDF signed at level B by the infrastructure's signer.
    pub(crate) fn signed_pdf(
        &self,
        pdf: &[u8],
        room: usize,
        certify: Option<DocMdpPermission>,
    ) -> Vec<u8> {
        let signer = &self.server.hierarchy().signer;
        let mut document =
            Document::open(Cursor::new(pdf), PdfLimits::standard()).expect("a document");
        if document.encryption().is_some() {
            document.set_vector_seed([7; 32]);
        }
        let options = SigningOptions {
            field: SigningField::New { name: None, page: 0, rect: None },
            sub_filter: SubFilter::EtsiCadesDetached,
            signing_time: Date::from_unix(NOW, 7 * 60),
            name: None,
            reason: None,
            location: None,
            contact_info: None,
            appearance: &[],
            certify,
            lock: None,
            seed_facts: None,
            contents_size: room,
        };
        let prepared = document.prepare_signature(&options).expect("prepared");
        let mut signed = Vec::new();
        let algorithm = DigestAlgorithm::Sha256;
        let len = prepared.original_len();
        let hasher =
            copy_and_hash(document.reader_mut(), len, &mut signed, algorithm).expect("hashed");
        let to_be_signed = prepare(SigningParameters {
            certificate: certificate(&signer.certificate),
            extra_certificates: Vec::new(),
            algorithm: SignatureAlgorithm::Ecdsa(algorithm),
            content_type: oid::DATA,
            message_digest: prepared.digest(hasher),
            form: Form::Pades,
        })
        .expect("prepared");
        let value = SignatureValue::from_bytes(signer.key.sign(to_be_signed.bytes_to_sign()));
        signed.extend(prepared.embed(&to_be_signed.finish_detached(&value)).expect("room"));
        signed
    }

    /// Extends in place.
    pub(crate) fn extend(&self, file: &Path, level: Level) -> Result<Vec<Stamp>, ExtendError> {
        self.extend_at(file, level, NOW)
    }

    pub(crate) fn extend_at(
        &self,
        file: &Path,
        level: Level,
        now: i64,
    ) -> Result<Vec<Stamp>, ExtendError> {
        let content = self.path("content");
        let evidence = Evidence::default();
        let options = self.options(level, now, content.exists().then_some(&*content), &evidence);
        match extend_file(file, file, &options, &self.journal)? {
            Extended::UpToDate => Ok(Vec::new()),
            Extended::Done(released) => Ok(released.value().stamps.clone()),
        }
    }

    pub(crate) fn options<'a>(
        &'a self,
        level: Level,
        now: i64,
        content: Option<&'a Path>,
        evidence: &'a Evidence,
    ) -> Options<'a> {
        let now = Time::from_unix_seconds(now);
        Options {
            level,
            judging: Judging {
                trust: &self.trust,
                evidence,
                policy: None,
                validation_time: now,
                content: content.map(Content::File),
                paths: None,
                password: None,
            },
            fetcher: &self.fetcher,
            authorities: &self.authorities,
            now,
            renew_within: 90 * DAY,
            requester: "test".to_owned(),
            overwrite: true,
        }
    }

    /// The verdict by what the file holds alone.
    pub(crate) fn verify_at(&self, file: &Path, now: i64) -> FileReport {
        let content = self.path("content");
        let evidence = Evidence::default();
        let content = content.exists().then_some(&*content);
        verify_file(file, &self.options(Level::T, now, content, &evidence).judging)
            .expect("a report")
    }

    pub(crate) fn codes(&self) -> Vec<String> {
        let outcomes = self.journal.outcomes.lock().expect("outcomes");
        let code = |one: &Outcome| match one {
            Outcome::Extended { .. } => "extended".to_owned(),
            Outcome::Failed { code } => code.clone(),
            other => format!("{other:?}"),
        };
        outcomes.iter().map(code).collect()
    }
}

pub(crate) fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).expect("a certificate")
}
