//! Release policies by name: files, and those that come with Assay.

use std::path::Path;

use assay_core::problem::did_you_mean;
use assay_release::{Policy, builtin};
use assay_report::plain;
use assay_store::Workspace;

use crate::{Failure, Home, usage};

/// A policy file and its text.
///
/// # Errors
/// It cannot be read, or everything that is wrong with it.
pub fn read(path: &Path) -> Result<(Policy, String), Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| usage(format!("{}: {error}", path.display())))?;
    let policy = Policy::from_text(&text, path).map_err(|diagnostics| *diagnostics)?;
    Ok((policy, text))
}

/// A policy by the name of a file, or of one that comes with Assay.
///
/// # Errors
/// There is none, or everything that is wrong with it.
pub fn named(word: &str) -> Result<(Policy, String), Failure> {
    let path = Path::new(word);
    match builtin::text(word) {
        Some(text) if !path.is_file() => {
            Ok((Policy::from_text(text, path).map_err(|diagnostics| *diagnostics)?, text.to_owned()))
        }
        _ if path.is_file() => read(path),
        _ => Err(unknown(word)),
    }
}

/// What a release remembers of where its policy is: a file as the workspace records paths, or the name of one that comes
/// with Assay.
pub fn recorded(word: &str, workspace: &Workspace) -> String {
    match Path::new(word).is_file() {
        true => workspace.recorded(Path::new(word)),
        false => word.to_owned(),
    }
}

/// The policy that a release remembers, as its file says now, and its text.
///
/// # Errors
/// As [`named`].
pub fn remembered(word: &str, workspace: &Workspace) -> Result<(Policy, String), Failure> {
    match workspace.find_recorded(word) {
        path if path.is_file() => read(&path),
        _ => match builtin::text(word) {
            Some(text) => {
                Ok((Policy::from_text(text, Path::new(word)).map_err(|diagnostics| *diagnostics)?, text.to_owned()))
            }
            None => Err(usage(format!("there is no file `{}` any more", plain(word, 200)))),
        },
    }
}

/// A policy that somebody names from afar: a file of the project, or one that comes with Assay. Also where it is, as a
/// release remembers it.
///
/// # Errors
/// There is none, or everything that is wrong with it.
pub fn from_afar(word: &str, home: &Home) -> Result<(Policy, String, String), Failure> {
    if let (Some(text), Err(_)) = (builtin::text(word), home.project_file(word)) {
        let policy = Policy::from_text(text, Path::new(word)).map_err(|diagnostics| *diagnostics)?;
        return Ok((policy, text.to_owned(), word.to_owned()));
    }
    let path = home.project_file(word)?;
    let (policy, text) = read(&path)?;
    Ok((policy, text, home.workspace.recorded(&path)))
}

/// What is said where no policy has a name.
pub fn unknown(word: &str) -> Failure {
    let names = builtin::POLICIES.iter().map(|(name, _)| *name);
    let help = match did_you_mean(word, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("a file, or one of {}", names.collect::<Vec<_>>().join(", ")),
    };
    usage(format!("there is no policy `{}` ({help})", plain(word, 200)))
}
