"""The L1-penalised multinomial logistic regression of one-hot contexts, solved to a certificate.

The problem, for n contexts of `length` tokens each (one-hot inputs: exactly `length` ones a row):

    minimise over W, b:   P = 1/n sum_i [ logsumexp(z_i) - z_i[label_i] ]  +  l1 * sum |W|,     z_i = b + x_i W

The method is the accelerated proximal gradient (Beck and Teboulle 2009, "A fast iterative shrinkage-thresholding
algorithm") with the gradient test for restarts (O'Donoghue and Candes 2015, "Adaptive restart for accelerated
gradient schemes") in a diagonal metric: each weight has its own step, from its own curvature
h = 1/n sum over the contexts with the feature of p (1 - p). `2 * length * h` bounds the Hessian where it is taken;
a multiple of h several times smaller is used as long as the quadratic upper bound holds at the new point, and is
raised and the step repeated where it does not. The weights come out of soft thresholding, so zeros are exact.
"""

from dataclasses import dataclass

import numpy as np
import torch

from handcraft.errors import UserError
from handcraft.predictors.device import fix_arithmetic, resolve_device
from handcraft.predictors.linear_certificate import Certificate, certify
from handcraft.predictors.onehot import OneHot
from handcraft.progress import say

CHECK_EVERY = 25
"""Iterations between two certificates."""
REFRESH_AT = (15, 45, 120)
"""Iterations at which the steps are made anew from the curvature there (as at every restart)."""
SLACK = 1e-7
"""Relative slack of the step's test: float32 rounding must not be taken for a step too long."""


@dataclass(frozen=True)
class LinearFit:
    """A fitted model: `weight` float32 [length, vocabulary, K], `bias` float32 [K], both in logits.

    `objective` is P in nats at exactly these float32 numbers, computed in float64; `gap` is the certified relative
    duality gap (`linear_certificate`), None for l1 = 0; `loss` is the mean cross-entropy alone.
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


def fit_linear(
    tokens: np.ndarray,
    labels: np.ndarray,
    vocabulary: int,
    candidates: int,
    l1: float,
    *,
    gap: float = 1e-3,
    max_iterations: int = 3000,
    device: str = "cpu",
    threads: int = 1,
    start: LinearFit | None = None,
    strict: bool = True,
) -> LinearFit:
    """Fit `tokens` [n, length] (ids below `vocabulary`) to `labels` [n] (below `candidates`).

    Stops at a certified relative gap of `gap`; `start` is a fit to start from. Where that takes more than
    `max_iterations` it raises `UserError`, or with `strict` false returns what it has, its gap stated.
    """
    fix_arithmetic(threads)
    data = OneHot(tokens, labels, vocabulary, candidates, resolve_device(device))
    return fit_path(data, [l1], gap=gap, max_iterations=max_iterations, start=start, strict=strict)[0]


def fit_path(
    data: OneHot,
    l1: list[float],
    *,
    gap: float,
    max_iterations: int,
    start: LinearFit | None = None,
    strict: bool = True,
) -> list[LinearFit]:
    """A fit for every penalty of `l1`, in that order, each started from the one before; largest first is fastest."""
    fits: list[LinearFit] = []
    for penalty in l1:
        start = _Descent(data, penalty, start).run(gap, max_iterations, strict)
        zero = f", gap {start.gap:.1e}" if start.gap is not None else ""
        say(
            f"l1 {penalty:g}: objective {start.objective:.6f}, {start.nonzeros} nonzero weights, "
            f"{start.iterations} iterations{zero}"
        )
        fits.append(start)
    return fits


class _Descent:
    """The state of one descent: W [features, K], b [K] and their logits [K, n], at the point and at the one before."""

    def __init__(self, data: OneHot, l1: float, start: LinearFit | None) -> None:
        self.data, self.l1 = data, l1
        if start is None:
            self.W = torch.zeros(data.features, data.candidates, device=data.device)
            self.b = data.class_rates().log().float()
        else:
            self.W = (
                torch.from_numpy(start.weight.reshape(data.features, data.candidates)).to(data.device).clone()
            )
            self.b = torch.from_numpy(start.bias).to(data.device).clone()
        self.Z = data.logits(self.W, self.b)
        self.scale = 4.0  # multiple of the curvature: the safeguard raises it where it is too small
        self.restart(*data.probabilities(self.Z))

    def restart(self, p: torch.Tensor, loss: float) -> None:
        """Take the point as new start: no momentum, and steps from the curvature here."""
        data = self.data
        self.momentum = 1.0
        self.Wy, self.by, self.Zy, self.py, self.loss_y = self.W, self.b, self.Z, p, loss
        v = p * (1 - p)
        # A floor, a thousandth of the most there can be: a sure prediction has no curvature, but may change.
        self.H = data.transposed(v).add_(data.counts[:, None] * (2.5e-4 / data.n)).add_(1e-9)
        self.Hb = v.mean(1) + 1e-4

    def step(self) -> None:
        """One accelerated step; the multiple of the curvature grows until the quadratic bound holds."""
        data = self.data
        R = self.py - data.onehot
        G, g = data.transposed(R), R.mean(1)
        while True:
            D, Db = self.scale * self.H, self.scale * self.Hb
            W = self.Wy - G / D
            W = torch.sign(W) * (W.abs() - self.l1 / D).clamp_(min=0)
            b = self.by - g / Db
            Z = data.logits(W, b)
            p, loss = data.probabilities(Z)
            dW, db = W - self.Wy, b - self.by
            change = (dW * (G + 0.5 * D * dW)).sum(dtype=torch.float64)
            change += (db * (g + 0.5 * Db * db)).sum(dtype=torch.float64)
            if loss <= self.loss_y + float(change) + SLACK * abs(self.loss_y) or self.scale > 1e6:
                break
            self.scale *= 1.5
        uphill = (D * (self.Wy - W) * (W - self.W)).sum(dtype=torch.float64)
        uphill += (Db * (self.by - b) * (b - self.b)).sum(dtype=torch.float64)
        before, self.W, W = self.W, W, self.W
        before_b, before_Z = self.b, self.Z
        self.b, self.Z = b, Z
        if float(uphill) > 0:
            self.refresh(p, loss)
            return
        following = (1 + (1 + 4 * self.momentum**2) ** 0.5) / 2
        m = (self.momentum - 1) / following
        self.momentum = following
        self.Wy = torch.lerp(before, self.W, 1 + m)
        self.by = torch.lerp(before_b, self.b, 1 + m)
        self.Zy = torch.lerp(before_Z, self.Z, 1 + m)
        self.py, self.loss_y = data.probabilities(self.Zy)

    def refresh(self, p: torch.Tensor, loss: float) -> None:
        """Restart, and try a longer step again."""
        self.restart(p, loss)
        self.scale = max(1.0, self.scale * 0.8)

    def run(self, gap: float, max_iterations: int, strict: bool) -> LinearFit:
        certificate = self.certify(gap)
        iteration = 0
        while not self.done(certificate, gap):
            if iteration >= max_iterations:
                if strict:
                    raise self.not_there(certificate, gap, max_iterations)
                break
            for _ in range(min(CHECK_EVERY, max_iterations - iteration)):
                self.step()
                iteration += 1
                if iteration in REFRESH_AT:
                    self.refresh(*self.data.probabilities(self.Z))
            certificate = self.certify(gap)
        data = self.data
        return LinearFit(
            weight=self.W.cpu().numpy().reshape(data.length, data.vocabulary, data.candidates),
            bias=certificate.bias.cpu().numpy(),
            l1=self.l1,
            objective=certificate.primal,
            loss=certificate.loss,
            gap=certificate.gap,
            iterations=iteration,
        )

    def certify(self, gap: float) -> Certificate:
        return certify(self.data, self.W, self.b, self.l1, gap)

    def done(self, certificate: Certificate, gap: float) -> bool:
        if certificate.gap is not None:
            return certificate.gap <= gap
        return certificate.gradient <= gap * self.data.zero_gradient()

    def not_there(self, certificate: Certificate, gap: float, iterations: int) -> UserError:
        if certificate.gap is None:
            reached = "the largest gradient is still above its share of that at zero weights"
        else:
            reached = f"the certified gap is {certificate.gap:.1e}, not {gap:g}"
        return UserError(
            f"the linear model with l1 {self.l1:g} did not converge in {iterations} iterations: {reached}",
            where="predictors.linear.l1",
            remedy="raise predictors.linear.max_iterations, or leave this l1 out for a larger one",
        )
