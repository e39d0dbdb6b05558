//! `assay remote`: a server's runs, from here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use assay_core::RunStatus;
use assay_home::pushed::PushedCase;
use assay_home::{Home, usage};
use assay_lake::Table;
use assay_lake::export::{self, Form};
use assay_report::{numbers, plain, terminal};
use assay_store::PlanFile;
use clap::{Args, Subcommand};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Failure, say};
use crate::exit;

/// The variable that holds the key.
const KEY: &str = "ASSAY_SERVER_KEY";
/// How often a run is looked at that the server executes.
const LOOK: Duration = Duration::from_millis(500);
/// Cases that are read at once.
const CHUNK: u64 = 1_000;

/// Talks to a server (`assay serve`).
#[derive(Args)]
pub struct RemoteCommand {
    /// The server's address.
    #[arg(long, global = true, env = "ASSAY_SERVER", value_name = "URL")]
    server: Option<String>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Record a complete run of this workspace on the server; what is there already is not sent again
    Push {
        /// The run.
        #[arg(default_value = "latest")]
        run: String,
    },
    /// Have the server execute a suite of its project
    Run(Queue),
    /// List the server's runs, newest first
    Runs {
        /// Only runs of this suite.
        #[arg(long)]
        suite: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// Print JSON lines.
        #[arg(long)]
        json: bool,
    },
    /// Ask the server's tables in SQL; the answer is JSON lines
    Query {
        /// The statement.
        sql: String,
    },
}

#[derive(Args)]
struct Queue {
    /// The suite, as the server's project names it.
    #[arg(default_value = "assay.yaml")]
    suite: String,
    /// A tier of it.
    #[arg(long)]
    tier: Option<String>,
    /// At most this many cases.
    #[arg(long)]
    limit: Option<u64>,
    /// Give the run a label.
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = super::run::label)]
    labels: Vec<(String, String)>,
    /// Let the gate decide the exit code.
    #[arg(long)]
    gate: bool,
    /// Do not wait for its end.
    #[arg(long)]
    detach: bool,
}

/// A server and the key to it.
struct Remote {
    address: String,
    key: String,
    client: Client,
}

impl Remote {
    fn new(server: Option<String>) -> Result<Self, Failure> {
        let Some(address) = server else {
            return Err(usage("say which server: `--server URL`, or ASSAY_SERVER".to_owned()));
        };
        let Some(key) = std::env::var(KEY).ok().filter(|key| !key.trim().is_empty()) else {
            return Err(usage(format!(
                "{KEY} holds no key: `assay user key` on the server makes one; a local server prints its token"
            )));
        };
        let client = Client::builder().connect_timeout(Duration::from_secs(10)).build()?;
        Ok(Self { address: address.trim_end_matches('/').to_owned(), key: key.trim().to_owned(), client })
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1/{path}", self.address)).bearer_auth(&self.key)
    }

    /// What the server answers; its problem in words where it does not do what is asked.
    async fn sent(&self, request: RequestBuilder) -> Result<reqwest::Response, Failure> {
        let unreachable = |error: reqwest::Error| {
            assay_engine::EngineError::Internal(format!("{}: {}", plain(&self.address, 200), error.without_url()))
        };
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let said = answer.json::<Value>().await.unwrap_or_default();
        let detail = said["detail"].as_str().map_or_else(|| status.to_string(), |detail| plain(detail, 2_000));
        match status.is_server_error() {
            true => Err(assay_engine::EngineError::Internal(format!("the server: {detail}")).into()),
            false => Err(usage(format!("the server: {detail}"))),
        }
    }

    async fn json(&self, request: RequestBuilder) -> Result<Value, Failure> {
        Ok(self.sent(request).await?.json().await?)
    }
}

impl RemoteCommand {
    pub async fn run(self, workspace: Option<PathBuf>) -> Result<u8, Failure> {
        let remote = Remote::new(self.server)?;
        match self.what {
            What::Push { run } => push(&remote, &Home::open(workspace, Path::new(".")).await?, &run).await,
            What::Run(queue) => queue.run(&remote).await,
            What::Runs { suite, limit, json } => runs(&remote, suite, limit, json).await,
            What::Query { sql } => query(&remote, &sql).await,
        }
    }
}

async fn push(remote: &Remote, home: &Home, word: &str) -> Result<u8, Failure> {
    let (row, target) = home.find(word).await?;
    if let Some(target) = target {
        return Err(usage(format!("a run is pushed as a whole, not its target `{target}` alone")));
    }
    let (record, id) = (&row.record, row.record.id.to_string());
    if row.status != RunStatus::Sealed {
        return Err(usage(format!("run {0} is not complete: go on with `assay resume {0}`", record.id.short())));
    }
    remote.sent(remote.ask(Method::PUT, &format!("runs/{id}")).json(record)).await?;
    let plan = PlanFile::open(&home.workspace, record.plan).await?;
    let cases = futures::stream::try_unfold((plan, 0), |(plan, from)| async move {
        if from >= plan.cases {
            return Ok::<_, Failure>(None);
        }
        let to = (from + CHUNK).min(plan.cases);
        let positions: Vec<u64> = (from..to).collect();
        let mut lines = Vec::new();
        for at in plan.cases_at(&positions).await? {
            serde_json::to_writer(&mut lines, &PushedCase { dataset: at.dataset, case: at.case })?;
            lines.push(b'\n');
        }
        Ok(Some((lines, (plan, to))))
    });
    let body = reqwest::Body::wrap_stream(cases);
    remote.sent(remote.ask(Method::PUT, &format!("runs/{id}/cases")).body(body)).await?;
    for table in Table::ALL {
        let name = table.name();
        let sql = format!("SELECT DISTINCT segment FROM {name} WHERE run_id = '{id}' ORDER BY segment");
        // A run without scorers has no such table.
        let Ok(segments) = home.lake.query(&sql, None).await else { continue };
        for segment in segments.json().await?.iter().filter_map(|row| row.get("segment")?.as_i64()) {
            let sql = format!("SELECT * FROM {name} WHERE run_id = '{id}' AND segment = {segment}");
            let mut file = Vec::new();
            export::write(home.lake.query(&sql, None).await?, Form::Parquet, &mut file).await?;
            remote.sent(remote.ask(Method::PUT, &format!("runs/{id}/rows/{name}/{segment}")).body(file)).await?;
        }
    }
    let end = json!({"totals": row.totals, "ended_us": row.ended_us});
    remote.sent(remote.ask(Method::POST, &format!("runs/{id}/seal")).json(&end)).await?;
    let trials = assay_core::grouped(row.totals.finished());
    say(&format!("run {} is on {} ({trials} trials)", record.id.short(), plain(&remote.address, 200)));
    Ok(exit::PASS)
}

impl Queue {
    async fn run(self, remote: &Remote) -> Result<u8, Failure> {
        let labels: BTreeMap<String, String> = self.labels.into_iter().collect();
        let body =
            json!({"suite": self.suite, "tier": self.tier, "limit": self.limit, "labels": labels, "gate": self.gate});
        let job = remote.json(remote.ask(Method::POST, "jobs").json(&body)).await?["job"].as_i64().unwrap_or_default();
        if self.detach {
            say(&format!("job {job} is queued"));
            return Ok(exit::PASS);
        }
        eprintln!("job {job} is queued");
        loop {
            let found = remote.json(remote.ask(Method::GET, &format!("jobs/{job}"))).await?;
            let text = |key: &str| found[key].as_str().map(|text| plain(text, 2_000));
            match found["stand"].as_str() {
                Some("queued" | "running") => tokio::time::sleep(LOOK).await,
                Some("withdrawn") => return Err(usage(format!("job {job} was taken back"))),
                _ => {
                    if let Some(message) = text("message") {
                        eprintln!("{message}");
                    }
                    let run = text("run").unwrap_or_else(|| "none".to_owned());
                    let code = found["exit"].as_u64().and_then(|code| u8::try_from(code).ok());
                    let code = code.unwrap_or(exit::INFRASTRUCTURE);
                    say(&format!("job {job}: run {run}, exit code {code}"));
                    return Ok(code);
                }
            }
        }
    }
}

async fn runs(remote: &Remote, suite: Option<String>, limit: u32, json: bool) -> Result<u8, Failure> {
    let (mut rows, mut cursor) = (Vec::new(), None::<String>);
    while rows.len() < limit as usize {
        let mut query = vec![("limit", (limit as usize - rows.len()).min(200).to_string())];
        query.extend(suite.clone().map(|suite| ("suite", suite)));
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let page = remote.json(remote.ask(Method::GET, "runs").query(&query)).await?;
        rows.extend(page["items"].as_array().into_iter().flatten().cloned());
        match page["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
    }
    if json {
        rows.iter().for_each(|row| say(&row.to_string()));
        return Ok(exit::PASS);
    }
    if rows.is_empty() {
        say("the server has no runs yet");
        return Ok(exit::PASS);
    }
    let cells = rows.iter().map(|row| {
        let text = |key: &str| plain(row[key].as_str().unwrap_or_default(), 60);
        vec![
            text("short"),
            text("suite"),
            numbers::time(row["started_us"].as_i64().unwrap_or_default()),
            text("status"),
            row["planned"].to_string(),
        ]
    });
    say(&terminal::table(&["run", "suite", "started", "status", "trials"], cells.collect(), &[4]));
    Ok(exit::PASS)
}

async fn query(remote: &Remote, sql: &str) -> Result<u8, Failure> {
    use std::io::Write;
    let asked = remote.ask(Method::POST, "query?format=jsonl").json(&json!({"sql": sql}));
    let mut answer = remote.sent(asked).await?;
    let mut out = std::io::stdout().lock();
    while let Some(part) = answer.chunk().await? {
        // A reader that has gone away wants no more.
        if out.write_all(&part).is_err() {
            break;
        }
    }
    Ok(exit::PASS)
}
