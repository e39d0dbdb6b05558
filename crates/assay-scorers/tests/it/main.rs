//! Every scorer, by example.

mod judges;

use std::time::Duration;

use assay_core::{Case, Output, Passage, ScoreStatus, ToolCall};
use assay_scorers::{ScoreInput, ScorerContext, build, kinds};
use serde_json::{Value, json};

fn case(expected: Value) -> Case {
    let mut case = Case { id: "c".into(), weight: 1.0, ..Case::default() };
    case.inputs.insert("question".into(), json!("q"));
    case.expected = (!expected.is_null()).then_some(expected);
    case.contexts = vec![
        Passage { id: Some("d1".into()), ..Passage::default() },
        Passage { id: Some("d2".into()), ..Passage::default() },
    ];
    case
}

fn output(value: Value) -> Output {
    let passage = |id: &str| Passage { id: Some(id.into()), ..Passage::default() };
    Output {
        value,
        contexts: Some(vec![passage("x"), passage("d1")]),
        tool_calls: vec![ToolCall { name: "f".into(), arguments: json!({"a": 1}) }],
        usage: assay_core::Usage { input_tokens: Some(3), output_tokens: Some(4), ..Default::default() },
        ..Output::default()
    }
}

async fn score(entry: &Value, expected: Value, answer: Value) -> assay_core::Score {
    let declared = build(entry, "s", &ScorerContext::default()).unwrap_or_else(|p| panic!("{entry}: {p:?}"));
    let (case, output) = (case(expected), output(answer));
    let input = ScoreInput {
        case: &case,
        output: &output,
        latency: Duration::from_millis(1500),
        ttft: Some(Duration::from_millis(200)),
        cost: Some(assay_core::Money::from_dollars(0.25)),
        epoch: 0,
        caller: None,
    };
    declared.score(&input).await
}

/// One example or more of each scorer that needs no other process: entry, expected, answer, value.
fn examples() -> Vec<(Value, Value, Value, f64)> {
    vec![
        (json!("bleu"), json!("the cat sat on the mat"), json!("the cat sat on the mat"), 1.0),
        (json!({"char-count": {"max": 3}}), json!(null), json!("four"), 0.0),
        (json!("chrf"), json!("abc"), json!("abc"), 1.0),
        (json!({"chrf": {"word_order": 2}}), json!("a bc d"), json!("a bc d"), 1.0),
        (json!("meteor"), json!("one two"), json!("three"), 0.0),
        (json!("ter"), json!("a b c d"), json!("a b c e"), 0.25),
        (json!("word-errors"), json!("a b c d"), json!("a b c e"), 0.25),
        (json!({"word-errors": "cer"}), json!("abcd"), json!("abce"), 0.25),
        (json!("citation"), json!(null), json!("Yes [1], and [d1]."), 1.0),
        (json!("citation"), json!(null), json!("Yes [9]."), 0.0),
        (json!("contains"), json!("Paris"), json!("It is Paris."), 1.0),
        (json!({"contains": "{{ question }}"}), json!(null), json!("quick"), 1.0),
        (json!({"contains-all": ["a", "z"]}), json!(null), json!("abc"), 0.0),
        (json!({"contains-any": ["a", "z"]}), json!(null), json!("abc"), 1.0),
        (json!("contains-json"), json!(null), json!("so {\"a\": 1}"), 1.0),
        (json!({"cost": 0.3}), json!(null), json!("x"), 0.25),
        (json!("ends-with"), json!("Paris."), json!("It is Paris.\n"), 1.0),
        (json!("extraction"), json!({"a": 1, "b": "x"}), json!("{\"a\": \"1\", \"b\": \"y\"}"), 0.5),
        (
            json!({"extraction": {"fields": {"b": "anls"}}}),
            json!({"a": 1, "b": "mittens"}),
            json!({"a": 1, "b": "mitten"}),
            (1.0 + 6.0 / 7.0) / 2.0,
        ),
        (json!({"rouge": {"variant": "rouge-1", "stem": true}}), json!("walking dogs"), json!("walked dog"), 1.0),
        (json!({"similarity": {"method": "token-set"}}), json!("b a"), json!("a b b c"), 1.0),
        (json!({"similarity": {"method": "partial"}}), json!("new york"), json!("the New york times"), 14.0 / 16.0),
        (json!("value"), json!(null), json!(0.25), 0.25),
        (json!({"value": {"value": "{{ expected }}", "range": [1, 5]}}), json!(4), json!("x"), 4.0),
        (
            json!("entities"),
            json!({"PER": ["Ann"], "LOC": ["Rome"]}),
            json!("[{\"text\": \"Ann\", \"type\": \"PER\"}]"),
            2.0 / 3.0,
        ),
        (json!({"entities": {"tags": "iob2"}}), json!(["B-PER", "O"]), json!("[\"B-PER\", \"B-LOC\"]"), 2.0 / 3.0),
        (json!({"entities": "partial"}), json!([[0, 2, "PER"]]), json!({"entities": [[1, 2, "PER"]]}), 0.5),
        (json!("equals"), json!("Paris"), json!(" Paris\n"), 1.0),
        (json!({"equals": {"ignore_case": true}}), json!(["paris", "lutetia"]), json!("PARIS"), 1.0),
        (json!("equals"), json!({"a": 1}), json!({"a": 1}), 1.0),
        (json!({"equals": "x", "not": true}), json!(null), json!("y"), 1.0),
        (json!("icontains"), json!("PARIS"), json!("paris"), 1.0),
        (json!({"icontains-all": ["A", "b"]}), json!(null), json!("aB"), 1.0),
        (json!({"icontains-any": ["Q", "B"]}), json!(null), json!("aB"), 1.0),
        (json!("is-json"), json!(null), json!("{\"a\": 1}"), 1.0),
        (json!("is-json"), json!(null), json!("a: 1"), 0.0),
        (json!("json-match"), json!({"a": 1, "b": 2}), json!("{\"a\": 1, \"b\": 3}"), 0.5),
        (json!({"json-schema": {"schema": {"type": "object"}}}), json!(null), json!("[1]"), 0.0),
        (json!({"label": ["spam", "ham"]}), json!("ham"), json!("This is HAM."), 1.0),
        (
            json!({"labels": ["late", "lost", "very late"]}),
            json!("late, lost"),
            json!("It was very late; lost."),
            1.0 / 3.0,
        ),
        (
            json!({"labels": {"labels": ["a", "b"], "measure": "f1"}}),
            json!(["a", "b"]),
            json!("so: [\"A\"]"),
            2.0 / 3.0,
        ),
        (json!({"labels": {"labels": ["a", "b"], "measure": "exact"}}), json!([]), json!("None."), 1.0),
        (json!({"latency": 2}), json!(null), json!("x"), 1.5),
        (json!("levenshtein"), json!("kitten"), json!("sitting"), 3.0),
        (json!("numeric"), json!("#### 70,000"), json!("A: $70000"), 1.0),
        (json!({"numeric": {"rel": 0.1}}), json!(100), json!("about 91"), 1.0),
        (json!("probability"), json!(true), json!(0.8), 0.04),
        (json!({"probability": {"positive": "spam"}}), json!("ham"), json!("0.5"), 0.25),
        (json!("refusal"), json!(null), json!("I\u{2019}m sorry, but I can't help with that."), 1.0),
        (json!("refusal"), json!(null), json!("Sure, here it is."), 0.0),
        (json!({"regex": "^\\d+$"}), json!(null), json!("123"), 1.0),
        (json!("retrieval"), json!(null), json!("x"), 0.5),
        (json!({"retrieval": {"metric": "mrr"}}), json!(null), json!("x"), 0.5),
        (json!({"retrieval": {"metric": "hit", "k": 1}}), json!(null), json!("x"), 0.0),
        (json!({"rouge": "rouge-1"}), json!("a b"), json!("a c"), 0.5),
        (json!("similarity"), json!("abcd"), json!("abcx"), 0.75),
        (json!("squad-em"), json!("The Tower"), json!("tower!"), 1.0),
        (json!("squad-f1"), json!("big tower"), json!("tower"), 2.0 / 3.0),
        (json!("starts-with"), json!("Yes"), json!("Yes, it is"), 1.0),
        (json!("tokens"), json!(null), json!("x"), 7.0),
        (json!("tool-calls"), json!([{"name": "f", "arguments": {"a": 1}}]), json!("x"), 1.0),
        (json!({"tool-calls": "f1"}), json!([{"name": "g"}]), json!("x"), 0.0),
        (json!("ttft"), json!(null), json!("x"), 0.2),
        (json!({"word-count": {"min": 2, "max": 3}}), json!(null), json!("one two"), 1.0),
    ]
}

#[tokio::test]
async fn every_scorer_scores_its_examples() {
    for (entry, expected, answer, want) in examples() {
        let got = score(&entry, expected, answer).await;
        assert_eq!(got.status, ScoreStatus::Scored, "{entry}: {got:?}");
        assert!((got.value.unwrap() - want).abs() < 1e-9, "{entry}: {got:?}");
    }
}

#[test]
fn every_scorer_has_an_example_a_document_and_its_place() {
    let shown: Vec<String> = examples()
        .iter()
        .map(|(entry, ..)| {
            entry.as_str().map_or_else(|| entry.as_object().unwrap().keys().next().unwrap().clone(), str::to_owned)
        })
        .collect();
    let mut previous = "";
    for kind in kinds() {
        assert!(previous < kind.name, "{} is out of order", kind.name);
        previous = kind.name;
        let first = kind.doc().split(": ").next().unwrap().to_owned();
        assert!(kind.doc().contains(&format!("`{}`", kind.name)) && first.starts_with('`'), "{}: {first}", kind.name);
        let elsewhere = ["command", "http", "judge", "python", "unit-tests"].contains(&kind.name);
        assert!(elsewhere || shown.iter().any(|name| name == kind.name), "{} has no example", kind.name);
    }
}

#[tokio::test]
async fn scorers_keep_what_their_corpus_metrics_are_made_of() {
    for (entry, expected, answer, want) in [
        (json!({"label": ["a", "b"]}), json!("b"), json!("b"), vec![1.0, 1.0]),
        (json!({"label": {"labels": ["a", "b"], "unclear": "wrong"}}), json!("a"), json!("c"), vec![0.0, -1.0]),
        (json!("word-errors"), json!("a b c"), json!("a x"), vec![1.0, 1.0, 1.0, 0.0]),
        (json!("probability"), json!("no"), json!(0.25), vec![0.25, 0.0]),
        (json!("numeric"), json!(10), json!("7"), vec![1.0, 3.0, 9.0]),
        (json!("extraction"), json!({"a": 1, "b": 2}), json!({"a": 1}), vec![1.0, 1.0, 2.0]),
        (json!("extraction"), json!({"a": 1}), json!("none"), vec![0.0, 0.0, 1.0]),
        (json!({"tool-calls": "f1"}), json!([{"name": "g"}]), json!("x"), vec![0.0, 1.0, 1.0]),
        // Two bits for each label, and one that is not on the list.
        (json!({"labels": ["a", "b", "c"]}), json!("a, c"), json!(["c", "b", "x"]), vec![1.0, 3.0, 2.0, 57.0]),
        (
            json!({"labels": {"labels": ["a", "b"], "unclear": "wrong"}}),
            json!([]),
            json!("hm"),
            vec![0.0, 1.0, 0.0, 0.0],
        ),
        (json!({"entities": "partial"}), json!([[0, 2, "A"], [4, 5, "B"]]), json!([[1, 2, "A"]]), vec![0.5, 1.0, 2.0]),
        (json!("entities"), json!([[0, 2, "A"]]), json!([[2, 0, "A"], 7, [0, 2, "A"]]), vec![1.0, 3.0, 1.0]),
        (json!("entities"), json!([[0, 2, "A"]]), json!("I see none."), vec![0.0, 0.0, 1.0]),
    ] {
        assert_eq!(score(&entry, expected, answer).await.counts, want, "{entry}");
    }
    let outside = score(&json!({"label": ["a", "b"]}), json!("c"), json!("a")).await;
    assert_eq!(outside.status, ScoreStatus::Unscored, "{outside:?}");
}

#[tokio::test]
async fn what_cannot_be_said_is_unscored_not_zero() {
    for entry in [json!("equals"), json!("numeric"), json!("squad-f1"), json!("tool-calls")] {
        assert_eq!(score(&entry, Value::Null, json!("x")).await.status, ScoreStatus::Unscored, "{entry}");
    }
    assert_eq!(score(&json!({"label": ["a", "b"]}), json!("a"), json!("a or b")).await.status, ScoreStatus::Unscored);
}

#[tokio::test]
async fn sets_of_labels_are_read_from_lists_and_from_texts() {
    let entry = json!({"labels": ["late delivery", "delivery", "refund"]});
    for (answer, want) in [
        (json!("Late delivery!"), "late delivery"),
        (json!("a late delivery, and the delivery was wet"), "late delivery, delivery"),
        (json!({"labels": ["Refund", "refund"]}), "refund"),
        (json!("```json\n[\"delivery\"]\n```"), "delivery"),
        (json!("see [1]: refund"), "refund"),
        (json!(""), ""),
        (json!([]), ""),
        (json!(["weather"]), ""),
    ] {
        assert_eq!(score(&entry, json!("refund"), answer.clone()).await.label.as_deref(), Some(want), "{answer}");
    }
    let weather = score(&entry, json!("refund"), json!(["weather"])).await;
    assert_eq!(
        (weather.value, weather.rationale.as_deref()),
        (Some(0.0), Some("missing: refund; not a label: weather"))
    );
    for expected in
        [json!(["late delivery", "refund"]), json!("Refund; late delivery"), json!("[\"refund\", \"late delivery\"]")]
    {
        assert_eq!(score(&entry, expected, json!("refund, late delivery")).await.value, Some(1.0));
    }
    for (expected, answer) in [(json!("refund"), json!("who knows")), (json!("refund, rain"), json!("refund"))] {
        let got = score(&entry, expected, answer).await;
        assert_eq!(got.status, ScoreStatus::Unscored, "{got:?}");
    }
}

#[tokio::test]
async fn entities_by_text_are_placed_in_their_source() {
    let text = "É. Smith met Ann Smith in Smithfield.";
    let entry = json!({"entities": {"source": text, "matching": "strict"}});
    let expected = json!([{"start": 3, "end": 8, "label": "PER"}, {"text": "Ann Smith", "label": "PER"}, {"text": "Smithfield", "label": "LOC"}]);
    let all = score(&entry, expected.clone(), json!({"PER": ["Smith", "Ann Smith"], "LOC": ["Smithfield"]})).await;
    assert_eq!(all.value, Some(1.0), "{all:?}");
    // The third Smith is none: the name stands twice as a word.
    let many = score(&entry, expected.clone(), json!({"PER": ["Smith", "Smith", "Smith"]})).await;
    assert_eq!(many.counts, [1.0, 3.0, 3.0], "{many:?}");
    assert_eq!(
        many.rationale.as_deref(),
        Some("3 expected, 3 found; missed: PER `Ann Smith`, LOC `Smithfield`; unexpected: PER `Smith`")
    );
    let partial = json!({"entities": {"source": text, "matching": "partial"}});
    let near =
        score(&partial, json!([{"text": "Ann Smith", "label": "PER"}]), json!([{"text": "Ann", "label": "ORG"}])).await;
    assert_eq!(near.value, Some(0.5));
    let missing = score(&entry, json!([{"text": "Bob", "label": "PER"}]), json!([])).await;
    assert_eq!(
        (missing.status, missing.reason.as_deref()),
        (ScoreStatus::Unscored, Some("the expected entity `Bob` does not stand in the source"))
    );
    assert_eq!(score(&json!("entities"), json!([]), json!([])).await.value, Some(1.0));
    assert_eq!(score(&json!("entities"), json!([["x"]]), json!([])).await.status, ScoreStatus::Unscored);
    assert_eq!(score(&json!({"entities": {"tags": "iob2"}}), json!(["B-A"]), json!(["Z"])).await.value, Some(0.0));
}

proptest::proptest! {
    /// Whatever stands in an answer: a value from 0 to 1 and counts that do not contradict each other.
    #[test]
    fn hostile_lists_are_scored_within_bounds(
        starts in proptest::collection::vec((proptest::prelude::any::<u64>(), proptest::prelude::any::<i64>()), 0..6),
        texts in proptest::collection::vec("[Smith Ann\u{0}é]{0,6}", 0..6),
        tail in ".{0,20}",
    ) {
        let mut list: Vec<Value> = starts.iter().map(|(a, b)| json!([a, b, "A"])).collect();
        list.extend(texts.iter().map(|text| json!({"text": text, "label": "A"})));
        list.extend([json!(null), json!({"start": 1.5, "end": 1e300, "label": "A"}), json!({"label": 3}), json!([[]])]);
        let answer = format!("{}{tail}", Value::from(list));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for entry in [
            json!({"entities": {"source": "Ann Smith\u{e9}", "matching": "partial"}}),
            json!({"entities": "type"}),
            json!({"entities": {"tags": "lenient"}}),
        ] {
            let expected = if entry["entities"]["tags"].is_string() { json!(["B-A"]) } else { json!([[0, 3, "A"]]) };
            let got = runtime.block_on(score(&entry, expected, json!(answer)));
            let value = got.value.unwrap();
            proptest::prop_assert!((0.0..=1.0).contains(&value) && got.counts[0] <= got.counts[1].min(got.counts[2]));
        }
        let labels = runtime.block_on(score(&json!({"labels": ["Smith", "Ann"]}), json!("Ann"), json!(format!("{answer} Ann"))));
        proptest::prop_assert!(labels.value.is_some_and(|value| (0.0..=1.0).contains(&value)));
    }
}

#[test]
fn faults_point_into_the_entry() {
    let faults = |entry: Value| match build(&entry, "s", &ScorerContext::default()) {
        Ok(_) => panic!("{entry} was accepted"),
        Err(problems) => problems[0].to_string(),
    };
    assert_eq!(faults(json!("equls")), "there is no scorer `equls` (did you mean `equals`?)");
    assert_eq!(faults(json!({"equals": {"valu": 1}})), "/equals/valu: unknown key `valu` (did you mean `value`?)");
    assert!(faults(json!({"regex": "("})).starts_with("/regex/pattern: not a regular expression"));
    assert!(faults(json!({"contains": "{{ x"})).starts_with("/contains"));
    assert_eq!(faults(json!({"labels": ["a", "-"]})), "/labels/labels/1: the label `-` has no letter and no digit");
    assert!(faults(json!({"labels": ["a", "A!"]})).starts_with("/labels/labels/1: the label `A!` is there twice"));
    assert!(faults(json!({"entities": {"tags": "iob2", "source": "x"}})).starts_with("/entities/source: tags have"));
    assert_eq!(faults(json!({"latency": 1, "not": true})), "/not: `not` needs a score from 0 to 1");
    assert!(faults(json!({"judge": {"model": {"echo": "x"}, "rubric": "r"}})).contains("not a chat model"));
    assert!(faults(json!({"python": "missing.py:f"})).contains("no file"));
}

#[test]
fn every_parameter_is_part_of_the_fingerprint() {
    let print = |entry: Value| {
        build(&entry, "s", &ScorerContext::default()).unwrap_or_else(|p| panic!("{p:?}")).record.fingerprint
    };
    let prints = [
        print(json!("equals")),
        print(json!({"equals": {"ignore_case": true}})),
        print(json!({"equals": "x"})),
        print(json!({"equals": "x", "not": true})),
        print(json!("contains")),
    ];
    for (i, a) in prints.iter().enumerate() {
        assert!(prints[..i].iter().all(|b| a != b));
    }
    // Name, weight and threshold change what is done with a score, not the score.
    assert_eq!(print(json!({"equals": "x", "weight": 2, "threshold": 0.5})), print(json!({"equals": "x"})));
}
