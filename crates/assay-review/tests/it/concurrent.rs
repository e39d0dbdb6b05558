//! Many raters at once: every item gets the raters that it shall have, no more, and nobody rates one twice.

use std::collections::{BTreeMap, BTreeSet};

use assay_review::{Next, Review, Settings};
use serde_json::json;

use crate::support::{RUBRIC, answers, folder, items, project};

const RATERS: u64 = 20;
const ITEMS: usize = 120;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_raters_at_once_keep_exact_totals() {
    let folder = folder().await;
    let settings = Settings { raters: RATERS, least_overlap: 60, ..Settings::default() };
    let made = project(&folder.review, RUBRIC, settings, items(ITEMS)).await;
    let mut work = tokio::task::JoinSet::new();
    for rater in 0..RATERS {
        // Each has connections of its own, as a process of its own has.
        let workspace = folder.workspace.clone();
        let made = made.clone();
        work.spawn(async move {
            let review = Review::open(&workspace).await.unwrap();
            let name = format!("r{rater}");
            review.join(&made, &name, true).await.unwrap();
            let mut done = Vec::new();
            while let Next::Item(task) = review.next("p", &name).await.unwrap() {
                let given = answers(task.item.len() % 2 == 0, 2);
                // The same rater from a second window: the answer is taken once.
                let (first, second) = tokio::join!(
                    review.submit("p", &name, &task.item, &task.token, &given, Some(900)),
                    review.submit("p", &name, &task.item, &task.token, &given, Some(900)),
                );
                assert_eq!(first.unwrap(), second.unwrap());
                done.push(task.item);
            }
            (name, done)
        });
    }
    let mut by_item: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    while let Some(rater) = work.join_next().await {
        let (name, done) = rater.unwrap();
        for item in done {
            assert!(by_item.entry(item).or_default().insert(name.clone()), "{name} rated an item twice");
        }
    }
    let stored = folder.review.items("p").await.unwrap();
    assert_eq!(stored.iter().map(|item| item.wanted).sum::<u64>(), 60 * 3 + 60);
    for item in &stored {
        assert_eq!(by_item[&item.id].len() as u64, item.wanted, "{}", item.id);
    }
    let progress = folder.review.progress(&made).await.unwrap();
    assert_eq!((progress.accepted, progress.wanted, progress.complete, progress.leased), (240, 240, 120, 0));
    // Two criteria of each, once in the history and once standing.
    assert_eq!(folder.review.history("p").await.unwrap().len(), 480);
    assert_eq!(folder.review.ratings("p").await.unwrap().len(), 480);
}

#[tokio::test]
async fn a_lease_that_ran_out_gives_the_item_away_and_a_late_answer_is_kept_all_the_same() {
    let folder = folder().await;
    let clock = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(1_000_000));
    let seen = clock.clone();
    let review = folder.review.clone().with_clock(move || seen.load(std::sync::atomic::Ordering::SeqCst));
    let settings = Settings { raters: 1, raters_each: 1, ..Settings::default() };
    let made = project(&review, RUBRIC, settings, items(1)).await;
    review.join(&made, "ann", true).await.unwrap();
    review.join(&made, "bob", true).await.unwrap();
    let Next::Item(slow) = review.next("p", "ann").await.unwrap() else { panic!("an item") };
    assert!(matches!(review.next("p", "bob").await.unwrap(), Next::Done { .. }));
    clock.fetch_add(3_600_000_000, std::sync::atomic::Ordering::SeqCst);
    // Ann has the block and may still be at it: only when she is suspended is the item free for others.
    review.suspend("p", "ann", "on leave").await.unwrap();
    let Next::Item(fast) = review.next("p", "bob").await.unwrap() else { panic!("an item") };
    assert_eq!(fast.item, slow.item);
    review.submit("p", "bob", &fast.item, &fast.token, &answers(true, 3), None).await.unwrap();
    review.submit("p", "ann", &slow.item, &slow.token, &answers(false, 1), None).await.unwrap();
    assert_eq!(review.ratings("p").await.unwrap().len(), 4);
    let progress = review.progress(&made).await.unwrap();
    assert_eq!((progress.accepted, progress.complete), (1, 1));
}

#[tokio::test]
async fn the_history_cannot_be_changed_even_by_hand() {
    let folder = folder().await;
    let settings = Settings { raters: 1, raters_each: 1, ..Settings::default() };
    let made = project(&folder.review, RUBRIC, settings, items(2)).await;
    folder.review.join(&made, "ann", true).await.unwrap();
    crate::support::rate(&folder.review, "ann", &answers(true, 3)).await.unwrap();
    let item = folder.review.done("p").await.unwrap()[0].item.clone();
    let edit = serde_json::from_value(json!({"helpful": 1})).unwrap();
    folder.review.edit("p", "ann", &item, &edit).await.unwrap();
    let task = folder.review.undo("p", "ann").await.unwrap().unwrap();
    assert_eq!((task.item.as_str(), task.criteria.len()), (item.as_str(), 3));
    let said: Vec<_> = folder.review.history("p").await.unwrap().into_iter().map(|one| one.value).collect();
    assert_eq!(said, [json!(true), json!(3), json!(1), json!(null), json!(null)]);
    assert!(folder.review.ratings("p").await.unwrap().is_empty());
}
