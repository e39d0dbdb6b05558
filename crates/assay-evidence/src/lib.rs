//! Evidence packs that verify themselves, and the Merkle log behind the audit log. Synchronous; bytes in, bytes out.
//!
//! | module | holds |
//! |---|---|
//! | [`merkle`] | the tree of RFC 6962 with its proofs |
//! | [`keys`] | Ed25519 keys as PEM files; whatever can sign |
//! | [`dsse`] | signed envelopes |
//! | [`note`] | signed checkpoints of a log, and proofs that travel with one |
//! | [`log`] | the layout of a log on disk: appending to it, checking it |
//! | [`rows`] | the rows of a pack, and commitments to what may be erased |
//! | [`statement`] | what is signed |
//! | [`archive`] | the file of a pack, in one spelling only |
//! | [`pack`] | building and opening a pack |
//! | [`mod@verify`] | from the signature back to the verdict |
//! | [`disclose`] | some cases of a pack, alone |

pub mod archive;
pub mod disclose;
pub mod dsse;
pub mod judges;
pub mod keys;
pub mod log;
pub mod merkle;
pub mod note;
pub mod pack;
pub mod rows;
pub mod statement;
pub mod verify;

pub use disclose::Disclosure;
pub use verify::verify;

/// Why something is refused.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// It is not what it should be.
    #[error("{0}")]
    Malformed(String),
    /// A signature is missing, of another key, or does not fit.
    #[error("{0}")]
    Signature(String),
    /// A key cannot be read, or a signer failed.
    #[error("{0}")]
    Key(String),
    /// What is there is not what was signed or recorded; each fault in words.
    #[error("{}", .0.join("\n"))]
    Mismatch(Vec<String>),
    /// A file cannot be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
}
