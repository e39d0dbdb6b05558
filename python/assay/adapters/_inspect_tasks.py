"""Tasks of Inspect as targets: their solver, with their model, limits and sandbox."""

from __future__ import annotations

import asyncio
import contextvars
import copy
import importlib
import inspect
import itertools
import tempfile
import threading
from typing import Any

from assay.adapters import Adapted
from assay.adapters._identity import identity
from assay.adapters._inputs import as_text, is_messages, question
from assay.adapters._openai import told

# Seconds that a running task of Inspect waits for another sample before it ends.
_IDLE = 0.3
# Inspect runs one evaluation at a time in a process.
_ONE = threading.Lock()
# The engine shows progress and errors; nobody is there to look into a run of Inspect.
_QUIET = {"log_level": "error", "acp_server": False, "ctl_server": False, "log_realtime": False}


def target(
    thing: Any, /, *, model: Any = None, input: str | None = None, log_dir: str | None = None, **settings: Any
) -> Adapted:
    """Adapt a task.

    Its dataset and scorers are not used: cases come from the suite, and answers are scored by it.

    Parameters
    ----------
    thing : Task
        The task.
    model : str or Model, optional
        The model; that of the task by default.
    input : str, optional
        The input of a case that is asked, a text or messages. An input `choices` becomes the choices of the sample.
    log_dir : str, optional
        Where Inspect keeps its logs; they are thrown away by default.
    **settings
        What else its `eval_async` is told: `message_limit`, `temperature` …

    Returns
    -------
    Adapted
        Answers carry tokens, tool calls and why the model stopped. An error of a sample is an error of the trial.
    """
    inspect_ai: Any = importlib.import_module("inspect_ai")
    datasets: Any = importlib.import_module("inspect_ai.dataset")
    chats: Any = importlib.import_module("inspect_ai.model")
    session = _Session(inspect_ai, thing, model, log_dir, settings)
    numbers = itertools.count(1)

    async def call(inputs: dict[str, Any], case_id: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
        asked = question(inputs, input)
        if is_messages(asked):
            asked = [message(chats, part) for part in asked]
        else:
            asked = as_text(asked)
        sample = datasets.Sample(
            input=asked,
            choices=inputs.get("choices"),
            id=f"{case_id}.{next(numbers)}",  # the same case may come again, in another epoch
            metadata=metadata or {},
        )
        return _reply(await session.answer(sample))

    used = model if model is not None else thing.model
    named = used if isinstance(used, str) or used is None else str(used)
    parts = (thing.name, thing.version, thing.setup, thing.solver, thing.config, named, input, settings)
    version = identity("inspect-ai", *map(_registered, parts), roots=("inspect_ai",))
    return Adapted(call, str(thing.display_name), version)


def _registered(part: Any) -> Any:
    """Give what Inspect has registered by its name and parameters; its closure may hold anything."""
    info = getattr(part, "__registry_info__", None)
    if info is None:
        solvers = getattr(part, "_solvers", None)  # a chain
        return part if solvers is None else [_registered(solver) for solver in solvers]
    return [info.name, getattr(part, "__registry_params__", None), part]


class _Session:
    """A task of Inspect that goes on as long as samples come; Inspect runs one evaluation at a time."""

    def __init__(self, inspect_ai: Any, task: Any, model: Any, log_dir: str | None, settings: dict[str, Any]) -> None:
        self.inspect_ai = inspect_ai
        self.task = task
        self.model = model
        self.log_dir = log_dir
        known = inspect.signature(inspect_ai.eval_async).parameters
        self.settings = {**{name: value for name, value in _QUIET.items() if name in known}, **settings}
        self.loop: asyncio.AbstractEventLoop | None = None
        self._begin()

    def _begin(self) -> None:
        self.waiting: dict[str, asyncio.Future[Any]] = {}
        self.queued: list[Any] = []
        self.more = asyncio.Event()
        self.running: asyncio.Task[None] | None = None
        self.context: contextvars.Context | None = None

    async def answer(self, sample: Any) -> Any:
        """Have a sample solved; give Inspect's record of it."""
        loop = asyncio.get_running_loop()
        if self.loop is not loop:  # another run
            self.loop = loop
            self._begin()
        future: asyncio.Future[Any] = loop.create_future()
        self.waiting[sample.id] = future
        if self.context is not None:
            self.context.run(self.inspect_ai.enqueue_sample, sample)
        else:
            self.queued.append(sample)
            self.more.set()
        if self.running is None:
            self.running = loop.create_task(self._evaluate())
        try:
            return await future
        finally:
            self.waiting.pop(sample.id, None)

    async def _evaluate(self) -> None:
        try:
            while self.queued:
                with tempfile.TemporaryDirectory(prefix="assay-inspect-") as folder:
                    await self._once(self.log_dir or folder)
        except BaseException as error:
            self._fail(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self.running = None

    @staticmethod
    def _hush() -> None:
        """Keep Inspect from drawing its progress, unless the caller has told it how."""
        shown: Any = importlib.import_module("inspect_ai.util._display")
        if not shown.display_type_initialized():
            shown.init_display_type("none")

    async def _once(self, log_dir: str) -> None:
        source = self.inspect_ai.SampleSource.from_samples(
            [], next_samples=self._next, sample_complete=self._complete, sample_abandoned=self._abandoned
        )
        task = self.inspect_ai.task_with(copy.copy(self.task), dataset=source, epochs=1)
        given = {} if self.model is None else {"model": self.model}
        self._hush()
        # Another task may still be waiting whether more of its samples come.
        while not _ONE.acquire(blocking=False):
            await asyncio.sleep(0.01)
        try:
            logs = await self.inspect_ai.eval_async(
                task,
                **given,
                log_dir=log_dir,
                score=False,
                fail_on_error=False,
                max_samples=1000,  # how many there are at once is the engine's to say
                **self.settings,
            )
        finally:
            self.context = None
            _ONE.release()
        for log in logs:
            if log.status != "success":
                said = log.error.message if log.error is not None else log.status
                self._fail(RuntimeError(f"Inspect: {said}"))

    async def _next(self) -> list[Any] | None:
        self.more.clear()
        if not self.queued:
            self.context = contextvars.copy_context()  # in it, more can be added while samples are solved
            try:
                await asyncio.wait_for(self.more.wait(), _IDLE)
            except asyncio.TimeoutError:
                self.context = None
                return self._taken() or None
        self.context = contextvars.copy_context()
        return self._taken()

    def _taken(self) -> list[Any]:
        taken, self.queued = self.queued, []
        return taken

    async def _complete(self, sample: Any) -> None:
        future = self.waiting.get(sample.id)
        if future is not None and not future.done():
            future.set_result(sample)

    async def _abandoned(self, sample: Any, _epoch: int) -> None:
        future = self.waiting.get(sample.id)
        if future is not None and not future.done():
            future.set_exception(RuntimeError("Inspect gave the sample up"))

    def _fail(self, error: BaseException) -> None:
        for future in self.waiting.values():
            if not future.done():
                future.set_exception(error if isinstance(error, Exception) else RuntimeError("Inspect was stopped"))


def message(chats: Any, said: Any) -> Any:
    """Give a message as Inspect has it."""
    kinds = {
        "system": chats.ChatMessageSystem,
        "user": chats.ChatMessageUser,
        "assistant": chats.ChatMessageAssistant,
    }
    kind = kinds.get(said["role"])
    if kind is None:
        raise ValueError(f"a message of the role `{said['role']}` cannot begin a sample")
    return kind(content=said["content"])


def _reply(sample: Any) -> dict[str, Any]:
    if sample.error is not None:
        raise RuntimeError(sample.error.message)
    calls: list[Any] = []
    for message in sample.messages:
        calls += getattr(message, "tool_calls", None) or []
    output = sample.output
    usages: list[Any] = list(sample.model_usage.values() if sample.model_usage else ())
    limited = getattr(sample, "limit", None)
    reply: dict[str, Any] = {
        "output": output.completion,
        "usage": told(
            input_tokens=_sum(usages, "input_tokens", "input_tokens_cache_read", "input_tokens_cache_write"),
            output_tokens=_sum(usages, "output_tokens"),
            cached_input_tokens=_sum(usages, "input_tokens_cache_read"),
            reasoning_tokens=_sum(usages, "reasoning_tokens"),
        ),
        "version": output.model,
    }
    if output.choices:
        reply["finish_reason"] = output.stop_reason
    if limited is not None:
        reply["metadata"] = {"limit": limited.type}
    if calls:
        reply["tool_calls"] = [{"name": call.function, "arguments": call.arguments} for call in calls]
    return reply


def _sum(usages: list[Any], *names: str) -> int | None:
    found = [count for usage in usages for name in names if (count := getattr(usage, name, None)) is not None]
    return sum(found) if found else None
