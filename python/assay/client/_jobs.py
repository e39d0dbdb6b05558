"""Runs that a server executes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from assay.client._errors import ClientError, JobError, RateLimitError, ServerError, UnreachableError, WaitError
from assay.client._gate import Gate, gate

if TYPE_CHECKING:
    from assay.client import models
    from assay.client._operations import Operations

__all__ = ["Job"]

# Exit codes after which there is a run that its gate has judged.
JUDGED = {0: "pass", 1: "fail", 3: "inconclusive"}
# What the other exit codes mean.
ENDS = {
    2: "wrong usage, suite or data",
    4: "a provider, the disk or the workspace failed",
    5: "nothing was selected",
    6: "a budget ended the run before a verdict",
    130: "it was stopped",
}
# Seconds between two looks: at first, and the factor by which they grow.
FIRST_LOOK, GROWTH = 0.25, 1.5
# Seconds for which a server may be away while it is waited for.
PATIENCE = 300.0


class Job:
    """A run that the server was asked to execute. It can be pickled, and followed from another process.

    Attributes
    ----------
    item : dict
        The job as it was when it was last looked at (`assay.client.models.JobItem`).
    """

    __slots__ = ("_api", "item")

    def __init__(self, api: Operations, item: models.JobItem) -> None:
        self._api = api
        self.item = item

    @property
    def number(self) -> int:
        """Its number; the run has it as the label `job`."""
        return self.item["job"]

    @property
    def run(self) -> str | None:
        """The run's id, once there is one."""
        return self.item["run"]

    @property
    def stand(self) -> models.JobStand:
        """Where it stood: queued, running, ended or withdrawn."""
        return self.item["stand"]

    @property
    def exit(self) -> int | None:
        """The exit code of `assay run`, once it has ended."""
        return self.item["exit"]

    @property
    def over(self) -> bool:
        """Whether it has ended or was taken back."""
        return self.stand in {"ended", "withdrawn"}

    def __repr__(self) -> str:
        run = f", run {self.run[-8:]}" if self.run else ""
        code = f", exit code {self.exit}" if self.exit is not None else ""
        return f"<Job {self.number}: {self.stand}{run}{code}>"

    def refresh(self) -> Job:
        """Look where it stands."""
        self.item = self._api.get_job(self.number)
        return self

    def wait(self, timeout: float | None = None, *, poll: float = 5.0, check: bool = True) -> Job:
        """Wait until it has ended; a server that is started again meanwhile is waited for.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the wait, not the job, is given up.
        poll : float, default 5
            Seconds between two looks; the first ones come sooner.
        check : bool, default True
            Whether an end without a run that can be judged is an error.

        Returns
        -------
        Job
            Itself.

        Raises
        ------
        WaitError
            It has not ended in time.
        JobError
            It was taken back, or ended with an exit code other than 0 (pass), 1 (fail) and 3 (inconclusive).
        """
        watch = _Watch(self, timeout, poll)
        for pause in watch:
            time.sleep(pause)
            watch.look()
        return self._checked() if check else self

    async def wait_async(self, timeout: float | None = None, *, poll: float = 5.0, check: bool = True) -> Job:
        """Wait as `wait` does, without holding the event loop or a thread between two looks."""
        watch = _Watch(self, timeout, poll)
        for pause in watch:
            await asyncio.sleep(pause)
            await asyncio.to_thread(watch.look)
        return self._checked() if check else self

    def _checked(self) -> Job:
        if self.stand == "ended" and self.exit in JUDGED:
            return self
        if self.stand == "withdrawn":
            why = "it was taken back"
        else:
            code = -1 if self.exit is None else self.exit
            why = self.item["message"] or ENDS.get(code, f"it ended with exit code {code}")
        error = JobError(f"job {self.number}: {why}", title="Job")
        error.job = self.item
        raise error

    def gate(self) -> Gate:
        """Give the gate's verdict on its run.

        Raises
        ------
        JobError
            It has no run, or none yet.
        """
        if self.run is None:
            error = JobError(f"job {self.number} is {self.stand} and has no run", title="Job")
            error.job = self.item
            raise error
        return gate(self.run, self._api.run_summary(self.run)["gate"])

    def cancel(self) -> Job:
        """Take it back if it has not begun; stop its run for good if it has.

        Raises
        ------
        ConflictError
            It has ended, or has begun so lately that it has no run yet.
        """
        if self.refresh().stand == "queued":
            try:
                self._api.withdraw_job(self.number)
            except ClientError:
                # Perhaps it has begun in between.
                if self.refresh().stand == "queued":
                    raise
            else:
                return self.refresh()
        if self.run is None:
            # Says why there is nothing to take back.
            self._api.withdraw_job(self.number)
        else:
            self._api.order_run(self.run, {"order": "cancel"})
        return self.refresh()


class _Watch:
    """The looks at a job until it is over, for those who sleep in either way."""

    def __init__(self, job: Job, timeout: float | None, poll: float) -> None:
        if not poll > 0:
            raise ValueError(f"poll: {poll} is not above 0")
        self.job, self.timeout, self.poll = job, timeout, poll
        self.began = self.heard = time.monotonic()

    def __iter__(self) -> Iterator[float]:
        """Give the seconds to sleep before each look."""
        pause = min(FIRST_LOOK, self.poll)
        while not self.job.over:
            left = pause
            if self.timeout is not None:
                left = self.timeout - (time.monotonic() - self.began)
                if left <= 0:
                    job = self.job
                    raise WaitError(f"job {job.number} is {job.stand} after {self.timeout:g} s; it goes on")
            yield min(pause, left)
            pause = min(pause * GROWTH, self.poll)

    def look(self) -> None:
        """Look once; a server that is away for a short time is no end."""
        try:
            self.job.refresh()
            self.heard = time.monotonic()
        except (UnreachableError, ServerError, RateLimitError):
            if time.monotonic() - self.heard > PATIENCE:
                raise
