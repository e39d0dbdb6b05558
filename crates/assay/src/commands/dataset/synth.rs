//! `assay dataset synth` and `accept`: variants of cases, which wait in quarantine until somebody accepts them.

use assay_core::{Case, Digest};
use assay_datasets::library::{Held, How, Lineage, Parent, QUARANTINE, VersionRecord, today, who};
use assay_datasets::quarantine::{Accepted, Choice, Quarantine, accept};
use assay_datasets::{Dataset, Library, add};
use assay_metrics::near_duplicates::{Unit, jaccard, shingles};
use assay_perturb::{ALL, Perturbation, Relation, named};
use assay_report::{plain, terminal};
use clap::Args;
use serde_json::{Value, json};

use super::super::{Failure, say};
use super::synth_model::{KINDS, Kind, Order, ask};
use super::{count, find};
use crate::calls::CallLimits;
use crate::exit;
use assay_home::usage;

/// Makes variants of cases by rule (typos, case, Unicode look-alikes, formats of numbers and dates, politeness, paraphrase
/// frames, distractors, ambiguous requests …), offline and the same for a seed; or, with `--model`, by a model: paraphrases,
/// edge cases, misleading wordings, translations. They wait in the dataset `NAME.quarantine`, which no suite may use, until
/// `assay dataset accept` takes them over.
#[derive(Args)]
pub struct Synth {
    /// The dataset, and a version behind `@`.
    pub(super) name: String,
    /// The rules; every one whose answer stays the same by default. `--list` shows them.
    #[arg(long, value_name = "RULE", value_delimiter = ',', conflicts_with = "model")]
    rules: Vec<String>,
    /// Show the rules, and the kinds of variants that a model makes.
    #[arg(long)]
    pub(super) list: bool,
    /// A model that makes the variants, as a suite writes its targets: `{openai: gpt-5-mini}`.
    #[arg(long, value_name = "TARGET")]
    model: Option<String>,
    /// What the model makes: paraphrase, edge-case, adversarial, translation; the first three by default.
    #[arg(long, value_name = "KIND", value_delimiter = ',', requires = "model")]
    kinds: Vec<String>,
    /// Languages of translations, as the model is told them: `de,pt-BR`.
    #[arg(long, value_name = "LANGUAGE", value_delimiter = ',', requires = "model")]
    to: Vec<String>,
    /// At most this many cases are varied by the model.
    #[arg(long, value_name = "N", requires = "model")]
    limit: Option<u64>,
    #[command(flatten)]
    calls: CallLimits,
    /// The inputs that are varied; every text by default. A model varies one.
    #[arg(long, value_name = "INPUT", value_delimiter = ',')]
    input: Vec<String>,
    /// At most this many variants of a case.
    #[arg(long, value_name = "N", default_value_t = 1)]
    per_case: usize,
    /// The share of places that a rule changes.
    #[arg(long, default_value_t = 0.2)]
    strength: f64,
    /// The seed; it is also part of the ids, so that another one makes further variants.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Leave out variants that are less similar to their case than this (Jaccard of 5-grams).
    #[arg(long, default_value_t = 0.0)]
    min_similarity: f64,
}

impl Synth {
    pub async fn run(self, library: &Library) -> Result<u8, Failure> {
        if self.list {
            let rules = ALL.iter().map(|rule| {
                let answer = match rule.relation {
                    Relation::Invariant => "stays".to_owned(),
                    Relation::Directional(expected) => expected.to_owned(),
                };
                vec![rule.name.to_owned(), rule.about.to_owned(), answer]
            });
            let kinds = KINDS.iter().map(|kind| {
                let about = format!("by `--model`: {}", kind.about);
                vec![kind.name.to_owned(), about, kind.expected.unwrap_or("stays").to_owned()]
            });
            say(&terminal::table(&["rule", "what it does", "the answer"], rules.chain(kinds).collect(), &[]));
            return Ok(exit::PASS);
        }
        let (dataset, record) = find(library, &self.name)?;
        if dataset.name.ends_with(QUARANTINE) {
            return Err(usage("variants are made of cases that were accepted, not of those in quarantine".into()));
        }
        match &self.model {
            Some(model) => self.by_model(library, &dataset, &record, model).await,
            None => self.by_rule(library, &dataset, &record),
        }
    }

    fn by_rule(&self, library: &Library, dataset: &Dataset, record: &VersionRecord) -> Result<u8, Failure> {
        let rules = self.chosen()?;
        let held = library.hold()?;
        let mut far = 0u64;
        let today = today();
        let mut quarantine = Quarantine::open(library, &held, dataset)?;
        for case in library.cases(record.version)? {
            let case = case?;
            // Sealed cases stay sealed: a variant of one would show it. What may not be used may not be varied.
            if dataset.split.as_ref().is_some_and(|plan| plan.is_sealed(&case))
                || dataset.unusable(&case, &today).is_some()
            {
                continue;
            }
            let mut count = 0;
            // Each case begins with another rule, so that all of them come up.
            let start = (Digest::of_bytes(case.id.as_bytes()).leading() ^ self.seed) as usize % rules.len();
            for rule in rules[start..].iter().chain(&rules[..start]) {
                if count >= self.per_case {
                    break;
                }
                let Some((variant, similarity)) = self.variant(&case, rule) else { continue };
                if similarity < self.min_similarity {
                    far += 1;
                    continue;
                }
                count += 1;
                quarantine.add(&variant)?;
            }
        }
        if quarantine.is_empty() {
            return Err(usage("no rule found anything to change in these cases".into()));
        }
        let parameters = json!({
            "rules": rules.iter().map(|rule| format!("{} {}", rule.name, rule.version)).collect::<Vec<_>>(),
            "seed": self.seed, "strength": self.strength, "per_case": self.per_case, "inputs": self.input,
        });
        finish(quarantine, library, &held, (dataset, record), parameters)?;
        self.tell(far, &dataset.name);
        Ok(exit::PASS)
    }

    async fn by_model(
        &self,
        library: &Library,
        dataset: &Dataset,
        record: &VersionRecord,
        model: &str,
    ) -> Result<u8, Failure> {
        let kinds = self.chosen_kinds()?;
        let model = self.calls.model(model, "--model", assay_models::build, dataset).await?;
        let order = Order {
            languages: &self.to,
            inputs: &self.input,
            per_case: self.per_case,
            limit: self.limit.unwrap_or(u64::MAX),
            most: self.calls.most(),
            seed: self.seed,
            min_similarity: self.min_similarity,
            kinds,
        };
        let made = ask(library, dataset, record, &model, &order).await?;
        if made.variants.is_empty() {
            made.notes().iter().for_each(|note| eprintln!("{note}"));
            eprintln!("no variant was made, so nothing was written");
            return Ok(exit::INFRASTRUCTURE);
        }
        // Nobody had to wait while the model was asked.
        let held = library.hold()?;
        let mut quarantine = Quarantine::open(library, &held, dataset)?;
        for variant in &made.variants {
            quarantine.add(variant)?;
        }
        let parameters = json!({
            "model": model.built.config, "kinds": order.kinds.iter().map(|kind| kind.name).collect::<Vec<_>>(),
            "languages": self.to, "seed": self.seed, "per_case": self.per_case, "inputs": self.input,
            "calls": made.calls, "cost_usd": made.cost.dollars(),
        });
        finish(quarantine, library, &held, (dataset, record), parameters)?;
        made.notes().iter().for_each(|note| say(note));
        self.tell(made.far, &dataset.name);
        Ok(exit::PASS)
    }

    fn tell(&self, far: u64, name: &str) {
        if far > 0 {
            say(&format!("left out: {} that are less similar than {}", count(far), self.min_similarity));
        }
        say(&format!(
            "look at them with `assay dataset show {name}{QUARANTINE}`, take them over with `assay dataset accept {name}`"
        ));
    }

    fn chosen_kinds(&self) -> Result<Vec<&'static Kind>, Failure> {
        let translates = self.kinds.iter().any(|kind| kind == "translation");
        if translates == self.to.is_empty() && (translates || !self.kinds.is_empty()) {
            return Err(usage("translations need `--kinds translation` and languages, such as `--to de,fr`".into()));
        }
        if self.kinds.is_empty() {
            let is_meant = |kind: &&Kind| kind.name != "translation" || !self.to.is_empty();
            return Ok(KINDS.iter().filter(is_meant).collect());
        }
        let find = |name: &String| {
            KINDS.iter().find(|kind| kind.name == name).ok_or_else(|| {
                let known = KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
                usage(format!("there is no kind `{}`: {known}", plain(name, 80)))
            })
        };
        self.kinds.iter().map(find).collect()
    }

    fn chosen(&self) -> Result<Vec<&'static Perturbation>, Failure> {
        if self.rules.is_empty() {
            return Ok(ALL.iter().filter(|rule| rule.relation == Relation::Invariant).collect());
        }
        let find = |name: &String| {
            named(name).ok_or_else(|| {
                let near = assay_core::problem::did_you_mean(name, ALL.iter().map(|rule| rule.name));
                usage(match near {
                    Some(near) => format!("there is no rule `{name}`: did you mean `{near}`?"),
                    None => format!("there is no rule `{name}`: `assay dataset synth {} --list` shows them", self.name),
                })
            })
        };
        self.rules.iter().map(find).collect()
    }

    /// A variant with how similar it is to its case.
    fn variant(&self, case: &Case, rule: &Perturbation) -> Option<(Case, f64)> {
        let mut variant = case.clone();
        let (mut changed, mut similarity) = (false, 1.0f64);
        for (name, value) in &mut variant.inputs {
            let Value::String(text) = value else { continue };
            if !self.input.is_empty() && !self.input.contains(name) {
                continue;
            }
            let Some(made) = rule.variant(text, self.seed, self.strength) else { continue };
            let grams = |text: &str| shingles(text, Unit::Characters);
            similarity = similarity.min(jaccard(&grams(text), &grams(&made.text)).unwrap_or(1.0));
            *text = made.text;
            changed = true;
        }
        if !changed {
            return None;
        }
        variant.id = format!("{}~{}-{}", case.id, rule.name, self.seed);
        // Variants of one case are not independent of it.
        variant.cluster = Some(case.cluster.clone().unwrap_or_else(|| case.id.clone()));
        variant.recorded.clear();
        let (relation, expected) = match rule.relation {
            Relation::Invariant => ("invariant", None),
            Relation::Directional(expected) => ("directional", Some(expected)),
        };
        if expected.is_some() {
            // What was right for the case is not known to be right for the variant.
            variant.expected = None;
        }
        variant.metadata.insert(
            "variant".into(),
            json!({"of": case.id, "rule": rule.name, "version": rule.version, "seed": self.seed, "strength": self.strength,
                   "relation": relation, "expected": expected, "similarity": (similarity * 1e4).round() / 1e4}),
        );
        Some((variant, similarity))
    }
}

/// Makes variants known as what waits, and says so.
fn finish(
    quarantine: Quarantine,
    library: &Library,
    held: &Held,
    (dataset, record): (&Dataset, &VersionRecord),
    parameters: Value,
) -> Result<(), Failure> {
    let lineage = Lineage {
        how: How::Synthesised,
        parents: vec![Parent { dataset: dataset.name.clone(), version: record.version }],
        sources: Vec::new(),
        tool: add::tool(),
        parameters,
        note: None,
    };
    let waits = quarantine.finish(library, held, &who(), lineage)?;
    match waits.version {
        Some(version) => say(&format!(
            "{}@{} {}: {} new variants, {} cases wait",
            waits.name,
            version.number,
            version.version.short(),
            count(waits.made),
            count(waits.cases)
        )),
        None => say(&format!("{}: nothing changed, {} cases wait", waits.name, count(waits.cases))),
    }
    Ok(())
}

/// Takes cases over from quarantine: a new version of the dataset holds them beside its own. Who accepted them is on
/// record.
#[derive(Args)]
pub struct Accept {
    /// The dataset.
    pub(super) name: String,
    /// The ids of the cases; all of them with `--all`.
    cases: Vec<String>,
    /// Accept every case in quarantine.
    #[arg(long, conflicts_with = "cases")]
    all: bool,
    /// A note for the record.
    #[arg(long, short)]
    message: Option<String>,
}

impl Accept {
    pub fn run(self, library: &Library) -> Result<u8, Failure> {
        let choice = match (self.all, self.cases.is_empty()) {
            (true, _) => Choice::All,
            (false, false) => Choice::These(self.cases.into_iter().collect()),
            (false, true) => return Err(usage("name the cases, or say `--all`".into())),
        };
        let Accepted { accepted, version } = accept(library, &self.name, &who(), &choice, self.message)?;
        match version {
            Some(version) => say(&format!(
                "{}@{} {}: {} cases, {} of them new",
                self.name,
                version.number,
                version.version.short(),
                count(version.cases),
                count(accepted)
            )),
            None => say("nothing changed: these cases were accepted before"),
        }
        Ok(exit::PASS)
    }
}
