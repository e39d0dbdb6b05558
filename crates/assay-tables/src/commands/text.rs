//! `assay stats text`: metrics of texts against references.

use std::path::PathBuf;

use assay_metrics::bleu::Bleu;
use assay_metrics::chrf::Chrf;
use assay_metrics::corpus::{self, Counts, Row};
use assay_metrics::meteor::{Weights, meteor};
use assay_metrics::rouge::{Tokens, rouge_l, rouge_lsum, rouge_n};
use assay_metrics::ter::Ter;
use assay_metrics::tokens::Tokeniser;
use assay_metrics::word_errors::WordErrors;
use assay_stats::Interval;
use assay_stats::jackknife::{Transform, jackknife};
use assay_stats::paired::{approximate_randomisation, paired_bootstrap};
use assay_stats::proportion::critical;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Metrics of a column of texts against one or more columns of references, over the whole corpus, with delete-one
/// jackknife intervals, and sacrebleu's signatures. Values are from 0 to 1; sacrebleu prints 100 times as much. An empty
/// candidate counts as an empty text. With `--baseline` the exit code is 1 when the candidate is worse and the interval
/// of the difference says so.
#[derive(Args)]
pub struct Text {
    /// A table with a row per text.
    file: PathBuf,
    /// The column of the texts to judge.
    #[arg(long)]
    candidate: String,
    /// The columns of references; a row may lack some of several.
    #[arg(long, value_delimiter = ',', required = true)]
    reference: Vec<String>,
    /// The metrics.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [Metric::Bleu, Metric::Chrf, Metric::Ter])]
    metric: Vec<Metric>,
    /// Another column of texts: the differences to it, paired by row.
    #[arg(long)]
    baseline: Option<String>,
    /// How BLEU splits texts into tokens.
    #[arg(long, value_enum, default_value_t = Split::V13a)]
    tokenize: Split,
    /// Compare lowercase texts, in all metrics. TER, METEOR and ROUGE do so anyway.
    #[arg(long)]
    lowercase: bool,
    /// Compare stems of words, in ROUGE.
    #[arg(long)]
    stem: bool,
    /// Keep the words of all scripts, in ROUGE, not only ASCII letters and digits.
    #[arg(long)]
    unicode: bool,
    /// Also the p-value of the difference that sacrebleu prints, by this test.
    #[arg(long, value_enum, requires = "baseline")]
    test: Option<Test>,
    /// Trials of the test; 10,000 swaps or 1,000 resamples by default.
    #[arg(long, requires = "test", value_parser = clap::value_parser!(u32).range(1..))]
    draws: Option<u32>,
    /// The seed of the test.
    #[arg(long, requires = "test", default_value_t = 12345)]
    seed: u64,
    #[command(flatten)]
    confidence: Confidence,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Test {
    /// Approximate randomisation: swap the texts of a row at random
    Randomisation,
    /// Paired bootstrap: draw rows at random
    Bootstrap,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Metric {
    /// BLEU
    Bleu,
    /// chrF
    Chrf,
    /// chrF++: chrF with pairs of words
    #[value(name = "chrf++")]
    ChrfPlus,
    /// Translation edit rate; lower is better
    Ter,
    /// Word error rate; lower is better
    Wer,
    /// Character error rate; lower is better
    Cer,
    /// Match error rate; lower is better
    Mer,
    /// Word information lost; lower is better
    Wil,
    /// METEOR with exact and stem matches, the mean of the texts
    Meteor,
    /// ROUGE-1, the mean of the texts
    #[value(name = "rouge-1")]
    Rouge1,
    /// ROUGE-2, the mean of the texts
    #[value(name = "rouge-2")]
    Rouge2,
    /// ROUGE-L, the mean of the texts
    #[value(name = "rouge-l")]
    RougeL,
    /// ROUGE-Lsum, the mean of the texts
    #[value(name = "rouge-lsum")]
    RougeLsum,
}

impl Metric {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Errors by the words of the reference have no upper end.
    fn range(self) -> (f64, f64) {
        (0.0, if matches!(self, Self::Ter | Self::Wer | Self::Cer) { f64::INFINITY } else { 1.0 })
    }

    fn lower_is_better(self) -> bool {
        matches!(self, Self::Ter | Self::Wer | Self::Cer | Self::Mer | Self::Wil)
    }
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Split {
    /// mteval-v13a
    #[value(name = "13a")]
    V13a,
    /// mteval-v14, by Unicode's classes
    Intl,
    /// Characters
    Char,
    /// Chinese
    Zh,
    /// At white space
    None,
}

/// A corpus: each text with its references.
type Rows<'a> = [(&'a str, Vec<&'a str>)];

/// A figure from sums over rows.
type OfSums = Box<dyn Fn(&[f64]) -> Option<f64>>;

/// A corpus figure, and the figure without each row in turn.
struct Figure {
    value: f64,
    left_out: Option<Vec<f64>>,
    /// What each row adds to the sums that the figure is computed from.
    parts: Vec<Vec<f64>>,
    of_sums: OfSums,
}

impl Figure {
    /// From sums of counts.
    fn of_counts<S>(
        rows: &Rows<'_>,
        count: impl Fn(&str, &[&str]) -> S,
        score: impl Fn(&S) -> Option<f64> + 'static,
    ) -> Option<Self>
    where
        S: Counts,
    {
        let parts = rows.iter().map(|(text, references)| count(text, references).numbers()).collect();
        Self::new(parts, Box::new(move |sums| score(&S::read(sums)?)))
    }

    /// A mean of the best reference's scores.
    fn of_mean(rows: &Rows<'_>, score: impl Fn(&str, &str) -> f64) -> Option<Self> {
        let best =
            |(text, references): &(&str, Vec<&str>)| references.iter().map(|r| score(text, r)).fold(0.0, f64::max);
        let parts = rows.iter().map(|row| vec![best(row), 1.0]).collect();
        Self::new(parts, Box::new(|sums| (sums[1] > 0.0).then(|| sums[0] / sums[1])))
    }

    fn new(parts: Vec<Vec<f64>>, of_sums: OfSums) -> Option<Self> {
        let rows: Vec<Row<'_>> =
            parts.iter().enumerate().map(|(group, counts)| Row { group, weight: 1.0, counts }).collect();
        let found = corpus::of_sums(&rows, &of_sums);
        Some(Self { value: found.value?, left_out: found.left_out.into_iter().collect(), parts, of_sums })
    }

    /// The p-value of the difference to another figure of the same metric and rows.
    fn p(&self, other: &Self, test: Test, draws: Option<u32>, seed: u64) -> Option<f64> {
        let (rows, width) = (self.parts.len(), self.parts.first()?.len());
        let mut sums = [vec![0.0; width], vec![0.0; width]];
        let mut difference = |pairs: &mut dyn Iterator<Item = (&Vec<f64>, &Vec<f64>)>| {
            sums.iter_mut().for_each(|sum| sum.fill(0.0));
            for (a, b) in pairs {
                for (sum, part) in sums.iter_mut().zip([a, b]) {
                    sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
                }
            }
            Some((self.of_sums)(&sums[0])? - (self.of_sums)(&sums[1])?)
        };
        match test {
            Test::Randomisation => approximate_randomisation(rows, draws.unwrap_or(10_000), seed, |swapped| {
                let swap = |(row, swap): (usize, &bool)| {
                    let (a, b) = (&self.parts[row], &other.parts[row]);
                    if *swap { (b, a) } else { (a, b) }
                };
                difference(&mut swapped.iter().enumerate().map(swap))
            }),
            Test::Bootstrap => paired_bootstrap(rows, draws.unwrap_or(1_000), seed, |drawn| {
                difference(&mut drawn.iter().map(|row| (&self.parts[*row], &other.parts[*row])))
            }),
        }
    }

    /// The interval within the `range` of the figure. Where all rows weigh the same the jackknife has no width, which does
    /// not say that all texts would be equal: it is then R·z²/(n + z²) on either side for a range R, and the whole range
    /// for a single row; none for a figure without a range.
    fn interval(value: f64, left_out: Option<&[f64]>, range: (f64, f64), confidence: f64) -> Option<Interval> {
        let (lo, hi) = range;
        let inside = |i: Interval| Interval { lower: i.lower.max(lo), upper: i.upper.min(hi) };
        let found = left_out.and_then(|left_out| jackknife(value, left_out, Transform::Identity, confidence));
        if let Some(found) = found.filter(|found| found.se > 1e-12) {
            return Some(inside(found.interval));
        }
        let square = critical(confidence).powi(2);
        let half = match left_out.map_or(1, <[f64]>::len) {
            0 | 1 => hi - lo,
            n => (hi - lo) * square / (n as f64 + square),
        };
        half.is_finite().then(|| inside(Interval { lower: value - half, upper: value + half }))
    }
}

impl Text {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let references = self.references(&source)?;
        let candidates = source.texts(&self.candidate)?;
        let baselines = self.baseline.as_ref().map(|column| source.texts(column)).transpose()?;
        let rows = |texts: &'_ [Option<String>]| -> Vec<(String, Vec<String>)> {
            texts.iter().map(|text| text.clone().unwrap_or_default()).zip(references.iter().cloned()).collect()
        };
        let (candidate_rows, baseline_rows) = (rows(&candidates), baselines.as_deref().map(rows));
        let level_of = self.confidence.level;
        let (mut found, mut cells, mut notes, mut alarm) = (Map::new(), Vec::new(), Vec::new(), false);
        for metric in &self.metric {
            let Some(figure) = self.figure(*metric, &candidate_rows) else {
                return Err(usage(format!(
                    "{}: {} of `{}` is not defined: there is no text to compare with",
                    self.file.display(),
                    metric.name(),
                    self.candidate
                )));
            };
            let (lo, hi) = metric.range();
            let interval = Figure::interval(figure.value, figure.left_out.as_deref(), (lo, hi), level_of);
            let signature = self.signature(*metric, &references);
            let better = if metric.lower_is_better() { "lower" } else { "higher" };
            let mut entry =
                json!({"value": figure.value, "interval": bounds(interval), "better": better, "signature": signature});
            let mut cell = vec![metric.name(), number(Some(figure.value)), range(interval), better.to_owned()];
            if let Some(rows) = &baseline_rows {
                let other = self.figure(*metric, rows);
                let difference = other.as_ref().map(|other| figure.value - other.value);
                let left_out = other.as_ref().and_then(|other| {
                    let (a, b) = (figure.left_out.as_ref()?, other.left_out.as_ref()?);
                    Some(a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
                });
                let interval =
                    difference.and_then(|d| Figure::interval(d, left_out.as_deref(), (lo - hi, hi - lo), level_of));
                let worse =
                    interval.is_some_and(|i| if metric.lower_is_better() { i.lower > 0.0 } else { i.upper < 0.0 });
                let better =
                    interval.is_some_and(|i| if metric.lower_is_better() { i.upper < 0.0 } else { i.lower > 0.0 });
                let verdict = if worse {
                    "worse"
                } else if better {
                    "better"
                } else if difference == Some(0.0) {
                    "same"
                } else {
                    "not clear"
                };
                alarm |= worse;
                entry["baseline"] = json!(other.as_ref().map(|other| other.value));
                entry["difference"] = json!({"value": difference, "interval": bounds(interval), "verdict": verdict});
                let p = self.test.zip(other.as_ref()).map(|(test, o)| figure.p(o, test, self.draws, self.seed));
                cell.extend([number(other.map(|o| o.value)), number(difference), range(interval), verdict.to_owned()]);
                if let Some(p) = p {
                    entry["difference"]["p"] = json!(p);
                    cell.push(p.map_or_else(|| "–".into(), |p| format!("{p:.4}")));
                }
            }
            notes.extend(signature.map(|signature| format!("{}: {signature}", metric.name())));
            found.insert(metric.name(), entry);
            cells.push(cell);
        }
        let level = level(level_of);
        let mut header = vec!["metric", "value", level.as_str(), "better is"];
        if self.baseline.is_some() {
            header.extend(["baseline", "difference", level.as_str(), "candidate is"]);
            header.extend(self.test.map(|_| "p"));
        }
        let empty = candidates.iter().filter(|text| text.as_ref().is_none_or(|text| text.trim().is_empty())).count();
        let mut first = format!("{} texts of `{}`", candidates.len(), self.candidate);
        if let Some(column) = &self.baseline {
            first += &format!(" against `{column}`, paired by row");
        }
        if empty > 0 {
            first += &format!("; {empty} of them empty, which count as empty texts");
        }
        let json = json!({"texts": candidates.len(), "empty": empty, "metrics": Value::Object(found)});
        Ok(Answer::new(json).line(first).table(&header, cells, &[1, 2, 4, 5, 6]).lines(notes).alarm(alarm))
    }

    /// The references of each row, in lower case when asked for.
    fn references(&self, source: &Table) -> Result<Vec<Vec<String>>, Failure> {
        if let [column] = self.reference.as_slice() {
            return Ok(source.full(column)?.into_iter().map(|text| vec![text]).collect());
        }
        let columns = self.reference.iter().map(|column| source.texts(column)).collect::<Result<Vec<_>, _>>()?;
        (0..columns[0].len())
            .map(|row| {
                let all: Vec<String> = columns.iter().filter_map(|column| column[row].clone()).collect();
                if all.is_empty() {
                    return Err(usage(format!("{}: row {} has no reference", self.file.display(), row + 1)));
                }
                Ok(all)
            })
            .collect()
    }

    fn bleu(&self) -> Bleu {
        let tokens = match self.tokenize {
            Split::V13a => Tokeniser::V13a,
            Split::Intl => Tokeniser::International,
            Split::Char => Tokeniser::Char,
            Split::Zh => Tokeniser::Chinese,
            Split::None => Tokeniser::None,
        };
        Bleu { tokens, lowercase: self.lowercase, ..Bleu::default() }
    }

    fn chrf(&self, metric: Metric) -> Chrf {
        Chrf { word_order: if metric == Metric::ChrfPlus { 2 } else { 0 }, lowercase: self.lowercase }
    }

    /// What sacrebleu prints for its metrics.
    fn signature(&self, metric: Metric, references: &[Vec<String>]) -> Option<String> {
        let first = references.first().map(Vec::len);
        let count = first.filter(|first| references.iter().all(|all| all.len() == *first));
        match metric {
            Metric::Bleu => Some(self.bleu().signature(count)),
            Metric::Chrf | Metric::ChrfPlus => Some(self.chrf(metric).signature(count)),
            Metric::Ter => Some(Ter::default().signature(count)),
            _ => None,
        }
    }

    fn figure(&self, metric: Metric, rows: &[(String, Vec<String>)]) -> Option<Figure> {
        // jiwer has no case option; the others do not look at case or have their own.
        let lower = self.lowercase && matches!(metric, Metric::Wer | Metric::Cer | Metric::Mer | Metric::Wil);
        let lowered: Vec<(String, Vec<String>)>;
        let rows = if lower {
            let all = |texts: &[String]| texts.iter().map(|text| text.to_lowercase()).collect();
            lowered = rows.iter().map(|(text, references)| (text.to_lowercase(), all(references))).collect();
            &lowered
        } else {
            rows
        };
        let rows: Vec<(&str, Vec<&str>)> =
            rows.iter().map(|(text, all)| (text.as_str(), all.iter().map(String::as_str).collect())).collect();
        let rows = rows.as_slice();
        let tokens = Tokens { stem: self.stem, unicode: self.unicode };
        // Of several references the one with the fewest errors counts.
        let closest = |of: fn(&str, &str) -> WordErrors| {
            move |text: &str, references: &[&str]| {
                let all = references.iter().map(|reference| of(text, reference));
                let rate = |errors: &WordErrors| errors.rate().unwrap_or(f64::INFINITY);
                all.min_by(|a, b| rate(a).total_cmp(&rate(b))).unwrap_or_default()
            }
        };
        match metric {
            Metric::Bleu => {
                let bleu = self.bleu();
                Figure::of_counts(rows, |text, references| bleu.segment(text, references), move |all| bleu.score(all))
            }
            Metric::Chrf | Metric::ChrfPlus => {
                let chrf = self.chrf(metric);
                Figure::of_counts(rows, |text, references| chrf.segment(text, references), move |all| chrf.score(all))
            }
            Metric::Ter => {
                Figure::of_counts(rows, |text, references| Ter::default().segment(text, references), |all| all.rate())
            }
            Metric::Wer => Figure::of_counts(rows, closest(WordErrors::of_words), WordErrors::rate),
            Metric::Cer => Figure::of_counts(rows, closest(WordErrors::of_characters), WordErrors::rate),
            Metric::Mer => Figure::of_counts(rows, closest(WordErrors::of_words), |all| Some(all.mer())),
            Metric::Wil => Figure::of_counts(rows, closest(WordErrors::of_words), |all| Some(all.wil())),
            Metric::Meteor => Figure::of_mean(rows, |text, reference| meteor(text, &[reference], Weights::default())),
            Metric::Rouge1 => Figure::of_mean(rows, |text, reference| rouge_n(text, reference, 1, tokens)),
            Metric::Rouge2 => Figure::of_mean(rows, |text, reference| rouge_n(text, reference, 2, tokens)),
            Metric::RougeL => Figure::of_mean(rows, |text, reference| rouge_l(text, reference, tokens)),
            Metric::RougeLsum => Figure::of_mean(rows, |text, reference| rouge_lsum(text, reference, tokens)),
        }
    }
}
