//! Labelled answers, and which of them serve for what: never the same cases for two things.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use assay_analysis::labels::Truth;
use assay_core::{Case, Digest, Output};
use assay_store::PlanFile;
use serde_json::json;

use assay_home::Failure;
use assay_home::Home;
use assay_home::judged::Gathered;
use assay_home::usage;

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
    /// The group of its case.
    pub group: u32,
    /// The arm that answered and the repeat.
    pub epoch: u32,
}

/// Cases that belong together: those of a cluster, or one; all that the judge has judged, labelled or not.
pub struct Group {
    /// What decides where it goes: the same whichever of its cases carry labels.
    pub key: Digest,
    /// By what it is known again: its cases and the names of its clusters.
    pub marks: BTreeSet<Digest>,
}

impl Group {
    /// Of cases, by their digests, and of the clusters that they are declared to be in.
    fn of(cases: &BTreeSet<Digest>, clusters: &BTreeSet<String>) -> Option<Self> {
        let clusters: Vec<Digest> = clusters.iter().map(|name| Digest::of_json(&json!(["cluster", name]))).collect();
        let key = *clusters.first().or_else(|| cases.first())?;
        Some(Self { key, marks: cases.iter().chain(&clusters).copied().collect() })
    }
}

/// Labelled answers with the groups of their cases.
pub struct Answers {
    /// The answers.
    pub labelled: Vec<Labelled>,
    /// The groups, by their numbers.
    pub groups: HashMap<u32, Group>,
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
    /// By what the groups of the held-out part are known again.
    pub marks: BTreeSet<Digest>,
}

/// What is split, and how.
pub struct Split<'a> {
    /// The question that the labels answer.
    pub criterion: &'a str,
    /// The share of the case groups that is held out.
    pub held_out: f64,
    /// By what the groups that were reported on are known: they are held out whatever the share.
    pub reported: &'a HashSet<Digest>,
    /// Whether examples are wanted.
    pub examples: bool,
    /// Seed of what is not held out.
    pub seed: u64,
}

impl Split<'_> {
    /// Splits labelled answers by their groups of cases. Which groups are held out follows from the groups and the criterion
    /// alone, and from what was reported on before, so that another seed, another share, more labels or another day never turn
    /// one that was reported on into one to choose on.
    ///
    /// # Errors
    /// There are too few.
    pub fn parts(&self, answers: Answers) -> Result<Parts, Failure> {
        let mut own: BTreeMap<u32, Vec<Labelled>> = BTreeMap::new();
        for one in answers.labelled {
            own.entry(one.group).or_default().push(one);
        }
        let place = |what: serde_json::Value| (Digest::of_json(&what).leading() >> 11) as f64 / (1_u64 << 53) as f64;
        let (mut pool, mut dev, mut held_out) = (Vec::new(), Vec::new(), Vec::new());
        let (mut chosen_on, mut names, mut marks) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (number, own) in own {
            // An answer whose group is not known serves for nothing.
            let Some(group) = answers.groups.get(&number) else { continue };
            let key = group.key;
            let known = group.marks.iter().any(|mark| self.reported.contains(mark));
            if known || place(json!(["held out", self.criterion, key])) < self.held_out {
                names.push(key);
                marks.extend(group.marks.iter().copied());
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
                "{tried_on} groups of labelled cases to choose on and {} to report on are too few: {LEAST} of each are needed, \
                 and what was reported on stays held out. `assay judge calibrate JUDGE --next FILE` draws more answers to label",
                names.len()
            )));
        }
        names.sort_unstable();
        Ok(Parts { pool, dev, held_out, name: Digest::of_json(&json!([self.criterion, names])), marks })
    }
}

/// The answers that a judge has scored and people have labelled, with their cases; where the same answer was given several
/// times, once.
pub async fn labelled(home: &Home, gathered: &Gathered, truths: &HashMap<Digest, Truth>) -> Result<Answers, Failure> {
    let case_of = |item: &Digest| gathered.answers.get(item).map(|answer| answer.case_digest);
    let numbers = merged(gathered.verdicts.iter().filter_map(|one| Some((one.cluster, case_of(&one.item)?))));
    let group_of = |cluster: u32| numbers.get(&cluster).copied().unwrap_or(cluster);
    let mut wanted: HashMap<Digest, (f64, &str, u32)> = HashMap::new();
    for verdict in &gathered.verdicts {
        let Some(truth) = truths.get(&verdict.item).and_then(|truth| truth.value) else { continue };
        wanted.entry(verdict.item).or_insert((truth, &verdict.case, group_of(verdict.cluster)));
    }
    // A group is all its cases: those without a label too, as they may get one later.
    let mut cases: HashMap<u32, BTreeSet<Digest>> =
        wanted.values().map(|(_, _, group)| (*group, BTreeSet::new())).collect();
    let (mut clusters, mut declared) = (HashSet::new(), Vec::new());
    for (verdict, run) in gathered.verdicts.iter().zip(&gathered.run_of) {
        let group = group_of(verdict.cluster);
        let Some(cases) = cases.get_mut(&group) else { continue };
        cases.extend(case_of(&verdict.item));
        if verdict.clustered && clusters.insert(verdict.cluster) {
            declared.push((group, *run, verdict.case.as_str()));
        }
    }
    let mut plans: HashMap<usize, PlanFile> = HashMap::new();
    let mut names: HashMap<u32, BTreeSet<String>> = HashMap::new();
    for (group, run, case) in declared {
        if let Entry::Vacant(plan) = plans.entry(run) {
            plan.insert(PlanFile::open(&home.workspace, gathered.runs[run].plan).await?);
        }
        let found = plans[&run].case_by_id(case).await?;
        names.entry(group).or_default().extend(found.and_then(|at| at.case.cluster));
    }
    let none = BTreeSet::new();
    let groups = cases
        .iter()
        .filter_map(|(number, cases)| Some((*number, Group::of(cases, names.get(number).unwrap_or(&none))?)))
        .collect();
    let items: HashMap<Digest, &str> = wanted.iter().map(|(item, (_, case, _))| (*item, *case)).collect();
    let answers = home.answers_to(&gathered.runs, &items).await?;
    let mut order: Vec<&Digest> = answers.keys().collect();
    order.sort_unstable();
    let mut labelled = Vec::new();
    for item in order {
        let ((run, epoch, output), (truth, case, group)) = (&answers[item], wanted[item]);
        if let Entry::Vacant(plan) = plans.entry(*run) {
            plan.insert(PlanFile::open(&home.workspace, gathered.runs[*run].plan).await?);
        }
        let Some(at) = plans[run].case_by_id(case).await? else { continue };
        labelled.push(Labelled { truth, case: at.case, output: output.clone(), group, epoch: *epoch });
    }
    Ok(Answers { labelled, groups })
}

/// One number for clusters that share a case: a case that one run has in a cluster and another run alone, or in another
/// cluster, must not be in two parts.
fn merged(judged: impl IntoIterator<Item = (u32, Digest)>) -> HashMap<u32, u32> {
    fn first(parents: &HashMap<u32, u32>, mut of: u32) -> u32 {
        while let Some(parent) = parents.get(&of).filter(|parent| **parent != of) {
            of = *parent;
        }
        of
    }
    let mut parents: HashMap<u32, u32> = HashMap::new();
    let mut with: HashMap<Digest, u32> = HashMap::new();
    for (cluster, case) in judged {
        parents.entry(cluster).or_insert(cluster);
        let other = *with.entry(case).or_insert(cluster);
        let (a, b) = (first(&parents, cluster), first(&parents, other));
        parents.insert(a.max(b), a.min(b));
    }
    parents.keys().map(|cluster| (*cluster, first(&parents, *cluster))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(groups: u32, each: u32) -> Answers {
        let one = |group: u32, n: u32| {
            let mut case = Case { id: format!("c{group}-{n}"), weight: 1.0, ..Case::default() };
            case.inputs.insert("q".into(), json!([group, n]));
            Labelled { truth: f64::from(n % 2), case, output: Output::text_only("x"), group, epoch: 0 }
        };
        let labelled: Vec<Labelled> = (0..groups).flat_map(|group| (0..each).map(move |n| one(group, n))).collect();
        let mut cases: HashMap<u32, BTreeSet<Digest>> = HashMap::new();
        for one in &labelled {
            cases.entry(one.group).or_default().insert(one.case.digest());
        }
        let groups = cases.iter().map(|(n, cases)| (*n, Group::of(cases, &BTreeSet::new()).unwrap())).collect();
        Answers { labelled, groups }
    }

    fn groups(of: &[Labelled]) -> BTreeSet<u32> {
        of.iter().map(|one| one.group).collect()
    }

    fn split(seed: u64, held_out: f64, reported: &HashSet<Digest>) -> Split<'_> {
        Split { criterion: "good", held_out, reported, examples: true, seed }
    }

    #[test]
    fn no_group_of_cases_serves_for_two_things_and_what_is_held_out_stays_so() {
        let none = HashSet::new();
        let split = |seed| split(seed, 0.5, &none);
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
        // Nor do more labels in the same groups.
        let mut fewer = answers(200, 3);
        fewer.labelled.retain(|one| one.case.id.ends_with("-2"));
        assert_eq!(groups(&split(1).parts(fewer).unwrap().held_out), parts[2]);
        let few = split(1).parts(answers(30, 2)).err().unwrap().to_string();
        assert!(few.contains("are too few: 20 of each are needed"), "{few}");
    }

    #[test]
    fn what_was_reported_on_stays_held_out_whatever_the_share() {
        let none = HashSet::new();
        let first = split(1, 0.6, &none).parts(answers(200, 3)).unwrap();
        let (much, little) = (groups(&first.held_out), split(1, 0.2, &none).parts(answers(200, 3)).unwrap());
        assert!(groups(&little.held_out).len() < much.len());
        let reported: HashSet<Digest> = first.marks.into_iter().collect();
        let again = split(1, 0.2, &reported).parts(answers(200, 3)).unwrap();
        assert_eq!(groups(&again.held_out), much);
        // Under another criterion too, by which other groups would be held out.
        let other = Split { criterion: "short", ..split(1, 0.2, &reported) };
        assert!(groups(&other.parts(answers(200, 3)).unwrap().held_out).is_superset(&much));
    }

    #[test]
    fn clusters_with_a_case_in_common_are_one_group_named_by_what_is_declared() {
        let case = |n: u32| Digest::of_json(&json!(n));
        let found = merged([(0, case(1)), (1, case(2)), (2, case(1)), (2, case(3)), (3, case(3)), (4, case(4))]);
        let groups: Vec<u32> = (0..5).map(|cluster| found[&cluster]).collect();
        assert_eq!(groups, [0, 1, 0, 0, 4]);
        let named = |cases: &[u32], names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            Group::of(&cases.iter().map(|n| case(*n)).collect(), &names)
        };
        // A case that joins a cluster does not move it.
        let (few, more) = (named(&[1], &["k"]).unwrap(), named(&[1, 2, 3], &["k"]).unwrap());
        assert!(few.key == more.key && few.marks.is_subset(&more.marks) && more.marks.len() == 4);
        assert_eq!(named(&[1], &[]).unwrap().key, case(1));
        assert!(named(&[], &[]).is_none());
    }
}
