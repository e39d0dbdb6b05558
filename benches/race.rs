//! Times our code and a Python reference on the same input, in the same run, one thread each.
//!
//! The reference runs in the interpreter named by `ASSAY_ORACLE_PYTHON` (see `tests/oracle/README.md`). Both sides give
//! numbers, which must agree: a race over different work would tell nothing.

use std::cell::Cell;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The races that were asked for, and what came of them.
pub struct Races {
    python: String,
    only: Vec<String>,
    failures: Cell<usize>,
}

/// Fails when a race did: the others have run.
impl Drop for Races {
    fn drop(&mut self) {
        if self.failures.get() > 0 && !std::thread::panicking() {
            eprintln!("{} races failed", self.failures.get());
            std::process::exit(1);
        }
    }
}

impl Races {
    /// Reads the names to run from the arguments; all without one. `None`, with a printed reason, when no interpreter is
    /// named.
    pub fn from_arguments() -> Option<Self> {
        let Ok(python) = std::env::var("ASSAY_ORACLE_PYTHON") else {
            println!("skipped: ASSAY_ORACLE_PYTHON is not set (see tests/oracle/README.md)");
            return None;
        };
        let only = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
        Some(Self { python, only, failures: Cell::new(0) })
    }

    /// Races `ours` against `run(prepare(a))` of a Python `script`, where `a` is `input`; only `run` is timed. `name` is
    /// that of the parity test's function, `reference` the package. The best of at least three rounds counts on either
    /// side, of one round where it takes more than ten seconds. Values must agree within `tolerance` relative to theirs;
    /// a race whose values differ, or whose reference fails, is said on standard error and has no line.
    pub fn add(
        &self,
        name: &str,
        reference: &str,
        script: &str,
        input: &Value,
        tolerance: f64,
        mut ours: impl FnMut() -> Vec<f64>,
    ) {
        if !self.only.is_empty() && !self.only.iter().any(|only| name.contains(only.as_str())) {
            return;
        }
        let (mut seconds, mut value) = (f64::INFINITY, Vec::new());
        let started = Instant::now();
        let mut rounds = 0;
        while another(rounds, started.elapsed()) {
            let round = Instant::now();
            value = std::hint::black_box(ours());
            seconds = seconds.min(round.elapsed().as_secs_f64());
            rounds += 1;
        }
        match self.reference(script, input).and_then(|(theirs, expected)| {
            agree(&value, &expected, tolerance)?;
            Ok(theirs)
        }) {
            Ok(theirs) => println!(
                "{}",
                json!({"race": name, "reference": reference, "ours": seconds, "theirs": theirs, "ratio": theirs / seconds})
            ),
            Err(problem) => {
                eprintln!("{name}: {problem}");
                self.failures.set(self.failures.get() + 1);
            }
        }
    }

    /// The reference's time and its values.
    fn reference(&self, script: &str, input: &Value) -> Result<(f64, Vec<f64>), String> {
        // The rounds are those of `another`.
        let program = format!(
            "import json, sys, time, warnings\nimport numpy as np\nwarnings.simplefilter('ignore')\n{script}\n\
             _d = prepare(json.load(sys.stdin))\n_best, _n, _start = 1e99, 0, time.perf_counter()\n\
             while _n == 0 or (_s := time.perf_counter() - _start) < 10 and _n < 3 or _s < 0.3 and _n < 1000:\n    \
             _t = time.perf_counter(); _v = run(_d); _best = min(_best, time.perf_counter() - _t); _n += 1\n\
             print(json.dumps([_best, [float(x) for x in np.atleast_1d(_v).ravel()]]), file=sys.__stdout__)"
        );
        let mut child = Command::new(&self.python)
            .args(["-c", &program])
            .envs([("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the interpreter does not start: {error}"))?;
        // A reference that fails before it reads says so itself.
        let _ = child.stdin.take().expect("a pipe").write_all(input.to_string().as_bytes());
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout);
        let last = text.lines().last().filter(|_| output.status.success()).ok_or("the reference failed, see above")?;
        serde_json::from_str(last).map_err(|error| format!("{last}: {error}"))
    }
}

/// Whether a further round is run after so many in so much time.
fn another(rounds: u32, elapsed: Duration) -> bool {
    rounds == 0
        || elapsed < Duration::from_secs(10) && rounds < 3
        || elapsed < Duration::from_millis(300) && rounds < 1000
}

fn agree(ours: &[f64], theirs: &[f64], tolerance: f64) -> Result<(), String> {
    if ours.len() != theirs.len() {
        return Err(format!("we have {} values, they {}", ours.len(), theirs.len()));
    }
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        let apart = (ours - theirs).abs() / theirs.abs().max(1e-3);
        if apart > tolerance || apart.is_nan() {
            return Err(format!("value {at} is {ours} for us, {theirs} for them"));
        }
    }
    Ok(())
}

/// A deterministic stream of pseudo-random numbers.
pub struct Stream(pub u64);

#[allow(dead_code, reason = "each bench uses what it needs")]
impl Stream {
    /// Between 0 and 1.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() * n as f64) as usize
    }

    /// About standard normal.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }

    /// `n` numbers between 0 and 1.
    pub fn many(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }

    /// `n` numbers that are about standard normal.
    pub fn normals(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.normal()).collect()
    }
}
