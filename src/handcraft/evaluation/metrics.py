"""What one context contributes to a score: whether the prediction was right, and its loss.

*Accuracy* is the share of contexts whose most probable candidate is the one in the text. Candidates that
tie for most probable (to the precision of float32) share the point: the expected score of a coin between
them. *Loss* is the restricted negative log-likelihood in nats: minus the log-probability, among the group's
candidates only, of the one in the text.
"""

import numpy as np

TIE = 2e-6
"""Nats within which two candidates are as probable: the rounding of float32 log-probabilities."""


def correct(log_probability: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Points of every context, float64 [n]: 1 right, 0 wrong, 1/m where the answer is one of m that tie."""
    best = log_probability.max(axis=1, keepdims=True) - TIE <= log_probability
    hit = best[np.arange(len(labels)), labels]
    return np.asarray(hit / best.sum(axis=1), dtype=np.float64)


def answers(log_probability: np.ndarray) -> np.ndarray:
    """The one answer of every context, int64 [n]: the most probable candidate, of ties the first listed."""
    best = log_probability.max(axis=1, keepdims=True) - TIE <= log_probability
    return np.asarray(best.argmax(axis=1))
