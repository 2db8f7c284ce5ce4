"""Agreement, intervals and power equal independent implementations (scikit-learn, statsmodels) or plain counting."""

from itertools import product
from math import comb

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.contingency_tables import mcnemar as their_mcnemar
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from handcraft.evaluation.comparisons import holm, mcnemar
from handcraft.evaluation.intervals import wilson
from handcraft.people.agreement import cohen, fleiss, majority_vote
from handcraft.people.power import items_needed, mcnemar_power


def people(count: int, n: int, classes: int, seed: int) -> np.ndarray:
    """Answers int [count, n] of people who mostly see the same."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(classes, n, p=np.arange(classes, 0, -1) / (classes * (classes + 1) / 2))
    return np.where(rng.random((count, n)) < 0.6, truth, rng.integers(0, classes, (count, n)))


@pytest.mark.parametrize(("n", "classes"), [(50, 5), (50, 2), (7, 3), (400, 9)])
def test_cohens_kappa_and_its_interval(n: int, classes: int) -> None:
    a, b = people(2, n, classes, n)
    ours = cohen(a, b, classes)
    assert ours.kappa == pytest.approx(cohen_kappa_score(a, b), abs=1e-12)
    table = np.zeros((classes, classes))
    np.add.at(table, (a, b), 1)
    theirs = cohens_kappa(table)
    assert ours.observed == pytest.approx(np.trace(table) / n, abs=1e-12)
    assert (ours.low, ours.high) == pytest.approx(
        (max(-1, theirs.kappa_low), min(1, theirs.kappa_upp)), abs=1e-9
    )


@pytest.mark.parametrize(("count", "n", "classes"), [(3, 50, 5), (2, 50, 4), (8, 20, 2)])
def test_fleiss_kappa(count: int, n: int, classes: int) -> None:
    answers = people(count, n, classes, count)
    table, _ = aggregate_raters(answers.T, n_cat=classes)
    assert fleiss(answers, classes).kappa == pytest.approx(fleiss_kappa(table), abs=1e-12)


def test_wilson_mcnemar_and_holm_are_those_of_statsmodels() -> None:
    for k in range(51):
        assert wilson(k, 50) == pytest.approx(proportion_confint(k, 50, method="wilson"), abs=1e-12)
    p = []
    for a, b in product(range(0, 16, 3), repeat=2):
        p.append(mcnemar(a, b))
        assert p[-1] == pytest.approx(their_mcnemar([[10, a], [b, 10]], exact=True).pvalue, abs=1e-12)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)


def test_agreement_at_the_ends() -> None:
    same = np.array([0, 1, 1, 0])
    assert cohen(same, same, 2).kappa == pytest.approx(1)
    assert cohen(same, 1 - same, 2).kappa == pytest.approx(-1)
    one = np.zeros(4, dtype=int)
    # Two people who always say the same word agree by chance alone: kappa is 0/0, and stays undefined.
    assert cohen(one, one, 2).kappa is None
    assert cohen(one, one, 2).observed == 1
    assert fleiss(np.stack([one, one, one]), 2).kappa is None
    with pytest.raises(ValueError, match="two people"):
        fleiss(one[None], 2)


def test_a_tie_has_no_majority() -> None:
    answers = np.array([[0, 0, 2, 1], [0, 1, 2, 2], [1, 2, 2, 1]])
    assert majority_vote(answers, 3).tolist() == [0, -1, 2, 1]


@pytest.mark.parametrize(("n", "a", "b"), [(5, 0.3, 0.1), (12, 0.5, 0.05), (20, 0.2, 0.2), (8, 1.0, 0.0)])
def test_power_is_the_sum_over_all_outcomes(n: int, a: float, b: float) -> None:
    """Every way that n items can fall, with its chance, and whether our own test rejects it."""
    total = 0.0
    for x in range(n + 1):
        for y in range(n + 1 - x):
            chance = comb(n, x) * comb(n - x, y) * a**x * b**y * max(0.0, 1 - a - b) ** (n - x - y)
            total += chance * (mcnemar(x, y) <= 0.05)
    assert mcnemar_power(n, a, b) == pytest.approx(total, abs=1e-9)


def test_power_is_that_of_simulated_studies() -> None:
    rng = np.random.default_rng(0)
    draws = rng.multinomial(50, [0.25, 0.08, 0.67], size=4000)
    shown = np.mean([mcnemar(int(x), int(y)) <= 0.05 for x, y, _ in draws])
    assert mcnemar_power(50, 0.25, 0.08) == pytest.approx(shown, abs=0.03)


@pytest.mark.parametrize(("a", "b"), [(0.2, 0.1), (0.12, 0.10), (1.0, 0.0), (0.02, 0.0), (0.3, 0.05)])
def test_so_many_items_are_needed_and_hardly_fewer(a: float, b: float) -> None:
    n = items_needed(a, b)
    assert n is not None
    assert mcnemar_power(n, a, b) >= 0.8 > mcnemar_power(n - 1, a, b)
    assert n == items_needed(b, a)


def test_no_number_of_items_separates_what_does_not_differ() -> None:
    assert items_needed(0.1, 0.1) is None
    assert mcnemar_power(1000, 0.1, 0.1) < 0.05
    assert mcnemar_power(50, 0.0, 0.0) == 0
    # By the formula for large samples, as the exact search would have it within a percent.
    assert items_needed(0.1001, 0.1) > 100_000  # type: ignore[operator]
    with pytest.raises(ValueError, match="no shares"):
        mcnemar_power(5, -0.1, 0.2)
