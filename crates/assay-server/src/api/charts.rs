//! Saved charts and dashboards. Their SQL is text here: it is only ever asked through `POST /api/v1/query`.

use assay_engine::execute::now_us;
use assay_home::audit;
use assay_store::charts::{Changed, Drawing, Kept, Kind, Saved};
use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::Access;
use crate::app::App;
use crate::body::{Data, Done};
use crate::endpoint::{Call, Endpoint, Nothing, change, get};
use crate::{Problem, login};

/// The endpoints of this file.
pub fn endpoints() -> Vec<Endpoint> {
    let (look, work) = (Access::Read, Access::Work);
    let (chart, dashboard) = ("/api/v1/charts/{chart}", "/api/v1/dashboards/{dashboard}");
    let (post, put, delete) = (Method::POST, Method::PUT, Method::DELETE);
    vec![
        get("/api/v1/charts", look, "charts", "Saved charts, by name", charts),
        get(chart, look, "chart", "A saved chart", one_chart),
        change(post.clone(), "/api/v1/charts", work, ("addChart", "chart add"), "Save a chart", add_chart),
        change(put.clone(), chart, work, ("changeChart", "chart change"), "Change a chart", change_chart),
        change(delete.clone(), chart, work, ("removeChart", "chart rm"), "Remove a chart", remove_chart),
        get("/api/v1/dashboards", look, "dashboards", "Dashboards, by name", dashboards),
        get(dashboard, look, "dashboard", "A dashboard with its charts", one_dashboard),
        change(
            post,
            "/api/v1/dashboards",
            work,
            ("addDashboard", "dashboard add"),
            "Put charts on a new dashboard",
            add_dashboard,
        ),
        change(put, dashboard, work, ("changeDashboard", "dashboard change"), "Change a dashboard", change_dashboard),
        change(
            delete,
            dashboard,
            work,
            ("removeDashboard", "dashboard rm"),
            "Remove a dashboard; its charts stay",
            remove_dashboard,
        ),
    ]
}

/// The longest name, in characters.
const LONGEST_NAME: usize = 200;
/// The longest query, in characters.
const LONGEST_SQL: usize = 20_000;
/// Charts, and dashboards, of a workspace.
const MOST: u32 = 2_000;
/// Charts on a dashboard.
const MOST_CHARTS: usize = 50;

/// A saved chart.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Chart {
    id: String,
    name: String,
    sql: String,
    kind: Kind,
    /// The column along the bottom.
    x: Option<String>,
    /// The column of heights.
    y: Option<String>,
    /// The column that tells series apart.
    colour: Option<String>,
    /// Who changed it last.
    by: String,
    created_us: i64,
    changed_us: i64,
    /// Named by whoever changes it.
    version: i64,
}

impl From<Saved<Drawing>> for Chart {
    fn from(of: Saved<Drawing>) -> Self {
        let Drawing { sql, kind, x, y, colour } = of.what;
        Self {
            id: of.id,
            name: of.name,
            sql,
            kind,
            x,
            y,
            colour,
            by: of.by,
            created_us: of.created_us,
            changed_us: of.changed_us,
            version: of.version,
        }
    }
}

/// A chart to save.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChartBody {
    name: String,
    /// One query; it is asked when the chart is looked at.
    sql: String,
    kind: Kind,
    /// The column along the bottom.
    x: Option<String>,
    /// The column of heights.
    y: Option<String>,
    /// The column that tells series apart.
    colour: Option<String>,
    /// The version that is changed; not for a new one.
    version: Option<i64>,
}

fn text(what: &str, text: &str, most: usize) -> Result<String, Problem> {
    let text = text.trim();
    match text.is_empty() || text.chars().count() > most {
        true => Err(Problem::usage(format!("`{what}` has 1 to {most} characters"))),
        false => Ok(text.to_owned()),
    }
}

impl ChartBody {
    fn checked(self) -> Result<(String, Drawing, Option<i64>), Problem> {
        let column = |what: &str, of: Option<String>| of.map(|of| text(what, &of, LONGEST_NAME)).transpose();
        let drawing = Drawing {
            sql: text("sql", &self.sql, LONGEST_SQL)?,
            kind: self.kind,
            x: column("x", self.x)?,
            y: column("y", self.y)?,
            colour: column("colour", self.colour)?,
        };
        if self.kind != Kind::Table && (drawing.x.is_none() || drawing.y.is_none()) {
            return Err(Problem::usage("what is not a table needs the columns `x` and `y`"));
        }
        Ok((text("name", &self.name, LONGEST_NAME)?, drawing, self.version))
    }
}

async fn all<T: Kept, A: From<Saved<T>>>(app: &App) -> Result<Vec<A>, Problem> {
    Ok(app.home().state.all_saved(None).await?.into_iter().map(A::from).collect())
}

async fn one<T: Kept, A: From<Saved<T>>>(app: &App, id: &str) -> Result<A, Problem> {
    match app.home().state.all_saved(Some(id)).await?.pop() {
        Some(saved) => Ok(saved.into()),
        None => Err(missing()),
    }
}

fn missing() -> Problem {
    Problem::not_found("nothing is saved under that id")
}

async fn add<T: Kept>(app: &App, by: String, name: String, what: T) -> Result<Saved<T>, Problem> {
    let now = now_us();
    let saved = Saved { id: login::id(), name, what, by, created_us: now, changed_us: now, version: 1 };
    audit::note("id", &saved.id);
    match app.home().state.save(&saved, MOST).await? {
        true => Ok(saved),
        false => Err(Problem::conflict(format!("{MOST} are saved already: remove some"))),
    }
}

fn became(changed: Changed) -> Result<(), Problem> {
    match changed {
        Changed::Done => Ok(()),
        Changed::Missing => Err(missing()),
        Changed::Stale => Err(Problem::conflict("somebody changed it meanwhile: look at it again")),
    }
}

async fn put<T: Kept>(
    app: &App,
    by: String,
    id: &str,
    (name, what, version): (String, T, Option<i64>),
) -> Result<(), Problem> {
    let Some(version) = version else {
        return Err(Problem::usage("say which `version` you change, so that nobody's work is overwritten"));
    };
    let saved = Saved { id: id.to_owned(), name, what, by, created_us: 0, changed_us: now_us(), version };
    became(app.home().state.change_saved(&saved).await?)
}

async fn charts(call: Call) -> Result<Data<Vec<Chart>>, Problem> {
    Ok(Data(all(&call.app).await?))
}

async fn one_chart(call: Call) -> Result<Data<Chart>, Problem> {
    Ok(Data(one(&call.app, call.part("chart")).await?))
}

async fn add_chart(call: Call<Nothing, Data<ChartBody>>) -> Result<Data<Chart>, Problem> {
    let (name, drawing, _) = call.body.0.checked()?;
    Ok(Data(add(&call.app, call.who.name, name, drawing).await?.into()))
}

async fn change_chart(call: Call<Nothing, Data<ChartBody>>) -> Result<Data<Chart>, Problem> {
    let id = call.part("chart").to_owned();
    let changed = call.body.0.checked()?;
    put(&call.app, call.who.name, &id, changed).await?;
    Ok(Data(one(&call.app, &id).await?))
}

/// Which version is removed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveQuery {
    /// Only if it still has this version.
    version: Option<i64>,
}

async fn remove_chart(call: Call<RemoveQuery, ()>) -> Result<Done, Problem> {
    became(call.app.home().state.remove_saved::<Drawing>(call.part("chart"), call.query.version).await?)?;
    Ok(Done)
}

/// Charts beside each other.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Dashboard {
    id: String,
    name: String,
    /// The ids of its charts, in order.
    charts: Vec<String>,
    /// Who changed it last.
    by: String,
    created_us: i64,
    changed_us: i64,
    /// Named by whoever changes it.
    version: i64,
}

impl From<Saved<Vec<String>>> for Dashboard {
    fn from(of: Saved<Vec<String>>) -> Self {
        Self {
            id: of.id,
            name: of.name,
            charts: of.what,
            by: of.by,
            created_us: of.created_us,
            changed_us: of.changed_us,
            version: of.version,
        }
    }
}

/// A dashboard to save.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DashboardBody {
    name: String,
    /// The ids of charts, in order; at most 50.
    #[serde(default)]
    charts: Vec<String>,
    /// The version that is changed; not for a new one.
    version: Option<i64>,
}

async fn checked(app: &App, body: DashboardBody) -> Result<(String, Vec<String>, Option<i64>), Problem> {
    let name = text("name", &body.name, LONGEST_NAME)?;
    if body.charts.len() > MOST_CHARTS {
        return Err(Problem::usage(format!("a dashboard has at most {MOST_CHARTS} charts")));
    }
    let known: Vec<Chart> = all(app).await?;
    if let Some(unknown) = body.charts.iter().find(|id| !known.iter().any(|chart| chart.id == **id)) {
        return Err(Problem::usage(format!("there is no chart `{unknown}`")));
    }
    Ok((name, body.charts, body.version))
}

async fn dashboards(call: Call) -> Result<Data<Vec<Dashboard>>, Problem> {
    Ok(Data(all(&call.app).await?))
}

/// A dashboard with its charts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DashboardView {
    dashboard: Dashboard,
    /// In its order.
    charts: Vec<Chart>,
}

async fn one_dashboard(call: Call) -> Result<Data<DashboardView>, Problem> {
    let dashboard: Dashboard = one(&call.app, call.part("dashboard")).await?;
    let mut known: Vec<Chart> = all(&call.app).await?;
    known.retain(|chart| dashboard.charts.contains(&chart.id));
    known.sort_by_key(|chart| dashboard.charts.iter().position(|id| *id == chart.id));
    Ok(Data(DashboardView { dashboard, charts: known }))
}

async fn add_dashboard(call: Call<Nothing, Data<DashboardBody>>) -> Result<Data<Dashboard>, Problem> {
    let (name, charts, _) = checked(&call.app, call.body.0).await?;
    Ok(Data(add(&call.app, call.who.name, name, charts).await?.into()))
}

async fn change_dashboard(call: Call<Nothing, Data<DashboardBody>>) -> Result<Data<Dashboard>, Problem> {
    let id = call.part("dashboard").to_owned();
    let changed = checked(&call.app, call.body.0).await?;
    put(&call.app, call.who.name, &id, changed).await?;
    Ok(Data(one(&call.app, &id).await?))
}

async fn remove_dashboard(call: Call<RemoveQuery, ()>) -> Result<Done, Problem> {
    became(call.app.home().state.remove_saved::<Vec<String>>(call.part("dashboard"), call.query.version).await?)?;
    Ok(Done)
}
