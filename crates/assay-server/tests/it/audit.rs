//! The audit log over the API: pages that do not read all of it, and proofs that hold without it.

use assay_core::Digest;
use assay_evidence::keys::{Signer, SigningKey};
use assay_evidence::merkle;
use assay_evidence::note::EntryProof;
use assay_home::audit::{Action, AuditLog, recorded};
use reqwest::Method;
use serde_json::{Value, json};

use crate::server::Server;

async fn get(server: &Server, path: &str) -> Value {
    let response = server.get(path).send().await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

/// A log of this many entries.
async fn grow(server: &Server, entries: u64) -> AuditLog {
    let root = server.folder.path().join(".assay");
    for i in 0..entries / 2 {
        let action = Action::new("dataset tag").on("dataset", format!("qa-{i}"));
        recorded(Some(action), Some(root.clone()), async { Ok(0) }).await.unwrap();
    }
    AuditLog::of(&root)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_is_on_one_page_and_a_page_reads_no_other_entries() {
    let server = Server::start(false).await;
    assert_eq!(get(&server, "/api/v1/audit").await, json!({"items": [], "next": null, "head": null, "signed": null}));
    assert_eq!(get(&server, "/api/v1/audit/verify").await["verified"], true);
    assert_eq!(server.get("/api/v1/audit/0/proof").send().await.unwrap().status(), 404);
    grow(&server, 600).await;
    let (mut numbers, mut next) = (Vec::new(), String::new());
    loop {
        let page = get(&server, &format!("/api/v1/audit?limit=70{next}")).await;
        let items = page["items"].as_array().unwrap();
        numbers.extend(items.iter().map(|of| of["number"].as_u64().unwrap()));
        assert_eq!(page["head"]["size"], 600);
        let Some(cursor) = page["next"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    assert_eq!(numbers, (0..600).rev().collect::<Vec<_>>());
    let found = get(&server, "/api/v1/audit?search=QA-7").await;
    // `qa-7` and `qa-70` to `qa-79`, each begun and done.
    assert_eq!(found["items"].as_array().unwrap().len(), 22);

    let verified = get(&server, "/api/v1/audit/verify").await;
    assert_eq!((&verified["verified"], &verified["entries"]), (&json!(true), &json!(600)));
    // Without its oldest entries the newest page is still there, and the whole is known to be damaged.
    let oldest = server.folder.path().join(".assay/audit/tile/entries/000");
    std::fs::remove_file(&oldest).unwrap();
    let page = get(&server, "/api/v1/audit?limit=50").await;
    assert_eq!(page["items"][0]["number"], 599);
    let verified = get(&server, "/api/v1/audit/verify").await;
    assert_eq!(verified["verified"], false);
    assert!(verified["faults"][0].as_str().unwrap().contains("missing"), "{verified}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_holds_for_its_entry_with_nothing_else_of_the_log() {
    let server = Server::start(false).await;
    let log = grow(&server, 300).await;
    let key = SigningKey::from_seed([7; 32]);
    let (head, _) = log.verify().unwrap().unwrap();
    log.keep_checkpoint(&head.sign(&key).unwrap()).unwrap();
    grow(&server, 10).await;
    for number in [0u64, 1, 255, 256, 299] {
        let proof = get(&server, &format!("/api/v1/audit/{number}/proof")).await;
        let file = EntryProof::from_text(proof["file"].as_str().unwrap()).unwrap();
        let entry = proof["entry"].as_str().unwrap();
        assert_eq!(file.index, number);
        assert_eq!(file.verify(entry.as_bytes(), &key.public()).unwrap(), head);
        assert!(file.verify(entry.replace("qa-", "qb-").as_bytes(), &key.public()).is_err());
    }
    // Not signed yet: under the log as it stands.
    let proof = get(&server, "/api/v1/audit/305/proof").await;
    assert_eq!((&proof["signed"], &proof["file"]), (&json!(false), &Value::Null));
    let path: Vec<Digest> = serde_json::from_value(proof["path"].clone()).unwrap();
    let root: Digest = serde_json::from_value(proof["checkpoint"]["root"].clone()).unwrap();
    let leaf = merkle::leaf(proof["entry"].as_str().unwrap().as_bytes());
    assert!(merkle::verify_inclusion(&leaf, 305, 310, &path, &root));
    assert!(!merkle::verify_inclusion(&leaf, 304, 310, &path, &root));
    assert_eq!(server.get("/api/v1/audit/310/proof").send().await.unwrap().status(), 404);
    // An entry that somebody changed is not proved.
    let bundle = server.folder.path().join(".assay/audit/tile/entries/000");
    let text = std::fs::read(&bundle).unwrap();
    let changed = String::from_utf8_lossy(&text).contains("qa-3");
    assert!(changed);
    let mut bytes = text;
    let at = bytes.windows(4).position(|four| four == b"qa-3").unwrap();
    bytes[at] = b'x';
    std::fs::write(&bundle, bytes).unwrap();
    let of_changed = server.ask(Method::GET, "/api/v1/audit/6/proof");
    let bearer = server.token.as_deref().unwrap();
    assert_eq!(of_changed.bearer_auth(bearer).send().await.unwrap().status(), 409);
}
