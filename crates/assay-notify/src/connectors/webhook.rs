//! A server of one's own: a CloudEvent 1.0 in JSON's structured mode, signed as Standard Webhooks says.

use assay_models::client::Endpoint as Server;
use assay_store::outbox::Event;
use async_trait::async_trait;
use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Connector;
use crate::deliver::{Documents, Failure, Memory};
use crate::sign::Secret;

pub(super) struct Webhook {
    server: Server,
    secrets: Vec<Secret>,
    source: String,
}

impl Webhook {
    pub(super) fn new(server: Server, secrets: &[&str], source: &str) -> Result<Self, String> {
        let secrets = secrets.iter().map(|secret| Secret::parse(secret)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { server, secrets, source: source.to_owned() })
    }
}

/// The event as a CloudEvent (<https://github.com/cloudevents/spec>, 1.0). `sequence` orders the events of a subject.
pub fn cloud_event(event: &Event, source: &str) -> Value {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(event.at_us) * 1_000).ok();
    json!({
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": format!("assay.{}", event.kind),
        "subject": event.subject,
        "time": time.and_then(|time| time.format(&Rfc3339).ok()),
        "sequence": format!("{:020}", event.seq),
        "datacontenttype": "application/json",
        "data": event.data,
    })
}

#[async_trait]
impl Connector for Webhook {
    async fn deliver(&self, event: &Event, _: &Memory<'_>, _: &dyn Documents) -> Result<(), Failure> {
        let body = cloud_event(event, &self.source).to_string().into_bytes();
        let timestamp = OffsetDateTime::now_utc().unix_timestamp();
        let signatures: Vec<String> =
            self.secrets.iter().map(|secret| secret.sign(&event.id, timestamp, &body)).collect();
        let headers = [
            ("content-type", "application/cloudevents+json; charset=UTF-8"),
            ("webhook-id", event.id.as_str()),
            ("webhook-timestamp", &timestamp.to_string()),
            ("webhook-signature", &signatures.join(" ")),
        ];
        self.server.exchange(Method::POST, &headers, body).await?;
        Ok(())
    }
}
