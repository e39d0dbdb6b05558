//! MLflow (REST 2.0, assessments 3.0): a release is tags on a version of a registered model, a run with its memo and figures, and
//! an assessment for each rule; an alias follows what has shipped.
//!
//! The version is the one that the alias `candidate` names when the release is first told of. Every step finds what an earlier
//! attempt made.

use assay_models::client::Endpoint as Server;
use assay_report::plain;
use assay_store::outbox::Event;
use async_trait::async_trait;
use data_encoding::BASE64;
use reqwest::Method;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Connector, short};
use crate::deliver::{Documents, Failure, Memory};
use crate::file::{Endpoint, Mlflow};
use crate::message::Message;

/// The longest value of a tag of a model version.
const TAG: usize = 1_000;

pub(super) struct Registry {
    server: Server,
    mlflow: Mlflow,
}

/// A run of MLflow.
struct Run {
    id: String,
    experiment: String,
    /// Where its artifacts are; a path of the server's own store, where it keeps them.
    artifacts: Option<String>,
}

impl Registry {
    pub(super) fn new(endpoint: &Endpoint, mut server: Server, secret: &str) -> Result<Self, String> {
        let mlflow = endpoint.mlflow.clone().ok_or("`mlflow` is missing")?;
        match &mlflow.user {
            _ if secret.is_empty() => {}
            Some(user) => {
                let encoded = BASE64.encode(format!("{user}:{secret}").as_bytes());
                server.secret("authorization", &format!("Basic {encoded}"));
            }
            None => server.secret("authorization", &format!("Bearer {secret}")),
        }
        Ok(Self { server, mlflow })
    }

    fn at(&self, version: &str, path: &str) -> Server {
        let segments: Vec<&str> = ["api", version, "mlflow"].into_iter().chain(path.split('/')).collect();
        self.server.beside(0, &segments)
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Option<Value>, Failure> {
        match self.at("2.0", path).query(query).json(Method::GET, None).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.status == Some(404) => Ok(None),
            // An alias that is not there is a bad parameter to MLflow.
            Err(error) if error.status == Some(400) && error.message.contains("not found") => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Result<Value, Failure> {
        Ok(self.at("2.0", path).json(method, Some(&body)).await?)
    }

    /// The version that an alias names.
    async fn aliased(&self, alias: &str) -> Result<Option<String>, Failure> {
        let found = self.get("registered-models/alias", &[("name", &self.mlflow.model), ("alias", alias)]).await?;
        Ok(found.and_then(|found| found["model_version"]["version"].as_str().map(str::to_owned)))
    }

    async fn set_alias(&self, version: &str) -> Result<(), Failure> {
        let body = json!({"name": self.mlflow.model, "alias": self.mlflow.alias, "version": version});
        self.send(Method::POST, "registered-models/alias", body).await.map(|_| ())
    }

    /// The version that the release is about, from its first event on.
    async fn version(&self, memory: &Memory<'_>) -> Result<String, Failure> {
        if let Some(version) = memory.recall("version").await? {
            return Ok(version);
        }
        let Some(version) = self.aliased(&self.mlflow.candidate).await? else {
            return Err(Failure::Never(format!(
                "no version of the model `{}` has the alias `{}`: set it, then `assay notify retry`",
                plain(&self.mlflow.model, 100),
                plain(&self.mlflow.candidate, 100)
            )));
        };
        memory.remember("version", &version).await?;
        Ok(version)
    }

    async fn experiment(&self) -> Result<String, Failure> {
        let name = self.mlflow.experiment.as_str();
        let id = |found: &Value| found["experiment"]["experiment_id"].as_str().map(str::to_owned);
        let query = [("experiment_name", name)];
        let find = || self.get("experiments/get-by-name", &query);
        if let Some(found) = find().await?.as_ref().and_then(id) {
            return Ok(found);
        }
        // Somebody else may be about to make it.
        match self.send(Method::POST, "experiments/create", json!({"name": name})).await {
            Ok(made) => Ok(made["experiment_id"].as_str().unwrap_or_default().to_owned()),
            Err(Failure::Never(said)) => find().await?.as_ref().and_then(id).ok_or(Failure::Never(said)),
            Err(failure) => Err(failure),
        }
    }

    /// The run of the release, made when there is none.
    async fn run(&self, event: &Event, memory: &Memory<'_>) -> Result<Run, Failure> {
        let read = |found: &Value| -> Option<Run> {
            let info = &found["info"];
            let text = |key: &str| info[key].as_str().map(str::to_owned);
            let artifacts = text("artifact_uri")?.strip_prefix("mlflow-artifacts:/").map(str::to_owned);
            // With a host in it, it is another server's.
            let artifacts = artifacts.filter(|path| !path.starts_with('/'));
            Some(Run { id: text("run_id")?, experiment: text("experiment_id")?, artifacts })
        };
        if let Some(id) = memory.recall("run").await?
            && let Some(run) = self.get("runs/get", &[("run_id", &id)]).await?.and_then(|found| read(&found["run"]))
        {
            return Ok(run);
        }
        let experiment = self.experiment().await?;
        // The first event of a release is the same at every attempt.
        let born = match memory.recall("born").await? {
            Some(born) => born,
            None => {
                memory.remember("born", &event.id).await?;
                event.id.clone()
            }
        };
        let mut run = None;
        if memory.tried_before() {
            let filter = format!("tags.`assay.event` = '{born}'");
            let body = json!({"experiment_ids": [experiment], "filter": filter, "max_results": 1});
            run = read(&self.send(Method::POST, "runs/search", body).await?["runs"][0]);
        }
        let run = match run {
            Some(run) => run,
            None => {
                let title = event.data["title"].as_str().unwrap_or_default();
                let tags = json!([{"key": "assay.event", "value": born},
                                  {"key": "assay.subject", "value": event.subject},
                                  {"key": "assay.title", "value": short(title, TAG)}]);
                let name = event.subject.replace('/', " ");
                let body = json!({"experiment_id": experiment, "run_name": format!("assay {name}"),
                                  "start_time": event.at_us / 1_000, "tags": tags});
                let made = self.send(Method::POST, "runs/create", body).await?;
                read(&made["run"]).ok_or_else(|| Failure::Never("MLflow's answer names no run".into()))?
            }
        };
        memory.remember("run", &run.id).await?;
        Ok(run)
    }

    /// Puts the memo of the release beside its run, where the server keeps artifacts itself.
    async fn memo(&self, event: &Event, run: &Run, documents: &dyn Documents) -> Result<(), Failure> {
        let (Some(artifacts), Some(number)) = (&run.artifacts, event.data["release"].as_u64()) else { return Ok(()) };
        let Some(memo) = documents.memo(number).await else { return Ok(()) };
        let mut path = vec!["api", "2.0", "mlflow-artifacts", "artifacts"];
        path.extend(artifacts.split('/').chain(["assay", "memo.md"]));
        let headers = [("content-type", "text/markdown; charset=utf-8")];
        self.server.beside(0, &path).exchange(Method::PUT, &headers, memo.into_bytes()).await?;
        Ok(())
    }

    /// The rules of an evaluation, as metrics of the run and as assessments of a trace of their own.
    async fn assess(&self, event: &Event, run: &Run) -> Result<(), Failure> {
        let rules = event.data["rules"].as_array().map(Vec::as_slice).unwrap_or_default();
        let metrics: Vec<Value> = rules
            .iter()
            .filter_map(|rule| {
                let (name, value) = (rule["rule"].as_str()?, rule["value"].as_f64()?);
                let key: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
                Some(
                    json!({"key": format!("assay.{key}"), "value": value, "timestamp": event.at_us / 1_000, "step": 0}),
                )
            })
            .collect();
        self.send(Method::POST, "runs/log-batch", json!({"run_id": run.id, "metrics": metrics})).await?;
        let trace = format!("tr-{}", event.id.replace('-', ""));
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(event.at_us) * 1_000).ok();
        let info = json!({
            "trace_id": trace,
            "client_request_id": event.id,
            "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": run.experiment}},
            "request_time": time.and_then(|time| time.format(&Rfc3339).ok()),
            "execution_duration": "0s",
            "state": "OK",
            "trace_metadata": {"mlflow.trace_schema.version": "3", "mlflow.sourceRun": run.id},
            "tags": {"mlflow.traceName": format!("assay {} evaluated", event.subject.replace('/', " ")),
                     "assay.subject": event.subject},
        });
        // The same once more changes nothing, and tells which assessments are there.
        let traces = self.at("3.0", "traces");
        traces.post(&json!({"trace": {"trace_info": info}})).await?;
        let there = self.at("3.0", &format!("traces/{trace}")).json(Method::GET, None).await?;
        let known = there["trace"]["trace_info"]["assessments"].as_array().cloned().unwrap_or_default();
        for rule in rules {
            let text = |key: &str| rule[key].as_str().map(|text| plain(text, 400)).unwrap_or_default();
            let name = text("rule");
            if known.iter().any(|of| of["assessment_name"] == name.as_str()) {
                continue;
            }
            let number = |key: &str| rule[key].as_f64().map(|value| (key.to_owned(), Value::from(value.to_string())));
            let figures: serde_json::Map<String, Value> =
                ["value", "lower", "upper", "n"].into_iter().filter_map(number).collect();
            let assessment = json!({
                "assessment_name": name,
                "trace_id": trace,
                "source": {"source_type": "CODE", "source_id": "assay"},
                "feedback": {"value": text("verdict")},
                "rationale": format!("{}: {}", text("name"), text("found")),
                "metadata": figures,
            });
            let path = format!("traces/{trace}/assessments");
            self.at("3.0", &path).post(&json!({"assessment": assessment})).await?;
        }
        Ok(())
    }

    /// Moves the alias to what has shipped, or back from what was taken back.
    async fn follow(&self, event: &Event, version: &str, memory: &Memory<'_>) -> Result<(), Failure> {
        match event.kind.as_str() {
            "release.shipped" if event.data["complete"] == true => {
                if memory.recall("before").await?.is_none() {
                    let before = self.aliased(&self.mlflow.alias).await?.filter(|before| before != version);
                    memory.remember("before", &before.unwrap_or_default()).await?;
                }
                self.set_alias(version).await
            }
            // Whoever has moved it since meant it so.
            "release.rolled_back" if self.aliased(&self.mlflow.alias).await?.as_deref() == Some(version) => {
                match memory.recall("before").await?.filter(|before| !before.is_empty()) {
                    Some(before) => self.set_alias(&before).await,
                    None => {
                        let body = json!({"name": self.mlflow.model, "alias": self.mlflow.alias});
                        self.send(Method::DELETE, "registered-models/alias", body).await.map(|_| ())
                    }
                }
            }
            _ => Ok(()),
        }
    }

    /// The tags of the version after an event.
    fn tags(event: &Event) -> Vec<(&'static str, String)> {
        let text = |key: &str| match &event.data[key] {
            Value::String(text) => text.clone(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            Value::Null => String::new(),
            other => other.to_string(),
        };
        let kind = event.kind.strip_prefix("release.").unwrap_or(&event.kind);
        let mut tags = vec![("assay.status", kind.to_owned())];
        let more: &[(&str, &str)] = match kind {
            "opened" => &[("assay.release", "release"), ("assay.risk", "risk"), ("assay.policy", "policy")],
            "attached" => &[("assay.evidence_sha256", "sha256")],
            "evaluated" => {
                &[("assay.gate", "verdict"), ("assay.run_id", "runs"), ("assay.policy_sha256", "policy_digest")]
            }
            "approved" => &[("assay.approved_by", "by")],
            "rejected" => &[("assay.rejected_by", "by")],
            "waived" => &[("assay.waived", "rule")],
            "shipped" => &[("assay.stage", "stage_name"), ("assay.share", "share"), ("assay.emergency", "emergency")],
            _ => &[],
        };
        tags.extend(more.iter().map(|(tag, key)| (*tag, text(key))).filter(|(_, value)| !value.is_empty()));
        tags
    }
}

#[async_trait]
impl Connector for Registry {
    async fn deliver(&self, event: &Event, memory: &Memory<'_>, documents: &dyn Documents) -> Result<(), Failure> {
        if event.kind == "notify.test" {
            let found = self.get("registered-models/get", &[("name", &self.mlflow.model)]).await?;
            let model = plain(&self.mlflow.model, 100);
            return found.map(|_| ()).ok_or_else(|| Failure::Never(format!("there is no registered model `{model}`")));
        }
        // Runs, baselines and judges are no part of a model registry.
        if !event.kind.starts_with("release.") {
            return Ok(());
        }
        let version = self.version(memory).await?;
        for (key, value) in Self::tags(event) {
            let body = json!({"name": self.mlflow.model, "version": version, "key": key, "value": short(&value, TAG)});
            self.send(Method::POST, "model-versions/set-tag", body).await?;
        }
        let run = self.run(event, memory).await?;
        if event.kind == "release.evaluated" {
            self.assess(event, &run).await?;
        }
        if matches!(event.kind.as_str(), "release.evaluated" | "release.shipped" | "release.rolled_back") {
            self.memo(event, &run, documents).await?;
        }
        self.follow(event, &version, memory).await?;
        if event.kind == "release.rolled_back" || event.data["complete"] == true {
            let body = json!({"run_id": run.id, "status": "FINISHED", "end_time": event.at_us / 1_000});
            self.send(Method::POST, "runs/update", body).await?;
        }
        let note = Message::of(event).title;
        let body =
            json!({"run_id": run.id, "key": "mlflow.note.content", "value": assay_report::markdown::cell(&note)});
        self.send(Method::POST, "runs/set-tag", body).await.map(|_| ())
    }
}
