//! `assay judge report`: what a judge may be used for, and why.

use assay_analysis::Certificate;
use assay_report::{numbers, plain, terminal};
use clap::Args;
use serde_json::json;

use super::super::{Failure, say};
use crate::exit;
use assay_home::Home;
use assay_home::judged::find;
use assay_home::usage;

/// Shows a judge's certificate and what it is worth today; without a name, every judge that has one.
#[derive(Args)]
pub struct Report {
    /// The judge: a scorer's name, or the beginning of its fingerprint.
    judge: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// Print Markdown.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

impl Report {
    pub async fn run(self, home: &Home) -> Result<u8, Failure> {
        match &self.judge {
            Some(judge) => self.one(home, judge).await,
            None => self.all(home).await,
        }
    }

    async fn one(&self, home: &Home, judge: &str) -> Result<u8, Failure> {
        let scorer = find(home, judge).await?;
        let Some(stored) = home.state.certificate::<Certificate>(scorer.fingerprint).await? else {
            let older = home.state.certificates::<Certificate>().await?;
            let other = older.iter().any(|stored| stored.certificate.judge == scorer.name);
            return Err(usage(format!(
                "`{0}` has grade U: it is not calibrated{1}. `assay judge calibrate {0} --labels FILE` does that",
                scorer.name,
                if other {
                    ". An earlier judge of this name is: a change of model, prompt, scale, parser or recorded verdicts makes another"
                } else {
                    ""
                }
            )));
        };
        let (now, checks) = home.standing(&stored).await?;
        if self.json {
            let all = json!({"certificate": stored.certificate, "standing": now, "checks": checks});
            say(&serde_json::to_string_pretty(&all)?);
        } else if self.markdown {
            say(&assay_report::judge::markdown(&stored.certificate, &now));
        } else {
            say(&assay_report::judge::text(&stored.certificate, &now));
        }
        Ok(exit::PASS)
    }

    async fn all(&self, home: &Home) -> Result<u8, Failure> {
        let mut rows = Vec::new();
        let stored = home.state.certificates::<Certificate>().await?;
        for found in &stored {
            let (now, _) = home.standing(found).await?;
            let c = &found.certificate;
            if self.json {
                say(&json!({"judge": c.judge, "fingerprint": c.fingerprint, "standing": now, "labels": c.labels,
                            "made_us": c.made_us, "expires_us": c.expires_us})
                .to_string());
                continue;
            }
            let first = now.dropped.first().or(now.missing.first()).cloned().unwrap_or_default();
            rows.push(vec![
                plain(&c.judge, 80),
                c.fingerprint.short(),
                now.grade.to_string(),
                c.labels.to_string(),
                numbers::time(c.expires_us),
                first,
            ]);
        }
        if self.json {
            return Ok(exit::PASS);
        }
        if stored.is_empty() {
            say("no judge is calibrated yet: `assay judge calibrate JUDGE --labels FILE` does that");
            return Ok(exit::PASS);
        }
        say(&terminal::table(
            &["judge", "fingerprint", "grade", "labels", "expires", "for the next grade"],
            rows,
            &[3],
        ));
        Ok(exit::PASS)
    }
}
