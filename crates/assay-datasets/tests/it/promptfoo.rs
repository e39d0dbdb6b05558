//! promptfoo's files. `tests/data/promptfoo` was written by promptfoo itself (`make.sh` there makes it again).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use assay_core::{Case, Outcome};
use assay_datasets::export::{Form, export};
use assay_datasets::tools::{Tool, import};
use serde_json::{Value, json};

use crate::{Kept, lost, read_as};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/promptfoo").join(name)
}

#[test]
fn a_config_becomes_cases_and_a_suite() {
    let (kept, report) = read_as(Tool::Promptfoo, &data("promptfooconfig.yaml"));
    // France twice, for two languages; Spain and Italy, Peru from files.
    let countries: Vec<_> = kept.cases.iter().map(|case| case.inputs["country"].as_str().unwrap()).collect();
    assert_eq!(countries, ["France", "France", "Germany", "Spain", "Italy", "Peru", "Nowhere"]);
    let first = &kept.cases[0];
    assert_eq!((&first.expected, &first.inputs["language"]), (&Some(json!("Paris")), &json!("English")));
    assert_eq!(first.metadata["assert_icontains"], "France", "a value with a variable is filled in");
    assert_eq!((&first.metadata["suite"], &first.metadata["description"]), (&json!("geo"), &json!("France")));
    let italy = &kept.cases[4];
    assert_eq!(italy.metadata["assert_capital_contains_any"], json!(["Rome", "Roma"]));
    assert_eq!(
        (&italy.metadata["tags"], &italy.metadata["promptfoo"]["threshold"]),
        (&json!(["a", "b,c"]), &json!(0.5))
    );
    assert_eq!(kept.places[4].file, data("tests.csv"));
    assert_eq!((kept.places[4].line, kept.places[0].line), (Some(2), Some(16)));
    assert_eq!(lost(&report, "an assertion that is no scorer"), 2, "javascript and the regex of one test");
    let suite = report.suite.unwrap();
    assert_eq!(suite.prompts.len(), 2);
    let text = suite.text("cases.jsonl");
    let (suite, _) = assay_suite::Suite::from_text(&text, Path::new("assay.yaml"))
        .unwrap_or_else(|error| panic!("{text}\n{:?}", error.problems));
    let scorers: Vec<&str> = suite.scorers.iter().map(|part| part.name.as_str()).collect();
    let want = [
        "latency",
        "exact",
        "icontains",
        "not-contains",
        "equals",
        "capital",
        "capital-2",
        "contains-any",
        "starts-with",
    ];
    assert_eq!(scorers, want, "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn results_give_promptfoos_own_numbers() {
    let stats: Value = serde_json::from_str(&fs::read_to_string(data("results.json")).unwrap()).unwrap();
    let (stats, prompts) = (&stats["results"]["stats"], &stats["results"]["prompts"]);
    let mut digests = Vec::new();
    for name in ["results.json", "results.jsonl"] {
        let (kept, report) = read_as(Tool::Promptfoo, &data(name));
        assert_eq!((report.cases, report.answers), (7, 28), "{name}");
        let mut targets: Vec<&str> = kept.answers.iter().map(|answer| answer.target.as_str()).collect();
        targets.sort_unstable();
        targets.dedup();
        assert_eq!(targets, ["echo #1", "echo #2", "mock #1", "mock #2"]);
        let label = |answer: &assay_datasets::tools::Answer| {
            answer.scores.iter().find(|score| score.scorer == "score").and_then(|score| score.label.clone())
        };
        let count = |want: &str| kept.answers.iter().filter(|answer| label(answer).as_deref() == Some(want)).count();
        let errors = kept.answers.iter().filter(|answer| matches!(answer.outcome, Outcome::Error { .. })).count();
        assert_eq!(
            json!([count("pass"), count("fail"), errors]),
            json!([stats["successes"], stats["failures"], stats["errors"]])
        );
        // Each prompt's sum of scores, and its count of assertions that held.
        for (target, prompt) in ["mock #1", "mock #2", "echo #1", "echo #2"].iter().zip(prompts.as_array().unwrap()) {
            let of = |scorer: &str| -> f64 {
                let all =
                    kept.answers.iter().filter(|answer| answer.target == *target).flat_map(|answer| &answer.scores);
                all.filter(|score| score.scorer == scorer).filter_map(|score| score.value).sum()
            };
            assert!((of("score") - prompt["metrics"]["score"].as_f64().unwrap()).abs() < 1e-9, "{target}");
            let tokens: u64 = kept
                .answers
                .iter()
                .filter(|answer| answer.target == *target)
                .filter_map(|answer| answer.outcome.output())
                .map(|output| output.usage.total())
                .sum();
            assert_eq!(json!(tokens), prompt["metrics"]["tokenUsage"]["total"], "{target}");
        }
        digests
            .push(kept.cases.iter().map(|case| case.digest().to_string()).collect::<std::collections::BTreeSet<_>>());
    }
    assert_eq!(digests[0], digests[1]);
    // The config's cases are the results' cases: a run of either pairs with the other.
    let (config, _) = read_as(Tool::Promptfoo, &data("promptfooconfig.yaml"));
    let config: std::collections::BTreeSet<_> = config.cases.iter().map(|case| case.digest().to_string()).collect();
    assert_eq!(config, digests[0]);
}

#[test]
fn results_of_version_two_and_grader_failures_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("v2.json");
    let result = |output: Value, error: Value, grading: Value| {
        json!({"provider": {"id": "openai:gpt"}, "prompt": {"raw": "Hi Bob", "display": "Hi {{name}}"}, "vars": {"name": "Bob"},
               "response": {"output": output}, "error": error, "success": false, "score": 0, "latencyMs": 12,
               "namedScores": {}, "gradingResult": grading})
    };
    let grading = json!({"pass": false, "score": 0, "reason": "x", "componentResults": [
        {"pass": false, "score": 0, "reason": "no key", "assertion": {"type": "llm-rubric", "value": "polite"}, "metadata": {"graderError": true}},
        {"pass": true, "score": 0.75, "reason": "ok", "assertion": {"type": "similar", "value": "hello"}}]});
    let document = json!({"version": 2, "createdAt": "2024-01-01", "config": {}, "results": {"version": 2, "results": [
        result(json!("hello"), Value::Null, grading), result(Value::Null, json!("API error: 503"), Value::Null)],
        "stats": {}, "table": {"head": {"prompts": [], "vars": []}, "body": []}}});
    fs::write(&path, document.to_string()).unwrap();
    let (kept, _) = read_as(Tool::Promptfoo, &path);
    assert_eq!((kept.cases.len(), kept.answers.len()), (1, 2));
    let first = kept.answer(&kept.cases[0].id, "openai:gpt", 0);
    let status: Vec<_> = first.scores.iter().map(|score| (score.scorer.as_str(), score.status.as_str())).collect();
    assert_eq!(status, [("score", "scored"), ("llm-rubric", "error"), ("similar", "scored")]);
    let second = kept.answer(&kept.cases[0].id, "openai:gpt", 1);
    assert!(matches!(second.outcome, Outcome::Error { .. }) && second.scores.is_empty());
}

#[test]
fn configs_that_lead_elsewhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("project");
    fs::create_dir(&root).unwrap();
    fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    let config = root.join("promptfooconfig.yaml");
    let absolute = folder.path().join("secret.txt").display().to_string();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path().join("secret.txt"), root.join("link.txt")).unwrap();
    for reference in ["../secret.txt", absolute.as_str(), "a/../../secret.txt", "link.txt", "missing.txt"] {
        fs::write(&config, format!("prompts: [hi]\ntests:\n  - vars:\n      a: \"file://{reference}\"\n")).unwrap();
        let error = import(&config, None, &mut Kept::default()).unwrap_err();
        assert!(error.to_string().contains("promptfooconfig.yaml:3"), "{error}");
        assert!(
            error.to_string().contains("leads out of the folder") || error.to_string().contains("does not exist"),
            "{error}"
        );
        assert!(error.help.is_some());
    }
    // Lists of values multiply.
    let many = vec!["x"; 200].join(", ");
    let vars: String = ["a", "b", "c"].map(|name| format!("      {name}: [{many}]\n")).concat();
    fs::write(&config, format!("prompts: [hi]\ntests:\n  - vars:\n{vars}")).unwrap();
    let error = import(&config, None, &mut Kept::default()).unwrap_err();
    assert!(error.to_string().contains("more than 1,000,000 cases"), "{error}");
}

#[test]
fn scenarios_merge_keys_and_defaults_are_put_together() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("promptfooconfig.yaml");
    fs::write(
        &config,
        "prompts:\n  - '[{\"role\": \"system\", \"content\": \"Be short\"}, {\"role\": \"user\", \"content\": \"{{q}}\"}]'\n\
         providers:\n  - {id: 'openai:chat:gpt-x', config: {temperature: 0}}\n  - python:app.py\n\
         defaultTest:\n  vars: {lang: en}\n  assert:\n    - {type: llm-rubric, value: polite, provider: 'openai:gpt-judge'}\n\
         x-base: &base {metadata: {tier: 1}}\n\
         scenarios:\n  - config:\n      - vars: {q: a}\n      - vars: {q: b}\n    tests:\n      - <<: *base\n        vars: {r: 1}\n        assert: [{type: equals, value: '{{q}}{{r}}'}]\n",
    )
    .unwrap();
    let (kept, report) = read_as(Tool::Promptfoo, &config);
    assert_eq!(kept.cases.len(), 2);
    assert_eq!(Value::Object(kept.cases[1].inputs.clone()), json!({"lang": "en", "q": "b", "r": 1}));
    assert_eq!((&kept.cases[1].expected, &kept.cases[1].metadata["tier"]), (&Some(json!("b1")), &json!(1)));
    assert_eq!(lost(&report, "a provider that is no target"), 1);
    let suite = report.suite.unwrap();
    assert_eq!(suite.targets[0]["messages"][1]["content"], "{{q}}");
    assert_eq!(suite.scorers[0]["judge"], json!({"model": {"openai": "gpt-judge"}, "rubric": "polite"}));
}

/// promptfoo runs the tests that we wrote, with its `echo` provider and without a network; what it writes about them is
/// read again.
#[test]
fn promptfoo_runs_what_we_write_and_we_read_what_it_says() {
    let Ok(promptfoo) = std::env::var("ASSAY_PROMPTFOO") else {
        println!("skipped: ASSAY_PROMPTFOO is not set (see tests/oracle/README.md)");
        return;
    };
    let case = |id: &str, inputs: Value, expected: Value| {
        let inputs = inputs.as_object().unwrap().clone();
        Case { id: id.into(), inputs, expected: Some(expected), weight: 1.0, ..Case::default() }
    };
    let mut rich = case("rich", json!({"input": "Paris", "tags": ["a", "b"], "n": 3}), json!(["Rome", "Paris"]));
    rich.metadata = json!({"language": "fr", "deep": {"a": [1, 2]}}).as_object().unwrap().clone();
    (rich.cluster, rich.weight, rich.critical) = (Some("capitals".into()), 2.5, true);
    let mut recorded = case("recorded", json!({"input": "1+1?"}), json!("2"));
    recorded.recorded = json!({"output": "2"}).as_object().unwrap().clone();
    let cases = [rich, case("wrong", json!({"input": "line\nbreak, \"quoted\" é"}), json!("something else")), recorded];
    let passes = [true, false, true];
    for ending in ["yaml", "jsonl", "json"] {
        let folder = tempfile::tempdir().unwrap();
        let written = folder.path().join(format!("tests.{ending}"));
        export(Form::Tool(Tool::Promptfoo), "n", &mut cases.iter().cloned().map(Ok), &written, false).unwrap();
        let config = format!("prompts: ['{{{{input}}}}']\nproviders: [echo]\ntests: file://tests.{ending}\n");
        fs::write(folder.path().join("promptfooconfig.yaml"), config).unwrap();
        let output = Command::new(&promptfoo)
            .args(["eval", "--no-progress-bar", "--no-table", "--no-cache", "--no-write", "--no-share"])
            .args(["-o", "results.json"])
            .current_dir(folder.path())
            .env("HOME", folder.path())
            .env("PROMPTFOO_CONFIG_DIR", folder.path().join("home"))
            .env("PROMPTFOO_DISABLE_TELEMETRY", "1")
            .env("PROMPTFOO_DISABLE_UPDATE", "1")
            .env("PROMPTFOO_DISABLE_REMOTE_GENERATION", "1")
            .output()
            .expect("promptfoo starts");
        // 100: a test failed, as one does.
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(100), "{ending}: {said}");
        let (kept, report) = read_as(Tool::Promptfoo, &folder.path().join("results.json"));
        assert_eq!((report.cases, report.answers), (3, 3), "{ending}");
        for (want, passes) in cases.iter().zip(passes) {
            let back = kept.case(&want.id);
            assert_eq!(back.digest(), want.digest(), "{ending}: {back:?}");
            assert_eq!(
                (&back.cluster, back.weight, back.critical),
                (&want.cluster, want.weight, want.critical),
                "{ending}"
            );
            assert_eq!(back.metadata.get("deep"), want.metadata.get("deep"), "{ending}");
            let answer = kept.answer(&want.id, "echo", 0);
            let score = answer.scores.iter().find(|score| score.scorer == "score").unwrap();
            assert_eq!(score.label.as_deref(), Some(if passes { "pass" } else { "fail" }), "{ending} {}", want.id);
        }
        assert_eq!(kept.answer("recorded", "echo", 0).outcome.output().unwrap().text(), "2", "{ending}");
    }
}
