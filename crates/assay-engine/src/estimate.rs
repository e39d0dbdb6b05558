//! What a run will need, before its first call: calls, tokens, money and time, each with what it is based on.
//!
//! What was measured comes first: tokens, retries and latencies of the last run with the same target or scorer. What
//! was never measured is taken from the payloads of a sample of the cases, from the limit on answers, and last from an
//! assumption; the basis says which. A time that nothing was measured for is left out, never made up.

use assay_core::permutation::Permutation;
use assay_core::run::{Role, Spend, TargetRecord};
use assay_core::{Case, Digest, Money, Usage};
use assay_models::{PerMinute, Price, Target};
use assay_store::{Cache, CaseAt, PlanFile, RunRow, State, Workspace};
use serde::Serialize;

use crate::EngineError;
use crate::gateway::{Gateway, LIKELY_BYTES_PER_TOKEN, LIKELY_OUTPUT_TOKENS, size_of};
use crate::prepare::Prepared;

/// Cases whose payloads are looked at.
const SAMPLE: u64 = 256;
/// Earlier runs of the suite that are looked at.
const RUNS: u32 = 20;

/// What a run will need.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Cases.
    pub cases: u64,
    /// Trials.
    pub trials: u64,
    /// One for each target and judge that makes calls.
    pub lines: Vec<Line>,
    /// Money in all, where every price is known.
    pub cost: Option<Money>,
    /// Seconds, where every latency was measured and no answer comes by batch.
    pub seconds: Option<f64>,
    /// Which budgets this would break, in words.
    pub over: Vec<String>,
}

/// What one target or judge will need.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Target or judge.
    pub role: Role,
    /// Its name in the suite.
    pub name: String,
    /// Trials that are in the cache.
    pub cached: u64,
    /// Calls, with as many retries as there were before.
    pub calls: u64,
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Money; `None` when no price is known.
    pub cost: Option<Money>,
    /// Answers come by batch, at the price of batches and within a day.
    pub batch: bool,
    /// What tokens and money are based on.
    pub basis: String,
    /// Seconds of answering in all, were they made one after another; `None` when no latency was measured.
    pub busy_seconds: Option<f64>,
}

impl Estimate {
    /// Calls in all.
    pub fn calls(&self) -> u64 {
        self.lines.iter().map(|line| line.calls).sum()
    }

    /// Tokens in all, read and written.
    pub fn tokens(&self) -> u64 {
        self.lines.iter().map(|line| line.input_tokens + line.output_tokens).sum()
    }
}

/// Freezes the cases of a suite and estimates what running it would need. No run is recorded.
///
/// # Errors
/// A dataset that cannot be read, or a workspace that cannot be written.
pub async fn plan(workspace: &Workspace, state: &State, prepared: &Prepared) -> Result<Estimate, EngineError> {
    let (plan, _, cases) = prepared.freeze(workspace, state).await?;
    estimate(workspace, state, prepared, &plan, cases).await
}

/// What one call is expected to need.
struct Each {
    calls: f64,
    input: f64,
    output: f64,
    cost: Option<f64>,
    latency: Option<f64>,
    batch: bool,
    basis: String,
}

/// Estimates over frozen cases.
pub(crate) async fn estimate(
    workspace: &Workspace,
    state: &State,
    prepared: &Prepared,
    plan: &PlanFile,
    cases: u64,
) -> Result<Estimate, EngineError> {
    let suite = &prepared.suite;
    let epochs = suite.epochs;
    let judges: Vec<_> = prepared
        .scorers
        .iter()
        .flat_map(|declared| {
            let asks = declared.scorer.asks();
            let alone = asks.len() == 1;
            asks.into_iter().map(move |asks| (declared, asks, alone))
        })
        .collect();
    let remote = prepared.targets.iter().filter(|(_, built)| built.target.traits().remote).count();
    let mut estimate = Estimate {
        cases,
        trials: cases * prepared.targets.len() as u64 * u64::from(epochs),
        lines: Vec::new(),
        cost: Some(Money::ZERO),
        seconds: Some(0.0),
        over: Vec::new(),
    };
    if cases == 0 || (remote == 0 && judges.is_empty()) {
        return Ok(estimate);
    }
    let earlier = state.runs(Some(&suite.name), None, RUNS).await?;
    let order = Permutation::new(plan.cases, suite.seed);
    let positions: Vec<u64> = (0..cases.min(SAMPLE)).map(|index| order.at(index)).collect();
    let sample = plan.cases_at(&positions).await?;
    let cache = if prepared.cache { Some(Cache::open(workspace).await?) } else { None };
    let mut accounts: Vec<(String, PerMinute, usize, Load)> = Vec::new();
    let mut answer_tokens: f64 = 0.0;
    for (name, built) in &prepared.targets {
        let target = built.target.as_ref();
        let traits = target.traits();
        // Nothing is asked whose answers are taken over.
        if !traits.remote || prepared.earlier.as_ref().is_some_and(|earlier| earlier.only) {
            continue;
        }
        let record_of = |row: &RunRow| {
            // What was asked by batch has cost less, and no latency.
            let batch = |known: &TargetRecord| known.config[&known.kind]["batch"] == true;
            row.record.targets.iter().any(|known| {
                known.fingerprint == traits.fingerprint
                    && known.name == *name
                    && batch(known) == target.batches().is_some()
            })
        };
        let past = find(&earlier, Role::Target, name, record_of);
        let payloads: Vec<_> = sample.iter().filter_map(|at| Some((at, target.prepare(&at.case).ok()?))).collect();
        let bytes = mean(payloads.iter().map(|(_, payload)| size_of(payload) as f64));
        let share = match &cache {
            Some(cache) if traits.cacheable => {
                let keys: Vec<Digest> = payloads
                    .iter()
                    .flat_map(|(_, payload)| (0..epochs).map(|epoch| Gateway::key(target, payload, epoch).key))
                    .collect();
                let found = cache.have(&keys).await?;
                found as f64 / keys.len().max(1) as f64
            }
            _ => 0.0,
        };
        let mut each = each(target, bytes, past);
        if target.batches().is_some() {
            each.batch = true;
            each.latency = None;
            each.basis.push_str(", at the price of batches");
        }
        answer_tokens = answer_tokens.max(each.output);
        let trials = cases * u64::from(epochs);
        estimate.add(Role::Target, name, trials, share, &each);
        load(&mut accounts, target, suite.concurrency, trials, share, &each);
    }
    for (declared, asks, alone) in &judges {
        let name = &declared.record.name;
        let same = |row: &RunRow| {
            row.record
                .scorers
                .iter()
                .any(|known| known.fingerprint == declared.record.fingerprint && known.name == *name)
        };
        // What a jury has spent is not known by member, nor how often each stage of a cascade will be asked: every member
        // counts as asked about every trial.
        let past = find(&earlier, Role::Judge, name, same).filter(|_| *alone);
        let bytes = asks.bytes as f64
            + mean(sample.iter().map(|at| bytes_of(at) as f64))
            + answer_tokens * LIKELY_BYTES_PER_TOKEN as f64;
        let mut each = each(asks.target, bytes, past);
        if past.is_none() {
            each.calls *= f64::from(asks.times);
            each.input *= f64::from(asks.times);
            each.output *= f64::from(asks.times);
            each.cost = each.cost.map(|cost| cost * f64::from(asks.times));
        }
        // Which answers a judge will see is known only afterwards, and with it what the cache has.
        let share =
            past.map_or(0.0, |(spend, _)| if prepared.cache { spend.cached as f64 / spend.trials as f64 } else { 0.0 });
        estimate.add(Role::Judge, name, estimate.trials, share, &each);
        load(&mut accounts, asks.target, suite.concurrency, estimate.trials, share, &each);
    }
    estimate.seconds = seconds(&accounts, suite.concurrency);
    estimate.over = over(&estimate, &suite.budget);
    Ok(estimate)
}

/// What an account has to carry.
#[derive(Clone, Copy, Default)]
struct Load {
    calls: f64,
    tokens: f64,
    busy: Option<f64>,
}

fn load(
    accounts: &mut Vec<(String, PerMinute, usize, Load)>,
    target: &dyn Target,
    concurrency: usize,
    trials: u64,
    share: f64,
    each: &Each,
) {
    let traits = target.traits();
    let at = accounts.iter().position(|(name, ..)| *name == traits.account).unwrap_or_else(|| {
        let most = traits.max_concurrency.unwrap_or(concurrency).clamp(1, concurrency.max(1));
        accounts.push((traits.account.clone(), traits.per_minute, most, Load { busy: Some(0.0), ..Load::default() }));
        accounts.len() - 1
    });
    let load = &mut accounts[at].3;
    let fresh = trials as f64 * (1.0 - share);
    load.calls += fresh * each.calls;
    load.tokens += fresh * (each.input + each.output);
    // Nothing to wait for when everything is in the cache.
    let busy = if fresh == 0.0 { Some(0.0) } else { each.latency.map(|latency| latency * fresh) };
    load.busy = load.busy.zip(busy).map(|(a, b)| a + b);
}

/// The slowest of: the slowest account's calls at its concurrency and rates, and all trials at the run's concurrency.
fn seconds(accounts: &[(String, PerMinute, usize, Load)], concurrency: usize) -> Option<f64> {
    let mut all = 0.0;
    let mut slowest: f64 = 0.0;
    for (_, rates, most, load) in accounts {
        let busy = load.busy?;
        all += busy;
        slowest = slowest.max(busy / *most as f64);
        if let Some(rate) = rates.requests {
            slowest = slowest.max(load.calls / rate * 60.0);
        }
        if let Some(rate) = rates.tokens {
            slowest = slowest.max(load.tokens / rate * 60.0);
        }
    }
    Some(slowest.max(all / concurrency.max(1) as f64))
}

/// The newest run in which this target or judge made calls, and what it used there.
fn find<'a>(
    earlier: &'a [RunRow],
    role: Role,
    name: &str,
    same: impl Fn(&RunRow) -> bool,
) -> Option<(&'a Spend, &'a RunRow)> {
    earlier.iter().filter(|row| same(row)).find_map(|row| {
        let spend = row.totals.spends.iter().find(|spend| spend.role == role && spend.name == name)?;
        (spend.calls > 0 && spend.trials > spend.cached).then_some((spend, row))
    })
}

fn each(target: &dyn Target, bytes: f64, past: Option<(&Spend, &RunRow)>) -> Each {
    let traits = target.traits();
    if let Some((spend, row)) = past {
        let fresh = (spend.trials - spend.cached) as f64;
        let priced = traits.price.is_some() || spend.cost > Money::ZERO;
        return Each {
            calls: spend.calls as f64 / fresh,
            input: spend.input_tokens as f64 / fresh,
            output: spend.output_tokens as f64 / fresh,
            cost: priced.then(|| spend.cost.nanos() as f64 / fresh),
            latency: Some(spend.busy_us as f64 / 1e6 / fresh),
            batch: false,
            basis: format!("{fresh} trials of run {}", row.record.id.short()),
        };
    }
    let input = bytes / LIKELY_BYTES_PER_TOKEN as f64;
    let (output, basis) = match traits.max_output_tokens {
        Some(most) => (most, format!("payloads, answers of at most {most} tokens")),
        None => (LIKELY_OUTPUT_TOKENS, format!("payloads, answers assumed to have {LIKELY_OUTPUT_TOKENS} tokens")),
    };
    let (input, output) = (input.ceil(), output as f64);
    let cost = traits.price.map(|price: Price| {
        let usage = Usage { input_tokens: Some(input as u64), output_tokens: Some(output as u64), ..Usage::default() };
        price.cost(&usage).nanos() as f64
    });
    Each { calls: 1.0, input, output, cost, latency: None, batch: false, basis }
}

impl Estimate {
    fn add(&mut self, role: Role, name: &str, trials: u64, share: f64, each: &Each) {
        let cached = (trials as f64 * share).round();
        let fresh = trials as f64 - cached;
        let whole = |each: f64| (each * fresh).round() as u64;
        let cost = each.cost.map(|nanos| Money::from_nanos((nanos * fresh).round() as i64));
        let cost = if fresh == 0.0 { Some(Money::ZERO) } else { cost };
        self.cost = self.cost.zip(cost).map(|(all, this)| all + this);
        self.lines.push(Line {
            role,
            name: name.to_owned(),
            cached: cached as u64,
            calls: whole(each.calls),
            input_tokens: whole(each.input),
            output_tokens: whole(each.output),
            cost,
            batch: each.batch,
            basis: each.basis.clone(),
            busy_seconds: each.latency.map(|latency| latency * fresh),
        });
    }
}

fn over(estimate: &Estimate, budget: &assay_core::run::Budget) -> Vec<String> {
    let mut over = Vec::new();
    if let (Some(limit), Some(cost)) = (budget.usd.map(Money::from_dollars), estimate.cost)
        && cost > limit
    {
        over.push(format!("about {cost} is more than the budget of {limit}"));
    }
    if let Some(limit) = budget.usd.map(Money::from_dollars)
        && estimate.cost.is_none()
    {
        over.push(format!("the budget of {limit} cannot be kept where no price is known: name it under `prices`"));
    }
    if let Some(limit) = budget.tokens
        && estimate.tokens() > limit
    {
        over.push(format!("about {} tokens are more than the budget of {limit}", estimate.tokens()));
    }
    if let Some(limit) = budget.calls
        && estimate.calls() > limit
    {
        over.push(format!("about {} calls are more than the budget of {limit}", estimate.calls()));
    }
    if let (Some(minutes), Some(seconds)) = (budget.minutes, estimate.seconds)
        && seconds > minutes * 60.0
    {
        over.push(format!("about {:.1} minutes are more than the budget of {minutes}", seconds / 60.0));
    }
    over
}

/// Bytes of what a judge sees of a case.
fn bytes_of(at: &CaseAt) -> usize {
    let Case { inputs, expected, .. } = &at.case;
    inputs.iter().map(|(key, value)| key.len() as u64 + size_of(value)).sum::<u64>() as usize
        + expected.as_ref().map_or(0, |expected| size_of(expected) as usize)
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut n, mut sum) = (0.0, 0.0);
    for value in values {
        n += 1.0;
        sum += value;
    }
    if n == 0.0 { 0.0 } else { sum / n }
}
