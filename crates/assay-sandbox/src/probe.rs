//! The check of a backend: attempts to break out, made inside it.

use std::fs;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::backend::Helper;
use crate::{End, Job, Limits, SCRATCH, Sandbox, View, WORD};

/// What the attempts look for: each thing is there, and within reach of the process that opens the sandbox.
#[derive(Debug, Serialize, Deserialize)]
pub struct Attempts {
    /// A file of the host.
    pub secret: std::path::PathBuf,
    /// A port that somebody listens on.
    pub port: u16,
    /// The name of a socket that somebody listens on.
    pub abstract_name: String,
}

/// Limits of the check: small, so that breaking them is quick.
const LIMITS: Limits =
    Limits { wall: Duration::from_secs(10), memory: 64 << 20, processes: 12, output: 64 << 10, scratch: 4 << 20 };

fn job(word: &str, limits: Limits, input: String) -> Job {
    let argv = [Helper::INSIDE, WORD, word].map(str::to_owned).to_vec();
    Job { argv, view: View::system(), limits, input, ..Job::default() }
}

/// Fails with what the backend lets through.
pub(crate) async fn check(sandbox: &Sandbox) -> Result<(), String> {
    #[cfg(not(target_os = "linux"))]
    return Err("needs Linux".into());
    #[cfg(target_os = "linux")]
    {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::{SocketAddr, UnixListener};
        let text = |error: std::io::Error| error.to_string();
        let unique = format!("assay-{}-{:?}", std::process::id(), Instant::now());
        let name: String = unique.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let secret = std::env::temp_dir().join(&name);
        fs::OpenOptions::new().write(true).create_new(true).open(&secret).map_err(text)?;
        let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(text)?;
        let address = SocketAddr::from_abstract_name(&name).map_err(text)?;
        let unix = UnixListener::bind_addr(&address).map_err(text)?;
        let attempts =
            Attempts { secret: secret.clone(), port: listener.local_addr().map_err(text)?.port(), abstract_name: name };
        let input = serde_json::to_string(&attempts).map_err(|error| error.to_string())?;
        let short = Limits { wall: Duration::from_millis(200), ..LIMITS };
        let all = tokio::join!(
            sandbox.start(job("attempts", LIMITS, input)),
            sandbox.start(job("spin", short, String::new())),
            sandbox.start(job("hoard", LIMITS, String::new())),
        );
        let _ = fs::remove_file(&secret);
        drop((listener, unix));
        let (attempts, spin, hoard) = (all.0?, all.1?, all.2?);
        let broken: Vec<String> = match serde_json::from_slice(&attempts.stdout) {
            Ok(broken) => broken,
            Err(_) => {
                let said = crate::plain(&String::from_utf8_lossy(&attempts.stderr));
                return Err(format!("the check did not run to its end ({:?}): {said}", attempts.end));
            }
        };
        if !broken.is_empty() {
            return Err(format!("it does not hold: code inside {}", broken.join(", ")));
        }
        if spin.end != End::Timeout {
            return Err(format!("it does not hold: an endless loop ended with {:?}", spin.end));
        }
        if hoard.end != End::Memory {
            return Err(format!("it does not hold: too much memory ended with {:?}", hoard.end));
        }
        Ok(())
    }
}

/// Plays a part of the check, inside.
#[cfg(target_os = "linux")]
pub(crate) fn serve(word: &str) -> Option<i32> {
    match word {
        "attempts" => {
            let attempts: Attempts = serde_json::from_reader(std::io::stdin()).ok()?;
            println!("{}", serde_json::json!(attempts.make()));
        }
        "spin" => {
            // Hours, should nobody end it.
            let end = Instant::now() + Duration::from_secs(20);
            while Instant::now() < end {
                std::hint::black_box(end);
            }
        }
        "hoard" => {
            let part = || std::process::Command::new(Helper::INSIDE).args([WORD, "hold"]).spawn();
            let parts = [part(), part(), part()];
            parts.into_iter().flatten().for_each(|mut child| drop(child.wait()));
        }
        "hold" => {
            // Less than one may have, more than three may.
            // An optimiser must not see that nobody needs it.
            let held = std::hint::black_box(vec![1_u8; usize::try_from(LIMITS.memory / 2).unwrap_or(0)]);
            std::thread::sleep(Duration::from_secs(5));
            std::hint::black_box(held);
        }
        _ => return None,
    }
    Some(0)
}

#[cfg(target_os = "linux")]
impl Attempts {
    /// Makes every attempt; gives those that succeeded, as the end of a sentence that begins with `code inside`.
    fn make(&self) -> Vec<String> {
        use std::os::linux::net::SocketAddrExt;
        use std::os::unix::net::{SocketAddr, UnixStream};

        use crate::sys;

        let mut broken = Vec::new();
        let mut attempt = |what: &str, succeeded: bool| {
            if succeeded {
                broken.push(what.to_owned());
            }
        };
        let loopback = std::net::SocketAddr::from(([127, 0, 0, 1], self.port));
        let reached = std::net::TcpStream::connect_timeout(&loopback, Duration::from_millis(500));
        attempt("reached a port of the host", reached.is_ok());
        for domain in [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK, libc::AF_PACKET, libc::AF_VSOCK] {
            attempt(&format!("opened a socket of kind {domain}"), sys::socket(domain).is_ok());
        }
        let name = SocketAddr::from_abstract_name(&self.abstract_name);
        attempt("reached a socket of the host", name.and_then(|name| UnixStream::connect_addr(&name)).is_ok());
        let mut interfaces = fs::read_to_string("/proc/self/net/dev").unwrap_or_default();
        interfaces.retain(|c| c == ':');
        attempt("saw the host's network", interfaces.len() > 1);

        attempt("read a file of the host", fs::read(&self.secret).is_ok());
        for file in ["/etc/shadow", "/etc/passwd", "/proc/1/environ", "/proc/1/maps"] {
            attempt(&format!("read {file}"), fs::read(file).is_ok_and(|bytes| !bytes.is_empty()));
        }
        for folder in ["/root", "/home", "/proc/1/fd", "/proc/1/root", "/sys/kernel", "/run"] {
            attempt(&format!("listed {folder}"), fs::read_dir(folder).is_ok());
        }
        for file in ["/written", "/usr/written", "/dev/written", "/proc/sys/kernel/core_pattern"] {
            let file = std::path::Path::new(file);
            let opened = fs::OpenOptions::new().append(true).create(!file.starts_with("/proc")).open(file);
            attempt(&format!("wrote to {}", file.display()), opened.is_ok());
        }

        let processes = fs::read_dir("/proc")
            .map(|list| list.flatten().filter(|e| e.file_name().to_string_lossy().parse::<u32>().is_ok()).count());
        attempt("saw other processes", processes.is_ok_and(|count| count > 2));
        attempt("traced its keeper", sys::trace(1).is_ok());
        let known = ["PATH", "HOME", "TMPDIR", "LANG"];
        attempt("saw the environment", std::env::vars().any(|(name, _)| !known.contains(&name.as_str())));
        attempt("was root", sys::user() == 0);
        let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
        let mapped: Vec<&str> = map.split_whitespace().collect();
        attempt("shared the host's users", !matches!(mapped.as_slice(), [_, _, "1"]));
        for (what, flag) in
            [("user", libc::CLONE_NEWUSER), ("mount", libc::CLONE_NEWNS), ("network", libc::CLONE_NEWNET)]
        {
            attempt(&format!("made a {what} namespace"), sys::unshare(flag).is_ok());
        }
        let scratch = std::path::Path::new(SCRATCH);
        attempt("mounted", sys::mount(scratch, scratch, "tmpfs", 0, "").is_ok());
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
        attempt("had rights of root", line("CapEff:") != "0000000000000000");
        attempt("could gain rights", line("NoNewPrivs:") != "1");
        attempt("was not filtered", line("Seccomp:") != "2");

        // Whatever is limited has to be usable below its limit, or every job would fail.
        attempt("could not write to its scratch folder", fs::write(scratch.join("a"), "a").is_err());
        let part = vec![1; usize::try_from(LIMITS.scratch * 2 / 3).unwrap_or(0)];
        let wrote = ["b", "c"].map(|name| fs::write(scratch.join(name), &part).is_ok());
        attempt("wrote more than it may", wrote == [true, true]);
        let thread =
            || std::thread::Builder::new().stack_size(64 << 10).spawn(|| std::thread::sleep(Duration::from_secs(30)));
        let mut threads = 0;
        while threads <= LIMITS.processes && thread().is_ok() {
            threads += 1;
        }
        attempt("could not start a thread", threads == 0);
        attempt("started more processes than it may", threads >= LIMITS.processes);
        let mut much: Vec<u8> = Vec::new();
        let asked = usize::try_from(LIMITS.memory).unwrap_or(usize::MAX);
        attempt("was given more memory than it may have", much.try_reserve_exact(asked).is_ok());
        std::hint::black_box(much);
        broken
    }
}
