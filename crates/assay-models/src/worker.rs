//! Functions in Python processes: worker processes that are started as they are needed, or one that already runs.
//!
//! Both are asked by length-framed messages (four bytes, big-endian, then JSON) and answer each before they get the next.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use assay_core::{Digest, ErrorKind, Problem};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::Semaphore;

use crate::attached;
use crate::target::CallError;

/// The largest result of a function, in bytes.
const LARGEST_ANSWER: u32 = 256 << 20;

const WORKER: &str = include_str!("worker.py");

/// Which function is wanted, as suites say it.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// `file.py:function`.
    pub function: Option<&'a str>,
    /// A function of the process that runs the command.
    pub attached: Option<&'a str>,
    /// Which version of the attached function it is.
    pub version: Option<&'a str>,
    /// Processes, or connections to the one that runs.
    pub workers: Option<usize>,
    /// The interpreter of `function`.
    pub interpreter: Option<&'a str>,
}

impl Wanted<'_> {
    /// Its name for people.
    pub fn name(&self) -> &str {
        self.function.or(self.attached).unwrap_or_default()
    }

    /// The pool that serves it, and the digest of what stands behind its name. Nothing is started.
    ///
    /// # Errors
    /// What is wrong with it, at the key.
    pub fn pool(self, base: &Path, timeout: Duration) -> Result<(WorkerPool, Digest), Problem> {
        match (self.function, self.attached) {
            (Some(function), None) => {
                if self.version.is_some() {
                    return Err(Problem::new("/version", "the version of a file's function is the file's content")
                        .help("leave out `version`"));
                }
                let (file, function) =
                    split_function(function, base).map_err(|message| Problem::new("/function", message))?;
                // A changed file is another function.
                let code = Digest::of_bytes(&std::fs::read(&file).unwrap_or_default());
                Ok((WorkerPool::new(self.interpreter, file, function, self.workers, timeout), code))
            }
            (None, Some(name)) => {
                if self.interpreter.is_some() {
                    return Err(Problem::new("/interpreter", "an attached function runs in a process that is there")
                        .help("leave out `interpreter`"));
                }
                if name.is_empty() || name.chars().any(char::is_control) {
                    return Err(Problem::new("/attached", "the name of a function is expected"));
                }
                let code = Digest::of_bytes(self.version.unwrap_or_default().as_bytes());
                Ok((WorkerPool::attached(name.to_owned(), self.workers, timeout), code))
            }
            (Some(_), Some(_)) => Err(Problem::new("/attached", "use either `function` or `attached`, not both")),
            (None, None) => Err(Problem::new("", "`function` is missing")
                .help("`file.py:function`; `attached: NAME` is for functions of the process that runs the command")),
        }
    }
}

/// Splits `file.py:function`.
///
/// # Errors
/// What is wrong with it.
fn split_function(text: &str, base: &Path) -> Result<(PathBuf, String), String> {
    let (file, function) = text
        .rsplit_once(':')
        .filter(|(file, function)| file.ends_with(".py") && !function.is_empty())
        .ok_or_else(|| format!("`{text}` is not `file.py:function`"))?;
    let path = base.join(file);
    if path.is_file() { Ok((path, function.to_owned())) } else { Err(format!("there is no file `{}`", path.display())) }
}

/// Workers that serve one function.
pub struct WorkerPool {
    origin: Origin,
    function: String,
    idle: Mutex<Vec<Worker>>,
    places: Semaphore,
    timeout: Duration,
}

/// How a worker is had.
enum Origin {
    /// A process that loads a file.
    File { interpreter: String, file: PathBuf },
    /// A connection to the process that [`attached::SOCKET`] names.
    Attached,
}

enum Worker {
    /// Killed when dropped.
    Process { child: Box<Child>, stdin: ChildStdin, stdout: ChildStdout },
    /// Closed when dropped.
    Connection(UnixStream),
}

impl WorkerPool {
    /// A pool of at most `workers` processes, started as they are needed.
    pub fn new(
        interpreter: Option<&str>,
        file: PathBuf,
        function: String,
        workers: Option<usize>,
        timeout: Duration,
    ) -> Self {
        let workers = workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
        let interpreter = interpreter.unwrap_or("python3").to_owned();
        Self::of(Origin::File { interpreter, file }, function, workers, timeout)
    }

    /// A function of the process that runs the command. Without `workers` as many calls go to it at once as there are.
    pub fn attached(function: String, workers: Option<usize>, timeout: Duration) -> Self {
        Self::of(Origin::Attached, function, workers.unwrap_or(Semaphore::MAX_PERMITS), timeout)
    }

    fn of(origin: Origin, function: String, workers: usize, timeout: Duration) -> Self {
        let places = Semaphore::new(workers.clamp(1, Semaphore::MAX_PERMITS));
        Self { origin, function, idle: Mutex::default(), places, timeout }
    }

    /// Calls the function with the keyword arguments it declares; `first` names the one that is always passed, as the
    /// first positional argument.
    ///
    /// # Errors
    /// An exception, a crash or a deadline.
    pub async fn call(&self, first: Option<&str>, kwargs: Value) -> Result<Value, CallError> {
        let _place = self.places.acquire().await.map_err(|e| CallError::new(ErrorKind::Process, e.to_string()))?;
        let request = json!({"first": first, "kwargs": kwargs});
        let idle = self.idle();
        let whole = async {
            let asked = async {
                let mut worker = match idle {
                    Some(worker) => worker,
                    None => self.start().await?,
                };
                worker.write(&request).await?;
                let answer = worker.read().await?;
                Ok::<_, CallError>((worker, answer))
            };
            match asked.await {
                // The process that has the functions is gone. Nothing was answered, so nothing is to be recorded: who
                // runs the command stops it now (see `attached::gone`). One that dies may listen for a moment longer
                // than its connections last, but answers nobody.
                Err(_) if matches!(self.origin, Origin::Attached) && self.start().await.is_err() => {
                    std::future::pending().await
                }
                asked => asked,
            }
        };
        // On a deadline, or when this future is dropped, the worker is dropped and thereby killed.
        let (worker, answer) = tokio::time::timeout(self.timeout, whole).await.map_err(|_| {
            CallError::new(ErrorKind::Timeout, format!("`{}` did not return within {:?}", self.function, self.timeout))
        })??;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        match answer {
            Value::Object(mut fields) if fields.contains_key("ok") => Ok(fields.remove("ok").unwrap_or_default()),
            other => Err(CallError::new(ErrorKind::Process, trace(&other["error"]))),
        }
    }

    /// Starts a worker and lets it load the file, or finds the function in the process that has it.
    ///
    /// # Errors
    /// A missing interpreter, an exception while the file is loaded, no process that has the function.
    pub async fn check(&self) -> Result<(), CallError> {
        let worker = tokio::time::timeout(self.timeout, self.start()).await.map_err(|_| {
            let what = match &self.origin {
                Origin::File { file, .. } => file.display().to_string(),
                Origin::Attached => self.function.clone(),
            };
            CallError::new(ErrorKind::Timeout, format!("`{what}` was not loaded within {:?}", self.timeout))
        })??;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        Ok(())
    }

    /// A worker that waits. One that died meanwhile is no reason to fail this call.
    fn idle(&self) -> Option<Worker> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mut worker) = idle.pop() {
            if worker.lives() {
                return Some(worker);
            }
        }
        None
    }

    async fn start(&self) -> Result<Worker, CallError> {
        let failed = |message: String| CallError::new(ErrorKind::Process, message);
        let mut worker = match &self.origin {
            Origin::Attached => {
                let mut worker = Worker::Connection(attached::connect().await?);
                worker.write(&json!({"attach": self.function})).await?;
                worker
            }
            Origin::File { interpreter, file } => {
                let mut child = tokio::process::Command::new(interpreter)
                    .args(["-u", "-c", WORKER])
                    .arg(file)
                    .arg(&self.function)
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::null())
                    .kill_on_drop(true)
                    .process_group(0)
                    .spawn()
                    .map_err(|error| failed(format!("`{interpreter}` cannot be started: {error}")))?;
                let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
                    return Err(failed("the worker has no pipes".into()));
                };
                Worker::Process { child: Box::new(child), stdin, stdout }
            }
        };
        let hello = worker.read().await?;
        match hello.get("fatal") {
            Some(error) => Err(failed(trace(error))),
            None => Ok(worker),
        }
    }
}

/// The end of a traceback on one line.
fn trace(error: &Value) -> String {
    let text = error.as_str().unwrap_or("the worker gave no answer");
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let tail = lines[lines.len().saturating_sub(4)..].join(" | ");
    crate::client::printable(&tail, 600)
}

impl Worker {
    fn lives(&mut self) -> bool {
        match self {
            Self::Process { child, .. } => matches!(child.try_wait(), Ok(None)),
            // Nothing is to be read between calls but the end.
            Self::Connection(stream) => {
                matches!(stream.try_read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
            }
        }
    }

    fn writer(&mut self) -> &mut (dyn AsyncWrite + Send + Unpin) {
        match self {
            Self::Process { stdin, .. } => stdin,
            Self::Connection(stream) => stream,
        }
    }

    fn reader(&mut self) -> &mut (dyn AsyncRead + Send + Unpin) {
        match self {
            Self::Process { stdout, .. } => stdout,
            Self::Connection(stream) => stream,
        }
    }

    async fn write(&mut self, message: &Value) -> Result<(), CallError> {
        let body = message.to_string().into_bytes();
        let length = u32::try_from(body.len()).map_err(|_| CallError::new(ErrorKind::BadRequest, "too large"))?;
        let mut frame = length.to_be_bytes().to_vec();
        frame.extend(body);
        self.writer().write_all(&frame).await.map_err(|error| crashed(&error))
    }

    async fn read(&mut self) -> Result<Value, CallError> {
        let mut head = [0; 4];
        self.reader().read_exact(&mut head).await.map_err(|error| crashed(&error))?;
        let length = u32::from_be_bytes(head);
        if length > LARGEST_ANSWER {
            return Err(CallError::new(ErrorKind::BadResponse, format!("the function's result has {length} bytes")));
        }
        let mut body = vec![0; length as usize];
        self.reader().read_exact(&mut body).await.map_err(|error| crashed(&error))?;
        serde_json::from_slice(&body).map_err(|error| {
            // Python writes NaN and Infinity, which are not JSON.
            CallError::new(ErrorKind::BadResponse, format!("the function's result is not JSON: {error}"))
        })
    }
}

fn crashed(error: &std::io::Error) -> CallError {
    CallError::new(ErrorKind::Process, format!("the worker process ended ({error})"))
}
