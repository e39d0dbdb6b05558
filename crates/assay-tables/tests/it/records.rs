//! Entities in tagged tokens and extracted records.

use std::fmt::Write as _;

use crate::support::{Folder, ask, data};

#[test]
fn lenient_and_strict_read_the_same_tags_differently() {
    let folder = Folder::new();
    // An I without its B is an entity in seqeval's default mode, and none in its strict mode.
    let file = folder.write(
        "tags.jsonl",
        r#"{"gold":["B-PER","I-PER","O","B-LOC"],"predicted":["I-PER","I-PER","O","B-LOC"]}
{"gold":"O B-LOC O","predicted":"O B-PER O"}
{"gold":"B-PER I-PER","predicted":"B-PER O"}
"#,
    );
    let answer = ask(&["entities", &file, "--gold", "gold", "--predicted", "predicted"]).unwrap();
    let (lenient, strict) = (&answer.json()["lenient"], &answer.json()["strict"]);
    assert_eq!(lenient["micro"]["f1"], 0.5);
    assert_eq!(lenient["types"]["PER"]["f1"], 0.4);
    assert_eq!(strict["micro"]["precision"], 1.0 / 3.0);
    assert_eq!(strict["micro"]["recall"], 0.25);
    assert_eq!(strict["types"]["PER"]["f1"], 0.0);
    let matching = &answer.json()["matching"];
    assert_eq!((&matching["exact"]["correct"], &matching["strict"]["correct"]), (&2.into(), &1.into()));
    assert_eq!((&matching["partial"]["partial"], &matching["type"]["correct"]), (&1.into(), &2.into()));
    assert!(answer.text().contains("lenient: micro F1 0.500"), "{}", answer.text());
    let only = ask(&["entities", &file, "--scheme", "lenient"]).unwrap();
    assert!(only.json()["strict"].is_null() && only.json()["lenient"]["micro"]["f1"] == 0.5);
    let bilou = folder.write("bilou.csv", "gold,predicted\nB-A L-A U-B,B-A L-A O\n");
    let answer = ask(&["entities", &bilou, "--scheme", "bilou"]).unwrap();
    assert_eq!(answer.json()["strict"]["micro"], answer.json()["lenient"]["micro"]);
    assert!(answer.json()["strict"]["micro"]["interval"].is_null(), "one row has no interval");
}

#[test]
fn wrong_tags_name_the_line_and_the_fix() {
    let folder = Folder::new();
    let fail = |text: &str, more: &[&str]| {
        let file = folder.write("tags.csv", text);
        ask(&[&["entities", file.as_str()], more].concat()).unwrap_err()
    };
    let uneven = fail("gold,predicted\nO,O\nB-A O,O\n", &[]);
    assert!(uneven.contains("tags.csv:3: `gold` has 2 tags and `predicted` has 1"), "{uneven}");
    let foreign = fail("gold,predicted\nB-A O,S-A O\n", &[]);
    assert!(foreign.contains("tags.csv:2: `predicted` has the tag `S-A`"), "{foreign}");
    assert!(foreign.contains("--scheme"), "{foreign}");
    assert!(fail("gold,predicted\nO,O\n", &[]).contains("has an entity"));
    assert!(fail("gold,predicted\n\"[1]\",O\n", &[]).contains("no list of tags"));
    assert!(fail("gold,predicted\nO,O\n", &["--gold", "golden"]).contains("`golden`"));
    assert!(fail("gold,predicted\nO,O\n", &["--scheme", "iob3"]).contains("possible values"));
}

/// The sentences of a CoNLL file, each as its tags between spaces.
fn sentences(text: &str) -> Vec<String> {
    let (mut all, mut tags) = (Vec::new(), Vec::new());
    for line in text.lines().chain([""]) {
        if let Some((_, tag)) = line.trim().rsplit_once([' ', '\t']) {
            tags.push(tag);
        } else if !tags.is_empty() {
            all.push(tags.join(" "));
            tags.clear();
        }
    }
    all
}

#[test]
fn the_published_f1_of_systems_of_wnut_17() {
    let Some(source) = data("wnut17_ner") else { return };
    let read = |name: &str| sentences(&std::fs::read_to_string(source.join(name)).unwrap());
    let gold = read("test.gold.conll");
    assert_eq!(gold.len(), 1287);
    let folder = Folder::new();
    // Recorded beside the data; .419 is the published F1 of uh_ritual.
    for (system, precision, recall, f1) in [
        ("uh_ritual", 0.575365, 0.329008, 0.418632),
        ("arcada", 0.473952, 0.34569, 0.399786),
        ("flytxt", 0.479167, 0.319741, 0.383546),
        ("sjtu_adapt", 0.502063, 0.338276, 0.404208),
    ] {
        let found = read(&format!("system.{system}.conll"));
        let mut table = String::from("gold,predicted\n");
        for (gold, found) in gold.iter().zip(&found) {
            writeln!(table, "{gold},{found}").unwrap();
        }
        let file = folder.write("tags.csv", table);
        let answer = ask(&["entities", &file]).unwrap();
        let micro = &answer.json()["lenient"]["micro"];
        for (name, want) in [("precision", precision), ("recall", recall), ("f1", f1)] {
            assert!((micro[name].as_f64().unwrap() - want).abs() < 1e-6, "{system}: {micro}");
        }
        if system == "uh_ritual" {
            // seqeval 1.2.2, both modes.
            for mode in ["lenient", "strict"] {
                let found = &answer.json()[mode];
                assert!((found["micro"]["f1"].as_f64().unwrap() - 0.418_632_075_471_698).abs() < 1e-12, "{mode}");
                assert!((found["macro"]["f1"].as_f64().unwrap() - 0.315_758_840_178_505).abs() < 1e-12, "{mode}");
            }
        }
        let (low, high) = (micro["interval"][0].as_f64().unwrap(), micro["interval"][1].as_f64().unwrap());
        assert!(low < f1 && f1 < high && high - low < 0.1, "{system}: {micro}");
    }
}

#[test]
fn missing_null_and_hallucinated_fields_are_counted_apart() {
    let folder = Folder::new();
    let file = folder.write(
        "records.jsonl",
        r#"{"expected":{"name":"Ada Lovelace","born":"1815-12-10","died":null,"town":"London"},"given":{"name":"ada  lovelace","born":"December 10, 1815","died":"1852-11-27","town":null}}
{"expected":{"name":"Bob","born":null,"town":"Paris"},"given":"{\"name\":\"Rob\",\"age\":7}"}
{"expected":{"name":"Cleo","address":{"street":"Nile Road","zip":"1"}},"given":{"name":"Cleo","address":{"street":"Nile Road","zip":null}}}
{"expected":{"name":"Dan"},"given":"I cannot tell."}
"#,
    );
    let answer = ask(&["extract", &file, "--given", "given", "--expected", "expected"]).unwrap();
    let found = answer.json();
    assert_eq!((&found["unreadable"], &found["wrong"]), (&1.into(), &1.into()));
    assert_eq!((&found["missing"], &found["null"], &found["hallucinated"]), (&2.into(), &2.into(), &2.into()));
    // Right: Ada's name and birth, Cleo's name and street; 7 values given, 9 expected.
    assert_eq!(found["micro"]["f1"], 0.5);
    assert_eq!(found["micro"]["precision"], 4.0 / 7.0);
    assert!(found["micro"]["interval"][0].as_f64().unwrap() < 0.5, "{found}");
    let name = &found["fields"]["name"];
    assert_eq!((&name["wrong"], &name["missing"]), (&1.into(), &1.into()));
    assert!((name["anls"].as_f64().unwrap() - (1.0 + 2.0 / 3.0 + 1.0) / 4.0).abs() < 1e-12, "{name}");
    assert_eq!((&found["fields"]["town"]["null"], &found["fields"]["town"]["missing"]), (&1.into(), &1.into()));
    assert_eq!(found["fields"]["address"]["null"], 1);
    assert_eq!(found["fields"]["age"]["hallucinated"], 1);
    assert!(found["fields"]["age"]["recall"].is_null() && found["fields"]["age"]["anls"].is_null());
    assert!(answer.text().contains("1 cells of `given` hold no JSON record"), "{}", answer.text());
}

#[test]
fn a_wrong_record_names_the_line_and_the_fix() {
    let folder = Folder::new();
    let fail = |text: &str, more: &[&str]| {
        let file = folder.write("records.jsonl", text);
        ask(&[&["extract", file.as_str()], more].concat()).unwrap_err()
    };
    let list = fail("{\"given\":{\"a\":1},\"expected\":{\"a\":1}}\n{\"given\":{\"a\":1},\"expected\":[1]}\n", &[]);
    assert!(list.contains("records.jsonl:2: `expected` holds no JSON record: write one"), "{list}");
    assert!(fail("{\"given\":{},\"expected\":null}\n", &[]).contains("`expected` is empty"));
    assert!(fail("{\"given\":{\"a\":null},\"expected\":{}}\n", &[]).contains("has a value in any record"));
    assert!(fail("{\"given\":{},\"expected\":{}}\n", &["--given", "gven"]).contains("did you mean `given`?"));
}
