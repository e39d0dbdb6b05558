//! Gold, suspension, budget, pairs, changed rubrics, adjudication, labels.

use std::collections::BTreeMap;

use assay_core::{Drawn, Money};
use assay_review::adjudication::disputes;
use assay_review::exchange::{Incoming, OnConflict};
use assay_review::outcome::{Aggregate, RightAnswers, labels, outcomes};
use assay_review::report::{Options, report};
use assay_review::work::is_swapped;
use assay_review::{Answers, Content, Item, Next, NoteKind, Origin, Pay, RaterState, Settings, both};
use serde_json::json;

use crate::support::{PAIRS, RUBRIC, answers, folder, gold, items, project, rate, rubric, task};

fn few(raters: u64, each: u64) -> Settings {
    Settings { raters, raters_each: each, overlap: 1.0, drawn: Drawn::Random, ..Settings::default() }
}

#[tokio::test]
async fn a_rater_is_suspended_by_the_upper_bound_and_others_get_the_items() {
    let folder = folder().await;
    let mut all = items(40);
    for item in std::mem::take(&mut all) {
        let hidden = all.len() >= 30;
        all.push(if hidden { gold(item, json!({"correct": true, "helpful": 3})) } else { item });
    }
    let settings = Settings { gold_share: 0.5, ..few(1, 1) };
    let made = project(&folder.review, RUBRIC, settings, all).await;
    folder.review.join(&made, "bad", true).await.unwrap();
    let mut misses = 0;
    let suspension = loop {
        let next = task(&folder.review, "bad").await;
        let known: usize = next.item[1..].parse().unwrap();
        misses += u64::from(known >= 30);
        let done =
            folder.review.submit("p", "bad", &next.item, &next.token, &answers(false, 1), Some(10)).await.unwrap();
        if let Some(suspended) = done.suspended {
            break suspended;
        }
    };
    // Beta(1, 1 + m): the upper bound 1 − 0.025^(1/(1 + m)) is below 0.8 from two misses on.
    assert_eq!((misses, suspension.gold.hits, suspension.gold.misses), (2, 0, 2));
    assert!((suspension.upper - (1.0 - 0.025f64.powf(1.0 / 3.0))).abs() < 1e-9);
    assert!(matches!(folder.review.next("p", "bad").await.unwrap(), Next::Stopped { .. }));
    assert_eq!(folder.review.progress(&made).await.unwrap().accepted, 0);
    // What they rated is there, does not count, and is rated by who comes next.
    let rater = folder.review.join(&made, "good", true).await.unwrap();
    assert_eq!(rater.block, Some(0));
    while rate(&folder.review, "good", &answers(true, 3)).await.is_some() {}
    let progress = folder.review.progress(&made).await.unwrap();
    assert_eq!((progress.complete, progress.accepted), (30, 30));
    let found = report(&folder.review.snapshot("p").await.unwrap(), &Options::default(), &[]);
    let good = found.raters.iter().find(|rater| rater.name == "good").unwrap();
    assert_eq!((good.gold.hits, good.gold.misses, good.gold.accuracy), (10, 0, None));
    // Whoever was suspended comes back, and gold counts anew.
    let back = folder.review.reinstate(&made, "bad", "trained").await.unwrap();
    assert_eq!(back.state, RaterState::Active);
}

#[tokio::test]
async fn gold_is_shown_to_no_more_raters_than_the_cap() {
    let folder = folder().await;
    let mut all = items(61);
    let hidden = gold(all.pop().unwrap(), json!({"correct": true}));
    all.push(hidden);
    let settings = Settings { gold_share: 0.2, gold_cap: 2, ..few(4, 4) };
    let made = project(&folder.review, RUBRIC, settings, all).await;
    for rater in ["a", "b", "c", "d"] {
        folder.review.join(&made, rater, true).await.unwrap();
        while rate(&folder.review, rater, &answers(true, 2)).await.is_some() {}
    }
    let done = folder.review.done("p").await.unwrap();
    assert_eq!(done.iter().filter(|done| done.item == "i60").count(), 2);
    assert_eq!(done.len(), 60 * 4 + 2);
}

#[tokio::test]
async fn the_budget_stops_before_it_is_overspent() {
    let folder = folder().await;
    let settings =
        Settings { pay: Pay::Item(Money::from_dollars(0.25)), budget: Some(Money::from_dollars(1.1)), ..few(2, 1) };
    let made = project(&folder.review, RUBRIC, settings, items(10)).await;
    folder.review.join(&made, "ann", true).await.unwrap();
    folder.review.join(&made, "bob", true).await.unwrap();
    let waiting = task(&folder.review, "bob").await;
    let mut rated = 0;
    while rate(&folder.review, "ann", &answers(true, 2)).await.is_some() {
        rated += 1;
    }
    // Four are paid for: three of Ann's, and the one on Bob's screen.
    assert_eq!(rated, 3);
    assert!(matches!(folder.review.next("p", "ann").await.unwrap(), Next::Budget { .. }));
    folder.review.submit("p", "bob", &waiting.item, &waiting.token, &answers(true, 1), None).await.unwrap();
    let progress = folder.review.progress(&made).await.unwrap();
    assert_eq!((progress.spent, progress.accepted), (Money::from_dollars(1.0), 4));
    // A step back is not paid for twice.
    folder.review.undo("p", "bob").await.unwrap().unwrap();
    let again = task(&folder.review, "bob").await;
    folder.review.submit("p", "bob", &again.item, &again.token, &answers(true, 1), None).await.unwrap();
    assert_eq!(folder.review.progress(&made).await.unwrap().spent, Money::from_dollars(1.0));
}

#[tokio::test]
async fn pairs_are_blind_and_what_was_shown_is_turned_back() {
    let folder = folder().await;
    let mut all = items(60);
    all.iter_mut().for_each(|item| item.content.other = Some(json!("the other")));
    let made = project(&folder.review, PAIRS, few(2, 2), all).await;
    for rater in ["ann", "bob"] {
        folder.review.join(&made, rater, true).await.unwrap();
        while let Next::Item(task) = folder.review.next("p", rater).await.unwrap() {
            assert_eq!(task.swapped, task.content.output == json!("the other"));
            // Ann likes what is shown first, Bob what is called "the other".
            let first = rater == "ann" || task.swapped;
            let given = serde_json::from_value(json!({"better": if first { "a" } else { "b" }})).unwrap();
            folder.review.submit("p", rater, &task.item, &task.token, &given, None).await.unwrap();
        }
    }
    let ratings = folder.review.ratings("p").await.unwrap();
    assert!(ratings.iter().filter(|one| one.rater == "bob").all(|one| one.value == json!("b")));
    for one in ratings.iter().filter(|one| one.rater == "ann") {
        let shown_first = if is_swapped(made.settings.seed, &one.item, "ann") { "b" } else { "a" };
        assert_eq!(one.value, json!(shown_first));
    }
    let found = report(&folder.review.snapshot("p").await.unwrap(), &Options::default(), &[]);
    let first = found.criteria[0].shown_first.unwrap();
    // All of Ann's sixty, and about half of Bob's.
    assert!(first.value > 0.6 && first.value < 0.9, "{first:?}");
}

#[tokio::test]
async fn a_changed_question_is_asked_again_and_nothing_else_is() {
    let folder = folder().await;
    let made = project(&folder.review, RUBRIC, few(2, 2), items(12)).await;
    for rater in ["ann", "bob"] {
        folder.review.join(&made, rater, true).await.unwrap();
        while rate(&folder.review, rater, &answers(rater == "ann", 3)).await.is_some() {}
    }
    // Other words around it ask nothing anew.
    let text = RUBRIC.replace("rubric: answers", "rubric: answers\ninstructions: Take your time.");
    let none = RightAnswers::Known(BTreeMap::new());
    let done = folder.review.change_rubric("p", &rubric(&text), &text, &none).await.unwrap();
    assert_eq!((done.change.changed.len(), done.again), (0, 0));
    assert!(matches!(folder.review.next("p", "ann").await.unwrap(), Next::Done { .. }));
    let text = text.replace("kind: yes_no", "kind: yes_no, question: Is every fact right?");
    let done = folder.review.change_rubric("p", &rubric(&text), &text, &none).await.unwrap();
    assert_eq!((done.change.changed, done.again, done.gold), (vec!["correct".to_owned()], 24, 0));
    let now = folder.review.project("p").await.unwrap();
    assert_eq!(folder.review.progress(&now).await.unwrap().accepted, 0);
    for rater in ["ann", "bob"] {
        loop {
            let Next::Item(task) = folder.review.next("p", rater).await.unwrap() else { break };
            assert_eq!(task.criteria, ["correct"]);
            assert_eq!(task.before["correct"], json!(rater == "ann"));
            let given: Answers = serde_json::from_value(json!({"correct": true})).unwrap();
            folder.review.submit("p", rater, &task.item, &task.token, &given, None).await.unwrap();
        }
    }
    let snapshot = folder.review.snapshot("p").await.unwrap();
    assert_eq!(snapshot.progress.accepted, 24);
    assert_eq!(snapshot.history.iter().filter(|one| one.origin == Origin::Relabelled).count(), 24);
    let found = report(&snapshot, &Options::default(), &[]);
    let impact = &found.impact[0];
    assert_eq!((impact.answered_again, impact.changed, impact.shift), (24, 12, Some(0.5)));
}

#[tokio::test]
async fn a_disagreement_has_no_label_until_somebody_settles_it() {
    let folder = folder().await;
    let made = project(&folder.review, RUBRIC, few(2, 2), items(4)).await;
    for rater in ["ann", "bob"] {
        folder.review.join(&made, rater, true).await.unwrap();
        while let Next::Item(task) = folder.review.next("p", rater).await.unwrap() {
            let split = task.item == "i2" && rater == "bob";
            if split {
                folder.review.note("p", rater, &task.item, NoteKind::Flag, "two readings").await.unwrap();
            }
            folder.review.submit("p", rater, &task.item, &task.token, &answers(!split, 3), None).await.unwrap();
        }
    }
    let snapshot = folder.review.snapshot("p").await.unwrap();
    let open = disputes(&snapshot, 1.0);
    assert_eq!(open.iter().map(|one| one.criterion.as_str()).collect::<Vec<_>>(), ["correct", "helpful"]);
    let found = labels(&snapshot, Aggregate::Usual, false);
    assert_eq!((found.labels.len(), found.split), (7, 1));
    assert!(found.labels.iter().all(|label| label.chance == Some(0.5) && label.drawn == Drawn::Random));
    assert!(folder.review.adjudicate("p", "i2", "helpful", &json!(9), "lead", "").await.is_err());
    folder.review.adjudicate("p", "i2", "correct", &json!("no"), "lead", "the second reading").await.unwrap();
    let snapshot = folder.review.snapshot("p").await.unwrap();
    let settled = outcomes(&snapshot, Aggregate::Majority);
    let word = settled.iter().find(|one| one.item == "i2" && one.criterion == "correct").unwrap();
    assert_eq!((word.value.clone(), word.adjudicated), (Some(json!(false)), true));
    let each = labels(&snapshot, Aggregate::Usual, true);
    assert_eq!(each.labels.iter().filter(|label| label.rater.is_some()).count(), 16);
}

#[tokio::test]
async fn thin_data_gives_words_and_no_figures() {
    let folder = folder().await;
    let made = project(&folder.review, RUBRIC, few(2, 1), items(3)).await;
    let empty = report(&folder.review.snapshot("p").await.unwrap(), &Options::default(), &[]);
    assert_eq!(empty.criteria[0].decision, "no item has two raters: agreement is not known");
    folder.review.join(&made, "ann", true).await.unwrap();
    rate(&folder.review, "ann", &answers(true, 3)).await.unwrap();
    let one = report(&folder.review.snapshot("p").await.unwrap(), &Options::default(), &[]);
    assert!(one.criteria[0].alpha.is_none() && one.criteria[0].reliability.is_none());
    // One class only: agreement is whole, and no coefficient is defined.
    folder.review.join(&made, "bob", false).await.unwrap();
    let incoming = ["i0", "i1", "i2"]
        .into_iter()
        .flat_map(|item| {
            ["x", "y"].map(|rater| assay_review::exchange::Incoming {
                item: item.into(),
                rater: rater.into(),
                criterion: "correct".into(),
                value: json!("yes"),
                took_ms: None,
                place: "a.csv:1".into(),
                turned: false,
            })
        })
        .collect::<Vec<_>>();
    let done = folder.review.import("p", &incoming, Default::default(), Money::ZERO).await.unwrap();
    assert_eq!((done.answers, done.incomplete), (6, 6));
    let same = report(&folder.review.snapshot("p").await.unwrap(), &Options::default(), &[]);
    assert!(
        same.criteria[0].alpha.is_none() && same.criteria[0].decision.contains("same answer"),
        "{:?}",
        same.criteria[0]
    );
}

#[tokio::test]
async fn the_quiz_is_passed_before_the_first_item() {
    let folder = folder().await;
    let text = format!(
        "{RUBRIC}quiz:\n  pass: 1.0\n  attempts: 2\n  items:\n    - {{output: x, answers: {{correct: yes}}}}\n"
    );
    let made = project(&folder.review, &text, few(1, 1), items(2)).await;
    folder.review.join(&made, "ann", true).await.unwrap();
    assert_eq!(folder.review.next("p", "ann").await.unwrap(), Next::Quiz);
    let said = |yes: bool| vec![Answers::from([("correct".to_owned(), json!(yes))])];
    let first = folder.review.answer_quiz("p", "ann", &said(false)).await.unwrap();
    assert_eq!((first.passed, first.attempts_left), (false, 1));
    assert!(folder.review.answer_quiz("p", "ann", &said(true)).await.unwrap().passed);
    assert!(matches!(folder.review.next("p", "ann").await.unwrap(), Next::Item(_)));
    folder.review.join(&made, "bob", true).await.unwrap();
    for _ in 0..2 {
        folder.review.answer_quiz("p", "bob", &said(false)).await.unwrap();
    }
    assert!(matches!(folder.review.next("p", "bob").await.unwrap(), Next::Stopped { .. }));
}

#[tokio::test]
async fn a_week_in_which_all_are_milder_is_told() {
    let folder = folder().await;
    let clock = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(1_000_000));
    let seen = clock.clone();
    let review = folder.review.clone().with_clock(move || seen.load(std::sync::atomic::Ordering::SeqCst));
    let made = project(&review, RUBRIC, few(2, 2), items(40)).await;
    for (week, rater) in [(0, "ann"), (0, "bob"), (1, "ann"), (1, "bob")] {
        clock.store(1_000_000 + week * 7 * 86_400_000_000, std::sync::atomic::Ordering::SeqCst);
        review.join(&made, rater, true).await.unwrap();
        let mut n = 0;
        // Ann rates a part of her items late, and one step milder.
        while n < if week == 0 && rater == "ann" { 20 } else { 40 } {
            let Next::Item(task) = review.next("p", rater).await.unwrap() else { break };
            let number: i64 = task.item[1..].parse().unwrap();
            let given = answers(true, 1 + number % 2 + week);
            review.submit("p", rater, &task.item, &task.token, &given, None).await.unwrap();
            n += 1;
        }
    }
    let found = report(&review.snapshot("p").await.unwrap(), &Options::default(), &[]);
    let weeks = &found.weeks["helpful"];
    assert_eq!(weeks.len(), 2);
    assert!(weeks[1].lower.unwrap() > 0.0 && (weeks[1].value - 0.5).abs() < 0.01, "{weeks:?}");
    assert!(found.notes.iter().any(|note| note.contains("helpful is scored +0.50 in week 2")), "{:?}", found.notes);
}

#[tokio::test]
async fn a_raised_budget_gives_items_out_again_and_new_pay_counts_from_then_on() {
    let folder = folder().await;
    let pay = Pay::Item(Money::from_dollars(1.0));
    let settings = Settings { pay, budget: Some(Money::from_dollars(2.0)), gold_share: 0.0, ..few(1, 1) };
    let made = project(&folder.review, RUBRIC, settings, items(6)).await;
    folder.review.join(&made, "ann", true).await.unwrap();
    for _ in 0..2 {
        rate(&folder.review, "ann", &answers(true, 3)).await.unwrap();
    }
    assert!(matches!(folder.review.next("p", "ann").await.unwrap(), Next::Budget { .. }));
    let half = Pay::Item(Money::from_dollars(0.5));
    folder.review.set_budget("p", Some(half), Some(Money::from_dollars(3.0))).await.unwrap();
    for _ in 0..2 {
        rate(&folder.review, "ann", &answers(true, 3)).await.unwrap();
    }
    assert!(matches!(folder.review.next("p", "ann").await.unwrap(), Next::Budget { .. }));
    let made = folder.review.set_budget("p", None, None).await.unwrap();
    while rate(&folder.review, "ann", &answers(true, 3)).await.is_some() {}
    let progress = folder.review.progress(&made).await.unwrap();
    assert_eq!((progress.accepted, progress.spent), (6, Money::from_dollars(4.0)));
    let refused = folder.review.set_budget("p", Some(Pay::Nothing), Some(Money::from_dollars(9.0))).await;
    assert!(refused.unwrap_err().to_string().contains("needs to know what work costs"));
}

#[tokio::test]
async fn pairs_are_ranked_once_each_by_their_chance_and_targets_that_never_met_are_not() {
    let folder = folder().await;
    let pair = |i: usize, item: Item, first: &str, second: &str| Item {
        target: Some(both(first, second)),
        content: Content { other: Some(json!(format!("other {i}"))), ..item.content },
        ..item
    };
    let all = items(8).into_iter().enumerate();
    let mut all: Vec<Item> = all.map(|(i, item)| pair(i, item, "v1", "v2")).collect();
    // Drawn with half the chance, it stands for two.
    all[0].chance = Some(0.25);
    let made = project(&folder.review, PAIRS, few(3, 3), all).await;
    let given = |item: usize, rater: &str, value: &str| Incoming {
        item: format!("i{item}"),
        rater: rater.into(),
        criterion: "better".into(),
        value: json!(value),
        took_ms: None,
        place: "here".into(),
        turned: false,
    };
    let mut ratings = Vec::new();
    for item in 0..8 {
        let word = if item < 3 { "a" } else { "b" };
        // However many have rated an item, it counts once.
        for rater in ["ann", "bob", "cy"].iter().take(if item == 7 { 3 } else { 1 }) {
            ratings.push(given(item, rater, word));
        }
    }
    folder.review.import("p", &ratings, OnConflict::Refuse, Money::ZERO).await.unwrap();
    let found = report(&folder.review.snapshot("p").await.unwrap(), &Options::default(), &[]);
    let ranking = found.criteria[0].ranking.clone().unwrap();
    assert_eq!((ranking.comparisons, ranking.cases, ranking.tie), (10, 8, None));
    // Weights 4, 2, 2 against five times 2: 8 to 10.
    let [first, second] = &ranking.targets[..] else { panic!("{ranking:?}") };
    let odds = 10f64.powf((first.elo.value - second.elo.value) / 400.0);
    assert_eq!((first.target.as_str(), first.won, first.lost), ("v2", 7, 3));
    assert!((odds - 10.0 / 8.0).abs() < 1e-6, "{odds}");
    assert_eq!((first.ranks, second.ranks), ((1, 2), (1, 2)));
    drop(made);
    // Two pairs of targets without a third that met both.
    let other = self::folder().await;
    let mut all: Vec<Item> = items(2).into_iter().enumerate().map(|(i, item)| pair(i, item, "v1", "v2")).collect();
    all[1].target = Some(both("v3", "v4"));
    project(&other.review, PAIRS, few(1, 1), all).await;
    let ratings = [given(0, "ann", "a"), given(1, "ann", "tie")];
    other.review.import("p", &ratings, OnConflict::Refuse, Money::ZERO).await.unwrap();
    let found = report(&other.review.snapshot("p").await.unwrap(), &Options::default(), &[]);
    let ranking = found.criteria[0].ranking.clone().unwrap();
    assert_eq!(ranking.why_not.as_deref(), Some("these targets never met: v1, v2 | v3, v4"));
}

#[tokio::test]
async fn what_was_right_for_another_question_suspends_nobody() {
    for (right, gold, hits, misses) in [
        (RightAnswers::Known(BTreeMap::new()), 4, 0, 0),
        (RightAnswers::Hold, 0, 0, 2),
        (
            RightAnswers::Known(
                (0..4).map(|i| (format!("i{i}"), serde_json::from_value(json!({"correct": false})).unwrap())).collect(),
            ),
            0,
            4,
            0,
        ),
    ] {
        let folder = folder().await;
        let known = |(i, item)| if i < 4 { self::gold(item, json!({"correct": true})) } else { item };
        let all: Vec<Item> = items(20).into_iter().enumerate().map(known).collect();
        let text = "rubric: r\ncriteria:\n  - {name: correct, kind: yes_no}\n";
        let made = project(&folder.review, text, Settings { gold_share: 0.5, ..few(1, 1) }, all).await;
        folder.review.join(&made, "ann", true).await.unwrap();
        let turned = text.replace("kind: yes_no", "kind: yes_no, question: Is anything wrong?");
        let done = folder.review.change_rubric("p", &rubric(&turned), &turned, &right).await.unwrap();
        assert_eq!(done.gold, gold);
        let no: Answers = serde_json::from_value(json!({"correct": false})).unwrap();
        while let Next::Item(task) = folder.review.next("p", "ann").await.unwrap() {
            folder.review.submit("p", "ann", &task.item, &task.token, &no, None).await.unwrap();
        }
        let found = report(&folder.review.snapshot("p").await.unwrap(), &Options::default(), &[]);
        assert_eq!((found.raters[0].gold.hits, found.raters[0].gold.misses), (hits, misses), "{right:?}");
        assert_eq!(found.raters[0].state == RaterState::Suspended, misses > 0);
    }
    // What is lost stays lost until somebody gives it.
    let folder = self::folder().await;
    let mut all = items(3);
    all[0] = self::gold(all[0].clone(), json!({"correct": true}));
    project(&folder.review, RUBRIC, few(1, 1), all).await;
    let none = RightAnswers::Known(BTreeMap::new());
    for question in ["One?", "Another?"] {
        let text = RUBRIC.replace("kind: yes_no", &format!("kind: yes_no, question: '{question}'"));
        assert_eq!(folder.review.change_rubric("p", &rubric(&text), &text, &none).await.unwrap().gold, 1);
    }
    let folder = self::folder().await;
    project(&folder.review, RUBRIC, few(1, 1), items(4)).await;
    let text = RUBRIC.replace("kind: yes_no", "kind: yes_no, question: Otherwise?");
    let right = RightAnswers::Known([("i1".to_owned(), answers(true, 3))].into());
    let refused = folder.review.change_rubric("p", &rubric(&text), &text, &right).await.unwrap_err();
    assert!(refused.to_string().contains("`i1` is no gold item"), "{refused}");
}

#[tokio::test]
async fn a_question_that_was_added_counts_against_nobody_who_was_not_asked() {
    let text = "rubric: r\ncriteria:\n  - {name: correct, kind: yes_no}\n";
    for required in [true, false] {
        let folder = folder().await;
        let known = |(i, item)| if i < 6 { self::gold(item, json!({"correct": true})) } else { item };
        let all: Vec<Item> = items(30).into_iter().enumerate().map(known).collect();
        let made = project(&folder.review, text, Settings { gold_share: 0.5, ..few(1, 1) }, all).await;
        folder.review.join(&made, "ann", true).await.unwrap();
        let yes: Answers = serde_json::from_value(json!({"correct": true})).unwrap();
        while rate(&folder.review, "ann", &yes).await.is_some() {}
        let more = format!("{text}  - {{name: safe, kind: yes_no, required: {required}}}\n");
        let both: Answers = serde_json::from_value(json!({"correct": true, "safe": true})).unwrap();
        let right = RightAnswers::Known((0..6).map(|i| (format!("i{i}"), both.clone())).collect());
        let done = folder.review.change_rubric("p", &rubric(&more), &more, &right).await.unwrap();
        assert_eq!((done.change.added, done.gold), (vec!["safe".to_owned()], 0));
        let mut seen = 0;
        loop {
            let found = report(&folder.review.snapshot("p").await.unwrap(), &Options::default(), &[]);
            assert_eq!((found.raters[0].gold.hits, found.raters[0].gold.misses), (seen, 0), "{required}");
            let Next::Item(task) = folder.review.next("p", "ann").await.unwrap() else { break };
            assert_eq!(task.criteria, ["safe"]);
            let safe: Answers = serde_json::from_value(json!({"safe": true})).unwrap();
            let done = folder.review.submit("p", "ann", &task.item, &task.token, &safe, None).await.unwrap();
            assert_eq!(done.suspended, None);
            let number: usize = task.item[1..].parse().unwrap();
            seen += u64::from(number < 6);
        }
        // Where it needs no answer, nothing is asked again.
        assert_eq!(seen, if required { 6 } else { 0 });
    }
}
