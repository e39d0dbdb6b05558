//! Judges and raters.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::{Folder, ask, data};

/// 120 labelled and 280 other cases in two arms: the judge passes bad answers of the candidate too often.
fn lenient() -> String {
    let mut text = String::from("item,arm,judge,human\n");
    for i in 0..400 {
        let (arm, truth) = (if i % 2 == 0 { "baseline" } else { "candidate" }, (i / 2) % 3 > 0);
        let pass = truth && i % 40 != 6 || !truth && arm == "candidate" && i % 4 == 1;
        let word = |pass: bool| if pass { "pass" } else { "fail" };
        let human = if i < 120 { word(truth) } else { "" };
        let _ = writeln!(text, "{},{arm},{},{human}", i / 2, word(pass));
    }
    text
}

#[test]
fn a_judge_lenient_to_one_arm_is_found() {
    let folder = Folder::new();
    let file = folder.write("judge.csv", lenient());
    let all = ["judge", &file, "--judge", "judge", "--human", "human", "--arm", "arm", "--cluster", "item"];
    let answer = ask(&all).unwrap();
    let json = answer.json();
    let interval = json["differential_error"]["interval"].as_array().unwrap();
    assert!(interval[0].as_f64().unwrap() > 0.0, "{}", answer.text());
    assert!(answer.text().contains("more lenient to candidate"), "{}", answer.text());
    assert_eq!(json["labels"], 120);
    assert_eq!(json["confusion"]["verdicts"], serde_json::json!(["fail", "pass"]));
    assert!(json["missing"].as_array().unwrap().iter().any(|m| m.as_str().unwrap().contains("flip rate")));
    assert!(!answer.is_alarm());
    assert!(ask(&[&all[..], &["--need", "b"]].concat()).unwrap().is_alarm());
    // Without clusters the posterior of the double sample corrects the raw rate downwards.
    let corrected = ask(&all[..6]).unwrap();
    let c = &corrected.json()["corrected"];
    assert!(c["method"] == "double sampling" && c["value"].as_f64() < c["raw"].as_f64(), "{c}");
    assert!(ask(&["judge", &file, "--judge", "jduge", "--human", "human"]).unwrap_err().contains("no column `jduge`"));
    assert!(
        ask(&["judge", &file, "--judge", "judge", "--human", "human", "--positive", "good"])
            .unwrap_err()
            .contains("no verdict is `good`")
    );
    let empty = folder.write("empty.csv", "judge,human\npass,\nfail,\n");
    assert!(
        ask(&["judge", &empty, "--judge", "judge", "--human", "human"])
            .unwrap_err()
            .contains("no row has a verdict of both")
    );
}

#[test]
fn a_rater_who_guesses_and_one_who_fails_gold_are_found() {
    let folder = Folder::new();
    let mut text = String::from("item,rater,rating,gold\n");
    for item in 0..40 {
        let truth = item % 2;
        let gold = if item < 20 { truth.to_string() } else { String::new() };
        for rater in 0..5 {
            let right = if rater == 4 { (item * 7) % 5 > 2 } else { (item + rater) % 9 > 0 };
            let _ = writeln!(text, "{item},r{rater},{},{gold}", if right { truth } else { 1 - truth });
        }
    }
    let file = folder.write("raters.csv", &text);
    let answer = ask(&["raters", &file, "--gold", "gold"]).unwrap();
    let json = answer.json();
    assert!(answer.is_alarm() && json["suspend"] == serde_json::json!(["r4"]), "{}", answer.text());
    let accuracy = |r: usize| json["raters"][r]["accuracy"].as_f64().unwrap();
    assert!(accuracy(4) < 0.6 && accuracy(0) > 0.8, "{}", answer.text());
    assert!(json["raters_needed"].as_u64().is_some() && json["conger"]["value"].as_f64().is_some());
    assert!(ask(&["raters", &file, "--rating", "score"]).unwrap_err().contains("no column `score`"));
    let one = folder.write("one.csv", "item,rater,rating\n1,a,1\n2,a,0\n");
    assert!(ask(&["raters", &one]).unwrap_err().contains("one rater"));
}

#[test]
fn a_score_that_is_too_sure_is_mended() {
    let folder = Folder::new();
    let mut text = String::from("p,y\n");
    for i in 0..600 {
        // Says 95%, holds in 80%; says 5%, holds in 20%; says 99.9%, holds.
        let (p, y) = match i % 3 {
            0 => (0.95, i % 15 != 0),
            1 => (0.05, i % 15 == 1),
            _ => (0.999, true),
        };
        let _ = writeln!(text, "{p},{}", u8::from(y));
    }
    let file = folder.write("scores.csv", &text);
    let answer = ask(&["calibration", &file, "--score", "p", "--outcome", "y"]).unwrap();
    let json = answer.json();
    assert!((json["ece"].as_f64().unwrap() - 0.1003).abs() < 1e-3, "{}", answer.text());
    assert!(json["temperature"].as_f64().unwrap() > 1.2, "{}", answer.text());
    assert_eq!(json["abstention"]["threshold"], 0.999);
    assert!(
        ask(&["calibration", &file, "--score", "y", "--outcome", "p"])
            .unwrap_err()
            .contains("true or false is expected")
    );
}

fn lines(folder: &std::path::Path, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn real_judges_and_raters() {
    let folder = Folder::new();
    if let Some(path) = data("pandalm_votes") {
        let file = path.join("pairs.jsonl").to_str().unwrap().to_owned();
        let people = "annotator1,annotator2,annotator3";
        let answer = ask(&["judge", &file, "--judge", "judge_gpt35", "--people", people]).unwrap();
        println!("{}", answer.text());
        assert!(answer.json()["alt_test"]["winning_rate"].is_number());
        assert!(answer.json()["alpha_people"]["value"].as_f64() > answer.json()["alpha"]["value"].as_f64());
    }
    if let Some(path) = data("hatecheck_raters") {
        let mut text = String::from("item,rater,rating,gold\n");
        for row in lines(&path, "annotations.jsonl") {
            for (r, label) in row["raters"].as_array().unwrap().iter().enumerate() {
                if let (Some(label), Some(gold)) = (label.as_str(), row["label_gold"].as_str()) {
                    let _ = writeln!(text, "{},r{r},{label},{gold}", row["case_id"].as_str().unwrap());
                }
            }
        }
        let answer = ask(&["raters", &folder.write("hate.csv", &text), "--gold", "gold"]).unwrap();
        println!("{}", answer.text().lines().take(20).collect::<Vec<_>>().join("\n"));
        assert!(answer.json()["changed"].as_array().unwrap().len() < 200);
        assert!(!answer.is_alarm());
    }
    if let Some(path) = data("convabuse_raters") {
        let mut text = String::from("item,rater,rating\n");
        let mut seen = std::collections::BTreeSet::new();
        for row in lines(&path, "ratings.jsonl") {
            let name = |key: &str| row[key].as_str().unwrap().to_owned();
            if seen.insert((name("item"), name("annotator"))) {
                let _ = writeln!(text, "{},{},{}", name("item"), name("annotator"), row["severity"]);
            }
        }
        let answer = ask(&["raters", &folder.write("abuse.csv", &text)]).unwrap();
        println!("{}", answer.text().lines().take(20).collect::<Vec<_>>().join("\n"));
        assert!(answer.json()["raters"][0]["severity"]["value"].is_number());
    }
    if let Some(path) = data("llmbar_judges") {
        let gold: std::collections::BTreeMap<String, String> = lines(&path, "items.jsonl")
            .iter()
            .map(|row| (row["id"].as_str().unwrap().to_owned(), row["label"].to_string().trim_matches('"').to_owned()))
            .collect();
        let mut text = String::from("judge,swapped,human\n");
        for row in lines(&path, "judge_verdicts.jsonl") {
            if row["judge"] == "GPT-4" && row["strategy"] == "CoT" {
                let verdict = |key: &str| row[key].as_str().filter(|v| ["1", "2"].contains(v)).unwrap_or("").to_owned();
                let _ = writeln!(
                    text,
                    "{},{},{}",
                    verdict("winner"),
                    verdict("winner_swapped"),
                    gold[row["id"].as_str().unwrap()]
                );
            }
        }
        if text.lines().count() > 100 {
            let file = folder.write("llmbar.csv", &text);
            let answer =
                ask(&["judge", &file, "--judge", "judge", "--human", "human", "--swapped", "swapped"]).unwrap();
            println!("{}", answer.text());
            assert!(answer.json()["position_consistency"]["value"].as_f64().unwrap() > 0.5);
        }
    }
}

#[test]
fn labels_of_both_arms_correct_their_difference() {
    let folder = Folder::new();
    // Both arms are as good; the judge passes a fifth of the candidate's failures.
    let mut text = String::from("item,arm,judge,human,kind,chance\n");
    for i in 0..400u32 {
        for arm in ["baseline", "candidate"] {
            let truth = (i * 7 + u32::from(arm == "candidate") * 3) % 10 < 6;
            let judge = truth || arm == "candidate" && i % 5 == 0;
            let human = if i % 7 < 2 { u8::from(truth).to_string() } else { String::new() };
            let kind = if i % 8 == 0 { "hard" } else { "easy" };
            let _ = writeln!(text, "q{i},{arm},{},{human},{kind},{}", u8::from(judge), 2.0 / 7.0);
        }
    }
    let file = folder.write("arms.csv", &text);
    let base = ["judge", &file, "--judge", "judge", "--human", "human"];
    let pair = ask(&[&base[..], &["--arm", "arm", "--pair", "item"]].concat()).unwrap();
    let found = &pair.json()["paired"];
    let (low, high) = (found["interval"][0].as_f64().unwrap(), found["interval"][1].as_f64().unwrap());
    assert!(found["raw"].as_f64().unwrap() > 0.05 && low < 0.0 && high > 0.0, "{found}");
    assert_eq!((found["pairs"].as_u64(), found["labelled_pairs"].as_u64()), (Some(400), Some(115)));
    assert!(pair.text().contains("candidate − baseline:"), "{}", pair.text());
    let stratified = ask(&[&base[..], &["--stratum", "kind", "--cluster", "item"]].concat()).unwrap();
    assert_eq!(stratified.json()["corrected"]["method"], "stratified PPI++");
    let weighted = ask(&[&base[..], &["--chance", "chance", "--cluster", "item"]].concat()).unwrap();
    let value = weighted.json()["corrected"]["value"].as_f64().unwrap();
    assert!((value - 0.6).abs() < 0.05, "{value}");
    let thin = ask(&[&base[..], &["--stratum", "item"]].concat()).unwrap();
    assert!(thin.json()["corrected"].is_null() && thin.text().contains("two of each are needed"), "{}", thin.text());
    let bad = ask(&[&base[..], &["--chance", "item"]].concat()).unwrap_err();
    assert!(bad.contains("arms.csv:2"), "{bad}");
}

#[test]
fn flips_say_which_place_the_judge_prefers() {
    let folder = Folder::new();
    let mut text = String::from("judge,swapped,human\n");
    for i in 0..40 {
        text += if i % 4 == 0 {
            "a,b,a\n"
        } else if i % 2 == 0 {
            "a,a,a\n"
        } else {
            "b,b,b\n"
        };
    }
    let file = folder.write("pairs.csv", &text);
    let base = ["judge", &file, "--judge", "judge", "--human", "human", "--swapped", "swapped", "--positive", "a"];
    let answer = ask(&base).unwrap();
    assert_eq!(answer.json()["position_consistency"]["value"], 0.75);
    assert_eq!(answer.json()["flips_for_pass_in_first_order"]["value"], 1.0);
}

#[test]
fn shrout_and_fleiss_1979_and_two_categories() {
    let folder = Folder::new();
    let file = folder.write("icc.csv", "a,b,c,d\n9,2,5,8\n6,1,3,2\n8,4,6,8\n7,1,2,6\n10,5,6,9\n6,2,4,7\n");
    let answer = ask(&["agreement", &file, "--raters", "a,b,c,d", "--level", "interval"]).unwrap();
    for (name, published) in [
        ("ICC(1,1)", 0.17),
        ("ICC(2,1)", 0.29),
        ("ICC(3,1)", 0.71),
        ("ICC(1,k)", 0.44),
        ("ICC(2,k)", 0.62),
        ("ICC(3,k)", 0.91),
    ] {
        let value = answer.json()["coefficients"][name]["value"].as_f64().unwrap();
        assert!((value - published).abs() < 0.005, "{name}: {value}");
    }
    let hole = folder.write("hole.csv", "a,b\n9,2\n6,\n8,4\n7,1\n");
    let answer = ask(&["agreement", &hole, "--raters", "a,b", "--level", "interval"]).unwrap();
    assert!(answer.text().contains("a rater did not rate every unit"), "{}", answer.text());
    let two = folder.write("two.csv", "a,b\nyes,yes\nyes,no\nno,no\nno,no\n");
    let answer = ask(&["agreement", &two, "--raters", "a,b"]).unwrap();
    let found = &answer.json()["two_categories"];
    assert_eq!((found["pabak"].as_f64(), found["prevalence_index"].as_f64()), (Some(0.5), Some(0.25)));
    assert_eq!(found["agreement_by_category"]["yes"], 2.0 / 3.0);
    assert_eq!(found["agreement_by_category"]["no"], 0.8);
}

#[test]
fn a_rater_who_tires_is_charted() {
    let folder = Folder::new();
    let mut text = String::from("item,rater,rating,gold\n");
    for i in 0..120 {
        for rater in ["steady", "tired"] {
            let wrong = i % 20 == 0 || rater == "tired" && i > 80 && i % 2 == 0;
            let _ = writeln!(text, "q{i},{rater},{},a", if wrong { "b" } else { "a" });
        }
    }
    let file = folder.write("gold.csv", &text);
    let base = ["raters", &file, "--gold", "gold", "--threshold", "0.1"];
    let answer = ask(&[&base[..], &["--bad", "0.4"]].concat()).unwrap();
    assert!(
        answer.is_alarm() && answer.text().contains("errs more than before (CUSUM): tired from gold answer"),
        "{}",
        answer.text()
    );
    assert!(answer.json()["raters"][0]["gold_alarms"].as_array().unwrap().is_empty());
    assert!(!ask(&base).unwrap().is_alarm());
    let low = ask(&[&base[..], &["--bad", "0.01"]].concat()).unwrap_err();
    assert!(low.contains("above the raters' error rate"), "{low}");
}

#[test]
fn work_is_spread_evenly_over_raters() {
    let folder = Folder::new();
    let mut text = String::from("id,text,truth\n");
    for row in 0..120 {
        let _ = writeln!(text, "{row},words,{}", if row % 10 == 0 { "good" } else { "" });
    }
    let file = folder.write("items.csv", &text);
    let all = ["assign", &file, "--raters", "ann,ben,cem,dee", "--gold", "truth", "--seed", "3"];
    let answer = ask(&all).unwrap();
    let json = answer.json();
    assert_eq!(
        (json["items"].as_u64(), json["several"].as_u64(), json["ratings"].as_u64()),
        (Some(108), Some(50), Some(208))
    );
    assert!(json["raters"].as_array().unwrap().iter().all(|rater| rater["items"] == 52), "{}", answer.text());
    assert_eq!(json["shared"], serde_json::json!({"fewest": 24, "most": 26}));
    assert_eq!(json["gold"]["needed"], 35);
    let tasks = json["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 208 + 40);
    // A row is gold exactly when its truth is known.
    assert!(tasks.iter().all(|task| task["gold"] == (task["row"].as_u64().unwrap() % 10 == 1)));
    assert_eq!(ask(&all).unwrap().json(), json);
    assert!(answer.text().contains("suspended after 10 gold items with a chance of 36.7%"), "{}", answer.text());
    let few = ask(&["assign", &file, "--raters", "12", "--least", "5", "--share", "0"]).unwrap();
    assert!(
        few.text().contains("warning: 15 or more are wanted, for which 330 items need 3 ratings"),
        "{}",
        few.text()
    );
    let apart = ask(&["assign", &file, "--raters", "3", "--each", "1"]).unwrap();
    assert!(apart.text().contains("no chain of shared items connects all raters"), "{}", apart.text());
    for (arguments, message) in [
        (vec!["--raters", "a,a"], "names `a` twice"),
        (vec!["--raters", "2"], "--each 3: there are 2 raters"),
        (vec!["--raters", "0"], "1 to 4096"),
        (vec!["--raters", "5", "--share", "2"], "the share of items"),
        (vec!["--raters", "5", "--alpha", "1"], "--alpha is from 0 to below 1"),
        (vec!["--raters", "5", "--gold", "text"], "every row is gold"),
        (vec!["--raters", "5", "--gold", "truth", "--gold-each", "99"], "more gold items than there are"),
        (vec!["--raters", "5", "--gold", "truth", "--bad", "0.9"], "--bad is below --threshold"),
        (vec!["--raters", "5", "--gold", "trth"], "no column `trth`"),
    ] {
        let failed = ask(&[&["assign", &file], &arguments[..]].concat()).unwrap_err();
        assert!(failed.contains(message), "{arguments:?}: {failed}");
    }
}

#[test]
fn raters_who_do_not_read_are_named() {
    let folder = Folder::new();
    let mut text = String::from("item,rater,rating,seconds\n");
    for item in 0..80 {
        for rater in 0..4 {
            let label = if rater == 3 { 1 } else { (item * 7 + item / 3) % 3 };
            let seconds = if rater == 3 && item % 4 == 0 { 1.5 } else { 20.0 + f64::from((item * 5 + rater * 3) % 17) };
            let _ = writeln!(text, "{item},r{rater},{label},{seconds}");
        }
    }
    let file = folder.write("ratings.csv", &text);
    let answer = ask(&["raters", &file, "--time", "seconds", "--fast", "0.05", "--runs"]).unwrap();
    let json = answer.json();
    assert!(answer.text().contains("fast more often than chance explains (5%, Holm): r3"), "{}", answer.text());
    assert!(answer.text().contains("longer than chance explains (5%, Holm): r3"), "{}", answer.text());
    assert!(!answer.is_alarm());
    assert_eq!(json["raters"][3]["longest_run"]["length"], 80);
    assert!(json["fast"]["ratings"].as_array().unwrap().iter().all(|rating| rating["rater"] == "r3"));
    let zero = folder.write("zero.csv", "item,rater,rating,seconds\n1,a,1,0\n1,b,1,3\n");
    assert!(ask(&["raters", &zero, "--time", "seconds"]).unwrap_err().contains("times are above 0"));
    assert!(ask(&["raters", &file, "--time", "seconds", "--fast", "2"]).unwrap_err().contains("--fast is not a share"));
}
