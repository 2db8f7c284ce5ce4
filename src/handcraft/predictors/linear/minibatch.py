"""The blog post's way of training the linear model: Adam on minibatches, the L1 term in the loss.

It gives no exact zeros and stops where the batches end; its curves are the training figure, and its distance from
the optimum of the same objective (`linear`) is stated next to it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from handcraft.config.predictors import Minibatch
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import read_json, write_json, write_table
from handcraft.logging import progress
from handcraft.predictors.linear.onehot import OneHot
from handcraft.predictors.linear.solver import fit_path
from handcraft.predictors.linear.train import score
from handcraft.seeds import generator

OPTIMUM = ("objective", "train_loss", "validation_loss", "nonzeros")
"""The metrics of the exact solution that are kept, to draw next to the curves."""
THREADS = 1
"""More threads than this only wait for one another: a batch's tensors are small."""


class Smoothed:
    """Exponential mean of a curve, corrected for its start (as Adam's moments are)."""

    def __init__(self, past: float) -> None:
        self.past, self.sum, self.weight = past, 0.0, 0.0

    def add(self, value: float) -> float:
        self.sum = self.past * self.sum + (1 - self.past) * value
        self.weight = self.past * self.weight + (1 - self.past)
        return self.sum / self.weight


class MinibatchModel:
    """W [features, K] and b [K] with `torch.optim.Adam` (its defaults but for the learning rate).

    The gradient is written out: a batch touches few features, and autograd through embeddings is much slower. Fused,
    since the other two ways take 1.1 to 1.6 times as long on a CPU.
    """

    def __init__(
        self, features: int, candidates: int, l1: float, learning_rate: float, device: torch.device
    ) -> None:
        # The last row is the bias, so that one Adam serves both; it has no penalty.
        self.parameters = torch.zeros(features + 1, candidates, device=device)
        self.penalty = torch.full((features + 1, 1), l1, device=device)
        self.penalty[-1] = 0
        self.adam = torch.optim.Adam([self.parameters], lr=learning_rate, fused=True)
        self.l1 = l1

    def logits(self, features: torch.Tensor) -> torch.Tensor:
        """Logits [n, K] of contexts as features [n, length]."""
        return (
            torch.nn.functional.embedding_bag(features, self.parameters[:-1], mode="sum")
            + self.parameters[-1]
        )

    def l1_term(self) -> float:
        """l1 * sum |W|, in nats, as added to the loss."""
        return self.l1 * float(self.parameters[:-1].abs().sum(dtype=torch.float64))

    def loss(self, features: torch.Tensor, labels: torch.Tensor) -> float:
        """Mean cross-entropy (nats), summed in float64, in blocks of rows."""
        total = 0.0
        for x, y in zip(features.split(2**16), labels.split(2**16), strict=True):
            total += float(torch.nn.functional.cross_entropy(self.logits(x).double(), y, reduction="sum"))
        return total / len(labels)

    def step(self, features: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """One step of Adam; the batch's cross-entropy (nats) before it."""
        logits = self.logits(features)
        residual = torch.softmax(logits, 1)
        residual[torch.arange(len(labels), device=labels.device), labels] -= 1
        residual /= len(labels)
        gradient = self.penalty * self.parameters.sign()
        length = features.shape[1]
        gradient.index_add_(0, features.reshape(-1), residual.repeat_interleave(length, 0))
        gradient[-1] += residual.sum(0)
        self.parameters.grad = gradient
        self.adam.step()
        return torch.nn.functional.cross_entropy(logits, labels)


@dataclass(frozen=True)
class Inputs:
    """What `train_minibatch` reads: contexts of two splits, and the metrics of the linear model of the same group."""

    train: Path
    validation: Path
    linear: Path


def train_minibatch(
    inputs: Inputs, *, settings: Minibatch, seed: int, machine: Machine, history: Path, metrics: Path
) -> None:
    """Train on `batches` seeded minibatches (each epoch a new permutation) and write the curves and where they end.

    `l1` None takes the penalty chosen for the linear model. `history` has a row every `every`
    batches and at the last: train_loss is the cross-entropy of that batch before its step, validation_loss
    that of all validation contexts after it, l1_term = l1 * sum |W|, all in nats; `_smoothed` is the exponential
    mean with weight `smoothing` of the past, corrected for its start. `metrics` states the final losses,
    the objective on all training contexts, and the exact solution at the same penalty with the relative distance of
    the objective from that one's: the linear model itself, or one fitted here where it has another penalty (None where
    the penalty is 0).
    """
    linear = read_json(inputs.linear)
    penalty = float(linear["l1"] if settings.l1 is None else settings.l1)
    training, held_out = read_contexts(inputs.train), read_contexts(inputs.validation)
    if not len(training) or not len(held_out):
        where = f"{inputs.train}; {inputs.validation}"
        raise UserError("a split has no context", where=where, remedy="give more stories")
    device = Machine(machine.device, min(machine.threads, THREADS)).prepare()
    x, y = _features(training, device)
    xv, yv = _features(held_out, device)
    features, candidates = training.tokens.shape[1] * training.vocabulary, len(training.candidates)
    model = MinibatchModel(features, candidates, penalty, settings.learning_rate, device)
    size = min(settings.batch_size, len(training))
    draw = generator(seed, "minibatch")
    order, at = np.empty(0, dtype=np.int64), 0
    curves = {name: Smoothed(settings.smoothing) for name in ("train_loss", "l1_term", "validation_loss")}
    rows: list[dict[str, float]] = []
    for batch in progress(range(1, settings.batches + 1), "minibatch training", unit="batch"):
        if at + size > len(order):
            order, at = draw.permutation(len(training)), 0
        rows_of_batch = torch.from_numpy(order[at : at + size]).to(device)
        at += size
        loss = model.step(x[rows_of_batch], y[rows_of_batch])
        if batch % settings.every == 0 or batch == settings.batches:
            now = {"train_loss": float(loss), "l1_term": model.l1_term()}
            now["validation_loss"] = model.loss(xv, yv)
            smoothed = {f"{name}_smoothed": curve.add(now[name]) for name, curve in curves.items()}
            rows.append({"batch": batch, **now, **smoothed})
    _write_history(history, rows)
    train_loss, l1_term = model.loss(x, y), model.l1_term()
    # Without a penalty there is as a rule no finite optimum.
    optimum = None
    if penalty > 0:
        optimum = linear if penalty == linear["l1"] else _optimum(training, held_out, penalty, device)
    objective = train_loss + l1_term
    write_json(
        metrics,
        {
            "l1": penalty,
            "batches": settings.batches,
            "batch_size": size,
            "epochs": settings.batches * size / len(training),
            "train_loss": train_loss,
            "validation_loss": rows[-1]["validation_loss"],
            "l1_term": l1_term,
            "objective": objective,
            "objective_gap": objective / optimum["objective"] - 1 if optimum else None,
            "weights": features * candidates,
            "zeros": int((model.parameters[:-1] == 0).sum()),
            "zeros_of_seen_features": int((model.parameters[:-1] == 0)[torch.unique(x)].sum()),
            "optimum": {key: optimum[key] for key in OPTIMUM} if optimum else None,
            "training_contexts": len(training),
        },
    )


def _optimum(training: Contexts, held_out: Contexts, l1: float, device: torch.device) -> dict[str, float]:
    """The exact solution of the same problem, where the linear model's is one of another penalty."""
    data = OneHot(training.tokens, training.labels, training.vocabulary, len(training.candidates), device)
    (fit,) = fit_path(data, [l1], gap=1e-3, max_iterations=20_000)
    found = {"objective": fit.objective, "train_loss": fit.loss, "nonzeros": fit.nonzeros}
    return found | {"validation_loss": score(fit.weight, fit.bias, held_out).loss}


def _features(contexts: Contexts, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Contexts as ids of the positional vocabulary, int32 [n, length], and labels, int64 [n]."""
    ids = (
        contexts.tokens.astype(np.int32)
        + np.arange(contexts.tokens.shape[1], dtype=np.int32) * contexts.vocabulary
    )
    return torch.from_numpy(ids).to(device), torch.from_numpy(contexts.labels.astype(np.int64)).to(device)


def _write_history(path: Path, rows: list[dict[str, float]]) -> None:
    names = ("train_loss", "l1_term", "validation_loss")
    columns = {"batch": pa.array([int(row["batch"]) for row in rows], pa.int32())}
    for name in [column for base in names for column in (base, f"{base}_smoothed")]:
        columns[name] = pa.array([row[name] for row in rows], pa.float64())
    write_table(path, pa.table(columns))
