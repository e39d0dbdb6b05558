//! The audit log as a user has it: every change is in it, and every change of it is found.

use serde_json::Value;

use crate::support::{Folder, Said};

/// A folder with a suite that runs at once, and a key.
fn started() -> Folder {
    let folder = Folder::new();
    folder.write("cases.jsonl", "{\"id\": \"a\", \"question\": \"x\", \"expected\": \"x\"}\n");
    folder.write(
        "assay.yaml",
        "suite: audited\ndataset: cases.jsonl\ntarget: {echo: \"{{ question }}\"}\nscorers: [equals]\n",
    );
    assert_eq!(folder.assay(&["evidence", "keygen", "key"]).code, 0);
    folder
}

fn entries(folder: &Folder) -> Vec<Value> {
    let said = folder.assay(&["audit", "export"]);
    assert_eq!(said.code, 0, "{said:?}");
    said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn verify(folder: &Folder, more: &[&str]) -> Said {
    folder.assay(&[&["audit", "verify"], more].concat())
}

fn word<'a>(entry: &'a Value, key: &str) -> &'a str {
    entry[key].as_str().unwrap_or_default()
}

#[test]
fn every_change_is_recorded_with_its_outcome_and_nothing_else_is() {
    let folder = started();
    // What fails before there is a workspace leaves none.
    assert_ne!(folder.assay(&["run", "missing.yaml"]).code, 0);
    assert_eq!(folder.assay(&["audit", "verify"]).out.trim(), "nothing was recorded yet");
    for (arguments, code) in [
        (&["run", "--quiet"][..], 0),
        (&["show"], 0),
        (&["runs"], 0),
        (&["baseline", "set", "main", "latest"], 0),
        (&["baseline", "rm", "audited", "nobody"], 2),
        (&["dataset", "add", "qa", "cases.jsonl"], 0),
        (&["dataset", "tag", "qa", "approved"], 0),
        (&["dataset", "list"], 0),
        (&["cache", "prune", "--all"], 0),
        (&["schedule", "add", "nightly", "--cron", "0 2 * * *"], 0),
        (&["schedule", "rm", "nightly"], 0),
        (&["runs", "cancel"], 2),
    ] {
        let said = folder.assay(arguments);
        assert_eq!(said.code, code, "{arguments:?} {said:?}");
    }
    let entries = entries(&folder);
    let told: Vec<String> = entries.iter().map(|e| format!("{} {}", word(e, "action"), word(e, "outcome"))).collect();
    assert_eq!(
        told,
        [
            "run began",
            "run done",
            "baseline set done",
            "baseline rm failed",
            "dataset add done",
            "dataset tag done",
            "cache prune done",
            "schedule add done",
            "schedule rm done",
            "runs cancel failed",
        ]
    );
    let run = word(&entries[0]["object"], "run");
    assert_eq!(word(&entries[2]["object"], "run"), run);
    assert_eq!(word(&entries[5]["digests"], "before"), word(&entries[4]["digests"], "after"));
    assert!(entries.iter().all(|entry| !word(entry, "at").is_empty() && !word(entry, "by").is_empty()));
    // Entries are canonical: keys in order, no space.
    let text = folder.assay(&["audit", "export"]).out;
    assert!(text.lines().all(|line| line.starts_with("{\"action\":")), "{text}");
    assert!(verify(&folder, &[]).out.contains("verified: 10 entries"));
    let shown = folder.assay(&["audit", "tail", "-n", "2"]).out;
    assert!(shown.contains("schedule rm") && shown.contains("runs cancel") && !shown.contains("prune"), "{shown}");
}

#[test]
fn a_log_that_was_edited_cut_off_or_rewritten_is_found_out() {
    let folder = started();
    for name in ["one", "two", "three", "four"] {
        assert_eq!(folder.assay(&["schedule", "add", name, "--cron", "0 2 * * *"]).code, 0);
    }
    let log = folder.path().join(".assay/audit");
    let kept = |name: &str| std::fs::read(log.join(name)).unwrap();
    let bundle = "tile/entries/000.p/4";
    let (entries, head) = (kept(bundle), kept("head"));

    // One letter of an entry.
    let mut edited = entries.clone();
    let at = edited.windows(3).position(|window| window == b"two").unwrap();
    edited[at] = b'T';
    std::fs::write(log.join(bundle), &edited).unwrap();
    let said = verify(&folder, &[]);
    assert!(said.code == 1 && said.err.contains("entry 1 is not the one that was appended"), "{said:?}");
    // Nothing is changed on top of a log that was changed.
    let said = folder.assay(&["schedule", "rm", "one"]);
    assert!(said.code == 2 && said.err.contains("nothing was done"), "{said:?}");
    assert!(folder.assay(&["schedule", "list"]).out.contains("one"));

    // Two entries change places.
    let length = |at: usize| 2 + usize::from(u16::from_be_bytes([entries[at], entries[at + 1]]));
    let (first, second) = (length(0), length(length(0)));
    let moved = [&entries[first..first + second], &entries[..first], &entries[first + second..]].concat();
    std::fs::write(log.join(bundle), moved).unwrap();
    assert_eq!(verify(&folder, &[]).code, 1);
    // One is deleted.
    std::fs::write(log.join(bundle), &entries[first..]).unwrap();
    let said = verify(&folder, &[]);
    assert!(said.code == 1 && said.err.contains("holds 3 entries, not 4"), "{said:?}");
    std::fs::write(log.join(bundle), &entries).unwrap();
    assert_eq!(verify(&folder, &[]).code, 0);

    // A checkpoint is signed and kept elsewhere; then the newest entry and every trace of it are cut off.
    let said = folder.assay(&["audit", "checkpoint", "--key", "key.pem", "--out", "kept.txt"]);
    assert_eq!(said.code, 0, "{said:?}");
    let with = ["--key", "key.pub.pem", "--checkpoint", "kept.txt"];
    let said = verify(&folder, &with);
    assert!(said.code == 0 && said.out.contains("signed over 4 entries"), "{said:?}");
    let whole = folder.path().join("whole");
    assert!(std::process::Command::new("cp").arg("-r").arg(&log).arg(&whole).status().unwrap().success());
    std::fs::remove_dir_all(&log).unwrap();
    for name in ["one", "two", "three"] {
        assert_eq!(folder.assay(&["schedule", "add", name, "--cron", "0 2 * * *"]).code, 0);
    }
    // A log of its own, whole in itself; under the old name it does not get by the checkpoint either.
    let origin = String::from_utf8(head).unwrap().lines().next().unwrap().to_owned();
    assert_eq!(verify(&folder, &[]).code, 0);
    assert!(verify(&folder, &with).err.contains("the checkpoint is of the log"));
    let own = String::from_utf8(kept("head")).unwrap();
    let renamed = own.replacen(own.lines().next().unwrap(), &origin, 1);
    std::fs::write(log.join("head"), renamed).unwrap();
    assert_eq!(verify(&folder, &[]).code, 0);
    let said = verify(&folder, &with);
    assert!(said.code == 1 && said.err.contains("the log was cut off: it has 3 entries"), "{said:?}");
    assert_eq!(folder.assay(&["schedule", "add", "five", "--cron", "0 2 * * *"]).code, 0);
    assert!(verify(&folder, &with).err.contains("are not those that the checkpoint was signed over"));
    // The log's own checkpoint is gone with it; whoever has none left cannot tell.
    std::fs::remove_dir_all(&log).unwrap();
    assert!(verify(&folder, &with).err.contains("there is no log here"));
    std::fs::rename(&whole, &log).unwrap();
    assert_eq!(verify(&folder, &with).code, 0);
    std::fs::remove_file(log.join("head")).unwrap();
    assert_eq!(verify(&folder, &[]).code, 1);
}

#[test]
fn an_entry_is_proved_with_nothing_else_of_the_log() {
    let folder = started();
    for name in ["one", "two", "three"] {
        assert_eq!(folder.assay(&["schedule", "add", name, "--cron", "0 2 * * *"]).code, 0);
    }
    let said = folder.assay(&["audit", "proof", "1"]);
    assert!(said.code == 2 && said.err.contains("no signed checkpoint"), "{said:?}");
    assert!(folder.assay(&["audit", "checkpoint"]).err.contains("no key to sign with"));
    let sign = ["audit", "checkpoint", "--key", "key.pem", "--origin", "example.org/audit"];
    let said = folder.assay(&sign);
    assert!(said.code == 0 && said.out.starts_with("example.org/audit\n3\n"), "{said:?}");
    let said = folder.assay(&["audit", "checkpoint", "--key", "key.pem", "--origin", "another"]);
    assert!(said.code != 0 && said.err.contains("it keeps that name"), "{said:?}");
    assert_eq!(folder.assay(&["audit", "proof", "1", "--out", "proof.txt"]).code, 0);
    assert_eq!(folder.assay(&["audit", "proof", "3"]).code, 2);
    let lines = folder.assay(&["audit", "export"]).out;
    folder.write("entry.json", lines.lines().nth(1).unwrap());
    folder.write("other.json", lines.lines().nth(2).unwrap());
    let elsewhere = Folder::new();
    for name in ["proof.txt", "entry.json", "other.json", "key.pub.pem"] {
        elsewhere.write(name, std::fs::read(folder.path().join(name)).unwrap());
    }
    let check = |entry: &str| verify(&elsewhere, &["--key", "key.pub.pem", "--proof", "proof.txt", "--entry", entry]);
    assert!(check("entry.json").out.contains("entry 1 of the 3 of `example.org/audit`"));
    assert_eq!(check("other.json").code, 1);
}

#[test]
fn processes_that_write_at_once_lose_nothing() {
    let folder = started();
    let started: Vec<_> =
        (0..8).map(|i| folder.start(&["schedule", "add", &format!("s{i}"), "--cron", "0 2 * * *"])).collect();
    for child in started {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    assert_eq!(entries(&folder).len(), 8);
    assert!(verify(&folder, &[]).out.contains("verified: 8 entries"));
}
