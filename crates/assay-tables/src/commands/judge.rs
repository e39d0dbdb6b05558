//! `assay stats judge`: what a judge is worth, compared with people.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_stats::agreement::{Chance, Level, Weights, cohen, kappa, krippendorff_interval};
use assay_stats::calibration::{
    DoubleSample, Label, double_sampling, flip_rate, label_multiplier, position_bias, prediction_powered,
};
use assay_stats::correlation::pearson;
use assay_stats::judges::{
    Alignment, Evidence, Grade, Sampled, Stratum, active_mean, alt_test, grade, group_difference,
    stratified_prediction_powered, verbosity,
};
use assay_stats::proportion::{critical, wilson};
use assay_stats::raters::{Vote, most_probable, shares};
use assay_stats::{Interval, Item, Kind, level as rate_of};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Agreement with people, errors by class, bias overall and by arm, the corrected value, and the grade of trust that the
/// labels support. Rows with a verdict of the judge but none of people are used to correct its rate; the labelled rows
/// must be a random part of all, or of each `--stratum`, or drawn with a known `--chance`. With `--pair` the difference
/// between two arms, corrected by the labels of both (paired PPI++).
#[derive(Args)]
pub struct Judge {
    /// A table with a row per case.
    file: PathBuf,
    /// The column of the judge's verdicts or scores.
    #[arg(long)]
    judge: String,
    /// The column of people's.
    #[arg(long, required_unless_present = "people")]
    human: Option<String>,
    /// Columns of single annotators: their agreement with each other, the alt-test, and their majority (mean, for
    /// numbers) where `--human` is not given.
    #[arg(long, value_delimiter = ',')]
    people: Vec<String>,
    /// The column of the arm, such as baseline and candidate.
    #[arg(long)]
    arm: Option<String>,
    /// The column that names the item that both arms answered: corrects the difference of the arms.
    #[arg(long, requires = "arm")]
    pair: Option<String>,
    /// The column of strata that labels were drawn from at different rates: corrects within each (stratified PPI++).
    #[arg(long)]
    stratum: Option<String>,
    /// The column of the chance with which each row was drawn to be labelled, as `assay stats sample` gives it: corrects
    /// by weights.
    #[arg(long, conflicts_with = "stratum")]
    chance: Option<String>,
    /// A column that groups cases that are not independent, such as the item when both arms answered it.
    #[arg(long)]
    cluster: Option<String>,
    /// The column of the length of the judged answer; for pairs ln(length of first) − ln(length of second).
    #[arg(long)]
    length: Option<String>,
    /// A column of the judge's verdicts on the same cases when asked again.
    #[arg(long)]
    repeat: Option<String>,
    /// A column of the judge's verdicts with the order of the pair turned round, in the names of the first order.
    #[arg(long)]
    swapped: Option<String>,
    /// Which of two verdicts counts as a pass.
    #[arg(long)]
    positive: Option<String>,
    /// Numbers are names of classes, such as 1 and 2 for the better answer and 0 for a tie, and not scores.
    #[arg(long)]
    classes: bool,
    /// The margin of the comparisons that the judge is to decide.
    #[arg(long, default_value_t = 0.05)]
    margin: f64,
    /// What a person costs more, for the alt-test: 0.2 for experts, 0.15 for skilled, 0.1 for crowd annotators.
    #[arg(long, default_value_t = 0.15)]
    epsilon: f64,
    /// Fail (exit code 1) when the judge is below this grade.
    #[arg(long, value_enum)]
    need: Option<Needed>,
    #[command(flatten)]
    confidence: Confidence,
}

#[derive(Clone, Copy, ValueEnum)]
enum Needed {
    /// Trends and drift alerts
    C,
    /// Comparisons
    B,
    /// Gates
    A,
}

/// How rows were drawn to be labelled.
enum Drawn {
    /// At one rate within each stratum.
    Strata(Vec<String>),
    /// Each with its own chance.
    Chances(Vec<f64>),
}

/// Verdicts as numbers: 0 and 1 of two, places in order of several words, numbers of scores.
struct Coded {
    words: Vec<String>,
    scale: Scale,
}

#[derive(Clone, Copy, PartialEq)]
enum Scale {
    Binary,
    Words,
    Numbers,
}

const PASSES: [&str; 9] = ["1", "1.0", "true", "pass", "yes", "correct", "good", "win", "supported"];

impl Coded {
    fn of(columns: &[&Vec<Option<String>>], positive: Option<&str>, classes: bool) -> Result<Self, Failure> {
        let mut words: Vec<String> =
            columns.iter().flat_map(|column| column.iter().flatten()).map(|word| word.trim().to_owned()).collect();
        words.sort();
        words.dedup();
        if words.len() > 2 {
            let numbers = !classes && words.iter().all(|word| word.parse::<f64>().is_ok_and(f64::is_finite));
            if positive.is_some() {
                return Err(usage(format!(
                    "--positive is for two verdicts; there are {}: {}",
                    words.len(),
                    words.iter().take(6).cloned().collect::<Vec<_>>().join(", ")
                )));
            }
            return Ok(Self { words, scale: if numbers { Scale::Numbers } else { Scale::Words } });
        }
        let pass = match positive {
            Some(word) if words.iter().any(|w| w == word) => word.to_owned(),
            Some(word) => {
                return Err(usage(format!("--positive: no verdict is `{word}`; they are {}", words.join(", "))));
            }
            None => {
                let usual = words.iter().find(|w| PASSES.contains(&w.to_lowercase().as_str()));
                usual.or(words.last()).cloned().ok_or_else(|| usage("no row has a verdict"))?
            }
        };
        let fail = words.into_iter().find(|w| *w != pass).unwrap_or_else(|| format!("not {pass}"));
        Ok(Self { words: vec![fail, pass], scale: Scale::Binary })
    }

    fn code(&self, cell: &Option<String>) -> Option<f64> {
        let word = cell.as_ref()?.trim();
        match self.scale {
            Scale::Numbers => word.parse().ok(),
            _ => self.words.iter().position(|w| w == word).map(|at| at as f64),
        }
    }
}

impl Judge {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let judge = source.texts(&self.judge)?;
        let human = self.human.as_deref().map(|column| source.texts(column)).transpose()?;
        let people = self.people.iter().map(|column| source.texts(column)).collect::<Result<Vec<_>, _>>()?;
        let again = [&self.repeat, &self.swapped].map(|name| name.as_deref().map(|column| source.texts(column)));
        let [repeat, swapped] = again;
        let (repeat, swapped) = (repeat.transpose()?, swapped.transpose()?);
        let arm = self.arm.as_deref().map(|column| source.full(column)).transpose()?;
        let lengths = self.length.as_deref().map(|column| source.numbers(column)).transpose()?;
        let clusters = match &self.cluster {
            Some(column) => Some(numbered(&source.full(column)?)),
            None => None,
        };
        let mut all = vec![&judge];
        all.extend(human.iter().chain(&people).chain(&repeat).chain(&swapped));
        let coded = Coded::of(&all, self.positive.as_deref(), self.classes)?;
        let f: Vec<Option<f64>> = judge.iter().map(|cell| coded.code(cell)).collect();
        let rated: Vec<Vec<Option<f64>>> =
            (0..f.len()).map(|i| people.iter().map(|column| coded.code(&column[i])).collect()).collect();
        let y: Vec<Option<f64>> = match &human {
            Some(human) => human.iter().map(|cell| coded.code(cell)).collect(),
            None => rated.iter().map(|row| together(row, &coded)).collect(),
        };
        let both: Vec<usize> = (0..f.len()).filter(|i| f[*i].is_some() && y[*i].is_some()).collect();
        if both.is_empty() {
            return Err(usage(format!("{}: no row has a verdict of both the judge and people", self.file.display())));
        }
        let confidence = self.confidence.level;
        let (fl, yl): (Vec<f64>, Vec<f64>) = both.iter().filter_map(|i| Some((f[*i]?, y[*i]?))).unzip();
        let cluster = |i: usize| clusters.as_ref().map(|c| c[i]);
        let item = |value: f64, i: usize| Item { value, repeats: 1, cluster: cluster(i), weight: 1.0 };
        let mut json = Map::new();
        let mut evidence = Evidence { labels: both.len() as u64, margin: self.margin, ..Evidence::default() };
        let unreadable = f.iter().filter(|v| v.is_none()).count();
        evidence.parse_failures = Some(unreadable as f64 / f.len() as f64);
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut add =
            |json: &mut Map<String, Value>, key: &str, name: &str, value: Option<f64>, i: Option<Interval>| {
                json.insert(key.into(), json!({"value": value, "interval": bounds(i)}));
                rows.push(vec![name.into(), number(value), range(i)]);
            };
        // Agreement.
        let pairs: Vec<Vec<Option<f64>>> = fl.iter().zip(&yl).map(|(f, y)| vec![Some(*f), Some(*y)]).collect();
        let same: Vec<Item> = both.iter().map(|i| item(f64::from(u8::from(f[*i] == y[*i])), *i)).collect();
        let numbers = coded.scale == Scale::Numbers;
        let raw = rate_of(&same, Kind::Binary, confidence);
        add(&mut json, "agreement", "says the same as people", raw.value, raw.interval);
        let alpha_level = if numbers { Level::Interval } else { Level::Nominal };
        let alpha = krippendorff_interval(&pairs, alpha_level, confidence);
        add(&mut json, "alpha", "Krippendorff's α", alpha.map(|a| a.estimate), alpha.map(|a| a.interval));
        evidence.agreement = alpha.map(|a| a.interval.lower);
        if !numbers {
            let categories: Vec<f64> = (0..coded.words.len()).map(|k| k as f64).collect();
            let ac = kappa(&pairs, &categories, Chance::Gwet, Weights::Identity);
            let interval = ac.and_then(|c| c.interval(confidence));
            add(&mut json, "ac1", "Gwet's AC1", ac.map(|c| c.value), interval);
            let lower = interval.map(|i| i.lower);
            evidence.agreement = evidence.agreement.into_iter().chain(lower).reduce(f64::max);
            let k = cohen(&fl, &yl, Weights::Identity);
            add(&mut json, "kappa", "Cohen's κ", k.map(|c| c.value), k.and_then(|c| c.interval(confidence)));
        } else {
            let r = pearson(&fl, &yl);
            let kind = assay_stats::correlation::Coefficient::Pearson;
            let i = r.and_then(|r| assay_stats::correlation::interval(r, fl.len(), kind, confidence));
            add(&mut json, "correlation", "correlation with people", r, i);
        }
        if people.len() > 1 {
            let between = krippendorff_interval(&rated, alpha_level, confidence);
            let (value, i) = (between.map(|a| a.estimate), between.map(|a| a.interval));
            add(&mut json, "alpha_people", "α of people among each other", value, i);
        }
        // Errors by class.
        let mut confusion_rows = Vec::new();
        if coded.scale == Scale::Binary {
            let rate = |of: &dyn Fn(f64, f64) -> Option<f64>| {
                let items: Vec<Item> = both.iter().filter_map(|i| Some(item(of(f[*i]?, y[*i]?)?, *i))).collect();
                rate_of(&items, Kind::Binary, confidence)
            };
            let agree = |f: f64, y: f64| f64::from(u8::from(f == y));
            let sensitivity = rate(&|f, y| (y == 1.0).then(|| agree(f, y)));
            let specificity = rate(&|f, y| (y == 0.0).then(|| agree(f, y)));
            let ppv = rate(&|f, y| (f == 1.0).then(|| agree(f, y)));
            let npv = rate(&|f, y| (f == 0.0).then(|| agree(f, y)));
            for (key, name, found) in [
                ("sensitivity", format!("passes what people pass (`{}`)", coded.words[1]), &sensitivity),
                ("specificity", format!("fails what people fail (`{}`)", coded.words[0]), &specificity),
                ("ppv", "its passes that are right".into(), &ppv),
                ("npv", "its fails that are right".into(), &npv),
            ] {
                add(&mut json, key, &name, found.value, found.interval);
            }
            evidence.sensitivity = sensitivity.interval.map(|i| i.lower);
            evidence.specificity = specificity.interval.map(|i| i.lower);
            let count = |f: f64, y: f64| fl.iter().zip(&yl).filter(|(a, b)| **a == f && **b == y).count();
            let cells = [[count(0.0, 0.0), count(1.0, 0.0)], [count(0.0, 1.0), count(1.0, 1.0)]];
            evidence.rarer_class = cells.iter().map(|row| (row[0] + row[1]) as u64).min().unwrap_or(0);
            json.insert(
                "confusion".into(),
                json!({"verdicts": coded.words, "rows": "people", "columns": "judge", "counts": cells}),
            );
            for (y, row) in cells.iter().enumerate() {
                let mut cells = vec![format!("people: {}", coded.words[y])];
                for (f, count) in row.iter().enumerate() {
                    let found = rate(&|a, b| (b == y as f64).then(|| f64::from(u8::from(a == f as f64))));
                    cells.push(format!("{count} ({})", range(found.interval)));
                }
                confusion_rows.push(cells);
            }
        } else if coded.scale == Scale::Words {
            let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
            yl.iter().for_each(|y| *counts.entry(*y as u64).or_default() += 1);
            evidence.rarer_class = counts.values().copied().min().unwrap_or(0);
        } else {
            // Scores have no rarer class.
            evidence.rarer_class = evidence.labels;
        }
        // Bias.
        let mut notes: Vec<String> = Vec::new();
        if coded.scale != Scale::Words {
            let residual: Vec<f64> = fl.iter().zip(&yl).map(|(f, y)| f - y).collect();
            let kind = if numbers { Kind::Unbounded } else { Kind::Bounded { lo: -1.0, hi: 1.0 } };
            let of = |wanted: Option<&str>| {
                let chosen = both.iter().zip(&residual).filter(|(i, _)| match (&arm, wanted) {
                    (Some(arm), Some(wanted)) => arm[**i] == wanted,
                    _ => true,
                });
                rate_of(&chosen.map(|(i, r)| item(*r, *i)).collect::<Vec<_>>(), kind, confidence)
            };
            let bias = of(None);
            add(&mut json, "bias", "judge − people", bias.value, bias.interval);
            if let Some(arm) = &arm {
                let mut arms: Vec<&String> = both.iter().map(|i| &arm[*i]).collect();
                arms.sort();
                let sizes: Vec<u64> = arms.chunk_by(|a, b| a == b).map(|same| same.len() as u64).collect();
                arms.dedup();
                let mut by_arm = Map::new();
                for name in &arms {
                    let found = of(Some(name));
                    add(&mut by_arm, name, &format!("judge − people in {name}"), found.value, found.interval);
                }
                json.insert("bias_by_arm".into(), Value::Object(by_arm));
                evidence.smaller_arm = sizes.iter().copied().min().filter(|_| arms.len() > 1);
                if let [first, other] = arms[..] {
                    let second: Vec<bool> = both.iter().map(|i| arm[*i] == *other).collect();
                    let own: Vec<u32> = both.iter().map(|i| cluster(*i).unwrap_or(*i as u32)).collect();
                    match group_difference(&residual, &second, &own, confidence) {
                        Ok(found) => {
                            evidence.differential = Some(found.interval);
                            let name = format!("differential error, {other} − {first}");
                            add(&mut json, "differential_error", &name, Some(found.value), Some(found.interval));
                            if found.interval.lower > 0.0 || found.interval.upper < 0.0 {
                                let favoured = if found.value > 0.0 { other } else { first };
                                notes.push(format!(
                                    "the judge is more lenient to {favoured}: its raw difference between the arms is \
                                     wrong by about {:.3}",
                                    found.value.abs()
                                ));
                            }
                        }
                        Err(why) => notes.push(format!("differential error is not defined: {why}")),
                    }
                } else {
                    notes.push(format!("differential error needs two arms, there are {}", arms.len()));
                }
            }
            match self.drawn(&source)? {
                None => self.correct(&mut json, &mut notes, &f, &y, &coded, &clusters),
                Some(drawn) => self.correct_drawn(&mut json, &mut notes, (&f, &y), &drawn, &clusters),
            }
            if let (Some(pair), Some(arm)) = (&self.pair, &arm) {
                self.paired(&source, pair, arm, (&f, &y), &clusters, &mut json, &mut notes)?;
            }
        } else if self.pair.is_some() || self.stratum.is_some() || self.chance.is_some() {
            notes.push("--pair, --stratum and --chance are for two verdicts or for numbers: words have no mean".into());
        }
        if let Some(repeat) = &repeat {
            let pairs: Vec<Vec<f64>> =
                f.iter().zip(repeat).filter_map(|(a, b)| Some(vec![(*a)?, coded.code(b)?])).collect();
            evidence.flip_rate = flip_rate(&pairs, 0.0);
            let items: Vec<Item> = pairs
                .iter()
                .map(|p| Item { value: f64::from(u8::from(p[0] != p[1])), repeats: 1, cluster: None, weight: 1.0 })
                .collect();
            let found = rate_of(&items, Kind::Binary, confidence);
            add(&mut json, "flip_rate", "verdict differs when asked again", found.value, found.interval);
        }
        if let Some(swapped) = &swapped {
            let items: Vec<Item> = (0..f.len())
                .filter_map(|i| Some(item(f64::from(u8::from(f[i]? == coded.code(&swapped[i])?)), i)))
                .collect();
            let found = rate_of(&items, Kind::Binary, confidence);
            evidence.position_consistency = found.value;
            add(&mut json, "position_consistency", "same verdict in both orders", found.value, found.interval);
            let orders: Vec<(f64, f64)> =
                (0..f.len()).filter_map(|i| Some((f[i]?, coded.code(&swapped[i])?))).collect();
            // A flipped verdict went with the place, not with the answer.
            if let Some(first) =
                position_bias(&orders).filter(|_| coded.scale == Scale::Binary).and_then(|b| b.first_place)
            {
                let flipped = orders.iter().filter(|(a, b)| a != b).count() as f64;
                let i = wilson(first * flipped, flipped, critical(confidence));
                let name = format!("of the flips, those for `{}` in the first order", coded.words[1]);
                add(&mut json, "flips_for_pass_in_first_order", &name, Some(first), i);
            }
        } else if arm.is_some() {
            // Arms judged answer by answer: there is no order to be biased by.
            evidence.position_consistency = Some(1.0);
        }
        if let Some(lengths) = &lengths {
            let logs = lengths.iter().flatten().all(|l| *l > 0.0);
            let cases: Vec<(bool, (f64, f64))> = both
                .iter()
                .filter_map(|i| Some((f[*i]? == 1.0, (y[*i]?, lengths[*i].map(|l| if logs { l.ln() } else { l })?))))
                .collect();
            let (wins, rest): (Vec<bool>, Vec<(f64, f64)>) = cases.into_iter().unzip();
            let (truth, length): (Vec<f64>, Vec<f64>) = rest.into_iter().unzip();
            let found = (coded.scale == Scale::Binary).then(|| verbosity(&wins, &truth, &length, confidence)).flatten();
            let (value, i) = (found.as_ref().map(|v| v.coefficient), found.as_ref().map(|v| v.interval));
            add(&mut json, "verbosity", "log odds of a pass for e times the length", value, i);
            if let Some(found) = found {
                json.insert("verbosity_partial_correlation".into(), json!(found.partial));
                if found.interval.lower > 0.0 {
                    notes.push("the judge prefers longer answers beyond what people do".into());
                }
            }
        }
        if people.len() > 1 {
            let alignment = if numbers { Alignment::Rmse } else { Alignment::Accuracy };
            match alt_test(&f, &rated, alignment, self.epsilon, 0.05) {
                Some(found) => {
                    evidence.winning_rate = Some(found.winning_rate);
                    json.insert(
                        "alt_test".into(),
                        json!({"winning_rate": found.winning_rate, "advantage": found.advantage,
                               "passed": found.passed, "epsilon": self.epsilon,
                               "annotators": self.people.iter().zip(&found.annotators).map(|(name, one)| json!({
                                   "annotator": name, "items": one.map(|o| o.items), "advantage": one.map(|o| o.advantage),
                                   "p": one.map(|o| o.p), "beaten": one.map(|o| o.beaten)})).collect::<Vec<_>>()}),
                    );
                    notes.push(format!(
                        "alt-test {}: at ε = {} the judge beats {:.0}% of the annotators and is at least as close to the \
                         others as they are on {:.1}% of the items{}",
                        if found.passed { "passed" } else { "failed" },
                        self.epsilon,
                        100.0 * found.winning_rate,
                        100.0 * found.advantage,
                        if found.few_annotators { "; fewer than three annotators is less than the test asks for" } else { "" }
                    ));
                }
                None => notes.push("alt-test: no annotator has 30 items together with the judge and another".into()),
            }
        }
        let graded = grade(&evidence);
        json.insert("labels".into(), json!(both.len()));
        json.insert("unreadable".into(), json!(unreadable));
        json.insert("grade".into(), json!(graded.grade));
        json.insert("missing".into(), json!(graded.missing));
        let (letter, use_of) = match graded.grade {
            Grade::U => ("U", "uncalibrated: show its numbers as advisory only"),
            Grade::C => ("C", "good for trends and drift alerts"),
            Grade::B => ("B", "good for comparisons with a prediction-powered interval"),
            Grade::A => ("A", "good for gates through paired prediction-powered differences"),
        };
        let short = self.need.is_some_and(|need| {
            graded.grade
                < match need {
                    Needed::C => Grade::C,
                    Needed::B => Grade::B,
                    Needed::A => Grade::A,
                }
        });
        let header = ["judge against people", "value", &level(confidence)];
        let mut answer = Answer::new(Value::Object(json))
            .line(format!(
                "grade {letter}, {use_of}; {} labelled of {} judged cases{}",
                both.len(),
                f.len() - unreadable,
                if unreadable > 0 { format!(", {unreadable} without a verdict") } else { String::new() }
            ))
            .lines(notes)
            .table(&header, rows, &[1, 2]);
        if coded.scale == Scale::Binary {
            let (no, yes) = (format!("judge: {}", coded.words[0]), format!("judge: {}", coded.words[1]));
            answer = answer.table(&["cases", &no, &yes], confusion_rows, &[1, 2]);
        }
        let missing = graded.missing.iter().map(|what| format!("for the next grade: {what}"));
        Ok(answer.lines(missing).alarm(short))
    }

    /// How rows were drawn to be labelled, when not all alike.
    fn drawn(&self, source: &Table) -> Result<Option<Drawn>, Failure> {
        if let Some(column) = &self.stratum {
            return Ok(Some(Drawn::Strata(source.full(column)?)));
        }
        let Some(column) = &self.chance else { return Ok(None) };
        let chances = source.numbers(column)?.into_iter().enumerate().map(|(row, chance)| {
            chance.filter(|p| *p > 0.0 && *p <= 1.0).ok_or_else(|| {
                usage(format!(
                    "{}: `{column}` must be a chance above 0 and up to 1, labelled or not",
                    source.place(row)
                ))
            })
        });
        Ok(Some(Drawn::Chances(chances.collect::<Result<_, _>>()?)))
    }

    /// The corrected rate or mean when labels were not drawn from all rows alike.
    fn correct_drawn(
        &self,
        json: &mut Map<String, Value>,
        notes: &mut Vec<String>,
        (f, y): (&[Option<f64>], &[Option<f64>]),
        drawn: &Drawn,
        clusters: &Option<Vec<u32>>,
    ) {
        let confidence = self.confidence.level;
        let cluster = |i: usize| clusters.as_ref().map(|c| c[i]);
        let (method, found) = match drawn {
            Drawn::Strata(names) => {
                let mut strata: BTreeMap<&String, Stratum> = BTreeMap::new();
                for (i, name) in names.iter().enumerate() {
                    let Some(judge) = f[i] else { continue };
                    let new = || Stratum { share: 0.0, labels: Vec::new(), unlabelled: Vec::new() };
                    let stratum = strata.entry(name).or_insert_with(new);
                    stratum.share += 1.0;
                    match y[i] {
                        Some(truth) => stratum.labels.push(Label { truth, judge, cluster: cluster(i) }),
                        None => stratum.unlabelled.push((judge, cluster(i))),
                    }
                }
                let thin = strata.iter().find(|(_, s)| s.labels.len() < 2 || s.unlabelled.len() < 2);
                if let Some((name, s)) = thin {
                    notes.push(format!(
                        "no corrected value: stratum `{name}` has {} labels and {} rows without; two of each are needed",
                        s.labels.len(),
                        s.unlabelled.len()
                    ));
                    return;
                }
                let strata: Vec<Stratum> = strata.into_values().collect();
                ("stratified PPI++", stratified_prediction_powered(&strata, confidence))
            }
            Drawn::Chances(chances) => {
                let case =
                    |i: usize| Some(Sampled { judge: f[i]?, truth: y[i], chance: chances[i], cluster: cluster(i) });
                let cases: Vec<Sampled> = (0..f.len()).filter_map(case).collect();
                ("inverse chances of a label", active_mean(&cases, confidence))
            }
        };
        let all: Vec<f64> = f.iter().flatten().copied().collect();
        let raw = all.iter().sum::<f64>() / all.len() as f64;
        match found {
            Ok(found) => {
                json.insert(
                    "corrected".into(),
                    json!({"value": found.value, "interval": bounds(found.interval), "method": method, "raw": raw}),
                );
                notes.push(format!(
                    "{:.3} ({}) corrected by {method}; the judge alone says {raw:.3}",
                    found.value,
                    range(found.interval)
                ));
            }
            Err(why) => notes.push(format!("no corrected value: {why}")),
        }
    }

    /// The difference of two arms on the items that both answered, corrected by the items labelled in both.
    #[allow(clippy::too_many_arguments, reason = "what the table says, and where the findings go")]
    fn paired(
        &self,
        source: &Table,
        pair: &str,
        arm: &[String],
        (f, y): (&[Option<f64>], &[Option<f64>]),
        clusters: &Option<Vec<u32>>,
        json: &mut Map<String, Value>,
        notes: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let (items, names) = source.groups(pair)?;
        let mut arms: Vec<&String> = arm.iter().collect();
        arms.sort();
        arms.dedup();
        let [first, second] = arms[..] else {
            return Err(usage(format!("--pair needs two arms; there are {}", arms.len())));
        };
        let mut rows: Vec<[Option<usize>; 2]> = vec![[None; 2]; names.len()];
        for (row, item) in items.iter().enumerate() {
            let cell = &mut rows[*item as usize][usize::from(arm[row] == *second)];
            if cell.replace(row).is_some() {
                return Err(usage(format!(
                    "{}: item `{}` has arm `{}` twice",
                    source.place(row),
                    names[*item as usize],
                    arm[row]
                )));
            }
        }
        let (mut labels, mut unlabelled) = (Vec::new(), Vec::new());
        for [a, b] in rows.iter().filter_map(|[a, b]| Some([(*a)?, (*b)?])) {
            let gap = |values: &[Option<f64>]| Some(values[b]? - values[a]?);
            let Some(judge) = gap(f) else { continue };
            let cluster = clusters.as_ref().map(|c| c[a]);
            match gap(y) {
                Some(truth) => labels.push(Label { truth, judge, cluster }),
                None => unlabelled.push((judge, cluster)),
            }
        }
        let given = || f.iter().chain(y).flatten().copied();
        // The range of a label, against disagreements that the labels have not met.
        let widest = given().fold(f64::MIN, f64::max) - given().fold(f64::MAX, f64::min);
        let all: Vec<f64> = labels.iter().map(|l| l.judge).chain(unlabelled.iter().map(|(f, _)| *f)).collect();
        let raw = all.iter().sum::<f64>() / all.len() as f64;
        match prediction_powered(&labels, &unlabelled, Some(widest), self.confidence.level) {
            Ok(found) => {
                let value = found.corrected;
                json.insert(
                    "paired".into(),
                    json!({"first": first, "second": second, "value": value.value, "interval": bounds(value.interval),
                           "method": "paired PPI++", "raw": raw, "lambda": found.lambda, "labelled_pairs": labels.len(),
                           "pairs": all.len(), "guard": widest}),
                );
                notes.push(format!(
                    "{second} − {first}: {:+.3} ({}) by paired PPI++ on {} pairs, {} of them labelled in both arms; the judge \
                     alone says {raw:+.3}",
                    value.value,
                    range(value.interval),
                    all.len(),
                    labels.len()
                ));
            }
            Err(why) => notes.push(format!(
                "no corrected difference: {why} ({} pairs labelled in both arms, {} not)",
                labels.len(),
                unlabelled.len()
            )),
        }
        Ok(())
    }

    /// What the judge's labels are worth, and its rate or mean corrected by them.
    fn correct(
        &self,
        json: &mut Map<String, Value>,
        notes: &mut Vec<String>,
        f: &[Option<f64>],
        y: &[Option<f64>],
        coded: &Coded,
        clusters: &Option<Vec<u32>>,
    ) {
        let confidence = self.confidence.level;
        let cluster = |i: usize| clusters.as_ref().map(|c| c[i]);
        let labels: Vec<Label> =
            (0..f.len()).filter_map(|i| Some(Label { truth: y[i]?, judge: f[i]?, cluster: cluster(i) })).collect();
        let unlabelled: Vec<(f64, Option<u32>)> =
            (0..f.len()).filter(|i| y[*i].is_none()).filter_map(|i| Some((f[i]?, cluster(i)))).collect();
        let (truths, judged): (Vec<f64>, Vec<f64>) = labels.iter().map(|l| (l.truth, l.judge)).unzip();
        if unlabelled.is_empty() {
            return;
        }
        if let Some(r) = pearson(&truths, &judged) {
            let multiplier = label_multiplier(r, labels.len() as u64, unlabelled.len() as u64);
            json.insert("label_multiplier".into(), json!(multiplier));
            notes.extend(multiplier.map(|multiplier| {
                let worth = multiplier * labels.len() as f64;
                format!("with the judge, {} labels are worth {worth:.0}", labels.len())
            }));
        }
        let all: Vec<f64> = f.iter().flatten().copied().collect();
        let raw = all.iter().sum::<f64>() / all.len() as f64;
        // Clusters are beyond the double sample's posterior.
        let (method, corrected) = if coded.scale == Scale::Binary && clusters.is_none() {
            let count = |pass: f64, truth: Option<f64>| {
                labels.iter().filter(|l| l.judge == pass && truth.is_none_or(|t| l.truth == t)).count() as u64
            };
            let sample = DoubleSample {
                judged: all.len() as u64,
                judged_pass: all.iter().filter(|v| **v == 1.0).count() as u64,
                labelled_pass: count(1.0, None),
                true_of_pass: count(1.0, Some(1.0)),
                labelled_fail: count(0.0, None),
                true_of_fail: count(0.0, Some(1.0)),
            };
            ("double sampling", double_sampling(sample, confidence, 1))
        } else {
            ("PPI++", prediction_powered(&labels, &unlabelled, None, confidence).map(|p| p.corrected))
        };
        match corrected {
            Ok(found) => {
                json.insert(
                    "corrected".into(),
                    json!({"value": found.value, "interval": bounds(found.interval), "method": method, "raw": raw}),
                );
                let what = if coded.scale == Scale::Binary { "pass rate" } else { "mean" };
                notes.push(format!(
                    "{what}: {:.3} ({}) corrected by {method}; the judge alone says {raw:.3}",
                    found.value,
                    range(found.interval)
                ));
            }
            Err(why) => notes.push(format!("no corrected value: {why}")),
        }
    }
}

/// The majority of an item's verdicts, the mean of its scores; `None` for a tie or without any.
fn together(row: &[Option<f64>], coded: &Coded) -> Option<f64> {
    let given: Vec<f64> = row.iter().flatten().copied().collect();
    if given.is_empty() {
        return None;
    }
    if coded.scale == Scale::Numbers {
        return Some(given.iter().sum::<f64>() / given.len() as f64);
    }
    let votes: Vec<Vote> =
        given.iter().enumerate().map(|(rater, label)| Vote { item: 0, rater, label: *label as usize }).collect();
    most_probable(&shares(&votes, coded.words.len())?)[0].map(|at| at as f64)
}

/// Names as numbers, in order of their first appearance.
pub(super) fn numbered(names: &[String]) -> Vec<u32> {
    let mut known: BTreeMap<&String, u32> = BTreeMap::new();
    names
        .iter()
        .map(|name| {
            let next = known.len() as u32;
            *known.entry(name).or_insert(next)
        })
        .collect()
}
