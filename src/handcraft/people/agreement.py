"""How far people agree: Cohen's kappa for two, Fleiss' kappa for three and more, and what most of them say."""

from dataclasses import dataclass
from math import sqrt
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
    n = len(a)
    table = np.zeros((classes, classes))
    np.add.at(table, (a, b), 1 / n)
    first, second = table.sum(axis=1), table.sum(axis=0)
    observed, chance = float(np.trace(table)), float(first @ second)
    if chance > 1 - 1e-12:
        return Agreement(observed, None)
    kappa = (observed - chance) / (1 - chance)
    diagonal = np.diag(table) @ (1 - (first + second) * (1 - kappa)) ** 2
    off = table * (second[:, None] + first[None, :]) ** 2
    rest = (1 - kappa) ** 2 * (off.sum() - np.trace(off))
    variance = (diagonal + rest - (kappa - chance * (1 - kappa)) ** 2) / (n * (1 - chance) ** 2)
    half = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(max(0.0, float(variance)))
    return Agreement(observed, kappa, max(-1.0, kappa - half), min(1.0, kappa + half))


def fleiss(answers: np.ndarray, classes: int) -> Agreement:
    """Agreement of two or more people: `answers` int [people, n], each one's class for the same n items.

    Source: Fleiss (1971), Psychol. Bull. 76, 378-382.
    """
    people, n = answers.shape
    if people < 2:
        raise ValueError("agreement takes at least two people")
    counts = votes(answers, classes)
    observed = float(((counts**2).sum(axis=1) - people).mean() / (people * (people - 1)))
    chance = float(((counts.sum(axis=0) / (n * people)) ** 2).sum())
    return Agreement(observed, None if chance > 1 - 1e-12 else (observed - chance) / (1 - chance))


def votes(answers: np.ndarray, classes: int) -> np.ndarray:
    """How many of the people chose each class, int [n, classes]; `answers` int [people, n]."""
    return (answers[:, :, None] == np.arange(classes)).sum(axis=0)


def majority_vote(answers: np.ndarray, classes: int) -> np.ndarray:
    """The class that most people chose, int [n]; -1 where two classes have as many votes: no majority is made up."""
    counts = votes(answers, classes)
    most = counts.max(axis=1)
    decided = (counts == most[:, None]).sum(axis=1) == 1
    return np.where(decided, counts.argmax(axis=1), -1)
