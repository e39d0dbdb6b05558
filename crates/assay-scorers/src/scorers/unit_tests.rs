//! `unit-tests`: the code that a model wrote passes the case's tests, run in isolation: 1, else 0.
//!
//! For HumanEval, MBPP and the like. The code is what stands in the answer's first Markdown fence (the first that
//! defines `entry_point`, if one does), or the whole answer. `tests` is a text, or a list of asserts; the case's expected
//! output by default. A function `check` in it is called with the function `entry_point`, as HumanEval does; functions
//! `test_…` and `unittest` cases run. The score's label says how it ended: `passed`, `failed` (an assertion), `exception`,
//! `timeout`, `memory`, `output` (too much of it), `forbidden` (the code tried what isolation refuses), `missing` (no such
//! function), `no_code`; the reason adds the assertion or exception with its line, and the end of what was printed. Tests
//! that are no Python, or run nothing, are an error of the case and give no score. With `epochs: {count: 5, reduce:
//! [mean, pass@1, pass@5]}` five tries a case give pass@k.
//!
//! Code runs in a sandbox only, which is checked before the run begins; where none holds, the suite is refused
//! (`assay validate` says so, too). The tests run in another process than the code, so that code can neither end them
//! early, nor reach the verdict, nor patch what they use; plain data crosses between the two. `docs/isolation.md` has
//! what is guaranteed and what is not. Other languages: `command` with a `program` that ends by printing `{{ marker }}`.
//!
//! ```yaml
//! scorers:
//!   - unit-tests:
//!       tests: "{{ metadata.test }}"
//!       entry_point: "{{ metadata.entry_point }}"
//!       before: "{{ prompt }}"        # the code may be just the body of the function
//!   - name: javascript
//!     unit-tests:
//!       command: [node, "-"]
//!       program: |
//!         {{ code }}
//!         require("assert").strictEqual(add(1, 2), 3);
//!         console.log("{{ marker }}");
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use assay_core::{Digest, Problem, Score, Template, problem};
use assay_sandbox::{End, Ended, Job, Limits, Sandbox, View};
use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::ScoreInput;
use crate::param::{Param, or_expected, text};
use crate::registry::ScorerContext;
use crate::rule::{Scorer, fingerprint, long_form, shorten, variables};

/// The parameter that the short form sets.
pub const MAIN: &str = "tests";

const HARNESS: &str = include_str!("unit_tests.py");

/// Parameters of `unit-tests`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UnitTests {
    /// The tests, as Python text or a list of it; the case's expected output by default.
    #[serde(default)]
    pub tests: Option<Param>,
    /// The function that the tests' `check` is called with.
    #[serde(default)]
    pub entry_point: Option<Param>,
    /// Put before the code, such as HumanEval's prompt.
    #[serde(default)]
    pub before: Option<Param>,
    /// Run the tests in the code's own process: for tests that patch the code or look into it. Code can then fool them.
    #[serde(default)]
    pub same_process: bool,
    /// The Python; `python3` by default. Its installed packages can be imported.
    #[serde(default)]
    pub interpreter: Option<String>,
    /// Another interpreter that reads `program` on standard input.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// What `command` runs: a template with `code`, `tests`, `entry_point`, `before` and `marker`, which it prints last.
    #[serde(default)]
    pub program: Option<String>,
    /// Seconds for code and tests together; 10 by default.
    #[serde(default)]
    pub timeout: Option<f64>,
    /// MiB of memory; 512 by default.
    #[serde(default)]
    pub memory: Option<u64>,
    /// Processes and threads; 32 by default.
    #[serde(default)]
    pub processes: Option<u64>,
    /// KiB that may be printed; 1024 by default.
    #[serde(default)]
    pub output: Option<u64>,
    /// MiB of files in the scratch folder; 64 by default.
    #[serde(default)]
    pub scratch: Option<u64>,
    /// Sandboxes at a time; the number of processors by default.
    #[serde(default)]
    pub at_once: Option<usize>,
}

struct UnitTestScorer {
    params: UnitTests,
    limits: Limits,
    program: Option<Template>,
    variables: Vec<(String, String)>,
    fingerprint: Digest,
    place: OnceCell<Place>,
}

/// Where code runs.
struct Place {
    sandbox: Sandbox,
    view: View,
    interpreter: String,
}

/// Builds the scorer.
///
/// # Errors
/// Everything that is wrong with its parameters.
pub fn build(params: &Value, _: &ScorerContext) -> Result<Box<dyn Scorer>, Vec<Problem>> {
    let long = long_form(params, MAIN);
    let params: UnitTests = problem::read(&long, "").map_err(|problem| vec![problem])?;
    let mut problems = Vec::new();
    let mut wrong = |at: &str, message: &str, help: &str| problems.push(Problem::new(at, message).help(help));
    match (&params.command, &params.program) {
        (Some(command), _) if command.is_empty() => {
            wrong("/command", "the interpreter is missing", "such as [node, \"-\"]")
        }
        (Some(_), None) => {
            wrong("/command", "`command` needs a `program`", "a text with `{{ code }}` and `{{ marker }}`")
        }
        (None, Some(_)) => {
            wrong("/program", "`program` needs a `command`", "the interpreter that reads it, such as [node, \"-\"]")
        }
        _ => {}
    }
    if params.command.is_some() && (params.same_process || params.interpreter.is_some()) {
        wrong("/command", "`command` excludes `same_process` and `interpreter`", "they are for Python");
    }
    let program = params.program.as_deref().map(Template::new).transpose().unwrap_or_else(|error| {
        wrong(
            "/program",
            &error.message,
            "`code`, `tests`, `entry_point`, `before`, `marker` and the case's fields are known",
        );
        None
    });
    if let Some(program) = &program {
        for name in ["code", "marker"] {
            if !program.variables().contains(name) {
                let help = match name {
                    "marker" => "print `{{ marker }}` after the tests: an exit code alone can be had by ending early",
                    _ => "put `{{ code }}` where the model's code belongs",
                };
                wrong("/program", &format!("`{name}` is missing"), help);
            }
        }
    }
    let seconds = params.timeout.unwrap_or(10.0);
    if !(0.1..=3600.0).contains(&seconds) {
        wrong("/timeout", "not from 0.1 to 3600 seconds", "10 is usual");
    }
    let defaults = Limits::default();
    let mut size = |at: &str, value: Option<u64>, least: u64, unit: u64, default: u64| match value {
        Some(value) if value < least || value > 1 << 20 => {
            wrong(at, &format!("not from {least} to {}", 1 << 20), "leave it out for the usual");
            default
        }
        Some(value) => value * unit,
        None => default,
    };
    let limits = Limits {
        memory: size("/memory", params.memory, 32, 1 << 20, defaults.memory),
        processes: size("/processes", params.processes, 2, 1, defaults.processes),
        output: size("/output", params.output, 4, 1 << 10, defaults.output),
        scratch: size("/scratch", params.scratch, 1, 1 << 20, defaults.scratch),
        wall: Duration::try_from_secs_f64(seconds).unwrap_or(defaults.wall),
    };
    if params.at_once == Some(0) {
        wrong("/at_once", "at least one is needed", "leave it out for one per processor");
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // How many run at a time moves no score.
    let relevant = UnitTests { at_once: None, ..params.clone() };
    let fingerprint =
        fingerprint("unit-tests", 1, &json!({"params": relevant, "harness": Digest::of_bytes(HARNESS.as_bytes())}));
    let own = ["code", "tests", "entry_point", "before", "marker"];
    let variables =
        variables(&long).into_iter().filter(|(name, at)| at != "/program" || !own.contains(&name.as_str())).collect();
    Ok(Box::new(UnitTestScorer { params, limits, program, variables, fingerprint, place: OnceCell::new() }))
}

#[async_trait]
impl Scorer for UnitTestScorer {
    fn fingerprint(&self) -> Digest {
        self.fingerprint
    }

    fn template_variables(&self) -> Vec<(String, String)> {
        self.variables.clone()
    }

    fn needs_expected(&self) -> bool {
        self.params.tests.is_none() && self.program.is_none()
    }

    async fn check_machine(&self) -> Result<(), Problem> {
        self.place().await.map(drop)
    }

    async fn score(&self, name: &str, input: &ScoreInput<'_>) -> Score {
        let place = match self.place().await {
            Ok(place) => place,
            Err(problem) => return Score::error(name, shorten(&problem.to_string())),
        };
        let task = match self.task(input) {
            Ok(task) => task,
            Err(reason) => return Score::unscored(name, shorten(&reason)),
        };
        match self.run(place, &task).await {
            Ok(Verdict { label: "tests", detail }) => Score::error(name, format!("the case's tests: {detail}")),
            Ok(Verdict { label, detail }) => {
                let mut score = Score::scored(name, f64::from(u8::from(label == "passed")));
                score.label = Some(label.into());
                score.rationale = (!detail.is_empty()).then(|| shorten(&detail));
                score
            }
            Err(why) => Score::error(name, shorten(&why)),
        }
    }
}

/// Code and tests of a trial.
struct Task {
    code: Option<String>,
    tests: String,
    entry_point: Option<String>,
    before: String,
    variables: Map<String, Value>,
}

struct Verdict {
    label: &'static str,
    detail: String,
}

impl Verdict {
    fn new(label: &'static str, detail: impl Into<String>) -> Self {
        Self { label, detail: detail.into() }
    }
}

impl UnitTestScorer {
    /// Opens the sandbox, shows it the interpreter, and sees it tell right from wrong.
    async fn place(&self) -> Result<&Place, Problem> {
        self.place.get_or_try_init(|| self.open()).await
    }

    async fn open(&self) -> Result<Place, Problem> {
        let places = self.params.at_once;
        let places = places.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from));
        let sandbox = Sandbox::open(places).await.map_err(|error| {
            let help = error.help();
            let problem = Problem::new("", error.to_string());
            if help.is_empty() { problem } else { problem.help(help) }
        })?;
        let (at, found) = match &self.params.command {
            Some(command) => ("/command", View::of_program(&command[0])),
            None => ("/interpreter", View::of_python(self.params.interpreter.as_deref().unwrap_or("python3")).await),
        };
        let named = if at == "/command" || self.params.interpreter.is_some() { at } else { "" };
        let (view, interpreter) =
            found.map_err(|why| Problem::new(named, why).help("an interpreter on this machine"))?;
        let place = Place { sandbox, view, interpreter };
        if self.program.is_none() {
            for (code, want) in [("def f(): return 1", "passed"), ("def f(): return 2", "failed")] {
                let task = Task {
                    code: Some(code.into()),
                    tests: "assert f() == 1".into(),
                    entry_point: None,
                    before: String::new(),
                    variables: Map::new(),
                };
                let got = self.run(&place, &task).await.map_err(|why| Problem::new(named, why))?;
                if got.label != want {
                    let message = format!(
                        "`{}` does not work in the sandbox: a test that should have {want} gave `{}` ({})",
                        place.interpreter, got.label, got.detail
                    );
                    return Err(
                        Problem::new(named, message).help("see `timeout` and `memory`, or choose an `interpreter`")
                    );
                }
            }
        }
        Ok(place)
    }

    fn task(&self, input: &ScoreInput<'_>) -> Result<Task, String> {
        let params = &self.params;
        let optional = |param: &Option<Param>| -> Result<Option<String>, String> {
            let value = param.as_ref().map(|param| param.resolve(input)).transpose()?;
            Ok(value.filter(|value| !value.is_null()).map(|value| text(&value)))
        };
        let tests = match (&params.tests, &self.program) {
            (None, Some(_)) => String::new(),
            (tests, _) => match or_expected(tests.as_ref(), input)? {
                Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join("\n"),
                value => text(&value),
            },
        };
        if tests.trim().is_empty() && self.program.is_none() {
            return Err("the case has no tests".into());
        }
        let entry_point = optional(&params.entry_point)?.filter(|name| !name.is_empty());
        let code = code(&input.output.text(), entry_point.as_deref());
        let variables = if self.program.is_some() { input.variables() } else { Map::new() };
        Ok(Task { code, tests, entry_point, before: optional(&params.before)?.unwrap_or_default(), variables })
    }

    async fn run(&self, place: &Place, task: &Task) -> Result<Verdict, String> {
        let Some(code) = &task.code else { return Ok(Verdict::new("no_code", "the answer is empty")) };
        let nonce = assay_sandbox::nonce().map_err(|error| error.to_string())?;
        let (mut argv, input) = match (&self.program, &self.params.command) {
            (Some(program), Some(command)) => {
                let mut variables = task.variables.clone();
                let own = [
                    ("code", code.as_str()),
                    ("tests", &task.tests),
                    ("entry_point", task.entry_point.as_deref().unwrap_or_default()),
                    ("before", &task.before),
                    ("marker", &nonce),
                ];
                variables.extend(own.map(|(name, value)| (name.to_owned(), Value::from(value))));
                (command[1..].to_vec(), program.render(&variables).map_err(|error| error.to_string())?)
            }
            _ => {
                let mode = if self.params.same_process { "same" } else { "apart" };
                let orders = json!({
                    "code": joined(&task.before, code), "tests": task.tests, "entry_point": task.entry_point, "nonce": nonce,
                });
                (["-s", "-B", "-c", HARNESS, mode].map(str::to_owned).to_vec(), orders.to_string())
            }
        };
        argv.insert(0, place.interpreter.clone());
        // The order of sets is the same every time, and libraries do not start a thread for each processor.
        let env = [
            ("PYTHONHASHSEED", "0"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("OMP_NUM_THREADS", "1"),
            ("OPENBLAS_NUM_THREADS", "1"),
        ];
        let env: BTreeMap<String, String> = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let job = Job { argv, env, input, view: place.view.clone(), limits: self.limits };
        let ended = place.sandbox.run(job).await.map_err(|error| error.to_string())?;
        let Verdict { label, mut detail } =
            if self.program.is_some() { marked(&ended, &nonce) } else { told(&ended, &nonce) };
        if label != "passed" {
            // What Python prints of an exception that the verdict names says it again.
            let said = tail(&ended.stderr);
            if !said.is_empty() {
                detail = format!("{detail}; printed at the end: {said}");
            }
        }
        Ok(Verdict { label, detail })
    }
}

/// The verdict that the harness wrote: the only line of its standard output, under the job's own number.
fn told(ended: &Ended, nonce: &str) -> Verdict {
    if ended.end != End::Exit(0) {
        return broken(ended.end);
    }
    let verdict: Value = serde_json::from_slice(&ended.stdout).unwrap_or_default();
    if verdict["nonce"] != nonce {
        return Verdict::new("exception", "the code ended the process before the tests were done");
    }
    const LABELS: [&str; 8] = ["passed", "failed", "exception", "timeout", "memory", "forbidden", "missing", "tests"];
    let label = LABELS.into_iter().find(|label| verdict["status"] == *label).unwrap_or("exception");
    Verdict::new(label, printable(verdict["detail"].as_str().unwrap_or_default()))
}

/// The verdict of a program: it came to its end, where it prints the marker.
fn marked(ended: &Ended, nonce: &str) -> Verdict {
    let out = String::from_utf8_lossy(&ended.stdout);
    let last = out.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
    match ended.end {
        End::Exit(0) if last.trim() == nonce => Verdict::new("passed", ""),
        End::Exit(0) => Verdict::new("failed", "the program ended without printing the marker last"),
        End::Exit(code) => Verdict::new("failed", format!("the program ended with exit code {code}")),
        other => broken(other),
    }
}

fn broken(end: End) -> Verdict {
    match end {
        End::Exit(code) => Verdict::new("exception", format!("the process ended with exit code {code}")),
        End::Signal(signal) => Verdict::new("exception", format!("the process was ended by signal {signal}")),
        End::Timeout => Verdict::new("timeout", "not done in time"),
        End::Memory => Verdict::new("memory", "more memory than allowed"),
        End::Output => Verdict::new("output", "more output than allowed"),
    }
}

/// Code after its prompt, on lines of its own.
fn joined(before: &str, code: &str) -> String {
    let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    format!("{before}{gap}{code}\n")
}

/// The code in an answer: a fence's content as it stands (indentation matters), else the whole.
fn code(answer: &str, entry_point: Option<&str>) -> Option<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut open: Option<(char, usize)> = None;
    for line in answer.lines() {
        let bare = line.trim_start();
        let mark = bare.chars().next().filter(|c| matches!(c, '`' | '~'));
        let length = mark.map_or(0, |mark| bare.chars().take_while(|c| *c == mark).count());
        match (open, mark) {
            (None, Some(mark)) if length >= 3 => {
                open = Some((mark, length));
                blocks.push(String::new());
            }
            (Some((begun, least)), Some(mark))
                if mark == begun && length >= least && bare[length..].trim().is_empty() =>
            {
                open = None;
            }
            (Some(_), _) => {
                // An answer that was cut off has no closing fence.
                if let Some(block) = blocks.last_mut() {
                    block.push_str(line);
                    block.push('\n');
                }
            }
            (None, _) => {}
        }
    }
    let defines = |block: &&String| {
        entry_point.is_some_and(|name| {
            ["def", "class"].iter().any(|word| block.lines().any(|line| defined(line, word) == Some(name)))
        })
    };
    let chosen = blocks.iter().find(defines).or_else(|| blocks.iter().find(|block| !block.trim().is_empty()));
    let code = if blocks.is_empty() { Some(answer.to_owned()) } else { chosen.cloned() };
    code.filter(|code| !code.trim().is_empty())
}

/// The name that a line defines.
fn defined<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.trim_start().strip_prefix("async ").unwrap_or(line.trim_start());
    let rest = rest.strip_prefix(word)?.strip_prefix(' ')?.trim_start();
    rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next()
}

/// The end of foreign text on one line.
fn tail(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(2_000)..]);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = lines[lines.len().saturating_sub(4)..].join(" | ");
    let from = last.chars().count().saturating_sub(400);
    printable(&last.chars().skip(from).collect::<String>())
}

fn printable(text: &str) -> String {
    assay_models::client::printable(text, 1_500)
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn code_is_taken_out_of_its_fence_as_it_stands() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(code("    return 1\n", None), some("    return 1\n"));
        assert_eq!(code("Sure:\n```python\n    return 1\n```\nDone.", None), some("    return 1\n"));
        assert_eq!(code("~~~\na\n```\nb\n~~~", None), some("a\n```\nb\n"));
        assert_eq!(code("```py\ncut = 1", None), some("cut = 1\n"));
        assert_eq!(code("```\nf(1)\n```\n```\ndef f(x):\n  pass\n```", Some("f")), some("def f(x):\n  pass\n"));
        assert_eq!(code("```\nf(1)\n```\n```\ndef ff(x): pass\n```", Some("f")), some("f(1)\n"));
        assert_eq!(code("````md\n```\nx\n```\n````", None), some("```\nx\n```\n"));
        assert_eq!(code("```\n```", None), None);
        assert_eq!(code(" \n", None), None);
    }
}
