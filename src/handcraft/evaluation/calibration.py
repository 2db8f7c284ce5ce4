"""Calibration error, temperature scaling and prior adjustment.

A model that was never shown the group's class rates may be right about the context and wrong about how sure to be, or
about how common a candidate is. Both are corrected on validation contexts: *rescaled* divides all scores by one
temperature; *prior-adjusted* adds one bias per candidate as well.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from handcraft.evaluation.bootstrap import StorySums, draw_stories, sum_stories
from handcraft.evaluation.intervals import Interval, percentile_interval
from handcraft.evaluation.metrics import correct
from handcraft.math import log_softmax

BINS = 15
"""Bins of equal width; Guo et al. (2017), On Calibration of Modern Neural Networks, use as many."""
WIDEST = 30.0
"""Nats to which a bias is bounded: a candidate that no validation context has would go to minus infinity."""


@dataclass(frozen=True)
class Rescaling:
    """Scores times `scale` (one over the temperature) plus `bias` [K]; the biases add up to zero."""

    scale: float
    bias: np.ndarray

    def __call__(self, scores: np.ndarray) -> np.ndarray:
        """Log-probabilities [n, K], normalised, of scores [n, K]."""
        return log_softmax(self.scale * scores + self.bias)


def fit_rescaling(scores: np.ndarray, labels: np.ndarray, biases: bool) -> Rescaling:
    """The temperature (and, with `biases`, a bias per candidate) of least mean loss on scores [m, K], labels [m].

    The loss is convex in scale and biases, so there is one solution.
    """
    values = log_softmax(scores)
    n, classes = values.shape
    truth = np.eye(classes)[labels]

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        bias = np.zeros(classes)
        bias[: len(parameters) - 1] = parameters[1:]
        p = log_softmax(parameters[0] * values + bias)
        wrong = (np.exp(p) - truth) / n
        gradient = np.concatenate([[(wrong * values).sum()], wrong.sum(axis=0)[: len(parameters) - 1]])
        return float(-p[np.arange(n), labels].mean()), gradient

    start = np.zeros(classes if biases else 1)
    start[0] = 1.0
    bounds = [(1e-3, 1e3), *[(-WIDEST, WIDEST)] * (len(start) - 1)]
    options = {"ftol": 1e-14, "gtol": 1e-9, "maxiter": 1000}
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options).x
    bias = np.zeros(classes)
    bias[: len(start) - 1] = found[1:]
    return Rescaling(float(found[0]), bias - bias.mean())


@dataclass(frozen=True)
class Reliability:
    """Per bin [BINS]: contexts, mean confidence, accuracy (NaN in an empty one); calibration error and its interval."""

    contexts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray
    error: float
    interval: Interval


def reliability(
    log_probability: np.ndarray,
    labels: np.ndarray,
    story: np.ndarray,
    *,
    resamples: int,
    confidence: float,
    generator: np.random.Generator,
) -> Reliability:
    """Bins by the probability of the answer, and the expected calibration error (a share) with a bootstrap by story.

    The error is the mean over contexts of |accuracy - confidence| of the context's bin. It is never negative, so chance
    alone makes it a little larger than zero, and so its interval.
    Source: Naeini et al. (2015), Obtaining Well Calibrated Probabilities Using Bayesian Binning.
    """
    sure = np.exp(log_probability.max(axis=1))
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    inside = np.eye(BINS)[bins]
    hit = correct(log_probability, labels)[:, None]
    # One class only: the sums are of whole stories.
    sums = sum_stories(
        story, np.zeros(len(labels), np.uint8), np.hstack([inside, inside * sure[:, None], inside * hit])
    )
    own = _totals(sums, np.ones((1, sums.stories)))[0]
    low, high = None, None
    if sums.stories > 1:
        draws = [_error(_totals(sums, drawn)) for drawn in draw_stories(sums.stories, resamples, generator)]
        low, high = map(float, percentile_interval(np.concatenate(draws), confidence))
    with np.errstate(invalid="ignore", divide="ignore"):
        means = own[1:] / own[0]
    return Reliability(own[0], means[0], means[1], float(_error(own[None])[0]), (low, high))


def _totals(sums: StorySums, drawn: np.ndarray) -> np.ndarray:
    """Contexts, confidence and points by bin, added up: [B, 3, BINS]."""
    stories, values = sums.classes[0]
    return (drawn[:, stories] @ values[:, 1:]).reshape(len(drawn), 3, BINS)


def _error(totals: np.ndarray) -> np.ndarray:
    """Expected calibration error of each resample [B]."""
    n, sure, hit = totals[:, 0], totals[:, 1], totals[:, 2]
    return np.asarray(np.abs(hit - sure).sum(axis=1) / n.sum(axis=1))
