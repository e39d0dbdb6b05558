//! A program: JSON on its standard input, JSON or text on its standard output. No shell is involved.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use assay_core::{Case, Digest, ErrorKind, Output, Problem, Template};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};

use crate::client::printable;
use crate::registry::{Config, expand_environment};
use crate::target::{BuildContext, CallError, Problems, Reply, Target, Traits};

/// The most that is read of a program's output.
const LARGEST_OUTPUT: u64 = 32 << 20;

/// A program as a target.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program and its arguments; templates are allowed in arguments.
    pub argv: Vec<String>,
    /// Environment variables; `${NAME}` is replaced.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Working directory, relative to the suite file.
    #[serde(default)]
    pub cwd: Option<String>,
}

struct CommandTarget {
    argv: Vec<Template>,
    env: Vec<(String, String)>,
    cwd: PathBuf,
    traits: Traits,
}

/// Builds a `command` target.
///
/// # Errors
/// Everything that is wrong with its configuration.
pub fn build(config: &Config, context: &BuildContext) -> Result<Arc<dyn Target>, Problems> {
    let command: Command = config.read()?;
    let fail = |problem: Problem| vec![config.place(problem)];
    if let Some(problem) = context.refused("command", "/argv") {
        return Err(fail(problem));
    }
    if command.argv.is_empty() {
        return Err(fail(Problem::new("/argv", "the program is missing").help("such as [python3, app.py]")));
    }
    let argv = command
        .argv
        .iter()
        .enumerate()
        .map(|(i, text)| Template::new(text).map_err(|error| fail(Problem::new(format!("/argv/{i}"), error.message))))
        .collect::<Result<Vec<_>, _>>()?;
    let env = command
        .env
        .iter()
        .map(|(name, value)| {
            let value = expand_environment(value).map_err(|missing| {
                fail(Problem::new(format!("/env/{name}"), format!("the environment variable `{missing}` is not set")))
            })?;
            Ok((name.clone(), value))
        })
        .collect::<Result<Vec<_>, Problems>>()?;
    let base = if context.base_dir.as_os_str().is_empty() { Path::new(".") } else { context.base_dir.as_path() };
    let cwd = command.cwd.as_ref().map_or_else(|| base.to_owned(), |cwd| base.join(cwd));
    // A changed program is another target.
    let files: Vec<Digest> = command
        .argv
        .iter()
        .filter_map(|word| std::fs::read(cwd.join(word)).ok())
        .map(|bytes| Digest::of_bytes(&bytes))
        .collect();
    let traits = config.traits(format!("command {}", command.argv.join(" ")), false, &json!(files));
    Ok(Arc::new(CommandTarget { argv, env, cwd, traits }))
}

#[async_trait]
impl Target for CommandTarget {
    fn traits(&self) -> &Traits {
        &self.traits
    }

    fn prepare(&self, case: &Case) -> Result<Value, CallError> {
        let variables = case.target_variables();
        let argv = self
            .argv
            .iter()
            .map(|word| word.render(&variables).map_err(|e| CallError::new(ErrorKind::Template, e.message)))
            .collect::<Result<Vec<_>, _>>()?;
        let input = json!({"case_id": case.id, "inputs": case.inputs, "metadata": case.metadata});
        Ok(json!({"argv": argv, "input": input}))
    }

    fn template_variables(&self) -> Vec<(String, String)> {
        let names = self.argv.iter().flat_map(Template::variables);
        names.map(|name| (name, "/command".to_owned())).collect()
    }

    async fn call(&self, payload: &Value) -> Result<Reply, CallError> {
        let argv: Vec<String> = payload["argv"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|word| word.as_str().map(str::to_owned))
            .collect();
        let text = run(&argv, &self.env, &self.cwd, &payload["input"], self.traits.timeout).await?;
        let reply = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.trim_end().to_owned()));
        let output = Output::from_reply(reply).map_err(|e| CallError::new(ErrorKind::BadResponse, e))?;
        Ok(Reply { output, ttft: None })
    }
}

/// Runs a program once: `input` as JSON on its standard input, its standard output as the result.
///
/// # Errors
/// A program that cannot be started, fails, writes too much or takes too long; it is killed then.
pub async fn run(
    argv: &[String],
    env: &[(String, String)],
    cwd: &Path,
    input: &Value,
    timeout: Duration,
) -> Result<String, CallError> {
    let failed = |message: String| CallError::new(ErrorKind::Process, message);
    let (program, arguments) = argv.split_first().ok_or_else(|| failed("no program".into()))?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .envs(env.iter().cloned())
        .current_dir(cwd)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .process_group(0)
        .spawn()
        .map_err(|error| failed(format!("`{program}` cannot be started: {error}")))?;
    let mut stdin = child.stdin.take();
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let bytes = input.to_string().into_bytes();
    let write = async move {
        if let Some(stdin) = &mut stdin {
            // A program that does not read its input is not at fault.
            let _ = stdin.write_all(&bytes).await;
        }
    };
    let whole = async {
        let ((), out, err) = tokio::join!(write, read_all(stdout), read_all(stderr));
        let status = child.wait().await?;
        Ok::<_, std::io::Error>((status, out?, err?))
    };
    let (status, out, err) = match tokio::time::timeout(timeout, whole).await {
        Ok(result) => result.map_err(|error| failed(error.to_string()))?,
        Err(_) => {
            return Err(CallError::new(ErrorKind::Timeout, format!("`{program}` did not end within {timeout:?}")));
        }
    };
    if !status.success() {
        let said = String::from_utf8_lossy(&err);
        let tail: String = said.chars().rev().take(400).collect::<Vec<_>>().into_iter().rev().collect();
        return Err(failed(format!("`{program}` ended with {status}: {}", printable(&tail, 400))));
    }
    String::from_utf8(out).map_err(|_| CallError::new(ErrorKind::BadResponse, "the output is not UTF-8"))
}

async fn read_all<R: AsyncRead + Unpin>(pipe: Option<R>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(LARGEST_OUTPUT).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}
