//! `assay dataset add`.

use std::path::Path;

use assay_core::SliceExpr;
use assay_datasets::declare::Fields;
use assay_datasets::library::who;
use assay_datasets::{DatasetDecl, Library};
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::{count, redaction, size};
use crate::exit;
use assay_home::imports::{Arrived, Incoming, format, names, table};
use assay_home::redaction::Redaction;
use assay_home::usage;

/// Adds the cases of a file or directory as the newest version of a dataset.
#[derive(Args)]
pub struct Add {
    /// The dataset; made when it does not exist.
    pub(super) name: String,
    /// A file (JSONL, CSV, TSV, Parquet, YAML, JSON) or a directory.
    path: String,
    /// The format; by the file's ending by default.
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// The column of ids. Without one, cases get an id from their content.
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// Columns that are inputs, as `question` or `question=path.in.the.row`; by default all that nothing else claims.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    input: Vec<String>,
    /// The column of what counts as right.
    #[arg(long, value_name = "COLUMN")]
    expected: Option<String>,
    /// The column of reference contexts.
    #[arg(long, value_name = "COLUMN")]
    contexts: Option<String>,
    /// The column whose cases are not independent.
    #[arg(long, value_name = "COLUMN")]
    cluster: Option<String>,
    /// The column of design weights.
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,
    /// The column that marks cases which must not fail.
    #[arg(long, value_name = "COLUMN")]
    critical: Option<String>,
    /// Columns that slices are made of.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    metadata: Vec<String>,
    /// Columns of recorded outputs.
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    outputs: Vec<String>,
    /// Only cases of this slice.
    #[arg(long = "where", value_name = "SLICE")]
    filter: Option<String>,
    /// At most this many cases.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Take personal data and secrets out on the way in: a policy as of `assay dataset redact`, or `default`. What was found
    /// never reaches the disk.
    #[arg(long, value_name = "POLICY")]
    redact: Option<String>,
    /// The environment variable that holds the key (64 hexadecimal digits), for `hash` and `tokenise`.
    #[arg(long, value_name = "NAME", default_value = "ASSAY_PRIVACY_KEY")]
    key_env: String,
    /// A tag for the version.
    #[arg(long)]
    tag: Option<String>,
    /// A note for the record.
    #[arg(long, short)]
    message: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Add {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let declared = self.declared()?;
        let incoming = Incoming {
            dataset: &self.name,
            by: &who(),
            base: Path::new(""),
            path: Path::new(&self.path),
            redaction: self.redact.map(|policy| Redaction::new(&policy, &self.key_env, true)).transpose()?,
            tag: self.tag,
            note: self.message,
        };
        let Arrived { record, new, cases, new_bytes, named, redaction } = table(library, incoming, declared)?;
        if self.json {
            let found = redaction.as_ref().map(Redaction::kinds);
            say(&json!({"new": new, "new_bytes": new_bytes, "version": record, "found": found}).to_string());
            return Ok(exit::PASS);
        }
        if let Some(redaction) = &redaction {
            redaction::tell(redaction, &format!("{} cases", count(cases)));
        }
        let which = format!("{}@{} {}", self.name, record.number, record.version.short());
        if !new {
            say(&format!("{which}: nothing changed, {} cases", count(cases)));
            return Ok(exit::PASS);
        }
        say(&format!("{which}: {} cases, {} new on disk", count(cases), size(new_bytes)));
        if redaction.is_some() {
            redaction::tell_audit(library, record.version);
        }
        if named > 0 {
            say(&format!("note: {} cases have no id and got one from their content", count(named)));
        }
        Ok(exit::PASS)
    }

    fn declared(&self) -> Result<DatasetDecl, Failure> {
        let format = self.format.as_deref().map(format).transpose()?;
        let filter = match &self.filter {
            None => None,
            Some(text) => Some(text.parse::<SliceExpr>().map_err(|error| usage(format!("--where: {error}")))?),
        };
        let fields = Fields {
            id: self.id.clone(),
            input: names(&self.input),
            expected: self.expected.clone(),
            contexts: self.contexts.clone(),
            cluster: self.cluster.clone(),
            weight: self.weight.clone(),
            critical: self.critical.clone(),
            metadata: names(&self.metadata),
            outputs: names(&self.outputs),
        };
        Ok(DatasetDecl { format, fields, filter, limit: self.limit, ..DatasetDecl::default() })
    }
}
