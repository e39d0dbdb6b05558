//! Signed notes and checkpoints of a log (<https://c2sp.org/signed-note>, <https://c2sp.org/tlog-checkpoint>), and proofs that
//! travel with one (<https://c2sp.org/tlog-proof>).

use assay_core::Digest;
use data_encoding::BASE64;

use crate::EvidenceError;
use crate::keys::{PublicKey, Signer};
use crate::merkle;

/// The size and root of a log at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is: a name that no other log has, without white space or `+`.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// Signatures of a note with the names of their keys.
pub type Signatures = Vec<(String, Vec<u8>)>;

/// What a key's signatures in a note begin with: the first 4 bytes of `SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key)`.
fn key_hash(name: &str, key: &PublicKey) -> [u8; 4] {
    let mut hash = Digest::stream();
    hash.update(name.as_bytes());
    hash.update(&[0x0a, 0x01]);
    hash.update(key.as_bytes());
    hash.finish().as_bytes().first_chunk().copied().unwrap_or_default()
}

/// A key as verifiers of notes are given it: `name+hash+base64(0x01 ‖ key)`.
pub fn verifier_key(name: &str, key: &PublicKey) -> String {
    let hash = data_encoding::HEXLOWER.encode(&key_hash(name, key));
    format!("{name}+{hash}+{}", BASE64.encode(&[&[1], key.as_bytes().as_slice()].concat()))
}

impl Checkpoint {
    /// The text that is signed: three lines.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.as_bytes()))
    }

    /// Reads what [`Checkpoint::text`] wrote.
    ///
    /// # Errors
    /// Another form.
    pub fn from_text(text: &str) -> Result<Self, EvidenceError> {
        let malformed = |why: &str| EvidenceError::Malformed(format!("this is no checkpoint: {why}"));
        let mut lines = text.split_terminator('\n');
        let mut line = |what: &str| lines.next().ok_or_else(|| malformed(what));
        let origin = line("no origin")?.to_owned();
        let size = line("no size")?.parse().map_err(|_| malformed("no size"))?;
        let root = BASE64.decode(line("no root")?.as_bytes()).ok().and_then(|raw| Digest::from_slice(&raw));
        let root = root.ok_or_else(|| malformed("no root"))?;
        check_origin(&origin)?;
        let checkpoint = Self { origin, size, root };
        // One spelling only: `+7`, `07` and further lines are refused.
        if checkpoint.text() == text { Ok(checkpoint) } else { Err(malformed("it is not spelled as one is")) }
    }

    /// The signed note; the key goes by the name of the log.
    ///
    /// # Errors
    /// A signer that fails, or whose signature its own public key does not verify.
    pub fn sign(&self, signer: &dyn Signer) -> Result<String, EvidenceError> {
        let text = self.text();
        let signature = signer.sign(text.as_bytes())?;
        let public = signer.public();
        if !public.verifies(text.as_bytes(), &signature) {
            return Err(EvidenceError::Key("the signature is not of the public key that was given".into()));
        }
        let hashed = [key_hash(&self.origin, &public).as_slice(), &signature].concat();
        Ok(format!("{text}\n— {} {}\n", self.origin, BASE64.encode(&hashed)))
    }

    /// Reads a signed note whose text a key has signed. Signatures by other keys, such as those of witnesses, are passed
    /// over.
    ///
    /// # Errors
    /// Another form, or no signature of this key that fits.
    pub fn open(note: &str, key: &PublicKey) -> Result<Self, EvidenceError> {
        let (checkpoint, signatures) = Self::read(note)?;
        let text = checkpoint.text();
        let ours = key_hash(&checkpoint.origin, key);
        let mut found = false;
        for (name, signature) in signatures {
            if name != checkpoint.origin || signature.first_chunk() != Some(&ours) {
                continue;
            }
            found = true;
            if key.verifies(text.as_bytes(), &signature[4..]) {
                return Ok(checkpoint);
            }
        }
        Err(EvidenceError::Signature(if found {
            "the signature does not fit: the checkpoint was changed".into()
        } else {
            format!("the checkpoint of `{}` is not signed by this key", checkpoint.origin)
        }))
    }

    /// Reads a signed note with no signature checked; gives the signatures with the names of their keys.
    ///
    /// # Errors
    /// Another form.
    pub fn read(note: &str) -> Result<(Self, Signatures), EvidenceError> {
        let malformed = |why: &str| EvidenceError::Malformed(format!("this is no signed checkpoint: {why}"));
        let (text, signed) = note.split_once("\n\n").ok_or_else(|| malformed("there is no empty line"))?;
        let checkpoint = Self::from_text(&format!("{text}\n"))?;
        let mut signatures = Vec::new();
        for line in signed.strip_suffix('\n').ok_or_else(|| malformed("its last line has no end"))?.split('\n') {
            let rest = line.strip_prefix("— ").and_then(|rest| rest.split_once(' '));
            let (name, raw) = rest.ok_or_else(|| malformed("a signature has another form"))?;
            let raw = BASE64.decode(raw.as_bytes()).map_err(|_| malformed("a signature is no base64"))?;
            if raw.len() < 5 {
                return Err(malformed("a signature is too short"));
            }
            signatures.push((name.to_owned(), raw));
        }
        Ok((checkpoint, signatures))
    }
}

/// Refuses what cannot be the name of a log.
///
/// # Errors
/// White space, `+`, control characters, nothing, or more than 200 bytes.
pub fn check_origin(origin: &str) -> Result<(), EvidenceError> {
    let fine = !origin.is_empty()
        && origin.len() <= 200
        && !origin.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+');
    if fine {
        return Ok(());
    }
    Err(EvidenceError::Malformed("the name of a log has 1 to 200 letters, no white space and no `+`".into()))
}

const PROOF: &str = "c2sp.org/tlog-proof@v1";

/// That an entry is in a log, for somebody who has nothing but the entry and the public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryProof {
    /// The entry's place, from 0.
    pub index: u64,
    /// The way from its leaf to the root.
    pub path: Vec<Digest>,
    /// The signed checkpoint.
    pub note: String,
}

impl EntryProof {
    /// The file.
    pub fn to_text(&self) -> String {
        let mut text = format!("{PROOF}\nindex {}\n", self.index);
        for step in &self.path {
            text.push_str(&BASE64.encode(step.as_bytes()));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.note);
        text
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Another form.
    pub fn from_text(text: &str) -> Result<Self, EvidenceError> {
        let malformed = |why: &str| EvidenceError::Malformed(format!("this is no `{PROOF}`: {why}"));
        let (head, note) = text.split_once("\n\n").ok_or_else(|| malformed("there is no empty line"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(PROOF) {
            return Err(malformed("its first line differs"));
        }
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = index.and_then(|digits| digits.parse().ok()).ok_or_else(|| malformed("no index"))?;
        let step = |line: &str| BASE64.decode(line.as_bytes()).ok().and_then(|raw| Digest::from_slice(&raw));
        let path: Option<Vec<Digest>> = lines.map(step).collect();
        Ok(Self { index, path: path.ok_or_else(|| malformed("a hash cannot be read"))?, note: note.to_owned() })
    }

    /// Checks that an entry is in the log of the checkpoint, and that the key has signed that; gives the checkpoint.
    ///
    /// # Errors
    /// It is not, or has not.
    pub fn verify(&self, entry: &[u8], key: &PublicKey) -> Result<Checkpoint, EvidenceError> {
        let checkpoint = Checkpoint::open(&self.note, key)?;
        let leaf = merkle::leaf(entry);
        if merkle::verify_inclusion(&leaf, self.index, checkpoint.size, &self.path, &checkpoint.root) {
            return Ok(checkpoint);
        }
        Err(EvidenceError::Mismatch(vec![format!("the entry is not number {} of the log", self.index)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::SigningKey;

    /// The example key of <https://pkg.go.dev/golang.org/x/mod/sumdb/note>.
    #[test]
    fn a_verifier_key_is_that_of_the_go_implementation() {
        let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let raw = BASE64.decode(text.rsplit('+').next().unwrap().as_bytes());
        // The base64 itself may hold `+`: take what is behind the second one.
        let raw = raw.unwrap_or_else(|_| BASE64.decode(text.splitn(3, '+').nth(2).unwrap().as_bytes()).unwrap());
        let key = PublicKey::from_bytes(raw[1..].try_into().unwrap()).unwrap();
        assert_eq!(verifier_key("PeterNeumann", &key), text);
        // Its signed note there.
        let note =
            "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
        let line = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";
        let raw = BASE64.decode(line.as_bytes()).unwrap();
        assert_eq!(raw[..4], key_hash("PeterNeumann", &key));
        assert!(key.verifies(note.as_bytes(), &raw[4..]));
    }

    #[test]
    fn a_checkpoint_comes_back_and_no_byte_of_what_is_signed_is_free() {
        let key = SigningKey::from_seed([9; 32]);
        let checkpoint = Checkpoint { origin: "example.org/audit".into(), size: 42, root: Digest::of_bytes(b"root") };
        let note = checkpoint.sign(&key).unwrap();
        assert_eq!(Checkpoint::open(&note, &key.public()).unwrap(), checkpoint);
        assert!(Checkpoint::open(&note, &SigningKey::from_seed([8; 32]).public()).is_err());
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            let opened = String::from_utf8(bytes)
                .map_err(|_| ())
                .and_then(|n| Checkpoint::open(&n, &key.public()).map_err(|_| ()));
            assert!(opened.is_err(), "byte {at}");
        }
        for bad in ["", "a\n1\nAAAA\n\n", "no size\nx\n\n— a b\n", &note.replace("42", "042"), note.trim_end()] {
            assert!(Checkpoint::open(bad, &key.public()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_proof_holds_for_its_own_entry_only() {
        let key = SigningKey::from_seed([9; 32]);
        let tree: merkle::Tree = (0..7u8).map(|i| merkle::leaf(&[i])).collect();
        let note = Checkpoint { origin: "log".into(), size: 7, root: tree.root() }.sign(&key).unwrap();
        let proof = EntryProof { index: 4, path: tree.inclusion(4, 7).unwrap(), note };
        assert_eq!(EntryProof::from_text(&proof.to_text()).unwrap(), proof);
        assert!(proof.verify(&[4], &key.public()).is_ok());
        assert!(proof.verify(&[5], &key.public()).is_err());
        assert!(EntryProof { index: 5, ..proof }.verify(&[4], &key.public()).is_err());
    }
}
