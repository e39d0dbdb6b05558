//! `assay stats retrieval`: a run against relevance judgements, alone or beside a baseline.

use std::path::{Path, PathBuf};

use assay_metrics::retrieval::{Evaluation, Measure, Missing, Qrels, QueryValues, Run, Subtopics, Summary, evaluate};
use assay_stats::difference::{Pair, difference};
use assay_stats::estimate::{Item, Kind, level as estimate};
use clap::Args;
use serde_json::{Value, json};

use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure};

/// nDCG, MAP, precision, recall and the other measures of trec_eval, as means over queries with intervals; with
/// `--baseline` also the differences of the two runs, paired by query. Queries that a run says nothing about count as
/// empty rankings.
#[derive(Args)]
pub struct Retrieval {
    /// Judgements in trec_eval's format: query, iteration, document, grade.
    qrels: PathBuf,
    /// A run in trec_eval's format: query, Q0, document, rank, score, name.
    run: PathBuf,
    /// Another run to compare with.
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// What to compute, such as ndcg@10,map,p@5,recall@100,mrr,bpref,infap,err@10,rbp@0.8.
    #[arg(long, default_value = "ndcg@10,map,mrr,p@10,recall@100,judged@10")]
    measures: String,
    /// The smallest grade that is relevant.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i64).range(1..))]
    relevant: i64,
    /// Leave out queries that the run says nothing about, as trec_eval does without `-c`.
    #[arg(long)]
    skip_missing: bool,
    /// Judgements of subtopics in ndeval's format, query, subtopic, document, grade: adds α-nDCG, which rewards results that
    /// cover many subtopics.
    #[arg(long)]
    subtopics: Option<PathBuf>,
    /// How little a second document on the same subtopic gains, from 0 (as much) to 1 (nothing).
    #[arg(long, default_value_t = 0.5, requires = "subtopics")]
    alpha: f64,
    /// How many results α-nDCG looks at.
    #[arg(long, default_value_t = 20, requires = "subtopics", value_parser = clap::value_parser!(u32).range(1..))]
    depth: u32,
    /// Show every query.
    #[arg(long)]
    queries: bool,
    #[command(flatten)]
    confidence: Confidence,
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| usage(format!("{}: {error}", path.display())))
}

/// `ndcg@10,err@10,max=4` is two measures: what begins with `max=` belongs to the one before.
fn measures(text: &str) -> Result<Vec<Measure>, Failure> {
    let mut names: Vec<String> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        match names.last_mut() {
            Some(last) if part.starts_with("max=") => *last = format!("{last},{part}"),
            _ => names.push(part.to_owned()),
        }
    }
    if names.is_empty() {
        return Err(usage("--measures names nothing; try --measures ndcg@10,map"));
    }
    names.iter().map(|name| name.parse().map_err(|error: String| usage(error))).collect()
}

fn kind(measure: Measure) -> Kind {
    match (measure.is_binary(), measure.range()) {
        (true, _) => Kind::Binary,
        (false, Some((lo, hi))) => Kind::Bounded { lo, hi },
        (false, None) => Kind::Unbounded,
    }
}

impl Retrieval {
    fn judge(&self, qrels: &Qrels, path: &Path, measures: &[Measure]) -> Result<Evaluation, Failure> {
        let run =
            Run::parse(&text(path)?).map_err(|bad| usage(format!("{}:{}: {}", path.display(), bad.line, bad.fault)))?;
        let found = evaluate(qrels, &run, measures, self.relevant, None);
        if found.queries.iter().all(|query| query.missing) {
            return Err(usage(format!(
                "{}: the run has none of the {} queries of {}; are their names the same?",
                path.display(),
                qrels.len(),
                self.qrels.display()
            )));
        }
        Ok(found)
    }

    /// α-nDCG of the run, beside the baseline's: its name, what programs and what people read.
    #[allow(clippy::type_complexity, reason = "a row of the table of measures")]
    fn diversity(&self) -> Result<Option<(String, Value, Vec<String>)>, Failure> {
        let Some(path) = &self.subtopics else { return Ok(None) };
        if !(0.0..=1.0).contains(&self.alpha) {
            return Err(usage("--alpha is from 0 to 1, such as 0.5"));
        }
        let at = |path: &Path, bad: assay_metrics::retrieval::BadLine| {
            usage(format!("{}:{}: {}", path.display(), bad.line, bad.fault))
        };
        let topics = Subtopics::parse(&text(path)?).map_err(|bad| at(path, bad))?;
        let values = |path: &Path| -> Result<Vec<Option<f64>>, Failure> {
            let run = Run::parse(&text(path)?).map_err(|bad| at(path, bad))?;
            Ok(topics.alpha_ndcg(&run, self.alpha, self.depth as usize).into_iter().map(|(_, value)| value).collect())
        };
        let own = values(&self.run)?;
        let item = |value: f64| Item { value, repeats: 1, cluster: None, weight: 1.0 };
        let kind = Kind::Bounded { lo: 0.0, hi: 1.0 };
        let level = self.confidence.level;
        let mean = |values: &[Option<f64>]| {
            estimate(&values.iter().flatten().copied().map(item).collect::<Vec<_>>(), kind, level)
        };
        let here = mean(&own);
        let mut entry = json!({"value": here.value, "interval": bounds(here.interval), "queries": here.n,
                               "without_value": own.iter().filter(|value| value.is_none()).count()});
        let name = format!("alpha-ndcg@{}", self.depth);
        let mut row = vec![name.clone(), number(here.value), range(here.interval)];
        if let Some(path) = &self.baseline {
            let other = values(path)?;
            let pairs: Vec<Pair> = own
                .iter()
                .zip(&other)
                .filter_map(|(a, b)| Some((*a.as_ref()?, *b.as_ref()?)))
                .map(|(candidate, baseline)| Pair { candidate, baseline, repeats: 1, cluster: None, weight: 1.0 })
                .collect();
            let apart = difference(&pairs, kind, level, 0);
            entry["baseline"] = json!(mean(&other).value);
            entry["difference"] = json!({"value": apart.estimate.value, "interval": bounds(apart.estimate.interval),
                "queries": pairs.len(), "better": apart.better, "worse": apart.worse, "same": apart.same, "p": apart.p});
            row.push(number(mean(&other).value));
            row.push(apart.estimate.value.map_or_else(|| "–".into(), |by| format!("{by:+.3}")));
            row.push(range(apart.estimate.interval));
            row.push(format!("{} / {} / {}", apart.better, apart.worse, apart.same));
        }
        Ok(Some((name, entry, row)))
    }

    fn counts(&self, query: &QueryValues) -> bool {
        !(self.skip_missing && query.missing)
    }

    pub fn answer(self) -> Result<Answer, Failure> {
        let measures = measures(&self.measures)?;
        let qrels = Qrels::parse(&text(&self.qrels)?)
            .map_err(|bad| usage(format!("{}:{}: {}", self.qrels.display(), bad.line, bad.fault)))?;
        if qrels.is_empty() {
            return Err(usage(format!("{}: there is no judgement", self.qrels.display())));
        }
        let run = self.judge(&qrels, &self.run, &measures)?;
        let baseline = self.baseline.as_deref().map(|path| self.judge(&qrels, path, &measures)).transpose()?;
        let missing = |found: &Evaluation| -> Vec<String> {
            found.queries.iter().filter(|query| query.missing).map(|query| query.query.clone()).collect()
        };
        let rule = if self.skip_missing { Missing::Skip } else { Missing::Zero };
        let diversity = self.diversity()?;
        let (mut found, mut rows) = (serde_json::Map::new(), Vec::new());
        for (at, measure) in measures.iter().enumerate() {
            let value = run.summary(at, rule);
            let item = |value: f64| Item { value, repeats: 1, cluster: None, weight: 1.0 };
            let counted = run.queries.iter().filter(|query| self.counts(query));
            let items: Vec<Item> = counted.filter_map(|query| query.values[at]).map(item).collect();
            let unvalued = run.queries.iter().filter(|query| self.counts(query)).count() - items.len();
            let interval = match measure.summary() {
                Summary::Sum => None,
                Summary::Mean => estimate(&items, kind(*measure), self.confidence.level).interval,
                // The interval of the mean logarithm, carried back.
                Summary::Geometric => estimate(&items, Kind::Unbounded, self.confidence.level)
                    .interval
                    .map(|i| assay_stats::Interval { lower: i.lower.exp(), upper: i.upper.exp() }),
            };
            let mut entry = json!({"value": value, "interval": bounds(interval), "queries": items.len(),
                                   "without_value": unvalued});
            let mut row = vec![measure.to_string(), number(value), range(interval)];
            if let Some(other) = &baseline {
                let both = run.queries.iter().zip(&other.queries);
                let pairs: Vec<Pair> = both
                    .filter(|(a, b)| self.counts(a) && self.counts(b))
                    .filter_map(|(a, b)| Some((a.values[at]?, b.values[at]?)))
                    .map(|(candidate, baseline)| Pair { candidate, baseline, repeats: 1, cluster: None, weight: 1.0 })
                    .collect();
                let apart = (measure.summary() == Summary::Mean)
                    .then(|| difference(&pairs, kind(*measure), self.confidence.level, 0));
                let shown = apart.as_ref().and_then(|apart| apart.estimate.interval);
                let by = apart.as_ref().and_then(|apart| apart.estimate.value);
                entry["baseline"] = json!(other.summary(at, rule));
                entry["difference"] = json!({
                    "value": by, "interval": bounds(shown), "queries": pairs.len(),
                    "better": apart.as_ref().map(|a| a.better), "worse": apart.as_ref().map(|a| a.worse),
                    "same": apart.as_ref().map(|a| a.same), "p": apart.as_ref().and_then(|a| a.p),
                });
                row.push(number(other.summary(at, rule)));
                row.push(by.map_or_else(|| "–".into(), |by| format!("{by:+.3}")));
                row.push(range(shown));
                let counts = apart.as_ref().map(|a| format!("{} / {} / {}", a.better, a.worse, a.same));
                row.push(counts.unwrap_or_else(|| "–".into()));
            }
            found.insert(measure.to_string(), entry);
            rows.push(row);
        }
        if let Some((name, entry, row)) = diversity {
            found.insert(name, entry);
            rows.push(row);
        }
        let absent = missing(&run);
        let absent_in_baseline = baseline.as_ref().map(missing);
        let mut json = json!({
            "queries": qrels.len(), "missing": absent, "missing_count_as": if self.skip_missing { Value::Null } else { json!(0) },
            "not_judged": run.not_judged, "measures": found,
        });
        if let Some(absent) = &absent_in_baseline {
            json["missing_in_baseline"] = json!(absent);
        }
        let by_query = |found: &Evaluation| -> Value {
            let values = found.queries.iter().map(|query| {
                let cells = measures.iter().zip(&query.values).map(|(m, v)| (m.to_string(), json!(v)));
                (query.query.clone(), Value::Object(cells.collect()))
            });
            Value::Object(values.collect())
        };
        if self.queries {
            json["by_query"] = by_query(&run);
            if let Some(other) = &baseline {
                json["baseline_by_query"] = by_query(other);
            }
        }
        let spread = level(self.confidence.level);
        let mut header = vec!["measure", "value", spread.as_str()];
        if baseline.is_some() {
            header.extend(["baseline", "difference", spread.as_str(), "better / worse / same"]);
        }
        let right: Vec<usize> = (1..header.len()).collect();
        let what = if self.skip_missing { "are left out" } else { "count as empty rankings" };
        let silent = |name: &str, absent: &[String]| {
            (!absent.is_empty()).then(|| {
                let shown: Vec<String> = absent.iter().take(5).map(|name| assay_report::plain(name, 40)).collect();
                let more = if absent.len() > 5 { ", …" } else { "" };
                format!("{} queries are missing from {name} and {what}: {}{more}", absent.len(), shown.join(", "))
            })
        };
        let extra = (!run.not_judged.is_empty())
            .then(|| format!("{} queries of the run have no judgement and are not used", run.not_judged.len()));
        let mut answer = Answer::new(json)
            .line(format!("{} judged queries", qrels.len()))
            .table(&header, rows, &right)
            .lines(silent("the run", &absent))
            .lines(absent_in_baseline.and_then(|absent| silent("the baseline", &absent)))
            .lines(extra);
        if self.queries {
            let rows = run.queries.iter().map(|query| {
                let mut row = vec![assay_report::plain(&query.query, 40)];
                row.extend(query.values.iter().map(|value| number(*value)));
                row
            });
            let names: Vec<String> = measures.iter().map(ToString::to_string).collect();
            let mut header = vec!["query"];
            header.extend(names.iter().map(String::as_str));
            let right: Vec<usize> = (1..header.len()).collect();
            answer = answer.table(&header, rows.collect(), &right);
        }
        Ok(answer)
    }
}
