//! Where versions came from: as lines of text, as JSON, and as OpenLineage events.

use std::collections::HashSet;

use assay_core::Digest;
use serde::Serialize;
use serde_json::{Value, json};

use crate::library::{Dataset, Library, VersionRecord, day_of};
use crate::{DatasetError, library};

/// A version and what it was made from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// Its dataset.
    pub dataset: String,
    /// Who added it.
    pub by: String,
    /// When, in microseconds since the Unix epoch, UTC.
    pub at_us: i64,
    /// The version with its lineage.
    pub version: VersionRecord,
    /// How many steps it is away from the version that was asked for.
    pub depth: u32,
}

/// A version and, behind it, everything it was made from, nearest first. A version that was removed since is left out
/// with what is behind it.
///
/// # Errors
/// A log that cannot be read.
pub fn ancestry(library: &Library, dataset: &Dataset, version: Digest) -> Result<Vec<Node>, DatasetError> {
    let mut nodes = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![(dataset.name.clone(), version, 0)];
    while let Some((name, version, depth)) = open.pop() {
        if !seen.insert((name.clone(), version)) {
            continue;
        }
        let known = if name == dataset.name { Some(dataset.clone()) } else { library.find(&name)? };
        let Some(known) = known else { continue };
        let found = known.log.iter().rev().find_map(|entry| match &entry.event {
            library::Event::Version(record) if record.version == version => Some((entry, record)),
            _ => None,
        });
        let Some((entry, record)) = found else { continue };
        for parent in record.lineage.parents.iter().rev() {
            open.push((parent.dataset.clone(), parent.version, depth + 1));
        }
        nodes.push(Node {
            dataset: name,
            by: entry.by.clone(),
            at_us: entry.at_us,
            version: (**record).clone(),
            depth,
        });
    }
    Ok(nodes)
}

/// The ancestry as indented lines.
pub fn text(nodes: &[Node]) -> String {
    let mut lines = String::new();
    for node in nodes {
        let indent = "  ".repeat(node.depth as usize);
        let (record, lineage) = (&node.version, &node.version.lineage);
        lines.push_str(&format!(
            "{indent}{}@{} {} · {} cases · {} {} by {} ({})\n",
            node.dataset,
            record.number,
            record.version.short(),
            record.cases,
            lineage.how.as_str(),
            day_of(node.at_us),
            node.by,
            lineage.tool,
        ));
        for source in &lineage.sources {
            lines.push_str(&format!(
                "{indent}  ← {} {} ({} bytes)\n",
                source.path,
                source.digest.short(),
                source.bytes
            ));
        }
        if let Some(note) = &lineage.note {
            lines.push_str(&format!("{indent}  note: {note}\n"));
        }
    }
    lines
}

/// One OpenLineage run event per step (spec 2-0-2), oldest first: inputs are source files and parent versions, the
/// output is the version, whose `version` and `schema` facets say what it is.
pub fn open_lineage(nodes: &[Node]) -> Vec<Value> {
    const PRODUCER: &str = "https://github.com/assay-eval/assay";
    let facet = |url: &str, mut fields: Value| {
        fields["_producer"] = json!(PRODUCER);
        fields["_schemaURL"] = json!(format!("https://openlineage.io/spec/facets/{url}"));
        fields
    };
    let dataset = |name: &str, version: Digest| {
        json!({
            "namespace": "assay",
            "name": name,
            "facets": {"version": facet("1-0-1/DatasetVersionDatasetFacet.json", json!({"datasetVersion": version}))},
        })
    };
    nodes
        .iter()
        .rev()
        .map(|node| {
            let lineage = &node.version.lineage;
            let files = lineage.sources.iter().map(|source| {
                json!({
                    "namespace": "file",
                    "name": source.path,
                    "facets": {
                        "version": facet("1-0-1/DatasetVersionDatasetFacet.json", json!({"datasetVersion": source.digest})),
                    },
                })
            });
            let parents = lineage.parents.iter().map(|parent| dataset(&parent.dataset, parent.version));
            let mut output = dataset(&node.dataset, node.version.version);
            output["outputFacets"] = json!({
                "outputStatistics": facet(
                    "1-0-2/OutputStatisticsOutputDatasetFacet.json",
                    json!({"rowCount": node.version.cases, "size": node.version.bytes}),
                ),
            });
            // A run's id is a UUID; this one follows from what was made and when, so that sending twice is once.
            let id = Digest::of_json(&json!([node.dataset, node.version.version, node.at_us])).to_string();
            json!({
                "eventType": "COMPLETE",
                "eventTime": rfc3339(node.at_us),
                "producer": PRODUCER,
                "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
                "run": {"runId": format!(
                    "{}-{}-8{}-8{}-{}", &id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..32]
                )},
                "job": {
                    "namespace": "assay",
                    "name": format!("dataset.{}", lineage.how.as_str()),
                    "facets": {
                        "jobType": facet(
                            "2-0-3/JobTypeJobFacet.json",
                            json!({"processingType": "BATCH", "integration": "ASSAY", "jobType": "DATASET"}),
                        ),
                    },
                },
                "inputs": files.chain(parents).collect::<Vec<_>>(),
                "outputs": [output],
            })
        })
        .collect()
}

fn rfc3339(at_us: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(at_us) * 1_000);
    let text = time.ok().and_then(|time| time.format(&time::format_description::well_known::Rfc3339).ok());
    text.unwrap_or_default()
}
