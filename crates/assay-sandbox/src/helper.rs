//! The process between the caller and the program: it makes the job's world, starts the program in it, and keeps watch.
//!
//! It has one thread and hears its orders on standard input, a socket whose other end the caller holds: when the caller
//! dies, the socket closes, and everything inside ends.

use std::fs;
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{End, Job, NOBODY, Orders, Report, SCRATCH, filter, mounts, probe, sys};

/// How often memory is counted.
const LOOK: Duration = Duration::from_millis(10);

/// The most files in the scratch folder: each takes memory of the kernel's own.
pub(crate) const MOST_FILES: u64 = 4096;

/// Serves as what the word says; gives the exit code.
pub(crate) fn serve(word: &str) -> i32 {
    if let Some(code) = probe::serve(word) {
        return code;
    }
    let Ok(mut line) = std::io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from) else { return 2 };
    let report = match orders(&mut line) {
        Err(why) => Err(why),
        Ok(orders) => match word {
            "outer" => match outer(&orders) {
                // The first process inside goes on; the one outside waits for it.
                Ok(true) => inner(&orders, &mut line),
                Ok(false) => return 0,
                Err(why) => Err(why),
            },
            "inner" => inner(&orders, &mut line),
            _ => Err(format!("there is no helper `{word}`")),
        },
    };
    say(&mut line, &report.map_or_else(Report::Failed, Report::Ended));
    0
}

fn say(line: &mut UnixStream, report: &Report) {
    // Nobody left to tell is no reason to fail.
    let _ = serde_json::to_vec(report).map(|body| line.write_all(&body));
}

fn orders(line: &mut UnixStream) -> Result<Orders, String> {
    let text = |error: std::io::Error| format!("no orders: {error}");
    let mut head = [0; 8];
    line.read_exact(&mut head).map_err(text)?;
    let mut body = Vec::new();
    (&mut *line).take(u64::from_be_bytes(head)).read_to_end(&mut body).map_err(text)?;
    serde_json::from_slice(&body).map_err(|error| format!("no orders: {error}"))
}

/// Leaves the host's namespaces. True in the first process of the new ones.
fn outer(orders: &Orders) -> Result<bool, String> {
    let step = |what: &str, result: std::io::Result<()>| result.map_err(|error| format!("{what}: {error}"));
    let helper = std::env::current_exe().map_err(|error| error.to_string())?;
    let apart = libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWCGROUP;
    if orders.drop_root {
        step("namespaces are refused", sys::unshare(apart))?;
    } else {
        let (user, group) = (sys::user(), sys::group());
        step("user namespaces are refused", sys::unshare(libc::CLONE_NEWUSER | apart))?;
        map_nobody_to(user, group)?;
    }
    match sys::fork().map_err(|error| format!("no first process: {error}"))? {
        Some(_) => {
            while sys::wait(true).is_ok() {}
            Ok(false)
        }
        None => mounts::build(&orders.job, &helper).map(|()| true),
    }
}

/// In a new user namespace there is one user, `nobody`, who is `user` outside.
fn map_nobody_to(user: u32, group: u32) -> Result<(), String> {
    let write = |file: &str, text: String| fs::write(file, text).map_err(|error| format!("{file}: {error}"));
    write("/proc/self/setgroups", "deny".into())?;
    write("/proc/self/uid_map", format!("{NOBODY} {user} 1"))?;
    write("/proc/self/gid_map", format!("{NOBODY} {group} 1"))
}

/// Runs the program and watches it, as the first process of its namespace: when it ends, all of them do.
fn inner(orders: &Orders, line: &mut UnixStream) -> Result<End, String> {
    let job = &orders.job;
    let step = |what: &str, result: std::io::Result<()>| result.map_err(|error| format!("{what}: {error}"));
    if std::process::id() != 1 {
        return Err("the process namespace is missing".into());
    }
    step(SCRATCH, std::env::set_current_dir(SCRATCH))?;
    if orders.drop_root {
        step("root cannot be given up", sys::become_user(NOBODY))?;
        step("/proc", sys::readable(true))?;
        // Processes are counted per user and user namespace: each job gets a count of its own.
        step("user namespaces are refused", sys::unshare(libc::CLONE_NEWUSER))?;
        map_nobody_to(NOBODY, NOBODY)?;
    }
    if sys::user() == 0 {
        return Err("root could not be given up".into());
    }
    step("privacy", sys::readable(false))?;
    step("death with the parent", sys::die_with_parent())?;
    let mut input = sys::nameless_file().map_err(|error| format!("input: {error}"))?;
    step("input", input.write_all(job.input.as_bytes()).and_then(|()| input.rewind()))?;
    let Some(child) = sys::fork().map_err(|error| format!("no process: {error}"))? else {
        let why = become_program(job, input);
        say(line, &Report::Failed(why));
        std::process::exit(127);
    };
    drop(input);
    watch(child, job, line)
}

/// Limits the process and makes it the program; comes back only with a reason.
fn become_program(job: &Job, input: fs::File) -> String {
    let limits = &job.limits;
    let seconds = limits.wall.as_secs().saturating_add(1);
    let all = [
        (libc::RLIMIT_CPU, seconds, seconds + 1),
        (libc::RLIMIT_DATA, limits.memory, limits.memory),
        (libc::RLIMIT_NPROC, limits.processes, limits.processes),
        (libc::RLIMIT_FSIZE, limits.scratch, limits.scratch),
        (libc::RLIMIT_NOFILE, 256, 256),
        (libc::RLIMIT_CORE, 0, 0),
        (libc::RLIMIT_MEMLOCK, 0, 0),
        (libc::RLIMIT_MSGQUEUE, 0, 0),
        (libc::RLIMIT_SIGPENDING, 256, 256),
    ];
    for (resource, soft, hard) in all {
        if let Err(error) = sys::limit(resource, soft, hard) {
            return format!("limit {resource}: {error}");
        }
    }
    let last = sys::new_session()
        .and_then(|()| sys::no_new_privileges())
        .and_then(|()| sys::keep_files())
        .and_then(|()| sys::filter(&filter::program()));
    if let Err(error) = last {
        return format!("the system call filter: {error}");
    }
    let Some((program, arguments)) = job.argv.split_first() else { return "no program".into() };
    let error = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs([("PATH", "/usr/local/bin:/usr/bin:/bin"), ("HOME", SCRATCH), ("TMPDIR", SCRATCH), ("LANG", "C.UTF-8")])
        .envs(&job.env)
        .stdin(Stdio::from(OwnedFd::from(input)))
        .exec();
    format!("`{program}` cannot be started: {error}")
}

/// Waits for the program, its deadline, its memory, or the caller's end.
fn watch(child: i32, job: &Job, line: &UnixStream) -> Result<End, String> {
    let started = Instant::now();
    let handle = sys::watch(child).map_err(|error| format!("watching: {error}"))?;
    loop {
        let [over, gone] = sys::poll([&handle, line], LOOK);
        if gone {
            // Nobody is left who waits for the result: with the first process all others end.
            std::process::exit(1);
        }
        if over || started.elapsed() >= LOOK {
            // Orphans come to the first process.
            while let Ok(Some(waited)) = sys::wait(false) {
                if waited.child != child {
                    continue;
                }
                return Ok(match (waited.code, waited.signal) {
                    (_, Some(libc::SIGXCPU)) => End::Timeout,
                    (_, Some(signal)) => End::Signal(signal),
                    (code, None) => End::Exit(code.unwrap_or(-1)),
                });
            }
        }
        if started.elapsed() >= job.limits.wall {
            return Ok(End::Timeout);
        }
        let files = sys::files(Path::new(SCRATCH)).unwrap_or(u64::MAX);
        if memory() > job.limits.memory || files > MOST_FILES {
            return Ok(End::Memory);
        }
    }
}

/// Bytes of memory that all processes but the helper have in use; what several share counts for each.
fn memory() -> u64 {
    const PAGE: u64 = 4096;
    let Ok(list) = fs::read_dir("/proc") else { return u64::MAX };
    let processes: Vec<_> = list
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|process| *process != 1)
        .collect();
    processes
        .iter()
        .map(|process| {
            let text = fs::read_to_string(format!("/proc/{process}/statm")).unwrap_or_default();
            let mut numbers = text.split(' ').map(|word| word.parse::<u64>().unwrap_or(0));
            // Files that are mapped, such as libraries, belong to nobody; memory that is shared does.
            let (resident, shared) = (numbers.nth(1).unwrap_or(0), numbers.next().unwrap_or(0));
            let private = resident.saturating_sub(shared) * PAGE;
            if shared * PAGE < 8 << 20 { private } else { private + shared_memory(*process) }
        })
        .sum()
}

/// Bytes of memory that a process shares with others and no file backs.
fn shared_memory(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("RssShmem:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1024
}
