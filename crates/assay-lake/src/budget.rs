//! What questions of many people may take together.

use std::sync::Arc;

use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::{Lake, LakeError};

/// Memory and disk that all questions within it share.
#[derive(Clone, Debug)]
pub struct Budget(Arc<RuntimeEnv>);

/// Functions that make long values out of short ones: the engine does not count those, so that no bound would hold.
const UNBOUNDED: [&str; 7] = ["repeat", "lpad", "rpad", "array_repeat", "array_resize", "range", "generate_series"];

impl Budget {
    /// So many bytes of memory, and as many on disk for what does not fit.
    ///
    /// # Errors
    /// There is no folder for temporary files.
    pub fn new(memory: usize, disk: u64) -> Result<Self, LakeError> {
        let pool = Arc::new(FairSpillPool::new(memory));
        let built = RuntimeEnvBuilder::new().with_memory_pool(pool).with_max_temp_directory_size(disk).build_arc()?;
        Ok(Self(built))
    }
}

impl Lake {
    /// The same lake, whose questions stay within a budget: one that needs more is refused.
    #[must_use]
    pub fn within(&self, budget: &Budget) -> Self {
        Self { budget: Some(budget.clone()), ..self.clone() }
    }

    /// A session for one question.
    pub(crate) fn session(&self, config: SessionConfig) -> SessionContext {
        match &self.budget {
            None => SessionContext::new_with_config(config),
            Some(Budget(runtime)) => {
                let context = SessionContext::new_with_config_rt(config, runtime.clone());
                for name in UNBOUNDED {
                    context.deregister_udf(name);
                }
                context
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_question_that_needs_more_is_refused_and_others_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::new(folder.path()).within(&Budget::new(32 << 20, 1 << 20).unwrap());
        let ask = async |sql: &str| match lake.query(sql, None).await {
            Ok(rows) => rows.json().await.map(|rows| rows.len()),
            Err(error) => Err(error),
        };
        let much = "SELECT value FROM generate_series(1, 5000000) ORDER BY value % 1000, value LIMIT 4000000";
        let refused = ask(much).await.unwrap_err();
        assert!(refused.is_of_the_query() && refused.to_string().contains("Resources exhausted"), "{refused}");
        assert_eq!(ask("SELECT value FROM generate_series(1, 10) ORDER BY value DESC").await.unwrap(), 10);
        assert!(matches!(ask("SELECT repeat('x', 9)").await, Err(LakeError::Query(_))));
    }
}
