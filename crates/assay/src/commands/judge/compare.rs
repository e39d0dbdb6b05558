//! `assay judge compare`: two judges, or two versions of one, on the same labelled answers.

use std::collections::{BTreeMap, HashMap};

use assay_analysis::Certificate;
use assay_core::{Digest, ScoreKind};
use assay_report::terminal;
use assay_stats::{Difference, Kind, Pair, difference};
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use crate::exit;
use assay_home::Home;
use assay_home::judged::{Gathered, find, gather};
use assay_home::probes::of_name;
use assay_home::usage;

/// How much more often the first judge agrees with people than the second, on answers that both judged and people labelled,
/// paired by answer, with what each costs.
#[derive(Args)]
pub struct Compare {
    /// A judge: a scorer's name, or the beginning of its fingerprint.
    first: String,
    /// The other one.
    second: String,
    /// The runs [default: the complete runs with each judge].
    #[arg(long = "run", value_name = "RUN")]
    runs: Vec<String>,
    /// Confidence of the intervals.
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Compare {
    pub async fn run(self, home: &Home) -> Result<u8, Failure> {
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return Err(usage("--confidence lies between 0 and 1".into()));
        }
        let (first, second) = (find(home, &self.first).await?, find(home, &self.second).await?);
        if first.fingerprint == second.fingerprint {
            return Err(usage(
                "the two are the same judge: name versions by the beginning of their fingerprints".into(),
            ));
        }
        if first.score != second.score {
            return Err(usage(
                "the two judges have different scales, so that their errors are not the same kind".into(),
            ));
        }
        let score = first.score;
        let (a, b) = (gather(home, first, &self.runs).await?, gather(home, second, &self.runs).await?);
        let mut truths = HashMap::new();
        for gathered in [&b, &a] {
            truths.extend(match home.state.certificate::<Certificate>(gathered.scorer.fingerprint).await? {
                Some(stored) => home.truths(&stored.certificate).await?.0,
                None => of_name(home, gathered).await?,
            });
        }
        let (of_a, of_b) = (verdicts(&a), verdicts(&b));
        let mut rows: Vec<Row> = Vec::new();
        for (item, (judge, cluster)) in &of_a {
            let Some((other, _)) = of_b.get(item) else { continue };
            let Some(truth) = truths.get(item).and_then(|truth| truth.value) else { continue };
            rows.push(Row { first: *judge, second: *other, people: truth, cluster: *cluster });
        }
        if rows.len() < 2 {
            return Err(usage(format!(
                "{} answers carry labels and verdicts of both judges: calibrate one of them first, and run both on the same \
                 answers (`assay run --rescore RUN`)",
                rows.len()
            )));
        }
        let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
        rows.iter().for_each(|row| *sizes.entry(row.cluster).or_default() += 1);
        let clustered = sizes.values().any(|n| *n > 1);
        let measure = |keep: &dyn Fn(&Row) -> bool, of: &dyn Fn(f64, f64) -> f64, kind: Kind| {
            let pair = |row: &Row| Pair {
                candidate: of(row.first, row.people),
                baseline: of(row.second, row.people),
                repeats: 1,
                cluster: clustered.then_some(row.cluster),
                weight: 1.0,
            };
            let pairs: Vec<Pair> = rows.iter().filter(|row| keep(row)).map(pair).collect();
            let mean = |of: fn(&Pair) -> f64| pairs.iter().map(of).sum::<f64>() / pairs.len().max(1) as f64;
            (mean(|p| p.candidate), mean(|p| p.baseline), difference(&pairs, kind, self.confidence, 1))
        };
        let same = |judge: f64, people: f64| f64::from(u8::from(judge == people));
        let mut found: Vec<(&str, (f64, f64, Difference))> = Vec::new();
        if score == ScoreKind::Binary {
            found.push(("says the same as people", measure(&|_| true, &same, Kind::Binary)));
            found.push(("passes what people pass", measure(&|row| row.people == 1.0, &same, Kind::Binary)));
            found.push(("fails what people fail", measure(&|row| row.people == 0.0, &same, Kind::Binary)));
        } else {
            // Turned, so that more is better here too.
            let close = |judge: f64, people: f64| -(judge - people).abs();
            let kind = score.range().map_or(Kind::Unbounded, |(lo, hi)| Kind::Bounded { lo: lo - hi, hi: 0.0 });
            found.push(("minus the distance to people", measure(&|_| true, &close, kind)));
        }
        let costs = [cost(home, &a).await?, cost(home, &b).await?];
        let names = [label(&a), label(&b)];
        if self.json {
            let found: Vec<_> = found
                .iter()
                .map(|(what, (x, y, d))| json!({"what": what, "first": x, "second": y, "difference": d}))
                .collect();
            say(&json!({"first": names[0], "second": names[1], "answers": rows.len(),
                        "rows": found, "cost": costs.iter().map(|c| json!({"usd_per_verdict": c.0, "tokens_per_verdict": c.1})).collect::<Vec<_>>()})
            .to_string());
            return Ok(exit::PASS);
        }
        let number = |value: f64| format!("{value:.3}");
        let mut table: Vec<Vec<String>> = found
            .iter()
            .map(|(what, (x, y, d))| {
                let interval = d.estimate.interval.map_or_else(
                    || d.estimate.reason.map_or_else(String::new, |reason| reason.to_string()),
                    |i| format!("{:+.3} to {:+.3}", i.lower, i.upper),
                );
                let value = d.estimate.value.map_or_else(|| "–".into(), |v| format!("{v:+.3}"));
                vec![(*what).to_owned(), number(*x), number(*y), value, interval, d.estimate.n.to_string()]
            })
            .collect();
        for (what, of) in [("dollars for a thousand verdicts", 0), ("tokens for a verdict", 1)] {
            let pick = |c: &(f64, f64)| if of == 0 { 1000.0 * c.0 } else { c.1 };
            let [x, y] = [pick(&costs[0]), pick(&costs[1])];
            table.push(vec![what.into(), number(x), number(y), format!("{:+.3}", x - y), String::new(), String::new()]);
        }
        let header = ["on the same answers", names[0].as_str(), names[1].as_str(), "difference", "interval", "answers"];
        say(&terminal::table(&header, table, &[1, 2, 3, 4, 5]));
        let lead = found[0].1.2.estimate.interval;
        say(&match lead {
            Some(i) if i.lower > 0.0 => format!("`{}` is closer to people", names[0]),
            Some(i) if i.upper < 0.0 => format!("`{}` is closer to people", names[1]),
            _ => "neither is shown to be closer to people".to_owned(),
        });
        Ok(exit::PASS)
    }
}

struct Row {
    first: f64,
    second: f64,
    people: f64,
    cluster: u32,
}

/// The first verdict on each answer, with the number of its case. Both judges number cases by the same digests, in their own
/// order, so that one side's numbers serve for both.
pub(super) fn verdicts(gathered: &Gathered) -> HashMap<Digest, (f64, u32)> {
    let mut found = HashMap::new();
    for verdict in &gathered.verdicts {
        if let Ok(value) = verdict.value {
            found.entry(verdict.item).or_insert((value, verdict.cluster));
        }
    }
    found
}

pub(super) fn label(gathered: &Gathered) -> String {
    format!("{} {}", assay_report::plain(&gathered.scorer.name, 60), gathered.scorer.fingerprint.short())
}

/// Dollars and tokens for a verdict, over the runs.
async fn cost(home: &Home, gathered: &Gathered) -> Result<(f64, f64), Failure> {
    let (mut nanos, mut tokens, mut verdicts) = (0.0, 0.0, 0.0);
    for run in &gathered.runs {
        let Some(scorer) = run.scorers.iter().find(|s| s.fingerprint == gathered.scorer.fingerprint) else { continue };
        let name = scorer.name.replace('\'', "''");
        let sql = format!(
            "SELECT count(value) AS verdicts, coalesce(sum(cost_nanousd), 0) AS nanos, \
             coalesce(sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0)), 0) AS tokens \
             FROM scores WHERE run_id = '{}' AND scorer = '{name}'",
            run.id
        );
        for row in home.lake.query(&sql, None).await?.json().await? {
            let number = |key: &str| row.get(key).and_then(serde_json::Value::as_f64).unwrap_or_default();
            verdicts += number("verdicts");
            nanos += number("nanos");
            tokens += number("tokens");
        }
    }
    let of = f64::max(verdicts, 1.0);
    Ok((nanos / 1e9 / of, tokens / of))
}
