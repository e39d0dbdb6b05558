//! Labelled answers, and which of them serve for what: never the same cases for two things.

use std::collections::{BTreeMap, HashMap};

use assay_analysis::labels::Truth;
use assay_core::{Case, Digest, Output};
use assay_store::PlanFile;
use serde_json::json;

use crate::commands::Failure;
use crate::commands::run::usage;
use crate::judged::Gathered;
use crate::load::Home;

/// The least groups of cases to choose on, and to report on.
const LEAST: usize = 20;

/// An answer that people have looked at.
pub struct Labelled {
    /// What people say.
    pub truth: f64,
    /// Its case.
    pub case: Case,
    /// The answer.
    pub output: Output,
    /// Its cases' cluster, or its case.
    pub group: u32,
    /// The arm that answered and the repeat.
    pub epoch: u32,
}

/// Three parts, no case group in two of them.
pub struct Parts {
    /// Solved examples are taken from these.
    pub pool: Vec<Labelled>,
    /// Prompts are chosen on these.
    pub dev: Vec<Labelled>,
    /// The one that was chosen is reported on these.
    pub held_out: Vec<Labelled>,
    /// What the held-out part is: the same part of the same labels has the same name.
    pub name: Digest,
}

/// What is split, and how.
pub struct Split<'a> {
    /// The question that the labels answer.
    pub criterion: &'a str,
    /// The share of the case groups that is held out.
    pub held_out: f64,
    /// Whether examples are wanted.
    pub examples: bool,
    /// Seed of what is not held out.
    pub seed: u64,
}

impl Split<'_> {
    /// Splits labelled answers by their groups of cases. Which groups are held out follows from their cases and the criterion
    /// alone, so that another seed, more labels or another day never turn one that was reported on into one to choose on.
    ///
    /// # Errors
    /// There are too few.
    pub fn parts(&self, labelled: Vec<Labelled>) -> Result<Parts, Failure> {
        let mut groups: BTreeMap<u32, (Digest, Vec<Labelled>)> = BTreeMap::new();
        for one in labelled {
            let digest = one.case.digest();
            let group = groups.entry(one.group).or_insert((digest, Vec::new()));
            group.0 = group.0.min(digest);
            group.1.push(one);
        }
        let place = |what: serde_json::Value| (Digest::of_json(&what).leading() >> 11) as f64 / (1_u64 << 53) as f64;
        let (mut pool, mut dev, mut held_out) = (Vec::new(), Vec::new(), Vec::new());
        let (mut chosen_on, mut names) = (Vec::new(), Vec::new());
        for (key, own) in groups.into_values() {
            if place(json!(["held out", self.criterion, key])) < self.held_out {
                names.push(key);
                held_out.extend(own);
            } else if self.examples && place(json!(["examples", self.seed, key])) < 1.0 / 3.0 {
                pool.extend(own);
            } else {
                chosen_on.push((place(json!(["dev", self.seed, key])), own));
            }
        }
        // By chance, so that a part of them is one of all.
        chosen_on.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let tried_on = chosen_on.len();
        chosen_on.into_iter().for_each(|(_, own)| dev.extend(own));
        if tried_on < LEAST || names.len() < LEAST {
            return Err(usage(format!(
                "{tried_on} groups of labelled cases to choose on and {} to report on are too few: {LEAST} of each are needed. \
                 `assay judge calibrate JUDGE --next FILE` draws more answers to label",
                names.len()
            )));
        }
        names.sort_unstable();
        Ok(Parts { pool, dev, held_out, name: Digest::of_json(&json!([self.criterion, names])) })
    }
}

/// The answers that a judge has scored and people have labelled, with their cases; where the same answer was given several
/// times, once.
pub async fn labelled(
    home: &Home,
    gathered: &Gathered,
    truths: &HashMap<Digest, Truth>,
) -> Result<Vec<Labelled>, Failure> {
    let mut wanted: HashMap<Digest, (f64, &str, u32)> = HashMap::new();
    for verdict in &gathered.verdicts {
        let Some(truth) = truths.get(&verdict.item).and_then(|truth| truth.value) else { continue };
        wanted.entry(verdict.item).or_insert((truth, &verdict.case, verdict.cluster));
    }
    let items: HashMap<Digest, &str> = wanted.iter().map(|(item, (_, case, _))| (*item, *case)).collect();
    let answers = home.answers_to(&gathered.runs, &items).await?;
    let mut plans: HashMap<usize, PlanFile> = HashMap::new();
    let mut order: Vec<&Digest> = answers.keys().collect();
    order.sort_unstable();
    let mut found = Vec::new();
    for item in order {
        let ((run, epoch, output), (truth, case, group)) = (&answers[item], wanted[item]);
        if !plans.contains_key(run) {
            plans.insert(*run, PlanFile::open(&home.workspace, gathered.runs[*run].plan).await?);
        }
        let Some(at) = plans[run].case_by_id(case).await? else { continue };
        found.push(Labelled { truth, case: at.case, output: output.clone(), group, epoch: *epoch });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn answers(groups: u32, each: u32) -> Vec<Labelled> {
        let one = |group: u32, n: u32| {
            let mut case = Case { id: format!("c{group}-{n}"), weight: 1.0, ..Case::default() };
            case.inputs.insert("q".into(), json!([group, n]));
            Labelled { truth: f64::from(n % 2), case, output: Output::text_only("x"), group, epoch: 0 }
        };
        (0..groups).flat_map(|group| (0..each).map(move |n| one(group, n))).collect()
    }

    fn groups(of: &[Labelled]) -> BTreeSet<u32> {
        of.iter().map(|one| one.group).collect()
    }

    #[test]
    fn no_group_of_cases_serves_for_two_things_and_what_is_held_out_stays_so() {
        let split = |seed| Split { criterion: "good", held_out: 0.5, examples: true, seed };
        let first = split(1).parts(answers(200, 3)).unwrap();
        let parts = [groups(&first.pool), groups(&first.dev), groups(&first.held_out)];
        assert_eq!(parts.iter().map(BTreeSet::len).sum::<usize>(), 200);
        assert!(parts.iter().all(|part| part.len() > 25), "{parts:?}");
        assert_eq!(parts.iter().flatten().collect::<BTreeSet<_>>().len(), 200);
        // Another seed moves examples only.
        let again = split(2).parts(answers(200, 3)).unwrap();
        assert_eq!((groups(&again.held_out), again.name), (parts[2].clone(), first.name));
        assert_ne!(groups(&again.pool), parts[0]);
        // More labels add to it and take nothing away.
        let more = split(1).parts(answers(260, 3)).unwrap();
        assert!(groups(&more.held_out).is_superset(&parts[2]) && more.name != first.name);
        let few = split(1).parts(answers(30, 2)).err().unwrap().to_string();
        assert!(few.contains("are too few: 20 of each are needed"), "{few}");
    }
}
