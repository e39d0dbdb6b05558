//! Runs over a part of the cases: stratified samples, and the help of an earlier run over all.

use serde_json::Value;

use crate::support::Folder;

fn json(folder: &Folder, arguments: &[&str]) -> Value {
    let said = folder.assay(arguments);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {} {}", said.out, said.err))
}

/// 400 cases: German ones are few and mostly wrong, English ones mostly right. `now` is about as good as `then`.
fn folder() -> Folder {
    let folder = Folder::new();
    let row = |i: usize| {
        let german = i % 10 == 3;
        let right = if german { i % 40 == 3 } else { !i.is_multiple_of(9) };
        let now = if i % 50 == 7 { !right } else { right };
        let answer = |right: bool| if right { "ok" } else { "no" };
        format!(
            "{{\"id\": \"c{i}\", \"question\": \"q{i}\", \"expected\": \"ok\", \"metadata\": {{\"language\": \"{}\"}}, \"outputs\": {{\"then\": \
             \"{}\", \"now\": \"{}\"}}}}\n",
            if german { "de" } else { "en" },
            answer(right),
            answer(now)
        )
    };
    folder.write("cases.jsonl", (0..400).map(row).collect::<String>());
    folder.write(
        "assay.yaml",
        "suite: parts\ndataset: cases.jsonl\ntargets:\n  - {recorded: then, name: then}\n  - {recorded: now, name: now}\nscorers: [equals]\nslices: \
         [language]\ntiers:\n  few: {sample: {cases: 80, by: [language], at_least: 30}, targets: [now]}\n  some: {limit: 100, \
         targets: [now]}\n  all: {targets: [then]}\n  none: {sample: {cases: 10, by: [language], at_least: 30}}\n",
    );
    folder
}

#[test]
fn a_stratified_sample_speaks_for_all_cases() {
    let folder = folder();
    let said = folder.assay(&["run", "--tier", "few", "--quiet"]);
    assert_eq!(said.code, 0, "{}", said.err);
    // 30 of 40 German cases at least; the other 50 follow the sizes of what is left.
    let rows = folder.query("SELECT weight, count(*) AS n FROM trials GROUP BY weight ORDER BY weight");
    let weights: Vec<(f64, u64)> =
        rows.iter().map(|row| (row["weight"].as_f64().unwrap(), row["n"].as_u64().unwrap())).collect();
    assert_eq!(weights.iter().map(|(_, n)| n).sum::<u64>(), 80, "{weights:?}");
    let all: f64 = weights.iter().map(|(weight, n)| weight * *n as f64).sum();
    assert!((all - 400.0).abs() < 1e-6, "{weights:?}");
    let shown = json(&folder, &["show", "--json"]);
    let row = &shown["summary"]["rows"][0];
    let (value, unweighted) = (row["estimate"]["value"].as_f64().unwrap(), 0.65);
    // Of all 400 cases 82% are right; the sample has too many German ones.
    assert!((value - 0.82).abs() < 0.12 && value > unweighted, "{row}");
    let said = folder.assay(&["run", "--tier", "none", "--quiet"]);
    assert!(said.code == 2 && said.err.contains("30 of each of 2 strata are 60 cases"), "{} {}", said.code, said.err);
}

#[test]
fn an_earlier_run_over_all_cases_makes_a_part_more_precise() {
    let folder = folder();
    assert_eq!(folder.assay(&["run", "--tier", "all", "--quiet"]).code, 0);
    let all = json(&folder, &["show", "--json"])["run"]["id"].as_str().unwrap().to_owned();
    assert_eq!(folder.assay(&["run", "--tier", "some", "--quiet"]).code, 0);
    let shown = json(&folder, &["show", "latest", "--control", &all, "--json"]);
    let row = &shown["rows"][0];
    let width = |of: &str| {
        let interval = &row[of]["interval"];
        interval["upper"].as_f64().unwrap() - interval["lower"].as_f64().unwrap()
    };
    assert_eq!((row["cases"].as_u64(), row["all"].as_u64()), (Some(100), Some(400)), "{row}");
    assert!(width("helped") < 0.9 * width("alone") && row["worth"].as_f64().unwrap() > 1.3, "{row}");
    let said = folder.assay(&["show", "latest", "--control", &all]);
    assert!(said.out.contains("with help") && said.out.contains("× the cases"), "{}", said.out);
    // The other way round there is nothing to learn.
    let said = folder.assay(&["show", &all, "--control", "latest"]);
    assert!(said.out.contains("have no value in the earlier run"), "{}", said.out);
}
