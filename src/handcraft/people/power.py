"""What so many items can show: the power of the exact McNemar test, and how many items a difference needs.

SciPy has the binomial distribution; neither SciPy nor statsmodels has the power of this test.
"""

from math import ceil, sqrt
from statistics import NormalDist

import numpy as np

POWER = 0.8
"""The chance of showing a difference that counts as enough: the custom in planning a study."""
EXACT = 100_000
"""Above so many items the formula for large samples is as good, and is used alone."""


def mcnemar_power(n: int, only_a: float, only_b: float, level: float = 0.05) -> float:
    """Chance that the exact two-sided McNemar test on `n` items gives p of at most `level`.

    only_a, only_b: the true shares of items that only the one, only the other of two predictors gets right. Exact:
    the sum over how many such items there are, and how they fall.
    """
    from scipy.stats import binom

    apart = only_a + only_b
    if not 0 <= min(only_a, only_b) <= apart <= 1 + 1e-9:
        raise ValueError(f"{only_a} and {only_b} are no shares")
    if apart <= 0 or n < 1:
        return 0.0
    apart = min(apart, 1.0)
    # Beyond ten standard deviations nothing counts.
    spread = 10 * sqrt(n * apart * (1 - apart)) + 10
    m = np.arange(max(0, int(n * apart - spread)), min(n, int(n * apart + spread)) + 1)
    k = _critical(m, level)
    rejects = binom.cdf(k, m, only_a / apart) + binom.cdf(k, m, only_b / apart)
    return float((binom.pmf(m, n, apart) * rejects).sum())


def _critical(m: np.ndarray, level: float) -> np.ndarray:
    """For each m the largest tail k with 2 P(X <= k) <= level under a fair coin; -1 where no outcome is as rare."""
    from scipy.stats import binom

    # 1e-12, so that a p equal to the level counts whatever its last digits.
    rare = level * (1 + 1e-12)
    k = binom.ppf(rare / 2, m, 0.5)
    return np.asarray(np.where(2 * binom.cdf(k, m, 0.5) <= rare, k, k - 1))


def items_needed(only_a: float, only_b: float, level: float = 0.05, power: float = POWER) -> int | None:
    """How many items the test needs to show, with the chance `power`, that these shares differ; None if they do not.

    Found by the exact power (a search, since it goes up in small teeth); for very many items by the formula of
    Connor (1987), Biometrics 43, 207-211.
    """
    difference, apart = abs(only_a - only_b), only_a + only_b
    if difference < 1e-12:
        return None
    normal = NormalDist()
    z, beta = normal.inv_cdf(1 - level / 2), normal.inv_cdf(power)
    about = ceil(((z * sqrt(apart) + beta * sqrt(max(0.0, apart - difference**2))) / difference) ** 2)
    if about > EXACT:
        return about
    low, high = 0, about + 10
    while mcnemar_power(high, only_a, only_b, level) < power:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if mcnemar_power(middle, only_a, only_b, level) < power:
            low = middle
        else:
            high = middle
    return high
