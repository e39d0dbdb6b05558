//! Projects of human review, made: what is drawn from what, who rates which, what is hidden among it.

use std::path::PathBuf;

use assay_core::{Drawn, Money};
use assay_review::rubric::Rubric;
use assay_review::sample::{Candidate, LEAST_UNIFORM, Sampling, draw};
use assay_review::store::Project;
use assay_review::{Item, Pay, Review, Settings};

use crate::rateable::{GoldRow, Pool};
use crate::{Failure, Home};

/// What is rated.
#[derive(Clone, Debug)]
pub enum Rateable {
    /// The answers of a run, or pairs of those of it and others.
    Runs {
        /// The run, and a target behind a colon.
        run: String,
        /// The others.
        against: Vec<String>,
        /// Why cases of a sealed part must be seen.
        reason: Option<String>,
    },
    /// The rows of a file.
    File {
        /// Where it is.
        path: PathBuf,
        /// Whether its rows were drawn at random from what their labels shall speak for.
        drawn: bool,
    },
}

/// A project to be made.
#[derive(Clone, Debug)]
pub struct Making {
    /// Its name.
    pub name: String,
    /// What raters are asked, and the text that says so.
    pub rubric: (Rubric, String),
    /// What is rated.
    pub of: Rateable,
    /// How many items are drawn; all of them when it is not said.
    pub count: Option<usize>,
    /// Draw from each value of this metadata key, in proportion to its size.
    pub stratify: Option<String>,
    /// Draw more where this scorer is unsure; where two disagree; for pairs, where it scores both apart.
    pub unsure: Vec<String>,
    /// The share of a driven sample that is spread evenly.
    pub even: f64,
    /// The items with their right answers.
    pub gold: Vec<GoldRow>,
    /// How it works; how items were drawn, whence and from how many is found here.
    pub settings: Settings,
}

/// A project that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// The project.
    pub project: Project,
    /// Gold items among its items.
    pub gold: usize,
}

impl Making {
    /// A project of a run's answers with the usual settings.
    pub fn of_run(name: String, rubric: (Rubric, String), run: String) -> Self {
        Self {
            name,
            rubric,
            of: Rateable::Runs { run, against: Vec::new(), reason: None },
            count: None,
            stratify: None,
            unsure: Vec::new(),
            even: LEAST_UNIFORM,
            gold: Vec::new(),
            settings: Settings::default(),
        }
    }

    /// Makes it.
    ///
    /// # Errors
    /// There is no such run, or nothing to be rated, or settings that do not fit.
    pub async fn make(self, home: &Home, review: &Review) -> Result<Made, Failure> {
        let (rubric, text) = &self.rubric;
        let mut pool = match &self.of {
            Rateable::Runs { run, against, reason } => {
                Pool::of_runs(home, rubric, run, against, reason.as_deref()).await?
            }
            Rateable::File { path, .. } => Pool::of_file(rubric, path)?,
        };
        let gold = pool.take_gold(rubric, &self.gold)?;
        let sampling = match (&self.stratify, self.unsure.is_empty()) {
            (Some(key), _) => Sampling::Stratified { key: key.clone() },
            (None, false) => Sampling::Driven { scorers: self.unsure.clone(), uniform: self.even },
            (None, true) => Sampling::Uniform,
        };
        let interest = match &sampling {
            Sampling::Driven { scorers, .. } => pool.interest(home, scorers).await?,
            _ => vec![0.0; pool.candidates.len()],
        };
        if let Sampling::Stratified { key } = &sampling
            && !pool.candidates.iter().any(|one| one.item.metadata.contains_key(key) || key == "target")
        {
            return Err(format!("no item has the metadata key `{}`", assay_report::plain(key, 80)).into());
        }
        let candidates: Vec<Candidate> = pool
            .candidates
            .iter()
            .zip(interest)
            .map(|(one, interest)| {
                let stratum = match &sampling {
                    Sampling::Stratified { key } if key == "target" => one.item.target.clone(),
                    Sampling::Stratified { key } => one.item.metadata.get(key).cloned(),
                    _ => None,
                };
                Candidate { stratum: stratum.unwrap_or_default(), interest }
            })
            .collect();
        let seed = self.settings.seed;
        let picks = draw(&candidates, self.count.unwrap_or(candidates.len()), &sampling, seed)?;
        let mut items: Vec<Item> = picks
            .iter()
            .map(|pick| {
                let mut item = pool.candidates[pick.at].item.clone();
                item.chance = Some(pick.chance);
                item
            })
            .collect();
        let hidden = gold.len();
        items.extend(gold);
        let by_chance = match &self.of {
            Rateable::Runs { .. } => true,
            Rateable::File { drawn, .. } => *drawn,
        };
        let settings = Settings {
            drawn: if by_chance { Drawn::Random } else { Drawn::ByHand },
            sampling,
            candidates: candidates.len() as u64,
            gold_share: if hidden == 0 { 0.0 } else { self.settings.gold_share },
            source: pool.source,
            ..self.settings
        };
        let project = review.create(&self.name, rubric, text, settings, items).await?;
        Ok(Made { project, gold: hidden })
    }
}

impl Made {
    /// What all its ratings would cost, when that is more than its budget.
    pub fn beyond_budget(&self, wanted: u64) -> Option<(Money, Money)> {
        let settings = &self.project.settings;
        let (Pay::Item(each), Some(budget)) = (settings.pay, settings.budget) else { return None };
        let need = Money::from_dollars(each.dollars() * wanted as f64 * (1.0 + settings.gold_share));
        (need > budget).then_some((need, budget))
    }
}
