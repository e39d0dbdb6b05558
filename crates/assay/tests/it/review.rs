//! A whole program: create, rate through a pipe, adjudicate, report, labels; and a kill in the middle of it.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Folder, Said};

const RUBRIC: &str = "
rubric: answers
instructions: Read the question, then the answer.
criteria:
  - {name: correct, kind: yes_no, question: Is every fact right?}
  - {name: helpful, kind: ordinal, scale: {1: useless, 2: partly, 3: fully}}
  - {name: wrong, kind: spans}
  - {name: remarks, kind: comment}
quiz:
  pass: 1.0
  items:
    - {inputs: '1 + 1?', output: '2', answers: {correct: yes}}
";

/// A run of `n` answers, and a rubric.
fn program(n: usize) -> Folder {
    let folder = Folder::new();
    let cases: String = (0..n)
        .map(|i| {
            let language = if i % 2 == 0 { "en" } else { "de" };
            format!(
                "{{\"id\": \"c{i}\", \"question\": \"q{i}\", \"expected\": \"x\", \"metadata\": {{\"language\": \"{language}\"}}, \
                 \"output\": \"answer {i} \\u001b[31mred\\u202e\\nsecond line\"}}\n"
            )
        })
        .collect();
    folder.write("cases.jsonl", cases);
    folder.write("assay.yaml", "suite: s\ndataset: cases.jsonl\ntarget: {recorded: output}\nscorers: [equals]\n");
    folder.write("answers.rubric.yaml", RUBRIC);
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    folder
}

fn created(folder: &Folder, extra: &[&str]) {
    let mut arguments = vec!["review", "create", "p", "--rubric", "answers.rubric.yaml", "--run", "latest"];
    arguments.extend(["--raters", "2", "--raters-per-item", "2", "--overlap", "1"]);
    arguments.extend(extra);
    let said = folder.assay(&arguments);
    assert_eq!(said.code, 0, "{said:?}");
}

/// Rates through a pipe.
fn rate(folder: &Folder, rater: &str, keys: &str, extra: &[&str]) -> Said {
    let mut arguments = vec!["review", "rate", "p", "--rater", rater];
    arguments.extend(extra);
    let mut child =
        folder.command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Whoever has nothing to rate does not read.
    let _ = child.stdin.take().unwrap().write_all(keys.as_bytes());
    Said::new(child.wait_with_output().unwrap())
}

fn json(said: &Said) -> Value {
    assert_eq!(said.code, 0, "{said:?}");
    serde_json::from_str(&said.out).unwrap()
}

#[test]
fn from_a_run_to_labels() {
    let folder = program(12);
    created(&folder, &["--count", "6", "--stratify", "language"]);
    let first = rate(&folder, "ann", "yes\ny\n3\n\n\nn\nmaybe\n2\nsecond line\n\na remark\nq\n", &[]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.out.contains("1 of 1 right") && first.out.contains("2 rated; go on"), "{}", first.out);
    assert!(first.out.contains("`maybe` is no answer"), "{}", first.out);
    // Nothing of an answer reaches the terminal but its text.
    assert!(!first.out.contains('\u{1b}') && !first.out.contains('\u{202e}') && first.out.contains("second line"));
    // One step back takes the last item back, and it is answered otherwise; then all that is left.
    let second = rate(&folder, "ann", &format!("u\n{}", "y\n3\n\n\n".repeat(5)), &[]);
    assert!(second.out.contains("is taken back") && second.out.contains("no item is left"), "{}", second.out);
    let bob = format!("y\n{}f\nunclear\n{}", "y\n3\n\n\n".repeat(4), "n\n1\n\n\n".repeat(2));
    let bob = rate(&folder, "bob", &bob, &[]);
    assert!(bob.out.contains("flagged") && bob.out.contains("6 rated now"), "{}", bob.out);
    let list = folder.assay(&["review", "adjudicate", "p", "--list", "--json"]);
    let open = json(&list);
    let correct: Vec<&Value> = open.as_array().unwrap().iter().filter(|one| one["criterion"] == "correct").collect();
    assert_eq!(correct.len(), 2, "{open:#}");
    let mut arguments = vec!["review", "labels", "p", "--out", "labels.jsonl"];
    let labels = folder.assay(&arguments);
    assert!(labels.out.contains("10 labels") && labels.out.contains("2 questions have none"), "{labels:?}");
    let item = correct[0]["item"].as_str().unwrap();
    let settle =
        ["review", "adjudicate", "p", "--item", &item[..12], "--criterion", "correct", "--value", "no", "--by", "lead"];
    assert_eq!(folder.assay(&settle).code, 0);
    arguments.push("--each");
    assert_eq!(folder.assay(&arguments).code, 0);
    let lines: Vec<assay_core::Label> = std::fs::read_to_string(folder.path().join("labels.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 11 + 24);
    assert!(lines.iter().all(|label| label.chance == Some(0.5) && label.item.is_some()));
    let settled = lines.iter().find(|label| label.item.unwrap().to_string() == item && label.rater.is_none()).unwrap();
    assert_eq!(settled.label, Value::Bool(false));
    let report = json(&folder.assay(&["review", "report", "p", "--json"]));
    assert_eq!(report["progress"]["accepted"], 12);
    assert_eq!(report["criteria"][0]["agreement"], 4.0 / 6.0);
    assert_eq!(report["settled"], 1);
    let text = folder.assay(&["review", "report", "p"]);
    assert!(
        text.out.contains("2 raters: the figures are about these raters only")
            && text.out.contains("revise the rubric"),
        "{}",
        text.out
    );
    let shown = folder.assay(&["review", "show", "p", &item[..10]]);
    assert!(shown.out.contains("lead settled correct: no"), "{}", shown.out);
}

#[test]
fn wrong_words_get_clear_answers() {
    let folder = program(4);
    let code = |arguments: &[&str], part: &str| {
        let said = folder.assay(arguments);
        assert!(said.err.contains(part) || said.out.contains(part), "{said:?}");
        said.code
    };
    assert_eq!(code(&["review", "show", "p"], "there is no project `p`"), 2);
    folder.write("bad.rubric.yaml", RUBRIC.replace("kind: yes_no", "kind: yesno"));
    let bad = ["review", "create", "p", "--rubric", "bad.rubric.yaml", "--run", "latest"];
    assert_eq!(code(&bad, "bad.rubric.yaml:5:21"), 2);
    let four =
        ["review", "create", "p", "--rubric", "answers.rubric.yaml", "--run", "latest", "--raters-per-item", "4"];
    assert_eq!(code(&four, "cannot have 4 raters of 3"), 2);
    let unsure = ["review", "create", "p", "--rubric", "answers.rubric.yaml", "--run", "latest", "--unsure", "judge"];
    assert_eq!(code(&unsure, "has no scorer `judge` (it has: equals)"), 2);
    created(&folder, &["--pay", "1", "--budget", "0.5"]);
    assert_eq!(code(&["review", "create", "p", "--rubric", "answers.rubric.yaml", "--run", "latest"], "already"), 2);
    assert_eq!(code(&["review", "labels", "p"], "no item has a label yet"), 5);
    folder.write("ratings.csv", "item,rater,correct,helpful\nc0,ann,yes,3\nc9,ann,yes,3\nc1,ann,perhaps,3\n");
    let import = ["review", "import", "p", "ratings.csv"];
    assert_eq!(code(&import, "ratings.csv:3: project `p` has no item `c9`"), 2);
    assert_eq!(code(&import, "ratings.csv:4: `perhaps` is no answer to `correct`: yes or no"), 2);
    let broke = rate(&folder, "ann", "y\n", &[]);
    assert!(broke.code == 6 && broke.out.contains("the budget is used up"), "{broke:?}");
    let schema = json(&folder.assay(&["schema", "rubric"]));
    let value = serde_json::json!({"rubric": "a", "criteria": [{"name": "b", "kind": "yes_no"}]});
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&value));
}

#[test]
fn killed_in_the_middle_nothing_that_was_kept_is_lost() {
    let folder = program(30);
    created(&folder, &[]);
    let mut child = folder
        .command(&["review", "rate", "p", "--rater", "ann"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    // Seven items, and half of the eighth.
    keys.write_all(format!("y\n{}y\n", "y\n3\n\n\n".repeat(7)).as_bytes()).unwrap();
    let mut told = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("kept (7 now)") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut told, &mut line).unwrap() > 0, "it ended early");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(keys);
    let report = json(&folder.assay(&["review", "report", "p", "--json"]));
    assert_eq!(report["progress"]["accepted"], 7);
    let rest = rate(&folder, "ann", &"y\n3\n\n\n".repeat(23), &[]);
    assert!(rest.out.contains("23 rated now"), "{}", rest.out);
    let report = json(&folder.assay(&["review", "report", "p", "--json"]));
    assert_eq!((&report["progress"]["accepted"], &report["work"]["rated"]), (&Value::from(30), &Value::from(30)));
}

#[test]
fn three_targets_in_pairs_are_ranked_by_raters_as_from_a_table() {
    let folder = Folder::new();
    let cases: String = (0..12)
        .map(|i| {
            let outputs: String =
                ["v1", "v2", "v3"].iter().map(|v| format!("\"{v}\": \"{v} says {i}\",")).collect::<String>();
            format!(
                "{{\"id\": \"c{i}\", \"question\": \"q{i}\", \"outputs\": {{{}}}}}\n",
                outputs.trim_end_matches(',')
            )
        })
        .collect();
    folder.write("cases.jsonl", cases);
    folder.write(
        "assay.yaml",
        "suite: s\ndataset: cases.jsonl\ntargets:\n  - {name: v1, recorded: v1}\n  - {name: v2, recorded: v2}\n  - {name: v3, recorded: v3}\nscorers: [{contains: says}]\n",
    );
    folder.write("pairs.rubric.yaml", "rubric: pairs\ncriteria:\n  - {name: better, kind: pairwise}\n");
    let said = folder.assay(&["run", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let create = ["review", "create", "p", "--rubric", "pairs.rubric.yaml", "--run", "latest:v1"];
    let against = ["--against", "latest:v2", "--against", "latest:v3", "--raters", "1", "--raters-per-item", "1"];
    let said = folder.assay(&[&create[..], &against[..]].concat());
    assert!(said.code == 0 && said.out.contains("36 of 36 answers drawn"), "{said:?}");
    assert_eq!(folder.assay(&["review", "export", "p", "--to", "csv", "--out", "empty.csv"]).code, 0);
    // Rated by keyboard: the rater does not know whose answer is whose, and v3 wins but for every fourth case.
    let mut child = folder
        .command(&["review", "rate", "p", "--rater", "ann"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    let mut told = std::io::BufReader::new(child.stdout.take().unwrap());
    let (mut seen, mut rated): (Vec<(String, u32)>, String) = (Vec::new(), "model_a,model_b,winner,case\n".into());
    for _ in 0..36 {
        while seen.len() < 2 {
            let mut line = String::new();
            assert!(std::io::BufRead::read_line(&mut told, &mut line).unwrap() > 0, "it ended early");
            if let Some((version, case)) = line.trim().split_once(" says ") {
                seen.push((version.to_owned(), case.parse().unwrap()));
            }
        }
        let [(a, case), (b, _)] = &seen[..] else { unreachable!() };
        let first = if case % 4 == 0 { a < b } else { a > b };
        keys.write_all(if first { b"a\n" } else { b"b\n" }).unwrap();
        rated.push_str(&format!("{a},{b},{},{case}\n", if first { a } else { b }));
        seen.clear();
    }
    drop(keys);
    std::io::Read::read_to_end(&mut told, &mut Vec::new()).unwrap();
    assert!(child.wait().unwrap().success());
    let report = json(&folder.assay(&["review", "report", "p", "--json"]));
    let ranking = &report["criteria"][0]["ranking"];
    assert_eq!((&ranking["comparisons"], &ranking["cases"]), (&Value::from(36), &Value::from(12)), "{ranking}");
    folder.write("rated.csv", rated);
    let table = json(&folder.assay(&["stats", "rank", "rated.csv", "--cluster", "case", "--json"]));
    for (one, other) in ranking["targets"].as_array().unwrap().iter().zip(table["models"].as_array().unwrap()) {
        assert_eq!((&one["target"], &one["ranks"]), (&other["model"], &other["ranks"]));
        let close = |a: &Value, b: f64| assert!((a.as_f64().unwrap() - b).abs() < 1e-6, "{one} and {other}");
        close(&one["elo"]["value"], other["elo"].as_f64().unwrap());
        close(&one["elo"]["lower"], assay_stats::arena::Ranking::elo(other["interval"][0].as_f64().unwrap()));
    }
    let text = folder.assay(&["review", "report", "p"]);
    assert!(text.out.contains("36 comparisons on 12 cases, each pair once") && text.out.contains("v3"), "{}", text.out);
}

#[test]
fn a_budget_is_shown_raised_and_planned() {
    let folder = program(6);
    created(&folder, &["--pay", "1", "--budget", "0.5"]);
    let said = folder.assay(&["review", "budget", "p"]);
    assert!(said.out.contains("$1.00 for an item; spent $0.00 of $0.5000, $0.5000 left"), "{said:?}");
    let said = folder.assay(&["review", "budget", "p", "--to", "40", "--pay-hour", "24"]);
    assert!(said.out.contains("$24.00 for an hour at work; spent $0.00 of $40.00"), "{said:?}");
    let first = rate(&folder, "ann", "y\ny\n3\n\n\nq\n", &[]);
    assert!(first.code == 0 && first.out.contains("kept (1 now)"), "{first:?}");
    assert_eq!(folder.assay(&["review", "budget", "p", "--to", "-1"]).code, 2);
    assert_eq!(folder.assay(&["review", "budget", "p", "--to", "1", "--no-limit"]).code, 2);
    // What a vendor was paid may be more; it is said.
    folder.write("ratings.csv", "item,rater,correct,helpful\nc0,vendor,yes,3\n");
    let said = folder.assay(&["review", "import", "p", "ratings.csv", "--paid", "50"]);
    assert!(said.out.contains("are spent of a budget of $40.00"), "{said:?}");
    let said = folder.assay(&["review", "budget", "p", "--no-limit"]);
    assert!(said.out.contains("no limit"), "{said:?}");
    let plan = ["review", "plan", "--items", "100", "--pay-hour", "36", "--seconds", "100", "--gold-share", "0.1"];
    let said = folder.assay(&[&plan[..], &["--budget", "110"]].concat());
    // 200 ratings at a dollar, a tenth more for gold.
    assert!(said.out.contains("cost: $220.00") && said.out.contains("$110.00 pay for 100 of 200 ratings"), "{said:?}");
    assert_eq!(folder.assay(&["review", "plan", "--budget", "5"]).code, 2);
}
