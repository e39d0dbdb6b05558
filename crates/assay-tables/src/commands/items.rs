//! `assay stats items`: what the items of a benchmark tell.

use std::collections::HashMap;
use std::path::PathBuf;

use assay_stats::irt::{Fit, Irt, Model, fit};
use assay_stats::items::{Flag, item_analysis, saturation};
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::answer::{Confidence, bounds, level, number, range, usage};
use crate::{Answer, Failure, Table};

/// Which items are broken or no longer tell runs apart, how saturated the benchmark is, and abilities and difficulties
/// by item response theory. Scores are from 0 to 1.
#[derive(Args)]
pub struct Items {
    /// A table with a row per item and run.
    file: PathBuf,
    /// The column of items.
    #[arg(long, default_value = "item")]
    item: String,
    /// The column of runs or models.
    #[arg(long, default_value = "run")]
    run: String,
    /// The column of scores.
    #[arg(long, default_value = "score")]
    score: String,
    /// The model of abilities; without it 2pl from 30 runs on, else 1pl.
    #[arg(long)]
    model: Option<Kind>,
    /// From this score on an item is passed, for the model of abilities.
    #[arg(long, default_value_t = 1.0)]
    pass: f64,
    /// Share of items whose label is wrong, which lowers the ceiling.
    #[arg(long, default_value_t = 0.0)]
    label_noise: f64,
    #[command(flatten)]
    confidence: Confidence,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    #[value(name = "rasch")]
    Rasch,
    #[value(name = "1pl")]
    One,
    #[value(name = "2pl")]
    Two,
}

/// The place of a name, which is added when it is new.
fn place(names: &mut Vec<String>, places: &mut HashMap<String, usize>, name: &str) -> usize {
    *places.entry(name.to_owned()).or_insert_with(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

impl Items {
    pub fn answer(self) -> Result<Answer, Failure> {
        if !(0.0..1.0).contains(&self.label_noise) {
            return Err(usage("--label-noise: a share from 0 to below 1 is expected, such as 0.05"));
        }
        let source = Table::read(&self.file)?;
        let (items, runs) = (source.full(&self.item)?, source.full(&self.run)?);
        let scores = source.numbers(&self.score)?;
        let (mut item_names, mut item_places) = (Vec::new(), HashMap::new());
        let (mut run_names, mut run_places) = (Vec::new(), HashMap::new());
        let mut cells: HashMap<(usize, usize), f64> = HashMap::new();
        for ((item, run), score) in items.iter().zip(&runs).zip(scores) {
            let at = (place(&mut run_names, &mut run_places, run), place(&mut item_names, &mut item_places, item));
            if let Some(score) = score
                && cells.insert(at, score).is_some()
            {
                let message = format!(
                    "{}: item `{item}` has two scores of run `{run}`: keep one, or their mean",
                    self.file.display()
                );
                return Err(usage(message));
            }
        }
        let rows: Vec<Vec<Option<f64>>> = (0..run_names.len())
            .map(|run| (0..item_names.len()).map(|item| cells.get(&(run, item)).copied()).collect())
            .collect();
        let failed = |error: &dyn std::fmt::Display| usage(format!("{}: {error}", self.file.display()));
        let analysis = item_analysis(&rows).map_err(|error| match error {
            assay_stats::items::ItemsError::NotAScore { run, item } => failed(&format!(
                "the score of run `{}` on item `{}` is not from 0 to 1; scale the scores",
                run_names[run], item_names[item]
            )),
            other => failed(&other),
        })?;
        let filled = saturation(&rows, self.label_noise, self.confidence.level).map_err(|error| failed(&error))?;
        let model = match self.model {
            Some(Kind::Rasch) => Model::Rasch,
            Some(Kind::One) => Model::OneParameter,
            Some(Kind::Two) => Model::TwoParameter,
            None if run_names.len() >= 30 => Model::TwoParameter,
            None => Model::OneParameter,
        };
        let passed: Vec<Vec<Option<bool>>> =
            rows.iter().map(|row| row.iter().map(|score| score.map(|score| score >= self.pass)).collect()).collect();
        let irt = fit(&passed, Fit::new(model));
        let name = match model {
            Model::Rasch => "rasch",
            Model::OneParameter => "1pl",
            Model::TwoParameter => "2pl",
        };
        let mut flagged: Vec<(usize, &str)> = analysis
            .iter()
            .enumerate()
            .filter_map(|(at, item)| {
                Some((
                    at,
                    match item.flag? {
                        Flag::NegativeDiscrimination => "strong runs fail it more than weak ones: check its label",
                        Flag::NeverPassed => "no run passes it: too hard, or broken",
                        Flag::AlwaysPassed => "every run passes it: it tells nothing",
                    },
                ))
            })
            .collect();
        // The surest negative discriminations first, then never, then always passed.
        let order = |at: usize| match analysis[at].flag {
            Some(Flag::NegativeDiscrimination) => analysis[at].p_negative.unwrap_or(1.0),
            Some(Flag::NeverPassed) => 2.0,
            _ => 3.0,
        };
        flagged.sort_by(|a, b| order(a.0).total_cmp(&order(b.0)));
        let negative = analysis.iter().filter(|item| item.flag == Some(Flag::NegativeDiscrimination)).count();
        let parameters = |at: usize| irt.as_ref().ok().and_then(|irt| irt.items[at]);
        let ability = |run: usize| irt.as_ref().ok().map(|irt: &Irt| irt.abilities[run]);
        let json_items: Vec<Value> = analysis
            .iter()
            .enumerate()
            .map(|(at, item)| {
                let irt = parameters(at);
                json!({"item": item_names[at], "runs": item.runs, "mean": item.mean,
                       "discrimination": item.discrimination, "p_negative": item.p_negative,
                       "finding": flagged.iter().find(|(flagged, _)| *flagged == at).map(|(_, finding)| *finding),
                       "irt": irt.map(|i| json!({"difficulty": i.difficulty, "difficulty_se": i.difficulty_se,
                           "discrimination": i.discrimination, "discrimination_se": i.discrimination_se}))})
            })
            .collect();
        let json_runs: Vec<Value> = filled
            .runs
            .iter()
            .map(|(run, mean)| {
                json!({"run": run_names[*run], "mean": mean.value, "interval": bounds(mean.interval),
                       "ability": ability(*run).map(|a| a.0), "ability_se": ability(*run).map(|a| a.1)})
            })
            .collect();
        let json = json!({"items": json_items, "runs": json_runs, "always_passed": filled.always,
            "never_passed": filled.never, "leaders_overlap": filled.leaders_overlap, "headroom": filled.headroom,
            "irt": {"model": name, "log_likelihood": irt.as_ref().ok().map(|irt| irt.log_likelihood),
                    "problem": irt.as_ref().err().map(ToString::to_string)}});
        let run_cells = filled
            .runs
            .iter()
            .map(|(run, mean)| {
                let ability = ability(*run).map_or_else(|| "–".into(), |(a, se)| format!("{a:.2} ± {se:.2}"));
                vec![run_names[*run].clone(), number(mean.value), range(mean.interval), ability]
            })
            .collect();
        let item_cells = flagged
            .iter()
            .take(20)
            .map(|(at, finding)| {
                let p = analysis[*at].p_negative.map_or_else(|| "–".into(), |p| format!("{p:.3}"));
                let r = analysis[*at].discrimination.map_or_else(|| "–".into(), |r| format!("{r:.2}"));
                vec![item_names[*at].clone(), number(analysis[*at].mean), r, p, (*finding).to_owned()]
            })
            .collect();
        let percent = |share: f64| format!("{:.0}%", 100.0 * share);
        let mut answer = Answer::new(json)
            .line(format!(
                "{} items, {} runs: every run passes {} of the items, none passes {}; {negative} items discriminate the wrong way",
                filled.items, run_names.len(), percent(filled.always), percent(filled.never)
            ))
            .line(match filled.leaders_overlap {
                Some(true) => "The best three runs' intervals overlap: the benchmark does not rank them",
                Some(false) => "The best three runs are apart",
                None => "Fewer than three runs: whether the best overlap is not known",
            });
        if let Some(headroom) = filled.headroom {
            answer = answer.line(format!("Headroom: {headroom:.3} from the best run to the ceiling"));
        }
        if analysis.iter().map(|item| item.runs).max().unwrap_or(0) < 10 {
            answer = answer.line("Fewer than 10 runs: discriminations are a rough guide");
        }
        answer = answer.line(match &irt {
            Ok(_) => format!("Abilities by {name} with standard errors; 0 is the average run"),
            Err(error) => format!("No abilities: {error}"),
        });
        Ok(answer
            .table(&["run", "mean", &level(self.confidence.level), "ability"], run_cells, &[1, 2, 3])
            .table(&["flagged item", "mean", "discrimination", "p", "finding"], item_cells, &[1, 2, 3])
            .lines(
                (flagged.len() > 20)
                    .then(|| format!("… and {} more flagged items: --json has all", flagged.len() - 20)),
            ))
    }
}
