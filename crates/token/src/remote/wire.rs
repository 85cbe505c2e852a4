//! JSON of the CSC API v2 (§11), as far as it is needed; members that are not listed are passed over.

use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// Output of `info` (§11.1).
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Info {
    #[serde(default)]
    pub(super) name: String,
    #[serde(default, rename = "authType")]
    pub(super) auth_type: Vec<String>,
    pub(super) oauth2: Option<String>,
    #[serde(default)]
    pub(super) methods: Vec<String>,
}

/// An error object (§10.1).
#[derive(Deserialize)]
pub(super) struct ErrorObject {
    pub(super) error: String,
}

/// Output of `oauth2/token` (§8.4.4).
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) access_token: Secret,
    pub(super) refresh_token: Option<Secret>,
}

/// Input of `info`.
#[derive(Serialize)]
pub(super) struct InfoInput<'a> {
    pub(super) lang: &'a str,
}

/// Input of `credentials/list` (§11.4).
#[derive(Serialize)]
pub(super) struct ListInput {}

/// Its output.
#[derive(Deserialize)]
pub(super) struct List {
    #[serde(rename = "credentialIDs")]
    pub(super) credential_ids: Vec<String>,
}

/// Input of `credentials/info` (§11.5).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CredentialInput<'a> {
    #[serde(rename = "credentialID")]
    pub(super) credential_id: &'a str,
    pub(super) certificates: &'static str,
    pub(super) auth_info: bool,
}

/// Its output.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct CredentialInfo {
    #[serde(default)]
    pub(super) description: String,
    pub(super) key: KeyInfo,
    #[serde(default)]
    pub(super) cert: CertInfo,
    #[serde(default)]
    pub(super) auth: AuthInfo,
    pub(super) multisign: usize,
}

/// `key` of it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct KeyInfo {
    pub(super) status: String,
    pub(super) algo: Vec<String>,
}

/// `cert` of it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct CertInfo {
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) certificates: Vec<String>,
}

/// `auth` of it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct AuthInfo {
    #[serde(default)]
    pub(super) mode: String,
    pub(super) expression: Option<String>,
    #[serde(default)]
    pub(super) objects: Vec<AuthObject>,
}

/// One of its `objects`: something that the person is asked for.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct AuthObject {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: String,
    pub(super) generator: Option<String>,
}

/// Input of `credentials/authorize` (§11.6).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuthorizeInput<'a> {
    #[serde(rename = "credentialID")]
    pub(super) credential_id: &'a str,
    pub(super) num_signatures: usize,
    pub(super) hashes: &'a [String],
    #[serde(rename = "hashAlgorithmOID")]
    pub(super) hash_algorithm_oid: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) auth_data: &'a [AuthData<'a>],
}

/// One of its `authData`.
#[derive(Serialize)]
pub(super) struct AuthData<'a> {
    pub(super) id: &'a str,
    pub(super) value: &'a str,
}

/// Its output: a SAD, or a handle where the person answers elsewhere.
#[derive(Deserialize)]
pub(super) struct Authorization {
    #[serde(rename = "SAD")]
    pub(super) sad: Option<Secret>,
    pub(super) handle: Option<String>,
}

/// Input of `credentials/authorizeCheck` (§11.7).
#[derive(Serialize)]
pub(super) struct CheckInput<'a> {
    pub(super) handle: &'a str,
}

/// Input of `credentials/getChallenge` (§11.8) and `credentials/sendOTP`.
#[derive(Serialize)]
pub(super) struct ChallengeInput<'a> {
    #[serde(rename = "credentialID")]
    pub(super) credential_id: &'a str,
}

/// An output of which nothing is needed.
#[derive(Deserialize)]
pub(super) struct Nothing {}

/// Input of `signatures/signHash` (§11.10).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SignInput<'a> {
    #[serde(rename = "credentialID")]
    pub(super) credential_id: &'a str,
    #[serde(rename = "SAD")]
    pub(super) sad: &'a str,
    pub(super) hashes: &'a [String],
    #[serde(rename = "hashAlgorithmOID")]
    pub(super) hash_algorithm_oid: &'a str,
    pub(super) sign_algo: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sign_algo_params: Option<String>,
    pub(super) operation_mode: &'static str,
}

/// Its output.
#[derive(Deserialize)]
pub(super) struct Signatures {
    pub(super) signatures: Vec<String>,
}
