"""In which trial code is executed, in baggage, headers and spans."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote_plus

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

__all__ = ["Trial", "current", "headers", "hidden", "install", "received", "trial"]

PREFIX = "assay."
# What of baggage is known by a header of its own.
PLAIN_HEADERS = {"x-assay-run": "run_id", "x-assay-case": "case_id", "x-assay-epoch": "epoch"}
# The largest member of baggage that propagators carry, in bytes of its encoded form.
MOST_BAGGAGE = 4_000


@dataclasses.dataclass(frozen=True)
class Trial:
    """A trial: one execution of one case.

    Attributes
    ----------
    run_id : str
        The run.
    case_id : str
        The case.
    epoch : int or None
        The repeat number, from 0.
    suite, target : str or None
        What the run executes, and on what.
    """

    run_id: str
    case_id: str
    epoch: int | None = None
    suite: str | None = None
    target: str | None = None

    def __post_init__(self) -> None:
        epoch = cast("object", self.epoch)
        if epoch is not None and (isinstance(epoch, bool) or not isinstance(epoch, int)):
            raise TypeError(f"epoch: {type(epoch).__name__} is no whole number")
        if isinstance(epoch, int) and epoch < 0:
            raise ValueError(f"epoch: {epoch} is below 0")
        for name in ("run_id", "case_id", "suite", "target"):
            value: object = getattr(self, name)
            if value is None and name in {"suite", "target"}:
                continue
            if not isinstance(value, str):
                raise TypeError(f"{name}: {type(value).__name__} is no text")
            if not value:
                raise ValueError(f"{name}: it is empty")
            if len(quote(value, safe="")) > MOST_BAGGAGE:
                raise ValueError(f"{name}: more than {MOST_BAGGAGE} bytes, which no propagator carries")

    def members(self) -> dict[str, str | int]:
        """Give what is known of it, by name."""
        fields = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        return {name: value for name, value in fields if value is not None}

    def attributes(self) -> dict[str, str | int]:
        """Give it as baggage and spans have it."""
        return {f"{PREFIX}{name}": value for name, value in self.members().items()}


class Otel:
    """OpenTelemetry's API, as far as it is used."""

    def __init__(self) -> None:
        from opentelemetry import baggage, context, propagate, trace  # noqa: PLC0415

        self.baggage, self.context, self.propagate, self.trace = baggage, context, propagate, trace

    def tracer(self) -> Tracer:
        """Give the tracer of this package's spans."""
        from assay import __version__  # noqa: PLC0415

        return self.trace.get_tracer("assay", __version__)


@functools.cache
def otel() -> Otel | None:
    """Give OpenTelemetry's API; None where it is not installed."""
    try:
        return Otel()
    except ImportError:
        return None


def _of(members: Mapping[str, object]) -> Trial | None:
    """Give the trial of baggage; what is not whole, or no baggage of ours, is none."""
    found = {name.removeprefix(PREFIX): str(value) for name, value in members.items() if name.startswith(PREFIX)}
    epoch = found.pop("epoch", "")
    known = {field.name for field in dataclasses.fields(Trial)}
    try:
        number = int(epoch) if epoch.isascii() and epoch.isdigit() else None
        return Trial(**{name: value for name, value in found.items() if name in known}, epoch=number)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def current(headers: Mapping[str, str] | None = None) -> Trial | None:
    """Give the trial that this code is executed for.

    Parameters
    ----------
    headers : mapping, optional
        The headers of a request, where no instrumentation has read them: ``baggage``, else ``x-assay-run`` and
        ``x-assay-case``. This needs no OpenTelemetry.

    Returns
    -------
    Trial or None
        None outside of trials.

    Examples
    --------
    >>> from assay import trace
    >>> trace.current({"baggage": "assay.run_id=0192,assay.case_id=q%201,assay.epoch=2"})
    Trial(run_id='0192', case_id='q 1', epoch=2, suite=None, target=None)
    >>> trace.current({"X-Assay-Run": "0192", "X-Assay-Case": "q%201"}).case_id
    'q 1'
    >>> trace.current() is None
    True
    """
    if headers is None:
        api = otel()
        return None if api is None else _of(api.baggage.get_all())
    lowered = {str(name).lower(): str(value) for name, value in headers.items()}
    members: dict[str, str] = {}
    for member in lowered.get("baggage", "").split(","):
        name, equals, value = member.partition(";")[0].partition("=")
        if equals:
            members[name.strip()] = unquote_plus(value.strip())
    plain = {
        f"{PREFIX}{name}": unquote_plus(lowered[header]) for header, name in PLAIN_HEADERS.items() if header in lowered
    }
    return _of(members) or _of(plain)


def _hold(members: Mapping[str, str | int]) -> Context | None:
    """Give the context with these members of ours in its baggage, and no others of ours."""
    api = otel()
    if api is None:
        return None
    context = api.context.get_current()
    for name in api.baggage.get_all(context):
        if name.startswith(PREFIX):
            context = api.baggage.remove_baggage(name, context)
    for name, value in members.items():
        context = api.baggage.set_baggage(name, str(value), context)
    return context


@contextlib.contextmanager
def within(context: Context | None) -> Generator[None]:
    """Be in a context; None changes nothing."""
    api = otel()
    if api is None or context is None:
        yield
        return
    token = api.context.attach(context)
    try:
        yield
    finally:
        api.context.detach(token)


@contextlib.contextmanager
def trial(
    *, run_id: str, case_id: str, epoch: int | None = None, suite: str | None = None, target: str | None = None
) -> Generator[Trial]:
    """Say that what happens within belongs to a trial, here and in whatever is called over HTTP.

    Parameters
    ----------
    run_id, case_id : str
        The run and the case.
    epoch : int, optional
        The repeat number, from 0.
    suite, target : str, optional
        What the run executes, and on what.

    Raises
    ------
    TypeError, ValueError
        An id is no text, empty, or too long for baggage.

    Examples
    --------
    >>> from assay import trace
    >>> with trace.trial(run_id="0192", case_id="q1", epoch=0) as trial:
    ...     trial.case_id
    'q1'
    """
    found = Trial(run_id, case_id, epoch, suite, target)
    with within(_hold(found.attributes())), span("assay.trial", {}):
        yield found


@contextlib.contextmanager
def received(headers: Mapping[str, str]) -> Generator[Trial | None]:
    """Be within the trial, and the trace, that the headers of a request name.

    For applications whose web framework is not instrumented. Headers of no trial change nothing but the trace.
    """
    api, found = otel(), current(headers)
    if api is None:
        yield found
        return
    context = api.propagate.extract({str(name).lower(): value for name, value in headers.items()})
    with within(context), within(_hold(found.attributes()) if found else None):
        yield found


@contextlib.contextmanager
def hidden() -> Generator[None]:
    """Keep the trial out of what is sent within: for calls to third parties, who need not know of it."""
    with within(_hold({})):
        yield


def headers() -> dict[str, str]:
    """Give the headers that carry trace and trial, for requests that no instrumentation fills in.

    Returns
    -------
    dict of str
        Those of the global propagator (``traceparent``, ``baggage``), ``x-assay-run``, ``x-assay-case`` and
        ``x-assay-epoch``; none where there is nothing to carry.
    """
    api = otel()
    carried: dict[str, str] = {}
    if api is None:
        return carried
    api.propagate.inject(carried)
    if "baggage" in carried:
        # Python writes a space as `+`, which other languages read as what it is.
        carried["baggage"] = carried["baggage"].replace("+", "%20")
    found = current()
    if found is not None:
        members = found.members()
        for header, name in PLAIN_HEADERS.items():
            if name in members:
                carried[header] = quote(str(members[name]), safe="")
    return carried


def install(provider: Any = None) -> None:
    """Have every span that is made within a trial carry its names, also those of other instrumentations.

    Parameters
    ----------
    provider : opentelemetry.sdk.trace.TracerProvider, optional
        The global one by default.

    Raises
    ------
    ImportError
        There is no OpenTelemetry SDK.
    TypeError
        The provider takes no span processors: set one up first (``trace.set_tracer_provider``).
    """
    try:
        from opentelemetry import baggage, trace  # noqa: PLC0415
        from opentelemetry.sdk.trace import SpanProcessor  # noqa: PLC0415
    except ImportError as error:
        raise ImportError("spans are made by the SDK: pip install opentelemetry-sdk") from error

    class Names(SpanProcessor):
        """Copies the names of the trial from baggage."""

        def on_start(self, span: Any, parent_context: Context | None = None) -> None:
            found = _of(baggage.get_all(parent_context))
            if found is not None:
                span.set_attributes(found.attributes())

    found: Any = provider or trace.get_tracer_provider()
    if not hasattr(found, "add_span_processor"):
        raise TypeError(
            f"provider: {type(found).__name__} takes no span processors; set a TracerProvider of the SDK up"
        )
    found.add_span_processor(Names())


def _wrong(span: Span, error: BaseException) -> None:
    api = otel()
    if api is not None and isinstance(error, Exception):
        span.set_attribute("error.type", type(error).__qualname__)
        span.set_status(api.trace.Status(api.trace.StatusCode.ERROR, str(error)))


@contextlib.contextmanager
def span(name: str, attributes: Mapping[str, Any], *, now: bool = True) -> Generator[Span | None]:
    """Make a span, with the trial's names; `now` makes it the current one."""
    api = otel()
    if api is None:
        yield None
        return
    found = current()
    whole = {**(found.attributes() if found else {}), **{key: value for key, value in attributes.items() if value}}
    span = api.tracer().start_span(name, attributes=whole)
    try:
        with within(api.trace.set_span_in_context(span) if now else None):
            yield span
    except BaseException as error:
        _wrong(span, error)
        raise
    finally:
        span.end()
