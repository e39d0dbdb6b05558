//! A Python function in persistent worker processes.
//!
//! A process for each call would cost tens of milliseconds; a worker is started once and asked by length-framed
//! messages. A worker that crashes, hangs or is abandoned is killed and another takes its place.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use assay_core::{Case, Digest, ErrorKind, Output, Problem};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::Semaphore;

use crate::registry::Config;
use crate::target::{BuildContext, CallError, Problems, Reply, Target, Traits};

/// The largest result of a function, in bytes.
const LARGEST_ANSWER: u32 = 256 << 20;

const WORKER: &str = include_str!("worker.py");

/// A Python function as a target. It gets the inputs as its first argument, and `metadata` and `case_id` if it
/// declares them; it returns a text, or a dict with `output` and, if it likes, `contexts`, `tool_calls`, `usage`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Python {
    /// `file.py:function`, relative to the suite file.
    pub function: String,
    /// Worker processes; the number of processors by default.
    #[serde(default)]
    pub workers: Option<usize>,
    /// The interpreter; `python3` by default.
    #[serde(default)]
    pub interpreter: Option<String>,
}

/// Splits `file.py:function`.
///
/// # Errors
/// What is wrong with it.
pub fn split_function(text: &str, base: &Path) -> Result<(PathBuf, String), String> {
    let (file, function) = text
        .rsplit_once(':')
        .filter(|(file, function)| file.ends_with(".py") && !function.is_empty())
        .ok_or_else(|| format!("`{text}` is not `file.py:function`"))?;
    let path = base.join(file);
    if path.is_file() { Ok((path, function.to_owned())) } else { Err(format!("there is no file `{}`", path.display())) }
}

/// Worker processes that serve one function.
pub struct WorkerPool {
    interpreter: String,
    file: PathBuf,
    function: String,
    idle: Mutex<Vec<Worker>>,
    places: Semaphore,
    timeout: Duration,
}

struct Worker {
    // Killed when dropped.
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
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
        Self {
            interpreter: interpreter.unwrap_or("python3").to_owned(),
            file,
            function,
            idle: Mutex::default(),
            places: Semaphore::new(workers.max(1)),
            timeout,
        }
    }

    /// Calls the function with the keyword arguments it declares; `first` names the one that is always passed, as the
    /// first positional argument.
    ///
    /// # Errors
    /// An exception, a crash or a deadline.
    pub async fn call(&self, first: Option<&str>, kwargs: Value) -> Result<Value, CallError> {
        let _place = self.places.acquire().await.map_err(|e| CallError::new(ErrorKind::Process, e.to_string()))?;
        let idle = self.idle();
        let whole = async {
            let mut worker = match idle {
                Some(worker) => worker,
                None => self.start().await?,
            };
            worker.write(&json!({"first": first, "kwargs": kwargs})).await?;
            let answer = worker.read().await?;
            Ok::<_, CallError>((worker, answer))
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

    /// Starts a worker and lets it load the file.
    ///
    /// # Errors
    /// A missing interpreter, or an exception while the file is loaded.
    pub async fn check(&self) -> Result<(), CallError> {
        let worker = tokio::time::timeout(self.timeout, self.start()).await.map_err(|_| {
            let message = format!("`{}` was not loaded within {:?}", self.file.display(), self.timeout);
            CallError::new(ErrorKind::Timeout, message)
        })??;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        Ok(())
    }

    /// A worker that waits. One that died meanwhile is no reason to fail this call.
    fn idle(&self) -> Option<Worker> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(mut worker) = idle.pop() {
            if matches!(worker.child.try_wait(), Ok(None)) {
                return Some(worker);
            }
        }
        None
    }

    async fn start(&self) -> Result<Worker, CallError> {
        let failed = |message: String| CallError::new(ErrorKind::Process, message);
        let mut child = tokio::process::Command::new(&self.interpreter)
            .args(["-u", "-c", WORKER])
            .arg(&self.file)
            .arg(&self.function)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .process_group(0)
            .spawn()
            .map_err(|error| failed(format!("`{}` cannot be started: {error}", self.interpreter)))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("the worker has no pipes".into()));
        };
        let mut worker = Worker { child, stdin, stdout };
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
    async fn write(&mut self, message: &Value) -> Result<(), CallError> {
        let body = message.to_string().into_bytes();
        let length = u32::try_from(body.len()).map_err(|_| CallError::new(ErrorKind::BadRequest, "too large"))?;
        let mut frame = length.to_be_bytes().to_vec();
        frame.extend(body);
        self.stdin.write_all(&frame).await.map_err(|error| crashed(&error))
    }

    async fn read(&mut self) -> Result<Value, CallError> {
        let mut head = [0; 4];
        self.stdout.read_exact(&mut head).await.map_err(|error| crashed(&error))?;
        let length = u32::from_be_bytes(head);
        if length > LARGEST_ANSWER {
            return Err(CallError::new(ErrorKind::BadResponse, format!("the function's result has {length} bytes")));
        }
        let mut body = vec![0; length as usize];
        self.stdout.read_exact(&mut body).await.map_err(|error| crashed(&error))?;
        serde_json::from_slice(&body).map_err(|error| {
            // Python writes NaN and Infinity, which are not JSON.
            CallError::new(ErrorKind::BadResponse, format!("the function's result is not JSON: {error}"))
        })
    }
}

fn crashed(error: &std::io::Error) -> CallError {
    CallError::new(ErrorKind::Process, format!("the worker process ended ({error})"))
}

struct PythonTarget {
    pool: WorkerPool,
    traits: Traits,
}

/// Builds a `python` target.
///
/// # Errors
/// Everything that is wrong with its configuration.
pub fn build(config: &Config, context: &BuildContext) -> Result<Arc<dyn Target>, Problems> {
    let python: Python = config.read()?;
    if let Some(problem) = context.refused("python", "/function") {
        return Err(vec![config.place(problem)]);
    }
    let (file, function) = split_function(&python.function, &context.base_dir)
        .map_err(|message| vec![config.place(Problem::new("/function", message))])?;
    // A changed file is another target.
    let bytes = std::fs::read(&file).unwrap_or_default();
    let traits = config.traits(format!("python {}", python.function), false, &json!(Digest::of_bytes(&bytes)));
    let pool = WorkerPool::new(python.interpreter.as_deref(), file, function, python.workers, traits.timeout);
    Ok(Arc::new(PythonTarget { pool, traits }))
}

#[async_trait]
impl Target for PythonTarget {
    fn traits(&self) -> &Traits {
        &self.traits
    }

    fn prepare(&self, case: &Case) -> Result<Value, CallError> {
        Ok(json!({"inputs": case.inputs, "metadata": case.metadata, "case_id": case.id}))
    }

    async fn preflight(&self) -> Result<(), CallError> {
        self.pool.check().await
    }

    async fn call(&self, payload: &Value) -> Result<Reply, CallError> {
        let reply = self.pool.call(Some("inputs"), payload.clone()).await?;
        let output = Output::from_reply(reply).map_err(|e| CallError::new(ErrorKind::BadResponse, e))?;
        Ok(Reply { output, ttft: None })
    }
}
