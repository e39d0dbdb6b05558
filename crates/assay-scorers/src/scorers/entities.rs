//! `entities`: how well the entities of a text were found, as F1 from 0 to 1.
//!
//! The answer is a list of entities, or JSON that is or holds one (also under the key `entities`); so is the expected
//! output. An entity is `{start, end, label}` or `[start, end, label]` (from `start` up to but not including `end`, in
//! characters, or any unit that both sides count in), or `{text, label}`; `type` can stand for `label`. `{label: [text, …]}`
//! gives the texts of each label. With `tags` both sides are lists of tags such as `B-PER`, read as `lenient` (as
//! conlleval), `iob2`, `iobes` or `bilou`. Texts are placed in `source` (`"{{ text }}"`), the first mention at the first
//! occurrence as a word and so on; without a source equal texts are at one place and others apart, so that no overlap is
//! seen.
//!
//! `matching` says when an entity is right (SemEval-2013 task 9): `strict` (boundaries and label), `exact` (boundaries),
//! `partial` (boundaries, an overlap counts half) or `type` (an overlap with the same label). An answer without a list
//! finds nothing; what is no entity in its list, or stands nowhere in the source, counts as found and wrong. An expected
//! entity of that kind leaves the trial unscored. Nothing found where nothing is expected is right. The corpus metrics
//! `f1`, `precision` and `recall` are those of all entities of all trials together (micro).

use std::collections::{BTreeSet, HashMap};

use assay_core::{Metric, Problem, ScoreKind};
use assay_metrics::classification::Counts;
use assay_metrics::corpus::Counts as _;
use assay_metrics::entities::{Matching as Formula, Scheme as Reading, Span, match_spans};
use assay_metrics::structure::find_json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ScoreInput;
use crate::param::{Param, or_expected, text};
use crate::rule::{Rule, Scored};

/// Parameters of `entities`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entities {
    /// When an entity is right.
    #[serde(default)]
    pub matching: Matching,
    /// The expected entities; the case's expected output by default.
    #[serde(default)]
    pub value: Option<Param>,
    /// The text in which entities without positions are placed.
    #[serde(default)]
    pub source: Option<Param>,
    /// The scheme of tags, where both sides are lists of tags.
    #[serde(default)]
    pub tags: Option<Scheme>,
}

/// When an entity is right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// The same boundaries and the same label.
    #[default]
    Strict,
    /// The same boundaries, whatever the label.
    Exact,
    /// The same boundaries, whatever the label; an overlap counts half.
    Partial,
    /// An overlap with the same label.
    Type,
}

/// How tags spell entities.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// As conlleval and seqeval read by default.
    Lenient,
    /// Begin and inside.
    Iob2,
    /// Begin, inside, end and single.
    Iobes,
    /// Begin, inside, last and unit.
    Bilou,
}

/// Places beyond this are no places of a text; those of texts without one begin here.
const FURTHEST: usize = 1 << 40;

/// A text with the bytes at which its characters begin.
struct Source {
    text: String,
    starts: Vec<usize>,
}

impl Source {
    fn new(text: String) -> Self {
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        Self { text, starts }
    }

    /// The stretch between two characters.
    fn get(&self, span: &Span) -> Option<&str> {
        self.text.get(*self.starts.get(span.start)?..*self.starts.get(span.end)?)
    }

    /// Where a text stands, in characters: as a word, or within words where it stands nowhere as one.
    fn occurrences(&self, text: &str) -> Vec<(usize, usize)> {
        let inner = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let (opens, closes) = (inner(text.chars().next()), inner(text.chars().next_back()));
        let word = |at: usize| {
            let before = opens && inner(self.text[..at].chars().next_back());
            let after = closes && inner(self.text[at + text.len()..].chars().next());
            !before && !after
        };
        let place = |at: usize| self.starts.partition_point(|start| *start < at);
        let all: Vec<usize> = self.text.match_indices(text).map(|(at, _)| at).collect();
        let any = all.iter().any(|at| word(*at));
        let kept = all.into_iter().filter(|at| !any || word(*at));
        kept.map(|at| (place(at), place(at + text.len()))).collect()
    }
}

/// The texts that were met and where they stand.
struct Places<'a> {
    source: Option<&'a Source>,
    met: HashMap<String, Vec<(usize, usize)>>,
    /// The texts that are apart, in the order of their places.
    apart: Vec<String>,
}

impl Places<'_> {
    /// The place of the mention of a text that has been mentioned `before` times. Without a source each is a place of its
    /// own, two units long and two from the next.
    fn of(&mut self, text: &str, before: usize) -> Option<(usize, usize)> {
        if let Some(source) = self.source {
            let places = self.met.entry(text.to_owned()).or_insert_with(|| source.occurrences(text));
            return places.get(before).copied();
        }
        let places = self.met.entry(text.to_owned()).or_default();
        if places.len() <= before {
            let at = FURTHEST + 4 * self.apart.len();
            places.push((at, at + 2));
            self.apart.push(text.to_owned());
        }
        places.get(before).copied()
    }

    /// A span for people.
    fn show(&self, span: &Span) -> String {
        let text = match span.start.checked_sub(FURTHEST) {
            Some(place) => self.apart.get(place / 4).map(String::as_str),
            None => self.source.and_then(|source| source.get(span)),
        };
        match text {
            Some(text) => format!("{} `{text}`", span.label),
            None => format!("{} {}-{}", span.label, span.start, span.end),
        }
    }
}

/// An entity as written: where, or which text; and its label.
enum Entity<'a> {
    At(usize, usize, &'a str),
    Text(&'a str, &'a str),
}

impl<'a> Entity<'a> {
    /// `None` for what is no entity.
    fn read(value: &'a Value) -> Option<Self> {
        let place = |value: &Value| value.as_u64().map(|at| at as usize).filter(|at| *at < FURTHEST);
        let (start, end, label) = match value {
            Value::Array(parts) => match parts.as_slice() {
                [start, end, label] => (place(start), place(end), label.as_str()?),
                _ => return None,
            },
            Value::Object(fields) => {
                let label = fields.get("label").or_else(|| fields.get("type"))?.as_str()?;
                let at = |key| fields.get(key).and_then(place);
                if let (None, None, Some(text)) = (fields.get("start"), fields.get("end"), fields.get("text")) {
                    let text = text.as_str()?.trim();
                    return (!text.is_empty()).then_some(Self::Text(text, label));
                }
                (at("start"), at("end"), label)
            }
            _ => return None,
        };
        let (start, end) = start.zip(end).filter(|(start, end)| start < end)?;
        Some(Self::At(start, end, label))
    }

    /// The entities of one side; `None` where the value holds none, and an entry is `None` where it is no entity.
    fn list(value: &'a Value) -> Option<Vec<Option<Self>>> {
        let value = value.get("entities").unwrap_or(value);
        if let Some(list) = value.as_array() {
            return Some(list.iter().map(Self::read).collect());
        }
        let mut all = Vec::new();
        for (label, texts) in value.as_object()? {
            all.extend(texts.as_array()?.iter().map(|text| {
                let text = text.as_str()?.trim();
                (!text.is_empty()).then_some(Self::Text(text, label))
            }));
        }
        Some(all)
    }
}

/// The spans of one side, and the first entry that is none with the number of those.
struct Side {
    spans: Vec<Span>,
    wrong: usize,
    first_wrong: Option<usize>,
}

impl Side {
    fn of(entities: &[Option<Entity<'_>>], places: &mut Places<'_>) -> Self {
        let mut side = Self { spans: Vec::new(), wrong: 0, first_wrong: None };
        let mut mentions: HashMap<&str, usize> = HashMap::new();
        for (at, entity) in entities.iter().enumerate() {
            let span = match entity {
                Some(Entity::At(start, end, label)) => Some((*start, *end, *label)),
                Some(Entity::Text(text, label)) => {
                    let before = mentions.entry(text).or_default();
                    *before += 1;
                    places.of(text, *before - 1).map(|(start, end)| (start, end, *label))
                }
                None => None,
            };
            match span {
                Some((start, end, label)) => side.spans.push(Span { start, end, label: label.to_owned() }),
                None => {
                    side.wrong += 1;
                    side.first_wrong.get_or_insert(at);
                }
            }
        }
        side
    }
}

impl Entities {
    /// The spans of a list of tags; `None` where the value holds no such list.
    fn tagged(scheme: Scheme, value: &Value) -> Option<Vec<Span>> {
        let scheme = match scheme {
            Scheme::Lenient => Reading::Lenient,
            Scheme::Iob2 => Reading::Iob2,
            Scheme::Iobes => Reading::Iobes,
            Scheme::Bilou => Reading::Bilou,
        };
        let tags: Option<Vec<&str>> =
            value.get("tags").unwrap_or(value).as_array()?.iter().map(Value::as_str).collect();
        scheme.spans(&tags?).ok()
    }

    /// Expected and found spans, and how many entries of the answer are no entities. The answer's are `None` where it has
    /// no list.
    fn sides(
        &self,
        expected: &Value,
        answer: Option<&Value>,
        places: &mut Places<'_>,
    ) -> Result<(Vec<Span>, Option<Side>), String> {
        if let Some(scheme) = self.tags {
            let expected = Self::tagged(scheme, expected).ok_or("the expected output is no list of such tags")?;
            let found = answer.and_then(|answer| Self::tagged(scheme, answer));
            return Ok((expected, found.map(|spans| Side { spans, wrong: 0, first_wrong: None })));
        }
        let entities = Entity::list(expected).ok_or("the expected output is no list of entities")?;
        let expected = Side::of(&entities, places);
        if let Some(at) = expected.first_wrong {
            return Err(match &entities[at] {
                Some(Entity::Text(text, _)) => format!("the expected entity `{text}` does not stand in the source"),
                _ => format!("entry {} of the expected entities is none", at + 1),
            });
        }
        let found = answer.and_then(Entity::list).map(|entities| Side::of(&entities, places));
        Ok((expected.spans, found))
    }
}

impl Rule for Entities {
    const NAME: &'static str = "entities";
    const MAIN: &'static str = "matching";

    fn kind(&self) -> ScoreKind {
        ScoreKind::Bounded { lo: 0.0, hi: 1.0 }
    }

    fn needs_expected(&self) -> bool {
        self.value.is_none()
    }

    fn metrics(&self) -> &'static [Metric] {
        &[Metric::F1, Metric::Precision, Metric::Recall]
    }

    fn check(&self) -> Result<(), Problem> {
        if self.tags.is_some() && self.source.is_some() {
            return Err(Problem::new("/source", "tags have their places: `source` is for entities by text"));
        }
        Ok(())
    }

    fn score(&self, input: &ScoreInput<'_>) -> Result<Scored, String> {
        let json = |value: Value| match value {
            Value::String(text) => find_json(&text),
            other => Some(other),
        };
        let expected = json(or_expected(self.value.as_ref(), input)?).ok_or("the expected output is not JSON")?;
        let answer = json(input.output.value.clone());
        let source = self.source.as_ref().map(|source| source.resolve(input)).transpose()?;
        let source = source.map(|source| Source::new(text(&source)));
        let mut places = Places { source: source.as_ref(), met: HashMap::new(), apart: Vec::new() };
        let (expected, found) = self.sides(&expected, answer.as_ref(), &mut places)?;
        let listed = found.is_some();
        let Side { spans: found, wrong, .. } = found.unwrap_or(Side { spans: Vec::new(), wrong: 0, first_wrong: None });
        let rule = match self.matching {
            Matching::Strict => Formula::Strict,
            Matching::Exact => Formula::Exact,
            Matching::Partial => Formula::Partial,
            Matching::Type => Formula::Type,
        };
        let mut matches = match_spans(&expected, &found, rule).map_err(|undefined| undefined.to_string())?;
        matches.spurious += wrong;
        let counts = Counts {
            hits: matches.correct as f64 + 0.5 * matches.partial as f64,
            predicted: matches.actual() as f64,
            expected: matches.possible() as f64,
        };
        let mut why = match (listed, self.tags) {
            (true, _) => format!("{} expected, {} found", matches.possible(), matches.actual()),
            (false, None) => "the answer has no list of entities".to_owned(),
            (false, Some(_)) => "the answer has no list of tags of the scheme".to_owned(),
        };
        let sets: [BTreeSet<&Span>; 2] = [expected.iter().collect(), found.iter().collect()];
        for (word, these, those) in [("missed", &sets[0], &sets[1]), ("unexpected", &sets[1], &sets[0])] {
            let apart: Vec<String> = these.difference(those).take(20).map(|span| places.show(span)).collect();
            if !apart.is_empty() {
                why.push_str(&format!("; {word}: {}", apart.join(", ")));
            }
        }
        // Nothing found where nothing is expected is right.
        Ok(Scored::value(matches.f1().unwrap_or(1.0)).because(why).counting(counts.numbers()))
    }
}
