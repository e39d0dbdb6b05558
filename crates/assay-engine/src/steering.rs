//! What somebody wants of a run that is going on: stop, pause, cancel, another number of calls in flight.

use tokio::sync::watch;

/// The wishes of whoever steers a run. Clones share them.
#[derive(Clone, Debug)]
pub struct Steering(watch::Sender<Wishes>);

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Wishes {
    /// 1: no new trials; 2: calls in flight are abandoned too.
    stop: u8,
    paused: bool,
    cancelled: bool,
    retry: bool,
    concurrency: Option<usize>,
}

impl Default for Steering {
    fn default() -> Self {
        Self(watch::Sender::new(Wishes::default()))
    }
}

impl Steering {
    /// Asks once: no new trials, what is in flight ends. Asks again: calls in flight are abandoned.
    pub fn stop(&self) {
        self.0.send_modify(|wishes| wishes.stop = wishes.stop.saturating_add(1));
    }

    /// Whether somebody asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.0.borrow().stop > 0
    }

    /// No trial begins until it is taken back; what is in flight ends.
    pub fn pause(&self, paused: bool) {
        self.0.send_modify(|wishes| wishes.paused = paused);
    }

    /// Stops for good: every trial that has no outcome yet is recorded as cancelled. Calls in flight are abandoned.
    pub fn cancel(&self) {
        self.0.send_modify(|wishes| wishes.cancelled = true);
    }

    /// Whether the run was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.borrow().cancelled
    }

    /// Trials that fail are executed once more when all others are done.
    pub fn retry(&self) {
        self.0.send_modify(|wishes| wishes.retry = true);
    }

    /// Whether trials that failed are to be executed once more; asked once, answered once.
    pub(crate) fn take_retry(&self) -> bool {
        let mut wanted = false;
        self.0
            .send_modify(|wishes| wanted = std::mem::take(&mut wishes.retry) && wishes.stop == 0 && !wishes.cancelled);
        wanted
    }

    /// So many trials in flight from now on, and at most so many calls on each account.
    pub fn set_concurrency(&self, concurrency: usize) {
        self.0.send_modify(|wishes| wishes.concurrency = Some(concurrency.max(1)));
    }

    /// Waits for another number of trials in flight than `now`.
    pub(crate) async fn concurrency_but(&self, now: usize) -> usize {
        self.wait(|wishes| wishes.concurrency.is_some_and(|wanted| wanted != now)).await.concurrency.unwrap_or(now)
    }

    /// Waits until so many have asked to stop.
    pub(crate) async fn stopped(&self, times: u8) {
        self.wait(|wishes| wishes.stop >= times).await;
    }

    /// Waits until the run is cancelled.
    pub(crate) async fn cancelled(&self) {
        self.wait(|wishes| wishes.cancelled).await;
    }

    /// Waits while the run is paused and nobody wants it to end.
    pub(crate) async fn go(&self) {
        self.wait(|wishes| !wishes.paused || wishes.stop > 0 || wishes.cancelled).await;
    }

    async fn wait(&self, until: impl FnMut(&Wishes) -> bool) -> Wishes {
        // The sender lives as long as `self`, so that this never fails.
        self.0.subscribe().wait_for(until).await.map(|wishes| *wishes).unwrap_or_default()
    }
}
