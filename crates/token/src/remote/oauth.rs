//! OAuth 2.0 as the API uses it (CSC API v2 §8.4): authorization code with PKCE (RFC 7636, S256), client credentials, refresh.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use super::client::{Client, trimmed};
use super::error::{ErrorCode, Method, RemoteError};
use super::wire::Tokens;
use crate::percent;

/// What a code is asked for (§8.4.2 `scope`).
pub(super) enum Scope<'a> {
    /// Access to the service.
    Service(Option<&'a str>),
    /// One authorization of a credential, bound to hashes.
    Credential {
        /// credentialID.
        id: &'a str,
        /// Hashes in base64url.
        hashes: &'a [String],
        /// OID of their algorithm.
        hash_oid: &'a str,
    },
}

impl Client {
    /// Sends the person to the service's page and exchanges the code that comes back.
    pub(super) fn by_code(&self, scope: &Scope<'_>) -> Result<Tokens, RemoteError> {
        let agent = self.agent().ok_or(RemoteError::LoginUnsupported)?;
        let base = self.oauth_base()?;
        let mut redirect = agent.listen().map_err(RemoteError::UserAgent)?;
        // RFC 7636 §4.1: 32 random bytes make a verifier of 43 characters; `state` as in RFC 6749 §10.12.
        let verifier = random()?;
        let state = random()?;
        let challenge = ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes());
        let challenge = URL_SAFE_NO_PAD.encode(challenge);
        let address = redirect.address().to_owned();
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", self.service().client_id.as_str()),
            ("redirect_uri", &address),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", &state),
            ("lang", &self.service().lang),
        ];
        let (count, hashes);
        match scope {
            Scope::Service(scope) => query.push(("scope", scope.unwrap_or("service"))),
            Scope::Credential { id, hashes: all, hash_oid } => {
                count = all.len().to_string();
                hashes = all.join(",");
                query.push(("scope", "credential"));
                query.push(("credentialID", id));
                query.push(("numSignatures", &count));
                query.push(("hashes", &hashes));
                query.push(("hashAlgorithmOID", hash_oid));
            }
        }
        let url = format!("{base}/{}?{}", Method::OauthAuthorize.path(), *form(&query));
        let ours = |query: &str| parameter(query, "state").is_some_and(|one| *one == *state);
        let returned = redirect.visit(&url, &ours).map_err(RemoteError::UserAgent)?;
        // The agent has checked it, too; that no other return is taken is not left to it.
        if !ours(&returned) {
            return Err(RemoteError::AnswerMalformed(Method::OauthAuthorize));
        }
        if let Some(error) = parameter(&returned, "error") {
            return Err(RemoteError::Refused(Method::OauthAuthorize, ErrorCode::of(&error)));
        }
        let code = parameter(&returned, "code")
            .ok_or(RemoteError::AnswerMalformed(Method::OauthAuthorize))?;
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &address),
            ("code_verifier", &verifier),
        ])
    }

    /// Logs the program itself in (RFC 6749 §4.4).
    pub(super) fn by_secret(&self) -> Result<Tokens, RemoteError> {
        let scope = self.service().scope.as_deref().unwrap_or("service");
        self.token(&[("grant_type", "client_credentials"), ("scope", scope)])
    }

    /// A new access token for a refresh token (RFC 6749 §6).
    pub(super) fn by_refresh(&self, refresh: &str) -> Result<Tokens, RemoteError> {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", refresh)])
    }

    fn token(&self, parameters: &[(&str, &str)]) -> Result<Tokens, RemoteError> {
        let service = self.service();
        let mut all = parameters.to_vec();
        all.push(("client_id", &service.client_id));
        if let Some(secret) = &service.client_secret {
            all.push(("client_secret", secret.expose()));
        }
        let url = format!("{}/{}", self.oauth_base()?, Method::OauthToken.path());
        let body = form(&all);
        self.ask(
            Method::OauthToken,
            &url,
            None,
            "application/x-www-form-urlencoded",
            body.as_bytes(),
        )
    }

    /// Where the OAuth 2.0 server is: beside the API where `info` says nothing.
    fn oauth_base(&self) -> Result<String, RemoteError> {
        let base = self.info()?.oauth2.unwrap_or_else(|| self.service().base.clone());
        // Some services say the address with the folder of the two methods.
        let base = trimmed(&base).trim_end_matches("/oauth2").to_owned();
        if super::client::is_secure(&base) { Ok(base) } else { Err(RemoteError::NotTls) }
    }
}

/// `application/x-www-form-urlencoded`, with `%20` for a space.
fn form(parameters: &[(&str, &str)]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2048));
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(&Zeroizing::new(percent::encode(value.as_bytes())));
    }
    text
}

/// The value of a query's parameter; one that comes twice is none.
fn parameter(query: &str, name: &str) -> Option<Zeroizing<String>> {
    let mut values = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut found = values.by_ref().filter(|(key, _)| *key == name);
    let (_, value) = found.next()?;
    if found.next().is_some() {
        return None;
    }
    let value = Zeroizing::new(percent::decode(&value.replace('+', " "), b"\0").ok()?);
    std::str::from_utf8(&value).ok().map(|text| Zeroizing::new(text.to_owned()))
}

fn random() -> Result<Zeroizing<String>, RemoteError> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom::new().fill(&mut *bytes).map_err(|_none| RemoteError::NoRandomness)?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_strictly() {
        let read = |query, name| parameter(query, name).map(|text| text.to_string());
        assert_eq!(read("code=a%2Bb+c&state=x", "code").as_deref(), Some("a+b c"));
        assert_eq!(read("code=a&code=b", "code"), None);
        assert_eq!(read("code=%zz", "code"), None);
        assert_eq!(read("state=x", "code"), None);
        assert_eq!(*form(&[("a", "x y&"), ("b", "ữ")]), "a=x%20y%26&b=%E1%BB%AF");
    }
}
