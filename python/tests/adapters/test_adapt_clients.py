"""The real clients of OpenAI and Anthropic, with a server on this machine that speaks as theirs do."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

import assay
from assay.adapters import adapt_target

CASES = [
    {"id": "a", "question": "hello", "lang": "French", "expected": "HELLO"},
    {"id": "b", "question": "world", "lang": "Dutch", "expected": "WORLD"},
]


def _chat(body: dict[str, Any]) -> dict[str, Any]:
    asked = body["messages"][-1]["content"]
    message: dict[str, Any] = {"role": "assistant", "content": asked.upper()}
    if body.get("tools"):
        called = {"name": "look", "arguments": '{"q": "x"}'}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "1", "type": "function", "function": called}],
        }
    usage = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"] + "-2026",
        "choices": [{"index": 0, "message": message, "finish_reason": "length" if asked == "long" else "stop"}],
        "usage": {**usage, "prompt_tokens_details": {"cached_tokens": 4}},
    }


def _responses(body: dict[str, Any]) -> dict[str, Any]:
    said = {"type": "output_text", "text": body["input"][-1]["content"].upper(), "annotations": []}
    return {
        "id": "r1",
        "object": "response",
        "created_at": 1,
        "model": body["model"],
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "output": [{"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [said]}],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 3,
            "output_tokens": 2,
            "total_tokens": 5,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 1},
        },
    }


def _messages(body: dict[str, Any]) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": body["messages"][-1]["content"].upper()}]
    if body.get("tools"):
        content.append({"type": "tool_use", "id": "t", "name": "look", "input": {"q": "x"}})
    return {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": content,
        "stop_reason": "tool_use" if body.get("tools") else "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 10,
            "output_tokens": 4,
            "cache_read_input_tokens": 6,
            "cache_creation_input_tokens": 0,
        },
    }


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers: ClassVar[dict[str, Any]] = {
        "/v1/chat/completions": _chat,
        "/v1/responses": _responses,
        "/v1/messages": _messages,
    }

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(body)  # type: ignore[attr-defined]
        wrong = "wrong" in str(body)
        said = (
            {"error": {"type": "invalid_request_error", "message": "no such thing"}}
            if wrong
            else self.answers[self.path](body)
        )
        text = json.dumps(said).encode()
        self.send_response(400 if wrong else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextlib.contextmanager
def serving() -> Iterator[Any]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.seen = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def server() -> Iterator[Any]:
    with serving() as server:
        yield server


def _openai(server: Any, kind: str) -> Any:
    openai = pytest.importorskip("openai", reason="openai is not installed")
    return getattr(openai, kind)(api_key="k", base_url=f"http://127.0.0.1:{server.server_port}/v1", max_retries=0)


def _anthropic(server: Any, kind: str) -> Any:
    anthropic = pytest.importorskip("anthropic", reason="anthropic is not installed")
    return getattr(anthropic, kind)(api_key="k", base_url=f"http://127.0.0.1:{server.server_port}", max_retries=0)


@pytest.mark.parametrize("kind", ["OpenAI", "AsyncOpenAI"])
def test_openai(folder: Path, server: Any, kind: str) -> None:
    client = _openai(server, kind)
    target = adapt_target(
        client, model="gpt-x", prompt="{{ question }}", system="Answer in {{ lang }}.", temperature=0.5,
        price={"input": 1.0, "output": 2.0},
    )  # fmt: skip
    # An async client is used in one event loop after another.
    for _ in range(2):
        run = assay.evaluate(CASES, target, ["equals"])
        assert run.scores["equals"].estimate == 1.0 and run.targets == ["gpt-x"]
    assert (run.totals["input_tokens"], run.totals["output_tokens"]) == (22, 10)
    assert run.cost == pytest.approx(42e-6)
    first = next(body for body in server.seen if body["messages"][-1]["content"] == "hello")
    assert first == {
        "model": "gpt-x",
        "temperature": 0.5,
        "messages": [{"role": "system", "content": "Answer in French."}, {"role": "user", "content": "hello"}],
    }


def test_what_openai_says_beside_the_answer(server: Any) -> None:
    client = _openai(server, "OpenAI")
    said = adapt_target(client, model="m")({"q": "long"})
    assert said == {
        "output": "LONG",
        "finish_reason": "length",
        "version": "m-2026",
        "usage": {"input_tokens": 11, "output_tokens": 5, "cached_input_tokens": 4},
    }
    tools = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
    said = adapt_target(client, model="m", tools=tools)({"q": "x"})
    assert said["tool_calls"] == [{"name": "look", "arguments": '{"q": "x"}'}] and said["output"] == ""
    said = adapt_target(client, model="m", api="responses")({"q": "x"})
    assert said["output"] == "X" and said["finish_reason"] == "stop"
    assert said["usage"] == {"input_tokens": 3, "output_tokens": 2, "cached_input_tokens": 0, "reasoning_tokens": 1}


def test_messages_and_functions_are_prompts(server: Any) -> None:
    client = _openai(server, "OpenAI")
    talk = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    assert adapt_target(client, model="m")({"messages": talk, "n": 1})["output"] == "C"
    assert server.seen[-1]["messages"] == talk
    assert adapt_target(client, model="m", prompt=lambda inputs: inputs["a"] * 2)({"a": "x"})["output"] == "XX"


def test_an_error_of_the_server_is_an_error_of_the_trial(folder: Path, server: Any) -> None:
    run = assay.evaluate(
        [*CASES, {"id": "c", "question": "wrong", "lang": "", "expected": "?"}],
        adapt_target(_openai(server, "OpenAI"), model="m"),
        ["equals"],
    )
    assert (run.totals["ok"], run.totals["errors"]) == (2, 1)
    assert "no such thing" in str(run.case("c"))


@pytest.mark.parametrize("kind", ["Anthropic", "AsyncAnthropic"])
def test_anthropic(folder: Path, server: Any, kind: str) -> None:
    client = _anthropic(server, kind)
    target = adapt_target(client, model="claude-x", system="Answer in {{ lang }}.", input="question")
    for _ in range(2):
        run = assay.evaluate(CASES, target, ["equals"])
        assert run.scores["equals"].estimate == 1.0 and run.targets == ["claude-x"]
    assert (run.totals["input_tokens"], run.totals["output_tokens"]) == (32, 8)
    first = next(body for body in server.seen if body["messages"][-1]["content"] == "hello")
    assert first == {
        "model": "claude-x",
        "max_tokens": 4096,
        "system": "Answer in French.",
        "messages": [{"role": "user", "content": "hello"}],
    }


def test_what_anthropic_says_beside_the_answer(server: Any) -> None:
    tools = [{"name": "look", "input_schema": {"type": "object"}}]
    target = adapt_target(_anthropic(server, "Anthropic"), model="m", tools=tools, max_tokens=9)
    said = target({"messages": [{"role": "system", "content": "Hm."}, {"role": "user", "content": "x"}]})
    assert said == {
        "output": "X",
        "finish_reason": "tool_use",
        "version": "m",
        "tool_calls": [{"name": "look", "arguments": {"q": "x"}}],
        "usage": {"input_tokens": 16, "output_tokens": 4, "cached_input_tokens": 6},
    }
    assert server.seen[-1]["system"] == "Hm." and server.seen[-1]["max_tokens"] == 9


def test_an_async_client_belongs_to_the_loop_that_awaits(folder: Path, server: Any) -> None:
    async def main() -> Any:
        async with contextlib.aclosing(_Closing(_openai(server, "AsyncOpenAI"))) as client:
            target = adapt_target(client.client, model="m", input="question")
            return await assay.aevaluate(CASES, target, ["equals"])

    assert asyncio.run(main()).scores["equals"].estimate == 1.0


class _Closing:
    def __init__(self, client: Any) -> None:
        self.client = client

    async def aclose(self) -> None:
        await self.client.close()


def test_a_client_needs_a_model_and_its_version_has_no_key(folder: Path, server: Any) -> None:
    openai = pytest.importorskip("openai", reason="openai is not installed")
    client = _openai(server, "OpenAI")
    with pytest.raises(ValueError, match=r"a client of OpenAI needs a model: assay.adapters.adapt_target\(client, mo"):
        assay.evaluate(CASES, client, ["equals"])
    with pytest.raises(ValueError, match="a client of Anthropic needs a model"):
        adapt_target(_anthropic(server, "Anthropic"))
    with pytest.raises(ValueError, match="answers are taken whole"):
        adapt_target(client, model="m", stream=True)
    other = openai.OpenAI(api_key="another", base_url=client.base_url)
    elsewhere = openai.OpenAI(api_key="k", base_url="http://127.0.0.1:1/v1")
    assert adapt_target(client, model="m").version == adapt_target(other, model="m").version
    assert adapt_target(client, model="m").version != adapt_target(elsewhere, model="m").version
    assert adapt_target(client, model="m").version != adapt_target(client, model="m", temperature=1).version
