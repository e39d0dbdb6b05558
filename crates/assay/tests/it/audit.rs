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
            "baseline set began",
            "baseline set done",
            "baseline rm began",
            "baseline rm failed",
            "dataset add began",
            "dataset add done",
            "dataset tag began",
            "dataset tag done",
            "cache prune began",
            "cache prune done",
            "schedule add began",
            "schedule add done",
            "schedule rm began",
            "schedule rm done",
            "runs cancel began",
            "runs cancel failed",
        ]
    );
    let run = word(&entries[0]["object"], "run");
    assert_eq!(word(&entries[3]["object"], "run"), run);
    assert_eq!(word(&entries[9]["digests"], "before"), word(&entries[7]["digests"], "after"));
    for (at, entry) in entries.iter().enumerate().filter(|(_, entry)| word(entry, "outcome") != "began") {
        assert_eq!(entry["began"], at - 1, "an end names its beginning: {entry}");
    }
    assert!(entries.iter().all(|entry| !word(entry, "at").is_empty() && !word(entry, "by").is_empty()));
    // Entries are canonical: keys in order, no space.
    let text = folder.assay(&["audit", "export"]).out;
    assert!(text.lines().all(|line| line.starts_with("{\"action\":")), "{text}");
    assert!(verify(&folder, &[]).out.contains("verified: 18 entries"));
    let shown = folder.assay(&["audit", "tail", "-n", "4"]).out;
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
    let bundle = "tile/entries/000.p/8";
    let (entries, head) = (kept(bundle), kept("head"));

    // One letter of an entry.
    let mut edited = entries.clone();
    let at = edited.windows(3).position(|window| window == b"two").unwrap();
    edited[at] = b'T';
    std::fs::write(log.join(bundle), &edited).unwrap();
    let said = verify(&folder, &[]);
    assert!(said.code == 1 && said.err.contains("entry 2 is not the one that was appended"), "{said:?}");
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
    assert!(said.code == 1 && said.err.contains("holds 7 entries, not 8"), "{said:?}");
    std::fs::write(log.join(bundle), &entries).unwrap();
    assert_eq!(verify(&folder, &[]).code, 0);

    // A checkpoint is signed and kept elsewhere; then the newest entry and every trace of it are cut off.
    let said = folder.assay(&["audit", "checkpoint", "--key", "key.pem", "--out", "kept.txt"]);
    assert_eq!(said.code, 0, "{said:?}");
    let with = ["--key", "key.pub.pem", "--checkpoint", "kept.txt"];
    let said = verify(&folder, &with);
    assert!(said.code == 0 && said.out.contains("signed over 8 entries"), "{said:?}");
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
    assert!(said.code == 1 && said.err.contains("the log was cut off: it has 6 entries"), "{said:?}");
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
    assert!(said.code == 0 && said.out.starts_with("example.org/audit\n6\n"), "{said:?}");
    let said = folder.assay(&["audit", "checkpoint", "--key", "key.pem", "--origin", "another"]);
    assert!(said.code != 0 && said.err.contains("it keeps that name"), "{said:?}");
    assert_eq!(folder.assay(&["audit", "proof", "1", "--out", "proof.txt"]).code, 0);
    assert_eq!(folder.assay(&["audit", "proof", "6"]).code, 2);
    let lines = folder.assay(&["audit", "export"]).out;
    folder.write("entry.json", lines.lines().nth(1).unwrap());
    folder.write("other.json", lines.lines().nth(2).unwrap());
    let elsewhere = Folder::new();
    for name in ["proof.txt", "entry.json", "other.json", "key.pub.pem"] {
        elsewhere.write(name, std::fs::read(folder.path().join(name)).unwrap());
    }
    let check = |entry: &str| verify(&elsewhere, &["--key", "key.pub.pem", "--proof", "proof.txt", "--entry", entry]);
    assert!(check("entry.json").out.contains("entry 1 of the 6 of `example.org/audit`"));
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
    assert_eq!(entries(&folder).len(), 16);
    assert!(verify(&folder, &[]).out.contains("verified: 16 entries"));
}

#[test]
fn a_command_that_was_killed_and_the_name_it_acted_under_are_seen() {
    let folder = started();
    folder.write("p.policy.yaml", "policy: p\nrequire: [{suite: audited, rules: [{scorer: equals, min: 0.5}]}]\n");
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    let open = ["release", "open", "x", "--policy", "p.policy.yaml", "--kind", "prompt", "--as", "ann@example.org"];
    assert_eq!(folder.assay(&open).code, 0);
    let said = folder.assay(&["release", "approve", "--as", "ben@example.org", "--reason", "fine"]);
    assert_eq!(said.code, 0, "{said:?}");
    let entries = entries(&folder);
    let names: Vec<&str> = entries.iter().map(|entry| word(entry, "as")).collect();
    assert_eq!(names[2..], ["ann@example.org", "ann@example.org", "ben@example.org", "ben@example.org"]);
    assert!(folder.assay(&["audit", "tail"]).out.contains("as ben@example.org"));
    assert!(!verify(&folder, &[]).out.contains("did not say how it ended"));
    // Another process has the datasets: the command waits, and is killed.
    let held = std::fs::create_dir_all(folder.path().join(".assay/datasets"))
        .and_then(|()| std::fs::File::create(folder.path().join(".assay/datasets/lock")))
        .unwrap();
    held.lock().unwrap();
    let mut child = folder.start(&["dataset", "add", "qa", "cases.jsonl"]);
    let began = || folder.assay(&["audit", "tail"]).out.contains("dataset add");
    for _ in 0..200 {
        if began() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let said = verify(&folder, &[]);
    assert!(said.code == 0 && said.out.contains("1 began and did not say how it ended"), "{said:?}");
    assert!(said.out.contains("entry 6"), "{said:?}");
}
