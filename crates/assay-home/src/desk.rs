//! Releases of a workspace: their logs, their policies, and what is true of them now.

mod acts;
mod evidence;
mod memo;
mod observe;
mod trade;
mod view;

use std::path::Path;

use assay_engine::execute::now_us;
use assay_release::record::{self, Entry, Event};
use assay_release::{Policy, Release, notice};
use assay_store::{Outgoing, Releases};

use crate::policies::remembered;
use crate::{Conflict, Failure, Home, usage};

pub use acts::{AtWork, Evaluated, Proposal, Proposed, Reference};
pub use evidence::{Picked, against, baseline_now, newest, pick, verdicts};
pub use observe::observe;

/// The workspace with its releases.
pub struct Desk<'a> {
    /// The workspace.
    pub home: &'a Home,
    /// The logs of its releases.
    pub releases: Releases,
}

impl Desk<'_> {
    /// A release by its number.
    pub async fn find(&self, word: &str) -> Result<(u64, Release), Failure> {
        let numbers = self.releases.numbers().await?;
        let number = match word {
            "latest" => numbers.first().copied(),
            word => word.trim_start_matches('r').parse().ok().filter(|number| numbers.contains(number)),
        };
        let Some(number) = number else {
            return Err(usage(match numbers.is_empty() {
                true => "there are no releases yet: `assay release open` proposes one".to_owned(),
                false => {
                    format!("there is no release `{}`: `assay release list` lists them", assay_report::plain(word, 80))
                }
            }));
        };
        Ok((number, self.read(number).await?))
    }

    /// A release that is known to be there.
    ///
    /// # Errors
    /// Its log cannot be read, or was tampered with.
    pub async fn read(&self, number: u64) -> Result<Release, Failure> {
        let lines = self.releases.lines(number).await?;
        Ok(Release::read(lines.iter().map(String::as_str)).map_err(|error| format!("release {number}: {error}"))?)
    }

    /// The policy of a release as its file says now, and its text.
    pub fn policy_of(&self, release: &Release) -> Result<(Policy, String), Failure> {
        remembered(&release.opened.policy, &self.home.workspace).map_err(|error| {
            match error.downcast::<assay_suite::Diagnostics>() {
                Ok(diagnostics) => diagnostics,
                Err(error) => usage(format!("the policy of the release: {error}")),
            }
        })
    }

    /// How many stages the policy had that a release was last decided by; none if it cannot be read any more.
    ///
    /// # Errors
    /// The database fails.
    pub async fn stages(&self, release: &Release) -> Result<usize, Failure> {
        let version = release.evaluation().map_or(release.opened.policy_digest, |(version, ..)| version);
        let text = self.releases.policy(version).await?;
        let policy = text.and_then(|text| Policy::from_text(&text, Path::new("policy")).ok());
        Ok(policy.map_or(0, |policy| policy.stages.len()))
    }

    /// What others are told of a line of a release's log.
    pub fn told(&self, number: u64, release: &Release, entry: &Entry) -> Outgoing {
        // A policy that cannot be read any more keeps nobody from hearing.
        let policy = self.policy_of(release).ok().map(|(policy, _)| policy);
        let (opened, stage) = (&release.opened, release.next_stage());
        let required = policy.iter().flat_map(|policy| policy.required(&opened.changes, opened.risk, stage));
        let suites = required.map(|requirement| requirement.suite.clone()).collect();
        let stages = policy.as_ref().map_or(0, |policy| policy.stages.len());
        Outgoing {
            kind: notice::kind(&entry.event),
            subject: format!("release/{number}"),
            at_us: entry.at_us,
            data: notice::data(number, release, &entry.event, &entry.by, &suites, stages),
        }
    }

    /// Writes an event down after the newest line that was read.
    pub async fn append(&self, number: u64, release: &mut Release, by: &str, event: Event) -> Result<(), Failure> {
        let entry = Entry { previous: release.head(), at_us: now_us(), by: by.to_owned(), event };
        let (line, digest) = record::line(&entry)?;
        let told = self.told(number, release, &entry);
        if !self.releases.append(number, release.log.len(), &line, &told).await? {
            return Err(Conflict(format!("somebody else wrote to release {number} just now: look at it again")).into());
        }
        // As the next reader will find it.
        release.push(digest, serde_json::from_str(&line)?);
        Ok(())
    }
}
