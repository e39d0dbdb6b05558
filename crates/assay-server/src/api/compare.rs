//! Two runs, or two targets of one, paired by case.

use std::sync::Arc;

use assay_analysis::{Comparison, GateReport};
use assay_core::Direction;
use assay_home::Against;
use assay_home::home::several_targets;
use assay_lake::browse::{Change, Row, SideBySide};
use assay_store::{CaseAt, PlanFile, RunRow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::runs::RunItem;
use super::summaries;
use super::trials::{Latency, latencies, string};
use crate::Problem;
use crate::access::Access;
use crate::answers::{Made, answer};
use crate::app::App;
use crate::body::Data;
use crate::endpoint::{Call, Endpoint, get};
use crate::paging::{Limit, Page, read};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/compare", Access::Read, "compare", "Paired differences, the gate, cost and latency", compare),
        get("/api/v1/compare/cases", Access::Read, "compareCases", "Cases side by side, in pages", cases),
    ]
}

/// What is compared.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareQuery {
    /// A run, and after a colon a target of it.
    candidate: String,
    /// The same; `@` and a branch or commit is possible too.
    baseline: String,
}

/// A comparison.
#[derive(Serialize, JsonSchema)]
pub struct Compared {
    candidate: RunItem,
    baseline: RunItem,
    candidate_target: String,
    baseline_target: String,
    /// Without the cases that moved: `/compare/cases` has them in pages.
    #[schemars(with = "Comparison")]
    comparison: Box<RawValue>,
    /// The candidate's gate against this baseline.
    #[schemars(with = "GateReport")]
    gate: Box<RawValue>,
    cost: Costs,
}

/// What a comparison takes of a run's summary.
#[derive(Deserialize)]
struct Told {
    comparison: Option<Box<RawValue>>,
    gate: Box<RawValue>,
}

/// What each side took.
#[derive(Serialize, JsonSchema)]
pub struct Costs {
    candidate: Arc<Latency>,
    baseline: Arc<Latency>,
}

/// One side: a run and a target of it.
async fn side(app: &App, word: &str) -> Result<(RunRow, String), Problem> {
    let (row, target) = app.home().find(word).await?;
    let target = match target {
        Some(target) => target,
        None if row.record.targets.len() == 1 => row.record.targets[0].name.clone(),
        None => return Err(several_targets(&row.record, word).into()),
    };
    Ok((row, target))
}

async fn sides(app: &App, candidate: &str, baseline: &str) -> Result<[(RunRow, String); 2], Problem> {
    let first = side(app, candidate).await?;
    let second = match baseline.starts_with('@') {
        true => {
            let found = app.home().baseline_run(&first.0.record, &Against::Run(baseline.to_owned())).await?;
            let Some((row, target)) = found else { return Err(Problem::not_found("there is no such baseline")) };
            let target = target.unwrap_or_else(|| first.1.clone());
            (row, target)
        }
        // The target of the same name is meant where none is named.
        false => match side(app, baseline).await {
            Ok(found) => found,
            Err(_) if !baseline.contains(':') => side(app, &format!("{baseline}:{}", first.1)).await?,
            Err(problem) => return Err(problem),
        },
    };
    Ok([first, second])
}

async fn compare(call: Call<CompareQuery>) -> Result<Data<Compared>, Problem> {
    let app = &call.app;
    let [(row, target), (base, base_target)] = sides(app, &call.query.candidate, &call.query.baseline).await?;
    let against = Against::Run(format!("{}:{base_target}", base.record.id));
    let told: Told = serde_json::from_str(&summaries::told(app, &row, Some(&target), &against).await?)?;
    let Some(comparison) = told.comparison else {
        return Err(Problem::usage("the two have nothing that can be compared"));
    };
    Ok(Data(Compared {
        comparison,
        gate: told.gate,
        cost: Costs {
            candidate: latencies(app, &row, &target).await?,
            baseline: latencies(app, &base, &base_target).await?,
        },
        candidate: RunItem::of(app, &row).await?,
        baseline: RunItem::of(app, &base).await?,
        candidate_target: target,
        baseline_target: base_target,
    }))
}

/// How cases moved.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// They got worse.
    #[default]
    Worse,
    /// They got better.
    Better,
    /// They stayed.
    Same,
    /// However.
    All,
}

/// Which cases.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CasesQuery {
    /// A run, and after a colon a target of it.
    candidate: String,
    /// The same.
    baseline: String,
    /// The scorer.
    scorer: String,
    /// How they moved.
    #[serde(default)]
    change: Movement,
    /// Whose id holds this.
    search: Option<String>,
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// From where.
    cursor: Option<String>,
}

/// One side of a case.
#[derive(Serialize, JsonSchema)]
pub struct CaseSide {
    /// The mean over repeats.
    value: Option<f64>,
    /// The first answer's first 4,000 characters.
    output: Option<String>,
    error: Option<String>,
    latency_us: Option<i64>,
    rationale: Option<String>,
}

/// A case side by side.
#[derive(Serialize, JsonSchema)]
pub struct CasePair {
    case_id: String,
    case_digest: String,
    /// The inputs, as text.
    input: String,
    /// What was expected, as text.
    expected: Option<String>,
    baseline: CaseSide,
    candidate: CaseSide,
    /// How much it rose: below 0 it got worse.
    rise: f64,
}

/// What is shown of an answer, in characters.
const SHOWN: usize = 4_000;

fn shown(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().take(SHOWN).collect()
}

fn position(row: &Row, key: &str) -> u64 {
    row.get(key).and_then(Value::as_u64).unwrap_or_default()
}

fn case_side(value: Option<f64>, rows: &[Row], at: u64) -> CaseSide {
    let row = rows.iter().find(|row| position(row, "position") == at);
    CaseSide {
        value,
        output: row.and_then(|row| string(row, "output")),
        error: row.and_then(|row| string(row, "error_message")),
        latency_us: row.and_then(|row| row.get("latency_us")?.as_i64()),
        rationale: row.and_then(|row| string(row, "rationale")),
    }
}

async fn cases(call: Call<CasesQuery>) -> Result<Made<Page<CasePair>>, Problem> {
    let [candidate, baseline] = sides(&call.app, &call.query.candidate, &call.query.baseline).await?;
    for (run, _) in [&candidate, &baseline] {
        if run.record.sealed().is_some() {
            return Err(Problem::forbidden("a run over a sealed part shows no cases"));
        }
    }
    answer(&call, &[&candidate.0, &baseline.0], pairs(&call.app, &call.query, &candidate, &baseline)).await
}

async fn pairs(
    app: &App,
    query: &CasesQuery,
    (row, target): &(RunRow, String),
    (base, base_target): &(RunRow, String),
) -> Result<Page<CasePair>, Problem> {
    let Some(scorer) = row.record.scorers.iter().find(|scorer| scorer.name == query.scorer) else {
        return Err(Problem::not_found("the run has no scorer of that name"));
    };
    let lake = &app.home().lake;
    let pair = SideBySide {
        candidate: (&row.record, target),
        baseline: (&base.record, base_target),
        scorer: &query.scorer,
        lower_is_better: scorer.direction == Direction::Lower,
        change: match query.change {
            Movement::Worse => Change::Worse,
            Movement::Better => Change::Better,
            Movement::Same => Change::Same,
            Movement::All => Change::All,
        },
        search: query.search.as_deref().filter(|search| !search.is_empty()),
        after: read(query.cursor.as_deref())?,
        limit: query.limit.get() + 1,
    };
    let rows = lake.side_by_side(&pair).await?;
    let rise = |row: &Row| row.get("rise").and_then(Value::as_f64).unwrap_or(0.0);
    let page = Page::cut(rows, query.limit, |row| (rise(row), position(row, "position")));
    let places = |key: &str| page.items.iter().map(|row| position(row, key)).collect::<Vec<_>>();
    let (at, base_at) = (places("position"), places("base_position"));
    let after = lake.answers_shown((&row.record, target), &query.scorer, &at, SHOWN).await?;
    let before = lake.answers_shown((&base.record, base_target), &query.scorer, &base_at, SHOWN).await?;
    let cases = match at.is_empty() {
        true => Vec::new(),
        false => PlanFile::open(&app.home().workspace, row.record.plan).await?.cases_at(&at).await?,
    };
    let pair = |(of, found): (&Row, CaseAt)| {
        let value = |key: &str| of.get(key).and_then(Value::as_f64);
        let case = found.case;
        CasePair {
            input: match case.inputs.len() {
                1 => case.inputs.values().map(shown).collect(),
                _ => shown(&serde_json::to_value(&case.inputs).unwrap_or_default()),
            },
            expected: case.expected.as_ref().map(shown),
            baseline: case_side(value("baseline"), &before, position(of, "base_position")),
            candidate: case_side(value("candidate"), &after, found.position),
            rise: rise(of),
            case_id: case.id,
            case_digest: found.digest.to_string(),
        }
    };
    let items = page.items.iter().zip(cases).map(pair).collect();
    Ok(Page { items, next: page.next })
}
