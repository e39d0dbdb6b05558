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

#[test]
fn probabilities_of_classes_and_scores_of_labels() {
    let folder = Folder::new();
    let text = "expected,a,b,c\na,.7,.2,.1\nb,.1,.6,.3\nc,.2,.2,.6\nb,.5,.3,.2\na,.4,.35,.25\nc,.1,.5,.4\n";
    let file = folder.write("p.csv", text);
    let answer = ask(&["classify", &file, "--probabilities", "a,b,c", "--top", "2"]).unwrap();
    let metric = |answer: &assay_tables::Answer, name: &str| answer.json()["metrics"][name]["value"].as_f64().unwrap();
    // scikit-learn 1.9.1.
    for (name, want) in [
        ("log loss", 0.7358134099241601),
        ("Brier score (0 to 2)", 0.43083333333333335),
        ("AUC, one against the rest", 0.875),
        ("AUC, pairs of classes", 0.875),
        ("truth among the first 2", 1.0),
    ] {
        assert!((metric(&answer, name) - want).abs() < 1e-12, "{name}: {}", answer.json());
    }
    let bad = folder.write("bad.csv", text.replace("c,.2,.2,.6", "c,.2,.2,.7"));
    assert!(ask(&["classify", &bad, "--probabilities", "a,b,c"]).unwrap_err().contains("bad.csv:4"));
    assert!(ask(&["classify", &file, "--probabilities", "a,b"]).unwrap_err().contains("no column for: a, b"));
    let absent = folder.write("absent.csv", "expected,a,b,c\na,.7,.2,.1\nb,.1,.6,.3\nb,.2,.7,.1\n");
    let answer = ask(&["classify", &absent, "--probabilities", "a,b,c"]).unwrap();
    assert!(answer.json()["metrics"]["AUC, one against the rest"]["value"].is_null());
    assert!(answer.text().contains("no AUC: no case is `c`"), "{}", answer.text());
    let sets = folder.write(
        "sets.jsonl",
        r#"{"expected":["a","c"],"a":0.9,"b":0.5,"c":0.4}
{"expected":["b"],"a":0.2,"b":0.7,"c":0.1}
{"expected":["c"],"a":0.6,"b":0.3,"c":0.5}
"#,
    );
    let answer = ask(&["classify", &sets, "--probabilities", "a,b,c"]).unwrap();
    for (name, want) in [
        ("label ranking average precision", 0.7777777777777777),
        ("coverage error", 2.0),
        ("label ranking loss", 1.0 / 3.0),
    ] {
        assert!((metric(&answer, name) - want).abs() < 1e-12, "{name}: {}", answer.json());
    }
}

#[test]
fn a_share_of_hits_costs_false_alarms() {
    let folder = Folder::new();
    let file = folder.write("s.csv", "expected,s\n1,5\n0,4\n1,3\n1,2\n0,1\n0,0\n");
    let answer = ask(&["classify", &file, "--score", "s", "--at", "0.9"]).unwrap();
    let metric = |name: &str| answer.json()["metrics"][name]["value"].as_f64().unwrap();
    // All three hits need the four best scores, one of which is false.
    assert_eq!((metric("precision at recall 0.9"), metric("false positive rate at recall 0.9")), (0.75, 1.0 / 3.0));
    assert_eq!(metric("recall at precision 0.9"), 1.0 / 3.0);
    assert!(ask(&["classify", &file, "--score", "s", "--at", "2"]).unwrap_err().contains("--at"));
}

#[test]
fn whole_distributions_are_scored() {
    let folder = Folder::new();
    let file = folder.write(
        "f.jsonl",
        r#"{"actual":1,"forecast":1.5,"sd":1,"draws":[1,2,0],"p10":0.5,"p90":2}
{"actual":2,"forecast":2,"sd":0.5,"draws":[2,3,1],"p10":1.5,"p90":3}
{"actual":4,"forecast":3,"sd":2,"draws":[5,3,4],"p10":1,"p90":3.5}
"#,
    );
    let metric = |answer: &assay_tables::Answer, name: &str| answer.json()["metrics"][name]["value"].as_f64().unwrap();
    // scoringrules 0.10.
    let normal = ask(&["forecast", &file, "--sd", "sd"]).unwrap();
    assert!((metric(&normal, "CRPS (normal)") - 0.3703526941307073).abs() < 1e-12, "{}", normal.json());
    let draws = ask(&["forecast", &file, "--samples", "draws"]).unwrap();
    assert!((metric(&draws, "CRPS (draws are all)") - 2.0 / 9.0).abs() < 1e-12);
    assert!(metric(&draws, "CRPS (fair)").abs() < 1e-12);
    let bins: f64 = draws.json()["pit"].as_array().unwrap().iter().map(|share| share.as_f64().unwrap()).sum();
    assert!((bins - 1.0).abs() < 1e-12 && draws.text().contains("10% each when calibrated"), "{}", draws.text());
    let quantiles = ask(&[
        "forecast",
        &file,
        "--quantiles",
        "0.1=p10,0.9=p90",
        "--lower",
        "p10",
        "--upper",
        "p90",
        "--coverage",
        "0.8",
    ]);
    let quantiles = quantiles.unwrap();
    // Pinball at 0.1: 0.1·(0.5 + 0.5 + 3)/3; at 0.9: (0.1·1 + 0.1·1 + 0.9·0.5)/3.
    assert!((metric(&quantiles, "pinball, 0.1") - 0.4 / 3.0).abs() < 1e-12);
    assert!((metric(&quantiles, "CRPS (from quantiles)") - (0.4 / 3.0 + 0.65 / 3.0)).abs() < 1e-12);
    // Widths 1.5, 1.5, 2.5 and 10 times the half point that was missed.
    assert!((metric(&quantiles, "interval score") - (1.5 + 1.5 + 2.5 + 5.0) / 3.0).abs() < 1e-12);
    let bad = folder.write("bad.csv", "actual,forecast,sd\n1,1,1\n2,2,0\n");
    assert!(ask(&["forecast", &bad, "--sd", "sd"]).unwrap_err().contains("bad.csv:3"));
    assert!(ask(&["forecast", &file, "--quantiles", "p10"]).unwrap_err().contains("0.9=p90"));
}

#[test]
fn nab_rewards_early_reports() {
    let folder = Folder::new();
    let series = |at: usize| {
        let mut text = "truth,alarm\n".to_owned();
        for i in 0..60 {
            text += &format!("{},{}\n", u8::from((20..30).contains(&i)), u8::from(i == at));
        }
        text
    };
    let score = |at: usize| {
        let file = folder.write("s.csv", series(at));
        let answer = ask(&["anomalies", &file, "--reported", "alarm"]).unwrap();
        answer.json()["metrics"]["NAB, standard"]["value"].as_f64().unwrap()
    };
    assert!(
        (score(20) - 1.0).abs() < 1e-12 && score(25) < 1.0 && score(25) > score(55),
        "a report at the start is perfect"
    );
}

#[test]
fn every_slice_must_reach_the_floor_at_once() {
    let folder = Folder::new();
    let mut text = "pass,score,lang\n".to_owned();
    for i in 0..600 {
        let lang = ["en", "de", "fr"][i % 3];
        let pass = u8::from(lang != "fr" || i % 2 == 0);
        text += &format!("{pass},{},{lang}\n", f64::from(pass) + (i * 7 % 10) as f64 / 100.0);
    }
    let file = folder.write("slices.csv", text);
    let gate =
        |value: &str, floor: &str| ask(&["slices", &file, "--value", value, "--by", "lang", "--floor", floor]).unwrap();
    for value in ["pass", "score"] {
        let fail = gate(value, "0.9");
        assert!(fail.is_alarm() && fail.text().starts_with("fail: shown to miss 0.9: lang = fr"), "{}", fail.text());
        assert_eq!(gate(value, "0.35").json()["gate"]["verdict"], "pass");
        let open = gate(value, "0.5");
        assert_eq!(open.json()["gate"]["verdict"], "inconclusive", "{}", open.text());
    }
    // Wilson's interval at 1 − 5%/3 of 100 of 200.
    let rates = gate("pass", "0.5");
    let slice =
        rates.json()["columns"][0]["slices"].as_array().unwrap().iter().find(|s| s["value"] == "fr").unwrap().clone();
    let z2 = 2.3939797998185104_f64.powi(2);
    let half = z2.sqrt() * (0.25 / 200.0 + z2 / (4.0 * 200.0 * 200.0)).sqrt() / (1.0 + z2 / 200.0);
    assert!((slice["simultaneous"][0].as_f64().unwrap() - (0.5 - half)).abs() < 1e-9, "{slice}");
}
