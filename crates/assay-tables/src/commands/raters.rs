//! `assay stats raters`: how good and how strict each rater is, and labels that weigh them.

use std::collections::HashMap;
use std::path::PathBuf;

use assay_stats::Item;
use assay_stats::design::{Pace, Run, Speed, Timed, longest_run, speed};
use assay_stats::drift::change::{Detector as _, alarms};
use assay_stats::drift::chart::BernoulliCusum;
use assay_stats::mean::intraclass_correlation;
use assay_stats::multiplicity::holm;
use assay_stats::raters::{
    Score, Vote, conger_interval, dawid_skene, gold_accuracy, mace, most_probable, raters_for, severity, shares,
    spearman_brown, two_way_mean,
};
use clap::Args;
use serde_json::{Value, json};

use super::judge::numbered;
use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Labels by Dawid and Skene's model next to the majority, each rater's accuracy and competence (MACE), severity where
/// ratings are numbers, accuracy on gold items, and how many raters an item needs. `--time` and `--runs` look for raters
/// who do not read: flags to be looked at, on which nothing is dropped and the exit code does not depend.
#[derive(Args)]
pub struct Raters {
    /// A table with a row per rating, or with `--raters` a row per item.
    file: PathBuf,
    /// The raters' columns, when a row is an item.
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["item", "rater", "rating"])]
    raters: Vec<String>,
    /// The column that names the item, when a row is a rating.
    #[arg(long, default_value = "item")]
    item: String,
    /// The column that names the rater.
    #[arg(long, default_value = "rater")]
    rater: String,
    /// The column of the rating.
    #[arg(long, default_value = "rating")]
    rating: String,
    /// A column of the true label of hidden gold items, empty for others.
    #[arg(long)]
    gold: Option<String>,
    /// A column of the period, such as the week, for drift of severity.
    #[arg(long)]
    period: Option<String>,
    /// Fail (exit code 1) when a rater's accuracy on gold is below this, by the upper bound.
    #[arg(long, default_value_t = 0.8)]
    threshold: f64,
    /// With --gold, chart each rater's errors on gold in the order of rows (CUSUM for rates): the error rate to be found,
    /// such as 0.3. The quiet rate is that of all raters together.
    #[arg(long, requires = "gold")]
    bad: Option<f64>,
    /// One false alarm of a rater's chart per so many gold answers.
    #[arg(long, default_value_t = 500.0, requires = "bad")]
    every: f64,
    /// A column of the time that a rating took, in any unit: flags ratings that are faster than their item allows, and
    /// raters who have more of them than chance explains.
    #[arg(long, conflicts_with = "raters")]
    time: Option<String>,
    /// The share of fast ratings that is flagged.
    #[arg(long, default_value_t = 0.01, requires = "time")]
    fast: f64,
    /// Each rater's longest run of one label in the order of rows, with its chance (straight-lining). Raters must have
    /// had the items in random order, and rows must be in the order of work.
    #[arg(long)]
    runs: bool,
    /// The reliability that the mean of an item's ratings shall have.
    #[arg(long, default_value_t = 0.8)]
    target: f64,
    /// The seed of MACE's random starts.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    confidence: Confidence,
}

/// One rating with the names of what it is about.
struct Given {
    item: String,
    rater: String,
    rating: String,
    gold: Option<String>,
    period: String,
    time: Option<f64>,
}

/// By rater the longest run, where there are ratings, and its chance by Holm over raters.
type Runs = Vec<Option<(Run, f64)>>;

/// How fast ratings were given.
struct Paces {
    found: Speed,
    /// The row of each rating that has a time.
    rows: Vec<usize>,
    /// Each rater's place among those of `found`.
    raters: HashMap<String, usize>,
}

impl Paces {
    fn of(&self, rater: &str) -> Option<Pace> {
        self.raters.get(rater).map(|at| self.found.raters[*at])
    }

    /// Rows that are fast, with their ratio, the fastest first.
    fn flagged(&self) -> Vec<(usize, f64)> {
        let mut flagged: Vec<(usize, f64)> = (0..self.rows.len())
            .filter(|i| self.found.fast[*i])
            .map(|i| (self.rows[i], self.found.ratios[i]))
            .collect();
        flagged.sort_by(|a, b| a.1.total_cmp(&b.1));
        flagged
    }

    /// Raters with more of them than chance explains.
    fn hasty(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self
            .raters
            .iter()
            .filter(|(_, at)| self.found.raters[**at].adjusted < 0.05)
            .map(|(name, _)| name.as_str())
            .collect();
        names.sort_unstable();
        names.into_iter()
    }
}

impl Raters {
    pub fn answer(self) -> Result<Answer, Failure> {
        let given = self.given(&Table::read(&self.file)?)?;
        let confidence = self.confidence.level;
        let names = |of: fn(&Given) -> &String| -> (Vec<u32>, Vec<String>) {
            let all: Vec<String> = given.iter().map(|g| of(g).clone()).collect();
            let numbers = numbered(&all);
            let mut names = vec![String::new(); numbers.iter().max().map_or(0, |last| *last as usize + 1)];
            numbers.iter().zip(all).for_each(|(number, name)| names[*number as usize] = name);
            (numbers, names)
        };
        let ((items, item_names), (raters, rater_names)) = (names(|g| &g.item), names(|g| &g.rater));
        if rater_names.len() < 2 {
            return Err(usage(format!("{}: there is one rater; two or more are needed", self.file.display())));
        }
        let mut labels: Vec<&String> = given.iter().map(|g| &g.rating).collect();
        labels.sort();
        labels.dedup();
        let scores: Option<Vec<f64>> =
            given.iter().map(|g| g.rating.trim().parse::<f64>().ok().filter(|v| v.is_finite())).collect();
        let votes: Vec<Vote> = given
            .iter()
            .enumerate()
            .map(|(i, g)| Vote {
                item: items[i] as usize,
                rater: raters[i] as usize,
                label: labels.binary_search(&&g.rating).unwrap_or_default(),
            })
            .collect();
        let mut seen: Vec<(usize, usize)> = votes.iter().map(|v| (v.item, v.rater)).collect();
        seen.sort_unstable();
        let twice = seen.windows(2).filter(|pair| pair[0] == pair[1]).count();
        // Continuous scores are no labels.
        let classes = labels.len();
        let fit = (classes <= 50).then(|| dawid_skene(&votes, classes, 100, 1e-5)).flatten();
        let trust = (classes <= 50).then(|| mace(&votes, classes, 10, self.seed)).flatten();
        let (majority, fitted) = (
            shares(&votes, classes).map(|rows| most_probable(&rows)),
            fit.as_ref().map(|fit| most_probable(&fit.posteriors)),
        );
        let word = |label: Option<usize>| label.map(|at| labels[at].clone());
        let mut changed = Vec::new();
        if let (Some(majority), Some(fitted), Some(fit)) = (&majority, &fitted, &fit) {
            for (i, (before, after)) in majority.iter().zip(fitted).enumerate() {
                if before != after {
                    let chance = after.map(|at| fit.posteriors[i][at]);
                    changed.push((item_names[i].clone(), word(*before), word(*after), chance));
                }
            }
        }
        let periods = names(|g| &g.period);
        let rows: Option<Vec<Score>> = scores.as_ref().map(|scores| {
            let score = |i: usize| Score {
                item: items[i] as usize,
                rater: raters[i] as usize,
                period: periods.0[i] as usize,
                score: scores[i],
            };
            (0..scores.len()).map(score).collect()
        });
        let strict = rows.as_ref().and_then(|rows| severity(rows, confidence));
        let mean = rows.as_ref().and_then(|rows| two_way_mean(rows, confidence));
        let single = rows.as_ref().and_then(|rows| {
            let items: Vec<Item> = rows
                .iter()
                .map(|s| Item { value: s.score, repeats: 1, cluster: Some(s.item as u32), weight: 1.0 })
                .collect();
            intraclass_correlation(&items)
        });
        let needed = single.and_then(|single| raters_for(single, self.target));
        let mut wide = vec![vec![None; rater_names.len()]; item_names.len()];
        votes.iter().for_each(|v| wide[v.item][v.rater] = Some(v.label as f64));
        let kappa = conger_interval(&wide, confidence);
        let pace = self.pace(&given)?;
        let runs = self.runs(&votes, classes, rater_names.len())?;
        let mut alarm = Vec::new();
        let mut chart = self.bad.map(|bad| self.chart(&given, bad)).transpose()?;
        let mut slips: Vec<String> = Vec::new();
        let (mut cells, mut json_raters): (Vec<Vec<String>>, Vec<Value>) = (Vec::new(), Vec::new());
        for (r, name) in rater_names.iter().enumerate() {
            let own: Vec<&Given> =
                given.iter().enumerate().filter(|(i, _)| raters[*i] as usize == r).map(|(_, g)| g).collect();
            let graded: Vec<bool> = own.iter().filter_map(|g| Some(g.gold.as_ref()? == &g.rating)).collect();
            let hits = graded.iter().filter(|hit| **hit).count() as u64;
            let slipped = match &mut chart {
                Some(chart) => {
                    chart.reset();
                    let errors: Vec<f64> = graded.iter().map(|hit| f64::from(u8::from(!hit))).collect();
                    alarms(chart, &errors).map_err(|why| usage(why.to_string()))?
                }
                None => Vec::new(),
            };
            if let Some(first) = slipped.first() {
                slips.push(format!("{name} from gold answer {} on", first + 1));
            }
            let gold = gold_accuracy(hits, graded.len() as u64 - hits, confidence).filter(|_| !graded.is_empty());
            if gold.is_some_and(|(_, interval)| interval.upper < self.threshold) {
                alarm.push(name.clone());
            }
            let accuracy = fit.as_ref().and_then(|fit| fit.accuracy(r));
            let competence = trust.as_ref().map(|fit| fit.competence[r]);
            let effect = strict.as_ref().map(|s| s.raters[r]);
            json_raters.push(json!({
                "rater": name, "ratings": own.len(), "accuracy": accuracy, "competence": competence,
                "severity": effect.map(|e| json!({"value": e.effect, "interval": bounds(e.interval)})),
                "gold": gold.map(|(mean, i)| json!({"items": graded.len(), "right": hits, "value": mean, "interval": bounds(i)})),
                "gold_alarms": slipped.iter().map(|at| at + 1).collect::<Vec<_>>(),
                "speed": pace.as_ref().and_then(|pace| pace.of(name)).map(|p| json!({
                    "ratings": p.ratings, "fast": p.fast, "p": p.p, "adjusted": p.adjusted})),
                "longest_run": runs.as_ref().and_then(|runs| runs[r]).map(|(run, adjusted)| json!({
                    "length": run.length, "p": run.p, "adjusted": adjusted})),
            }));
            let mut row = vec![name.clone(), own.len().to_string(), number(accuracy), number(competence)];
            if strict.is_some() {
                row.push(effect.map_or_else(|| "–".into(), |e| format!("{:+.3} ({})", e.effect, range(e.interval))));
            }
            if self.gold.is_some() {
                row.push(
                    gold.map_or_else(|| "–".into(), |(_, i)| format!("{hits} of {} ({})", graded.len(), range(i))),
                );
            }
            if let Some(pace) = &pace {
                row.push(pace.of(name).map_or_else(|| "–".into(), |p| format!("{} of {}", p.fast, p.ratings)));
            }
            if let Some(runs) = &runs {
                row.push(
                    runs[r].map_or_else(|| "–".into(), |(run, p)| format!("{} (p {})", run.length, number(Some(p)))),
                );
            }
            cells.push(row);
        }
        let mut lines = Vec::new();
        if let Some(fit) = &fit {
            lines.push(format!(
                "{} of {} items change their label against the majority (ties count as no label){}",
                changed.len(),
                item_names.len(),
                if fit.switched { "; fitted classes had changed names and got them back" } else { "" }
            ));
            let thin = (0..rater_names.len()).filter(|r| votes.iter().filter(|v| v.rater == *r).count() < 20).count();
            if rater_names.len() < 5 || thin > 0 {
                lines.push(format!(
                    "weigh this with care: Dawid and Skene's model wants five raters with twenty labels each, here are \
                     {} raters, {thin} of them with fewer",
                    rater_names.len()
                ));
            }
        }
        if let Some(k) = &kappa {
            lines.push(format!("Conger's κ {:.3} ({})", k.estimate, range(k.interval)));
        }
        if let Some(m) = &mean {
            let only = if m.few_raters { "; few raters, so it is about these raters only" } else { "" };
            lines.push(format!("mean {:.3} ({}) over items and raters{only}", m.mean, range(m.interval)));
        }
        if let Some(single) = single {
            let usual = given.len() as f64 / item_names.len() as f64;
            let now = spearman_brown(single, usual);
            lines.push(match needed {
                Some(needed) => format!(
                    "one rating has the reliability {single:.3}, the mean of {usual:.1} ratings {}; {} needs {needed} ratings \
                     an item",
                    number(now),
                    self.target
                ),
                None => format!("one rating has the reliability {single:.3}: no number of raters reaches {}", self.target),
            });
        }
        if twice > 0 {
            lines.push(format!("{twice} ratings repeat an item and rater; each counts"));
        }
        if rows.is_some() && strict.is_none() {
            lines.push("severity is not defined: no chain of shared items connects the raters".into());
        }
        if !alarm.is_empty() {
            lines.push(format!("below {} on gold, by the upper bound: {}", self.threshold, alarm.join(", ")));
        }
        if !slips.is_empty() {
            lines.push(format!("errs more than before (CUSUM): {}", slips.join("; ")));
        } else if let Some(chart) = &chart {
            lines.push(format!("no rater errs more than before (CUSUM, limit {})", chart.limit));
        }
        let mut hasty = Vec::new();
        if let Some(pace) = &pace {
            hasty = pace.flagged();
            lines.push(format!(
                "{} ratings took less than {} of what their item takes others: look at them, do not drop them",
                hasty.len(),
                number(Some(pace.found.limit))
            ));
            let names: Vec<&str> = pace.hasty().collect();
            if !names.is_empty() {
                lines.push(format!("fast more often than chance explains (5%, Holm): {}", names.join(", ")));
            }
        }
        if let Some(runs) = &runs {
            let names: Vec<&str> = (0..runs.len())
                .filter(|r| runs[*r].is_some_and(|(_, adjusted)| adjusted < 0.05))
                .map(|r| rater_names[r].as_str())
                .collect();
            lines.push(if names.is_empty() {
                "nobody's runs of one label are longer than chance explains (5%, Holm)".into()
            } else {
                format!("runs of one label longer than chance explains (5%, Holm): {}", names.join(", "))
            });
        }
        let json = json!({
            "items": item_names.len(), "ratings": given.len(), "raters": json_raters,
            "changed": changed.iter().map(|(item, before, after, chance)| json!({
                "item": item, "majority": before, "label": after, "probability": chance})).collect::<Vec<_>>(),
            "labels": fitted.as_ref().map(|fitted| fitted.iter().zip(&item_names).map(|(label, item)| json!({
                "item": item, "label": word(*label)})).collect::<Vec<_>>()),
            "iterations": fit.as_ref().map(|fit| fit.iterations), "converged": fit.as_ref().map(|fit| fit.converged),
            "mace_log_likelihood": trust.as_ref().map(|fit| fit.log_likelihood),
            "conger": kappa.map(|k| json!({"value": k.estimate, "interval": bounds(k.interval)})),
            "mean": mean.map(|m| json!({"value": m.mean, "interval": bounds(m.interval), "few_raters": m.few_raters})),
            "fast": pace.as_ref().map(|pace| json!({"limit": pace.found.limit, "ratings": hasty.iter().map(|(i, ratio)| json!({
                "item": given[*i].item, "rater": given[*i].rater, "time": given[*i].time, "ratio": ratio}))
                .collect::<Vec<_>>()})),
            "reliability": single, "raters_needed": needed, "suspend": alarm,
            "periods": strict.as_ref().map(|s| s.periods.iter().zip(&periods.1).map(|(e, name)| json!({
                "period": name, "value": e.effect, "interval": bounds(e.interval)})).collect::<Vec<_>>()),
        });
        let gold = format!("right on gold, {}", level(confidence));
        let severe = format!("severity, {}", level(confidence));
        let mut header = vec!["rater", "ratings", "accuracy", "competence"];
        if strict.is_some() {
            header.push(&severe);
        }
        if self.gold.is_some() {
            header.push(&gold);
        }
        if pace.is_some() {
            header.push("fast");
        }
        if runs.is_some() {
            header.push("longest run");
        }
        let of_periods = strict.iter().flat_map(|s| s.periods.iter().zip(&periods.1));
        let drift =
            of_periods.map(|(e, name)| vec![name.clone(), format!("{:+.3}", e.effect), range(e.interval)]).collect();
        let shown = changed.iter().take(20).map(|(item, before, after, chance)| {
            let label = |label: &Option<String>| label.clone().unwrap_or_else(|| "tie".into());
            vec![item.clone(), label(before), label(after), number(*chance)]
        });
        let swift = hasty.iter().take(20).map(|(i, ratio)| {
            vec![given[*i].item.clone(), given[*i].rater.clone(), number(given[*i].time), number(Some(*ratio))]
        });
        let right: Vec<usize> = (1..header.len()).collect();
        Ok(Answer::new(json)
            .lines(lines)
            .table(&header, cells, &right)
            .table(&["period", "effect", &level(confidence)], drift, &[1, 2])
            .table(&["item", "rater", "time", "of the usual"], swift.collect(), &[2, 3])
            .table(&["item", "majority", "label", "probability"], shown.collect(), &[3])
            .alarm(!alarm.is_empty() || !slips.is_empty()))
    }

    /// How fast ratings were given, where `--time` says so.
    fn pace(&self, given: &[Given]) -> Result<Option<Paces>, Failure> {
        let Some(column) = &self.time else { return Ok(None) };
        let rows: Vec<usize> = (0..given.len()).filter(|i| given[*i].time.is_some()).collect();
        let numbers = |of: fn(&Given) -> &String| {
            let names: Vec<String> = rows.iter().map(|i| of(&given[*i]).clone()).collect();
            (numbered(&names), names)
        };
        let ((items, _), (raters, names)) = (numbers(|g| &g.item), numbers(|g| &g.rater));
        let timed = |(place, i): (usize, &usize)| Timed {
            item: items[place] as usize,
            rater: raters[place] as usize,
            time: given[*i].time.unwrap_or(f64::NAN),
        };
        let times: Vec<Timed> = rows.iter().enumerate().map(timed).collect();
        if let Some(bad) = times.iter().find(|t| t.time <= 0.0) {
            return Err(usage(format!("`{column}` is {}: times are above 0", bad.time)));
        }
        let found = speed(&times, self.fast)
            .ok_or_else(|| usage(format!("`{column}` has no time, or --fast is not a share such as 0.01")))?;
        let names = names.into_iter().zip(raters).map(|(name, rater)| (name, rater as usize)).collect();
        Ok(Some(Paces { found, rows, raters: names }))
    }

    /// Each rater's longest run, and its chance by Holm over raters.
    fn runs(&self, votes: &[Vote], classes: usize, raters: usize) -> Result<Option<Runs>, Failure> {
        if !self.runs {
            return Ok(None);
        }
        if classes > 50 {
            return Err(usage("--runs is for labels: there are over 50 different ratings"));
        }
        let mut shares = vec![0.0; classes];
        votes.iter().for_each(|vote| shares[vote.label] += 1.0 / votes.len() as f64);
        let of = |rater: usize| {
            let labels: Vec<usize> = votes.iter().filter(|v| v.rater == rater).map(|v| v.label).collect();
            longest_run(&labels, &shares)
        };
        let runs: Vec<Option<Run>> = (0..raters).map(of).collect();
        let adjusted = holm(&runs.iter().map(|run| run.map_or(f64::NAN, |run| run.p)).collect::<Vec<_>>());
        Ok(Some(runs.into_iter().zip(adjusted).map(|(run, p)| run.map(|run| (run, p))).collect()))
    }

    /// A chart of errors on gold, from the rate of all raters to `bad`.
    fn chart(&self, given: &[Given], bad: f64) -> Result<BernoulliCusum, Failure> {
        let graded: Vec<bool> = given.iter().filter_map(|g| Some(g.gold.as_ref()? == &g.rating)).collect();
        let errors = graded.iter().filter(|hit| !**hit).count() as f64;
        // Half an error more: nobody's rate is 0.
        let good = (errors + 0.5) / (graded.len() as f64 + 1.0);
        BernoulliCusum::design(good, bad, self.every).map_err(|why| {
            usage(format!(
                "--bad {bad} --every {}: {why}; --bad is above the raters' error rate on gold, {good:.3}, and below 1",
                self.every
            ))
        })
    }

    fn given(&self, source: &Table) -> Result<Vec<Given>, Failure> {
        let optional = |name: &Option<String>| name.as_deref().map(|column| source.texts(column)).transpose();
        let (gold, period) = (optional(&self.gold)?, optional(&self.period)?);
        let time = self.time.as_deref().map(|column| source.numbers(column)).transpose()?;
        let mut given = Vec::new();
        let mut add = |i: usize, item: String, rater: &str, rating: Option<String>| {
            let Some(rating) = rating else { return };
            let of = |column: &Option<Vec<Option<String>>>| column.as_ref().and_then(|column| column[i].clone());
            let period = of(&period).unwrap_or_default();
            let time = time.as_ref().and_then(|time| time[i]);
            given.push(Given { item, rater: rater.to_owned(), rating, gold: of(&gold), period, time });
        };
        if self.raters.is_empty() {
            let (item, rater, rating) =
                (source.full(&self.item)?, source.full(&self.rater)?, source.texts(&self.rating)?);
            for (i, ((item, rater), rating)) in item.into_iter().zip(&rater).zip(rating).enumerate() {
                add(i, item, rater, rating);
            }
        } else {
            if self.raters.len() < 2 {
                return Err(usage("--raters needs two or more columns"));
            }
            for name in &self.raters {
                for (i, rating) in source.texts(name)?.into_iter().enumerate() {
                    add(i, format!("row {}", i + 1), name, rating);
                }
            }
        }
        if given.is_empty() {
            return Err(usage(format!("{}: no row has a rating", self.file.display())));
        }
        Ok(given)
    }
}
