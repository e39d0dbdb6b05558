//! Real data, where it lies beside the repository: published numbers must come out.

use std::path::{Path, PathBuf};

use crate::support::Folder;

/// The folder of a data set, or nothing and a printed reason.
fn data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if path.exists() {
        return Some(path.canonicalize().unwrap());
    }
    println!("skipped: the data set {name} is not beside the repository");
    None
}

fn goldens() -> serde_json::Value {
    let path = data("GOLDENS.json").unwrap();
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn summary(folder: &Folder) -> Vec<serde_json::Value> {
    let report: serde_json::Value = serde_json::from_str(&folder.assay(&["report", "--format", "json"]).out).unwrap();
    report["summary"]["rows"].as_array().unwrap().clone()
}

#[test]
fn gsm8k_accuracies_and_the_paired_comparison_are_the_published_ones() {
    let Some(gsm8k) = data("gsm8k") else { return };
    let folder = Folder::new();
    let models = ["6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"];
    let outputs: String = models.iter().map(|m| format!("{m}: {m}.solution, ")).collect();
    let targets: String = models.iter().map(|m| format!("  - {{name: {m}, recorded: {m}}}\n")).collect();
    folder.write(
        "assay.yaml",
        format!(
            "suite: gsm8k\ndatasets:\n  - path: {}/model_solutions.jsonl\n    fields: {{id: row, input: [question], expected: ground_truth, outputs: {{{outputs}}}}}\ntargets:\n{targets}scorers: [numeric]\n",
            gsm8k.display()
        ),
    );
    let said = folder.assay(&["run", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let golden = &goldens()["gsm8k"];
    for row in summary(&folder) {
        let want = &golden[row["target"].as_str().unwrap()];
        let got = row["estimate"]["value"].as_f64().unwrap();
        assert!((got - want["rate"].as_f64().unwrap()).abs() < 1e-6, "{row}");
        let interval = &row["estimate"]["interval"];
        assert!((interval["lower"].as_f64().unwrap() - want["wilson95"][0].as_f64().unwrap()).abs() < 1e-6, "{row}");
        assert!((interval["upper"].as_f64().unwrap() - want["wilson95"][1].as_f64().unwrap()).abs() < 1e-6, "{row}");
    }
    let said = folder.assay(&["compare", "latest:6b_verification", "latest:175b_finetuning", "--json"]);
    let comparison: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let difference = &comparison["rows"][0]["difference"];
    let want = &golden["mcnemar 6b_verification vs 175b_finetuning"];
    assert_eq!((&difference["better"], &difference["worse"]), (&want["b"], &want["c"]));
}

#[test]
fn a_version_that_got_worse_fails_the_gate() {
    let Some(drift) = data("llmdrift") else { return };
    // One file holds both versions' rows: a row per version becomes a recorded output per version.
    let text = std::fs::read_to_string(drift.join("leetcode_easy.jsonl")).unwrap();
    let mut by_id: std::collections::BTreeMap<String, serde_json::Map<String, serde_json::Value>> = Default::default();
    for row in text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()) {
        let model = row["model"].as_str().unwrap();
        let version = if model.ends_with("gpt-4-0314") {
            "march"
        } else if model.ends_with("gpt-4-0613") {
            "june"
        } else {
            continue;
        };
        let passed = row["Directly Usable"] == "1";
        let case = by_id.entry(row["id"].as_str().unwrap().to_owned()).or_default();
        case.insert(version.into(), serde_json::json!(if passed { "usable" } else { "not usable" }));
    }
    let folder = Folder::new();
    let cases: String = by_id
        .into_iter()
        .map(|(id, outputs)| {
            format!("{}\n", serde_json::json!({"id": id, "problem": id, "expected": "usable", "outputs": outputs}))
        })
        .collect();
    folder.write("cases.jsonl", cases);
    folder.write(
        "assay.yaml",
        "suite: drift\ndataset: cases.jsonl\ntargets: [{name: march, recorded: march}, {name: june, recorded: june}]\nscorers: [equals]\ngate: {rules: [{scorer: equals, margin: 0.05}]}\n",
    );
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    let golden = &goldens()["llmdrift"]["leetcode_easy"]["mcnemar gpt-4-0314 vs gpt-4-0613"];
    let said = folder.assay(&["compare", "latest:june", "latest:march", "--json"]);
    let comparison: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let difference = &comparison["rows"][0]["difference"];
    assert_eq!((&difference["worse"], &difference["better"]), (&golden["b"], &golden["c"]), "{comparison}");
    let gate = folder.assay(&["gate", "latest:june", "--baseline", "latest:march"]);
    assert_eq!(gate.code, 1, "{gate:?}");
    let back = folder.assay(&["gate", "latest:march", "--baseline", "latest:june"]);
    assert_eq!(back.code, 0, "{back:?}");
}

#[test]
fn cranfield_retrieval_is_scored_as_trec_eval_does() {
    let Some(cranfield) = data("cranfield") else { return };
    let read = |name: &str| std::fs::read_to_string(cranfield.join(name)).unwrap();
    let mut gold: std::collections::BTreeMap<String, Vec<serde_json::Value>> = Default::default();
    for line in read("qrels.trec").lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let grade: f64 = cells[3].parse().unwrap();
        gold.entry(cells[0].into()).or_default().push(serde_json::json!({"id": cells[2], "grade": grade.max(0.0)}));
    }
    let mut found: std::collections::BTreeMap<String, Vec<(f32, String)>> = Default::default();
    for line in read("run.bm25.trec").lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        found.entry(cells[0].into()).or_default().push((cells[4].parse().unwrap(), cells[2].into()));
    }
    let folder = Folder::new();
    let mut cases = String::new();
    for (query, contexts) in &gold {
        let Some(results) = found.get_mut(query) else { continue };
        // trec_eval ranks by score, ties by document id descending.
        results.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| b.1.cmp(&a.1)));
        let retrieved: Vec<_> = results.iter().map(|(_, id)| serde_json::json!({"id": id})).collect();
        cases.push_str(&format!("{}\n", serde_json::json!({"id": query, "query": query, "contexts": contexts, "outputs": {"bm25": {"output": "", "contexts": retrieved}}})));
    }
    folder.write("cases.jsonl", cases);
    folder.write(
        "assay.yaml",
        "suite: cranfield\ndataset: cases.jsonl\ntarget: {recorded: bm25}\nscorers:\n  - {retrieval: {metric: precision, k: 5}, name: P_5}\n  - {retrieval: {metric: precision, k: 10}, name: P_10}\n  - {retrieval: {metric: ndcg, k: 10}, name: ndcg_cut_10}\n  - {retrieval: {metric: mrr, k: 1000}, name: recip_rank}\n  - {retrieval: {metric: ap, k: 1000}, name: map}\n",
    );
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    let mut checked = 0;
    let rows = folder.query("SELECT case_id, scorer, value FROM scores WHERE status = 'scored'");
    let got: std::collections::HashMap<(String, String), f64> = rows
        .iter()
        .map(|row| {
            (
                (row["scorer"].as_str().unwrap().into(), row["case_id"].as_str().unwrap().into()),
                row["value"].as_f64().unwrap(),
            )
        })
        .collect();
    for line in read("golden.bm25.pytrec_eval.csv").lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        if let Some(value) = got.get(&(cells[0].to_owned(), cells[1].to_owned())) {
            let want: f64 = cells[2].parse().unwrap();
            assert!((value - want).abs() < 1e-5, "{line}: {value}");
            checked += 1;
        }
    }
    assert!(checked > 800, "{checked}");
}
