//! Items, overlap, duplicates and what correlations say of metrics.

use std::fmt::Write as _;

use crate::support::{Folder, ask, data};

fn rows(path: &std::path::Path) -> Vec<serde_json::Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn items_that_tell_nothing_or_the_wrong_thing_are_named() {
    let folder = Folder::new();
    let mut text = String::from("item,run,score\n");
    for run in 0..12 {
        for item in 0..6 {
            let pass = match item {
                0 => true,
                1 => false,
                2 => run < 5,
                _ => run >= 2 * item - 3,
            };
            let _ = writeln!(text, "q{item},m{run},{}", u8::from(pass));
        }
    }
    let file = folder.write("scores.csv", &text);
    let answer = ask(&["items", &file]).unwrap();
    let json = answer.json();
    assert!(answer.text().contains("1 items discriminate the wrong way"), "{}", answer.text());
    assert_eq!(json["items"][2]["finding"], "strong runs fail it more than weak ones: check its label");
    assert_eq!(json["irt"]["model"], "1pl");
    let difficulty = |at: usize| json["items"][at]["irt"]["difficulty"].as_f64().unwrap();
    assert!(difficulty(5) > difficulty(3) && json["items"][0]["irt"].is_null());
    assert!((json["always_passed"].as_f64().unwrap() - 1.0 / 6.0).abs() < 1e-12);
    let twice = folder.write("twice.csv", "item,run,score\na,m,1\na,m,0\n");
    assert!(ask(&["items", &twice]).unwrap_err().contains("two scores of run `m`"));
    let scale = folder.write("scale.csv", "item,run,score\na,m,7\n");
    assert!(ask(&["items", &scale]).unwrap_err().contains("is not from 0 to 1"));
    assert!(ask(&["items", &file, "--score", "scor"]).unwrap_err().contains("did you mean `score`?"));
}

#[test]
fn copies_are_found_and_exit_with_one() {
    let folder = Folder::new();
    let test = folder.write("test.csv", "text\nHow many eggs does she sell each day?\nHow many bolts are there?\n");
    let train =
        folder.write("train.csv", "text\nsomething else entirely\nHow many eggs does she sell each day\nshort\n");
    let answer = ask(&["duplicates", &test, "--against", &train, "--text", "text"]).unwrap();
    assert!(answer.is_alarm() && answer.text().contains("1 of 2 rows nearly occur"), "{}", answer.text());
    assert_eq!(answer.json()["pairs"], serde_json::json!([{"row": 1, "other": 2, "jaccard": 1.0}]));
    let alone = ask(&["duplicates", &test, "--text", "text"]).unwrap();
    assert!(!alone.is_alarm() && alone.text().contains("No near duplicates among 2 rows"));
    assert!(ask(&["duplicates", &test, "--text", "text", "--threshold", "2"]).unwrap_err().contains("similarity"));
    assert!(ask(&["duplicates", &test, "--text", "txt"]).unwrap_err().contains("did you mean `text`?"));
}

#[test]
fn overlap_names_the_rows_and_the_dose() {
    let folder = Folder::new();
    let long = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen";
    let clean = "a quick brown fox jumps over the lazy dog while seven cats look on from the old wall";
    let cases = folder.write("cases.csv", format!("text,score\n{long},1\n{clean},0\n{clean} again,0\nshort,1\n"));
    let corpus = folder.write("corpus.csv", format!("body\nxx {} yy\n", long.to_uppercase()));
    let asked = ["overlap", &cases, &corpus, "--text", "text", "--corpus-text", "body", "--score", "score"];
    let answer = ask(&asked).unwrap();
    let rule = &answer.json()["rules"]["13 words"];
    assert!(answer.is_alarm() && answer.text().contains("1 of 4 cases overlap"), "{}", answer.text());
    assert_eq!((&rule["overlapping"], &rule["clean"], &rule["too_short"]), (&1.into(), &2.into(), &1.into()));
    assert_eq!(rule["score_difference"]["value"], 1.0);
    assert!(ask(&asked[..5]).unwrap_err().contains("no column `text`"));
}

#[test]
fn rephrased_test_sets_escape_n_grams() {
    let Some(twins) = data("contamination_rephrase") else { return };
    let Some(gsm8k) = data("gsm8k") else { return };
    let folder = Folder::new();
    let questions: String = rows(&gsm8k.join("test.jsonl"))
        .iter()
        .map(|row| format!("{}\n", serde_json::json!({"text": row["question"]})))
        .collect();
    let cases = folder.write("cases.jsonl", questions);
    let rephrased = twins.join("rephrase_gsm8k.jsonl");
    let answer = ask(&["overlap", &cases, rephrased.to_str().unwrap(), "--text", "text"]).unwrap();
    println!("gsm8k rephrased: {}", answer.text());
    // Every one of the 1,319 questions is in the corpus in other words.
    let found =
        |answer: &assay_tables::Answer, rule: &str| answer.json()["rules"][rule]["overlapping"].as_u64().unwrap();
    println!(
        "13-grams miss {} of 1319, 50 characters miss {}",
        1319 - found(&answer, "13 words"),
        1319 - found(&answer, "50 characters")
    );
    assert!(found(&answer, "13 words") <= 5 && found(&answer, "70% of 8 words") <= 5);
    assert!((3..=15).contains(&found(&answer, "50 characters")));
    let same = ask(&["overlap", &cases, &cases, "--text", "text"]).unwrap();
    let rule = &same.json()["rules"]["13 words"];
    assert_eq!(rule["clean"], 0);
    let near = ask(&["duplicates", &cases, "--against", rephrased.to_str().unwrap(), "--text", "text"]).unwrap();
    println!("near duplicates: {}", near.text().lines().next().unwrap());
    assert!(near.text().starts_with("No row of 1319"), "{}", near.text());
    // The 164 solutions of HumanEval in other words and in other languages: what is found is the tests they quote.
    for (name, words, characters) in [("python", 0..=3, 1..=8), ("js", 5..=15, 8..=25), ("c", 1..=10, 6..=20)] {
        let twin = twins.join(format!("humaneval_{name}.jsonl"));
        let original = twins.join("humaneval_test.jsonl");
        let arguments = ["overlap", original.to_str().unwrap(), twin.to_str().unwrap(), "--text", "text"];
        let answer = ask(&arguments).unwrap();
        let (by_words, by_characters) = (found(&answer, "13 words"), found(&answer, "50 characters"));
        println!("humaneval as {name}: 13-grams find {by_words} of 164, 50 characters find {by_characters}");
        assert!(words.contains(&by_words) && characters.contains(&by_characters), "{name}: {by_words} {by_characters}");
        assert_eq!(found(&answer, "70% of 8 words"), 0);
    }
}

#[test]
fn metrics_are_compared_on_real_raters() {
    let Some(hanna) = data("hanna_raters") else { return };
    let folder = Folder::new();
    let mean = |v: &serde_json::Value| {
        let values: Vec<f64> = v.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    let table: String = rows(&hanna.join("ratings.jsonl"))
        .iter()
        .filter(|row| row["model"] != "Human")
        .map(|row| {
            let cells = serde_json::json!({"prompt": row["prompt"], "system": row["model"], "human": mean(&row["human"]["CH"]),
                "judge": row["judges"]["ChatGPT"]["CH"], "bleu": row["metrics"]["BLEU"]});
            format!("{cells}\n")
        })
        .collect();
    let file = folder.write("hanna.jsonl", table);
    let asked = ["correlate", &file, "--x", "judge", "--y", "human", "--versus", "bleu", "--system", "system"];
    let plain = ask(&asked).unwrap();
    let together = ask(&[&asked[..], &["--cluster", "prompt"]].concat()).unwrap();
    println!("{}\n{}", plain.text(), together.text());
    let p = plain.json()["versus"]["williams"]["p"].as_f64().unwrap();
    // Williams' test by hand from the three correlations that the answer gives: its p must follow from them, to the digits
    // of its own arithmetic, and 460 ratings do not tell the judge (0.186) from BLEU (0.102).
    let r = |x: &str, y: &str| -> f64 {
        let column = |name: &str| -> Vec<f64> {
            let rows = std::fs::read_to_string(&file).unwrap();
            let row = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()[name].as_f64().unwrap();
            rows.lines().map(row).collect()
        };
        assay_stats::correlation::pearson(&column(x), &column(y)).unwrap()
    };
    let (r12, r13, r23) = (r("human", "judge"), r("human", "bleu"), r("judge", "bleu"));
    assert!((r12 - 0.186).abs() < 5e-4 && (r13 - 0.102).abs() < 5e-4, "{r12} {r13}");
    let n = 460.0;
    let determinant = 1.0 - r12 * r12 - r13 * r13 - r23 * r23 + 2.0 * r12 * r13 * r23;
    let below = 2.0 * (n - 1.0) / (n - 3.0) * determinant + (0.5 * (r12 + r13)).powi(2) * (1.0 - r23).powi(3);
    let t = (r12 - r13) * ((n - 1.0) * (1.0 + r23) / below).sqrt();
    // On 457 degrees of freedom t is normal up to a thousandth of p.
    let want = 2.0 * assay_stats::special::normal_cdf(-t.abs());
    assert!((p - want).abs() < 2e-3 && p > 0.05, "{p} {want}");
    assert!(plain.text().contains("judge and bleu are not told apart"), "{}", plain.text());
    assert_eq!(plain.json()["systems"]["count"], 10);
    assert!(together.text().contains("clusters") && together.json()["correlations"]["kendall"]["interval"].is_array());
    assert!(ask(&["correlate", &file, "--x", "judge", "--y", "human", "--cluster", "promt"]).is_err());
}

#[test]
fn a_leaderboard_shows_only_gains_beyond_noise_and_locks() {
    let folder = Folder::new();
    // The example of `Ladder`: 1 of 4, then 2 others of 4, then all.
    let mut text = "submission,item,score\n".to_owned();
    for (name, scores) in [("first", "1000"), ("second", "0110"), ("third", "1111"), ("fourth", "1111")] {
        for (item, score) in scores.chars().enumerate() {
            text += &format!("{name},q{item},{score}\n");
        }
    }
    let file = folder.write("board.csv", &text);
    let answer = ask(&["ladder", &file, "--budget", "3"]).unwrap();
    let shown: Vec<_> = answer.json()["submissions"].as_array().unwrap().iter().map(|s| s["shown"].as_f64()).collect();
    assert_eq!(shown, [Some(0.25), Some(0.25), Some(1.0), None]);
    let text_wanted = "\
3 of 3 looks at 4 items are used
best: third at 1.000 (0.411 to 1.000), with a level of 98.33% so that the intervals of all looks hold together
1 submission came after the last look: take a new holdout
┌────────────┬────────┬───────┬─────────────────┐
│ submission ┆   look ┆ shown ┆                 │
╞════════════╪════════╪═══════╪═════════════════╡
│ first      ┆      1 ┆ 0.250 ┆ new best        │
│ second     ┆      2 ┆ 0.250 ┆ not above noise │
│ third      ┆      3 ┆ 1.000 ┆ new best        │
│ fourth     ┆ locked ┆     – ┆ –               │
└────────────┴────────┴───────┴─────────────────┘
";
    assert!(answer.is_alarm());
    assert_eq!(answer.text(), text_wanted);
    assert!((answer.json()["best"]["level_of_each"].as_f64().unwrap() - (1.0 - 0.05 / 3.0)).abs() < 1e-12);
    assert!(!ask(&["ladder", &file]).unwrap().is_alarm());
    let hole = folder.write("hole.csv", text.replace("third,q2,1\n", ""));
    assert!(ask(&["ladder", &hole]).unwrap_err().contains("`third` lacks item `q2`"));
    let twice = folder.write("twice.csv", text.replace("first,q1,0", "first,q0,0"));
    assert!(ask(&["ladder", &twice]).unwrap_err().contains("twice.csv:3"));
}

#[test]
fn canaries_are_found_and_a_memorised_one_ranks_first() {
    let folder = Folder::new();
    let line = "Evaluation data: keep out of training corpora. canary GUID 0000000a-0000-0000-0000-00000000000B";
    let corpus = folder.write("corpus.csv", format!("text\nnothing here\nwith it: {line} and more\n{line}\n"));
    let found = ask(&["canary", &corpus, "--text", "text"]).unwrap();
    assert_eq!(found.json()["canaries"]["0000000a-0000-0000-0000-00000000000b"], serde_json::json!([2, 3]));
    assert!(found.is_alarm() && found.text().starts_with("1 canaries in 3 documents"));
    let other = ask(&["canary", &corpus, "--text", "text", "--guid", "00000000-0000-0000-0000-000000000001"]).unwrap();
    assert!(!other.is_alarm());
    let mut probe = "lp,own\n-3.5,yes\n".to_owned();
    (0..1023).for_each(|i| probe += &format!("-{},no\n", 50 + i % 7));
    let file = folder.write("probe.csv", &probe);
    let known = ask(&["canary", &file, "--log-probability", "lp", "--own", "own"]).unwrap();
    assert_eq!((known.json()["exposure"].as_f64(), known.json()["rank"].as_u64()), (Some(10.0), Some(1)));
    assert!(known.is_alarm());
    let few = folder.write("few.csv", "lp,own\n-3.5,yes\n-9,no\n");
    let answer = ask(&["canary", &few, "--log-probability", "lp", "--own", "own"]).unwrap();
    assert!(!answer.is_alarm() && answer.text().contains("probe more random ones"), "{}", answer.text());
    let two = folder.write("two.csv", "lp,own\n-3.5,yes\n-9,yes\n");
    assert!(ask(&["canary", &two, "--log-probability", "lp", "--own", "own"]).unwrap_err().contains("yes in 2 rows"));
}

#[test]
fn items_from_before_training_that_score_better_alarm() {
    let folder = Folder::new();
    let mut text = "made,pass\n".to_owned();
    for i in 0..60 {
        text += &format!("2023-0{}-01,{}\n", 1 + i % 9, u8::from(i % 10 != 0));
        text += &format!("2024-0{}-01,{}\n", 1 + i % 9, u8::from(i % 2 == 0));
    }
    let file = folder.write("dated.csv", &text);
    let base = ["cutoff", &file, "--value", "pass", "--made", "made", "--trained"];
    let answer = ask(&[&base[..], &["2023-12-31"]].concat()).unwrap();
    assert!((answer.json()["difference"].as_f64().unwrap() - 0.4).abs() < 1e-12 && answer.is_alarm());
    // Newcombe's interval of 54/60 and 30/60, by statsmodels.
    assert!((answer.json()["interval"][0].as_f64().unwrap() - 0.2440).abs() < 5e-3, "{}", answer.json());
    let none = ask(&[&base[..], &["2020-01-01"]].concat()).unwrap_err();
    assert!(none.contains("both sides are needed"), "{none}");
}

#[test]
fn metrics_are_judged_within_items_and_without_their_noise() {
    let folder = Folder::new();
    let mut text = "system,item,people,people2,good,good2,bad\n".to_owned();
    for system in 0..5 {
        for item in 0..8 {
            let truth = f64::from(system) + f64::from((item * 5) % 3);
            let wobble = |k: i32| f64::from((system * 7 + item * 3 + k) % 5) * 0.2;
            text += &format!(
                "s{system},i{item},{truth},{},{},{},{}\n",
                truth + wobble(1),
                truth + wobble(2),
                truth + wobble(4),
                f64::from((system * 3 + item * 7) % 6)
            );
        }
    }
    let file = folder.write("meta.csv", &text);
    let base = ["correlate", &file, "--x", "good", "--y", "people"];
    let meta = ask(&[&base[..], &["--versus", "bad", "--system", "system", "--item", "item"]].concat()).unwrap();
    let items = &meta.json()["items"];
    assert!(items["soft_pairwise_accuracy"].as_f64().unwrap() > 0.9, "{items}");
    for level in ["system", "item"] {
        let versus = &items["agreement"][level]["versus"];
        assert!(versus["gain"].as_f64().unwrap() > 0.0 && versus["p"].as_f64().unwrap() < 0.05, "{level}: {versus}");
    }
    assert!(meta.text().contains("PERM-BOTH"), "{}", meta.text());
    let again = ask(&[&base[..], &["--x-again", "good2", "--y-again", "people2"]].concat()).unwrap();
    let clean = again.json()["attenuation"]["value"].as_f64().unwrap();
    assert!(clean > again.json()["correlations"]["pearson"]["value"].as_f64().unwrap() && clean <= 1.0);
    let hole = folder.write("hole.csv", text.replace("s1,i1,", "s1,i2,"));
    let twice = ask(&["correlate", &hole, "--x", "good", "--y", "people", "--system", "system", "--item", "item"]);
    assert!(twice.unwrap_err().contains("an item twice"));
}
