"""Every endpoint of the server's API that is for programs, one method each.

Written by `scripts/models.py` from the server's OpenAPI document; not changed by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.client._transport import Answer, Body, Transport, new_key, quote

if TYPE_CHECKING:
    from collections.abc import Iterator

    from assay.client import models


class Operations:
    """The API as it is: a method for each endpoint, `…_page` for one page of a list."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def health(self) -> models.Health:
        """Whether the process answers.

        ``GET /healthz``, for anybody.
        """
        return self._transport.json("GET", "/healthz", repeat=True)

    def ready(self) -> models.Health:
        """Whether the workspace can be read.

        ``GET /readyz``, for anybody.
        """
        return self._transport.json("GET", "/readyz", repeat=True)

    def metrics(self) -> Answer:
        """Counts of this process (OpenMetrics).

        ``GET /metrics``, for anybody.

        The answer is a stream of application/openmetrics-text; use it in a `with` statement.
        """
        return self._transport.stream("GET", "/metrics", repeat=True)

    def openapi(self) -> Any:
        """This document.

        ``GET /api/v1/openapi.json``, for anybody.
        """
        return self._transport.json("GET", "/api/v1/openapi.json", repeat=True)

    def session(self) -> models.Session:
        """Who is logged in.

        ``GET /api/v1/session``, for anybody.
        """
        return self._transport.json("GET", "/api/v1/session", repeat=True)

    def overview(self) -> models.Overview:
        """Suites, what moved, spending and what needs somebody.

        ``GET /api/v1/overview``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", "/api/v1/overview", repeat=True)

    def suites(self) -> list[models.SuiteItem]:
        """Suites that were run.

        ``GET /api/v1/suites``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", "/api/v1/suites", repeat=True)

    def runs_page(
        self,
        *,
        suite: str | None = None,
        label: str | None = None,
        status: models.RunStatus | None = None,
        search: str | None = None,
        limit: models.Limit | None = None,
        cursor: str | None = None,
    ) -> models.Page:
        """Runs, newest first.

        ``GET /api/v1/runs``, for viewer, engineer, approver, auditor, admin.

        One page.
        """
        return self._transport.json(
            "GET",
            "/api/v1/runs",
            query={
                "suite": suite,
                "label": label,
                "status": status,
                "search": search,
                "limit": limit,
                "cursor": cursor,
            },
            repeat=True,
        )

    def runs(
        self,
        *,
        suite: str | None = None,
        label: str | None = None,
        status: models.RunStatus | None = None,
        search: str | None = None,
        limit: models.Limit | None = None,
    ) -> Iterator[models.RunItem]:
        """Runs, newest first.

        ``GET /api/v1/runs``, for viewer, engineer, approver, auditor, admin.

        All of them, asked for page by page; `limit` is the size of a page.
        """
        return self._transport.pages(
            "GET",
            "/api/v1/runs",
            query={"suite": suite, "label": label, "status": status, "search": search, "limit": limit},
            repeat=True,
        )

    def get_run(self, run: str | int) -> models.Run:
        """A run: what it is made of, and how it is repeated.

        ``GET /api/v1/runs/{run}``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", f"/api/v1/runs/{quote(run)}", repeat=True)

    def begin_push(self, run: str | int, body: models.RunRecord) -> None:
        """Begin to record a run that was executed elsewhere.

        ``PUT /api/v1/runs/{run}``, for engineer.
        """
        self._transport.done("PUT", f"/api/v1/runs/{quote(run)}", json=body, repeat=False)

    def run_summary(
        self, run: str | int, *, baseline: str | None = None, target: str | None = None
    ) -> models.RunSummary:
        """Levels, the gate, and the comparison with a baseline.

        ``GET /api/v1/runs/{run}/summary``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json(
            "GET", f"/api/v1/runs/{quote(run)}/summary", query={"baseline": baseline, "target": target}, repeat=True
        )

    def run_spend(self, run: str | int) -> list[models.Spend]:
        """What each target and judge used.

        ``GET /api/v1/runs/{run}/spend``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", f"/api/v1/runs/{quote(run)}/spend", repeat=True)

    def run_events(self, run: str | int) -> Answer:
        """How a run goes on (server-sent events).

        ``GET /api/v1/runs/{run}/events``, for viewer, engineer, approver, auditor, admin.

        The answer is a stream of text/event-stream; use it in a `with` statement.
        """
        return self._transport.stream("GET", f"/api/v1/runs/{quote(run)}/events", repeat=True)

    def order_run(
        self, run: str | int, body: models.OrderBody, *, idempotency_key: str | None = None
    ) -> models.RunItem:
        """Pause, resume, limit, cancel or retry a run that goes on.

        ``POST /api/v1/runs/{run}/orders``, for engineer.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/runs/{quote(run)}/orders",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def set_baseline(self, suite: str | int, name: str | int, body: models.BaselineBody) -> None:
        """Name a run as a baseline of its suite.

        ``PUT /api/v1/baselines/{suite}/{name}``, for engineer.
        """
        self._transport.done("PUT", f"/api/v1/baselines/{quote(suite)}/{quote(name)}", json=body, repeat=False)

    def remove_baseline(self, suite: str | int, name: str | int) -> None:
        """Take the name away.

        ``DELETE /api/v1/baselines/{suite}/{name}``, for engineer.
        """
        self._transport.done("DELETE", f"/api/v1/baselines/{quote(suite)}/{quote(name)}", repeat=False)

    def jobs_page(self, *, limit: models.Limit | None = None, cursor: str | None = None) -> models.Page2:
        """Runs that the server was asked to execute, newest first.

        ``GET /api/v1/jobs``, for viewer, engineer, approver, auditor, admin.

        One page.
        """
        return self._transport.json("GET", "/api/v1/jobs", query={"limit": limit, "cursor": cursor}, repeat=True)

    def jobs(self, *, limit: models.Limit | None = None) -> Iterator[models.JobItem]:
        """Runs that the server was asked to execute, newest first.

        ``GET /api/v1/jobs``, for viewer, engineer, approver, auditor, admin.

        All of them, asked for page by page; `limit` is the size of a page.
        """
        return self._transport.pages("GET", "/api/v1/jobs", query={"limit": limit}, repeat=True)

    def queue_run(self, body: models.QueueBody, *, idempotency_key: str | None = None) -> models.JobItem:
        """Have the server execute a suite of the project.

        ``POST /api/v1/jobs``, for engineer.
        """
        return self._transport.json(
            "POST", "/api/v1/jobs", json=body, idempotency_key=idempotency_key or new_key(), repeat=True
        )

    def get_job(self, job: str | int) -> models.JobItem:
        """A run that the server was asked to execute.

        ``GET /api/v1/jobs/{job}``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", f"/api/v1/jobs/{quote(job)}", repeat=True)

    def withdraw_job(self, job: str | int) -> None:
        """Take a job back that has not begun; a run that has is cancelled by an order.

        ``DELETE /api/v1/jobs/{job}``, for engineer.
        """
        self._transport.done("DELETE", f"/api/v1/jobs/{quote(job)}", repeat=False)

    def push_cases(self, run: str | int, body: Body) -> None:
        """The cases of the run, as JSON lines.

        ``PUT /api/v1/runs/{run}/cases``, for engineer.
        """
        self._transport.done("PUT", f"/api/v1/runs/{quote(run)}/cases", body=body, repeat=False)

    def push_rows(self, run: str | int, table: str | int, segment: str | int, body: Body) -> None:
        """Rows of a segment of the run, as a Parquet file.

        ``PUT /api/v1/runs/{run}/rows/{table}/{segment}``, for engineer.
        """
        self._transport.done(
            "PUT", f"/api/v1/runs/{quote(run)}/rows/{quote(table)}/{quote(segment)}", body=body, repeat=False
        )

    def end_push(self, run: str | int, body: models.SealBody, *, idempotency_key: str | None = None) -> models.RunItem:
        """End the push: the run is complete when all of its trials are here.

        ``POST /api/v1/runs/{run}/seal``, for engineer.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/runs/{quote(run)}/seal",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def trials_page(
        self,
        run: str | int,
        *,
        target: str | None = None,
        status: models.Outcome | None = None,
        scorer: str | None = None,
        min: float | None = None,
        max: float | None = None,
        unscored: bool | None = None,
        search: str | None = None,
        tag: str | None = None,
        sort: str | None = None,
        order: models.SortOrder | None = None,
        limit: models.Limit | None = None,
        cursor: str | None = None,
    ) -> models.TrialsPage:
        """A run's trials: filtered, sorted, searched, in pages.

        ``GET /api/v1/runs/{run}/trials``, for viewer, engineer, approver, auditor, admin.

        One page.
        """
        return self._transport.json(
            "GET",
            f"/api/v1/runs/{quote(run)}/trials",
            query={
                "target": target,
                "status": status,
                "scorer": scorer,
                "min": min,
                "max": max,
                "unscored": unscored,
                "search": search,
                "tag": tag,
                "sort": sort,
                "order": order,
                "limit": limit,
                "cursor": cursor,
            },
            repeat=True,
        )

    def trials(
        self,
        run: str | int,
        *,
        target: str | None = None,
        status: models.Outcome | None = None,
        scorer: str | None = None,
        min: float | None = None,
        max: float | None = None,
        unscored: bool | None = None,
        search: str | None = None,
        tag: str | None = None,
        sort: str | None = None,
        order: models.SortOrder | None = None,
        limit: models.Limit | None = None,
    ) -> Iterator[models.TrialItem]:
        """A run's trials: filtered, sorted, searched, in pages.

        ``GET /api/v1/runs/{run}/trials``, for viewer, engineer, approver, auditor, admin.

        All of them, asked for page by page; `limit` is the size of a page.
        """
        return self._transport.pages(
            "GET",
            f"/api/v1/runs/{quote(run)}/trials",
            query={
                "target": target,
                "status": status,
                "scorer": scorer,
                "min": min,
                "max": max,
                "unscored": unscored,
                "search": search,
                "tag": tag,
                "sort": sort,
                "order": order,
                "limit": limit,
            },
            repeat=True,
        )

    def distribution(
        self, run: str | int, *, scorer: str, target: str | None = None, bins: int | None = None
    ) -> models.Distribution:
        """How a scorer's values lie.

        ``GET /api/v1/runs/{run}/distribution``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json(
            "GET",
            f"/api/v1/runs/{quote(run)}/distribution",
            query={"scorer": scorer, "target": target, "bins": bins},
            repeat=True,
        )

    def latency(self, run: str | int) -> list[models.Latency]:
        """How long each target took.

        ``GET /api/v1/runs/{run}/latency``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", f"/api/v1/runs/{quote(run)}/latency", repeat=True)

    def get_case(self, run: str | int, case: str | int) -> models.CaseView:
        """Everything about a case of a run.

        ``GET /api/v1/runs/{run}/cases/{case}``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", f"/api/v1/runs/{quote(run)}/cases/{quote(case)}", repeat=True)

    def open_sealed(self, run: str | int, body: models.OpeningBody, *, idempotency_key: str | None = None) -> None:
        """Say why cases of a run over a sealed part must be seen; who says it sees them for an hour.

        ``POST /api/v1/runs/{run}/openings``, for engineer, approver, auditor.
        """
        self._transport.done(
            "POST",
            f"/api/v1/runs/{quote(run)}/openings",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def releases_page(self, *, limit: models.Limit | None = None, cursor: str | None = None) -> models.Page3:
        """Releases, newest first.

        ``GET /api/v1/releases``, for viewer, engineer, approver, auditor, admin.

        One page.
        """
        return self._transport.json("GET", "/api/v1/releases", query={"limit": limit, "cursor": cursor}, repeat=True)

    def releases(self, *, limit: models.Limit | None = None) -> Iterator[models.ReleaseItem]:
        """Releases, newest first.

        ``GET /api/v1/releases``, for viewer, engineer, approver, auditor, admin.

        All of them, asked for page by page; `limit` is the size of a page.
        """
        return self._transport.pages("GET", "/api/v1/releases", query={"limit": limit}, repeat=True)

    def open_release(self, body: models.OpenBody, *, idempotency_key: str | None = None) -> Any:
        """Propose a change; the answer is the release.

        ``POST /api/v1/releases``, for engineer.
        """
        return self._transport.json(
            "POST", "/api/v1/releases", json=body, idempotency_key=idempotency_key or new_key(), repeat=True
        )

    def get_release(self, release: str | int) -> Any:
        """A release: verdicts, people, what holds it up.

        ``GET /api/v1/releases/{release}``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", f"/api/v1/releases/{quote(release)}", repeat=True)

    def memo(self, release: str | int, *, format: models.MemoFormat | None = None) -> Answer:
        """The decision on one page.

        ``GET /api/v1/releases/{release}/memo``, for viewer, engineer, approver, auditor, admin.

        The answer is a stream of text/html or text/markdown; use it in a `with` statement.
        """
        return self._transport.stream(
            "GET", f"/api/v1/releases/{quote(release)}/memo", query={"format": format}, repeat=True
        )

    def evaluate_release(
        self, release: str | int, body: models.EvaluateBody, *, idempotency_key: str | None = None
    ) -> Any:
        """Read the policy off the candidate's runs.

        ``POST /api/v1/releases/{release}/evaluate``, for engineer.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/releases/{quote(release)}/evaluate",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def attach_to_release(
        self, release: str | int, body: models.AttachBody, *, idempotency_key: str | None = None
    ) -> Any:
        """Attach a document that the policy asks for.

        ``POST /api/v1/releases/{release}/attach``, for engineer.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/releases/{quote(release)}/attach",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def approve_release(self, release: str | int, body: models.SayBody, *, idempotency_key: str | None = None) -> Any:
        """Agree to the release as it stands; authors cannot.

        ``POST /api/v1/releases/{release}/approve``, for approver.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/releases/{quote(release)}/approve",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def reject_release(self, release: str | int, body: models.SayBody, *, idempotency_key: str | None = None) -> Any:
        """Disagree with the release as it stands.

        ``POST /api/v1/releases/{release}/reject``, for approver.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/releases/{quote(release)}/reject",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def waive_rule(self, release: str | int, body: models.WaiveBody, *, idempotency_key: str | None = None) -> Any:
        """Let a rule not hold the release up until a day.

        ``POST /api/v1/releases/{release}/waive``, for approver.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/releases/{quote(release)}/waive",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def ship_release(self, release: str | int, body: models.ShipBody, *, idempotency_key: str | None = None) -> Any:
        """Take the next step of the rollout; 409 with `blocks` while something holds it up.

        ``POST /api/v1/releases/{release}/ship``, for approver.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/releases/{quote(release)}/ship",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def roll_back_release(self, release: str | int, body: models.SayBody, *, idempotency_key: str | None = None) -> Any:
        """Record that the change was taken back.

        ``POST /api/v1/releases/{release}/rollback``, for approver.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/releases/{quote(release)}/rollback",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def compare(self, *, candidate: str, baseline: str) -> models.Compared:
        """Paired differences, the gate, cost and latency.

        ``GET /api/v1/compare``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json(
            "GET", "/api/v1/compare", query={"candidate": candidate, "baseline": baseline}, repeat=True
        )

    def compare_cases_page(
        self,
        *,
        candidate: str,
        baseline: str,
        scorer: str,
        change: models.Movement | None = None,
        search: str | None = None,
        limit: models.Limit | None = None,
        cursor: str | None = None,
    ) -> models.Page4:
        """Cases side by side, in pages.

        ``GET /api/v1/compare/cases``, for viewer, engineer, approver, auditor, admin.

        One page.
        """
        return self._transport.json(
            "GET",
            "/api/v1/compare/cases",
            query={
                "candidate": candidate,
                "baseline": baseline,
                "scorer": scorer,
                "change": change,
                "search": search,
                "limit": limit,
                "cursor": cursor,
            },
            repeat=True,
        )

    def compare_cases(
        self,
        *,
        candidate: str,
        baseline: str,
        scorer: str,
        change: models.Movement | None = None,
        search: str | None = None,
        limit: models.Limit | None = None,
    ) -> Iterator[models.CasePair]:
        """Cases side by side, in pages.

        ``GET /api/v1/compare/cases``, for viewer, engineer, approver, auditor, admin.

        All of them, asked for page by page; `limit` is the size of a page.
        """
        return self._transport.pages(
            "GET",
            "/api/v1/compare/cases",
            query={
                "candidate": candidate,
                "baseline": baseline,
                "scorer": scorer,
                "change": change,
                "search": search,
                "limit": limit,
            },
            repeat=True,
        )

    def tables(self) -> list[models.TableInfo]:
        """The tables that can be asked.

        ``GET /api/v1/tables``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", "/api/v1/tables", repeat=True)

    def query(self, body: models.QueryBody) -> models.Answered:
        """Ask the tables in SQL; with `format` the answer is a stream.

        ``POST /api/v1/query``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("POST", "/api/v1/query", json=body, repeat=True)

    def query_file(self, body: models.QueryBody, *, format: models.Format) -> Answer:
        """Ask the tables in SQL; with `format` the answer is a stream.

        ``POST /api/v1/query``, for viewer, engineer, approver, auditor, admin.

        The answer is a stream of application/x-ndjson or text/csv or application/vnd.apache.parquet or application/vnd.apache.arrow.stream; use it in a `with` statement.
        """
        return self._transport.stream("POST", "/api/v1/query", query={"format": format}, json=body, repeat=True)

    def export_run(self, run: str | int, *, table: models.ExportTable, format: models.Format) -> Answer:
        """A run's trials or scores as a file.

        ``GET /api/v1/runs/{run}/export``, for viewer, engineer, approver, auditor, admin.

        The answer is a stream of application/x-ndjson or text/csv or application/vnd.apache.parquet or application/vnd.apache.arrow.stream; use it in a `with` statement.
        """
        return self._transport.stream(
            "GET", f"/api/v1/runs/{quote(run)}/export", query={"table": table, "format": format}, repeat=True
        )

    def evidence_key(self) -> models.Key | None:
        """The public key of what this server signs.

        ``GET /api/v1/evidence/key``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", "/api/v1/evidence/key", repeat=True)

    def build_evidence(self, run: str | int, *, against: str | None = None, content: bool | None = None) -> Answer:
        """A complete run with everything that its verdict rests on, signed.

        ``GET /api/v1/runs/{run}/evidence``, for engineer, approver, auditor, admin.

        The answer is a stream of application/x-tar; use it in a `with` statement.
        """
        return self._transport.stream(
            "GET", f"/api/v1/runs/{quote(run)}/evidence", query={"against": against, "content": content}, repeat=True
        )

    def verify_evidence(self, body: Body, *, key: str | None = None) -> Any:
        """Check a pack: signature, rows, and the verdict computed anew.

        ``POST /api/v1/evidence/verify``, for engineer, approver, auditor, admin.
        """
        return self._transport.json("POST", "/api/v1/evidence/verify", query={"key": key}, body=body, repeat=True)

    def charts(self) -> list[models.Chart]:
        """Saved charts, by name.

        ``GET /api/v1/charts``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", "/api/v1/charts", repeat=True)

    def add_chart(self, body: models.ChartBody, *, idempotency_key: str | None = None) -> models.Chart:
        """Save a chart.

        ``POST /api/v1/charts``, for engineer.
        """
        return self._transport.json(
            "POST", "/api/v1/charts", json=body, idempotency_key=idempotency_key or new_key(), repeat=True
        )

    def get_chart(self, chart: str | int) -> models.Chart:
        """A saved chart.

        ``GET /api/v1/charts/{chart}``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", f"/api/v1/charts/{quote(chart)}", repeat=True)

    def change_chart(self, chart: str | int, body: models.ChartBody) -> models.Chart:
        """Change a chart.

        ``PUT /api/v1/charts/{chart}``, for engineer.
        """
        return self._transport.json("PUT", f"/api/v1/charts/{quote(chart)}", json=body, repeat=False)

    def remove_chart(self, chart: str | int, *, version: int | None = None) -> None:
        """Remove a chart.

        ``DELETE /api/v1/charts/{chart}``, for engineer.
        """
        self._transport.done("DELETE", f"/api/v1/charts/{quote(chart)}", query={"version": version}, repeat=False)

    def dashboards(self) -> list[models.Dashboard]:
        """Dashboards, by name.

        ``GET /api/v1/dashboards``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", "/api/v1/dashboards", repeat=True)

    def add_dashboard(self, body: models.DashboardBody, *, idempotency_key: str | None = None) -> models.Dashboard:
        """Put charts on a new dashboard.

        ``POST /api/v1/dashboards``, for engineer.
        """
        return self._transport.json(
            "POST", "/api/v1/dashboards", json=body, idempotency_key=idempotency_key or new_key(), repeat=True
        )

    def get_dashboard(self, dashboard: str | int) -> models.DashboardView:
        """A dashboard with its charts.

        ``GET /api/v1/dashboards/{dashboard}``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", f"/api/v1/dashboards/{quote(dashboard)}", repeat=True)

    def change_dashboard(self, dashboard: str | int, body: models.DashboardBody) -> models.Dashboard:
        """Change a dashboard.

        ``PUT /api/v1/dashboards/{dashboard}``, for engineer.
        """
        return self._transport.json("PUT", f"/api/v1/dashboards/{quote(dashboard)}", json=body, repeat=False)

    def remove_dashboard(self, dashboard: str | int, *, version: int | None = None) -> None:
        """Remove a dashboard; its charts stay.

        ``DELETE /api/v1/dashboards/{dashboard}``, for engineer.
        """
        self._transport.done(
            "DELETE", f"/api/v1/dashboards/{quote(dashboard)}", query={"version": version}, repeat=False
        )

    def datasets_page(
        self, *, search: str | None = None, limit: models.Limit | None = None, cursor: str | None = None
    ) -> models.Page5:
        """Datasets, by name.

        ``GET /api/v1/datasets``, for viewer, engineer, approver, auditor, admin.

        One page.
        """
        return self._transport.json(
            "GET", "/api/v1/datasets", query={"search": search, "limit": limit, "cursor": cursor}, repeat=True
        )

    def datasets(self, *, search: str | None = None, limit: models.Limit | None = None) -> Iterator[models.DatasetItem]:
        """Datasets, by name.

        ``GET /api/v1/datasets``, for viewer, engineer, approver, auditor, admin.

        All of them, asked for page by page; `limit` is the size of a page.
        """
        return self._transport.pages("GET", "/api/v1/datasets", query={"search": search, "limit": limit}, repeat=True)

    def get_dataset(self, dataset: str | int, *, version: str | None = None) -> models.DatasetView:
        """A dataset: its versions, what was done to it, and where a version came from.

        ``GET /api/v1/datasets/{dataset}``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json(
            "GET", f"/api/v1/datasets/{quote(dataset)}", query={"version": version}, repeat=True
        )

    def dataset_diff_page(
        self,
        dataset: str | int,
        *,
        from_: str | None = None,
        to: str | None = None,
        limit: models.Limit | None = None,
        cursor: str | None = None,
    ) -> models.DatasetDiff:
        """What differs between two versions.

        ``GET /api/v1/datasets/{dataset}/diff``, for viewer, engineer, approver, auditor, admin.

        One page.
        """
        return self._transport.json(
            "GET",
            f"/api/v1/datasets/{quote(dataset)}/diff",
            query={"from": from_, "to": to, "limit": limit, "cursor": cursor},
            repeat=True,
        )

    def dataset_diff(
        self, dataset: str | int, *, from_: str | None = None, to: str | None = None, limit: models.Limit | None = None
    ) -> Iterator[models.CaseChange]:
        """What differs between two versions.

        ``GET /api/v1/datasets/{dataset}/diff``, for viewer, engineer, approver, auditor, admin.

        All of them, asked for page by page; `limit` is the size of a page.
        """
        return self._transport.pages(
            "GET",
            f"/api/v1/datasets/{quote(dataset)}/diff",
            query={"from": from_, "to": to, "limit": limit},
            repeat=True,
        )

    def dataset_coverage(
        self, dataset: str | int, *, by: str | None = None, version: str | None = None, scorer: str | None = None
    ) -> models.Coverage:
        """How many cases each value of a metadata key has, and what the newest run made of them.

        ``GET /api/v1/datasets/{dataset}/coverage``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json(
            "GET",
            f"/api/v1/datasets/{quote(dataset)}/coverage",
            query={"by": by, "version": version, "scorer": scorer},
            repeat=True,
        )

    def dataset_check(
        self, dataset: str | int, *, version: str | None = None, threshold: float | None = None
    ) -> models.DatasetCheck:
        """What is wrong with the cases.

        ``GET /api/v1/datasets/{dataset}/check``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json(
            "GET",
            f"/api/v1/datasets/{quote(dataset)}/check",
            query={"version": version, "threshold": threshold},
            repeat=True,
        )

    def tag_dataset(self, dataset: str | int, tag: str | int, body: models.TagBody) -> None:
        """Give a version a name that can move.

        ``PUT /api/v1/datasets/{dataset}/tags/{tag}``, for engineer.
        """
        self._transport.done("PUT", f"/api/v1/datasets/{quote(dataset)}/tags/{quote(tag)}", json=body, repeat=False)

    def untag_dataset(self, dataset: str | int, tag: str | int) -> None:
        """Take the name away.

        ``DELETE /api/v1/datasets/{dataset}/tags/{tag}``, for engineer.
        """
        self._transport.done("DELETE", f"/api/v1/datasets/{quote(dataset)}/tags/{quote(tag)}", repeat=False)

    def dataset_cases_page(
        self,
        dataset: str | int,
        version: str | int,
        *,
        search: str | None = None,
        part: str | None = None,
        limit: models.Limit | None = None,
        cursor: str | None = None,
    ) -> models.Page6:
        """The cases of a version, those of sealed parts left out.

        ``GET /api/v1/datasets/{dataset}/versions/{version}/cases``, for viewer, engineer, approver, auditor, admin.

        One page.
        """
        return self._transport.json(
            "GET",
            f"/api/v1/datasets/{quote(dataset)}/versions/{quote(version)}/cases",
            query={"search": search, "part": part, "limit": limit, "cursor": cursor},
            repeat=True,
        )

    def dataset_cases(
        self,
        dataset: str | int,
        version: str | int,
        *,
        search: str | None = None,
        part: str | None = None,
        limit: models.Limit | None = None,
    ) -> Iterator[models.StoredCase]:
        """The cases of a version, those of sealed parts left out.

        ``GET /api/v1/datasets/{dataset}/versions/{version}/cases``, for viewer, engineer, approver, auditor, admin.

        All of them, asked for page by page; `limit` is the size of a page.
        """
        return self._transport.pages(
            "GET",
            f"/api/v1/datasets/{quote(dataset)}/versions/{quote(version)}/cases",
            query={"search": search, "part": part, "limit": limit},
            repeat=True,
        )

    def quarantine_page(
        self, dataset: str | int, *, limit: models.Limit | None = None, cursor: str | None = None
    ) -> models.Quarantine:
        """Cases that wait to be accepted.

        ``GET /api/v1/datasets/{dataset}/quarantine``, for viewer, engineer, approver, auditor, admin.

        One page.
        """
        return self._transport.json(
            "GET",
            f"/api/v1/datasets/{quote(dataset)}/quarantine",
            query={"limit": limit, "cursor": cursor},
            repeat=True,
        )

    def quarantine(self, dataset: str | int, *, limit: models.Limit | None = None) -> Iterator[models.Case]:
        """Cases that wait to be accepted.

        ``GET /api/v1/datasets/{dataset}/quarantine``, for viewer, engineer, approver, auditor, admin.

        All of them, asked for page by page; `limit` is the size of a page.
        """
        return self._transport.pages(
            "GET", f"/api/v1/datasets/{quote(dataset)}/quarantine", query={"limit": limit}, repeat=True
        )

    def accept_cases(
        self, dataset: str | int, body: models.AcceptBody, *, idempotency_key: str | None = None
    ) -> models.Accepted:
        """Take cases over from quarantine: a new version holds them.

        ``POST /api/v1/datasets/{dataset}/quarantine/accept``, for engineer.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/datasets/{quote(dataset)}/quarantine/accept",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def take_case(
        self, run: str | int, case: str | int, body: models.TakeBody, *, idempotency_key: str | None = None
    ) -> models.Taken:
        """Put a run's case into a dataset's quarantine.

        ``POST /api/v1/runs/{run}/cases/{case}/to-dataset``, for engineer.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/runs/{quote(run)}/cases/{quote(case)}/to-dataset",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def import_dataset(
        self,
        dataset: str | int,
        body: Body,
        *,
        file: str,
        tool: str | None = None,
        format: str | None = None,
        id: str | None = None,
        input: str | None = None,
        expected: str | None = None,
        contexts: str | None = None,
        cluster: str | None = None,
        weight: str | None = None,
        critical: str | None = None,
        metadata: str | None = None,
        outputs: str | None = None,
        where: models.SliceExpression | None = None,
        limit: int | None = None,
        redact: models.Redact | None = None,
        cases_only: bool | None = None,
        tag: str | None = None,
        note: str | None = None,
        idempotency_key: str | None = None,
    ) -> models.Imported:
        """Make a file the newest version of a dataset, and what a tool recorded a run; a file with a fault leaves nothing.

        ``POST /api/v1/datasets/{dataset}/import``, for engineer.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/datasets/{quote(dataset)}/import",
            query={
                "file": file,
                "tool": tool,
                "format": format,
                "id": id,
                "input": input,
                "expected": expected,
                "contexts": contexts,
                "cluster": cluster,
                "weight": weight,
                "critical": critical,
                "metadata": metadata,
                "outputs": outputs,
                "where": where,
                "limit": limit,
                "redact": redact,
                "cases_only": cases_only,
                "tag": tag,
                "note": note,
            },
            body=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def audit_page(
        self, *, search: str | None = None, limit: models.Limit | None = None, cursor: str | None = None
    ) -> models.AuditPage:
        """Who changed what, newest first.

        ``GET /api/v1/audit``, for auditor, admin.

        One page.
        """
        return self._transport.json(
            "GET", "/api/v1/audit", query={"search": search, "limit": limit, "cursor": cursor}, repeat=True
        )

    def audit(self, *, search: str | None = None, limit: models.Limit | None = None) -> Iterator[models.AuditItem]:
        """Who changed what, newest first.

        ``GET /api/v1/audit``, for auditor, admin.

        All of them, asked for page by page; `limit` is the size of a page.
        """
        return self._transport.pages("GET", "/api/v1/audit", query={"search": search, "limit": limit}, repeat=True)

    def verify_audit(self) -> models.AuditVerified:
        """Check every entry and the tree over them.

        ``GET /api/v1/audit/verify``, for auditor, admin.
        """
        return self._transport.json("GET", "/api/v1/audit/verify", repeat=True)

    def audit_proof(self, number: str | int) -> models.AuditProof:
        """The proof that an entry is in the log.

        ``GET /api/v1/audit/{number}/proof``, for auditor, admin.
        """
        return self._transport.json("GET", f"/api/v1/audit/{quote(number)}/proof", repeat=True)

    def users(self) -> list[models.UserItem]:
        """Who may use the server.

        ``GET /api/v1/users``, for admin.
        """
        return self._transport.json("GET", "/api/v1/users", repeat=True)

    def add_user(self, body: models.UserBody, *, idempotency_key: str | None = None) -> models.UserMade:
        """Let somebody in.

        ``POST /api/v1/users``, for admin.
        """
        return self._transport.json(
            "POST", "/api/v1/users", json=body, idempotency_key=idempotency_key or new_key(), repeat=True
        )

    def change_user(self, user: str | int, body: models.UserChangeBody) -> models.UserItem:
        """Change somebody's address or roles, or shut them out.

        ``PATCH /api/v1/users/{user}``, for admin.
        """
        return self._transport.json("PATCH", f"/api/v1/users/{quote(user)}", json=body, repeat=False)

    def reset_password(
        self, user: str | int, body: models.PasswordBody, *, idempotency_key: str | None = None
    ) -> models.PasswordMade:
        """Give somebody another password.

        ``POST /api/v1/users/{user}/password``, for admin.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/users/{quote(user)}/password",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def keys(self) -> list[models.KeyItem]:
        """Keys of programs, newest first.

        ``GET /api/v1/keys``, for admin.
        """
        return self._transport.json("GET", "/api/v1/keys", repeat=True)

    def add_key(self, body: models.KeyBody, *, idempotency_key: str | None = None) -> models.KeyMade:
        """Make a key, told once.

        ``POST /api/v1/keys``, for admin.
        """
        return self._transport.json(
            "POST", "/api/v1/keys", json=body, idempotency_key=idempotency_key or new_key(), repeat=True
        )

    def revoke_key(self, key: str | int) -> None:
        """Take a key away.

        ``DELETE /api/v1/keys/{key}``, for admin.
        """
        self._transport.done("DELETE", f"/api/v1/keys/{quote(key)}", repeat=False)

    def review_projects(self) -> list[models.ReviewProjectItem]:
        """Projects of human review, newest first.

        ``GET /api/v1/review/projects``, for whoever is logged in.
        """
        return self._transport.json("GET", "/api/v1/review/projects", repeat=True)

    def make_review_project(self, body: models.MakeBody, *, idempotency_key: str | None = None) -> models.MadeProject:
        """Make a project: draw answers of a run and lay out who rates which.

        ``POST /api/v1/review/projects``, for engineer.
        """
        return self._transport.json(
            "POST", "/api/v1/review/projects", json=body, idempotency_key=idempotency_key or new_key(), repeat=True
        )

    def review_project(self, project: str | int) -> models.ReviewProjectView:
        """A project: what is asked, how far it is.

        ``GET /api/v1/review/projects/{project}``, for whoever is logged in.
        """
        return self._transport.json("GET", f"/api/v1/review/projects/{quote(project)}", repeat=True)

    def join_review(self, project: str | int) -> models.Sitting:
        """Begin a sitting as a rater: where they stand, instructions, training, quiz.

        ``POST /api/v1/review/projects/{project}/join``, for rater.
        """
        return self._transport.json("POST", f"/api/v1/review/projects/{quote(project)}/join", repeat=False)

    def answer_training(self, project: str | int, body: models.TrainingBody) -> models.Corrected:
        """Answer a training item and be told what is right.

        ``POST /api/v1/review/projects/{project}/training``, for rater.
        """
        return self._transport.json(
            "POST", f"/api/v1/review/projects/{quote(project)}/training", json=body, repeat=False
        )

    def answer_quiz(self, project: str | int, body: models.QuizBody) -> models.QuizResult:
        """Answer the quiz, all of it at once.

        ``POST /api/v1/review/projects/{project}/quiz``, for rater.
        """
        return self._transport.json("POST", f"/api/v1/review/projects/{quote(project)}/quiz", json=body, repeat=False)

    def next_review_task(self, project: str | int) -> models.NextTask:
        """The next item, under a lease.

        ``POST /api/v1/review/projects/{project}/next``, for rater.
        """
        return self._transport.json("POST", f"/api/v1/review/projects/{quote(project)}/next", repeat=False)

    def rate(self, project: str | int, body: models.RatingBody) -> models.Rated:
        """Answer an item: kept when this answers, once however often sent.

        ``POST /api/v1/review/projects/{project}/ratings``, for rater.
        """
        return self._transport.json(
            "POST", f"/api/v1/review/projects/{quote(project)}/ratings", json=body, repeat=False
        )

    def undo_rating(self, project: str | int) -> models.ReviewTask:
        """Take the last item back, with what was said as its draft.

        ``POST /api/v1/review/projects/{project}/undo``, for rater.
        """
        return self._transport.json("POST", f"/api/v1/review/projects/{quote(project)}/undo", repeat=False)

    def note_review_task(self, project: str | int, body: models.NoteBody) -> None:
        """Skip an item, or flag it for a talk.

        ``POST /api/v1/review/projects/{project}/notes``, for rater.
        """
        self._transport.done("POST", f"/api/v1/review/projects/{quote(project)}/notes", json=body, repeat=False)

    def keep_draft(self, project: str | int, lease: str | int, body: models.Draft) -> None:
        """Keep what is not answered yet.

        ``PUT /api/v1/review/projects/{project}/drafts/{lease}``, for rater.
        """
        self._transport.done(
            "PUT", f"/api/v1/review/projects/{quote(project)}/drafts/{quote(lease)}", json=body, repeat=False
        )

    def review_report(
        self,
        project: str | int,
        *,
        slice: str | None = None,
        confidence: float | None = None,
        target: float | None = None,
        apart: float | None = None,
    ) -> models.ReviewReport:
        """Agreement, severity, gold, throughput and cost of a project.

        ``GET /api/v1/review/projects/{project}/report``, for engineer.
        """
        return self._transport.json(
            "GET",
            f"/api/v1/review/projects/{quote(project)}/report",
            query={"slice": slice, "confidence": confidence, "target": target, "apart": apart},
            repeat=True,
        )

    def review_disputes_page(
        self,
        project: str | int,
        *,
        apart: float | None = None,
        settled: bool | None = None,
        limit: models.Limit | None = None,
        cursor: str | None = None,
    ) -> models.Page7:
        """What raters do not agree on and what they flagged, widest first.

        ``GET /api/v1/review/projects/{project}/disputes``, for engineer.

        One page.
        """
        return self._transport.json(
            "GET",
            f"/api/v1/review/projects/{quote(project)}/disputes",
            query={"apart": apart, "settled": settled, "limit": limit, "cursor": cursor},
            repeat=True,
        )

    def review_disputes(
        self,
        project: str | int,
        *,
        apart: float | None = None,
        settled: bool | None = None,
        limit: models.Limit | None = None,
    ) -> Iterator[models.DisputeView]:
        """What raters do not agree on and what they flagged, widest first.

        ``GET /api/v1/review/projects/{project}/disputes``, for engineer.

        All of them, asked for page by page; `limit` is the size of a page.
        """
        return self._transport.pages(
            "GET",
            f"/api/v1/review/projects/{quote(project)}/disputes",
            query={"apart": apart, "settled": settled, "limit": limit},
            repeat=True,
        )

    def review_item(self, project: str | int, item: str | int) -> models.ItemHistory:
        """An item with everything that was ever said about it.

        ``GET /api/v1/review/projects/{project}/items/{item}``, for engineer.
        """
        return self._transport.json("GET", f"/api/v1/review/projects/{quote(project)}/items/{quote(item)}", repeat=True)

    def adjudicate(
        self, project: str | int, body: models.AdjudicationBody, *, idempotency_key: str | None = None
    ) -> models.Adjudication:
        """Settle a question about an item: this is its label, whatever raters say.

        ``POST /api/v1/review/projects/{project}/adjudications``, for engineer.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/review/projects/{quote(project)}/adjudications",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def suspend_rater(
        self, project: str | int, rater: str | int, body: models.RaterBody, *, idempotency_key: str | None = None
    ) -> models.Rater:
        """Suspend a rater: their ratings stop counting, and others get their items.

        ``POST /api/v1/review/projects/{project}/raters/{rater}/suspend``, for engineer.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/review/projects/{quote(project)}/raters/{quote(rater)}/suspend",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def reinstate_rater(
        self, project: str | int, rater: str | int, body: models.RaterBody, *, idempotency_key: str | None = None
    ) -> models.Rater:
        """Let a suspended rater work again, through the quiz where there is one.

        ``POST /api/v1/review/projects/{project}/raters/{rater}/reinstate``, for engineer.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/review/projects/{quote(project)}/raters/{quote(rater)}/reinstate",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def judges(self) -> list[models.JudgeItem]:
        """Judges of runs, calibrated or not, and what each may be used for.

        ``GET /api/v1/judges``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", "/api/v1/judges", repeat=True)

    def get_judge(self, judge: str | int) -> models.JudgeView:
        """A judge: its certificate, checks over time, the labels it lacks.

        ``GET /api/v1/judges/{judge}``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", f"/api/v1/judges/{quote(judge)}", repeat=True)

    def judge_probes(
        self, judge: str | int, *, family: str | None = None, slice: str | None = None, confidence: float | None = None
    ) -> models.JudgeProbes:
        """What moves a judge beside the quality of an answer, from stored verdicts and labels.

        ``GET /api/v1/judges/{judge}/probes``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json(
            "GET",
            f"/api/v1/judges/{quote(judge)}/probes",
            query={"family": family, "slice": slice, "confidence": confidence},
            repeat=True,
        )

    def calibrate_judge(
        self, judge: str | int, body: models.CalibrateBody, *, idempotency_key: str | None = None
    ) -> models.Calibrated:
        """Compare a judge with labels by people; faulty labels are told by line, and none is stored then.

        ``POST /api/v1/judges/{judge}/calibrate``, for engineer.
        """
        return self._transport.json(
            "POST",
            f"/api/v1/judges/{quote(judge)}/calibrate",
            json=body,
            idempotency_key=idempotency_key or new_key(),
            repeat=True,
        )

    def suite_files(self) -> list[models.SuiteFileItem]:
        """Suite files of the project, as a run of the server takes them.

        ``GET /api/v1/suites/files``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", "/api/v1/suites/files", repeat=True)

    def policies(self) -> list[models.PolicyItem]:
        """Release policies, those that come with Assay and those of the project.

        ``GET /api/v1/policies``, for viewer, engineer, approver, auditor, admin.
        """
        return self._transport.json("GET", "/api/v1/policies", repeat=True)
