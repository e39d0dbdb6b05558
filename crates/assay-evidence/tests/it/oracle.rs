//! The reference implementations of DSSE and in-toto read what we sign.

use assay_evidence::keys::{Signer, SigningKey};
use assay_evidence::{archive, pack};

const SCRIPT: &str = r#"
import json, sys
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from in_toto_attestation.v1.statement import Statement
import in_toto_attestation.v1.statement_pb2 as pb
from google.protobuf import json_format

asked = json.load(sys.stdin)
data = json.loads(asked["envelope"])
keyid = data["signatures"][0]["keyid"]
envelope = Envelope.from_dict(data)
key = SSlibKey.from_crypto(load_pem_public_key(asked["pem"].encode()), keyid=keyid)
accepted = envelope.verify([key], 1)
assert len(accepted) == 1, accepted
assert envelope.payload_type == "application/vnd.in-toto+json"
statement = Statement.copy_from_pb(json_format.Parse(envelope.payload, pb.Statement()))
statement.validate()
wrong = load_pem_public_key(asked["wrong"].encode())
try:
    envelope.verify([SSlibKey.from_crypto(wrong, keyid=keyid)], 1)
    print("accepted by a wrong key")
except Exception:
    print("ok", len(statement.pb.subject), statement.pb.predicate_type)
"#;

#[test]
fn oracle_the_reference_implementations_verify_the_same_envelope() {
    let Ok(python) = std::env::var("ASSAY_TOOLS_PYTHON") else {
        println!("skipped: ASSAY_TOOLS_PYTHON is not set (see tests/oracle/README.md)");
        return;
    };
    let key = SigningKey::from_seed([42; 32]);
    let file = crate::sample::parts(5).build(&key).unwrap();
    let envelope = archive::read(&file).unwrap()[0];
    assert_eq!(envelope.0, pack::ENVELOPE);
    let asked = serde_json::json!({
        "envelope": String::from_utf8(envelope.1.to_vec()).unwrap(),
        "pem": key.public().to_pem(),
        "wrong": SigningKey::from_seed([1; 32]).public().to_pem(),
    });
    let mut child = std::process::Command::new(python)
        .args(["-c", SCRIPT])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    if stderr.contains("No module named") && std::env::var_os("CI").is_none() {
        println!("skipped: {}", stderr.lines().last().unwrap_or_default());
        return;
    }
    assert!(output.status.success(), "{stderr}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim(), "ok 1 https://github.com/assay-eval/assay/attestation/evaluation/v1");
}
