//! Content digests: SHA-256, over RFC 8785 canonical JSON where the content is structured.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

/// A SHA-256 digest. Written as 64 lowercase hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The first 8 bytes as a number: a hash that needs no hashing.
    pub fn leading(&self) -> u64 {
        u64::from_le_bytes(self.0.first_chunk().copied().unwrap_or_default())
    }

    /// The digest of raw bytes.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of a value's RFC 8785 (JCS) canonical form, so that key order and white space never matter.
    ///
    /// # Panics
    /// Never for values that serialise to JSON: numbers in `serde_json` are finite and keys are strings.
    pub fn of_json<T: Serialize>(value: &T) -> Self {
        let canonical =
            serde_json_canonicalizer::to_vec(value).expect("plain data structures always have a canonical JSON form");
        Self::of_bytes(&canonical)
    }

    /// A digest that is fed piece by piece.
    pub fn stream() -> DigestStream {
        DigestStream(Sha256::new())
    }

    /// Rebuilds a digest from its 32 bytes; `None` when the length differs.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first 12 hexadecimal digits, for people; never used as an identity.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

/// A digest in the making: the result is that of all the pieces put together.
#[derive(Clone, Debug)]
pub struct DigestStream(Sha256);

impl DigestStream {
    /// Feeds a piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Feeds the RFC 8785 canonical form of a value, as [`Digest::of_json`] takes it.
    ///
    /// # Panics
    /// As [`Digest::of_json`].
    pub fn update_json<T: Serialize>(&mut self, value: &T) {
        let canonical =
            serde_json_canonicalizer::to_vec(value).expect("plain data structures always have a canonical JSON form");
        self.update(&canonical);
    }

    /// The digest of everything fed.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut hex = [0u8; 64];
        for (i, byte) in self.0.iter().enumerate() {
            hex[2 * i] = HEX[usize::from(byte >> 4)];
            hex[2 * i + 1] = HEX[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&hex).map_err(|_| fmt::Error)?)
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", self.short())
    }
}

/// A text that is not 64 hexadecimal digits.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a digest: 64 hexadecimal digits are expected")]
pub struct NotADigest(String);

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        // Read for every row of a run: no faster way is left out.
        let digit = |of: u8| match of {
            b'0'..=b'9' => of - b'0',
            b'a'..=b'f' => of - b'a' + 10,
            b'A'..=b'F' => of - b'A' + 10,
            _ => u8::MAX,
        };
        let (pairs, rest) = s.as_bytes().as_chunks::<2>();
        let (mut bytes, mut most) = ([0u8; 32], 0);
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (digit(*high), digit(*low));
            most = most.max(high).max(low);
            *byte = (high << 4) | (low & 15);
        }
        match pairs.len() == bytes.len() && rest.is_empty() && most < 16 {
            true => Ok(Self(bytes)),
            false => Err(NotADigest(s.chars().take(80).collect())),
        }
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Digest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256 in hexadecimal"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn key_order_and_number_spelling_do_not_change_a_digest() {
        let a: serde_json::Value = serde_json::from_str(r#"{"b": 1.0, "a": [true, null]}"#).unwrap();
        let b: serde_json::Value = serde_json::from_str(r#"{"a":[true,null],"b":1}"#).unwrap();
        assert_eq!(Digest::of_json(&a), Digest::of_json(&b));
        assert_ne!(Digest::of_json(&a), Digest::of_json(&json!({"a": [true], "b": 1})));
    }

    #[test]
    fn a_digest_survives_its_text_form() {
        // RFC 6234 test vector for "abc".
        let digest = Digest::of_bytes(b"abc");
        assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        assert!("ba78".parse::<Digest>().is_err());
    }
}
