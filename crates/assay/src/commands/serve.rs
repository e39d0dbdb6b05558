//! `assay serve`: the HTTP API and the web page.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assay_home::Home;
use assay_server::access::Role;
use assay_server::telemetry::{Log, Telemetry};
use assay_server::{Options, oidc};
use clap::Args;
use serde_json::json;

use super::signing::Signing;
use super::{Failure, say};
use crate::exit;

/// Serves the workspace: the web page and the HTTP API.
///
/// Without accounts it listens on this machine only, and the address that it prints holds a token. With `--team` people
/// log in; put a proxy with TLS in front of it.
#[derive(Args)]
pub struct Serve {
    /// The port; 0 takes one that is free.
    #[arg(long, default_value_t = 4180)]
    port: u16,
    /// The address to listen on; another than this machine's own needs `--team`.
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// People have accounts, roles and keys.
    #[arg(long)]
    team: bool,
    /// A name that the server answers to beside its own address, with the port (`assay.example.org`, `ci:4180`).
    #[arg(long = "allow-host", value_name = "NAME")]
    hosts: Vec<String>,
    /// A proxy is in front, which alone reaches the server and says where requests come from (`X-Forwarded-For`).
    #[arg(long)]
    behind_proxy: bool,
    /// The address of an OpenID provider that vouches for people.
    #[arg(long, value_name = "URL", requires_all = ["oidc_client", "public_url", "team"])]
    oidc_issuer: Option<String>,
    /// What the provider calls this server. The environment variable ASSAY_OIDC_SECRET holds what it proves itself by.
    #[arg(long, value_name = "ID", requires = "oidc_issuer")]
    oidc_client: Option<String>,
    /// What somebody becomes whom the provider vouches for and who has no account; nobody new is let in otherwise.
    #[arg(long, value_name = "ROLE", requires = "oidc_issuer", value_parser = super::user::role)]
    oidc_newcomers: Option<Role>,
    /// Where browsers reach the server (`https://assay.example.org`).
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    #[command(flatten)]
    signing: Signing,
    /// How the log on the standard error is written.
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = log)]
    log: Log,
    /// What is logged, such as `assay=info` or `warn,assay=debug`. Every request is logged at `info`.
    #[arg(long, value_name = "LEVELS", default_value = "assay=warn", env = "ASSAY_LOG")]
    log_level: String,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Serve {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let telemetry = Telemetry::begin(self.log, &self.log_level)?;
        let home = Home::open(workspace, Path::new(".")).await?;
        let binary = std::env::current_exe()?;
        let oidc = match (self.oidc_issuer, self.oidc_client, self.public_url) {
            (Some(issuer), Some(client), Some(public)) => {
                let secret = std::env::var("ASSAY_OIDC_SECRET").ok().filter(|secret| !secret.is_empty());
                Some(oidc::Options { issuer, client, secret, public, newcomers: self.oidc_newcomers })
            }
            _ => None,
        };
        let options = Options {
            address: self.host,
            port: self.port,
            team: self.team,
            hosts: self.hosts,
            proxied: self.behind_proxy,
            binary,
            oidc,
            signer: self.signing.found()?.map(Arc::from),
        };
        let listening = assay_server::serve(home, options).await?;
        let address = format!("http://{}/", listening.address);
        let token = listening.token.clone();
        match (self.json, &token) {
            (true, _) => say(&json!({"address": address, "token": token}).to_string()),
            // After `#` it reaches no log of a server or proxy.
            (false, Some(token)) => say(&format!("open {address}#token={token}")),
            (false, None) => say(&format!("serving {address}")),
        }
        listening
            .run(async {
                ended().await;
                // Who asks twice does not want to wait.
                tokio::spawn(async {
                    ended().await;
                    std::process::exit(i32::from(exit::INTERRUPTED));
                });
            })
            .await?;
        tokio::task::spawn_blocking(|| telemetry.end()).await?;
        Ok(exit::PASS)
    }
}

fn log(word: &str) -> Result<Log, String> {
    match word {
        "text" => Ok(Log::Text),
        "json" => Ok(Log::Json),
        _ => Err("text or json".to_owned()),
    }
}

/// Waits until somebody wants the server to end.
async fn ended() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        match term {
            Ok(mut term) => tokio::select! {
                _ = interrupt => {}
                _ = term.recv() => {}
            },
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
