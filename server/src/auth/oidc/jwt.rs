//! Signed tokens of a provider: JWS with RS256, PS256 or ES256 (RFC 7515, RFC 7518), and the keys they are checked with.
//!
//! The keys say what they are good for: a token chooses among them by its header, and never an algorithm that its key is
//! not made for. Whatever is signed with a shared secret, or with nothing, is refused.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest,
    signature::{
        ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
        RsaPublicKeyComponents, UnparsedPublicKey,
    },
};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};

/// Longer than any token a provider should send.
const MAX_BYTES: usize = 64 * 1024;
/// Clocks differ: a token counts this much beyond its end, and before its beginning.
pub(super) const LEEWAY_SECONDS: f64 = 60.0;

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untrue {
    #[error("it is no signed token")]
    Malformed,
    #[error("it is signed in a way that is not taken here")]
    Algorithm,
    #[error("the provider lists no such key")]
    NoKey,
    #[error("its signature does not hold")]
    Signature,
    #[error("it comes from another issuer")]
    Issuer,
    #[error("it is meant for another client")]
    Audience,
    #[error("it has expired")]
    Expired,
    #[error("it is from the future")]
    Early,
    #[error("it answers another sign-in")]
    Nonce,
    #[error("it belongs to another access token")]
    AccessToken,
    #[error("it speaks of another person")]
    Subject,
}

/// A provider's keys.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Keys {
    keys: Vec<Value>,
}

/// One of them, of a sort that is known here.
#[derive(Debug, Deserialize)]
#[serde(tag = "kty")]
enum Material {
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    #[serde(rename = "EC")]
    Curve { crv: String, x: String, y: String },
}

#[derive(Debug, Deserialize)]
struct Label {
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    alg: Option<String>,
    #[serde(default, rename = "use")]
    purpose: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    crit: Option<IgnoredAny>,
}

#[derive(Clone, Copy)]
enum Algorithm {
    Rsa(&'static RsaParameters),
    P256,
}

impl Keys {
    /// What a token says, if one of these keys has signed it.
    pub fn read(&self, token: &str) -> Result<Map<String, Value>, Untrue> {
        if token.len() > MAX_BYTES {
            return Err(Untrue::Malformed);
        }
        let (signed, signature) = token.trim().rsplit_once('.').ok_or(Untrue::Malformed)?;
        let (header, body) = signed.split_once('.').ok_or(Untrue::Malformed)?;
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Untrue::Malformed)?;
        if header.crit.is_some() {
            return Err(Untrue::Algorithm);
        }
        let algorithm = match header.alg.as_str() {
            "RS256" => Algorithm::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            "PS256" => Algorithm::Rsa(&RSA_PSS_2048_8192_SHA256),
            "ES256" => Algorithm::P256,
            _ => return Err(Untrue::Algorithm),
        };
        let signature = decode(signature)?;
        let mut refusal = Untrue::NoKey;
        for key in &self.keys {
            let Ok(label) = Label::deserialize(key) else { continue };
            let is_named = header.kid.is_none() || label.kid == header.kid;
            let is_meant = label.alg.as_deref().is_none_or(|alg| alg == header.alg)
                && label.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
            if !(is_named && is_meant) {
                continue;
            }
            let Ok(material) = Material::deserialize(key) else { continue };
            match holds(algorithm, &material, signed.as_bytes(), &signature) {
                None => {}
                Some(false) => refusal = Untrue::Signature,
                Some(true) => return serde_json::from_slice(&decode(body)?).map_err(|_| Untrue::Malformed),
            }
        }
        Err(refusal)
    }
}

/// Whether a signature holds; `None` where the key is of another sort.
fn holds(algorithm: Algorithm, material: &Material, signed: &[u8], signature: &[u8]) -> Option<bool> {
    match (algorithm, material) {
        (Algorithm::Rsa(parameters), Material::Rsa { n, e }) => {
            let key = RsaPublicKeyComponents { n: decode(n).ok()?, e: decode(e).ok()? };
            Some(key.verify(parameters, signed, signature).is_ok())
        }
        (Algorithm::P256, Material::Curve { crv, x, y }) if crv == "P-256" => {
            let point = [vec![4], decode(x).ok()?, decode(y).ok()?].concat();
            Some(UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed, signature).is_ok())
        }
        _ => None,
    }
}

fn decode(piece: &str) -> Result<Vec<u8>, Untrue> {
    URL_SAFE_NO_PAD.decode(piece).map_err(|_| Untrue::Malformed)
}

/// What a token has to agree with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    /// Seconds since 1970.
    pub now: f64,
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

fn is_for(claims: &Map<String, Value>, client_id: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == client_id,
        // With several, the token has to say that it was issued to us.
        Some(Value::Array(all)) => {
            let named = all.iter().any(|one| one.as_str() == Some(client_id));
            named && (all.len() == 1 || text(claims, "azp") == Some(client_id))
        }
        _ => false,
    }
}

/// The rules for an ID token (OpenID Connect Core, 3.1.3.7).
pub(super) fn check_id_token(
    claims: &Map<String, Value>,
    expected: Expected<'_>,
    nonce: &str,
    access_token: &str,
) -> Result<(), Untrue> {
    if text(claims, "iss") != Some(expected.issuer) {
        return Err(Untrue::Issuer);
    }
    let is_party = text(claims, "azp").is_none_or(|party| party == expected.client_id);
    if !is_for(claims, expected.client_id) || !is_party {
        return Err(Untrue::Audience);
    }
    check_times(claims, expected.now, true)?;
    if text(claims, "nonce") != Some(nonce) {
        return Err(Untrue::Nonce);
    }
    if let Some(hash) = text(claims, "at_hash") {
        let whole = digest::digest(&digest::SHA256, access_token.as_bytes());
        let half = &whole.as_ref()[..whole.as_ref().len() / 2];
        if hash != URL_SAFE_NO_PAD.encode(half) {
            return Err(Untrue::AccessToken);
        }
    }
    match text(claims, "sub") {
        Some(subject) if !subject.is_empty() && subject.len() <= 255 => Ok(()),
        _ => Err(Untrue::Subject),
    }
}

/// The rules for signed userinfo (5.3.2): what it says of its origin has to be right.
pub(super) fn check_userinfo(claims: &Map<String, Value>, expected: Expected<'_>) -> Result<(), Untrue> {
    if claims.contains_key("iss") && text(claims, "iss") != Some(expected.issuer) {
        return Err(Untrue::Issuer);
    }
    if claims.contains_key("aud") && !is_for(claims, expected.client_id) {
        return Err(Untrue::Audience);
    }
    check_times(claims, expected.now, false)
}

fn check_times(claims: &Map<String, Value>, now: f64, needs_end: bool) -> Result<(), Untrue> {
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64);
    match seconds("exp") {
        Some(end) if end + LEEWAY_SECONDS <= now => return Err(Untrue::Expired),
        None if needs_end || claims.contains_key("exp") => return Err(Untrue::Expired),
        _ => {}
    }
    let is_early = |name: &str| seconds(name).is_some_and(|at| at - LEEWAY_SECONDS > now);
    if is_early("iat") || is_early("nbf") { Err(Untrue::Early) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
    };
    use serde_json::json;

    use super::*;

    struct Signer {
        pair: EcdsaKeyPair,
        random: SystemRandom,
    }

    impl Signer {
        fn new() -> Self {
            let random = SystemRandom::new();
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("made");
            let pair =
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).expect("read");
            Self { pair, random }
        }

        fn keys(&self, more: Value) -> Keys {
            let point = self.pair.public_key().as_ref();
            let mut key = json!({
                "kty": "EC", "crv": "P-256", "kid": "one",
                "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..]),
            });
            key.as_object_mut().expect("a key").extend(more.as_object().expect("more").clone());
            let odd = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AA" });
            serde_json::from_value(json!({ "keys": [odd, key] })).expect("keys")
        }

        fn sign(&self, header: Value, claims: &Value) -> String {
            let signed = format!(
                "{}.{}",
                URL_SAFE_NO_PAD.encode(header.to_string()),
                URL_SAFE_NO_PAD.encode(claims.to_string())
            );
            let signature = self.pair.sign(&self.random, signed.as_bytes()).expect("signed");
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
        }
    }

    #[test]
    fn a_token_is_read_by_its_key_and_no_other() {
        let signer = Signer::new();
        let claims = json!({ "sub": "awa" });
        let header = json!({ "alg": "ES256", "kid": "one" });
        let token = signer.sign(header.clone(), &claims);
        let plain = json!({});
        assert_eq!(signer.keys(plain.clone()).read(&token).expect("read")["sub"], "awa");
        assert_eq!(Signer::new().keys(plain.clone()).read(&token), Err(Untrue::Signature));
        let other = signer.sign(json!({ "alg": "ES256", "kid": "two" }), &claims);
        assert_eq!(signer.keys(plain.clone()).read(&other), Err(Untrue::NoKey));
        let nameless = signer.sign(json!({ "alg": "ES256" }), &claims);
        assert!(signer.keys(plain.clone()).read(&nameless).is_ok());
        for meant in [json!({ "use": "enc" }), json!({ "alg": "RS256" })] {
            assert_eq!(signer.keys(meant).read(&token), Err(Untrue::NoKey));
        }
        let mut changed = token.clone().into_bytes();
        let at = token.find('.').expect("a dot") + 2;
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("ascii");
        assert_eq!(signer.keys(plain).read(&changed), Err(Untrue::Signature));
    }

    #[test]
    fn the_algorithm_is_not_the_bearers_to_choose() {
        let signer = Signer::new();
        let keys = signer.keys(json!({}));
        let claims = json!({ "sub": "awa" });
        for header in [json!({ "alg": "none" }), json!({ "alg": "HS256" }), json!({ "alg": "ES256", "crit": ["x"] })] {
            assert_eq!(keys.read(&signer.sign(header, &claims)), Err(Untrue::Algorithm));
        }
        assert_eq!(keys.read(&signer.sign(json!({ "alg": "RS256" }), &claims)), Err(Untrue::NoKey));
        for junk in ["", "a", "a.b", "a.b.c", "..", &"x".repeat(MAX_BYTES + 1)] {
            assert_eq!(keys.read(junk), Err(Untrue::Malformed), "{junk}");
        }
    }

    #[test]
    fn a_known_token_of_another_library_is_read() {
        // RFC 7515, appendix A.2: RS256.
        let keys: Keys = serde_json::from_value(json!({ "keys": [{ "kty": "RSA", "e": "AQAB",
            "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0B\
                  m4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5\
                  z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7\
                  aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ" }] }))
        .expect("keys");
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19\
                     yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt\
                     _O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb\
                     1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI\
                     8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
        assert_eq!(keys.read(token).expect("read")["iss"], "joe");
    }

    #[test]
    fn an_id_token_is_ours_now_and_of_this_sign_in() {
        let expected = Expected { issuer: "https://id", client_id: "us", now: 1000.0 };
        let good = json!({ "iss": "https://id", "aud": "us", "exp": 1300, "iat": 1000, "nonce": "n", "sub": "awa" });
        let judged = |change: Value| {
            let mut claims = good.as_object().expect("claims").clone();
            for (name, value) in change.as_object().expect("a change") {
                match value {
                    Value::Null => claims.remove(name),
                    value => claims.insert(name.clone(), value.clone()),
                };
            }
            check_id_token(&claims, expected, "n", "access")
        };
        let table = [
            (json!({}), Ok(())),
            (json!({ "iss": "https://other" }), Err(Untrue::Issuer)),
            (json!({ "iss": null }), Err(Untrue::Issuer)),
            (json!({ "aud": "them" }), Err(Untrue::Audience)),
            (json!({ "aud": ["us"] }), Ok(())),
            (json!({ "aud": ["us", "them"] }), Err(Untrue::Audience)),
            (json!({ "aud": ["us", "them"], "azp": "us" }), Ok(())),
            (json!({ "azp": "them" }), Err(Untrue::Audience)),
            (json!({ "exp": 941 }), Ok(())),
            (json!({ "exp": 940 }), Err(Untrue::Expired)),
            (json!({ "exp": null }), Err(Untrue::Expired)),
            (json!({ "exp": "never" }), Err(Untrue::Expired)),
            (json!({ "iat": 1060 }), Ok(())),
            (json!({ "iat": 1061 }), Err(Untrue::Early)),
            (json!({ "nbf": 2000 }), Err(Untrue::Early)),
            (json!({ "nonce": "m" }), Err(Untrue::Nonce)),
            (json!({ "nonce": null }), Err(Untrue::Nonce)),
            (json!({ "at_hash": "x" }), Err(Untrue::AccessToken)),
            (json!({ "sub": null }), Err(Untrue::Subject)),
            (json!({ "sub": "" }), Err(Untrue::Subject)),
        ];
        for (change, outcome) in table {
            assert_eq!(judged(change.clone()), outcome, "{change}");
        }
    }

    #[test]
    fn signed_userinfo_may_say_little_but_nothing_wrong() {
        let expected = Expected { issuer: "https://id", client_id: "us", now: 1000.0 };
        let judged = |claims: Value| check_userinfo(claims.as_object().expect("claims"), expected);
        assert_eq!(judged(json!({ "sub": "awa" })), Ok(()));
        assert_eq!(judged(json!({ "iss": "https://other" })), Err(Untrue::Issuer));
        assert_eq!(judged(json!({ "aud": "them" })), Err(Untrue::Audience));
        assert_eq!(judged(json!({ "exp": 10 })), Err(Untrue::Expired));
        assert_eq!(judged(json!({ "iss": "https://id", "aud": ["us"], "exp": 2000, "iat": 990 })), Ok(()));
    }
}
