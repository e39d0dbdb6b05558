//! What the tests share: a workspace, a rubric, items.

use std::path::{Path, PathBuf};

use assay_review::store::Project;
use assay_review::{Answers, Content, Item, Next, Review, Rubric, Settings, Task};
use assay_store::Workspace;
use serde_json::{Value, json};

pub const RUBRIC: &str = "
rubric: answers
criteria:
  - {name: correct, kind: yes_no}
  - {name: helpful, kind: ordinal, scale: {1: useless, 2: partly, 3: fully}}
  - {name: remarks, kind: comment}
";

pub const PAIRS: &str = "
rubric: pairs
criteria:
  - {name: better, kind: pairwise}
";

pub fn rubric(text: &str) -> Rubric {
    Rubric::from_text(text, Path::new("test.rubric.yaml")).unwrap()
}

pub struct Folder {
    pub review: Review,
    pub workspace: Workspace,
    pub path: PathBuf,
    _folder: tempfile::TempDir,
}

pub async fn folder() -> Folder {
    let folder = tempfile::tempdir().unwrap();
    let workspace = Workspace::open(folder.path().join(".assay")).unwrap();
    let review = Review::open(&workspace).await.unwrap();
    Folder { review, workspace, path: folder.path().to_owned(), _folder: folder }
}

pub fn items(n: usize) -> Vec<Item> {
    (0..n)
        .map(|i| Item {
            id: format!("i{i}"),
            case: Some(format!("c{i}")),
            target: None,
            content: Content { output: json!(format!("answer {i}")), ..Content::default() },
            metadata: [("lang".to_owned(), if i % 2 == 0 { "en" } else { "de" }.to_owned())].into(),
            chance: Some(0.5),
            wanted: 0,
            gold: None,
        })
        .collect()
}

pub fn gold(mut item: Item, answers: Value) -> Item {
    item.chance = None;
    item.gold = Some(serde_json::from_value(answers).unwrap());
    item
}

pub async fn project(review: &Review, text: &str, settings: Settings, items: Vec<Item>) -> Project {
    review.create("p", &rubric(text), text, settings, items).await.unwrap()
}

pub fn answers(correct: bool, helpful: i64) -> Answers {
    serde_json::from_value(json!({"correct": correct, "helpful": helpful})).unwrap()
}

pub async fn task(review: &Review, rater: &str) -> Task {
    match review.next("p", rater).await.unwrap() {
        Next::Item(task) => *task,
        other => panic!("{other:?}"),
    }
}

pub async fn rate(review: &Review, rater: &str, given: &Answers) -> Option<Task> {
    let Next::Item(task) = review.next("p", rater).await.unwrap() else { return None };
    review.submit("p", rater, &task.item, &task.token, given, Some(5_000)).await.unwrap();
    Some(*task)
}

/// A file of the shared data, or `None` with a printed reason.
pub fn shared(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: ../shared/data/{name} is not there");
    None
}
