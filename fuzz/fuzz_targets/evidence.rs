//! What auditors receive: packs, envelopes, checkpoints and proofs.

#![no_main]

use assay_evidence::dsse::Envelope;
use assay_evidence::note::{self, Checkpoint};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = assay_evidence::verify::verify(bytes, &[]);
    if let Ok(envelope) = Envelope::from_bytes(bytes) {
        let _ = envelope.payload();
    }
    let text = String::from_utf8_lossy(bytes);
    let _ = Checkpoint::from_text(&text);
    let _ = Checkpoint::read(&text);
    let _ = note::EntryProof::from_text(&text);
});
