//! Policies at work: what stands in the text afterwards, and what the audit says.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use assay_privacy::{Action, Detector, Key, Policy, Redactor, Selection, reverse, reverse_value};
use proptest::prelude::*;
use serde_json::json;

fn key(byte: u8) -> Key {
    Key::new(&[byte; 32]).unwrap()
}

type Prepared = HashMap<(bool, String), Arc<Redactor>>;

/// Redactors for properties, built once: kinds that narrow down included or not, by action.
fn prepared(wide: bool, action: &str) -> Arc<Redactor> {
    static PREPARED: LazyLock<Mutex<Prepared>> = LazyLock::new(Mutex::default);
    let mut prepared = PREPARED.lock().unwrap();
    let made = prepared.entry((wide, action.to_owned())).or_insert_with(|| {
        let also = if wide { json!(["URL", "LOCATION", "ORGANIZATION", "DATE", "AGE"]) } else { json!([]) };
        let action = if action == "mask" { json!({"mask": {"keep_last": 3}}) } else { json!(action) };
        Arc::new(redactor(json!({"find": {"also": also}, "default": action})))
    });
    Arc::clone(made)
}

fn redactor(policy: serde_json::Value) -> Redactor {
    Redactor::new(&serde_json::from_value(policy).unwrap(), Some(key(7))).unwrap()
}

#[test]
fn each_action_leaves_what_it_promises() {
    let text = "card 4111 1111 1111 1111, jane@example.com";
    for (action, expected) in [
        (json!("keep"), "card 4111 1111 1111 1111, jane@example.com"),
        (json!("detect"), "card 4111 1111 1111 1111, jane@example.com"),
        (json!("redact"), "card <CREDIT_CARD>, <EMAIL>"),
        (json!("drop"), "card , "),
        (json!({"mask": {"keep_last": 4}}), "card **** **** **** 1111, ****@******e.com"),
        (json!({"mask": {}}), "card **** **** **** ****, ****@*******.***"),
    ] {
        let (output, applied) = redactor(json!({"default": action})).apply(text);
        assert_eq!(output, expected, "{action}");
        assert_eq!(applied.len(), 2);
        for row in &applied {
            assert!(text.get(row.range.clone()).is_some() && output.get(row.replaced.clone()).is_some());
        }
    }
}

#[test]
fn hashes_are_equal_for_one_value_in_two_spellings_and_tokens_come_back_as_written() {
    let hashing = redactor(json!({"default": "hash"}));
    let hash = |text: &str| hashing.apply(text).0;
    assert_eq!(hash("4111 1111 1111 1111"), hash("4111-1111-1111-1111"));
    assert_eq!(hash("Jane@Example.com"), hash("jane@example.com"));
    assert_ne!(hash("jane@example.com"), hash("jan@example.com"));
    assert!(hash("jane@example.com").starts_with("hash_EMAIL_"));
    let tokens = redactor(json!({"default": "tokenise"}));
    let text = "Jane@Example.com or 4111 1111 1111 1111; jane@example.com";
    let (output, _) = tokens.apply(text);
    assert!(!output.contains('@') && !output.contains("4111"));
    assert_eq!(reverse(&output, &key(7)).text, text);
    assert_eq!(reverse(&output, &key(8)).tokens.foreign, 3);
    assert_eq!(tokens.apply(text).0, output, "the same text has the same tokens");
}

#[test]
fn an_audit_row_never_holds_the_value() {
    let text = "Mr. Rubija Susulic, rubija@example.com, 4111111111111111, ssn 219-09-9998, tok";
    for action in ["redact", "hash", "tokenise", "drop", "keep"] {
        let (_, applied) = redactor(json!({"default": action})).apply(text);
        assert_eq!(applied.len(), 4);
        let rows = serde_json::to_string(&applied).unwrap();
        for value in ["Rubija", "rubija@", "4111", "219-09"] {
            assert!(!rows.contains(value), "{action}: {rows}");
        }
        assert!(applied.iter().all(|row| row.digest.as_ref().is_some_and(|digest| digest.len() == 32)));
    }
}

#[test]
fn a_policy_that_needs_a_key_is_refused_without_one() {
    let policy: Policy = serde_json::from_value(json!({"kinds": {"EMAIL": "tokenise"}})).unwrap();
    assert!(policy.needs_key());
    let problem = Redactor::new(&policy, None).err().unwrap();
    assert_eq!(problem.pointer, "/kinds/EMAIL");
    assert!(problem.message.contains("needs a key"));
    let policy: Policy = serde_json::from_value(json!({"kinds": {"LOCATION": "drop"}})).unwrap();
    assert_eq!(Redactor::new(&policy, None).err().unwrap().pointer, "/kinds/LOCATION");
    assert!(serde_json::from_value::<Policy>(json!({"default": "shred"})).is_err());
}

#[test]
fn what_a_redaction_brings_into_reach_of_a_word_is_redacted_too() {
    let text = format!("my ssn, see https://u:p@example.com/{} 219099998", "x".repeat(120));
    let (output, applied) = redactor(json!({"find": {"also": ["URL"]}})).apply(&text);
    assert!(!output.contains("219099998"), "{output}");
    let last = applied.last().unwrap();
    assert_eq!(&text[last.range.clone()], "219099998");
    assert_eq!(&output[last.replaced.clone()], "<US_SSN>");
}

#[test]
fn placeholders_lend_no_words_and_hide_nothing_that_is_not_theirs() {
    let redactor = redactor(json!({}));
    let (output, _) = redactor.apply("<US_SSN> 219099998 is a row number");
    assert_eq!(output, "<US_SSN> 219099998 is a row number");
    let (output, _) = redactor.apply("<4111111111111111> <GB82WEST12345698765432>");
    assert_eq!(output, "<<CREDIT_CARD>> <<IBAN>>");
}

#[test]
fn json_values_are_walked_and_names_left_alone() {
    let redactor = redactor(json!({"kinds": {"CREDIT_CARD": "tokenise"}}));
    let before = json!({
        "messages": [{"role": "user", "content": "I am jane@example.com"}, {"role": "assistant", "content": "Hello!"}],
        "payment": {"card": 4_111_111_111_111_111_u64, "amount": 1_000_000},
        "ssn": "219099998",
        "by.day": {"jane@example.com": 3},
    });
    let mut value = before.clone();
    let applied = redactor.apply_value(&mut value).unwrap();
    assert_eq!(value["messages"][0]["content"], "I am <EMAIL>");
    assert_eq!(value["messages"][1], before["messages"][1]);
    assert_eq!(value["payment"]["amount"], 1_000_000);
    assert!(value["payment"]["card"].as_str().unwrap().starts_with("tok_CREDIT_CARD_"));
    assert_eq!(value["ssn"], "<US_SSN>");
    assert_eq!(value["by.day"], before["by.day"]);
    let paths: Vec<&str> = applied.iter().filter_map(|row| row.path.as_deref()).collect();
    assert_eq!(paths, ["messages[0].content", "payment.card", "ssn", "[\"by.day\"][\"<EMAIL>\"]"]);
    assert!(applied[3].in_name && applied[3].action == Action::Keep);
    let located = redactor.detector().detect_value(&before).unwrap();
    assert_eq!(located.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), paths);
    let opened = reverse_value(&mut value, &key(7)).unwrap();
    assert_eq!(opened.opened, 1);
    assert_eq!(value["payment"]["card"], "4111111111111111");
}

#[test]
fn a_value_nested_too_deeply_is_refused_unchanged() {
    let mut value = json!("jane@example.com");
    for _ in 0..200 {
        value = json!([value]);
    }
    let before = value.clone();
    let redactor = redactor(json!({}));
    assert!(redactor.apply_value(&mut value).is_err());
    assert_eq!(value, before);
    assert!(redactor.detector().detect_value(&value).is_err());
    assert!(reverse_value(&mut value, &key(7)).is_err());
}

/// Pieces that are or look like personal data, glued in any order.
fn sentence() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("jane@example.com"),
        Just("4111 1111 1111 1111"),
        Just("4111111111111111"),
        Just("ssn"),
        Just("219099998"),
        Just("219-09-9998"),
        Just("Mr. Rubija Susulic"),
        Just("Rubija"),
        Just("Maria"),
        Just("GB82 WEST 1234 5698 7654 32"),
        Just("+49 30 901820"),
        Just("phone"),
        Just("(212) 555-0123"),
        Just("https://a.example/x?y=jane@example.com"),
        Just("81.2.69.142"),
        Just("22 Pollen Crescent"),
        Just("password: hunter22!"),
        Just("＠"),
        Just("４１１１"),
        Just("\u{200b}"),
        Just("\u{ad}"),
        Just("<EMAIL>"),
        Just("tok_EMAIL_"),
        Just("hash_"),
        Just("<"),
        Just(">"),
        Just("born"),
        Just("14.03.1982"),
        Just("Dear"),
        Just("café"),
        Just("電話"),
        Just("٤١١١"),
        Just("-----BEGIN PRIVATE KEY-----"),
        Just("eyJ"),
        Just("token="),
        Just("9fK2mQ7xLw4ZtB8vR1cY"),
        Just("account number"),
        Just("12345678"),
        Just("'s"),
        Just("s"),
        Just("x"),
        Just("PIN"),
        Just("is"),
        Just("4711"),
        Just("my name is"),
        Just("Berlin"),
        Just("Acme GmbH"),
        Just("54 years old"),
    ];
    let between =
        prop_oneof![4 => Just(" "), 2 => Just(", "), 1 => Just(""), 1 => Just("\n"), 1 => Just(": "), 1 => Just(".")];
    proptest::collection::vec((piece, between), 0..14)
        .prop_map(|parts| parts.into_iter().flat_map(|(piece, between)| [piece, between]).collect::<String>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn redacting_again_changes_nothing(text in sentence(), action in prop_oneof![Just("redact"), Just("hash"), Just("tokenise")]) {
        let redactor = prepared(true, action);
        let (once, _) = redactor.apply(&text);
        let (twice, again) = redactor.apply(&once);
        prop_assert_eq!(&once, &twice, "{:?}", again);
    }

    #[test]
    fn no_finding_survives_in_the_output(text in sentence()) {
        let redactor = prepared(false, "redact");
        let (output, applied) = redactor.apply(&text);
        for row in &applied {
            let value = &text[row.range.clone()];
            // Inside another word it is not that value.
            let alone = output.match_indices(value).any(|(at, _)| {
                let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
                !word(output[..at].chars().next_back()) && !word(output[at + value.len()..].chars().next())
            });
            let inside_a_placeholder = value.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
            prop_assert!(value.len() < 4 || !alone || inside_a_placeholder, "{:?} of {:?} in {:?}", value, text, output);
        }
    }

    #[test]
    fn tokens_lead_back_to_the_text(text in sentence()) {
        let redactor = prepared(true, "tokenise");
        let (output, _) = redactor.apply(&text);
        prop_assert_eq!(reverse(&output, &key(7)).text, text);
    }

    #[test]
    fn rows_follow_the_text_and_cover_what_was_replaced(text in sentence()) {
        let redactor = prepared(false, "redact");
        let (output, applied) = redactor.apply(&text);
        let (mut read, mut written, mut rebuilt) = (0, 0, String::new());
        for row in &applied {
            prop_assert!(row.range.start >= read && row.replaced.start >= written);
            prop_assert_eq!(&text[read..row.range.start], &output[written..row.replaced.start]);
            rebuilt.push_str(&output[written..row.replaced.end]);
            read = row.range.end;
            written = row.replaced.end;
        }
        rebuilt.push_str(&text[read..]);
        prop_assert_eq!(rebuilt, output);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn no_text_is_too_broken(text in any::<String>(), field in any::<String>()) {
        static EVERYTHING: LazyLock<Detector> = LazyLock::new(|| Detector::new(&Selection::everything()).unwrap());
        let mut last = 0;
        for found in EVERYTHING.detect_field(&field, &text) {
            prop_assert!(found.range.start >= last && found.range.end > found.range.start);
            prop_assert!(text.get(found.range.clone()).is_some());
            prop_assert!((0.0..=1.0).contains(&found.confidence));
            last = found.range.end;
        }
        for action in ["redact", "drop", "hash", "tokenise", "mask"] {
            let _ = prepared(true, action).apply_field(&field, &text);
        }
        let _ = reverse(&text, &key(7));
    }
}
