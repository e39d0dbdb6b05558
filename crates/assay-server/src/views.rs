//! Releases as they were seen a moment ago: to look at one is to judge its runs again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use assay_core::Digest;
use serde_json::Value;
use tokio::sync::OnceCell;

use crate::Problem;
use crate::app::App;

/// How long a view is shown. What anybody does to a release is seen at once, since its head is another one then; a dataset or
/// a run that moves holds it up this much later on the screen, and at once when somebody wants to ship it.
const KEPT: Duration = Duration::from_secs(10);

/// A view and when it was made, or its place while it is: whoever wants the same waits for it.
type Cell = Arc<OnceCell<(Instant, Value)>>;

/// The views of the last seconds, by release and head.
#[derive(Default)]
pub struct Views(Mutex<HashMap<(u64, Digest), Cell>>);

impl Views {
    fn cell(&self, key: (u64, Digest)) -> Cell {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        views.retain(|_, cell| cell.get().is_none_or(|(made, _)| made.elapsed() < KEPT));
        views.entry(key).or_default().clone()
    }
}

/// A release with its verdicts, and what holds it up now.
///
/// # Errors
/// There is none, or it cannot be read.
pub async fn view(app: &App, word: &str) -> Result<Value, Problem> {
    let (number, release) = app.desk().find(word).await?;
    let cell = app.views.cell((number, release.head()));
    if let Some((_, view)) = cell.get() {
        return Ok(view.clone());
    }
    // On its own, as summaries are: what was begun is of use to who looks next.
    let app = app.clone();
    let made = tokio::spawn(async move {
        let made = cell.get_or_try_init(|| async {
            let _place = app.heavy.acquire().await.map_err(Problem::internal)?;
            let view = app.desk().view(&number.to_string()).await?;
            Ok::<_, Problem>((Instant::now(), view))
        });
        made.await.map(|(_, view)| view.clone())
    });
    made.await.map_err(Problem::internal)?
}
