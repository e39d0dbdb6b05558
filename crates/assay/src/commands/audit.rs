//! `assay audit`: who changed what, and whether the log of it is whole.

use std::io::Write;
use std::path::{Path, PathBuf};

use assay_evidence::log::verify_against;
use assay_evidence::note::{Checkpoint, EntryProof, verifier_key};
use assay_report::{plain, terminal};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::signing::{Signing, public_key};
use super::{Failure, say};
use crate::exit;
use assay_home::audit::{Action, AuditLog, Proof, Verified};
use assay_home::usage;

/// Shows and checks the audit log.
#[derive(Args)]
pub struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Check every entry, the tree over them, and that the log goes on from signed checkpoints
    Verify(Verify),
    /// Show the newest entries
    Tail {
        /// How many.
        #[arg(short = 'n', long, default_value_t = 20)]
        lines: u32,
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
    /// Write every entry as a JSON line, oldest first
    Export {
        /// The file; standard output by default.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Sign the log as it stands
    Checkpoint {
        #[command(flatten)]
        signing: Signing,
        /// Name the log, before its first checkpoint: `example.org/assay/audit`.
        #[arg(long, value_name = "NAME")]
        origin: Option<String>,
        /// Write the checkpoint here too; keep it where those who can write the log cannot.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Write an entry's proof, which needs the newest checkpoint and nothing else of the log
    Proof {
        /// The entry's number, as `tail` shows it.
        number: u64,
        /// The file; standard output by default.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Args)]
struct Verify {
    /// A checkpoint that was signed earlier and kept elsewhere.
    #[arg(long, value_name = "FILE", requires = "key")]
    checkpoint: Vec<PathBuf>,
    /// The public key of checkpoints; the newest one in the log is checked too.
    #[arg(long, value_name = "PUBLIC.pem")]
    key: Option<PathBuf>,
    /// Check this proof of one entry instead, with no log at hand.
    #[arg(long, value_name = "FILE", requires = "key", requires = "entry", conflicts_with = "checkpoint")]
    proof: Option<PathBuf>,
    /// The entry that the proof is of: its line as `assay audit export` wrote it.
    #[arg(long, value_name = "FILE", requires = "proof")]
    entry: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Audit {
    /// Nothing: a checkpoint is its own record.
    pub const fn mutates(&self) -> Option<Action> {
        None
    }

    pub fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let log = AuditLog::of(&assay_home::home::root(workspace, Path::new(".")));
        match self.what {
            What::Verify(verify) => verify.run(&log),
            What::Tail { lines, json } => tail(&log, lines, json),
            What::Export { out } => {
                let mut text = Vec::new();
                log.for_each(0, &mut |_, entry| {
                    text.extend_from_slice(entry);
                    text.push(b'\n');
                    Ok(())
                })?;
                write(out.as_deref(), &text)
            }
            What::Checkpoint { signing, origin, out } => checkpoint(&log, &signing, origin.as_deref(), out.as_deref()),
            What::Proof { number, out } => proof(&log, number, out.as_deref()),
        }
    }
}

fn text_of(path: &Path) -> Result<String, Failure> {
    Ok(std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// Writes to a file, or to standard output.
fn write(out: Option<&Path>, bytes: &[u8]) -> Result<u8, Failure> {
    match out {
        Some(path) => std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))?,
        None => {
            let _ = std::io::stdout().write_all(bytes);
        }
    }
    Ok(exit::PASS)
}

impl Verify {
    fn run(self, log: &AuditLog) -> Result<u8, Failure> {
        let key = self.key.as_deref().map(public_key).transpose()?;
        if let (Some(proof), Some(entry), Some(key)) = (&self.proof, &self.entry, &key) {
            let line = text_of(entry)?;
            let line = line.strip_suffix('\n').unwrap_or(&line);
            let proof = EntryProof::from_text(&text_of(proof)?)?;
            return Ok(match proof.verify(line.as_bytes(), key) {
                Ok(checkpoint) => {
                    let at = proof.index;
                    say(&format!("verified: it is entry {at} of the {} of `{}`", checkpoint.size, checkpoint.origin));
                    exit::PASS
                }
                Err(error) => refused(&[error.to_string()], self.json),
            });
        }
        let mut notes = Vec::new();
        for path in &self.checkpoint {
            notes.push((path.display().to_string(), text_of(path)?));
        }
        let (head, held, unfinished) = match log.verified(&notes, key.as_ref())? {
            Verified::Whole { head, held, unfinished } => (head, held, unfinished),
            Verified::Refused(faults) => return Ok(refused(&faults, self.json)),
            Verified::Empty => {
                say("nothing was recorded yet");
                return Ok(exit::PASS);
            }
        };
        if self.json {
            let held: Vec<Value> = held.iter().map(|(name, size)| json!({"checkpoint": name, "size": size})).collect();
            say(&json!({"verified": true, "origin": head.origin, "entries": head.size, "root": head.root, "checkpoints": held,
                        "unfinished": unfinished})
                .to_string());
            return Ok(exit::PASS);
        }
        say(&format!("verified: {} entries, root {}", head.size, head.root.short()));
        for (name, size) in &held {
            say(&format!("  goes on from {}, signed over {size} entries", plain(name, 200)));
        }
        if !unfinished.is_empty() {
            let shown: Vec<String> = unfinished.iter().rev().take(10).map(u64::to_string).collect();
            say(&format!(
                "  {} began and did not say how it ended (killed, or still at work): entry {}",
                unfinished.len(),
                shown.join(", ")
            ));
        }
        if held.is_empty() {
            say(
                "  no checkpoint was checked: a log that was rewritten as a whole is told by one that was kept elsewhere",
            );
        }
        Ok(exit::PASS)
    }
}

/// Says what does not fit; as a gate that failed.
fn refused(faults: &[String], json: bool) -> u8 {
    const MOST: usize = 20;
    if json {
        say(&json!({"verified": false, "faults": faults}).to_string());
        return exit::FAIL;
    }
    eprintln!("not verified:");
    faults.iter().take(MOST).for_each(|fault| eprintln!("  {}", plain(fault, 500)));
    if faults.len() > MOST {
        eprintln!("  and {} more", faults.len() - MOST);
    }
    exit::FAIL
}

fn tail(log: &AuditLog, lines: u32, json: bool) -> Result<u8, Failure> {
    let mut cells = Vec::new();
    log.for_each(-i64::from(lines), &mut |number, entry| {
        let mut value: Value = serde_json::from_slice(entry).unwrap_or_default();
        if json {
            if let Some(fields) = value.as_object_mut() {
                fields.insert("number".into(), number.into());
            }
            say(&value.to_string());
            return Ok(());
        }
        let text = |key: &str| plain(value.get(key).and_then(Value::as_str).unwrap_or_default(), 60);
        let object = value.get("object").and_then(Value::as_object).map(|object| {
            let pair = |(key, name): (&String, &Value)| format!("{key} {}", name.as_str().unwrap_or_default());
            plain(&object.iter().map(pair).collect::<Vec<_>>().join(", "), 120)
        });
        let outcome = match value.get("exit").and_then(Value::as_u64) {
            Some(code) if code > 0 => format!("{} ({code})", text("outcome")),
            _ => text("outcome"),
        };
        let at = text("at");
        let at = at.get(..19).map_or_else(|| at.clone(), |at| at.replace('T', " "));
        let by = match text("as") {
            name if name.is_empty() || name == text("by") => text("by"),
            name => format!("{} as {name}", text("by")),
        };
        cells.push(vec![number.to_string(), at, by, text("action"), object.unwrap_or_default(), outcome]);
        Ok(())
    })?;
    if json {
        return Ok(exit::PASS);
    }
    if cells.is_empty() {
        say("nothing was recorded yet");
    } else {
        say(&terminal::table(&["entry", "when (UTC)", "who", "what", "on", "outcome"], cells, &[0]));
    }
    Ok(exit::PASS)
}

fn checkpoint(log: &AuditLog, signing: &Signing, origin: Option<&str>, out: Option<&Path>) -> Result<u8, Failure> {
    let signer = signing.signer()?;
    if let Some(origin) = origin {
        log.name(origin)?;
    }
    let Some((head, tree)) = log.verify()? else {
        return Err(usage("nothing was recorded yet: there is nothing to sign".into()));
    };
    // Two checkpoints that contradict each other must never be signed.
    if let Some(earlier) = log.checkpoint()? {
        let (earlier, _) = Checkpoint::read(&earlier)?;
        verify_against(&tree, &head.origin, &earlier).map_err(|error| format!("nothing was signed: {error}"))?;
    }
    let note = head.sign(signer.as_ref())?;
    log.keep_checkpoint(&note)?;
    if let Some(path) = out {
        std::fs::write(path, &note).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    say(note.trim_end());
    eprintln!("verifiers of notes know the key as {}", verifier_key(&head.origin, &signer.public()));
    Ok(exit::PASS)
}

fn proof(log: &AuditLog, number: u64, out: Option<&Path>) -> Result<u8, Failure> {
    let Some(head) = log.head()? else { return Err(usage("nothing was recorded yet".into())) };
    let Some((signed, _)) = log.signed()? else {
        return Err(usage("the log has no signed checkpoint yet: `assay audit checkpoint` signs one".into()));
    };
    let proof = log.proof(number)?;
    let Some(file) = proof.as_ref().and_then(Proof::file) else {
        let size = signed.size.min(head.size);
        return Err(usage(format!(
            "the newest checkpoint was signed over {size} entries, from 0: entry {number} is not among them"
        )));
    };
    write(out, file.as_bytes())
}
