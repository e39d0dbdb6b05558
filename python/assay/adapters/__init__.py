"""Objects of other libraries as targets and scorers.

:func:`assay.evaluate` takes them as they are; :func:`adapt_target` and :func:`adapt_scorer` are for what it cannot
know: the model of a client, the name of an answer's field. An object is known by the module and name of its class or of
one of its bases, so that no library is imported that the caller has not imported already.
"""

from __future__ import annotations

import dataclasses
import importlib
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol

from assay._functions import Scorer, Target, scorer, target

__all__ = ["Adapted", "adapt_scorer", "adapt_target"]

Role = Literal["target", "scorer"]


@dataclasses.dataclass(frozen=True, slots=True)
class Adapted:
    """What an adapter makes of an object.

    Attributes
    ----------
    function : callable
        What is called for a trial.
    name : str
        The name of the target or scorer, where none is given.
    version : str
        What identifies the object and how it is used.
    options : dict
        What :func:`assay.target` or :func:`assay.scorer` is told, where the caller says nothing.
    """

    function: Callable[..., Any]
    name: str
    version: str
    options: dict[str, Any] = dataclasses.field(default_factory=dict[str, Any])


class _Adapter(Protocol):
    def __call__(self, thing: Any, /, **options: Any) -> Adapted: ...


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """Classes of a library, and the file that adapts their objects."""

    role: Role
    said: str
    root: str
    classes: frozenset[str]
    file: str

    def adapter(self) -> _Adapter:
        module = importlib.import_module(f"assay.adapters.{self.file}")
        return getattr(module, self.role)


def _known(role: Role, said: str, root: str, classes: str, file: str) -> _Known:
    return _Known(role, said, root, frozenset(classes.split()), file)


_INSPECT_SCORERS = _known("scorer", "scorers of Inspect", "inspect_ai", "", "_inspect_scorers")
_KNOWN = (
    _known("target", "runnables of LangChain", "langchain_core", "Runnable", "_langchain"),
    _known("target", "query engines of LlamaIndex", "llama_index", "BaseQueryEngine", "_llama_index"),
    _known("target", "clients of OpenAI", "openai", "OpenAI AsyncOpenAI", "_openai"),
    _known("target", "clients of Anthropic", "anthropic", "Anthropic AsyncAnthropic", "_anthropic"),
    _known("target", "modules of DSPy", "dspy", "Module", "_dspy"),
    _known("target", "tasks of Inspect", "inspect_ai", "Task", "_inspect_tasks"),
    _known("target", "pipelines of Hugging Face", "transformers", "Pipeline", "_transformers"),
    _known("scorer", "metrics of Hugging Face evaluate", "evaluate", "EvaluationModule", "_evaluate"),
    _known("scorer", "metrics of DeepEval", "deepeval", "BaseMetric", "_deepeval"),
    _known("scorer", "metrics of Ragas", "ragas", "Metric SimpleBaseMetric", "_ragas"),
    _known("scorer", "scorers of autoevals", "autoevals", "Scorer", "_autoevals"),
    _INSPECT_SCORERS,
)


def adapt_target(
    thing: Any,
    /,
    *,
    name: str | None = None,
    version: str | None = None,
    cache: bool = False,
    timeout: float = 60.0,
    retries: int = 0,
    max_concurrency: int | None = None,
    price: Mapping[str, float] | None = None,
    **options: Any,
) -> Target[..., Any]:
    """Make a target of an object of another library.

    Parameters
    ----------
    thing : object
        A runnable of LangChain, a query engine of LlamaIndex, a client of OpenAI or Anthropic, a module of DSPy, a task
        of Inspect, a pipeline of Hugging Face.
    name : str, optional
        The name in reports; one that the object has by default.
    version : str, optional
        What identifies it. By default a digest of its library's version, its class and its settings, as far as they are
        plain values, prompts and functions: no keys, no data of an index, no weights.
    cache, timeout, retries, max_concurrency, price
        As for :func:`assay.target`.
    **options
        What the adapter of the library is told: `input` is the input of a case that is asked, where there are several;
        the others are in the documentation of adapters.

    Returns
    -------
    Target
        The target.

    Raises
    ------
    TypeError
        The object is of no known library, or an option is none that its adapter knows.
    ValueError
        Something is missing: the model of a client.
    """
    made = _adapted(thing, "target", options)
    most = made.options.get("max_concurrency") if max_concurrency is None else max_concurrency
    return target(
        name=name or made.name,
        version=version or made.version,
        cache=cache,
        timeout=timeout,
        retries=retries,
        max_concurrency=most,
        price=price,
    )(made.function)


def adapt_scorer(
    thing: Any,
    /,
    *,
    name: str | None = None,
    version: str | None = None,
    range: tuple[float, float] | None = None,
    direction: Literal["higher", "lower"] | None = None,
    threshold: float | None = None,
    weight: float | None = None,
    timeout: float = 60.0,
    **options: Any,
) -> Scorer[..., Any]:
    """Make a scorer of an object of another library.

    Parameters
    ----------
    thing : object
        A metric of DeepEval, Ragas or Hugging Face evaluate, a scorer of Inspect or autoevals.
    name : str, optional
        The name in reports; one that the object has by default.
    version : str, optional
        What identifies it; by default a digest of its library's version, its class and its settings.
    range : (float, float), optional
        The smallest and largest score; by default what the object says.
    direction : {"higher", "lower"}, optional
        Which way is better; by default what the object says, else higher.
    threshold, weight, timeout
        As for :func:`assay.scorer`; the threshold is the object's own by default.
    **options
        What the adapter of the library is told: `input` is the input of a case that was asked, where there are several;
        the others are in the documentation of adapters.

    Returns
    -------
    Scorer
        The scorer.

    Raises
    ------
    TypeError
        The object is of no known library, or an option is none that its adapter knows.
    ValueError
        Something is missing: the range of a metric, the values of labels.
    """
    made = _adapted(thing, "scorer", {**options, **({} if range is None else {"range": range})})
    told: dict[str, Any] = {"direction": direction, "threshold": threshold, "weight": weight}
    given = {key: value for key, value in told.items() if value is not None}
    return scorer(
        name=name or made.name, version=version or made.version, timeout=timeout, **{**made.options, **given}
    )(made.function)


def find(thing: Any, role: Role) -> Target[..., Any] | Scorer[..., Any] | None:
    """Adapt an object if its library is known; None if it is not.

    Raises
    ------
    TypeError
        It is a class, not an object of it, or is known for the other role.
    """
    if _entry(thing, role) is None:
        return None
    return adapt_target(thing) if role == "target" else adapt_scorer(thing)


def known(role: Role) -> str:
    """Say which objects are known, for messages."""
    return ", ".join(entry.said for entry in _KNOWN if entry.role == role)


def _adapted(thing: Any, role: Role, options: dict[str, Any]) -> Adapted:
    entry = _entry(thing, role)
    if entry is None:
        kind: type = type(thing)  # type: ignore[reportUnknownVariableType]
        raise TypeError(f"{kind.__module__}.{kind.__qualname__} is no known {role}; known are {known(role)}")
    return entry.adapter()(thing, **options)


def _entry(thing: Any, role: Role) -> _Known | None:
    kind: type = thing if isinstance(thing, type) else type(thing)
    found = _of_class(kind, role)
    if isinstance(thing, types.FunctionType) and _registered(thing) == "scorer":
        found = _INSPECT_SCORERS
        if not _awaits(thing):
            raise TypeError(f"{thing.__name__} makes scorers of Inspect: give {thing.__name__}()")
    if found is None:
        return None
    if isinstance(thing, type):
        raise TypeError(f"{kind.__qualname__} is a class: give an object of it, {kind.__qualname__}(…)")
    if found.role != role:
        raise TypeError(f"{kind.__qualname__} is no {role}: {found.said} are {found.role}s")
    return found


def _of_class(kind: type, role: Role) -> _Known | None:
    """Give the entry of a class, before all of the role that is asked for."""
    first: _Known | None = None
    for base in kind.__mro__:
        root = base.__module__.partition(".")[0]
        for entry in _KNOWN:
            if entry.root == root and base.__name__ in entry.classes:
                if entry.role == role:
                    return entry
                first = first or entry
    if first is None and _registered(kind) == "scorer":  # classes that are registered as scorers of Inspect
        return _INSPECT_SCORERS
    return first


def _registered(thing: Any) -> str | None:
    """Tell as what Inspect has registered a function or an object."""
    info = getattr(thing, "__registry_info__", None)
    return getattr(info, "type", None) if type(info).__module__.startswith("inspect_ai.") else None


def _awaits(function: types.FunctionType) -> bool:
    import inspect  # noqa: PLC0415

    return inspect.iscoroutinefunction(function)
