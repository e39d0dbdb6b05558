//! `assay review show`: projects, one of them, one of its items.

use assay_core::grouped;
use assay_report::{numbers, plain, terminal};
use assay_review::sample::Sampling;
use assay_review::{Pay, RaterState, Review};
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use super::adjudicate::short;
use super::screen::{Screen, told};
use crate::exit;

/// Lists projects, shows one, or shows one of its items with everything that was ever said about it.
#[derive(Args)]
pub struct Show {
    /// The project; all of them by default.
    project: Option<String>,
    /// An item, by its id or the beginning of it.
    item: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub async fn run(self, review: &Review) -> Result<u8, Failure> {
        match (&self.project, &self.item) {
            (None, _) => self.projects(review).await,
            (Some(project), None) => self.project(review, project).await,
            (Some(project), Some(item)) => self.item(review, project, item).await,
        }
    }

    async fn projects(&self, review: &Review) -> Result<u8, Failure> {
        let projects = review.projects().await?;
        let mut all = Vec::new();
        for project in projects {
            let progress = review.progress(&project).await?;
            all.push((project, progress));
        }
        if self.json {
            let rows: Vec<_> =
                all.iter().map(|(project, progress)| json!({"project": project, "progress": progress})).collect();
            say(&serde_json::to_string_pretty(&rows)?);
            return Ok(exit::PASS);
        }
        if all.is_empty() {
            say("there is no project; `assay review create` makes one");
            return Ok(exit::PASS);
        }
        let rows = all
            .iter()
            .map(|(project, progress)| {
                vec![
                    project.name.clone(),
                    project.rubric.rubric.clone(),
                    format!("{} of {}", grouped(progress.complete), grouped(progress.items)),
                    format!("{} of {}", grouped(progress.accepted), grouped(progress.wanted)),
                    progress.spent.to_string(),
                ]
            })
            .collect();
        say(&terminal::table(&["project", "rubric", "items complete", "ratings", "spent"], rows, &[2, 3, 4]));
        Ok(exit::PASS)
    }

    async fn project(&self, review: &Review, name: &str) -> Result<u8, Failure> {
        let project = review.project(name).await?;
        let (progress, raters) = (review.progress(&project).await?, review.raters(name).await?);
        let done = review.done(name).await?;
        if self.json {
            let value = json!({"project": project, "progress": progress, "raters": raters});
            say(&serde_json::to_string_pretty(&value)?);
            return Ok(exit::PASS);
        }
        let settings = &project.settings;
        let how = match &settings.sampling {
            Sampling::Uniform => "uniformly".to_owned(),
            Sampling::Stratified { key } => format!("by `{}`", plain(key, 80)),
            Sampling::Driven { scorers, uniform } => {
                format!("driven by {}, {:.0}% evenly", plain(&scorers.join(", "), 200), 100.0 * uniform)
            }
        };
        say(&format!(
            "project {} (rubric {}, version {}, {})",
            project.name,
            plain(&project.rubric.rubric, 80),
            project.version,
            project.rubric.digest().short()
        ));
        say(&format!(
            "{} items, drawn {how} from {} in {}",
            grouped(progress.items),
            grouped(settings.candidates),
            plain(&settings.source.join(" and "), 300)
        ));
        say(&format!(
            "{} of {} ratings, {} items complete, {} on screens now, {} to be answered again; {} gold items",
            grouped(progress.accepted),
            grouped(progress.wanted),
            grouped(progress.complete),
            progress.leased,
            progress.stale,
            progress.gold
        ));
        let budget = settings.budget.map_or_else(String::new, |budget| format!(" of {budget}"));
        if settings.pay != Pay::Nothing || progress.spent.nanos() != 0 {
            say(&format!("spent {}{budget}", progress.spent));
        }
        if raters.is_empty() {
            say(&format!("no rater yet: assay review rate {} --rater NAME", project.name));
            return Ok(exit::PASS);
        }
        let rows = raters
            .iter()
            .map(|rater| {
                let rated = done.iter().filter(|done| done.rater == rater.name).count();
                let why = rater.why.clone().unwrap_or_default();
                let state = match rater.state {
                    RaterState::New => "quiz not passed".to_owned(),
                    state => state.as_str().to_owned(),
                };
                vec![rater.name.clone(), state, rated.to_string(), why]
            })
            .collect();
        say(&terminal::table(&["rater", "state", "items rated", "why"], rows, &[2]));
        Ok(exit::PASS)
    }

    async fn item(&self, review: &Review, project: &str, word: &str) -> Result<u8, Failure> {
        let snapshot = review.snapshot(project).await?;
        let item = review.item(project, word).await?;
        let history: Vec<_> = snapshot.history.iter().filter(|rating| rating.item == item.id).collect();
        let notes: Vec<_> = snapshot.notes.iter().filter(|note| note.item == item.id).collect();
        let settled: Vec<_> = snapshot.adjudications.iter().filter(|word| word.item == item.id).collect();
        if self.json {
            let value = json!({"item": item, "history": history, "notes": notes, "adjudications": settled});
            say(&serde_json::to_string_pretty(&value)?);
            return Ok(exit::PASS);
        }
        say(&format!("item {} (case {})", short(&item.id), plain(item.case.as_deref().unwrap_or("–"), 80)));
        let screen = Screen::open();
        screen.item(&snapshot.project.rubric, &item.content).iter().for_each(|line| say(line));
        for rating in history {
            let said = if rating.value.is_null() { "–".to_owned() } else { plain(&told(&rating.value), 1_000) };
            say(&format!(
                "{}  {} {}: {} {said}",
                numbers::time(rating.at_us),
                plain(&rating.rater, 80),
                serde_json::to_value(rating.origin)?.as_str().unwrap_or_default(),
                plain(&rating.criterion, 80)
            ));
        }
        for note in notes {
            say(&format!("{}  {}: {}", numbers::time(note.at_us), plain(&note.rater, 80), plain(&note.text, 1_000)));
        }
        for word in settled {
            say(&format!(
                "{}  {} settled {}: {} ({})",
                numbers::time(word.at_us),
                plain(&word.by, 80),
                plain(&word.criterion, 80),
                plain(&told(&word.value), 200),
                plain(&word.why, 500)
            ));
        }
        Ok(exit::PASS)
    }
}
