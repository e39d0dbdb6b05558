//! Who has said why they must see cases of a sealed part, and of which run.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use assay_core::{Digest, RunId};
use axum::http::{HeaderMap, header};

use crate::app::Who;
use crate::login;

/// How long a run stays open to who has opened it. Whoever comes back later says why again.
const OPEN: Duration = Duration::from_secs(60 * 60);

/// Runs that are open to somebody, by the session or the key they were opened with: they end with it.
#[derive(Default)]
pub struct Openings(Mutex<HashMap<(Digest, RunId), Instant>>);

impl Openings {
    /// Opens a run to whoever sent a request.
    pub fn open(&self, asker: Digest, run: RunId) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, since| since.elapsed() < OPEN);
        open.insert((asker, run), Instant::now());
    }

    /// Whether a run is open to whoever sent a request.
    pub fn is_open(&self, asker: Digest, run: RunId) -> bool {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(&(asker, run)).is_some_and(|since| since.elapsed() < OPEN)
    }
}

/// Who sent a request, and with what: another session of theirs is another asker.
pub fn asker(who: &Who, headers: &HeaderMap, cookie: &str) -> Digest {
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    Digest::of_json(&(&who.name, key, login::cookie(headers, cookie)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_open_to_one_session_only() {
        let who = |name: &str| Who { name: name.into(), email: None, roles: Vec::new() };
        let with = |cookie: &str| HeaderMap::from_iter([(header::COOKIE, format!("s={cookie}").parse().unwrap())]);
        let (run, openings) = (RunId::from_uuid(uuid::Uuid::now_v7()), Openings::default());
        let ada = asker(&who("ada"), &with("one"), "s");
        openings.open(ada, run);
        assert!(openings.is_open(ada, run) && !openings.is_open(ada, RunId::from_uuid(uuid::Uuid::now_v7())));
        for other in [asker(&who("ada"), &with("two"), "s"), asker(&who("ben"), &with("one"), "s")] {
            assert!(!openings.is_open(other, run));
        }
    }
}
