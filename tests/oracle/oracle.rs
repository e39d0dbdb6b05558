//! Asks a Python reference package many questions in one process and compares its answers with ours.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Questions to a Python function `one(f, a)`, which returns a number or a list of numbers.
pub struct Oracle {
    script: &'static str,
    questions: Vec<Question>,
}

struct Question {
    function: String,
    arguments: Value,
    ours: Vec<f64>,
    tolerance: f64,
}

impl Oracle {
    /// `script` defines `one(f, a)`: `f` names the reference function, `a` is what [`Oracle::ask`] was given.
    pub fn new(script: &'static str) -> Self {
        Self { script, questions: Vec::new() }
    }

    /// Adds a question with our answer. Values agree when they differ by at most `tolerance` relative to theirs, or
    /// `tolerance` / 1000 absolute near zero; NaN stands for undefined and equals only NaN.
    pub fn ask(&mut self, function: &str, arguments: Value, ours: Vec<f64>, tolerance: f64) {
        self.questions.push(Question { function: function.to_owned(), arguments, ours, tolerance });
    }

    /// Runs the reference and prints the largest relative deviation for each function. Skips, with the reason, when
    /// no interpreter is named.
    pub fn check(self) {
        assert!(!self.questions.is_empty());
        let Ok(python) = std::env::var("ASSAY_ORACLE_PYTHON") else {
            println!("skipped: ASSAY_ORACLE_PYTHON is not set (see tests/oracle/README.md)");
            return;
        };
        let program = format!(
            "import json, math, sys, warnings\nimport numpy as np\nwarnings.simplefilter('ignore')\n{}\n{}",
            self.script,
            "def _call(f, a):\n    r = np.atleast_1d(np.asarray(one(f, a), dtype=float)).ravel()\n    \
             return [None if math.isnan(x) else ('inf' if x > 0 else '-inf') if math.isinf(x) else float(x) for x in r]\n\
             print(json.dumps([_call(f, a) for f, a in json.load(sys.stdin)]), file=sys.__stdout__)"
        );
        let mut child = Command::new(python)
            .args(["-c", &program])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the interpreter starts");
        let asked: Vec<Value> = self.questions.iter().map(|q| json!([q.function, q.arguments])).collect();
        child.stdin.take().unwrap().write_all(serde_json::to_string(&asked).unwrap().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "the reference failed, see stderr");
        let text = String::from_utf8(output.stdout).unwrap();
        let last = text.lines().last().expect("an answer");
        let answers: Vec<Vec<Value>> = serde_json::from_str(last).unwrap();
        assert_eq!(answers.len(), self.questions.len());
        let mut worst = std::collections::BTreeMap::<&str, (usize, f64)>::new();
        for (question, theirs) in self.questions.iter().zip(&answers) {
            let Question { function, arguments, ours, tolerance } = question;
            assert_eq!(ours.len(), theirs.len(), "{function}{arguments}: ours {ours:?}, theirs {theirs:?}");
            for (ours, theirs) in ours.iter().zip(theirs) {
                let theirs = match theirs {
                    Value::Null => f64::NAN,
                    Value::String(sign) if sign == "inf" => f64::INFINITY,
                    Value::String(_) => f64::NEG_INFINITY,
                    number => number.as_f64().unwrap(),
                };
                let deviation = if ours.is_nan() && theirs.is_nan() || *ours == theirs {
                    0.0
                } else {
                    (ours - theirs).abs() / theirs.abs().max(1e-3)
                };
                assert!(
                    deviation <= *tolerance,
                    "{function}: ours {ours}, theirs {theirs}, {deviation:e} apart, for {arguments}"
                );
                let entry = worst.entry(function).or_default();
                entry.1 = entry.1.max(deviation);
            }
            worst.entry(function).or_default().0 += 1;
        }
        for (function, (asked, deviation)) in worst {
            println!("parity {function}: {asked} questions, largest deviation {deviation:.1e}");
        }
    }
}

/// A deterministic stream of pseudo-random numbers.
pub struct Stream(pub u64);

#[allow(dead_code, reason = "each test binary uses what it needs")]
impl Stream {
    /// Between 0 and 1.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A whole number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        (self.next() * n as f64) as u64
    }

    /// About standard normal.
    pub fn normal(&mut self) -> f64 {
        (-2.0 * self.next().max(1e-300).ln()).sqrt() * (std::f64::consts::TAU * self.next()).cos()
    }

    /// `n` numbers between 0 and 1.
    pub fn many(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.next()).collect()
    }
}
