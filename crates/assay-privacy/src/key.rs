//! The key behind hashes, tokens and audit digests.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::kind::Kind;

/// A secret of at least 32 bytes, split into one key for each use. It is wiped from memory when dropped and never printed.
pub struct Key {
    siv: Zeroizing<[u8; 64]>,
    hash: Zeroizing<[u8; 32]>,
    digest: Zeroizing<[u8; 32]>,
    id: String,
}

/// A key that cannot be used. Says nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Fewer than 32 bytes.
    #[error("a key has at least 32 random bytes, this one has {0}; make one with `openssl rand -hex 32`")]
    Short(usize),
    /// Neither hexadecimal nor base64.
    #[error("a key is written as hexadecimal digits or base64; make one with `openssl rand -hex 32`")]
    Encoding,
    /// The same byte over and over.
    #[error("this key is the same byte over and over; make one with `openssl rand -hex 32`")]
    Weak,
}

impl Key {
    /// Derives the keys from a secret as HKDF-Expand does (RFC 5869, 2.3): HMAC-SHA-256 of a label under the secret.
    ///
    /// # Errors
    /// [`KeyError::Short`] below 32 bytes.
    pub fn new(secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() < 32 {
            return Err(KeyError::Short(secret.len()));
        }
        let derive = |label: &str| Zeroizing::new(mac(secret, &[label.as_bytes(), &[1]]));
        let mut siv = Zeroizing::new([0; 64]);
        siv[..32].copy_from_slice(&*derive("assay-privacy/v1/token/mac"));
        siv[32..].copy_from_slice(&*derive("assay-privacy/v1/token/cipher"));
        let id = data_encoding::HEXLOWER.encode(&derive("assay-privacy/v1/id")[..8]);
        Ok(Self { siv, hash: derive("assay-privacy/v1/hash"), digest: derive("assay-privacy/v1/digest"), id })
    }

    /// Reads a secret as it stands in a key file: hexadecimal digits or base64, white space around it.
    ///
    /// # Errors
    /// When it is neither, too short, or obviously not random.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let text = text.trim().as_bytes();
        let secret = data_encoding::HEXLOWER_PERMISSIVE
            .decode(text)
            .or_else(|_| data_encoding::BASE64.decode(text))
            .or_else(|_| data_encoding::BASE64URL_NOPAD.decode(text))
            .map(Zeroizing::new)
            .map_err(|_| KeyError::Encoding)?;
        if secret.len() >= 32 && secret.windows(2).all(|pair| pair[0] == pair[1]) {
            return Err(KeyError::Weak);
        }
        Self::new(&secret)
    }

    /// Names the key in audit rows without telling anything of it: 16 hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn siv(&self) -> &[u8; 64] {
        &self.siv
    }

    /// The keyed hash that replaces a value: the same person is the same pseudonym.
    pub(crate) fn hash(&self, kind: &Kind, canonical: &str) -> [u8; 32] {
        mac(&*self.hash, &[kind.as_str().as_bytes(), &[0], canonical.as_bytes()])
    }

    /// The digest of a value for audit rows: 32 hexadecimal digits.
    pub(crate) fn digest(&self, kind: &Kind, value: &str) -> String {
        let digest = mac(&*self.digest, &[kind.as_str().as_bytes(), &[0], value.as_bytes()]);
        data_encoding::HEXLOWER.encode(&digest[..16])
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_long_random_and_never_printed() {
        assert_eq!(Key::new(&[1; 31]).unwrap_err(), KeyError::Short(31));
        assert_eq!(Key::parse("not a key!").unwrap_err(), KeyError::Encoding);
        assert_eq!(Key::parse(&"00".repeat(32)).unwrap_err(), KeyError::Weak);
        let written = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
        let key = Key::parse(&format!(" {written}\n")).unwrap();
        let same = Key::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap();
        assert_eq!(key.id(), same.id());
        assert!(!format!("{key:?}").contains("0001"));
    }
}
