"""Trials in baggage and spans, with the real SDK, in one process and over HTTP."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("opentelemetry.sdk")

from opentelemetry import baggage, propagate
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from assay import trace

EXPORTER = InMemorySpanExporter()
PROVIDER = TracerProvider()
ALL = {"assay.run_id": "r", "assay.case_id": "c 1", "assay.epoch": 2, "assay.suite": "chat", "assay.target": "v2"}


@pytest.fixture(scope="module", autouse=True)
def provider() -> None:
    PROVIDER.add_span_processor(SimpleSpanProcessor(EXPORTER))
    # The global provider can be set once in a process.
    otel.set_tracer_provider(PROVIDER)


@pytest.fixture
def spans() -> Iterator[Any]:
    EXPORTER.clear()

    def named() -> dict[str, Any]:
        return {span.name: span for span in EXPORTER.get_finished_spans()}

    yield named


def the_trial() -> Any:
    return trace.trial(run_id="r", case_id="c 1", epoch=2, suite="chat", target="v2")


def test_a_trial_is_in_baggage_and_spans(spans: Any) -> None:
    assert trace.current() is None
    with the_trial() as trial:
        assert trace.current() == trial == trace.Trial("r", "c 1", 2, "chat", "v2")
        assert baggage.get_all() == {name: str(value) for name, value in ALL.items()}
        with trace.tool("find", arguments={"n": 1}, call_id="call_1", description="Looks.") as call:
            call.result({"found": ["ä", 2]})
        with trace.retrieval("when?", source="help") as search:
            search.documents([{"id": "d7", "score": 0.8, "content": "Nine."}, ("d2", 0.4), "d3"])
    assert trace.current() is None
    assert baggage.get_all() == {}
    found = spans()
    assert dict(found["assay.trial"].attributes) == ALL
    assert dict(found["execute_tool find"].attributes) == {
        **ALL,
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "find",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_1",
        "gen_ai.tool.description": "Looks.",
        "gen_ai.tool.call.arguments": '{"n": 1}',
        "gen_ai.tool.call.result": '{"found": ["ä", 2]}',
    }
    retrieval = dict(found["retrieval help"].attributes)
    assert json.loads(retrieval.pop("gen_ai.retrieval.documents")) == [
        {"id": "d7", "score": 0.8, "content": "Nine."},
        {"id": "d2", "score": 0.4},
        {"id": "d3"},
    ]
    assert retrieval == {
        **ALL,
        "gen_ai.operation.name": "retrieval",
        "gen_ai.data_source.id": "help",
        "gen_ai.retrieval.query.text": "when?",
    }
    parent = found["assay.trial"].context.span_id
    assert {found[name].parent.span_id for name in ("execute_tool find", "retrieval help")} == {parent}
    assert {span.kind for span in found.values()} == {otel.SpanKind.INTERNAL}


def test_keys_are_those_of_the_conventions() -> None:
    names = pytest.importorskip("opentelemetry.semconv._incubating.attributes.gen_ai_attributes")
    known = {value for name, value in vars(names).items() if name.isupper() and isinstance(value, str)}
    text = "".join(path.read_text() for path in Path(trace.__file__).parent.glob("_*.py"))
    used = {word.split('"')[0] for word in text.split('"') if word.startswith("gen_ai.")}
    assert "gen_ai.tool.name" in used
    assert used <= known


def test_an_inner_trial_is_the_trial(spans: Any) -> None:
    with the_trial():
        with trace.trial(run_id="r2", case_id="c2"):
            assert trace.current() == trace.Trial("r2", "c2")
        assert trace.current() == trace.Trial("r", "c 1", 2, "chat", "v2")
        with trace.hidden():
            assert trace.current() is None
            assert "x-assay-run" not in trace.headers()
        with pytest.raises(KeyError), trace.trial(run_id="r3", case_id="c3"):
            raise KeyError("x")
        assert trace.current() == trace.Trial("r", "c 1", 2, "chat", "v2")


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"run_id": "", "case_id": "c"}, ValueError, "run_id: it is empty"),
        ({"run_id": "r", "case_id": 7}, TypeError, "case_id: int is no text"),
        ({"run_id": "r", "case_id": "c", "epoch": "1"}, TypeError, "epoch: str is no whole number"),
        ({"run_id": "r", "case_id": "c", "epoch": -1}, ValueError, "epoch: -1 is below 0"),
        ({"run_id": "r", "case_id": "c", "suite": 1}, TypeError, "suite: int is no text"),
        ({"run_id": "r", "case_id": "ü" * 1000}, ValueError, "case_id: more than 4000 bytes"),
    ],
)
def test_what_is_no_trial(given: Any, kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words), trace.trial(**given):
        pass


@pytest.mark.parametrize("case", ["a b", "a+b", "a%20b", "ü/ß,;=", "x" * 1000, 'q"\\', "日本"])
def test_ids_survive_headers(case: str) -> None:
    with trace.trial(run_id="r", case_id=case, epoch=0):
        sent = trace.headers()
    assert "+" not in sent["baggage"]
    assert all(value.isascii() and value.isprintable() for value in sent.values())
    for part in (sent, {"BAGGAGE": sent["baggage"]}, {name: sent[name] for name in sent if name.startswith("x-")}):
        assert trace.current(part) == trace.Trial("r", case, 0)
    # Whoever reads it with OpenTelemetry alone reads the same.
    assert baggage.get_baggage("assay.case_id", propagate.extract(sent)) == case
    with trace.received(sent) as trial:
        assert trial == trace.current() == trace.Trial("r", case, 0)
    assert trace.current() is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"baggage": "assay.run_id=r"},
        {"baggage": "assay.run_id=,assay.case_id=c"},
        {"baggage": ",,;=,=;assay"},
        {"baggage": "other=1", "x-assay-run": "r"},
    ],
)
def test_headers_of_no_trial(headers: dict[str, str]) -> None:
    assert trace.current(headers) is None
    with trace.received(headers) as trial:
        assert trial is None


def test_hostile_headers_are_read_as_far_as_they_are_ours() -> None:
    found = trace.current(
        {"baggage": "assay.run_id=r;p=1, assay.case_id = c ,assay.epoch=²,assay.__class__=x,user=ada"}
    )
    assert found == trace.Trial("r", "c")


def test_failures_are_on_the_span(spans: Any) -> None:
    with pytest.raises(LookupError), trace.tool("t"):
        raise LookupError("no such order")
    with trace.tool("u") as call:
        call.fail("timeout", "no answer in 5 s")
    found = spans()
    assert found["execute_tool t"].attributes["error.type"] == "LookupError"
    assert found["execute_tool t"].status.description == "no such order"
    assert found["execute_tool u"].attributes["error.type"] == "timeout"
    assert {span.status.status_code for span in found.values()} == {otel.StatusCode.ERROR}


def test_contents_can_be_kept_out(spans: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "no_content")
    with trace.tool("t", arguments={"secret": 1}) as call, trace.retrieval("secret") as search:
        call.result("secret")
        search.documents(["secret"])
    assert not any("secret" in str(value) for span in spans().values() for value in span.attributes.values())


def test_what_json_does_not_know_is_no_failure(spans: Any) -> None:
    class Silent:
        def __str__(self) -> str:
            raise LookupError("no words")

    loop: list[Any] = []
    loop.append(loop)
    with trace.tool("u", arguments=Silent()), trace.tool("t", arguments={"at": object(), "set": {1}}) as call:
        call.result(loop)
    assert spans()["execute_tool t"].attributes["gen_ai.tool.call.result"] == '"<list>"'


def test_functions_of_each_kind_are_observed(spans: Any) -> None:
    @trace.observe
    def plain(n: int) -> int:
        """Doubles."""
        return 2 * n

    @trace.observe(name="lookup", kind="tool")
    def lookup(number: int, *, deep: bool = False) -> dict[str, int]:
        return {"number": number}

    @trace.observe(name="planner", kind="agent")
    async def plan(n: int) -> int:
        await asyncio.sleep(0)
        return plain(n)

    with the_trial():
        assert (plain(2), plain.__doc__, plain.__name__) == (4, "Doubles.", "plain")
        assert lookup(7, deep=True) == {"number": 7}
        assert asyncio.run(plan(3)) == 6
    found = spans()
    tool = found["execute_tool lookup"].attributes
    assert tool["gen_ai.tool.call.arguments"] == '{"number": 7, "deep": true}'
    assert tool["gen_ai.tool.call.result"] == '{"number": 7}'
    assert found["invoke_agent planner"].attributes["gen_ai.agent.name"] == "planner"
    name = next(name for name in found if name.endswith("plain"))
    assert found[name].attributes["assay.case_id"] == "c 1"
    assert found[name].parent.span_id == found["invoke_agent planner"].context.span_id
    with pytest.raises(TypeError):
        lookup()
    with pytest.raises(ValueError, match="kind: 'job' is none of"):
        trace.observe(kind="job")  # type: ignore[call-overload]


def test_generators_are_observed_until_they_end(spans: Any) -> None:
    tracer = otel.get_tracer("t")

    @trace.observe(name="stream")
    def stream() -> Any:
        with tracer.start_as_current_span("inner"):
            pass
        try:
            got = yield 1
        except LookupError:
            got = "thrown"
        yield got
        return "end"

    with tracer.start_as_current_span("consumer") as consumer:
        found = stream()
        assert next(found) == 1
        # Between two items the consumer's span is the current one.
        assert otel.get_current_span() is consumer
        assert found.send("sent") == "sent"
        assert list(found) == []
        again = stream()
        next(again)
        assert again.throw(LookupError()) == "thrown"
        again.close()
    made = spans()
    assert made["inner"].parent.span_id in [
        s.context.span_id for s in EXPORTER.get_finished_spans() if s.name == "stream"
    ]
    assert made["stream"].parent.span_id == made["consumer"].context.span_id
    assert made["stream"].status.status_code is otel.StatusCode.UNSET

    @trace.observe(name="tokens")
    async def tokens(n: int) -> Any:
        for at in range(n):
            with tracer.start_as_current_span("token"):
                await asyncio.sleep(0)
            yield at
        raise ValueError("over")

    async def consume() -> list[int]:
        got = []
        with pytest.raises(ValueError, match="over"):
            async for at in tokens(3):
                got.append(at)
        # One that is left early ends too.
        left = tokens(3)
        await anext(left)
        await left.aclose()
        return got

    assert asyncio.run(consume()) == [0, 1, 2]
    ended = [span for span in EXPORTER.get_finished_spans() if span.name == "tokens"]
    assert [span.status.status_code for span in ended] == [otel.StatusCode.ERROR, otel.StatusCode.UNSET]
    assert spans()["token"].parent.span_id in [span.context.span_id for span in ended]


def test_trials_at_the_same_time_do_not_mix(spans: Any) -> None:
    async def one(n: int) -> bool:
        with trace.trial(run_id="r", case_id=str(n)):
            for _ in range(5):
                await asyncio.sleep(0)
                with trace.tool("t"):
                    await asyncio.sleep(0)
                    if trace.current() != trace.Trial("r", str(n)):
                        return False
            return True

    async def many() -> list[bool]:
        return await asyncio.gather(*(one(n) for n in range(50)))

    assert all(asyncio.run(many()))
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda n: asyncio.run(one(n)), range(40)))
    for span in EXPORTER.get_finished_spans():
        parent = next((s for s in EXPORTER.get_finished_spans() if span.parent and s.context == span.parent), span)
        assert parent.attributes["assay.case_id"] == span.attributes["assay.case_id"]


def test_over_http_the_application_knows_its_trial(spans: Any) -> None:
    known: list[Any] = []

    class Application(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with trace.received(dict(self.headers)) as trial, trace.tool("search"):
                known.append((trial, trace.current()))
            known.append(trace.current())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Application)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        with the_trial() as trial:
            request = urllib.request.Request(f"http://127.0.0.1:{server.server_port}", headers=trace.headers())
            urllib.request.urlopen(request, timeout=10).close()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert known == [(trial, trial), None]
    found = spans()
    assert found["execute_tool search"].context.trace_id == found["assay.trial"].context.trace_id
    assert found["execute_tool search"].parent.span_id == found["assay.trial"].context.span_id
    assert found["execute_tool search"].attributes["assay.epoch"] == 2


def test_spans_of_others_get_the_names_once_installed() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    trace.install(provider)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("somebody else's")
    with the_trial(), tracer.start_as_current_span("chat small-model"):
        pass
    with tracer.start_as_current_span("outside"):
        pass
    within, outside = exporter.get_finished_spans()
    assert dict(within.attributes) == ALL
    assert dict(outside.attributes) == {}
    with pytest.raises(TypeError, match="takes no span processors"):
        trace.install(otel.NoOpTracerProvider())


def test_without_opentelemetry_nothing_happens() -> None:
    code = """
import asyncio, sys
sys.modules["opentelemetry"] = None
from assay import trace

@trace.observe(kind="tool")
def double(n):
    return 2 * n

@trace.observe
def items():
    yield 1

@trace.observe
async def tokens():
    yield 2

async def all_of():
    return [token async for token in tokens()]

with trace.trial(run_id="r", case_id="c"), trace.tool("t", arguments={}) as call, trace.retrieval("q") as search:
    call.result(1), call.fail("x"), search.documents(["d"])
    assert (double(2), list(items()), asyncio.run(all_of())) == (4, [1], [2])
    assert trace.current() is None and trace.headers() == {}
with trace.received({"x-assay-run": "r", "x-assay-case": "c"}) as trial, trace.hidden():
    assert trial == trace.Trial("r", "c")
try:
    trace.install()
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("spans are made by the SDK: pip install opentelemetry-sdk\n", "")


def test_opentelemetry_is_not_imported_before_it_is_used() -> None:
    code = "import sys, assay; assay.trace.Trial('r', 'c'); print('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
