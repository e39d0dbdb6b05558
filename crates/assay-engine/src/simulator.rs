//! Thousands of runs against targets that fail in every way, in seconds: the engine's own scheduling, limits, retries,
//! budgets and records, over a memory that survives what a disk survives and a clock that jumps. A seed decides all of
//! it: how the target answers each attempt, when the process dies, when the disk is full, when somebody asks it to
//! stop. A schedule that breaks a law says its seed; `ASSAY_SEED=n cargo test -p assay-engine simulator` repeats it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assay_core::permutation::Permutation;
use assay_core::run::{Budget as Limits, Caps, DatasetRecord, TargetRecord, Totals};
use assay_core::{Asked, Case, Digest, ErrorKind, Money, Output, RunId, RunRecord, Score, Trial, Usage};
use assay_models::client::classify;
use assay_models::{CallError, PerMinute, Price, Reply, SeenRates, Target, Traits};
use assay_scorers::{Declared, ScoreInput, Scorer};
use assay_store::{CaseAt, JournalEntry};
use async_trait::async_trait;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::EngineError;
use crate::budget::Budget;
use crate::clock::{now, simulate, sleep, within};
use crate::gateway::Gateway;
use crate::ledger::Ledger;
use crate::progress::Progress;
use crate::schedule::{Cases, Done, Schedule, Work};
use crate::steering::Steering;

/// Schedules in one run of the test.
const SCHEDULES: u64 = 2_000;

const RETRIES: u32 = 3;
const TIMEOUT: Duration = Duration::from_secs(20);
const OUTPUT_TOKENS: u64 = 50;
const PRICE: Price = Price { input: 1_000.0, output: 2_000.0, cached_input: None };

/// What a target does with one attempt.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Answer,
    Refuse,
    Status(u16),
    /// 429 with a wait in milliseconds.
    TooFast(u64),
    QuotaGone,
    Reset,
    NoSuchHost,
    /// Nothing comes, ever.
    Stall,
    /// Bytes trickle in until after the deadline.
    SlowLoris,
    HalfAnswer,
    Garbage,
    WrongType,
    RedirectLoop,
}

/// How bad a schedule is.
#[derive(Clone, Debug)]
struct Plan {
    seed: u64,
    cases: u64,
    targets: u32,
    epochs: u32,
    concurrency: usize,
    budget: Limits,
    /// Chance that an attempt fails, and what fails then.
    failing: f64,
    fatal: bool,
    rate_limit: Option<usize>,
    outage: Option<(u64, u64)>,
    per_minute: PerMinute,
    judged: bool,
    /// Whether a call that is not answered soon is made a second time.
    hedged: bool,
    /// What somebody asks for in each life, after so many milliseconds.
    wishes: Vec<(u64, Wish)>,
    /// What ends each life of the process but the last.
    deaths: Vec<Death>,
}

#[derive(Clone, Copy, Debug)]
enum Wish {
    /// For so many milliseconds.
    Pause(u64),
    Concurrency(usize),
    Cancel,
}

#[derive(Clone, Copy, Debug)]
enum Death {
    Killed(u64),
    /// The first request to stop, and whether there is a second.
    Stopped(u64, Option<u64>),
    DiskFull(u64),
}

impl Plan {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut often = |share: f64| rng.random_bool(share);
        let (limited, rated, out, fatal, judged) = (often(0.3), often(0.1), often(0.15), often(0.1), often(0.3));
        let (money, tokens, calls, capped) = (often(0.15), often(0.15), often(0.15), often(0.15));
        let hedged = often(0.2);
        let deaths = (0..rng.random_range(0..4u32))
            .map(|_| match rng.random_range(0..3u32) {
                0 => Death::Killed(rng.random_range(0..60_000)),
                1 => {
                    let first = rng.random_range(0..30_000);
                    let second = rng.random_bool(0.5).then(|| first + rng.random_range(0..5_000u64));
                    Death::Stopped(first, second)
                }
                _ => Death::DiskFull(rng.random_range(0..6)),
            })
            .collect();
        let wishes = (0..rng.random_range(0..6u32).saturating_sub(2))
            .map(|_| {
                let wish = match rng.random_range(0..10u32) {
                    0..5 => Wish::Pause(rng.random_range(0..100_000)),
                    5..9 => Wish::Concurrency(rng.random_range(1..40)),
                    _ => Wish::Cancel,
                };
                (rng.random_range(0..20_000), wish)
            })
            .collect();
        Self {
            seed,
            cases: rng.random_range(1..24),
            targets: rng.random_range(1..3),
            epochs: rng.random_range(1..3),
            concurrency: rng.random_range(1..40),
            budget: Limits {
                usd: money.then(|| rng.random_range(0.0..3.0)),
                tokens: tokens.then(|| rng.random_range(0..3_000)),
                calls: calls.then(|| rng.random_range(0..60)),
                minutes: None,
                per_trial: Caps { calls: capped.then(|| rng.random_range(1..6)), ..Caps::default() },
                per_month: Caps::default(),
            },
            failing: [0.0, 0.05, 0.3, 0.7, 1.0][rng.random_range(0..5usize)],
            fatal,
            rate_limit: limited.then(|| rng.random_range(1..12)),
            outage: out.then(|| (rng.random_range(0..5_000), rng.random_range(1_000..300_000))),
            per_minute: PerMinute {
                requests: rated.then(|| rng.random_range(30.0..600.0)),
                tokens: rated.then(|| rng.random_range(5_000.0..50_000.0)),
            },
            judged,
            hedged,
            wishes,
            deaths,
        }
    }

    /// The most calls that one trial may make of one target.
    fn most_calls(&self) -> u32 {
        (1 + RETRIES) * if self.hedged { 2 } else { 1 }
    }

    fn planned(&self) -> u64 {
        self.cases * u64::from(self.targets) * u64::from(self.epochs)
    }

    /// What becomes of an attempt: the same for the same call and attempt, whatever the order.
    fn fate(&self, who: &str, attempt: u32) -> Fate {
        let digest = Digest::of_json(&json!([self.seed.to_string(), who, attempt]));
        let mut rng = ChaCha8Rng::seed_from_u64(digest.leading());
        if !rng.random_bool(self.failing) {
            return if rng.random_bool(0.05) { Fate::Refuse } else { Fate::Answer };
        }
        if self.fatal && rng.random_bool(0.05) {
            return if rng.random_bool(0.5) { Fate::Status(401) } else { Fate::QuotaGone };
        }
        match rng.random_range(0..11u32) {
            0 => Fate::Status([403, 404, 400, 413][rng.random_range(0..4usize)]),
            1 => Fate::Status([408, 409, 425][rng.random_range(0..3usize)]),
            2 => Fate::Status([500, 502, 503, 504, 529][rng.random_range(0..5usize)]),
            3 => Fate::TooFast([0, 5, 1_000, 30_000, 500_000][rng.random_range(0..5usize)]),
            4 => Fate::Reset,
            5 => Fate::NoSuchHost,
            6 => Fate::Stall,
            7 => Fate::SlowLoris,
            8 => Fate::HalfAnswer,
            9 => [Fate::Garbage, Fate::WrongType][rng.random_range(0..2usize)],
            _ => Fate::RedirectLoop,
        }
    }
}

/// What outlives a process: what the disk holds, and what the other side saw.
#[derive(Default)]
struct World {
    outcomes: BTreeMap<u64, &'static str>,
    trials: Vec<Trial>,
    totals: Totals,
    /// Calls by who asked, in all and in this life.
    calls: HashMap<String, (u32, u32)>,
    /// Calls that were answered: what they cost.
    spent: Money,
    tokens: u64,
    attempts: u64,
    in_flight: usize,
    most_in_flight: usize,
    broken: Vec<String>,
    cancelled: bool,
}

type Shared = Arc<Mutex<World>>;

/// Counts a call as in flight for as long as it is.
struct InFlight(Shared);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.lock().unwrap().in_flight -= 1;
    }
}

struct Mock {
    traits: Traits,
    name: String,
    plan: Arc<Plan>,
    world: Shared,
    born: tokio::time::Instant,
}

impl Mock {
    fn new(name: &str, plan: &Arc<Plan>, world: &Shared) -> Arc<Self> {
        let traits = Traits {
            fingerprint: Digest::of_json(&name),
            account: "one account for all".into(),
            cacheable: false,
            remote: true,
            max_concurrency: None,
            timeout: TIMEOUT,
            retries: RETRIES,
            hedge_after: plan.hedged.then_some(Duration::from_millis(300)),
            price: Some(PRICE),
            max_output_tokens: Some(OUTPUT_TOKENS),
            per_minute: plan.per_minute,
            rates: SeenRates::default(),
        };
        Arc::new(Self { traits, name: name.into(), plan: plan.clone(), world: world.clone(), born: now() })
    }
}

fn payload(target: &str, case: &str) -> Value {
    // Longer than the tokens that are counted, as bytes are.
    json!({"target": target, "case": case, "padding": "x".repeat(90)})
}

fn http(status: u16, body: &str) -> CallError {
    let mut error = CallError::new(classify(status, body), body);
    error.status = Some(status);
    error
}

#[async_trait]
impl Target for Mock {
    fn traits(&self) -> &Traits {
        &self.traits
    }

    fn prepare(&self, case: &Case) -> Result<Value, CallError> {
        Ok(payload(&self.name, &case.id))
    }

    async fn call(&self, payload: &Value) -> Result<Reply, CallError> {
        let who = payload.to_string();
        let (attempt, busy) = {
            let mut world = self.world.lock().unwrap();
            let counts = world.calls.entry(who.clone()).or_default();
            counts.0 += 1;
            counts.1 += 1;
            let attempt = counts.0;
            world.attempts += 1;
            if world.cancelled {
                world.broken.push("a call was made after the run was cancelled".into());
            }
            world.in_flight += 1;
            world.most_in_flight = world.most_in_flight.max(world.in_flight);
            (attempt, world.in_flight)
        };
        let _in_flight = InFlight(self.world.clone());
        let age = u64::try_from((now() - self.born).as_millis()).unwrap();
        if let Some((from, until)) = self.plan.outage
            && (from..until).contains(&age)
        {
            return Err(CallError::new(ErrorKind::Connection, "connection refused"));
        }
        if self.plan.rate_limit.is_some_and(|most| busy > most) {
            let mut error = http(429, "too many requests");
            error.retry_after = Some(Duration::from_millis(200));
            return Err(error);
        }
        let latency = Duration::from_millis(5 + Digest::of_json(&who).leading() % 400);
        let bad = |message: &str| Err(CallError::new(ErrorKind::BadResponse, message));
        match self.plan.fate(&who, attempt) {
            Fate::Answer | Fate::Refuse => {
                sleep(latency).await;
                let usage =
                    Usage { input_tokens: Some(20), output_tokens: Some(OUTPUT_TOKENS / 2), ..Usage::default() };
                let mut world = self.world.lock().unwrap();
                world.spent += PRICE.cost(&usage);
                world.tokens += usage.total();
                Ok(Reply { output: Output { usage, ..Output::text_only("ok") }, ttft: None })
            }
            Fate::Status(status) => {
                sleep(latency).await;
                Err(http(status, "no"))
            }
            Fate::TooFast(wait) => {
                let mut error = http(429, "too fast");
                error.retry_after = Some(Duration::from_millis(wait));
                Err(error)
            }
            Fate::QuotaGone => Err(http(429, "you exceeded your current quota")),
            Fate::Reset => {
                sleep(latency).await;
                Err(CallError::new(ErrorKind::Connection, "connection reset"))
            }
            Fate::NoSuchHost => Err(CallError::new(ErrorKind::Connection, "no such host")),
            Fate::Stall => std::future::pending().await,
            Fate::SlowLoris => {
                for _ in 0..TIMEOUT.as_secs() * 10 {
                    sleep(Duration::from_millis(500)).await;
                }
                bad("too late")
            }
            Fate::HalfAnswer => {
                sleep(latency).await;
                bad("the answer broke off")
            }
            Fate::Garbage => bad("the answer is not JSON"),
            Fate::WrongType => bad("the answer is HTML"),
            Fate::RedirectLoop => Err(http(302, "moved")),
        }
    }
}

/// A judge on the targets' account.
struct MockJudge(Arc<Mock>);

#[async_trait]
impl Scorer for MockJudge {
    fn fingerprint(&self) -> Digest {
        Digest::of_json(&"judge")
    }

    fn is_judge(&self) -> bool {
        true
    }

    async fn score(&self, name: &str, input: &ScoreInput<'_>) -> Score {
        let payload = json!({"judge": input.case.id, "epoch": input.epoch, "padding": "x".repeat(90)});
        let called = input.caller.unwrap().call(self.0.as_ref(), &payload, input.epoch).await;
        let mut score = match &called.result {
            Ok(_) => Score::binary(name, true),
            Err(error) => Score::error(name, error.message.clone()),
        };
        score.cost = called.cost;
        score.asked = Some(Asked { calls: called.attempts, busy_us: 0 });
        if let Ok(reply) = &called.result {
            score.usage = reply.output.usage;
        }
        score
    }
}

struct Disk {
    world: Shared,
    full_after: Option<u64>,
}

#[async_trait]
impl Ledger for Disk {
    async fn append(&mut self, entries: &[JournalEntry], trials: &[Trial], totals: &Totals) -> Result<(), EngineError> {
        // A commit takes its time; a process that dies in it leaves nothing of it.
        sleep(Duration::from_millis(3)).await;
        if let Some(left) = &mut self.full_after {
            if *left == 0 {
                return Err(EngineError::Internal("no space left on device".into()));
            }
            *left -= 1;
        }
        let mut world = self.world.lock().unwrap();
        for (entry, trial) in entries.iter().zip(trials) {
            let again: Trial = serde_json::from_slice(&entry.body).unwrap();
            if again != *trial {
                world.broken.push(format!("trial {} is recorded as another", entry.number));
            }
            if world.outcomes.insert(entry.number, entry.status).is_some() {
                world.broken.push(format!("trial {} has a second outcome", entry.number));
            }
            world.trials.push(trial.clone());
        }
        world.totals = totals.clone();
        Ok(())
    }

    async fn close(&mut self) -> Result<(), EngineError> {
        Ok(())
    }
}

struct Memory(u64);

#[async_trait]
impl Cases for Memory {
    async fn at(&self, positions: &[u64]) -> Result<Vec<CaseAt>, EngineError> {
        sleep(Duration::from_millis(1)).await;
        let case = |position: u64| {
            assert!(position < self.0);
            let case = Case { id: format!("c{position}"), weight: 1.0, ..Case::default() };
            CaseAt { position, dataset: 0, digest: Digest::of_json(&case.id), case }
        };
        Ok(positions.iter().map(|position| case(*position)).collect())
    }
}

fn record(plan: &Plan) -> RunRecord {
    let digest = Digest::of_bytes(b"simulated");
    let target =
        |i: u32| TargetRecord { name: format!("t{i}"), kind: "mock".into(), fingerprint: digest, config: Value::Null };
    RunRecord {
        id: RunId::from_uuid(uuid::Uuid::from_u128(plan.seed.into())),
        suite: "simulated".into(),
        suite_path: String::new(),
        suite_digest: digest,
        suite_text: String::new(),
        tier: None,
        datasets: Vec::<DatasetRecord>::new(),
        targets: (0..plan.targets).map(target).collect(),
        scorers: Vec::new(),
        epochs: plan.epochs,
        reducers: Vec::new(),
        slices: Vec::new(),
        gate: assay_core::Gate::default(),
        budget: plan.budget.clone(),
        seed: plan.seed,
        cases: plan.cases,
        plan: digest,
        assay_version: String::new(),
        git: None,
        narrowed: Vec::new(),
        started_us: 0,
        labels: BTreeMap::new(),
        answers_of: None,
        looks: Vec::new(),
    }
}

/// A record of a run over so many cases, for tests elsewhere.
pub(crate) fn record_of(cases: u64) -> RunRecord {
    RunRecord { cases, ..record(&Plan::new(0)) }
}

/// One life of the process. True when it came to its end with nothing left to do.
fn live(plan: &Arc<Plan>, world: &Shared, death: Option<Death>) -> bool {
    simulate(async {
        world.lock().unwrap().cancelled = false;
        let totals = world.lock().unwrap().totals.clone();
        let budget = Arc::new(Budget::new(&plan.budget, &totals));
        let gateway = Arc::new(Gateway::new(plan.concurrency, budget, None));
        let mut scorers = Vec::new();
        if plan.judged {
            scorers.push(Declared::new("judge", Box::new(MockJudge(Mock::new("judge", plan, world)))));
        }
        let work = Arc::new(Work {
            record: Arc::new(record(plan)),
            targets: (0..plan.targets).map(|i| Mock::new(&format!("t{i}"), plan, world) as Arc<dyn Target>).collect(),
            scorers: Arc::new(scorers),
            gateway,
            earlier: None,
            batched: None,
        });
        let mut done = Done::new(plan.planned());
        for number in world.lock().unwrap().outcomes.keys() {
            done.set(*number);
        }
        let steering = Steering::default();
        let before = world.lock().unwrap().outcomes.len() as u64;
        let schedule = Schedule {
            cases: plan.cases,
            concurrency: plan.concurrency,
            order: Permutation::new(plan.cases, plan.seed),
            done,
            progress: Arc::new(Progress::new(plan.planned(), before, totals)),
            steering: steering.clone(),
        };
        let full_after = match death {
            Some(Death::DiskFull(groups)) => Some(groups),
            _ => None,
        };
        let disk = Disk { world: world.clone(), full_after };
        let cases = Memory(plan.cases);
        for (after, wish) in plan.wishes.iter().copied() {
            let (steering, world) = (steering.clone(), world.clone());
            tokio::spawn(async move {
                sleep(Duration::from_millis(after)).await;
                match wish {
                    Wish::Pause(long) => {
                        steering.pause(true);
                        sleep(Duration::from_millis(long)).await;
                        steering.pause(false);
                    }
                    Wish::Concurrency(wanted) => steering.set_concurrency(wanted),
                    Wish::Cancel => {
                        steering.cancel();
                        // What is in flight now is abandoned at once.
                        sleep(Duration::from_millis(1)).await;
                        world.lock().unwrap().cancelled = true;
                    }
                }
            });
        }
        let whole = schedule.run(work, &cases, disk);
        let started = now();
        match death {
            Some(Death::Killed(after)) => {
                matches!(within(started + Duration::from_millis(after), whole).await, Some(Ok(())))
            }
            Some(Death::Stopped(first, second)) => {
                let asking = async {
                    sleep(Duration::from_millis(first)).await;
                    steering.stop();
                    if let Some(second) = second {
                        sleep(Duration::from_millis(second - first)).await;
                        steering.stop();
                    }
                    std::future::pending::<()>().await;
                };
                tokio::select! {
                    result = whole => result.unwrap(),
                    () = asking => unreachable!("it never ends"),
                }
                if world.lock().unwrap().in_flight > 0 {
                    world.lock().unwrap().broken.push("calls go on after a stop".into());
                }
                world.lock().unwrap().outcomes.len() as u64 == plan.planned()
            }
            Some(Death::DiskFull(_)) | None => whole.await.is_ok(),
        }
    })
}

/// The calls of which every epoch is on record.
fn recorded(plan: &Plan, world: &World) -> HashSet<String> {
    let mut epochs: HashMap<String, u32> = HashMap::new();
    for trial in &world.trials {
        *epochs.entry(payload(&trial.target, &trial.case_id).to_string()).or_default() += 1;
    }
    epochs.into_iter().filter(|(_, count)| *count == plan.epochs).map(|(who, _)| who).collect()
}

/// What a schedule did, for the totals that are printed.
#[derive(Default)]
struct Tally {
    trials: u64,
    calls: u64,
    lives: u64,
    refused: u64,
    cancelled: u64,
}

fn schedule(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let plan = Arc::new(Plan::new(seed));
    let world = Shared::default();
    let (mut lost_calls, mut lost_money, mut lost_tokens);
    let mut lives = 0;
    let mut deaths = plan.deaths.iter().copied();
    loop {
        let death = deaths.next();
        lives += 1;
        let complete_before = recorded(&plan, &world.lock().unwrap());
        let complete = live(&plan, &world, death);
        let mut world = world.lock().unwrap();
        let asked = |trial: &Trial| trial.scores.iter().filter_map(|s| s.asked).map(|asked| asked.calls).sum::<u32>();
        let calls: u64 = world.trials.iter().map(|trial| u64::from(trial.attempts + asked(trial))).sum();
        if calls != world.totals.calls {
            return Err(format!("{calls} calls are recorded, {} in the totals", world.totals.calls));
        }
        // Calls that were in flight when a life ended are on nobody's record.
        (lost_calls, lost_money, lost_tokens) = (
            world.attempts - calls,
            world.spent - world.totals.cost(),
            world.tokens - (world.totals.input_tokens + world.totals.output_tokens),
        );
        for (who, (_, life)) in &mut world.calls {
            // Epochs make the same call, and so do the judges of all targets.
            let alike = plan.epochs * if who.contains("judge") { plan.targets } else { 1 };
            let life = std::mem::take(life);
            if life > alike * plan.most_calls() {
                return Err(format!("{who} was called more often than retries allow"));
            }
            if life > 0 && complete_before.contains(who) {
                return Err(format!("{who} was recorded and called again"));
            }
        }
        if let Some(broken) = world.broken.first() {
            return Err(broken.clone());
        }
        if complete || death.is_none() {
            break;
        }
    }
    let world = world.lock().unwrap();
    let planned = plan.planned();
    if world.outcomes.len() as u64 != planned || world.trials.len() as u64 != planned {
        return Err(format!("{} of {planned} trials have an outcome", world.outcomes.len()));
    }
    if world.totals.finished() != planned {
        return Err(format!("{} of {planned} trials are in the totals", world.totals.finished()));
    }
    let whole = lives == 1;
    let cancelling = plan.wishes.iter().any(|(_, wish)| matches!(wish, Wish::Cancel));
    // A run that nothing interrupted has everything on record.
    if whole && !cancelling && (lost_calls > 0 || lost_money > Money::ZERO || lost_tokens > 0) {
        return Err(format!("{lost_calls} calls, {lost_money}, {lost_tokens} tokens are on nobody's record"));
    }
    let limit = plan.budget.usd.map(Money::from_dollars);
    if limit.is_some_and(|limit| world.spent > limit + if whole && !cancelling { Money::ZERO } else { lost_money }) {
        return Err(format!("{} spent of {limit:?}", world.spent));
    }
    if plan.budget.tokens.is_some_and(|limit| world.tokens > limit + if whole && !cancelling { 0 } else { lost_tokens })
    {
        return Err(format!("{} tokens used of {:?}", world.tokens, plan.budget.tokens));
    }
    if plan.budget.calls.is_some_and(|limit| world.attempts > limit + if whole && !cancelling { 0 } else { lost_calls })
    {
        return Err(format!("{} calls made of {:?}", world.attempts, plan.budget.calls));
    }
    let asked = plan.wishes.iter().filter_map(|(_, wish)| match wish {
        Wish::Concurrency(wanted) => Some(*wanted),
        _ => None,
    });
    let concurrency = asked.chain([plan.concurrency]).max().unwrap_or_default();
    if world.most_in_flight > concurrency {
        return Err(format!("{} calls in flight of {concurrency}", world.most_in_flight));
    }

    let mut answered = 0;
    for trial in &world.trials {
        match &trial.outcome {
            assay_core::Outcome::Ok { .. } => answered += 1,
            assay_core::Outcome::RefusedByBudget { .. } => tally.refused += 1,
            assay_core::Outcome::Error { .. } => {}
            assay_core::Outcome::Cancelled if cancelling => tally.cancelled += 1,
            assay_core::Outcome::Cancelled => return Err("nothing was cancelled".into()),
        }
        if plan.budget.per_trial.calls.is_some_and(|most| {
            let asked = trial.scores.iter().filter_map(|score| score.asked).map(|asked| u64::from(asked.calls));
            u64::from(trial.attempts) + asked.sum::<u64>() > most
        }) {
            return Err(format!("{} made more calls than a trial may", trial.case_id));
        }
        if trial.attempts > plan.most_calls() {
            return Err(format!("{} has {} attempts", trial.case_id, trial.attempts));
        }
    }
    if plan.failing == 0.0
        && plan.outage.is_none()
        && plan.rate_limit.is_none()
        && plan.budget == Limits::default()
        && !cancelling
        && answered != planned
    {
        return Err(format!("nothing failed, and {answered} of {planned} were answered"));
    }
    tally.trials += planned;
    tally.calls += world.attempts;
    tally.lives += lives;
    Ok(())
}

#[test]
fn every_schedule_keeps_the_laws() {
    let seeds = match std::env::var("ASSAY_SEED").ok().and_then(|seed| seed.parse::<u64>().ok()) {
        Some(seed) => seed..seed + 1,
        None => 0..std::env::var("ASSAY_SCHEDULES").ok().and_then(|n| n.parse().ok()).unwrap_or(SCHEDULES),
    };
    let mut tally = Tally::default();
    let count = seeds.end - seeds.start;
    for seed in seeds {
        if let Err(broken) = schedule(seed, &mut tally) {
            panic!("ASSAY_SEED={seed}: {broken}\n{:#?}", Plan::new(seed));
        }
    }
    println!(
        "{count} schedules: {} trials, {} calls, {} lives of a process, {} refused by a budget, {} cancelled",
        tally.trials, tally.calls, tally.lives, tally.refused, tally.cancelled
    );
}
