//! Vendor packets: a folder with what outside raters need, and nothing else.
//!
//! | file | holds |
//! |---|---|
//! | `README.md` | the instructions and the criteria, for people |
//! | `rubric.json` | the same for programs |
//! | `items.jsonl` | what raters see, personal data and secrets taken out |
//! | `ratings.csv` | the table to fill in: a row per item and rater |
//! | `manifest.json` | what the packet is, and the digests by which its return is checked |
//!
//! Items have ids of this packet alone: the id of an item is a digest of its content, from which a guess about what was
//! taken out could be confirmed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use assay_core::Digest;
use assay_privacy::{Action, Redactor};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::Row;

use super::{Incoming, contexts_text, csv, inputs_text, outgoing, shuffled, text, word};
use crate::ReviewError;
use crate::rubric::{Kind, Rubric};
use crate::store::Review;

/// What a packet is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The packet's id.
    pub packet: String,
    /// Who it is for.
    pub vendor: String,
    /// The digest of the rubric.
    pub rubric: Digest,
    /// The digest of `items.jsonl`.
    pub items: Digest,
    /// How many items.
    pub count: u64,
    /// How many raters each shall have.
    pub raters_each: u64,
    /// What was taken out, by kind.
    pub redacted: BTreeMap<String, u64>,
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> ReviewError {
    let path = path.to_owned();
    move |error| ReviewError::Io { path, error }
}

impl Review {
    /// Writes a packet into a new folder.
    ///
    /// # Errors
    /// A folder that is there already or cannot be written, or a text too deep to redact.
    pub async fn hand_off(
        &self,
        project: &str,
        folder: &Path,
        vendor: &str,
        raters_each: u64,
        redactor: &Redactor,
    ) -> Result<Manifest, ReviewError> {
        let project = self.project(project).await?;
        if project.rubric.criteria.iter().all(|criterion| criterion.kind == Kind::Spans) {
            return Err(ReviewError::usage(
                "a rubric of spans alone cannot be handed off: places in redacted texts are others",
            ));
        }
        std::fs::create_dir(folder).map_err(io(folder))?;
        let items = self.items(&project.name).await?;
        let packet = hex(16);
        let mut lines = String::new();
        let mut table = ::csv::Writer::from_writer(Vec::new());
        let asked = || project.rubric.criteria.iter().filter(|criterion| criterion.kind != Kind::Spans);
        let header = ["item", "rater", "seconds"].into_iter().chain(asked().map(|criterion| criterion.name.as_str()));
        let failed = |error: ::csv::Error| ReviewError::usage(error.to_string());
        table.write_record(header).map_err(failed)?;
        let mut redacted: BTreeMap<String, u64> = BTreeMap::new();
        let mut aliases = Vec::with_capacity(items.len());
        for item in shuffled(&project, &items) {
            // With a letter in front, no spreadsheet takes it for a number.
            let alias = format!("x{}", hex(8));
            let content = outgoing(&project, item);
            let mut shown = json!({"item": alias, "inputs": inputs_text(&content), "output": text(&content.output)});
            if !content.contexts.is_empty() {
                shown["contexts"] = json!(contexts_text(&content));
            }
            if let Some(other) = &content.other {
                shown["output_2"] = json!(text(other));
            }
            if let Some(expected) = &content.expected {
                shown["expected"] = json!(text(expected));
            }
            let applied = redactor
                .apply_value(&mut shown)
                .map_err(|error| ReviewError::usage(format!("item `{}`: {error}", item.id)))?;
            for row in applied.iter().filter(|row| row.action != Action::Keep) {
                *redacted.entry(row.kind.to_string()).or_default() += 1;
            }
            // A random id may look like a number of somebody's.
            shown["item"] = json!(alias);
            let _ = writeln!(lines, "{shown}");
            for _ in 0..raters_each.max(1) {
                let blank = asked().map(|_| "").chain(["", ""]);
                table.write_record([alias.as_str()].into_iter().chain(blank)).map_err(failed)?;
            }
            aliases.push((alias, item.id.as_str()));
        }
        let manifest = Manifest {
            packet,
            vendor: vendor.to_owned(),
            rubric: project.rubric.digest(),
            items: Digest::of_bytes(lines.as_bytes()),
            count: items.len() as u64,
            raters_each: raters_each.max(1),
            redacted,
        };
        let mut write = self.write().await?;
        for (alias, item) in aliases {
            sqlx::query("INSERT INTO packet_items (project, packet, alias, item) VALUES ($1, $2, $3, $4)")
                .bind(&project.name)
                .bind(&manifest.packet)
                .bind(alias)
                .bind(item)
                .execute(&mut *write)
                .await
                .map_err(|error| self.failed(error))?;
        }
        let table = table.into_inner().map_err(|error| ReviewError::usage(error.to_string()))?;
        for (name, bytes) in [
            ("README.md", readme(&project.rubric).into_bytes()),
            ("rubric.json", pretty(&public(&project.rubric)).into_bytes()),
            ("items.jsonl", lines.into_bytes()),
            ("ratings.csv", table),
            ("manifest.json", pretty(&json!(manifest)).into_bytes()),
        ] {
            let path = folder.join(name);
            std::fs::write(&path, bytes).map_err(io(&path))?;
        }
        // Last of all: a packet that nobody could write is none.
        self.commit(write).await?;
        Ok(manifest)
    }

    /// Reads a packet that came back: the ratings of `ratings.csv`, with the ids that items have here.
    ///
    /// # Errors
    /// The packet is not from here, its items were changed, or the rubric is another one now.
    pub async fn returned(&self, project: &str, folder: &Path) -> Result<Vec<Incoming>, ReviewError> {
        let project = self.project(project).await?;
        let path = folder.join("manifest.json");
        let text = std::fs::read_to_string(&path).map_err(io(&path))?;
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|error| ReviewError::usage(format!("{}:{}: {error}", path.display(), error.line())))?;
        let path = folder.join("items.jsonl");
        let lines = std::fs::read(&path).map_err(io(&path))?;
        if Digest::of_bytes(&lines) != manifest.items {
            return Err(ReviewError::usage(format!(
                "{}: this is not what was handed off: raters may have seen something else",
                path.display()
            )));
        }
        if manifest.rubric != project.rubric.digest() {
            return Err(ReviewError::usage(format!(
                "the packet was rated under the rubric {}, project `{}` uses {} now: its answers are to other questions; \
                 hand the items off again, or give the project the old rubric back with `assay review relabel`",
                manifest.rubric.short(),
                project.name,
                project.rubric.digest().short()
            )));
        }
        let rows = sqlx::query("SELECT alias, item FROM packet_items WHERE project = $1 AND packet = $2")
            .bind(&project.name)
            .bind(&manifest.packet)
            .fetch_all(&self.file.pool)
            .await
            .map_err(|error| self.failed(error))?;
        if rows.is_empty() {
            return Err(ReviewError::usage(format!("project `{}` has handed off no such packet", project.name)));
        }
        let items: BTreeMap<String, String> = rows.iter().map(|row| (row.get("alias"), row.get("item"))).collect();
        let mut incoming = csv::read(&folder.join("ratings.csv"), &project.rubric)?;
        for one in &mut incoming {
            if let Some(item) = items.get(&one.item) {
                one.item.clone_from(item);
            } else {
                // An id of this project is no id of the packet.
                return Err(ReviewError::usage(format!(
                    "{}: the packet has no item `{}`",
                    one.place,
                    super::clean(&one.item)
                )));
            }
            one.turned = true;
        }
        Ok(incoming)
    }
}

/// Random hexadecimal digits.
fn hex(digits: usize) -> String {
    let mut random = rand::rng();
    (0..digits).map(|_| char::from_digit(random.random_range(0..16), 16).unwrap_or('0')).collect()
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The rubric without what a rater must not know: the answers of the quiz, and what it is for.
fn public(rubric: &Rubric) -> Value {
    let mut public = rubric.clone();
    (public.quiz, public.description) = (None, None);
    public.criteria.retain(|criterion| criterion.kind != Kind::Spans);
    json!(public)
}

fn readme(rubric: &Rubric) -> String {
    let mut text = format!("# {}\n\n", rubric.rubric);
    if !rubric.instructions.is_empty() {
        let _ = writeln!(text, "{}\n", rubric.instructions.trim());
    }
    text.push_str(
        "Read each line of `items.jsonl`, and fill in its row of `ratings.csv`: your name or number as `rater`, the seconds \
         it took as `seconds`, and an answer for each question below. Words in brackets stand for data that was taken out. \
         Send the whole folder back; do not change the other files.\n",
    );
    for criterion in rubric.criteria.iter().filter(|criterion| criterion.kind != Kind::Spans) {
        let question = criterion.question.as_deref().unwrap_or(&criterion.name);
        let needed = if criterion.is_required() { "" } else { " (may be left empty)" };
        let _ = writeln!(text, "\n## {}{needed}\n\n{question}\n", criterion.name);
        if criterion.kind == Kind::Comment {
            text.push_str("A text.\n");
        }
        for (value, words) in criterion.answers() {
            let _ = writeln!(text, "- `{}`: {words}", super::text(&word(criterion.kind, &value)));
        }
    }
    if rubric.criteria.iter().any(|criterion| criterion.kind == Kind::Spans) {
        text.push_str(
            "\nQuestions that mark parts of a text are not asked here: places in redacted texts are others.\n",
        );
    }
    text
}
