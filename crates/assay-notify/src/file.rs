//! `notify.yaml`: who is told of what. It is reviewed like code, and holds no secret: only where one is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use assay_core::problem::{self, did_you_mean};
use assay_core::{Digest, Problem};
use assay_models::client::is_loopback;
use assay_store::outbox::{Event, KINDS};
use assay_suite::{Diagnostics, Source};
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

/// Who is told of what happens in a workspace.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Assay notifications")]
pub struct Notify {
    /// Where events say that they come from (CloudEvents' `source`): an address or a path; by default `/assay/` and the name of
    /// the project's folder.
    #[serde(default)]
    pub source: Option<String>,
    /// When a delivery that failed is tried again.
    #[serde(default)]
    pub retry: Retry,
    /// Who is told.
    pub endpoints: Vec<Endpoint>,
}

/// When a delivery that failed is tried again: after `first_seconds`, then after four times as long each time, at most
/// `longest_seconds`, each of it less up to a half, by chance.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retry {
    /// Attempts in all, from 1 to 100.
    pub attempts: u32,
    /// Seconds after the first attempt.
    pub first_seconds: u32,
    /// The most seconds between two attempts.
    pub longest_seconds: u32,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 12, first_seconds: 5, longest_seconds: 6 * 3600 }
    }
}

impl Retry {
    /// Microseconds to wait after an attempt (from 1) at an event: the same for the same event, endpoint and attempt.
    pub fn wait_us(&self, attempt: u32, id: &str, endpoint: &str) -> i64 {
        let longest = f64::from(self.longest_seconds);
        let whole = (f64::from(self.first_seconds) * 4f64.powi(attempt.saturating_sub(1).min(40) as i32)).min(longest);
        let chance = Digest::of_json(&(id, endpoint, attempt)).leading() as f64 / u64::MAX as f64;
        (whole * (1.0 - chance / 2.0) * 1e6) as i64
    }
}

/// Somebody who is told.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Its name, by which its deliveries are known: lowercase letters, digits, `_`, `-`.
    #[schemars(regex(pattern = r"^[a-z0-9][a-z0-9_-]*$"))]
    pub name: String,
    /// What is there.
    pub kind: Kind,
    /// Where it is. For `slack` and `teams` the host only: their address is itself the secret.
    pub url: String,
    /// Where its secret is: the key of signatures (`webhook`), the whole address (`slack`, `teams`), the token (`jira`, `linear`,
    /// `mlflow`).
    #[serde(default)]
    pub secret: Option<SecretAt>,
    /// `webhook`: a secret that is on its way out; requests are signed with both.
    #[serde(default)]
    pub previous_secret: Option<SecretAt>,
    /// Which events, by kind: `release.shipped`, `release.*`, `*`.
    pub events: Vec<String>,
    /// Of these, which.
    #[serde(default)]
    pub only: Only,
    /// `jira`: where issues go.
    #[serde(default)]
    pub jira: Option<Jira>,
    /// `linear`: where issues go.
    #[serde(default)]
    pub linear: Option<Linear>,
    /// `mlflow`: which model.
    #[serde(default)]
    pub mlflow: Option<Mlflow>,
}

/// A kind of endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A server of one's own: a CloudEvent, signed as Standard Webhooks says.
    Webhook,
    /// A channel of Slack, by an incoming webhook.
    Slack,
    /// A channel of Microsoft Teams, by a Workflows webhook.
    Teams,
    /// Issues of Jira Cloud.
    Jira,
    /// Issues of Linear.
    Linear,
    /// The model registry and the experiments of MLflow.
    Mlflow,
}

impl Kind {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Jira => "jira",
            Self::Linear => "linear",
            Self::Mlflow => "mlflow",
        }
    }
}

/// Where a secret is: an environment variable or a file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecretAt {
    /// The name of an environment variable.
    #[serde(default)]
    pub env: Option<String>,
    /// A file, from the folder of `notify.yaml` on.
    #[serde(default)]
    pub file: Option<PathBuf>,
}

/// Which events are told of. One that says nothing of suites or risk is told of whatever stands here.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Only {
    /// Those about one of these suites.
    pub suites: Vec<String>,
    /// Those about releases of one of these risks.
    pub risks: Vec<Risk>,
}

/// How much harm a release could do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// A nuisance.
    Low,
    /// Money, time or trust of some users.
    Medium,
    /// Harm to people, or to many users.
    High,
}

impl Risk {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Where issues of Jira go.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jira {
    /// The project's key.
    pub project: String,
    /// The type of issue.
    #[serde(default = "task")]
    pub issue_type: String,
    /// Whose API token the secret is, by address (Jira Cloud); without it the secret is a bearer token.
    #[serde(default)]
    pub user: Option<String>,
    /// Labels that every issue gets, without white space.
    #[serde(default)]
    pub labels: Vec<String>,
}

fn task() -> String {
    "Task".into()
}

/// Where issues of Linear go.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// The team's id (a UUID).
    pub team: String,
}

/// Which model of MLflow's registry is meant.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mlflow {
    /// The registered model.
    pub model: String,
    /// Whose password the secret is; without it the secret is a bearer token.
    #[serde(default)]
    pub user: Option<String>,
    /// The alias of the version that a release is about, when the release is first told of.
    #[serde(default = "candidate")]
    pub candidate: String,
    /// The alias that a release gets when its last stage ships.
    #[serde(default = "champion")]
    pub alias: String,
    /// The experiment where releases are runs.
    #[serde(default = "assay")]
    pub experiment: String,
}

fn candidate() -> String {
    "candidate".into()
}

fn champion() -> String {
    "champion".into()
}

fn assay() -> String {
    "assay".into()
}

/// The JSON Schema of the file, for editors. Draft 2020-12.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Notify).to_value()
}

/// The file's name, in the project's folder.
pub const FILE: &str = "notify.yaml";

/// Whether a file says who is told, by its name: `notify.yaml` or `*.notify.yaml`.
pub fn is_notify_file(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    ["notify.yaml", "notify.yml"].iter().any(|of| name == *of || name.ends_with(&format!(".{of}")))
}

impl Notify {
    /// Reads the file; `path` is for messages.
    ///
    /// # Errors
    /// Everything that is wrong with it, at its line and column.
    pub fn from_text(text: &str, path: &Path) -> Result<Self, Box<Diagnostics>> {
        let (value, source) = Source::parse(path, text.to_owned())
            .map_err(|(problems, source)| Box::new(Diagnostics { source, problems }))?;
        let read = match value.is_object() {
            true => problem::read::<Self>(&value, ""),
            false => Err(Problem::new("", "a set of keys is expected: endpoints, source, retry")),
        };
        let problems = match read {
            Ok(notify) => match notify.problems() {
                problems if problems.is_empty() => return Ok(notify),
                problems => problems,
            },
            Err(problem) => vec![problem],
        };
        Err(Box::new(Diagnostics { source, problems }))
    }

    /// The endpoint of a name.
    pub fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.name == name)
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !(1..=100).contains(&self.retry.attempts) {
            problems.push(Problem::new("/retry/attempts", "from 1 to 100 attempts are possible"));
        }
        if self.retry.longest_seconds > 86_400 || self.retry.first_seconds > self.retry.longest_seconds {
            let message = "`first_seconds` is at most `longest_seconds`, and that at most 86400";
            problems.push(Problem::new("/retry", message));
        }
        if self.source.as_deref().is_some_and(|source| source.is_empty() || source.contains(char::is_whitespace)) {
            problems.push(Problem::new("/source", "an address or a path without white space is expected"));
        }
        let mut names = BTreeSet::new();
        for (at, endpoint) in self.endpoints.iter().enumerate() {
            let at = format!("/endpoints/{at}");
            if !names.insert(&endpoint.name) {
                problems.push(Problem::new(format!("{at}/name"), format!("`{}` stands twice", endpoint.name)));
            }
            problems.extend(endpoint.problems().into_iter().map(|problem| problem.under(&at)));
        }
        problems
    }
}

impl Endpoint {
    /// Whether it is told of an event.
    pub fn wants(&self, event: &Event) -> bool {
        let suites = event.data["suites"].as_array().map(Vec::as_slice).unwrap_or_default();
        let risk = event.data["risk"].as_str();
        self.events.iter().any(|pattern| matches(pattern, &event.kind))
            && (self.only.suites.is_empty()
                || suites.is_empty()
                || suites.iter().any(|suite| self.only.suites.iter().any(|of| suite == of)))
            && (self.only.risks.is_empty()
                || risk.is_none_or(|risk| self.only.risks.iter().any(|of| of.as_str() == risk)))
    }

    /// The address as it stands in the file.
    ///
    /// # Errors
    /// It is none.
    pub fn address(&self) -> Result<Url, String> {
        let url = Url::parse(&self.url).map_err(|error| error.to_string())?;
        match url.scheme() {
            "https" => Ok(url),
            "http" if is_loopback(&url) => Ok(url),
            "http" => Err("only `https` leaves this machine".into()),
            _ => Err("an `https` address is expected".into()),
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut say = |at: &str, message: String, help: &str| {
            let problem = Problem::new(at, message);
            problems.push(if help.is_empty() { problem } else { problem.help(help) });
        };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
        if self.name.is_empty()
            || self.name.len() > 60
            || !self.name.chars().all(plain)
            || self.name.starts_with(['_', '-'])
        {
            let help = "use lowercase letters, digits, `_` and `-`, such as `team-chat`";
            say("/name", format!("`{}` cannot be a name", self.name), help);
        }
        let secret_address = matches!(self.kind, Kind::Slack | Kind::Teams);
        match self.address() {
            Err(error) => say("/url", error, ""),
            Ok(url) if !url.username().is_empty() || url.password().is_some() || url.query().is_some() => {
                say("/url", "an address here has no user and no query".into(), "what is secret goes into `secret`");
            }
            Ok(url) if secret_address && url.path() != "/" => {
                let help = "the whole address goes into `secret`, such as `secret: {env: SLACK_WEBHOOK}`";
                say("/url", format!("`url` of {} names the host only", self.kind.as_str()), help);
            }
            Ok(_) => {}
        }
        match (&self.secret, self.kind) {
            (None, Kind::Mlflow) => {}
            (None, _) => {
                say("", format!("a `{}` needs a `secret`", self.kind.as_str()), "such as `secret: {env: NAME}`")
            }
            (Some(_), _) => {}
        }
        if self.previous_secret.is_some() && self.kind != Kind::Webhook {
            say("/previous_secret", "only a `webhook` has one".into(), "");
        }
        for (at, secret) in [("/secret", &self.secret), ("/previous_secret", &self.previous_secret)] {
            if let Some(SecretAt { env, file }) = secret
                && env.is_some() == file.is_some()
            {
                say(at, "either `env` or `file` says where it is".into(), "such as `secret: {env: NAME}`");
            }
        }
        if self.events.is_empty() {
            say("/events", "no event is named".into(), "such as `events: [\"release.*\", run.verdict]`");
        }
        for (i, pattern) in self.events.iter().enumerate() {
            if !KINDS.iter().any(|(kind, _)| matches(pattern, kind)) {
                let known = KINDS.map(|(kind, _)| kind);
                let help = match did_you_mean(pattern, known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known: {}", known.join(", ")),
                };
                say(&format!("/events/{i}"), format!("no event is `{pattern}`"), &help);
            }
        }
        let own = [("jira", Kind::Jira, self.jira.is_some()), ("linear", Kind::Linear, self.linear.is_some())];
        for (key, kind, there) in own.into_iter().chain([("mlflow", Kind::Mlflow, self.mlflow.is_some())]) {
            match (self.kind == kind, there) {
                (true, false) => say("", format!("`{key}` is missing"), "it says where this kind puts things"),
                (false, true) => say(&format!("/{key}"), format!("this endpoint is a `{}`", self.kind.as_str()), ""),
                _ => {}
            }
        }
        if let Some(jira) = &self.jira {
            if jira.project.is_empty() || !jira.project.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                say("/jira/project", "the key of a project is expected, such as `OPS`".into(), "");
            }
            for (i, label) in jira.labels.iter().enumerate() {
                if label.is_empty() || label.len() > 255 || label.contains(char::is_whitespace) {
                    say(&format!("/jira/labels/{i}"), "a label has no white space, and 1 to 255 characters".into(), "");
                }
            }
        }
        if self.mlflow.as_ref().is_some_and(|of| of.alias == of.candidate) {
            say("/mlflow/alias", "`alias` and `candidate` are two".into(), "");
        }
        problems
    }
}

impl SecretAt {
    /// The secret; `folder` is that of `notify.yaml`.
    ///
    /// # Errors
    /// It is not there; says where it was looked for.
    pub fn read(&self, folder: &Path) -> Result<String, String> {
        let text = match (&self.env, &self.file) {
            (Some(name), _) => {
                std::env::var(name).map_err(|_| format!("the environment variable `{name}` is not set"))?
            }
            (None, Some(file)) => {
                let path = folder.join(file);
                std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?
            }
            (None, None) => return Err("nothing says where the secret is".into()),
        };
        match text.trim() {
            "" => Err("the secret is empty".into()),
            text => Ok(text.to_owned()),
        }
    }
}

/// Whether a pattern names a kind of event; `*` stands for any characters.
fn matches(pattern: &str, kind: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == kind,
        Some((before, after)) => kind.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| matches(after, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const GOOD: &str = "endpoints:\n  - name: hook\n    kind: webhook\n    url: https://hooks.example.org/assay\n    secret: {env: HOOK}\n    events: [\"release.*\"]\n";

    fn read(text: &str) -> Result<Notify, String> {
        Notify::from_text(text, Path::new("notify.yaml")).map_err(|diagnostics| diagnostics.plain())
    }

    #[test]
    fn what_is_wrong_is_said_at_its_place() {
        assert!(read(GOOD).is_ok());
        for (from, to, place, what) in [
            ("release.*", "releases.shipped", "6:14", "did you mean `release.shipped`"),
            ("https://hooks", "http://hooks", "4:5", "only `https` leaves this machine"),
            ("https://hooks.", "https://me:pw@hooks.", "4:5", "no user and no query"),
            ("/assay", "/assay?key=1", "4:5", "no user and no query"),
            ("{env: HOOK}", "whsec_abc", "5:5", ""),
            ("{env: HOOK}", "{}", "5:5", "either `env` or `file`"),
            ("kind: webhook", "kind: slack", "4:5", "names the host only"),
            ("kind: webhook", "kind: jira", "2:5", "`jira` is missing"),
            ("name: hook", "name: My hook", "2:5", "cannot be a name"),
            ("events:", "eventz:", "", "eventz"),
            ("endpoints:", "retry: {attempts: 0}\nendpoints:", "1:9", "from 1 to 100"),
        ] {
            let error = read(&GOOD.replace(from, to)).unwrap_err();
            assert!(error.contains(what) && error.contains(&format!("notify.yaml:{place}")), "{to}: {error}");
        }
    }

    #[test]
    fn the_schema_takes_what_is_valid_and_refuses_unknown_keys() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let value = |text: &str| Source::parse(Path::new("notify.yaml"), text.to_owned()).unwrap().0;
        assert!(validator.is_valid(&value(GOOD)));
        assert!(!validator.is_valid(&value(&GOOD.replace("secret:", "password:"))));
    }

    #[test]
    fn patterns_and_filters_choose_events() {
        let event = |kind: &str, data| Event {
            id: "x".into(),
            seq: 1,
            kind: kind.into(),
            subject: "release/1".into(),
            at_us: 0,
            data,
        };
        let mut endpoint = read(GOOD).unwrap().endpoints.remove(0);
        assert!(endpoint.wants(&event("release.shipped", json!({}))));
        assert!(!endpoint.wants(&event("run.sealed", json!({}))));
        endpoint.events = vec!["*.s*d".into()];
        assert!(endpoint.wants(&event("run.sealed", json!({}))) && !endpoint.wants(&event("baseline.set", json!({}))));
        endpoint.only = Only { suites: vec!["bot".into()], risks: vec![Risk::High] };
        assert!(endpoint.wants(&event("run.sealed", json!({"suites": ["a", "bot"]}))));
        assert!(!endpoint.wants(&event("run.sealed", json!({"suites": ["a"]}))));
        assert!(endpoint.wants(&event("release.shipped", json!({"suites": ["bot"], "risk": "high"}))));
        assert!(!endpoint.wants(&event("release.shipped", json!({"suites": ["bot"], "risk": "low"}))));
    }

    #[test]
    fn waits_grow_to_a_cap_and_differ_by_chance() {
        let retry = Retry::default();
        let waits: Vec<f64> = (1..=12).map(|attempt| retry.wait_us(attempt, "a", "b") as f64 / 1e6).collect();
        for (at, wait) in waits.iter().enumerate() {
            let whole = (5.0 * 4f64.powi(at as i32)).min(21_600.0);
            assert!((whole / 2.0..=whole).contains(wait), "{waits:?}");
        }
        assert_ne!(retry.wait_us(3, "a", "b"), retry.wait_us(3, "c", "b"));
    }
}
