//! What work costs: pay, what was spent, and the budget beyond which no item is given out.

use assay_core::Money;
use sqlx::Row;

use crate::ReviewError;
use crate::store::{Project, Review, Write, check};
use crate::words::{Next, Pay};

impl Review {
    /// Changes what work is paid from now on (`None`: as before) and what a project may cost in all (`None`: no limit).
    ///
    /// # Errors
    /// There is no such project, or a budget without pay.
    pub async fn set_budget(
        &self,
        project: &str,
        pay: Option<Pay>,
        budget: Option<Money>,
    ) -> Result<Project, ReviewError> {
        let mut project = self.project(project).await?;
        project.settings.pay = pay.unwrap_or(project.settings.pay);
        project.settings.budget = budget;
        check(&project.settings)?;
        let mut write = self.write().await?;
        sqlx::query("UPDATE projects SET settings = $1 WHERE name = $2")
            .bind(self.json(&project.settings)?)
            .bind(&project.name)
            .execute(&mut *write)
            .await
            .map_err(|error| self.failed(error))?;
        self.commit(write).await?;
        Ok(project)
    }

    /// Whether the next item could cost more than the budget has left.
    pub(crate) async fn budget_stop(&self, write: &mut Write, project: &Project) -> Result<Option<Next>, ReviewError> {
        let Some(budget) = project.settings.budget else { return Ok(None) };
        let row = sqlx::query(
            "SELECT (SELECT COALESCE(SUM(cost_nanousd), 0) FROM spent WHERE project = $1) AS spent,
                    (SELECT COUNT(*) FROM leases WHERE project = $1 AND until_us > $2) AS leased,
                    (SELECT CAST(COALESCE(AVG(cost_nanousd), 0) AS BIGINT) FROM done
                     WHERE project = $1 AND cost_nanousd > 0) AS usual",
        )
        .bind(&project.name)
        .bind(self.now_us())
        .fetch_one(&mut **write)
        .await
        .map_err(|error| self.failed(error))?;
        let spent = Money::from_nanos(row.get("spent"));
        // What is on screens now will be paid too.
        let each = match project.settings.pay {
            Pay::Hour(_) if row.get::<i64, _>("usual") == 0 => project.settings.pay.of(120_000).nanos(),
            Pay::Hour(_) => row.get("usual"),
            other => other.of(0).nanos(),
        };
        let committed = spent.nanos().saturating_add(each.saturating_mul(row.get::<i64, _>("leased") + 1));
        Ok((committed > budget.nanos()).then_some(Next::Budget { spent, budget }))
    }

    /// Writes down what something cost.
    pub(crate) async fn pay(
        &self,
        write: &mut Write,
        project: &str,
        what: &str,
        cost: Money,
    ) -> Result<(), ReviewError> {
        if cost == Money::ZERO {
            return Ok(());
        }
        sqlx::query("INSERT INTO spent (project, at_us, what, cost_nanousd) VALUES ($1, $2, $3, $4)")
            .bind(project)
            .bind(self.now_us())
            .bind(what)
            .bind(cost.nanos())
            .execute(&mut **write)
            .await
            .map_err(|error| self.failed(error))?;
        Ok(())
    }
}
