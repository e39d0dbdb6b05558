//! Evidence packs as a user has them: built in one place, checked in another with a public key alone.

use crate::support::Folder;

/// A folder with two runs of a suite, the first of them the baseline, and a key.
fn measured() -> Folder {
    let folder = Folder::new();
    let cases: String = (0..40)
        .map(|i| {
            let expected = if i % 8 == 0 { "no" } else { "yes" };
            format!("{{\"id\": \"c{i}\", \"question\": \"yes\", \"n\": {i}, \"expected\": \"{expected}\", \"metadata\": {{\"language\": \"{}\"}}}}\n", ["de", "en"][i % 2])
        })
        .collect();
    folder.write("cases.jsonl", cases);
    folder.write(
        "assay.yaml",
        "suite: proved\ndataset: cases.jsonl\ntarget: {echo: \"{{ question }}\"}\nscorers: [equals]\nslices: [language]\n\
         gate:\n  rules:\n    - {scorer: equals, min: 0.6}\n    - {scorer: equals, margin: 0.2}\n",
    );
    assert_eq!(folder.assay(&["run", "--quiet"]).code, 0);
    assert_eq!(folder.assay(&["baseline", "set", "main", "latest"]).code, 0);
    assert_eq!(folder.assay(&["run", "--quiet", "--seed", "5"]).code, 0);
    assert_eq!(folder.assay(&["evidence", "keygen", "key"]).code, 0);
    folder
}

#[test]
fn a_pack_built_here_verifies_elsewhere_and_fails_after_any_change() {
    let folder = measured();
    let build = ["evidence", "build", "--key", "key.pem", "--out", "r.assay-evidence"];
    let said = folder.assay(&build);
    assert_eq!(said.code, 0, "{said:?}");
    let said = folder.assay(&build);
    assert!(said.code == 2 && said.err.contains("not written over"), "{said:?}");
    // The gate says what the pack says.
    let gate = folder.assay(&["gate"]);
    let bare = Folder::new();
    let pack = std::fs::read(folder.path().join("r.assay-evidence")).unwrap();
    bare.write("r.assay-evidence", &pack);
    bare.write("key.pub.pem", std::fs::read(folder.path().join("key.pub.pem")).unwrap());
    let check = |file: &str| bare.assay(&["evidence", "verify", file, "--key", "key.pub.pem"]);
    let said = check("r.assay-evidence");
    assert_eq!((gate.code, said.code), (0, 0), "{gate:?} {said:?}");
    assert!(said.out.contains("verdict    pass") && said.out.contains("40 scores of 40 trials"), "{said:?}");
    assert!(said.out.contains("version follows from the cases: "), "{said:?}");
    assert!(!bare.path().join(".assay").exists(), "checking leaves nothing behind");
    let shown = bare.assay(&["evidence", "show", "r.assay-evidence", "--key", "key.pub.pem"]);
    assert!(shown.code == 0 && shown.out.contains("pass: equals ≥ 0.6") && shown.out.contains("against"), "{shown:?}");
    for at in (0..pack.len()).step_by(pack.len() / 40) {
        let mut changed = pack.clone();
        changed[at] ^= 4;
        bare.write("changed.assay-evidence", &changed);
        let said = check("changed.assay-evidence");
        assert!(said.code == 1 && said.err.contains("not verified"), "byte {at}: {said:?}");
    }
    // Wrong key, wrong file, a key of the wrong kind.
    assert_eq!(bare.assay(&["evidence", "keygen", "other"]).code, 0);
    let said = bare.assay(&["evidence", "verify", "r.assay-evidence", "--key", "other.pub.pem"]);
    assert!(said.code == 1 && said.err.contains("was not given"), "{said:?}");
    let said = bare.assay(&["evidence", "verify", "r.assay-evidence", "--key", "other.pem"]);
    assert!(said.code == 2 && said.err.contains("private key"), "{said:?}");
    bare.write("text", "hello");
    assert_eq!(check("text").code, 1);
    assert_eq!(check("nothing-here").code, 2);
    assert_eq!(bare.assay(&["evidence", "verify", "r.assay-evidence"]).code, 2);
    let entries = folder.assay(&["audit", "export"]).out;
    assert!(entries.lines().filter(|line| line.contains("evidence build")).count() == 4, "{entries}");
}

#[test]
fn a_case_is_disclosed_and_content_erased() {
    let folder = measured();
    let key = std::fs::read_to_string(folder.path().join("key.pem")).unwrap();
    let mut build = folder.command(&["evidence", "build", "--out", "r.assay-evidence"]);
    assert!(build.env("ASSAY_SIGNING_KEY", key).status().unwrap().success());
    let public = ["--key", "key.pub.pem"];
    let part =
        [&["evidence", "disclose", "r.assay-evidence", "--case", "c8", "--out", "part.json"][..], &public].concat();
    assert_eq!(folder.assay(&part).code, 0);
    let said = folder.assay(&[&["evidence", "verify", "part.json"][..], &public].concat());
    assert!(said.code == 0 && said.out.contains("  c8 ") && said.out.contains(" equals: "), "{said:?}");
    assert!(said.out.contains("\"output\":\"yes\"") && !said.out.contains("  c9 "), "{said:?}");
    let none =
        [&["evidence", "disclose", "r.assay-evidence", "--case", "nobody", "--out", "x.json"][..], &public].concat();
    assert!(folder.assay(&none).err.contains("no case `nobody`"));
    let erase = [&["evidence", "erase", "r.assay-evidence", "--out", "erased.assay-evidence"][..], &public].concat();
    assert_eq!(folder.assay(&erase).code, 0);
    let said = folder.assay(&[&["evidence", "verify", "erased.assay-evidence"][..], &public].concat());
    assert!(said.code == 0 && said.out.contains("content    removed"), "{said:?}");
}

#[test]
#[cfg(unix)]
fn a_program_may_sign() {
    use std::os::unix::fs::PermissionsExt;
    let folder = measured();
    if std::process::Command::new("openssl").arg("version").output().is_err() {
        println!("skipped: there is no openssl");
        return;
    }
    // OpenSSL signs Ed25519 from a file only.
    let script = folder
        .write("sign.sh", "#!/bin/sh\ncat > \"$1.in\"\nopenssl pkeyutl -sign -rawin -inkey \"$2\" -in \"$1.in\"\n");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut build = vec!["evidence", "build", "--out", "r.assay-evidence", "--public", "key.pub.pem"];
    for argument in ["./sign.sh", "message", "key.pem"] {
        build.extend(["--signer", argument]);
    }
    let said = folder.assay(&build);
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(folder.assay(&["evidence", "verify", "r.assay-evidence", "--key", "key.pub.pem"]).code, 0);
    let said = folder.assay(&["evidence", "build", "--out", "x", "--public", "key.pub.pem", "--signer", "./nobody"]);
    assert!(said.code == 2 && said.err.contains("cannot be started"), "{said:?}");
    let said = folder.assay(&["evidence", "build", "--out", "x", "--public", "key.pub.pem", "--signer", "true"]);
    assert!(said.code == 2 && said.err.contains("no Ed25519 signature"), "{said:?}");
}
