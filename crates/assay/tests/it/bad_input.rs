//! Whatever users get wrong: a clear message, the documented exit code, nothing lost.

use crate::support::Folder;

const CASES: &str = "{\"id\": \"a\", \"question\": \"x\", \"expected\": \"y\"}\n";

fn fault(suite: &str) -> String {
    let folder = Folder::new();
    folder.write("cases.jsonl", CASES);
    folder.write("assay.yaml", suite);
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 2, "{suite}\n{said:?}");
    assert!(folder.assay(&["runs"]).out.contains("no runs yet"), "a faulty suite must not start a run");
    said.err
}

fn suite(target: &str, scorers: &str) -> String {
    format!("suite: s\ndataset: cases.jsonl\ntarget: {target}\nscorers: {scorers}\n")
}

#[test]
fn faults_are_found_before_any_call() {
    let cases = [
        (
            suite("{echo: \"{{ questoin }}\"}", "[equals]"),
            "assay.yaml:3:10: error: the template reads `questoin`, which no case has (help: did you mean `question`?)",
        ),
        (suite("{echo: \"{{ expected }}\"}", "[equals]"), "a target never sees what is expected"),
        (suite("{ecko: x}", "[equals]"), "there is no kind of target `ecko` (help: did you mean `echo`?)"),
        (suite("{echo: x}", "[equls]"), "there is no scorer `equls` (help: did you mean `equals`?)"),
        (suite("{echo: x}", "[{contains: {valu: x}}]"), "unknown key `valu` (help: did you mean `value`?)"),
        (suite("{echo: x}", "[{regex: \"(\"}]"), "not a regular expression"),
        (suite("{echo: x}", "[retrieval]"), "`retrieval` needs reference contexts"),
        (suite("{recorded: answer}", "[equals]"), "no case has a recorded output `answer`"),
        (suite("{openai: m, tempature: 1}", "[equals]"), "unknown key `tempature` (help: did you mean `temperature`?)"),
        (suite("{python: \"missing.py:f\"}", "[equals]"), "there is no file"),
        (suite("{http: \"ftp://x\"}", "[equals]"), "not an HTTP URL"),
        (
            suite("{echo: x}", "[equals]").replace("cases.jsonl", "case.jsonl"),
            "there is no such file (help: did you mean `cases.jsonl`?)",
        ),
        (suite("{echo: x}", "[equals]") + "slices: [langauge]\n", "no case has the metadata key `langauge`"),
        (suite("{echo: x}", "[equals]") + "gate: {rules: [{scorer: equal, min: 1}]}\n", "there is no scorer `equal`"),
    ];
    for (text, want) in cases {
        let said = fault(&text);
        assert!(said.contains(want), "{text}\nwant: {want}\ngot: {said}");
    }
}

#[test]
fn a_fault_deep_in_the_data_leaves_no_half_run() {
    let folder = Folder::new();
    let mut text: String =
        (0..500).map(|i| format!("{{\"id\": \"c{i}\", \"question\": \"x\", \"expected\": \"y\"}}\n")).collect();
    folder.write("assay.yaml", suite("{echo: x}", "[equals]"));
    folder.write("cases.jsonl", format!("{text}{{\"id\": \"c7\", \"question\": \"x\"}}\n"));
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 2);
    assert!(
        said.err.contains("case id `c7` occurs twice")
            && said.err.contains("cases.jsonl:8")
            && said.err.contains("cases.jsonl:501"),
        "{}",
        said.err
    );
    text.push_str("{broken\n");
    folder.write("cases.jsonl", text);
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("cases.jsonl:501: broken JSON"), "{}", said.err);
    assert!(folder.assay(&["runs"]).out.contains("no runs yet"));
}

#[test]
fn a_scorer_that_crashes_is_an_error_not_a_low_score() {
    let folder = Folder::new();
    folder.write("cases.jsonl", "{\"id\": \"a\", \"question\": \"x\"}\n{\"id\": \"b\", \"question\": \"y\"}\n");
    folder.write("s.py", "import os\ndef raises(output):\n    if output == 'x': raise ValueError('boom')\n    return True\ndef dies(output):\n    if output == 'x': os._exit(3)\n    return {'score': 1, 'reason': 'fine'}\ndef odd(output):\n    return None if output == 'x' else 7\n");
    folder.write("assay.yaml", suite("{echo: \"{{ question }}\"}", "[{python: \"s.py:raises\", name: raises}, {python: \"s.py:dies\", name: dies}, {python: \"s.py:odd\", name: odd}]"));
    let said = folder.assay(&["run", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let rows = folder.query("SELECT case_id, scorer, status, value, reason FROM scores ORDER BY scorer, case_id");
    let of =
        |scorer: &str, case: &str| rows.iter().find(|r| r["scorer"] == scorer && r["case_id"] == case).unwrap().clone();
    assert_eq!(of("raises", "a")["status"], "error");
    assert!(of("raises", "a")["reason"].as_str().unwrap().contains("boom"));
    assert_eq!(of("dies", "a")["status"], "error");
    assert_eq!((of("raises", "b")["value"].clone(), of("dies", "b")["value"].clone()), (1.0.into(), 1.0.into()));
    assert_eq!(of("odd", "a")["status"], "unscored");
    assert!(of("odd", "b")["reason"].as_str().unwrap().contains("outside its range"));
}

#[test]
fn no_key_is_found_before_the_run_starts() {
    let folder = Folder::new();
    folder.write("cases.jsonl", CASES);
    folder.write("assay.yaml", suite("{openai: gpt-4o}", "[equals]"));
    let said = folder.assay(&["run"]);
    assert_eq!(said.code, 4);
    assert!(said.err.contains("OPENAI_API_KEY"), "{}", said.err);
}

#[test]
fn what_does_not_exist_is_said_with_what_does() {
    let folder = Folder::new();
    for arguments in [&["show", "deadbeef"][..], &["compare", "latest"], &["gate"], &["run", "nothing.yaml"]] {
        assert_eq!(folder.assay(arguments).code, 2, "{arguments:?}");
    }
}
