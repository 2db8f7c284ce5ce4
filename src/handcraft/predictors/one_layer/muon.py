"""Muon (Jordan et al., 2024): momentum whose singular values are all set to about one before each step.

PyTorch has it too, and always computes it in bfloat16. On a CPU without bfloat16 units, that alone took 47 % of a
training step (width 256, hidden 512, 128 windows); float32 takes a quarter of that.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic whose iteration takes singular values from (0, 1] to about one."""
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """For matrices only. The same steps as `torch.optim.Muon` with its defaults, in the parameters' own precision."""

    def __init__(
        self,
        params: Iterable[torch.Tensor],
        lr: float = 1e-3,
        momentum: float = 0.95,
        weight_decay: float = 0.1,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(p)
                average = state["momentum_buffer"].lerp_(p.grad, 1 - momentum)
                update = orthogonalise(p.grad.lerp(average, momentum))
                p.mul_(1 - lr * group["weight_decay"])
                p.add_(update, alpha=-lr * max(1, p.shape[0] / p.shape[1]) ** 0.5)


def orthogonalise(matrix: torch.Tensor) -> torch.Tensor:
    """About U V^T of a matrix U S V^T, by Newton and Schulz' iteration."""
    wide = matrix.shape[0] <= matrix.shape[1]
    x = matrix if wide else matrix.T
    x = x / x.norm().clamp(min=1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x if wide else x.T
