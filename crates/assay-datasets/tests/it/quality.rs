//! Findings about cases: expectations, faults, near duplicates within and between versions.

use std::collections::BTreeSet;

use assay_core::{Case, Digest};
use assay_datasets::duplicates::{Search, find};
use assay_datasets::quality::{self, Checker, Expectations, Severity};
use assay_metrics::near_duplicates::{Unit, duplicates};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::library::Bench;

fn case(id: &str, question: &str, expected: Value, language: &str) -> Case {
    let mut case = Case { id: id.into(), weight: 1.0, ..Case::default() };
    case.inputs.insert("question".into(), json!(question));
    case.expected = Some(expected).filter(|expected| !expected.is_null());
    case.metadata.insert("language".into(), json!(language));
    case
}

fn findings(expectations: Value, cases: &[Case]) -> Vec<String> {
    let expectations: Expectations = serde_json::from_value(expectations).unwrap();
    let mut checker = Checker::new(&expectations).unwrap();
    cases.iter().for_each(|case| checker.see(case).unwrap());
    let found = checker.findings(&mut |number| Ok(cases[number as usize - 1].id.clone())).unwrap();
    let line = |finding: quality::Finding| {
        let field = finding.field.unwrap_or_default();
        let cases = finding.cases.join(",");
        format!(
            "{} {} {field} {} [{cases}] {}",
            finding.severity.as_str(),
            finding.check,
            finding.count,
            finding.message
        )
    };
    found.into_iter().map(line).collect()
}

#[test]
fn each_expectation_names_its_field_and_cases() {
    let cases = [
        case("a", "What is the capital of the largest country of South America?", json!("Brasilia"), "en"),
        case("b", "Wie heißt die Hauptstadt des größten Landes in Südamerika, und seit wann?", json!(7), "de"),
        case("c", "hm", json!("Brasilia"), "en"),
        case("d", "hm", Value::Null, "xx"),
    ];
    let expectations = json!({
        "fields": {
            "inputs.question": {"type": "text", "length": {"min": 5}, "unique": true, "pattern": "\\?$", "language": ["eng"]},
            "expected": {"required": true, "type": "text", "one_of": ["Brasilia"]},
            "metadata.language": {"one_of": ["en", "de"]},
            "inputs": {"schema": {"type": "object", "required": ["question"], "properties": {"question": {"maxLength": 70}}}},
        },
        "cases": {"min": 10},
        "slices": {"language": {"min_cases": 2}, "topic": {"min_cases": 1}},
    });
    insta::assert_snapshot!(findings(expectations, &cases).join("\n"));
}

#[test]
fn faults_that_nobody_expects_are_found() {
    let mut cases: Vec<Case> =
        (0..100).map(|i| case(&i.to_string(), &format!("question {i}"), json!("yes"), "en")).collect();
    cases[3] = case("3", "  ", json!("no"), "en");
    cases[4] = case("4", "caf\u{fffd}", Value::Null, "fr");
    cases[5] = case("5", "question 5", json!(true), "en");
    insta::assert_snapshot!(findings(json!({}), &cases).join("\n"));
}

#[test]
fn a_broken_expectation_names_its_line() {
    let bench = Bench::new();
    for (text, expected) in [
        ("fields:\n  inputs.q: {patterns: x}\n", "expect.yaml:2: unknown key `patterns`"),
        ("fields:\n  inputs.q:\n    pattern: '['\n", "expect.yaml:3: no regular expression"),
        ("fields:\n  question: {required: true}\n", "expect.yaml:2: a case has no `question`"),
        ("fields:\n  inputs.q: {language: [xx]}\n", "expect.yaml:2: `xx` is not a language"),
        ("fields:\n  inputs.q: {schema: {type: 7}}\n", "expect.yaml:2: no JSON Schema"),
        ("fields: [\n", "expect.yaml:"),
    ] {
        let path = bench.write("expect.yaml", text);
        let error = quality::read(&path).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn results_of_great_expectations_are_read() {
    let bench = Bench::new();
    let result = json!({"success": false, "results": [
        {"success": true, "expectation_config": {"type": "expect_column_to_exist", "kwargs": {"column": "q"}}, "result": {}},
        {"success": false, "expectation_config": {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "q"}},
         "result": {"unexpected_count": 3, "partial_unexpected_list": [null]}, "exception_info": {"raised_exception": false}},
        {"success": false, "expectation_config": {"expectation_type": "expect_table_row_count_to_be_between", "kwargs": {}},
         "result": {"observed_value": 4}},
    ]});
    let path = bench.write("gx.json", &result.to_string());
    let found = quality::great_expectations(&path).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].field.as_deref(), found[0].count, found[0].severity), (Some("q"), 3, Severity::Error));
    assert_eq!(
        (found[1].check.as_str(), found[1].message.as_str()),
        ("expect_table_row_count_to_be_between", "observed 4")
    );
    for text in ["", "[]", "{\"results\": 7}", "{"] {
        assert!(quality::great_expectations(&bench.write("gx.json", text)).is_err(), "{text}");
    }
}

fn search(threshold: f64) -> Search {
    Search { threshold, unit: Unit::Characters, field: None }
}

#[test]
fn near_duplicates_within_and_between_versions() {
    let bench = Bench::new();
    let line = |id: &str, question: &str, expected: &str| {
        json!({"id": id, "question": question, "expected": expected}).to_string()
    };
    let eggs = "How many eggs does she sell at the farmers' market on every single day?";
    let mut lines: Vec<String> = (0..3_000u32)
        .map(|i| line(&format!("c{i}"), &Digest::of_bytes(&[i as u8, (i >> 8) as u8]).to_string(), "x"))
        .collect();
    lines.push(line("eggs", eggs, "9"));
    lines.push(line("again", &eggs.to_uppercase(), "8"));
    lines.push(line("nearly", &eggs.replace("sell", "still sell"), "9"));
    let version = bench.add("qa", &lines).record.unwrap().version;
    let found = find(&bench.library, version, None, &search(0.7)).unwrap();
    let pairs: Vec<(&str, &str, bool)> =
        found.pairs.iter().map(|(_, pair)| (pair.case.as_str(), pair.other.as_str(), pair.conflict)).collect();
    assert_eq!(pairs, [("eggs", "again", true), ("eggs", "nearly", false), ("again", "nearly", false)]);
    assert_eq!((found.surplus, found.groups), (vec![3_001, 3_002], 1));
    let other = bench.add("training", &[line("t", &format!("{eggs} Please."), "?"), line("u", "Other", "?")]);
    let found = find(&bench.library, version, Some(other.record.unwrap().version), &search(0.7)).unwrap();
    let hit: BTreeSet<&str> = found.pairs.iter().map(|(_, pair)| pair.case.as_str()).collect();
    assert!(hit.contains("eggs") && found.pairs.iter().all(|(_, pair)| pair.other == "t"), "{found:?}");
    assert_eq!(found.surplus[0], 3_000);
    assert!(find(&bench.library, version, None, &search(0.0)).is_err());
    assert!(find(&bench.library, version, None, &search(f64::NAN)).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// The groups are those of the search in memory, which compares every candidate.
    #[test]
    fn groups_are_those_of_the_search_in_memory(texts in proptest::collection::vec("(ab|cd|ef|gh){3,8}", 2..40)) {
        let bench = Bench::new();
        let lines: Vec<String> = texts
            .iter()
            .enumerate()
            .map(|(i, text)| json!({"id": format!("{i}"), "question": text}).to_string())
            .collect();
        let version = bench.add("qa", &lines).record.unwrap().version;
        let found = find(&bench.library, version, None, &search(0.8)).unwrap();
        let expected = duplicates(&texts, Unit::Characters, 0.8).unwrap();
        prop_assert_eq!(found.groups as usize, expected.clusters.len());
        let surplus: BTreeSet<u64> =
            expected.clusters.iter().flat_map(|group| group[1..].iter().map(|row| *row as u64)).collect();
        prop_assert_eq!(found.surplus.into_iter().collect::<BTreeSet<u64>>(), surplus);
    }

    #[test]
    fn no_case_makes_the_checker_panic(text in ".{0,80}", number in any::<f64>(), path in "[a-z.]{0,12}") {
        let expectations: Expectations = serde_json::from_value(json!({"fields": {
            "inputs.question": {"type": "integer", "length": {"max": 3}, "range": {"min": 0}, "unique": true, "language": ["eng"]},
        }})).unwrap();
        let mut checker = Checker::new(&expectations).unwrap();
        let odd = case("a", &text, json!(number), &text);
        checker.see(&odd).unwrap();
        checker.see(&odd).unwrap();
        let _ = quality::field(&odd, &path);
        let _ = checker.findings(&mut |_| Ok("a".into())).unwrap();
    }
}
