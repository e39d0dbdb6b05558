//! Each kind of endpoint, one file each: what it is sent, and what its limits are.

mod jira;
mod linear;
mod mlflow;
pub mod slack;
pub mod teams;
pub mod webhook;

use std::path::Path;
use std::time::Duration;

use assay_models::client::Endpoint as Server;
use assay_report::plain;
use assay_store::outbox::Event;
use async_trait::async_trait;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::deliver::{Documents, Failure, Memory};
use crate::file::{Endpoint, Kind};

/// Tells an endpoint of an event, so that telling it again does no harm.
#[async_trait]
pub trait Connector: Send + Sync {
    /// Tells of an event.
    ///
    /// # Errors
    /// Why it is not told, and whether that may pass.
    async fn deliver(&self, event: &Event, memory: &Memory<'_>, documents: &dyn Documents) -> Result<(), Failure>;
}

/// What connectors need from outside.
pub struct Context<'a> {
    /// The folder of `notify.yaml`.
    pub folder: &'a Path,
    /// Where events say that they come from.
    pub source: String,
    /// Call this machine only.
    pub offline: bool,
    /// The most time for one call.
    pub timeout: Duration,
}

impl Context<'_> {
    fn server(&self, url: Url) -> Result<Server, String> {
        if self.offline && !assay_models::client::is_loopback(&url) {
            return Err("offline: only this machine is called".into());
        }
        Ok(Server::at(url, self.offline, self.timeout))
    }
}

/// The connector of an endpoint, and the address that it calls.
///
/// # Errors
/// A secret that is not there or not right, in words without it.
pub fn open(endpoint: &Endpoint, context: &Context<'_>) -> Result<(Box<dyn Connector>, Url), String> {
    let url = endpoint.address()?;
    let secret = endpoint.secret.as_ref().map(|at| at.read(context.folder)).transpose()?.unwrap_or_default();
    let connector: Box<dyn Connector> = match endpoint.kind {
        Kind::Webhook => {
            let previous = endpoint.previous_secret.as_ref().map(|at| at.read(context.folder)).transpose()?;
            let secrets: Vec<&str> = [secret.as_str()].into_iter().chain(previous.as_deref()).collect();
            Box::new(webhook::Webhook::new(context.server(url.clone())?, &secrets, &context.source)?)
        }
        Kind::Slack | Kind::Teams => {
            let url = secret_address(&url, &secret)?;
            let server = context.server(url.clone())?.with_secret_path();
            let chat = match endpoint.kind {
                Kind::Slack => Chat { server, render: slack::render },
                _ => Chat { server, render: teams::render },
            };
            return Ok((Box::new(chat), url));
        }
        Kind::Jira => Box::new(jira::Issues::new(endpoint, context.server(url.clone())?, &secret, &context.source)?),
        Kind::Linear => {
            Box::new(linear::Issues::new(endpoint, context.server(url.clone())?, &secret, &context.source)?)
        }
        Kind::Mlflow => Box::new(mlflow::Registry::new(endpoint, context.server(url.clone())?, &secret)?),
    };
    Ok((connector, url))
}

/// An address that is itself the secret must be at the host that the file names.
fn secret_address(named: &Url, secret: &str) -> Result<Url, String> {
    // What is wrong with it is not said: the message would hold a part of it.
    let url = Url::parse(secret).map_err(|_| "the secret is not an address".to_owned())?;
    let same = url.scheme() == named.scheme()
        && url.host() == named.host()
        && url.port_or_known_default() == named.port_or_known_default();
    if same { Ok(url) } else { Err(format!("the secret is not an address at {named}")) }
}

/// A channel where people read.
struct Chat {
    server: Server,
    render: fn(&Event) -> Value,
}

#[async_trait]
impl Connector for Chat {
    async fn deliver(&self, event: &Event, _: &Memory<'_>, _: &dyn Documents) -> Result<(), Failure> {
        let body = (self.render)(event).to_string().into_bytes();
        self.server.exchange(Method::POST, &[("content-type", "application/json")], body).await?;
        Ok(())
    }
}

/// At most `most` characters of a text, on one line.
fn short(text: &str, most: usize) -> String {
    plain(text, most.saturating_sub(1))
}

/// A digest of what an event is about, in this workspace: a name that is the same whenever it is told of.
fn fingerprint(source: &str, subject: &str) -> assay_core::Digest {
    assay_core::Digest::of_json(&(source, subject))
}
