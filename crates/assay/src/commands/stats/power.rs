//! `assay stats power`: how many cases are enough.

use std::path::{Path, PathBuf};

use assay_report::numbers::significant;
use assay_report::terminal::table;
use assay_stats::power::{self, Goal};
use clap::Args;
use serde_json::json;

use crate::commands::{Failure, say};
use crate::exit;
use assay_home::usage;
use assay_home::{Against, Home};

/// Plans a paired comparison. How much cases differ is given, or measured in a past comparison.
#[derive(Args)]
pub struct Power {
    /// The tolerated loss: 0.05 is 5 points.
    #[arg(long, default_value_t = 0.05)]
    margin: f64,
    /// The true difference that should pass.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    effect: f64,
    /// The wanted chance of a pass.
    #[arg(long, default_value_t = 0.8)]
    power: f64,
    /// The level of the interval that decides.
    #[arg(long, default_value_t = 0.95)]
    confidence: f64,
    /// The share of cases on which the two pass and fail differently.
    #[arg(long, value_name = "SHARE", conflicts_with = "sd")]
    discordance: Option<f64>,
    /// The standard deviation of the difference per case, for scores that are not pass or fail.
    #[arg(long)]
    sd: Option<f64>,
    /// Variance of a mean relative to independent cases, for cases that share clusters.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    design_effect: f64,
    /// What this many cases can show.
    #[arg(long, value_name = "N")]
    cases: Option<u64>,
    /// Measure how cases differ in this run and target…
    #[arg(long, value_name = "RUN", requires = "scorer", conflicts_with_all = ["discordance", "sd", "design_effect"])]
    run: Option<String>,
    /// … against this one; the suite's baseline `main` by default.
    #[arg(long, value_name = "RUN", requires = "run")]
    baseline: Option<String>,
    /// The scorer of the past comparison.
    #[arg(long, requires = "run")]
    scorer: Option<String>,
}

/// How a case's difference varies.
enum Spread {
    Discordance(f64),
    Deviation(f64),
}

impl Power {
    pub async fn run(self, workspace: Option<PathBuf>, json: bool) -> Result<u8, Failure> {
        for (name, value, low, high) in [
            ("margin", self.margin, 0.0, f64::INFINITY),
            ("power", self.power, 0.01, 0.999),
            ("confidence", self.confidence, 0.5, 0.9999),
            ("design-effect", self.design_effect, 0.01, 1e6),
            ("discordance", self.discordance.unwrap_or(0.5), 1e-9, 1.0),
            ("sd", self.sd.unwrap_or(1.0), 1e-12, f64::INFINITY),
        ] {
            if !(low..=high).contains(&value) {
                return Err(usage(format!("--{name} must be from {low} to {high}, not {value}")));
            }
        }
        let (spread, deff, source) = match (&self.run, self.discordance, self.sd) {
            (Some(run), ..) => self.measured(run, workspace).await?,
            (None, Some(psi), _) => (Some(Spread::Discordance(psi)), self.design_effect, None),
            (None, None, Some(sd)) => (Some(Spread::Deviation(sd)), self.design_effect, None),
            (None, None, None) => (None, self.design_effect, None),
        };
        let goal = Goal { confidence: self.confidence, power: self.power, margin: self.margin, effect: self.effect };
        let Some(spread) = spread else {
            if self.cases.is_some() {
                return Err(usage("say how cases differ: --discordance, --sd, or --run and --scorer".into()));
            }
            return self.planning_table(goal, deff, json);
        };
        let needed = match spread {
            Spread::Discordance(psi) => power::paired_binary_cases(psi, goal),
            Spread::Deviation(sd) => power::paired_cases(sd, goal),
        };
        let needed = needed.and_then(|n| power::scaled(n, deff)).ok_or_else(|| {
            usage(format!(
                "no number of cases shows it: a true difference of {} lies outside the margin of {} or of what the \
                 discordance allows",
                self.effect, self.margin
            ))
        })?;
        let sd = match spread {
            Spread::Discordance(psi) => (psi - self.effect * self.effect).max(0.0).sqrt(),
            Spread::Deviation(sd) => sd,
        };
        let reached = self.cases.map(|n| {
            let effective = (n as f64 / deff).max(1.0);
            let chance = match spread {
                Spread::Discordance(psi) => power::paired_power(effective as u64, psi, goal),
                Spread::Deviation(sd) => power::approximate_power(effective, sd, goal),
            };
            (n, chance, power::detectable(effective as u64, sd, self.confidence, self.power))
        });
        if json {
            let mut plan = json!({
                "goal": {"confidence": self.confidence, "power": self.power, "margin": self.margin, "effect": self.effect},
                "sd": sd, "design_effect": deff, "cases": needed, "source": source,
            });
            if let Spread::Discordance(psi) = spread {
                plan["discordance"] = json!(psi);
            }
            if let Some((n, chance, mde)) = reached {
                plan["at"] = json!({"cases": n, "power": chance, "detectable": mde});
            }
            say(&serde_json::to_string_pretty(&plan)?);
            return Ok(exit::PASS);
        }
        if let Some(source) = source {
            say(&source);
        }
        let how = match spread {
            Spread::Discordance(psi) => format!("{:.1}% of the cases differ", 100.0 * psi),
            Spread::Deviation(sd) => {
                format!("the difference of a case has a standard deviation of {}", significant(sd))
            }
        };
        let clusters = if deff == 1.0 { String::new() } else { format!(", design effect {deff:.2}") };
        say(&format!(
            "{needed} cases exclude a loss of more than {} with {:.0}% power when the true difference is {} ({how}, {:.0}% \
             interval{clusters})",
            self.margin,
            100.0 * self.power,
            self.effect,
            100.0 * self.confidence,
        ));
        if let Some((n, chance, mde)) = reached {
            let chance = chance.map_or_else(|| "?".into(), |chance| format!("{:.1}%", 100.0 * chance));
            let mde = mde.map_or_else(|| "?".into(), |mde| format!("{mde:.4}"));
            say(&format!("{n} cases have {chance} power for that, and show a change of {mde} from zero"));
        }
        Ok(exit::PASS)
    }

    /// How cases differed in a past comparison.
    async fn measured(
        &self,
        run: &str,
        workspace: Option<PathBuf>,
    ) -> Result<(Option<Spread>, f64, Option<String>), Failure> {
        let home = Home::open(workspace, Path::new(".")).await?;
        let (row, target) = home.find(run).await?;
        let against = Against::said(self.baseline.clone());
        let (report, _) = home.report(row, target.as_deref(), against).await?;
        let comparison =
            report.comparison.ok_or_else(|| usage("name the run to compare with: --baseline RUN".into()))?;
        let wanted = self.scorer.as_deref().unwrap_or_default();
        let row = comparison.rows.iter().find(|row| row.scorer == wanted).ok_or_else(|| {
            let known: Vec<&str> = comparison.rows.iter().map(|row| row.scorer.as_str()).collect();
            usage(format!("the comparison has no scorer `{wanted}` (it has: {})", known.join(", ")))
        })?;
        let difference = &row.difference;
        let (n, deff) = (difference.estimate.n, difference.estimate.design_effect.unwrap_or(1.0));
        let source = format!(
            "measured on {n} cases of `{}` against `{}`, scorer `{wanted}`",
            comparison.candidate, comparison.baseline
        );
        let spread =
            if row.score == assay_core::ScoreKind::Binary && difference.estimate.method == assay_stats::Method::Tango {
                Spread::Discordance((difference.better + difference.worse) as f64 / n.max(1) as f64)
            } else {
                let variance = difference.estimate.se.map(|se| se * se * n as f64 / deff).unwrap_or(0.0);
                Spread::Deviation(variance.sqrt())
            };
        if matches!(spread, Spread::Discordance(s) | Spread::Deviation(s) if s <= 0.0) {
            return Err(usage(format!("{source}: no case differed, so nothing can be planned from it")));
        }
        Ok((Some(spread), deff, Some(source)))
    }

    /// Cases by discordance and margin.
    fn planning_table(&self, goal: Goal, deff: f64, json: bool) -> Result<u8, Failure> {
        let (shares, margins) = ([0.05, 0.1, 0.2, 0.3], [0.02, 0.03, 0.05, 0.1]);
        let cases = |psi: f64, margin: f64| {
            power::paired_binary_cases(psi, Goal { margin, ..goal }).and_then(|n| power::scaled(n, deff))
        };
        if json {
            let rows: Vec<_> = shares
                .iter()
                .flat_map(|psi| margins.iter().map(move |margin| (*psi, *margin)))
                .map(|(psi, margin)| json!({"discordance": psi, "margin": margin, "cases": cases(psi, margin)}))
                .collect();
            say(&serde_json::to_string_pretty(&rows)?);
            return Ok(exit::PASS);
        }
        say(&format!(
            "Cases that exclude a loss beyond the margin with {:.0}% power, by the share of cases that differ\n",
            100.0 * goal.power
        ));
        let header: Vec<String> = std::iter::once("cases that differ".to_owned())
            .chain(margins.iter().map(|margin| format!("margin {:.0} pts", 100.0 * margin)))
            .collect();
        let header: Vec<&str> = header.iter().map(String::as_str).collect();
        let rows = shares
            .iter()
            .map(|psi| {
                let cells = margins.iter().map(|margin| cases(*psi, *margin).map_or("–".into(), |n| n.to_string()));
                std::iter::once(format!("{:.0}%", 100.0 * psi)).chain(cells).collect()
            })
            .collect();
        say(&table(&header, rows, &[1, 2, 3, 4]));
        say("All cases must pass before a 95% interval excludes a rate below:");
        let header = ["rate", "cases"];
        let rows = [0.8, 0.9, 0.95, 0.99]
            .iter()
            .map(|rate| {
                let n = power::all_pass_cases(*rate, goal.confidence).unwrap_or_default();
                vec![format!("{:.0}%", 100.0 * rate), n.to_string()]
            })
            .collect();
        say(&table(&header, rows, &[1]));
        Ok(exit::PASS)
    }
}
