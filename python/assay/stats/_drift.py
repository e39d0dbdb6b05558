"""Whether data have changed: distances and tests of two samples of a column, or of vectors."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from assay import _assay
from assay._results import Interval, Result, axes, interval, number, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay._types import Groups, Numbers

__all__ = [
    "AndersonDarling",
    "CategoryTest",
    "Distance",
    "Distances",
    "KolmogorovSmirnov",
    "anderson_ksamp",
    "bin_counts",
    "category_test",
    "drift_distances",
    "evidently_default",
    "hellinger",
    "jensen_shannon",
    "ks_2samp",
    "psi",
    "psi_expected",
    "quantile_bins",
    "total_variation",
    "wasserstein_distance",
    "wasserstein_interval",
]

Kind = Literal["numeric", "categorical", "counts"]
"""Columns of numbers, cut at the reference's quantiles; columns of names; or two rows of counts."""


def _kind(reference: Any, kind: Kind | None) -> str:
    """Take words for categories, and all else for numbers."""
    if kind is not None:
        return kind
    head = next(
        iter(reference[:1] if hasattr(reference, "__getitem__") and not hasattr(reference, "iloc") else reference), 0.0
    )
    return "categorical" if isinstance(getattr(head, "as_py", lambda: head)(), str) else "numeric"


def psi(reference: Groups, current: Groups, *, bins: int = 10, kind: Kind | None = None) -> float:
    """PSI, the population stability index of two samples.

    Parameters
    ----------
    reference, current : column
        Of numbers or of names; or rows of counts.
    bins : int, default 10
        Of numbers: quantile bins of the reference; no share counts as less than 0.0001.
    kind : {"numeric", "categorical", "counts"}, optional
        Default: categorical for words, else numeric.

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.psi([50, 30, 20], [40, 30, 30], kind="counts"), 4)
    0.0629
    """
    return _assay.count_distance("psi", _kind(reference, kind), reference, current, bins)


def psi_expected(bins: int, n: int, m: int) -> float:
    """PSI on average without any drift, (bins − 1)(1/n + 1/m).

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.psi_expected(10, 1000, 1000), 4)
    0.018
    """
    return _assay.psi_expected(bins, n, m)


def jensen_shannon(reference: Groups, current: Groups, *, bins: int = 10, kind: Kind | None = None) -> float:
    """Jensen–Shannon distance in natural units, from 0 to √ln 2; arguments as for `psi`.

    References
    ----------
    Lin, J. (1991); Endres, D. M. & Schindelin, J. E. (2003).

    Examples
    --------
    >>> from assay import stats
    >>> round(stats.jensen_shannon(["a", "a", "b"], ["a", "b", "b"]), 4)
    0.238
    """
    return _assay.count_distance("jensen_shannon", _kind(reference, kind), reference, current, bins)


def hellinger(reference: Groups, current: Groups, *, bins: int = 10, kind: Kind | None = None) -> float:
    """Hellinger distance, from 0 to 1; arguments as for `psi`.

    Examples
    --------
    >>> from assay import stats
    >>> stats.hellinger(["a"], ["b"])
    1.0
    """
    return _assay.count_distance("hellinger", _kind(reference, kind), reference, current, bins)


def total_variation(reference: Groups, current: Groups, *, bins: int = 10, kind: Kind | None = None) -> float:
    """Total variation, the share of cases that moved; arguments as for `psi`.

    Examples
    --------
    >>> from assay import stats
    >>> stats.total_variation([3, 1], [1, 3], kind="counts")
    0.5
    """
    return _assay.count_distance("total_variation", _kind(reference, kind), reference, current, bins)


def quantile_bins(reference: Numbers, *, bins: int = 10) -> list[float]:
    """Inner edges of bins with equal shares of the reference; ties merge bins.

    Examples
    --------
    >>> from assay import stats
    >>> stats.quantile_bins([1, 2, 3, 4, 5], bins=2)
    [3.0]
    """
    return _assay.quantile_bins(reference, bins)


def bin_counts(values: Numbers, edges: Numbers) -> list[int]:
    """Count the values in each bin: below the first inner edge, from each to below the next, from the last on.

    Examples
    --------
    >>> from assay import stats
    >>> stats.bin_counts([2.9, 3.0, 9.0], [3.0])
    [1, 2]
    """
    return _assay.bin_counts(values, edges)


def wasserstein_distance(reference: Numbers, current: Numbers) -> float:
    """Wasserstein-1 distance (earth mover's) in the values' own units.

    Examples
    --------
    >>> from assay import stats
    >>> stats.wasserstein_distance([0, 1, 3], [5, 6, 8])
    5.0
    """
    return _assay.wasserstein_distance(reference, current)


def wasserstein_interval(
    reference: Numbers, current: Numbers, *, confidence: float = 0.95, resamples: int = 200, seed: int = 0
) -> Interval:
    """Percentile interval of Wasserstein-1 over the reference's standard deviation.

    Biased upward for samples without drift: read it with the expected distance of `drift_distances`.

    Examples
    --------
    >>> from assay import stats
    >>> ends = stats.wasserstein_interval(range(50), range(20, 70))
    >>> ends.lower > 0.5
    True
    """
    return interval(_assay.wasserstein_interval(reference, current, confidence, resamples, seed), confidence)


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class KolmogorovSmirnov(Result):
    """A two-sample Kolmogorov–Smirnov test.

    Attributes
    ----------
    statistic : float
        The largest distance of the two distribution functions.
    p_value : float
        Two-sided.
    exact : bool
        Whether the p-value counts all orders of the pooled values.
    """

    statistic: float
    p_value: float
    exact: bool

    @property
    def pvalue(self) -> float:
        """The p-value, by the name that SciPy has for it."""
        return self.p_value


def ks_2samp(reference: Numbers, current: Numbers) -> KolmogorovSmirnov:
    """Two-sample Kolmogorov–Smirnov test, two-sided, exact up to 10,000 values in each sample.

    References
    ----------
    Hodges, J. L. (1958); Simard, R. & L'Ecuyer, P. (2011).

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.ks_2samp([1, 2, 3, 4], [3.5, 4.5, 5.5, 6.5])
    >>> found.statistic, round(found.p_value, 4)
    (0.75, 0.2286)
    """
    return KolmogorovSmirnov(*_assay.ks_2samp(reference, current).values())


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class AndersonDarling(Result):
    """A k-sample Anderson–Darling test.

    Attributes
    ----------
    statistic : float
        Standardised.
    p_value : float
        From 0.001 (then it is at most that) to 0.25 (then at least).
    """

    statistic: float
    p_value: float


def anderson_ksamp(samples: Sequence[Numbers]) -> AndersonDarling:
    """Anderson–Darling test that samples come from one distribution, with midranks for ties.

    References
    ----------
    Scholz, F. W. & Stephens, M. A. (1987). K-sample Anderson–Darling tests.

    Examples
    --------
    >>> from assay import stats
    >>> stats.anderson_ksamp([[1, 2, 3, 4, 5], [11, 12, 13, 14, 15]]).p_value < 0.01
    True
    """
    return AndersonDarling(*_assay.anderson_ksamp(list(samples)))


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class CategoryTest(Result):
    """How categories differ between two samples.

    Attributes
    ----------
    chi2, g : float
        Pearson's statistic and the likelihood ratio's.
    df : int
        Categories less one.
    p_value, g_p : float
        Of either.
    monte_carlo : bool
        Whether an expected count is below 5, and p-values are from permutations.
    cramer_v : float
        Effect size from 0 to 1.
    """

    chi2: float
    g: float
    df: int
    p_value: float
    g_p: float
    monte_carlo: bool
    cramer_v: float

    def _sentence(self) -> str:
        return f"Cramér's V {number(self.cramer_v)}, p {number(self.p_value, 3)}"


def category_test(
    reference: Groups,
    current: Groups,
    *,
    kind: Literal["categorical", "counts"] = "categorical",
    permutations: int = 1999,
    seed: int = 0,
) -> CategoryTest:
    """Pearson's χ² and G test that two columns of categories, or two rows of counts, come from one distribution.

    Parameters
    ----------
    reference, current : column
        Categories of any hashable values, or rows of counts over the same categories.
    kind : {"categorical", "counts"}
        Which of those.
    permutations, seed : int
        Where an expected count is below 5.

    References
    ----------
    Pearson, K. (1900); Wilks, S. S. (1938).

    Examples
    --------
    >>> from assay import stats
    >>> stats.category_test([50, 30, 20], [30, 30, 40], kind="counts")
    <CategoryTest: Cramér's V 0.2415, p 0.00293>
    """
    if kind not in ("categorical", "counts"):
        raise ValueError(f"kind must be one of categorical, counts, not {kind!r}")
    return CategoryTest(**_assay.category_test(kind, reference, current, permutations, seed))


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Distance(Result):
    """A distance with what it is by chance.

    Attributes
    ----------
    estimate : float
        Between the two samples.
    expected : float
        Its mean over permutations: what it is without drift.
    p_value : float
        Of the permutation test.
    """

    estimate: float
    expected: float
    p_value: float

    def _sentence(self) -> str:
        return f"{number(self.estimate)} (by chance {number(self.expected)}, p {number(self.p_value, 3)})"


@dataclasses.dataclass(frozen=True, repr=False, slots=True)
class Distances(Result):
    """The distances of two samples of one column.

    Attributes
    ----------
    bins : int
        Bins, or categories.
    psi, jensen_shannon, hellinger, total_variation : Distance
        Over them.
    wasserstein : Distance or None
        Over the reference's standard deviation; None for categories and for a constant reference.
    """

    bins: int
    psi: Distance
    jensen_shannon: Distance
    hellinger: Distance
    total_variation: Distance
    wasserstein: Distance | None

    def _sentence(self) -> str:
        return f"PSI {self.psi._sentence()} over {self.bins} bins"  # type: ignore[reportPrivateUsage]

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw each distance beside what it is by chance; needs matplotlib."""
        ax = axes(ax)
        shown = [(name, getattr(self, name)) for name in self._names() if isinstance(getattr(self, name), Distance)]
        ax.barh(range(len(shown)), [found.estimate for _, found in shown], label="between the samples")
        ax.plot([found.expected for _, found in shown], range(len(shown)), "|", color="black", label="by chance")
        place(ax, [name.replace("_", " ") for name, _ in shown])
        ax.legend()
        return ax


def drift_distances(
    reference: Groups,
    current: Groups,
    *,
    kind: Kind | None = None,
    bins: int = 10,
    permutations: int = 199,
    seed: int = 0,
) -> Distances:
    """All distances of two samples of one column, each with what it is by chance and a permutation test.

    Parameters
    ----------
    reference, current, kind, bins
        As for `psi`.
    permutations, seed : int
        Bins are cut anew from each permuted reference.

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.drift_distances(range(200), range(40, 240))
    >>> found.psi.p_value < 0.05 and found.psi.estimate > found.psi.expected
    True
    """
    found = _assay.drift_distances(_kind(reference, kind), reference, current, bins, permutations, seed)
    wasserstein = found["wasserstein"]
    return Distances(
        bins=found["bins"],
        psi=Distance(*found["psi"]),
        jensen_shannon=Distance(*found["jensen_shannon"]),
        hellinger=Distance(*found["hellinger"]),
        total_variation=Distance(*found["total_variation"]),
        wasserstein=None if wasserstein is None else Distance(*wasserstein),
    )


def evidently_default(rows: int, distinct: int, *, numeric: bool) -> tuple[str, float]:
    """Which method and limit Evidently takes by default for a column, to compare with it.

    `rows` are those of the reference, `distinct` the column's distinct values.

    Examples
    --------
    >>> from assay import stats
    >>> stats.evidently_default(5000, 4000, numeric=True)
    ('wasserstein', 0.1)
    """
    return _assay.evidently_default(rows, distinct, numeric)
