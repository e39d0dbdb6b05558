"""Runs of a workspace of this machine, recorded on a server by the command that the package brings."""

from __future__ import annotations

import os
import re
import subprocess

from assay._command import executable
from assay._errors import AssayError
from assay._plain import plain
from assay.client._errors import ClientError, RequestError, ServerError


def push(server: str, key: str | None, run: str, workspace: str | os.PathLike[str] | None, program: str | None) -> str:
    """Push a run and give the word by which the server knows it.

    Raises
    ------
    RequestError
        There is no such run, it is not complete, or the server does not take it.
    ServerError
        The server, or the way there, failed.
    """
    try:
        words = [program or executable(), "remote", "push"]
    except AssayError as error:
        raise ClientError(str(error)) from error
    if workspace is not None:
        words += ["--workspace", os.fspath(workspace)]
    # The key goes by the environment: other users of the machine see arguments.
    environment = {**os.environ, "ASSAY_SERVER": server, "ASSAY_SERVER_KEY": key or ""}
    # What a run is called comes after `--`: it is no option.
    done = subprocess.run([*words, "--", run], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = plain(done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}", 4_000, lines=True)
        raise (RequestError if done.returncode == 2 else ServerError)(said)
    found = re.match(r"run (\S+) is on ", done.stdout)
    if found is None:
        raise ServerError(f"`assay remote push` answered {plain(done.stdout)!r}")
    return found[1]
