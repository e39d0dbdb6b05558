//! The keys that commands sign and verify with: a file, the environment, or a program that has the key.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use assay_evidence::EvidenceError;
use assay_evidence::keys::{PublicKey, Signer, SigningKey, signature_of};
use clap::Args;

use super::Failure;
use assay_home::usage;

/// The variable that may hold the private key.
const VARIABLE: &str = "ASSAY_SIGNING_KEY";

/// What signs.
#[derive(Args)]
pub struct Signing {
    /// The private key: a PEM file. By default the environment variable ASSAY_SIGNING_KEY holds the PEM text.
    #[arg(long, value_name = "PRIVATE.pem", conflicts_with = "signer")]
    key: Option<PathBuf>,
    /// A program that signs instead, and each of its arguments by a further `--signer`. It reads the bytes to sign from its
    /// standard input and writes the Ed25519 signature: 64 bytes, base64 or hexadecimal digits. No shell is asked.
    #[arg(long, value_name = "ARGUMENT", requires = "public", allow_hyphen_values = true)]
    signer: Vec<String>,
    /// The public key of what `--signer` signs: a PEM file.
    #[arg(long, value_name = "PUBLIC.pem", requires = "signer")]
    public: Option<PathBuf>,
}

impl Signing {
    /// The signer.
    ///
    /// # Errors
    /// No key, or one that cannot be read.
    pub fn signer(&self) -> Result<Box<dyn Signer>, Failure> {
        self.found()?.ok_or_else(|| {
            usage(format!(
                "there is no key to sign with: name a file with `--key` (`assay evidence keygen` makes one), put its text \
                 into {VARIABLE}, or sign by a program with `--signer`"
            ))
        })
    }

    /// The signer, where there is one.
    ///
    /// # Errors
    /// A key that cannot be read.
    pub fn found(&self) -> Result<Option<Box<dyn Signer>>, Failure> {
        if let (Some((program, arguments)), Some(public)) = (self.signer.split_first(), &self.public) {
            let public = public_key(public)?;
            let arguments = arguments.to_vec();
            return Ok(Some(Box::new(Program { program: program.clone(), arguments, public })));
        }
        if let Some(path) = &self.key {
            let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            let key = SigningKey::from_pem(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            return Ok(Some(Box::new(key)));
        }
        match std::env::var(VARIABLE) {
            Ok(text) => {
                let key = SigningKey::from_pem(&text).map_err(|error| format!("the variable {VARIABLE}: {error}"))?;
                Ok(Some(Box::new(key)))
            }
            Err(_) => Ok(None),
        }
    }
}

/// A public key from a file.
///
/// # Errors
/// A file that cannot be read or is none.
pub fn public_key(path: &Path) -> Result<PublicKey, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(PublicKey::from_pem(&text).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// A program that has the key: a vault's client, a hardware token's, a signing service's.
struct Program {
    program: String,
    arguments: Vec<String>,
    public: PublicKey,
}

impl Signer for Program {
    fn public(&self) -> PublicKey {
        self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], EvidenceError> {
        let failed = |why: String| EvidenceError::Key(format!("the signer `{}` {why}", self.program));
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| failed(format!("cannot be started: {error}")))?;
        // A signer that needs no input, or gives up early, tells by how it ends.
        if let Some(mut input) = child.stdin.take() {
            let _ = input.write_all(message);
        }
        let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(format!("failed: {}", output.status)));
        }
        signature_of(&output.stdout)
    }
}
