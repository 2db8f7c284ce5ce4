"""Paired tests and the correction for making many of them."""

from collections.abc import Sequence
from math import comb


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p of McNemar's test, of the items that only one of two predictors got right.

    Where neither is better, each such item is either's by a fair coin.
    Source: McNemar (1947), Psychometrika 12, 153-157, with the binomial distribution instead of chi-squared.
    """
    if min(only_a, only_b) < 0:
        raise ValueError(f"counts cannot be negative: {only_a}, {only_b}")
    n = only_a + only_b
    tail = sum(comb(n, i) for i in range(min(only_a, only_b) + 1))
    # Integers until here: exact however small p is.
    return min(1.0, 2 * tail / 2**n)


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjusted p values, in the order given; a missing one stays missing and is not counted.

    Source: Holm (1979), Scand. J. Stat. 6, 65-70.
    """
    known = sorted((value, place) for place, value in enumerate(p) if value is not None)
    adjusted: list[float | None] = [None] * len(p)
    largest = 0.0
    for rank, (value, place) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * value))
        adjusted[place] = largest
    return adjusted
