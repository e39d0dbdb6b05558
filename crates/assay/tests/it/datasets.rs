//! Datasets as a user keeps them: added, pinned by a suite, divided, sealed, checked, exported, imported from other tools.

use serde_json::{Value, json};

use crate::support::{Folder, Said};

pub fn rows(count: u64) -> String {
    let row = |i: u64| {
        let language = if i.is_multiple_of(10) { "de" } else { "en" };
        json!({"id": format!("c{i}"), "question": format!("What is {i} and {i}?"), "expected": (2 * i).to_string(),
               "metadata": {"language": language}})
        .to_string()
    };
    (0..count).map(row).collect::<Vec<_>>().join("\n")
}

pub fn fine(said: Said) -> String {
    assert_eq!(said.code, 0, "{said:?}");
    said.out
}

pub fn suite(folder: &Folder, dataset: &str) {
    folder.write(
        "assay.yaml",
        format!(
            "suite: sums\ndataset: {dataset}\ntarget: {{echo: \"{{{{ question }}}}\"}}\nscorers: [equals]\ngate:\n  rules: [{{scorer: equals, max: 0.5}}]\n"
        ),
    );
}

#[test]
fn a_suite_pins_a_version_and_a_run_says_which() {
    let folder = Folder::new();
    folder.write("a.jsonl", rows(100));
    let said = fine(folder.assay(&["dataset", "add", "sums", "a.jsonl", "--tag", "approved", "-m", "first"]));
    assert!(said.starts_with("sums@1 ") && said.contains("100 cases"), "{said}");
    folder.write("b.jsonl", rows(120).replace("What is 7 and 7?", "What is 7 plus 7?"));
    fine(folder.assay(&["dataset", "add", "sums", "b.jsonl"]));
    let said = fine(folder.assay(&["dataset", "diff", "sums", "--cases", "1"]));
    assert!(said.contains("inputs.question: \"What is 7 and 7?\" → \"What is 7 plus 7?\""), "{said}");
    assert!(said.contains("20 added, 0 removed, 1 changed, 0 renamed, 99 the same"), "{said}");
    suite(&folder, "{dataset: sums@approved}");
    fine(folder.assay(&["run", "--quiet"]));
    let record: Value = serde_json::from_str(&fine(folder.assay(&["show", "--json"]))).unwrap();
    let used = &record["run"]["datasets"][0];
    assert_eq!((used["source"].as_str(), used["cases"].as_u64()), (Some("sums@approved"), Some(100)));
    let versions = fine(folder.assay(&["dataset", "list", "sums", "--json"]));
    let first: Value = serde_json::from_str(versions.lines().next().unwrap()).unwrap();
    assert_eq!(first["version"]["version"], used["version"], "a run names the version as the library does");
    // The same file, read as it is, is the same version.
    suite(&folder, "a.jsonl");
    fine(folder.assay(&["run", "--quiet"]));
    let record: Value = serde_json::from_str(&fine(folder.assay(&["show", "--json"]))).unwrap();
    assert_eq!(record["run"]["datasets"][0]["version"], used["version"]);
    suite(&folder, "{dataset: sums@later}");
    let said = folder.assay(&["validate"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("assay.yaml:2:1: error: the dataset `sums` has no version `later`"), "{}", said.err);
}

#[test]
fn a_revoked_case_is_not_used_and_its_runs_stay() {
    let folder = Folder::new();
    folder.write("a.jsonl", rows(20));
    fine(folder.assay(&["dataset", "add", "sums", "a.jsonl"]));
    suite(&folder, "{dataset: sums}");
    fine(folder.assay(&["run", "--quiet"]));
    fine(folder.assay(&["dataset", "revoke", "sums", "c3", "--reason", "consent withdrawn"]));
    fine(folder.assay(&["run", "--quiet"]));
    let counts: Vec<Value> = folder.query("SELECT count(*) AS n FROM trials GROUP BY run_id ORDER BY n");
    assert_eq!(counts, [json!({"n": 19}), json!({"n": 20})]);
    let said = fine(folder.assay(&["dataset", "log", "sums"]));
    assert!(said.contains("case c3 revoked: consent withdrawn"), "{said}");
    fine(folder.assay(&["dataset", "revoke", "sums", "c4", "--reason", "consent withdrawn"]));
    let said = folder.assay(&["resume", "--retry-errors"]);
    assert!(said.code == 2 && said.err.contains("case `c4` of `sums` was revoked since this run began"), "{said:?}");
    fine(folder.assay(&["dataset", "synth", "sums", "--rules", "upper-case"]));
    let waiting = fine(folder.assay(&["dataset", "show", "sums.quarantine", "--cases", "100", "--json"]));
    assert!(waiting.lines().count() == 18 && !waiting.contains("\"of\":\"c3\""), "{waiting}");
    fine(folder.assay(&["dataset", "set", "sums", "--retain-until", "2020-01-01", "--owner", "ann"]));
    for arguments in [&["run"][..], &["dataset", "show", "sums"], &["dataset", "export", "sums", "-o", "x.csv"]] {
        let said = folder.assay(arguments);
        assert!(said.code == 2 && said.err.contains("may be used until 2020-01-01 only"), "{said:?}");
    }
}

#[test]
fn a_sealed_part_allows_few_looks_and_shows_no_case() {
    let folder = Folder::new();
    folder.write("a.jsonl", rows(200));
    fine(folder.assay(&["dataset", "add", "sums", "a.jsonl"]));
    fine(folder.assay(&["dataset", "split", "sums", "dev=0.5,holdout=0.5", "--seal", "holdout", "--looks", "2"]));
    suite(&folder, "{dataset: sums, split: holdout}");
    for look in 0..2 {
        let said = fine(folder.assay(&["run"]));
        assert!(said.contains("97.5% interval"), "look {look}: {said}");
    }
    let report = fine(folder.assay(&["report", "--format", "markdown"]));
    assert!(!report.contains("What is"), "{report}");
    let said = folder.assay(&["run"]);
    assert!(said.code == 2 && said.err.contains("was looked at 2 times, which is all it allows"), "{said:?}");
    assert!(folder.query("SELECT case_id FROM trials LIMIT 1").is_empty(), "rows of a sealed part are hidden");
    let said =
        folder.assay(&["query", "SELECT case_id FROM trials LIMIT 1", "--format", "jsonl", "--reason", "a test"]);
    let row: Value = serde_json::from_str(fine(said).trim()).unwrap();
    let case = row["case_id"].as_str().unwrap().to_owned();
    for arguments in [
        &["show", "latest", &case][..],
        &["export"],
        &["dataset", "show", "sums", &case],
        &["dataset", "show", "sums", "--split", "holdout"],
        &["dataset", "export", "sums", "--split", "holdout", "-o", "out.jsonl"],
    ] {
        let said = folder.assay(arguments);
        assert!(said.code == 2 && said.err.contains("is sealed") && said.out.is_empty(), "{arguments:?}: {said:?}");
    }
    fine(folder.assay(&["show", "latest", &case, "--reason", "a user complained"]));
    let log = fine(folder.assay(&["dataset", "log", "sums"]));
    assert_eq!(log.matches("looked at holdout").count(), 2, "{log}");
    assert!(log.contains("sealed cases of holdout of") && log.contains("a user complained"), "{log}");
    // The open part is used and exported without them.
    let said = fine(folder.assay(&["dataset", "export", "sums", "-o", "open.csv"]));
    assert!(said.contains("left out: "), "{said}");
    let said = folder.assay(&["dataset", "split", "sums", "all=1"]);
    assert!(said.code == 2 && said.err.contains("would move sealed cases into the open"), "{said:?}");
}

#[test]
fn what_is_wrong_with_cases_is_found_and_gaps_are_listed() {
    let folder = Folder::new();
    let mut text = rows(50);
    text.push_str("\n{\"id\": \"twin\", \"question\": \"What is 40 and 40?\", \"expected\": \"81\", \"metadata\": {\"language\": \"en\"}}\n");
    folder.write("a.jsonl", &text);
    folder.write("expect.yaml", "fields:\n  expected: {pattern: '^[0-9]+$'}\nslices:\n  language: {min_cases: 10}\n");
    folder.write("map.yaml", "min: 10\nkeys:\n  language: {en: {}, de: {production: 0.5}, fr: {}}\n");
    fine(folder.assay(&["dataset", "add", "sums", "a.jsonl"]));
    let said = folder.assay(&["dataset", "check", "sums", "--expect", "expect.yaml"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("conflict (1): the same inputs with another expected output"), "{}", said.out);
    assert!(said.out.contains("`de` has 5 cases, fewer than 10"), "{}", said.out);
    let said = fine(folder.assay(&["dataset", "dedupe", "sums", "--threshold", "1", "--write"]));
    assert!(said.contains("1 of 51 cases repeat others") && said.contains("sums@2 "), "{said}");
    let said = fine(folder.assay(&["dataset", "lineage", "sums"]));
    assert!(said.contains("selected") && said.contains("  sums@1"), "{said}");
    suite(&folder, "{dataset: sums}");
    fine(folder.assay(&["run", "--quiet"]));
    let said = fine(folder.assay(&["dataset", "coverage", "sums", "--taxonomy", "map.yaml"]));
    assert!(said.contains("fr") && said.contains("last equals of echo"), "{said}");
    let said = fine(folder.assay(&["dataset", "gaps", "sums", "--taxonomy", "map.yaml", "--format", "csv"]));
    assert!(
        said.contains("language,de,5,10,0.5,10,fewer than 10\n")
            && said.contains("language,fr,0,10,,10,no case at all\n"),
        "{said}"
    );
}

#[test]
fn an_import_becomes_a_version_and_a_run_that_is_compared_and_scored_again() {
    let folder = Folder::new();
    // DeepEval's test run, by its documented shape.
    let case = |i: u64, good: bool| {
        json!({"name": format!("t{i}"), "input": format!("What is {i} and {i}?"), "expectedOutput": (2 * i).to_string(),
               "actualOutput": if good { (2 * i).to_string() } else { "no idea".into() }, "success": good,
               "metricsData": [{"name": "Exact Match", "threshold": 1.0, "success": good,
                                "score": f64::from(u8::from(good)), "reason": "r"}]})
    };
    let run = |share: u64| {
        let cases: Vec<Value> = (0..60).map(|i| case(i, i % 6 < share)).collect();
        json!({"testCases": cases, "conversationalTestCases": [], "metricsScores": [], "hyperparameters": {"model": "m"}})
            .to_string()
    };
    folder.write("one.json", run(3));
    folder.write("two.json", run(5));
    let said = fine(folder.assay(&["dataset", "import", "qa", "one.json", "--from", "deepeval", "--json"]));
    let first: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((first["version"]["cases"].as_u64(), first["answers"].as_u64()), (Some(60), Some(60)));
    let said = fine(folder.assay(&["dataset", "import", "qa", "two.json", "--json"]));
    let second: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(second["new"], false, "the cases are the same ones");
    let (one, two) = (first["run"].as_str().unwrap(), second["run"].as_str().unwrap());
    let said = fine(folder.assay(&["compare", two, one]));
    assert!(said.contains("+33.3 pts"), "{said}");
    let target = folder.query(&format!("SELECT target FROM trials WHERE run_id = '{one}' LIMIT 1"));
    let target = target[0]["target"].as_str().unwrap();
    folder.write(
        "again.yaml",
        format!("suite: qa\ndataset: {{dataset: qa}}\ntargets: [{{name: {target:?}, echo: unused}}]\nscorers: [equals, {{similarity: {{}}}}]\n"),
    );
    let said = fine(folder.assay(&["run", "again.yaml", "--rescore", one]));
    assert!(said.contains("50.0%"), "{said}");
    // What may not be used is not in the run, and is said.
    let shown = fine(folder.assay(&["dataset", "show", "qa", "--json", "--cases", "1"]));
    let id = serde_json::from_str::<Value>(shown.trim()).unwrap()["id"].as_str().unwrap().to_owned();
    fine(folder.assay(&["dataset", "revoke", "qa", &id, "--reason", "test"]));
    let said = fine(folder.assay(&["dataset", "import", "qa", "one.json"]));
    assert!(said.contains("59 answers") && said.contains("not in the run: 1 answers to revoked"), "{said}");
}

#[test]
fn a_confidential_dataset_goes_to_no_server_that_its_owner_did_not_name() {
    let folder = Folder::new();
    folder.write("a.jsonl", rows(5));
    fine(folder.assay(&["dataset", "add", "sums", "a.jsonl"]));
    folder.write(
        "assay.yaml",
        "suite: sums\ndataset: {dataset: sums}\ntarget:\n  openai: m\n  base_url: https://models.example/v1\n  prompt: \"{{ question }}\"\nscorers: [equals]\n",
    );
    fine(folder.assay(&["validate"]));
    fine(folder.assay(&["dataset", "set", "sums", "--sensitivity", "confidential"]));
    let said = folder.assay(&["validate"]);
    assert_eq!(said.code, 2, "{said:?}");
    let expected = "assay.yaml:5:3: error: `models.example` may not receive the dataset `sums`, which is confidential";
    assert!(said.err.contains(expected), "{}", said.err);
    fine(folder.assay(&["dataset", "set", "sums", "--hosts", "models.example"]));
    fine(folder.assay(&["validate"]));
    // What a program or a function does with a case nobody knows: they must be named, too.
    folder.write("f.py", "def f(**_):\n    return 1\n");
    for (kind, target, scorers) in [
        ("command", "{command: [cat]}", "[equals]"),
        ("python", "{python: f.py:f}", "[equals]"),
        ("command", "{echo: x}", "[{command: [cat]}]"),
        ("python", "{echo: x}", "[{python: f.py:f}]"),
    ] {
        folder.write(
            "assay.yaml",
            format!("suite: s\ndataset: {{dataset: sums}}\ntarget: {target}\nscorers: {scorers}\n"),
        );
        fine(folder.assay(&["dataset", "set", "sums", "--hosts", "models.example"]));
        let said = folder.assay(&["validate"]);
        let expected = format!("`{kind}` may not receive the dataset `sums`, which is confidential");
        assert!(said.code == 2 && said.err.contains(&expected), "{said:?}");
        assert!(said.err.contains(&format!("--hosts models.example,{kind}`")), "{said:?}");
        fine(folder.assay(&["dataset", "set", "sums", "--hosts", &format!("models.example,{kind}")]));
        fine(folder.assay(&["validate"]));
    }
}

#[test]
fn personal_data_is_taken_out_with_an_audit_that_holds_none() {
    let folder = Folder::new();
    folder.write("a.jsonl", "{\"id\": \"a\", \"q\": \"write to mary@example.com\", \"expected\": \"ok\"}\n{\"id\": \"b\", \"q\": \"nothing here\"}\n");
    fine(folder.assay(&["dataset", "add", "qa", "a.jsonl"]));
    let said = fine(folder.assay(&["dataset", "redact", "qa", "--preview"]));
    assert!(said.contains("write to <EMAIL>") && said.contains("nothing was written"), "{said}");
    folder.write("policy.yaml", "kinds: {EMAIL: tokenise}\n");
    let said = folder.assay(&["dataset", "redact", "qa", "--policy", "policy.yaml"]);
    assert!(said.code == 2 && said.err.contains("policy.yaml") && said.err.contains("needs a key"), "{said:?}");
    let mut command = folder.command(&["dataset", "redact", "qa", "--policy", "policy.yaml", "--json"]);
    let key = "00112233445566778899aabbccddeeff102132435465768798a9bacbdcedfe0f";
    let said = fine(Said::new(command.env("ASSAY_PRIVACY_KEY", key).output().unwrap()));
    let version: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(version["version"]["lineage"]["how"], "redacted");
    let shown = fine(folder.assay(&["dataset", "show", "qa", "--json"]));
    assert!(shown.contains("write to tok_EMAIL_") && !shown.contains("mary"), "{shown}");
    let audits: Vec<_> = std::fs::read_dir(folder.path().join(".assay/datasets/audits")).unwrap().flatten().collect();
    assert_eq!(audits.len(), 1);
}

#[test]
fn variants_wait_in_quarantine_until_somebody_accepts_them() {
    let folder = Folder::new();
    folder.write("a.jsonl", rows(30));
    fine(folder.assay(&["dataset", "add", "sums", "a.jsonl"]));
    let said = fine(folder.assay(&["dataset", "synth", "sums", "--rules", "upper-case,polite", "--seed", "3"]));
    assert!(said.contains("sums.quarantine@1") && said.contains("30 new variants, 30 cases wait"), "{said}");
    suite(&folder, "{dataset: sums.quarantine}");
    let said = folder.assay(&["validate"]);
    assert!(said.code == 2 && said.err.contains("were accepted by nobody yet"), "{said:?}");
    let ids: Vec<String> = fine(folder.assay(&["dataset", "show", "sums.quarantine", "--json", "--cases", "2"]))
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    let said = fine(folder.assay(&["dataset", "accept", "sums", &ids[0], &ids[1]]));
    assert!(said.contains("sums@2 ") && said.contains("32 cases, 2 of them new"), "{said}");
    // A case and its variant are one cluster.
    let shown = fine(folder.assay(&["dataset", "show", "sums", &ids[0], "--json"]));
    let variant: Value = serde_json::from_str(&shown).unwrap();
    let of = variant["metadata"]["variant"]["of"].as_str().unwrap();
    let original: Value =
        serde_json::from_str(&fine(folder.assay(&["dataset", "show", "sums", of, "--json"]))).unwrap();
    assert_eq!(original["cluster"], variant["cluster"]);
    let again = fine(folder.assay(&["dataset", "synth", "sums@1", "--rules", "upper-case,polite", "--seed", "3"]));
    assert!(again.contains("nothing changed"), "the same seed gives the same variants: {again}");
    let said = folder.assay(&["dataset", "synth", "sums", "--rules", "upper-cases"]);
    assert!(said.code == 2 && said.err.contains("did you mean `upper-case`?"), "{said:?}");
}
