//! What a job sees of the host's files: system folders and the interpreter's own, read-only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// System folders that programs and their libraries lie in.
const SYSTEM: &[&str] = &["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/nix/store"];

/// Files that programs need from elsewhere. Names, passwords, keys and settings stay out.
const FILES: &[&str] = &["/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"];

/// Read-only files of the host, and links.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Place inside to file or folder of the host.
    pub files: BTreeMap<PathBuf, PathBuf>,
    /// Place inside to what the link says.
    pub links: BTreeMap<PathBuf, PathBuf>,
}

impl View {
    /// What any program needs.
    pub fn system() -> Self {
        let mut view = Self::default();
        for path in SYSTEM.iter().chain(FILES).map(PathBuf::from) {
            match std::fs::read_link(&path) {
                // `/bin` is a link to `usr/bin` on most systems.
                Ok(to) if path.parent() == Some(Path::new("/")) => drop(view.links.insert(path, to)),
                _ => view.add(&path),
            }
        }
        view
    }

    /// Adds a file or folder at its own place, and at the place that links lead to.
    pub fn add(&mut self, path: &Path) {
        let Ok(real) = path.canonicalize() else { return };
        let known = || self.files.keys().chain(self.links.keys());
        let shown = |place: &Path| known().any(|known| place.starts_with(known));
        let missing: Vec<PathBuf> =
            [path, &real].into_iter().filter(|place| !shown(place)).map(Path::to_owned).collect();
        self.files.extend(missing.into_iter().map(|place| (place, real.clone())));
    }
}

/// Finds a program as a shell would, without running it.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return std::path::absolute(program).ok().filter(|path| path.is_file());
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Refuses a folder that holds more than an interpreter: showing it would show what lies beside.
fn narrow(folder: &Path) -> Result<(), String> {
    let home = std::env::var_os("HOME").map(PathBuf::from).and_then(|home| home.canonicalize().ok());
    let here = std::env::current_dir().and_then(|here| here.canonicalize()).ok();
    let real = folder.canonicalize().map_err(|error| format!("`{}`: {error}", folder.display()))?;
    let holds = |path: &Option<PathBuf>| path.as_ref().is_some_and(|path| path.starts_with(&real));
    if real.parent().is_none() || holds(&home) || holds(&here) {
        return Err(format!(
            "the interpreter is installed in `{}`, which also holds your own files; they would be visible to the code. \
             Use an interpreter in a folder of its own, such as a virtual environment in `.venv`",
            real.display()
        ));
    }
    Ok(())
}

impl View {
    /// What a program needs that is no Python: its file, or the folder above its `bin`.
    ///
    /// # Errors
    /// The program is missing, or lies among other files.
    pub fn of_program(program: &str) -> Result<(Self, String), String> {
        let path = find(program).ok_or_else(|| format!("there is no program `{program}`"))?;
        let real = path.canonicalize().map_err(|error| format!("`{program}`: {error}"))?;
        let mut view = Self::system();
        if !view.files.keys().any(|known| real.starts_with(known)) {
            match real.parent().filter(|folder| folder.ends_with("bin")).and_then(Path::parent) {
                Some(prefix) => {
                    narrow(prefix)?;
                    view.add(prefix);
                }
                None => view.add(&real),
            }
        }
        Ok((view, real.to_string_lossy().into_owned()))
    }

    /// What a Python needs: it is asked for its prefixes, since what `PATH` finds may be a script that chooses one.
    ///
    /// # Errors
    /// The interpreter is missing, does not answer, or lies among other files.
    pub async fn of_python(program: &str) -> Result<(Self, String), String> {
        const ASK: &str = "import json, sys; print(json.dumps([sys.executable, sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]))";
        let path = find(program).ok_or_else(|| format!("there is no program `{program}`"))?;
        let asked = tokio::process::Command::new(&path).args(["-I", "-c", ASK]).kill_on_drop(true).output();
        let output = tokio::time::timeout(std::time::Duration::from_secs(30), asked)
            .await
            .map_err(|_| format!("`{program}` did not answer within 30 s"))?
            .map_err(|error| format!("`{program}` cannot be started: {error}"))?;
        let answer: Vec<PathBuf> = serde_json::from_slice(&output.stdout)
            .map_err(|_| format!("`{program}` is no Python: it did not say where it is installed"))?;
        let [executable, prefixes @ ..] = answer.as_slice() else { return Err(format!("`{program}` is no Python")) };
        let mut view = Self::system();
        for prefix in prefixes {
            let shown = prefix.canonicalize().is_ok_and(|real| view.files.keys().any(|known| real.starts_with(known)));
            if !shown {
                narrow(prefix)?;
            }
            view.add(prefix);
        }
        // A virtual environment's interpreter is a link, often over other links.
        let mut link = executable.clone();
        for _ in 0..8 {
            let Ok(to) = std::fs::read_link(&link) else { break };
            link = link.parent().map_or(to.clone(), |folder| folder.join(&to));
            view.add(&link);
        }
        Ok((view, executable.to_string_lossy().into_owned()))
    }
}
