//! Translation edit rate (Snover 2006) with tercom's shifts, as sacrebleu 2.6 computes it.

use crate::corpus;
use crate::tokens::{Numbers, is_space, punctuation, stops, words};

/// The longest block of words that is moved at once.
const MAX_SHIFT_SIZE: usize = 10;
/// How far a block is moved at most.
const MAX_SHIFT_DISTANCE: usize = 50;
/// Shifts that are tried for one pair of texts.
const MAX_CANDIDATES: usize = 1000;
/// How far from the diagonal words are aligned.
const BEAM: f64 = 25.0;

/// A variant of TER: how texts become words.
///
/// # Examples
/// ```
/// use assay_metrics::ter::Ter;
/// let ter = Ter::default();
/// // One shift of a block, over four words.
/// assert_eq!(ter.segment("c d a b", &["a b c d"]).rate(), Some(0.25));
/// assert_eq!(ter.signature(Some(1)), "nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:2.6.0");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ter {
    /// Split punctuation from words and read XML entities.
    pub normalised: bool,
    /// Remove punctuation.
    pub no_punctuation: bool,
    /// With `normalised`, each Chinese and Japanese ideograph is a word; with `no_punctuation`, theirs is removed, too.
    pub asian: bool,
    /// Upper case and lower case differ.
    pub case_sensitive: bool,
}

/// The counts of a segment, or the sums of a corpus.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Shifts, insertions, deletions and substitutions to the closest reference.
    pub edits: f64,
    /// Words of the references, on average.
    pub reference_length: f64,
}

impl corpus::Counts for Counts {
    fn numbers(&self) -> Vec<f64> {
        vec![self.edits, self.reference_length]
    }

    fn read(numbers: &[f64]) -> Option<Self> {
        let [edits, reference_length] = *numbers else { return None };
        Some(Self { edits, reference_length })
    }
}

impl Counts {
    /// Edits over the references' words: 0 is perfect, above 1 is possible. As sacrebleu, 1 for words against empty
    /// references. `None` where neither side has words, where sacrebleu says 0.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ter::Ter;
    /// // One word of four is another one.
    /// assert_eq!(Ter::default().segment("a b c x", &["a b c d"]).rate(), Some(0.25));
    /// assert_eq!(Ter::default().segment("", &[""]).rate(), None);
    /// ```
    pub fn rate(&self) -> Option<f64> {
        // What is left of sums of thirds after a subtraction is no word.
        if self.reference_length > 1e-9 {
            Some(self.edits / self.reference_length)
        } else {
            (self.edits > 0.0).then_some(1.0)
        }
    }
}

impl Ter {
    /// The counts of a segment. Without references, those of an empty one. O(length² · (1 + tried shifts)) for each
    /// reference, of which at most about 1000 are tried.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ter::Ter;
    /// // Moving a stretch of words is one edit.
    /// let counts = Ter::default().segment("c d a b", &["a b c d"]);
    /// assert_eq!((counts.edits, counts.reference_length), (1.0, 4.0));
    /// ```
    pub fn segment(&self, hypothesis: &str, references: &[&str]) -> Counts {
        let mut numbers = Numbers::default();
        let mut read = |text: &str| {
            let text = self.text(text);
            numbers.all(words(&text).map(str::to_owned))
        };
        let hypothesis = read(hypothesis);
        let references: Vec<Vec<u32>> =
            if references.is_empty() { vec![Vec::new()] } else { references.iter().map(|text| read(text)).collect() };
        let edits = references.iter().map(|reference| edits(&hypothesis, reference)).min().unwrap_or(0);
        let words = references.iter().map(Vec::len).sum::<usize>();
        Counts { edits: edits as f64, reference_length: words as f64 / references.len() as f64 }
    }

    /// What sacrebleu 2.6.0 prints for the same settings. `references` is their number per segment, `None` where it
    /// varies.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::ter::Ter;
    /// assert_eq!(
    ///     Ter::default().signature(Some(1)),
    ///     "nrefs:1|case:lc|tok:tercom|norm:no|punct:yes|asian:no|version:2.6.0"
    /// );
    /// ```
    pub fn signature(&self, references: Option<usize>) -> String {
        let yes = |flag: bool| if flag { "yes" } else { "no" };
        format!(
            "nrefs:{}|case:{}|tok:tercom|norm:{}|punct:{}|asian:{}|version:2.6.0",
            references.map_or_else(|| "var".into(), |n| n.to_string()),
            if self.case_sensitive { "mixed" } else { "lc" },
            yes(self.normalised),
            yes(!self.no_punctuation),
            yes(self.asian),
        )
    }

    fn text(&self, text: &str) -> String {
        let mut text = text.trim_end_matches(is_space).to_owned();
        if !self.case_sensitive {
            text = text.to_lowercase();
        }
        if self.normalised {
            text = text.replace("\n-", "").replace('\n', " ");
            for (entity, sign) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
                text = text.replace(entity, sign);
            }
            text = stops(&punctuation(&format!(" {text} ")).replace("'s ", " 's "));
            if self.asian {
                text = text.chars().fold(String::new(), |mut out, c| {
                    if is_asian(c) || is_asian_punctuation(c) {
                        out.extend([' ', c, ' ']);
                    } else {
                        out.push(c);
                    }
                    out
                });
            }
        }
        if self.no_punctuation {
            text.retain(|c| {
                let mark = matches!(c, '.' | ',' | '?' | ':' | ';' | '!' | '"' | '(' | ')');
                !(mark || self.asian && is_asian_punctuation(c))
            });
        }
        text
    }
}

/// The ideographs of tercom's Asian mode. 3200 to 3F22 is sacrebleu's range, where 32FF was meant. Its rules for runs of
/// kana never apply, since they are anchored to the beginning of a text that begins with a space.
fn is_asian(c: char) -> bool {
    matches!(c,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{31c0}'..='\u{31ef}' | '\u{2e80}'..='\u{2eff}'
        | '\u{3300}'..='\u{33ff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{3200}'..='\u{3f22}')
}

fn is_asian_punctuation(c: char) -> bool {
    matches!(c,
        '\u{3001}' | '\u{3002}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}' | '\u{ff61}'..='\u{ff65}'
        | '\u{30fb}' | '\u{ff0e}' | '\u{ff0c}' | '\u{ff1f}' | '\u{ff1a}' | '\u{ff1b}' | '\u{ff01}' | '\u{ff02}'
        | '\u{ff08}' | '\u{ff09}')
}

/// Shifts, as long as one brings the texts closer, and the edits that remain.
fn edits(hypothesis: &[u32], reference: &[u32]) -> usize {
    if reference.is_empty() {
        return hypothesis.len();
    }
    let mut matrix = Matrix::new(reference, hypothesis.len());
    let mut current = hypothesis.to_vec();
    let (mut shifts, mut tried) = (0, 0);
    loop {
        let found = best_shift(&current, reference, &mut matrix, &mut tried);
        match found {
            Some((gain, next)) if gain > 0 && tried < MAX_CANDIDATES => {
                shifts += 1;
                current = next;
            }
            _ => break,
        }
    }
    shifts + matrix.distance(&current) as usize
}

/// The shift that saves most edits; of equal ones that of the longest block, then the first, then to the first place.
fn best_shift(words: &[u32], reference: &[u32], matrix: &mut Matrix<'_>, tried: &mut usize) -> Option<(i64, Vec<u32>)> {
    let before = i64::from(matrix.distance(words));
    let Alignment { places, wrong_reference, wrong_words } = matrix.alignment();
    let (mut highest, mut best) = ((i64::MIN, 0, 0, 0), None);
    for start in 0..words.len() {
        for target in start.saturating_sub(MAX_SHIFT_DISTANCE)..reference.len().min(start + MAX_SHIFT_DISTANCE + 1) {
            let length = words[start..]
                .iter()
                .zip(&reference[target..])
                .take(MAX_SHIFT_SIZE)
                .take_while(|(word, other)| word == other)
                .count();
            for length in 1..=length {
                // Only what is wrong is moved, and only to where something is missing.
                let within = places[target] >= start as i64 && places[target] < (start + length) as i64;
                if within
                    || !wrong_words[start..start + length].contains(&true)
                    || !wrong_reference[target..target + length].contains(&true)
                {
                    continue;
                }
                let mut last = None;
                for offset in 0..=length {
                    let place = match (target + offset).checked_sub(1) {
                        None => 0,
                        Some(at) => match places.get(at) {
                            Some(place) => (place + 1) as usize,
                            None => break,
                        },
                    };
                    if last.replace(place) == Some(place) {
                        continue;
                    }
                    let moved = shifted(words, start, length, place);
                    let gain = before - i64::from(matrix.distance(&moved));
                    let rank = (gain, length, -(start as i64), -(place as i64));
                    *tried += 1;
                    if best.is_none() || rank > highest {
                        (highest, best) = (rank, Some(moved));
                    }
                }
                if *tried >= MAX_CANDIDATES {
                    return best.map(|moved| (highest.0, moved));
                }
            }
        }
    }
    best.map(|moved| (highest.0, moved))
}

fn shifted(words: &[u32], start: usize, length: usize, target: usize) -> Vec<u32> {
    let block = &words[start..start + length];
    if target < start {
        [&words[..target], block, &words[target..start], &words[start + length..]].concat()
    } else if target > start + length {
        [&words[..start], &words[start + length..target], block, &words[target..]].concat()
    } else {
        // Within the block itself: it moves on by as many words.
        let end = (length + target).min(words.len());
        [&words[..start], &words[start + length..end], block, &words[end..]].concat()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Edit {
    Keep,
    Substitute,
    Insert,
    Delete,
    Unknown,
}

/// For each word of the reference the word before or at which it stands (−1 before the first), and what is wrong.
struct Alignment {
    places: Vec<i64>,
    wrong_reference: Vec<bool>,
    wrong_words: Vec<bool>,
}

const FAR: u32 = u32::MAX / 2;

/// The matrix of edit distances between beginnings, in a beam around the diagonal. Texts of one length share it: the rows
/// of a common beginning are kept, for shifted texts mostly differ at their ends.
struct Matrix<'a> {
    reference: &'a [u32],
    words: Vec<u32>,
    cells: Vec<(u32, Edit)>,
    filled: usize,
}

impl<'a> Matrix<'a> {
    fn new(reference: &'a [u32], length: usize) -> Self {
        let width = reference.len() + 1;
        let mut cells = vec![(FAR, Edit::Unknown); width * (length + 1)];
        for (cost, cell) in cells[..width].iter_mut().enumerate() {
            *cell = (cost as u32, Edit::Insert);
        }
        Self { reference, words: vec![0; length], cells, filled: 0 }
    }

    fn distance(&mut self, words: &[u32]) -> u32 {
        let (length, width) = (words.len(), self.reference.len() + 1);
        let ratio = if length > 0 { self.reference.len() as f64 / length as f64 } else { 1.0 };
        // For texts of very different length the beams of two rows would not even touch.
        let beam = if BEAM < ratio / 2.0 { (ratio / 2.0 + BEAM).ceil() } else { BEAM } as usize;
        let same = self.words.iter().zip(words).take(self.filled).take_while(|(a, b)| a == b).count();
        for i in same + 1..=length {
            let diagonal = (i as f64 * ratio).floor() as usize;
            let from = diagonal.saturating_sub(beam);
            let to = if i == length { width } else { width.min(diagonal + beam) };
            let (above, row) = self.cells.split_at_mut(i * width);
            let (above, row) = (&above[(i - 1) * width..], &mut row[..width]);
            row.fill((FAR, Edit::Unknown));
            for j in from..to {
                row[j] = if j == 0 {
                    (above[0].0 + 1, Edit::Delete)
                } else {
                    let equal = words[i - 1] == self.reference[j - 1];
                    let mut best = (FAR, Edit::Unknown);
                    let kept = if equal { Edit::Keep } else { Edit::Substitute };
                    for (cost, edit) in [
                        (above[j - 1].0 + u32::from(!equal), kept),
                        (above[j].0 + 1, Edit::Delete),
                        (row[j - 1].0 + 1, Edit::Insert),
                    ] {
                        if cost < best.0 {
                            best = (cost, edit);
                        }
                    }
                    best
                };
            }
        }
        self.words.copy_from_slice(words);
        self.filled = length;
        self.cells[length * width + width - 1].0
    }

    /// How the last words are aligned.
    fn alignment(&self) -> Alignment {
        let width = self.reference.len() + 1;
        let (mut i, mut j) = (self.words.len(), self.reference.len());
        let mut found = Alignment {
            places: vec![-1; self.reference.len()],
            wrong_reference: vec![true; self.reference.len()],
            wrong_words: vec![true; self.words.len()],
        };
        while i > 0 || j > 0 {
            match self.cells[i * width + j].1 {
                edit @ (Edit::Keep | Edit::Substitute) => {
                    (i, j) = (i - 1, j - 1);
                    found.places[j] = i as i64;
                    found.wrong_reference[j] = edit == Edit::Substitute;
                    found.wrong_words[i] = edit == Edit::Substitute;
                }
                Edit::Insert => {
                    j -= 1;
                    found.places[j] = i as i64 - 1;
                }
                Edit::Delete => i -= 1,
                // The beam always holds a way, so that this is out of reach.
                Edit::Unknown => break,
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn snovers_example_takes_one_shift_and_three_edits() {
        // Snover et al. 2006, section 2: one shift, two substitutions and one insertion over 13 words.
        let reference = "SAUDI ARABIA denied THIS WEEK information published in the AMERICAN new york times";
        let hypothesis = "THIS WEEK THE SAUDIS denied information published in the new york times";
        let counts = Ter::default().segment(hypothesis, &[reference]);
        assert_eq!((counts.edits, counts.reference_length), (4.0, 13.0));
    }

    #[test]
    fn empty_texts() {
        let rate = |a: &str, b: &str| Ter::default().segment(a, &[b]).rate();
        assert_eq!((rate("", ""), rate("a", ""), rate("", "a b")), (None, Some(1.0), Some(1.0)));
    }

    proptest! {
        #[test]
        fn shifts_never_make_it_worse_than_the_edit_distance(a in "[abc ]{0,30}", b in "[abc ]{0,30}") {
            let counts = Ter::default().segment(&a, &[&b]);
            let (a, b): (Vec<&str>, Vec<&str>) = (a.split_whitespace().collect(), b.split_whitespace().collect());
            let plain = crate::word_errors::WordErrors::of(&a, &b);
            prop_assert!(counts.edits <= plain.substitutions + plain.deletions + plain.insertions);
            prop_assert!(counts.edits as usize >= a.len().abs_diff(b.len()));
        }
    }
}
