"""What results have in common: a sentence, a dictionary, a table for notebooks, a plot."""

from __future__ import annotations

import dataclasses
import html
import math
from typing import TYPE_CHECKING, Any, TypeVar

from assay._charts import FONT

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def number(value: float | int | bool | None, digits: int = 4) -> str:
    """Show a number as people read it: no more digits than they can use.

    Examples
    --------
    >>> number(0.123456), number(float("nan")), number(12345678)
    ('0.1235', 'undefined', '12345678')
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "undefined"
    if isinstance(value, bool) or isinstance(value, int):
        return str(value)
    return f"{value:.{digits}g}"


def p_text(value: float) -> str:
    """Show a p-value; nothing where it is undefined.

    Examples
    --------
    >>> p_text(0.01234), p_text(3e-8), p_text(float("nan"))
    ('0.0123', '< 0.0001', '')
    """
    if math.isnan(value):
        return ""
    return "< 0.0001" if value < 1e-4 else number(value, 3)


def jsonable(value: object) -> Any:
    """Turn a value into what JSON knows: undefined numbers become None."""
    if isinstance(value, Result):
        return value.to_dict()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}  # type: ignore[reportUnknownVariableType]
    if isinstance(value, (list, tuple)):
        return [jsonable(item) for item in value]  # type: ignore[reportUnknownVariableType]
    if hasattr(value, "tolist"):  # NumPy's arrays and numbers
        return jsonable(value.tolist())  # type: ignore[reportAttributeAccessIssue]
    return value


class Result:
    """What a function found, as fields.

    Undefined numbers are NaN in fields and None in dictionaries.
    """

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the fields as a dictionary that JSON can hold."""
        return {name: jsonable(getattr(self, name)) for name in self._names()}

    def _names(self) -> list[str]:
        return [field.name for field in dataclasses.fields(self) if not field.name.startswith("_")]  # type: ignore[arg-type]

    def _sentence(self) -> str:
        return ", ".join(f"{name.replace('_', ' ')} {_cell(getattr(self, name))}" for name in self._names())

    def __str__(self) -> str:
        return self._sentence()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self._sentence()}>"

    def _repr_html_(self) -> str:
        shown = [(name, getattr(self, name)) for name in self._names()]
        # What there is none of, such as a reason, takes no row.
        there = [(name, value) for name, value in shown if not _is_nothing(value)]
        cells = [(html.escape(name), html.escape(_cell(value))) for name, value in there]
        rows = "".join(f"<tr><th style='text-align:left'>{name}</th><td>{cell}</td></tr>" for name, cell in cells)
        title = html.escape(self._sentence())
        # Not as a caption, which would be as narrow as the table.
        return (
            f"<div style='{FONT}'><div>{title}</div>"
            f"<table style='font-size:inherit'><tbody>{rows}</tbody></table></div>"
        )


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, tuple) and not value) or (isinstance(value, float) and math.isnan(value))  # type: ignore[reportUnknownArgumentType]


def _cell(value: object) -> str:
    if isinstance(value, (float, int)) or value is None:
        return number(value)
    if isinstance(value, Interval):
        return str(value)
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):  # type: ignore[reportUnknownVariableType]
        return "; ".join(value)  # type: ignore[reportUnknownArgumentType]
    text = str(value)  # type: ignore[reportUnknownArgumentType]
    return text if len(text) <= 200 else f"{text[:199]}…"


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Interval(Result):
    """An interval of a quantity.

    Attributes
    ----------
    lower, upper : float
        Its ends.
    confidence : float
        How often an interval made this way holds the quantity.
    """

    lower: float
    upper: float
    confidence: float = 0.95

    def _sentence(self) -> str:
        if math.isnan(self.lower) or math.isnan(self.upper):
            return "undefined"
        return f"{number(self.lower)} to {number(self.upper)} ({self.confidence:.4g} confidence)"

    def __contains__(self, value: float) -> bool:
        return self.lower <= value <= self.upper

    @property
    def width(self) -> float:
        """How wide it is."""
        return self.upper - self.lower

    def plot(self, ax: Axes | None = None, *, label: str = "", at: float = 0.0) -> Axes:
        """Draw it as a line with ends; needs matplotlib."""
        ax = axes(ax)
        middle = (self.lower + self.upper) / 2
        ax.errorbar([middle], [at], xerr=self.width / 2, fmt="none", capsize=4, label=label)
        return ax


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Significance(Result):
    """A test of a hypothesis.

    Attributes
    ----------
    p_value : float
        The probability of data at least as extreme as these, if the hypothesis were true.
    statistic : float
        What was compared with its distribution.
    method : str
        The test.
    """

    p_value: float
    statistic: float
    method: str

    @property
    def pvalue(self) -> float:
        """The p-value, by the name that SciPy has for it."""
        return self.p_value

    def _sentence(self) -> str:
        return f"p = {number(self.p_value, 3)} ({self.method}, statistic {number(self.statistic)})"


def interval(ends: tuple[float, float] | None, confidence: float) -> Interval:
    """Make an interval of what the native half gives; undefined where there is none."""
    lower, upper = (math.nan, math.nan) if ends is None else ends
    return Interval(lower, upper, confidence)


def ends_of(name: str, value: object) -> tuple[float, float]:
    """Give the ends of an argument that is an interval.

    Raises
    ------
    TypeError
        It is none.
    """
    if not isinstance(value, Interval):
        raise TypeError(f"{name} must be an Interval, not {type(value).__name__}")
    return value.lower, value.upper


def axes(ax: Axes | None) -> Axes:
    """Give the axes to draw on.

    Raises
    ------
    ImportError
        Matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot  # noqa: PLC0415
    except ImportError as error:
        raise ImportError("plots need matplotlib: pip install 'assay-eval[plot]'") from error
    return pyplot.subplots()[1]


Made = TypeVar("Made", bound=Result)


def made(kind: type[Made], found: dict[str, Any], confidence: float = 0.95) -> Made:
    """Make a result of what the native half gives, its interval among it."""
    ends = found["interval"]
    return kind(**{**found, "interval": interval(ends, confidence)})


def spot(ax: Axes, value: float, ends: Interval, *, label: str = "", at: float = 0.0) -> None:
    """Draw a value with its interval, where it has one, in one colour."""
    sides = (value - ends.lower, ends.upper - value)
    wide = None if any(math.isnan(side) for side in sides) else [[max(side, 0.0)] for side in sides]
    ax.errorbar([value], [at], xerr=wide, fmt="o", capsize=4, label=label or None)


def place(ax: Axes, labels: list[str]) -> None:
    """Name the rows of a plot, the first at the top."""
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
