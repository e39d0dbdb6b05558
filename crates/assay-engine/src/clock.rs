//! Time as the engine sees it: tokio's, or in a simulation one that jumps to the next moment anybody waits for as soon
//! as nothing else is left to do. A minute of back-off then takes no time, and the same seed gives the same run.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

#[cfg(test)]
pub(crate) use simulated::simulate;

/// The time.
pub(crate) fn now() -> Instant {
    #[cfg(test)]
    if let Some(now) = simulated::now() {
        return now;
    }
    Instant::now()
}

/// Waits until then.
pub(crate) async fn sleep_until(until: Instant) {
    #[cfg(test)]
    if simulated::now().is_some() {
        return simulated::Sleep::new(until).await;
    }
    tokio::time::sleep_until(until).await;
}

/// Waits so long.
pub(crate) async fn sleep(duration: Duration) {
    sleep_until(now() + duration).await;
}

/// What a future gives when it ends by then, else `None`.
pub(crate) async fn within<F: Future>(until: Instant, future: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        done = future => Some(done),
        () = sleep_until(until) => None,
    }
}

#[cfg(test)]
mod simulated {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};

    use tokio::time::Instant;

    struct Time {
        now: Instant,
        waiting: BTreeMap<(Instant, u64), Waker>,
        next: u64,
    }

    thread_local! {
        static TIME: RefCell<Option<Time>> = const { RefCell::new(None) };
    }

    fn with<T>(what: impl FnOnce(&mut Time) -> T) -> Option<T> {
        TIME.with_borrow_mut(|time| time.as_mut().map(what))
    }

    pub(super) fn now() -> Option<Instant> {
        with(|time| time.now)
    }

    pub(super) struct Sleep {
        until: Instant,
        key: Option<(Instant, u64)>,
    }

    impl Sleep {
        pub(super) fn new(until: Instant) -> Self {
            Self { until, key: None }
        }
    }

    impl Future for Sleep {
        type Output = ();

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            with(|time| {
                if time.now >= self.until {
                    return Poll::Ready(());
                }
                let until = self.until;
                let key = *self.key.get_or_insert_with(|| {
                    time.next += 1;
                    (until, time.next)
                });
                time.waiting.insert(key, context.waker().clone());
                Poll::Pending
            })
            .unwrap_or(Poll::Ready(()))
        }
    }

    impl Drop for Sleep {
        fn drop(&mut self) {
            if let Some(key) = self.key {
                with(|time| time.waiting.remove(&key));
            }
        }
    }

    /// Called when every task waits: the clock jumps.
    fn jump() {
        let woken = with(|time| {
            let first = time.waiting.pop_first().map(|((at, _), waker)| {
                time.now = time.now.max(at);
                waker
            });
            assert!(first.is_some(), "every task waits, and nothing that could wake one is left");
            first
        });
        if let Some(Some(waker)) = woken {
            waker.wake();
        }
    }

    /// Runs a future, and what it spawns, on one thread under a clock of its own. What still goes on at its end is
    /// dropped, as a process that dies drops it.
    pub(crate) fn simulate<F: Future>(future: F) -> F::Output {
        TIME.set(Some(Time { now: Instant::now(), waiting: BTreeMap::new(), next: 0 }));
        let runtime = tokio::runtime::Builder::new_current_thread().on_thread_park(jump).build().unwrap();
        let output = runtime.block_on(future);
        drop(runtime);
        TIME.set(None);
        output
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_passes_at_once_and_in_order() {
        let real = std::time::Instant::now();
        let order = simulate(async {
            let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
            let started = now();
            let mut tasks = tokio::task::JoinSet::new();
            for minutes in [60, 1, 30] {
                let order = order.clone();
                tasks.spawn(async move {
                    sleep(Duration::from_secs(60 * minutes)).await;
                    order.lock().unwrap().push((minutes, (now() - started).as_secs() / 60));
                });
            }
            assert!(within(started + Duration::from_secs(1), std::future::pending::<()>()).await.is_none());
            while tasks.join_next().await.is_some() {}
            order.lock().unwrap().clone()
        });
        assert_eq!(order, [(1, 1), (30, 30), (60, 60)]);
        assert!(real.elapsed() < Duration::from_secs(10));
    }
}
