"""HTTP to a server: connections that are kept, requests that are repeated where that is safe."""

from __future__ import annotations

import base64
import contextlib
import email.utils
import http.client
import io
import json
import os
import random
import selectors
import ssl
import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import SplitResult, unquote, urlencode, urlsplit
from urllib.parse import quote as _quote

from assay import __version__
from assay._plain import plain
from assay.client._errors import ClientError, ConflictError, ServerError, UnreachableError, problem

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Answer"]

Body = bytes | BinaryIO | Iterable[bytes]
"""What can be sent: bytes, an open file, or parts one after another."""

# Seconds until a connection must stand.
CONNECT = 10.0
# Seconds for which an idle connection is taken to be alive, and how many are kept.
IDLE, MOST_IDLE = 30.0, 8
# Seconds before a request is repeated: the first time, and at most.
FIRST_WAIT, MOST_WAIT = 0.25, 30.0
# Answers that are kept with their tag, and the bytes of all of them.
MOST_KEPT, MOST_KEPT_BYTES = 128, 16 << 20
# What a server or a proxy answers that may be otherwise a little later.
PASSING = {429, 502, 503, 504}
PART = 1 << 16


def quote(part: str | int) -> str:
    """Give a part of a path as it stands in an address."""
    text = str(part)
    if text in {"", ".", ".."}:
        raise ValueError(f"{text!r} is no name that an address can hold")
    return _quote(text, safe="")


def new_key() -> str:
    """Give an `Idempotency-Key`: a request that has it is done once however often it is sent."""
    return str(uuid.uuid4())


class Answer(io.RawIOBase):
    """The body of an answer as it comes: a binary file to read from; use it in a `with` statement.

    Attributes
    ----------
    status : int
        The HTTP status.
    headers : mapping of str
        The headers, in any case.
    """

    def __init__(self, response: http.client.HTTPResponse, end: Callable[[bool], None]) -> None:
        super().__init__()
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers  # type: ignore[assignment]
        self._response = response
        self._end = end
        self._left = response.length
        self._over = False

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what fits.

        Raises
        ------
        UnreachableError
            The answer broke off: it is not a whole one.
        """
        if self._over:
            return 0
        try:
            # What has come, and not as much as fits: events are there to be read when they happen.
            part = self._response.read1(len(buffer))
        except (OSError, http.client.HTTPException) as error:
            self._finish(False)
            raise UnreachableError(f"the answer broke off: {_why(error)}") from error
        count = len(part)
        buffer[:count] = part
        if self._left is not None:
            self._left -= count
        if count == 0 and len(buffer) > 0:
            whole = not self._left
            self._finish(whole)
            if not whole:
                raise UnreachableError(f"the answer broke off: {self._left} bytes are missing")
        return count

    def _finish(self, whole: bool) -> None:
        if not self._over:
            self._over = True
            self._response.close()
            self._end(whole and not self._response.will_close)

    def close(self) -> None:
        """Let go of the connection, which is kept only if all was read."""
        if not self.closed:
            if not self._over:
                self._finish(self._left == 0)
            super().close()

    def __enter__(self) -> Answer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def readall(self) -> bytes:
        """Read to the end."""
        return b"".join(iter(lambda: self.read(PART) or b"", b""))

    def parts(self) -> Iterator[bytes]:
        """Give the body in parts of at most 64 KiB, and let go of the connection."""
        with self:
            while part := self.read(PART):
                yield part


class Transport:
    """Sends requests to one server. Threads may share it; it can be pickled and survives a fork.

    Parameters
    ----------
    address : str
        The server's address.
    key : str or None
        What is sent as `Authorization: Bearer`.
    timeout : float
        Seconds without a byte after which a request has failed.
    retries : int
        How often what is safe to repeat is repeated.
    ca_file : str or None
        Certificates that vouch for the server, beside those of the system.
    """

    def __init__(self, address: str, key: str | None, *, timeout: float, retries: int, ca_file: str | None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"server: {plain(address)!r} is no address such as https://assay.example.org")
        if parts.username is not None or parts.password is not None:
            raise ValueError("server: an address holds no password; give a key")
        if not timeout > 0:
            raise ValueError(f"timeout: {timeout} is not above 0")
        if retries < 0:
            raise ValueError(f"retries: {retries} is below 0")
        if key is not None and (not key.isascii() or not key.isprintable() or " " in key):
            raise ValueError("key: it has characters that no key has")
        self._parts = parts
        self.address = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self.key, self.timeout, self.retries, self.ca_file = key, timeout, retries, ca_file
        self._tls: ssl.SSLContext | None = None
        self._proxy = _proxy(parts)
        self._forget()

    def _forget(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._idle: list[tuple[http.client.HTTPConnection, float]] = []
        self._kept: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._kept_bytes = 0

    def __getstate__(self) -> dict[str, Any]:
        names = ("address", "key", "timeout", "retries", "ca_file")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)

    # Connections.

    def _open(self) -> http.client.HTTPConnection:
        host, port, proxy = self._parts.hostname or "", self._parts.port, self._proxy
        at = (host, port) if proxy is None else (proxy.hostname or "", proxy.port or 80)
        if self._parts.scheme == "http":
            made = http.client.HTTPConnection(*at, timeout=CONNECT)
        else:
            if self._tls is None:
                context = ssl.create_default_context()
                if self.ca_file is not None:
                    context.load_verify_locations(self.ca_file)
                self._tls = context
            made = http.client.HTTPSConnection(*at, timeout=CONNECT, context=self._tls)
            if proxy is not None:
                made.set_tunnel(host, port, headers=_credentials(proxy))
        made.connect()
        made.sock.settimeout(self.timeout)
        return made

    def _connection(self) -> http.client.HTTPConnection:
        if self._process != os.getpid():
            # After a fork the connections are the parent's, and so may be whoever holds the lock.
            self._forget()
        while True:
            with self._lock:
                if not self._idle:
                    break
                found, since = self._idle.pop()
            if time.monotonic() - since < IDLE and _quiet(found):
                return found
            found.close()
        return self._open()

    def _keep(self, connection: http.client.HTTPConnection) -> None:
        if self._process == os.getpid():
            with self._lock:
                if len(self._idle) < MOST_IDLE:
                    self._idle.append((connection, time.monotonic()))
                    return
        connection.close()

    def close(self) -> None:
        """Close the connections; a request afterwards opens another."""
        if self._process != os.getpid():
            self._forget()
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    # Requests.

    def stream(
        self,
        verb: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        body: Body | None = None,
        idempotency_key: str | None = None,
        headers: Mapping[str, str] | None = None,
        repeat: bool = False,
    ) -> Answer:
        """Send a request and give its answer as it comes.

        Raises
        ------
        ClientError
            There is no answer, or the answer is a problem.
        """
        sent = {"Accept": "*/*", "User-Agent": f"assay-python/{__version__}", **(headers or {})}
        if self.key is not None:
            sent["Authorization"] = f"Bearer {self.key}"
        if idempotency_key is not None:
            sent["Idempotency-Key"] = idempotency_key
        if json is not None:
            sent["Content-Type"] = "application/json"
            body = _json(json)
        elif body is not None:
            sent.setdefault("Content-Type", "application/octet-stream")
        # Parts that went out once are gone.
        again = self.retries if repeat and (body is None or isinstance(body, bytes)) else 0
        place = self._parts.path.rstrip("/") + path + _asked(query)
        if self._proxy is not None and self._parts.scheme == "http":
            # A proxy is told the whole address, a server its path.
            place = f"http://{self._parts.netloc}{place}"
            sent.update(_credentials(self._proxy))
        attempt = 0
        while True:
            try:
                return self._once(verb, place, body, sent)
            except ClientError as error:
                if attempt >= again or not _passes(error, attempt):
                    raise
                wait = error.retry_after
            if wait is None:
                # Not all at once, when a server comes back.
                wait = min(FIRST_WAIT * 2**attempt, MOST_WAIT) * random.uniform(0.5, 1)
            time.sleep(min(wait, MOST_WAIT))
            attempt += 1

    def _once(self, verb: str, place: str, body: Body | None, headers: dict[str, str]) -> Answer:
        connection = None
        try:
            connection = self._connection()
            connection.request(verb, place, body, headers)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            if connection is not None:
                connection.close()
            raise UnreachableError(f"{self.address}: {_why(error)}") from error
        except BaseException:
            # Such as Ctrl-C, or an error of whoever gives the parts of the body: half a request is on the connection.
            if connection is not None:
                connection.close()
            raise

        def end(whole: bool) -> None:
            if whole:
                self._keep(connection)
            else:
                connection.close()

        answer = Answer(response, end)
        if 200 <= answer.status < 300 or answer.status == 304:
            return answer
        with answer:
            # What a proxy answers may be long; a problem is not.
            said = io.BufferedReader(answer, PART).read(1 << 20)
        after = _after(answer.headers.get("retry-after"))
        raise problem(answer.status, answer.headers, said, after)

    def json(self, verb: str, path: str, **request: Any) -> Any:
        """Send a request and give its answer as what the JSON says.

        What has not changed since it was asked for is not sent again (`If-None-Match`).
        """
        place = path + _asked(request.get("query"))
        kept = self._known(place) if verb == "GET" else None
        headers = {"Accept": "application/json", **({"If-None-Match": kept[0]} if kept else {})}
        with self.stream(verb, path, headers=headers, **request) as answer:
            text = answer.readall()
        if answer.status == 304 and kept is not None:
            text = kept[1]
        elif verb == "GET" and (tag := answer.headers.get("etag")):
            self._remember(place, tag, text)
        try:
            return json.loads(text)
        except ValueError as error:
            raise ServerError(
                f"{self.address}{path} does not answer in JSON: is it an Assay server?", status=answer.status
            ) from error

    def done(self, verb: str, path: str, **request: Any) -> None:
        """Send a request that is answered with nothing."""
        with self.stream(verb, path, **request) as answer:
            answer.readall()

    def pages(self, verb: str, path: str, *, query: Mapping[str, Any], **request: Any) -> Iterator[Any]:
        """Give the items of all pages of a list, asking for a page when it is needed."""
        cursor = None
        while True:
            page = self.json(verb, path, query={**query, "cursor": cursor}, **request)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    # Answers that are kept.

    def _known(self, place: str) -> tuple[str, bytes] | None:
        if self._process != os.getpid():
            self._forget()
        with self._lock:
            found = self._kept.get(place)
            if found is not None:
                self._kept.move_to_end(place)
            return found

    def _remember(self, place: str, tag: str, text: bytes) -> None:
        if len(text) > MOST_KEPT_BYTES // 8:
            return
        with self._lock:
            old = self._kept.pop(place, None)
            self._kept_bytes += len(text) - (len(old[1]) if old else 0)
            self._kept[place] = (tag, text)
            while len(self._kept) > MOST_KEPT or self._kept_bytes > MOST_KEPT_BYTES:
                self._kept_bytes -= len(self._kept.popitem(last=False)[1][1])


def _json(value: Any) -> bytes:
    try:
        return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()
    except ValueError as error:
        raise ValueError(f"the request holds what JSON does not know: {error}") from error


def _asked(query: Mapping[str, Any] | None) -> str:
    given = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in (query or {}).items()
        if value is not None
    }
    return f"?{urlencode(given)}" if given else ""


def _proxy(server: SplitResult) -> SplitResult | None:
    """Give the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name for a server; none for this machine."""
    host = server.hostname or ""
    if (
        host in {"localhost", "::1"}
        or host.startswith("127.")
        or not any(name.lower().endswith("_proxy") for name in os.environ)
    ):
        return None
    from urllib import request  # noqa: PLC0415

    found = request.getproxies_environment()
    if request.proxy_bypass_environment(server.netloc.rpartition("@")[2], found):  # type: ignore[reportUnknownMemberType]
        return None
    address = found.get(server.scheme) or found.get("all")
    if not address:
        return None
    proxy = urlsplit(address if "://" in address else f"http://{address}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise ValueError(f"{server.scheme}_proxy: {proxy.scheme}://{proxy.hostname} is no proxy that speaks HTTP")
    return proxy


def _credentials(proxy: SplitResult) -> dict[str, str]:
    """Give the header that says to a proxy who asks."""
    if proxy.username is None:
        return {}
    said = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(said.encode()).decode()}"}


def _quiet(connection: http.client.HTTPConnection) -> bool:
    """Whether nothing came on an idle connection: what comes there is its end."""
    sock = connection.sock
    if sock is None:  # type: ignore[reportUnnecessaryComparison]
        return False
    with selectors.DefaultSelector() as found, contextlib.suppress(OSError, ValueError):
        found.register(sock, selectors.EVENT_READ)
        return not found.select(0)
    return False


def _passes(error: ClientError, attempt: int) -> bool:
    """Whether a little later it may be otherwise."""
    if isinstance(error, UnreachableError):
        return not isinstance(error.__cause__, ssl.SSLCertVerificationError)
    if isinstance(error, ConflictError):
        # The first of these requests has arrived and is being worked on: its answer will be the answer.
        return attempt > 0 and "still being done" in error.detail
    return error.status in PASSING


def _after(header: str | None) -> float | None:
    """Give `Retry-After` in seconds: a number, or a time."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(header).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection ended"
    return plain(str(error) or type(error).__name__, 500)
