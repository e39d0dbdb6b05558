//! Variants of a text by rule, each with the relation that the answers must keep.
//!
//! A perturbation is *invariant* when the answer to the variant must be that to the original (CheckList's INV, Ribeiro et al.,
//! ACL 2020), or *directional* when another relation is expected, which it states (DIR). To keep that label true, nothing here
//! touches numbers, quoted strings, code, addresses or placeholders ([`protected`]), nor, but for their case, capitalised
//! words inside a sentence. Only `number-format` and `date-format` write numbers in another way, with the same value.
//!
//! Everything is a function of text, seed and strength. Each perturbation has a version: its algorithm is frozen under that
//! number, so that a case made last year is made again byte for byte.
//!
//! ```
//! let typo = assay_perturb::named("typo-swap").unwrap();
//! let text = "Please explain how the refund of order 4711 works.";
//! let variant = typo.variant(text, 7, 0.2).unwrap();
//! assert_ne!(variant.text, text);
//! assert!(variant.text.contains("4711"));
//! assert_eq!(typo.variant(text, 7, 0.2).unwrap(), variant);
//! ```

mod forms;
mod letters;
mod lexicon;
mod protection;
mod random;
mod sentences;
mod words;

use serde::Serialize;

pub use protection::protected;
use random::Random;

/// What must hold between the answer to the variant and that to the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "relation", content = "expected", rename_all = "kebab-case")]
pub enum Relation {
    /// The answer stays.
    Invariant,
    /// The answer changes, and how.
    Directional(&'static str),
}

/// A rule that makes variants.
#[derive(Clone, Copy, Debug)]
pub struct Perturbation {
    /// Its name, such as `typo-swap`.
    pub name: &'static str,
    /// Raised when its algorithm changes.
    pub version: u32,
    /// What must hold of the answers.
    pub relation: Relation,
    /// What it does, in one line.
    pub about: &'static str,
    make: fn(&str, &mut Random, f64) -> Option<String>,
}

/// A variant and how to make it again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Variant {
    /// The text.
    pub text: String,
    /// Which perturbation made it.
    pub perturbation: &'static str,
    /// In which version.
    pub version: u32,
    /// From which seed.
    pub seed: u64,
    /// How strong.
    pub strength: f64,
    /// What must hold of the answers.
    #[serde(flatten)]
    pub relation: Relation,
}

const fn invariant(
    name: &'static str,
    about: &'static str,
    make: fn(&str, &mut Random, f64) -> Option<String>,
) -> Perturbation {
    Perturbation { name, version: 1, relation: Relation::Invariant, about, make }
}

const fn directional(
    name: &'static str,
    about: &'static str,
    expected: &'static str,
    make: fn(&str, &mut Random, f64) -> Option<String>,
) -> Perturbation {
    Perturbation { name, version: 1, relation: Relation::Directional(expected), about, make }
}

/// All perturbations.
pub const ALL: &[Perturbation] = &[
    invariant("typo-keyboard", "a letter becomes its neighbour on a QWERTY keyboard", letters::keyboard),
    invariant("typo-swap", "two letters inside a word change places", letters::swap),
    invariant("typo-drop", "a letter inside a word is left out", letters::drop),
    invariant("typo-repeat", "a letter is written twice", letters::repeat),
    invariant("ocr", "letters become what a scanner takes them for", letters::ocr),
    invariant("homoglyph", "letters become look-alikes of other scripts", letters::homoglyph),
    invariant("full-width", "letters become their full-width forms", letters::full_width),
    invariant("zero-width", "zero-width spaces inside words", letters::zero_width),
    invariant("lower-case", "all small letters", forms::lower),
    invariant("upper-case", "all capital letters", forms::upper),
    invariant("punctuation-drop", "commas and the last stop are left out", forms::drop_punctuation),
    invariant("punctuation-repeat", "the last stop is repeated", forms::repeat_punctuation),
    invariant("whitespace", "spaces doubled, space at either end", forms::whitespace),
    invariant("number-format", "thousands with a comma or without", forms::numbers),
    invariant("date-format", "2026-03-14 becomes 14 March 2026, and back", forms::dates),
    invariant("contract", "do not becomes don't", words::contract),
    invariant("expand", "don't becomes do not", words::expand),
    invariant("spelling-us", "British spelling becomes American", words::american),
    invariant("spelling-uk", "American spelling becomes British", words::british),
    invariant("homophone", "words become others that sound the same", words::homophone),
    invariant("synonym", "words become others that mean the same", words::synonym),
    invariant("filler", "um, well and you know", words::filler),
    invariant("code-mixing", "small words in another language", words::code_mixing),
    invariant("polite", "a request is made politely", sentences::polite),
    invariant("curt", "please and thanks are left out", sentences::curt),
    invariant("paraphrase", "the question is put into another frame", sentences::paraphrase),
    invariant("distractor", "a sentence that has nothing to do with it", sentences::distractor),
    directional(
        "truncate",
        "the end of the text is cut off",
        "the answer asks for what is missing or covers only what is there; it is not more certain than before",
        sentences::truncate,
    ),
    directional(
        "ambiguous",
        "what the request is about becomes “it”",
        "the answer asks what is meant before it acts",
        sentences::ambiguous,
    ),
];

/// The table of perturbations, in Markdown.
pub fn table() -> String {
    let mut table = String::from("| name | version | answer | what it does |\n|---|---|---|---|\n");
    for Perturbation { name, version, relation, about, .. } in ALL {
        let answer = match relation {
            Relation::Invariant => "INV: stays",
            Relation::Directional(expected) => &format!("DIR: {expected}"),
        };
        table.push_str(&format!("| `{name}` | {version} | {answer} | {about} |\n"));
    }
    table
}

/// The perturbation of that name.
pub fn named(name: &str) -> Option<&'static Perturbation> {
    ALL.iter().find(|perturbation| perturbation.name == name)
}

impl Perturbation {
    /// A variant of `text`; none when there is nothing to change in it. `strength` is the share of the places that are
    /// changed, from 0 to 1; at least one is.
    pub fn variant(&self, text: &str, seed: u64, strength: f64) -> Option<Variant> {
        let strength = if strength.is_finite() { strength.clamp(0.0, 1.0) } else { 0.0 };
        let mut random = Random::new(seed, self.name, text);
        let made = (self.make)(text, &mut random, strength).filter(|made| made != text)?;
        Some(Variant {
            text: made,
            perturbation: self.name,
            version: self.version,
            seed,
            strength,
            relation: self.relation,
        })
    }
}
