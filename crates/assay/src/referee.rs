//! Who reads the gate at the looks of a run.

use assay_analysis::evaluate;
use assay_core::{RunRecord, Score};
use assay_engine::gateway::Gateway;
use assay_engine::looks::Referee;
use assay_home::{Against, Failure, Home, ladder};
use assay_scorers::Declared;
use assay_stats::VerdictKind;

use crate::canaries;

/// Reads the gate at the looks of a run.
pub struct GateReferee<'a> {
    /// The workspace.
    pub home: &'a Home,
    /// What the run is compared with.
    pub against: Against,
    /// Whether it speaks JSON.
    pub json: bool,
}

impl GateReferee<'_> {
    async fn verdict(&self, at_look: &RunRecord) -> Result<Option<VerdictKind>, Failure> {
        if ladder::of(&self.home.library(), at_look)?.is_some() {
            return Ok(None);
        }
        let mut record = at_look.clone();
        // Before the last look a guardrail that is not yet shown to hold is not broken.
        record.gate.rules.iter_mut().for_each(|rule| rule.role = assay_core::gate::Role::Gate);
        let (scores, base) = self.home.compared(&record, &self.against).await?;
        Ok(evaluate(&scores, &|name: &str| base.as_ref()?.1.arm(&scores, name)).verdict)
    }
}

#[async_trait::async_trait]
impl Referee for GateReferee<'_> {
    async fn opens(
        &self,
        run: &RunRecord,
        declared: &[Declared],
        gateway: &Gateway,
        most: u32,
    ) -> Result<Vec<Score>, String> {
        canaries::open_judges(self.home, run, declared, gateway, most, self.json)
            .await
            .map_err(|error| error.to_string())
    }

    async fn decides(&self, at_look: &RunRecord) -> Result<bool, String> {
        let verdict = self.verdict(at_look).await.map_err(|error| error.to_string())?;
        Ok(matches!(verdict, Some(VerdictKind::Pass | VerdictKind::Fail)))
    }
}
