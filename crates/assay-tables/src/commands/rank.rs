//! `assay stats rank`: models ranked by pairwise preferences.

use std::collections::HashMap;
use std::path::PathBuf;

use assay_stats::arena::{Battle, NoRanking, Ranking, Ties, rank};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::answer::{Confidence, bounds, level, usage};
use crate::{Answer, Failure, Table};

/// Bradley–Terry strengths with sandwich intervals and the ranks that hold together.
#[derive(Args)]
pub struct Rank {
    /// A table with a row per comparison.
    file: PathBuf,
    /// The column of the first model.
    #[arg(long, default_value = "model_a")]
    a: String,
    /// The column of the second model.
    #[arg(long, default_value = "model_b")]
    b: String,
    /// The column of the winner: a model's name, `model_a`, `model_b`, or `tie`.
    #[arg(long, default_value = "winner")]
    winner: String,
    /// A column that groups comparisons that are not independent, such as the prompt.
    #[arg(long)]
    cluster: Option<String>,
    /// Columns whose difference (first − second, such as in length) is held equal.
    #[arg(long, value_delimiter = ',')]
    style: Vec<String>,
    /// What a tie is.
    #[arg(long, value_enum, default_value_t = TieModel::Half)]
    ties: TieModel,
    #[command(flatten)]
    confidence: Confidence,
}

#[derive(Clone, Copy, ValueEnum)]
enum TieModel {
    /// Half a win for either side
    Half,
    /// Davidson's model
    Davidson,
    /// Rao and Kupper's model
    RaoKupper,
}

impl Rank {
    pub fn answer(self) -> Result<Answer, Failure> {
        let source = Table::read(&self.file)?;
        let (a, b, winner) = (source.full(&self.a)?, source.full(&self.b)?, source.full(&self.winner)?);
        let clusters = self.cluster.as_deref().map(|column| source.full(column)).transpose()?;
        let styles = self.style.iter().map(|column| source.numbers(column)).collect::<Result<Vec<_>, _>>()?;
        let mut names: Vec<&String> = a.iter().chain(&b).collect();
        names.sort();
        names.dedup();
        let mut cluster_numbers: HashMap<&String, u32> = HashMap::new();
        let mut battles = Vec::with_capacity(a.len());
        for i in 0..a.len() {
            let outcome = match winner[i].as_str() {
                "tie" | "tie (bothbad)" | "both" | "draw" => 0.5,
                "model_a" | "a" => 1.0,
                "model_b" | "b" => 0.0,
                name if *name == a[i] => 1.0,
                name if *name == b[i] => 0.0,
                name => {
                    return Err(usage(format!(
                        "{}, row {}: the winner `{name}` is neither `{}` nor `{}` nor `tie`",
                        self.file.display(),
                        i + 1,
                        a[i],
                        b[i]
                    )));
                }
            };
            let at = |name: &String| names.binary_search(&name).unwrap_or_default();
            let mut battle = Battle::new(at(&a[i]), at(&b[i]), outcome);
            if let Some(clusters) = &clusters {
                let next = cluster_numbers.len() as u32;
                battle.cluster = Some(*cluster_numbers.entry(&clusters[i]).or_insert(next));
            }
            battle.style = styles
                .iter()
                .map(|column| column[i])
                .collect::<Option<_>>()
                .ok_or_else(|| usage(format!("row {}: a style column is empty", i + 1)))?;
            battles.push(battle);
        }
        let ties = match self.ties {
            TieModel::Half => Ties::Half,
            TieModel::Davidson => Ties::Davidson,
            TieModel::RaoKupper => Ties::RaoKupper,
        };
        let ranking = rank(names.len(), &battles, ties).map_err(|why| {
            usage(match why {
                NoRanking::NoData => "there is no comparison".into(),
                NoRanking::Invalid(at) => format!(
                    "row {}: a model cannot meet itself, and style columns need `--ties half` and finite numbers",
                    at + 1
                ),
                NoRanking::Disconnected(groups) => {
                    let shown: Vec<String> = groups
                        .iter()
                        .map(|group| group.iter().map(|p| names[*p].as_str()).collect::<Vec<_>>().join(", "))
                        .collect();
                    format!("these groups never met and cannot be ranked together: {}", shown.join(" | "))
                }
                NoRanking::Players(_) => "there are more models than comparisons could connect, or than 20,000".into(),
                NoRanking::NotConverged => "the fit did not settle: a style column decides every comparison".into(),
            })
        })?;
        let confidence = self.confidence.level;
        let (Some(intervals), Some(ranks)) = (ranking.intervals(confidence), ranking.ranks(confidence)) else {
            return Err(usage("--confidence: a level between 0 and 1 is expected"));
        };
        let mut order: Vec<usize> = (0..names.len()).collect();
        order.sort_by(|x, y| ranking.strengths[*y].total_cmp(&ranking.strengths[*x]));
        let models: Vec<_> = order
            .iter()
            .map(|i| {
                json!({"model": names[*i], "strength": ranking.strengths[*i], "se": ranking.se[*i],
                           "interval": bounds(intervals[*i]),
                           "elo": Ranking::elo(ranking.strengths[*i]), "ranks": [ranks[*i].0, ranks[*i].1]})
            })
            .collect();
        let json = json!({"comparisons": battles.len(), "models": models, "tie": ranking.tie,
                               "style": ranking.style, "separated": ranking.separated});
        let rows = order
            .iter()
            .map(|i| {
                let (elo, i_) = (Ranking::elo(ranking.strengths[*i]), intervals[*i]);
                let (best, worst) = ranks[*i];
                vec![
                    if best == worst { best.to_string() } else { format!("{best} to {worst}") },
                    names[*i].clone(),
                    format!("{elo:.0}"),
                    format!("{:.0} to {:.0}", Ranking::elo(i_.lower), Ranking::elo(i_.upper)),
                ]
            })
            .collect();
        let styles = self.style.iter().zip(&ranking.style);
        let notes = styles.map(|(name, by)| format!("one more of `{name}` moves the log odds by {by:+.4}"));
        let bound = "some model won or lost everything against the others: its strength is a bound, not an estimate";
        Ok(Answer::new(json)
            .table(&["rank", "model", "Elo", &level(self.confidence.level)], rows, &[2, 3])
            .lines(notes)
            .lines(ranking.separated.then_some(bound)))
    }
}
