//! Runs against judgements.

use crate::support::{Folder, ask, data};

#[test]
fn missing_queries_count_zero_and_are_named() {
    let folder = Folder::new();
    let qrels = folder.write("qrels.txt", "a 0 x 1\na 0 y 0\nb 0 y 1\nc 0 z 2\n");
    let run = folder
        .write("run.txt", "a Q0 x 1 2.5 mine\na Q0 y 2 1 mine\nc Q0 x 1 2 mine\nc Q0 z 2 1 mine\nd Q0 z 1 1 mine\n");
    let answer = ask(&["retrieval", &qrels, &run, "--measures", "mrr,ndcg@10,err@5,max=3"]).unwrap();
    assert_eq!(answer.json()["measures"]["mrr"]["value"], 0.5);
    assert_eq!(answer.json()["missing"], serde_json::json!(["b"]));
    assert!(answer.json()["measures"]["err@5,max=3"]["value"].is_number());
    assert!(
        answer.text().contains("1 queries are missing from the run and count as empty rankings: b"),
        "{}",
        answer.text()
    );
    assert!(answer.text().contains("1 queries of the run have no judgement"), "{}", answer.text());
    let skipped = ask(&["retrieval", &qrels, &run, "--measures", "mrr", "--skip-missing", "--queries"]).unwrap();
    assert_eq!(skipped.json()["measures"]["mrr"]["value"], 0.75);
    assert_eq!(skipped.json()["by_query"]["c"]["mrr"], 0.5);
}

#[test]
fn wrong_input_names_the_line_and_the_fix() {
    let folder = Folder::new();
    let qrels = folder.write("qrels.txt", "a 0 x 1\n");
    let fail = |run: &str, more: &[&str]| {
        let run = folder.write("run.txt", run);
        ask(&[&["retrieval", &qrels, &run], more].concat()).unwrap_err()
    };
    assert!(fail("a Q0 x 1 1 r\na Q0 x 2 0 r\n", &[]).contains("run.txt:2: query `a` has document `x` twice"));
    assert!(fail("a Q0 x 1 nan r\n", &[]).contains("run.txt:1: the score `nan` is not a finite number"));
    assert!(fail("a x 1\n", &[]).contains("run.txt:1: five columns"));
    assert!(fail("other Q0 x 1 1 r\n", &[]).contains("none of the 1 queries"));
    assert!(fail("a Q0 x 1 1 r\n", &["--measures", "ndgc@10"]).contains("no measure"));
    assert!(fail("a Q0 x 1 1 r\n", &["--measures", "p"]).contains("p@10"));
}

#[test]
fn two_runs_over_cranfield_are_compared_query_by_query() {
    let Some(folder) = data("cranfield") else { return };
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (qrels, run, baseline) = (path("qrels.trec"), path("run.tfidf.trec"), path("run.bm25.trec"));
    let answer = ask(&["retrieval", &qrels, &run, "--baseline", &baseline, "--measures", "ndcg@10,map"]).unwrap();
    for name in ["ndcg@10", "map"] {
        let found = &answer.json()["measures"][name];
        let by = found["difference"]["value"].as_f64().unwrap();
        let apart = found["value"].as_f64().unwrap() - found["baseline"].as_f64().unwrap();
        assert!((by - apart).abs() < 1e-12, "{found}");
        let (lower, upper) = (&found["difference"]["interval"][0], &found["difference"]["interval"][1]);
        assert!(lower.as_f64().unwrap() < by && by < upper.as_f64().unwrap(), "{found}");
    }
}

#[test]
fn diverse_results_are_rewarded() {
    let folder = Folder::new();
    let qrels = folder.write("qrels.txt", "q 0 d1 1\nq 0 d2 1\nq 0 d3 1\n");
    let topics = folder.write("topics.txt", "q cats d1 1\nq dogs d1 1\nq cats d2 1\nq birds d3 1\nq birds d1 0\n");
    let run = folder.write("run.txt", "q Q0 d1 1 3 x\nq Q0 d3 2 2 x\nq Q0 d2 3 1 x\n");
    let dull = folder.write("dull.txt", "q Q0 d1 1 3 x\nq Q0 d2 2 2 x\nq Q0 d3 3 1 x\n");
    let base = ["retrieval", &qrels, &run, "--measures", "map", "--subtopics", &topics];
    let best = ask(&[&base[..], &["--baseline", &dull]].concat()).unwrap();
    let found = &best.json()["measures"]["alpha-ndcg@20"];
    assert_eq!(found["value"], 1.0);
    // Gains 2, ½, 1 against 2, 1, ½, discounted.
    let gain = |a: f64, b: f64| 2.0 + a / 3f64.log2() + b / 2.0;
    let want = gain(0.5, 1.0) / gain(1.0, 0.5);
    assert!((found["baseline"].as_f64().unwrap() - want).abs() < 1e-12, "{found}");
    assert!(best.text().contains("alpha-ndcg@20"), "{}", best.text());
    let bad = folder.write("bad.txt", "q cats d1 yes\n");
    let wrong = ask(&["retrieval", &qrels, &run, "--subtopics", &bad]).unwrap_err();
    assert!(wrong.contains("bad.txt:1"), "{wrong}");
    assert!(ask(&[&base[..], &["--alpha", "2"]].concat()).unwrap_err().contains("--alpha"));
}
