//! Means, comparisons, experiments and their like.

use crate::support::{Folder, ask, data};

/// Rows `candidate,baseline,doc` with the given numbers of better, worse and equal cases.
fn pairs(better: usize, worse: usize, same: usize) -> String {
    let mut text = "candidate,baseline,doc\n".to_owned();
    for (count, row) in [(better, "1,0"), (worse, "0,1"), (same, "1,1")] {
        for at in 0..count {
            text += &format!("{row},d{}\n", at % 30);
        }
    }
    text
}

#[test]
fn compare_gives_tango_mid_p_and_a_verdict() {
    let folder = Folder::new();
    let file = folder.write("runs.csv", pairs(5, 14, 70));
    let base = ["compare", &file, "--candidate", "candidate", "--baseline", "baseline"];
    let answer = ask(&base).unwrap();
    // McNemar's mid-p of 5 against 14, by statsmodels.
    assert!((answer.json()["p"]["McNemar mid-p"].as_f64().unwrap() - 0.04138946533203125).abs() < 1e-12);
    assert_eq!(answer.json()["method"], "tango");
    assert!(answer.text().contains("5 better, 14 worse, 70 the same") && !answer.is_alarm(), "{}", answer.text());
    let open = ask(&[&base[..], &["--margin", "0.05"]].concat()).unwrap();
    assert!(open.text().starts_with("inconclusive") && !open.is_alarm(), "{}", open.text());
    let worse = folder.write("worse.csv", pairs(0, 40, 60));
    let failed =
        ask(&["compare", &worse, "--candidate", "candidate", "--baseline", "baseline", "--margin", "0.02"]).unwrap();
    assert!(failed.text().starts_with("fail") && failed.is_alarm(), "{}", failed.text());
    let clustered = ask(&[&base[..], &["--cluster", "doc"]].concat()).unwrap();
    assert!(clustered.text().contains("30 clusters"), "{}", clustered.text());
    assert!(clustered.json()["p"]["sign-flip"].is_number());
    let apart = ask(&[&base[..], &["--unpaired"]].concat()).unwrap();
    assert_eq!(apart.json()["method"], "newcombe");
    assert!(ask(&[&base[..], &["--margin", "-1"]].concat()).is_err());
    assert!(
        ask(&["compare", &file, "--candidate", "candidat", "--baseline", "baseline"])
            .unwrap_err()
            .contains("candidate")
    );
}

#[test]
fn mean_says_what_clusters_and_repeats_cost() {
    let folder = Folder::new();
    let file = folder.write("wide.csv", "score\n1\n1\n1\n0\n1\n1\n0\n1\n1\n1\n");
    let plain = ask(&["mean", &file, "--value", "score"]).unwrap();
    assert_eq!(plain.json()["method"], "wilson");
    // statsmodels: proportion_confint(8, 10, method="wilson").
    assert!((plain.json()["interval"][0].as_f64().unwrap() - 0.49016247153664).abs() < 1e-9, "{}", plain.json());
    let mut text = "case,doc,score\n".to_owned();
    for case in 0..12 {
        for repeat in 0..3 {
            text += &format!("c{case},d{},{}\n", case / 3, (case * 7 + repeat * 5) % 11);
        }
    }
    let file = folder.write("long.csv", text);
    let base = ["mean", &file, "--value", "score", "--repeats-by", "case", "--cluster", "doc"];
    let answer = ask(&base).unwrap();
    assert_eq!((answer.json()["cases"].as_u64(), answer.json()["clusters"].as_u64()), (Some(12), Some(4)));
    assert!(answer.json()["variance"]["within"].as_f64().unwrap() > 0.0 && answer.json()["compat"]["cr0"].is_number());
    for method in ["bca", "studentised", "percentile", "jackknife"] {
        let more = ask(&[&base[..], &["--method", method, "--draws", "999"]].concat()).unwrap();
        let ends = &more.json()["extra"]["interval"];
        assert!(ends[0].as_f64().unwrap() < ends[1].as_f64().unwrap(), "{method}");
    }
    assert!(ask(&["mean", &file, "--value", "score", "--range", "0,1"]).unwrap_err().contains("outside --range"));
    assert!(ask(&["mean", &file, "--value", "doc"]).unwrap_err().contains("long.csv"));
}

#[test]
fn adjust_agrees_with_statsmodels_and_counts_gaps() {
    let folder = Folder::new();
    let file = folder.write("p.csv", "test,p\na,0.01\nb,0.04\nc,\nd,0.03\n");
    let answer = ask(&["adjust", &file, "--p", "p", "--name", "test"]).unwrap();
    let row = |at: usize, method: &str| answer.json()["adjusted"][at][method].as_f64().unwrap();
    assert!((row(0, "holm") - 0.03).abs() < 1e-12 && (row(1, "holm") - 0.06).abs() < 1e-12);
    assert!((row(1, "bh") - 0.04).abs() < 1e-12 && (row(3, "hochberg") - 0.04).abs() < 1e-12);
    assert!(answer.json()["adjusted"][2]["holm"].is_null() && answer.json()["undefined"] == 1);
    let bad = folder.write("bad.csv", "p\n0.2\n1.2\n");
    assert!(ask(&["adjust", &bad, "--p", "p"]).unwrap_err().contains("not a p-value"));
}

#[test]
fn passk_is_unbiased() {
    let folder = Folder::new();
    let file = folder.write("tries.csv", "case,passed\na,1\na,0\na,1\nb,0\nb,0\nb,false\nc,true\n");
    let answer = ask(&["passk", &file, "--case", "case", "--passed", "passed", "--k", "1,2"]).unwrap();
    let two = &answer.json()["k"][1];
    // a: 1 − C(1,2)/C(3,2) = 1 and C(2,2)/C(3,2) = 1/3; b: 0; c has one try.
    assert!((two["pass_at_k"]["value"].as_f64().unwrap() - 0.5).abs() < 1e-12);
    assert!((two["pass_hat_k"]["value"].as_f64().unwrap() - 1.0 / 6.0).abs() < 1e-12);
    assert_eq!(two["left_out"], 1);
    let bad = folder.write("bad.csv", "case,passed\na,maybe\n");
    assert!(ask(&["passk", &bad, "--case", "case", "--passed", "passed"]).unwrap_err().contains("maybe"));
}

#[test]
fn little_overlap_with_the_other_policy_warns() {
    let Some(folder) = data("open_bandit") else { return };
    let file = folder.join("bts_all.csv");
    let file = file.to_str().unwrap();
    let base = ["off-policy", file, "--reward", "click", "--propensity", "propensity_score"];
    let answer = ask(&[&base[..], &["--uniform", "item_id"]].concat()).unwrap();
    assert!(answer.is_alarm() && answer.text().contains("little overlap"), "{}", answer.text());
    let effective = answer.json()["effective"].as_f64().unwrap();
    assert!((effective - 340.0).abs() < 1.0, "{effective}");
    assert!((answer.json()["estimates"]["IPS"]["value"].as_f64().unwrap() - 0.0024).abs() < 1e-4);
    assert!(answer.json()["estimates"]["doubly robust"]["value"].is_number());
    assert!(ask(&base).is_err());
}

#[test]
fn the_policy_that_logged_needs_no_weights() {
    let folder = Folder::new();
    let file = folder.write("log.csv", "r,p,t\n1,0.5,0.5\n0,0.5,0.5\n1,0.5,0.5\n1,0.5,0.5\n");
    let answer = ask(&["off-policy", &file, "--reward", "r", "--propensity", "p", "--target", "t"]).unwrap();
    assert_eq!(answer.json()["estimates"]["IPS"]["value"], 0.75);
    let bad = folder.write("bad.csv", "r,p,t\n1,0,0.5\n");
    assert!(
        ask(&["off-policy", &bad, "--reward", "r", "--propensity", "p", "--target", "t"])
            .unwrap_err()
            .contains("bad.csv")
    );
}

#[test]
fn a_real_experiment_has_its_known_effect_and_a_doubtful_split() {
    let Some(folder) = data("ab_cookie_cats") else { return };
    let text = std::fs::read_to_string(folder.join("counts.csv")).unwrap();
    let own = Folder::new();
    let file = own.write("counts.csv", text.replace("TRUE", "1").replace("FALSE", "0"));
    let answer = ask(&[
        "experiment",
        &file,
        "--arm",
        "version",
        "--outcome",
        "retention_7",
        "--count",
        "players",
        "--control",
        "gate_30",
    ])
    .unwrap();
    assert!(answer.text().contains("warning: sample ratio mismatch") && !answer.is_alarm(), "{}", answer.text());
    let effect = &answer.json()["arms"][0]["effects"]["difference"];
    assert!((effect["p"].as_f64().unwrap() - 0.0016).abs() < 1e-4 && effect["value"].as_f64().unwrap() < 0.0);
}

#[test]
fn a_covariate_sharpens_an_experiment() {
    let folder = Folder::new();
    let mut text = "arm,user,before,after\n".to_owned();
    for user in 0..60 {
        let before = f64::from(user % 10);
        let treated = user % 2;
        text += &format!(
            "{},u{user},{before},{}\n",
            if treated == 1 { "new" } else { "control" },
            2.0 * before + f64::from(treated) + f64::from(user * 7 % 5) * 0.1
        );
    }
    let file = folder.write("users.csv", text);
    let base = ["experiment", &file, "--arm", "arm", "--outcome", "after"];
    let answer = ask(&[&base[..], &["--covariate", "before", "--unit", "user"]].concat()).unwrap();
    let effects = &answer.json()["arms"][0]["effects"];
    let se = |name: &str| effects[name]["se"].as_f64().unwrap();
    assert!(se("CUPED") < 0.2 * se("difference") && se("Lin") < 0.2 * se("difference"), "{effects}");
    assert!((effects["Lin"]["value"].as_f64().unwrap() - 1.0).abs() < 0.2);
    let ratio = ask(&[&base[..], &["--denominator", "before"]].concat()).unwrap();
    assert!(ratio.json()["arms"][0]["lift"]["value"].is_number());
    assert!(ask(&[&base[..], &["--control", "old"]].concat()).unwrap_err().contains("the arms are"));
}

#[test]
fn a_clear_winner_could_have_stopped_early() {
    let folder = Folder::new();
    let mut text = "candidate,baseline\n".to_owned();
    for row in 0..200 {
        text += if row % 3 == 0 { "1,1\n" } else { "1,0\n" };
    }
    let file = folder.write("run.csv", text);
    let base = ["sequence", &file, "--candidate", "candidate", "--baseline", "baseline"];
    let answer = ask(&base).unwrap();
    let looks = answer.json()["looks"].as_array().unwrap();
    let stop = looks[0]["stop"].as_u64().unwrap();
    assert!(stop > 5 && stop < 30, "{stop}");
    assert!(looks[1]["stop"].is_number() && looks[2]["stop"].is_null(), "{}", answer.text());
    assert!(answer.json()["betting"][0].as_f64().unwrap() > 0.3);
    let odd = folder.write("odd.csv", "candidate,baseline\n1,3\n");
    assert!(
        ask(&["sequence", &odd, "--candidate", "candidate", "--baseline", "baseline"]).unwrap_err().contains("outside")
    );
}

#[test]
fn did_and_interleave_find_what_is_there() {
    let folder = Folder::new();
    let rows = "unit,treated,post,y\na,1,0,1\na,1,1,4\nb,1,0,2\nb,1,1,5.5\nc,0,0,1\nc,0,1,2\nd,0,0,2\nd,0,1,3.5\n";
    let file = folder.write("panel.csv", rows);
    let base = ["did", &file, "--unit", "unit", "--treated", "treated", "--post", "post", "--outcome", "y"];
    let answer = ask(&base).unwrap();
    assert!((answer.json()["effect"].as_f64().unwrap() - 2.0).abs() < 1e-12, "{}", answer.text());
    let bad = folder.write("bad.csv", rows.replace("c,0,0", "c,2,0"));
    assert!(ask(&["did", &bad, "--unit", "unit", "--treated", "treated", "--post", "post", "--outcome", "y"]).is_err());
    let file = folder.write("clicks.csv", "a,b\n".to_owned() + &"1,0\n".repeat(30) + &"0,1\n".repeat(5) + "0,0\n");
    let answer = ask(&["interleave", &file, "--a", "a", "--b", "b"]).unwrap();
    assert!(answer.text().starts_with("A is preferred") && answer.json()["ties"] == 1, "{}", answer.text());
}
