//! Slices, forecasts, anomalies, groups and scores.

use crate::support::{Folder, ask, data};

#[test]
fn the_worst_slice_is_named_and_alarms() {
    let folder = Folder::new();
    let mut text = "lang,device,pass\n".to_owned();
    for i in 0..400 {
        let lang = ["en", "de", "fr", "fi"][i % 4];
        let pass = if lang == "fi" { i % 3 == 0 } else { i % 11 != 0 };
        text += &format!("{lang},{},{}\n", if i % 8 < 4 { "phone" } else { "desk" }, u8::from(pass));
    }
    let file = folder.write("scores.csv", text);
    let answer = ask(&["slices", &file, "--value", "pass", "--by", "lang,device", "--discover"]).unwrap();
    assert!(
        answer.is_alarm() && answer.text().contains("worse than the whole (Holm, 5%): lang = fi"),
        "{}",
        answer.text()
    );
    let worst = &answer.json()["columns"][0]["slices"][0];
    assert_eq!(worst["value"], "fi");
    assert!(worst["worst_probability"].as_f64().unwrap() > 0.99);
    assert!(worst["estimate"].as_f64().unwrap() > worst["raw"].as_f64().unwrap());
    assert!(!answer.json()["discovered"]["candidates"].as_array().unwrap().is_empty());
    assert!(ask(&["slices", &file, "--value", "lang", "--by", "device"]).unwrap_err().contains("not a number"));
    assert!(ask(&["slices", &file, "--value", "pass", "--by", "land"]).unwrap_err().contains("did you mean `lang`"));
}

#[test]
fn forecasts_are_scored_and_compared() {
    let folder = Folder::new();
    let mut text = "actual,forecast,naive,lower,upper\n".to_owned();
    for i in 0..80_i32 {
        let y = f64::from(i % 7) + f64::from(i * i % 5) / 10.0 + 1.0;
        let (f, naive) = (y + 0.1 * f64::from(i % 3 - 1), y + f64::from(i % 4) - 1.0);
        text += &if i < 20 { format!("{y},,,,\n") } else { format!("{y},{f},{naive},{},{}\n", f - 0.15, f + 0.15) };
    }
    let file = folder.write("series.csv", text);
    let all = ["forecast", &file, "--baseline", "naive", "--lower", "lower", "--upper", "upper", "--season", "7"];
    let answer = ask(&all).unwrap();
    assert!(answer.text().starts_with("the forecast is better than the baseline"), "{}", answer.text());
    assert_eq!(answer.json()["metrics"]["coverage"]["value"], 1.0);
    assert!(answer.json()["metrics"]["MASE"]["value"].as_f64().unwrap() < 1.0);
    assert!(answer.json()["diebold_mariano"]["p"].as_f64().unwrap() < 0.01);
    assert!(ask(&["forecast", &file, "--forecast", "naive", "--baseline", "forecast"]).unwrap().is_alarm());
    assert!(ask(&["forecast", &file, "--forecast", "fore"]).unwrap_err().contains("no column `fore`"));
}

#[test]
fn reports_of_anomalies_are_scored_by_event() {
    let folder = Folder::new();
    let mut text = "truth,reported,score\n".to_owned();
    for i in 0..100 {
        let truth = (20..30).contains(&i) || (60..70).contains(&i);
        text += &format!("{},{},{}\n", u8::from(truth), u8::from(i == 23 || i == 90), if truth { 2 } else { 1 });
    }
    let file = folder.write("series.csv", text);
    let answer = ask(&["anomalies", &file, "--reported", "reported", "--score", "score", "--window", "0"]).unwrap();
    assert!(answer.text().starts_with("1 of 2 true events found; 2 reported stretches"), "{}", answer.text());
    assert!(answer.text().contains("INFLATED"));
    assert_eq!(answer.json()["metrics"]["event recall"]["value"], 0.5);
    assert_eq!(answer.json()["delays"][0], 3);
    assert!(ask(&["anomalies", &file]).is_err());
    assert!(ask(&["anomalies", &file, "--reported", "score"]).unwrap_err().contains("neither yes nor no"));
}

#[test]
fn gaps_between_groups_need_more_than_chance() {
    let folder = Folder::new();
    let mut text = "group,expected,predicted\n".to_owned();
    for i in 0..600 {
        let (group, truth) = (["a", "b", "c"][i % 3], i % 2 == 0);
        let predicted = if group == "c" { truth && i % 4 == 0 } else { truth };
        text += &format!("{group},{},{}\n", u8::from(truth), u8::from(predicted));
    }
    text += "tiny,1,0\n";
    let file = folder.write("cases.csv", text);
    let answer = ask(&["fairness", &file, "--group", "group"]).unwrap();
    assert!(answer.is_alarm() && answer.text().contains("true-positive rate: c is"), "{}", answer.text());
    assert_eq!(answer.json()["gaps"]["true-positive rate"]["too_small"][0], "tiny");
    let same = ask(&["fairness", &file, "--group", "group", "--minimum", "1000"]).unwrap();
    assert!(!same.is_alarm());
    assert!(ask(&["fairness", &file, "--group", "team"]).unwrap_err().contains("no column `team`"));
}

#[test]
fn scores_and_label_sets_are_classified() {
    let folder = Folder::new();
    let file = folder.write("scores.csv", "expected,p\n1,0.9\n0,0.2\n1,0.6\n0,0.7\n1,0.8\n0,0.1\n");
    let answer = ask(&["classify", &file, "--score", "p"]).unwrap();
    let auc = answer.json()["metrics"]["ROC AUC"]["value"].as_f64().unwrap();
    assert!((auc - 8.0 / 9.0).abs() < 1e-12, "{auc}");
    let sets = "{\"expected\":[\"a\",\"b\"],\"predicted\":[\"a\"]}\n{\"expected\":[],\"predicted\":[]}\n";
    let file = folder.write("sets.jsonl", sets);
    let answer = ask(&["classify", &file]).unwrap();
    assert_eq!(answer.json()["metrics"]["all labels right"]["value"], 0.5);
    assert_eq!(answer.json()["metrics"]["Hamming loss"]["value"], 0.25);
}

/// Detectors of unwanted summaries on FaithBench: a score is a probability of "faithful".
#[test]
fn a_faithbench_detector_has_an_auc_with_an_interval() {
    let Some(folder) = data("faithbench") else { return };
    let text = std::fs::read_to_string(folder.join("samples.jsonl")).unwrap();
    let mut rows = String::new();
    for line in text.lines() {
        let row: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(score) = row["detectors"]["hhem-2.1"].as_f64() else { continue };
        let unwanted =
            row["annotations"].as_array().unwrap().iter().any(|a| a["labels"].to_string().contains("Unwanted"));
        rows += &format!("{{\"expected\":{},\"score\":{score}}}\n", u8::from(!unwanted));
    }
    let here = Folder::new();
    let file = here.write("faithbench.jsonl", rows);
    let answer = ask(&["classify", &file, "--score", "score"]).unwrap();
    let auc = &answer.json()["metrics"]["ROC AUC"];
    println!("{}", answer.text());
    let (value, low) = (auc["value"].as_f64().unwrap(), auc["interval"][0].as_f64().unwrap());
    assert!(value > 0.4 && value < 0.9 && low < value);
}
