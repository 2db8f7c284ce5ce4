"""Strengths of rules, fitted: multinomial logistic regression on where rules fire, with a ridge, by Newton's method.

Which candidates a rule pushes stays as written; how much, and the candidates' logits where no rule fires, are learned.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import linalg, sparse

from handcraft.math import context_losses, log_softmax

L2 = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
"""Ridges tried, as pseudo-contexts: a ridge of 1 is a normal prior with a standard deviation of 1 nat."""
_START = 1e-6
"""Ridge of the logits where no rule fires: a number added to all of them changes nothing."""
_FIXED = 1e12
"""The same where they are given: they stay zero."""
_STEPS, _DONE = 60, 1e-10
"""Newton steps at most, and the decrease of the objective (nats a context) below which it is at its optimum."""


@dataclass(frozen=True)
class Strengths:
    """A fitted model: `start` [K] and `weight` [rules, K], in nats."""

    start: np.ndarray
    weight: np.ndarray

    def logits(self, fires: sparse.csc_array) -> np.ndarray:
        """Logits float64 [n, K] of contexts where rules fire as in `fires` [n, rules]."""
        return np.asarray(self.start + fires @ self.weight)


class Problem:
    """The training objective: mean loss over contexts plus `l2 / 2n` times the sum of squared strengths.

    `fires` [n, rules]; `pushed` bool [rules, K], which candidates a rule pushes: one parameter each, after the K of
    `start`. With an `offset` [n, K], logits that are given, `start` stays zero.
    """

    def __init__(
        self,
        fires: sparse.csc_array,
        pushed: np.ndarray,
        labels: np.ndarray,
        l2: float,
        offset: np.ndarray | None = None,
    ) -> None:
        self.n, self.K = fires.shape[0], pushed.shape[1]
        self.offset = offset
        self.pushed, self.labels, self.l2 = pushed, labels.astype(np.int64), l2
        self.rule, self.candidate = np.nonzero(pushed)
        self.by_row = fires.tocsr()
        self.by_rule = self.by_row.T.tocsr()
        self._fires = fires

    @cached_property
    def columns(self) -> sparse.csc_array:
        """Where the rule of each parameter fires: [n, parameters]."""
        return self._fires[:, self.rule]

    @cached_property
    def ridge(self) -> np.ndarray:
        """The ridge of every parameter, per context."""
        start = _START if self.offset is None else _FIXED
        return np.concatenate([np.full(self.K, start), np.full(len(self.rule), self.l2)]) / self.n

    def unpack(self, theta: np.ndarray) -> Strengths:
        """The parameters as a model."""
        weight = np.zeros(self.pushed.shape)
        weight[self.rule, self.candidate] = theta[self.K :]
        return Strengths(theta[: self.K], weight)

    def logits(self, theta: np.ndarray) -> np.ndarray:
        """Logits float64 [n, K]."""
        model = self.unpack(theta)
        logits = np.asarray(model.start + self.by_row @ model.weight)
        return logits if self.offset is None else logits + self.offset

    def value(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """The objective, and the probabilities [n, K]."""
        p = log_softmax(self.logits(theta))
        loss = float(-p[np.arange(self.n), self.labels].mean() + (self.ridge * theta**2).sum() / 2)
        return loss, np.exp(p)

    def gradient(self, theta: np.ndarray, p: np.ndarray) -> np.ndarray:
        """The gradient of the objective, given the probabilities there."""
        wrong = p.copy()
        wrong[np.arange(self.n), self.labels] -= 1
        sums = self.by_rule @ wrong
        flat = np.concatenate([wrong.sum(0), sums[self.rule, self.candidate]])
        return np.asarray(flat / self.n + self.ridge * theta)

    def hessian(self, p: np.ndarray) -> np.ndarray:
        """The Hessian of the objective, given the probabilities."""
        C, K = self.columns, self.K
        A = C.copy()
        A.data = A.data * p[A.indices, np.repeat(self.candidate, np.diff(A.indptr))]
        H = np.zeros((K + len(self.rule),) * 2)
        H[K:, K:] = -(A.T @ A).toarray()
        for k in range(K):
            own = np.flatnonzero(self.candidate == k)
            H[np.ix_(K + own, K + own)] += (C[:, own].T @ A[:, own]).toarray()
        H[:K, :K] = np.diag(p.sum(0)) - p.T @ p
        cross = -(A.T @ p)
        cross[np.arange(len(self.rule)), self.candidate] += np.asarray(A.sum(0)).ravel()
        H[K:, :K], H[:K, K:] = cross, cross.T
        return H / self.n + np.diag(self.ridge)

    def solve(self, theta: np.ndarray | None = None) -> np.ndarray:
        """The optimum, from `theta` on."""
        if theta is None:
            theta = np.zeros(self.K + len(self.rule))
        value, p = self.value(theta)
        for _ in range(_STEPS):
            g = self.gradient(theta, p)
            step = linalg.solve(self.hessian(p), g, assume_a="pos")
            size, expected = 1.0, float(g @ step)
            if expected < _DONE:
                break
            while True:
                trial = theta - size * step
                after, q = self.value(trial)
                if after <= value - 1e-4 * size * expected or size < 1e-6:
                    break
                size /= 2
            theta, value, p = trial, after, q
        return theta


def choose_strengths(
    training: tuple[sparse.csc_array, np.ndarray],
    held_out: tuple[sparse.csc_array, np.ndarray],
    pushed: np.ndarray,
) -> tuple[Strengths, float, dict[float, float]]:
    """Fit with every ridge of `L2`; the one with the least loss on held-out contexts, its ridge, and the losses.

    `training` and `held_out` are where rules fire, and the labels. Of equal losses the larger ridge wins.
    """
    theta, models, losses = None, {}, {}
    for l2 in sorted(L2, reverse=True):
        problem = Problem(*training[:1], pushed, training[1], l2)
        theta = problem.solve(theta)
        models[l2] = problem.unpack(theta)
        losses[l2] = float(context_losses(log_softmax(models[l2].logits(held_out[0])), held_out[1]).mean())
    best = min(losses, key=lambda x: (losses[x], -x))
    return models[best], best, losses
