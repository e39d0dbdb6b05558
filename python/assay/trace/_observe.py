"""Functions whose calls are spans."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Literal, TypeVar, overload

from assay.trace._spans import Described, tool
from assay.trace._trial import otel

__all__ = ["observe"]

F = TypeVar("F", bound=Callable[..., Any])

Kind = Literal["step", "agent", "tool"]


@overload
def observe(function: F) -> F: ...
@overload
def observe(*, name: str | None = None, kind: Kind = "step") -> Callable[[F], F]: ...
def observe(function: Any = None, *, name: str | None = None, kind: Kind = "step") -> Any:
    """Give each call of a function a span: of functions, coroutines and generators of either kind.

    Parameters
    ----------
    name : str, optional
        The function's name by default.
    kind : {"step", "agent", "tool"}
        What the function is: a step of the application, an agent (``invoke_agent NAME``), or a tool
        (``execute_tool NAME``), whose arguments and result are recorded.

    Examples
    --------
    >>> from assay import trace
    >>> @trace.observe
    ... def answer(question):
    ...     return question.upper()
    >>> answer("why?")
    'WHY?'
    """
    if kind not in ("step", "agent", "tool"):
        raise ValueError(f"kind: {kind!r} is none of step, agent, tool")
    if function is None:
        return lambda function: _observed(function, name, kind)  # type: ignore[reportUnknownLambdaType]
    return _observed(function, name, kind)


def _observed(function: Any, name: str | None, kind: Kind) -> Any:
    if not callable(function):
        raise TypeError(f"function: {type(function).__name__} cannot be called")
    called = name or getattr(function, "__qualname__", type(function).__qualname__)
    where = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', called)}"

    def begin(args: tuple[Any, ...], options: dict[str, Any]) -> Described:
        if kind == "tool":
            return tool(called, arguments=_bound(function, args, options) if otel() is not None else None)
        agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": called} if kind == "agent" else {}
        return Step(f"invoke_agent {called}" if agent else called, {"code.function.name": where, **agent})

    return functools.wraps(function)(_wrapped(function, begin))


class Step(Described):
    """A step of the application: what it gives back is not recorded."""

    def __enter__(self) -> Step:
        self.enter()
        return self

    def result(self, value: object) -> None:
        """Record nothing."""


def _bound(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Give the arguments of a call by name."""
    try:
        bound = inspect.signature(function).bind(*args, **options).arguments
    except (TypeError, ValueError):
        # The function will say itself what is wrong with them.
        return {"args": list(args), **options}
    return {name: value for name, value in bound.items() if name not in {"self", "cls"}}


def _wrapped(function: Any, begin: Any) -> Any:
    if inspect.isasyncgenfunction(function):
        return _of_async_generator(function, begin)
    if inspect.isgeneratorfunction(function):
        return _of_generator(function, begin)
    if inspect.iscoroutinefunction(function):

        async def awaited(*args: Any, **options: Any) -> Any:
            with begin(args, options) as step:
                found = await function(*args, **options)
                step.result(found)
                return found

        return awaited

    def plain(*args: Any, **options: Any) -> Any:
        with begin(args, options) as step:
            found = function(*args, **options)
            step.result(found)
            return found

    return plain


def _of_async_generator(function: Any, begin: Any) -> Any:
    async def items(*args: Any, **options: Any) -> Any:
        with begin(args, options).apart() as step:
            inner = function(*args, **options)
            act: Any = functools.partial(inner.asend, None)
            try:
                while True:
                    with step.resumed():
                        try:
                            item = await act()
                        except StopAsyncIteration:
                            return
                    try:
                        act = functools.partial(inner.asend, (yield item))
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        act = functools.partial(inner.athrow, error)
            finally:
                await inner.aclose()

    return items


def _of_generator(function: Any, begin: Any) -> Any:
    def values(*args: Any, **options: Any) -> Any:
        with begin(args, options).apart() as step:
            inner = function(*args, **options)
            act: Any = functools.partial(inner.send, None)
            try:
                while True:
                    with step.resumed():
                        try:
                            item = act()
                        except StopIteration as end:
                            return end.value
                    try:
                        act = functools.partial(inner.send, (yield item))
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        act = functools.partial(inner.throw, error)
            finally:
                inner.close()

    return values
