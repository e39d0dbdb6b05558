//! Drift and monitoring, on the answers of models in two months and on series with known failures.

use crate::support::{Folder, ask, data};

#[test]
fn the_same_cases_do_not_drift_and_moved_ones_do() {
    let folder = Folder::new();
    let rows = |shift: usize| -> String {
        let row = |i: usize| {
            format!("{},{}\n", (i * 37 % 101) + shift, ["a", "b", "c"][if shift > 0 { i % 2 } else { i % 3 }])
        };
        std::iter::once("latency,route\n".to_owned()).chain((0..303).map(row)).collect()
    };
    let (before, after) = (folder.write("before.csv", rows(0)), folder.write("after.csv", rows(40)));
    let run = |current: &str| ask(&["drift", &before, current, "--column", "latency", "--column", "route"]).unwrap();
    let same = run(&before);
    assert!(!same.is_alarm() && same.text().starts_with("no drift in 2 columns"), "{}", same.text());
    let moved = run(&after);
    assert!(moved.is_alarm() && moved.text().starts_with("drift in 2 of 2 columns"), "{}", moved.text());
    let json = moved.json();
    let psi = &json["columns"]["latency"]["distances"]["psi"];
    assert!(psi["value"].as_f64() > psi["without_drift"].as_f64(), "{psi}");
    // A third of the cases had route c.
    let effect = json["columns"]["route"]["effect"].as_f64().unwrap();
    assert!((effect - 1.0 / 3.0).abs() < 0.01, "{effect}");
    let none = ask(&["drift", &before, &after, "--column", "rout"]).unwrap_err();
    assert!(none.contains("did you mean `route`"), "{none}");
    let wide = ask(&["drift", &before, &after, "--column", "route", "--effect", "11"]).unwrap_err();
    assert!(wide.contains("--effect"), "{wide}");
}

#[test]
fn gpt_4_drifted_between_march_and_june() {
    let Some(folder) = data("llmdrift") else { return };
    let text = std::fs::read_to_string(folder.join("prime.jsonl")).unwrap();
    let here = Folder::new();
    let of = |model: &str| -> String {
        let rows = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let mine = rows.filter(|row| row["model"].as_str().unwrap().ends_with(model));
        let lines = mine.map(|row| {
            let answer = row["answer"].as_str().unwrap();
            let said = if answer.to_lowercase().contains("[yes]") { "yes" } else { "other" };
            format!("{},{said}\n", answer.len())
        });
        std::iter::once("length,said\n".to_owned()).chain(lines).collect()
    };
    let (march, june) = (here.write("march.csv", of("gpt-4-0314")), here.write("june.csv", of("gpt-4-0613")));
    let answer = ask(&["drift", &march, &june, "--column", "length", "--column", "said"]).unwrap();
    assert!(answer.is_alarm(), "{}", answer.text());
    assert_eq!(answer.json()["drifted"], serde_json::json!(["length", "said"]), "{}", answer.text());
}

#[test]
fn a_shift_alarms_soon_and_noise_does_not() {
    let folder = Folder::new();
    let mut state = 5u64;
    let mut noise = || {
        (0..12)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 11) as f64 / (1u64 << 53) as f64
            })
            .sum::<f64>()
            - 6.0
    };
    let values: Vec<f64> = (0..400).map(|_| noise()).collect();
    let table = |from: usize, shift: f64| -> String {
        let row = |(i, v): (usize, &f64)| format!("{i},{}\n", if i >= from { v + shift } else { *v });
        std::iter::once("day,score\n".to_owned()).chain(values.iter().enumerate().map(row)).collect()
    };
    let (quiet, moved) = (folder.write("quiet.csv", table(400, 0.0)), folder.write("moved.csv", table(300, 2.0)));
    let run = |file: &str, chart: &str| {
        ask(&[
            "monitor",
            file,
            "--value",
            "score",
            "--time",
            "day",
            "--every",
            "5000",
            "--baseline",
            "200",
            "--chart",
            chart,
        ])
        .unwrap()
    };
    for chart in ["cusum", "ewma"] {
        // One false alarm in 200 values has a chance of 4% with a limit for 5,000, and EWMA has it here; two would be wrong.
        let still = run(&quiet, chart);
        assert!(still.json()["alarms"].as_array().unwrap().len() < 2, "{}", still.text());
        let answer = run(&moved, chart);
        let first = answer.json()["alarms"][0]["row"].as_u64().unwrap();
        assert!(answer.is_alarm() && (300..320).contains(&first), "{}", answer.text());
    }
    assert!(run(&moved, "shewhart").is_alarm());
    let short = ask(&["monitor", &quiet, "--value", "score", "--time", "day", "--baseline", "5"]).unwrap_err();
    assert!(short.contains("--baseline"), "{short}");
    let back = folder.write("back.csv", "day,score\n2,1\n1,2\n");
    let back = ask(&["monitor", &back, "--value", "score", "--time", "day"]).unwrap_err();
    assert!(back.contains("sort the rows by time"), "{back}");
    let every = ask(&["monitor", &quiet, "--value", "score", "--time", "day", "--every", "1"]).unwrap_err();
    assert!(every.contains("--every"), "{every}");
}

#[test]
fn failures_get_a_chart_of_their_own() {
    let folder = Folder::new();
    let rows = (0..600).map(|i| format!("{i},{}\n", u8::from(if i < 400 { i % 20 == 7 } else { i % 3 == 0 })));
    let file = folder.write("failures.csv", std::iter::once("run,failed\n".to_owned()).chain(rows).collect::<String>());
    let answer = ask(&["monitor", &file, "--value", "failed", "--time", "run", "--baseline", "200"]).unwrap();
    assert_eq!(answer.json()["chart"]["kind"], "bernoulli_cusum");
    let first = answer.json()["alarms"][0]["row"].as_u64().unwrap();
    assert!((400..430).contains(&first), "{}", answer.text());
}

#[test]
fn a_broken_machine_is_seen_in_the_time_it_broke() {
    let Some(folder) = data("nab_drift") else { return };
    let file = folder.join("cpu_utilization_asg_misconfiguration.csv");
    let answer = ask(&[
        "monitor",
        file.to_str().unwrap(),
        "--value",
        "value",
        "--time",
        "timestamp",
        "--every",
        "20000",
        "--baseline",
        "9000",
        "--shift",
        "3",
    ])
    .unwrap();
    let alarms = answer.json()["alarms"].as_array().unwrap();
    let inside = |alarm: &serde_json::Value| {
        let time = alarm["time"].as_str().unwrap();
        ("2014-07-10 12:29:00".."2014-07-15 17:19:01").contains(&time)
    };
    assert!(alarms.iter().any(inside), "{}", answer.text());
    // Neighbouring readings go together, which a designed run length does not know: it is said.
    assert!(answer.text().contains("neighbouring values go together"), "{}", answer.text());
}

#[test]
fn vectors_that_moved_are_drift() {
    let folder = Folder::new();
    let cloud = |shift: f64| {
        let mut state = (shift * 10.0) as u64 + 3;
        let mut draw = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            ((state >> 33) as f64) / f64::from(1u32 << 31)
        };
        let row = |_| format!("{{\"v\":[{:.4},{:.4}]}}\n", draw() + shift, draw());
        (0..80).map(row).collect::<String>()
    };
    let (before, same, after) =
        (folder.write("a.jsonl", cloud(0.0)), folder.write("b.jsonl", cloud(0.0)), folder.write("c.jsonl", cloud(0.7)));
    let moved = ask(&["drift", &before, &after, "--vector", "v", "--permutations", "199"]).unwrap();
    assert!(moved.is_alarm() && moved.text().contains("a classifier tells the tables apart"), "{}", moved.text());
    let found = &moved.json()["columns"]["v"];
    assert_eq!(found["mmd"]["p"], 0.005);
    assert_eq!(found["classifier"]["dimensions"][0]["dimension"], 0);
    assert!(!ask(&["drift", &before, &same, "--vector", "v", "--permutations", "199"]).unwrap().is_alarm());
    let bad = folder.write("bad.jsonl", "{\"v\":[1,2]}\n{\"v\":[1]}\n");
    let uneven = ask(&["drift", &before, &bad, "--vector", "v"]).unwrap_err();
    assert!(uneven.contains("bad.jsonl:2: `v` has 1 numbers"), "{uneven}");
    let text = folder.write("text.jsonl", "{\"v\":\"no\"}\n");
    assert!(ask(&["drift", &before, &text, "--vector", "v"]).unwrap_err().contains("no list of numbers"));
}

#[test]
fn seasons_are_taken_off_before_the_chart() {
    let folder = Folder::new();
    let series = |shift: f64| {
        let mut text = "day,value\n".to_owned();
        let mut state = 5u64;
        for day in 0..210 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let noise = ((state >> 33) as f64) / f64::from(1u32 << 31) - 0.5;
            let week = [0.0, 0.0, 0.0, 0.0, 1.0, 6.0, 5.0][day % 7];
            let moved = if day >= 160 { shift } else { 0.0 };
            text += &format!("{day},{}\n", 10.0 + week + noise + moved);
        }
        text
    };
    let (quiet, moved) = (folder.write("quiet.csv", series(0.0)), folder.write("moved.csv", series(-1.0)));
    let base = |file: &str, more: &[&str]| {
        let arguments = ["monitor", file, "--value", "value", "--time", "day", "--baseline", "70"];
        ask(&[&arguments[..], more].concat()).unwrap()
    };
    assert!(!base(&quiet, &["--period", "7"]).is_alarm());
    let found = base(&moved, &["--period", "7"]);
    let first = found.json()["alarms"][0]["row"].as_u64().unwrap();
    assert!((160..170).contains(&first), "{}", found.text());
    // A Saturday's value on a Monday is nothing special but for its place.
    let odd = folder.write("odd.csv", series(0.0) + "210,16\n");
    let lone = base(&odd, &["--period", "7", "--every", "10000"]);
    let found_at: Vec<_> = lone.json()["out_of_place"].as_array().unwrap().iter().map(|v| v["time"].clone()).collect();
    assert_eq!(found_at, ["210"], "{}", lone.text());
    // A shift of one is far below the swing of a week.
    let blunt = base(&moved, &[]);
    assert!(blunt.json()["sd"].as_f64().unwrap() > 4.0 * found.json()["sd"].as_f64().unwrap());
    assert!(found.text().contains("after seasons were taken off"));
    let short = ask(&["monitor", &quiet, "--value", "value", "--time", "day", "--baseline", "70", "--period", "50"]);
    assert!(short.unwrap_err().contains("fits twice into the baseline of 70 rows"));
    let blank = |line: &str| if line.starts_with("30,") { "30,".to_owned() } else { line.to_owned() };
    let lines: Vec<String> = series(0.0).lines().map(blank).collect();
    let gap = folder.write("gap.csv", lines.join("\n"));
    let hole =
        ask(&["monitor", &gap, "--value", "value", "--time", "day", "--baseline", "70", "--period", "7"]).unwrap_err();
    assert!(hole.contains("without gaps"), "{hole}");
}
