"""How far a linear model is from the optimum at most: a relative duality gap, in float64.

With r_i = q_i - onehot(label_i), the Fenchel dual of the problem in `linear_solver` is

    maximise   D(q) = 1/n sum_i H(q_i),   H(q) = -sum_k q_k log q_k,   every q_i a distribution over the K candidates,
    subject to |1/n X'r| <= l1 for every weight, and sum_i r_i = 0 for every candidate (the bias has no penalty)

(Yu, Huang and Lin 2011, "Dual coordinate descent methods for logistic regression and maximum entropy models", for the
entropy; Massias, Vaiter, Gramfort and Salmon 2020, "Dual extrapolation for sparse generalized linear models", for the
scaling.) Weak duality gives D(q) <= P* for any feasible q, so

    gap = (P - D) / D  >=  (P - P*) / P*

whichever way q was found. Here q comes from the probabilities p of some weights: the bias is solved to float64
optimality by Newton, so that the residuals sum to zero, and r is shrunk by s = min(1, l1 / max |1/n X'r|), that is
q = (1 - s) onehot + s p, which stays a distribution and keeps the sums at zero. How good the bound is rests on the
largest gradient: a weight whose gradient is (1 + e) l1 costs a gap of about e l1 sum |W|. Weights as they come from
first-order steps, or rounded to float32, have an e far above their distance from the optimum, so the bound is taken
at float64 weights that Newton has polished on the support (`linear_newton`).
"""

from dataclasses import dataclass

import torch

from handcraft.predictors.linear.onehot import OneHot

BALANCE = 1e-11
"""Mean residual of a candidate that still counts as zero: rounding, which changes D by that times the bias."""
TINY = 1e-300


@dataclass(frozen=True)
class Point:
    """Weights W [features, K] and the best bias b [K] for them, float64, with what follows from them.

    `p`: probabilities [K, m] by block; `gradient`: 1/n X'(p - onehot) [features, K]; `loss`: mean cross-entropy,
    `penalty`: l1 sum |W|, both in nats.
    """

    W: torch.Tensor
    b: torch.Tensor
    p: list[torch.Tensor]
    gradient: torch.Tensor
    loss: float
    penalty: float

    @property
    def primal(self) -> float:
        return self.loss + self.penalty


def evaluate(data: OneHot, W: torch.Tensor, b: torch.Tensor, l1: float) -> Point:
    """The point at weights W, in float64; `b` is where the search for their best bias starts."""
    W, b = W.double(), b.double()
    p = [torch.softmax(Z, 0) for Z in data.logits(W, b)]
    shift = balance(data, p)
    residuals = [q - block.onehot for q, block in zip(p, data.blocks, strict=True)]
    penalty = l1 * float(W.abs().sum())
    return Point(W, b + shift, p, data.transposed(residuals), mean_loss(data, p), penalty)


def loss_at(data: OneHot, W: torch.Tensor, b: torch.Tensor) -> float:
    """Mean cross-entropy in nats of exactly these weights and this bias, computed in float64."""
    return mean_loss(data, [torch.softmax(Z, 0) for Z in data.logits(W.double(), b.double())])


def mean_loss(data: OneHot, p: list[torch.Tensor]) -> float:
    """Mean cross-entropy in nats of probabilities [K, m], block by block."""
    total = 0.0
    for block, q in zip(data.blocks, p, strict=True):
        total -= float(q.gather(0, block.labels[None]).clamp_(min=TINY).log_().sum())
    return total / data.n


def dual_bound(data: OneHot, point: Point, l1: float) -> float:
    """D at the point's probabilities, shrunk until feasible; no bound at all (-inf) if their sums are off."""
    if float((mean_probability(data, point.p) - data.rates).abs().max()) > BALANCE:
        return -float("inf")
    scale = min(1.0, l1 / max(float(point.gradient.abs().max()), TINY))
    entropies = (
        torch.special.entr(torch.lerp(block.onehot.double(), q, scale)).sum()
        for block, q in zip(data.blocks, point.p, strict=True)
    )
    return float(sum(entropies)) / data.n


def relative_gap(primal: float, dual: float) -> float:
    """(P - D) / D, not below 0; infinite without a positive bound."""
    return max((primal - dual) / dual, 0.0) if dual > 0 else float("inf")


def mean_probability(data: OneHot, p: list[torch.Tensor]) -> torch.Tensor:
    """Mean of the rows, float64 [K]."""
    return sum((q.sum(1) for q in p), torch.zeros_like(data.rates)) / data.n


def balance(data: OneHot, p: list[torch.Tensor]) -> torch.Tensor:
    """Shift the bias until the residuals sum to zero per candidate: changes `p` in place, returns the shift [K].

    Newton's method on a convex function of K numbers; a step that makes matters worse is halved.
    """
    shift = torch.zeros_like(data.rates)
    error = mean_probability(data, p) - data.rates
    for _ in range(40):
        size = float(error.abs().max())
        if size < 1e-15:
            break
        products = sum(
            (q @ q.t() for q in p), torch.zeros(len(error), len(error), dtype=error.dtype).to(error)
        )
        H = torch.diag(mean_probability(data, p)) - products / data.n
        # Singular along (1, ..., 1): the least-squares step has nothing of it.
        step = -(torch.linalg.pinv(H, hermitian=True) @ error).clamp(-2, 2)
        for _ in range(6):
            moved = [shifted(q, step) for q in p]
            remaining = mean_probability(data, moved) - data.rates
            if float(remaining.abs().max()) < size:
                break
            step = step / 2
        else:
            break  # rounding is all that is left
        for old, new in zip(p, moved, strict=True):
            old.copy_(new)
        shift, error = shift + step, remaining
    return shift


def shifted(p: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
    """Probabilities [K, m] after `step` [K] is added to the logits."""
    q = p * step.exp()[:, None]
    return q.div_(q.sum(0))
