//! Files that the real tools wrote in this very test, read and compared with the tools' own numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use assay_core::{Case, ErrorKind, Outcome, Score, ScoreStatus};
use assay_datasets::DatasetDecl;
use assay_datasets::export::{Form, export};
use assay_datasets::tools::{Answer, Tool};
use serde_json::{Value, json};

use crate::{Kept, ask, lost, read_as};

fn values<'a>(answers: impl Iterator<Item = &'a Answer>, scorer: &str) -> Vec<f64> {
    answers.filter_map(|answer| score(answer, scorer).value).collect()
}

fn score<'a>(answer: &'a Answer, scorer: &str) -> &'a Score {
    answer.scores.iter().find(|score| score.scorer == scorer).unwrap_or_else(|| panic!("no `{scorer}` in {answer:?}"))
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The mean over cases of each case's mean over epochs, as Inspect reduces.
fn reduced(kept: &Kept, scorer: &str) -> f64 {
    let means: Vec<f64> = kept
        .cases
        .iter()
        .map(|case| mean(&values(kept.answers.iter().filter(|answer| answer.case_id == case.id), scorer)))
        .filter(|mean| !mean.is_nan())
        .collect();
    mean(&means)
}

#[test]
fn inspect_logs_whole_failed_and_crashed_give_inspects_own_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let Some(theirs) = ask("inspect_logs", folder.path()) else { return };
    let mut digests = Vec::new();
    for form in ["eval", "json"] {
        let (kept, report) = read_as(Tool::Inspect, Path::new(theirs["paths"][form].as_str().unwrap()));
        assert_eq!((report.cases, report.answers, report.tool_version.as_deref()), (3, 6, Some("0.3.285")));
        let metrics = &theirs[form]["metrics"];
        for (ours, theirs) in [
            ("match", &metrics["match"]["accuracy"]),
            ("length", &metrics["length"]["mean"]),
            ("two/a", &metrics["a"]["mean"]),
            ("two/b", &metrics["b"]["mean"]),
        ] {
            let ours = reduced(&kept, ours);
            assert!((ours - theirs.as_f64().unwrap()).abs() < 1e-12, "{ours} {theirs}");
        }
        for sample in theirs[form]["samples"].as_array().unwrap() {
            let (id, epoch) = (sample[0].as_str().unwrap(), sample[1].as_u64().unwrap() as u32 - 1);
            let answer = kept.answer(id, "mockllm/model", epoch);
            let output = answer.outcome.output().unwrap();
            assert_eq!(output.value, sample[2]);
            // Longer than 100 characters: stored as an attachment.
            assert_eq!(kept.case(id).inputs["input"], sample[3]);
            let length = score(answer, "length");
            assert_eq!(length.rationale.as_deref(), sample[5].as_str());
            if sample[4]["length"] == "nan" {
                assert_eq!((length.status, length.reason.as_deref()), (ScoreStatus::Unscored, Some("recorded as NaN")));
            }
            assert_eq!((output.usage.input_tokens, output.usage.output_tokens), (Some(11), Some(3)));
            assert!(answer.started_us.is_some() && answer.latency_us.is_some());
        }
        let case = kept.case("7");
        assert_eq!(case.expected, Some(json!(["Paris", "paris"])));
        assert_eq!(kept.case("c").inputs["choices"], json!(["x", "y"]));
        assert_eq!(kept.case("a").metadata["lang"], "en");
        digests.push(kept.cases.iter().map(|case| (case.id.clone(), case.digest())).collect::<BTreeMap<_, _>>());
    }
    assert_eq!(digests[0], digests[1], "both forms hold the same cases");
    let (kept, _) = read_as(Tool::Inspect, Path::new(theirs["paths"]["failed"].as_str().unwrap()));
    let failed = &kept.answer("c", "mockllm/model", 0).outcome;
    assert!(matches!(failed, Outcome::Error { kind: ErrorKind::RateLimited, .. }), "{failed:?}");
    // A folder of logs: the cases of several tasks stand beside each other.
    let (kept, _) = read_as(Tool::Inspect, &folder.path().join("failed"));
    assert_eq!(kept.cases.len(), 3);
    crashed_log(&theirs, folder.path());
}

/// A log as a killed process leaves it gives what it has.
fn crashed_log(theirs: &Value, folder: &Path) {
    use std::io::{Read, Write};
    // No header, no summaries, one sample less.
    let whole = fs::File::open(theirs["paths"]["eval"].as_str().unwrap()).unwrap();
    let mut whole = zip::ZipArchive::new(whole).unwrap();
    let crashed = folder.join("crashed.eval");
    let mut zip = zip::ZipWriter::new(fs::File::create(&crashed).unwrap());
    let names: Vec<String> = whole.file_names().map(|name| name.unwrap().into_owned()).collect();
    for name in names
        .iter()
        .filter(|name| *name == "_journal/start.json" || name.starts_with("samples/") && !name.contains("c_epoch_2"))
    {
        let mut text = Vec::new();
        whole.by_name(name).unwrap().read_to_end(&mut text).unwrap();
        zip.start_file(name, zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Zstd))
            .unwrap();
        zip.write_all(&text).unwrap();
    }
    zip.finish().unwrap();
    let (kept, report) = read_as(Tool::Inspect, &crashed);
    assert_eq!((kept.cases.len(), kept.answers.len()), (3, 5));
    assert_eq!(lost(&report, "ended as `started`"), 1);
}

#[test]
fn deepeval_goldens_and_test_runs_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let Some(theirs) = ask("deepeval_files", folder.path()) else { return };
    for form in ["json", "jsonl", "csv"] {
        let (kept, report) = read_as(Tool::DeepEval, &folder.path().join(format!("goldens.{form}")));
        let case = kept.case("sum");
        assert_eq!((&case.inputs["input"], &case.expected), (&json!("1+1?"), &Some(json!("2"))), "{form}");
        let contexts: Vec<_> = case.contexts.iter().map(|context| context.text.as_deref().unwrap()).collect();
        assert_eq!(contexts, ["math book", "page 2"]);
        assert_eq!(case.metadata["expected_tools"], json!([{"name": "calc", "arguments": {"a": 1}}]), "{form}");
        assert_eq!(
            (&case.metadata["lang"], &case.metadata["tier"], &case.metadata["comments"]),
            (&json!("en"), &json!(1), &json!("c"))
        );
        let other = kept.case("2");
        assert_eq!(other.inputs["input"], "Capital?, \"quoted\"\nline");
        assert_eq!(other.recorded["output"]["output"], "Paris!");
        assert_eq!(other.recorded["output"]["contexts"], json!([{"text": "r2"}, {"text": "r3"}]));
        assert_eq!(other.metadata["col"], "v");
        assert!(report.lost.is_empty(), "{:?}", report.lost);
        let (kept, _) = read_as(Tool::DeepEval, &folder.path().join(format!("talks.{form}")));
        let case = &kept.cases[0];
        assert_eq!(case.inputs["turns"][1]["content"], "hello", "{form}");
        assert_eq!(
            (&case.inputs["scenario"], &case.expected),
            (&json!("user wants refund"), &Some(json!("refund given")))
        );
    }
    let (kept, report) = read_as(Tool::DeepEval, &folder.path().join(".deepeval/.latest_run_full.json"));
    assert_eq!(report.answers, 3);
    let ours: Vec<f64> = values(kept.answers.iter(), "Contains");
    assert_eq!(json!(ours), theirs[0]["scores"]);
    let broken = kept.answers.iter().find(|answer| score(answer, "Contains").value.is_none()).unwrap();
    assert_eq!(score(broken, "Contains").status, ScoreStatus::Error);
    assert!(score(broken, "Contains").reason.as_ref().unwrap().contains("judge down"));
    let first = &kept.answers[0];
    assert_eq!(first.target, "mock-1");
    assert_eq!(first.outcome.output().unwrap().tool_calls[0].name, "calc");
    assert_eq!(kept.answer("cap", "mock-1", 0).outcome.output().unwrap().text(), "Rome");
}

#[test]
fn lm_eval_samples_give_its_results() {
    let folder = tempfile::tempdir().unwrap();
    let Some(theirs) = ask("lm_eval_logs", folder.path()) else { return };
    let (kept, report) = read_as(Tool::LmEval, Path::new(theirs["folder"].as_str().unwrap()));
    assert_eq!((report.cases, report.answers), (6, 6));
    assert_eq!(report.tool_version.as_deref(), Some("0.4.13"));
    for (task, names) in [("demo_gen", &["exact_match,strict", "exact_match,digits"][..]), ("demo_mc", &["acc,none"])] {
        for name in names {
            let of_task = kept.answers.iter().filter(|answer| answer.case_id.starts_with(task));
            let ours = mean(&values(of_task, name));
            assert!((ours - theirs["results"][task][name].as_f64().unwrap()).abs() < 1e-12, "{task} {name}");
        }
    }
    let case = kept.case("demo_gen/0");
    assert_eq!((&case.inputs["prompt"], &case.expected), (&json!("Q: 1+1?\nA:"), &Some(json!("2"))));
    assert_eq!(case.inputs["doc"]["lang"], "en");
    let target = &kept.answers[0].target;
    assert_eq!(kept.answer("demo_gen/0", target, 0).outcome.output().unwrap().text(), "lol");
    // The likeliest continuation is the answer of a multiple choice.
    let said = kept.answer("demo_mc/0", target, 0).outcome.output().unwrap().text().into_owned();
    assert!([" 2", " 4", " lol"].contains(&said.as_str()), "{said}");
    // A task file that reads a local file is a dataset.
    let task = folder.path().join("demo_gen.yaml");
    let text = fs::read_to_string(&task).unwrap().replace(&format!("{}/", folder.path().display()), "");
    fs::write(&task, text).unwrap();
    let (kept, report) = read_as(Tool::LmEval, &task);
    assert_eq!((kept.cases.len(), &kept.cases[2].expected), (3, &Some(json!("lol"))));
    assert_eq!(report.suite.unwrap().scorers, [json!("equals")]);
}

#[test]
fn ragas_rows_are_read() {
    let folder = tempfile::tempdir().unwrap();
    if ask("ragas_rows", folder.path()).is_none() {
        return;
    }
    for name in ["single.jsonl", "single.csv"] {
        let (kept, _) = read_as(Tool::Ragas, &folder.path().join(name));
        let case = &kept.cases[0];
        assert_eq!((&case.inputs["user_input"], &case.expected), (&json!("Capital?"), &Some(json!("Paris"))), "{name}");
        assert_eq!(case.contexts[0].text.as_deref(), Some("Paris is"), "{name}");
        let want = json!([{"id": "d1", "text": "it's \"Paris\""}, {"id": "d2", "text": "b"}]);
        assert_eq!(case.recorded["output"]["contexts"], want, "{name}");
        assert_eq!(kept.cases[1].expected, Some(json!("y")));
    }
    for name in ["scored.csv", "scored.jsonl"] {
        let (kept, _) = read_as(Tool::Ragas, &folder.path().join(name));
        let answer = kept.answers.iter().find(|answer| answer.case_id == "1").unwrap();
        assert_eq!(score(answer, "faithfulness").value, Some(0.5), "{name}");
        assert_eq!(answer.outcome.output().unwrap().text(), "Paris");
    }
    let (kept, _) = read_as(Tool::Ragas, &folder.path().join("multi.jsonl"));
    let case = &kept.cases[0];
    assert_eq!(case.inputs["messages"].as_array().unwrap().len(), 3);
    assert_eq!(case.recorded["output"]["output"], "sunny");
    assert_eq!(case.metadata["reference_tool_calls"], json!([{"name": "w", "arguments": {"c": "P"}}]));
}

#[test]
fn pydantic_evals_datasets_are_read() {
    let folder = tempfile::tempdir().unwrap();
    if ask("pydantic_files", folder.path()).is_none() {
        return;
    }
    for form in ["yaml", "json"] {
        let (kept, report) = read_as(Tool::PydanticEvals, &folder.path().join(format!("d.{form}")));
        assert_eq!(kept.case("fr").inputs["q"], "France?");
        assert_eq!(kept.case("de").inputs["input"], "Germany?");
        assert_eq!(kept.case("de").expected, Some(json!({"city": "Berlin"})));
        let suite = report.suite.as_ref().unwrap();
        assert_eq!(suite.scorers, [json!("equals"), json!({"latency": {"max": 2.0}})]);
        assert_eq!(lost(&report, "an evaluator that Assay does not have"), 1);
        assert_eq!(lost(&report, "an evaluator of a single case"), 1);
        let text = suite.text("cases.jsonl");
        assay_suite::Suite::from_text(&text, Path::new("s.yaml"))
            .unwrap_or_else(|e| panic!("{text}\n{:?}", e.problems));
    }
}

#[test]
fn mlflow_records_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_) = ask("mlflow_records", folder.path()) else { return };
    for name in ["records.jsonl", "frame.jsonl"] {
        let (kept, _) = read_as(Tool::Mlflow, &folder.path().join(name));
        let case = kept.case("r1");
        assert_eq!((&case.inputs["question"], &case.expected), (&json!("France?"), &Some(json!("Paris"))), "{name}");
        assert_eq!(case.metadata["lang"], "en");
        assert_eq!(case.metadata["expectations"], json!({"guidelines": ["short"]}));
        assert_eq!(case.recorded["output"]["output"], "Paris!");
        assert_eq!(kept.case("r2").expected, Some(json!(["Berlin"])));
    }
}

#[test]
fn trec_runs_are_ranked_as_trec_eval_ranks_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut qrels = String::new();
    let mut run = String::new();
    let mut state = 7u64;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    for topic in 1..=20 {
        for document in 0..30 {
            if below(3) == 0 {
                qrels.push_str(&format!("{topic} 0 d{document} {}\n", below(3)));
            }
            // Few different scores: ties are the rule. Ranks are wrong on purpose.
            run.push_str(&format!("{topic} Q0 d{document} {} {}.5 tag\n", 31 - document, below(5)));
        }
    }
    fs::write(folder.path().join("qrels.txt"), qrels).unwrap();
    fs::write(folder.path().join("run.txt"), run).unwrap();
    let (kept, report) = read_as(Tool::TrecEval, folder.path());
    assert_eq!((report.cases, report.answers), (20, 20));
    let Some(theirs) = ask("trec", folder.path()) else { return };
    for answer in &kept.answers {
        let case = kept.case(&answer.case_id);
        let relevant: Vec<&str> =
            case.contexts.iter().filter(|context| context.score > Some(0.0)).map(|context| context.key()).collect();
        let ranked = answer.outcome.output().unwrap().contexts.as_ref().unwrap();
        let hits: Vec<usize> = (0..ranked.len()).filter(|i| relevant.contains(&ranked[*i].key())).collect();
        let reciprocal = hits.first().map_or(0.0, |first| 1.0 / (*first as f64 + 1.0));
        let recall = hits.iter().filter(|i| **i < 10).count() as f64 / relevant.len() as f64;
        let precision: f64 = hits.iter().enumerate().map(|(n, i)| (n + 1) as f64 / (*i + 1) as f64).sum();
        let of = |name: &str| theirs[&answer.case_id][name].as_f64().unwrap();
        for (ours, theirs) in
            [(reciprocal, of("recip_rank")), (recall, of("recall_10")), (precision / relevant.len() as f64, of("map"))]
        {
            assert!((ours - theirs).abs() < 1e-9, "{}: {ours} {theirs}", answer.case_id);
        }
    }
}

#[test]
fn tables_that_pandas_and_openpyxl_wrote_are_read() {
    let folder = tempfile::tempdir().unwrap();
    if ask("tables", folder.path()).is_none() {
        return;
    }
    let read = |name: &str| -> Vec<assay_core::Case> {
        let decl = DatasetDecl::read(&json!(name), "").unwrap();
        assay_datasets::open(&decl, folder.path(), None).unwrap().map(|case| case.unwrap().0).collect()
    };
    for name in ["t.xlsx", "t.feather", "t.arrows", "t.parquet"] {
        let cases = read(name);
        assert_eq!((cases[0].id.as_str(), &cases[0].expected), ("a", &Some(json!("2"))), "{name}");
        // pandas writes this text as a formula, which has no value before Excel has computed it.
        let formula = if name == "t.xlsx" { Value::Null } else { json!("=1+1") };
        assert_eq!(cases[0].inputs["question"], formula, "{name}");
        assert_eq!(cases[1].inputs["question"], "why?\nnew line", "{name}");
        assert_eq!((&cases[1].inputs["n"], &cases[1].inputs["ok"]), (&json!(2), &json!(false)), "{name}");
        assert_eq!(cases[1].expected, None, "{name}");
        if name != "t.xlsx" {
            assert_eq!(cases[0].inputs["tags"], json!(["u", "v"]), "{name}");
        }
    }
    assert_eq!(read("dates.xlsx")[0].inputs["when"], "2026-01-02T03:04:05");
}

#[test]
fn openai_evals_samples_and_registries_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("registry/evals")).unwrap();
    fs::create_dir_all(root.join("registry/data/capitals")).unwrap();
    let samples = "{\"input\": [{\"role\": \"system\", \"content\": \"Be short.\"}, {\"role\": \"user\", \"content\": \"France?\"}], \"ideal\": \"Paris\"}\n\
                   {\"input\": \"Peru?\", \"ideal\": [\"Lima\", \"lima\"], \"tier\": 1}\n";
    fs::write(root.join("registry/data/capitals/samples.jsonl"), samples).unwrap();
    fs::write(
        root.join("registry/evals/capitals.yaml"),
        "capitals:\n  id: capitals.dev.v0\n  description: Capitals\n  metrics: [accuracy]\n\
         capitals.dev.v0:\n  class: evals.elsuite.basic.match:Match\n  args:\n    samples_jsonl: capitals/samples.jsonl\n",
    )
    .unwrap();
    let (kept, report) = read_as(Tool::OpenaiEvals, &root.join("registry/evals/capitals.yaml"));
    assert_eq!(Value::Object(kept.cases[0].inputs.clone()), json!({"system": "Be short.", "prompt": "France?"}));
    assert_eq!((&kept.cases[1].expected, &kept.cases[1].metadata["tier"]), (&Some(json!(["Lima", "lima"])), &json!(1)));
    assert_eq!(report.suite.unwrap().scorers, [json!("starts-with")]);
}

/// `tests/data/openai-evals` was written by openai/evals itself (`make.py` there makes it again).
#[test]
fn openai_evals_logs_give_its_own_numbers() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/openai-evals");
    let (kept, report) = read_as(Tool::OpenaiEvals, &data.join("log.jsonl"));
    let text = fs::read_to_string(data.join("log.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let theirs = lines.iter().find_map(|line| line["final_report"]["accuracy"].as_f64()).unwrap();
    assert!((mean(&values(kept.answers.iter(), "match")) - theirs).abs() < 1e-12);
    assert_eq!((report.cases, report.answers), (3, 3));
    let answer = kept.answer("capitals.dev.1", "mock", 0);
    assert_eq!(answer.outcome.output().unwrap().text(), "lima, of course");
    assert!(answer.started_us > Some(1_700_000_000_000_000));
    // The log's cases are the samples' cases.
    let (samples, _) = read_as(Tool::OpenaiEvals, &data.join("samples.jsonl"));
    let digests = |kept: &Kept| kept.cases.iter().map(|case| case.digest().to_string()).collect::<BTreeSet<_>>();
    assert_eq!(digests(&kept), digests(&samples));
}

#[test]
fn conversations_and_batches_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let chat = folder.path().join("chat.jsonl");
    fs::write(
        &chat,
        "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":\"hello\"}]}\n\
         {\"messages\":[{\"role\":\"user\",\"content\":\"w?\"},{\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\":1}\"}}]}]}\n\
         {\"conversations\":[{\"from\":\"human\",\"value\":\"a\"},{\"from\":\"gpt\",\"value\":\"b\"},{\"from\":\"human\",\"value\":\"c\"}]}\n",
    )
    .unwrap();
    let (kept, _) = read_as(Tool::ChatJsonl, &chat);
    assert_eq!((&kept.cases[0].inputs["prompt"], &kept.cases[0].expected), (&json!("hi"), &Some(json!("hello"))));
    assert_eq!(kept.cases[1].expected, Some(json!({"tool_calls": [{"name": "f", "arguments": {"a": 1}}]})));
    assert_eq!((kept.cases[2].inputs["messages"].as_array().unwrap().len(), &kept.cases[2].expected), (3, &None));
    let batches = folder.path().join("batches");
    fs::create_dir(&batches).unwrap();
    let lines = |lines: &[Value]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    fs::write(
        batches.join("z_requests.jsonl"),
        lines(&[
            json!({"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": [{"role": "user", "content": "1+1"}]}}),
            json!({"custom_id": "b", "params": {"model": "claude", "max_tokens": 5, "system": "s", "messages": [{"role": "user", "content": "2+2"}]}}),
            json!({"custom_id": "c", "params": {"model": "claude", "max_tokens": 5, "messages": [{"role": "user", "content": "3+3"}]}}),
        ]),
    )
    .unwrap();
    fs::write(
        batches.join("a_results.jsonl"),
        lines(&[
            json!({"id": "x", "custom_id": "a", "response": {"status_code": 200, "body": {"model": "m-1", "choices": [{"finish_reason": "stop", "message": {"content": "2"}}], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}}, "error": null}),
            json!({"custom_id": "b", "result": {"type": "succeeded", "message": {"model": "claude-1", "stop_reason": "end_turn", "content": [{"type": "text", "text": "4"}], "usage": {"input_tokens": 5, "output_tokens": 2}}}}),
            json!({"custom_id": "c", "result": {"type": "errored", "error": {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}}}),
        ]),
    )
    .unwrap();
    let (kept, report) = read_as(Tool::BatchJsonl, &batches);
    assert_eq!((report.cases, report.answers), (3, 3));
    assert_eq!(kept.case("b").inputs["system"], "s");
    let first = kept.answer("a", "m-1", 0).outcome.output().unwrap();
    assert_eq!((first.text().into_owned(), first.usage.total()), ("2".to_owned(), 4));
    assert_eq!(kept.answer("b", "claude-1", 0).outcome.output().unwrap().text(), "4");
    let failed = &kept.answer("c", "batch", 0).outcome;
    assert!(matches!(failed, Outcome::Error { kind: ErrorKind::Server, .. }), "{failed:?}");
}

/// openai/evals runs the samples that we wrote with its own `Match`; its log is read again.
#[test]
fn openai_evals_runs_what_we_write_and_we_read_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let case = |id: &str, inputs: Value, expected: Value| {
        let inputs = inputs.as_object().unwrap().clone();
        Case { id: id.into(), inputs, expected: Some(expected), weight: 1.0, ..Case::default() }
    };
    let cases = [
        case("fr", json!({"system": "Be short.", "prompt": "France?"}), json!("Paris")),
        case("pe", json!({"prompt": "Peru?"}), json!(["Lima", "lima"])),
        case("es", json!({"prompt": "Spain,\n\"quoted\"?"}), json!("Madrid")),
    ];
    let path = folder.path().join("samples.jsonl");
    export(Form::Tool(Tool::OpenaiEvals), "n", &mut cases.iter().cloned().map(Ok), &path, false).unwrap();
    let Some(theirs) = ask("openai_evals_run", folder.path()) else { return };
    assert_eq!(theirs["ids"], json!(["fr", "pe", "es"]));
    let (kept, report) = read_as(Tool::OpenaiEvals, &folder.path().join("log.jsonl"));
    assert_eq!((report.cases, report.answers), (3, 3));
    assert_eq!(theirs["accuracy"].as_f64().map(|accuracy| (3.0 * accuracy).round()), Some(2.0));
    assert!((mean(&values(kept.answers.iter(), "match")) - theirs["accuracy"].as_f64().unwrap()).abs() < 1e-12);
    let digests = |cases: &[Case]| cases.iter().map(|case| case.digest().to_string()).collect::<BTreeSet<_>>();
    assert_eq!(digests(&kept.cases), digests(&cases));
}

/// HELM's classes of today write what is stored here.
#[test]
fn helm_writes_the_run_folder_that_is_stored() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/helm");
    let folder = tempfile::tempdir().unwrap();
    if ask("helm_folder", folder.path()).is_none() {
        return;
    }
    for name in ["run_spec.json", "scenario_state.json", "per_instance_stats.json"] {
        let read =
            |folder: &Path| -> Value { serde_json::from_str(&fs::read_to_string(folder.join(name)).unwrap()).unwrap() };
        assert_eq!(read(folder.path()), read(&data), "{name}");
    }
}

/// `tests/data/helm` was written with HELM's own classes (`make.py` there).
#[test]
fn helm_run_folders_are_read() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/helm");
    let (kept, report) = read_as(Tool::Helm, &data);
    assert_eq!((report.cases, report.answers), (3, 5));
    let case = kept.case("id1");
    assert_eq!((&case.inputs["input"], &case.expected), (&json!("Capital of France?"), &Some(json!("Paris"))));
    assert_eq!((&case.inputs["choices"], &case.metadata["run"]), (&json!(["Paris", "Rome"]), &json!("demo:subject=x")));
    assert_eq!(kept.case("id1/lowercase").cluster.as_deref(), Some("id1"), "a changed case belongs to its own");
    let of = |id: &str, epoch: u32| kept.answer(id, "mock/small", epoch);
    assert_eq!((score(of("id1", 0), "f1").value, score(of("id1", 1), "f1").value), (Some(1.0), Some(0.5)));
    assert_eq!(score(of("id1/lowercase", 0), "f1").value, Some(0.25));
    assert!(
        matches!(of("id2", 0).outcome, Outcome::Error { kind: ErrorKind::Timeout, .. })
            && of("id2", 0).scores.is_empty()
    );
    assert_eq!((of("id1", 0).latency_us, of("id1", 0).started_us), (Some(250_000), Some(1_767_323_045_000_000)));
    assert!(report.lost.is_empty(), "{:?}", report.lost);
}

/// Eight times the answers in nearly the same memory: only 16 bytes for each case and answer may stay.
#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_a_log() {
    use std::io::{BufWriter, Write};
    struct Counted(u64);
    impl assay_datasets::tools::Sink for Counted {
        fn case(&mut self, _: assay_core::Case, _: &assay_datasets::Place) -> Result<(), assay_datasets::DatasetError> {
            Ok(())
        }
        fn answer(&mut self, _: Answer) -> Result<(), assay_datasets::DatasetError> {
            self.0 += 1;
            Ok(())
        }
    }
    let peak = || {
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.json");
    let mut peaks = Vec::new();
    for samples in [1000u32, 8000] {
        let mut file = BufWriter::new(fs::File::create(&path).unwrap());
        write!(
            file,
            "{{\"version\":2,\"status\":\"success\",\"eval\":{{\"task\":\"t\",\"model\":\"m\"}},\"samples\":["
        )
        .unwrap();
        for i in 0..samples {
            let comma = if i > 0 { "," } else { "" };
            let text = "lorem ipsum ".repeat(100);
            write!(file, "{comma}{{\"id\":{i},\"epoch\":1,\"input\":\"{text}\",\"target\":\"x\",\"output\":{{\"completion\":\"{text}\"}},\"scores\":{{}}}}").unwrap();
        }
        write!(file, "]}}").unwrap();
        file.flush().unwrap();
        drop(file);
        let mut counted = Counted(0);
        assay_datasets::tools::import(&path, None, &mut counted).unwrap();
        assert_eq!(counted.0, u64::from(samples));
        peaks.push(peak());
    }
    println!("peak resident KiB at 1,000 and 8,000 samples: {peaks:?}");
    // The larger log is 20 MB.
    assert!(peaks[1] - peaks[0] < 4096, "{peaks:?}");
}
