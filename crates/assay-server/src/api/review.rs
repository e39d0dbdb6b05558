//! Human review as raters have it: projects, training and quiz, the next item, answers, drafts.
//!
//! Ratings are blind. What raters are sent names no target, no source, no score and no expected output that the rubric does not
//! show; an item goes by the lease under which they have it, since the ids of items can come from a file and tell more. Which
//! answer of a pair is which stays here: `a` and `b` mean what is shown.

use std::collections::BTreeMap;

use assay_review::onboarding::{QuizResult, is_right};
use assay_review::rubric::{Criterion, Kind, Rubric, Worked};
use assay_review::store::Project;
use assay_review::work::field_text;
use assay_review::{Answers, Content, Next, NoteKind, Place, Rater, RaterState, ReviewError, Task};
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::review_lead::Lead;
use crate::Problem;
use crate::access::Access;
use crate::app::{App, Who};
use crate::body::{Data, Done};
use crate::endpoint::{Call, Endpoint, Nothing, amend, ask, change, get};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    const P: &str = "/api/v1/review/projects";
    const ONE: &str = "/api/v1/review/projects/{project}";
    const JOIN: &str = "/api/v1/review/projects/{project}/join";
    const TRAINING: &str = "/api/v1/review/projects/{project}/training";
    const QUIZ: &str = "/api/v1/review/projects/{project}/quiz";
    const NEXT: &str = "/api/v1/review/projects/{project}/next";
    const RATINGS: &str = "/api/v1/review/projects/{project}/ratings";
    const UNDO: &str = "/api/v1/review/projects/{project}/undo";
    const NOTES: &str = "/api/v1/review/projects/{project}/notes";
    const DRAFT: &str = "/api/v1/review/projects/{project}/drafts/{lease}";
    let rate = Access::Rate;
    vec![
        get(P, Access::Anyone, "reviewProjects", "Projects of human review, newest first", projects),
        get(ONE, Access::Anyone, "reviewProject", "A project: what is asked, how far it is", project),
        change(
            Method::POST,
            JOIN,
            rate,
            ("joinReview", "review rate"),
            "Begin a sitting as a rater: where they stand, instructions, training, quiz",
            join,
        ),
        ask(TRAINING, rate, "answerTraining", "Answer a training item and be told what is right", training),
        change(Method::POST, QUIZ, rate, ("answerQuiz", "review quiz"), "Answer the quiz, all of it at once", quiz),
        amend(Method::POST, NEXT, rate, "nextReviewTask", "The next item, under a lease", next),
        amend(
            Method::POST,
            RATINGS,
            rate,
            "rate",
            "Answer an item: kept when this answers, once however often sent",
            rated,
        ),
        amend(Method::POST, UNDO, rate, "undoRating", "Take the last item back, with what was said as its draft", undo),
        amend(Method::POST, NOTES, rate, "noteReviewTask", "Skip an item, or flag it for a talk", note),
        amend(Method::PUT, DRAFT, rate, "keepDraft", "Keep what is not answered yet", draft),
    ]
}

/// A project in a list.
#[derive(Serialize, JsonSchema)]
pub struct ReviewProjectItem {
    /// Its name.
    name: String,
    /// What its rubric is called.
    title: String,
    /// When it was made.
    created_us: i64,
    /// Items to be rated, without gold.
    items: u64,
    /// Of them those with all the raters that they shall have.
    complete: u64,
    /// Ratings of an item that are asked for.
    wanted: u64,
    /// Of them those that count.
    accepted: u64,
    /// People who have joined.
    raters: u64,
    /// Whether two answers are compared.
    pairwise: bool,
    /// Where the one who asks stands as a rater, once they have joined.
    mine: Option<MyPart>,
}

/// Where somebody stands as a rater.
#[derive(Serialize, JsonSchema)]
pub struct MyPart {
    /// `new` until the quiz is passed, `active`, `suspended` or `failed`.
    state: RaterState,
    /// Why, when it is not the quiz's word.
    why: Option<String>,
    /// How far they are.
    place: Place,
}

/// A question, as a page asks it.
#[derive(Serialize, JsonSchema)]
pub struct Question {
    /// The criterion: the key of its answer.
    name: String,
    /// The question in words.
    asks: String,
    /// How it is answered.
    kind: Kind,
    /// The answers of a closed question, in the order of the scale; none for comments and spans.
    answers: Vec<Choice>,
    /// `spans`: what a span may be called; none where spans have no names.
    labels: Vec<String>,
    /// Whether an answer is needed.
    required: bool,
}

/// An answer that can be given.
#[derive(Serialize, JsonSchema)]
pub struct Choice {
    /// What is sent.
    value: Value,
    /// What it means: the anchor of a scale, the words of an option.
    words: String,
}

impl Question {
    /// Of a criterion.
    pub fn of(criterion: &Criterion) -> Self {
        Self {
            name: criterion.name.clone(),
            asks: criterion.asks().to_owned(),
            kind: criterion.kind,
            answers: criterion.answers().into_iter().map(|(value, words)| Choice { value, words }).collect(),
            labels: criterion.labels.clone(),
            required: criterion.is_required(),
        }
    }

    /// The questions of a rubric.
    fn all(rubric: &Rubric) -> Vec<Self> {
        rubric.criteria.iter().map(Self::of).collect()
    }
}

/// What is shown of an item. The texts are those in which spans count characters.
#[derive(Serialize, JsonSchema)]
pub struct Shown {
    /// What was asked, by name.
    inputs: Map<String, Value>,
    /// The passages behind the answer: `contexts/0` and so on for spans.
    contexts: Vec<String>,
    /// The answer, or the first of two: `output` for spans.
    output: String,
    /// The second answer of a pair: `output_2` for spans.
    other: Option<String>,
    /// What counts as right, where the rubric shows it.
    expected: Option<Value>,
}

impl Shown {
    /// What the rubric shows of an item.
    pub fn of(rubric: &Rubric, content: Content) -> Self {
        let content = rubric.seen(content);
        let text = |field: &str| field_text(&content, field);
        Self {
            output: text("output").unwrap_or_default(),
            other: text("output_2"),
            contexts: content
                .contexts
                .iter()
                .map(|passage| passage.text.clone().unwrap_or_else(|| passage.key().to_owned()))
                .collect(),
            inputs: content.inputs,
            expected: content.expected,
        }
    }
}

/// An item with its right answers, shown with the instructions.
#[derive(Serialize, JsonSchema)]
pub struct Example {
    /// The item.
    content: Shown,
    /// The right answers.
    answers: Answers,
    /// Why.
    why: Option<String>,
}

/// An item of training or quiz: its answers stay here.
#[derive(Serialize, JsonSchema)]
pub struct Exercise {
    /// The item.
    content: Shown,
    /// The criteria that are asked about it.
    criteria: Vec<String>,
}

impl Exercise {
    fn of(rubric: &Rubric, item: &Worked) -> Self {
        Self {
            content: Shown::of(rubric, item.content()),
            criteria: rubric.asked_of(item).into_iter().map(str::to_owned).collect(),
        }
    }
}

/// What raters are told of a project.
#[derive(Serialize, JsonSchema)]
pub struct Guide {
    /// What the rubric is called.
    title: String,
    /// Its version in this project, from 1.
    version: i64,
    /// What raters read before they begin, as plain text.
    instructions: String,
    /// What is asked.
    questions: Vec<Question>,
    /// Examples with their answers.
    examples: Vec<Example>,
}

impl Guide {
    fn of(project: &Project) -> Self {
        let rubric = &project.rubric;
        let example = |item: &Worked| Example {
            content: Shown::of(rubric, item.content()),
            answers: item.answers.clone(),
            why: item.why.clone(),
        };
        Self {
            title: rubric.rubric.clone(),
            version: project.version,
            instructions: rubric.instructions.clone(),
            questions: Question::all(rubric),
            examples: rubric.examples.iter().map(example).collect(),
        }
    }
}

/// A project.
#[derive(Serialize, JsonSchema)]
pub struct ReviewProjectView {
    /// As in lists.
    item: ReviewProjectItem,
    /// What raters are told.
    guide: Guide,
    /// What only engineers see, who lead projects: where items are from, who rates, what it costs.
    lead: Option<Lead>,
}

async fn item(app: &App, who: &Who, project: &Project, raters: &[Rater]) -> Result<ReviewProjectItem, Problem> {
    let progress = app.review.progress(project).await?;
    let mine = match raters.iter().find(|rater| rater.name == who.name) {
        Some(rater) if Access::Rate.allows(&who.roles) => Some(MyPart {
            state: rater.state,
            why: rater.why.clone(),
            place: app.review.place(&project.name, &who.name).await?,
        }),
        _ => None,
    };
    Ok(ReviewProjectItem {
        name: project.name.clone(),
        title: project.rubric.rubric.clone(),
        created_us: project.created_us,
        items: progress.items,
        complete: progress.complete,
        wanted: progress.wanted,
        accepted: progress.accepted,
        raters: raters.len() as u64,
        pairwise: project.rubric.is_pairwise(),
        mine,
    })
}

async fn projects(call: Call) -> Result<Data<Vec<ReviewProjectItem>>, Problem> {
    let review = &call.app.review;
    let mut items = Vec::new();
    for project in review.projects().await? {
        items.push(item(&call.app, &call.who, &project, &review.raters(&project.name).await?).await?);
    }
    Ok(Data(items))
}

async fn project(call: Call) -> Result<Data<ReviewProjectView>, Problem> {
    let project = call.app.review.project(call.part("project")).await?;
    let raters = call.app.review.raters(&project.name).await?;
    Ok(Data(ReviewProjectView {
        item: item(&call.app, &call.who, &project, &raters).await?,
        guide: Guide::of(&project),
        lead: match Access::Work.allows(&call.who.roles) {
            true => Some(Lead::of(&call.app, &project, raters).await?),
            false => None,
        },
    }))
}

/// A rater at the beginning of a sitting.
#[derive(Serialize, JsonSchema)]
pub struct Sitting {
    /// Where they stand: `new` wants the quiz, `active` gets items, `suspended` and `failed` get none.
    state: RaterState,
    /// Why, when it is not the quiz's word.
    why: Option<String>,
    /// How far they are.
    place: Place,
    /// What they read first.
    guide: Guide,
    /// What they practise on: the right answers are told after each.
    training: Vec<Exercise>,
    /// What they must pass while they are `new`.
    quiz: Option<QuizSheet>,
}

/// The quiz.
#[derive(Serialize, JsonSchema)]
pub struct QuizSheet {
    /// Its items, in their order.
    items: Vec<Exercise>,
    /// The share of items that must be right.
    pass: f64,
    /// How often it may still be tried.
    attempts_left: u32,
}

async fn join(call: Call<Nothing, ()>) -> Result<Data<Sitting>, Problem> {
    let project = call.app.review.project(call.part("project")).await?;
    let rater = call.app.review.join(&project, &call.who.name, true).await?;
    let rubric = &project.rubric;
    let exercises = |items: &[Worked]| items.iter().map(|item| Exercise::of(rubric, item)).collect();
    Ok(Data(Sitting {
        state: rater.state,
        why: rater.why,
        place: call.app.review.place(&project.name, &rater.name).await?,
        guide: Guide::of(&project),
        training: exercises(&rubric.training),
        quiz: rubric.quiz.as_ref().filter(|_| rater.state == RaterState::New).map(|quiz| QuizSheet {
            items: exercises(&quiz.items),
            pass: quiz.pass,
            attempts_left: quiz.attempts.saturating_sub(rater.attempts),
        }),
    }))
}

/// Answers to a training item.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingBody {
    /// Which item, from 0.
    item: usize,
    /// The answers by criterion.
    answers: Answers,
}

/// What is right on a training item.
#[derive(Serialize, JsonSchema)]
pub struct Corrected {
    /// Whether every answer is.
    right: bool,
    /// The right answers.
    answers: Answers,
    /// Why.
    why: Option<String>,
}

async fn training(call: Call<Nothing, Data<TrainingBody>>) -> Result<Data<Corrected>, Problem> {
    let project = call.app.review.project(call.part("project")).await?;
    let TrainingBody { item, answers } = call.body.0;
    let Some(item) = project.rubric.training.get(item) else {
        return Err(Problem::not_found(format!("the training has {} items, from 0", project.rubric.training.len())));
    };
    Ok(Data(Corrected {
        right: is_right(&project.rubric, &item.answers, &answers) != Some(false),
        answers: item.answers.clone(),
        why: item.why.clone(),
    }))
}

/// The answers to the quiz.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QuizBody {
    /// For each item its answers by criterion, in the order of the items.
    answers: Vec<Answers>,
}

async fn quiz(call: Call<Nothing, Data<QuizBody>>) -> Result<Data<QuizResult>, Problem> {
    Ok(Data(call.app.review.answer_quiz(call.part("project"), &call.who.name, &call.body.0.answers).await?))
}

/// An item on a rater's screen.
#[derive(Serialize, JsonSchema)]
pub struct ReviewTask {
    /// Under what the rater has the item: sent back with the answers, the draft, a skip or a flag.
    lease: String,
    /// Until when it is kept for the rater. Answers that come later still count.
    until_us: i64,
    /// What is shown.
    content: Shown,
    /// The criteria to answer: all, or those that are asked otherwise since the rater answered.
    criteria: Vec<String>,
    /// What the rater said under an earlier rubric.
    before: Answers,
    /// What the rater had begun to say, or took back.
    draft: Answers,
    /// Which of the rater's items it is, from 1.
    number: u64,
    /// Of how many, as far as that is known now.
    of: u64,
}

impl ReviewTask {
    async fn of(app: &App, project: &Project, rater: &str, task: Task) -> Result<Self, Problem> {
        let place = app.review.place(&project.name, rater).await?;
        let number = place.rated + 1;
        Ok(Self {
            lease: task.token,
            until_us: task.until_us,
            content: Shown::of(&project.rubric, task.content),
            criteria: task.criteria,
            before: task.before,
            draft: task.draft,
            number,
            of: place.of.max(number),
        })
    }
}

/// What comes next for a rater.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "next", rename_all = "snake_case")]
pub enum NextTask {
    /// An item.
    Item {
        /// The item.
        task: Box<ReviewTask>,
    },
    /// The quiz must be passed first: joining gives it.
    Quiz,
    /// Nothing is left for this rater, or the budget is used up.
    Done {
        /// Why, in words.
        why: String,
    },
    /// The rater is suspended, or failed the quiz.
    Stopped {
        /// Why, in words.
        why: String,
    },
}

impl NextTask {
    async fn of(app: &App, project: &Project, rater: &str) -> Result<Self, Problem> {
        Ok(match app.review.next(&project.name, rater).await.map_err(unjoined)? {
            Next::Item(task) => Self::Item { task: Box::new(ReviewTask::of(app, project, rater, *task).await?) },
            Next::Quiz => Self::Quiz,
            Next::Done { why } => Self::Done { why },
            Next::Budget { .. } => {
                Self::Done { why: "the budget of the project is used up; what was rated is kept".into() }
            }
            Next::Stopped { why } => Self::Stopped { why },
        })
    }
}

async fn next(call: Call<Nothing, ()>) -> Result<Data<NextTask>, Problem> {
    let project = call.app.review.project(call.part("project")).await?;
    Ok(Data(NextTask::of(&call.app, &project, &call.who.name).await?))
}

/// Somebody who has not joined yet is told how.
fn unjoined(error: ReviewError) -> Problem {
    match error {
        ReviewError::Missing(why) => Problem::conflict(format!("{why}: join it first (POST …/join)")),
        error => error.into(),
    }
}

/// Answers to an item.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RatingBody {
    /// Under what the rater has the item.
    lease: String,
    /// By criterion; `a` and `b` of a pair mean what is shown. A comment is a text, spans are a list of
    /// {field, start, end, text, label} with characters from 0.
    answers: Answers,
    /// Milliseconds at the item, as the page measured them; what is paid by the hour rests on it.
    ms: Option<i64>,
}

/// What became of answers.
#[derive(Serialize, JsonSchema)]
pub struct Rated {
    /// What the rater is paid for it, in nano-dollars.
    paid_nanousd: i64,
    /// Why the rater is suspended, when this brought it.
    stopped: Option<String>,
    /// How far the rater is now.
    place: Place,
    /// What comes next; null where that could not be found out now: ask for it.
    next: Option<NextTask>,
}

async fn rated(call: Call<Nothing, Data<RatingBody>>) -> Result<Data<Rated>, Problem> {
    let (review, name, rater) = (&call.app.review, call.part("project"), call.who.name.as_str());
    let project = review.project(name).await?;
    let RatingBody { lease, answers, ms } = &call.body.0;
    let item = review.given(name, rater, lease).await?;
    let submitted = review.submit(name, rater, &item, lease, answers, *ms).await.map_err(unjoined)?;
    Ok(Data(Rated {
        paid_nanousd: submitted.paid.nanos(),
        stopped: submitted.suspended.map(|stop| {
            format!(
                "you are suspended: right on {} of {} items with known answers; talk to the lead of the project",
                stop.gold.hits,
                stop.gold.hits + stop.gold.misses
            )
        }),
        place: review.place(name, rater).await?,
        // The answers are kept, whatever becomes of this.
        next: NextTask::of(&call.app, &project, rater).await.ok(),
    }))
}

async fn undo(call: Call<Nothing, ()>) -> Result<Data<ReviewTask>, Problem> {
    let (review, rater) = (&call.app.review, call.who.name.as_str());
    let project = review.project(call.part("project")).await?;
    let Some(task) = review.undo(&project.name, rater).await.map_err(unjoined)? else {
        return Err(Problem::conflict("there is nothing to take back"));
    };
    Ok(Data(ReviewTask::of(&call.app, &project, rater, task).await?))
}

/// A remark on an item.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteBody {
    /// Under what the rater has the item, or had it when they answered.
    lease: String,
    /// `skip`: somebody else gets the item. `flag`: it is talked about; please answer it all the same.
    kind: NoteKind,
    /// Why, in a few words.
    #[serde(default)]
    text: String,
}

async fn note(call: Call<Nothing, Data<NoteBody>>) -> Result<Done, Problem> {
    let (review, name, rater) = (&call.app.review, call.part("project"), call.who.name.as_str());
    review.project(name).await?;
    let NoteBody { lease, kind, text } = &call.body.0;
    let item = match kind {
        NoteKind::Skip => review.held(name, rater, lease).await?,
        NoteKind::Flag => review.given(name, rater, lease).await?,
    };
    review.note(name, rater, &item, *kind, text).await?;
    Ok(Done)
}

/// What is not answered yet.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Draft(BTreeMap<String, Value>);

async fn draft(call: Call<Nothing, Data<Draft>>) -> Result<Done, Problem> {
    let (review, name) = (&call.app.review, call.part("project"));
    review.project(name).await?;
    review.keep_draft(name, &call.who.name, call.part("lease"), &call.body.0.0).await?;
    Ok(Done)
}
