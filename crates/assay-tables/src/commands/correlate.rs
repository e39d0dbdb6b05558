//! `assay stats correlate`: how far two columns go together.

use std::collections::HashMap;
use std::path::PathBuf;

use assay_stats::Interval;
use assay_stats::correlation::{
    Coefficient, Overlapping, clustered, interval, kendall, pairwise_accuracy, pearson, spearman,
};
use clap::Args;
use serde_json::{Map, Value, json};

use crate::answer::{Confidence, bounds, level, number, range};
use crate::{Answer, Failure, Table};

/// Pearson's, Spearman's and Kendall's correlation with intervals, such as of a judge's scores with people's. Rows
/// without all numbers are left out.
#[derive(Args)]
pub struct Correlate {
    /// A table with a row per case.
    file: PathBuf,
    /// The first column.
    #[arg(long)]
    x: String,
    /// The second column.
    #[arg(long)]
    y: String,
    /// A column that names each row's cluster, such as the document: intervals by the jackknife over clusters.
    #[arg(long)]
    cluster: Option<String>,
    /// A third column, such as another metric: whether x or it goes better together with y.
    #[arg(long)]
    versus: Option<String>,
    /// A column that names each row's system: correlations of the systems' means, and how many pairs of systems are
    /// ordered alike.
    #[arg(long)]
    system: Option<String>,
    #[command(flatten)]
    confidence: Confidence,
}

const KINDS: [(&str, Coefficient); 3] =
    [("pearson", Coefficient::Pearson), ("spearman", Coefficient::Spearman), ("kendall", Coefficient::Kendall)];

fn coefficient(kind: Coefficient, x: &[f64], y: &[f64]) -> Option<f64> {
    match kind {
        Coefficient::Pearson => pearson(x, y),
        Coefficient::Spearman => spearman(x, y),
        Coefficient::Kendall => kendall(x, y),
    }
}

/// A number for each distinct name, in order of appearance.
fn codes(names: &[String]) -> Vec<u32> {
    let mut known: HashMap<&str, u32> = HashMap::new();
    names
        .iter()
        .map(|name| {
            let fresh = known.len() as u32;
            *known.entry(name).or_insert(fresh)
        })
        .collect()
}

impl Correlate {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (x, y) = (source.numbers(&self.x)?, source.numbers(&self.y)?);
        let versus = self.versus.as_ref().map(|column| source.numbers(column)).transpose()?;
        let clusters = self.cluster.as_ref().map(|column| source.full(column)).transpose()?.map(|c| codes(&c));
        let systems = self.system.as_ref().map(|column| source.full(column)).transpose()?.map(|s| codes(&s));
        let total = x.len();
        let is_full =
            |at: &usize| x[*at].is_some() && y[*at].is_some() && versus.as_ref().is_none_or(|v| v[*at].is_some());
        let kept: Vec<usize> = (0..total).filter(is_full).collect();
        let pick = |column: &[Option<f64>]| -> Vec<f64> { kept.iter().filter_map(|at| column[*at]).collect() };
        let (x, y, versus) = (pick(&x), pick(&y), versus.as_deref().map(pick));
        let name = |codes: Vec<u32>| -> Vec<u32> { kept.iter().map(|at| codes[*at]).collect() };
        let (clusters, systems) = (clusters.map(name), systems.map(name));
        let confidence = self.confidence.level;
        let rows = KINDS.map(|(name, kind)| {
            let r = coefficient(kind, &x, &y);
            let bounds = match &clusters {
                Some(clusters) => clustered(&x, &y, clusters, kind, confidence).map(|found| found.interval),
                None => r.and_then(|r| interval(r, x.len(), kind, confidence)),
            };
            (name, r, bounds)
        });
        let left_out = total - x.len();
        let gaps = if left_out > 0 { format!(", {left_out} rows without all numbers left out") } else { String::new() };
        let level = level(confidence);
        let mut json = json!({"cases": x.len(), "left_out": left_out, "correlations": correlations(&rows)});
        let units = clusters.as_ref().map_or(x.len(), |c| c.iter().collect::<std::collections::HashSet<_>>().len());
        let mut lines = vec![match clusters {
            Some(_) => format!("{} cases in {units} clusters{gaps}", x.len()),
            None => format!("{} cases{gaps}", x.len()),
        }];
        let few = |n: usize, what: &str| format!("Fewer than 10 {what} ({n}): the intervals are a rough guide");
        if units < 10 {
            lines.push(few(units, if clusters.is_some() { "clusters" } else { "cases" }));
        }
        if let (Some(versus), Some(other)) = (&versus, &self.versus) {
            let (line, found) = self.compare(&x, &y, versus, other);
            lines.extend(line);
            json["versus"] = found;
        }
        let mut system_cells = Vec::new();
        if let Some(systems) = systems {
            let mut sums: Vec<(f64, f64, f64)> = Vec::new();
            for ((system, x), y) in systems.iter().zip(&x).zip(&y) {
                let at = *system as usize;
                sums.resize(sums.len().max(at + 1), (0.0, 0.0, 0.0));
                sums[at] = (sums[at].0 + x, sums[at].1 + y, sums[at].2 + 1.0);
            }
            let (mx, my): (Vec<f64>, Vec<f64>) =
                sums.iter().filter(|sum| sum.2 > 0.0).map(|(x, y, n)| (x / n, y / n)).unzip();
            let rows = KINDS.map(|(name, kind)| {
                let r = coefficient(kind, &mx, &my);
                (name, r, r.and_then(|r| interval(r, mx.len(), kind, confidence)))
            });
            let accuracy = pairwise_accuracy(&mx, &my);
            let percent = accuracy.map_or_else(|| "not defined".into(), |a| format!("{:.1}%", 100.0 * a));
            lines.push(format!("{} systems: {percent} of the pairs that y orders are ordered alike by x", mx.len()));
            if mx.len() < 10 {
                lines.push(few(mx.len(), "systems"));
            }
            json["systems"] =
                json!({"count": mx.len(), "correlations": correlations(&rows), "pairwise_accuracy": accuracy});
            system_cells = cells(&rows);
        }
        Ok(Answer::new(json).lines(lines).table(&["correlation", "value", &level], cells(&rows), &[1, 2]).table(
            &["of systems' means", "value", &level],
            system_cells,
            &[1, 2],
        ))
    }

    /// Whether x or the third column correlates better with y.
    fn compare(&self, x: &[f64], y: &[f64], versus: &[f64], other: &str) -> (Vec<String>, Value) {
        let three = (pearson(x, y), pearson(versus, y), pearson(x, versus));
        let (Some(r12), Some(r13), Some(r23)) = three else {
            return (vec![format!("Whether x or {other} is better is not defined: a column is constant")], Value::Null);
        };
        let three = Overlapping { r12, r13, r23, n: x.len() };
        let (williams, steiger, zou) = (three.williams(), three.steiger(), three.zou(self.confidence.level));
        let better = match zou {
            Some(zou) if zou.lower > 0.0 => format!("{} goes better together with {} than {other}", self.x, self.y),
            Some(zou) if zou.upper < 0.0 => format!("{other} goes better together with {} than {}", self.y, self.x),
            _ => format!("{} and {other} are not told apart", self.x),
        };
        let p = williams.map_or_else(|| "–".into(), |(_, p)| format!("{p:.3e}"));
        let mut lines =
            vec![format!("{better}: Pearson {r12:.3} − {r13:.3} = {:.3} ({}), Williams' p {p}", r12 - r13, range(zou))];
        if self.cluster.is_some() {
            lines.push("This comparison takes the rows as independent: with clusters its p is too small".into());
        }
        let test = |found: Option<(f64, f64)>| found.map(|(statistic, p)| json!({"statistic": statistic, "p": p}));
        let json = json!({"column": other, "difference": r12 - r13, "interval": bounds(zou),
                          "williams": test(williams), "steiger": test(steiger), "finding": better});
        (lines, json)
    }
}

type Row = (&'static str, Option<f64>, Option<Interval>);

fn correlations(rows: &[Row]) -> Map<String, Value> {
    rows.iter().map(|(name, r, i)| ((*name).to_owned(), json!({"value": r, "interval": bounds(*i)}))).collect()
}

fn cells(rows: &[Row]) -> Vec<Vec<String>> {
    rows.iter().map(|(name, r, i)| vec![(*name).to_owned(), number(*r), range(*i)]).collect()
}
