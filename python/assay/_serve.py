"""Lets the engine, a process of its own, call functions of this one.

It listens on a Unix socket in a folder that nobody else may enter. A connection begins with the name of a function;
after that come calls, one at a time, each a frame of a 4-byte big-endian length and JSON. The engine opens as many
connections as there are calls at once. A sync function is called in the connection's thread, an async one in an event
loop, many at once.
"""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import inspect
import json
import os
import shutil
import socket
import struct
import tempfile
import threading
import traceback
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assay._functions import is_async
from assay._json import text_of

__all__ = ["Trial", "current_trial"]

_HEAD = struct.Struct(">I")
# Frames of these files say nothing about an error of a function.
_OWN = frozenset({__file__, asyncio.tasks.__file__, asyncio.runners.__file__})


@dataclasses.dataclass(frozen=True, slots=True)
class Trial:
    """What a target or scorer is called for.

    Attributes
    ----------
    run : str or None
        The id of the run.
    case : str
        The id of the case.
    function : str
        The name of the target or scorer.
    """

    run: str | None
    case: str
    function: str


_CURRENT: contextvars.ContextVar[Trial | None] = contextvars.ContextVar("assay_trial", default=None)


def current_trial() -> Trial | None:
    """Tell for which trial a target or scorer is being called; None outside of one."""
    return _CURRENT.get()


class _Served:
    """A function, and how it is called."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self.name = name
        self.function = function
        self.awaits = is_async(function)
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):  # some that are written in C do not tell
            self.positional, self.all, self.names = True, False, frozenset[str]()
        else:
            kinds = inspect.Parameter
            self.positional = any(
                p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD, kinds.VAR_POSITIONAL) for p in parameters
            )
            self.all = any(p.kind is kinds.VAR_KEYWORD for p in parameters)
            self.names = frozenset(p.name for p in parameters)

    def call(self, request: dict[str, Any]) -> Any:
        """Call the function as a request says: the first argument by place, others that it declares by name."""
        first, named = request.get("first"), request["kwargs"]
        arguments = [named.pop(first)] if first is not None and self.positional else []
        taken = named if self.all else {name: value for name, value in named.items() if name in self.names}
        return self.function(*arguments, **taken)


def _answer(result: Any) -> bytes:
    try:
        text = text_of(result)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"what was returned is not JSON: {error}") from None
    return _frame('{"ok": ' + text + "}")


def _error(error: BaseException) -> bytes:
    """Say where it was raised, as far as that is not here, and what it is."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename not in _OWN]
    said = [f'File "{f.filename}", line {f.lineno}, in {f.name}\n{f.line or ""}' for f in frames[-1:]]
    # On one line: the engine shows the last ones only.
    said.append(" ".join("".join(traceback.format_exception_only(error)).split()))
    return _frame(json.dumps({"error": "\n".join(said)}))


def _frame(text: str) -> bytes:
    body = text.encode()
    return _HEAD.pack(len(body)) + body


class Server:
    """Serves functions until it is closed.

    Parameters
    ----------
    functions : dict
        By the names they are attached by, each with the name people know it by.
    loop : event loop, optional
        Where async functions run; by default the one of the process, in a thread.
    """

    def __init__(
        self, functions: dict[str, tuple[str, Callable[..., Any]]], loop: asyncio.AbstractEventLoop | None = None
    ) -> None:
        self.run: str | None = None
        self._served = {key: _Served(name, function) for key, (name, function) in functions.items()}
        self.context = contextvars.copy_context()
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._loop = loop
        # Made by mkdtemp, so that nobody else may enter; short, since the path of a socket may have 100 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="assay-", dir="/tmp" if os.path.isdir("/tmp") else None))
        self.path = self.folder / "s"
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.path))
        self._listener.listen(1024)
        _LIVE.add(self)
        threading.Thread(target=self._accept, name="assay-accept", daemon=True).start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Serve nobody any more. A sync function that has not returned goes on in its thread."""
        with self._lock:
            connections, self._connections = self._connections, set()
        # Wakes whoever waits for them. Those of async functions belong to the loop, which closes them.
        for connection in (self._listener, *connections):
            _shut(connection)
        self._listener.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        _LIVE.discard(self)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._connections.add(connection)
            threading.Thread(target=self._greet, args=(connection,), name="assay-call", daemon=True).start()

    def _greet(self, connection: socket.socket) -> None:
        """Find what a connection is for. One that says nothing waits for its end: that this process is gone."""
        handed = False
        try:
            hello = _read(connection)
            if hello is None:
                return
            served = self._served.get(str(hello.get("attach")))
            if served is None:
                known = ", ".join(sorted(self._served)) or "none"
                text = f"no function `{hello.get('attach')}` is attached; there are: {known}"
                connection.sendall(_frame(json.dumps({"fatal": text})))
                return
            connection.sendall(_frame('{"ready": true}'))
            if served.awaits:
                loop = self.loop()
                asyncio.run_coroutine_threadsafe(self._hand_over(connection, served, loop), loop)
                handed = True
            else:
                self._serve(connection, served)
        except OSError:
            pass  # the engine is gone, or asks no more: a call that took too long, a run that was stopped
        finally:
            if not handed:
                self.forget(connection)

    def forget(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.discard(connection)
        connection.close()

    def _serve(self, connection: socket.socket, served: _Served) -> None:
        """Answer calls of a sync function in this thread."""
        while (request := _read(connection)) is not None:
            answer = self.context.copy().run(self._call, served, request)
            if os.getpid() != self._process:
                os._exit(0)  # a fork that came back from the function must not answer, too
            connection.sendall(answer)

    def _call(self, served: _Served, request: dict[str, Any]) -> bytes:
        self.mark(served, request)
        try:
            result = served.call(request)
            if inspect.isawaitable(result):
                result = asyncio.run_coroutine_threadsafe(_wait(result), self.loop()).result()
            return _answer(result)
        except BaseException as error:  # whatever it is, it is the trial's: this thread answers the next ones
            return _error(error)

    async def _hand_over(self, connection: socket.socket, served: _Served, loop: asyncio.AbstractEventLoop) -> None:
        try:
            await loop.connect_accepted_socket(lambda: _Calls(self, connection, served), connection)
        except OSError:
            self.forget(connection)

    def mark(self, served: _Served, request: dict[str, Any]) -> None:
        _CURRENT.set(Trial(self.run, str(request["kwargs"].get("case_id", "")), served.name))

    def sockets(self) -> list[socket.socket]:
        """Give all that is open."""
        return [self._listener, *self._connections]

    def loop(self) -> asyncio.AbstractEventLoop:
        """Give the loop of async functions."""
        return self._loop or _shared_loop()


class _Calls(asyncio.Protocol):
    """Calls of an async function over one connection."""

    def __init__(self, server: Server, connection: socket.socket, served: _Served) -> None:
        self.server, self.connection, self.served = server, connection, served
        self.read = bytearray()
        self.transport: asyncio.Transport | None = None
        self.task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[reportAttributeAccessIssue]

    def data_received(self, data: bytes) -> None:
        self.read += data
        if len(self.read) < _HEAD.size:
            return
        end = _HEAD.size + _HEAD.unpack_from(self.read)[0]
        if len(self.read) < end:
            return
        request = json.loads(self.read[_HEAD.size : end])
        del self.read[:end]  # the next call comes after this one's answer
        # What is started in a copy of the context keeps that.
        context = self.server.context.copy()
        self.task = context.run(asyncio.get_running_loop().create_task, self.answer(request))

    async def answer(self, request: dict[str, Any]) -> None:
        self.server.mark(self.served, request)
        try:
            answer = _answer(await self.served.call(request))
        except asyncio.CancelledError as error:
            if self.transport is None or self.transport.is_closing():
                raise
            answer = _error(error)  # the function's own
        except KeyboardInterrupt:
            raise  # in a loop of the user's it is the user's
        except BaseException as error:
            answer = _error(error)
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        # Nobody waits for the answer any more.
        if self.task is not None:
            self.task.cancel()
        self.server.forget(self.connection)


_LOOPS: list[asyncio.AbstractEventLoop] = []
_LOOPS_LOCK = threading.Lock()


def _shared_loop() -> asyncio.AbstractEventLoop:
    """Give the loop of async functions, the same in one run after another: connections of clients belong to it."""
    with _LOOPS_LOCK:
        if not _LOOPS:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="assay-async", daemon=True).start()
            _LOOPS.append(loop)
        return _LOOPS[0]


async def _wait(awaitable: Any) -> Any:
    return await awaitable


def _read(connection: socket.socket) -> dict[str, Any] | None:
    """Read a frame; None at the end."""
    head = _exactly(connection, _HEAD.size)
    body = None if head is None else _exactly(connection, _HEAD.unpack(head)[0])
    return None if body is None else json.loads(body)


def _exactly(connection: socket.socket, size: int) -> bytes | None:
    parts: list[bytes] = []
    while size > 0:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the other side was first


_LIVE: weakref.WeakSet[Server] = weakref.WeakSet()


def _after_fork() -> None:
    """Let go of the connections in a process that was forked: with its copies they would outlive this one."""
    for server in list(_LIVE):
        for connection in server.sockets():
            os.close(connection.detach())
    _LIVE.clear()
    _LOOPS.clear()  # its thread is not here


os.register_at_fork(after_in_child=_after_fork)
