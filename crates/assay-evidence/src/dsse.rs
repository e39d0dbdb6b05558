//! DSSE envelopes: signed bytes with their type (<https://github.com/secure-systems-lab/dsse>, protocol version 1).

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::EvidenceError;
use crate::keys::{PublicKey, Signer};

/// The type of an in-toto statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// An envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Envelope {
    /// The type of the payload.
    pub payload_type: String,
    /// The payload in base64.
    pub payload: String,
    /// Its signatures.
    pub signatures: Vec<Signature>,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// The name of its key, [`PublicKey::id`].
    pub keyid: String,
    /// The signature over [`pae`] in base64.
    pub sig: String,
}

/// What is signed: `"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body`, lengths in decimal digits.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

impl Envelope {
    /// Signs a payload.
    ///
    /// # Errors
    /// A signer that fails, or whose signature its own public key does not verify.
    pub fn sign(payload_type: &str, payload: &[u8], signer: &dyn Signer) -> Result<Self, EvidenceError> {
        let message = pae(payload_type, payload);
        let signature = signer.sign(&message)?;
        let public = signer.public();
        if !public.verifies(&message, &signature) {
            return Err(EvidenceError::Key("the signature is not of the public key that was given".into()));
        }
        Ok(Self {
            payload_type: payload_type.to_owned(),
            payload: BASE64.encode(payload),
            signatures: vec![Signature { keyid: public.id(), sig: BASE64.encode(&signature) }],
        })
    }

    /// The file: one line of JSON.
    ///
    /// # Errors
    /// None that can happen; JSON's own.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EvidenceError> {
        let mut bytes = serde_json::to_vec(self).map_err(|error| EvidenceError::Malformed(error.to_string()))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads a file that [`Envelope::to_bytes`] wrote. Another spelling of the same envelope is refused, so that no byte of
    /// it is free.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EvidenceError> {
        let envelope: Self = serde_json::from_slice(bytes)
            .map_err(|error| EvidenceError::Malformed(format!("the envelope cannot be read: {error}")))?;
        if envelope.to_bytes()? != bytes {
            return Err(EvidenceError::Malformed("the envelope is not spelled as it was written".into()));
        }
        Ok(envelope)
    }

    /// The payload, when every signature is of one of these keys and there is at least one. A signature by a key that
    /// nobody gave could hold anything, so it is refused rather than passed over.
    ///
    /// # Errors
    /// Another type, no signature, an unknown key, or a signature that does not fit.
    pub fn open(&self, payload_type: &str, keys: &[PublicKey]) -> Result<Vec<u8>, EvidenceError> {
        if self.payload_type != payload_type {
            return Err(EvidenceError::Malformed(format!("the envelope does not hold `{payload_type}`")));
        }
        let payload = self.payload()?;
        let message = pae(&self.payload_type, &payload);
        if self.signatures.is_empty() {
            return Err(EvidenceError::Signature("the envelope is not signed".into()));
        }
        for (at, signature) in self.signatures.iter().enumerate() {
            if self.signatures[..at].iter().any(|earlier| earlier.keyid == signature.keyid) {
                return Err(EvidenceError::Signature("the envelope has two signatures of one key".into()));
            }
            let Some(key) = keys.iter().find(|key| key.id() == signature.keyid) else {
                let known: Vec<String> = keys.iter().map(|key| key.id()[..16].to_owned()).collect();
                return Err(EvidenceError::Signature(format!(
                    "signed by the key {}…, which was not given (given: {}…): another key has signed, or the envelope was \
                     changed",
                    signature.keyid.chars().filter(char::is_ascii_hexdigit).take(16).collect::<String>(),
                    known.join("…, ")
                )));
            };
            let raw = BASE64
                .decode(signature.sig.as_bytes())
                .map_err(|_| EvidenceError::Malformed("a signature is no base64".into()))?;
            if !key.verifies(&message, &raw) {
                return Err(EvidenceError::Signature(
                    "the signature does not fit: the statement or the signature was changed".into(),
                ));
            }
        }
        Ok(payload)
    }

    /// The payload, with no signature checked.
    ///
    /// # Errors
    /// A payload that is no base64.
    pub fn payload(&self) -> Result<Vec<u8>, EvidenceError> {
        BASE64.decode(self.payload.as_bytes()).map_err(|_| EvidenceError::Malformed("the payload is no base64".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SigningKey;

    /// The example of the DSSE specification.
    #[test]
    fn the_bytes_that_are_signed_are_those_of_the_specification() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn only_its_own_key_opens_an_envelope() {
        let (key, other) = (SigningKey::from_seed([1; 32]), SigningKey::from_seed([2; 32]));
        let envelope = Envelope::sign(IN_TOTO, b"{}", &key).unwrap();
        assert_eq!(envelope.open(IN_TOTO, &[other.public(), key.public()]).unwrap(), b"{}");
        assert!(envelope.open(IN_TOTO, &[other.public()]).unwrap_err().to_string().contains("not given"));
        assert!(envelope.open("text/plain", &[key.public()]).is_err());
        // The signature of another payload by the same key.
        let swapped =
            Envelope { signatures: Envelope::sign(IN_TOTO, b"[]", &key).unwrap().signatures, ..envelope.clone() };
        assert!(swapped.open(IN_TOTO, &[key.public()]).unwrap_err().to_string().contains("does not fit"));
        let unsigned = Envelope { signatures: Vec::new(), ..envelope.clone() };
        assert!(unsigned.open(IN_TOTO, &[key.public()]).unwrap_err().to_string().contains("not signed"));
        let mut twice = envelope.clone();
        twice.signatures.push(twice.signatures[0].clone());
        assert!(twice.open(IN_TOTO, &[key.public()]).is_err());
    }

    #[test]
    fn no_byte_of_an_envelope_is_free() {
        let key = SigningKey::from_seed([3; 32]);
        let bytes = Envelope::sign(IN_TOTO, br#"{"a": 1}"#, &key).unwrap().to_bytes().unwrap();
        for at in 0..bytes.len() {
            for flip in [1, 32, 128] {
                let mut changed = bytes.clone();
                changed[at] ^= flip;
                let opened = Envelope::from_bytes(&changed).and_then(|e| e.open(IN_TOTO, &[key.public()]));
                assert!(opened.is_err(), "byte {at} turned by {flip}");
            }
        }
    }
}
