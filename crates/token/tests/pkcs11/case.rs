//! A module with storage of its own, in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use kyso_testkit::shim::{self, Calls, Fault};
use kyso_testkit::{Authority, Curve as CaCurve, Profile, Subject};
use kyso_token::pkcs11::{AllowList, KeyOptions, Limits, Pkcs11Store};
use kyso_token::{
    Credential, HashAlgorithm, Input, KeyPairSpec, KeyStore, Pin, PinPrompt, PinRefused,
    PinRequest, PinSource, RawSignature, SigningAct, SigningAlgorithm, TokenError, TokenSelector,
};

pub(crate) const LABEL: &str = "kyso test";
pub(crate) const PIN: &str = "12345678";
pub(crate) const SO_PIN: &str = "87654321";

const CHILD: &str = "KYSO_TOKEN_CASE_FOLDER";
const MODULE: &str = "KYSO_TOKEN_CASE_MODULE";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Module {
    SoftHsm,
    Kryoptic,
    Shim,
}

/// Runs the case in a child of this test binary, with the module's environment set from the start.
pub(crate) fn isolated(name: &str, module: Module, case: fn(&Bench)) {
    if let (Some(folder), Some(path)) = (std::env::var_os(CHILD), std::env::var_os(MODULE)) {
        return case(&Bench::at(folder.into(), path.into()));
    }
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child
        .env("RUST_BACKTRACE", "0")
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(CHILD, folder.path());
    let softhsm = |folder: &Path| kyso_testkit::softhsm::Environment::new(folder);
    let path = match module {
        Module::SoftHsm => {
            let environment = softhsm(folder.path());
            let (variable, value) = environment.variable();
            child.env(variable, value);
            environment.module().to_path_buf()
        }
        Module::Kryoptic => {
            let configuration = folder.path().join("kryoptic.conf");
            let slot = |number: u32| {
                let database = folder.path().join(format!("token{number}.sql"));
                format!(
                    "[[slots]]\nslot = {number}\ndbtype = \"sqlite\"\ndbargs = {:?}\n\n",
                    database
                )
            };
            std::fs::write(&configuration, slot(1) + &slot(2)).unwrap();
            child.env("KRYOPTIC_CONF", configuration);
            kryoptic()
        }
        Module::Shim => {
            let environment = softhsm(folder.path());
            let (variable, value) = environment.variable();
            child.env(variable, value).env(shim::MODULE, environment.module());
            child
                .env(shim::FAULT, folder.path().join("fault"))
                .env(shim::LOG, folder.path().join("calls"));
            child.env(shim::PAD_PIN, PIN);
            shim::build(folder.path())
        }
    };
    let output = child.env(MODULE, path).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{name}: {}\n{stdout}\n{stderr}", output.status);
    assert!(stdout.contains("1 passed"), "{name} was not found in its own binary:\n{stdout}");
}

/// `$KYSO_KRYOPTIC`, else where set-up builds it: in cargo's target folder.
fn kryoptic() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let built = root.join(target).join("kryoptic/libkryoptic_pkcs11.so");
    let path = std::env::var_os("KYSO_KRYOPTIC").map_or(built, PathBuf::from);
    path.canonicalize().unwrap_or_else(|_| {
        panic!(
            "{} is not there; build kryoptic (cargo xtask setup) or set KYSO_KRYOPTIC",
            path.display()
        )
    })
}

/// One module, its folder and a certificate authority.
pub(crate) struct Bench {
    pub(crate) folder: PathBuf,
    pub(crate) module: PathBuf,
    pub(crate) store: Pkcs11Store,
    pub(crate) authority: Authority,
}

/// Small enough that a hang is given up within the test's time.
pub(crate) fn limits() -> Limits {
    Limits {
        call: Duration::from_secs(3),
        login: Duration::from_secs(8),
        sign: Duration::from_secs(3),
        generate: Duration::from_secs(120),
        lease_wait: Duration::from_millis(50),
        ..Limits::interactive()
    }
}

impl Bench {
    fn at(folder: PathBuf, module: PathBuf) -> Self {
        // 2020 to 2040.
        let authority = Authority::new(CaCurve::P256, 1_577_836_800, 2_208_988_800).unwrap();
        let store = Pkcs11Store::new(AllowList::of_paths([module.clone()]), limits());
        let bench = Self { folder, module, store, authority };
        kyso_testkit::write_secret(bench.pin_path(), format!("{PIN}\n"));
        kyso_testkit::write_secret(bench.so_pin_path(), SO_PIN);
        bench
    }

    pub(crate) fn pin_path(&self) -> PathBuf {
        self.folder.join("pin")
    }

    fn so_pin_path(&self) -> PathBuf {
        self.folder.join("so-pin")
    }

    pub(crate) fn pin(&self) -> PinSource {
        PinSource::File(self.pin_path())
    }

    pub(crate) fn so_pin(&self) -> PinSource {
        PinSource::File(self.so_pin_path())
    }

    /// Initializes a fresh token.
    pub(crate) fn token(&self, label: &str) -> TokenSelector {
        let token = &TokenSelector::Uninitialized;
        let info = self
            .store
            .init_token(&self.module, token, label, &self.so_pin(), &self.pin(), &())
            .unwrap();
        assert_eq!(info.label, label);
        assert!(info.initialized && info.user_pin_initialized && info.login_required);
        TokenSelector::Label(label.to_owned())
    }

    /// Generates a key pair and writes a certificate for it.
    pub(crate) fn credential(&self, token: &TokenSelector, key: KeyPairSpec) -> Credential {
        self.credential_with(
            token,
            key,
            &KeyOptions { label: "key".into(), always_authenticate: false },
        )
    }

    pub(crate) fn credential_with(
        &self,
        token: &TokenSelector,
        key: KeyPairSpec,
        options: &KeyOptions,
    ) -> Credential {
        let made = self
            .store
            .generate_key_pair(&self.module, token, &self.pin(), &(), key, options)
            .unwrap();
        let certificate = self.certify(&made.spki);
        let written = self
            .store
            .import_certificate(&self.module, token, &self.pin(), &(), &certificate, &options.label)
            .unwrap();
        assert_eq!(written, made);
        self.of_certificate(&certificate)
    }

    pub(crate) fn of_certificate(&self, certificate: &[u8]) -> Credential {
        let credentials = self.store.credentials().unwrap();
        credentials.into_iter().find(|it| it.certificate == certificate).unwrap()
    }

    pub(crate) fn certify(&self, spki: &[u8]) -> Vec<u8> {
        let profile = Profile::document_signing(Subject::official(), 1_577_836_800, 2_208_988_800);
        self.authority.issue(&profile, spki).unwrap()
    }

    pub(crate) fn open(&self, credential: &Credential) -> Result<Box<dyn SigningAct>, TokenError> {
        self.store.open(credential, &self.pin(), &())
    }

    /// A token with one P-256 key.
    pub(crate) fn p256(&self) -> Credential {
        let token = self.token(LABEL);
        self.credential(&token, KeyPairSpec::Ec(kyso_token::Curve::P256))
    }

    pub(crate) fn fault(&self, fault: Fault) {
        fault.write(&self.folder.join("fault"), 0).unwrap();
    }

    pub(crate) fn fault_after(&self, fault: Fault, calls: u32) {
        fault.write(&self.folder.join("fault"), calls).unwrap();
    }

    /// How often the shim saw a function since the last look.
    pub(crate) fn calls(&self) -> Calls {
        Calls::take(&self.folder.join("calls"))
    }
}

pub(crate) const ECDSA_SHA256: SigningAlgorithm = SigningAlgorithm::Ecdsa(HashAlgorithm::Sha256);

/// Signs by digest and by message where the algorithm allows, and verifies both with the certificate's key.
pub(crate) fn sign_and_verify(
    act: &dyn SigningAct,
    credential: &Credential,
    algorithm: SigningAlgorithm,
) {
    let message = b"Quyet dinh so 01/QD-UBND";
    let signature = act.sign(algorithm, Input::Message(message)).unwrap();
    verify(credential, algorithm, message, &signature);
    if let Some(hash) = algorithm.hash()
        && !credential.needs_message.contains(&algorithm)
    {
        let signature = act.sign(algorithm, Input::Digest(&hash.digest(message))).unwrap();
        verify(credential, algorithm, message, &signature);
    }
}

/// Verifies with software that has nothing to do with the token: ring, and RustCrypto for what ring lacks.
#[track_caller]
pub(crate) fn verify(
    credential: &Credential,
    algorithm: SigningAlgorithm,
    message: &[u8],
    signature: &RawSignature,
) {
    assert!(holds(credential, algorithm, message, signature), "{algorithm:?} does not verify");
    assert!(
        !holds(credential, algorithm, b"another message", signature),
        "{algorithm:?} verifies anything"
    );
}

fn holds(
    credential: &Credential,
    algorithm: SigningAlgorithm,
    message: &[u8],
    signature: &RawSignature,
) -> bool {
    use HashAlgorithm::{Sha256, Sha384, Sha512};
    use der::{Decode, Encode};
    use kyso_token::{Curve, KeyType};
    use ring::signature as r;
    let certificate = x509_cert::Certificate::from_der(&credential.certificate).unwrap();
    let spki = certificate.tbs_certificate().subject_public_key_info();
    let key = spki.subject_public_key.raw_bytes();
    let scheme: &dyn r::VerificationAlgorithm = match (algorithm, credential.key_type) {
        (SigningAlgorithm::RsaPkcs1(Sha256), _) => &r::RSA_PKCS1_2048_8192_SHA256,
        (SigningAlgorithm::RsaPkcs1(Sha384), _) => &r::RSA_PKCS1_2048_8192_SHA384,
        (SigningAlgorithm::RsaPkcs1(Sha512), _) => &r::RSA_PKCS1_2048_8192_SHA512,
        (SigningAlgorithm::RsaPss(Sha256), _) => &r::RSA_PSS_2048_8192_SHA256,
        (SigningAlgorithm::RsaPss(Sha384), _) => &r::RSA_PSS_2048_8192_SHA384,
        (SigningAlgorithm::RsaPss(Sha512), _) => &r::RSA_PSS_2048_8192_SHA512,
        (SigningAlgorithm::Ed25519, _) => &r::ED25519,
        (SigningAlgorithm::Ecdsa(Sha256), KeyType::Ec(Curve::P256)) => &r::ECDSA_P256_SHA256_FIXED,
        (SigningAlgorithm::Ecdsa(Sha384), KeyType::Ec(Curve::P384)) => &r::ECDSA_P384_SHA384_FIXED,
        (SigningAlgorithm::Ecdsa(hash), KeyType::Ec(curve)) => {
            let spki = spki.to_der().unwrap();
            return holds_prehashed(curve, &spki, &hash.digest(message), signature.as_bytes());
        }
        other => panic!("{other:?}"),
    };
    r::UnparsedPublicKey::new(scheme, key).verify(message, signature.as_bytes()).is_ok()
}

fn holds_prehashed(curve: kyso_token::Curve, spki: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    macro_rules! by {
        ($curve:ident) => {{
            use $curve::ecdsa::signature::hazmat::PrehashVerifier as _;
            use $curve::pkcs8::DecodePublicKey as _;
            let key = $curve::ecdsa::VerifyingKey::from_public_key_der(spki).unwrap();
            let signature = $curve::ecdsa::Signature::from_slice(signature).unwrap();
            key.verify_prehash(digest, &signature).is_ok()
        }};
    }
    match curve {
        kyso_token::Curve::P256 => by!(p256),
        kyso_token::Curve::P384 => by!(p384),
        kyso_token::Curve::P521 => by!(p521),
    }
}

/// A prompt that answers from a script and remembers what it was shown.
pub(crate) struct Scripted {
    pub(crate) pin: Option<&'static str>,
    pub(crate) spend_last_try: bool,
    pub(crate) asked: std::sync::Mutex<Vec<PinRequest>>,
    pub(crate) noticed: std::sync::Mutex<Vec<PinRequest>>,
}

impl Scripted {
    pub(crate) fn new(pin: Option<&'static str>) -> Self {
        Self {
            pin,
            spend_last_try: false,
            asked: std::sync::Mutex::default(),
            noticed: std::sync::Mutex::default(),
        }
    }

    pub(crate) fn noticed(&self) -> Vec<PinRequest> {
        self.noticed.lock().unwrap().clone()
    }

    pub(crate) fn asked(&self) -> Vec<PinRequest> {
        self.asked.lock().unwrap().clone()
    }
}

impl PinPrompt for Scripted {
    fn pin(&self, request: &PinRequest) -> Result<Pin, PinRefused> {
        self.asked.lock().unwrap().push(request.clone());
        self.pin.map(|pin| Pin::new(pin.to_owned())).ok_or(PinRefused::Cancelled)
    }

    fn notice(&self, request: &PinRequest) {
        self.noticed.lock().unwrap().push(request.clone());
    }

    fn confirm_last_try(&self, _request: &PinRequest) -> bool {
        self.spend_last_try
    }
}
