//! System calls, each behind a function that is safe to call.
//!
//! The only file of the crate with `unsafe`: twenty calls of one line. The crates that wrap them change the features of
//! `libc` for the whole tree, and `fork` is unsafe in each of them.

#![allow(unsafe_code, reason = "system calls that the standard library does not offer")]

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use crate::filter::Instruction;

fn done(code: libc::c_int) -> io::Result<()> {
    if code == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn long(code: libc::c_long) -> io::Result<libc::c_long> {
    if code >= 0 { Ok(code) } else { Err(io::Error::last_os_error()) }
}

fn text(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))
}

/// The caller's effective user.
pub fn user() -> u32 {
    // SAFETY: no arguments.
    unsafe { libc::geteuid() }
}

/// The caller's effective group.
pub fn group() -> u32 {
    // SAFETY: no arguments.
    unsafe { libc::getegid() }
}

/// Leaves namespaces; the caller has one thread.
pub fn unshare(flags: libc::c_int) -> io::Result<()> {
    // SAFETY: a number; none of the flags that callers pass shares memory or files anew.
    done(unsafe { libc::unshare(flags) })
}

/// Mounts.
pub fn mount(source: &Path, target: &Path, kind: &str, flags: libc::c_ulong, data: &str) -> io::Result<()> {
    let (source, target, kind, data) = (text(source)?, text(target)?, CString::new(kind)?, CString::new(data)?);
    // SAFETY: four texts that end in zero and outlive the call.
    done(unsafe {
        libc::mount(source.as_ptr(), target.as_ptr(), kind.as_ptr(), flags, data.as_ptr().cast::<libc::c_void>())
    })
}

/// Takes a mount out of sight; it ends when nothing uses it.
pub fn detach(target: &Path) -> io::Result<()> {
    let target = text(target)?;
    // SAFETY: a text that ends in zero and outlives the call.
    done(unsafe { libc::umount2(target.as_ptr(), libc::MNT_DETACH) })
}

/// Makes `new` the root and puts the old one at `old`.
pub fn pivot_root(new: &Path, old: &Path) -> io::Result<()> {
    let (new, old) = (text(new)?, text(old)?);
    // SAFETY: two texts that end in zero and outlive the call.
    long(unsafe { libc::syscall(libc::SYS_pivot_root, new.as_ptr(), old.as_ptr()) }).map(drop)
}

/// Gives up every group and user but one, for good.
pub fn become_user(id: u32) -> io::Result<()> {
    // SAFETY: an empty list, then numbers.
    done(unsafe { libc::setgroups(0, std::ptr::null()) })?;
    // SAFETY: numbers.
    done(unsafe { libc::setresgid(id, id, id) })?;
    // SAFETY: numbers.
    done(unsafe { libc::setresuid(id, id, id) })
}

/// Limits a resource of the caller, softly and hard.
pub fn limit(resource: libc::__rlimit_resource_t, soft: u64, hard: u64) -> io::Result<()> {
    let value = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: a pointer to a value that outlives the call.
    done(unsafe { libc::setrlimit(resource, &raw const value) })
}

fn prctl(option: libc::c_int, value: libc::c_ulong) -> io::Result<()> {
    // SAFETY: the options used here take numbers only.
    done(unsafe { libc::prctl(option, value, 0, 0, 0) })
}

/// The caller and what it starts can gain no rights by starting a program.
pub fn no_new_privileges() -> io::Result<()> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1)
}

/// Whether others of the same user may look into the caller.
pub fn readable(yes: bool) -> io::Result<()> {
    prctl(libc::PR_SET_DUMPABLE, u64::from(yes) as libc::c_ulong)
}

/// The caller is killed when its parent ends.
pub fn die_with_parent() -> io::Result<()> {
    prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong)
}

/// Filters every later system call of the caller and of what it starts.
pub fn filter(program: &[Instruction]) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel copies `length` instructions from a slice that outlives the call.
    done(unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program, 0, 0) })
}

/// Every file but the standard three is closed when the caller starts a program.
pub fn keep_files() -> io::Result<()> {
    // SAFETY: numbers; nothing is closed before a program is started.
    long(unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) }).map(drop)
}

/// A session of its own, without a terminal.
pub fn new_session() -> io::Result<()> {
    // SAFETY: no arguments.
    long(unsafe { libc::setsid() }.into()).map(drop)
}

/// Splits the caller, which has one thread, in two; the child gets `None`.
pub fn fork() -> io::Result<Option<i32>> {
    // SAFETY: with one thread no lock can be held by another, so the child may do all that the parent may.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        child => Ok(Some(child)),
    }
}

/// How a child ended.
#[derive(Clone, Copy, Debug)]
pub struct Waited {
    /// Which child.
    pub child: i32,
    /// Its exit code, if it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// The next child that ended. Without `block` gives `None` when none has; an error when there are no children.
pub fn wait(block: bool) -> io::Result<Option<Waited>> {
    let mut status = 0;
    // SAFETY: a pointer to a value that outlives the call.
    match unsafe { libc::waitpid(-1, &raw mut status, if block { 0 } else { libc::WNOHANG }) } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(None),
        child => Ok(Some(Waited {
            child,
            code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
            signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
        })),
    }
}

/// A descriptor that can be read once the child has ended.
pub fn watch(child: i32) -> io::Result<OwnedFd> {
    // SAFETY: numbers; the descriptor that comes back belongs to nobody else.
    long(unsafe { libc::syscall(libc::SYS_pidfd_open, child, 0) })
        .map(|fd| unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Waits until one of them can be read or was hung up, or the time is over; says for each whether it was.
pub fn poll<const N: usize>(files: [&dyn AsRawFd; N], within: Duration) -> [bool; N] {
    let mut list = files.map(|file| libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLIN, revents: 0 });
    let within = i32::try_from(within.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: a pointer to N entries that outlive the call.
    unsafe { libc::poll(list.as_mut_ptr(), N as libc::nfds_t, within) };
    list.map(|entry| entry.revents != 0)
}

/// A file in memory without a name.
pub fn nameless_file() -> io::Result<File> {
    // SAFETY: a text that ends in zero; the descriptor that comes back belongs to nobody else.
    let file = unsafe { libc::memfd_create(c"input".as_ptr(), libc::MFD_CLOEXEC) };
    // SAFETY: as above.
    long(file.into()).map(|_| unsafe { File::from_raw_fd(file) })
}

/// How many files the file system of a folder holds.
pub fn files(folder: &Path) -> io::Result<u64> {
    let folder = text(folder)?;
    // SAFETY: all zeros is a value of this plain structure.
    let mut about: libc::statvfs = unsafe { std::mem::zeroed() };
    // SAFETY: a text that ends in zero and a pointer to a value, which outlive the call.
    done(unsafe { libc::statvfs(folder.as_ptr(), &raw mut about) })?;
    Ok(about.f_files.saturating_sub(about.f_ffree))
}

/// Opens a socket and closes it again: whether this kind of socket can be had.
pub fn socket(domain: libc::c_int) -> io::Result<()> {
    // SAFETY: numbers; the descriptor that comes back belongs to nobody else.
    let file = unsafe { libc::socket(domain, libc::SOCK_STREAM, 0) };
    long(file.into()).map(|_| drop(unsafe { OwnedFd::from_raw_fd(file) }))
}

/// Asks to trace a process.
pub fn trace(process: i32) -> io::Result<()> {
    // SAFETY: numbers and null pointers, which this request does not read.
    long(unsafe { libc::syscall(libc::SYS_ptrace, libc::PTRACE_SEIZE, process, 0, 0) }).map(drop)
}
