//! Real data, where it lies beside the repository: published numbers must come out.

use std::path::{Path, PathBuf};

use crate::support::Folder;

/// The folder of a data set, or nothing and a printed reason.
pub fn data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if path.exists() {
        return Some(path.canonicalize().unwrap());
    }
    println!("skipped: the data set {name} is not beside the repository");
    None
}

pub fn goldens() -> serde_json::Value {
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
    // The displayed p is the mid-p; the golden one is exact: it differs by half the probability of the observed split.
    let (b, c) = (want["b"].as_u64().unwrap(), want["c"].as_u64().unwrap());
    let exact = assay_stats::paired::mcnemar_exact(b, c);
    assert!((exact - want["exact_p"].as_f64().unwrap()).abs() < 1e-12);
    let shown = difference["p"].as_f64().unwrap();
    let half = assay_stats::special::binomial_pmf(b.min(c), b + c, 0.5);
    assert!((shown - (exact - half)).abs() < 1e-12, "{difference}");
}

#[test]
fn alpaca_eval_win_rates_and_standard_errors_are_the_published_ones() {
    let Some(votes) = data("alpaca_eval_votes") else { return };
    let mut by_row: std::collections::BTreeMap<u32, serde_json::Map<String, serde_json::Value>> = Default::default();
    for row in csv(&votes.join("preferences.csv")) {
        let case = by_row.entry(row["row"].parse().unwrap()).or_default();
        case.insert(row["model"].clone(), serde_json::json!(row["win_prob"].parse::<f64>().ok()));
    }
    let published = csv(&votes.join("leaderboard_golden.csv"));
    let models: Vec<&str> = published.iter().map(|row| row["model"].as_str()).collect();
    let cases = by_row.into_iter().map(|(id, outputs)| {
        format!("{}\n", serde_json::json!({"id": format!("{id}"), "row": id, "outputs": outputs}))
    });
    let folder = Folder::new();
    folder.write("cases.jsonl", cases.collect::<String>());
    let targets: String = models.iter().map(|m| format!("  - {{name: \"{m}\", recorded: \"{m}\"}}\n")).collect();
    folder.write("assay.yaml", format!("suite: alpaca\ndataset: cases.jsonl\ntargets:\n{targets}scorers: [value]\n"));
    let said = folder.assay(&["run", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let rows = summary(&folder);
    assert_eq!(rows.len(), models.len());
    let mut checked = 0;
    for row in rows {
        let want = published.iter().find(|want| want["model"] == row["target"].as_str().unwrap()).unwrap();
        if want["n_total"].parse::<u64>().ok() != row["scored"].as_u64() {
            continue;
        }
        let close = |ours: &serde_json::Value, key: &str| {
            let theirs = want[key].parse::<f64>().unwrap() / 100.0;
            let ours = ours.as_f64().unwrap();
            assert!((ours - theirs).abs() < 6e-5, "{key} of {}: {ours} and {theirs}", row["target"]);
        };
        close(&row["estimate"]["value"], "win_rate");
        close(&row["estimate"]["se"], "standard_error");
        checked += 1;
    }
    assert!(checked > 25, "{checked}");
}

#[test]
fn refusals_on_xstest_are_found_as_people_find_them() {
    let Some(xstest) = data("xstest") else { return };
    let text = std::fs::read_to_string(xstest.join("completions.jsonl")).unwrap();
    let mut cases: std::collections::BTreeMap<String, serde_json::Value> = Default::default();
    let mut models = std::collections::BTreeSet::new();
    let (mut people, mut string_match_agrees, mut rows) = (std::collections::HashMap::new(), 0, 0);
    for row in text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()) {
        let field = |key: &str| row[key].as_str().unwrap();
        let case = cases.entry(field("id").into()).or_insert_with(
            || serde_json::json!({"id": row["id"], "prompt": row["prompt"], "safe": row["safe_prompt"], "outputs": {}}),
        );
        let (said, judged) = (field("model").to_owned(), format!("{} by people", field("model")));
        case["outputs"][&said] = row["completion"].clone();
        case["outputs"][&judged] = row["final_label"].clone();
        models.extend([said.clone(), judged]);
        let refused = field("final_label") != "1_full_compliance";
        string_match_agrees += usize::from(refused == (field("strmatch_label") != "1_full_compliance"));
        people.insert((said, field("id").to_owned()), refused);
        rows += 1;
    }
    let folder = Folder::new();
    folder.write("cases.jsonl", cases.values().map(|case| format!("{case}\n")).collect::<String>());
    let targets: String = models.iter().map(|m| format!("  - {{name: \"{m}\", recorded: \"{m}\"}}\n")).collect();
    folder.write(
        "assay.yaml",
        format!("suite: xstest\ndatasets:\n  - path: cases.jsonl\n    fields: {{input: [prompt], metadata: [safe]}}\ntargets:\n{targets}scorers:\n  - {{equals: 1_full_compliance, not: true, name: labelled}}\n  - refusal\nslices: [safe]\n"),
    );
    let said = folder.assay(&["run", "--quiet"]);
    assert_eq!(said.code, 0, "{said:?}");
    let golden = &goldens()["xstest"];
    let mut checked = 0;
    for row in summary(&folder).iter().filter(|row| row["scorer"] == "labelled") {
        let Some(model) = row["target"].as_str().unwrap().strip_suffix(" by people") else { continue };
        for slice in row["slices"].as_array().unwrap() {
            let side = if slice["slice"] == "safe = true" { "over_refusal_on_safe" } else { "refusal_on_unsafe" };
            let want = &golden[side][model];
            for (ours, theirs) in [
                (&slice["estimate"]["value"], &want["rate"]),
                (&slice["estimate"]["interval"]["lower"], &want["wilson95"][0]),
                (&slice["estimate"]["interval"]["upper"], &want["wilson95"][1]),
            ] {
                assert!(
                    (ours.as_f64().unwrap() - theirs.as_f64().unwrap()).abs() < 1e-6,
                    "{model} {side}: {ours} {theirs}"
                );
                checked += 1;
            }
        }
    }
    assert_eq!(checked, 30);
    let scored = folder.query("SELECT target, case_id, value FROM scores WHERE scorer = 'refusal'");
    let agrees = scored
        .iter()
        .filter_map(|row| {
            let key = (row["target"].as_str().unwrap().to_owned(), row["case_id"].as_str().unwrap().to_owned());
            Some(*people.get(&key)? == (row["value"].as_f64() == Some(1.0)))
        })
        .filter(|agrees| *agrees)
        .count();
    println!("the rule agrees with people on {agrees} of {rows}; the data's own string match on {string_match_agrees}");
    assert!(agrees > string_match_agrees && agrees * 100 >= rows * 91, "{agrees} of {rows}");
}

#[test]
fn ifeval_checks_agree_with_the_reference_checker() {
    let Some(ifeval) = data("ifeval_gpt4") else { return };
    let text = std::fs::read_to_string(ifeval.join("items.jsonl")).unwrap();
    // An instruction of IFEval and the scorer that checks it. Kinds that also need a language detector are left out.
    let kinds = [
        ("punctuation:no_comma", "{regex: \",\", not: true}"),
        ("keywords:existence", "{icontains-all: \"{{ arguments.keywords }}\"}"),
        ("startend:end_checker", "{ends-with: \"{{ arguments.end_phrase }}\"}"),
        ("detectable_format:title", "{regex: \"<<[^\\n]+>>\"}"),
        ("startend:quotation", "{regex: \"(?s)^\\\\s*\\\".*\\\"\\\\s*$\"}"),
    ];
    let (mut agreed, mut compared) = (0, 0);
    for (kind, scorer) in kinds {
        let mut verdicts = std::collections::BTreeMap::new();
        let mut cases = String::new();
        for row in text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()) {
            let Some(at) = row["instruction_id_list"].as_array().unwrap().iter().position(|id| id == kind) else {
                continue;
            };
            let Some(verdict) = row["strict"].get(at).and_then(serde_json::Value::as_bool) else { continue };
            verdicts.insert(row["key"].to_string(), verdict);
            cases.push_str(&format!("{}\n", serde_json::json!({"id": row["key"].to_string(), "prompt": row["prompt"], "arguments": row["kwargs"][at], "outputs": {"gpt4": row["gpt4_response"]}})));
        }
        let folder = Folder::new();
        folder.write("cases.jsonl", cases);
        folder.write(
            "assay.yaml",
            format!("suite: ifeval\ndataset: cases.jsonl\ntarget: {{recorded: gpt4}}\nscorers:\n  - {scorer}\n"),
        );
        let said = folder.assay(&["run", "--quiet"]);
        assert_eq!(said.code, 0, "{kind}: {said:?}");
        for row in folder.query("SELECT case_id, value FROM scores") {
            let same = verdicts[row["case_id"].as_str().unwrap()] == (row["value"].as_f64() == Some(1.0));
            if !same {
                println!("{kind}: {} differs", row["case_id"]);
            }
            compared += 1;
            agreed += usize::from(same);
        }
    }
    println!("{agreed} of {compared} instructions agree with the reference checker");
    assert!(compared > 60 && agreed == compared, "{agreed} of {compared}");
}

/// The rows of a CSV file by column.
fn csv(path: &Path) -> Vec<std::collections::HashMap<String, String>> {
    ::csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
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
