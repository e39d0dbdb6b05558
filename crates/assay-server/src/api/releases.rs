//! Releases: the list, and one with its verdicts, what holds it up, and its log.

use assay_home::desk::observe;
use assay_release::decide::Decision;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Problem;
use crate::access::Access;
use crate::endpoint::{Call, Data, Endpoint, get};
use crate::paging::{Limit, Page};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/releases", Access::Read, "releases", "Releases, newest first", releases),
        get(
            "/api/v1/releases/{release}",
            Access::Read,
            "release",
            "A release: verdicts, people, what holds it up",
            release,
        ),
    ]
}

/// Which releases.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleasesQuery {
    /// How many.
    #[serde(default)]
    limit: Limit,
    /// From where.
    cursor: Option<String>,
}

/// A release in a list.
#[derive(Serialize, JsonSchema)]
pub struct ReleaseItem {
    number: u64,
    title: String,
    /// Where it stands; `unreadable` when its log or its policy cannot be read.
    stand: String,
    risk: String,
    changes: Vec<String>,
    policy: String,
    opened_us: i64,
    opened_by: String,
}

async fn releases(call: Call<ReleasesQuery>) -> Result<Data<Page<ReleaseItem>>, Problem> {
    let desk = call.app.desk();
    let numbers = desk.releases.numbers().await?;
    let page = Page::of_all(numbers, call.query.limit, call.query.cursor.as_deref())?;
    let mut items = Vec::new();
    for number in page.items {
        items.push(match desk.find(&number.to_string()).await {
            Ok((_, release)) => {
                let stages = desk.stages(&release).await?;
                ReleaseItem {
                    number,
                    stand: release.stand(stages).as_str().to_owned(),
                    risk: release.opened.risk.as_str().to_owned(),
                    changes: release.opened.changes.iter().map(|change| change.as_str().to_owned()).collect(),
                    title: release.opened.title.clone(),
                    policy: release.opened.policy_name.clone(),
                    opened_us: release.opened_us,
                    opened_by: release.opened_by.clone(),
                }
            }
            // One log that was tampered with does not hide the others.
            Err(error) => ReleaseItem {
                number,
                title: error.to_string(),
                stand: "unreadable".to_owned(),
                risk: String::new(),
                changes: Vec::new(),
                policy: String::new(),
                opened_us: 0,
                opened_by: String::new(),
            },
        });
    }
    Ok(Data(Page { items, next: page.next }))
}

async fn release(call: Call) -> Result<Data<Value>, Problem> {
    let desk = call.app.desk();
    let word = call.part("release");
    let known = desk.releases.numbers().await?;
    if word != "latest" && !known.iter().any(|number| number.to_string() == word) {
        return Err(Problem::not_found("there is no release of that number"));
    }
    let (number, release) = desk.find(word).await?;
    let (policy, text) = desk.policy_of(&release)?;
    let observed = observe(&desk, &policy, &release).await?;
    let decision = Decision::new(&policy, &text, &release, &observed);
    Ok(Data(json!({
        "release": number,
        "stand": release.stand(policy.stages.len()),
        "opened": release.opened,
        "opened_us": release.opened_us,
        "opened_by": release.opened_by,
        "evaluation": release.evaluation().map(|(policy, stage, verdicts)| {
            json!({"policy": policy, "stage": stage, "verdicts": verdicts})
        }),
        "authors": release.authors(),
        "approvers": release.approvers(),
        "blocks": decision.blocks(),
        "owed": release.owed(),
        "stages": policy.stages,
        "documents": policy.documents(&release.opened.changes, release.opened.risk).collect::<Vec<_>>(),
        "approvals": policy.approvals(release.opened.risk),
        "log": release.log.iter().map(|(digest, entry)| json!({"digest": digest, "entry": entry})).collect::<Vec<_>>(),
    })))
}
