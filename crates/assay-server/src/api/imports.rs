//! Files as versions of datasets: they come as the body, and are read as the commands read them.

use std::collections::BTreeMap;
use std::fs::File as Scratch;
use std::path::Path;

use assay_core::{Digest, RunId, SliceExpr};
use assay_datasets::declare::Fields;
use assay_datasets::library::QUARANTINE;
use assay_datasets::tools::Tool;
use assay_datasets::{DatasetDecl, Format};
use assay_home::imports::{self, Arrived, Imported, Incoming, file_name, names};
use assay_home::redaction::{self, Redaction};
use assay_home::{audit, waiting};
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::dataset_cases::note;
use crate::Problem;
use crate::access::Access;
use crate::app::App;
use crate::body::{Data, File};
use crate::endpoint::{Call, Endpoint, change};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    vec![change(
        Method::POST,
        "/api/v1/datasets/{dataset}/import",
        Access::Work,
        ("importDataset", "dataset import"),
        "Make a file the newest version of a dataset, and what a tool recorded a run; a file with a fault leaves nothing",
        import,
    )]
}

/// The most bytes of a file.
const MOST: u64 = 256 << 20;
/// The most bytes of a file of a format that is read whole: what it becomes in memory is many times larger.
const MOST_WHOLE: u64 = 16 << 20;

/// What is taken out on the way in.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Redact {
    /// All personal data and secrets that are found.
    Default,
}

/// What a file is, and what becomes of it. Of `id` to `limit` everything is for tables and lines: a tool's own format says what
/// is what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportQuery {
    /// The file's own name. Its ending says the format.
    file: String,
    /// `table`, which is the default: a table, lines or a document of cases; `auto`: what a tool wrote, known by its content; or
    /// the tool, as `assay dataset import --from` takes it.
    tool: Option<String>,
    /// The format, where the ending does not say it: `jsonl`, `csv`, `tsv`, `parquet`, `arrow`, `xlsx`, `yaml`, `json` or `text`.
    format: Option<String>,
    /// The column of ids. Without one, cases get an id from their content.
    id: Option<String>,
    /// Columns that are inputs, with commas between them, as `question` or `question=path.in.the.row`; by default all that
    /// nothing else claims.
    input: Option<String>,
    /// The column of what counts as right.
    expected: Option<String>,
    /// The column of reference contexts.
    contexts: Option<String>,
    /// The column whose cases are not independent.
    cluster: Option<String>,
    /// The column of design weights.
    weight: Option<String>,
    /// The column that marks cases which must not fail.
    critical: Option<String>,
    /// Columns that slices are made of, with commas between them.
    metadata: Option<String>,
    /// Columns of recorded outputs, with commas between them.
    outputs: Option<String>,
    /// Only cases of this slice.
    #[serde(rename = "where")]
    filter: Option<SliceExpr>,
    /// At most this many cases.
    limit: Option<u64>,
    /// Take personal data and secrets out: what was found never reaches the library.
    redact: Option<Redact>,
    /// Make no run of what a tool recorded.
    #[serde(default)]
    cases_only: bool,
    /// A tag for the version.
    tag: Option<String>,
    /// A note for the record.
    note: Option<String>,
}

/// How a file is read.
enum Reading {
    /// As a table, lines or a document of cases.
    Table(Box<DatasetDecl>),
    /// As what a tool wrote; the content says which one where none is named.
    OfTool(Option<Tool>),
}

/// Columns with commas between them.
fn columns(list: Option<&str>) -> Vec<String> {
    let columns = list.unwrap_or_default().split(',').map(str::trim).filter(|column| !column.is_empty());
    columns.map(str::to_owned).collect()
}

/// The most bytes of a file that is read so, and what to do with a larger one.
fn most(name: &str, reading: &Reading) -> (u64, &'static str) {
    let of_name = || Format::of(Path::new(name));
    let (format, table) = match reading {
        Reading::Table(declared) => (declared.format.or_else(of_name), true),
        Reading::OfTool(_) => (of_name(), false),
    };
    let whole = match format {
        Some(Format::Yaml | Format::Text | Format::Xlsx) => true,
        // Importers of tools read JSON as it comes.
        Some(Format::Json) => table,
        _ => false,
    };
    match whole {
        true => (MOST_WHOLE, ", and this format is read whole: save it as JSON lines, CSV or Parquet"),
        false => (MOST, ": send it in parts, or use `assay dataset add` where the server runs"),
    }
}

impl ImportQuery {
    fn reading(&self) -> Result<Reading, Problem> {
        let fields = Fields {
            id: self.id.clone(),
            input: names(&columns(self.input.as_deref())),
            expected: self.expected.clone(),
            contexts: self.contexts.clone(),
            cluster: self.cluster.clone(),
            weight: self.weight.clone(),
            critical: self.critical.clone(),
            metadata: names(&columns(self.metadata.as_deref())),
            outputs: names(&columns(self.outputs.as_deref())),
        };
        let declared = DatasetDecl {
            format: self.format.as_deref().map(imports::format).transpose()?,
            fields,
            filter: self.filter.clone(),
            limit: self.limit,
            ..DatasetDecl::default()
        };
        let tool = match self.tool.as_deref() {
            None | Some("table") => return Ok(Reading::Table(Box::new(declared))),
            Some("auto") => None,
            Some(word) => Some(word.parse::<Tool>().map_err(|error| Problem::usage(error + "; or `auto`, `table`"))?),
        };
        match declared == DatasetDecl::default() {
            true => Ok(Reading::OfTool(tool)),
            false => Err(Problem::usage(
                "`format`, columns, `where` and `limit` are for tables: a tool's own format says what is what",
            )),
        }
    }
}

/// What could not be kept.
#[derive(Serialize, JsonSchema)]
pub struct LostItem {
    /// What.
    what: String,
    /// Where it stands.
    #[serde(rename = "where")]
    place: String,
    /// How often.
    count: u64,
}

/// What became of a file.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Imported")]
pub struct ImportedFile {
    /// The dataset.
    dataset: String,
    /// The number of the version that holds its cases.
    number: u64,
    /// Its digest.
    version: Digest,
    /// Its cases.
    cases: u64,
    /// Whether it is a new version; the newest one held just these cases otherwise.
    new: bool,
    /// Bytes that were new on disk: earlier versions share theirs.
    new_bytes: u64,
    /// Cases that got an id from their content, as the file has none.
    named: u64,
    /// The tool that wrote the file, with its version; none of a table.
    tool: Option<String>,
    /// The run of what the tool recorded.
    run: Option<RunId>,
    /// Answers in that run.
    answers: u64,
    /// Answers that it does not hold: to cases that are revoked, expired or sealed.
    left_out: u64,
    /// What could not be kept.
    lost: Vec<LostItem>,
    /// How often each kind of personal data or secret was found, where it was looked for.
    found: Option<BTreeMap<String, u64>>,
}

async fn import(call: Call<ImportQuery, File>) -> Result<Data<ImportedFile>, Problem> {
    let (app, query, by) = (call.app.clone(), call.query, call.who.name.clone());
    let dataset = call.path.get("dataset").cloned().unwrap_or_default();
    if dataset.ends_with(QUARANTINE) {
        return Err(Problem::usage(
            "cases that wait are taken over, not imported: name the dataset that they wait for",
        ));
    }
    let name =
        file_name(&query.file).ok_or_else(|| Problem::usage("`file` is a file's own name, such as cases.csv"))?;
    let reading = query.reading()?;
    let (most, instead) = most(&name, &reading);
    let message = note(query.note)?;
    // A folder of its own: nothing that the file names is beside it.
    let scratch = waiting(|| tempfile::Builder::new().prefix("assay-import-").tempdir()).map_err(Problem::internal)?;
    let file = waiting(|| Scratch::create_new(scratch.path().join(&name))).map_err(Problem::internal)?;
    drop(call.body.written(file, most, instead).await?);
    let here = app.clone();
    let made = app.heavy(move || {
        let redaction = match query.redact {
            None => None,
            Some(Redact::Default) => Some(Redaction::new(redaction::DEFAULT, redaction::KEY, true)?),
        };
        let incoming = Incoming {
            dataset: &dataset,
            by: &by,
            base: scratch.path(),
            path: Path::new(&name),
            redaction,
            tag: query.tag,
            note: message,
        };
        read(&here, incoming, reading, !query.cases_only)
    });
    let made = made.await?;
    audit::note("version", made.version.to_string());
    if let Some(run) = made.run {
        audit::note("run", run.to_string());
    }
    Ok(Data(made))
}

/// Reads a file, beside the requests.
fn read(app: &App, incoming: Incoming<'_>, reading: Reading, answers: bool) -> Result<ImportedFile, Problem> {
    let (library, dataset) = (app.home().library(), incoming.dataset.to_owned());
    let item = |arrived: Arrived| ImportedFile {
        dataset,
        number: arrived.record.number,
        version: arrived.record.version,
        cases: arrived.cases,
        new: arrived.new,
        new_bytes: arrived.new_bytes,
        named: arrived.named,
        tool: None,
        run: None,
        answers: 0,
        left_out: 0,
        lost: Vec::new(),
        found: arrived.redaction.map(|redaction| {
            let mut kinds = BTreeMap::new();
            redaction.found.iter().for_each(|((kind, _), n)| *kinds.entry(kind.clone()).or_default() += n);
            kinds
        }),
    };
    let tool = match reading {
        Reading::Table(declared) => return Ok(item(imports::table(&library, incoming, *declared)?)),
        Reading::OfTool(tool) => tool,
    };
    let Imported { arrived, report, tool, answers } = imports::of_tool(&library, incoming, tool, answers)?;
    let lost = report.lost.into_iter().map(|of| LostItem { what: of.what, place: of.where_, count: of.count });
    let mut made = ImportedFile { tool: Some(tool), lost: lost.collect(), ..item(arrived) };
    if let Some(answers) = answers {
        let count = answers.count();
        let (run, _, left_out) = Handle::current().block_on(answers.run(app.home()))?;
        (made.run, made.answers, made.left_out) = (Some(run.id), count - left_out, left_out);
    }
    Ok(made)
}
