//! Attempts to break out, by Python programs, through every backend that holds on this machine.
#![cfg(target_os = "linux")]

use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use assay_sandbox::{Backend, End, Ended, Helper, Job, Limits, Sandbox, View};

const HELPER: &str = env!("CARGO_BIN_EXE_assay-sandbox");

/// Every backend that holds. None at all fails: a test of isolation that did not isolate has shown nothing.
async fn sandboxes() -> Vec<Sandbox> {
    let mut held = Vec::new();
    for backend in Backend::ALL {
        match Sandbox::with(*backend, Helper::at(HELPER), 4).await {
            Ok(sandbox) => held.push(sandbox),
            Err(why) => println!("{backend} does not hold here: {why}"),
        }
    }
    assert!(!held.is_empty(), "no backend holds on this machine: install bubblewrap or allow user namespaces");
    println!("backends: {}", held.iter().map(|s| s.backend().to_string()).collect::<Vec<_>>().join(", "));
    held
}

fn limits() -> Limits {
    Limits { wall: Duration::from_secs(8), memory: 128 << 20, processes: 16, output: 64 << 10, scratch: 4 << 20 }
}

async fn python(sandbox: &Sandbox, code: &str, limits: Limits) -> Ended {
    let (view, program) = View::of_python("python3").await.unwrap();
    let argv = vec![program, "-I".into(), "-c".into(), code.into()];
    sandbox.run(Job { argv, view, limits, ..Job::default() }).await.unwrap()
}

/// Runs code in which `attempt(name, function)` notes what did not raise an exception, and expects nothing noted.
async fn holds(attempts: &str) {
    let code = format!(
        "import os, sys, socket, subprocess, ctypes, signal, pathlib\n\
         escaped = []\n\
         def attempt(name, function):\n    \
             try:\n        escaped.append((name, str(function())[:80]))\n    \
             except Exception as e:\n        pass\n\
         def must(ok):\n    \
             if not ok: raise OSError('refused')\n\
         libc = ctypes.CDLL(None, use_errno=True)\n\
         {attempts}\n\
         print('ESCAPED', escaped) if escaped else print('HELD')\n"
    );
    for sandbox in sandboxes().await {
        let ended = python(&sandbox, &code, limits()).await;
        let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert_eq!((ended.end, out.trim()), (End::Exit(0), "HELD"), "{}: {err}", sandbox.backend());
    }
}

#[tokio::test]
async fn the_network_is_out_of_reach() {
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let name = format!("assay-test-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
    let _abstract = std::os::unix::net::UnixListener::bind_addr(&address).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let path = folder.path().join("socket");
    let _named = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let (tcp, udp) = (tcp.local_addr().unwrap().port(), udp.local_addr().unwrap().port());
    let path = path.display();
    holds(&format!(
        "attempt('loopback', lambda: socket.create_connection(('127.0.0.1', {tcp}), 1))\n\
         attempt('outer', lambda: socket.create_connection(('192.0.2.1', 80), 1))\n\
         attempt('udp', lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {udp})))\n\
         attempt('dns', lambda: socket.getaddrinfo('localhost.example', 80))\n\
         attempt('ipv6', lambda: socket.socket(socket.AF_INET6))\n\
         attempt('raw', lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))\n\
         attempt('netlink', lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))\n\
         attempt('abstract', lambda: socket.socket(socket.AF_UNIX).connect('\\0{name}'))\n\
         attempt('named', lambda: socket.socket(socket.AF_UNIX).connect('{path}'))\n"
    ))
    .await;
}

#[tokio::test]
async fn the_hosts_files_are_out_of_sight_and_out_of_reach() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "do not read").unwrap();
    let (secret, folder_name) = (secret.display(), folder.path().display());
    holds(&format!(
        "read = lambda path: lambda: open(path).read()\n\
         def link():\n    os.symlink('{secret}', '/scratch/link')\n    return open('/scratch/link').read()\n\
         def up():\n    return open('/scratch/../..{secret}').read()\n\
         def write(path):\n    return lambda: open(path, 'w').write('x')\n\
         for path in ['{secret}', '/etc/shadow', '/etc/passwd', '/etc/hostname', '/root/.profile', '/proc/1/environ',\n    \
             '/proc/1/root{secret}', '/proc/self/root{secret}', '/old{secret}', '/oldroot{secret}', '/proc/kcore']:\n    \
             attempt(path, read(path))\n\
         for path in ['/root', '/home', '/var', '/run', '/proc/1/root', '/proc/1/cwd', '/proc/1/fd', '{folder_name}', '/sys']:\n    \
             attempt(path, lambda: must([p for p in os.listdir(path) if not sys.prefix.startswith(os.path.join(path, p))]))\n\
         for path in ['{folder_name}/new', '/usr/new', '/new', '/bin/new', '/dev/new', '/proc/sys/kernel/hostname', sys.executable, sys.prefix + '/new']:\n    \
             attempt('write ' + path, write(path))\n\
         attempt('link', link)\n\
         attempt('up', up)\n\
         attempt('device', lambda: os.mknod('/scratch/sda', 0o600 | 0o60000, os.makedev(8, 0)))\n\
         attempt('chmod', lambda: os.chmod('/usr', 0o777))\n\
         attempt('chroot', lambda: os.chroot('/scratch'))\n\
         attempt('open files', lambda: must([fd for fd in os.listdir('/proc/self/fd') if int(fd) > 3]))\n"
    ))
    .await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "something was written on the host");
}

#[tokio::test]
async fn the_environment_and_the_orders_hold_no_secret() {
    // Every process of these tests has `PATH`, and cargo gives each many more.
    holds(
        "known = {'PATH', 'HOME', 'TMPDIR', 'LANG', 'LC_CTYPE'}\n\
         attempt('environment', lambda: must(set(os.environ) - known))\n\
         attempt('of the keeper', lambda: must(open('/proc/1/environ').read()))\n\
         attempt('standard input', lambda: must(sys.stdin.read()))\n",
    )
    .await;
}

#[tokio::test]
async fn other_processes_are_out_of_sight_and_out_of_reach() {
    let host = std::process::id();
    holds(&format!(
        "attempt('see', lambda: must(len([p for p in os.listdir('/proc') if p.isdigit()]) > 2))\n\
         attempt('kill', lambda: os.kill({host}, 0) if {host} > 100 else must(False))\n\
         attempt('parent', lambda: must(os.getppid() != 1))\n\
         def alive():\n    os.kill(1, signal.SIGKILL); os.kill(1, signal.SIGTERM); os.kill(1, signal.SIGSTOP)\n    must(False)\n\
         attempt('keeper', alive)\n\
         attempt('memory', lambda: open('/proc/1/mem', 'rb'))\n\
         attempt('trace', lambda: must(libc.ptrace(16, 1, 0, 0) == 0))\n\
         attempt('trace me', lambda: must(libc.ptrace(0, 0, 0, 0) == 0))\n\
         attempt('root', lambda: must(os.getuid() == 0 or os.geteuid() == 0))\n\
         attempt('become root', lambda: os.setuid(0))\n\
         attempt('groups', lambda: must(set(os.getgroups()) - {{65534}}))\n"
    ))
    .await;
}

#[tokio::test]
async fn the_kernel_gives_no_tools() {
    holds(
        "zero = lambda call: lambda: must(call() == 0)\n\
         attempt('mount', zero(lambda: libc.mount(b'none', b'/scratch', b'tmpfs', 0, None)))\n\
         attempt('unmount', zero(lambda: libc.umount2(b'/usr', 2)))\n\
         for name, flag in [('user', 0x10000000), ('mount', 0x20000), ('net', 0x40000000), ('pid', 0x20000000)]:\n    \
             attempt('unshare ' + name, zero(lambda: libc.unshare(flag)))\n\
         attempt('nested', lambda: subprocess.run(['unshare', '-Ur', 'true'], check=True))\n\
         attempt('setns', zero(lambda: libc.setns(os.open('/proc/self/ns/net', 0), 0)))\n\
         x86 = os.uname().machine == 'x86_64'\n\
         if x86:\n    \
             for name, number in [('bpf', 321), ('perf', 298), ('userfaultfd', 323), ('io_uring', 425), ('keyctl', 250), ('memfd', 319),\n        \
                 ('clone3', 435), ('x32 getpid', 0x40000027), ('modify_ldt', 154), ('shmget', 29), ('newest', 460)]:\n        \
                 attempt(name, lambda: must(libc.syscall(number, 0, 0, 0, 0, 0) >= 0))\n\
         attempt('setuid program', lambda: must(b'uid=0' in subprocess.run(['su', '-c', 'id'], stdin=subprocess.DEVNULL, capture_output=True).stdout))\n",
    )
    .await;
}

/// How something ends that takes more than it may.
async fn ends(code: &str, limits: Limits, with: &[End]) {
    for sandbox in sandboxes().await {
        let started = Instant::now();
        let ended = python(&sandbox, code, limits).await;
        let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
        assert!(with.contains(&ended.end), "{}: {:?} {out} {err}", sandbox.backend(), ended.end);
        assert!(started.elapsed() < limits.wall + Duration::from_secs(5), "{}: took too long", sandbox.backend());
        assert!(ended.stdout.len() + ended.stderr.len() <= usize::try_from(limits.output).unwrap());
    }
}

fn within(wall: u64) -> Limits {
    Limits { wall: Duration::from_millis(wall), ..limits() }
}

#[tokio::test]
async fn endless_loops_end() {
    ends("while True: pass", within(700), &[End::Timeout]).await;
    ends("import signal, time\nfor s in range(1, 32):\n    try: signal.signal(s, signal.SIG_IGN)\n    except Exception: pass\nwhile True: time.sleep(1)", within(700), &[End::Timeout]).await;
}

#[tokio::test]
async fn a_fork_bomb_stays_within_its_count_and_ends() {
    let bomb = "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass";
    ends(bomb, within(1500), &[End::Timeout, End::Memory]).await;
    // The count is a count of this job alone, with its own processes working meanwhile.
    let count = "import os, time\nn = 0\ntry:\n    while n < 200:\n        if os.fork() == 0: time.sleep(20)\n        n += 1\nexcept OSError: pass\nassert 5 < n < 16, n";
    ends(count, limits(), &[End::Exit(0)]).await;
}

#[tokio::test]
async fn a_memory_bomb_ends() {
    // Asking for more than the limit fails at once; what no limit of one process sees is counted.
    ends("x = []\nwhile True: x.append(bytearray(1 << 20))", limits(), &[End::Exit(1), End::Memory]).await;
    ends(
        "import mmap\nx = []\nwhile True:\n    m = mmap.mmap(-1, 4 << 20); m.write(b'x' * (4 << 20)); x.append(m)",
        limits(),
        &[End::Memory, End::Exit(1)],
    )
    .await;
    let many = "import os, time\nfor _ in range(6):\n    if os.fork() == 0:\n        x = b'x' * (60 << 20); time.sleep(20)\ntime.sleep(20)";
    ends(many, limits(), &[End::Memory]).await;
}

#[tokio::test]
async fn floods_end() {
    ends("while True: print('x' * 1000)", limits(), &[End::Output]).await;
    ends("import sys\nwhile True: sys.stderr.write('x' * 1000)", limits(), &[End::Output]).await;
    let files = "import os\nn = 0\ntry:\n    for i in range(100):\n        with open(f'/scratch/{i}', 'wb') as f:\n            f.write(b'x' * (1 << 20)); f.flush(); n += 1\nexcept OSError: pass\nassert 0 < n <= 4, n";
    ends(files, limits(), &[End::Exit(0)]).await;
    ends("open('/scratch/big', 'wb').write(b'x' * (1 << 30))", limits(), &[End::Exit(1), End::Memory, End::Signal(25)])
        .await;
    let inodes = "import os\nn = 0\ntry:\n    while n < 3000000: open(f'/scratch/{n}', 'w').close(); n += 1\nexcept OSError: pass\nassert n < 4200, n";
    ends(inodes, within(4000), &[End::Exit(0), End::Memory]).await;
}

/// Processes of the host whose command line holds a word.
fn alive(word: &str) -> usize {
    let list = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = list.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(word)).count()
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn orphans_end_with_the_job() {
    for sandbox in sandboxes().await {
        let word = format!("orphan-{}-{}", sandbox.backend(), std::process::id());
        let code = format!(
            "import os, time, subprocess, sys\n\
             if os.fork() == 0:\n    os.setsid()\n    \
                 if os.fork() == 0:\n        os.execv(sys.executable, ['{word}', '-c', 'import time; time.sleep(60)'])\n    \
                 os._exit(0)\n\
             time.sleep(0.3)\n"
        );
        // The word is in the job's own command line too.
        let ended = python(&sandbox, &code, limits()).await;
        assert_eq!(ended.end, End::Exit(0), "{}", String::from_utf8_lossy(&ended.stderr));
        until("an orphan lives", || alive(&word) == 0).await;
    }
}

#[tokio::test]
async fn dropping_a_job_kills_it() {
    for sandbox in sandboxes().await {
        let word = format!("dropped_{}_{}", sandbox.backend(), std::process::id());
        let code = format!("import time, os\n{word} = 1\nos.fork()\ntime.sleep(60)");
        {
            let job = python(&sandbox, &code, Limits { wall: Duration::from_secs(60), ..limits() });
            tokio::pin!(job);
            let started = until("the job never started", || alive(&word) > 1);
            tokio::select! { _ = &mut job => panic!("ended by itself"), () = started => {} }
        }
        until("a dropped job lives", || alive(&word) == 0).await;
    }
}

#[tokio::test]
async fn ordinary_programs_work() {
    let code = "import json, math, random, tempfile, threading, subprocess, multiprocessing, asyncio, sqlite3, os, decimal, socket\n\
        with tempfile.TemporaryFile() as f: f.write(b'x')\n\
        t = threading.Thread(target=lambda: None); t.start(); t.join()\n\
        assert subprocess.run(['/bin/sh', '-c', 'echo hi'], capture_output=True).stdout == b'hi\\n'\n\
        async def main(): await asyncio.sleep(0)\n\
        asyncio.run(main())\n\
        with multiprocessing.Pool(2) as p: assert p.map(abs, [-1, 2]) == [1, 2]\n\
        assert os.getcwd() == '/scratch' and os.path.expanduser('~') == '/scratch'\n\
        print('fine')";
    for sandbox in sandboxes().await {
        let ended = python(&sandbox, code, limits()).await;
        assert_eq!(ended.end, End::Exit(0), "{}: {}", sandbox.backend(), String::from_utf8_lossy(&ended.stderr));
    }
}

#[tokio::test]
async fn a_missing_program_is_an_error_and_no_result() {
    for sandbox in sandboxes().await {
        let job = Job { argv: vec!["/usr/bin/no-such-program".into()], view: View::system(), ..Job::default() };
        let error = sandbox.run(job).await.unwrap_err().to_string();
        assert!(error.contains("no-such-program"), "{error}");
    }
}

/// The helper as another user sees it; only root can become one.
fn helper_for_all() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::copy(HELPER, folder.path().join("helper")).unwrap();
    folder
}

fn as_nobody_special(helper: &Path) -> std::process::Command {
    use std::os::unix::process::CommandExt;
    let mut command = std::process::Command::new(helper);
    command.current_dir("/").env_remove("TMPDIR");
    if std::fs::metadata("/proc/self").map(|own| std::os::unix::fs::MetadataExt::uid(&own)).is_ok_and(|uid| uid == 0) {
        command.uid(23456).gid(23456);
    }
    command
}

#[test]
fn a_backend_holds_for_a_user_without_rights() {
    let folder = helper_for_all();
    let output = as_nobody_special(&folder.path().join("helper")).arg("check").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{said}");
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_check_sees_what_is_not_isolated() {
    let folder = helper_for_all();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "x").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
    let input = serde_json::json!({
        "secret": secret, "port": listener.local_addr().unwrap().port(), "abstract_name": "nobody-listens-here",
    });
    let mut command = as_nobody_special(&folder.path().join("helper"));
    command.args(["sandbox-helper", "attempts"]).env("SECRET_KEY", "x");
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    for broken in [
        "reached a port of the host",
        "opened a socket of kind 2",
        "read a file of the host",
        "read /etc/passwd",
        "saw other processes",
        "saw the environment",
        "shared the host's users",
        "could gain rights",
        "was not filtered",
        "started more processes than it may",
        "was given more memory than it may have",
    ] {
        assert!(said.contains(broken), "the check overlooked: {broken}\n{said}");
    }
}
