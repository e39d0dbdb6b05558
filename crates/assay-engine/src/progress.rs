//! What is known while a run goes on.

use std::sync::{Mutex, MutexGuard, PoisonError};

use assay_core::Trial;
use assay_core::run::Totals;

/// Shared between the engine, which writes, and whoever shows it.
#[derive(Debug)]
pub struct Progress {
    inner: Mutex<Snapshot>,
}

/// One moment of a run.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Trials planned.
    pub planned: u64,
    /// Trials that had an outcome before this process began.
    pub before: u64,
    /// Totals, earlier parts included.
    pub totals: Totals,
    /// Running means by target and scorer, of this process's trials.
    pub running: Vec<Running>,
    /// The last failure, for the impatient.
    pub last_error: Option<String>,
    /// What the run waits for, in words.
    pub waiting: Option<String>,
}

/// A running mean (Welford 1962).
#[derive(Clone, Debug, Default)]
pub struct Running {
    /// The target.
    pub target: String,
    /// The scorer.
    pub scorer: String,
    /// Trials with a value.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// Their sum of squared deviations.
    pub squares: f64,
}

impl Progress {
    /// Of a run of `planned` trials, `before` of which are done.
    pub fn new(planned: u64, before: u64, totals: Totals) -> Self {
        Self { inner: Mutex::new(Snapshot { planned, before, totals, ..Snapshot::default() }) }
    }

    fn lock(&self) -> MutexGuard<'_, Snapshot> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A copy of this moment.
    pub fn snapshot(&self) -> Snapshot {
        self.lock().clone()
    }

    /// Totals only.
    pub fn totals(&self) -> Totals {
        self.lock().totals.clone()
    }

    /// Puts other totals in place, after outcomes were taken back.
    pub fn set_totals(&self, totals: Totals) {
        self.lock().totals = totals;
    }

    /// Says what the run waits for; true when that is news.
    pub fn set_waiting(&self, what: Option<String>) -> bool {
        let mut inner = self.lock();
        let news = inner.waiting != what;
        inner.waiting = what;
        news
    }

    /// Adds recorded trials.
    pub fn add(&self, trials: &[Trial]) {
        let mut inner = self.lock();
        trials.iter().for_each(|trial| inner.add(trial));
    }
}

impl Snapshot {
    fn add(&mut self, trial: &Trial) {
        let inner = self;
        inner.totals.add(trial);
        if let assay_core::Outcome::Error { kind, message } = &trial.outcome {
            inner.last_error = Some(format!("{}: {kind}: {message}", trial.case_id));
        }
        for score in &trial.scores {
            let Some(value) = score.value else { continue };
            let found = inner.running.iter().position(|r| r.target == trial.target && r.scorer == score.scorer);
            let at = found.unwrap_or_else(|| {
                let running =
                    Running { target: trial.target.clone(), scorer: score.scorer.clone(), ..Running::default() };
                inner.running.push(running);
                inner.running.len() - 1
            });
            let running = &mut inner.running[at];
            running.n += 1;
            let delta = value - running.mean;
            running.mean += delta / running.n as f64;
            running.squares += delta * (value - running.mean);
        }
    }
}
