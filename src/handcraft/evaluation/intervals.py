"""Intervals: Wilson for a share of independent items, percentiles for bootstrap draws."""

from math import sqrt
from statistics import NormalDist

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
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = correct / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    # The formula gives exactly 0 and 1 at the ends; floating point does not.
    low = 0.0 if correct == 0 else middle - half
    high = 1.0 if correct == n else middle + half
    return low, high


def percentile_interval(draws: np.ndarray, confidence: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper percentiles of bootstrap draws [B, ...], over the first axis: two arrays [...]."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return low, high
