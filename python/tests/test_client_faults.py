"""What the client does when a server, or what stands before it, fails: a server that is told what to answer."""

from __future__ import annotations

import json
import pickle
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from assay import Client, client
from assay.client import _transport

Answering = Callable[[BaseHTTPRequestHandler], None]


class Fake:
    """Answers requests with what is next; the last answer stays."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections = 0
        self.answers: list[Answering] = []
        self._lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                fake.connections += 1
                super().setup()

            def handle_one(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if self.headers.get("transfer-encoding") == "chunked":
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                with fake._lock:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    fake.asked.append((self.command, self.path, headers, body))
                    answer = fake.answers.pop(0) if len(fake.answers) > 1 else fake.answers[0]
                answer(self)

            do_GET = do_POST = do_PUT = do_DELETE = do_CONNECT = handle_one

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"

    def says(self, *answers: Answering) -> None:
        self.answers = list(answers)

    def verbs(self) -> list[str]:
        return [verb for verb, _, _, _ in self.asked]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[Fake]:
    monkeypatch.setattr(_transport, "FIRST_WAIT", 0.01)
    found = Fake()
    thread = threading.Thread(target=found.server.serve_forever, args=(0.02,))
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
    thread.join()


def says(status: int, body: Any = None, kind: str = "application/json", **headers: str) -> Answering:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(text)))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(text)

    return answer


def problem(status: int, detail: str, **headers: str) -> Answering:
    said = {"type": "about:blank", "title": "Problem", "status": status, "detail": detail}
    return says(status, said, "application/problem+json", **headers)


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def breaks_off(chunked: bool) -> Answering:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/x-ndjson")
        if chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        else:
            handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'9\r\n{"a": 1}\n\r\n' if chunked else b'{"a": 1}\n')
        hangs_up(handler)

    return answer


DONE = says(200, {"job": 1, "stand": "queued", "run": None, "exit": None})


@pytest.mark.parametrize(
    "failure",
    [
        problem(503, "busy"),
        problem(429, "too many"),
        says(502, b"<html>", "text/html"),
        problem(504, "late"),
        hangs_up,
    ],
    ids=["503", "429", "502", "504", "hang up"],
)
def test_what_is_safe_is_repeated(fake: Fake, failure: Answering) -> None:
    fake.says(failure, failure, DONE)
    found = Client(fake.address, key="k")
    assert found.get_job(1)["job"] == 1
    assert fake.verbs() == ["GET"] * 3
    fake.says(failure, failure, DONE)
    fake.asked.clear()
    assert found.run("a.yaml").number == 1
    keys = {headers["idempotency-key"] for _, _, headers, _ in fake.asked}
    assert fake.verbs() == ["POST"] * 3
    assert len(keys) == 1
    # A request of its own has a key of its own.
    found.run("a.yaml")
    assert fake.asked[-1][2]["idempotency-key"] not in keys


@pytest.mark.parametrize("failure", [problem(503, "busy"), hangs_up], ids=["503", "hang up"])
def test_what_is_not_safe_is_sent_once(fake: Fake, failure: Answering) -> None:
    fake.says(failure)
    found = Client(fake.address, key="k")
    # A rating has no key that the server minds; a body of parts is gone when it was sent.
    for act in (
        lambda: found.undo_rating("p"),
        lambda: found.set_baseline("s", "main", {"run": "latest"}),
        lambda: found.revoke_key("k"),
        lambda: found.push_cases("r", iter([b"a", b"b"])),
        lambda: found.request("POST", "/x", json={}),
    ):
        fake.asked.clear()
        with pytest.raises(client.ClientError):
            act()
        assert len(fake.asked) == 1


def test_repeating_comes_to_an_end(fake: Fake) -> None:
    fake.says(problem(503, "still busy"))
    with pytest.raises(client.ServerError, match="503 Problem: still busy"):
        Client(fake.address, retries=2).overview()
    assert len(fake.asked) == 3
    fake.asked.clear()
    fake.says(problem(500, "its log says why"))
    with pytest.raises(client.ServerError):
        Client(fake.address).overview()
    assert len(fake.asked) == 1


def test_the_server_says_when_to_ask_again(fake: Fake) -> None:
    fake.says(problem(429, "wait", Retry_After="1"), DONE)
    began = time.monotonic()
    Client(fake.address).get_job(1)
    assert 1 <= time.monotonic() - began < 5
    fake.says(problem(429, "wait", Retry_After="7"))
    with pytest.raises(client.RateLimitError) as caught:
        Client(fake.address, retries=0).get_job(1)
    assert caught.value.retry_after == 7
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 60))
    fake.says(problem(503, "wait", Retry_After=later))
    with pytest.raises(client.ServerError) as caught:
        Client(fake.address, retries=0).get_job(1)
    assert caught.value.retry_after == pytest.approx(60, abs=3)
    fake.says(problem(503, "wait", Retry_After="soon"))
    with pytest.raises(client.ServerError) as caught:
        Client(fake.address, retries=0).get_job(1)
    assert caught.value.retry_after is None


def test_a_first_request_that_is_still_worked_on_is_waited_for(fake: Fake) -> None:
    working = problem(409, "the first request with this `Idempotency-Key` is still being done")
    fake.says(hangs_up, working, working, DONE)
    assert Client(fake.address).run("a.yaml").number == 1
    fake.asked.clear()
    # Not one's own first request: somebody else uses the key.
    fake.says(working)
    with pytest.raises(client.ConflictError):
        Client(fake.address).run("a.yaml")
    assert len(fake.asked) == 1
    fake.asked.clear()
    fake.says(hangs_up, problem(409, "another conflict"))
    with pytest.raises(client.ConflictError, match="another conflict"):
        Client(fake.address).run("a.yaml")
    assert len(fake.asked) == 2


def test_connections_are_kept(fake: Fake) -> None:
    fake.says(DONE)
    with Client(fake.address) as found:
        for _ in range(5):
            found.get_job(1)
        assert fake.connections == 1
        fake.says(problem(404, "no"))
        with pytest.raises(client.NotFoundError):
            found.get_job(1)
        fake.says(DONE)
        found.get_job(1)
    assert fake.connections == 1


def test_a_connection_that_the_server_closed_is_not_used(fake: Fake) -> None:
    def once(handler: BaseHTTPRequestHandler) -> None:
        DONE(handler)
        # Without having said so.
        hangs_up(handler)

    fake.says(once)
    found = Client(fake.address, retries=0)
    for n in range(3):
        # Not even a change, which cannot be repeated, is sent to nobody.
        found.request("DELETE", "/x").close()
        found.get_job(1)
        time.sleep(0.05)
        assert len(fake.asked) == 2 * n + 2


@pytest.mark.parametrize("chunked", [True, False])
def test_an_answer_that_breaks_off_is_no_answer(fake: Fake, tmp_path: Path, chunked: bool) -> None:
    fake.says(breaks_off(chunked))
    found = Client(fake.address, retries=0)
    rows = found.table("r").rows()
    assert next(rows) == {"a": 1}
    with pytest.raises(client.UnreachableError, match="the answer broke off"):
        list(rows)
    with pytest.raises(client.UnreachableError, match="the answer broke off"):
        found.table("r").save(tmp_path / "r.jsonl")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(client.UnreachableError, match="the answer broke off"):
        found.overview()


def test_an_arrow_stream_that_breaks_off_is_no_table(fake: Fake) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    sink = pyarrow.BufferOutputStream()
    batch = pyarrow.record_batch({"value": list(range(50_000))})
    with pyarrow.ipc.new_stream(sink, batch.schema) as writer:
        for _ in range(3):
            writer.write_batch(batch)
    whole = sink.getvalue().to_pybytes()

    def answers(part: bytes) -> Answering:
        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            for at in range(0, len(part), 100_000):
                piece = part[at : at + 100_000]
                handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            if len(part) == len(whole):
                handler.wfile.write(b"0\r\n\r\n")
            else:
                hangs_up(handler)

        return answer

    found = Client(fake.address, retries=0)
    fake.says(answers(whole))
    assert found.table("r").to_arrow().num_rows == 150_000
    # Also where the stream breaks off between two batches, and just before its end mark.
    for at in (len(whole) // 2, len(whole) - 8):
        fake.says(answers(whole[:at]))
        with pytest.raises(client.UnreachableError, match="the answer broke off"):
            found.table("r").to_arrow()
        with pytest.raises(client.UnreachableError, match="the answer broke off"):
            list(found.table("r"))


def test_what_others_answer_is_said_plainly(fake: Fake) -> None:
    found = Client(fake.address, retries=0)
    fake.says(says(502, b"<html><script>alert(1)</script>", "text/html"))
    with pytest.raises(client.ServerError, match=r"^502 Bad Gateway: Bad Gateway$"):
        found.overview()
    fake.says(says(200, b"<html>hello", "text/html"))
    with pytest.raises(client.ServerError, match="is it an Assay server"):
        found.overview()
    fake.says(problem(422, "bad \x1b[31mred\u202e text"))
    with pytest.raises(client.RequestError) as caught:
        found.overview()
    assert str(caught.value) == "422 Problem: bad  [31mred  text"
    fake.says(says(302, b"", Location="https://elsewhere.example.org/"))
    with pytest.raises(client.RequestError, match=r"give the address behind https://elsewhere\.example\.org/"):
        found.overview()
    fake.says(says(422, ["no", "object"], "application/problem+json"))
    with pytest.raises(client.RequestError):
        found.overview()


def test_a_server_that_says_nothing(fake: Fake) -> None:
    fake.says(lambda _: time.sleep(1.5))
    began = time.monotonic()
    with pytest.raises(client.UnreachableError, match="no answer in time"):
        Client(fake.address, timeout=0.2, retries=0).overview()
    assert time.monotonic() - began < 1


def test_what_json_does_not_know_is_not_sent(fake: Fake) -> None:
    fake.says(DONE)
    with pytest.raises(ValueError, match="what JSON does not know"):
        Client(fake.address).run("a.yaml", max_cost=float("nan"))
    assert fake.asked == []


def test_few_answers_are_kept(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_transport, "MOST_KEPT", 3)
    found = Client(fake.address)
    fake.says(says(200, {"job": 1}, ETag='W/"a"'))
    for number in range(6):
        found.get_job(number)
    assert [place for place in found._transport._kept] == [f"/api/v1/jobs/{number}" for number in (3, 4, 5)]
    assert found._transport._kept_bytes == sum(len(text) for _, text in found._transport._kept.values())
    found.get_job(5)
    assert fake.asked[-1][2]["if-none-match"] == 'W/"a"'
    found.get_job(0)
    assert "if-none-match" not in fake.asked[-1][2]


def test_an_address_may_have_a_path(fake: Fake) -> None:
    fake.says(DONE)
    Client(f"{fake.address}/assay/").get_job(1)
    assert fake.asked[-1][1] == "/assay/api/v1/jobs/1"


def test_a_proxy_stands_between(fake: Fake, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.says(DONE)
    monkeypatch.setenv("http_proxy", fake.address.replace("//", "//ada:a%40b@"))
    monkeypatch.setenv("https_proxy", fake.address)
    assert Client("http://assay.example.org:8080", key="k").get_job(1)["job"] == 1
    _, path, headers, _ = fake.asked[-1]
    assert path == "http://assay.example.org:8080/api/v1/jobs/1"
    assert headers["host"] == "assay.example.org:8080"
    assert headers["proxy-authorization"] == "Basic YWRhOmFAYg=="
    fake.says(problem(403, "no"))
    # What is encrypted goes through a tunnel; this proxy digs none.
    with pytest.raises(client.UnreachableError, match="Tunnel connection failed"):
        Client("https://assay.example.org", key="secret", retries=0).overview()
    assert fake.verbs()[-1] == "CONNECT"
    assert "authorization" not in fake.asked[-1][2]
    # Not for this machine, nor where it is not wanted.
    fake.asked.clear()
    fake.says(DONE)
    Client(fake.address).get_job(1)
    assert fake.asked[0][1] == "/api/v1/jobs/1"
    monkeypatch.setenv("no_proxy", "example.org")
    with pytest.raises(client.UnreachableError):
        Client("http://assay.example.org:9", retries=0).overview()
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:9")
    with pytest.raises(ValueError, match=r"http_proxy: socks5://127\.0\.0\.1 is no proxy"):
        Client("http://assay.example.org")


def test_the_certificate_counts(fake: Fake, tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    names = [
        "-addext",
        "subjectAltName=DNS:localhost",
        "-keyout",
        str(tmp_path / "key"),
        "-out",
        str(tmp_path / "cert"),
    ]
    subprocess.run([openssl, *words.split(), *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    fake.server.socket = context.wrap_socket(fake.server.socket, server_side=True)
    fake.says(DONE)
    address = fake.address.replace("http://127.0.0.1", "https://localhost")
    began = time.monotonic()
    with pytest.raises(client.UnreachableError, match="certificate verify failed"):
        Client(address).overview()
    # No second attempt makes it a better one.
    assert time.monotonic() - began < 5
    assert fake.asked == []
    found = Client(address, ca_file=tmp_path / "cert")
    for again in (found, pickle.loads(pickle.dumps(found))):
        assert [again.get_job(1)["job"] for _ in range(2)] == [1, 1]
