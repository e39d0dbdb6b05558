//! Issues of Linear (GraphQL): one for a subject, whose later events are comments. Ids follow from the subject and the event, so
//! that what was made before is found and not made twice.

use assay_models::client::Endpoint as Server;
use assay_report::markdown::cell;
use assay_store::outbox::Event;
use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Connector, fingerprint, short};
use crate::deliver::{Documents, Failure, Memory};
use crate::file::Endpoint;
use crate::message::Message;

/// The longest title.
const TITLE: usize = 255;

pub(super) struct Issues {
    server: Server,
    team: String,
    source: String,
}

impl Issues {
    pub(super) fn new(endpoint: &Endpoint, mut server: Server, secret: &str, source: &str) -> Result<Self, String> {
        let linear = endpoint.linear.as_ref().ok_or("`linear` is missing")?;
        server.secret("authorization", secret);
        Ok(Self { server, team: linear.team.clone(), source: source.to_owned() })
    }

    async fn ask(&self, query: &str, variables: Value) -> Result<Value, Failure> {
        let body = json!({"query": query, "variables": variables});
        // A limit is told with status 400, in words.
        let answer = self.server.json(Method::POST, Some(&body)).await.map_err(|error| {
            match error.status == Some(400) && error.message.to_ascii_lowercase().contains("ratelimit") {
                true => Failure::Again { said: error.message, after: error.retry_after, outage: true },
                false => error.into(),
            }
        })?;
        match answer["errors"].as_array().filter(|errors| !errors.is_empty()) {
            None => Ok(answer["data"].clone()),
            Some(errors) => {
                let said = errors[0]["message"].as_str().unwrap_or("an error without a message");
                let said = format!("Linear: {}", short(said, 400));
                match errors[0]["extensions"]["code"].as_str() {
                    Some("RATELIMITED" | "INTERNAL_SERVER_ERROR") => {
                        Err(Failure::Again { said, after: None, outage: true })
                    }
                    _ => Err(Failure::Never(said)),
                }
            }
        }
    }

    /// Whether something of this id is there. Linear answers with an error where it is not.
    async fn is_there(&self, what: &str, id: &str) -> Result<bool, Failure> {
        let query = match what {
            "issue" => "query($id: String!) { issue(id: $id) { id } }",
            _ => "query($id: String!) { comment(id: $id) { id } }",
        };
        match self.ask(query, json!({"id": id})).await {
            Ok(data) => Ok(data[what]["id"].is_string()),
            Err(Failure::Never(said)) if said.to_ascii_lowercase().contains("not found") => Ok(false),
            Err(failure) => Err(failure),
        }
    }
}

#[async_trait]
impl Connector for Issues {
    async fn deliver(&self, event: &Event, memory: &Memory<'_>, _: &dyn Documents) -> Result<(), Failure> {
        let message = Message::of(event);
        let issue = uuid_of(&fingerprint(&self.source, &event.subject));
        let known = memory.recall("issue").await?.is_some();
        if !known && !self.is_there("issue", &issue).await? {
            let input = json!({"id": issue, "teamId": self.team, "title": short(&message.title, TITLE),
                               "description": body(&message)});
            let query = "mutation($input: IssueCreateInput!) { issueCreate(input: $input) { success } }";
            memory.remember("made by", &event.id).await?;
            let made = self.ask(query, json!({"input": input})).await?;
            if made["issueCreate"]["success"] != true {
                return Err(Failure::Never("Linear made no issue".into()));
            }
            return Ok(memory.remember("issue", &issue).await?);
        }
        if !known {
            memory.remember("issue", &issue).await?;
        }
        if memory.recall("made by").await?.as_deref() == Some(event.id.as_str()) {
            return Ok(());
        }
        let comment = uuid_of(&fingerprint(&self.source, &event.id));
        if memory.tried_before() && self.is_there("comment", &comment).await? {
            return Ok(());
        }
        let input = json!({"id": comment, "issueId": issue, "body": format!("**{}**\n\n{}", cell(&message.title), body(&message))});
        let query = "mutation($input: CommentCreateInput!) { commentCreate(input: $input) { success } }";
        let made = self.ask(query, json!({"input": input})).await?;
        match made["commentCreate"]["success"] == true {
            true => Ok(()),
            false => Err(Failure::Never("Linear made no comment".into())),
        }
    }
}

/// The message as Markdown, of which nothing comes from its texts.
fn body(message: &Message) -> String {
    let lines = message.lines.iter().map(|line| format!("{}\n\n", cell(line)));
    let facts = message.facts.iter().map(|(name, value)| format!("- **{name}:** {}\n", cell(value)));
    lines.chain(facts).collect()
}

/// A digest in the form of a UUID of version 4, which is what Linear takes.
fn uuid_of(digest: &assay_core::Digest) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
