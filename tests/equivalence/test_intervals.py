"""Intervals and tests equal an independent implementation."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from handcraft.analysis.published import published_table
from handcraft.evaluation.bootstrap import bootstrap_means, sum_stories
from handcraft.evaluation.comparisons import holm, mcnemar
from handcraft.evaluation.intervals import percentile_interval, wilson


@pytest.mark.parametrize("n", [1, 2, 7, 50, 1000])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_wilson_is_scipys(n: int, confidence: float) -> None:
    for correct in sorted({0, 1, n // 3, n // 2, n - 1, n}):
        theirs = stats.binomtest(correct, n).proportion_ci(confidence, method="wilson")
        assert wilson(correct, n, confidence) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_published_people_have_scipys_wilson_interval() -> None:
    people = {row["name"]: row for row in published_table() if row["n"]}
    for name, right in (("human_1", 35), ("human_2", 37)):
        theirs = stats.binomtest(right, 50).proportion_ci(method="wilson")
        assert (people[name]["low"], people[name]["high"]) == pytest.approx(
            (theirs.low, theirs.high), abs=1e-12
        )


def test_mcnemar_is_the_binomial_test() -> None:
    for a, b in product(range(0, 26), repeat=2):
        expected = stats.binomtest(a, a + b, 0.5).pvalue if a + b else 1.0
        assert mcnemar(a, b) == pytest.approx(expected, rel=1e-9)


def test_holm_is_the_definition() -> None:
    """The adjusted p is the least level at which the step-down procedure rejects: found here by trying."""
    rng = np.random.default_rng(0)
    for size in (1, 2, 5, 10):
        p = np.round(rng.random(size) ** 3, 3)
        ours = holm(p.tolist())
        for level in np.arange(0.0005, 1, 0.001):
            rejected = np.zeros(size, dtype=bool)
            for rank, place in enumerate(np.argsort(p, kind="stable")):
                if p[place] > level / (size - rank):
                    break
                rejected[place] = True
            np.testing.assert_array_equal(rejected, np.array(ours) <= level)


def test_the_bootstrap_is_scipys_where_stories_have_one_context() -> None:
    values = np.random.default_rng(1).gamma(2, size=400)
    draws = bootstrap_means(
        sum_stories(np.arange(400), np.zeros(400, dtype=int), values[:, None]),
        20_000,
        np.random.default_rng(2),
    )[:, 0]
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(3)
    ).confidence_interval
    width = theirs.high - theirs.low
    assert percentile_interval(draws) == pytest.approx((theirs.low, theirs.high), abs=0.03 * width)
