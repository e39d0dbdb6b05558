//! From `assay init` to a verdict, as a newcomer goes.

use crate::support::Folder;

#[test]
fn a_newcomer_gets_from_nothing_to_a_verdict() {
    let folder = Folder::new();
    assert_eq!(folder.assay(&["init"]).code, 0);
    assert_eq!(folder.assay(&["init"]).code, 2, "init must not overwrite");
    assert_eq!(folder.assay(&["validate"]).code, 0);
    let run = folder.assay(&["run", "--gate"]);
    // 10 of 12 right: Wilson's 95% interval is 55.2% to 95.3%, above 0.5.
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("83.3%") && run.out.contains("55.2% to 95.3%"), "{}", run.out);
    assert!(run.err.contains("\"verdict\":\"pass\""), "{}", run.err);
    let show = folder.assay(&["show", "latest", "au"]);
    assert!(show.out.contains("Sydney") && show.out.contains("Canberra"), "{}", show.out);
    assert!(folder.assay(&["runs"]).out.contains("sealed"));
    // The same system again: nothing moved.
    assert_eq!(folder.assay(&["baseline", "set", "main", "latest"]).code, 0);
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    let compare = folder.assay(&["compare", "latest"]);
    assert!(compare.out.contains("12 cases match") && compare.out.contains("0/0/12"), "{}", compare.out);
}

#[test]
fn a_first_run_is_compared_with_a_target_of_its_own() {
    let folder = Folder::new();
    let case = |id: u32| {
        format!(
            "{{\"id\": \"{id}\", \"q\": \"x\", \"expected\": \"y\", \"outputs\": {{\"base\": \"n\", \"cand\": \"y\"}}}}\n"
        )
    };
    folder.write("cases.jsonl", (0..24).map(case).collect::<String>());
    folder.write(
        "assay.yaml",
        "suite: two\ndataset: cases.jsonl\ntargets:\n  - {name: base, recorded: base}\n  - {name: cand, recorded: cand}\n\
         scorers: [equals]\ngate: {rules: [{scorer: equals, margin: 0.1, target: cand}]}\n",
    );
    // What is neither a run nor a target of this one is said before anything is run.
    let said = folder.assay(&["run", "--quiet", "--baseline", "latest:none"]);
    assert!(said.code == 2 && said.err.contains("there are no runs yet"), "{said:?}");
    for _ in 0..2 {
        let said = folder.assay(&["run", "--gate", "--baseline", "latest:base"]);
        assert!(said.code == 0 && said.out.contains("24 better, 0 worse"), "{said:?}");
    }
}

#[test]
fn every_form_of_report_is_written_and_hostile_answers_stay_text() {
    let folder = Folder::new();
    folder.write("cases.jsonl", "{\"id\": \"a\", \"q\": \"x\", \"expected\": \"y\", \"output\": \"<script>alert(1)</script> ]]> | \\u001b[31m @someone\"}\n{\"id\": \"b\", \"q\": \"z\", \"expected\": \"y\", \"output\": \"y\"}\n");
    folder.write("assay.yaml", "suite: hostile\ndataset: cases.jsonl\ntarget: {recorded: output}\nscorers: [equals]\n");
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    let html = folder.assay(&["report", "--output", "-"]).out;
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"), "{html}");
    assert!(html.contains("default-src &#x27;none&#x27;") || html.contains("default-src 'none'"));
    let markdown = folder.assay(&["report", "--format", "markdown"]).out;
    assert!(!markdown.contains("<script>") && !markdown.contains("@someone"), "{markdown}");
    let junit = folder.assay(&["report", "--format", "junit"]).out;
    assert!(junit.contains("<failure") && junit.contains("tests=\"2\"") && !junit.contains('\u{1b}'), "{junit}");
    let json: serde_json::Value = serde_json::from_str(&folder.assay(&["report", "--format", "json"]).out).unwrap();
    assert_eq!(json["summary"]["rows"][0]["estimate"]["value"], 0.5);
    let terminal = folder.assay(&["show", "latest", "a"]).out;
    assert!(!terminal.contains('\u{1b}'));
}

#[test]
fn results_are_tables_for_other_tools() {
    let folder = Folder::new();
    assert_eq!(folder.assay(&["init"]).code, 0);
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    let rows = folder.query("SELECT metadata['topic'] AS topic, avg(value) AS v FROM scores GROUP BY 1 ORDER BY 1");
    assert_eq!(rows[0]["topic"], "arithmetic");
    assert_eq!(rows[0]["v"], 1.0);
    for file in ["s.jsonl", "s.csv", "s.parquet"] {
        let said = folder.assay(&["export", "--output", file]);
        assert!(said.out.starts_with("12 rows"), "{said:?}");
        assert!(folder.path().join(file).metadata().unwrap().len() > 100);
    }
    assert_eq!(folder.assay(&["query", "DROP TABLE trials"]).code, 2);
    assert_eq!(folder.assay(&["query", "SELECT nothing FROM trials"]).code, 2);
}

#[test]
fn the_scorer_catalogue_in_the_docs_is_the_one_of_the_code() {
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scorers.md");
    let made = Folder::new().assay(&["scorers", "--markdown"]).out;
    let written = std::fs::read_to_string(docs).unwrap();
    assert!(made == written, "write it anew: cargo run -p assay -- scorers --markdown > docs/scorers.md");
}

#[test]
fn the_examples_are_valid() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for name in ["docs-qa", "recorded", "openai"] {
        let suite = examples.join(name).join("assay.yaml");
        let said = Folder::new().assay(&["validate", suite.to_str().unwrap()]);
        assert_eq!(said.code, 0, "{name}: {said:?}");
    }
}

#[test]
fn epochs_are_averaged_inside_the_case_and_copies_count_once() {
    let folder = Folder::new();
    folder.write("cases.jsonl", "{\"q\": \"a\", \"expected\": \"a\"}\n{\"q\": \"b\", \"expected\": \"c\"}\n");
    folder.write("assay.yaml", "suite: e\ndataset: cases.jsonl\ntarget: {echo: \"{{ q }}\"}\nscorers: [equals]\nepochs: {count: 3, reduce: [mean, pass@1]}\n");
    let run = folder.assay(&["run"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("6 of 6 trials") && run.out.contains("copies of one answer"), "{}", run.out);
}

#[test]
fn the_published_schema_takes_the_examples_and_refuses_what_validate_refuses() {
    let schema: serde_json::Value = serde_json::from_str(&Folder::new().assay(&["schema"]).out).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let parse = |text: String| assay_suite::Source::parse(std::path::Path::new("assay.yaml"), text).unwrap().0;
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut texts: Vec<String> = ["docs-qa", "recorded", "openai"]
        .iter()
        .map(|name| std::fs::read_to_string(examples.join(name).join("assay.yaml")).unwrap())
        .collect();
    texts.push(assay_suite::starter::files()[0].1.to_owned());
    for text in texts {
        let faults: Vec<String> = validator.iter_errors(&parse(text.clone())).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{text}\n{faults:?}");
    }
    for text in [
        "suite: a\ndataset: c.jsonl\nscorers: [equals]\n",
        "suite: a\ndataset: c.jsonl\ntarget: {echo: x}\nscorers: [nothing]\n",
        "suite: a\ndataset: c.jsonl\ntarget: {echo: x, tempature: 1}\nscorers: [equals]\n",
        "suite: a\ndataset: c.jsonl\ntarget: {echo: x}\nscorers: [{contains: {valu: 1}}]\nextra: 1\n",
        "suite: a\ndataset: c.jsonl\ntarget: {echo: x}\nscorers: [equals]\ngate: {rules: [{min: 1}]}\n",
    ] {
        assert!(!validator.is_valid(&parse(text.to_owned())), "{text}");
    }
}

#[test]
fn sizes_are_planned_without_a_run_and_from_one() {
    let folder = Folder::new();
    let said = folder.assay(&["stats", "power", "--discordance", "0.1", "--cases", "314", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    // Measured by simulation: 314 cases, the closed form's answer, pass 77% of the time.
    assert!((plan["at"]["power"].as_f64().unwrap() - 0.77).abs() < 0.01, "{plan}");
    assert!(plan["cases"].as_u64() > Some(314), "{plan}");
    let said = folder.assay(&["stats", "rate", "47/50", "--baseline", "42/50", "--json"]);
    let rate: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!((rate["intervals"]["newcombe"][1].as_f64().unwrap() - 0.23119352471766488).abs() < 1e-9, "{rate}");
    assert!(folder.assay(&["stats", "power"]).out.contains("Cases that exclude a loss"));
    for (arguments, what) in [
        (vec!["stats", "rate", "5/3"], "at most the cases"),
        (vec!["stats", "power", "--margin=-1", "--sd", "1"], "--margin must be"),
        (vec!["stats", "power", "--cases", "10"], "say how cases differ"),
        (vec!["stats", "power", "--sd", "1", "--effect", "-0.5"], "no number of cases"),
    ] {
        let said = folder.assay(&arguments);
        assert!(said.code == 2 && said.err.contains(what), "{arguments:?}: {said:?}");
    }
    let cases: String = (0..40)
        .map(|i| format!("{{\"id\": \"c{i}\", \"question\": \"q{i}\", \"expected\": \"a\", \"outputs\": {{\"v1\": \"{}\", \"v2\": \"a\"}}}}\n", if i < 8 { "b" } else { "a" }))
        .collect();
    folder.write("cases.jsonl", cases);
    folder.write("assay.yaml", "suite: s\ndataset: cases.jsonl\ntargets: [{name: v1, recorded: v1}, {name: v2, recorded: v2}]\nscorers: [equals]\n");
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    let said = folder.assay(&[
        "stats",
        "power",
        "--run",
        "latest:v2",
        "--baseline",
        "latest:v1",
        "--scorer",
        "equals",
        "--json",
    ]);
    let plan: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(plan["discordance"].as_f64(), Some(0.2), "{said:?}");
    let said = folder.assay(&["stats", "power", "--run", "latest:v1", "--baseline", "latest:v1", "--scorer", "equals"]);
    assert!(said.code == 2 && said.err.contains("no case differed"), "{said:?}");
}

#[test]
fn tables_from_elsewhere_are_analysed() {
    let folder = Folder::new();
    // Krippendorff's own example; its nominal α is published.
    let kripp = "unit,a,b,c,d\n1,1,1,,1\n2,2,2,3,2\n3,3,3,3,3\n4,3,3,3,3\n5,2,2,2,2\n6,1,2,3,4\n7,4,4,4,4\n8,1,1,2,1\n9,2,2,2,2\n10,,5,5,5\n11,,,1,1\n12,,,3,\n";
    folder.write("ratings.csv", kripp);
    let said = folder.assay(&["stats", "agreement", "ratings.csv", "--raters", "a,b,c,d", "--json"]);
    let got: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let alpha = got["coefficients"]["Krippendorff's α (nominal)"]["value"].as_f64().unwrap();
    assert!((alpha - 0.743421052631579).abs() < 1e-9, "{got}");
    folder.write(
        "battles.jsonl",
        (0..60)
            .map(|i| {
                format!(
                    "{{\"model_a\": \"x\", \"model_b\": \"y\", \"winner\": \"{}\"}}\n",
                    if i % 3 == 0 { "y" } else { "x" }
                )
            })
            .collect::<String>(),
    );
    let said = folder.assay(&["stats", "rank", "battles.jsonl", "--json"]);
    let got: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let gap = got["models"][0]["strength"].as_f64().unwrap() - got["models"][1]["strength"].as_f64().unwrap();
    assert!((gap - 2f64.ln()).abs() < 1e-9 && got["models"][0]["model"] == "x", "{got}");
    folder.write("classes.csv", "expected,predicted,score\na,a,1\na,b,2\nb,b,3\nb,,4\nc,c,5\n");
    let said = folder.assay(&["stats", "classify", "classes.csv", "--json"]);
    let got: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    // By hand: F1 of a 2/3, of b 1/2, of c 1.
    assert!((got["macro_f1"]["value"].as_f64().unwrap() - (2.0 / 3.0 + 0.5 + 1.0) / 3.0).abs() < 1e-12, "{got}");
    assert_eq!(got["accuracy"]["value"].as_f64(), Some(0.6));
    let said = folder.assay(&["stats", "looks", "--json"]);
    let got: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!((got["boundaries"][0].as_f64().unwrap() - 4.876884948776417).abs() < 1e-6, "{got}");
    let said = folder.assay(&["stats", "split", "44700", "45489"]);
    assert!(said.code == 0 && said.out.starts_with("warning"), "{said:?}");
    let said = folder.assay(&["stats", "split", "5300", "4700"]);
    assert!(said.code == 1 && said.out.starts_with("mismatch"), "{said:?}");
    assert!(folder.assay(&["stats", "split", "900", "100", "--shares", "0.9,0.1"]).out.starts_with("no sign"));
    for (arguments, what) in [
        (vec!["stats", "split", "0", "0"], "no unit has been assigned"),
        (vec!["stats", "classify", "classes.csv", "--truth", "expecte"], "did you mean `expected`"),
        (
            vec!["stats", "correlate", "classes.csv", "--x", "score", "--y", "expected"],
            "classes.csv:2: `expected` is \"a\", not a number",
        ),
        (
            vec!["stats", "rank", "classes.csv", "--a", "expected", "--b", "predicted", "--winner", "expected"],
            "is empty",
        ),
        (vec!["stats", "agreement", "classes.csv", "--raters", "expected"], "two or more"),
        (vec!["stats", "looks", "--at", "0.5,0.2"], "--at must rise"),
    ] {
        let said = folder.assay(&arguments);
        assert!(said.code == 2 && said.err.contains(what), "{arguments:?}: {said:?}");
    }
}
