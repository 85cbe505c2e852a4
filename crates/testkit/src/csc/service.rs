//! What the service answers.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::http::Request;
use super::{Authorization, CLIENT_ID, CLIENT_SECRET, CREDENTIAL, Fault, PIN, Plan};
use crate::soft_key::random;

pub(super) enum Answer {
    Json(u16, Value),
    Text(u16, &'static str),
    Redirect(String),
}

/// What a code or a token is for: the service, or these hashes.
#[derive(Clone)]
enum Grant {
    Service,
    Hashes(Vec<String>),
}

pub(super) struct State {
    plan: Plan,
    pub(super) fault: Fault,
    pub(super) calls: Vec<String>,
    pub(super) otp: Option<String>,
    breathless: BTreeSet<String>,
    codes: BTreeMap<String, (String, String, Grant)>,
    access: BTreeSet<String>,
    refresh: BTreeSet<String>,
    sads: BTreeMap<String, Vec<String>>,
    pending: BTreeMap<String, (u32, Vec<String>)>,
}

type Refusal = Answer;

impl State {
    pub(super) fn new(plan: Plan) -> Self {
        Self {
            plan,
            fault: Fault::None,
            calls: Vec::new(),
            otp: None,
            breathless: BTreeSet::new(),
            codes: BTreeMap::new(),
            access: BTreeSet::new(),
            refresh: BTreeSet::new(),
            sads: BTreeMap::new(),
            pending: BTreeMap::new(),
        }
    }

    pub(super) fn answer(&mut self, request: &Request) -> Answer {
        let Some(method) = request.path.strip_prefix("/csc/v2/").map(str::to_owned) else {
            return Answer::Text(404, "");
        };
        self.calls.push(method.clone());
        match self.fault {
            Fault::OutOfBreath if self.breathless.insert(method.clone()) => {
                return refuse(503, "temporarily_unavailable");
            }
            Fault::NoJson if method != "info" => return Answer::Text(200, "<html>"),
            _ => {}
        }
        let answer = match method.as_str() {
            "info" => Ok(info()),
            "oauth2/authorize" => self.authorize_page(&request.query),
            "oauth2/token" => self.token(&String::from_utf8_lossy(&request.body)),
            _ => self.behind_login(&method, request),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn authorize_page(&mut self, query: &str) -> Result<Answer, Refusal> {
        let get = |name: &str| parameter(query, name).ok_or_else(|| refuse(400, "invalid_request"));
        if get("client_id")? != CLIENT_ID
            || get("code_challenge_method")? != "S256"
            || get("response_type")? != "code"
        {
            return Err(refuse(400, "invalid_request"));
        }
        let (back, state) = (get("redirect_uri")?, get("state")?);
        if self.fault == Fault::Denied {
            return Ok(Answer::Redirect(format!("{back}?error=access_denied&state={state}")));
        }
        let grant = match get("scope")?.as_str() {
            "service" => Grant::Service,
            "credential" if get("credentialID")? == CREDENTIAL => {
                let url =
                    |text: &str| URL_SAFE_NO_PAD.decode(text).map(|hash| STANDARD.encode(hash));
                let hashes = get("hashes")?.split(',').map(url).collect::<Result<Vec<_>, _>>();
                let hashes = hashes.map_err(|_| refuse(400, "invalid_request"))?;
                if get("numSignatures")? != hashes.len().to_string() {
                    return Err(refuse(400, "invalid_request"));
                }
                Grant::Hashes(hashes)
            }
            _ => return Err(refuse(400, "invalid_scope")),
        };
        let code = fresh();
        self.codes.insert(code.clone(), (get("code_challenge")?, back.clone(), grant));
        Ok(Answer::Redirect(format!("{back}?code={code}&state={state}")))
    }

    fn token(&mut self, body: &str) -> Result<Answer, Refusal> {
        let get = |name: &str| parameter(body, name).ok_or_else(|| refuse(400, "invalid_request"));
        if get("client_id")? != CLIENT_ID {
            return Err(refuse(401, "invalid_client"));
        }
        let has_secret = parameter(body, "client_secret").as_deref() == Some(CLIENT_SECRET);
        match get("grant_type")?.as_str() {
            "authorization_code" => {
                let code = self.codes.remove(&get("code")?);
                let (challenge, back, grant) = code.ok_or_else(|| refuse(400, "invalid_grant"))?;
                let made =
                    ring::digest::digest(&ring::digest::SHA256, get("code_verifier")?.as_bytes());
                if URL_SAFE_NO_PAD.encode(made) != challenge || get("redirect_uri")? != back {
                    return Err(refuse(400, "invalid_grant"));
                }
                Ok(self.grant(grant, true))
            }
            "client_credentials" if has_secret => Ok(self.grant(Grant::Service, false)),
            "client_credentials" => Err(refuse(401, "invalid_client")),
            "refresh_token" => {
                let known = self.refresh.remove(&get("refresh_token")?);
                if !known || self.fault == Fault::ShortTokensNoRefresh {
                    return Err(refuse(400, "invalid_grant"));
                }
                Ok(self.grant(Grant::Service, true))
            }
            _ => Err(refuse(400, "unsupported_grant_type")),
        }
    }

    fn grant(&mut self, grant: Grant, refresh: bool) -> Answer {
        let access = fresh();
        match grant {
            Grant::Service => drop(self.access.insert(access.clone())),
            Grant::Hashes(hashes) => {
                self.sads.insert(access.clone(), hashes);
                return Answer::Json(200, json!({ "access_token": access, "token_type": "SAD" }));
            }
        }
        let mut value =
            json!({ "access_token": access, "token_type": "Bearer", "expires_in": 3600 });
        if refresh {
            let token = fresh();
            self.refresh.insert(token.clone());
            value["refresh_token"] = token.into();
        }
        Answer::Json(200, value)
    }

    fn behind_login(&mut self, method: &str, request: &Request) -> Result<Answer, Refusal> {
        let token = request.bearer.clone().unwrap_or_default();
        let short = matches!(self.fault, Fault::ShortTokens | Fault::ShortTokensNoRefresh);
        let known = if short { self.access.remove(&token) } else { self.access.contains(&token) };
        if !known {
            return Err(refuse(401, "invalid_token"));
        }
        let input: Value =
            serde_json::from_slice(&request.body).map_err(|_| refuse(400, "invalid_request"))?;
        if method != "credentials/list"
            && method != "credentials/authorizeCheck"
            && input["credentialID"] != CREDENTIAL
        {
            return Err(refuse(400, "invalid_request"));
        }
        match method {
            "credentials/list" => Ok(ok(json!({ "credentialIDs": [CREDENTIAL] }))),
            "credentials/info" => Ok(ok(self.describe())),
            "credentials/sendOTP" => {
                self.otp = Some(format!("{:06}", u32::from_be_bytes(random::<4>()) % 1_000_000));
                Ok(Answer::Text(204, ""))
            }
            "credentials/authorize" => self.authorize(&input),
            "credentials/authorizeCheck" => self.check(&input),
            "signatures/signHash" => self.sign(&input),
            _ => Err(Answer::Text(404, "")),
        }
    }

    fn describe(&self) -> Value {
        let chain: Vec<String> = self.plan.chain.iter().map(|der| STANDARD.encode(der)).collect();
        let pin = json!({ "type": "Password", "id": "PIN", "format": "N", "label": "PIN" });
        let otp = json!({ "type": "Password", "id": "OTP", "format": "N", "generator": "online" });
        let auth = match self.plan.authorization {
            Authorization::Implicit | Authorization::Elsewhere => json!({ "mode": "implicit" }),
            Authorization::Pin => {
                json!({ "mode": "explicit", "expression": "PIN", "objects": [pin] })
            }
            Authorization::PinAndOtp => {
                json!({ "mode": "explicit", "expression": "PIN AND OTP", "objects": [pin, otp] })
            }
            Authorization::Page => json!({ "mode": "oauth2code" }),
        };
        let status = if self.fault == Fault::Disabled { "disabled" } else { "enabled" };
        json!({
            "description": "test credential",
            "key": { "status": status, "algo": self.plan.algo, "len": 256 },
            "cert": { "status": "valid", "certificates": chain },
            "auth": auth, "SCAL": "2", "multisign": self.plan.multisign, "lang": "vi-VN",
        })
    }

    fn authorize(&mut self, input: &Value) -> Result<Answer, Refusal> {
        let hashes = hashes(input)?;
        if hashes.len() > self.plan.multisign || input["numSignatures"] != hashes.len() {
            return Err(refuse(400, "invalid_request"));
        }
        let given = |id: &str| {
            let all = input["authData"].as_array().into_iter().flatten();
            all.filter(|one| one["id"] == id).find_map(|one| one["value"].as_str())
        };
        let explicit =
            matches!(self.plan.authorization, Authorization::Pin | Authorization::PinAndOtp);
        if explicit && self.fault == Fault::Locked {
            return Err(refuse(400, "credential_locked"));
        }
        if explicit && given("PIN") != Some(PIN) {
            return Err(refuse(400, "invalid_pin"));
        }
        if self.plan.authorization == Authorization::PinAndOtp {
            let otp = self.otp.take();
            if otp.is_none() || given("OTP") != otp.as_deref() {
                return Err(refuse(400, "invalid_otp"));
            }
        }
        match self.plan.authorization {
            Authorization::Page => Err(refuse(400, "invalid_request")),
            _ if self.fault == Fault::Denied => Err(refuse(400, "access_denied")),
            Authorization::Elsewhere => {
                let handle = fresh();
                self.pending.insert(handle.clone(), (2, hashes));
                Ok(ok(json!({ "handle": handle })))
            }
            _ => Ok(ok(json!({ "SAD": self.sad(hashes), "expiresIn": 300 }))),
        }
    }

    fn check(&mut self, input: &Value) -> Result<Answer, Refusal> {
        let handle = input["handle"].as_str().unwrap_or_default().to_owned();
        let (left, hashes) =
            self.pending.remove(&handle).ok_or_else(|| refuse(400, "invalid_request"))?;
        if left > 0 {
            self.pending.insert(handle, (left - 1, hashes));
            return Err(refuse(400, "authorization_pending"));
        }
        Ok(ok(json!({ "SAD": self.sad(hashes) })))
    }

    fn sad(&mut self, mut hashes: Vec<String>) -> String {
        if self.fault == Fault::WrongHashBound {
            hashes = vec![STANDARD.encode([0; 32])];
        }
        let sad = fresh();
        self.sads.insert(sad.clone(), hashes);
        sad
    }

    fn sign(&mut self, input: &Value) -> Result<Answer, Refusal> {
        if self.fault == Fault::Broken {
            return Err(Answer::Text(500, "out of order"));
        }
        let hashes = hashes(input)?;
        // A SAD serves once, for its own hashes.
        let bound = self.sads.remove(input["SAD"].as_str().unwrap_or_default());
        if bound.as_ref() != Some(&hashes) || hashes.len() > self.plan.multisign {
            return Err(refuse(400, "invalid_request"));
        }
        let algo = input["signAlgo"].as_str().unwrap_or_default();
        if !self.plan.algo.contains(&algo) {
            return Err(refuse(400, "invalid_request"));
        }
        let digest = match input["hashAlgorithmOID"].as_str() {
            Some("2.16.840.1.101.3.4.2.1") => "sha256",
            Some("2.16.840.1.101.3.4.2.2") => "sha384",
            Some("2.16.840.1.101.3.4.2.3") => "sha512",
            _ => return Err(refuse(400, "invalid_request")),
        };
        let pss = algo == "1.2.840.113549.1.1.10";
        if pss != input["signAlgoParams"].is_string() {
            return Err(refuse(400, "invalid_request"));
        }
        let mut signatures = Vec::new();
        for hash in &hashes {
            let mut hash = STANDARD.decode(hash).map_err(|_| refuse(400, "invalid_request"))?;
            if self.fault == Fault::WrongSignature {
                hash.reverse();
            }
            signatures.push(STANDARD.encode(self.openssl(&hash, digest, pss)));
        }
        if self.fault == Fault::FewerSignatures {
            signatures.pop();
        }
        Ok(ok(json!({ "signatures": signatures })))
    }

    fn openssl(&self, hash: &[u8], digest: &str, pss: bool) -> Vec<u8> {
        use std::io::Write as _;
        let mut command = Command::new("openssl");
        command.args(["pkeyutl", "-sign", "-inkey"]).arg(&self.plan.key);
        command.args(["-pkeyopt", &format!("digest:{digest}")]);
        if pss {
            command.args(["-pkeyopt", "rsa_padding_mode:pss"]);
            command.args(["-pkeyopt", "rsa_pss_saltlen:digest"]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("openssl is installed");
        child.stdin.take().expect("piped").write_all(hash).expect("openssl reads");
        child.wait_with_output().expect("openssl ends").stdout
    }
}

fn info() -> Answer {
    ok(json!({
        "specs": "2.0.0.2", "name": "kyso test service", "region": "VN", "lang": "vi-VN",
        "authType": ["oauth2code", "oauth2client"],
        "methods": [
            "info", "oauth2/authorize", "oauth2/token", "credentials/list", "credentials/info",
            "credentials/authorize", "credentials/authorizeCheck", "credentials/sendOTP",
            "signatures/signHash",
        ],
    }))
}

fn ok(value: Value) -> Answer {
    Answer::Json(200, value)
}

fn refuse(status: u16, error: &str) -> Answer {
    Answer::Json(status, json!({ "error": error, "error_description": "as the test wants it" }))
}

fn hashes(input: &Value) -> Result<Vec<String>, Refusal> {
    let all = input["hashes"].as_array().into_iter().flatten();
    let hashes: Vec<String> = all.filter_map(|one| Some(one.as_str()?.to_owned())).collect();
    if hashes.is_empty() { Err(refuse(400, "invalid_request")) } else { Ok(hashes) }
}

fn fresh() -> String {
    URL_SAFE.encode(random::<24>())
}

/// A form's value, decoded.
fn parameter(form: &str, name: &str) -> Option<String> {
    let value =
        form.split('&').filter_map(|pair| pair.split_once('=')).find(|one| one.0 == name)?.1;
    let mut bytes = Vec::new();
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            b'+' => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}
