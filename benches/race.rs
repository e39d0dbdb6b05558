//! Times our code and a Python reference on the same input, in the same run, one thread each.
//!
//! The reference runs in the interpreter named by `ASSAY_ORACLE_PYTHON` (see `tests/oracle/README.md`). Both sides give
//! numbers, which must agree: a race over different work would tell nothing.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The races that were asked for, and what came of them.
pub struct Races {
    python: String,
    only: Vec<String>,
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
        Some(Self { python, only })
    }

    /// Races `ours` against `run(prepare(a))` of a Python `script`, where `a` is `input`; only `run` is timed. `name` is
    /// that of the parity test's function, `reference` the package. The best of at least three rounds counts on either
    /// side. Values must agree within `tolerance` relative to theirs.
    ///
    /// # Panics
    /// When the reference fails or the values differ.
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
        while rounds < 3 || started.elapsed() < Duration::from_millis(300) && rounds < 1000 {
            let round = Instant::now();
            value = std::hint::black_box(ours());
            seconds = seconds.min(round.elapsed().as_secs_f64());
            rounds += 1;
        }
        let program = format!(
            "import json, sys, time, warnings\nimport numpy as np\nwarnings.simplefilter('ignore')\n{script}\n\
             d = prepare(json.load(sys.stdin))\nbest, n, t0 = 1e99, 0, time.perf_counter()\n\
             while n < 3 or time.perf_counter() - t0 < 0.3 and n < 1000:\n    \
             t = time.perf_counter(); v = run(d); best = min(best, time.perf_counter() - t); n += 1\n    \
             if time.perf_counter() - t0 > 60: break\n\
             print(json.dumps([best, [float(x) for x in np.atleast_1d(v).ravel()]]))"
        );
        let mut child = Command::new(&self.python)
            .args(["-c", &program])
            .envs([("OMP_NUM_THREADS", "1"), ("OPENBLAS_NUM_THREADS", "1")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter starts");
        child.stdin.take().expect("a pipe").write_all(input.to_string().as_bytes()).expect("it reads its input");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{name}: the reference failed, see stderr");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let (theirs, expected): (f64, Vec<f64>) =
            serde_json::from_str(text.lines().last().expect("an answer")).expect("an answer");
        assert_eq!(value.len(), expected.len(), "{name}: {value:?} and {expected:?}");
        for (ours, theirs) in value.iter().zip(&expected) {
            let apart = (ours - theirs).abs() / theirs.abs().max(1e-3);
            assert!(apart <= tolerance, "{name}: ours {ours}, theirs {theirs}");
        }
        println!(
            "{}",
            json!({"race": name, "reference": reference, "ours": seconds, "theirs": theirs, "ratio": theirs / seconds})
        );
    }
}
