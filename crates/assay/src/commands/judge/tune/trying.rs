//! Prompts tried on labelled answers, within a budget.

use std::sync::{Arc, Mutex, PoisonError};

use assay_core::run::{Budget as Limits, Totals};
use assay_core::{Digest, Money, Score, ScoreKind, Usage};
use assay_engine::budget::Budget;
use assay_engine::gateway::{CacheHandle, Gateway};
use assay_engine::{Options, Prepared};
use assay_scorers::judges::JudgeFile;
use assay_scorers::judges::file::{Example, Loaded};
use assay_scorers::judges::tuning::Tunable;
use assay_scorers::{Declared, ScorerContext};
use assay_stats::{Difference, Kind, Pair, difference};
use assay_store::Cache;
use serde::Serialize;
use serde_json::{Value, json};

use super::labelled::{Labelled, Parts};
use crate::canaries::{Question, hear, input, is_answer};
use crate::commands::Failure;
use crate::commands::run::usage;
use crate::judged::Gathered;
use crate::load::Home;

/// The longest reason of an example, in characters.
const LONGEST_REASON: usize = 300;
/// Bytes of a text per token, and tokens of a verdict, for the estimate.
const BYTES_PER_TOKEN: u64 = 4;
const VERDICT_TOKENS: u64 = 200;
/// The name under which a prompt that is tried is at hand.
const AT_HAND: &str = "tuned";

/// What it would take.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Estimate {
    /// Prompts that are tried.
    pub prompts: usize,
    /// Calls, when every reply can be read.
    pub calls: u64,
    /// Dollars, where the price is known.
    pub usd: Option<f64>,
}

impl Estimate {
    /// For people.
    pub fn words(&self) -> String {
        match self.usd {
            Some(usd) => format!("{} calls and {}", self.calls, Money::from_dollars(usd)),
            None => format!("{} calls, whose price is not known", self.calls),
        }
    }
}

/// What it took.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Spent {
    /// Calls, retries included.
    pub calls: u64,
    /// Dollars.
    pub cost: Money,
}

/// A prompt with how close it came to people.
pub struct Tried {
    /// What was changed, in words.
    pub name: String,
    /// The judge.
    pub file: JudgeFile,
    /// For each answer from 0 to 1; `None` where the call failed.
    pub closeness: Vec<Option<f64>>,
    /// Verdicts that could not be read, or that were none: they agree with nobody.
    pub unread: usize,
    /// The mean of the prompt as it is, where both were held against each other.
    pub base: f64,
    scores: Vec<Score>,
}

impl Tried {
    /// The mean closeness.
    pub fn mean(&self) -> f64 {
        let known: Vec<f64> = self.closeness.iter().flatten().copied().collect();
        known.iter().sum::<f64>() / known.len().max(1) as f64
    }

    /// How much closer to people than another on the same answers, paired, with the groups of their cases as clusters.
    pub fn against(&self, other: &Self, answers: &[Labelled], confidence: f64) -> Difference {
        let mut groups = std::collections::BTreeSet::new();
        let clustered = answers.iter().any(|one| !groups.insert(one.group));
        let pairs: Vec<Pair> = self
            .closeness
            .iter()
            .zip(&other.closeness)
            .zip(answers)
            .filter_map(|((new, old), one)| {
                Some(Pair {
                    candidate: (*new)?,
                    baseline: (*old)?,
                    repeats: 1,
                    cluster: clustered.then_some(one.group),
                    weight: 1.0,
                })
            })
            .collect();
        let binary = pairs.iter().all(|pair| [pair.candidate, pair.baseline].iter().all(|v| *v == 0.0 || *v == 1.0));
        let kind = if binary { Kind::Binary } else { Kind::Bounded { lo: 0.0, hi: 1.0 } };
        difference(&pairs, kind, confidence, 1)
    }
}

/// The judge of a suite with what makes its calls.
pub struct Bench {
    entry: Value,
    name: String,
    context: ScorerContext,
    asked: Declared,
    limits: Limits,
    gateway: Gateway,
    concurrency: usize,
    writer: Option<tokio::task::JoinHandle<()>>,
    spent: Mutex<Spent>,
}

impl Bench {
    /// The judge as the newest suite declares it that has it.
    pub async fn new(
        home: &Home,
        gathered: &Gathered,
        offline: bool,
        max_cost: Option<f64>,
        concurrency: usize,
    ) -> Result<Self, Failure> {
        let Some(record) = gathered.runs.last() else { return Err(usage("there is no run".into())) };
        let options = Options {
            tier: record.tier.clone(),
            epochs: Some(record.epochs),
            offline,
            library: Some(home.library()),
            ..Options::default()
        };
        let path = home.workspace.find_recorded(&record.suite_path);
        let prepared = Prepared::from_text(&record.suite_text, &path, &options)?;
        let records = prepared.scorer_records(&record.datasets);
        let Some(place) = records.iter().position(|known| known.fingerprint == gathered.scorer.fingerprint) else {
            return Err(usage(format!(
                "the judge is not what it was in run {}: its model, prompt or parser changed. Run the suite anew first",
                record.id.short()
            )));
        };
        let part = &prepared.suite.scorers[place];
        let mut limits = record.budget.clone();
        limits.usd = max_cost.or(limits.usd);
        // What the judge said in the run need not be asked again.
        let (cache, writer) = match prepared.cache {
            true => {
                let (handle, writer) = CacheHandle::serve(Cache::open(&home.workspace).await?, prepared.cache_most);
                (Some(handle), Some(writer))
            }
            false => (None, None),
        };
        let concurrency = concurrency.max(1);
        let gateway = Gateway::new(concurrency, Arc::new(Budget::new(&limits, &Totals::default())), cache);
        let context = prepared.context.clone();
        let asked = built(assay_scorers::build(&part.value, &part.name, &context))?;
        asked.scorer.preflight().await.map_err(|error| usage(format!("the judge cannot be asked: {error}")))?;
        Ok(Self {
            entry: part.value.clone(),
            name: part.name.clone(),
            context,
            asked,
            limits,
            gateway,
            concurrency,
            writer,
            spent: Mutex::default(),
        })
    }

    /// What may be changed about it.
    pub fn tunable(&self) -> Result<Tunable, Failure> {
        built(Tunable::of(&self.entry["judge"], &self.context))
    }

    /// What it takes to try so many prompts, and as many sets of examples.
    pub fn estimate(&self, parts: &Parts, words: usize, sets: usize) -> Estimate {
        let pool = if sets > 0 { parts.pool.len() } else { 0 };
        let verdicts = ((words + sets) * parts.dev.len() + pool + 2 * parts.held_out.len()) as u64;
        let all = || parts.dev.iter().chain(&parts.held_out);
        let size = |one: &Labelled| json!([one.case.inputs, one.case.expected, one.output.value]).to_string().len();
        let mean = all().map(size).sum::<usize>() / all().count().max(1);
        let (mut calls, mut usd) = (0, Some(0.0));
        for asks in self.asked.scorer.asks() {
            let own = verdicts * u64::from(asks.times);
            calls += own;
            let usage = Usage {
                input_tokens: Some((asks.bytes + mean) as u64 / BYTES_PER_TOKEN),
                output_tokens: Some(VERDICT_TOKENS),
                ..Usage::default()
            };
            let price = asks.target.traits().price.map(|price| price.cost(&usage).dollars());
            usd = usd.zip(price).map(|(sum, price)| sum + own as f64 * price);
        }
        Estimate { prompts: words + sets, calls, usd }
    }

    /// Whether the budget bears that: half of a choice is none.
    pub fn affords(&self, estimate: &Estimate) -> Result<(), Failure> {
        let over = |what: String| {
            usage(format!(
                "{} are more than {what}: fewer `--shots`, a smaller `--dev` or a larger budget help; nothing was asked",
                estimate.words()
            ))
        };
        if let Some(calls) = self.limits.calls.filter(|calls| estimate.calls > *calls) {
            return Err(over(format!("the budget of {calls} calls")));
        }
        match (estimate.usd, self.limits.usd) {
            (Some(needed), Some(usd)) if needed > usd => {
                Err(over(format!("the budget of {}", Money::from_dollars(usd))))
            }
            _ => Ok(()),
        }
    }

    /// Tries a prompt.
    pub async fn tries(&self, name: String, file: JudgeFile, answers: &[Labelled]) -> Result<Tried, Failure> {
        let text = file.to_text().map_err(|why| format!("{name}: {why}"))?;
        let loaded = Loaded { file: file.clone(), digest: Digest::of_bytes(text.as_bytes()) };
        let mut context = self.context.clone();
        context.judges.insert(AT_HAND.to_owned(), loaded);
        let mut entry = self.entry.clone();
        entry["judge"]["use"] = json!(AT_HAND);
        let judge = built(assay_scorers::build(&entry, &self.name, &context))?;
        let questions: Vec<Question<'_>> = answers.iter().map(|one| (&one.case, &one.output, one.epoch)).collect();
        let scores = hear(&judge, &self.gateway, &questions, self.concurrency).await;
        self.count(&scores);
        let failed: Vec<&Score> = scores.iter().filter(|score| !is_answer(score)).collect();
        if failed.len() * 10 > scores.len() {
            let why = failed.first().and_then(|score| score.reason.clone()).unwrap_or_default();
            return Err(format!(
                "{} of {} calls failed, the first: {why}. Nothing is decided and nothing was written",
                failed.len(),
                scores.len()
            )
            .into());
        }
        let kind = judge.record.score;
        let width = kind.range().map_or(1.0, |(lo, hi)| hi - lo);
        let close = |score: &Score, truth: f64| match score.value {
            Some(value) if kind == ScoreKind::Binary => f64::from(u8::from(value == truth)),
            Some(value) => 1.0 - ((value - truth).abs() / width).min(1.0),
            None => 0.0,
        };
        let closeness =
            scores.iter().zip(answers).map(|(score, one)| is_answer(score).then(|| close(score, one.truth))).collect();
        let unread = scores.iter().filter(|score| is_answer(score) && score.value.is_none()).count();
        Ok(Tried { name, file, closeness, unread, base: 0.0, scores })
    }

    fn count(&self, scores: &[Score]) {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        for score in scores {
            spent.calls += score.asked.map_or(0, |asked| u64::from(asked.calls));
            spent.cost += score.cost;
        }
    }

    /// Sets of solved examples out of a pool, of each size two: classes in turn, by chance, and the same but first what the
    /// judge got wrong. Where the judge was right its own reasons are kept.
    pub async fn examples(
        &self,
        own: &Tunable,
        file: &JudgeFile,
        pool: &[Labelled],
        shots: &[usize],
        seed: u64,
    ) -> Result<Vec<(String, Vec<Example>)>, Failure> {
        let said = self.tries("pool".to_owned(), file.clone(), pool).await?;
        let mut order: Vec<usize> = (0..pool.len()).collect();
        order.sort_by_key(|at| Digest::of_json(&json!([seed, pool[*at].case.digest(), pool[*at].output.value])));
        let mut groups = std::collections::BTreeSet::new();
        order.retain(|at| groups.insert(pool[*at].group));
        let wrong = |at: &usize| said.closeness[*at].is_some_and(|close| close < 0.5);
        let mut hard: Vec<usize> = order.iter().copied().filter(wrong).collect();
        hard.extend(order.iter().copied().filter(|at| !wrong(at)));
        let mut sets = Vec::new();
        for count in shots {
            for (what, order) in [("examples", &order), ("examples, hard ones first", &hard)] {
                let mut chosen = Vec::new();
                for at in in_turn(order, |at| pool[at].truth).into_iter().take(*count) {
                    let one = &pool[at];
                    let why = said.scores[at].rationale.as_deref().filter(|_| said.closeness[at] == Some(1.0));
                    let reason = match why {
                        Some(why) => why.chars().take(LONGEST_REASON).collect(),
                        None => "People who looked at this decided so.".to_owned(),
                    };
                    let made = own.example(&input(&one.case, &one.output), one.truth, reason);
                    chosen.extend(made.map_err(|why| format!("an example cannot be made: {why}"))?);
                }
                let enough = chosen.len() == *count;
                if enough && !sets.iter().any(|(_, known): &(String, Vec<Example>)| json!(known) == json!(chosen)) {
                    sets.push((format!("{count} {what}"), chosen));
                }
            }
        }
        Ok(sets)
    }

    /// Waits for the cache; gives what everything took.
    pub async fn close(self) -> Spent {
        let spent = *self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.gateway);
        if let Some(writer) = self.writer {
            let _ = writer.await;
        }
        spent
    }
}

/// Places so that values take turns, each value's in their order: no class is missing from the first few.
fn in_turn(order: &[usize], value: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut classes: Vec<(f64, std::collections::VecDeque<usize>)> = Vec::new();
    for at in order {
        match classes.iter_mut().find(|(known, _)| *known == value(*at)) {
            Some((_, places)) => places.push_back(*at),
            None => classes.push((value(*at), [*at].into())),
        }
    }
    classes.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut found = Vec::with_capacity(order.len());
    while found.len() < order.len() {
        found.extend(classes.iter_mut().filter_map(|(_, places)| places.pop_front()));
    }
    found
}

/// A scorer that could be built, or everything that is wrong with it in one error.
fn built<T>(result: Result<T, Vec<assay_core::Problem>>) -> Result<T, Failure> {
    result.map_err(|problems| usage(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_take_turns() {
        let values = [1.0, 1.0, 1.0, 0.0, 1.0, 0.0];
        assert_eq!(in_turn(&[0, 1, 2, 3, 4, 5], |at| values[at]), [3, 0, 5, 1, 2, 4]);
    }
}
