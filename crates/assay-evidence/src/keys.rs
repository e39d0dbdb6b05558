//! Ed25519 keys (RFC 8032) as PEM files: PKCS#8 for the private one, SubjectPublicKeyInfo for the public one (RFC 8410), as
//! `openssl genpkey -algorithm ed25519` writes them.

use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signer as _, VerifyingKey};
use zeroize::{Zeroize, Zeroizing};

use crate::EvidenceError;
use assay_core::Digest;

/// What comes before the 32 bytes of a private key in PKCS#8: RFC 8410, section 7, version 1, no attributes.
const PRIVATE: [u8; 16] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
/// What comes before the 32 bytes of a public key: RFC 8410, section 4.
const PUBLIC: [u8; 12] = [48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0];

/// A public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads a PEM file.
    ///
    /// # Errors
    /// Anything but one Ed25519 public key.
    pub fn from_pem(text: &str) -> Result<Self, EvidenceError> {
        if text.contains("PRIVATE KEY-----") {
            return Err(EvidenceError::Key("this is a private key; the public one is asked for".into()));
        }
        let bytes = pem(text, "PUBLIC KEY")?;
        let raw = bytes
            .strip_prefix(&PUBLIC)
            .and_then(|raw| <[u8; 32]>::try_from(raw).ok())
            .ok_or_else(|| EvidenceError::Key("this is no Ed25519 public key".into()))?;
        Self::from_bytes(&raw)
    }

    /// From its 32 bytes.
    ///
    /// # Errors
    /// Bytes that are no point of the curve.
    pub fn from_bytes(raw: &[u8; 32]) -> Result<Self, EvidenceError> {
        let key = VerifyingKey::from_bytes(raw)
            .map_err(|_| EvidenceError::Key("these bytes are no Ed25519 public key".into()))?;
        Ok(Self(key))
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The PEM file.
    pub fn to_pem(&self) -> String {
        let der = [PUBLIC.as_slice(), self.as_bytes()].concat();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", BASE64.encode(&der))
    }

    /// Its name in envelopes: the SHA-256 of its 32 bytes in hexadecimal digits.
    pub fn id(&self) -> String {
        Digest::of_bytes(self.as_bytes()).to_string()
    }

    /// Whether a signature over these bytes is of this key. Signatures in a second form of the same number, and keys of
    /// small order, are refused.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else { return false };
        self.0.verify_strict(message, &signature).is_ok()
    }
}

/// Whatever can sign: a key at hand, or a program that has it.
pub trait Signer: Send + Sync {
    /// The public key of its signatures.
    fn public(&self) -> PublicKey;

    /// Signs bytes.
    ///
    /// # Errors
    /// A signer that fails.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], EvidenceError>;
}

/// A private key. Its bytes are wiped from memory when it is dropped.
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// From 32 random bytes, which are wiped.
    pub fn from_seed(mut seed: [u8; 32]) -> Self {
        let key = Self(ed25519_dalek::SigningKey::from_bytes(&seed));
        seed.zeroize();
        key
    }

    /// Reads a PEM file.
    ///
    /// # Errors
    /// Anything but one unencrypted Ed25519 private key. The message never holds any of it.
    pub fn from_pem(text: &str) -> Result<Self, EvidenceError> {
        if text.contains("ENCRYPTED PRIVATE KEY-----") {
            return Err(EvidenceError::Key(
                "the private key is encrypted: decrypt it where it is used (`openssl pkey`), or sign by a program with \
                 `--signer`"
                    .into(),
            ));
        }
        let bytes = Zeroizing::new(pem(text, "PRIVATE KEY")?);
        // RFC 5958 allows attributes and the public key behind the private one; OpenSSL writes neither.
        let seed = bytes
            .strip_prefix(&PRIVATE)
            .and_then(|seed| <[u8; 32]>::try_from(seed).ok())
            .ok_or_else(|| EvidenceError::Key("this is no Ed25519 private key".into()))?;
        Ok(Self::from_seed(seed))
    }

    /// The PEM file.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let der = Zeroizing::new([PRIVATE.as_slice(), self.0.as_bytes()].concat());
        let body = Zeroizing::new(BASE64.encode(&der));
        Zeroizing::new(format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", *body))
    }
}

impl Signer for SigningKey {
    fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], EvidenceError> {
        Ok(self.0.sign(message).to_bytes())
    }
}

/// The bytes between the lines of a PEM file.
fn pem(text: &str, kind: &str) -> Result<Vec<u8>, EvidenceError> {
    let missing = || EvidenceError::Key(format!("there is no `-----BEGIN {kind}-----`: a PEM file is expected"));
    let (_, rest) = text.split_once(&format!("-----BEGIN {kind}-----")).ok_or_else(missing)?;
    let (body, _) = rest.split_once(&format!("-----END {kind}-----")).ok_or_else(missing)?;
    let body: Zeroizing<Vec<u8>> = Zeroizing::new(body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
    BASE64.decode(&body).map_err(|_| EvidenceError::Key("the PEM file is damaged: its text is no base64".into()))
}

/// Reads a signature that a program gave back: 64 bytes as they are, in base64 or in hexadecimal digits.
///
/// # Errors
/// Anything else.
pub fn signature_of(said: &[u8]) -> Result<[u8; 64], EvidenceError> {
    if let Ok(raw) = said.try_into() {
        return Ok(raw);
    }
    let text = said.trim_ascii();
    let decoded = BASE64.decode(text).or_else(|_| HEXLOWER.decode(text));
    decoded.ok().and_then(|raw| raw.try_into().ok()).ok_or_else(|| {
        EvidenceError::Key(format!(
            "the signer gave {} bytes that are no Ed25519 signature (64 bytes, raw, in base64 or in hexadecimal digits)",
            said.len()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn the_test_vector_of_the_standard_is_met() {
        let hex = |text: &str| HEXLOWER.decode(text.as_bytes()).unwrap();
        let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = SigningKey::from_seed(seed.try_into().unwrap());
        let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        assert_eq!(key.public().as_bytes().as_slice(), public);
        let signature = key.sign(&[0x72]).unwrap();
        assert_eq!(
            HEXLOWER.encode(&signature),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        );
        assert!(key.public().verifies(&[0x72], &signature));
        assert!(!key.public().verifies(&[0x73], &signature));
    }

    /// RFC 8410, section 10.3 and 10.1: the keys as OpenSSL writes them.
    #[test]
    fn pem_files_are_those_of_openssl() {
        let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
        let key = SigningKey::from_pem(private).unwrap();
        assert_eq!(key.public().to_pem(), public);
        assert_eq!(*key.to_pem(), private);
        assert_eq!(PublicKey::from_pem(public).unwrap(), key.public());
    }

    #[test]
    fn what_is_no_key_is_refused_and_not_repeated() {
        let private = SigningKey::from_seed([7; 32]).to_pem();
        let secret = private.lines().nth(1).unwrap().to_owned();
        for text in ["", "secret", &private.replace('M', "N"), &private.replace(&secret, "AAAA"), &private[..60]] {
            let error = SigningKey::from_pem(text).err().expect("refused").to_string();
            assert!(!error.contains(&secret) && !error.contains("secret"), "{error}");
        }
        let error = PublicKey::from_pem(&private).unwrap_err().to_string();
        assert!(error.contains("private key"), "{error}");
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert!(SigningKey::from_pem(encrypted).err().unwrap().to_string().contains("encrypted"));
    }
}
