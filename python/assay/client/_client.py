"""The client of a server."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urldefrag

from assay.client._errors import ClientError
from assay.client._gate import Gate, gate
from assay.client._jobs import Job
from assay.client._operations import Operations
from assay.client._push import push
from assay.client._releases import Release
from assay.client._tables import Table, save
from assay.client._transport import Answer, Body, Transport, new_key, quote

if TYPE_CHECKING:
    from assay.client import models

__all__ = ["Client", "Event"]


class Event(NamedTuple):
    """Something that a run did.

    Attributes
    ----------
    name : str
        ``"progress"``, or ``"end"`` when there is nothing more to tell.
    data : dict
        What is told: `status`, `planned`, `finished`, `errors`, `cost_nanousd`, `executing`, `waiting`.
    """

    name: str
    data: dict[str, Any]


class Client(Operations):
    """A server (`assay serve`), with a method for everything that its API does.

    Threads may share a client; it can be pickled (with its key) and used after a fork. Connections are kept. What is
    safe to repeat (what only asks, and what carries an `Idempotency-Key`, which the client makes) is repeated when the
    connection fails or the server is busy. Methods that end in `_page` give one page of a list, those without it all
    items. What goes in and comes out is described by `assay.client.models`.

    Parameters
    ----------
    server : str, optional
        The server's address; ASSAY_SERVER by default. The address that a local server prints may be given as it is,
        with its token.
    key : str, optional
        A key (`assay user key`) or the token of a local server; ASSAY_SERVER_KEY by default.
    timeout : float, default 120
        Seconds without a byte after which a request has failed.
    retries : int, default 4
        How often what is safe to repeat is repeated.
    ca_file : path-like, optional
        Certificates that vouch for the server, beside those of the system.

    Raises
    ------
    ClientError
        No server is named.
    ValueError
        The address is none.

    Examples
    --------
    >>> import assay
    >>> client = assay.Client("https://assay.example.org", key="assay_key_…".replace("…", "x"))
    >>> client
    <Client of https://assay.example.org>
    """

    def __init__(
        self,
        server: str | None = None,
        *,
        key: str | None = None,
        timeout: float = 120.0,
        retries: int = 4,
        ca_file: str | os.PathLike[str] | None = None,
    ) -> None:
        given = server or os.environ.get("ASSAY_SERVER")
        if not given:
            raise ClientError('say which server: `Client("https://…")`, or ASSAY_SERVER')
        address, fragment = urldefrag(given.strip())
        token = parse_qs(fragment).get("token", [None])[0]
        found = (key or token or os.environ.get("ASSAY_SERVER_KEY") or "").strip() or None
        certificates = None if ca_file is None else os.fspath(ca_file)
        super().__init__(Transport(address, found, timeout=timeout, retries=retries, ca_file=certificates))

    @property
    def server(self) -> str:
        """The server's address."""
        return self._transport.address

    def __repr__(self) -> str:
        return f"<Client of {self.server}>"

    def close(self) -> None:
        """Close the connections that are kept."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        body: Body | None = None,
        idempotency_key: str | None = None,
    ) -> Answer:
        """Send a request that has no method here, such as one of a newer server.

        Returns
        -------
        Answer
            A binary file to read from; use it in a `with` statement.
        """
        repeat = method.upper() in {"GET", "HEAD"} or (method.upper() == "POST" and idempotency_key is not None)
        return self._transport.stream(
            method.upper(), path, query=query, json=json, body=body, idempotency_key=idempotency_key, repeat=repeat
        )

    # Runs.

    def run(
        self,
        suite: str = "assay.yaml",
        *,
        tier: str | None = None,
        targets: Sequence[str] = (),
        limit: int | None = None,
        epochs: int | None = None,
        max_cost: float | None = None,
        labels: Mapping[str, str] | None = None,
        baseline: str | None = None,
        gate: bool = True,
        idempotency_key: str | None = None,
    ) -> Job:
        """Have the server execute a suite of its project.

        Parameters
        ----------
        suite : str, default "assay.yaml"
            A file of the server's project.
        tier, targets, limit, epochs, max_cost, labels, baseline
            As those of `assay run`; `max_cost` is in dollars.
        gate : bool, default True
            Whether the gate's verdict is the exit code of the job.
        idempotency_key : str, optional
            Whoever asks again with the same key within a day gets the same job: give what names the task that asks, so
            that it can be repeated.

        Returns
        -------
        Job
            To `wait` for.

        Examples
        --------
        >>> def check(client: Client) -> Gate:
        ...     return client.run("assay.yaml", tier="smoke").wait(3600).gate().require()
        """
        body: models.QueueBody = {
            "suite": suite,
            "tier": tier,
            "targets": list(targets),
            "limit": limit,
            "epochs": epochs,
            "max_cost": max_cost,
            "labels": dict(labels or {}),
            "baseline": baseline,
            "gate": gate,
        }
        return Job(self, self.queue_run(body, idempotency_key=idempotency_key or new_key()))

    def job(self, number: int) -> Job:
        """Give a job by its number."""
        return Job(self, self.get_job(number))

    def gate(self, run: str = "latest", *, baseline: str | None = None, target: str | None = None) -> Gate:
        """Give the verdict of a run's gate, against its baseline or another.

        Parameters
        ----------
        run : str, default "latest"
            A run: its id, its end, a baseline's name.
        baseline : str, optional
            Another run to compare with.
        target : str, optional
            One target of the run.
        """
        found = self.run_summary(run, baseline=baseline, target=target)
        return gate(run, found["gate"])

    def events(self, run: str) -> Iterator[Event]:
        """Tell how a run goes on, until it is over."""
        with self.run_events(run) as answer, io.BufferedReader(answer) as lines:
            name, data = "message", list[str]()
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                field, _, value = text.partition(":")
                value = value.removeprefix(" ")
                if text == "":
                    if data:
                        yield Event(name, json.loads("\n".join(data)))
                    name, data = "message", []
                elif field == "event":
                    name = value
                elif field == "data":
                    data.append(value)

    def push(
        self, run: str = "latest", *, workspace: str | os.PathLike[str] | None = None, command: str | None = None
    ) -> models.RunItem:
        """Record a complete run of a workspace of this machine on the server; what is there already is not sent again.

        Parameters
        ----------
        run : str, default "latest"
            The run.
        workspace : path-like, optional
            The workspace; the one of this folder by default.
        command : str, optional
            The command `assay`; found as evaluations find it by default.
        """
        return self.get_run(push(self.server, self._transport.key, run, workspace, command))["item"]

    # Tables and files.

    def table(self, run: str, table: models.ExportTable = "scores") -> Table:
        """Give a table of a run: its ``"trials"`` or its ``"scores"``."""
        path = f"/api/v1/runs/{quote(run)}/export"
        return Table(self._transport, f"{table} of {run}", {"table": table}, verb="GET", path=path, repeat=True)

    def sql(self, statement: str) -> Table:
        """Ask the tables `trials`, `scores` and `runs` in SQL; all rows come."""
        asked = {"sql": statement}
        return Table(self._transport, "of a question", {}, verb="POST", path="/api/v1/query", json=asked, repeat=True)

    def save_evidence(
        self, run: str, path: str | os.PathLike[str], *, against: str | None = None, content: bool | None = None
    ) -> Path:
        """Write the signed evidence pack of a run to a file, which is there when it is whole."""
        return save(self.build_evidence(run, against=against, content=content), path)

    # Releases.

    def release(self, release: int | str | Mapping[str, Any] = "latest") -> Release:
        """Give a release: by its number, the latest, or from what `open_release` answered."""
        found = release if isinstance(release, Mapping) else self.get_release(release)
        return Release(self, dict(found))
