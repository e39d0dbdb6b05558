//! Prompts tried on labelled answers, within a budget.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use assay_core::run::{Budget as Limits, Totals};
use assay_core::{Digest, Money, RunId, Score, ScoreKind, Usage};
use assay_engine::budget::Budget;
use assay_engine::gateway::{CacheHandle, Gateway};
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
use assay_home::Failure;
use assay_home::Home;
use assay_home::judged::{Gathered, declared};
use assay_home::usage;

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
    /// Tokens read and written, roughly.
    pub tokens: u64,
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
    scores: Vec<Score>,
}

impl Tried {
    /// Answers on which the call failed.
    pub fn failed(&self) -> usize {
        self.closeness.iter().filter(|close| close.is_none()).count()
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

/// The answers that every one of some prompts answered, by place: where a call failed for one of them, the answer is left out
/// for all, as a prompt must not look better because it failed on what is hard.
pub fn answered<'a>(prompts: impl IntoIterator<Item = &'a [Option<f64>]>) -> Vec<usize> {
    let prompts: Vec<&[Option<f64>]> = prompts.into_iter().collect();
    let least = prompts.iter().map(|closeness| closeness.len()).min().unwrap_or(0);
    (0..least).filter(|at| prompts.iter().all(|closeness| closeness[*at].is_some())).collect()
}

/// The mean closeness over some answers.
pub fn mean(closeness: &[Option<f64>], on: &[usize]) -> f64 {
    on.iter().filter_map(|at| closeness.get(*at).copied().flatten()).sum::<f64>() / on.len().max(1) as f64
}

/// The place of the best prompt on the answers that all of them answered. Of equal ones the first: the prompt as it is, and
/// the fewest examples.
///
/// # Errors
/// There are not enough such answers.
pub fn best(tried: &[Tried]) -> Result<usize, Failure> {
    let on = answered(tried.iter().map(|one| one.closeness.as_slice()));
    let all = tried.first().map_or(0, |one| one.closeness.len());
    if on.len() * 2 < all {
        return Err(format!(
            "only {} of {all} answers were answered by every one of {} prompts, as calls failed. Nothing is decided and nothing \
             was written",
            on.len(),
            tried.len()
        )
        .into());
    }
    let means: Vec<f64> = tried.iter().map(|one| mean(&one.closeness, &on)).collect();
    Ok((0..means.len()).reduce(|a, b| if means[b] > means[a] + 1e-9 { b } else { a }).unwrap_or(0))
}

/// The judge of a suite with what makes its calls.
pub struct Bench {
    entry: Value,
    name: String,
    context: ScorerContext,
    asked: Declared,
    limits: Limits,
    budget: Arc<Budget>,
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
        let Some((prepared, place)) = declared(home, record, gathered.scorer.fingerprint, offline)? else {
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
        // The month's limits are those of all that is spent in the workspace: this has a part in them as a run has.
        let budget = Budget::new(&limits, &Totals::default())
            .in_month(limits.per_month, &home.state, RunId::from_uuid(uuid::Uuid::now_v7()))
            .await?;
        let budget = Arc::new(budget);
        let gateway = Gateway::new(concurrency, budget.clone(), cache);
        let context = prepared.context.clone();
        let asked = built(assay_scorers::build(&part.value, &part.name, &context))?;
        asked.scorer.preflight().await.map_err(|error| usage(format!("the judge cannot be asked: {error}")))?;
        Ok(Self {
            entry: part.value.clone(),
            name: part.name.clone(),
            context,
            asked,
            limits,
            budget,
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
        let (mut calls, mut tokens, mut usd) = (0, 0, Some(0.0));
        for asks in self.asked.scorer.asks() {
            let own = verdicts * u64::from(asks.times);
            calls += own;
            let read = (asks.bytes + mean) as u64 / BYTES_PER_TOKEN;
            tokens += own * (read + VERDICT_TOKENS);
            let usage = Usage { input_tokens: Some(read), output_tokens: Some(VERDICT_TOKENS), ..Usage::default() };
            let price = asks.target.traits().price.map(|price| price.cost(&usage).dollars());
            usd = usd.zip(price).map(|(sum, price)| sum + own as f64 * price);
        }
        Estimate { prompts: words + sets, calls, tokens, usd }
    }

    /// Whether the budget bears that, and what is left of the month's: half of a choice is none. Solved examples make prompts
    /// longer than is estimated here, and other commands may spend meanwhile: then the budget cuts it off all the same.
    pub async fn affords(&self, home: &Home, estimate: &Estimate) -> Result<(), Failure> {
        let over = |needed: String, what: String| {
            usage(format!(
                "{needed} are more than {what}: fewer `--shots`, a smaller `--dev` or a larger budget help; nothing was asked"
            ))
        };
        let month = self.limits.per_month;
        let mut limits = vec![("the budget of", self.limits.run())];
        if month != assay_core::run::Caps::default() {
            let gone = home.state.month_spend(&assay_engine::this_month(), None).await?;
            let mut left = month;
            left.usd = month.usd.map(|usd| (usd - Money::from_nanos(gone.cost_nanousd).dollars()).max(0.0));
            left.tokens = month.tokens.map(|tokens| tokens.saturating_sub(gone.tokens));
            left.calls = month.calls.map(|calls| calls.saturating_sub(gone.calls));
            limits.push(("what is left of the month's budget:", left));
        }
        for (whose, caps) in limits {
            if let Some(calls) = caps.calls.filter(|calls| estimate.calls > *calls) {
                return Err(over(estimate.words(), format!("{whose} {calls} calls")));
            }
            if let Some(tokens) = caps.tokens.filter(|tokens| estimate.tokens > *tokens) {
                return Err(over(format!("about {} tokens", estimate.tokens), format!("{whose} {tokens} tokens")));
            }
            if let (Some(needed), Some(usd)) = (estimate.usd, caps.usd)
                && needed > usd
            {
                return Err(over(estimate.words(), format!("{whose} {}", Money::from_dollars(usd))));
            }
        }
        Ok(())
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
        Ok(Tried { name, file, closeness, unread, scores })
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
        // Classes are the verdicts that the judge can give: means of several people are more values than it has.
        let mut verdicts: BTreeMap<usize, String> = BTreeMap::new();
        for at in &order {
            let one = &pool[*at];
            let made = own.example(&input(&one.case, &one.output), one.truth, String::new());
            verdicts.extend(made.ok().flatten().map(|example| (*at, example.verdict.to_string())));
        }
        // What no verdict is worth is no example.
        order.retain(|at| verdicts.contains_key(at));
        let mut worth: HashMap<&str, f64> = HashMap::new();
        for (at, verdict) in &verdicts {
            let least = worth.entry(verdict).or_insert(f64::INFINITY);
            *least = least.min(pool[*at].truth);
        }
        let class =
            |at: usize| verdicts.get(&at).and_then(|verdict| worth.get(verdict.as_str())).copied().unwrap_or(0.0);
        let wrong = |at: &usize| said.closeness[*at].is_some_and(|close| close < 0.5);
        let mut hard: Vec<usize> = order.iter().copied().filter(wrong).collect();
        hard.extend(order.iter().copied().filter(|at| !wrong(at)));
        let mut sets = Vec::new();
        for count in shots {
            for (what, order) in [("examples", &order), ("examples, hard ones first", &hard)] {
                let mut chosen = Vec::new();
                for at in in_turn(order, *count, class) {
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

    /// Waits for the cache, and writes down what was spent in the month; gives what everything took, and whether that could be
    /// written.
    pub async fn close(self) -> (Spent, Result<(), Failure>) {
        let spent = *self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.gateway);
        if let Some(writer) = self.writer {
            let _ = writer.await;
        }
        // What was set aside and not spent goes back.
        let closed = self.budget.close().await;
        (spent, closed.map_err(Failure::from))
    }
}

/// So many places so that classes take turns, each class's in their order. Where a turn has room for some of the classes only,
/// they are spread evenly from the first to the last, and the ends come first: neither the worst nor the best is missing.
fn in_turn(order: &[usize], count: usize, class: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut classes: Vec<(f64, VecDeque<usize>)> = Vec::new();
    for at in order {
        match classes.iter_mut().find(|(known, _)| *known == class(*at)) {
            Some((_, places)) => places.push_back(*at),
            None => classes.push((class(*at), [*at].into())),
        }
    }
    classes.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let mut found = Vec::with_capacity(count.min(order.len()));
    while found.len() < count && !classes.is_empty() {
        for turn in spread(classes.len(), count - found.len()) {
            found.extend(classes[turn].1.pop_front());
        }
        classes.retain(|(_, places)| !places.is_empty());
    }
    found
}

/// Which of so many classes have a turn where there is room for `room`: all in their order, else the ends and then what lies
/// evenly between them.
fn spread(classes: usize, room: usize) -> Vec<usize> {
    if room >= classes {
        return (0..classes).collect();
    }
    let (last, steps) = (classes - 1, room.saturating_sub(1));
    let mut found: Vec<usize> = [0, last].into_iter().take(room).collect();
    found.extend((1..steps).map(|step| (2 * step * last + steps) / (2 * steps)));
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
        assert_eq!(in_turn(&[0, 1, 2, 3, 4, 5], 6, |at| values[at]), [3, 0, 5, 1, 2, 4]);
        assert_eq!(in_turn(&[0, 1, 2, 3, 4, 5], 3, |at| values[at]), [3, 0, 5]);
    }

    #[test]
    fn more_classes_than_examples_are_spread_from_the_worst_to_the_best() {
        let five: Vec<usize> = (0..25).collect();
        assert_eq!(in_turn(&five, 4, |at| (at % 5) as f64), [0, 4, 1, 3]);
        // The second turn has room for three of five.
        assert_eq!(in_turn(&five, 8, |at| (at % 5) as f64), [0, 1, 2, 3, 4, 5, 9, 7]);
        let thirteen: Vec<usize> = (0..13).collect();
        assert_eq!(in_turn(&thirteen, 4, |at| at as f64 / 12.0), [0, 12, 4, 8]);
        assert_eq!(in_turn(&thirteen, 2, |at| at as f64), [0, 12]);
        assert_eq!(in_turn(&thirteen, 1, |at| at as f64), [0]);
        for (classes, room) in (1..20).flat_map(|classes| (0..25).map(move |room| (classes, room))) {
            let found = spread(classes, room);
            let distinct: std::collections::BTreeSet<&usize> = found.iter().collect();
            assert_eq!((found.len(), distinct.len()), (room.min(classes), room.min(classes)), "{classes} {room}");
            assert!(found.iter().all(|class| *class < classes));
        }
    }

    #[test]
    fn prompts_are_compared_on_what_all_of_them_answered() {
        let (old, new) = ([Some(1.0), Some(0.0), None, Some(1.0)], [Some(1.0), None, Some(1.0), Some(1.0)]);
        let on = answered([&old[..], &new[..]]);
        assert_eq!(on, [0, 3]);
        // The new one failed on what the old one got wrong: that makes it no better.
        assert_eq!((mean(&old, &on), mean(&new, &on)), (1.0, 1.0));
        assert_eq!(mean(&old, &[]), 0.0);
    }
}
