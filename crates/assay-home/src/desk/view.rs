//! A release as programs read it.

use assay_release::decide::Decision;
use serde_json::{Value, json};

use super::{Desk, observe};
use crate::Failure;

impl Desk<'_> {
    /// A release with its verdicts, what the policy asks for, who agrees, what holds it up, and its log. `head` is the
    /// digest of the log's newest line: who acts on the release by it acts on what is shown here, or not at all.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub async fn view(&self, word: &str) -> Result<Value, Failure> {
        let (number, release) = self.find(word).await?;
        let (policy, text) = self.policy_of(&release)?;
        let observed = observe(self, &policy, &release).await?;
        let decision = Decision::new(&policy, &text, &release, &observed);
        let opened = &release.opened;
        let waivers = release.waivers().map(|(entry, waiver)| {
            json!({"by": entry.by, "at_us": entry.at_us, "waiver": waiver, "void": decision.counts(entry, waiver).err()})
        });
        let attached = release.attached();
        let documents = policy.documents(&opened.changes, opened.risk).map(|document| {
            let reference = attached.get(document.id.as_str()).map(|(reference, _)| *reference);
            json!({"id": document.id, "what": document.what, "reference": reference})
        });
        Ok(json!({
            "release": number,
            "head": release.head(),
            "stand": release.stand(policy.stages.len()),
            "opened": opened,
            "opened_us": release.opened_us,
            "opened_by": release.opened_by,
            "evaluation": release.evaluation().map(|(policy, stage, verdicts)| {
                json!({"policy": policy, "stage": stage, "verdicts": verdicts})
            }),
            "authors": release.authors(),
            "approvers": release.approvers(),
            "waivers": waivers.collect::<Vec<_>>(),
            "blocks": decision.blocks(),
            "owed": release.owed(),
            "stages": policy.stages,
            "next_stage": release.next_stage(),
            "documents": documents.collect::<Vec<_>>(),
            "approvals": policy.approvals(opened.risk),
            "log": release.log.iter().map(|(digest, entry)| json!({"digest": digest, "entry": entry})).collect::<Vec<_>>(),
        }))
    }
}
