//! `assay stats entities`: found entities against expected ones.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_metrics::classification::{Average, Counts, average};
use assay_metrics::entities::{Matches, Matching, Scheme, Span, entity_counts, match_spans};
use assay_stats::jackknife::{Transform, jackknife};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Precision, recall and F1 of entities in tagged tokens, over all rows and by type, as seqeval's default mode and its
/// strict mode; the four ways to match spans of SemEval-2013; micro F1 with a delete-one-row jackknife interval. A row
/// is a sentence or a document; its tags are a JSON list or stand between spaces, such as `B-PER I-PER O`.
#[derive(Args)]
pub struct Entities {
    /// A table with a row per sentence.
    file: PathBuf,
    /// The column of the expected tags.
    #[arg(long, default_value = "gold")]
    gold: String,
    /// The column of the predicted tags.
    #[arg(long, default_value = "predicted")]
    predicted: String,
    /// How tags spell entities in the strict mode; the lenient mode reads all of them. `lenient` gives only that mode.
    #[arg(long, value_enum, default_value_t = Spelling::Iob2)]
    scheme: Spelling,
    #[command(flatten)]
    confidence: Confidence,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Spelling {
    /// B begins, I continues
    Iob2,
    /// B begins, I continues, E ends, S is a whole
    Iobes,
    /// B begins, I continues, L ends, U is a whole
    Bilou,
    /// An entity begins wherever one can be seen, as conlleval and seqeval do by default
    Lenient,
}

/// The tags of a cell.
fn tags_of(cell: &str) -> Option<Vec<String>> {
    if cell.trim_start().starts_with('[') {
        return serde_json::from_str(cell).ok();
    }
    Some(cell.split_whitespace().map(str::to_owned).collect())
}

/// BILOU in the letters of IOBES, which the lenient scheme reads.
fn in_iobes(tag: &str) -> String {
    match tag.split_at_checked(1) {
        Some(("L", rest)) => format!("E{rest}"),
        Some(("U", rest)) => format!("S{rest}"),
        _ => tag.to_owned(),
    }
}

/// The spans of both sides, by row.
struct Sides {
    gold: Vec<Vec<Span>>,
    predicted: Vec<Vec<Span>>,
}

/// Counts of one way to read the tags.
struct Mode {
    types: BTreeMap<String, Counts>,
    /// Micro F1 without each row in turn.
    left_out: Vec<f64>,
}

impl Mode {
    /// O(rows + spans): each row is counted once, and leaving it out subtracts its counts.
    fn of(sides: &Sides) -> Result<Self, assay_metrics::classification::Undefined> {
        let mut types = BTreeMap::<String, Counts>::new();
        let mut rows = Vec::with_capacity(sides.gold.len());
        for (gold, predicted) in sides.gold.iter().zip(&sides.predicted) {
            let counts = entity_counts(std::slice::from_ref(gold), std::slice::from_ref(predicted))?;
            rows.push(counts.values().copied().sum::<Counts>());
            for (name, counts) in counts {
                let slot = types.entry(name).or_default();
                *slot = *slot + counts;
            }
        }
        let all: Counts = types.values().copied().sum();
        let f1 = |row: &Counts| {
            let entities = all.expected + all.predicted - row.expected - row.predicted;
            if entities > 0.0 { 2.0 * (all.hits - row.hits) / entities } else { f64::NAN }
        };
        let left_out = rows.iter().map(f1).collect();
        Ok(Self { types, left_out })
    }

    fn average(&self, how: Average) -> [Option<f64>; 3] {
        let counts: Vec<Counts> = self.types.values().copied().collect();
        // A type that is never predicted has precision 0, as in seqeval.
        [Counts::precision, Counts::recall, Counts::f1].map(|measure| average(&counts, how, Some(0.0), measure).value)
    }
}

fn three([precision, recall, f1]: [Option<f64>; 3]) -> Value {
    json!({"precision": precision, "recall": recall, "f1": f1})
}

impl Entities {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (gold, predicted) = (source.texts(&self.gold)?, source.texts(&self.predicted)?);
        let rows = gold.len();
        let (mut golds, mut found) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        for (row, (gold, predicted)) in gold.iter().zip(&predicted).enumerate() {
            let read = |cell: &Option<String>, column: &str| {
                let cell = cell.as_deref().unwrap_or_default();
                tags_of(cell).ok_or_else(|| {
                    usage(format!(
                        "{}: `{column}` is no list of tags: write [\"B-PER\",\"O\"] or B-PER O",
                        source.place(row)
                    ))
                })
            };
            let (gold, predicted) = (read(gold, &self.gold)?, read(predicted, &self.predicted)?);
            if gold.len() != predicted.len() {
                return Err(usage(format!(
                    "{}: `{}` has {} tags and `{}` has {}: give every token a tag in both",
                    source.place(row),
                    self.gold,
                    gold.len(),
                    self.predicted,
                    predicted.len()
                )));
            }
            golds.push(gold);
            found.push(predicted);
        }
        let spans = |side: &[Vec<String>], column: &str, scheme: Scheme| -> Result<Vec<Vec<Span>>, Failure> {
            let one = |(row, tags): (usize, &Vec<String>)| {
                let lenient_bilou = self.scheme == Spelling::Bilou && scheme == Scheme::Lenient;
                let spans = if lenient_bilou {
                    scheme.spans(&tags.iter().map(|tag| in_iobes(tag)).collect::<Vec<_>>())
                } else {
                    scheme.spans(tags)
                };
                spans.map_err(|_| {
                    let bad = tags.iter().find(|tag| scheme.spans(&[tag.as_str()]).is_err());
                    usage(format!(
                        "{}: `{column}` has the tag `{}`, which is not one of the scheme; choose another with --scheme",
                        source.place(row),
                        bad.map_or("", String::as_str)
                    ))
                })
            };
            side.iter().enumerate().map(one).collect()
        };
        let sides = |scheme: Scheme| -> Result<Sides, Failure> {
            Ok(Sides { gold: spans(&golds, &self.gold, scheme)?, predicted: spans(&found, &self.predicted, scheme)? })
        };
        let strict = match self.scheme {
            Spelling::Iob2 => Some(Scheme::Iob2),
            Spelling::Iobes => Some(Scheme::Iobes),
            Spelling::Bilou => Some(Scheme::Bilou),
            Spelling::Lenient => None,
        };
        // The strict scheme first: its message for a wrong tag is the more exact one.
        let strict = strict.map(sides).transpose()?;
        let lenient = sides(Scheme::Lenient)?;
        self.report(rows, &lenient, strict.as_ref())
    }

    fn report(&self, rows: usize, lenient: &Sides, strict: Option<&Sides>) -> Result<Answer, Failure> {
        let fail = |why: assay_metrics::classification::Undefined| usage(format!("{}: {why}", self.file.display()));
        let (mut modes, mut cells, mut by_type, mut lines) = (Map::new(), Vec::new(), Vec::new(), Vec::new());
        for (name, sides) in std::iter::once(("lenient", lenient)).chain(strict.map(|sides| ("strict", sides))) {
            let mode = Mode::of(sides).map_err(fail)?;
            if mode.types.is_empty() {
                return Err(usage(format!(
                    "{}: neither `{}` nor `{}` has an entity ({name})",
                    self.file.display(),
                    self.gold,
                    self.predicted
                )));
            }
            let (micro, macro_) = (mode.average(Average::Micro), mode.average(Average::Macro));
            let interval = micro[2]
                .and_then(|f1| jackknife(f1, &mode.left_out, Transform::Logit, self.confidence.level))
                .filter(|found| found.se > 0.0)
                .map(|found| found.interval);
            let all: Counts = mode.types.values().copied().sum();
            lines.push(format!(
                "{name}: micro F1 {} ({}), {} of {} entities found, {} predicted",
                number(micro[2]),
                interval.map_or_else(|| "no interval".into(), |i| range(Some(i))),
                all.hits,
                all.expected,
                all.predicted
            ));
            for (how, values) in [("micro", micro), ("macro", macro_)] {
                let mut row = vec![format!("{name}, {how}")];
                row.extend(values.map(number));
                row.push(range(interval.filter(|_| how == "micro")));
                cells.push(row);
            }
            let mut types = Map::new();
            for (label, counts) in &mode.types {
                let values = [counts.precision(), counts.recall(), counts.f1()];
                let mut row = vec![name.to_owned(), assay_report::plain(label, 60)];
                row.extend(values.map(number));
                row.push(counts.expected.to_string());
                by_type.push(row);
                let mut entry = three(values);
                entry["expected"] = json!(counts.expected);
                entry["predicted"] = json!(counts.predicted);
                types.insert(label.clone(), entry);
            }
            let mut micro = three(micro);
            micro["interval"] = bounds(interval);
            modes.insert(name.into(), json!({"micro": micro, "macro": three(macro_), "types": types}));
        }
        // Spans are matched as the stricter mode reads them.
        let sides = strict.unwrap_or(lenient);
        let (mut matching, mut met) = (Map::new(), Vec::new());
        let rules = [Matching::Strict, Matching::Exact, Matching::Partial, Matching::Type];
        for (name, rule) in ["strict", "exact", "partial", "type"].into_iter().zip(rules) {
            let pairs = sides.gold.iter().zip(&sides.predicted);
            let all: Matches =
                pairs.map(|(gold, found)| match_spans(gold, found, rule)).sum::<Result<Matches, _>>().map_err(fail)?;
            let values = [all.precision(), all.recall(), all.f1()];
            let mut row = vec![name.to_owned()];
            row.extend(values.map(number));
            row.extend([all.correct, all.incorrect, all.partial, all.missed, all.spurious].map(|n| n.to_string()));
            met.push(row);
            let mut entry = three(values);
            for (field, n) in [
                ("correct", all.correct),
                ("incorrect", all.incorrect),
                ("partial", all.partial),
                ("missed", all.missed),
                ("spurious", all.spurious),
            ] {
                entry[field] = json!(n);
            }
            matching.insert(name.into(), entry);
        }
        let mut json = Value::Object(modes);
        json["rows"] = json!(rows);
        json["matching"] = Value::Object(matching);
        let level = level(self.confidence.level);
        let header =
            ["spans match", "precision", "recall", "F1", "correct", "incorrect", "partial", "missed", "spurious"];
        Ok(Answer::new(json)
            .line(format!("{rows} rows of tags in `{}` against `{}`", self.predicted, self.gold))
            .lines(lines)
            .table(&["seqeval", "precision", "recall", "F1", &level], cells, &[1, 2, 3, 4])
            .table(&["seqeval", "type", "precision", "recall", "F1", "expected"], by_type, &[2, 3, 4, 5])
            .table(&header, met, &[1, 2, 3, 4, 5, 6, 7, 8]))
    }
}
