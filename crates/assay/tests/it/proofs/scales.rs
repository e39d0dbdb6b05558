//! Judges that give scores, beside people who do.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Proof, golden, near, rows};
use crate::data::data;
use crate::oracle::Oracle;

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

#[track_caller]
fn correlation(found: &Value, kind: &str) -> f64 {
    found["correlations"][kind]["value"].as_f64().unwrap_or_else(|| panic!("{kind}: {found}"))
}

#[test]
fn summeval_experts_and_crowd() {
    let Some(set) = data("summeval") else { return };
    let file = set.join("ratings.jsonl");
    let dimensions = ["coherence", "consistency", "fluency", "relevance"];
    let judges = ["gpt-4-0314|rts", "gpt-3.5-turbo-0301|mcq", "gpt-3.5-turbo-0301|rts"];
    let named = |judge: &str, dimension: &str| format!("{}_{dimension}", judge.replace('|', "_"));
    let mut read = rows(&file);
    // The file has no column of ids; and people's means, for the correlations.
    for row in &mut read {
        row["id"] = json!(format!("{} {}", row["doc"].as_str().unwrap(), row["system"].as_str().unwrap()));
        for dimension in dimensions {
            for people in ["experts", "turkers"] {
                let given: Vec<f64> =
                    row[people].as_array().unwrap().iter().map(|one| one[dimension].as_f64().unwrap()).collect();
                row[format!("{people}_{dimension}")] = json!(mean(&given));
            }
        }
    }
    let table = tempfile::tempdir().unwrap();
    let with_ids = table.path().join("ratings.jsonl");
    std::fs::write(&with_ids, read.iter().map(|row| format!("{row}\n")).collect::<String>()).unwrap();
    let scorers: String = dimensions
        .iter()
        .flat_map(|dimension| judges.iter().map(move |judge| (judge, dimension)))
        .map(|(judge, dimension)| {
            format!(
                "  - {{name: {}, judge: {{recorded: \"{{{{ metadata.judges['{judge}|{dimension}'] }}}}\", scale: {{min: 1, max: 5}}}}}}\n",
                named(judge, dimension)
            )
        })
        .collect();
    let mut proof = Proof::new(
        "summeval",
        &with_ids,
        &["--id", "id", "--input", "summary", "--cluster", "doc", "--metadata", "system,judges"],
        &format!("target: {{name: summary, echo: \"{{{{ summary }}}}\"}}\nscorers:\n{scorers}slices: [system]\n"),
    );
    let golden = golden("summeval");
    let mut oracle = Oracle::new("from scipy.stats import kendalltau\ndef one(f, a):\n    return kendalltau(*a)[0]\n");
    for dimension in dimensions {
        proof.labels(read.iter().flat_map(|row| {
            let experts = row["experts"].as_array().unwrap().iter().enumerate();
            experts.map(
                |(at, given)| json!({"case": row["id"], "label": given[dimension], "rater": format!("expert{at}")}),
            )
        }));
        let want = &golden[dimension];
        let columns =
            |people: &str, n: usize| (0..n).map(|at| format!("{people}.{at}.{dimension}")).collect::<Vec<_>>();
        let at = file.to_str().unwrap();
        let (experts, crowd) = (columns("experts", 3), columns("turkers", 5).join(","));
        let alpha =
            |raters: &str, level: &str| proof.agreement(at, raters, level, &format!("Krippendorff's α ({level})"));
        near("experts, ordinal", alpha(&experts.join(","), "ordinal"), &want["experts_alpha_ordinal"]);
        near("experts, interval", alpha(&experts.join(","), "interval"), &want["experts_alpha_interval"]);
        near("crowd", alpha(&crowd, "interval"), &want["turkers_alpha_interval"]);
        let kappa = proof.agreement(at, &experts[..2].join(","), "ordinal", "Cohen's κ");
        near("κ of two experts", kappa, &want["expert1_vs_expert2_quadratic_kappa"]);
        let with_ids = with_ids.to_str().unwrap();
        let (x, y) = (format!("turkers_{dimension}"), format!("experts_{dimension}"));
        let found = proof.stats(&["correlate", with_ids, "--x", &x, "--y", &y]);
        near("experts and crowd", correlation(&found, "spearman"), &want["experts_vs_turkers_spearman"]);
        for judge in judges {
            let found = proof.judge(&named(judge, dimension), &["--criterion", dimension, "--scale", "1..5"]);
            let want = &want[judge];
            near(judge, found.figure("correlation"), &want["pearson"]);
            // On the scale from 0 to 1.
            near(judge, 4.0 * found.figure("bias"), &want["mean_judge_minus_expert"]);
            assert_eq!(found.certificate()["labels"], want["n"]);
            assert_ne!(found.grade(), "B", "scores without a threshold have no classes");
            let x = format!("judges.{judge}|{dimension}");
            let found = proof.stats(&["correlate", with_ids, "--x", &x, "--y", &y, "--system", "system"]);
            near(judge, correlation(&found, "spearman"), &want["spearman"]);
            near(judge, correlation(&found, "kendall"), &want["kendall_tau_b"]);
            let of_systems = correlation(&found["systems"], "kendall");
            // Two systems have the very same mean of consistency, which the golden values, made of rounded means, miss.
            if dimension != "consistency" {
                near(judge, of_systems, &want["system_kendall_tau_b"]);
            }
            let mut sums: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
            for row in &read {
                let of = sums.entry(row["system"].as_str().unwrap()).or_default();
                of.0 += row["judges"][format!("{judge}|{dimension}")].as_f64().unwrap();
                of.1 += (3.0 * row[&y].as_f64().unwrap()).round();
            }
            let (a, b): (Vec<f64>, Vec<f64>) = sums.into_values().unzip();
            oracle.ask("kendall", json!([a, b]), vec![of_systems], 1e-12);
        }
    }
    oracle.check();
    proof.page();
}

#[test]
fn hanna_raters() {
    let Some(set) = data("hanna_raters") else { return };
    let criteria = ["RE", "CH", "EM", "SU", "EG", "CX"];
    let mut read = rows(&set.join("ratings.jsonl"));
    for row in &mut read {
        row["id"] = json!(format!("{} {}", row["prompt"], row["model"].as_str().unwrap()));
        for criterion in criteria {
            row[format!("people_{criterion}")] = json!(mean(&numbers(&row["human"][criterion])));
        }
    }
    let table = tempfile::tempdir().unwrap();
    let file = table.path().join("ratings.jsonl");
    std::fs::write(&file, read.iter().map(|row| format!("{row}\n")).collect::<String>()).unwrap();
    // ChatGPT's scores are means of three answers, some of which were 0.
    let scorers: String = criteria
        .iter()
        .map(|criterion| {
            format!(
                "  - {{name: chatgpt_{criterion}, judge: {{recorded: \"{{{{ metadata.judges.ChatGPT.{criterion} }}}}\", scale: {{min: 0, max: 5}}}}}}\n"
            )
        })
        .collect();
    let mut proof = Proof::new(
        "hanna_raters",
        &file,
        &["--id", "id", "--input", "prompt,model", "--cluster", "prompt", "--metadata", "judges"],
        // The set has numbers alone: a story is known by its prompt and its writer.
        &format!("target: {{name: story, echo: \"{{{{ prompt }}}} by {{{{ model }}}}\"}}\nscorers:\n{scorers}"),
    );
    let golden = golden("hanna_raters");
    let at = file.to_str().unwrap();
    for criterion in criteria {
        let want = &golden[criterion];
        let raters = (0..3).map(|rater| format!("human.{criterion}.{rater}")).collect::<Vec<_>>().join(",");
        for level in ["ordinal", "interval"] {
            let alpha = proof.agreement(at, &raters, level, &format!("Krippendorff's α ({level})"));
            near(criterion, alpha, &want[format!("alpha_{level}")]);
        }
        proof.labels(read.iter().flat_map(|row| {
            let given = numbers(&row["human"][criterion]).into_iter().enumerate();
            given.map(|(rater, label)| json!({"case": row["id"], "label": label, "rater": format!("r{rater}")}))
        }));
        let found = proof.judge(&format!("chatgpt_{criterion}"), &["--criterion", criterion, "--scale", "0..5"]);
        assert_eq!((found.certificate()["labels"].as_u64(), found.grade()), (Some(506), "U"));
        assert!(found.missing().contains("agreement"), "{}", found.missing());
        let y = format!("people_{criterion}");
        let x = format!("judges.ChatGPT.{criterion}");
        let by_hand = proof.stats(&["correlate", at, "--x", &x, "--y", &y]);
        near(criterion, correlation(&by_hand, "spearman"), &want["chatgpt_spearman"]);
        // The certificate's is Pearson's of the same columns.
        assert!((found.figure("correlation") - correlation(&by_hand, "pearson")).abs() < 1e-9);
        for metric in ["BLEU", "chrF", "BERTScore F1"] {
            let found = proof.stats(&["correlate", at, "--x", &format!("metrics.{metric}"), "--y", &y]);
            near(metric, correlation(&found, "kendall"), &want["kendall"][metric]);
        }
    }
    proof.page();
}

/// Its name, the most that the judge gives from 0 on, and people's scale.
type Dimension = (&'static str, u64, &'static str);

#[test]
fn unieval_groundedness_and_consistency() {
    let Some(set) = data("unieval_dialogue_factual") else { return };
    let golden = golden("unieval_dialogue_factual");
    let files: [(&str, &[Dimension]); 3] = [
        (
            "topical_chat",
            &[
                ("groundedness", 1, "0..1"),
                ("naturalness", 1, "1..3"),
                ("coherence", 1, "1..3"),
                ("engagingness", 4, "1..3"),
                ("understandability", 1, "0..1"),
            ],
        ),
        ("qags_cnndm", &[("consistency", 1, "0..1")]),
        ("qags_xsum", &[("consistency", 1, "0..1")]),
    ];
    let mut page = Vec::new();
    for (name, dimensions) in files {
        let file = set.join(format!("{name}.jsonl"));
        let read = rows(&file);
        let scorers: String = dimensions
            .iter()
            .map(|(dimension, most, _)| {
                format!(
                    "  - {{name: unieval_{dimension}, judge: {{recorded: \"{{{{ metadata.predict_scores.{dimension} }}}}\", scale: {{min: 0, max: {most}}}}}}}\n"
                )
            })
            .collect();
        let mut proof = Proof::new(
            "unieval_dialogue_factual",
            &file,
            &["--id", "row", "--input", "source,system_output", "--cluster", "source", "--metadata", "predict_scores"],
            &format!("target: {{name: answer, echo: \"{{{{ system_output }}}}\"}}\nscorers:\n{scorers}"),
        );
        for (dimension, _, scale) in dimensions {
            proof.labels(
                read.iter().map(|row| json!({"case": row["row"].to_string(), "label": row["scores"][*dimension]})),
            );
            let judge = format!("unieval_{dimension}");
            let found = proof.judge(&judge, &["--criterion", dimension, "--scale", scale]);
            let want = &golden[format!("{name}|{dimension}")];
            near(dimension, found.figure("correlation"), &want["pearson"]);
            assert_eq!(found.certificate()["labels"], want["n"]);
            let (x, y) = (format!("predict_scores.{dimension}"), format!("scores.{dimension}"));
            let by_hand = proof.stats(&["correlate", file.to_str().unwrap(), "--x", &x, "--y", &y]);
            near(dimension, correlation(&by_hand, "spearman"), &want["spearman"]);
            near(dimension, correlation(&by_hand, "kendall"), &want["kendall_tau_b"]);
            page.push(found.row("unieval_dialogue_factual", &format!("{judge} on {name}")));
        }
    }
    super::on_page("unieval_dialogue_factual", &page);
}
