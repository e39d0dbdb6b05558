//! `assay dataset leaks`: whether cases were seen before they were asked.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use assay_analysis::{Arm, Fill};
use assay_core::{Reducer, RunRecord, ScoreKind};
use assay_datasets::duplicates::text_of;
use assay_datasets::library::{Event, check_day, today};
use assay_datasets::{Dataset, Library, quality};
use assay_metrics::contamination::{Index, Overlap, Rule};
use assay_report::{plain, terminal};
use assay_stats::holdout::{canaries, marked_difference};
use assay_stats::{Difference, Kind};
use clap::Args;
use serde_json::{Value, json};

use super::super::{Failure, say};
use super::paraphrases::{self, Nearest};
use super::{count, find};
use crate::calls::CallLimits;
use crate::exit;
use assay_home::Home;
use assay_home::usage;

/// When a case counts as seen.
const RULES: [(&str, Rule); 3] =
    [("13 words", Rule::GPT3), ("70% of 8 words", Rule::PALM), ("50 characters", Rule::GPT4)];

/// How the mark of candidates begins.
const PARAPHRASES: &str = "paraphrase candidates";

/// Looks for cases in a corpus (n-grams), in the prompts of targets, and for canaries of exports in what targets said; with
/// `--made` compares cases from before and after a model's training ended. Shows how much better seen cases score in the
/// newest run. Anything found exits with 1. Rephrased or translated cases share no n-grams: finding none proves little.
#[derive(Args)]
pub struct Leaks {
    /// The dataset, and a version behind `@`.
    name: String,
    /// A file or folder with a document per row: training data, few-shot examples.
    #[arg(long, value_name = "FILE")]
    corpus: Vec<PathBuf>,
    /// The column of the corpus that is compared; all texts of a row by default.
    #[arg(long, value_name = "COLUMN")]
    corpus_text: Option<String>,
    /// The field of a case that is compared, such as `inputs.question`; all texts of the inputs by default.
    #[arg(long, value_name = "PATH")]
    field: Option<String>,
    /// The field that says when a case was made, such as `metadata.created`.
    #[arg(long, value_name = "PATH", requires = "trained")]
    made: Option<String>,
    /// The last day of a model's training data, such as 2024-06-30.
    #[arg(long, value_name = "DAY", requires = "made")]
    trained: Option<String>,
    /// The scorer whose scores are compared; the first of the newest run by default.
    #[arg(long)]
    scorer: Option<String>,
    /// An embedding model, as a suite writes its targets: `{openai: text-embedding-3-small}`. Cases that are near a passage in
    /// meaning are candidates for paraphrases and translations, to be looked at; they do not fail the command.
    #[arg(long, value_name = "TARGET")]
    embed: Option<String>,
    /// The least cosine of a candidate; each model has a scale of its own.
    #[arg(long, value_name = "COSINE", default_value_t = 0.85)]
    embed_threshold: f32,
    #[command(flatten)]
    calls: CallLimits,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

struct Mark {
    what: String,
    /// Whether each case is marked; `None` where nothing can be said.
    of: Vec<Option<bool>>,
}

impl Leaks {
    pub async fn run(self, library: &Library, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        if let Some(day) = &self.trained {
            check_day(day)?;
        }
        let (dataset, record) = find(library, &self.name)?;
        let (mut ids, mut texts, mut made) = (Vec::new(), Vec::new(), Vec::new());
        let mut to_embed: Vec<Option<String>> = Vec::new();
        let today = today();
        for case in library.cases(record.version)? {
            let case = case?;
            texts.push(text_of(&case, self.field.as_deref()));
            // Sealed cases, and those that may not be used, are not sent to anybody.
            let stays = dataset.split.as_ref().is_some_and(|plan| plan.is_sealed(&case))
                || dataset.unusable(&case, &today).is_some();
            if self.embed.is_some() {
                to_embed.push(texts.last().filter(|text| !stays && !text.trim().is_empty()).cloned());
            }
            if let Some(path) = &self.made {
                made.push(quality::field(&case, path).and_then(|value| value.as_str().map(str::to_owned)));
            }
            ids.push(case.id);
        }
        let home = Home::open(workspace, Path::new(".")).await?;
        let runs = self.runs(&home, &dataset).await?;
        let mut marks = Vec::new();
        let mut documents = 0;
        if !self.corpus.is_empty() {
            let (found, read) = self.overlaps(&texts, &mut |each| self.corpus(each))?;
            documents = read;
            marks.extend(found.into_iter().map(|(rule, of)| Mark { what: format!("in the corpus: {rule}"), of }));
        }
        let prompts = prompts(&runs);
        if !prompts.is_empty() {
            let (found, _) = self.overlaps(&texts, &mut |each| {
                prompts.iter().for_each(|prompt| each(prompt));
                Ok(())
            })?;
            marks.extend(found.into_iter().map(|(rule, of)| Mark { what: format!("in prompts: {rule}"), of }));
        }
        let mut candidates = Vec::new();
        if let Some(embedder) = &self.embed {
            let mut passages = Vec::new();
            self.corpus(&mut |document| paraphrases::passages(document, &mut |passage| passages.push(passage)))?;
            for prompt in &prompts {
                paraphrases::passages(prompt, &mut |passage| passages.push(passage));
            }
            if passages.is_empty() {
                return Err(usage("--embed compares cases with a corpus or with prompts: name a corpus".into()));
            }
            let model = self.calls.model(embedder, "--embed", assay_models::build_embedder, &dataset).await?;
            let found = paraphrases::nearest(&model, self.calls.most(), &to_embed, &passages).await?;
            let is_near = |nearest: &Nearest| nearest.cosine >= self.embed_threshold;
            marks.push(Mark {
                what: format!("{PARAPHRASES}: cosine of {} or more", self.embed_threshold),
                of: found.iter().map(|nearest| nearest.as_ref().map(is_near)).collect(),
            });
            candidates =
                ids.iter().zip(found).filter_map(|(id, nearest)| Some((id, nearest.filter(is_near)?))).collect();
            candidates.sort_by(|a: &(&String, Nearest), b| b.1.cosine.total_cmp(&a.1.cosine));
        }
        if let Some(trained) = &self.trained {
            let old =
                |made: &Option<String>| made.as_ref().map(|made| made.get(..10).unwrap_or(made) <= trained.as_str());
            marks.push(Mark { what: format!("made by {trained}"), of: made.iter().map(old).collect() });
        }
        let scores = match runs.iter().find(|run| run.sealed().is_none()) {
            Some(newest) => Some(self.scores(&home, newest).await?),
            None => None,
        };
        let canaries = sightings(&home, &dataset, &runs).await?;
        let sealed = dataset.sealed_part().is_some();
        let mut cells = Vec::new();
        let mut lines = Vec::new();
        let mut seen: HashSet<usize> = HashSet::new();
        for mark in &marks {
            let of = |which: Option<bool>| mark.of.iter().filter(|found| **found == which).count();
            let dose = scores.as_ref().and_then(|scores| scores.difference(&ids, mark));
            if !mark.what.starts_with("made by") && !mark.what.starts_with(PARAPHRASES) {
                seen.extend(mark.of.iter().enumerate().filter(|(_, found)| **found == Some(true)).map(|(at, _)| at));
            }
            let estimate = dose.as_ref().map(|dose| &dose.estimate);
            let value = estimate.and_then(|e| e.value);
            let interval = estimate.and_then(|e| e.interval);
            lines.push(
                json!({"what": mark.what, "marked": of(Some(true)), "others": of(Some(false)), "unknown": of(None),
                "score_difference": value, "interval": interval}),
            );
            cells.push(vec![
                mark.what.clone(),
                count(of(Some(true)) as u64),
                count(of(Some(false)) as u64),
                count(of(None) as u64),
                value.map_or_else(|| "–".into(), |value| format!("{value:+.3}")),
                interval.map_or_else(String::new, |i| format!("{:+.3} to {:+.3}", i.lower, i.upper)),
            ]);
        }
        let mut named: Vec<&str> = seen.iter().map(|at| ids[*at].as_str()).collect();
        named.sort_unstable();
        let code = if seen.is_empty() && canaries.is_empty() { exit::PASS } else { exit::FAIL };
        if self.json {
            let cases = if sealed { &[][..] } else { &named };
            say(&json!({"cases": ids.len(), "documents": documents, "checks": lines, "seen": named.len(), "seen_cases": cases,
                "candidates": candidates.iter().map(|(case, nearest)| json!({"case": case, "nearest": nearest})).collect::<Vec<_>>(),
                "canaries": canaries, "scores_of": scores.as_ref().map(|scores| &scores.name)})
            .to_string());
            return Ok(code);
        }
        if cells.is_empty() {
            say("no corpus is named, and no run has a prompt of its own: only canaries were looked for");
        } else {
            let dose =
                scores.as_ref().map_or_else(|| "score".into(), |scores| format!("marked − others, {}", scores.name));
            say(&terminal::table(
                &["check", "marked", "others", "cannot say", &dose, "95% interval"],
                cells,
                &[1, 2, 3, 4],
            ));
        }
        if !named.is_empty() {
            let shown: Vec<&str> = if sealed { Vec::new() } else { named.iter().take(20).copied().collect() };
            let more = if named.len() > shown.len() && !sealed { ", …" } else { "" };
            say(&format!(
                "{} of {} cases were seen{}",
                count(named.len() as u64),
                count(ids.len() as u64),
                if shown.is_empty() { String::new() } else { format!(": {}{more}", plain(&shown.join(", "), 600)) }
            ));
        }
        if !candidates.is_empty() {
            say(&format!(
                "{} cases may be paraphrases of what the corpus or a prompt holds:",
                count(candidates.len() as u64)
            ));
            let cells = candidates.iter().take(20).map(|(case, nearest)| {
                vec![(*case).clone(), format!("{:.3}", nearest.cosine), nearest.passage.clone()]
            });
            say(&terminal::table(&["case", "cosine", "nearest passage"], cells.collect(), &[1]));
        }
        for (guid, trials) in &canaries {
            say(&format!(
                "canary {guid} of an export of this dataset was said in {trials} trials: a model has seen the file"
            ));
        }
        if code == exit::PASS {
            say(match self.embed {
                Some(_) => "no case shares words; candidates for paraphrases need somebody's look",
                None => {
                    "nothing was found; rephrased and translated cases would not be (`--embed` looks for candidates)"
                }
            });
        }
        Ok(code)
    }

    /// Runs of the dataset, newest first.
    async fn runs(&self, home: &Home, dataset: &Dataset) -> Result<Vec<RunRecord>, Failure> {
        let runs = home.state.runs(None, None, 200).await?.into_iter().map(|row| row.record);
        let ours = |record: &RunRecord| {
            record.datasets.iter().any(|used| dataset.versions.iter().any(|version| version.version == used.version))
        };
        Ok(runs
            .filter(|record| ours(record) && self.scorer.as_ref().is_none_or(|name| record.scorer(name).is_some()))
            .collect())
    }

    /// Every document of the corpus.
    fn corpus(&self, each: &mut dyn FnMut(&str)) -> Result<(), Failure> {
        for path in &self.corpus {
            for row in assay_datasets::rows(path)? {
                let (row, place) = row?;
                match &self.corpus_text {
                    Some(column) => {
                        let value = row.get(column).ok_or_else(|| {
                            let columns: Vec<&str> = row.keys().map(String::as_str).collect();
                            usage(format!("{place}: there is no column `{column}` (there are: {})", columns.join(", ")))
                        })?;
                        each(&text_of_value(value));
                    }
                    None => each(&row.values().map(text_of_value).collect::<Vec<_>>().join("\n")),
                }
            }
        }
        Ok(())
    }

    /// Overlap under each rule, and the number of documents.
    #[allow(clippy::type_complexity, reason = "documents are pushed, so that a corpus of any size is read as a stream")]
    fn overlaps(
        &self,
        texts: &[String],
        documents: &mut dyn FnMut(&mut dyn FnMut(&str)) -> Result<(), Failure>,
    ) -> Result<(Vec<(&'static str, Vec<Option<bool>>)>, u64), Failure> {
        let mut indices: Vec<(&str, Index)> =
            RULES.iter().filter_map(|(name, rule)| Some((*name, Index::new(texts, *rule)?))).collect();
        let mut read = 0;
        documents(&mut |document| {
            read += 1;
            indices.iter_mut().for_each(|(_, index)| index.read(document));
        })?;
        let of = |overlaps: Vec<Overlap>| overlaps.into_iter().map(|overlap| overlap.contaminated).collect();
        Ok((indices.into_iter().map(|(name, index)| (name, of(index.overlaps()))).collect(), read))
    }

    async fn scores(&self, home: &Home, run: &RunRecord) -> Result<Scores, Failure> {
        let scores = home.scores(run, &HashSet::new()).await?;
        let at = run.scorers.iter().position(|scorer| self.scorer.as_ref().is_none_or(|name| scorer.name == *name));
        let Some(at) = at else {
            return Ok(Scores {
                name: format!("run {}", run.id.short()),
                kind: Kind::Unbounded,
                values: HashMap::new(),
            });
        };
        let arm = Arm { scores: &scores, target: 0 };
        let values = (0..scores.cases.len()).filter_map(|case| {
            Some((scores.cases.id(case).to_owned(), arm.value(case, at, Reducer::Mean, Fill::Available)?.0))
        });
        let binary = run.epochs == 1 && run.scorers[at].score == ScoreKind::Binary;
        Ok(Scores {
            name: format!("{} of {}, run {}", run.scorers[at].name, arm.name(), run.id.short()),
            kind: if binary { Kind::Binary } else { Kind::Unbounded },
            values: values.collect(),
        })
    }
}

struct Scores {
    name: String,
    kind: Kind,
    values: HashMap<String, f64>,
}

impl Scores {
    fn difference(&self, ids: &[String], mark: &Mark) -> Option<Difference> {
        let known = ids.iter().zip(&mark.of).filter_map(|(id, marked)| Some((*self.values.get(id)?, (*marked)?)));
        let (values, marked): (Vec<f64>, Vec<bool>) = known.unzip();
        marked_difference(&values, &marked, self.kind, 0.95)
    }
}

fn text_of_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of_value).collect::<Vec<_>>().join("\n"),
        Value::Object(fields) => fields.values().map(text_of_value).collect::<Vec<_>>().join("\n"),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The prompts of targets, in which few-shot examples stand.
fn prompts(runs: &[RunRecord]) -> Vec<String> {
    let mut prompts: Vec<String> = runs
        .iter()
        .flat_map(|run| &run.targets)
        .map(|target| text_of_value(&target.config))
        // A template alone is no example.
        .filter(|text| text.split_whitespace().count() >= 13)
        .collect();
    prompts.sort_unstable();
    prompts.dedup();
    prompts
}

/// Canaries of this dataset's exports in what targets said, with the number of trials.
async fn sightings(home: &Home, dataset: &Dataset, runs: &[RunRecord]) -> Result<BTreeMap<String, u64>, Failure> {
    let known: HashSet<String> = dataset
        .log
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Exported { canary, .. } => canary.clone(),
            _ => None,
        })
        .collect();
    let mut found = BTreeMap::new();
    if known.is_empty() {
        return Ok(found);
    }
    for run in runs {
        let sql = format!(
            "SELECT output FROM trials WHERE run_id = '{}' AND output LIKE '%canary GUID%' LIMIT 10000",
            run.id
        );
        for row in home.lake.query(&sql, None).await?.json().await? {
            let output = row.get("output").and_then(Value::as_str).unwrap_or_default();
            for guid in canaries(output).into_iter().filter(|guid| known.contains(*guid)) {
                *found.entry(guid.to_owned()).or_default() += 1;
            }
        }
    }
    Ok(found)
}
