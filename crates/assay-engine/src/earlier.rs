//! Answers of an earlier run, taken over instead of calling a target again.
//!
//! They are copied from the lake into a scratch file once, by what makes a trial the same trial: the target's
//! fingerprint, the case's digest, the repeat. Memory does not grow with their number.

use assay_core::{Digest, RunRecord};
use assay_lake::Lake;
use assay_store::{Cache, CachedAnswer, CallKey, Workspace};

use crate::EngineError;

/// An earlier run to take answers from.
#[derive(Clone, Debug)]
pub struct EarlierRun {
    /// The run.
    pub run: RunRecord,
    /// No target is called; a trial that the run has no answer for fails.
    pub only: bool,
}

/// The answers of an earlier run, ready to be looked up.
#[derive(Debug)]
pub(crate) struct Earlier {
    answers: Cache,
    source: EarlierRun,
}

impl Earlier {
    /// Copies the answers out of the lake.
    ///
    /// # Errors
    /// The lake cannot be read, or the workspace not be written.
    pub(crate) async fn load(
        workspace: &Workspace,
        lake: &Lake,
        run: &RunRecord,
        source: EarlierRun,
    ) -> Result<Self, EngineError> {
        let answers = Cache::scratch(workspace, run.id).await?;
        let fingerprint =
            |name: &str| source.run.targets.iter().find(|target| target.name == name).map(|target| target.fingerprint);
        let mut stored = lake.answers(&source.run).await?;
        while let Some(rows) = stored.next().await? {
            let group: Vec<_> = rows
                .into_iter()
                .filter_map(|row| {
                    let answer = CachedAnswer { output: row.output, latency_us: row.latency_us, ttft_us: row.ttft_us };
                    Some((CallKey::new(fingerprint(&row.target)?, row.case_digest, row.epoch), answer))
                })
                .collect();
            answers.put(&group, 0).await?;
        }
        Ok(Self { answers, source })
    }

    /// The answers of trials by fingerprint, case digest and repeat, in their order.
    pub(crate) async fn get(&self, trials: &[(Digest, Digest, u32)]) -> Result<Vec<Option<CachedAnswer>>, EngineError> {
        let keys: Vec<Digest> =
            trials.iter().map(|(target, case, epoch)| CallKey::new(*target, *case, *epoch).key).collect();
        Ok(self.answers.get(&keys).await?)
    }

    /// Why a trial without an answer fails; `None` when its target may be called.
    pub(crate) fn missing(&self) -> Option<String> {
        self.source.only.then(|| format!("run {} has no answer for this trial", self.source.run.id.short()))
    }

    /// Removes the scratch file.
    pub(crate) async fn remove(self) {
        self.answers.remove_file().await;
    }
}
