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

/// A number of an answer.
fn at(answer: &assay_tables::Answer, path: &str) -> f64 {
    answer
        .json()
        .pointer(path)
        .and_then(serde_json::Value::as_f64)
        .unwrap_or_else(|| panic!("{path}: {}", answer.json()))
}

#[test]
fn no_failure_in_sixty_bounds_the_rate_and_a_judge_elsewhere_corrects_it() {
    let clean = ask(&["rate", "0/60"]).unwrap();
    assert!((at(&clean, "/one_sided/upper") - (1.0 - 0.05f64.powf(1.0 / 60.0))).abs() < 1e-10);
    assert_eq!(at(&clean, "/one_sided/lower"), 0.0);
    // Wilson, Clopper–Pearson and Jeffreys by statsmodels.
    let text = "\
rate 0.00%
one-sided, exact, each with 95% confidence: at most 4.87%, at least 0.00%
┌─────────────────┬───────────────┐
│ method          ┆  95% interval │
╞═════════════════╪═══════════════╡
│ wilson          ┆ 0.00 to 6.02% │
│ clopper-pearson ┆ 0.00 to 5.96% │
│ jeffreys        ┆ 0.00 to 4.08% │
└─────────────────┴───────────────┘
";
    assert_eq!(clean.text(), text);
    let judged = ask(&["rate", "820/1000", "--sensitivity", "45/50", "--specificity", "40/48"]).unwrap();
    let truth = (0.82 + 40.0 / 48.0 - 1.0) / (0.9 + 40.0 / 48.0 - 1.0);
    assert!((at(&judged, "/true_rate/value") - truth).abs() < 1e-12);
    assert!(at(&judged, "/true_rate/interval/0") < truth && at(&judged, "/true_rate/interval/1") > truth);
    let coin = ask(&["rate", "820/1000", "--sensitivity", "25/50", "--specificity", "25/50"]).unwrap_err();
    assert!(coin.contains("no better than chance"), "{coin}");
    assert!(ask(&["rate", "8/10", "--sensitivity", "25/50"]).is_err());
}

#[test]
fn spending_by_gamma_lies_between_the_classics() {
    let plan = |more: &[&str]| {
        let answer = ask(&[&["looks", "--at", "0.5,1"], more].concat()).unwrap();
        (at(&answer, "/boundaries/0"), answer.text().to_owned())
    };
    let even = plan(&["--spending", "hwang-shih-decani", "--gamma", "0"]);
    // Half of 5% at half of the cases: Φ⁻¹(1 − 0.0125).
    assert!((even.0 - 2.241402727604947).abs() < 1e-9 && even.1.contains("0.0250"), "{}", even.1);
    // gsDesign's default, γ = −4 in five looks at one-sided 2.5%.
    let answer = ask(&["looks", "--spending", "hwang-shih-decani"]).unwrap();
    let table = "\
┌────────────┬─────────────────┬─────────────┐
│ cases seen ┆ boundary of |z| ┆ error spent │
╞════════════╪═════════════════╪═════════════╡
│        20% ┆          3.2527 ┆      0.0011 │
│        40% ┆          2.9860 ┆      0.0037 │
│        60% ┆          2.6917 ┆      0.0094 │
│        80% ┆          2.3737 ┆      0.0220 │
│       100% ┆          2.0253 ┆      0.0500 │
└────────────┴─────────────────┴─────────────┘
";
    assert_eq!(answer.text(), table);
    let late = plan(&["--spending", "hwang-shih-decani"]).0;
    let (obrien, pocock) = (plan(&[]).0, plan(&["--spending", "pocock"]).0);
    assert!(pocock < late && late < obrien + 0.1, "{pocock} {late} {obrien}");
    assert!(ask(&["looks", "--spending", "hwang-shih-decani", "--gamma", "99"]).unwrap_err().contains("--gamma"));
}

#[test]
fn compare_prints_bonett_price_and_equivalence() {
    let folder = Folder::new();
    let file = folder.write("runs.csv", pairs(5, 14, 70));
    let base = ["compare", &file, "--candidate", "candidate", "--baseline", "baseline"];
    let answer = ask(&[&base[..], &["--margin", "0.2"]].concat()).unwrap();
    let (p, q) = (6.0 / 91.0, 15.0 / 91.0_f64);
    let half = 1.959963984540054 * ((p + q - (p - q) * (p - q)) / 91.0_f64).sqrt();
    assert!((at(&answer, "/bonett_price/0") - (p - q - half)).abs() < 1e-12);
    // Equivalent at 5% where the 90% interval is within the margin, and only there.
    let inner = ask(&[&base[..], &["--confidence", "0.9"]].concat()).unwrap();
    let edge = -at(&inner, "/interval/0");
    for (margin, shown) in [(edge - 0.001, false), (edge + 0.001, true)] {
        let margin = margin.to_string();
        let answer = ask(&[&base[..], &["--margin", &margin]].concat()).unwrap();
        assert_eq!(at(&answer, "/p_equivalent") < 0.05, shown, "{}", answer.text());
        assert!(answer.text().contains("two one-sided tests"));
    }
}

#[test]
fn the_best_of_equals_is_drawn_back_and_a_real_gain_is_shown() {
    let folder = Folder::new();
    let mut state = 7u64;
    let mut coin = |p: f64| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        u8::from(((state >> 33) as f64) / f64::from(1u32 << 31) < p)
    };
    let mut text = "base,a,b,c,d,e,good,doc\n".to_owned();
    for row in 0..120 {
        let cells: Vec<String> = (0..6).map(|_| coin(0.6).to_string()).collect();
        text += &format!("{},{},d{}\n", cells.join(","), coin(0.95), row / 3);
    }
    let file = folder.write("prompts.csv", text);
    let equal = ask(&["best", &file, "--candidates", "a,b,c,d,e"]).unwrap();
    assert!(at(&equal, "/best/shrunken") < at(&equal, "/best/value"), "{}", equal.json());
    let base = ["best", &file, "--candidates", "a,b,c,d,e,good", "--baseline", "base"];
    let found = ask(&base).unwrap();
    assert_eq!(found.json()["best"]["candidate"], "good");
    assert!(
        at(&found, "/candidates/5/difference/p") < 0.001 && at(&found, "/candidates/5/difference/interval/0") > 0.1
    );
    assert!(at(&found, "/candidates/0/difference/interval/0") < 0.0);
    assert!(found.text().starts_with("best of 6: good at 0.9") && found.text().contains("although it was picked"));
    let clustered = ask(&[&base[..], &["--cluster", "doc"]].concat()).unwrap();
    assert!(clustered.json()["best"]["shrunken"].is_null() && clustered.text().contains("takes cases as independent"));
    assert!(ask(&["best", &file, "--candidates", "a"]).unwrap_err().contains("two or more"));
    assert!(ask(&["best", &file, "--candidates", "a,bb"]).unwrap_err().contains("`bb`"));
}

#[test]
fn past_runs_and_known_chances_speak_for_all_cases() {
    let folder = Folder::new();
    // The example of `difference_estimate`, with the least-squares slope: (1.9/3) + β(0.5 − 1.7/3).
    let file = folder.write("part.csv", "score,past\n,0.1\n0.2,0.2\n0.7,0.6\n1.0,0.9\n,0.8\n,0.4\n");
    let answer = ask(&["mean", &file, "--value", "score", "--past", "past"]).unwrap();
    let (x, y) = ([0.2, 0.6, 0.9], [0.2, 0.7, 1.0]);
    let (mx, my) = (1.7 / 3.0, 1.9 / 3.0);
    let xx: f64 = x.iter().map(|x| (x - mx) * (x - mx)).sum();
    let xy: f64 = x.iter().zip(&y).map(|(x, y)| (x - mx) * (y - my)).sum();
    assert!((at(&answer, "/anchored/value") - (my + xy / xx * (0.5 - mx))).abs() < 1e-12);
    assert!(at(&answer, "/anchored/worth") > 1.0 && answer.text().contains("over all 6 cases"));
    let hole = folder.write("hole.csv", "score,past\n0.2,0.2\n0.7,\n1.0,0.9\n");
    assert!(ask(&["mean", &hole, "--value", "score", "--past", "past"]).unwrap_err().contains("hole.csv:3"));
    let drawn = folder.write("drawn.csv", "score,chance,kind\n0,1,rare\n1,0.1,common\n1,0.1,common\n0,0.1,common\n");
    let stream = ask(&["mean", &drawn, "--value", "score", "--chance", "chance", "--stratum", "kind"]).unwrap();
    assert!(
        (at(&stream, "/stream/value") - 20.0 / 31.0).abs() < 1e-12
            && (at(&stream, "/stream/cases") - 31.0).abs() < 1e-9
    );
    assert!(ask(&["mean", &drawn, "--value", "score", "--chance", "score"]).unwrap_err().contains("drawn.csv:2"));
    let bets = ask(&["mean", &drawn, "--value", "score", "--method", "betting"]).unwrap();
    assert!(at(&bets, "/extra/interval/0") < 0.5 && at(&bets, "/extra/interval/1") > 0.5);
    let open = folder.write("open.csv", "score\n1.5\n2\n3\n");
    assert!(ask(&["mean", &open, "--value", "score", "--method", "betting"]).unwrap_err().contains("--range"));
}

#[test]
fn a_drawn_sample_has_its_chances() {
    let folder = Folder::new();
    let mut text = "kind,score\n".to_owned();
    for row in 0..1000 {
        text += if row % 10 == 0 { "rare,0.9\n" } else { "common,0.5\n" };
        if row % 20 == 0 {
            text.truncate(text.len() - 4);
            text += "0.1\n";
        }
    }
    let file = folder.write("log.csv", text);
    let plain = ask(&["sample", &file, "--count", "50"]).unwrap();
    assert_eq!(plain.json()["rows"].as_array().unwrap().len(), 50);
    assert_eq!(at(&plain, "/rows/0/chance"), 0.05);
    let base = ["sample", &file, "--count", "50", "--by", "kind"];
    let by_size = ask(&base).unwrap();
    assert_eq!(
        (by_size.json()["strata"][0]["drawn"].as_u64(), by_size.json()["strata"][1]["drawn"].as_u64()),
        (Some(5), Some(45))
    );
    // Only the rare ones vary: they get all but the fifth that goes by size.
    let neyman = ask(&[&base[..], &["--spread", "score"]].concat()).unwrap();
    assert_eq!(
        (neyman.json()["strata"][0]["drawn"].as_u64(), neyman.json()["strata"][1]["drawn"].as_u64()),
        (Some(41), Some(9))
    );
    assert_eq!(neyman.json(), ask(&[&base[..], &["--spread", "score"]].concat()).unwrap().json());
    assert!(ask(&["sample", &file, "--count", "5000"]).unwrap_err().contains("has 1000 rows"));
    let thin = ask(&["sample", &file, "--count", "2", "--by", "kind", "--uniform", "1"]).unwrap();
    assert!(thin.text().contains("warning: no row of `rare`"), "{}", thin.text());
}

#[test]
fn chances_of_treatment_are_weighed() {
    let folder = Folder::new();
    // Hard cases get the treatment in 3 of 4, easy ones in 1 of 4; the treatment adds 1, being hard takes off 4.
    let mut text = "arm,y,p,hard,doc\n".to_owned();
    for i in 0..80 {
        let hard = i % 2 == 0;
        let treated = if hard { i / 2 % 4 != 0 } else { i / 2 % 4 == 0 };
        let noise = f64::from(i * 7 % 10) * 0.01;
        let y = f64::from(u8::from(treated)) - 4.0 * f64::from(u8::from(hard)) + noise;
        let p = if hard { 0.75 } else { 0.25 };
        text += &format!("{},{y},{p},{},d{}\n", if treated { "new" } else { "control" }, u8::from(hard), i / 4);
    }
    let file = folder.write("log.csv", text);
    let raw = ask(&["experiment", &file, "--arm", "arm", "--outcome", "y"]).unwrap();
    assert!(at(&raw, "/arms/0/effects/difference/value") < 0.0, "confounded");
    let base = ["experiment", &file, "--arm", "arm", "--outcome", "y", "--propensity", "p"];
    let answer = ask(&[&base[..], &["--covariate", "hard"]].concat()).unwrap();
    for name in ["IPW", "AIPW"] {
        assert!((at(&answer, &format!("/estimates/{name}/effect")) - 1.0).abs() < 0.1, "{}", answer.text());
    }
    let width = |name: &str| at(&answer, &format!("/estimates/{name}/se"));
    assert!(width("AIPW") < 0.2 * width("IPW"));
    assert!(ask(&[&base[..], &["--cluster", "doc"]].concat()).is_ok());
    let bad = folder.write("bad.csv", "arm,y,p\ncontrol,1,0.5\nnew,1,1\n");
    let sure = ask(&["experiment", &bad, "--arm", "arm", "--outcome", "y", "--propensity", "p"]).unwrap_err();
    assert!(sure.contains("bad.csv:3"), "{sure}");
}

#[test]
fn rows_of_one_user_are_not_independent_and_the_self_check_says_so() {
    let folder = Folder::new();
    let mut text = "user,clicks\n".to_owned();
    for user in 0..60u32 {
        for row in 0..8u32 {
            text += &format!("u{user},{}\n", user * 13 % 17 + (user * 5 + row * 3) % 4);
        }
    }
    let file = folder.write("users.csv", text);
    let base = ["selfcheck", &file, "--outcome", "clicks", "--unit", "user", "--replays", "500"];
    let good = ask(&base).unwrap();
    assert!(!good.is_alarm() && at(&good, "/false_alarms/interval/0") <= 0.05, "{}", good.text());
    let naive = ask(&[&base[..], &["--naive"]].concat()).unwrap();
    assert!(naive.is_alarm() && at(&naive, "/false_alarms/value") > 0.3, "{}", naive.text());
    assert!(naive.text().starts_with("the test raises more false alarms"));
    // Yes or no gives few p-values, which no valid test makes uniform.
    let rows: String = (0..200).map(|i| format!("{}\n", u32::from(i * 7 % 10 < 4))).collect();
    let binary = ask(&["selfcheck", &folder.write("binary.csv", format!("won\n{rows}")), "--outcome", "won"]).unwrap();
    assert!(!binary.is_alarm() && binary.text().contains("values only"), "{}", binary.text());
    let flat = folder.write("flat.csv", "clicks\n1\n1\n1\n1\n1\n1\n");
    assert!(ask(&["selfcheck", &flat, "--outcome", "clicks"]).unwrap_err().contains("does not vary"));
}

#[test]
fn balanced_and_probabilistic_lists_give_their_own_credit() {
    let folder = Folder::new();
    let row = r#"{"a":["x","y","z"],"b":["y","w","x"],"shown":["x","y","w"],"clicked":["y","w"]}"#;
    let file = folder.write("shown.jsonl", format!("{row}\n").repeat(12));
    let base = ["interleave", &file, "--a", "a", "--b", "b", "--shown", "shown", "--clicked", "clicked"];
    for method in ["balanced", "probabilistic"] {
        let answer = ask(&[&base[..], &["--method", method]].concat()).unwrap();
        assert_eq!(
            (answer.json()["wins_a"].as_u64(), answer.json()["wins_b"].as_u64()),
            (Some(0), Some(12)),
            "{method}"
        );
        assert!(answer.text().starts_with("B is preferred"), "{}", answer.text());
    }
    assert!(ask(&base).unwrap_err().contains("--method balanced"));
    let ghost = folder.write("ghost.jsonl", format!("{row}\n{}\n", row.replace(r#"["y","w"]"#, r#"["q"]"#)));
    let arguments = ["interleave", &ghost, "--a", "a", "--b", "b", "--shown", "shown", "--clicked", "clicked"];
    let wrong = ask(&[&arguments[..], &["--method", "balanced"]].concat()).unwrap_err();
    assert!(wrong.contains("ghost.jsonl:2: `q` was clicked but not shown"), "{wrong}");
}
