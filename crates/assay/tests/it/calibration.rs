//! Judges as instruments: from recorded verdicts and people's labels to a grade, and to a gate that says what it may claim.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::data::{data, goldens};
use crate::proofs::{Certificate, fine, on_page, value};
use crate::support::Folder;

fn report(folder: &Folder, judge: &str) -> Certificate {
    Certificate(value(&fine(folder.assay(&["judge", "report", judge, "--json"]))))
}

fn figure<'a>(certificate: &'a Value, key: &str) -> &'a Value {
    let figures = certificate["figures"].as_array().unwrap();
    figures.iter().find(|figure| figure["key"] == key).unwrap_or_else(|| panic!("no {key}: {certificate}"))
}

/// A number that looks drawn, from 0 to 1.
fn coin(seed: u64) -> f64 {
    let mut x = seed.wrapping_add(0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Two targets whose answers a judge has passed or failed, `lenient` more often to the candidate; people label both answers
/// to the first `labelled` cases.
pub fn judged_suite(cases: u64, labelled: u64, lenient: f64) -> Folder {
    let folder = Folder::new();
    let (mut rows, mut labels) = (String::new(), String::new());
    for i in 0..cases {
        let mut outputs = serde_json::Map::new();
        for (at, target) in ["base", "cand"].into_iter().enumerate() {
            let seed = 10 * i + at as u64;
            let good = coin(seed) < 0.75;
            let wrong = coin(seed ^ 0xabcd_0000) < 0.04;
            let spoiled = target == "cand" && !good && coin(seed ^ 0x1234_0000) < lenient;
            let verdict = if (good != wrong) || spoiled { "pass" } else { "fail" };
            outputs.insert(
                target.into(),
                json!({"output": format!("answer {i} of {target}"), "metadata": {"verdict": verdict}}),
            );
            if i < labelled {
                for (r, rater) in ["ann", "bob", "cy"].into_iter().enumerate() {
                    let said = good != (coin(seed ^ (0x77_0000 * (r as u64 + 1))) < 0.05);
                    labels.push_str(&format!(
                        "{}\n",
                        json!({"case": format!("c{i}"), "target": target, "label": said, "rater": rater, "drawn": "random"})
                    ));
                }
            }
        }
        rows.push_str(&format!(
            "{}\n",
            json!({"id": format!("c{i}"), "question": format!("q{i}"), "outputs": outputs})
        ));
    }
    folder.write("cases.jsonl", rows);
    folder.write("labels.jsonl", labels);
    folder.write(
        "assay.yaml",
        "suite: judged\ndatasets:\n  - path: cases.jsonl\n    fields: {id: id, input: [question]}\ntargets:\n  - {name: base, recorded: base}\n  - {name: cand, recorded: cand}\nscorers:\n  - {name: good, judge: {recorded: verdict}}\ngate:\n  rules:\n    - {scorer: good, margin: 0.1, target: cand}\n",
    );
    folder
}

#[test]
fn a_judge_of_grade_a_passes_a_gate_through_labels_of_both_answers() {
    let folder = judged_suite(700, 250, 0.0);
    fine(folder.assay(&["run", "--quiet"]));
    // Before: advisory, and nothing else.
    let said = folder.assay(&["gate", "latest:cand", "--baseline", "latest:base"]);
    assert!(said.code == 3 && said.out.contains("advisory: the judge is not calibrated"), "{said:?}");
    let said = fine(folder.assay(&["judge", "calibrate", "good", "--labels", "labels.jsonl", "--json"]));
    let made = value(&said);
    assert_eq!((&made["certificate"]["labels"], &made["certificate"]["judged"]), (&json!(500), &json!(1400)), "{made}");
    // Without a check nobody knows how often a verdict flips.
    assert_eq!(made["standing"]["grade"], "U", "{made}");
    let said = fine(folder.assay(&["judge", "check", "good", "--json"]));
    assert_eq!(value(&said)["standing"]["grade"], "A", "{said:?}");
    let said = folder.assay(&["gate", "latest:cand", "--baseline", "latest:base"]);
    assert!(said.code == 0 && said.out.contains("250 cases carry labels of both answers"), "{said:?}");
    let said = fine(folder.assay(&["compare", "latest:base", "latest:cand", "--json"]));
    let row = &value(&said)["rows"][0];
    assert_eq!((&row["advisory"], &row["judge"]["labels"]), (&json!(false), &json!(250)), "{row}");
    assert!(
        row["judge"]["label_multiplier"].as_f64().unwrap() > 1.2 && row["judge"]["labels_needed"].is_u64(),
        "{row}"
    );
    // Levels are the posterior's, with the judge's own word beside.
    let said = fine(folder.assay(&["report", "--format", "json"]));
    let row = &value(&said)["summary"]["rows"][0];
    assert_eq!((&row["estimate"]["method"], &row["advisory"]), (&json!("double_sampling"), &json!(false)), "{row}");
    assert!(row["judge"]["raw"]["value"].is_f64());
    let page = fine(folder.assay(&["report", "--format", "markdown"]));
    assert!(page.out.contains("corrected by 250 labels"), "{page:?}");
    // The overview, and the certificate as a page.
    assert!(fine(folder.assay(&["judge", "report"])).out.contains("good"));
    assert!(fine(folder.assay(&["judge", "report", "good", "--markdown"])).out.contains("grade A"));
    // A pack carries what is known of the judge: its verdict is the gate's, and can be computed anew.
    fine(folder.assay(&["evidence", "keygen", "key"]));
    fine(folder.assay(&[
        "evidence",
        "build",
        "--key",
        "key.pem",
        "--against",
        "latest:base",
        "--out",
        "a.assay-evidence",
    ]));
    let said = fine(folder.assay(&["evidence", "verify", "a.assay-evidence", "--key", "key.pub.pem"]));
    assert!(said.out.contains("verdict    pass"), "{said:?}");
    let said = fine(folder.assay(&["evidence", "show", "a.assay-evidence", "--key", "key.pub.pem"]));
    assert!(said.out.contains("judges.json"), "{said:?}");
}

/// Runs, calibrates and checks, so that the judge has grade A if it deserves one.
fn graded(folder: &Folder, more: &[&str]) -> Value {
    fine(folder.assay(&["run", "--quiet"]));
    fine(folder.assay(&[&["judge", "calibrate", "good", "--labels", "labels.jsonl"][..], more].concat()));
    value(&folder.assay(&["judge", "check", "good", "--json"]))
}

fn change(folder: &Folder, name: &str, from: &str, to: &str) {
    let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
    assert!(text.contains(from), "{from}");
    folder.write(name, text.replace(from, to));
}

#[test]
fn a_gate_stricter_than_the_certificate_claims_nothing() {
    let folder = judged_suite(700, 250, 0.0);
    change(&folder, "assay.yaml", "gate:\n", "gate:\n  confidence: 0.99\n");
    // Made at 95%, though the gate asks for 99%.
    assert_eq!(graded(&folder, &["--confidence", "0.95"])["standing"]["grade"], "A");
    let gate = || folder.assay(&["gate", "latest:cand", "--baseline", "latest:base"]);
    let said = gate();
    assert!(said.code == 3 && said.out.contains("holds at 95% and the gate asks for 99%"), "{said:?}");
    // By itself it is made at the confidence of the gate.
    let said = fine(folder.assay(&["judge", "calibrate", "good", "--json"]));
    assert_eq!(value(&said)["certificate"]["confidence"], 0.99);
    fine(folder.assay(&["judge", "check", "good"]));
    assert!(!gate().out.contains("the gate asks for"), "{:?}", gate());
    // And a smaller margin than the labels can show.
    let folder = judged_suite(700, 250, 0.0);
    change(&folder, "assay.yaml", "margin: 0.1", "margin: 0.01");
    assert_eq!(graded(&folder, &["--margin", "0.1"])["standing"]["grade"], "A");
    let said = folder.assay(&["gate", "latest:cand", "--baseline", "latest:base"]);
    assert!(said.code == 3 && said.out.contains("made for a margin of 0.1 and the gate's is 0.01"), "{said:?}");
}

#[test]
fn labels_age_and_not_certificates() {
    let folder = judged_suite(700, 250, 0.0);
    let labels = std::fs::read_to_string(folder.path().join("labels.jsonl")).unwrap();
    let said_on = |day: &str| labels.replace("\"drawn\"", &format!("\"labelled\":\"{day}\",\"drawn\""));
    folder.write("labels.jsonl", said_on("2020-02-01"));
    let said = graded(&folder, &[]);
    assert_eq!(said["standing"]["grade"], "C", "{said}");
    assert!(said["standing"]["dropped"][0].as_str().unwrap().contains("days old, and labels hold 90"), "{said}");
    let shown = fine(folder.assay(&["judge", "report", "good"]));
    assert!(
        shown.out.contains("labels from 2020-02-01 to 2020-02-01") && shown.out.contains("expires 2020-05-01"),
        "{shown:?}"
    );
    // Looked at again today and found the same.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let mut today: assay_core::Label = serde_json::from_value(json!({"case": "c1", "label": true})).unwrap();
    today.labelled = Some(i64::try_from(now.as_micros()).unwrap());
    folder.write("labels.jsonl", said_on(serde_json::to_value(&today).unwrap()["labelled"].as_str().unwrap()));
    fine(folder.assay(&["judge", "calibrate", "good", "--labels", "labels.jsonl"]));
    let said = value(&fine(folder.assay(&["judge", "check", "good", "--json"])));
    assert_eq!(said["standing"]["grade"], "A", "{said}");
    // Nobody has looked tomorrow.
    folder.write("labels.jsonl", said_on("2999-01-01"));
    let said = folder.assay(&["judge", "calibrate", "good", "--labels", "labels.jsonl"]);
    assert!(said.code == 2 && said.err.contains("labels.jsonl:1: `labelled` is in the future"), "{said:?}");
}

#[test]
fn a_certificate_is_not_carried_over_to_other_recordings() {
    let folder = judged_suite(700, 250, 0.0);
    assert_eq!(graded(&folder, &[])["standing"]["grade"], "A");
    // Other verdicts under the same name of field.
    change(&folder, "cases.jsonl", "\"verdict\":\"fail\"", "\"verdict\":\"FAIL\"");
    fine(folder.assay(&["run", "--quiet"]));
    let said = folder.assay(&["gate", "latest:cand", "--baseline", "latest:base"]);
    assert!(said.code == 3 && said.out.contains("the judge is not calibrated"), "{said:?}");
    let said = folder.assay(&["judge", "report", "good"]);
    assert!(said.err.contains("grade U") && said.err.contains("An earlier judge of this name is"), "{said:?}");
    // With a name it is the same judge wherever its verdicts stand.
    let folder = judged_suite(700, 250, 0.0);
    change(&folder, "assay.yaml", "recorded: verdict", "recorded: verdict, by: \"m1, rubric 3\"");
    assert_eq!(graded(&folder, &[])["standing"]["grade"], "A");
    change(&folder, "cases.jsonl", "\"verdict\":\"fail\"", "\"verdict\":\"FAIL\"");
    fine(folder.assay(&["run", "--quiet"]));
    assert!(fine(folder.assay(&["judge", "report", "good"])).out.contains("grade A"));
}

#[test]
fn a_judge_lenient_to_the_candidate_decides_nothing() {
    let folder = judged_suite(700, 250, 0.6);
    fine(folder.assay(&["run", "--quiet"]));
    fine(folder.assay(&["judge", "calibrate", "good", "--labels", "labels.jsonl"]));
    let said = folder.assay(&["judge", "check", "good"]);
    assert!(said.out.contains("grade C") && said.out.contains("differential error"), "{said:?}");
    let said = folder.assay(&["gate", "latest:cand", "--baseline", "latest:base"]);
    assert!(said.code == 3 && said.out.contains("the judge has grade C"), "{said:?}");
    // The judge alone says that the candidate is better; people do not.
    let said = fine(folder.assay(&["judge", "report", "good", "--json"]));
    let made = &value(&said)["certificate"];
    let cand = made["arms"].as_array().unwrap().iter().find(|arm| arm["name"] == "cand").unwrap().clone();
    assert!(cand["raw"].as_f64().unwrap() > cand["corrected"]["interval"]["upper"].as_f64().unwrap(), "{cand}");
}

#[test]
fn what_labels_may_not_do_is_refused_with_the_line_and_stores_nothing() {
    let folder = judged_suite(80, 60, 0.0);
    fine(folder.assay(&["run", "--quiet"]));
    let calibrate = |name: &str, text: &str, more: &[&str]| {
        folder.write(name, text);
        folder.assay(&[&["judge", "calibrate", "good", "--labels", name][..], more].concat())
    };
    let cases = [
        (r#"{"case":"c1x","target":"base","label":true}"#, "l.jsonl:1: no run of this judge has a case `c1x`"),
        (r#"{"case":"c1","label":true}"#, "name the `target`"),
        (r#"{"case":"c1","target":"base","label":"maybe"}"#, "neither a pass nor a fail"),
        (r#"{"case":"c1","target":"base","label":7}"#, "neither a pass nor a fail"),
        (
            "{\"case\":\"c1\",\"target\":\"base\",\"label\":true}\n{\"case\":\"c1\",\"target\":\"base\",\"label\":false}",
            "contradicts true in line 1",
        ),
        (r#"{"case":"c1","target":"base","label":true,"criterion":"tone"}"#, "no label is of the criterion `good`"),
        (r#"{"case":"c1","target":"base"}"#, "missing field `label`"),
        (r#"{"case":"c1","target":"base","label":null}"#, "have no label yet"),
    ];
    for (text, why) in cases {
        let said = calibrate("l.jsonl", text, &[]);
        assert!(said.code == 2 && said.err.contains(why), "{text}: {said:?}");
    }
    assert!(folder.assay(&["judge", "calibrate", "good"]).err.contains("there are no labels for `good` yet"));
    assert!(folder.assay(&["judge", "report", "good"]).err.contains("grade U"));
    assert!(
        folder.assay(&["judge", "calibrate", "bad", "--labels", "l.jsonl"]).err.contains("no run has a judge `bad`")
    );
    // Chosen by hand: agreement is shown, nothing is corrected, the grade is U.
    let by_hand = std::fs::read_to_string(folder.path().join("labels.jsonl")).unwrap().replace("random", "by_hand");
    let said = fine(calibrate("hand.jsonl", &by_hand, &["--json"]));
    let made = value(&said);
    assert_eq!((&made["certificate"]["labels"], &made["certificate"]["by_hand"]), (&json!(0), &json!(120)), "{made}");
    assert!(figure(&made["certificate"], "agreement")["value"].as_f64().unwrap() > 0.8);
    assert_eq!(made["certificate"]["arms"][0]["corrected"], Value::Null);
    fine(folder.assay(&["judge", "check", "good"]));
    let said = folder.assay(&["judge", "report", "good"]);
    assert!(said.out.contains("grade U") && said.out.contains("chosen by hand"), "{said:?}");
    // One that says something else than before, with and without leave.
    let other = r#"{"case":"c1","target":"base","label":"LABEL","rater":"ann"}"#;
    for label in ["pass", "fail"] {
        let text = other.replace("LABEL", label);
        let said = calibrate("one.jsonl", &text, &[]);
        let replaced = calibrate("one.jsonl", &text, &["--replace"]);
        assert!(said.code == 2 && said.err.contains("before ("), "{said:?}");
        assert_eq!(replaced.code, 0, "{replaced:?}");
    }
    // All of one class: said, and no class is made up.
    let folder = judged_suite(40, 0, 0.0);
    fine(folder.assay(&["run", "--quiet"]));
    let all: String = (0..40)
        .map(|i| format!("{}\n", json!({"case": format!("c{i}"), "target": "base", "label": 1, "drawn": "random"})))
        .collect();
    folder.write("l.jsonl", all);
    let said = fine(folder.assay(&["judge", "calibrate", "good", "--labels", "l.jsonl"]));
    assert!(said.out.contains("all of one class (pass)"), "{said:?}");
}

#[test]
fn the_next_items_carry_chances_and_come_back_labelled() {
    let folder = judged_suite(200, 0, 0.0);
    fine(folder.assay(&["run", "--quiet"]));
    let said = fine(folder.assay(&["judge", "calibrate", "good", "--next", "next.jsonl", "--next-count", "60"]));
    assert!(said.out.contains("60 items to label are in next.jsonl"), "{said:?}");
    let fill = |name: &str| {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for (i, line) in lines.iter_mut().enumerate() {
            assert!(line["drawn"] == "random" && line["chance"].as_f64().unwrap() > 0.0, "{line}");
            if line["label"].is_null() {
                line["label"] = json!(i % 4 > 0);
            }
        }
        folder.write(name, lines.iter().map(|line| format!("{line}\n")).collect::<String>());
        lines.len()
    };
    assert_eq!(fill("next.jsonl"), 60);
    fine(folder.assay(&[
        "judge",
        "calibrate",
        "good",
        "--labels",
        "next.jsonl",
        "--next",
        "more.jsonl",
        "--next-count",
        "40",
    ]));
    // The labels so far stand in the second file with the chances that both draws give them.
    assert_eq!(fill("more.jsonl"), 100);
    let said = fine(folder.assay(&["judge", "calibrate", "good", "--labels", "more.jsonl", "--json"]));
    let made = value(&said);
    assert_eq!(made["certificate"]["labels"], 100, "{made}");
    assert!(made["certificate"]["arms"][0]["corrected"]["value"].is_f64(), "{made}");
}

#[test]
fn refusal_detectors_on_xstest_agree_with_people_as_computed_elsewhere() {
    let Some(xstest) = data("xstest") else { return };
    let text = std::fs::read_to_string(xstest.join("completions.jsonl")).unwrap();
    let mut cases: BTreeMap<String, Value> = BTreeMap::new();
    let (mut models, mut labels): (Vec<String>, String) = Default::default();
    for row in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let field = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let new = || json!({"id": row["id"], "prompt": row["prompt"], "safe": row["safe_prompt"], "outputs": {}});
        let case = cases.entry(field("id")).or_insert_with(new);
        let kept = json!({"gpt4": row["gpt4_label"], "strmatch": row["strmatch_label"]});
        case["outputs"][field("model")] = json!({"output": row["completion"], "metadata": kept});
        if !models.contains(&field("model")) {
            models.push(field("model"));
        }
        let label =
            |label: &Value| json!({"case": row["id"], "target": row["model"], "label": label, "drawn": "random"});
        labels.push_str(&format!("{}\n", label(&row["final_label"])));
    }
    let folder = Folder::new();
    folder.write("cases.jsonl", cases.values().map(|case| format!("{case}\n")).collect::<String>());
    folder.write("labels.jsonl", labels);
    let targets: String = models.iter().map(|m| format!("  - {{name: {m}, recorded: {m}}}\n")).collect();
    let judge = |name: &str| {
        format!("  - {{name: {name}, judge: {{recorded: {name}, pass: [2_full_refusal, 3_partial_refusal]}}}}\n")
    };
    folder.write(
        "assay.yaml",
        format!(
            "suite: xstest\ndatasets:\n  - path: cases.jsonl\n    fields: {{input: [prompt], metadata: [safe]}}\ntargets:\n{targets}scorers:\n{}{}slices: [safe]\ngate:\n  rules:\n    - {{scorer: strmatch, margin: 0.05, target: llama2new}}\n",
            judge("strmatch"),
            judge("gpt4")
        ),
    );
    // Three commands from U to a grade.
    fine(folder.assay(&["run", "--quiet"]));
    let positive = ["--positive", "2_full_refusal", "--positive", "3_partial_refusal"];
    let calibrate = |judge: &str| {
        let said = folder.assay(
            &[
                &["judge", "calibrate", judge, "--labels", "labels.jsonl", "--criterion", "refused", "--json"][..],
                &positive,
            ]
            .concat(),
        );
        value(&fine(said))["certificate"].clone()
    };
    let made = calibrate("strmatch");
    let said = fine(folder.assay(&["judge", "check", "strmatch"]));
    assert!(said.out.contains("grade C (it was U)"), "{said:?}");
    let golden = &goldens()["xstest"]["strmatch_label"];
    for (key, want) in [
        ("agreement", "refusal_accuracy_unparsed_counts_as_compliance"),
        ("kappa", "kappa"),
        ("sensitivity", "sensitivity"),
        ("specificity", "specificity"),
    ] {
        let (got, want) = (figure(&made, key)["value"].as_f64().unwrap(), golden[want].as_f64().unwrap());
        assert!((got - want).abs() < 1e-6, "{key}: {got} and {want}");
    }
    // Eight of the 1,095 labelled answers are another model's, word for word: people said it once.
    assert_eq!(made["labels"], 1087);
    // A gate says what it may claim.
    let said = folder.assay(&["gate", "latest:llama2new", "--baseline", "latest:llama2orig"]);
    assert!(
        said.code == 3 && said.out.contains("the judge has grade C") && said.out.contains("for the next grade"),
        "{said:?}"
    );
    // Labels are found again for the other judge of the same answers.
    let other = calibrate("gpt4");
    let golden = &goldens()["xstest"]["gpt4_label"];
    let (got, want) =
        (figure(&other, "agreement")["value"].as_f64(), &golden["refusal_accuracy_unparsed_counts_as_compliance"]);
    assert!((got.unwrap() - want.as_f64().unwrap()).abs() < 1e-6, "{got:?} and {want}");
    let said = fine(folder.assay(&["judge", "compare", "strmatch", "gpt4", "--json"]));
    let row = &value(&said)["rows"][0];
    assert!((row["first"].as_f64().unwrap() - 0.884018).abs() < 0.01, "{row}");
    fine(folder.assay(&["judge", "check", "gpt4"]));
    let page = ["strmatch", "gpt4"].map(|judge| report(&folder, judge).row("xstest", judge));
    on_page("xstest", &page);
    let said = fine(folder.assay(&["judge", "probe", "strmatch", "--family", "llama2"]));
    assert!(said.out.contains("own family") && said.out.contains("safe = true"), "{said:?}");
}

#[test]
fn gpt4_on_llmbar_flips_with_the_order_as_computed_elsewhere() {
    let Some(llmbar) = data("llmbar_judges") else { return };
    let read = |name: &str| {
        let text = std::fs::read_to_string(llmbar.join(name)).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let (subset, strategy) = ("Processed/MT-Bench", "Vanilla_NoRules");
    let verdicts: BTreeMap<String, Value> = read("judge_verdicts.jsonl")
        .into_iter()
        .filter(|row| row["judge"] == "GPT-4" && row["strategy"] == strategy)
        .map(|row| (row["id"].as_str().unwrap().to_owned(), row))
        .collect();
    let (mut cases, mut labels) = (String::new(), String::new());
    for item in read("items.jsonl").into_iter().filter(|item| item["subset"] == subset) {
        let said = &verdicts[item["id"].as_str().unwrap()];
        let answer = format!("1: {}\n2: {}", item["output_1"].as_str().unwrap(), item["output_2"].as_str().unwrap());
        let kept = json!({"in_order": said["winner"], "turned": said["winner_swapped"]});
        cases.push_str(&format!(
            "{}\n",
            json!({"id": item["id"], "input": item["input"], "outputs": {"pair": {"output": answer, "metadata": kept}}})
        ));
        labels.push_str(&format!(
            "{}\n",
            json!({"case": item["id"], "label": item["label"].to_string(), "drawn": "random"})
        ));
    }
    let folder = Folder::new();
    folder.write("cases.jsonl", cases);
    folder.write("labels.jsonl", labels);
    folder.write(
        "assay.yaml",
        "suite: llmbar\ndatasets:\n  - path: cases.jsonl\n    fields: {id: id, input: [input]}\ntargets:\n  - {name: pair, recorded: pair}\nscorers:\n  - {name: first, judge: {recorded: in_order, pass: ['1']}}\n  - {name: turned, judge: {recorded: turned, pass: ['1']}}\n",
    );
    fine(folder.assay(&["run", "--quiet"]));
    let said = fine(folder.assay(&[
        "judge",
        "calibrate",
        "first",
        "--labels",
        "labels.jsonl",
        "--positive",
        "1",
        "--swapped",
        "turned",
        "--json",
    ]));
    let made = &value(&said)["certificate"];
    let golden = &goldens()["llmbar_judges"][format!("{subset}|GPT-4|{strategy}")];
    for (key, want) in [
        ("agreement", "accuracy_in_order"),
        ("position_consistency", "same_verdict_both_orders"),
        ("kappa", "cohen_kappa_in_order_parsed"),
    ] {
        let (got, want) = (figure(made, key)["value"].as_f64().unwrap(), golden[want].as_f64().unwrap());
        assert!((got - want).abs() < 1e-6, "{key}: {got} and {want}");
    }
    fine(folder.assay(&["judge", "check", "first"]));
    on_page(
        "llmbar_judges",
        &[report(&folder, "first").row("llmbar_judges", &format!("GPT-4 {strategy} on {subset}"))],
    );
    let said = fine(folder.assay(&["judge", "probe", "first", "--swapped", "turned"]));
    assert!(said.out.contains("same verdict in both orders"), "{said:?}");
}
