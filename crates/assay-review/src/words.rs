//! Project, item, rating, rater: the types that commands, pages and an API hand around.

use std::collections::BTreeMap;

use assay_core::{Digest, Drawn, Money, Output, Passage};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::sample::Sampling;

/// The answers of one rater to one item, by criterion.
pub type Answers = BTreeMap<String, Value>;

/// A pair of answers to one case, by content, in this order: [`assay_core::label::item`] for two.
pub fn pair(case: &Digest, first: &Output, second: &Output) -> Digest {
    Digest::of_json(&json!({"case": case, "outputs": [first.value, second.value]}))
}

/// How a project works; fixed when it is made, but for the rubric, the pay and the budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "ReviewSettings")]
pub struct Settings {
    /// How its items were drawn.
    pub sampling: Sampling,
    /// Whether the items speak for others that were not rated: drawn from a run, or chosen by hand in a file.
    pub drawn: Drawn,
    /// The seed of the draw, of the blocks and of each rater's order.
    pub seed: u64,
    /// Candidates that items were drawn from.
    pub candidates: u64,
    /// The share of items with several raters.
    pub overlap: f64,
    /// The least number of such items.
    pub least_overlap: u64,
    /// Raters of such an item.
    pub raters_each: u64,
    /// Raters that the blocks are laid out for.
    pub raters: u64,
    /// The share of a rater's items that is hidden gold.
    pub gold_share: f64,
    /// How many raters see a gold item at most.
    pub gold_cap: u64,
    /// A rater whose accuracy on gold is below this by the upper bound is suspended.
    pub threshold: f64,
    /// The level of all intervals.
    pub confidence: f64,
    /// How long an item is kept for the rater who was given it, in seconds.
    pub lease_seconds: u64,
    /// What is paid for the work.
    pub pay: Pay,
    /// No item is given out that could cost more than this.
    pub budget: Option<Money>,
    /// Where the items are from: the run, or the file, and what it is compared with.
    pub source: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sampling: Sampling::Uniform,
            drawn: Drawn::ByHand,
            seed: 0,
            candidates: 0,
            overlap: 0.2,
            least_overlap: 50,
            raters_each: 3,
            raters: 3,
            gold_share: 0.08,
            gold_cap: 20,
            threshold: 0.8,
            confidence: 0.95,
            lease_seconds: 1_800,
            pay: Pay::Nothing,
            budget: None,
            source: Vec::new(),
        }
    }
}

/// What a rater is paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pay {
    /// Nothing that is counted here.
    #[default]
    Nothing,
    /// So much for an item with all its criteria.
    Item(Money),
    /// So much for an hour at work.
    Hour(Money),
}

impl std::fmt::Display for Pay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("no pay"),
            Self::Item(money) => write!(f, "{money} for an item"),
            Self::Hour(money) => write!(f, "{money} for an hour at work"),
        }
    }
}

impl Pay {
    /// What `ms` milliseconds on one item cost.
    pub fn of(self, ms: i64) -> Money {
        match self {
            Self::Nothing => Money::ZERO,
            Self::Item(money) => money,
            Self::Hour(money) => Money::from_dollars(money.dollars() * ms.max(0) as f64 / 3_600_000.0),
        }
    }
}

/// What a rater sees of an item.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "ReviewContent")]
pub struct Content {
    /// What was asked.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub inputs: Map<String, Value>,
    /// The answer.
    pub output: Value,
    /// The second answer, of a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Value>,
    /// The passages behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contexts: Vec<Passage>,
    /// What counts as right, where the rubric shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Value>,
}

/// An item of a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "ReviewItem")]
pub struct Item {
    /// What it is, by content ([`assay_core::label::item`] or [`pair`]), or the id that a file gave it.
    pub id: String,
    /// The case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The target, or both of a pair as [`both`] writes them; raters never see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What raters see.
    pub content: Content,
    /// What slices are made of.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The chance with which it was drawn; `None` for a gold item that was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<f64>,
    /// How many raters it shall have; 0 for gold alone.
    pub wanted: u64,
    /// The right answers, for a hidden gold item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gold: Option<Answers>,
}

/// What stands between the targets of a pair.
const BETWEEN: &str = " / ";

/// The targets of a pair as one word.
pub fn both(first: &str, second: &str) -> String {
    format!("{first}{BETWEEN}{second}")
}

impl Item {
    /// Whose answers a pair compares; `None` for a single answer, or where that is not known.
    pub fn targets(&self) -> Option<(&str, &str)> {
        self.content.other.as_ref()?;
        let (first, second) = self.target.as_deref()?.split_once(BETWEEN)?;
        (first != second && !second.contains(BETWEEN)).then_some((first, second))
    }
}

/// Where a rater stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RaterState {
    /// Has not passed the quiz yet.
    New,
    /// Gets items.
    Active,
    /// Gets none, and their ratings do not count.
    Suspended,
    /// Has used all attempts at the quiz.
    Failed,
}

impl RaterState {
    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Failed => "failed",
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "suspended" => Self::Suspended,
            "failed" => Self::Failed,
            _ => Self::New,
        }
    }
}

/// A rater of a project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Rater {
    /// The name.
    pub name: String,
    /// Where they stand.
    pub state: RaterState,
    /// Why, when it is not the quiz's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Their block of the design; none for ratings from elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u64>,
    /// Attempts at the quiz since they had to take it.
    pub attempts: u32,
    /// Since when gold counts, in microseconds since the Unix epoch: the last (re-)qualification.
    pub qualified_us: i64,
}

/// What a rater is given to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The item's id.
    pub item: String,
    /// Proof of the lease.
    pub token: String,
    /// What to show. The answers of a pair stand in the order in which they are shown.
    pub content: Content,
    /// True when the two answers are shown the other way round; `a` and `b` of what is submitted mean what is shown.
    pub swapped: bool,
    /// The criteria to answer: all, or those that changed since the rater answered.
    pub criteria: Vec<String>,
    /// What the rater said before, when the rubric has changed since.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub before: Answers,
    /// What the rater had begun to say, or had said and took back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub draft: Answers,
    /// Until when the item is kept for this rater, in microseconds since the Unix epoch.
    pub until_us: i64,
}

/// What comes next for a rater.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum Next {
    /// An item.
    Item(Box<Task>),
    /// The quiz must be passed first.
    Quiz,
    /// Nothing is left for this rater.
    Done {
        /// Why, in words.
        why: String,
    },
    /// The budget is used up.
    Budget {
        /// What was spent.
        spent: Money,
        /// Of what.
        budget: Money,
    },
    /// The rater is suspended, or failed the quiz.
    Stopped {
        /// Why, in words.
        why: String,
    },
}

/// How a rating came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "RatingOrigin")]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A rater answered.
    Rated,
    /// A rater changed the answer.
    Edited,
    /// A rater answered again under a changed rubric.
    Relabelled,
    /// A rater took it back.
    Undone,
    /// From a file.
    Imported,
}

impl Origin {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Rated => "rated",
            Self::Edited => "edited",
            Self::Relabelled => "relabelled",
            Self::Undone => "undone",
            Self::Imported => "imported",
        }
    }

    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "edited" => Self::Edited,
            "relabelled" => Self::Relabelled,
            "undone" => Self::Undone,
            "imported" => Self::Imported,
            _ => Self::Rated,
        }
    }
}

/// One line of the history of ratings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Rating {
    /// The item.
    pub item: String,
    /// Who.
    pub rater: String,
    /// The criterion.
    pub criterion: String,
    /// The question, as it was when it was answered.
    pub question: Digest,
    /// The answer; null when it was taken back.
    pub value: Value,
    /// How it came to be.
    pub origin: Origin,
    /// When, in microseconds since the Unix epoch.
    pub at_us: i64,
}

/// What was done with an item as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "DoneItem")]
pub struct Done {
    /// The item.
    pub item: String,
    /// Who.
    pub rater: String,
    /// Under which version of the rubric; 0 while an answer that it needs is missing.
    pub version: i64,
    /// When, in microseconds since the Unix epoch.
    pub at_us: i64,
    /// How long it took, where it is known.
    pub took_ms: Option<i64>,
    /// What it cost.
    pub cost: Money,
    /// Whether the answers of a pair were shown the other way round.
    pub swapped: bool,
}

/// A remark on an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "ReviewNote")]
pub struct Note {
    /// The item.
    pub item: String,
    /// Who.
    pub rater: String,
    /// `skip` or `flag`.
    pub kind: NoteKind,
    /// In words.
    pub text: String,
    /// When, in microseconds since the Unix epoch.
    pub at_us: i64,
}

/// What a remark does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// The rater does not rate the item; somebody else gets it.
    Skip,
    /// The item needs to be talked about; it goes to adjudication.
    Flag,
}

impl NoteKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Flag => "flag",
        }
    }
}

/// A word that settles what raters do not agree on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Adjudication {
    /// The item.
    pub item: String,
    /// The criterion.
    pub criterion: String,
    /// The question, as it was.
    pub question: Digest,
    /// The answer.
    pub value: Value,
    /// Who settled it.
    pub by: String,
    /// Why.
    pub why: String,
    /// When, in microseconds since the Unix epoch.
    pub at_us: i64,
}
