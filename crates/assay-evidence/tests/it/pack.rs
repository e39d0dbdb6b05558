use assay_evidence::disclose::Disclosure;
use assay_evidence::dsse::{Envelope, IN_TOTO};
use assay_evidence::keys::{Signer, SigningKey};
use assay_evidence::pack::{CONTENT, ENVELOPE, Opened, SCORES};
use assay_evidence::rows::Lines;
use assay_evidence::statement::{Root, Sha256, Statement};
use assay_evidence::{archive, verify};
use proptest::prelude::*;

use crate::sample::parts;

fn key() -> SigningKey {
    SigningKey::from_seed([42; 32])
}

/// Why a pack is refused.
fn refused(file: &[u8]) -> String {
    verify(file, &[key().public()]).expect_err("the pack is refused").to_string()
}

/// The members of a pack.
fn members(file: &[u8]) -> Vec<(String, Vec<u8>)> {
    archive::read(file).unwrap().into_iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect()
}

fn written(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    archive::write(members.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice()))).unwrap()
}

/// A pack as a builder that lies would sign it: members and statement changed, digests and signature right.
fn forged(file: &[u8], change: impl FnOnce(&mut Vec<(String, Vec<u8>)>, &mut Statement)) -> Vec<u8> {
    let mut members = members(file);
    let envelope = Envelope::from_bytes(&members.remove(0).1).unwrap();
    let mut statement: Statement = serde_json::from_slice(&envelope.payload().unwrap()).unwrap();
    change(&mut members, &mut statement);
    for (name, bytes) in &members {
        if let Some(record) = statement.predicate.members.iter_mut().find(|record| record.name == *name) {
            record.digest = Sha256 { sha256: assay_core::Digest::of_bytes(bytes) };
            record.size = bytes.len() as u64;
        }
    }
    let payload = serde_json::to_vec(&statement).unwrap();
    let envelope = Envelope::sign(IN_TOTO, &payload, &key()).unwrap().to_bytes().unwrap();
    members.insert(0, (ENVELOPE.into(), envelope));
    written(&members)
}

/// Other rows in a member, with the root and sizes that belong to them.
fn with_rows(
    members: &mut [(String, Vec<u8>)],
    statement: &mut Statement,
    name: &str,
    change: impl FnOnce(&mut Vec<String>),
) {
    let bytes = &mut members.iter_mut().find(|(known, _)| known == name).unwrap().1;
    let text = String::from_utf8(zstd::decode_all(bytes.as_slice()).unwrap()).unwrap();
    let mut rows: Vec<String> = text.lines().map(|line| format!("{line}\n")).collect();
    change(&mut rows);
    let lines = Lines::read(rows.concat().into_bytes());
    *bytes = zstd::encode_all(lines.bytes.as_slice(), 3).unwrap();
    statement.predicate.trees.insert(name.into(), Root::of(&lines.tree));
    statement.predicate.members.iter_mut().find(|r| r.name == name).unwrap().unpacked = lines.bytes.len() as u64;
}

#[test]
fn a_pack_verifies_with_its_key_alone() {
    let file = parts(40).build(&key()).unwrap();
    let verified = verify(&file, &[key().public()]).unwrap();
    assert_eq!((verified.trials, verified.scores, verified.content), (40, 80, Some(160)));
    assert_eq!(verified.statement.predicate.versions, ["cases"]);
    assert_eq!(verified.statement.predicate.verdict.as_deref(), Some("pass"));
    // Bytes in, bytes out: the same parts are the same pack.
    assert_eq!(parts(40).build(&key()).unwrap(), file);
    let other = SigningKey::from_seed([1; 32]).public();
    assert!(verify(&file, &[other]).unwrap_err().to_string().contains("not given"));
    // A key more than needed does no harm.
    assert!(verify(&file, &[other, key().public()]).is_ok());
}

#[test]
fn a_pack_is_refused_after_any_byte_is_changed() {
    let file = parts(3).build(&key()).unwrap();
    let keys = [key().public()];
    assert!(verify(&file, &keys).is_ok());
    let mut changed = file.clone();
    for at in 0..file.len() {
        changed[at] ^= 1 << (at % 8);
        assert!(verify(&changed, &keys).is_err(), "byte {at} of {}", file.len());
        changed[at] = file[at];
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_pack_that_was_cut_or_to_which_something_was_added_is_refused(cut in any::<prop::sample::Index>(), more in prop::collection::vec(any::<u8>(), 1..2000)) {
        let file = parts(5).build(&key()).unwrap();
        let at = cut.index(file.len());
        prop_assert!(verify(&file[..at], &[key().public()]).is_err());
        let mut longer = file.clone();
        longer.extend(&more);
        prop_assert!(verify(&longer, &[key().public()]).is_err());
        let mut inside = file;
        inside.splice(at..at, more);
        prop_assert!(verify(&inside, &[key().public()]).is_err());
    }

    #[test]
    fn no_bytes_make_verification_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        prop_assert!(verify(&bytes, &[key().public()]).is_err());
        prop_assert!(Disclosure::verify(&bytes, &[key().public()]).is_err());
    }
}

#[test]
fn members_that_are_missing_added_moved_or_swapped_are_named() {
    let file = parts(6).build(&key()).unwrap();
    let all = members(&file);
    let without = |name: &str| written(&all.iter().filter(|(known, _)| known != name).cloned().collect::<Vec<_>>());
    assert!(refused(&without(SCORES)).contains("`scores.jsonl.zst` is missing"));
    assert!(refused(&without(ENVELOPE)).contains("does not begin with"));
    let mut more = all.clone();
    more.push(("extra.json".into(), b"{}".to_vec()));
    assert!(refused(&written(&more)).contains("`extra.json` is no part"));
    let mut twice = all.clone();
    twice.push(twice[2].clone());
    assert!(refused(&written(&twice)).contains("two members"));
    let mut moved = all.clone();
    moved.swap(2, 3);
    assert!(refused(&written(&moved)).contains("order"));
    // The envelope of another pack by the same key.
    let mut swapped = all.clone();
    swapped[0] = members(&parts(7).build(&key()).unwrap())[0].clone();
    assert!(refused(&written(&swapped)).contains("is not the one that was signed"));
}

#[test]
fn what_a_lying_builder_signed_does_not_follow() {
    let file = parts(40).build(&key()).unwrap();
    let same = forged(&file, |_, _| {});
    assert!(verify(&same, &[key().public()]).is_ok());

    let text = refused(&forged(&file, |_, statement| statement.predicate.verdict = Some("fail".into())));
    assert!(text.contains("the verdict `fail` does not follow from the scores: they give `pass`"), "{text}");

    let text = refused(&forged(&file, |_, statement| {
        *statement.predicate.gate.pointer_mut("/criteria/0/value").unwrap() = 0.99.into();
    }));
    assert!(text.contains("gate.criteria[0].value: 0.99 was signed"), "{text}");

    let text = refused(&forged(&file, |_, statement| statement.predicate.run.git = Some("feed".into())));
    assert!(text.contains("run.git") && text.contains("feed"), "{text}");

    // A score made better.
    let text = refused(&forged(&file, |members, statement| {
        with_rows(members, statement, SCORES, |rows| {
            let at = rows.iter().position(|row| row.contains("\"equals\"") && row.contains("\"value\":0.0,")).unwrap();
            rows[at] = rows[at].replace("\"value\":0.0,", "\"value\":1.0,");
        });
    }));
    assert!(text.contains("gate.criteria[0].value"), "{text}");

    // Bad trials left out.
    let text = refused(&forged(&file, |members, statement| {
        with_rows(members, statement, SCORES, |rows| rows.truncate(70));
        with_rows(members, statement, "trials.jsonl.zst", |rows| rows.truncate(35));
    }));
    assert!(text.contains("the run has 40 trials, the pack 35"), "{text}");

    // Scores in another order under the root that was signed.
    let text = refused(&forged(&file, |members, statement| {
        let root = statement.predicate.trees[SCORES];
        with_rows(members, statement, SCORES, |rows| rows.swap(0, 5));
        statement.predicate.trees.insert(SCORES.into(), root);
    }));
    assert!(text.contains("do not lead to the root"), "{text}");

    // Cases of another dataset.
    let text = refused(&forged(&file, |members, statement| {
        with_rows(members, statement, "cases.jsonl.zst", |rows| {
            rows.pop();
        });
    }));
    assert!(text.contains("versions of the datasets") && text.contains("1 trials are of cases"), "{text}");

    // Another text behind a commitment.
    let text = refused(&forged(&file, |members, statement| {
        with_rows(members, statement, CONTENT, |rows| rows[1] = rows[1].replace("it is 0", "it is 9"));
    }));
    assert!(text.contains("the content of case `c0` is not the one that was committed to"), "{text}");
}

#[test]
fn a_member_that_unpacks_to_more_than_was_signed_is_stopped() {
    let file = parts(6).build(&key()).unwrap();
    // A gigabyte of zeros in a few kilobytes: it is given up one byte behind the size that was signed.
    let bomb = zstd::encode_all(std::io::Read::take(std::io::repeat(0), 1 << 30), 3).unwrap();
    assert!(bomb.len() < 200_000);
    let text =
        refused(&forged(&file, |members, _| members.iter_mut().find(|(name, _)| name == SCORES).unwrap().1 = bomb));
    assert!(text.contains("does not unpack to the size that was signed"), "{text}");
    let text = refused(&forged(&file, |_, statement| {
        statement.predicate.members.iter_mut().find(|r| r.name == SCORES).unwrap().unpacked = 1 << 50;
    }));
    assert!(text.contains("8 GiB"), "{text}");
}

#[test]
fn content_can_be_removed_and_the_rest_still_verifies() {
    let file = parts(20).build(&key()).unwrap();
    let keys = [key().public()];
    let erased = Opened::new(&file, &keys).unwrap().without_content().unwrap();
    let verified = verify(&erased, &keys).unwrap();
    assert_eq!((verified.trials, verified.content), (20, None));
    assert!(members(&erased).iter().all(|(name, bytes)| {
        let plain = if name.ends_with(".zst") { zstd::decode_all(bytes.as_slice()).unwrap() } else { bytes.clone() };
        !String::from_utf8_lossy(&plain).contains("what is 3?")
    }));
    // It may be put back, but only as it was.
    let mut back = members(&erased);
    back.push(members(&file).pop().unwrap());
    assert_eq!(written(&back), file);
    back.last_mut().unwrap().1 = zstd::encode_all(b"{}\n".as_slice(), 3).unwrap();
    assert!(refused(&written(&back)).contains("content.jsonl.zst"));
}

#[test]
fn one_case_can_be_disclosed_alone() {
    let file = parts(30).build(&key()).unwrap();
    let keys = [key().public()];
    let opened = Opened::new(&file, &keys).unwrap();
    let part = Disclosure::of(&opened, &["c7".into()], true).unwrap().to_bytes().unwrap();
    let shown = Disclosure::verify(&part, &keys).unwrap();
    assert_eq!((shown.trials.len(), shown.scores.len(), shown.content.len()), (1, 2, 4));
    assert_eq!(shown.content[1].text, r#"{"output":"it is 7"}"#);
    // Nothing of another case is in it.
    let text = String::from_utf8(part.clone()).unwrap();
    assert!(["it is 8", "what is 8", "\\\"c8\\\""].iter().all(|other| !text.contains(other)), "{text}");
    assert!(text.contains("\\\"c7\\\""));
    let without = Disclosure::of(&opened, &["c7".into()], false).unwrap().to_bytes().unwrap();
    assert!(Disclosure::verify(&without, &keys).unwrap().content.is_empty());
    assert!(Disclosure::of(&opened, &["nobody".into()], true).unwrap_err().to_string().contains("no case `nobody`"));
    // Rows hold: not one byte may differ, nor the order of the way to the root.
    let mut changed = part.clone();
    for at in 0..part.len() {
        changed[at] ^= 1;
        assert!(Disclosure::verify(&changed, &keys).is_err(), "byte {at}");
        changed[at] = part[at];
    }
    let other = SigningKey::from_seed([1; 32]).public();
    assert!(Disclosure::verify(&part, &[other]).is_err());
}
