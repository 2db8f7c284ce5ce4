"""How far a linear model is from the optimum at most: a relative duality gap, in float64.

With r_i = q_i - onehot(label_i), the Fenchel dual of the problem in `linear_solver` is

    maximise   D(q) = 1/n sum_i H(q_i),   H(q) = -sum_k q_k log q_k,   every q_i a distribution over the K candidates,
    subject to |1/n X'r| <= l1 for every weight, and sum_i r_i = 0 for every candidate (the bias has no penalty)

(Yu, Huang and Lin 2011, "Dual coordinate descent methods for logistic regression and maximum entropy models", for the
entropy; Massias, Vaiter, Gramfort and Salmon 2020, "Dual extrapolation for sparse generalized linear models", for the
scaling.) Weak duality gives D(q) <= P* for any feasible q, so

    gap = (P - D) / D  >=  (P - P*) / P*

whichever way q was found. Here q starts as the model's own probabilities with the bias solved to float64 optimality
by Newton, so that the residuals sum to zero. A few weights that converge slowly would spoil it, since one scale
factor s must then shrink all residuals: so the logits of those few features are moved, by Newton too, until their
gradients meet the bound; that the model itself is not moved does not matter. Last, r is shrunk by
s = min(1, l1 / max |1/n X'r|): q = (1 - s) onehot + s p, which stays a distribution and keeps the sums at zero.
"""

from dataclasses import dataclass

import torch

from handcraft.predictors.onehot import OneHot

REPAIRED = 48
"""At most this many weights are moved for a dual point."""
REPAIR_VALUES = 4_000_000
"""At most this many float64 values are held for it (weights moved x contexts that have one of them)."""
ROUNDS = 3
BALANCE = 1e-11
"""Mean residual of a candidate that still counts as zero: rounding, which changes D by that times the bias."""


@dataclass(frozen=True)
class Certificate:
    """`primal` = `loss` + l1 sum |W| of W with `bias` (float32 [K], the best for W); `gap` None where l1 = 0.

    `gradient` is the largest |1/n X'r| of the model, `dual` the bound D from below (nats).
    """

    primal: float
    loss: float
    dual: float
    gap: float | None
    gradient: float
    bias: torch.Tensor


def certify(data: OneHot, W: torch.Tensor, b: torch.Tensor, l1: float, wanted: float) -> Certificate:
    """The certificate of weights W [features, K]; `b` is where the search for the best bias starts.

    The dual point is only repaired where that can bring the gap down to `wanted`.
    """
    logits = data.logits(W.double(), b.double())
    p, shift = solve_bias(data, logits)
    bias = (b.double() + shift).float()
    logits += (bias.double() - b.double())[:, None]
    loss = mean_loss(data, logits)
    penalty = l1 * float(W.abs().sum(dtype=torch.float64))
    primal = loss + penalty
    G = data.transposed(p - data.onehot)
    gradient = float(G.abs().max())
    if l1 == 0:
        return Certificate(primal, loss, 0.0, None, gradient, bias)
    dual = dual_value(data, p, min(1.0, l1 / max(gradient, 1e-300)))
    room = REPAIRED
    for _ in range(ROUNDS):
        if primal - dual <= wanted * dual:
            break
        over = G.abs().flatten()
        largest = torch.topk(over, min(room + 1, over.numel())).values
        # A gradient of (1 + e) l1 costs a gap of about e * penalty. What stays beyond the repair's reach costs that
        # whatever the repair does; what costs little needs none.
        excess = wanted * primal / max(penalty, 1e-300)
        if float(largest[-1]) > l1 * (1 + 2 * excess):
            break
        chosen = torch.nonzero(over > l1 * (1 + 0.3 * excess)).flatten()
        if len(chosen) > room:
            chosen = torch.topk(over, room).indices
        while (
            len(chosen) > 1
            and len(chosen) * float(data.counts[chosen // data.candidates].sum()) > REPAIR_VALUES
        ):
            chosen = chosen[: len(chosen) // 2]
        if len(chosen) == 0:
            break
        logits = repair(data, logits, chosen, G, l1)
        p, _ = solve_bias(data, logits)
        G = data.transposed(p - data.onehot)
        dual = max(dual, dual_value(data, p, min(1.0, l1 / float(G.abs().max()))))
    gap = (primal - dual) / dual if dual > 0 else float("inf")
    return Certificate(primal, loss, dual, max(gap, 0.0), gradient, bias)


def mean_loss(data: OneHot, logits: torch.Tensor) -> float:
    """Mean cross-entropy in nats of logits [K, n]."""
    own = logits.gather(0, data.labels[None])[0]
    return float((torch.logsumexp(logits, 0) - own).mean())


def dual_value(data: OneHot, p: torch.Tensor, scale: float) -> float:
    """D at q = (1 - scale) onehot + scale p; no bound at all (-inf) where the residuals do not sum to zero."""
    if float((p.mean(1) - data.class_rates()).abs().max()) > BALANCE:
        return -float("inf")
    q = torch.lerp(data.onehot.double(), p, scale)
    return float(torch.special.entr(q).sum()) / data.n


def solve_bias(data: OneHot, logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Softmax [K, n] of `logits` + a bias so that the residuals sum to zero per candidate, and that bias [K]."""
    rates = data.class_rates()
    shift = torch.zeros(data.candidates, dtype=torch.float64, device=data.device)
    p = torch.softmax(logits, 0)
    error = p.mean(1) - rates
    for _ in range(30):
        size = float(error.abs().max())
        if size < 1e-15:
            break
        H = torch.diag(p.mean(1)) - p @ p.t() / data.n
        step = torch.linalg.lstsq(
            H.cpu() + 1e-14 * torch.eye(len(H), dtype=H.dtype), error.cpu()[:, None]
        ).solution
        step = step[:, 0].to(data.device).clamp(-2, 2)
        moved = torch.softmax(logits + (shift - step)[:, None], 0)
        remaining = moved.mean(1) - rates
        if float(remaining.abs().max()) >= size and size < 1e-9:
            break  # rounding is all that is left
        shift, p, error = shift - step, moved, remaining
    return p, shift


def repair(
    data: OneHot, logits: torch.Tensor, chosen: torch.Tensor, G: torch.Tensor, l1: float
) -> torch.Tensor:
    """Logits moved along the `chosen` weights (flat indices) and the bias until those gradients are at +-l1.

    Newton with halving on the convex function whose gradient is that difference; it need not end exactly there.
    The dense part is held for the contexts that have any of the features.
    """
    K, n, m = data.candidates, data.n, len(chosen)
    columns = [data.column(feature) for feature in (chosen // K).tolist()]
    rows = torch.unique(torch.cat(columns))
    B = torch.zeros(m, len(rows), dtype=torch.float64, device=data.device)
    for line, column in enumerate(columns):
        B[line, torch.searchsorted(rows, column)] = 1
    classes = chosen % K
    same = (classes[:, None] == classes[None, :]).double()
    own = torch.nn.functional.one_hot(classes, K).double()
    target = torch.cat(
        [G.flatten()[chosen].sign() * l1, torch.zeros(K, dtype=torch.float64, device=data.device)]
    )
    observed = torch.cat([(B * data.onehot[:, rows][classes]).sum(1) / n, data.class_rates()])
    value, moved = mean_loss(data, logits), torch.zeros_like(target)
    for _ in range(6):
        p = torch.softmax(logits, 0)
        near = p[:, rows]
        Q = B * near[classes]
        error = torch.cat([Q.sum(1) / n, p.mean(1)]) - observed - target
        if float(error[:m].abs().max()) < 1e-4 * l1:
            break
        mixed = own * Q.sum(1)[:, None] - Q @ near.t()
        H = torch.zeros(m + K, m + K, dtype=torch.float64, device=data.device)
        H[:m, :m] = (B @ Q.t() * same - Q @ Q.t()) / n
        H[:m, m:], H[m:, :m] = mixed / n, mixed.t() / n
        H[m:, m:] = torch.diag(p.mean(1)) - p @ p.t() / n
        H.diagonal().add_(1e-10 * H.diagonal().mean())
        step = torch.linalg.solve(H, error)
        for halving in range(8):
            change = -step * 0.5**halving
            near = torch.zeros(K, len(rows), dtype=torch.float64, device=data.device)
            near.index_add_(0, classes, B * change[:m, None])
            trial = (logits + change[m:, None]).index_add_(1, rows, near)
            reached = mean_loss(data, trial) - float((moved + change) @ target)
            if reached <= value:
                logits, moved, value = trial, moved + change, reached
                break
        else:
            break
    return logits
