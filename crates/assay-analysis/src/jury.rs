//! What several judges say together: labels by Dawid and Skene's model, how each judge errs by it, and how many independent
//! judges they are worth.

use assay_stats::judges::independent;
use assay_stats::raters::{Vote, dawid_skene, most_probable, shares};
use assay_stats::{Estimate, Item, Kind, level};
use serde::Serialize;

/// The most classes that verdicts may fall into.
pub const MOST_CLASSES: usize = 12;
/// Fewer judges cannot be weighed against each other: the model has more parameters than their votes can tell.
pub const LEAST_JUDGES: usize = 3;
/// What the model wants before its weights mean much: so many judges, with so many votes each.
const WANTED: (usize, usize) = (5, 20);

/// Votes of several judges on the same answers.
#[derive(Clone, Debug)]
pub struct Jury<'a> {
    /// The judges' names.
    pub judges: &'a [String],
    /// A column per judge, a row per answer; `None` without a verdict. Every answer has one or more.
    pub votes: &'a [Vec<Option<f64>>],
    /// What people say of each answer, where it is known.
    pub people: &'a [Option<f64>],
    /// A number for the cluster that each answer belongs to, or for its case.
    pub clusters: &'a [u32],
    /// Confidence of the intervals.
    pub confidence: f64,
}

/// What a jury says of one answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Consensus {
    /// The most frequent verdict; `None` for a tie.
    pub majority: Option<f64>,
    /// The most probable one; `None` where the model is not fitted or two are equally probable.
    pub label: Option<f64>,
    /// Its probability.
    pub posterior: Option<f64>,
    /// Each judge's verdict.
    pub votes: Vec<Option<f64>>,
}

/// How one judge stands to the model's labels and to people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JudgeFigures {
    /// The judge.
    pub judge: String,
    /// Answers with a verdict.
    pub votes: usize,
    /// How often it says what the model says.
    pub accuracy: Option<f64>,
    /// By the model: where the truth is the class of a row, how often it says the class of a column.
    pub confusion: Option<Vec<Vec<f64>>>,
    /// How often it says what people say.
    pub people: Option<Estimate>,
}

/// What a jury is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The verdicts that were given, smallest first.
    pub classes: Vec<f64>,
    /// Each answer, in the order of the votes.
    pub answers: Vec<Consensus>,
    /// Each judge.
    pub judges: Vec<JudgeFigures>,
    /// Answers on which all judges that have a verdict say the same, two or more of them.
    pub of_one_mind: usize,
    /// Answers whose most probable label is not the majority's.
    pub changed: usize,
    /// Independent judges that they vote like, a lower bound, as judges that are right agree.
    pub independent: Option<f64>,
    /// Independent judges that they err like, on the answers that people labelled.
    pub independent_errors: Option<f64>,
    /// Answers that people labelled.
    pub labelled: usize,
    /// How often the majority says what people say; ties are wrong.
    pub majority: Option<Estimate>,
    /// How often the most probable label is what people say.
    pub weighed: Option<Estimate>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl Jury<'_> {
    /// Weighs the judges by how they err.
    ///
    /// # Errors
    /// Why they cannot be: fewer than two, no answer with verdicts, too many different verdicts.
    pub fn weigh(&self) -> Result<Finding, String> {
        let rows = self.votes.first().map_or(0, Vec::len);
        if self.judges.len() < 2 || rows == 0 {
            return Err("a jury is two judges or more with verdicts on the same answers".into());
        }
        let mut classes: Vec<f64> = self.votes.iter().flatten().flatten().copied().collect();
        classes.sort_by(f64::total_cmp);
        classes.dedup();
        if classes.len() > MOST_CLASSES {
            return Err(format!(
                "the verdicts take {} values, too many for classes (at most {MOST_CLASSES}): a threshold makes passes and \
                 fails of them",
                classes.len()
            ));
        }
        let place = |value: f64| classes.iter().position(|class| *class == value);
        let mut votes = Vec::new();
        for (rater, column) in self.votes.iter().enumerate() {
            for (item, value) in column.iter().enumerate() {
                votes.extend(value.and_then(place).map(|label| Vote { item, rater, label }));
            }
        }
        let given = |judge: usize| self.votes[judge].iter().flatten().count();
        let mut notes = Vec::new();
        let fit = match (self.judges.len() >= LEAST_JUDGES, classes.len() > 1) {
            (true, true) => dawid_skene(&votes, classes.len(), 100, 1e-5),
            (false, _) => {
                notes.push(format!(
                    "{} judges cannot be weighed against each other: Dawid and Skene's model needs {LEAST_JUDGES}",
                    self.judges.len()
                ));
                None
            }
            (_, false) => {
                notes.push("all verdicts are the same: there is nothing to weigh".into());
                None
            }
        };
        let thin = (0..self.judges.len()).filter(|judge| given(*judge) < WANTED.1).count();
        if fit.is_some() && (self.judges.len() < WANTED.0 || thin > 0) {
            notes.push(format!(
                "weigh the labels with care: the model wants {} judges with {} verdicts each, here are {}, {thin} of them with \
                 fewer; and it takes their errors to be independent",
                WANTED.0,
                WANTED.1,
                self.judges.len()
            ));
        }
        if fit.as_ref().is_some_and(|fit| !fit.converged) {
            notes.push("the model had not settled after 100 rounds".into());
        }
        let majority = shares(&votes, classes.len().max(2)).map(|rows| most_probable(&rows)).unwrap_or_default();
        let probable = fit.as_ref().map(|fit| most_probable(&fit.posteriors));
        let class = |at: Option<usize>| at.and_then(|at| classes.get(at)).copied();
        let answers: Vec<Consensus> = (0..rows)
            .map(|row| {
                let at = probable.as_ref().and_then(|labels| labels[row]);
                Consensus {
                    majority: class(majority.get(row).copied().flatten()),
                    label: class(at),
                    posterior: at.and_then(|at| Some(fit.as_ref()?.posteriors[row][at])),
                    votes: self.votes.iter().map(|column| column[row]).collect(),
                }
            })
            .collect();
        let agreement = |of: &dyn Fn(usize) -> Option<Option<f64>>| {
            let same = |row: usize| {
                let value = f64::from(u8::from(of(row)? == Some(self.people[row]?)));
                Some(Item { value, repeats: 1, cluster: Some(self.clusters[row]), weight: 1.0 })
            };
            let items: Vec<Item> = (0..rows).filter_map(same).collect();
            (!items.is_empty()).then(|| level(&items, Kind::Binary, self.confidence))
        };
        let judges = self.judges.iter().enumerate().map(|(at, name)| JudgeFigures {
            judge: name.clone(),
            votes: given(at),
            accuracy: fit.as_ref().and_then(|fit| fit.accuracy(at)),
            confusion: fit.as_ref().map(|fit| fit.confusion[at].clone()),
            people: agreement(&|row| self.votes[at][row].map(Some)),
        });
        let mind = |row: &usize| {
            let mut said = self.votes.iter().filter_map(|column| column[*row]);
            let first = said.next();
            let mut others = 0;
            said.all(|vote| {
                others += 1;
                Some(vote) == first
            }) && others > 0
        };
        let errors: Vec<Vec<Option<f64>>> = self
            .votes
            .iter()
            .map(|column| column.iter().zip(self.people).map(|(vote, truth)| Some((*vote)? - (*truth)?)).collect())
            .collect();
        // More than there are, from correlations below 0, would promise what a few answers cannot show.
        let worth = |columns: &[Vec<Option<f64>>]| independent(columns).map(|k| k.min(self.judges.len() as f64));
        Ok(Finding {
            judges: judges.collect(),
            of_one_mind: (0..rows).filter(mind).count(),
            changed: answers.iter().filter(|one| one.label.is_some() && one.label != one.majority).count(),
            independent: worth(self.votes),
            independent_errors: worth(&errors),
            labelled: self.people.iter().flatten().count(),
            majority: agreement(&|row| Some(answers[row].majority)),
            weighed: fit.as_ref().and_then(|_| agreement(&|row| Some(answers[row].label))),
            answers,
            classes,
            notes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jury(votes: &[Vec<Option<f64>>], people: &[Option<f64>]) -> Result<Finding, String> {
        let judges: Vec<String> = (0..votes.len()).map(|at| format!("j{at}")).collect();
        let clusters: Vec<u32> = (0..people.len() as u32).collect();
        Jury { judges: &judges, votes, people, clusters: &clusters, confidence: 0.95 }.weigh()
    }

    #[test]
    fn a_judge_that_always_says_the_opposite_is_found_out_and_counts_the_other_way() {
        let truth: Vec<f64> = (0..60).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
        let slip = |judge: usize, i: usize| (i * 7 + judge * 13).is_multiple_of(10);
        let good = |judge: usize| -> Vec<Option<f64>> {
            truth.iter().enumerate().map(|(i, t)| Some(if slip(judge, i) { 1.0 - t } else { *t })).collect()
        };
        let contrary = truth.iter().map(|t| Some(1.0 - t)).collect();
        let votes = [good(0), good(1), good(2), contrary];
        let people: Vec<Option<f64>> = truth.iter().copied().map(Some).collect();
        let found = jury(&votes, &people).unwrap();
        assert!(found.judges[3].accuracy.unwrap() < 0.05 && found.judges[0].accuracy.unwrap() > 0.85);
        assert_eq!(found.weighed.as_ref().unwrap().value, Some(1.0));
        assert!(found.majority.as_ref().unwrap().value.unwrap() < 0.95);
        assert!(found.answers.iter().all(|one| one.posterior.unwrap() > 0.9));
        assert_eq!((found.labelled, found.classes.clone()), (60, vec![0.0, 1.0]));
    }

    #[test]
    fn copies_are_one_judge_and_two_are_not_weighed() {
        let column: Vec<Option<f64>> = (0..20).map(|i| Some(f64::from(u8::from(i % 2 == 0)))).collect();
        let found = jury(&[column.clone(), column.clone()], &[None; 20]).unwrap();
        assert!((found.independent.unwrap() - 1.0).abs() < 1e-12 && found.of_one_mind == 20);
        assert_eq!((found.answers[0].label, found.answers[0].majority), (None, Some(1.0)));
        assert!(found.notes[0].contains("needs 3"), "{:?}", found.notes);
        assert_eq!(found.weighed, None);
    }

    #[test]
    fn what_is_no_jury_says_why() {
        assert!(jury(&[vec![Some(1.0)]], &[None]).unwrap_err().contains("two judges or more"));
        assert!(jury(&[vec![], vec![]], &[]).unwrap_err().contains("two judges or more"));
        let many: Vec<Option<f64>> = (0..20).map(|i| Some(f64::from(i))).collect();
        assert!(jury(&[many.clone(), many], &[None; 20]).unwrap_err().contains("20 values"));
        let same = vec![Some(1.0); 5];
        let found = jury(&[same.clone(), same.clone(), same], &[Some(1.0); 5]).unwrap();
        assert!(found.weighed.is_none() && found.notes[0].contains("nothing to weigh"));
        assert_eq!(found.majority.unwrap().value, Some(1.0));
    }

    #[test]
    fn an_answer_that_one_judge_left_out_still_counts() {
        let votes = [
            vec![Some(1.0), Some(0.0), None, Some(1.0)],
            vec![Some(1.0), Some(0.0), Some(0.0), Some(1.0)],
            vec![Some(1.0), None, Some(0.0), Some(0.0)],
        ];
        let found = jury(&votes, &[None; 4]).unwrap();
        assert_eq!((found.judges[0].votes, found.of_one_mind, found.answers.len()), (3, 3, 4));
        assert_eq!(found.answers[2].majority, Some(0.0));
    }
}
