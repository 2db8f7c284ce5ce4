"""Small problems for linear models, one fit to them, and their objective written out."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.predictors import Linear
from handcraft.device import Machine
from handcraft.predictors.linear.onehot import OneHot
from handcraft.predictors.linear.solver import LinearFit, fit_path
from handcraft.predictors.linear.train import Outputs, train_linear


def problem(seed: int, n: int, vocabulary: int, K: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    tokens = np.minimum(rng.geometric(0.3, (n, 4)) - 1, vocabulary - 1)
    labels = np.where(rng.random(n) < 0.6, (tokens[:, 0] + tokens[:, 2]) % K, rng.integers(0, K, n))
    labels[:K] = np.arange(K)
    return tokens.astype(np.uint16), labels.astype(np.uint8)


def objective(
    tokens: np.ndarray, labels: np.ndarray, weight: np.ndarray, bias: np.ndarray, l1: float
) -> float:
    """P written out anew, in float64."""
    z = bias.astype(np.float64) + sum(
        weight[p].astype(np.float64)[tokens[:, p]] for p in range(tokens.shape[1])
    )
    top = z.max(1, keepdims=True)
    lse = np.log(np.exp(z - top).sum(1)) + top[:, 0]
    return float(
        (lse - z[np.arange(len(labels)), labels]).mean() + l1 * np.abs(weight.astype(np.float64)).sum()
    )


def fit_linear(
    tokens: np.ndarray, labels: np.ndarray, vocabulary: int, candidates: int, l1: float, **options: Any
) -> LinearFit:
    """Fit `tokens` [n, length] (ids below `vocabulary`) to `labels` [n] (below `candidates`).

    `options` are those of `fit_path`.
    """
    data = OneHot(tokens, labels, vocabulary, candidates, Machine().prepare())
    return fit_path(data, [l1], **({"gap": 1e-3, "max_iterations": 3000} | options))[0]


def linear_outputs(folder: Path) -> Outputs:
    """Where `train_linear` writes, in one folder."""
    return Outputs(**{f.name: folder / f"linear.{f.name}" for f in fields(Outputs)})


def train_small(train: Path, validation: Path, outputs: Outputs, l1: list[float]) -> None:
    """A linear model of small contexts, on these penalties."""
    settings = Linear(l1=l1, gap=1e-4)
    train_linear(train, validation, settings=settings, machine=Machine(), outputs=outputs)
