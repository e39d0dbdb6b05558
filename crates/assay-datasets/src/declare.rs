//! A dataset as a suite declares it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assay_core::{Problem, SliceExpr, problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A dataset: a file, a directory or a stored version, how it is read, and which of its cases are used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetDecl {
    /// Its name; the file's stem, or that of the stored dataset, by default.
    #[serde(default)]
    pub name: Option<String>,
    /// File or directory, relative to the suite file.
    #[serde(default)]
    pub path: String,
    /// A stored dataset instead of a path: `qa` for its newest version, `qa@approved` for a tag, `qa@3` for a number,
    /// `qa@4f2a91c0` for a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The version that `dataset` named when the suite was read, so that one run never sees two.
    #[serde(skip)]
    #[schemars(skip)]
    pub pinned: Option<assay_core::Digest>,
    /// Only this part of a stored dataset, as `assay dataset split` divided it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// The format; by the file's ending by default.
    #[serde(default)]
    pub format: Option<Format>,
    /// Which column is what.
    #[serde(default)]
    pub fields: Fields,
    /// Only cases of this slice.
    #[serde(default, rename = "where")]
    pub filter: Option<SliceExpr>,
    /// At most this many cases.
    #[serde(default)]
    pub limit: Option<u64>,
}

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values with a header.
    Csv,
    /// Tab-separated values with a header.
    Tsv,
    /// Apache Parquet.
    Parquet,
    /// Apache Arrow IPC: a file (Feather 2) or a stream.
    Arrow,
    /// The first sheet of an Excel workbook, with a header.
    Xlsx,
    /// A YAML list, or an object with `cases`, `data` or `rows`.
    Yaml,
    /// A JSON list, or an object with `cases`, `data` or `rows`.
    Json,
    /// A text or Markdown file: one case, its text under `text`.
    Text,
}

impl Format {
    /// The name in a suite and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
            Self::Xlsx => "xlsx",
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Text => "text",
        }
    }

    /// The format of a file by its ending.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "csv" => Some(Self::Csv),
            "tsv" => Some(Self::Tsv),
            "parquet" | "pq" => Some(Self::Parquet),
            "arrow" | "arrows" | "feather" | "ipc" => Some(Self::Arrow),
            "xlsx" => Some(Self::Xlsx),
            "yaml" | "yml" => Some(Self::Yaml),
            "json" => Some(Self::Json),
            "txt" | "md" => Some(Self::Text),
            _ => None,
        }
    }
}

/// Which column is what. A value is a column's name or a dotted path into nested objects.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fields {
    /// The case's id.
    #[serde(default)]
    pub id: Option<String>,
    /// The inputs: a list of columns, or names with paths. By default every column that nothing else claims.
    #[serde(default)]
    pub input: Option<Names>,
    /// What counts as right.
    #[serde(default)]
    pub expected: Option<String>,
    /// Reference contexts.
    #[serde(default)]
    pub contexts: Option<String>,
    /// Cases of one cluster are not independent.
    #[serde(default)]
    pub cluster: Option<String>,
    /// Design weight.
    #[serde(default)]
    pub weight: Option<String>,
    /// A case that must not fail.
    #[serde(default)]
    pub critical: Option<String>,
    /// Slice keys.
    #[serde(default)]
    pub metadata: Option<Names>,
    /// Recorded outputs: one column, or names with paths.
    #[serde(default)]
    pub outputs: Option<Names>,
}

/// One column, several, or names with paths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// One column under its own name.
    One(String),
    /// Columns under their own names.
    List(Vec<String>),
    /// Name to path.
    Map(BTreeMap<String, String>),
}

impl Names {
    /// Name and path of each; `single` is the name of a lone one, its own last step when `None`.
    pub fn pairs(&self, single: Option<&str>) -> Vec<(String, String)> {
        let last = |path: &String| path.rsplit('.').next().unwrap_or(path).to_owned();
        match self {
            Self::One(path) => vec![(single.map_or_else(|| last(path), str::to_owned), path.clone())],
            Self::List(paths) => paths.iter().map(|path| (last(path), path.clone())).collect(),
            Self::Map(map) => map.iter().map(|(name, path)| (name.clone(), path.clone())).collect(),
        }
    }
}

impl DatasetDecl {
    /// Reads a declaration: a path, or an object.
    ///
    /// # Errors
    /// What does not fit, with a pointer under `at`.
    pub fn read(value: &Value, at: &str) -> Result<Self, Problem> {
        match value {
            Value::String(path) => Ok(Self { path: path.clone(), ..Self::default() }),
            value => {
                let declared: Self = problem::read(value, at)?;
                declared.check().map_err(|(message, help)| Problem::new(at, message).help(help))?;
                Ok(declared)
            }
        }
    }

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        match (&self.dataset, self.path.is_empty()) {
            (None, true) => Err(("the dataset has neither `path` nor `dataset`", "name a file or a stored dataset")),
            (Some(_), false) => Err(("a dataset has a `path` or a `dataset`, not both", "remove one of them")),
            (Some(_), _) if self.format.is_some() || self.fields != Fields::default() => Err((
                "a stored dataset needs no `format` and no `fields`",
                "they were given when it was added; remove them",
            )),
            (None, _) if self.split.is_some() => {
                Err(("only a stored dataset has splits", "add the file with `assay dataset add`, then split it"))
            }
            _ => Ok(()),
        }
    }

    /// What it is read from, for people and records.
    pub fn source(&self) -> String {
        match (&self.dataset, &self.split) {
            (Some(dataset), Some(split)) => format!("{dataset}/{split}"),
            (Some(dataset), None) => dataset.clone(),
            (None, _) => self.path.clone(),
        }
    }

    /// The file or directory.
    pub fn resolve(&self, base: &Path) -> PathBuf {
        base.join(&self.path)
    }
}

/// The JSON Schema of one dataset entry.
pub fn schema() -> Value {
    let mut object = schemars::schema_for!(DatasetDecl).to_value();
    let definitions = object.as_object_mut().and_then(|object| object.remove("$defs"));
    json!({
        "description": "Where cases come from: a path, or an object with a field mapping.",
        "anyOf": [{"type": "string"}, object],
        "$defs": definitions,
    })
}
