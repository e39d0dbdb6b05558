//! The backends: who makes the namespaces.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::process::Command;

use crate::{Job, NOBODY, SCRATCH, WORD, view};

/// Who makes the namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// The program `bwrap`.
    Bubblewrap,
    /// The helper itself.
    Namespaces,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bubblewrap => "bubblewrap",
            Self::Namespaces => "namespaces",
        })
    }
}

/// The binary that serves as the helper.
#[derive(Clone, Debug)]
pub struct Helper {
    path: PathBuf,
}

impl Helper {
    /// Where the helper lies inside.
    pub(crate) const INSIDE: &str = "/.helper";

    /// The running binary, whose `main` calls [`serve_if_asked`](crate::serve_if_asked).
    pub fn this_binary() -> Self {
        Self { path: std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe")) }
    }

    /// Another binary that does.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether the process is root, whose helper can and must become somebody else.
pub(crate) fn is_root() -> bool {
    #[cfg(target_os = "linux")]
    return crate::sys::user() == 0;
    #[cfg(not(target_os = "linux"))]
    false
}

/// Devices that hold nothing.
pub(crate) const DEVICES: &[&str] = &["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Links that programs count on.
pub(crate) const LINKS: &[(&str, &str)] = &[
    ("/tmp", SCRATCH),
    ("/dev/shm", SCRATCH),
    ("/dev/fd", "/proc/self/fd"),
    ("/dev/stdin", "/proc/self/fd/0"),
    ("/dev/stdout", "/proc/self/fd/1"),
    ("/dev/stderr", "/proc/self/fd/2"),
];

impl Backend {
    /// In the order in which they are tried.
    pub const ALL: &[Self] = &[Self::Bubblewrap, Self::Namespaces];

    pub(crate) fn command(self, helper: &Helper, job: &Job) -> Result<Command, String> {
        if !cfg!(target_os = "linux") {
            return Err("needs Linux".into());
        }
        match self {
            Self::Namespaces => {
                let mut command = Command::new(helper.path());
                command.args([WORD, "outer"]);
                Ok(command)
            }
            Self::Bubblewrap => bubblewrap(helper, job),
        }
    }
}

fn bubblewrap(helper: &Helper, job: &Job) -> Result<Command, String> {
    let program = view::find("bwrap").ok_or("not installed")?;
    let mut command = Command::new(program);
    command.args(["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]);
    command.args(["--die-with-parent", "--as-pid-1", "--new-session", "--hostname", "sandbox"]);
    if is_root() {
        // The helper inside becomes nobody; root's mounts reach interpreters that nobody else can.
        command.args(["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]);
    } else {
        let nobody = NOBODY.to_string();
        command.args(["--unshare-user", "--uid", &nobody, "--gid", &nobody]);
    }
    // bubblewrap would make the folders above for their owner only, and nobody does not own them.
    let places = job.view.files.keys().map(PathBuf::as_path).chain(DEVICES.iter().map(Path::new));
    let above: BTreeSet<&Path> = places.flat_map(|place| place.ancestors().skip(1)).collect();
    for folder in above.into_iter().filter(|folder| folder.parent().is_some()) {
        command.args(["--perms", "0755", "--dir"]).arg(folder);
    }
    for (place, source) in &job.view.files {
        command.arg("--ro-bind").arg(source).arg(place);
    }
    for (place, to) in &job.view.links {
        command.arg("--symlink").arg(to).arg(place);
    }
    // Not `--dev` and not `--tmpfs` without a size: both give memory that no limit counts.
    for device in DEVICES {
        command.args(["--dev-bind", device, device]);
    }
    for (place, to) in LINKS {
        command.args(["--symlink", to, place]);
    }
    command.args(["--proc", "/proc"]);
    command.args(["--perms", "1777", "--size", &job.limits.scratch.to_string(), "--tmpfs", SCRATCH]);
    command.arg("--ro-bind").arg(helper.path()).arg(Helper::INSIDE);
    command.args(["--remount-ro", "/", "--", Helper::INSIDE, WORD, "inner"]);
    Ok(command)
}
