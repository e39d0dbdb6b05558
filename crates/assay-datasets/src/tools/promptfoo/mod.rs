//! promptfoo: configs, tests in every file it reads them from, and results.
//!
//! The shapes are those of promptfoo's `src/types/index.ts` (`UnifiedConfigSchema`, `TestCaseSchema`,
//! `EvaluateResult`), not of its documentation, where the two differ. Nothing is executed: providers, assertions and
//! test generators in JavaScript or Python are counted as lost, and stay in the case's metadata under `promptfoo`, from
//! where the exporter writes them back.
//!
//! | module | reads |
//! |---|---|
//! | [`config`] | `promptfooconfig.yaml`: prompts, providers, tests, scenarios |
//! | [`test_cases`] | one test as a case, `__expected` columns, variables that stand for several values |
//! | [`asserts`] | assertions as scorers |
//! | [`results`] | what an evaluation gave |

pub(crate) mod asserts;
mod config;
mod results;
pub(crate) mod test_cases;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::documents::{Shape, shape};
use super::intake::Intake;
use super::json::{self, Lines, Want, at, walk};
use crate::DatasetError;

/// Reads a config, tests, or results; of a folder its config.
pub(crate) fn import(path: &Path, intake: &mut Intake<'_>) -> Result<(), DatasetError> {
    if path.is_dir() {
        return config::import(&config_in(path)?, intake);
    }
    match shape(path)? {
        Shape::Lines => match Lines::open(path)?.next().transpose()? {
            Some((_, value, _)) if value.get("vars").is_some() && value.get("prompt").is_some() => {
                results::import_lines(path, intake)
            }
            _ => config::import_tests(path, intake),
        },
        Shape::Table => config::import_tests(path, intake),
        Shape::Json if has_results(path)? => results::import_document(path, intake),
        Shape::Json | Shape::Yaml => config::import(path, intake),
    }
}

fn config_in(folder: &Path) -> Result<PathBuf, DatasetError> {
    ["yaml", "yml", "json"]
        .iter()
        .map(|ending| folder.join(format!("promptfooconfig.{ending}")))
        .find(|p| p.is_file())
        .ok_or_else(|| {
            DatasetError::new(at(folder, None), "the folder holds no `promptfooconfig.yaml`")
                .help("configs in JavaScript or TypeScript are programs: write them out as YAML first")
        })
}

fn has_results(path: &Path) -> Result<bool, DatasetError> {
    let seen = std::cell::Cell::new(false);
    let want = |path: &[String]| match path {
        [] => Want::Enter,
        [key] => {
            seen.set(seen.get() || key == "results");
            Want::Skip
        }
        _ => Want::Skip,
    };
    walk(path, json::open(path)?, &want, &mut |_, _, _| Ok(()))?;
    Ok(seen.get())
}

/// Merge keys (`<<`), which promptfoo's YAML reader knows, put in place.
pub(crate) fn merged(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(merged).collect(),
        Value::Object(mut fields) => {
            let base = match fields.shift_remove("<<") {
                Some(Value::Array(bases)) => bases,
                Some(base @ Value::Object(_)) => vec![base],
                _ => Vec::new(),
            };
            let mut whole: serde_json::Map<String, Value> =
                fields.into_iter().map(|(key, value)| (key, merged(value))).collect();
            for base in base {
                if let Value::Object(base) = merged(base) {
                    for (key, value) in base {
                        whole.entry(key).or_insert(value);
                    }
                }
            }
            Value::Object(whole)
        }
        other => other,
    }
}
