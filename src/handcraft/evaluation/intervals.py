"""Intervals: Wilson for a share of independent items, percentiles for bootstrap draws."""

import numpy as np

Interval = tuple[float | None, float | None]


def wilson(correct: int, n: int, confidence: float = 0.95) -> Interval:
    """Wilson's score interval (no continuity correction) of a share, `correct` of `n` independent items.

    (None, None) where n is 0. Source: Wilson (1927), J. Am. Stat. Assoc. 22, 209-212.
    """
    if not 0 <= correct <= n:
        raise ValueError(f"{correct} of {n} is no share")
    if n == 0:
        return None, None
    # Late: scipy.stats takes 0.4 s to import, and callers of `percentile_interval` need none of it.
    from scipy.stats import binomtest

    interval = binomtest(correct, n).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def percentile_interval(draws: np.ndarray, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper percentiles of bootstrap draws [B, ...], over the first axis: two arrays [...]."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return low, high


def interval_columns(draws: np.ndarray | None, confidence: float, name: str = "") -> dict[str, float | None]:
    """`percentile_interval` of draws [B] as the columns `low` and `high` of a row, after `name`; None without draws."""
    prefix = f"{name}_" if name else ""
    low, high = (None, None) if draws is None else map(float, percentile_interval(draws, confidence))
    return {f"{prefix}low": low, f"{prefix}high": high}
