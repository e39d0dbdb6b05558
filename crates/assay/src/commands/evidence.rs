//! `assay evidence`: packs that anybody can check with the binary and a public key, and the keys for it.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use assay_core::Digest;
use assay_evidence::disclose::Disclosure;
use assay_evidence::keys::{PublicKey, Signer, SigningKey};
use assay_evidence::pack::Opened;
use assay_evidence::statement::{RunFacts, Statement};
use assay_evidence::{EvidenceError, verify};
use assay_report::{numbers, plain};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::signing::{Signing, public_key};
use super::{Failure, say};
use crate::exit;
use assay_home::audit::{self, Action};
use assay_home::evidence::verified;
use assay_home::usage;
use assay_home::{Against, Home};

/// Makes keys, and evidence packs.
#[derive(Args)]
pub struct Evidence {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make an Ed25519 key: NAME.pem, which signs, and NAME.pub.pem, which verifies
    Keygen {
        /// What the files are called.
        #[arg(default_value = "assay-signing")]
        name: PathBuf,
    },
    /// Bundle a complete run and sign it
    Build(Build),
    /// Check a pack, or a disclosed part of one: signature, rows, and the verdict computed anew
    Verify(Check),
    /// Show what a pack says, once its signature and members are checked
    Show(Check),
    /// Write the rows of some cases, with proofs that they are of a pack
    Disclose(Disclose),
    /// Write a pack without what people and models wrote; it still verifies
    Erase {
        /// The pack.
        pack: PathBuf,
        /// The public key.
        #[arg(long, value_name = "PUBLIC.pem", required = true)]
        key: Vec<PathBuf>,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

#[derive(Args)]
struct Build {
    /// The run.
    #[arg(default_value = "latest")]
    run: String,
    /// What it is compared with, and a target after a colon; the baseline `main` by default.
    #[arg(long, value_name = "RUN[:TARGET]")]
    against: Option<String>,
    /// The file to write.
    #[arg(long, value_name = "FILE.assay-evidence")]
    out: PathBuf,
    /// Leave out what people and models wrote: only commitments to it are in the pack.
    #[arg(long)]
    without_content: bool,
    #[command(flatten)]
    signing: Signing,
}

#[derive(Args)]
struct Check {
    /// The pack, or the disclosed part.
    file: PathBuf,
    /// The public key; every key that has signed must be given.
    #[arg(long, value_name = "PUBLIC.pem", required = true)]
    key: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct Disclose {
    /// The pack.
    pack: PathBuf,
    /// A case's id; may be given several times.
    #[arg(long = "case", value_name = "ID", required = true)]
    cases: Vec<String>,
    /// Leave out what people and models wrote.
    #[arg(long)]
    without_content: bool,
    /// The public key.
    #[arg(long, value_name = "PUBLIC.pem", required = true)]
    key: Vec<PathBuf>,
    /// The file to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

impl Evidence {
    /// What the command changes in the workspace: nothing but that evidence goes out of it, which is recorded.
    pub fn mutates(&self) -> Option<Action> {
        match &self.what {
            What::Build(_) => Some(Action::new("evidence build")),
            What::Keygen { .. } | What::Verify(_) | What::Show(_) | What::Disclose(_) | What::Erase { .. } => None,
        }
    }

    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        match self.what {
            What::Keygen { name } => keygen(&name),
            What::Build(build) => build.run(workspace).await,
            What::Verify(check) => check.verify(),
            What::Show(check) => check.show(),
            What::Disclose(disclose) => disclose.run(),
            What::Erase { pack, key, out } => {
                let (bytes, keys) = (read(&pack)?, public_keys(&key)?);
                write_new(&out, &named(&pack, Opened::new(&bytes, &keys))?.without_content()?)?;
                say(&format!("wrote {}: whole, but for what people and models wrote", out.display()));
                Ok(exit::PASS)
            }
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?)
}

fn public_keys(paths: &[PathBuf]) -> Result<Vec<PublicKey>, Failure> {
    paths.iter().map(|path| public_key(path)).collect()
}

/// Says which file it was that something is wrong with.
fn named<T>(path: &Path, result: Result<T, EvidenceError>) -> Result<T, Failure> {
    result.map_err(|error| format!("{}: {error}", path.display()).into())
}

/// Writes a file that is not there yet: evidence is never written over.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    Ok(written.map_err(|error| format!("{}: {error}", path.display()))?)
}

impl Build {
    async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let signer = self.signing.signer()?;
        if self.out.exists() {
            return Err(usage(format!("{} is there already: evidence is not written over", self.out.display())));
        }
        let home = Home::open(workspace, Path::new(".")).await?;
        let found = home.find(&self.run).await?;
        audit::note("run", found.0.record.id.to_string());
        audit::note("suite", &found.0.record.suite);
        let against = Against::said(self.against);
        let packed = home.pack(found, &against, !self.without_content, signer.as_ref()).await?;
        write_new(&self.out, &packed.bytes)?;
        audit::note("pack", Digest::of_bytes(&packed.bytes).to_string());
        if let Some(name) = packed.sealed {
            eprintln!("note: `{name}` is a sealed part: its cases go by digest, and what they hold is left out");
        }
        let trials = assay_core::grouped(packed.trials);
        say(&format!("wrote {} ({trials} trials, signed by {})", self.out.display(), &signer.public().id()[..16]));
        Ok(exit::PASS)
    }
}

impl Check {
    fn verify(self) -> Result<u8, Failure> {
        let (bytes, keys) = (read(&self.file)?, public_keys(&self.key)?);
        if self.json {
            let found = verified(&bytes, &keys).map_err(|error| error.to_string())?;
            say(&found.to_string());
            return Ok(if found["verified"] == true { exit::PASS } else { exit::FAIL });
        }
        if Disclosure::is(&bytes) {
            return self.verify_part(&bytes, &keys);
        }
        match verify(&bytes, &keys) {
            Ok(verified) => {
                let predicate = &verified.statement.predicate;
                let content =
                    verified.content.map_or("removed".into(), |n| format!("{n} pieces fit their commitments"));
                say(&format!("verified: {}", self.file.display()));
                say(&format!(
                    "  verdict    {}",
                    predicate.verdict.as_deref().unwrap_or("none: the suite has no rules")
                ));
                say(&format!("  computed   from {} scores of {} trials", verified.scores, verified.trials));
                let versions = predicate.versions.iter().map(|name| plain(name, 80)).collect::<Vec<_>>().join(", ");
                say(&format!(
                    "  datasets   {} (version follows from the cases: {versions})",
                    predicate.run.datasets.len()
                ));
                say(&format!("  content    {content}"));
                Ok(exit::PASS)
            }
            Err(error) => self.refused(&error),
        }
    }

    fn verify_part(&self, bytes: &[u8], keys: &[PublicKey]) -> Result<u8, Failure> {
        match Disclosure::verify(bytes, keys) {
            Ok(shown) => {
                say(&format!(
                    "verified: {} trials and {} scores are of the pack",
                    shown.trials.len(),
                    shown.scores.len()
                ));
                describe(&shown.statement);
                for score in &shown.scores {
                    let value =
                        score.value.map_or_else(|| score.missing.clone().unwrap_or_default(), numbers::significant);
                    say(&format!(
                        "  {} {} {}: {}",
                        plain(&score.case, 80),
                        plain(&score.target, 80),
                        plain(&score.scorer, 80),
                        value
                    ));
                }
                for content in &shown.content {
                    say(&format!(
                        "  {} {}: {}",
                        plain(&content.case, 80),
                        plain(&content.of, 20),
                        plain(&content.text, 2_000)
                    ));
                }
                Ok(exit::PASS)
            }
            Err(error) => self.refused(&error),
        }
    }

    /// Says why a file is refused; as a gate that failed.
    fn refused(&self, error: &EvidenceError) -> Result<u8, Failure> {
        const MOST: usize = 20;
        if let EvidenceError::Key(_) | EvidenceError::Io { .. } = error {
            return Err(error.to_string().into());
        }
        let text = error.to_string();
        let faults: Vec<&str> = text.lines().collect();
        if self.json {
            say(&json!({"verified": false, "faults": faults}).to_string());
            return Ok(exit::FAIL);
        }
        eprintln!("{} is not verified:", self.file.display());
        faults.iter().take(MOST).for_each(|fault| eprintln!("  {}", plain(fault, 500)));
        if faults.len() > MOST {
            eprintln!("  and {} more", faults.len() - MOST);
        }
        Ok(exit::FAIL)
    }

    fn show(self) -> Result<u8, Failure> {
        let (bytes, keys) = (read(&self.file)?, public_keys(&self.key)?);
        let statement = match Opened::new(&bytes, &keys) {
            Ok(opened) => opened.statement,
            Err(error) => return self.refused(&error),
        };
        if self.json {
            say(&serde_json::to_string_pretty(&statement)?);
            return Ok(exit::PASS);
        }
        describe(&statement);
        let predicate = &statement.predicate;
        for criterion in predicate.gate.get("criteria").and_then(Value::as_array).into_iter().flatten() {
            let text =
                |pointer: &str| plain(criterion.pointer(pointer).and_then(Value::as_str).unwrap_or_default(), 200);
            say(&format!("  {}: {}: {}", text("/verdict/kind"), text("/name"), text("/found")));
        }
        say("members (an evidence pack is a tar archive):");
        for member in &predicate.members {
            let erasable = if member.erasable { ", may be removed" } else { "" };
            say(&format!("  {} {} bytes{erasable}", member.name, member.size));
        }
        Ok(exit::PASS)
    }
}

/// What a statement says, for people.
fn describe(statement: &Statement) {
    let predicate = &statement.predicate;
    let run = |facts: &RunFacts| {
        let commit = facts.git.as_deref().map(|git| format!(", commit {}", plain(git, 60))).unwrap_or_default();
        format!(
            "{} of `{}`, {}{commit}",
            plain(&facts.id, 40),
            plain(&facts.suite, 80),
            numbers::time(facts.started_us)
        )
    };
    say(&format!(
        "verdict  {}",
        predicate.verdict.as_deref().map_or_else(|| "none".into(), |verdict| plain(verdict, 20))
    ));
    say(&format!("run      {}", run(&predicate.run)));
    if let Some(baseline) = &predicate.baseline {
        say(&format!("against  {}", run(&baseline.run)));
    }
    for subject in &statement.subject {
        say(&format!("target   {} {}", plain(&subject.name, 80), subject.digest.sha256.short()));
    }
    for dataset in &predicate.run.datasets {
        say(&format!("dataset  {} {}, {} cases", plain(&dataset.name, 80), dataset.version.short(), dataset.cases));
    }
    say(&format!("built    {} by Assay {}", plain(&predicate.built_at, 40), plain(&predicate.assay_version, 40)));
}

impl Disclose {
    fn run(self) -> Result<u8, Failure> {
        let (bytes, keys) = (read(&self.pack)?, public_keys(&self.key)?);
        let opened = named(&self.pack, Opened::new(&bytes, &keys))?;
        let part = named(&self.pack, Disclosure::of(&opened, &self.cases, !self.without_content))?.to_bytes()?;
        write_new(&self.out, &part)?;
        say(&format!("wrote {}", self.out.display()));
        Ok(exit::PASS)
    }
}

fn keygen(name: &Path) -> Result<u8, Failure> {
    let named = |ending: &str| {
        let mut path = name.as_os_str().to_owned();
        path.push(ending);
        PathBuf::from(path)
    };
    let (private, public) = (named(".pem"), named(".pub.pem"));
    let key = SigningKey::from_seed(rand::random());
    // A key that is lost cannot be made again: nothing is ever written over.
    for (path, text, mode) in [(&private, key.to_pem(), 0o600), (&public, key.public().to_pem().into(), 0o644)] {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        let mut file = options.open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    say(&format!("wrote {} (keep it secret) and {}", private.display(), public.display()));
    say(&format!("key {}", key.public().id()));
    Ok(exit::PASS)
}
