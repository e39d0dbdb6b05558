//! Corpus metrics from the suite to the gate.

use serde_json::{Value, json};

use crate::support::Folder;

const LABELS: [&str; 3] = ["billing", "shipping", "returns"];

/// Cases with their truth and the answers of two models: `bad` is wrong wherever `good` is, and on more.
fn cases() -> Vec<[String; 5]> {
    (0..120usize)
        .map(|i| {
            let truth = LABELS[if i % 10 < 6 { 0 } else { i % 10 % 3 }];
            let wrong = LABELS[(LABELS.iter().position(|label| *label == truth).unwrap() + 1) % 3];
            let good = if i % 11 == 0 { wrong } else { truth };
            let bad = if i % 11 == 0 || i % 4 == 1 { if i % 8 == 1 { "no idea" } else { wrong } } else { truth };
            [i.to_string(), truth.into(), good.into(), bad.into(), (i / 3).to_string()]
        })
        .collect()
}

fn folder(gate: &str) -> Folder {
    let folder = Folder::new();
    let rows = cases().into_iter().map(|[id, truth, good, bad, customer]| {
        json!({"id": id, "q": format!("question {id}"), "y": truth, "good": good, "bad": bad, "customer": customer})
            .to_string()
    });
    folder.write("cases.jsonl", rows.collect::<Vec<_>>().join("\n"));
    folder.write(
        "assay.yaml",
        format!(
            "suite: tickets\ndatasets:\n  - path: cases.jsonl\n    fields: {{id: id, input: [q], expected: y, cluster: customer, outputs: {{good: good, bad: bad}}}}\ntargets:\n  - {{name: good, recorded: good}}\n  - {{name: bad, recorded: bad}}\nscorers:\n  - label: {{labels: [billing, shipping, returns], unclear: wrong}}\n    metrics: [macro_f1, mcc]\n{gate}"
        ),
    );
    folder
}

fn rows(folder: &Folder, args: &[&str], key: &str) -> Vec<Value> {
    let said = folder.assay(args);
    let report: Value = serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"));
    report.pointer(key).and_then(Value::as_array).unwrap_or_else(|| panic!("no {key}: {report}")).clone()
}

#[test]
fn macro_f1_and_mcc_are_those_of_the_whole_corpus_with_intervals_by_cluster() {
    let folder = folder("");
    let said = folder.assay(&["run", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let summary = rows(&folder, &["report", "--format", "json"], "/summary/rows");
    let of = |target: &str, metric: Value| {
        let found = summary.iter().find(|row| row["target"] == target && row["metric"] == metric);
        found.unwrap_or_else(|| panic!("{target} {metric}: {summary:?}")).clone()
    };
    for (target, at) in [("good", 2), ("bad", 3)] {
        let truth: Vec<String> = cases().iter().map(|case| case[1].clone()).collect();
        let given: Vec<String> = cases().iter().map(|case| case[at].clone()).collect();
        let confusion = assay_metrics::classification::Confusion::new(&truth, &given).unwrap();
        let f1: f64 = LABELS.iter().map(|label| confusion.classes()[*label].f1().unwrap()).sum::<f64>() / 3.0;
        let row = of(target, json!("macro_f1"));
        assert!((row["estimate"]["value"].as_f64().unwrap() - f1).abs() < 1e-12, "{row}");
        assert_eq!(row["estimate"]["method"], "jackknife");
        assert_eq!((&row["estimate"]["clusters"], &row["estimate"]["n"]), (&json!(40), &json!(120)));
        let row = of(target, json!("mcc"));
        assert!((row["estimate"]["value"].as_f64().unwrap() - confusion.mcc()).abs() < 1e-12, "{row}");
    }
    let compared = rows(&folder, &["compare", "latest:bad", "latest:good", "--json"], "/rows");
    let row = compared.iter().find(|row| row["metric"] == "macro_f1").unwrap();
    let difference = &row["difference"];
    let of = |metric: &str, target: &str| of(target, json!(metric))["estimate"]["value"].as_f64().unwrap();
    let want = of("macro_f1", "bad") - of("macro_f1", "good");
    assert!((difference["value"].as_f64().unwrap() - want).abs() < 1e-12, "{row}");
    assert!(difference["interval"]["upper"].as_f64().unwrap() < 0.0, "{row}");
    // The paired interval is narrower than either level's: what both get wrong cancels.
    let width = |interval: &Value| interval["upper"].as_f64().unwrap() - interval["lower"].as_f64().unwrap();
    assert!(width(&difference["interval"]) < width(&row["candidate"]["interval"]) * 1.5, "{row}");
    let better = cases().iter().filter(|case| case[2] == case[1] && case[3] != case[1]).count();
    assert_eq!(difference["worse"], json!(better), "{row}");
}

#[test]
fn texts_numbers_and_probabilities_are_measured_over_the_whole_corpus() {
    use assay_metrics::bleu::Bleu;
    use assay_metrics::chrf::Chrf;
    use assay_metrics::corpus::sum;
    use assay_metrics::ter::Ter;
    use assay_metrics::word_errors::WordErrors;
    let folder = Folder::new();
    let texts = |i: usize| {
        let words = ["the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "today"];
        let want: Vec<&str> = (0..4 + i % 5).map(|at| words[(i + at) % 10]).collect();
        let got: Vec<&str> = want.iter().copied().filter(|word| word.len() + i % 3 != 5).collect();
        (got.join(" "), want.join(" "))
    };
    let all: Vec<(String, String)> = (0..40).map(texts).collect();
    let number = |i: usize| ((i * 7 % 11) as f64, (i * 5 % 13) as f64);
    let chance = |i: usize| ((i * 17 % 40) as f64 / 40.0, i.is_multiple_of(3) || i > 30);
    let lines = all.iter().enumerate().map(|(i, (got, want))| {
        let ((given, value), (p, truth)) = (number(i), chance(i));
        json!({"q": i, "got": got, "want": want, "given": given, "value": value, "p": p, "truth": truth}).to_string()
    });
    folder.write("cases.jsonl", lines.collect::<Vec<_>>().join("\n"));
    let suite = |name: &str, expected: &str, output: &str, scorers: &str| {
        let path = format!("{name}.yaml");
        folder.write(
            &path,
            format!(
                "suite: {name}\ndatasets:\n  - path: cases.jsonl\n    fields: {{input: [q], expected: {expected}, outputs: {{o: {output}}}}}\ntargets:\n  - {{name: m, recorded: o}}\nscorers: {scorers}\n"
            ),
        );
        let said = folder.assay(&["run", &path, "--quiet"]);
        assert_eq!(said.code, 0, "{said:?}");
        rows(&folder, &["report", "--format", "json"], "/summary/rows")
    };
    let close = |rows: &[Value], metric: &str, want: f64| {
        let row = rows.iter().find(|row| row["metric"] == metric).unwrap_or_else(|| panic!("{metric}: {rows:?}"));
        assert!((row["estimate"]["value"].as_f64().unwrap() - want).abs() < 1e-12, "{row}, not {want}");
        assert_eq!(row["estimate"]["method"], "jackknife", "{row}");
    };
    let found = suite("texts", "want", "got", "[bleu, {chrf: {word_order: 2}}, ter, word-errors]");
    let (bleu, chrf, ter) = (Bleu::default(), Chrf { word_order: 2, lowercase: false }, Ter::default());
    let of = |(got, want): &(String, String)| (bleu.segment(got, &[want]), chrf.segment(got, &[want]));
    let (b, c): (Vec<_>, Vec<_>) = all.iter().map(of).unzip();
    close(&found, "bleu", bleu.score(&sum(&b)).unwrap());
    close(&found, "chrf", chrf.score(&sum(&c)).unwrap());
    let edits: Vec<_> = all.iter().map(|(got, want)| ter.segment(got, &[want])).collect();
    close(&found, "ter", sum(&edits).rate().unwrap());
    let errors: Vec<_> = all.iter().map(|(got, want)| WordErrors::of_words(got, want)).collect();
    close(&found, "wer", sum(&errors).rate().unwrap());
    let found = suite("numbers", "value", "given", "[{numeric: null, metrics: [mae, rmse]}]");
    let mean = |of: fn(f64) -> f64| (0..40).map(|i| of(number(i).0 - number(i).1)).sum::<f64>() / 40.0;
    close(&found, "mae", mean(f64::abs));
    close(&found, "rmse", mean(|error| error * error).sqrt());
    let found = suite("chances", "truth", "p", "[probability]");
    let (scores, truths): (Vec<f64>, Vec<bool>) = (0..40).map(chance).unzip();
    close(&found, "roc_auc", assay_metrics::classification::Ranked::new(&truths, &scores).unwrap().roc_auc());
}

#[test]
fn a_gate_reads_the_interval_of_a_corpus_metric() {
    let gate = "gate:\n  rules:\n    - {scorer: label, metric: macro_f1, min: 0.7, target: good}\n    - {scorer: label, metric: macro_f1, margin: 0.05, target: bad}\n";
    let folder = folder(gate);
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    assert_eq!(folder.assay(&["gate", "latest"]).code, 3, "no baseline yet");
    assert_eq!(folder.assay(&["baseline", "set", "main", "latest:good"]).code, 0);
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    let said = folder.assay(&["gate", "latest"]);
    assert_eq!(said.code, 1, "{said:?}");
    let lines: Vec<&str> = said.out.lines().filter(|line| line.contains("macro_f1")).collect();
    assert!(lines[0].trim_start().starts_with("pass") && lines[1].trim_start().starts_with("fail"), "{lines:#?}");
}

#[test]
fn a_metric_that_is_not_there_is_named() {
    for (gate, words) in [
        ("gate: {rules: [{scorer: label, metric: kappa, min: 0.5}]}", "metrics: [kappa]"),
        ("gate: {rules: [{scorer: label, metric: bleu, min: 0.5}]}", "`label` has macro_f1, weighted_f1"),
        ("gate: {rules: [{scorer: label, metric: macro_f1, quantile: 0.5, min: 0.5}]}", "leave out `quantile`"),
        ("  - equals\n    metrics: [f1]", ""),
    ] {
        let folder = folder(gate);
        let said = folder.assay(&["validate"]);
        assert_eq!(said.code, 2, "{gate}: {said:?}");
        assert!(format!("{}{}", said.out, said.err).contains(words), "{gate}: {said:?}");
    }
}

#[test]
fn entities_and_sets_of_labels_are_scored_from_the_suite_to_the_report() {
    let folder = Folder::new();
    let rows: Vec<String> = (0..40)
        .map(|i| {
            let text = format!("Ann Lee met Bob in Paris on day {i}");
            let truth = json!([{"start": 0, "end": 7, "label": "PER"}, {"start": 12, "end": 15, "label": "PER"}]);
            // One answer in four misses Bob; every one finds Paris, which nobody asked for.
            let mut found = vec![json!({"text": "Ann Lee", "label": "PER"}), json!({"text": "Paris", "label": "LOC"})];
            if i % 4 != 0 {
                found.push(json!({"text": "Bob", "label": "PER"}));
            }
            json!({"id": i, "text": text, "expected": truth, "found": found}).to_string()
        })
        .collect();
    folder.write("entities.jsonl", rows.join("\n"));
    folder.write(
        "entities.yaml",
        "suite: entities\ndataset:\n  path: entities.jsonl\n  fields: {input: [text], expected: expected, outputs: {a: found}}\ntarget: {recorded: a}\nscorers:\n  - entities: {source: \"{{ text }}\"}\n    metrics: [f1, precision, recall]\n",
    );
    let said = folder.assay(&["run", "entities.yaml", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let summary = self::rows(&folder, &["report", "--format", "json"], "/summary/rows");
    let value = |metric: &str| {
        let row = summary.iter().find(|row| row["metric"] == metric).unwrap_or_else(|| panic!("{summary:?}"));
        row["estimate"]["value"].as_f64().unwrap()
    };
    // 70 of 80 expected are found, among 110 that were given.
    assert!((value("recall") - 70.0 / 80.0).abs() < 1e-12 && (value("precision") - 70.0 / 110.0).abs() < 1e-12);
    assert!((value("f1") - 140.0 / 190.0).abs() < 1e-12);

    let rows: Vec<String> = (0..30)
        .map(|i| {
            let given = if i % 3 == 0 { json!(["billing"]) } else { json!(["billing", "delivery"]) };
            json!({"id": i, "text": format!("t{i}"), "expected": ["billing", "delivery"], "given": given}).to_string()
        })
        .collect();
    folder.write("labels.jsonl", rows.join("\n"));
    folder.write(
        "labels.yaml",
        "suite: labels\ndataset:\n  path: labels.jsonl\n  fields: {input: [text], expected: expected, outputs: {a: given}}\ntarget: {recorded: a}\nscorers:\n  - labels: {labels: [billing, delivery, other]}\n    metrics: [f1, macro_f1]\n",
    );
    let said = folder.assay(&["run", "labels.yaml", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let summary = self::rows(&folder, &["report", "--format", "json"], "/summary/rows");
    let value = |metric: Value| {
        let row = summary.iter().find(|row| row["metric"] == metric).unwrap_or_else(|| panic!("{summary:?}"));
        row["estimate"]["value"].as_f64().unwrap()
    };
    // Jaccard is ½ in a third of the cases; 50 of 60 labels are given and none is wrong; `delivery` is found in 20 of 30.
    assert!((value(Value::Null) - 5.0 / 6.0).abs() < 1e-12);
    assert!((value(json!("f1")) - 100.0 / 110.0).abs() < 1e-12);
    assert!((value(json!("macro_f1")) - (1.0 + 0.8) / 2.0).abs() < 1e-12);
}
