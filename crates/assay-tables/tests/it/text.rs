//! Texts against references.

use crate::support::{Folder, ask};

const TABLE: &str = "source,good,bad,a,b
1,the cat sat on the mat,the the the,the cat sat on the mat,a cat sat on the mat
2,it is raining again today,rain,it rains again today,it is raining again
3,we came by train and bus,we bus,we came by train and by bus,
4,where is the station please,,where is the station please,please where is the station
5,good morning to all of you,morning you,a good morning to you all,good morning to everyone
";

#[test]
fn a_corpus_has_figures_intervals_and_signatures() {
    let folder = Folder::new();
    let file = folder.write("texts.csv", TABLE);
    let answer =
        ask(&["text", &file, "--candidate", "good", "--reference", "a,b", "--metric", "bleu,chrf++,ter,wer"]).unwrap();
    let bleu = &answer.json()["metrics"]["bleu"];
    assert_eq!(bleu["signature"], "nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0");
    let (value, low, high) =
        (bleu["value"].as_f64().unwrap(), bleu["interval"][0].as_f64().unwrap(), bleu["interval"][1].as_f64().unwrap());
    assert!(low < value && value < high && value > 0.5, "{bleu}");
    assert_eq!(answer.json()["metrics"]["ter"]["better"], "lower");
    assert!(answer.text().contains("5 texts of `good`"), "{}", answer.text());
    assert!(!answer.is_alarm());
}

#[test]
fn a_worse_candidate_is_an_alarm_and_a_better_one_is_not() {
    let folder = Folder::new();
    let file = folder.write("texts.csv", TABLE);
    let metrics = "bleu,chrf,ter,wer,cer,mer,wil,meteor,rouge-1,rouge-2,rouge-l,rouge-lsum";
    let compare = |candidate, baseline| {
        ask(&["text", &file, "--candidate", candidate, "--reference", "a", "--baseline", baseline, "--metric", metrics])
            .unwrap()
    };
    let (worse, better, same) = (compare("bad", "good"), compare("good", "bad"), compare("good", "good"));
    assert!(worse.is_alarm() && !better.is_alarm() && !same.is_alarm(), "{}{}", worse.text(), better.text());
    for (name, entry) in worse.json()["metrics"].as_object().unwrap() {
        assert_eq!(entry["difference"]["verdict"], "worse", "{name}: {entry}");
        assert_eq!(better.json()["metrics"][name]["difference"]["verdict"], "better", "{name}");
        assert_eq!(same.json()["metrics"][name]["difference"]["verdict"], "same", "{name}");
    }
    assert!(worse.text().contains("1 of them empty"), "{}", worse.text());
}

#[test]
fn equal_rows_keep_a_width() {
    let folder = Folder::new();
    let file = folder
        .write("texts.csv", "t,r\none two three four,one two three four\nfive six seven ten,five six seven ten\n");
    let found =
        ask(&["text", &file, "--candidate", "t", "--reference", "r", "--metric", "bleu,chrf,rouge-l,ter"]).unwrap();
    for name in ["bleu", "chrf", "rouge-l"] {
        let entry = &found.json()["metrics"][name];
        // z²/(n + z²) for two rows.
        let low = entry["interval"][0].as_f64().unwrap();
        assert!((low - (1.0 - 3.8415 / 5.8415)).abs() < 1e-4 && entry["interval"][1] == 1.0, "{entry}");
    }
    assert!(found.json()["metrics"]["ter"]["interval"].is_null(), "errors have no upper end");
    let one = folder.write("one.csv", "t,r\none two three,one two four\n");
    let found = ask(&["text", &one, "--candidate", "t", "--reference", "r", "--metric", "chrf"]).unwrap();
    assert_eq!(found.json()["metrics"]["chrf"]["interval"], serde_json::json!([0.0, 1.0]));
}

#[test]
fn wrong_input_is_named() {
    let folder = Folder::new();
    let file = folder.write("texts.csv", TABLE);
    let fails = |arguments: &[&str]| ask(&[&["text", file.as_str()], arguments].concat()).unwrap_err();
    assert!(fails(&["--candidate", "god", "--reference", "a"]).contains("did you mean `good`?"));
    assert!(fails(&["--candidate", "good", "--reference", "b"]).contains("`b` is empty"));
    assert!(fails(&["--candidate", "good", "--reference", "a", "--metric", "blue"]).contains("possible values"));
    let empty = folder.write("empty.csv", "t,a,b\nx,,\n");
    assert!(
        ask(&["text", &empty, "--candidate", "t", "--reference", "a,b"])
            .unwrap_err()
            .contains("row 1 has no reference")
    );
}

#[test]
fn sacrebleus_tests_give_a_p_value_of_the_difference() {
    let folder = Folder::new();
    let file = folder.write("texts.csv", TABLE);
    let p = |test: &str, candidate: &str| {
        let baseline = if candidate == "good" { "bad" } else { "good" };
        let base = ["text", &file, "--candidate", candidate, "--reference", "a", "--baseline", baseline];
        let answer = ask(&[&base[..], &["--metric", "chrf,rouge-1", "--test", test]].concat()).unwrap();
        assert!(answer.text().contains(" p "), "{}", answer.text());
        ["chrf", "rouge-1"].map(|metric| answer.json()["metrics"][metric]["difference"]["p"].as_f64().unwrap())
    };
    // Five rows, all better: no more than one swap in sixteen keeps the difference, none enlarges it.
    assert_eq!(p("randomisation", "good"), [1.0 / 10_001.0; 2]);
    assert_eq!(p("randomisation", "good"), p("randomisation", "bad"));
    assert!(p("bootstrap", "good").iter().all(|p| *p < 0.05));
    let alone = ["text", &file, "--candidate", "good", "--reference", "a", "--test", "bootstrap"];
    assert!(ask(&alone).unwrap_err().contains("--baseline"));
}
