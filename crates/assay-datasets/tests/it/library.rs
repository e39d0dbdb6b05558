//! The library: versions, their sharing and differences, the log, what may be used, sealed parts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use assay_core::Case;
use assay_datasets::add::{Added, add};
use assay_datasets::diff::{Change, Counts, diff};
use assay_datasets::library::{Event, Governance};
use assay_datasets::split::SplitPlan;
use assay_datasets::{DatasetDecl, DatasetError, Library, lineage, open};
use proptest::prelude::*;
use serde_json::json;

/// A library in a folder of its own.
pub struct Bench {
    pub folder: tempfile::TempDir,
    pub library: Library,
}

impl Bench {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = Library::new(folder.path().join("datasets"));
        Self { folder, library }
    }

    pub fn library_folder(&self) -> PathBuf {
        self.folder.path().join("datasets")
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    pub fn try_add(&self, name: &str, path: &Path) -> Result<Added, DatasetError> {
        let declared = DatasetDecl { path: path.display().to_string(), ..DatasetDecl::default() };
        let held = self.library.hold().unwrap();
        add(&self.library, &held, (name, "ann"), Path::new(""), &declared, None, None)
    }

    pub fn add(&self, name: &str, lines: &[String]) -> Added {
        let path = self.write("cases.jsonl", &lines.join("\n"));
        self.try_add(name, &path).unwrap()
    }

    fn append(&self, name: &str, event: Event) {
        self.library.append(&self.library.hold().unwrap(), name, "ann", vec![event]).unwrap();
    }

    fn used(&self, declared: serde_json::Value) -> Result<Vec<Case>, DatasetError> {
        let declared = DatasetDecl::read(&declared, "").unwrap();
        open(&declared, Path::new(""), Some(&self.library))?.map(|case| case.map(|(case, _)| case)).collect()
    }

    fn diff(&self, name: &str) -> (Vec<Change>, Counts) {
        let dataset = self.library.dataset(name).unwrap();
        let [.., before, after] = &dataset.versions[..] else { panic!("two versions are needed") };
        let mut changes = Vec::new();
        let counts = diff(&self.library, before.version, after.version, &mut |change| {
            changes.push(change);
            Ok(())
        });
        (changes, counts.unwrap())
    }

    fn bytes(&self) -> u64 {
        let mut folders = vec![self.folder.path().join("datasets/chunks")];
        let mut bytes = 0;
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                match entry.path() {
                    path if path.is_dir() => folders.push(path),
                    path => bytes += fs::metadata(path).unwrap().len(),
                }
            }
        }
        bytes
    }
}

fn line(id: u64, question: &str) -> String {
    json!({"id": format!("c{id}"), "question": question, "expected": "yes", "metadata": {"expires": "2099-01-01", "n": id}})
        .to_string()
}

fn many(count: u64) -> Vec<String> {
    (0..count).map(|id| line(id, &format!("is {id} even, and what is the digest of it?"))).collect()
}

#[test]
fn cases_come_back_as_they_were_and_in_order() {
    let bench = Bench::new();
    let added = bench.add("qa", &many(3_000));
    assert_eq!((added.cases, added.named), (3_000, 0));
    let cases = bench.used(json!({"dataset": "qa"})).unwrap();
    assert_eq!(cases.len(), 3_000);
    assert!(cases.iter().enumerate().all(|(i, case)| case.id == format!("c{i}")));
    assert_eq!(cases[7].expected, Some(json!("yes")));
}

#[test]
fn what_is_given_up_leaves_nothing_and_takes_nothing_of_others() {
    let bench = Bench::new();
    let broken = bench.write("broken.jsonl", &[many(6_000).join("\n"), "{".into()].join("\n"));
    assert!(bench.try_add("qa", &broken).unwrap_err().to_string().contains("broken.jsonl:6001"));
    assert_eq!((bench.bytes(), bench.library.names().unwrap().len()), (0, 0));
    let twice = bench.write("twice.jsonl", &[many(6_000), many(1)].concat().join("\n"));
    assert!(bench.try_add("qa", &twice).unwrap_err().to_string().contains("`c0`"));
    assert_eq!(bench.bytes(), 0);
    // What an earlier version has stays.
    bench.add("qa", &many(3_000));
    let before = bench.bytes();
    assert!(before > 0 && bench.try_add("qa", &broken).is_err());
    assert_eq!(bench.bytes(), before);
    assert_eq!(bench.used(json!({"dataset": "qa"})).unwrap().len(), 3_000);
}

#[test]
fn a_folder_that_is_not_told_is_in_no_record_and_no_error() {
    let bench = Bench::new();
    bench.write("cases.jsonl", &[many(10), many(1)].concat().join("\n"));
    let base = bench.folder.path();
    let declared = DatasetDecl { path: "cases.jsonl".into(), ..DatasetDecl::default() };
    let held = bench.library.hold().unwrap();
    let error = add(&bench.library, &held, ("qa", "ann"), base, &declared, None, None).unwrap_err();
    assert_eq!(error.to_string(), "cases.jsonl:11: the id `c0` stands here and at cases.jsonl:1");
    bench.write("cases.jsonl", &many(10).join("\n"));
    let added = add(&bench.library, &held, ("qa", "ann"), base, &declared, None, None).unwrap();
    let record = json!(added.record.unwrap()).to_string();
    assert!(record.contains("cases.jsonl") && !record.contains(&base.display().to_string()), "{record}");
}

#[test]
fn a_small_change_costs_little_and_is_told_field_by_field() {
    let bench = Bench::new();
    let mut lines = many(20_000);
    let first = bench.add("qa", &lines);
    let before = bench.bytes();
    lines[5_000] = line(5_000, "another question");
    lines.insert(10, line(90_000, "a new one"));
    lines.remove(15_000);
    let second = bench.add("qa", &lines);
    assert!(second.new_bytes * 8 < first.new_bytes, "{} of {}", second.new_bytes, first.new_bytes);
    assert_eq!(bench.bytes(), before + second.new_bytes);
    let (changes, counts) = bench.diff("qa");
    assert_eq!(counts, Counts { added: 1, removed: 1, renamed: 0, changed: 1, same: 19_998 });
    insta::assert_json_snapshot!(changes, @r#"
    [
      {
        "change": "changed",
        "case": "c5000",
        "fields": [
          {
            "field": "inputs.question",
            "before": "is 5000 even, and what is the digest of it?",
            "after": "another question"
          }
        ]
      },
      {
        "change": "added",
        "case": "c90000"
      },
      {
        "change": "removed",
        "case": "c14999"
      }
    ]
    "#);
}

#[test]
fn the_same_cases_are_the_same_version_and_are_not_added_twice() {
    let bench = Bench::new();
    let lines = many(50);
    let first = bench.add("qa", &lines).record.unwrap();
    assert!(bench.add("qa", &lines).record.is_none());
    let other = bench.add("copy", &lines).record.unwrap();
    assert_eq!(first.version, other.version);
    let reordered: Vec<String> = lines.iter().rev().cloned().collect();
    assert!(bench.add("qa", &reordered).record.is_none(), "order is no part of a version");
}

#[test]
fn cases_without_ids_keep_theirs_when_rows_move() {
    let bench = Bench::new();
    let rows = |order: &[u64]| -> Vec<String> {
        order.iter().map(|i| json!({"question": format!("q{i}"), "expected": "a"}).to_string()).collect()
    };
    let added = bench.add("qa", &rows(&[1, 2, 3, 2]));
    assert_eq!(added.named, 4);
    let ids: Vec<String> = bench.used(json!({"dataset": "qa"})).unwrap().into_iter().map(|case| case.id).collect();
    assert_eq!(ids[3], format!("{}-2", ids[1]));
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 4);
    bench.add("qa", &rows(&[9, 1, 2, 3, 2]));
    let (changes, counts) = bench.diff("qa");
    assert_eq!((counts.added, counts.same, changes.len()), (1, 4, 1));
    let path = bench.write("mixed.jsonl", "{\"q\":\"a\"}\n{\"id\":\"x\",\"q\":\"b\"}\n");
    let error = bench.try_add("qa", &path).unwrap_err();
    assert!(error.to_string().ends_with("mixed.jsonl:2: the case has an id, and others have none"), "{error}");
}

#[test]
fn one_id_twice_names_both_places() {
    let bench = Bench::new();
    let path = bench.write("twice.jsonl", &[line(1, "a"), line(2, "b"), line(1, "c")].join("\n"));
    let error = bench.try_add("qa", &path).unwrap_err().to_string();
    assert!(
        error.contains("twice.jsonl:3: the id `c1` stands here and at") && error.ends_with("twice.jsonl:1"),
        "{error}"
    );
    assert!(bench.library.find("qa").unwrap().is_none(), "nothing was added");
}

#[test]
fn a_changed_removed_or_inserted_line_of_a_log_is_found() {
    let bench = Bench::new();
    bench.add("qa", &many(3));
    for tag in ["a", "b", "c"] {
        let version = bench.library.dataset("qa").unwrap().versions[0].version;
        bench.append("qa", Event::Tagged { tag: tag.into(), version });
    }
    let path = bench.folder.path().join("datasets/logs/qa.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let broken = [
        text.replace("\"tag\":\"b\"", "\"tag\":\"z\""),
        [lines[0], lines[1], lines[3]].join("\n") + "\n",
        [lines[0], lines[1], lines[1], lines[2], lines[3]].join("\n") + "\n",
    ];
    for text in broken {
        fs::write(&path, &text).unwrap();
        let error = bench.library.dataset("qa").unwrap_err().to_string();
        assert!(error.contains("qa.jsonl:") && error.contains("the log was changed"), "{error}");
    }
    // A line that was being written when the power went never counted, and does not stay.
    fs::write(&path, [text.as_bytes(), b"{\"previous\":\"caf\xc3"].concat()).unwrap();
    assert_eq!(bench.library.dataset("qa").unwrap().tags.len(), 3);
    bench.append("qa", Event::Untagged { tag: "c".into() });
    assert_eq!(bench.library.dataset("qa").unwrap().tags.len(), 2);
}

#[test]
fn versions_are_named_by_number_tag_and_digest() {
    let bench = Bench::new();
    let first = bench.add("qa", &many(3)).record.unwrap();
    let second = bench.add("qa", &many(4)).record.unwrap();
    bench.append("qa", Event::Tagged { tag: "approved".into(), version: first.version });
    for (word, cases) in [
        ("qa".to_owned(), 4),
        ("qa@1".into(), 3),
        ("qa@v2".into(), 4),
        ("qa@approved".into(), 3),
        (format!("qa@{}", &second.version.to_string()[..8]), 4),
    ] {
        assert_eq!(bench.used(json!({"dataset": word})).unwrap().len(), cases, "{word}");
    }
    for (word, message) in [
        ("qa@7", "the dataset `qa` has no version `7`"),
        ("qa@next", "the dataset `qa` has no version `next`"),
        ("q", "there is no dataset `q`"),
        ("../qa", "`../qa` cannot be the name of a dataset"),
    ] {
        assert_eq!(bench.used(json!({"dataset": word})).unwrap_err().to_string(), message);
    }
}

#[test]
fn what_may_not_be_used_is_left_out() {
    let bench = Bench::new();
    let mut lines = many(5);
    lines.push(json!({"id": "old", "question": "?", "metadata": {"expires": "2001-01-01"}}).to_string());
    bench.add("qa", &lines);
    assert_eq!(bench.used(json!({"dataset": "qa"})).unwrap().len(), 6);
    let expires = Governance { expires: Some("expires".into()), ..Governance::default() };
    bench.append("qa", Event::Governed(Box::new(expires.clone())));
    bench.append("qa", Event::Revoked { case: "c2".into(), reason: "consent withdrawn".into() });
    let ids: Vec<String> = bench.used(json!({"dataset": "qa"})).unwrap().into_iter().map(|case| case.id).collect();
    assert_eq!(ids, ["c0", "c1", "c3", "c4"]);
    // A day that cannot be read protects its case.
    for day in [json!("31.12.2099"), json!(20_991_231), json!("2099-02-31"), json!(null)] {
        let mut lines = many(2);
        lines.push(json!({"id": "odd", "question": "?", "metadata": {"expires": day}}).to_string());
        bench.add("qa", &lines);
        assert_eq!(bench.used(json!({"dataset": "qa"})).unwrap().len(), 2, "{day}");
    }
    let over = Governance { retain_until: Some("2020-01-01".into()), ..expires };
    bench.append("qa", Event::Governed(Box::new(over)));
    let error = bench.used(json!({"dataset": "qa"})).unwrap_err().to_string();
    assert_eq!(error, "the dataset `qa` may be used until 2020-01-01 only");
}

#[test]
fn sealed_cases_are_used_only_as_a_part() {
    let bench = Bench::new();
    bench.add("qa", &many(1_000));
    let plan = SplitPlan::parse("dev=0.5,holdout=0.5", &["holdout".into()], 2, None, "qa".into()).unwrap();
    bench.append("qa", Event::Split(plan));
    let ids =
        |declared| -> BTreeSet<String> { bench.used(declared).unwrap().into_iter().map(|case| case.id).collect() };
    let (open, dev) = (ids(json!({"dataset": "qa"})), ids(json!({"dataset": "qa", "split": "dev"})));
    let holdout = ids(json!({"dataset": "qa", "split": "holdout"}));
    assert_eq!(open, dev);
    assert_eq!(dev.len() + holdout.len(), 1_000);
    assert!(dev.is_disjoint(&holdout));
    // A new case moves no other one.
    bench.add("qa", &many(1_001));
    assert!(ids(json!({"dataset": "qa", "split": "holdout"})).is_superset(&holdout));
    assert!(bench.used(json!({"dataset": "qa", "split": "test"})).is_err());
}

#[test]
fn damaged_bytes_are_named_and_never_used() {
    let bench = Bench::new();
    bench.add("qa", &many(2_000));
    let dataset = bench.library.dataset("qa").unwrap();
    let manifest = bench.library.manifest(dataset.versions[0].version).unwrap();
    let name = manifest.chunks[0].digest.to_string();
    let path = bench.folder.path().join("datasets/chunks").join(&name[..2]).join(format!("{name}.zst"));
    let whole = fs::read(&path).unwrap();
    for broken in [&whole[..whole.len() / 2], b"nonsense", b""] {
        fs::write(&path, broken).unwrap();
        let error = bench.used(json!({"dataset": "qa"})).unwrap_err().to_string();
        assert!(error.contains(&name) && error.ends_with("the chunk is damaged"), "{error}");
    }
    fs::remove_file(&path).unwrap();
    assert!(bench.used(json!({"dataset": "qa"})).unwrap_err().to_string().contains(&name));
}

#[test]
fn removing_a_version_frees_what_nothing_else_needs() {
    let bench = Bench::new();
    let first = bench.add("qa", &many(4_000)).record.unwrap();
    bench.add("qa", &many(8_000));
    bench.add("kept", &many(4_000));
    let all = bench.bytes();
    let held = bench.library.hold().unwrap();
    let removed = |number, version| Event::Removed { number, version, reason: "test".into() };
    bench.library.append(&held, "qa", "ann", vec![removed(1, first.version)]).unwrap();
    assert_eq!(bench.library.remove_unused(&held).unwrap().0, 0, "another dataset has the same version");
    let second = bench.library.dataset("qa").unwrap().versions[0].version;
    bench.library.append(&held, "qa", "ann", vec![removed(2, second)]).unwrap();
    assert!(bench.library.remove_unused(&held).unwrap().1 > 0);
    drop(held);
    assert!(bench.bytes() < all);
    assert_eq!(bench.used(json!({"dataset": "kept"})).unwrap().len(), 4_000);
    assert!(bench.used(json!({"dataset": "qa"})).is_err());
}

#[test]
fn removing_one_of_two_versions_of_the_same_cases_leaves_the_other_with_its_tag() {
    let bench = Bench::new();
    let first = bench.add("qa", &many(5)).record.unwrap();
    bench.append("qa", Event::Tagged { tag: "approved".into(), version: first.version });
    bench.add("qa", &many(6));
    let third = bench.add("qa", &many(5)).record.unwrap();
    assert_eq!((third.number, third.version), (3, first.version));
    bench.append("qa", Event::Removed { number: 3, version: third.version, reason: "test".into() });
    assert_eq!(bench.used(json!({"dataset": "qa@approved"})).unwrap().len(), 5);
    assert_eq!(bench.library.dataset("qa").unwrap().versions.len(), 2);
}

#[test]
fn what_is_damaged_is_written_again_when_the_same_cases_are_added() {
    let bench = Bench::new();
    let lines = many(2_000);
    let version = bench.add("qa", &lines).record.unwrap().version;
    let manifest = bench.library.manifest(version).unwrap();
    let name = manifest.chunks[0].digest.to_string();
    let chunk = bench.folder.path().join("datasets/chunks").join(&name[..2]).join(format!("{name}.zst"));
    let file = bench.folder.path().join(format!("datasets/versions/{version}.json"));
    fs::write(&chunk, b"").unwrap();
    assert!(bench.add("qa", &lines).record.is_none());
    assert_eq!(bench.used(json!({"dataset": "qa"})).unwrap().len(), 2_000);
    // A manifest that does not add up is not believed, whatever it says.
    let text = fs::read_to_string(&file).unwrap();
    let bytes = format!("\"bytes\":{}", manifest.chunks[0].bytes);
    for broken in [
        text.replace(&text[text.find("\"chunks\"").unwrap()..], "\"chunks\":[]}"),
        text.replacen(&bytes, "\"bytes\":4611686018427387904", 1),
        text.replacen("\"cases\":2000", "\"cases\":1999", 1),
        String::new(),
    ] {
        assert_ne!(broken, text);
        fs::write(&file, broken).unwrap();
        let error = bench.used(json!({"dataset": "qa"})).unwrap_err().to_string();
        assert!(error.ends_with("the manifest is damaged"), "{error}");
    }
    bench.add("qa", &lines);
    assert_eq!(bench.used(json!({"dataset": "qa"})).unwrap().len(), 2_000);
}

#[test]
fn lineage_names_sources_and_parents() {
    let bench = Bench::new();
    bench.add("qa", &many(3));
    let dataset = bench.library.dataset("qa").unwrap();
    let nodes = lineage::ancestry(&bench.library, &dataset, dataset.versions[0].version).unwrap();
    let text = lineage::text(&nodes);
    assert!(text.starts_with("qa@1 ") && text.contains("cases.jsonl"), "{text}");
    let events = lineage::open_lineage(&nodes);
    assert_eq!(events[0]["outputs"][0]["name"], "qa");
    assert_eq!(events[0]["run"]["runId"].as_str().unwrap().len(), 36);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever two versions hold, the difference accounts for every case once, and its counts add up.
    #[test]
    fn a_difference_accounts_for_every_case(
        before in proptest::collection::btree_map(0u64..60, 0u8..3, 1..40),
        after in proptest::collection::btree_map(0u64..60, 0u8..3, 1..40),
    ) {
        prop_assume!(before != after);
        let bench = Bench::new();
        let lines = |cases: &std::collections::BTreeMap<u64, u8>| -> Vec<String> {
            cases.iter().map(|(id, text)| line(*id, &format!("{id} {text}"))).collect()
        };
        bench.add("qa", &lines(&before));
        bench.add("qa", &lines(&after));
        let (changes, counts) = bench.diff("qa");
        let same = before.iter().filter(|(id, text)| after.get(id) == Some(text)).count() as u64;
        let changed = before.iter().filter(|(id, text)| after.get(id).is_some_and(|now| now != *text)).count() as u64;
        prop_assert_eq!((counts.same, counts.changed, counts.renamed), (same, changed, 0));
        prop_assert_eq!(counts.removed, before.len() as u64 - same - changed);
        prop_assert_eq!(counts.added, after.len() as u64 - same - changed);
        prop_assert_eq!(changes.len() as u64, counts.removed + counts.added + counts.changed);
    }

    #[test]
    fn no_log_makes_reading_it_panic(text in ".{0,200}") {
        let bench = Bench::new();
        let logs = bench.folder.path().join("datasets/logs");
        fs::create_dir_all(&logs).unwrap();
        fs::write(logs.join("qa.jsonl"), text).unwrap();
        let _ = bench.library.dataset("qa");
    }
}
