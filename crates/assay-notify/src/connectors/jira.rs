//! Issues of Jira Cloud (REST v3): one for a subject, whose later events are comments. The issue is known by its key, which is
//! kept, and found again by a label when a process died before it could keep it.

use assay_models::client::Endpoint as Server;
use assay_store::outbox::Event;
use async_trait::async_trait;
use data_encoding::BASE64;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Connector, fingerprint, short};
use crate::deliver::{Documents, Failure, Memory};
use crate::file::{Endpoint, Jira};
use crate::message::Message;

/// The longest summary.
const SUMMARY: usize = 255;

pub(super) struct Issues {
    server: Server,
    jira: Jira,
    source: String,
}

impl Issues {
    pub(super) fn new(endpoint: &Endpoint, mut server: Server, secret: &str, source: &str) -> Result<Self, String> {
        let jira = endpoint.jira.clone().ok_or("`jira` is missing")?;
        let authorization = match &jira.user {
            Some(user) => format!("Basic {}", BASE64.encode(format!("{user}:{secret}").as_bytes())),
            None => format!("Bearer {secret}"),
        };
        server.secret("authorization", &authorization);
        Ok(Self { server, jira, source: source.to_owned() })
    }

    async fn post(&self, path: &[&str], body: Value) -> Result<Value, Failure> {
        let server = self.server.beside(0, &[&["rest", "api", "3"], path].concat());
        Ok(server.json(Method::POST, Some(&body)).await?)
    }

    /// The issue that an earlier attempt made and could not keep.
    async fn find(&self, label: &str) -> Result<Option<String>, Failure> {
        let jql = format!("project = \"{}\" AND labels = \"{label}\" ORDER BY created ASC", self.jira.project);
        let found = self.post(&["search", "jql"], json!({"jql": jql, "fields": ["summary"], "maxResults": 1})).await?;
        Ok(found["issues"][0]["key"].as_str().map(str::to_owned))
    }
}

#[async_trait]
impl Connector for Issues {
    async fn deliver(&self, event: &Event, memory: &Memory<'_>, _: &dyn Documents) -> Result<(), Failure> {
        let message = Message::of(event);
        let label = format!("assay-{}", fingerprint(&self.source, &event.subject).short());
        let mut key = memory.recall("issue").await?;
        if key.is_none() && memory.tried_before() {
            key = self.find(&label).await?;
            if let Some(key) = &key {
                memory.remember("issue", key).await?;
                if memory.recall("made by").await?.as_deref() == Some(event.id.as_str()) {
                    return Ok(());
                }
            }
        }
        if let Some(key) = key {
            if memory.recall("made by").await?.as_deref() != Some(event.id.as_str()) {
                self.post(&["issue", &key, "comment"], json!({"body": document(&message, true)})).await?;
            }
            return Ok(());
        }
        // Kept before the issue is there: whoever finds it later knows that this event made it.
        memory.remember("made by", &event.id).await?;
        let labels: Vec<&str> =
            ["assay", label.as_str()].into_iter().chain(self.jira.labels.iter().map(String::as_str)).collect();
        let made = self
            .post(
                &["issue"],
                json!({"fields": {
                    "project": {"key": self.jira.project},
                    "issuetype": {"name": self.jira.issue_type},
                    "summary": short(&message.title, SUMMARY),
                    "description": document(&message, false),
                    "labels": labels,
                }}),
            )
            .await?;
        match made["key"].as_str() {
            Some(key) => Ok(memory.remember("issue", key).await?),
            None => Err(Failure::Never("Jira's answer names no issue".into())),
        }
    }
}

/// The message as a document (ADF), whose texts are nothing but texts.
fn document(message: &Message, titled: bool) -> Value {
    let text = |text: &str| json!({"type": "text", "text": text});
    let strong = |text: &str| json!({"type": "text", "text": text, "marks": [{"type": "strong"}]});
    let paragraph = |content: Vec<Value>| json!({"type": "paragraph", "content": content});
    let mut content = Vec::new();
    if titled {
        content.push(paragraph(vec![strong(&message.title)]));
    }
    // A text must not be empty.
    let lines = message.lines.iter().filter(|line| !line.is_empty());
    content.extend(lines.map(|line| paragraph(vec![text(line)])));
    let facts = message.facts.iter().map(|(name, value)| {
        json!({"type": "listItem", "content": [paragraph(vec![strong(&format!("{name}: ")), text(value)])]})
    });
    content.push(json!({"type": "bulletList", "content": facts.collect::<Vec<_>>()}));
    json!({"type": "doc", "version": 1, "content": content})
}
