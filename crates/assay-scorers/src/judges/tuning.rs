//! What may be changed about a judge: its solved examples and the words of its prompt.

use std::collections::BTreeMap;

use assay_core::Problem;
use serde_json::Value;

use super::file::{Example, JudgeFile, Kind, Loaded, Part};
use super::subject::{Shown, Subject};
use super::verdict::Shape;
use crate::ScoreInput;
use crate::registry::ScorerContext;
use crate::scorers::judge;

/// A judge that can be tuned: one file asked through one model.
pub struct Tunable {
    /// Its file as it is.
    pub loaded: Loaded,
    shape: Shape,
    shown: Shown,
    reference: bool,
}

impl Tunable {
    /// The judge of a suite's `judge` parameters.
    ///
    /// # Errors
    /// Its verdicts are recorded, it is a jury or a cascade, or what is wrong with its file.
    pub fn of(params: &Value, context: &ScorerContext) -> Result<Self, Vec<Problem>> {
        let (loaded, asked, params) = judge::single(params, context)?;
        let reference = params.reference.or(loaded.file.defaults.reference).unwrap_or(true);
        Ok(Self { loaded, shape: asked.verdict, shown: params.show, reference })
    }

    /// Whether it can be shown solved examples.
    pub fn takes_examples(&self) -> bool {
        self.loaded.file.kind == Kind::Whole
    }

    /// A trial as a solved example, with what people say of it. `None` where no verdict is worth that.
    ///
    /// # Errors
    /// A template that cannot be rendered.
    pub fn example(&self, input: &ScoreInput<'_>, truth: f64, reasoning: String) -> Result<Option<Example>, String> {
        let Some(verdict) = self.shape.nearest(truth) else { return Ok(None) };
        let subject = Subject::of(input, &self.shown, &[], false)?;
        let sees = |part: &Part| {
            let shown = *part != Part::Reference || self.reference;
            shown && self.loaded.file.sees.iter().any(|seen| seen.part == *part)
        };
        let parts: BTreeMap<Part, String> = subject.parts.into_iter().filter(|(part, _)| sees(part)).collect();
        Ok(Some(Example { parts, verdict, reasoning }))
    }
}

impl JudgeFile {
    /// The same judge in other words: how it decides what is in doubt, and what it writes down before it decides. Judges of
    /// pairs have no better and worse verdict to lean to.
    pub fn variants(&self) -> Vec<(&'static str, Self)> {
        let system = |sentence: &str| {
            let mut file = self.clone();
            let system = file.system.get_or_insert_default();
            *system = format!("{} {sentence}", system.trim_end()).trim().to_owned();
            file
        };
        let mut careful = self.clone();
        careful.user = format!(
            "{}\n\nWrite down first what speaks for each of the verdicts that are possible, and decide only then.",
            self.user.trim_end()
        );
        let mut found = vec![("weighs both sides", careful)];
        if !self.kind.compares() {
            found.push(("strict in doubt", system("Where you are in doubt between two verdicts, give the worse one.")));
            found.push((
                "lenient in doubt",
                system("Where you are in doubt between two verdicts, give the better one."),
            ));
        }
        found
    }
}
