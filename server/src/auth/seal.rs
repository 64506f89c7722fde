//! Sealing what only the bearer of a login cookie may have read again: AES-256-GCM under a key that the cookie's secret
//! gives. What lies in the database is of no use without the browser.

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hmac,
    rand::SecureRandom,
};

use super::AuthError;

const LABEL: &[u8] = b"unisson id token 1";

fn key(secret: &[u8]) -> Option<LessSafeKey> {
    let bytes = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), LABEL);
    UnboundKey::new(&AES_256_GCM, bytes.as_ref()).ok().map(LessSafeKey::new)
}

/// Seals `text` for the bearer of `secret`.
pub(super) fn seal(secret: &[u8], text: &str, random: &dyn SecureRandom) -> Result<Vec<u8>, AuthError> {
    let mut nonce = [0_u8; NONCE_LEN];
    random.fill(&mut nonce).map_err(|_| AuthError::NoRandomness)?;
    let mut sealed = text.as_bytes().to_vec();
    let key = key(secret).ok_or(AuthError::BadKey)?;
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
        .map_err(|_| AuthError::BadKey)?;
    Ok([&nonce[..], &sealed].concat())
}

/// What was sealed for the bearer of `secret`.
pub(super) fn open(secret: &[u8], sealed: &[u8]) -> Option<String> {
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
    let mut text = sealed.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let opened = key(secret)?.open_in_place(nonce, Aad::empty(), &mut text).ok()?;
    String::from_utf8(opened.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;

    use super::*;

    #[test]
    fn only_the_bearer_reads_what_was_sealed() {
        let random = SystemRandom::new();
        let sealed = seal(&[7; 32], "a token", &random).expect("sealed");
        assert_eq!(open(&[7; 32], &sealed).as_deref(), Some("a token"));
        assert_eq!(open(&[8; 32], &sealed), None);
        let mut changed = sealed.clone();
        changed[NONCE_LEN] ^= 1;
        assert_eq!(open(&[7; 32], &changed), None);
        assert_eq!(open(&[7; 32], &sealed[..5]), None);
        assert_ne!(seal(&[7; 32], "a token", &random).expect("sealed"), sealed);
    }
}
