//! Signed tokens: JWT with HMAC-SHA-256 (RFC 7519, RFC 7515), and nothing else of that family.
//!
//! A token names one document, one access and one person. Its header is the fixed one that is written here, so
//! no algorithm is ever chosen by the bearer; the signature is compared in constant time; `exp` is required and
//! may not lie further ahead than [`MAX_TTL`]. The key is in the database's settings and is shared by all nodes.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::access::{Access, Denied};

/// A token that is valid for longer than this is not taken, whoever signed it.
pub const MAX_TTL: Duration = Duration::days(366);
/// Clocks differ: a token counts this much beyond its end, and before its beginning.
const LEEWAY: Duration = Duration::seconds(30);
/// Longer than any token that is made here.
const MAX_BYTES: usize = 8 * 1024;

const KEY_BYTES: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    Read,
    Write,
}

impl From<Scope> for Access {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Access::Read,
            Scope::Write => Access::Write,
        }
    }
}

/// What a token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The person, as the signer knows them.
    pub sub: String,
    /// Shown to the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The document's plain name.
    pub doc: String,
    pub access: Scope,
    /// Seconds since 1970.
    pub exp: i64,
    pub iat: i64,
}

impl Claims {
    /// From when on a bearer is asked for another token, and when this one no longer counts.
    pub fn end(&self) -> Result<(OffsetDateTime, OffsetDateTime), Denied> {
        let end = OffsetDateTime::from_unix_timestamp(self.exp).map_err(|_| Denied::BadToken)?;
        Ok((end, end.checked_add(LEEWAY).ok_or(Denied::BadToken)?))
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    #[serde(default)]
    crit: Option<serde_json::Value>,
}

/// Signs and verifies. Its `Debug` shows nothing.
#[derive(Clone)]
pub struct TokenKey(hmac::Key);

impl std::fmt::Debug for TokenKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TokenKey")
    }
}

impl TokenKey {
    /// From the bytes in the settings; `None` if they are too few to be a key.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        (bytes.len() >= KEY_BYTES).then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// A mark that only a node of this instance can make of these words, and that says nothing of them.
    pub fn mark(&self, words: &[&str]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(b"unisson mark");
        for word in words {
            context.update(&(word.len() as u64).to_le_bytes());
            context.update(word.as_bytes());
        }
        context.sign().as_ref().to_vec()
    }

    pub fn sign(&self, claims: &Claims) -> Result<String, serde_json::Error> {
        let header = URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#);
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims)?);
        let signed = format!("{header}.{body}");
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, signed.as_bytes()));
        Ok(format!("{signed}.{signature}"))
    }

    /// The claims of a token that is ours and counts at `now`.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Claims, Denied> {
        if token.len() > MAX_BYTES {
            return Err(Denied::BadToken);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(Denied::BadToken)?;
        let (header, body) = signed.split_once('.').ok_or(Denied::BadToken)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Denied::BadToken)?;
        hmac::verify(&self.0, signed.as_bytes(), &signature).map_err(|_| Denied::BadToken)?;
        let header: Header = decode(header)?;
        let plain = header.alg == "HS256" && header.crit.is_none();
        if !plain || header.typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
            return Err(Denied::BadToken);
        }
        let claims: Claims = decode(body)?;
        let now = now.unix_timestamp();
        if claims.exp.saturating_add(LEEWAY.whole_seconds()) <= now {
            return Err(Denied::Expired);
        }
        let too_long = claims.exp > now.saturating_add(MAX_TTL.whole_seconds()).saturating_add(LEEWAY.whole_seconds());
        let from_the_future = claims.iat > now.saturating_add(LEEWAY.whole_seconds());
        if too_long || from_the_future || claims.sub.is_empty() || claims.doc.is_empty() {
            return Err(Denied::BadToken);
        }
        Ok(claims)
    }
}

fn decode<T: serde::de::DeserializeOwned>(piece: &str) -> Result<T, Denied> {
    let bytes = URL_SAFE_NO_PAD.decode(piece).map_err(|_| Denied::BadToken)?;
    serde_json::from_slice(&bytes).map_err(|_| Denied::BadToken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> TokenKey {
        TokenKey::new(&[7; 32]).expect("long enough")
    }

    fn now() -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_800_000_000).expect("a time")
    }

    fn claims() -> Claims {
        let at = now().unix_timestamp();
        Claims { sub: "u1".into(), name: None, doc: "d/1".into(), access: Scope::Write, exp: at + 60, iat: at }
    }

    fn forged(header: &str, body: &str) -> String {
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(body));
        let signature = URL_SAFE_NO_PAD.encode(hmac::sign(&key().0, signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    #[test]
    fn what_was_signed_is_read_back() {
        let token = key().sign(&claims()).expect("signs");
        assert_eq!(key().verify(&token, now()), Ok(claims()));
        assert!(token.starts_with("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."));
    }

    #[test]
    fn a_known_token_of_another_library_is_read() {
        // RFC 7515, appendix A.1, with its own key and claims: the signature must verify, the claims lack ours.
        let bytes = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .expect("base64");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let signed = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                      eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = URL_SAFE_NO_PAD.decode("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").expect("base64");
        assert!(hmac::verify(&key, signed.as_bytes(), &signature).is_ok());
    }

    #[test]
    fn another_key_or_a_changed_letter_is_a_bad_token() {
        let token = key().sign(&claims()).expect("signs");
        let other = TokenKey::new(&[8; 32]).expect("long enough");
        assert_eq!(other.verify(&token, now()), Err(Denied::BadToken));
        for at in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ascii");
            assert_eq!(key().verify(&changed, now()), Err(Denied::BadToken), "letter {at}");
        }
        for junk in ["", ".", "..", "a.b", "a.b.c", &token[..token.len() - 1], &format!("{token}.")] {
            assert_eq!(key().verify(junk, now()), Err(Denied::BadToken), "{junk}");
        }
    }

    #[test]
    fn the_header_is_not_the_bearers_to_choose() {
        let body = serde_json::to_string(&claims()).expect("json");
        assert!(key().verify(&forged(r#"{"alg":"HS256"}"#, &body), now()).is_ok());
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS512"}"#,
            r#"{"alg":"HS256","crit":["x"]}"#,
            r#"{"alg":"HS256","typ":"JWE"}"#,
            "{}",
        ] {
            assert_eq!(key().verify(&forged(header, &body), now()), Err(Denied::BadToken), "{header}");
        }
    }

    #[test]
    fn the_end_is_required_kept_and_not_too_far() {
        let token = key().sign(&claims()).expect("signs");
        assert!(key().verify(&token, now() + Duration::seconds(89)).is_ok());
        assert_eq!(key().verify(&token, now() + Duration::seconds(90)), Err(Denied::Expired));
        let endless = Claims { exp: i64::MAX, ..claims() };
        assert_eq!(key().verify(&key().sign(&endless).expect("signs"), now()), Err(Denied::BadToken));
        let future = Claims { iat: now().unix_timestamp() + 3600, ..claims() };
        assert_eq!(key().verify(&key().sign(&future).expect("signs"), now()), Err(Denied::BadToken));
        let without = forged(r#"{"alg":"HS256"}"#, r#"{"sub":"u1","doc":"d","access":"read","iat":0}"#);
        assert_eq!(key().verify(&without, now()), Err(Denied::BadToken));
    }
}
