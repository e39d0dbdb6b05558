//! `assay review adjudicate`: the word that settles.

use std::collections::BTreeMap;

use assay_datasets::library::who;
use assay_report::plain;
use assay_review::Review;
use assay_review::adjudication::{Dispute, disputes};
use clap::Args;
use serde_json::{Value, json};

use super::super::{Failure, say};
use super::screen::{Said, Screen, Wish, told};
use crate::exit;

/// Goes through what raters do not agree on and what they flagged, the widest first. Raters are not named while you decide.
/// What is settled is the label of the item, whatever raters say; a later word replaces an earlier one, and both are kept.
#[derive(Args)]
pub struct Adjudicate {
    /// The project.
    pub(super) project: String,
    /// Who settles; by default the user.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Settle one item, by its id, without being asked.
    #[arg(long, value_name = "ITEM", requires_all = ["criterion", "value"])]
    item: Option<String>,
    /// The criterion.
    #[arg(long, requires = "item")]
    criterion: Option<String>,
    /// The answer.
    #[arg(long, requires = "item")]
    value: Option<String>,
    /// Why.
    #[arg(long, default_value = "")]
    why: String,
    /// Steps of a scale that raters may be apart without being asked about.
    #[arg(long, value_name = "STEPS", default_value_t = 1.0)]
    apart: f64,
    /// List what is open and ask nothing.
    #[arg(long, conflicts_with = "item")]
    list: bool,
    /// Print JSON (with --list).
    #[arg(long, requires = "list")]
    json: bool,
}

impl Adjudicate {
    pub async fn run(self, review: &Review) -> Result<u8, Failure> {
        let by = self.by.clone().unwrap_or_else(who);
        if let (Some(item), Some(criterion), Some(value)) = (&self.item, &self.criterion, &self.value) {
            let settled = review.adjudicate(&self.project, item, criterion, &json!(value), &by, &self.why).await?;
            say(&format!("{}: {} is {}", short(&settled.item), settled.criterion, told(&settled.value)));
            return Ok(exit::PASS);
        }
        let snapshot = review.snapshot(&self.project).await?;
        let all = disputes(&snapshot, self.apart);
        let settled = all.iter().filter(|dispute| dispute.settled.is_some()).count();
        let open: Vec<&Dispute> = all.iter().filter(|dispute| dispute.settled.is_none()).collect();
        if self.list {
            if self.json {
                say(&serde_json::to_string_pretty(&open)?);
                return Ok(exit::PASS);
            }
            if !open.is_empty() {
                say(&table(&open, open.len()));
            }
        }
        if self.list || open.is_empty() {
            say(&format!("{} open, {settled} settled", open.len()));
            return Ok(exit::PASS);
        }
        let mut screen = Screen::open();
        let rubric = &snapshot.project.rubric;
        let mut done = 0;
        for (at, dispute) in open.iter().enumerate() {
            let Some(item) = snapshot.items.iter().find(|item| item.id == dispute.item) else { continue };
            let Some(criterion) = rubric.criterion(&dispute.criterion) else { continue };
            say(&format!("\n{} of {}: {}", at + 1, open.len(), short(&dispute.item)));
            let lines = screen.item(rubric, &item.content);
            screen.page(&lines)?;
            say(&format!("raters say: {}", tally(dispute)));
            for flag in &dispute.flags {
                say(&format!("flagged: {}", plain(&flag.text, 1_000)));
            }
            loop {
                match screen.ask(criterion, &item.content, None)? {
                    Some(Said::Answer(value)) if !value.is_null() => {
                        let why = screen.line("why, in a few words >")?.unwrap_or_default();
                        review.adjudicate(&self.project, &item.id, &criterion.name, &value, &by, &why).await?;
                        done += 1;
                        break;
                    }
                    Some(Said::Wish(Wish::Skip)) => break,
                    Some(Said::Wish(Wish::Again)) => screen.page(&lines)?,
                    Some(Said::Wish(Wish::Instructions)) => {
                        let lines = screen.instructions(rubric);
                        screen.page(&lines)?;
                    }
                    Some(Said::Wish(Wish::Quit)) | None => {
                        say(&format!("{done} settled now, {} open", open.len() - done));
                        return Ok(exit::PASS);
                    }
                    Some(_) => say("settle it again to change it: what was settled last counts"),
                }
            }
        }
        say(&format!("{done} settled now, {} open", open.len() - done));
        Ok(exit::PASS)
    }
}

/// The beginning of an id, for people.
pub fn short(id: &str) -> String {
    if id.len() == 64 && id.bytes().all(|b| b.is_ascii_hexdigit()) { id[..12].to_owned() } else { plain(id, 60) }
}

/// How often each answer was given.
pub fn tally(dispute: &Dispute) -> String {
    let mut counts: BTreeMap<String, (usize, &Value)> = BTreeMap::new();
    for rating in &dispute.ratings {
        counts.entry(told(&rating.value)).or_insert((0, &rating.value)).0 += 1;
    }
    if counts.is_empty() {
        return "nothing yet".into();
    }
    counts.iter().map(|(answer, (count, _))| format!("{count} × {}", plain(answer, 80))).collect::<Vec<_>>().join(", ")
}

/// Open questions as a table.
pub fn table(open: &[&Dispute], most: usize) -> String {
    let rows = open
        .iter()
        .take(most)
        .map(|dispute| {
            let flags: Vec<&str> = dispute.flags.iter().map(|flag| flag.text.as_str()).collect();
            vec![
                short(&dispute.item),
                dispute.case.clone().unwrap_or_default(),
                dispute.criterion.clone(),
                tally(dispute),
                if dispute.flags.is_empty() { String::new() } else { format!("flagged {}", flags.join("; ")) },
            ]
        })
        .collect();
    assay_report::terminal::table(&["item", "case", "criterion", "raters say", "flags"], rows, &[])
}
