//! `assay stats correlate`: how far two columns go together.

use std::collections::HashMap;
use std::path::PathBuf;

use assay_stats::Interval;
use assay_stats::correlation::{
    Agreement, Coefficient, Overlapping, agreement, agreement_difference, attenuation, clustered, interval, kendall,
    pairwise_accuracy, pairwise_p, pearson, soft_pairwise_accuracy, spearman,
};
use clap::Args;
use serde_json::{Map, Value, json};

use crate::answer::usage;
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
    /// A column that names each row's item, which every system has once: soft pairwise accuracy, agreement within items,
    /// and with --versus whether x agrees better than the third column (PERM-BOTH).
    #[arg(long, requires = "system")]
    item: Option<String>,
    /// More measurements of x on the same rows, such as a judge asked again: with --y-again the correlation that error-free
    /// measures would have.
    #[arg(long, value_delimiter = ',', requires = "y_again")]
    x_again: Vec<String>,
    /// More measurements of y.
    #[arg(long, value_delimiter = ',', requires = "x_again")]
    y_again: Vec<String>,
    /// Resamples of permutation tests.
    #[arg(long, default_value_t = 999, value_parser = clap::value_parser!(u32).range(99..=99_999))]
    resamples: u32,
    /// The seed of permutation tests.
    #[arg(long, default_value_t = 0)]
    seed: u64,
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
        let items = self.item.as_ref().map(|column| source.full(column)).transpose()?.map(|c| name(codes(&c)));
        let mut more = Vec::new();
        let again = self.again(&source, &mut more)?;
        let meta = match (&systems, &items) {
            (Some(systems), Some(items)) => {
                self.grids(systems, items, &[&x, &y, versus.as_deref().unwrap_or_default()], &mut more)?
            }
            _ => Value::Null,
        };
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
        lines.extend(more);
        json["attenuation"] = again;
        json["items"] = meta;
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

    /// The correlation of measures without error, from repeated measurements of both.
    fn again(&self, source: &Table, lines: &mut Vec<String>) -> Result<Value, Failure> {
        if self.x_again.is_empty() {
            return Ok(Value::Null);
        }
        let read = |first: &String, more: &[String]| -> Result<Vec<Vec<Option<f64>>>, Failure> {
            std::iter::once(first).chain(more).map(|column| source.numbers(column)).collect()
        };
        let (x, y) = (read(&self.x, &self.x_again)?, read(&self.y, &self.y_again)?);
        let row = |columns: &[Vec<Option<f64>>], at: usize| -> Option<Vec<f64>> {
            columns.iter().map(|column| column[at]).collect()
        };
        let (x, y): (Vec<Vec<f64>>, Vec<Vec<f64>>) =
            (0..source.rows()).filter_map(|at| Some((row(&x, at)?, row(&y, at)?))).unzip();
        let found = attenuation(&x, &y, self.confidence.level);
        lines.push(match found {
            Some(found) => format!(
                "without measurement error the correlation would be {:.3} ({}), on {} rows with all measurements",
                found.estimate,
                range(found.interval),
                x.len()
            ),
            None => "the correlation without measurement error is not defined: three rows and measurements that go together \
                     are needed"
                .into(),
        });
        Ok(found
            .map_or(Value::Null, |f| json!({"value": f.estimate, "interval": bounds(f.interval), "cases": x.len()})))
    }

    /// Agreement of x with y over systems × items.
    fn grids(
        &self,
        systems: &[u32],
        items: &[u32],
        columns: &[&[f64]; 3],
        lines: &mut Vec<String>,
    ) -> Result<Value, Failure> {
        let size =
            |codes: &[u32]| codes.iter().collect::<std::collections::BTreeSet<_>>().into_iter().copied().collect();
        let (s, i): (Vec<u32>, Vec<u32>) = (size(systems), size(items));
        let grid = |column: &[f64]| -> Result<Vec<Vec<f64>>, Failure> {
            let mut cells = vec![vec![None; i.len()]; s.len()];
            for ((system, item), value) in systems.iter().zip(items).zip(column) {
                let (a, b) = (s.binary_search(system).unwrap_or(0), i.binary_search(item).unwrap_or(0));
                if cells[a][b].replace(*value).is_some() {
                    return Err(usage("--item: a system has an item twice"));
                }
            }
            let full: Option<Vec<Vec<f64>>> = cells.into_iter().map(|row| row.into_iter().collect()).collect();
            full.ok_or_else(|| {
                usage(format!(
                    "--item: each of {} systems must have each of {} items, with all numbers",
                    s.len(),
                    i.len()
                ))
            })
        };
        let (x, y) = (grid(columns[0])?, grid(columns[1])?);
        let p = |rows: &[Vec<f64>]| pairwise_p(rows, self.resamples, self.seed);
        let soft = p(&x).zip(p(&y)).and_then(|(x, y)| soft_pairwise_accuracy(&x, &y));
        lines.push(format!(
            "soft pairwise accuracy {}: how alike x and y are sure of which system is better",
            number(soft)
        ));
        let mut levels = Map::new();
        for (name, of) in [("of systems' means", Agreement::System), ("within items", Agreement::Item)] {
            let value = agreement(&x, &y, of, pearson);
            let key = if of == Agreement::System { "system" } else { "item" };
            let mut entry = json!({"pearson": value});
            if let (false, Some(other)) = (columns[2].is_empty(), &self.versus) {
                let third = grid(columns[2])?;
                let found = agreement_difference(&x, &third, &y, of, pearson, self.resamples, self.seed);
                lines.push(match found {
                    Some((gain, p)) => {
                        format!(
                            "{name}: Pearson {} for {}, {gain:+.3} against {other}, one-sided p {p:.4} (PERM-BOTH)",
                            number(value),
                            self.x
                        )
                    }
                    None => format!("{name}: no comparison with {other}: a correlation is not defined"),
                });
                entry["versus"] = json!({"column": other, "gain": found.map(|f| f.0), "p": found.map(|f| f.1)});
            } else {
                lines.push(format!("{name}: Pearson {}", number(value)));
            }
            levels.insert(key.into(), entry);
        }
        Ok(json!({"systems": s.len(), "items": i.len(), "soft_pairwise_accuracy": soft, "agreement": levels}))
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
