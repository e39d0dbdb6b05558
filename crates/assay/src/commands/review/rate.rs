//! `assay review rate`: items, one after the other.

use std::time::Instant;

use assay_report::plain;
use assay_review::onboarding::is_right;
use assay_review::rubric::{Rubric, Worked};
use assay_review::{Answers, Content, Next, NoteKind, Review, Task};
use clap::Args;
use serde_json::Value;

use super::super::{Failure, say};
use super::screen::{Said, Screen, Wish, told};
use crate::exit;

/// Rates items by keyboard: single keys in a terminal, a line for each answer in a pipe. Each item is kept as soon as its
/// last question is answered; quit at any time, and go on with the same command. Training and quiz come first where the
/// rubric has them.
#[derive(Args)]
pub struct Rate {
    /// The project.
    pub(super) project: String,
    /// Who rates.
    #[arg(long, value_name = "NAME")]
    rater: String,
    /// Change an item that you have rated, by its id.
    #[arg(long, value_name = "ITEM")]
    edit: Option<String>,
    /// Stop after so many items.
    #[arg(long, value_name = "N")]
    most: Option<u64>,
}

/// How asking about an item ended.
enum Asked {
    Answers(Answers),
    Skip(String),
    Undo,
    Quit,
}

impl Rate {
    pub async fn run(self, review: &Review) -> Result<u8, Failure> {
        let project = review.project(&self.project).await?;
        let (name, rubric) = (project.name.as_str(), &project.rubric);
        let mut screen = Screen::open();
        if let Some(item) = &self.edit {
            return self.change(review, name, rubric, item, &mut screen).await;
        }
        review.join(&project, &self.rater, true).await?;
        let mut rated = 0;
        let mut told_how = false;
        let mut again: Option<Task> = None;
        loop {
            let task = match again.take() {
                Some(task) => task,
                None => match review.next(name, &self.rater).await? {
                    Next::Item(task) => *task,
                    Next::Quiz => {
                        told_how = true;
                        if !self.quiz(review, name, rubric, &mut screen).await? {
                            return Ok(exit::PASS);
                        }
                        continue;
                    }
                    Next::Done { why } => {
                        say(&format!("{why} ({rated} rated now)"));
                        return Ok(exit::PASS);
                    }
                    Next::Budget { spent, budget } => {
                        say(&format!("the budget is used up: {spent} of {budget}; what was rated is kept"));
                        return Ok(exit::BUDGET);
                    }
                    Next::Stopped { why } => {
                        say(&plain(&why, 1_000));
                        return Ok(exit::PASS);
                    }
                },
            };
            if self.most.is_some_and(|most| rated >= most) {
                say(&format!("{rated} rated; go on with the same command"));
                return Ok(exit::PASS);
            }
            if !told_how {
                told_how = true;
                let lines = screen.instructions(rubric);
                screen.page(&lines)?;
            }
            let started = Instant::now();
            let criteria: Vec<&str> = task.criteria.iter().map(String::as_str).collect();
            let flags = Flags { review, project: name, rater: &self.rater, item: &task.item };
            match ask(&mut screen, rubric, &task.content, &criteria, &task.before, Some(&flags)).await? {
                Asked::Answers(answers) => {
                    let took = i64::try_from(started.elapsed().as_millis()).ok();
                    let done = review.submit(name, &self.rater, &task.item, &task.token, &answers, took).await?;
                    rated += 1;
                    say(&format!("kept ({rated} now)"));
                    if let Some(stop) = done.suspended {
                        let n = stop.gold.hits + stop.gold.misses;
                        say(&format!(
                            "you are suspended: right on {} of {n} items with known answers; talk to the lead of the project",
                            stop.gold.hits
                        ));
                        return Ok(exit::PASS);
                    }
                }
                Asked::Skip(why) => {
                    review.note(name, &self.rater, &task.item, NoteKind::Skip, &why).await?;
                    say("skipped");
                }
                Asked::Undo => match review.undo(name, &self.rater).await? {
                    Some(task) => {
                        rated = rated.saturating_sub(1);
                        say("the last item is taken back");
                        again = Some(task);
                    }
                    None => {
                        say("there is nothing to take back");
                        again = Some(task);
                    }
                },
                Asked::Quit => {
                    say(&format!("{rated} rated; go on with the same command"));
                    return Ok(exit::PASS);
                }
            }
        }
    }

    /// Training with its answers, then the quiz; false when the rater cannot begin now.
    async fn quiz(
        &self,
        review: &Review,
        project: &str,
        rubric: &Rubric,
        screen: &mut Screen,
    ) -> Result<bool, Failure> {
        let lines = screen.instructions(rubric);
        screen.page(&lines)?;
        for (at, item) in rubric.training.iter().enumerate() {
            say(&format!("\ntraining, {} of {}", at + 1, rubric.training.len()));
            let Some(answers) = answer(screen, rubric, item).await? else { return Ok(false) };
            say(if is_right(rubric, &item.answers, &answers) != Some(false) { "right" } else { "not quite" });
            for (name, value) in &item.answers {
                say(&format!("  {}: {}", plain(name, 80), plain(&told(value), 400)));
            }
            item.why.iter().for_each(|why| say(&format!("  {}", plain(why, 2_000))));
            screen.pause()?;
        }
        let Some(quiz) = &rubric.quiz else { return Ok(true) };
        let mut given = Vec::new();
        for (at, item) in quiz.items.iter().enumerate() {
            say(&format!("\nquiz, {} of {}", at + 1, quiz.items.len()));
            let Some(answers) = answer(screen, rubric, item).await? else {
                say("the quiz was not finished; it begins anew next time");
                return Ok(false);
            };
            given.push(answers);
        }
        let result = review.answer_quiz(project, &self.rater, &given).await?;
        say(&format!("\n{} of {} right", result.right, result.of));
        if result.passed {
            say("passed: here are your items");
        } else if result.attempts_left > 0 {
            say(&format!("not passed; {} attempts are left", result.attempts_left));
        } else {
            say("not passed, and no attempt is left; talk to the lead of the project");
        }
        Ok(result.passed)
    }

    async fn change(
        &self,
        review: &Review,
        project: &str,
        rubric: &Rubric,
        item: &str,
        screen: &mut Screen,
    ) -> Result<u8, Failure> {
        let item = review.item(project, item).await?;
        let done = review.done(project).await?;
        let Some(done) = done.iter().find(|done| done.item == item.id && done.rater == self.rater) else {
            return Err(format!("`{}` has not rated item `{}`", plain(&self.rater, 80), plain(&item.id, 80)).into());
        };
        let mut content = item.content.clone();
        if done.swapped
            && let Some(other) = content.other.as_mut()
        {
            std::mem::swap(&mut content.output, other);
        }
        let criteria: Vec<&str> = rubric.criteria.iter().map(|criterion| criterion.name.as_str()).collect();
        match ask(screen, rubric, &content, &criteria, &Answers::new(), None).await? {
            Asked::Answers(answers) => {
                review.edit(project, &self.rater, &item.id, &answers).await?;
                say("changed; what you said before stays in the history");
            }
            _ => say("nothing was changed"),
        }
        Ok(exit::PASS)
    }
}

/// The answers to an item of training or quiz; `None` when the rater leaves.
async fn answer(screen: &mut Screen, rubric: &Rubric, item: &Worked) -> Result<Option<Answers>, Failure> {
    let criteria = rubric.asked_of(item);
    match ask(screen, rubric, &item.content(), &criteria, &Answers::new(), None).await? {
        Asked::Answers(answers) => Ok(Some(answers)),
        _ => Ok(None),
    }
}

/// Where a flag goes.
struct Flags<'a> {
    review: &'a Review,
    project: &'a str,
    rater: &'a str,
    item: &'a str,
}

/// Shows an item and asks its questions in order. Without `flags`, an item can neither be skipped nor flagged.
async fn ask(
    screen: &mut Screen,
    rubric: &Rubric,
    content: &Content,
    criteria: &[&str],
    before: &Answers,
    flags: Option<&Flags<'_>>,
) -> Result<Asked, Failure> {
    screen.clear();
    let lines = screen.item(rubric, content);
    screen.page(&lines)?;
    let mut answers = Answers::new();
    let mut at = 0;
    while at < criteria.len() {
        let Some(criterion) = rubric.criterion(criteria[at]) else {
            at += 1;
            continue;
        };
        let Some(said) = screen.ask(criterion, content, before.get(criteria[at]))? else { return Ok(Asked::Quit) };
        match said {
            Said::Answer(Value::Null) => {
                answers.remove(criteria[at]);
                at += 1;
            }
            Said::Answer(value) => {
                answers.insert(criteria[at].to_owned(), value);
                at += 1;
            }
            Said::Wish(Wish::Undo) if at > 0 => at -= 1,
            Said::Wish(Wish::Undo) => return Ok(Asked::Undo),
            Said::Wish(Wish::Quit) => return Ok(Asked::Quit),
            Said::Wish(Wish::Instructions) => {
                let lines = screen.instructions(rubric);
                screen.page(&lines)?;
            }
            Said::Wish(Wish::Again) => screen.page(&lines)?,
            Said::Wish(wish @ (Wish::Skip | Wish::Flag)) => {
                let Some(flags) = flags else {
                    say("this one is answered by everybody");
                    continue;
                };
                let why = screen.line("why, in a few words (Enter: no reason) >")?.unwrap_or_default();
                if wish == Wish::Skip {
                    return Ok(Asked::Skip(why));
                }
                flags.review.note(flags.project, flags.rater, flags.item, NoteKind::Flag, &why).await?;
                say("flagged; please answer all the same, as well as you can");
            }
        }
    }
    Ok(Asked::Answers(answers))
}
