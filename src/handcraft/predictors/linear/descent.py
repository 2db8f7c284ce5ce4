"""Accelerated proximal gradient steps: they find out which weights are not zero.

Beck and Teboulle 2009, "A fast iterative shrinkage-thresholding algorithm", with the gradient test for restarts
(O'Donoghue and Candes 2015, "Adaptive restart for accelerated gradient schemes") in a diagonal metric: each weight has
its own step, from its own curvature h = 1/n sum over the contexts with the feature of p (1 - p). `2 * length * h`
bounds the Hessian where it is taken; a multiple of h several times smaller is used as long as the quadratic upper
bound holds at the new point, and is raised and the step repeated where it does not. The weights come out of soft
thresholding, so zeros are exact. All in float32.
"""

import torch

from handcraft.predictors.linear.onehot import OneHot

SLACK = 1e-7
"""Relative slack of the step's test: float32 rounding must not be taken for a step too long."""
START_SCALE = 4.0
"""Multiple of the curvature at the start: the safeguard raises it where it is too small."""


class Descent:
    """The state: W [features, K], b [K] and their logits by block, at the point and at the extrapolated one."""

    def __init__(self, data: OneHot, W: torch.Tensor, b: torch.Tensor, l1: float, scale: float) -> None:
        self.data, self.l1, self.scale = data, l1, scale
        self.W, self.b = W.float(), b.float()
        self.Z = list(data.logits(self.W, self.b))
        self.restart()

    def restart(self) -> None:
        """Take the point as new start: no momentum, and steps from the curvature here."""
        data = self.data
        self.momentum = 1.0
        self.Wy, self.by, self.Zy = self.W, self.b, self.Z
        v = [p.mul_(1 - p) for p in (torch.softmax(Z, 0) for Z in self.Z)]
        # A floor, a thousandth of the most there can be: a sure prediction has no curvature, but may change.
        self.H = data.transposed(v).add_(data.counts[:, None] * (2.5e-4 / data.n)).add_(1e-9)
        self.Hb = sum(part.sum(1) for part in v) / data.n + 1e-4

    def probabilities(self, Z: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Softmax [K, m] of logits, and the summed cross-entropy; a probability below 1e-38 counts as that."""
        p = torch.softmax(Z, 0)
        own = p.gather(0, labels[None]).clamp_(min=1e-38).log_()
        return p, -float(own.sum(dtype=torch.float64))

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.step()

    def step(self) -> None:
        """One accelerated step; the multiple of the curvature grows until the quadratic bound holds."""
        data = self.data
        residuals, loss_y, g = [], 0.0, torch.zeros_like(self.b)
        for block, Z in zip(data.blocks, self.Zy, strict=True):
            p, part = self.probabilities(Z, block.labels)
            p -= block.onehot
            g += p.sum(1)
            loss_y += part / data.n
            residuals.append(p)
        G, g = data.transposed(residuals), g / data.n
        while True:
            D, Db = self.scale * self.H, self.scale * self.Hb
            W = self.Wy - G / D
            W = torch.sign(W) * (W.abs() - self.l1 / D).clamp_(min=0)
            b = self.by - g / Db
            Z_new = list(data.logits(W, b))
            parts = zip(Z_new, data.blocks, strict=True)
            loss = sum(self.probabilities(Z, block.labels)[1] for Z, block in parts) / data.n
            dW, db = W - self.Wy, b - self.by
            change = (dW * (G + 0.5 * D * dW)).sum(dtype=torch.float64)
            change += (db * (g + 0.5 * Db * db)).sum(dtype=torch.float64)
            if loss <= loss_y + float(change) + SLACK * abs(loss_y) or self.scale > 1e6:
                break
            self.scale *= 1.5
        uphill = (D * (self.Wy - W) * (W - self.W)).sum(dtype=torch.float64)
        uphill += (Db * (self.by - b) * (b - self.b)).sum(dtype=torch.float64)
        W_old, b_old, Z_old = self.W, self.b, self.Z
        self.W, self.b, self.Z = W, b, Z_new
        if float(uphill) > 0:
            self.restart()
            self.scale = max(1.0, self.scale * 0.8)  # try a longer step again
            return
        following = (1 + (1 + 4 * self.momentum**2) ** 0.5) / 2
        ahead = 1 + (self.momentum - 1) / following
        self.momentum = following
        self.Wy = torch.lerp(W_old, W, ahead)
        self.by = torch.lerp(b_old, b, ahead)
        self.Zy = [torch.lerp(old, new, ahead) for old, new in zip(Z_old, Z_new, strict=True)]
