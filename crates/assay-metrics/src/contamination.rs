//! Whether a benchmark's texts occur in a corpus: n-gram overlap on normalised texts.
//!
//! The cases are indexed once; the corpus is read a document at a time. Memory is linear in the cases, time in the
//! corpus. Rephrased or translated cases have no n-grams in common with their source: finding none proves little.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// A text in the form in which overlap is looked for: NFKC, lowercase, without punctuation, words apart by one space.
///
/// # Examples
/// ```
/// use assay_metrics::contamination::normalise;
/// assert_eq!(normalise("Ｈello,\n  “World”! Don't."), "hello world dont");
/// ```
pub fn normalise(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let is_kept = |c: &char| {
        if c.is_ascii() {
            !is_ascii_punctuation(*c)
        } else {
            c.general_category_group() != GeneralCategoryGroup::Punctuation
        }
    };
    // Lowercasing the whole text, since a final sigma depends on its neighbours.
    let lower = text.nfkc().collect::<String>().to_lowercase();
    for word in lower.split_whitespace() {
        let at = normal.len();
        if at > 0 {
            normal.push(' ');
        }
        let start = normal.len();
        normal.extend(word.chars().filter(is_kept));
        if normal.len() == start {
            normal.truncate(at);
        }
    }
    normal
}

/// Punctuation as Unicode counts it: `$`, `+`, `<`, `=`, `>`, `^`, backtick, `|` and `~` are symbols.
fn is_ascii_punctuation(c: char) -> bool {
    c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c)
}

/// When a case counts as contaminated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Any run of so many words of the case occurs in a document: 13 for GPT-3. Brown et al. 2020, appendix C.
    Words(usize),
    /// At least this share of the case's runs of `words` words occur in the corpus: 8 and 0.7 for PaLM. Chowdhery et
    /// al. 2022.
    Coverage {
        /// Words in a run.
        words: usize,
        /// From 0 to 1.
        share: f64,
    },
    /// Any run of so many characters of the normalised case occurs in a document: 50 for GPT-4. OpenAI 2023.
    Characters(usize),
}

impl Rule {
    /// GPT-3: 13 words.
    pub const GPT3: Self = Self::Words(13);
    /// PaLM: 70% of the runs of 8 words.
    pub const PALM: Self = Self::Coverage { words: 8, share: 0.7 };
    /// GPT-4: 50 characters.
    pub const GPT4: Self = Self::Characters(50);

    fn length(self) -> usize {
        match self {
            Self::Words(n) | Self::Characters(n) | Self::Coverage { words: n, .. } => n,
        }
    }
}

/// What of a case was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Runs of words or characters in the case.
    pub grams: usize,
    /// Those that occur in the corpus.
    pub found: usize,
    /// Whether the rule calls the case contaminated; `None` for a case shorter than one run, which the rule cannot see.
    pub contaminated: Option<bool>,
    /// The first document with a run of the case, by the order of reading.
    pub document: Option<usize>,
}

/// The cases, ready for documents.
#[derive(Clone, Debug)]
pub struct Index {
    rule: Rule,
    words: HashMap<Box<str>, u32>,
    /// The tokens of all cases, and where each case ends.
    tokens: Vec<u32>,
    ends: Vec<usize>,
    /// Start of a distinct run in `tokens`.
    grams: Vec<usize>,
    /// For each place in `tokens` its run; the last places of a case have none.
    gram_at: Vec<u32>,
    /// From the hash of a run to the first with it, and from there to the next with the same hash.
    first: HashMap<u64, u32>,
    next: Vec<u32>,
    /// The first document with the run.
    found: Vec<u32>,
    documents: u32,
}

const NONE: u32 = u32::MAX;
/// Words or characters of the longest n-gram.
const MOST_LENGTH: usize = 1 << 20;
const BASE: u64 = 0x9E37_79B9_7F4A_7C15;

impl Index {
    /// Indexes the cases. `None` for runs of length 0 or above 2²⁰, or a share that is not from 0 to 1.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::contamination::{Index, Rule};
    /// let mut index = Index::new(&["one two three four", "five six"], Rule::Words(3)).unwrap();
    /// index.read("He said: two, three, FOUR!");
    /// assert_eq!(index.overlaps()[0].contaminated, Some(true));
    /// assert_eq!(index.overlaps()[1].contaminated, None);
    /// ```
    pub fn new(cases: &[impl AsRef<str>], rule: Rule) -> Option<Self> {
        let is_share = !matches!(rule, Rule::Coverage { share, .. } if !(0.0..=1.0).contains(&share));
        if rule.length() == 0 || rule.length() > MOST_LENGTH || !is_share {
            return None;
        }
        let mut index = Self {
            rule,
            words: HashMap::new(),
            tokens: Vec::new(),
            ends: Vec::new(),
            grams: Vec::new(),
            gram_at: Vec::new(),
            first: HashMap::new(),
            next: Vec::new(),
            found: Vec::new(),
            documents: 0,
        };
        for case in cases {
            index.add(&normalise(case.as_ref()));
        }
        Some(index)
    }

    fn add(&mut self, normal: &str) {
        let start = self.tokens.len();
        match self.rule {
            Rule::Characters(_) => self.tokens.extend(normal.chars().map(u32::from)),
            Rule::Words(_) | Rule::Coverage { .. } => {
                for word in normal.split(' ').filter(|word| !word.is_empty()) {
                    let fresh = self.words.len() as u32;
                    let id = self.words.get(word).copied().unwrap_or_else(|| {
                        self.words.insert(word.into(), fresh);
                        fresh
                    });
                    self.tokens.push(id);
                }
            }
        }
        self.ends.push(self.tokens.len());
        self.gram_at.resize(self.tokens.len(), NONE);
        let n = self.rule.length();
        let mut window = Window::new(n);
        for at in start..self.tokens.len() {
            let Some(hash) =
                window.push(self.tokens[at], at.checked_sub(n).filter(|old| *old >= start).map(|old| self.tokens[old]))
            else {
                continue;
            };
            let from = at + 1 - n;
            let gram = self.look_up(hash, &self.tokens[from..=at]).unwrap_or_else(|| {
                let gram = self.grams.len() as u32;
                self.grams.push(from);
                self.next.push(self.first.insert(hash, gram).unwrap_or(NONE));
                self.found.push(NONE);
                gram
            });
            self.gram_at[from] = gram;
        }
    }

    /// The indexed run of these tokens: equal hashes are compared token by token.
    fn look_up(&self, hash: u64, tokens: &[u32]) -> Option<u32> {
        let mut gram = *self.first.get(&hash)?;
        while gram != NONE {
            let start = self.grams[gram as usize];
            if self.tokens[start..start + tokens.len()] == *tokens {
                return Some(gram);
            }
            gram = self.next[gram as usize];
        }
        None
    }

    /// Looks for the cases' runs in a document. O(length).
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::contamination::{Index, Rule};
    /// let mut index = Index::new(&["one two three"], Rule::Words(2)).unwrap();
    /// index.read("nothing of it");
    /// index.read("Two, three!");
    /// assert_eq!(index.overlaps()[0].document, Some(1));
    /// ```
    pub fn read(&mut self, document: &str) {
        let normal = normalise(document);
        let tokens: Vec<u32> = match self.rule {
            Rule::Characters(_) => normal.chars().map(u32::from).collect(),
            // A word that no case has is in no run.
            _ => normal.split(' ').map(|word| self.words.get(word).copied().unwrap_or(NONE)).collect(),
        };
        let n = self.rule.length();
        for stretch in tokens.split(|token| *token == NONE).filter(|stretch| stretch.len() >= n) {
            let mut window = Window::new(n);
            for (at, token) in stretch.iter().enumerate() {
                let Some(hash) = window.push(*token, at.checked_sub(n).map(|old| stretch[old])) else { continue };
                if let Some(gram) = self.look_up(hash, &stretch[at + 1 - n..=at]) {
                    let found = &mut self.found[gram as usize];
                    *found = (*found).min(self.documents);
                }
            }
        }
        self.documents += 1;
    }

    /// What of each case was found in the documents read so far, in the order of the cases.
    ///
    /// # Examples
    /// ```
    /// use assay_metrics::contamination::{Index, Rule};
    /// let mut index = Index::new(&["one two three"], Rule::Words(2)).unwrap();
    /// assert_eq!(index.overlaps()[0].contaminated, Some(false));
    /// index.read("two three");
    /// assert_eq!(index.overlaps()[0].contaminated, Some(true));
    /// ```
    pub fn overlaps(&self) -> Vec<Overlap> {
        let mut start = 0;
        self.ends
            .iter()
            .map(|end| {
                let grams = self.gram_at[start..*end].iter().filter(|gram| **gram != NONE);
                start = *end;
                let (mut total, mut found, mut document) = (0, 0, NONE);
                for gram in grams {
                    let at = self.found[*gram as usize];
                    total += 1;
                    found += usize::from(at != NONE);
                    document = document.min(at);
                }
                let contaminated = (total > 0).then_some(match self.rule {
                    Rule::Coverage { share, .. } => found > 0 && found as f64 >= share * total as f64,
                    Rule::Words(_) | Rule::Characters(_) => found > 0,
                });
                Overlap { grams: total, found, contaminated, document: (document != NONE).then_some(document as usize) }
            })
            .collect()
    }
}

/// The polynomial hash of the last `n` tokens, in O(1) for each.
struct Window {
    n: usize,
    seen: usize,
    hash: u64,
    /// BASEⁿ, to take the oldest away.
    power: u64,
}

impl Window {
    fn new(n: usize) -> Self {
        let power = (0..n).fold(1u64, |power, _| power.wrapping_mul(BASE));
        Self { n, seen: 0, hash: 0, power }
    }

    fn push(&mut self, token: u32, oldest: Option<u32>) -> Option<u64> {
        self.hash = self.hash.wrapping_mul(BASE).wrapping_add(mix(u64::from(token) + 1));
        if let Some(oldest) = oldest {
            self.hash = self.hash.wrapping_sub(self.power.wrapping_mul(mix(u64::from(oldest) + 1)));
        }
        self.seen += 1;
        (self.seen >= self.n).then_some(self.hash)
    }
}

/// Spreads the bits of a number (the finaliser of SplitMix64).
pub(crate) fn mix(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}
