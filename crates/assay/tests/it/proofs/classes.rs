//! Judges that pass or fail, beside people who do.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use super::{Certificate, Proof, fine, golden, near, rows, value};
use crate::data::data;
use crate::oracle::Oracle;

#[test]
fn faithbench_detectors() {
    let Some(set) = data("faithbench") else { return };
    let file = set.join("samples.jsonl");
    let detectors =
        ["gpt-3.5-turbo", "gpt-4-turbo", "gpt_4o", "hhem-2.1", "hhem-2.1-english", "hhemv1", "true_nli", "trueteacher"];
    let scorers: String = detectors
        .iter()
        .map(|name| {
            format!(
                "  - {{name: {name}, threshold: 0.5, judge: {{recorded: \"{{{{ metadata.detectors['{name}'] }}}}\", scale: {{min: 0, max: 1}}}}}}\n"
            )
        })
        .collect();
    let mut proof = Proof::new(
        "faithbench",
        &file,
        &["--id", "id", "--input", "source,summary", "--cluster", "source", "--metadata", "model,detectors"],
        &format!("target: {{name: summary, echo: \"{{{{ summary }}}}\"}}\nscorers:\n{scorers}slices: [model]\n"),
    );
    // The worst label of any annotator counts: an unwanted hallucination, however many marked it.
    let unwanted = |row: &Value| {
        let labels = row["annotations"].as_array().unwrap().iter().flat_map(|one| one["labels"].as_array().unwrap());
        labels.filter_map(Value::as_str).any(|label| label.starts_with("Unwanted"))
    };
    let mut read = rows(&file);
    proof.labels(read.iter().map(|row| json!({"case": row["id"], "label": !unwanted(row)})));
    let golden = golden("faithbench");
    for row in &mut read {
        row["faithful"] = json!(!unwanted(row));
    }
    proof.folder.write("rows.jsonl", read.iter().map(|row| format!("{row}\n")).collect::<String>());
    for name in detectors {
        let found = proof.judge(name, &["--criterion", "faithful"]);
        let [[people_fail, passed], [failed, people_pass]] = found.confusion();
        assert_eq!(people_fail + passed, golden["unwanted"]["k"].as_u64().unwrap());
        assert_eq!(people_fail + passed + failed + people_pass, 420);
        let want = &golden["detectors"][name];
        near(
            name,
            (found.figure("sensitivity") + found.figure("specificity")) / 2.0,
            &want["balanced_accuracy_at_0.5"],
        );
        let score = format!("detectors.{name}");
        let ranked = proof.stats(&["classify", "rows.jsonl", "--truth", "faithful", "--score", &score]);
        near(
            name,
            ranked["metrics"]["ROC AUC"]["value"].as_f64().unwrap_or_else(|| panic!("{ranked}")),
            &want["auroc_of_1_minus_score"],
        );
        // The set was chosen to be hard: no detector may be relied on, and the certificate says so.
        assert_eq!((found.grade(), found.missing().contains("agreement")), ("U", true), "{}", found.missing());
    }
    jury(&proof, &detectors, &read);
    let rate = proof.stats(&["rate", "247/420"]);
    for (at, want) in golden["unwanted"]["wilson95"].as_array().unwrap().iter().enumerate() {
        near("unwanted", rate["intervals"]["wilson"][at].as_f64().unwrap_or_else(|| panic!("{rate}")), want);
    }
    proof.page();
}

/// The detectors weighed together: labels are those of crowd-kit, and what that is worth beside people is told.
fn jury(proof: &Proof, detectors: &[&str], read: &[Value]) {
    let named = [&["judge", "jury"][..], detectors, &["--threshold", "0.5", "--out", "consensus.jsonl"]].concat();
    let said = fine(proof.folder.assay(&named));
    assert!(said.out.contains("8 judges on 420 answers") && said.out.contains("weighed (Dawid and Skene)"), "{said:?}");
    let found = value(&fine(proof.folder.assay(&[&named[..], &["--json"]].concat())));
    assert_eq!((&found["labelled"], &found["classes"]), (&json!(420), &json!([0.0, 1.0])));
    let written = rows(&proof.folder.path().join("consensus.jsonl"));
    assert_eq!(json!(written), found["answers"]);
    let of_id: HashMap<&str, &Value> = written.iter().map(|one| (one["case"].as_str().unwrap(), one)).collect();
    let (mut votes, mut passes, mut right) = (Vec::new(), Vec::new(), 0.0);
    for row in read {
        let one = of_id[row["id"].as_str().unwrap()];
        let pass = one["label"] == "pass";
        assert!(one["probability"].as_f64().unwrap() >= 0.5, "{one}");
        passes.push(f64::from(u8::from(pass)));
        right += f64::from(u8::from(json!(pass) == row["faithful"]));
        let of = |name: &&str| u8::from(row["detectors"][*name].as_f64().unwrap() >= 0.5);
        votes.push(detectors.iter().map(of).collect::<Vec<u8>>());
    }
    let weighed = found["weighed"]["value"].as_f64().unwrap();
    assert!((weighed - right / 420.0).abs() < 1e-12, "{weighed}");
    // Hard answers: eight detectors err like a few.
    let worth = found["independent_errors"].as_f64().unwrap();
    assert!(worth > 1.0 && worth < 6.0, "{worth}");
    let mut oracle = Oracle::new(
        "import pandas as pd
from crowdkit.aggregation.classification import DawidSkene
def one(f, a):
    rows = [(i, r, v) for i, row in enumerate(a) for r, v in enumerate(row)]
    found = DawidSkene(n_iter=100, tol=-np.inf).fit(pd.DataFrame(rows, columns=['task', 'worker', 'label']))
    return (found.probas_.sort_index()[1] > 0.5).astype(int).tolist()
",
    );
    oracle.ask("labels", json!(votes), passes, 1e-9);
    oracle.check();
}

/// The certificate's figures of a pass-or-fail judge beside those of scikit-learn and irrCAC, from verdicts and labels as the
/// test reads them.
fn ask(oracle: &mut Oracle, found: &Certificate, judge: &[bool], people: &[bool]) {
    let figures = ["agreement", "kappa", "ac1", "sensitivity", "specificity", "ppv", "npv"];
    let ours = figures.map(|key| found.figure(key)).to_vec();
    oracle.ask("judge", json!([judge, people]), ours, 1e-9);
}

const REFERENCE: &str = "
import pandas as pd
from irrCAC.raw import CAC
from sklearn.metrics import accuracy_score, cohen_kappa_score, precision_score, recall_score
def one(f, a):
    judge, people = [int(x) for x in a[0]], [int(x) for x in a[1]]
    ac1 = CAC(pd.DataFrame({'j': judge, 'p': people}), categories=[0, 1], digits=12).gwet()['est']['coefficient_value']
    return [accuracy_score(people, judge), cohen_kappa_score(people, judge), ac1,
            recall_score(people, judge), recall_score(people, judge, pos_label=0),
            precision_score(people, judge), precision_score(people, judge, pos_label=0)]
";

/// Lower-case words.
fn words(text: &str) -> BTreeSet<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn truthfulqa_overlap_with_reference_answers() {
    let Some(set) = data("truthfulqa") else { return };
    let mut questions: HashMap<String, [Vec<BTreeSet<String>>; 2]> = HashMap::new();
    for row in ::csv::Reader::from_path(set.join("TruthfulQA.csv")).unwrap().deserialize::<HashMap<String, String>>() {
        let row = row.unwrap();
        let list = |column: &str| row[column].split(';').map(words).filter(|words| !words.is_empty()).collect();
        questions.insert(row["Question"].clone(), [list("Correct Answers"), list("Incorrect Answers")]);
    }
    // The judge of those who have none: an answer is true that has more words in common (Jaccard) with a true reference
    // than with any false one. References themselves are left out, and answers that people labelled both ways.
    let mut answers: BTreeMap<(String, String), BTreeSet<bool>> = BTreeMap::new();
    for row in rows(&set.join("human_truth_labels.jsonl")) {
        let word = |key: &str| row[key].as_str().unwrap().to_owned();
        answers.entry((word("question"), word("answer"))).or_default().insert(row["true"].as_bool().unwrap());
    }
    let (mut cases, mut judge, mut people) = (String::new(), Vec::new(), Vec::new());
    for ((question, answer), truths) in answers {
        let (Some(references), [truth]) = (questions.get(&question), &truths.into_iter().collect::<Vec<_>>()[..])
        else {
            continue;
        };
        let own = words(&answer);
        if own.is_empty() || references.iter().flatten().any(|reference| *reference == own) {
            continue;
        }
        let overlap =
            |other: &BTreeSet<String>| own.intersection(other).count() as f64 / own.union(other).count() as f64;
        let [right, wrong] = [0, 1].map(|at| references[at].iter().map(overlap).fold(0.0, f64::max));
        let row =
            json!({"id": judge.len().to_string(), "question": question, "answer": answer, "overlap": right > wrong});
        cases.push_str(&format!("{row}\n"));
        judge.push(right > wrong);
        people.push(*truth);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("answers.jsonl");
    std::fs::write(&file, cases).unwrap();
    let mut proof = Proof::new(
        "truthfulqa",
        &file,
        &["--id", "id", "--input", "question,answer", "--cluster", "question", "--metadata", "overlap"],
        "target: {name: answer, echo: \"{{ answer }}\"}\nscorers:\n  - {name: overlap, judge: {recorded: \"{{ metadata.overlap }}\"}}\n",
    );
    proof.labels(people.iter().enumerate().map(|(id, truth)| json!({"case": id.to_string(), "label": truth})));
    let found = proof.judge("overlap", &["--criterion", "true"]);
    let count = |f: bool, y: bool| judge.iter().zip(&people).filter(|(a, b)| **a == f && **b == y).count() as u64;
    assert_eq!(found.confusion(), [false, true].map(|y| [false, true].map(|f| count(f, y))));
    assert!(found.grade() == "U" && found.missing().contains("agreement"), "{}", found.missing());
    let mut oracle = Oracle::new(REFERENCE);
    ask(&mut oracle, &found, &judge, &people);
    oracle.check();
    proof.page();
}

#[test]
fn openai_moderation_words() {
    let Some(set) = data("openai_moderation") else { return };
    let file = set.join("samples.jsonl");
    let golden = golden("openai_moderation");
    // A list of words as the judge. A prompt counts as flagged, which is a pass here, when one of them is in it.
    let lists: [(&str, &[&str]); 6] = [
        ("H", &["hate", "disgusting", "subhuman", "inferior"]),
        ("H2", &["exterminate", "kill them", "shoot them"]),
        ("V", &["kill", "murder", "shoot", "stab"]),
        ("V2", &["blood", "gore", "dismember"]),
        ("HR", &["stupid", "idiot", "loser", "shut up"]),
        ("SH", &["suicid", "kill myself", "cut myself", "self-harm", "end my life"]),
    ];
    let rule = |words: &[&str]| {
        let any: Vec<String> = words.iter().map(|word| format!("'{word}' in prompt | lower")).collect();
        any.join(" or ")
    };
    let scorers: String = lists
        .iter()
        .map(|(name, words)| {
            format!("  - {{name: words_{name}, judge: {{recorded: \"{{{{ {} }}}}\"}}}}\n", rule(words))
        })
        .collect();
    let mut proof = Proof::new(
        "openai_moderation",
        &file,
        &["--id", "row", "--input", "prompt"],
        &format!("target: {{name: prompt, echo: \"{{{{ prompt }}}}\"}}\nscorers:\n{scorers}"),
    );
    let read = rows(&file);
    // All categories in one file; a prompt has labels for some of them only.
    proof.labels(read.iter().flat_map(|row| {
        lists.iter().filter_map(|(name, _)| {
            let label = row.get(*name).filter(|label| !label.is_null())?;
            Some(json!({"case": row["row"].to_string(), "criterion": name, "label": label}))
        })
    }));
    let mut oracle = Oracle::new(REFERENCE);
    for (name, words) in lists {
        let found = proof.judge(&format!("words_{name}"), &["--criterion", name]);
        let [fails, passes] = found.confusion();
        assert_eq!(json!(fails.iter().chain(&passes).sum::<u64>()), golden[name]["labelled"], "{name}");
        assert_eq!(json!(passes.iter().sum::<u64>()), golden[name]["positive"], "{name}");
        let labelled =
            || read.iter().filter_map(|row| Some((row["prompt"].as_str()?.to_lowercase(), row.get(name)?.as_f64()?)));
        let judge: Vec<bool> = labelled().map(|(prompt, _)| words.iter().any(|word| prompt.contains(word))).collect();
        let people: Vec<bool> = labelled().map(|(_, label)| label == 1.0).collect();
        ask(&mut oracle, &found, &judge, &people);
        if name == "V2" {
            // Nine of one class are too few for any grade, whatever the agreement.
            assert!(found.grade() == "U" && found.missing().contains("rarer class"), "{}", found.missing());
        }
    }
    oracle.check();
    proof.page();
}
