"""Python callables as targets and scorers."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import types
from collections.abc import Callable, Mapping
from typing import Any, Generic, Literal, ParamSpec, TypeVar, overload

__all__ = ["Scorer", "Target", "scorer", "target"]

P = ParamSpec("P")
R = TypeVar("R")


class Attached(Generic[P, R]):
    """A callable with what the engine is told about it; it is called as the callable is.

    Attributes
    ----------
    function : callable
        What is called.
    name : str
        Its name in suites, reports and tables.
    version : str
        Enters the fingerprint: another version is another target, or another scorer.
    options : dict
        What the suite says about it beside.
    """

    role = "function"

    def __init__(self, function: Callable[P, R], name: str | None, version: str | None, options: dict[str, Any]):
        if not callable(function):
            raise TypeError(f"a {self.role} must be callable, not {type(function).__name__}")
        self.function = function
        self.name = name or name_of(function)
        self.version = version or version_of(function)
        self.options = options
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function itself."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<assay {self.role} {self.name!r}, version {self.version[:12]}>"


class Target(Attached[P, R]):
    """A target: see :func:`target`."""

    role = "target"

    def entry(self, key: str) -> dict[str, Any]:
        """Give the target as a suite has it, with `key` as the name it is attached by."""
        return {"name": self.name, "python": {"attached": key, "version": self.version}, **self.options}


class Scorer(Attached[P, R]):
    """A scorer: see :func:`scorer`."""

    role = "scorer"

    def entry(self, key: str) -> dict[str, Any]:
        """Give the scorer as a suite has it, with `key` as the name it is attached by."""
        inside = {"range", "direction", "timeout"}
        own = {name: value for name, value in self.options.items() if name in inside}
        rest = {name: value for name, value in self.options.items() if name not in inside}
        return {"name": self.name, "python": {"attached": key, "version": self.version, **own}, **rest}


@overload
def target(function: Callable[P, R], /) -> Target[P, R]: ...
@overload
def target(
    *,
    name: str | None = None,
    version: str | None = None,
    cache: bool = False,
    timeout: float = 60.0,
    retries: int = 0,
    max_concurrency: int | None = None,
    price: Mapping[str, float] | None = None,
) -> Callable[[Callable[P, R]], Target[P, R]]: ...
def target(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    version: str | None = None,
    cache: bool = False,
    timeout: float = 60.0,
    retries: int = 0,
    max_concurrency: int | None = None,
    price: Mapping[str, float] | None = None,
) -> Target[P, R] | Callable[[Callable[P, R]], Target[P, R]]:
    """Make a callable a target.

    The callable gets the inputs of a case, a dictionary, as its first argument, and `metadata` and `case_id` if it
    declares parameters of these names. It never sees what is expected. It returns the answer (a text, a number, a
    list), or a dictionary with `output` and, if it likes, `contexts`, `tool_calls`, `usage` (`input_tokens`,
    `output_tokens`, `cost_usd`). An exception is an error of the trial, not a bad answer. An `async` callable is
    awaited, many at once.

    Parameters
    ----------
    function : callable
        The system under test.
    name : str, optional
        Its name in reports; that of the callable by default.
    version : str, optional
        What identifies it. By default a digest of its source, and of the functions and constants that it uses from its
        own module and closure. It does not cover other modules, files or services.
    cache : bool
        Whether an answer may be taken from the cache for the same inputs, version and epoch. Say yes only where the
        version covers what can change an answer.
    timeout : float
        Seconds one answer may take. A sync callable that takes longer goes on in its thread, and nobody waits for it.
    retries : int
        Further attempts after a failure.
    max_concurrency : int, optional
        The most calls at once; the run's `concurrency` by default.
    price : mapping, optional
        Dollars per million tokens, `input` and `output`, where the callable says how many tokens it used.

    Returns
    -------
    Target
        Called as the callable itself.

    Examples
    --------
    >>> @target(version="3")
    ... def shout(inputs):
    ...     return inputs["question"].upper()
    >>> shout({"question": "why"})
    'WHY'
    >>> shout
    <assay target 'shout', version 3>
    """
    options: dict[str, Any] = {"timeout": timeout, "retries": retries}
    if cache:
        options["cache"] = True
    if max_concurrency is not None:
        options["max_concurrency"] = max_concurrency
    if price is not None:
        options["price"] = dict(price)

    def made(function: Callable[P, R]) -> Target[P, R]:
        return Target(function, name, version, options)

    return made if function is None else made(function)


@overload
def scorer(function: Callable[P, R], /) -> Scorer[P, R]: ...
@overload
def scorer(
    *,
    name: str | None = None,
    version: str | None = None,
    range: tuple[float, float] | None = None,
    direction: Literal["higher", "lower"] = "higher",
    threshold: float | None = None,
    weight: float | None = None,
    timeout: float = 60.0,
) -> Callable[[Callable[P, R]], Scorer[P, R]]: ...
def scorer(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    version: str | None = None,
    range: tuple[float, float] | None = None,
    direction: Literal["higher", "lower"] = "higher",
    threshold: float | None = None,
    weight: float | None = None,
    timeout: float = 60.0,
) -> Scorer[P, R] | Callable[[Callable[P, R]], Scorer[P, R]]:
    """Make a callable a scorer.

    The callable gets those of `output`, `expected`, `inputs`, `contexts`, `retrieved`, `tool_calls`, `metadata` and
    `case_id` that it declares, by name. It returns a boolean, a number, None (unscored), or a dictionary with `score`
    and, if it likes, `label` and `reason`. An exception is an error of the scorer, not a low score.

    Parameters
    ----------
    function : callable
        What scores an answer.
    name : str, optional
        Its name in reports; that of the callable by default.
    version : str, optional
        What identifies it; a digest of its source by default. Scores of different versions are never compared.
    range : (float, float), optional
        The smallest and largest score. Without it scores are 0 and 1, or booleans, and are analysed as shares.
    direction : {"higher", "lower"}
        Which way is better.
    threshold : float, optional
        From which score on (or up to which, where lower is better) an answer counts as good.
    weight : float, optional
        Its share in an overall score; 1 by default.
    timeout : float
        Seconds one score may take.

    Returns
    -------
    Scorer
        Called as the callable itself.

    Examples
    --------
    >>> @scorer(range=(0, 1), version="1")
    ... def shared_words(output, expected):
    ...     wanted = set(expected.split())
    ...     return len(wanted & set(output.split())) / len(wanted)
    >>> shared_words("a b", "b c")
    0.5
    """
    options: dict[str, Any] = {"direction": direction, "timeout": timeout}
    if range is not None:
        options["range"] = list(range)
    if threshold is not None:
        options["threshold"] = threshold
    if weight is not None:
        options["weight"] = weight

    def made(function: Callable[P, R]) -> Scorer[P, R]:
        return Scorer(function, name, version, options)

    return made if function is None else made(function)


def name_of(function: Callable[..., Any]) -> str:
    """Give a name to a callable: its own, that of its class, `function` for a lambda."""
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    name = getattr(inner, "__name__", None) or type(inner).__name__
    return "function" if name == "<lambda>" else str(name)


def is_async(function: Callable[..., Any]) -> bool:
    """Tell whether calling it gives something to be awaited."""
    inner: Any = function
    while isinstance(inner, (Attached, functools.partial)):
        inner = inner.function if isinstance(inner, Attached) else inner.func
    return inspect.iscoroutinefunction(inner) or inspect.iscoroutinefunction(getattr(inner, "__call__", None))  # noqa: B004


def version_of(function: Callable[..., Any]) -> str:
    """Give a digest of what a callable does.

    It covers its source (of lambdas, and where there is none, its bytecode), its defaults, and of what it uses from its
    closure, its module or its instance: texts, numbers and tuples, and functions and classes of the same module, as
    deep as they go. Lists and dictionaries, which may change while it is called, are covered in constants of the module
    (by name: `PROMPTS`) and in attributes of its instance. It does not cover other modules, files or services: what
    depends on them should say a `version` itself.

    Examples
    --------
    >>> def made(prompt):
    ...     return lambda inputs: prompt + inputs["q"]
    >>> version_of(made("a")) == version_of(made("a")), version_of(made("a")) == version_of(made("b"))
    (True, False)
    """
    digest = hashlib.sha256()
    _cover(function, digest.update, set())
    return digest.hexdigest()[:32]


def _cover(value: Any, update: Callable[[bytes], None], seen: set[int]) -> None:
    if isinstance(value, (str, bytes, int, float, type(None))):
        update(_plain(value))
        return
    if id(value) in seen:
        update(b"^")
        return
    seen.add(id(value))
    if isinstance(value, Attached):
        update(value.version.encode())
    elif isinstance(value, functools.partial):
        for part in (value.func, *value.args, *sorted(value.keywords.items())):
            _cover(part, update, seen)
    elif isinstance(value, types.MethodType):
        _cover(value.__func__, update, seen)
        _cover(value.__self__, update, seen)
    elif isinstance(value, types.FunctionType):
        _cover_function(value, update, seen)
    elif isinstance(value, type):
        update(_source(value) or value.__qualname__.encode())
    elif isinstance(value, (list, tuple)):
        update(b"[")
        for item in value:  # type: ignore[reportUnknownVariableType]
            _cover(item, update, seen)
        update(b"]")
    else:
        update(_plain(value))
        if callable(value):
            _cover(type(value), update, seen)
        for name, part in sorted(getattr(value, "__dict__", {}).items()):
            update(str(name).encode() + b"=" + _plain(part))


def _cover_function(function: types.FunctionType, update: Callable[[bytes], None], seen: set[int]) -> None:
    code = function.__code__
    source = _source(function)
    update(source or b"")
    if source is None or function.__name__ == "<lambda>":  # several may stand in one line
        update(_bytecode(code))
    for default in (*(function.__defaults__ or ()), *sorted((function.__kwdefaults__ or {}).items())):
        _cover(default, update, seen)
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=False):
        update(name.encode())
        try:
            held = cell.cell_contents
        except ValueError:
            continue  # not filled yet
        # What stands in them may be what is noted down while the function is called.
        if not isinstance(held, (list, dict, set, bytearray)):
            _cover(held, update, seen)
    for name in sorted(_names(code)):
        if name not in function.__globals__:
            continue
        used = function.__globals__[name]
        if isinstance(used, Attached) or getattr(used, "__module__", None) == function.__module__:
            update(name.encode())
            _cover(used, update, seen)  # type: ignore[reportUnknownArgumentType]
        elif isinstance(used, (str, bytes, int, float, tuple, type(None))) or name.isupper():
            update(name.encode() + b"=" + _plain(used))


def _names(code: types.CodeType) -> set[str]:
    inner = (const for const in code.co_consts if isinstance(const, types.CodeType))
    return set(code.co_names).union(*(_names(const) for const in inner))


def _bytecode(code: types.CodeType) -> bytes:
    parts = [code.co_code, repr(code.co_names).encode()]
    parts += [_bytecode(c) if isinstance(c, types.CodeType) else repr(c).encode() for c in code.co_consts]
    return b"\0".join(parts)


def _source(value: Any) -> bytes | None:
    try:
        return inspect.cleandoc("\n" + inspect.getsource(value)).encode()
    except (OSError, TypeError):
        return None


def _plain(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    try:
        return json.dumps(value, sort_keys=True).encode() + b","
    except (TypeError, ValueError):
        # Its text may hold an address, which is another one each time.
        return f"{type(value).__module__}.{type(value).__qualname__}".encode()
