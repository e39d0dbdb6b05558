//! Datasets that grow and change: samples, rolling sets, redaction on the way in, ladders, variants and paraphrases by models.

use serde_json::{Value, json};

use crate::datasets::{fine, rows};
use crate::support::{Answer, Folder, Said, Server};

fn cases(folder: &Folder, word: &str) -> Vec<Value> {
    fine(folder.assay(&["dataset", "show", word, "--json", "--cases", "10000"]))
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_sample_holds_every_stratum_speaks_for_all_and_is_governed_alike() {
    let folder = Folder::new();
    folder.write("a.jsonl", rows(200));
    fine(folder.assay(&["dataset", "add", "sums", "a.jsonl"]));
    fine(folder.assay(&["dataset", "set", "sums", "--sensitivity", "confidential"]));
    let draw = |count: &str, into: &str| {
        let options = ["--by", "language", "--least", "10", "--into", into];
        fine(folder.assay(&[&["dataset", "sample", "sums", "--count", count], &options[..]].concat()))
    };
    let said = draw("40", "few");
    assert!(said.contains("de") && said.contains("few@1") && said.contains("40 cases"), "{said}");
    let drawn = cases(&folder, "few");
    let weight = |language: &str| -> f64 {
        let of = drawn.iter().filter(|case| case["metadata"]["language"] == language);
        of.map(|case| case["weight"].as_f64().unwrap_or(1.0)).sum()
    };
    assert!((weight("de") - 20.0).abs() < 1e-9 && (weight("en") - 180.0).abs() < 1e-9, "{drawn:?}");
    assert!(fine(folder.assay(&["dataset", "show", "few"])).contains("sensitivity: confidential"));
    // A larger sample of the same seed holds the smaller one.
    draw("80", "more");
    let ids = |name: &str| cases(&folder, name).iter().map(|case| case["id"].to_string()).collect::<Vec<_>>();
    let more = ids("more");
    assert!(more.len() == 80 && ids("few").iter().all(|id| more.contains(id)));
    for (options, expected) in [
        (&["--count", "300"][..], "300 cases cannot be drawn: 200 may be used"),
        (&["--count", "5", "--by", "language", "--least", "10"], "10 of each of 2 strata are 20 cases"),
        (&["--count", "5", "--by", "langage"], "no case has the metadata key `langage`"),
        (&["--count", "0"], "from 1 to 1,000,000 cases"),
        (&["--count", "5", "--into", "sums"], "give it another name"),
    ] {
        let said = folder.assay(&[&["dataset", "sample", "sums"], options].concat());
        assert!(said.code == 2 && said.err.contains(expected), "{said:?}");
    }
}

#[test]
fn a_rolling_set_loses_its_oldest_cases_whole_groups_at_once_and_keeps_what_must_not_break() {
    let folder = Folder::new();
    let line = |id: String, language: &str, group: Option<&str>, critical: bool| {
        json!({"id": id, "question": format!("question {id}"), "expected": "x", "cluster": group, "critical": critical,
               "metadata": {"language": language}})
        .to_string()
    };
    // The first two are critical, the next four are a group.
    let old = (0..50).map(|i| line(format!("old{i}"), "en", (2..6).contains(&i).then_some("g"), i < 2));
    folder.write("a.jsonl", old.collect::<Vec<_>>().join("\n"));
    fine(folder.assay(&["dataset", "add", "qa", "a.jsonl"]));
    let new = (0..30).map(|i| line(format!("new{i}"), "de", None, false));
    let known = line("old7".into(), "en", None, false);
    folder.write("b.jsonl", new.chain([known]).collect::<Vec<_>>().join("\n"));
    let refresh = ["dataset", "refresh", "qa", "--with", "b.jsonl", "--share", "0.2"];
    let said = fine(folder.assay(&[&refresh[..], &["--preview"]].concat()));
    assert!(said.contains("40 cases stay, 10 go, 10 are new") && said.contains("nothing was written"), "{said}");
    let said = fine(folder.assay(&refresh));
    assert!(said.contains("language") && said.contains("de: 0.0% → 20.0%") && said.contains("0.2000"), "{said}");
    let ids: Vec<String> = cases(&folder, "qa").iter().map(|case| case["id"].as_str().unwrap().to_owned()).collect();
    let expected: Vec<String> =
        ["old0".into(), "old1".into()].into_iter().chain((12..50).map(|i| format!("old{i}"))).collect();
    assert_eq!(ids[..40], expected[..], "the oldest go, critical ones stay");
    assert!(ids[40..].iter().all(|id| id.starts_with("new")) && ids.len() == 50, "{ids:?}");
    let lineage = fine(folder.assay(&["dataset", "lineage", "qa", "--format", "json"]));
    let newest: Value = serde_json::from_str(lineage.lines().next().unwrap()).unwrap();
    let text = newest.to_string();
    assert!(text.contains("\"refresh\"") && text.contains("b.jsonl") && text.contains("\"dropped\":10"), "{text}");
    for (arguments, expected) in [
        (["--with", "a.jsonl", "--share", "1.5"], "a share above 0 and at most 1"),
        (["--with", "none.jsonl", "--share", "0.5"], "neither a file nor a dataset"),
    ] {
        let said = folder.assay(&[&["dataset", "refresh", "qa"], &arguments[..]].concat());
        assert!(said.code == 2 && said.err.contains(expected), "{said:?}");
    }
    fine(folder.assay(&["dataset", "set", "qa", "--golden", "1"]));
    let said = folder.assay(&refresh);
    assert!(said.code == 2 && said.err.contains("golden set of tier 1"), "{said:?}");
}

#[test]
fn personal_data_is_taken_out_on_the_way_in_and_never_reaches_the_disk() {
    let folder = Folder::new();
    // Without ids, so that ids are made of what is kept.
    folder.write("a.jsonl", "{\"q\": \"write to mary@example.com\"}\n{\"q\": \"nothing here\"}\n");
    let said = fine(folder.assay(&["dataset", "add", "qa", "a.jsonl", "--redact", "default"]));
    assert!(
        said.contains("EMAIL") && said.contains("1 findings in 1 of 2 cases") && said.contains("The audit"),
        "{said}"
    );
    let runs = json!({"testCases": [{"name": "a", "input": "call me on +44 20 7946 0958", "actualOutput": "I wrote to bob@example.org",
        "metricsData": [{"name": "M", "score": 0.5, "success": true, "reason": "it says bob@example.org"}]}], "metricsScores": [], "hyperparameters": {"model": "m"}});
    folder.write("run.json", runs.to_string());
    folder.write("policy.yaml", "kinds: {EMAIL: tokenise}\n");
    let said = folder.assay(&["dataset", "import", "dev", "run.json", "--redact", "policy.yaml"]);
    assert!(said.code == 2 && said.err.contains("needs a key"), "{said:?}");
    let mut command = folder.command(&["dataset", "import", "dev", "run.json", "--redact", "policy.yaml"]);
    let key = "00112233445566778899aabbccddeeff102132435465768798a9bacbdcedfe0f";
    let said = fine(Said::new(command.env("ASSAY_PRIVACY_KEY", key).output().unwrap()));
    assert!(said.contains("PHONE") && said.contains("tokenise") && said.contains("1 cases and 1 answers"), "{said}");
    let output = folder.query("SELECT output FROM trials")[0]["output"].to_string();
    let why = folder.query("SELECT rationale FROM scores")[0]["rationale"].to_string();
    assert!(output.contains("tok_EMAIL_") && why.contains("tok_EMAIL_"), "{output} {why}");
    for name in ["qa", "dev"] {
        let lineage = fine(folder.assay(&["dataset", "lineage", name, "--format", "json"]));
        assert!(lineage.contains("\"redacted\":{"), "{lineage}");
    }
    let shown = format!("{}{}", json!(cases(&folder, "qa")), json!(cases(&folder, "dev")));
    assert!(shown.contains("<EMAIL>") && shown.contains("<PHONE>"), "{shown}");
    // Not in any file of the workspace, packed ones included.
    let mut folders = vec![folder.path().join(".assay")];
    let mut files = 0;
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            let plain = zstd_of(&bytes).unwrap_or(bytes);
            for found in ["mary@", "bob@", "7946"] {
                let is_in = plain.windows(found.len()).any(|window| window == found.as_bytes());
                assert!(!is_in, "{found} in {}", entry.path().display());
            }
            files += 1;
        }
    }
    assert!(files > 6);
}

fn zstd_of(bytes: &[u8]) -> Option<Vec<u8>> {
    bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]).then(|| zstd::decode_all(bytes).unwrap())
}

#[test]
fn a_ladder_tells_only_what_beats_the_best() {
    let folder = Folder::new();
    folder.write("a.jsonl", rows(400));
    fine(folder.assay(&["dataset", "add", "sums", "a.jsonl"]));
    let split = ["dataset", "split", "sums", "dev=0.5,holdout=0.5", "--seal", "holdout", "--looks", "9", "--ladder"];
    assert!(fine(folder.assay(&split)).contains("sealed for 9 looks per version, with a ladder"));
    let run = |answer: &str| {
        folder.write(
            "assay.yaml",
            format!(
                "suite: sums\ndataset: {{dataset: sums, split: holdout}}\ntarget: {{echo: \"{answer}\"}}\nscorers: [{{name: s, contains: {{value: \"1\"}}}}]\n"
            ),
        );
        fine(folder.assay(&["run"]))
    };
    let first = run("{{ question }}");
    assert!(first.contains("the best so far") && !first.contains("interval"), "{first}");
    let said = run("{{ question }}.");
    assert!(said.contains("not told; it does not beat the best so far"), "{said}");
    for arguments in [&["show"][..], &["report"], &["compare", "latest", "latest"]] {
        let said = folder.assay(arguments);
        assert!(said.code == 2 && said.err.contains("whose scores only its ladder tells"), "{arguments:?}: {said:?}");
    }
    assert!(!folder.path().join(".assay/reports").read_dir().is_ok_and(|mut files| files.next().is_some()));
    let said = folder.assay(&["gate"]);
    assert!(said.code == 2, "{said:?}");
    assert!(run("1").contains("s of echo: 1, the best so far"));
    let shown = fine(folder.assay(&["dataset", "show", "sums", "--cases", "0"]));
    assert!(shown.contains("best s: 1 of echo"), "{shown}");
    let log = fine(folder.assay(&["dataset", "log", "sums"]));
    assert!(log.contains("is still the best") && log.contains("the new best"), "{log}");
    // Another name for the same scorer begins no new ladder.
    let text = std::fs::read_to_string(folder.path().join("assay.yaml")).unwrap();
    folder.write("assay.yaml", text.replace("name: s,", "name: t,").replace("echo: \"1\"", "echo: \"2\""));
    let said = fine(folder.assay(&["run"]));
    assert!(said.contains("t of echo: not told; it does not beat the best so far, 1,"), "{said}");
    folder.write("assay.yaml", &text);
    // A part of the part tells nothing.
    let text = std::fs::read_to_string(folder.path().join("assay.yaml")).unwrap();
    folder.write("assay.yaml", text.replace("split: holdout", "split: holdout, limit: 3"));
    assert!(fine(folder.assay(&["run"])).contains("a ladder compares all of them"));
}

fn model(question: &str, _: u32) -> Answer {
    match question {
        _ if question.contains("Translate") => Answer::Text("Was ist die Summe?"),
        _ if question.contains("other words") => Answer::Text("Please tell me the sum."),
        _ if question.contains("careless") => Answer::Status(400, "{\"error\": {\"message\": \"I do not\"}}"),
        _ => Answer::Text(""),
    }
}

#[test]
fn a_model_makes_variants_within_a_budget_and_they_wait_in_quarantine() {
    let folder = Folder::new();
    let server = Server::start(model);
    folder.write("a.jsonl", rows(10));
    fine(folder.assay(&["dataset", "add", "sums", "a.jsonl"]));
    let target = format!("{{openai: mock-1, base_url: '{}'}}", server.url);
    let synth = |more: &[&str]| folder.assay(&[&["dataset", "synth", "sums", "--model", &target], more].concat());
    let said = fine(synth(&["--kinds", "paraphrase,translation", "--to", "de", "--per-case", "2", "--limit", "3"]));
    assert!(said.contains("6 new variants, 6 cases wait") && said.contains("6 calls"), "{said}");
    let waiting = cases(&folder, "sums.quarantine");
    let of = |kind: &str| {
        waiting.iter().find(|case| case["metadata"]["variant"]["rule"] == kind).unwrap_or_else(|| panic!("{waiting:?}"))
    };
    let paraphrase = of("paraphrase");
    assert_eq!(paraphrase["inputs"]["question"], "Please tell me the sum.");
    assert_eq!(paraphrase["metadata"]["variant"]["model"], "openai mock-1");
    assert!(paraphrase["expected"].is_string() && paraphrase["cluster"].is_string());
    assert!(of("translation")["expected"].is_null() && of("translation")["metadata"]["variant"]["language"] == "de");
    // What fails, what is no variant and what the budget refuses is said.
    let said = fine(synth(&["--per-case", "3", "--seed", "2", "--max-calls", "6"]));
    assert!(said.contains("left out: 2 answers that are no variant") && said.contains("2 calls failed"), "{said}");
    assert!(said.contains("I do not") && said.contains("--max-calls 6 is enough for 2 cases"), "{said}");
    let said = synth(&["--kinds", "adversarial", "--limit", "1"]);
    assert!(said.code == 4 && said.err.contains("no variant was made"), "{said:?}");
    for (more, expected) in
        [(&["--kinds", "translation"][..], "such as `--to de,fr`"), (&["--kinds", "haiku"], "there is no kind `haiku`")]
    {
        let said = synth(more);
        assert!(said.code == 2 && said.err.contains(expected), "{said:?}");
    }
    let said = folder.assay(&[
        "dataset",
        "synth",
        "sums",
        "--model",
        "{openai: m, base_url: 'https://models.example/v1', api_key_env: PATH}",
        "--max-usd",
        "1",
    ]);
    assert!(said.code == 2 && said.err.contains("no price of this model is known"), "{said:?}");
    fine(folder.assay(&["dataset", "set", "sums", "--sensitivity", "restricted"]));
    let said =
        folder.assay(&["dataset", "synth", "sums", "--model", "{openai: m, base_url: 'https://models.example/v1'}"]);
    assert!(said.code == 2 && said.err.contains("`models.example` may not receive the dataset `sums`"), "{said:?}");
    assert!(fine(folder.assay(&["dataset", "accept", "sums", "--all"])).contains("of them new"));
}

#[test]
fn embeddings_find_candidates_for_paraphrases() {
    let folder = Folder::new();
    let server = Server::start(model);
    folder.write(
        "a.jsonl",
        "{\"id\": \"c\", \"q\": \"What does a cat eat?\"}\n{\"id\": \"f\", \"q\": \"How deep is the sea?\"}\n",
    );
    folder.write("corpus.jsonl", "{\"text\": \"The diet of a feline\"}\n{\"text\": \"Walking the hound\"}\n");
    fine(folder.assay(&["dataset", "add", "qa", "a.jsonl"]));
    let target = format!("{{openai: embed, base_url: '{}'}}", server.url);
    let leaks = ["dataset", "leaks", "qa", "--corpus", "corpus.jsonl", "--embed", &target];
    let said = fine(folder.assay(&leaks));
    assert!(said.contains("1 cases may be paraphrases") && said.contains("The diet of a feline"), "{said}");
    let said: Value = serde_json::from_str(&fine(folder.assay(&[&leaks[..], &["--json"]].concat()))).unwrap();
    assert_eq!(said["candidates"][0]["case"], "c");
    let said = folder.assay(&[&leaks[..], &["--max-calls", "1"]].concat());
    assert!(said.code == 2 && said.err.contains("--max-calls 2"), "{said:?}");
    let said = folder.assay(&["dataset", "leaks", "qa", "--embed", "{anthropic: x}", "--corpus", "corpus.jsonl"]);
    assert!(said.code == 2 && said.err.contains("gives no embeddings"), "{said:?}");
}

#[test]
fn a_log_that_was_cut_is_not_read() {
    let folder = Folder::new();
    folder.write("a.jsonl", rows(3));
    fine(folder.assay(&["dataset", "add", "sums", "a.jsonl"]));
    fine(folder.assay(&["dataset", "revoke", "sums", "c1", "--reason", "consent withdrawn"]));
    let path = folder.path().join(".assay/datasets/logs/sums.jsonl");
    let log = std::fs::read_to_string(&path).unwrap();
    folder.write(".assay/datasets/logs/sums.jsonl", log.split_inclusive('\n').next().unwrap());
    let said = folder.assay(&["dataset", "show", "sums"]);
    assert!(said.code == 2 && said.err.contains("lines at its end are missing"), "{said:?}");
    folder.write(".assay/datasets/logs/sums.jsonl", log);
    fine(folder.assay(&["dataset", "show", "sums"]));
}
