"""Newton's method on the support of a sparse linear model: what turns a good model into an exact one.

With the signs of the non-zero weights held, the objective is smooth in them. Each step solves H d = -gradient by
conjugate gradients with a diagonal preconditioner (float32, from float64 gradients, which is enough for a direction),
sets to zero whatever would change its sign, and is halved until the objective falls. After Wen, Yin, Goldfarb and
Zhang 2010, "A fast algorithm for sparse reconstruction based on shrinkage, subspace optimization, and continuation".
"""

import torch

from handcraft.predictors.linear.certificate import Point, evaluate
from handcraft.predictors.linear.onehot import OneHot

REDUCTION = 1e-1
"""The inner product of residual and preconditioned residual falls to this share in one step."""
CONJUGATE = 50
"""Conjugate gradient iterations in one step, at most."""
DAMPING, MOST_DAMPING = 1e-6, 1e-1
"""Share of the curvature's diagonal that is added to it: along features that only occur together there is no
curvature. Where no step lowers the objective it is raised a hundredfold, up to the second number."""


def polish(
    data: OneHot, W: torch.Tensor, b: torch.Tensor, l1: float, tolerance: float, steps: int
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Move the non-zero weights until their gradients are within `tolerance * l1` of -+l1, or `steps` are done.

    Zero weights stay zero. Returns W and b in float64 and the number of conjugate gradient iterations.
    """
    W = centred(W)
    features = (W != 0).any(1)
    iterations, damping = 0, DAMPING
    if not features.any():
        return W.double(), b.double(), 0
    fewer = data.restricted(features) if data.worth_restricting(features) else None
    active = data if fewer is None else fewer
    point = evaluate(active, W if fewer is None else W[features], b, l1)
    for _ in range(steps):
        signs = point.W.sign()
        slope = torch.where(signs != 0, point.gradient + l1 * signs, 0)
        if float(slope.abs().max()) <= tolerance * l1:
            break
        direction, used = newton_direction(active, point, slope, signs != 0, damping)
        iterations += used
        moved = line_search(active, point, *direction, signs, l1)
        if moved is not None:
            point, damping = moved, max(DAMPING, damping / 10)
        elif damping < MOST_DAMPING:
            damping *= 100
        else:
            break
    if fewer is None:
        return point.W, point.b, iterations
    whole = torch.zeros(len(features), W.shape[1], dtype=torch.float64, device=W.device)
    whole[features] = point.W
    return whole, point.b, iterations


def centred(W: torch.Tensor) -> torch.Tensor:
    """W without what all K weights of a feature have in common: the loss does not see it, the penalty does.

    A feature with K non-zero weights loses its median: the least sum |W|, and no direction without curvature is left.
    """
    full = (W != 0).all(1, keepdim=True)
    return torch.where(full, W - W.median(1, keepdim=True).values, W)


def newton_direction(
    data: OneHot, point: Point, slope: torch.Tensor, free: torch.Tensor, damping: float
) -> tuple[tuple[torch.Tensor, torch.Tensor], int]:
    """-H^-1 slope over the `free` weights and the bias (whose slope is zero), and the iterations it took."""
    p = [q.float() for q in point.p]
    variances = [q * (1 - q) for q in p]
    mask = free.float()
    # A weight of a feature that is predicted with certainty has no curvature; the floor keeps its step finite.
    floor = 1e-6 * data.counts[:, None] / data.n
    diagonal = torch.where(free, data.transposed(variances) + floor, 1)
    diagonal_b = sum(v.sum(1) for v in variances) / data.n + 1e-9
    x, xb = torch.zeros_like(diagonal), torch.zeros_like(diagonal_b)
    r, rb = -slope.float(), torch.zeros_like(xb)
    z, zb = r / diagonal, rb / diagonal_b
    d, db = z.clone(), zb.clone()
    first = size = inner(r, z, rb, zb)
    used = 0
    while used < CONJUGATE and size > 0:
        used += 1
        changes = []
        sums = torch.zeros_like(db)
        for block, q in zip(data.blocks, p, strict=True):
            Z = block.logits(d, db)
            Z -= (q * Z).sum(0)
            Z *= q
            sums += Z.sum(1)
            changes.append(Z)
        h = data.transposed(changes) * mask + damping * diagonal * d
        hb = sums / data.n + damping * diagonal_b * db
        curvature = inner(d, h, db, hb)
        if curvature <= 0:
            break  # rounding: the direction so far is still one of descent
        length = size / curvature
        x += length * d
        xb += length * db
        r -= length * h
        rb -= length * hb
        z, zb = r / diagonal, rb / diagonal_b
        following = inner(r, z, rb, zb)
        if following < REDUCTION * first:
            break
        d.mul_(following / size).add_(z)
        db.mul_(following / size).add_(zb)
        size = following
    return (x.double(), xb.double()), used


def inner(u: torch.Tensor, v: torch.Tensor, ub: torch.Tensor, vb: torch.Tensor) -> float:
    return float((u * v).sum(dtype=torch.float64) + (ub * vb).sum(dtype=torch.float64))


def line_search(
    data: OneHot, point: Point, dW: torch.Tensor, db: torch.Tensor, signs: torch.Tensor, l1: float
) -> Point | None:
    """The first of the steps 1, 1/2, 1/4, ... that lowers the objective; None if none does."""
    step = 1.0
    for _ in range(8):
        W = point.W + step * dW
        W = torch.where(W.sign() == signs, W, 0)
        moved = evaluate(data, W, point.b + step * db, l1)
        if moved.primal < point.primal:
            return moved
        step /= 2
    return None
