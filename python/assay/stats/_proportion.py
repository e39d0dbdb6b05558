"""Intervals of rates."""

from __future__ import annotations

from assay import _assay
from assay._results import Interval, interval


def wilson(successes: float, n: float, *, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a rate.

    Parameters
    ----------
    successes : float
        How many of the `n` were successes; a fraction is possible, as for effective sample sizes.
    n : float
        How many there were.
    confidence : float, default 0.95
        Between 0 and 1.

    Returns
    -------
    Interval
        Undefined (NaN) for no trials.

    Raises
    ------
    ValueError
        `successes` is below 0 or above `n`; `confidence` is not between 0 and 1.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. JASA 22.

    Examples
    --------
    >>> from assay import stats
    >>> stats.wilson(45, 50)
    <Interval: 0.7864 to 0.9565 (0.95 confidence)>
    """
    return interval(_assay.wilson(successes, n, confidence), confidence)
