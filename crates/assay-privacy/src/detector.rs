//! Finds personal data and secrets in a text.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use serde::{Deserialize, Serialize};

use crate::checksum::Checksum;
use crate::fold::Folded;
use crate::kind::{Class, Kind};
use crate::placeholder;
use crate::recogniser::{Candidate, Check, Compiled, Custom, Needs, Recogniser, Span};
use crate::recognisers;

/// What a word around a match is worth.
const CONTEXT: f32 = 0.35;
/// What a word that speaks against it costs.
const AGAINST: f32 = 0.4;
/// Bytes before and after a match in which a word counts: a short clause.
const BEFORE: usize = 80;
const AFTER: usize = 40;
/// A longer range gives way to a surer one inside it only when it is unsurer by more than this.
const MUCH: f32 = 0.25;

/// What is looked for, as data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// These kinds and no others; without it all kinds that name a person or give access ([`Class::Direct`],
    /// [`Class::Secret`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<Kind>>,
    /// More kinds, such as `LOCATION` or `DATE`, which are not looked for without being asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Kind>,
    /// Kinds that are not looked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Kind>,
    /// Identifiers of these countries (ISO 3166-1 alpha-2) and those that belong to none; all countries without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub countries: Option<Vec<String>>,
    /// Findings below it are not reported. From 0 to 1.
    pub confidence: f32,
    /// Recognisers of your own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recognisers: Vec<Custom>,
    /// Values that are nobody's secret, such as a support address. Compared without regard to case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            kinds: None,
            also: Vec::new(),
            without: Vec::new(),
            countries: None,
            confidence: 0.5,
            recognisers: Vec::new(),
            allow: Vec::new(),
        }
    }
}

impl Selection {
    /// Everything the built-in recognisers know, the kinds included that narrow down without naming.
    pub fn everything() -> Self {
        Self { also: recognisers::kinds().into_iter().map(|(kind, _)| kind).collect(), ..Self::default() }
    }
}

/// What is wrong with a selection or policy, and where: a JSON pointer into it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {message}")]
pub struct Problem {
    /// JSON pointer (RFC 6901) into the data.
    pub pointer: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Personal data or a secret in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Its bytes in the text; both ends lie between characters.
    pub range: Range<usize>,
    /// From 0 to 1: how sure the recogniser is. A rank, not a probability.
    pub confidence: f32,
    /// Which recogniser found it.
    pub recogniser: Arc<str>,
    /// Why.
    pub evidence: Evidence,
}

/// Why something is a finding, beyond its pattern. Holds nothing of the text itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The rule that the value satisfies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
    /// The word of the recogniser's list that stands near it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Arc<str>>,
    /// The same value was found elsewhere in the text, and that is the only reason.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
}

/// Recognisers, built once and used from any number of threads.
///
/// ```
/// use assay_privacy::{Detector, Selection};
/// let detector = Detector::new(&Selection::default()).unwrap();
/// let text = "Write to ｊａｎｅ＠example。com";
/// let found = detector.detect(text);
/// assert_eq!(found[0].kind, "EMAIL");
/// assert_eq!(&text[found[0].range.clone()], "ｊａｎｅ＠example。com");
/// ```
pub struct Detector {
    recognisers: Vec<Recogniser>,
    words: AhoCorasick,
    /// What each pattern of `words` is.
    meaning: Vec<Word>,
    names: Vec<Arc<str>>,
    /// All kinds there are, looked for or not: what a placeholder may name. Sorted.
    known: Vec<Kind>,
    confidence: f32,
    allow: Vec<String>,
}

/// One spelling of a word.
struct Word {
    /// Its number: spellings of one word share it.
    id: u32,
    /// Stands for itself rather than inside another word.
    bounded: bool,
}

/// A word of the list in the text.
struct Hit {
    start: usize,
    end: usize,
    id: u32,
}

impl Detector {
    /// Compiles the selection.
    ///
    /// # Errors
    /// The first thing that is wrong: an unknown kind or country, an expression that does not compile, a confidence that is
    /// none.
    pub fn new(selection: &Selection) -> Result<Self, Problem> {
        let chosen = Chosen::new(selection)?;
        let mut list = Words::default();
        let mut recognisers = Vec::new();
        for builtin in recognisers::all() {
            if !chosen.takes(builtin.kind, builtin.class, builtin.country) {
                continue;
            }
            let patterns: Vec<Compiled> =
                builtin.patterns.iter().map(|(regex, confidence)| Compiled::builtin(regex, *confidence)).collect();
            let (digits, any) = match builtin.needs {
                Needs::Nothing => (0, Vec::new()),
                Needs::Digits(digits) => (digits, Vec::new()),
                Needs::Any(any) => (0, list.add(any, false)),
            };
            recognisers.push(Recogniser {
                name: Arc::from(builtin.name),
                kind: Kind::builtin(builtin.kind),
                class: builtin.class,
                needs_context: needs_context(&patterns, builtin.check, selection.confidence),
                patterns,
                check: builtin.check,
                context: list.add(builtin.context, true),
                against: list.add(builtin.against, true),
                any,
                digits,
                field: builtin.field,
            });
        }
        for (index, custom) in selection.recognisers.iter().enumerate() {
            let patterns = custom.check(&format!("/recognisers/{index}"))?;
            if !chosen.takes_country(custom.country.as_deref()) {
                continue;
            }
            let check = custom.checksum.map_or(Check::None, |rule| Check::Sum(rule, custom.checked));
            let words: Vec<&str> = custom.context.iter().map(String::as_str).collect();
            recognisers.push(Recogniser {
                name: Arc::from(custom.name.as_str()),
                kind: custom.kind.clone(),
                class: recognisers::class_of(custom.kind.as_str()).unwrap_or(Class::Direct),
                needs_context: needs_context(&patterns, check, selection.confidence),
                patterns,
                check,
                context: list.add(&words, true),
                against: Vec::new(),
                any: Vec::new(),
                digits: 0,
                field: false,
            });
        }
        let Words { spellings, meaning, names, .. } = list;
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&spellings)
            .map_err(|error| Problem { pointer: "/recognisers".to_owned(), message: error.to_string() })?;
        let allow = selection.allow.iter().map(|value| value.to_lowercase()).collect();
        let mut known: Vec<Kind> = recognisers::kinds().into_iter().map(|(kind, _)| kind).collect();
        known.extend(selection.recognisers.iter().map(|custom| custom.kind.clone()));
        known.sort();
        known.dedup();
        Ok(Self { recognisers, words, meaning, names, known, confidence: selection.confidence, allow })
    }

    /// All findings, in the order of the text, none overlapping another.
    ///
    /// Time and memory grow linearly with the text, whatever it holds.
    pub fn detect(&self, text: &str) -> Vec<Finding> {
        self.detect_field("", text)
    }

    /// Findings in the value of a field, whose name counts as a word beside the value: in `{"ssn": "123456789"}` only the
    /// name says what the number is.
    pub fn detect_field(&self, field: &str, text: &str) -> Vec<Finding> {
        if text.is_empty() {
            return Vec::new();
        }
        let ambient = self.field_words(field);
        let folded = Folded::new(text);
        let read = folded.text();
        let protected = placeholder::spans(read, &self.known);
        let mut present = vec![false; self.names.len()];
        let hits = self.hits(read, &protected, &mut present);
        ambient.iter().for_each(|id| present[*id as usize] = true);
        let digits = most_digits(read.as_bytes());
        let mut candidates = Vec::new();
        for (index, recogniser) in self.recognisers.iter().enumerate() {
            let some = |words: &[u32]| words.iter().any(|word| present[*word as usize]);
            if recogniser.digits > digits
                || !recogniser.any.is_empty() && !some(&recogniser.any)
                || recogniser.needs_context && !some(&recogniser.context)
                || recogniser.field && !recogniser.context.iter().any(|word| ambient.contains(word))
            {
                continue;
            }
            self.look(index, recogniser, read, &hits, &ambient, &mut candidates);
        }
        candidates.retain(|found| {
            !touches(&protected, found.start, found.end) && !self.allowed(&read[found.start..found.end])
        });
        let mut accepted = resolve(candidates);
        join(&mut accepted, read, &self.recognisers);
        self.repeat(read, &protected, &mut accepted);
        accepted
            .into_iter()
            .map(|found| {
                let recogniser = &self.recognisers[found.recogniser];
                Finding {
                    kind: recogniser.kind.clone(),
                    range: folded.original(found.start, found.end),
                    confidence: found.confidence,
                    recogniser: Arc::clone(&recogniser.name),
                    evidence: Evidence {
                        checksum: found.checksum,
                        context: found.context.map(|id| Arc::clone(&self.names[id as usize])),
                        repeated: found.repeated,
                    },
                }
            })
            .collect()
    }

    /// The kinds it looks for, sorted.
    pub fn kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = self.recognisers.iter().map(|recogniser| recogniser.kind.clone()).collect();
        kinds.sort();
        kinds.dedup();
        kinds
    }

    fn look(
        &self,
        index: usize,
        recogniser: &Recogniser,
        text: &str,
        hits: &[Hit],
        ambient: &[u32],
        candidates: &mut Vec<Found>,
    ) {
        // Where the value that was taken ends, or none.
        let mut judge = |start: usize, mut end: usize, confidence: f32| -> Option<usize> {
            if start >= end || recogniser.field && (start, end) != trimmed(text) {
                return None;
            }
            let mut start = start;
            let mut checksum = None;
            let confidence = match recogniser.check {
                Check::None | Check::Scan(_) => confidence,
                Check::Sum(rule, checked) => {
                    if !rule.holds(&text[start..end]) {
                        return None;
                    }
                    checksum = Some(rule);
                    confidence.max(checked)
                }
                Check::Rule(rule) => {
                    let mut candidate = Candidate { text, start, end, confidence };
                    let confidence = rule(&mut candidate)?;
                    (start, end) = (candidate.start, candidate.end);
                    confidence
                }
            };
            let context = near(&recogniser.context, hits, ambient, start, end);
            let against = near(&recogniser.against, hits, &[], start, end);
            let mut sure = confidence;
            if context.is_some() {
                sure = (sure + CONTEXT).min(0.99).max(sure);
            } else if against.is_some() {
                sure -= AGAINST;
            }
            if sure + f32::EPSILON < self.confidence || start >= end {
                return None;
            }
            candidates.push(Found {
                start,
                end,
                confidence: sure,
                recogniser: index,
                checksum,
                context,
                repeated: false,
            });
            Some(end)
        };
        if let Check::Scan(scan) = recogniser.check {
            let mut spans = Vec::new();
            scan(text, &mut spans);
            for Span { start, end, confidence } in spans {
                judge(start, end, confidence);
            }
        }
        for pattern in &recogniser.patterns {
            pattern.each(text, |start, end| judge(start, end, pattern.confidence));
        }
    }

    /// The words of a text that tell something of what stands beside them, in the order of their ends, without those inside
    /// placeholders. Marks them, and what recognisers need, as present.
    fn hits(&self, text: &str, protected: &[Range<usize>], present: &mut [bool]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for found in self.words.find_overlapping_iter(text) {
            let word = &self.meaning[found.pattern().as_usize()];
            if !word.bounded {
                present[word.id as usize] = true;
                continue;
            }
            if !stands_alone(text, found.start(), found.end()) || touches(protected, found.start(), found.end()) {
                continue;
            }
            present[word.id as usize] = true;
            hits.push(Hit { start: found.start(), end: found.end(), id: word.id });
        }
        hits
    }

    /// The listed words in the name of a field: `customerPhone` and `customer_phone` hold `phone`.
    fn field_words(&self, field: &str) -> Vec<u32> {
        if field.is_empty() {
            return Vec::new();
        }
        let mut spaced = String::with_capacity(field.len() + 8);
        let mut lower = false;
        for c in field.chars().take(256) {
            if c.is_uppercase() && lower {
                spaced.push(' ');
            }
            lower = c.is_lowercase();
            spaced.push(if c == '_' || c == '-' || c == '.' { ' ' } else { c });
        }
        let mut present = vec![false; self.names.len()];
        let mut ids: Vec<u32> = self.hits(&spaced, &[], &mut present).into_iter().map(|hit| hit.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    fn allowed(&self, value: &str) -> bool {
        !self.allow.is_empty() && self.allow.contains(&value.to_lowercase())
    }

    /// A value that was recognised once is the same value wherever it stands: a name after a title, a number after its
    /// word.
    fn repeat(&self, text: &str, protected: &[Range<usize>], accepted: &mut Vec<Found>) {
        let mut values: HashMap<&str, usize> = HashMap::new();
        for (at, found) in accepted.iter().enumerate() {
            let value = &text[found.start..found.end];
            if found.end - found.start >= 4 && self.recognisers[found.recogniser].class != Class::Quasi {
                values.entry(value).or_insert(at);
            }
        }
        if values.is_empty()
            || values.len() == accepted.len() && accepted.len() == 1 && {
                // The common case: one value, and it stands nowhere else.
                let found = &accepted[0];
                let value = &text[found.start..found.end];
                !text[found.end..].contains(value) && !text[..found.start].contains(value)
            }
        {
            return;
        }
        let values: Vec<(&str, usize)> = values.into_iter().collect();
        let Ok(search) = AhoCorasick::builder()
            .match_kind(aho_corasick::MatchKind::LeftmostLongest)
            .build(values.iter().map(|(value, _)| value))
        else {
            return;
        };
        let mut more = Vec::new();
        let mut next = 0;
        for found in search.find_iter(text) {
            let (start, end) = (found.start(), found.end());
            while next < accepted.len() && accepted[next].end <= start {
                next += 1;
            }
            let taken = accepted.get(next).is_some_and(|other| other.start < end);
            if taken || touches(protected, start, end) || !stands_alone(text, start, end) {
                continue;
            }
            let first = &accepted[values[found.pattern().as_usize()].1];
            more.push(Found { start, end, repeated: true, context: None, ..*first });
        }
        accepted.extend(more);
        accepted.sort_by_key(|found| found.start);
    }
}

/// A finding in the folded text.
#[derive(Clone, Copy)]
struct Found {
    start: usize,
    end: usize,
    confidence: f32,
    recogniser: usize,
    checksum: Option<Checksum>,
    context: Option<u32>,
    repeated: bool,
}

fn needs_context(patterns: &[Compiled], check: Check, confidence: f32) -> bool {
    let alone = match check {
        Check::None => 0.0,
        Check::Sum(_, checked) => checked,
        Check::Rule(_) | Check::Scan(_) => 1.0,
    };
    patterns.iter().fold(alone, |most, pattern| most.max(pattern.confidence)) < confidence
}

/// Whether the bytes overlap one of the spans, which are in order.
fn touches(spans: &[Range<usize>], start: usize, end: usize) -> bool {
    spans.get(spans.partition_point(|span| span.end <= start)).is_some_and(|span| span.start < end)
}

/// The bytes without white space and quotes at either end.
fn trimmed(text: &str) -> (usize, usize) {
    let outer = |c: char| c.is_whitespace() || c == '"' || c == '\'';
    let start = text.len() - text.trim_start_matches(outer).len();
    (start, text.trim_end_matches(outer).len().max(start))
}

/// The word of `words` that is nearest: in the field's name, before the match, or after it.
fn near(words: &[u32], hits: &[Hit], ambient: &[u32], start: usize, end: usize) -> Option<u32> {
    if words.is_empty() {
        return None;
    }
    if let Some(word) = ambient.iter().find(|word| words.binary_search(word).is_ok()) {
        return Some(*word);
    }
    let from = hits.partition_point(|hit| hit.end + BEFORE < start);
    let mut nearest: Option<&Hit> = None;
    for hit in hits[from..].iter().take_while(|hit| hit.end <= end + AFTER) {
        if hit.end > start && hit.start < end || words.binary_search(&hit.id).is_err() {
            continue;
        }
        // The longest of those that end last before the match; one after it only when there is none before.
        if nearest.is_none_or(|last| hit.end <= start && (hit.end, last.start) > (last.end, hit.start)) {
            nearest = Some(hit);
        }
    }
    nearest.map(|hit| hit.id)
}

/// Whether no letter or digit touches the bytes, where letters of that kind form words.
pub(crate) fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let joins = |inside: Option<char>, outside: Option<char>| match (inside, outside) {
        (Some(inside), Some(outside)) => {
            inside.is_alphanumeric() && outside.is_alphanumeric() && !unspaced(inside) && !unspaced(outside)
        }
        _ => false,
    };
    let value = &text[start..end];
    let after = &text[end..];
    // A plural is the same word.
    let after = after.strip_prefix('s').filter(|_| value.is_ascii()).unwrap_or(after);
    !joins(value.chars().next(), text[..start].chars().next_back())
        && !joins(value.chars().next_back(), after.chars().next())
}

/// Letters of scripts that put no spaces between words.
pub(crate) fn unspaced(c: char) -> bool {
    matches!(u32::from(c), 0xe00..=0xeff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7a3)
}

/// Most digits in a row with at most two separators between one and the next.
fn most_digits(text: &[u8]) -> usize {
    let (mut most, mut run, mut between) = (0, 0, 0);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                run += 1;
                between = 0;
                most = most.max(run);
            }
            b' ' | b'.' | b'-' | b'/' | b'(' | b')' | b'+' if between < 2 => between += 1,
            _ => {
                run = 0;
                between = 0;
            }
        }
    }
    most
}

/// Makes findings that overlap one. The longer keeps its kind where it covers the other and is not much unsurer; partial
/// overlaps become one range under the surer kind, so that no end of either is left in the text.
fn resolve(mut candidates: Vec<Found>) -> Vec<Found> {
    if candidates.len() < 2 {
        return candidates;
    }
    candidates.sort_by(|a, b| {
        b.confidence
            .total_cmp(&a.confidence)
            .then((b.end - b.start).cmp(&(a.end - a.start)))
            .then(a.start.cmp(&b.start))
            .then(a.recogniser.cmp(&b.recogniser))
    });
    let mut accepted: BTreeMap<usize, Found> = BTreeMap::new();
    for found in candidates {
        let overlapped: Vec<usize> = accepted
            .range(..found.end)
            .rev()
            .take_while(|(_, other)| other.end > found.start)
            .map(|(start, _)| *start)
            .collect();
        let Some(surest) = overlapped
            .iter()
            .map(|start| accepted[start])
            .max_by(|a, b| a.confidence.total_cmp(&b.confidence).then(b.start.cmp(&a.start)))
        else {
            accepted.insert(found.start, found);
            continue;
        };
        let covered = |other: &Found| other.start <= found.start && found.end <= other.end;
        if overlapped.iter().any(|start| covered(&accepted[start])) || found.confidence + MUCH < surest.confidence {
            continue;
        }
        let (mut start, mut end) = (found.start, found.end);
        for other in overlapped {
            let other = accepted.remove(&other).expect("listed above");
            start = start.min(other.start);
            end = end.max(other.end);
        }
        let named = if (start, end) == (found.start, found.end) { found } else { surest };
        accepted.insert(start, Found { start, end, confidence: surest.confidence.max(found.confidence), ..named });
    }
    accepted.into_values().collect()
}

/// Parts of one address, with nothing but commas and white space between them, are one.
fn join(accepted: &mut Vec<Found>, text: &str, recognisers: &[Recogniser]) {
    let address = |found: &Found| recognisers[found.recogniser].kind == "ADDRESS";
    accepted.dedup_by(|next, last| {
        let between = &text[last.end..next.start];
        let joined = address(last)
            && address(next)
            && between.len() <= 3
            && between.chars().all(|c| c.is_whitespace() || c == ',' || c == '-');
        if joined {
            last.end = next.end;
        }
        joined
    });
}

/// What a selection takes of the recognisers.
struct Chosen<'a> {
    selection: &'a Selection,
}

impl<'a> Chosen<'a> {
    fn new(selection: &'a Selection) -> Result<Self, Problem> {
        let known = recognisers::kinds();
        let custom = |kind: &Kind| selection.recognisers.iter().any(|custom| custom.kind == *kind);
        let lists = [
            ("/kinds", selection.kinds.as_deref().unwrap_or_default()),
            ("/also", &selection.also),
            ("/without", &selection.without),
        ];
        for (pointer, kinds) in lists {
            for (index, kind) in kinds.iter().enumerate() {
                if !custom(kind) && !known.iter().any(|(known, _)| known == kind) {
                    let near = known
                        .iter()
                        .find(|(known, _)| {
                            known.as_str().contains(kind.as_str()) || kind.as_str().contains(known.as_str())
                        })
                        .map_or_else(
                            || "docs/privacy.md lists them".to_owned(),
                            |(known, _)| format!("did you mean `{known}`?"),
                        );
                    let message = format!("no recogniser finds `{kind}`; {near}");
                    return Err(Problem { pointer: format!("{pointer}/{index}"), message });
                }
            }
        }
        let countries = recognisers::countries();
        for (index, country) in selection.countries.iter().flatten().enumerate() {
            if !countries.contains(&country.as_str())
                && !selection.recognisers.iter().any(|custom| custom.country.as_deref() == Some(country))
            {
                let message = format!(
                    "no recogniser belongs to `{}`; there are {}",
                    country.escape_debug(),
                    countries.join(", ")
                );
                return Err(Problem { pointer: format!("/countries/{index}"), message });
            }
        }
        if !(0.0..=1.0).contains(&selection.confidence) {
            let message = format!("a confidence lies between 0 and 1, not {}", selection.confidence);
            return Err(Problem { pointer: "/confidence".to_owned(), message });
        }
        Ok(Self { selection })
    }

    fn takes(&self, kind: &str, class: Class, country: Option<&str>) -> bool {
        let named = |kinds: &[Kind]| kinds.iter().any(|named| *named == kind);
        let asked = match &self.selection.kinds {
            Some(kinds) => named(kinds),
            None => class != Class::Quasi,
        };
        (asked || named(&self.selection.also)) && !named(&self.selection.without) && self.takes_country(country)
    }

    fn takes_country(&self, country: Option<&str>) -> bool {
        match (&self.selection.countries, country) {
            (Some(countries), Some(country)) => countries.iter().any(|named| named == country),
            _ => true,
        }
    }
}

/// The words of all recognisers, each once.
#[derive(Default)]
struct Words {
    spellings: Vec<String>,
    meaning: Vec<Word>,
    names: Vec<Arc<str>>,
    known: HashMap<(String, bool), u32>,
}

impl Words {
    /// Numbers of the words, sorted.
    fn add(&mut self, words: &[&str], bounded: bool) -> Vec<u32> {
        let mut ids: Vec<u32> = words
            .iter()
            .map(|word| {
                let lower = word.to_lowercase();
                if let Some(id) = self.known.get(&(lower.clone(), bounded)) {
                    return *id;
                }
                let id = self.names.len() as u32;
                self.names.push(Arc::from(lower.as_str()));
                self.known.insert((lower.clone(), bounded), id);
                // ASCII is compared without regard to case; other letters are given in each.
                let mut spellings = vec![lower.clone()];
                if !lower.is_ascii() {
                    let mut letters = lower.chars();
                    let capital: String =
                        letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
                    spellings.extend([capital, lower.to_uppercase()]);
                    spellings.sort();
                    spellings.dedup();
                }
                for spelling in spellings {
                    self.spellings.push(spelling);
                    self.meaning.push(Word { id, bounded });
                }
                id
            })
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}
