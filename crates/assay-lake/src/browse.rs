//! Pages of a run's trials: found by what somebody looks for, without holding the run.
//!
//! A page is found in two steps: which trials are on it, by the narrow columns that order and condition need; then what they
//! hold, by their numbers. Answers are read for the page alone.

use assay_core::{RunRecord, TrialKey};
use datafusion::prelude::SessionConfig;
use serde_json::{Map, Value};

use crate::query::{Rows, of_case, of_run};
use crate::tables::Table;
use crate::tag::has_tag;
use crate::{Lake, LakeError};

/// A row as JSON.
pub type Row = Map<String, Value>;

/// Which trials of a run.
#[derive(Clone, Debug, Default)]
pub struct TrialFilter {
    /// Of this target.
    pub target: Option<String>,
    /// With this outcome.
    pub status: Option<String>,
    /// Whose case id or answer holds this text; upper and lower case are the same.
    pub search: Option<String>,
    /// Of cases with this metadata.
    pub tag: Option<(String, String)>,
    /// The scorer that the next three speak of.
    pub scorer: Option<String>,
    /// Scored at least so.
    pub min: Option<f64>,
    /// Scored at most so.
    pub max: Option<f64>,
    /// Without a value.
    pub unscored: bool,
}

/// What trials are ordered by.
#[derive(Clone, Debug, PartialEq)]
pub enum TrialOrder {
    /// Their place in the plan.
    Number,
    /// The case's id.
    Case,
    /// How long they took.
    Latency,
    /// What they cost.
    Cost,
    /// What a scorer said; trials that it said nothing of are left out.
    Score(String),
}

/// A page that is asked for.
#[derive(Clone, Debug)]
pub struct TrialPage {
    /// Which trials.
    pub filter: TrialFilter,
    /// In which order.
    pub order: TrialOrder,
    /// The greatest first.
    pub descending: bool,
    /// After the trial with this place in the order and this number.
    pub after: Option<(Value, i64)>,
    /// At most so many.
    pub limit: usize,
}

/// Text as a SQL literal: it comes from users and models.
fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

/// A number as a SQL literal; one that is none fits nothing.
fn number(value: f64) -> String {
    if value.is_finite() { format!("CAST({value:?} AS DOUBLE)") } else { "NULL".to_owned() }
}

/// The SQL of a trial's case: its position in the run's plan.
fn position(run: &RunRecord) -> String {
    format!("number / {}", run.targets.len().max(1) as u64 * u64::from(run.epochs))
}

impl TrialFilter {
    /// The conditions on columns that both tables have, for a run.
    fn shared(&self, run: &RunRecord, table: Table) -> Vec<String> {
        let mut all = vec![of_run(run)];
        if let Some(target) = &self.target {
            all.push(format!("target = {}", text(target)));
        }
        if let Some(status) = &self.status {
            all.push(format!("{} = {}", table.outcome(), text(status)));
        }
        if let Some((key, value)) = &self.tag {
            all.push(format!("has_tag(metadata, {}, {})", text(key), text(value)));
        }
        all
    }

    /// The conditions on columns of `trials`, for a run.
    fn conditions(&self, run: &RunRecord) -> String {
        let mut all = self.shared(run, Table::Trials);
        if let Some(search) = &self.search {
            let search = text(&search.to_lowercase());
            all.push(format!(
                "(strpos(lower(case_id), {search}) > 0 OR strpos(lower(coalesce(output, '')), {search}) > 0)"
            ));
        }
        if let Some(scorer) = &self.scorer {
            let scored = [vec![of_run(run)], self.scored(scorer)].concat().join(" AND ");
            all.push(format!("number IN (SELECT number FROM scores WHERE {scored})"));
        }
        all.join(" AND ")
    }

    /// The conditions on a scorer's rows of `scores`.
    fn scored(&self, scorer: &str) -> Vec<String> {
        let mut all = vec![format!("scorer = {}", text(scorer))];
        if self.scorer.as_deref() != Some(scorer) {
            return all;
        }
        if let Some(min) = self.min {
            all.push(format!("value >= {}", number(min)));
        }
        if let Some(max) = self.max {
            all.push(format!("value <= {}", number(max)));
        }
        if self.unscored {
            all.push("value IS NULL".to_owned());
        }
        all
    }

    /// The table that the trials can be found in and the condition there: each scorer has a row for each trial, which says
    /// all but the answer, so that a question about a scorer needs nothing of `trials`.
    fn found_in(&self, run: &RunRecord, scorer: Option<&str>) -> (Table, String) {
        match scorer.filter(|scorer| self.search.is_none() && self.scorer.as_deref().is_none_or(|of| of == *scorer)) {
            None => (Table::Trials, self.conditions(run)),
            Some(scorer) => {
                (Table::Scores, [self.shared(run, Table::Scores), self.scored(scorer)].concat().join(" AND "))
            }
        }
    }
}

impl TrialPage {
    /// The SQL of the numbers on the page, each with its place in the order.
    fn sql(&self, run: &RunRecord) -> String {
        let place = match &self.order {
            TrialOrder::Number => "number",
            TrialOrder::Case => "case_id",
            TrialOrder::Latency => "latency_us",
            TrialOrder::Cost => "cost_nanousd",
            TrialOrder::Score(_) => "value",
        };
        let scorer = match &self.order {
            TrialOrder::Score(scorer) => Some(scorer),
            TrialOrder::Number | TrialOrder::Case => self.filter.scorer.as_ref(),
            TrialOrder::Latency | TrialOrder::Cost => None,
        };
        let (table, mut condition) = self.filter.found_in(run, scorer.map(String::as_str));
        let mut from = table.name().to_owned();
        if let TrialOrder::Score(scorer) = &self.order {
            if table == Table::Trials {
                from = format!(
                    "(SELECT trials.*, scored.value FROM trials JOIN (SELECT number AS of, value FROM scores WHERE {} AND \
                     scorer = {}) AS scored ON scored.of = trials.number)",
                    of_run(run),
                    text(scorer)
                );
            }
            condition.push_str(" AND value IS NOT NULL");
        }
        let (direction, beyond) = if self.descending { ("DESC", "<") } else { ("ASC", ">") };
        if let Some((at, of)) = &self.after {
            let at = match at {
                Value::String(at) => text(at),
                at => number(at.as_f64().unwrap_or(f64::NAN)),
            };
            condition.push_str(&match self.order {
                // What files and their parts are left out by.
                TrialOrder::Number => format!(" AND number {beyond} {of}"),
                _ => format!(" AND ({place} {beyond} {at} OR ({place} = {at} AND number > {of}))"),
            });
        }
        format!(
            "SELECT number, {place} AS place FROM {from} WHERE {condition} ORDER BY place {direction}, number LIMIT {}",
            self.limit
        )
    }
}

/// A histogram of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// The least and the greatest.
    pub range: Option<(f64, f64)>,
    /// For each bin of equal width from least to greatest, how many.
    pub counts: Vec<u64>,
}

impl Lake {
    /// For queries that pick few rows out of many: columns are read for the rows that fit.
    pub(crate) async fn pick(&self, sql: &str) -> Result<Rows, LakeError> {
        let mut config = SessionConfig::new();
        config.options_mut().execution.parquet.pushdown_filters = true;
        let context = self.context(config, None, &[]).await?;
        context.register_udf(has_tag());
        Ok(Rows::of(context.sql(sql).await?.execute_stream().await?))
    }

    /// The numbers of the trials on a page, in its order, each with its place in the order.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub async fn trial_numbers(&self, run: &RunRecord, page: &TrialPage) -> Result<Vec<(i64, Value)>, LakeError> {
        let rows = self.pick(&page.sql(run)).await?.json().await?;
        let of = |mut row: Row| Some((row.get("number")?.as_i64()?, row.remove("place").unwrap_or_default()));
        Ok(rows.into_iter().filter_map(of).collect())
    }

    /// How many trials fit.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub async fn count_trials(&self, run: &RunRecord, filter: &TrialFilter) -> Result<u64, LakeError> {
        let (table, condition) = filter.found_in(run, filter.scorer.as_deref());
        let sql = format!("SELECT COUNT(*) AS count FROM {} WHERE {condition}", table.name());
        let rows = self.pick(&sql).await?.json().await?;
        Ok(rows.first().and_then(|row| row.get("count")?.as_u64()).unwrap_or(0))
    }

    /// Trials by their numbers, with at most `most` characters of each answer, and their scores; in no order.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub async fn trials_by_number(
        &self,
        run: &RunRecord,
        numbers: &[i64],
        most: usize,
    ) -> Result<(Vec<Row>, Vec<Row>), LakeError> {
        if numbers.is_empty() {
            return Ok((Vec::new(), Vec::new()));
        }
        let list = numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let condition = format!("{} AND number IN ({list})", of_run(run));
        let trials = format!(
            "SELECT number, case_id, case_digest, target, epoch, status, error_kind, error_message, \
             substr(output, 1, {most}) AS output, character_length(output) > {most} AS truncated, latency_us, cost_nanousd, \
             cached, metadata FROM trials WHERE {condition}"
        );
        let scores = format!(
            "SELECT number, scorer, value, status, label, reason FROM scores WHERE {condition} ORDER BY number, scorer"
        );
        let rows = async |sql: &str| self.pick(sql).await?.json().await;
        futures::try_join!(rows(&trials), rows(&scores))
    }

    /// What a scorer said of a run: a histogram of its values, its most frequent labels, and what is missing for which reason.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub async fn distribution(
        &self,
        run: &RunRecord,
        target: Option<&str>,
        scorer: &str,
        bins: usize,
    ) -> Result<(Histogram, Vec<(String, u64)>, Vec<(String, u64)>), LakeError> {
        let mut condition = format!("{} AND scorer = {}", of_run(run), text(scorer));
        if let Some(target) = target {
            condition.push_str(&format!(" AND target = {}", text(target)));
        }
        let histogram = self.histogram("value", "scores", &format!("{condition} AND value IS NOT NULL"), bins).await?;
        let labels = format!(
            "SELECT label AS word, COUNT(*) AS count FROM scores WHERE {condition} AND label IS NOT NULL GROUP BY label \
             ORDER BY count DESC, word LIMIT 50"
        );
        let missing = format!(
            "SELECT CASE WHEN trial_status <> 'ok' THEN 'trial ' || trial_status ELSE status END AS word, COUNT(*) AS count \
             FROM scores WHERE {condition} AND value IS NULL GROUP BY word ORDER BY count DESC, word LIMIT 50"
        );
        Ok((histogram, self.counted(&labels).await?, self.counted(&missing).await?))
    }

    /// How long a target's answers took, in microseconds: 30 bins up to the 99th percentile, which most are below.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub async fn latencies(&self, run: &RunRecord, target: &str) -> Result<(Row, Histogram), LakeError> {
        let condition = format!("{} AND target = {} AND status = 'ok' AND NOT cached", of_run(run), text(target));
        let sql = format!(
            "SELECT COUNT(*) AS count, AVG(latency_us) AS mean_us, approx_percentile_cont(latency_us, 0.5) AS p50_us, \
             approx_percentile_cont(latency_us, 0.9) AS p90_us, approx_percentile_cont(latency_us, 0.99) AS p99_us, \
             MAX(latency_us) AS max_us, approx_percentile_cont(ttft_us, 0.5) AS ttft_p50_us, SUM(cost_nanousd) AS cost_nanousd \
             FROM trials WHERE {condition}"
        );
        let mut rows = self.pick(&sql).await?.json().await?;
        let facts = rows.pop().unwrap_or_default();
        let most = facts.get("p99_us").and_then(Value::as_f64).unwrap_or(f64::MAX);
        let below = format!("{condition} AND latency_us <= {}", number(most.ceil()));
        Ok((facts, self.histogram("latency_us", "trials", &below, 30).await?))
    }

    async fn histogram(&self, column: &str, table: &str, condition: &str, bins: usize) -> Result<Histogram, LakeError> {
        let sql = format!("SELECT MIN({column}) AS least, MAX({column}) AS most FROM {table} WHERE {condition}");
        let rows = self.pick(&sql).await?.json().await?;
        let edge = |name: &str| rows.first().and_then(|row| row.get(name)?.as_f64());
        let (Some(least), Some(most)) = (edge("least"), edge("most")) else { return Ok(Histogram::default()) };
        let bins = if most > least { bins.clamp(1, 200) } else { 1 };
        let width = (most - least) / bins as f64;
        let bin = match bins {
            1 => "CAST(0 AS BIGINT)".to_owned(),
            _ => format!(
                "CAST(least(floor(({column} - {}) / {}), {}) AS BIGINT)",
                number(least),
                number(width),
                number((bins - 1) as f64)
            ),
        };
        let sql = format!("SELECT {bin} AS bin, COUNT(*) AS count FROM {table} WHERE {condition} GROUP BY bin");
        let mut counts = vec![0; bins];
        for row in self.pick(&sql).await?.json().await? {
            let at = row.get("bin").and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
            if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                *count = row.get("count").and_then(Value::as_u64).unwrap_or(0);
            }
        }
        Ok(Histogram { range: Some((least, most)), counts })
    }

    async fn counted(&self, sql: &str) -> Result<Vec<(String, u64)>, LakeError> {
        let rows = self.pick(sql).await?.json().await?;
        let of = |row: Row| Some((row.get("word")?.as_str()?.to_owned(), row.get("count")?.as_u64()?));
        Ok(rows.into_iter().filter_map(of).collect())
    }

    /// What scorers said of a case in runs, each given with the case's position in its plan: run, target, scorer, mean over
    /// repeats.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub async fn scores_over_runs(&self, runs: &[(&RunRecord, u64)]) -> Result<Vec<Row>, LakeError> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let of: Vec<String> = runs.iter().map(|(run, position)| format!("({})", of_case(run, *position))).collect();
        let sql = format!(
            "SELECT run_id, target, scorer, AVG(value) AS value FROM scores WHERE ({}) AND value IS NOT NULL GROUP BY run_id, \
             target, scorer ORDER BY run_id, target, scorer",
            of.join(" OR ")
        );
        self.pick(&sql).await?.json().await
    }

    /// Cases of two targets side by side under a scorer, means over repeats, those that fell most first: for each its position
    /// in either run's plan, both values, and the rise, rounded to 12 places.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub async fn side_by_side(&self, pair: &SideBySide<'_>) -> Result<Vec<Row>, LakeError> {
        let same_plan = pair.candidate.0.plan == pair.baseline.0.plan;
        let side = |(run, target): (&RunRecord, &str), search: Option<&str>| {
            let position = position(run);
            // Cases of one plan meet by their place in it, which takes half as long as by their content.
            let key = if same_plan { &position } else { "case_digest" };
            let mut condition =
                format!("{} AND target = {} AND scorer = {}", of_run(run), text(target), text(pair.scorer));
            if let Some(search) = search {
                condition.push_str(&format!(" AND strpos(lower(case_id), {}) > 0", text(&search.to_lowercase())));
            }
            // Without repeats there is nothing to group, which takes longest.
            let (position, value, group) = match run.epochs {
                1 => (position.clone(), "value", String::new()),
                _ => (format!("MIN({position})"), "AVG(value) AS value", format!(" GROUP BY {key}")),
            };
            format!(
                "(SELECT {key} AS key, {position} AS position, {value} FROM scores WHERE {condition} AND value IS NOT NULL{group})"
            )
        };
        // What got worse has a negative rise, whichever way the scorer points.
        let rise = if pair.lower_is_better { "base.value - cand.value" } else { "cand.value - base.value" };
        let (order, change) = match pair.change {
            Change::Worse => ("ASC", "rise < 0"),
            Change::Better => ("DESC", "rise > 0"),
            Change::Same => ("ASC", "rise = 0"),
            Change::All => ("ASC", "true"),
        };
        let mut condition = change.to_owned();
        if let Some((at, position)) = pair.after {
            let (at, beyond) = (number(at), if order == "ASC" { ">" } else { "<" });
            condition.push_str(&format!(" AND (rise {beyond} {at} OR (rise = {at} AND position > {position}))"));
        }
        // Means are summed in no order: their last digits may differ from one page to the next.
        let sql = format!(
            "SELECT * FROM (SELECT cand.position, base.position AS base_position, base.value AS baseline, cand.value AS candidate, \
             ROUND({rise}, 12) AS rise FROM {} AS cand JOIN {} AS base ON cand.key = base.key) WHERE {condition} \
             ORDER BY rise {order}, position LIMIT {}",
            side(pair.candidate, pair.search),
            side(pair.baseline, None),
            pair.limit
        );
        self.pick(&sql).await?.json().await
    }

    /// The first answers of a run's target to the cases at these positions of its plan, with what a scorer said of them; at most
    /// `most` characters each. Rows say the `position`.
    ///
    /// # Errors
    /// The tables cannot be read.
    pub async fn answers_shown(
        &self,
        (run, target): (&RunRecord, &str),
        scorer: &str,
        positions: &[u64],
        most: usize,
    ) -> Result<Vec<Row>, LakeError> {
        let (targets, at) = (run.targets.len() as u32, run.targets.iter().position(|of| of.name == target));
        let Some(target) = at.filter(|_| !positions.is_empty()) else { return Ok(Vec::new()) };
        let key = |case: &u64| TrialKey { case: *case, target: target as u32, epoch: 0 };
        let numbers: Vec<String> =
            positions.iter().map(|case| key(case).number(targets, run.epochs).to_string()).collect();
        let condition = format!("{} AND number IN ({})", of_run(run), numbers.join(", "));
        let sql = format!(
            "SELECT t.position, t.status, substr(t.output, 1, {most}) AS output, t.error_message, t.latency_us, \
             t.metadata, s.rationale FROM (SELECT *, {} AS position FROM trials WHERE {condition}) AS t LEFT JOIN (SELECT number, rationale FROM \
             scores WHERE {condition} AND scorer = {}) AS s ON s.number = t.number",
            position(run),
            text(scorer)
        );
        self.pick(&sql).await?.json().await
    }
}

/// How a case moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It got worse.
    Worse,
    /// It got better.
    Better,
    /// It stayed.
    Same,
    /// However.
    All,
}

/// Two targets whose cases are laid side by side.
#[derive(Clone, Debug)]
pub struct SideBySide<'a> {
    /// A run and a target of it.
    pub candidate: (&'a RunRecord, &'a str),
    /// What it is compared with.
    pub baseline: (&'a RunRecord, &'a str),
    /// The scorer.
    pub scorer: &'a str,
    /// Whether less is better.
    pub lower_is_better: bool,
    /// Which cases.
    pub change: Change,
    /// Whose id holds this text.
    pub search: Option<&'a str>,
    /// After the case that moved so and stands at this position.
    pub after: Option<(f64, u64)>,
    /// At most so many.
    pub limit: usize,
}
