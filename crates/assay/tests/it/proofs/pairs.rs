//! Judges of pairs: which of two answers is better.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Proof, fine, golden, near, rows, value};
use crate::data::data;
use crate::support::Folder;

#[test]
fn pandalm_votes() {
    let Some(set) = data("pandalm_votes") else { return };
    let file = set.join("pairs.jsonl");
    // First, tie, second in this order.
    let judge = |name: &str, code: &str| {
        format!(
            "  - {{name: {name}, judge: {{recorded: \"{{{{ {code}[metadata.judge_{name}] }}}}\", scale: {{min: 0, max: 2}}}}}}\n"
        )
    };
    let mut proof = Proof::new(
        "pandalm_votes",
        &file,
        &[
            "--id",
            "idx",
            "--input",
            "instruction,input,response1,response2",
            "--metadata",
            "judge_gpt35,judge_pandalm7b",
        ],
        &format!(
            "target: {{name: pair, echo: \"1: {{{{ response1 }}}}\\n2: {{{{ response2 }}}}\"}}\nscorers:\n{}{}",
            judge("gpt35", "{'1': 2, 'Tie': 1, '2': 0}"),
            judge("pandalm7b", "[1, 2, 0]")
        ),
    );
    let read = rows(&file);
    let code = |vote: &Value| [1, 2, 0][vote.as_u64().unwrap() as usize];
    let raters = ["annotator1", "annotator2", "annotator3"];
    let majority = |row: &Value| {
        let votes: Vec<u64> = raters.iter().map(|rater| row[*rater].as_u64().unwrap()).collect();
        votes.iter().copied().find(|vote| votes.iter().filter(|other| *other == vote).count() > 1).unwrap()
    };
    let label = |row: &Value, label: u64| json!({"case": row["idx"].to_string(), "label": label});
    let mut labels = Vec::new();
    for row in &read {
        labels.push(label(row, code(&json!(majority(row)))));
        for rater in raters {
            let mut own = label(row, code(&row[rater]));
            own["rater"] = json!(rater);
            labels.push(own);
        }
    }
    proof.labels(labels.into_iter());
    let golden = golden("pandalm_votes");
    let scale = ["--criterion", "better", "--scale", "0..2"];
    // Verdicts that cannot be read have no value, and are no agreement.
    let gpt = proof.judge("gpt35", &scale);
    let certificate = gpt.certificate();
    let (judged, unreadable) = (certificate["judged"].as_f64().unwrap(), certificate["unreadable"].as_f64().unwrap());
    assert_eq!(judged + unreadable, 555.0);
    let want = &golden["gpt35_vs_majority"]["accuracy_garbage_is_wrong"];
    near("GPT-3.5", gpt.figure("agreement") * judged / 555.0, want);
    assert!(gpt.grade() == "U" && gpt.missing().contains("unreadable"), "{}", gpt.missing());
    let pandalm = proof.judge("pandalm7b", &scale);
    near("PandaLM", pandalm.figure("agreement"), &golden["pandalm_vs_majority"]["accuracy"]);
    // People among each other, and κ of three classes.
    let at = file.to_str().unwrap();
    let among = |raters: &str, coefficient: &str| proof.agreement(at, raters, "nominal", coefficient);
    near("Fleiss", among(&raters.join(","), "Fleiss' κ"), &golden["fleiss_kappa"]);
    near("α", among(&raters.join(","), "Krippendorff's α (nominal)"), &golden["krippendorff_nominal"]);
    for (a, b) in [(1, 2), (1, 3), (2, 3)] {
        let pair = format!("annotator{a},annotator{b}");
        near(&pair, among(&pair, "Cohen's κ"), &golden["pairwise_cohen"][format!("{a}-{b}")]);
    }
    let found = proof.stats(&["judge", at, "--judge", "judge_pandalm7b", "--people", &raters.join(","), "--classes"]);
    near("κ of PandaLM", found["kappa"]["value"].as_f64().unwrap(), &golden["pandalm_vs_majority"]["cohen_kappa"]);
    near(
        "accuracy of PandaLM",
        found["agreement"]["value"].as_f64().unwrap(),
        &golden["pandalm_vs_majority"]["accuracy"],
    );
    // From a table nobody knows whether verdicts flip.
    assert_eq!(found["missing"], json!(["flip rate of repeated verdicts (not measured)"]), "{found}");
    let table: String = std::iter::once("gpt35,people\n".to_owned())
        .chain(read.iter().map(|row| {
            let word = row["judge_gpt35"].as_str().unwrap().replace("Tie", "0");
            format!("{word},{}\n", majority(row))
        }))
        .collect();
    proof.folder.write("words.csv", table);
    let kappa = proof.agreement("words.csv", "gpt35,people", "nominal", "Cohen's κ");
    near("κ of GPT-3.5", kappa, &golden["gpt35_vs_majority"]["cohen_kappa_garbage_own_class"]);
    // GPT-3.5 is closer where it says something at all.
    let compared = value(&fine(proof.folder.assay(&["judge", "compare", "gpt35", "pandalm7b", "--json"])));
    assert_eq!(compared["answers"], certificate["judged"], "{compared}");
    proof.page();
}

#[test]
fn every_judge_and_strategy_of_llmbar_in_both_orders() {
    let Some(set) = data("llmbar_judges") else { return };
    let golden = golden("llmbar_judges");
    let items: BTreeMap<String, Value> = rows(&set.join("items.jsonl"))
        .into_iter()
        .map(|item| (item["id"].as_str().unwrap().to_owned(), item))
        .collect();
    let mut tables: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in rows(&set.join("judge_verdicts.jsonl")) {
        let item = &items[row["id"].as_str().unwrap()];
        let word = |key: &str| row[key].as_str().unwrap();
        let name = format!("{}|{}|{}", item["subset"].as_str().unwrap(), word("judge"), word("strategy"));
        // The golden values are of four strategies.
        if golden.get(&name).is_some() {
            let row = json!({"people": item["label"], "judge": row["winner"], "turned": row["winner_swapped"]});
            tables.entry(name).or_default().push(row);
        }
    }
    assert_eq!(tables.len(), golden.as_object().unwrap().len());
    let folder = Folder::new();
    for (name, table) in tables {
        folder.write("verdicts.jsonl", table.iter().map(|row| format!("{row}\n")).collect::<String>());
        let want = &golden[&name];
        let n = table.len() as f64;
        assert_eq!(want["n"], json!(table.len()), "{name}");
        let read = |judge: &str, other: &str| {
            let arguments = ["stats", "judge", "verdicts.jsonl", "--human", "people", "--positive", "1", "--json"];
            let said = value(&fine(folder.assay(&[&arguments[..], &["--judge", judge, "--swapped", other]].concat())));
            // A verdict that cannot be read is none of people's.
            let accuracy =
                said["agreement"]["value"].as_f64().unwrap() * (n - said["unreadable"].as_f64().unwrap()) / n;
            (said, accuracy)
        };
        let (said, in_order) = read("judge", "turned");
        near(&format!("{name}, in order"), in_order, &want["accuracy_in_order"]);
        near(&format!("{name}, turned"), read("turned", "judge").1, &want["accuracy_swapped"]);
        assert_eq!(said["unreadable"], want["unparsed_in_order"], "{name}");
        match said["kappa"]["value"].as_f64() {
            Some(kappa) => near(&format!("{name}, κ"), kappa, &want["cohen_kappa_in_order_parsed"]),
            None => assert!(want["cohen_kappa_in_order_parsed"].is_null(), "{name}: {said}"),
        }
        // Two verdicts that cannot be read are the same to the golden value, and nothing to Assay.
        let count = |of: &dyn Fn(&Value, &Value) -> bool| {
            table.iter().filter(|row| of(&row["judge"], &row["turned"])).count() as f64
        };
        let both = count(&|a, b| !a.is_null() && !b.is_null());
        let neither = count(&|a, b| a.is_null() && b.is_null());
        let same = said["position_consistency"]["value"].as_f64().unwrap() * both;
        near(&format!("{name}, both orders"), (same + neither) / n, &want["same_verdict_both_orders"]);
    }
}
