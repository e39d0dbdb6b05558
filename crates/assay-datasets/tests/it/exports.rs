//! What we write: read back as it was, and read by the tools that it is for.

use std::fs;
use std::path::Path;

use assay_core::{Case, Passage};
use assay_datasets::DatasetDecl;
use assay_datasets::export::{Form, export};
use assay_datasets::tools::{Report, Tool};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Kept, ask, lost, read_as};

fn case(id: &str, input: Value, expected: Value) -> Case {
    let Value::Object(inputs) = input else { panic!("inputs are an object") };
    Case { id: id.into(), inputs, expected: (!expected.is_null()).then_some(expected), weight: 1.0, ..Case::default() }
}

fn full() -> Case {
    let mut full = case("full", json!({"input": "1+1?", "n": 3}), json!({"sum": 2}));
    full.contexts = vec![
        Passage { id: Some("d1".into()), text: Some("one and one".into()), score: Some(2.0) },
        Passage { id: Some("d2".into()), text: None, score: Some(0.0) },
    ];
    full.metadata = json!({"lang": "de", "deep": {"a": [1, null]}}).as_object().unwrap().clone();
    full.cluster = Some("c".into());
    full.weight = 2.5;
    full.critical = true;
    full.recorded = json!({"output": {"output": "2", "contexts": [{"id": "d1"}]}}).as_object().unwrap().clone();
    full
}

fn cases() -> Vec<Case> {
    vec![
        full(),
        case("plain", json!({"input": "Capital?"}), json!("Paris")),
        case("any", json!({"input": "x"}), json!(["a", "b"])),
    ]
}

fn write(form: &str, cases: &[Case], path: &Path) -> Report {
    let form: Form = form.parse().unwrap();
    export(form, "Capital cities", &mut cases.iter().cloned().map(Ok), path, false)
        .unwrap_or_else(|e| panic!("{form}: {e}"))
}

fn read(path: &Path) -> Vec<Case> {
    let decl = DatasetDecl::read(&json!(path.file_name().unwrap().to_str()), "").unwrap();
    assay_datasets::open(&decl, path.parent().unwrap(), None).unwrap().map(|case| case.unwrap().0).collect()
}

#[test]
fn json_yaml_and_jsonl_read_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    for form in ["jsonl", "json", "yaml"] {
        let path = folder.path().join(format!("out.{form}"));
        let report = write(form, &cases(), &path);
        assert_eq!((report.cases, report.lost), (3, vec![]), "{form}");
        assert_eq!(read(&path), cases(), "{form}");
    }
}

#[test]
fn tables_read_back_but_for_what_the_report_says() {
    let folder = tempfile::tempdir().unwrap();
    for form in ["csv", "tsv", "parquet", "arrow", "xlsx"] {
        let path = folder.path().join(format!("out.{form}"));
        let report = write(form, &cases(), &path);
        let back = read(&path);
        for (back, want) in back.iter().zip(&cases()) {
            assert_eq!(
                (&back.id, &back.contexts, &back.metadata, &back.recorded),
                (&want.id, &want.contexts, &want.metadata, &want.recorded),
                "{form}"
            );
            assert_eq!(
                (&back.cluster, back.weight, back.critical),
                (&want.cluster, want.weight, want.critical),
                "{form}"
            );
            assert_eq!(back.inputs["input"], want.inputs["input"]);
        }
        // An object and a list among texts stand as JSON.
        assert_eq!(lost(&report, "stands as JSON text"), 2, "{form}: {:?}", report.lost);
        assert_eq!(back[0].expected, Some(json!("{\"sum\":2}")));
        assert_eq!(back[1].expected, Some(json!("Paris")));
    }
}

#[test]
fn names_that_mean_something_else_keep_their_meaning() {
    let folder = tempfile::tempdir().unwrap();
    let cases = [case("a", json!({"target": "x", "label": 1, "=cmd()": true, "metadata": "m"}), json!("y"))];
    for form in ["csv", "parquet", "xlsx", "jsonl"] {
        let path = folder.path().join(format!("out.{form}"));
        write(form, &cases, &path);
        assert_eq!(read(&path), cases, "{form}");
    }
}

#[test]
fn a_spreadsheet_runs_nothing_of_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    let evil = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "＝1", "-5", "+1e3", "a=b"];
    let cases: Vec<Case> =
        evil.iter().enumerate().map(|(i, text)| case(&i.to_string(), json!({"input": text}), json!("x"))).collect();
    let path = folder.path().join("out.csv");
    let report = write("csv", &cases, &path);
    assert_eq!(lost(&report, "spreadsheet would run"), 7);
    for row in assay_datasets::rows(&path).unwrap() {
        let text = row.unwrap().0["input"].as_str().unwrap().to_owned();
        assert!(
            !text.starts_with(['=', '@', '\t', '\r', '＝'])
                && (!text.starts_with(['+', '-']) || text.parse::<f64>().is_ok()),
            "{text}"
        );
    }
    let path = folder.path().join("out.xlsx");
    write("xlsx", &cases, &path);
    let back = read(&path);
    assert_eq!(back.iter().map(|case| case.inputs["input"].as_str().unwrap()).collect::<Vec<_>>(), evil);
}

#[test]
fn nothing_is_overwritten_unasked_and_a_failure_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    write("jsonl", &cases(), &path);
    let before = fs::read(&path).unwrap();
    let error = export("jsonl".parse().unwrap(), "n", &mut cases().into_iter().map(Ok), &path, false).unwrap_err();
    assert!(error.to_string().contains("there already"));
    let broken = assay_datasets::rows(Path::new("missing.jsonl")).err().unwrap();
    let mut failing = cases().into_iter().map(Ok).chain(std::iter::once(Err(broken)));
    export("jsonl".parse().unwrap(), "n", &mut failing, &path, true).unwrap_err();
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    export("jsonl".parse().unwrap(), "n", &mut cases().into_iter().take(1).map(Ok), &path, true).unwrap();
    assert_eq!(read(&path).len(), 1);
    assert!("parquett".parse::<Form>().unwrap_err().contains("did you mean `parquet`"));
    let text = export(
        "promptfoo".parse().unwrap(),
        "n",
        &mut cases().into_iter().map(Ok),
        &folder.path().join("x.csv"),
        false,
    );
    assert!(text.unwrap_err().help.unwrap().contains("yaml"));
}

#[test]
fn datasets_of_tools_read_back_as_the_same_cases() {
    let folder = tempfile::tempdir().unwrap();
    for (form, tool, ending) in [
        ("promptfoo", Tool::Promptfoo, "yaml"),
        ("promptfoo", Tool::Promptfoo, "jsonl"),
        ("inspect", Tool::Inspect, "jsonl"),
        ("deepeval", Tool::DeepEval, "json"),
        ("openai-evals", Tool::OpenaiEvals, "jsonl"),
        ("pydantic-evals", Tool::PydanticEvals, "yaml"),
        ("pydantic-evals", Tool::PydanticEvals, "json"),
    ] {
        let path = folder.path().join(format!("{form}.{ending}"));
        write(form, &cases(), &path);
        let (kept, _) = read_as(tool, &path);
        for (back, want) in kept.cases.iter().zip(&cases()) {
            assert_eq!(back.id, want.id, "{form}");
            assert_eq!(back.digest(), want.digest(), "{form}: {back:?}");
            assert_eq!(
                (&back.cluster, back.weight, back.critical),
                (&want.cluster, want.weight, want.critical),
                "{form}"
            );
            assert_eq!(back.metadata.get("lang"), want.metadata.get("lang"), "{form}");
            assert_eq!(back.recorded.is_empty(), want.recorded.is_empty(), "{form}");
        }
    }
}

#[test]
fn promptfoo_tests_go_there_and_back() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/promptfoo/promptfooconfig.yaml");
    let (kept, _) = read_as(Tool::Promptfoo, &config);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tests.yaml");
    write("promptfoo", &kept.cases, &path);
    let (back, _) = read_as(Tool::Promptfoo, &path);
    let digests = |kept: &Kept| kept.cases.iter().map(Case::digest).collect::<Vec<_>>();
    assert_eq!(digests(&back), digests(&kept));
    assert_eq!(back.cases[4].metadata, kept.cases[4].metadata);
}

#[test]
fn the_tools_load_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    for (form, name) in [
        ("inspect", "inspect.jsonl"),
        ("deepeval", "goldens.json"),
        ("deepeval", "goldens.jsonl"),
        ("ragas", "ragas.jsonl"),
        ("pydantic-evals", "pydantic.yaml"),
        ("pydantic-evals", "pydantic.json"),
    ] {
        write(form, &cases(), &folder.path().join(name));
    }
    let Some(theirs) = ask("reads_datasets", folder.path()) else { return };
    assert_eq!(theirs["inspect"][1], json!(["plain", "Capital?", "Paris", null]));
    assert_eq!(theirs["inspect"][2][2], json!(["a", "b"]));
    for goldens in theirs["deepeval"].as_array().unwrap() {
        assert_eq!(goldens[1], json!(["Capital?", "Paris", null, null, null, "plain", []]));
        assert_eq!((&goldens[0][2], &goldens[0][3]), (&json!(["one and one", "d2"]), &json!("2")));
    }
    assert_eq!(theirs["ragas"][1], json!(["Capital?", "Paris", null, null, null]));
    for rows in theirs["pydantic"].as_array().unwrap() {
        assert_eq!(rows[1], json!(["plain", {"input": "Capital?"}, "Paris", null]));
        assert_eq!(rows[0][2], json!({"sum": 2}));
    }
}

#[test]
fn pandas_pyarrow_and_pyyaml_load_what_we_write() {
    let folder = tempfile::tempdir().unwrap();
    for form in ["csv", "parquet", "xlsx", "arrow", "jsonl", "json", "yaml"] {
        write(form, &cases(), &folder.path().join(format!("out.{form}")));
    }
    let Some(theirs) = ask("reads_tables", folder.path()) else { return };
    for (name, rows) in theirs.as_object().unwrap() {
        assert_eq!((&rows[1]["id"], &rows[1]["expected"]), (&json!("plain"), &json!("Paris")), "{name}");
        let weight = if name.ends_with("xlsx") { rows[0]["weight"].as_f64() } else { Some(2.5) };
        assert_eq!(weight, Some(2.5), "{name}");
    }
    assert_eq!(theirs["out.yaml"][0]["metadata"], json!({"lang": "de", "deep": {"a": [1, null]}}));
}

#[test]
fn mlcroissant_accepts_the_description() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("croissant");
    write("croissant", &cases()[1..], &out);
    let Some(theirs) = ask("croissant", &out) else { return };
    assert_eq!(theirs["errors"], json!([]));
    assert_eq!((&theirs["records"][0]["id"], &theirs["records"][0]["expected"]), (&json!("plain"), &json!("Paris")));
    let report = export(Form::Croissant, "n", &mut cases().into_iter().map(Ok), &out, true).unwrap();
    assert_eq!(lost(&report, "stands as JSON text"), 2);
    let mut want = cases();
    for case in &mut want {
        case.expected =
            case.expected.take().map(|value| json!(value.as_str().map_or_else(|| value.to_string(), str::to_owned)));
    }
    assert_eq!(read(&out.join("cases.jsonl")), want);
}

#[test]
fn qrels_and_conversations_say_what_they_lose() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("qrels.txt");
    let report = write("trec-eval", &cases(), &path);
    assert_eq!(fs::read_to_string(&path).unwrap(), "full 0 d1 2\nfull 0 d2 0\n");
    assert_eq!(lost(&report, "without reference contexts"), 2);
    let path = folder.path().join("chat.jsonl");
    let report = write("chat-jsonl", &cases()[1..], &path);
    let (kept, _) = read_as(Tool::ChatJsonl, &path);
    assert_eq!((&kept.cases[0].inputs["prompt"], &kept.cases[0].expected), (&json!("Capital?"), &Some(json!("Paris"))));
    assert_eq!(lost(&report, "further expected outputs"), 1);
    let spaced = [case("a b", json!({"input": "x"}), Value::Null)];
    let error =
        export("trec-eval".parse().unwrap(), "n", &mut spaced.into_iter().map(Ok), &folder.path().join("q"), false);
    assert!(error.unwrap_err().to_string().contains("white space"));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-1_000_000i64..1_000_000).prop_map(Value::from),
        "[ -~\n\té😀]{0,12}".prop_map(Value::from)
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z=]{1,6}", inner, 1..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_case_reads_back_from_lines(inputs in prop::collection::btree_map("[a-z=_]{1,8}", values(), 1..4), expected in values()) {
        let case = case("a", Value::Object(inputs.into_iter().collect()), expected);
        let folder = tempfile::tempdir().unwrap();
        for form in ["jsonl", "json", "yaml"] {
            let path = folder.path().join(format!("out.{form}"));
            write(form, std::slice::from_ref(&case), &path);
            prop_assert_eq!(&read(&path)[0], &case, "{}", form);
        }
        for form in ["csv", "tsv", "parquet", "arrow", "xlsx", "promptfoo", "inspect", "deepeval", "openai-evals", "pydantic-evals", "ragas", "mlflow", "chat-jsonl", "croissant"] {
            // Whatever stands in a case can be written.
            write(form, std::slice::from_ref(&case), &folder.path().join(format!("tool-{form}")));
        }
    }
}
