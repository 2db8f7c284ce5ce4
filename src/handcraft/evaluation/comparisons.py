"""Paired tests and the correction for making many of them."""

from collections.abc import Sequence


def mcnemar(only_a: int, only_b: int) -> float:
    """Exact two-sided p of McNemar's test, of the items that only one of two predictors got right.

    Where neither is better, each such item is either's by a fair coin.
    Source: McNemar (1947), Psychometrika 12, 153-157, with the binomial distribution instead of chi-squared.
    """
    if min(only_a, only_b) < 0:
        raise ValueError(f"counts cannot be negative: {only_a}, {only_b}")
    # Late, here and below: statsmodels takes 0.6 to 0.9 s to import (0.2 s after scipy.stats).
    from statsmodels.stats import contingency_tables

    return float(contingency_tables.mcnemar([[0, only_a], [only_b, 0]], exact=True).pvalue)


def false_discoveries(p: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p values, in the order given: keeping those up to a level q, at most a share q
    of the kept are expected to be false.

    Source: Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57, 289-300.
    """
    from statsmodels.stats.multitest import multipletests

    return [float(x) for x in multipletests(list(p), method="fdr_bh")[1]] if len(p) else []


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjusted p values, in the order given; a missing one stays missing and is not counted.

    Source: Holm (1979), Scand. J. Stat. 6, 65-70.
    """
    known = [value for value in p if value is not None]
    if not known:
        return list(p)
    from statsmodels.stats.multitest import multipletests

    adjusted = iter(multipletests(known, method="holm")[1].tolist())
    return [None if value is None else next(adjusted) for value in p]
