"""Differences: what a candidate gains or loses against a baseline."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any, Literal

from assay import _assay
from assay._estimates import Compared, compared
from assay._results import axes, number
from assay._types import Groups, Numbers
from assay.stats._estimate import Kind, method_name, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from assay.stats._verdict import Verdict

__all__ = ["Difference", "corpus_difference", "difference"]


@dataclasses.dataclass(frozen=True, repr=False, slots=True, kw_only=True)
class Difference(Compared):
    """A difference, candidate less baseline.

    Attributes
    ----------
    estimate : float
        The difference; NaN where it is undefined.
    interval : Interval
        The interval that is shown.
    n : int
        Cases: pairs, or those of both runs.
    method : str
        How the interval was computed: "tango", "cr2_t", "newcombe", "welch", …
    kind : str
        What the scores were taken for.
    gate_interval, gate_method : Interval, str
        What a gate reads: guarded where the sample is small, else the interval that is shown.
    better, worse, same : int
        Cases where the candidate is better, where the baseline is, and where they are alike.
    p_value : float
        Two-sided, secondary to the interval.
    p_method : str or None
        The test behind it.
    paired : bool
        Whether the cases were paired.
    standard_error, df : float
        Standard error and degrees of freedom, where the method has them.
    clusters : int or None
        How many there are, if they were given.
    design_effect, icc : float
        The variance relative to independent cases and the intra-class correlation, with clusters.
    reason : str or None
        Why something is undefined.
    warnings : tuple of str
        What a reader should know.
    """

    kind: str
    _native: _assay.Difference | None = dataclasses.field(default=None, compare=False)

    def _sentence(self) -> str:
        of = f"{self.n} {'paired ' if self.paired else ''}case{'' if self.n == 1 else 's'}"
        if self.clusters is not None:
            of += f" in {self.clusters} cluster{'' if self.clusters == 1 else 's'}"
        if self.paired:
            of += f": {self.better} better, {self.worse} worse, {self.same} the same"
        gain = number(self.estimate) if math.isnan(self.estimate) else f"{self.estimate:+.4g}"
        if math.isnan(self.interval.lower):
            return f"{gain}, no interval: {self.reason} ({of})"
        shown = f"{percent(self.interval.confidence)} interval {self.interval.lower:+.4g} to {self.interval.upper:+.4g}"
        return f"{gain}, {shown} ({method_name(self.method)}, {of})"

    def p_worse(self, margin: float = 0.0) -> float:
        """One-sided p-value against "not worse by more than `margin`": small when such a loss is shown.

        Raises
        ------
        ValueError
            `margin` is not a finite number.
        """
        return self._handle().p_worse(margin)

    def p_equivalent(self, margin: float) -> float:
        """p-value of equivalence by two one-sided tests: small when the difference is shown to be within ± `margin`.

        Raises
        ------
        ValueError
            `margin` is not above 0.

        References
        ----------
        Schuirmann, D. J. (1987). A comparison of the two one-sided tests procedure and the power approach. J. PB 15.
        """
        return self._handle().p_equivalent(margin)

    def _handle(self) -> _assay.Difference:
        if self._native is None:
            raise ValueError("this difference was not made by a function of assay.stats, and has no p-values")
        return self._native

    def no_regression(
        self,
        margin: float,
        *,
        matched_share: float = 1.0,
        differential_missing: bool = False,
        worst_case_lower: float | None = None,
    ) -> Verdict:
        """Say whether the candidate is shown not to be worse by more than `margin`: as `no_regression`."""
        from assay.stats._verdict import no_regression  # noqa: PLC0415

        return no_regression(
            self,
            margin=margin,
            matched_share=matched_share,
            differential_missing=differential_missing,
            worst_case_lower=worst_case_lower,
        )

    def plot(self, ax: Axes | None = None, *, margin: float | None = None, at: float = 0.0) -> Axes:
        """Draw the difference with its interval beside 0, and a margin of loss if one is given; needs matplotlib."""
        ax = axes(ax)
        ends = [[self.estimate - self.interval.lower], [self.interval.upper - self.estimate]]
        ax.errorbar([self.estimate], [at], xerr=ends, fmt="o", capsize=4)
        ax.axvline(0.0, color="0.4", linewidth=1)
        if margin is not None:
            ax.axvline(-margin, color="0.4", linewidth=1, linestyle="--")
        ax.set_yticks([])
        ax.set_xlabel(f"candidate - baseline with its {percent(self.interval.confidence)} interval")
        return ax


def made(found: dict[str, Any], native: _assay.Difference, confidence: float) -> Difference:
    """Make a difference of what the native half gives."""
    return Difference(**compared(found, confidence), kind=found["kind"], _native=native)


def difference(
    candidate: Numbers,
    baseline: Numbers,
    *,
    paired: bool = True,
    kind: Kind | None = None,
    bounds: tuple[float, float] | None = None,
    q: float | None = None,
    clusters: Groups | None = None,
    weights: Numbers | None = None,
    repeats: int | Numbers | None = None,
    baseline_clusters: Groups | None = None,
    baseline_weights: Numbers | None = None,
    baseline_repeats: int | Numbers | None = None,
    confidence: float = 0.95,
    seed: int = 0,
    nan_policy: Literal["raise", "omit"] = "raise",
) -> Difference:
    """Estimate what a candidate gains or loses against a baseline, with the interval that scores and design call for.

    Paired passes and failures get Tango's interval; with clusters, weights or repeats, and for other scores, CR2 on the
    cases' differences, guarded for gates where the sample is small; quantiles a seeded bootstrap. Runs that share no
    cases get Newcombe's interval for passes and failures and Welch's for means, or their clustered forms.

    Parameters
    ----------
    candidate, baseline : column of numbers
        One for each case: its score, or the mean of its scores over epochs. Paired cases are in the same order.
    paired : bool, default True
        Whether the runs have the same cases.
    kind : {"binary", "bounded", "unbounded", "quantile"}, optional
        What the scores are; without it as for `level`, by the scores of both runs.
    bounds : (float, float), optional
        The smallest and the largest possible score.
    q : float, optional
        The quantile to compare, such as 0.95 for a latency; of paired cases only.
    clusters, weights, repeats : optional
        As for `level`: of the pairs, or of the candidate's cases.
    baseline_clusters, baseline_weights, baseline_repeats : optional
        Of the baseline's cases, when they are not paired.
    confidence : float, default 0.95
        Between 0 and 1.
    seed : int, default 0
        Of the bootstraps, where one is used: the same seed gives the same interval.
    nan_policy : {"raise", "omit"}, default "raise"
        What becomes of missing values: an error, or their cases are left out.

    Returns
    -------
    Difference
        With `estimate`, `interval`, `n`, `gate_interval`, `better`, `worse`, `same` and `p_value`; its method
        `no_regression` gives a verdict.

    Raises
    ------
    TypeError
        An argument is of the wrong type.
    ValueError
        A value is NaN or outside of its range, columns are not equally long, an option is unknown.

    References
    ----------
    Tango, T. (1998). Equivalence test and confidence interval for the difference in proportions for the paired-sample
    design. Stat. Med. 17.
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions. Stat. Med. 17.
    Bell, R. M., & McCaffrey, D. F. (2002). Bias reduction in standard errors for linear regression with multi-stage
    samples. Survey Methodology 28.

    Examples
    --------
    >>> from assay import stats
    >>> candidate, baseline = [1] * 45 + [0] * 5, [1] * 38 + [0] * 12
    >>> found = stats.difference(candidate, baseline)
    >>> found
    <Difference: +0.14, 95% interval +0.05866 to +0.2619 (Tango, 50 paired cases: 7 better, 0 worse, 43 the same)>
    >>> found.no_regression(0.02)
    <Verdict: pass, improved>
    """
    score = (kind, bounds, q)
    design = (clusters, weights, repeats)
    other = (baseline_clusters, baseline_weights, baseline_repeats)
    if paired:
        if any(given is not None for given in other):
            raise ValueError("baseline_clusters, baseline_weights and baseline_repeats go with paired=False only")
        native, found = _assay.paired_difference(candidate, baseline, score, design, confidence, seed, nan_policy)
    else:
        native, found = _assay.unpaired_difference(candidate, baseline, score, design, other, confidence, nan_policy)
    return made(found, native, confidence)


def corpus_difference(
    candidate: float,
    candidate_left_out: Numbers,
    baseline: float,
    baseline_left_out: Numbers,
    *,
    cases: tuple[int, int, int] = (0, 0, 0),
    clustered: bool = False,
    bounds: tuple[float, float] | None = None,
    confidence: float = 0.95,
) -> Difference:
    """Estimate the paired difference of a metric that is no mean of its cases, such as F1, AUC or BLEU.

    Leaving out a case, or a cluster, takes it out of both arms, so that what they share cancels.

    Parameters
    ----------
    candidate, baseline : float
        The metric of all cases.
    candidate_left_out, baseline_left_out : column of numbers
        The metric without each case, or each cluster, in turn: as `delete_one` gives it.
    cases : (int, int, int), optional
        Cases where the candidate is better, where it is worse, and the others, by their own scores.
    clustered : bool, default False
        Whether clusters were left out.
    bounds : (float, float), optional
        The range of the metric, when it is known.
    confidence : float, default 0.95
        Between 0 and 1.

    Raises
    ------
    ValueError
        Columns are not equally long, or a value is outside of `bounds`.

    Examples
    --------
    >>> from assay import stats
    >>> found = stats.corpus_difference(0.7, [0.6, 0.7, 0.8], 0.6, [0.5, 0.6, 0.8], bounds=(0, 1))
    >>> round(found.estimate, 3), found.method
    (0.1, 'jackknife')
    """
    arms = ((candidate, candidate_left_out), (baseline, baseline_left_out))
    native, found = _assay.corpus_difference(*arms, cases, clustered, bounds, confidence)
    return made(found, native, confidence)
