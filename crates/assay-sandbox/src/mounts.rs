//! The file system of a job, made from nothing: what is not mounted here does not exist.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::backend::{DEVICES, Helper, LINKS};
use crate::helper::MOST_FILES;
use crate::{Job, SCRATCH, sys};

const HARDENED: libc::c_ulong = libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV;

/// Builds the view and makes it the root. The caller is the first process of new mount and process namespaces.
pub(crate) fn build(job: &Job, helper: &Path) -> Result<(), String> {
    let none = Path::new("none");
    let step = |what: &str, result: io::Result<()>| result.map_err(|error| format!("{what}: {error}"));
    // Nothing done here reaches the host.
    step("mounts cannot be made private", sys::mount(none, Path::new("/"), "", libc::MS_REC | libc::MS_PRIVATE, ""))?;
    // The old root is needed until everything has been bound, so both stand in an empty folder of memory.
    let base = Path::new("/tmp");
    let flags = libc::MS_NOSUID | libc::MS_NODEV;
    step("no file system in memory", sys::mount(none, base, "tmpfs", flags, "mode=0755,size=1m"))?;
    step("folders", fs::create_dir(base.join("old")).and_then(|()| fs::create_dir(base.join("new"))))?;
    step("new root", sys::mount(&base.join("new"), &base.join("new"), "", libc::MS_BIND, ""))?;
    step("the root cannot be changed", sys::pivot_root(base, &base.join("old")))?;
    step("/", std::env::set_current_dir("/"))?;
    let (old, new) = (Path::new("/old"), Path::new("/new"));
    let under = |root: &Path, path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));

    let mut bound = BTreeSet::new();
    let mut bind = |source: &Path, place: &Path, flags: libc::c_ulong| -> Result<(), String> {
        let (from, to) = (under(old, source), under(new, place));
        let name = || source.display().to_string();
        stand_in(&from, &to).map_err(|error| format!("{}: {error}", name()))?;
        step(&name(), sys::mount(&from, &to, "", libc::MS_BIND | libc::MS_REC, ""))?;
        bound.insert((to, flags));
        Ok(())
    };
    for (place, source) in &job.view.files {
        bind(source, place, HARDENED)?;
    }
    for device in DEVICES {
        bind(Path::new(device), Path::new(device), libc::MS_NOSUID | libc::MS_NOEXEC)?;
    }
    bind(helper, Path::new(Helper::INSIDE), HARDENED)?;
    let links = LINKS.iter().map(|(place, to)| (Path::new(place), Path::new(to)));
    for (place, to) in links.chain(job.view.links.iter().map(|(place, to)| (place.as_path(), to.as_path()))) {
        step(&place.display().to_string(), std::os::unix::fs::symlink(to, under(new, place)))?;
    }
    let proc = under(new, Path::new("/proc"));
    step("/proc", fs::create_dir(&proc))?;
    step(
        "/proc cannot be mounted",
        sys::mount(none, &proc, "proc", libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC, ""),
    )?;
    let scratch = under(new, Path::new(SCRATCH));
    step("scratch", fs::create_dir(&scratch))?;
    let options = format!("mode=1777,size={},nr_inodes={MOST_FILES}", job.limits.scratch);
    step("scratch", sys::mount(none, &scratch, "tmpfs", libc::MS_NOSUID | libc::MS_NODEV, &options))?;

    // A bind takes its source's flags; what stands on it, too, is made read-only, keeping what may not be taken away.
    let mounted = fs::read_to_string("/new/proc/self/mountinfo").map_err(|error| error.to_string())?;
    for (path, kept) in mounted.lines().filter_map(flags_of) {
        let Some((_, flags)) = bound.iter().rev().find(|(root, _)| path.starts_with(root)) else { continue };
        let all = libc::MS_REMOUNT | libc::MS_BIND | kept | flags;
        step(&format!("{} cannot be made read-only", path.display()), sys::mount(none, &path, "", all, ""))?;
    }
    step("the host's files cannot be put away", sys::detach(old))?;
    step("new root", std::env::set_current_dir(new))?;
    step("the root cannot be changed again", sys::pivot_root(Path::new("."), Path::new(".")))?;
    step("the outer root cannot be put away", sys::detach(Path::new(".")))?;
    step("/", std::env::set_current_dir("/"))?;
    // The new root is a bind of the folder in memory, so its own flags make it read-only.
    let all = libc::MS_REMOUNT | libc::MS_BIND | HARDENED;
    step("/ cannot be made read-only", sys::mount(none, Path::new("/"), "", all, ""))
}

/// An empty file or folder to mount on.
fn stand_in(source: &Path, place: &Path) -> io::Result<()> {
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    if place.exists() {
        return Ok(());
    }
    if fs::metadata(source)?.is_dir() {
        fs::create_dir(place)?;
        return fs::set_permissions(place, fs::Permissions::from_mode(0o755));
    }
    fs::write(place, "")
}

/// Path and flags of a line of `mountinfo`.
fn flags_of(line: &str) -> Option<(PathBuf, libc::c_ulong)> {
    let mut fields = line.split(' ');
    let path = unescaped(fields.nth(4)?);
    let flags = fields.next()?.split(',').map(|word| match word {
        "ro" => libc::MS_RDONLY,
        "nosuid" => libc::MS_NOSUID,
        "nodev" => libc::MS_NODEV,
        "noexec" => libc::MS_NOEXEC,
        "noatime" => libc::MS_NOATIME,
        "nodiratime" => libc::MS_NODIRATIME,
        "relatime" => libc::MS_RELATIME,
        _ => 0,
    });
    Some((path, flags.fold(0, |all, flag| all | flag)))
}

/// Blanks and the like are written as three octal digits.
fn unescaped(text: &str) -> PathBuf {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = (*first == b'\\').then(|| tail.get(..3)).flatten();
        match code.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from(String::from_utf8_lossy(&bytes).into_owned()))
}
