//! Evidence packs: built, and checked.

use std::io::Read;

use assay_core::Digest;
use assay_evidence::keys::PublicKey;
use assay_home::evidence::verified;
use assay_home::{Against, audit};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::IntoResponse;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Problem;
use crate::access::Access;
use crate::body::{Data, File, Raw};
use crate::endpoint::{Call, Endpoint, ask, change, get};

/// The largest pack that is checked, in bytes: some million trials.
const MOST: u64 = 512 << 20;

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    vec![
        get("/api/v1/evidence/key", Access::Read, "evidenceKey", "The public key of what this server signs", key),
        // What goes out is on record, although nothing here changes.
        change(
            Method::GET,
            "/api/v1/runs/{run}/evidence",
            Access::Evidence,
            ("buildEvidence", "evidence build"),
            "A complete run with everything that its verdict rests on, signed",
            build,
        )
        .files(&["application/x-tar"]),
        ask(
            "/api/v1/evidence/verify",
            Access::Evidence,
            "verifyEvidence",
            "Check a pack: signature, rows, and the verdict computed anew",
            check,
        ),
    ]
}

/// A public key.
#[derive(Serialize, JsonSchema)]
pub struct Key {
    /// Its id, as packs name it.
    id: String,
    /// The key as a PEM file: who has it can check packs without this server.
    pem: String,
}

async fn key(call: Call) -> Result<Data<Option<Key>>, Problem> {
    let key = call.app.signer.as_ref().map(|signer| signer.public());
    Ok(Data(key.map(|key| Key { id: key.id(), pem: key.to_pem() })))
}

/// What goes into a pack.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildQuery {
    /// What the run is compared with; the baseline `main` by default.
    against: Option<String>,
    /// Whether what people and models wrote goes with it; else commitments to it alone.
    #[serde(default = "yes")]
    content: bool,
}

const fn yes() -> bool {
    true
}

async fn build(call: Call<BuildQuery>) -> Result<Raw, Problem> {
    let Some(signer) = &call.app.signer else {
        return Err(Problem::conflict(
            "this server has no key to sign with: start it with `--key FILE`, or with the key's text in ASSAY_SIGNING_KEY",
        ));
    };
    let home = call.app.home();
    let found = home.find(call.part("run")).await?;
    let name = format!("{}-{}.assay-evidence", found.0.record.suite, found.0.record.id.short());
    let _place = call.app.heavy.acquire().await.map_err(Problem::internal)?;
    let packed = home.pack(found, &Against::said(call.query.against), call.query.content, signer.as_ref()).await?;
    audit::note("pack", Digest::of_bytes(&packed.bytes).to_string());
    let name: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')).collect();
    let mut response = (StatusCode::OK, [(header::CONTENT_TYPE, "application/x-tar")], packed.bytes).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(Raw(response))
}

/// With which key.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckQuery {
    /// The public key as a PEM file, or the base64 text in it; this server's own by default.
    key: Option<String>,
}

async fn check(call: Call<CheckQuery, File>) -> Result<Data<Value>, Problem> {
    let key = match &call.query.key {
        Some(text) if text.contains("-----") => PublicKey::from_pem(text),
        Some(text) => {
            // A plus that became a space on its way is one again.
            let text = text.trim().replace(' ', "+");
            PublicKey::from_pem(&format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n"))
        }
        None => match &call.app.signer {
            Some(signer) => Ok(signer.public()),
            None => return Err(Problem::usage("this server has no key of its own: say with which one, by `?key=`")),
        },
    };
    let key = key.map_err(|error| Problem::usage(format!("the key: {error}")))?;
    // In memory a pack is only for as long as it is checked, and few are at once.
    let mut pack = call.body.spooled(MOST, ": `assay evidence verify` takes it").await?;
    let place = call.app.heavy.clone().acquire_owned().await.map_err(Problem::internal)?;
    let checking = tokio::task::spawn_blocking(move || {
        let _place = place;
        let mut bytes = Vec::new();
        pack.read_to_end(&mut bytes).map_err(Problem::internal)?;
        verified(&bytes, &[key]).map_err(|error| Problem::usage(error.to_string()))
    });
    Ok(Data(checking.await.map_err(Problem::internal)??))
}
