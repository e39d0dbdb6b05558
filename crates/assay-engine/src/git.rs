//! What git says of a folder.

use std::path::Path;
use std::process::Command;

/// What git answers in a folder, without white space around it; `None` where it cannot.
pub fn answer(folder: &Path, arguments: &[&str]) -> Option<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
