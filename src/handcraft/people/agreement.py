"""How far people agree: Cohen's kappa for two, Fleiss' kappa for three and more, and what most of them say."""

from dataclasses import dataclass
from math import isnan, sqrt
from statistics import NormalDist

import numpy as np


@dataclass(frozen=True)
class Agreement:
    """`observed` is the share of items (Fleiss: of pairs of answers) that agree, `kappa` what of it goes beyond
    chance; None where chance alone explains everything. `low` and `high` bound kappa, where there is a formula."""

    observed: float
    kappa: float | None
    low: float | None = None
    high: float | None = None


def cohen(a: np.ndarray, b: np.ndarray, classes: int, confidence: float = 0.95) -> Agreement:
    """Agreement of two people who gave one class each to the same n items (int [n] each).

    Sources: Cohen (1960), Educ. Psychol. Meas. 20, 37-46; the interval is that of the large-sample variance of
    Fleiss, Cohen and Everitt (1969), Psychol. Bull. 72, 323-327, cut off at -1 and 1.
    """
    # Late, here and below: statsmodels takes 0.6 to 0.9 s to import.
    from statsmodels.stats.inter_rater import cohens_kappa

    table = np.zeros((classes, classes))
    np.add.at(table, (a, b), 1)
    observed = float(np.trace(table) / len(a))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = cohens_kappa(table)
    if isnan(found.kappa):
        return Agreement(observed, None)
    # Not its `kappa_low` and `kappa_upp`: they are of 95 % only, and NaN where rounding makes the variance negative.
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(max(0.0, float(found.var_kappa)))
    kappa = float(found.kappa)
    return Agreement(observed, kappa, max(-1.0, kappa - half), min(1.0, kappa + half))


def fleiss(answers: np.ndarray, classes: int) -> Agreement:
    """Agreement of two or more people: `answers` int [people, n], each one's class for the same n items.

    Source: Fleiss (1971), Psychol. Bull. 76, 378-382.
    """
    from statsmodels.stats.inter_rater import fleiss_kappa

    people = len(answers)
    if people < 2:
        raise ValueError("agreement takes at least two people")
    counts = votes(answers, classes)
    observed = float(((counts**2).sum(axis=1) - people).mean() / (people * (people - 1)))
    with np.errstate(invalid="ignore"):
        kappa = float(fleiss_kappa(counts))
    return Agreement(observed, None if isnan(kappa) else kappa)


def votes(answers: np.ndarray, classes: int) -> np.ndarray:
    """How many of the people chose each class, int [n, classes]; `answers` int [people, n]."""
    return (answers[:, :, None] == np.arange(classes)).sum(axis=0)


def majority_vote(answers: np.ndarray, classes: int) -> np.ndarray:
    """The class that most people chose, int [n]; -1 where two classes have as many votes: no majority is made up."""
    counts = votes(answers, classes)
    most = counts.max(axis=1)
    decided = (counts == most[:, None]).sum(axis=1) == 1
    return np.where(decided, counts.argmax(axis=1), -1)
