//! A judge is calibrated: labels come, or those that are there are read again.

use assay_core::Drawn;
use assay_home::calibration::{self, Asked, LabelFile};
use assay_home::{audit, imports, usage};
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::judges::{self, JudgeView};
use crate::Problem;
use crate::access::Access;
use crate::body::Data;
use crate::endpoint::{Call, Endpoint, Nothing, change};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    vec![change(
        Method::POST,
        "/api/v1/judges/{judge}/calibrate",
        Access::Work,
        ("calibrateJudge", "judge calibrate"),
        "Compare a judge with labels by people; faulty labels are told by line, and none is stored then",
        calibrate,
    )]
}

/// A file of labels.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelsText {
    /// Its name: `.csv` is CSV, everything else JSON lines.
    name: String,
    /// What is in it.
    text: String,
}

/// How a judge is calibrated. Without labels and project, the labels that are stored count.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalibrateBody {
    /// A file of labels.
    labels: Option<LabelsText>,
    /// A project of human review, whose raters' labels are taken.
    project: Option<String>,
    /// The question of the project, where it has several.
    question: Option<String>,
    /// The criterion that labels are stored under; of a project its question, else what the last certificate used, else the
    /// judge's name.
    criterion: Option<String>,
    /// Labels that mean a pass; others mean a fail.
    #[serde(default)]
    positive: Vec<String>,
    /// The least and the largest of the labels' own scale, where it is not the judge's.
    scale: Option<(f64, f64)>,
    /// How the labelled items were chosen, where the lines do not say.
    drawn: Option<Drawn>,
    /// Take the new label where one of the same item and rater says something else.
    #[serde(default)]
    replace: bool,
    /// Leave out labels of cases and items that no run has.
    #[serde(default)]
    skip_unknown: bool,
    /// Take a file although more than a tenth of its lines have no label yet.
    #[serde(default)]
    unfinished: bool,
    /// Confidence of the intervals; the strictest of the suites' gates by default.
    confidence: Option<f64>,
    /// The margin of the differences that it is to decide; that of the suite's gate by default, else 0.05.
    margin: Option<f64>,
}

/// What became of labels that were handed over.
#[derive(Serialize, JsonSchema)]
pub struct AddedLabels {
    /// Labels that are new.
    new: u64,
    /// Labels that were there, saying the same.
    same: u64,
    /// Labels that replaced one that said something else.
    replaced: u64,
}

/// A judge that was calibrated.
#[derive(Serialize, JsonSchema)]
pub struct Calibrated {
    /// The judge as it is now.
    judge: JudgeView,
    /// What happened on the way.
    notes: Vec<String>,
    /// What became of the labels.
    added: AddedLabels,
}

async fn calibrate(call: Call<Nothing, Data<CalibrateBody>>) -> Result<Data<Calibrated>, Problem> {
    let app = &call.app;
    let scorer = judges::scorer(app, call.part("judge")).await?;
    let body = call.body.0;
    let mut criterion = body.criterion;
    let labels = match (body.labels, body.project) {
        (Some(_), Some(_)) => {
            return Err(Problem::usage("labels come from `labels` or from a `project`, not from both"));
        }
        (Some(LabelsText { name, text }), None) => {
            let name = imports::file_name(&name).ok_or_else(|| Problem::usage("`labels` needs a file's `name`"))?;
            Some(LabelFile::of_text(name, &text).map_err(told)?)
        }
        (None, Some(project)) => {
            audit::note("project", &project);
            let question = body.question.as_deref();
            let (file, question) = LabelFile::of_project(&app.review, &project, question).await.map_err(told)?;
            criterion.get_or_insert(question);
            Some(file)
        }
        (None, None) => None,
    };
    if body.scale.is_some_and(|(least, largest)| !(least < largest && least.is_finite() && largest.is_finite())) {
        return Err(told(usage("`scale` is the least and the largest label, such as [1, 5]".to_owned())));
    }
    let asked = Asked {
        criterion,
        drawn: body.drawn,
        positive: body.positive,
        scale: body.scale,
        replace: body.replace,
        skip_unknown: body.skip_unknown,
        unfinished: body.unfinished,
        margin: body.margin,
        confidence: body.confidence,
        ..Asked::default()
    };
    let place = app.heavy.acquire().await.map_err(Problem::internal)?;
    let fingerprint = scorer.fingerprint;
    let made = calibration::calibrate(app.home(), scorer, labels, &asked).await.map_err(told)?;
    drop(place);
    let (notes, added) = (made.notes, made.added);
    Ok(Data(Calibrated {
        judge: judges::view(app, &fingerprint.to_string()).await?,
        notes,
        added: AddedLabels { new: added.new, same: added.same, replaced: added.replaced },
    }))
}

/// Options of the command as the fields that they are here.
const FIELDS: [(&str, &str); 9] = [
    ("`--labels FILE`", "`labels`"),
    ("`--next FILE`", "`assay judge calibrate --next FILE`"),
    ("`--positive WORD`", "`positive`"),
    ("`--scale MIN..MAX`", "`scale`"),
    ("`--replace`", "`replace`"),
    ("`--unfinished`", "`unfinished`"),
    ("`--criterion`", "`criterion`"),
    ("--confidence and --epsilon lie", "`confidence` lies"),
    ("--margin", "`margin`"),
];

/// What is wrong, in the words of the body.
fn told(error: assay_home::Failure) -> Problem {
    let mut problem = Problem::from(error);
    for (option, field) in FIELDS {
        problem.detail = problem.detail.replace(option, field);
    }
    problem
}
