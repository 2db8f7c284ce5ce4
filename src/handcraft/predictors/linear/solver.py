"""The L1-penalised multinomial logistic regression of one-hot contexts, solved to a certificate.

The problem, for n contexts of `length` tokens each (one-hot inputs: exactly `length` ones a row):

    minimise over W, b:   P = 1/n sum_i [ logsumexp(z_i) - z_i[label_i] ]  +  l1 * sum |W|,     z_i = b + x_i W

Rounds of two methods. Accelerated proximal gradient steps (`linear_descent`) find which weights are not zero; Newton's
method on those (`linear_newton`) then finds their values. Features that cannot enter soon are left out of a round: what
was left out wrongly shows in the gradient over all of them, which each round ends with. It is over when the duality gap
of `linear_certificate` is small enough. Zeros are exact.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from handcraft.errors import UserError
from handcraft.logging import say
from handcraft.predictors.linear.certificate import Point, dual_bound, evaluate, loss_at, relative_gap
from handcraft.predictors.linear.descent import START_SCALE, Descent
from handcraft.predictors.linear.newton import polish
from handcraft.predictors.linear.onehot import OneHot

Watch = Callable[[torch.Tensor, torch.Tensor], None]
"""Called with W [features, K] and b [K], float32, whenever the solver has a new model."""

FIRST, LATER = 30, 15
"""Proximal steps in the first round and in every later one."""
NEWTON = 4
"""Newton steps in a round, at most."""
LEFT_OUT = 0.9
"""A round leaves out features without weights whose gradients are below this share of l1."""


@dataclass(frozen=True)
class LinearFit:
    """A fitted model: `weight` float32 [length, vocabulary, K], `bias` float32 [K], both in logits.

    `objective` is P in nats at exactly these float32 numbers, computed in float64; `gap` is the certified relative
    duality gap (`linear_certificate`), None for l1 = 0; `loss` is the mean cross-entropy alone. `iterations` counts
    proximal and conjugate gradient steps, which pass over the contexts once each.
    """

    weight: np.ndarray
    bias: np.ndarray
    l1: float
    objective: float
    loss: float
    gap: float | None
    iterations: int

    @property
    def nonzeros(self) -> int:
        return int(np.count_nonzero(self.weight))


def fit_path(
    data: OneHot,
    l1: list[float],
    *,
    gap: float,
    max_iterations: int,
    start: LinearFit | None = None,
    strict: bool = True,
    watch: Watch | None = None,
) -> list[LinearFit]:
    """A fit for every penalty of `l1`, in that order, each started from the one before; largest first is fastest.

    Each stops at a certified relative gap of `gap`; the first starts from `start`. Where that takes more than
    `max_iterations` it raises `UserError`, or with `strict` false returns what it has, its gap stated.
    """
    fits: list[LinearFit] = []
    before = None if start is None else start.l1
    if start is None:
        W = torch.zeros(data.features, data.candidates, device=data.device)
        b = data.rates.log()
    else:
        W = torch.from_numpy(start.weight.reshape(data.features, data.candidates)).to(data.device)
        b = torch.from_numpy(start.bias).to(data.device)
    for penalty in l1:
        solver = _Solver(data, penalty, before, W, b, watch)
        solver.run(gap, max_iterations, strict)
        W, b, before = solver.point.W, solver.point.b, penalty
        fit = solver.fit()
        zero = f", gap {fit.gap:.1e}" if fit.gap is not None else ""
        say(
            f"l1 {penalty:g}: objective {fit.objective:.6f}, {fit.nonzeros} nonzero weights, "
            f"{fit.iterations} iterations{zero}"
        )
        fits.append(fit)
    return fits


def certify(
    data: OneHot, weight: np.ndarray, bias: np.ndarray, l1: float, wanted: float, max_iterations: int
) -> tuple[float, float]:
    """The objective P of given weights and bias (float64, nats) and the best lower bound D found for its optimum.

    The bound comes from solving on from these weights until P is within `wanted` of it, or `max_iterations`. It holds
    whatever the weights are, and nothing that is said of them elsewhere is used.
    """
    W = torch.from_numpy(weight.reshape(data.features, data.candidates)).to(data.device)
    b = torch.from_numpy(bias).to(data.device)
    primal = loss_at(data, W, b) + l1 * float(W.abs().sum(dtype=torch.float64))
    solver = _Solver(data, l1, None, W, b, None)
    while relative_gap(primal, solver.dual) > wanted and solver.iterations < max_iterations:
        solver.round(LATER, wanted / 2, max_iterations)
    return primal, solver.dual


class _Solver:
    """Rounds of proximal steps, which find the support, and Newton's, which solve on it, until the gap is there."""

    def __init__(
        self,
        data: OneHot,
        l1: float,
        before: float | None,
        W: torch.Tensor,
        b: torch.Tensor,
        watch: Watch | None,
    ) -> None:
        self.data, self.l1, self.watch = data, l1, watch
        self.iterations, self.scale, self.dual = 0, START_SCALE, -float("inf")
        # The sequential strong rule (Tibshirani and others 2012) for the first round, after the penalty `before`.
        # A feature that is left out wrongly shows in the whole gradient, and comes in at the next round.
        self.share = 0.0 if before is None or l1 == 0 else max(0.0, 2 - before / l1)
        self.take(evaluate(data, W, b, l1))

    def take(self, point: Point) -> None:
        """Make this the model. It is written in float32, so it is judged as that."""
        self.point = point
        if self.l1 > 0:
            self.dual = max(self.dual, dual_bound(self.data, point, self.l1))
        W, b = point.W.float(), point.b.float()
        self.loss = loss_at(self.data, W, b)
        self.objective = self.loss + self.l1 * float(W.abs().sum(dtype=torch.float64))
        self.gradient = float(point.gradient.abs().max())
        if self.watch:
            self.watch(W, b)

    @property
    def gap(self) -> float | None:
        return relative_gap(self.objective, self.dual) if self.l1 > 0 else None

    def done(self, wanted: float) -> bool:
        if self.gap is None:
            return self.gradient <= wanted * self.data.zero_gradient
        return self.gap <= wanted

    def run(self, gap: float, max_iterations: int, strict: bool) -> None:
        steps = FIRST
        while not self.done(gap):
            if self.iterations >= max_iterations:
                if strict:
                    raise self.not_there(gap, max_iterations)
                return
            self.round(min(steps, max_iterations - self.iterations), gap, max_iterations)
            steps = LATER

    def round(self, steps: int, gap: float, max_iterations: int) -> None:
        data, W, b = self.data, self.point.W, self.point.b
        kept = (W != 0).any(1) | (self.point.gradient.abs().amax(1) >= self.share * self.l1)
        fewer = data.restricted(kept) if data.worth_restricting(kept) else None
        descent = Descent(fewer or data, W if fewer is None else W[kept], b, self.l1, self.scale)
        descent.run(steps)
        self.iterations += steps
        self.scale, self.share = descent.scale, LEFT_OUT
        W, b = descent.W, descent.b
        if fewer is not None:
            W = torch.zeros(data.features, data.candidates, device=data.device)
            W[kept] = descent.W
        if self.l1 > 0 and self.iterations < max_iterations:
            # A gradient of (1 + e) l1 costs a gap of about e * penalty.
            penalty = self.l1 * float(W.abs().sum(dtype=torch.float64))
            tolerance = 0.1 * gap * self.objective / max(penalty, 0.01 * self.objective)
            W, b, used = polish(data, W, b, self.l1, min(tolerance, 0.1), NEWTON)
            self.iterations += used
        self.take(evaluate(data, W, b, self.l1))

    def fit(self) -> LinearFit:
        data = self.data
        W = self.point.W.float().cpu().numpy() + 0.0  # no negative zeros
        return LinearFit(
            weight=W.reshape(data.length, data.vocabulary, data.candidates),
            bias=self.point.b.float().cpu().numpy(),
            l1=self.l1,
            objective=self.objective,
            loss=self.loss,
            gap=self.gap,
            iterations=self.iterations,
        )

    def not_there(self, gap: float, iterations: int) -> UserError:
        if self.gap is None:
            reached = "the largest gradient is still above its share of that at zero weights"
        else:
            reached = f"the certified gap is {self.gap:.1e}, not {gap:g}"
        return UserError(
            f"the linear model with l1 {self.l1:g} did not converge in {iterations} iterations: {reached}",
            where="predictors.linear.l1",
            remedy="raise predictors.linear.max_iterations, or leave this l1 out for a larger one",
        )
