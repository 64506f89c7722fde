//! Secrets of links that others make: random, and kept as a hash.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Auth, AuthError, login::hash};

/// A fresh secret.
#[derive(Debug)]
pub struct Secret {
    /// For the link, and for nothing else.
    pub text: String,
    /// For the database.
    pub hash: Vec<u8>,
}

impl Auth {
    /// 32 random bytes.
    pub fn secret(&self) -> Result<Secret, AuthError> {
        let bytes = self.random::<32>()?;
        Ok(Secret { text: URL_SAFE_NO_PAD.encode(bytes), hash: hash(&bytes) })
    }

    /// What is kept of a secret that somebody brings; `None` for what can't be one.
    pub fn secret_hash(text: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok()?;
        (bytes.len() == 32).then(|| hash(&bytes))
    }
}
