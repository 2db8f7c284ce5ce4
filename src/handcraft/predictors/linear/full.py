"""The full linear model: a vote of every pair of position and token for every token of the vocabulary.

Trained on windows of all training stories, in batches, by FTRL-proximal (McMahan et al., 2013, Ad click prediction: a
view from the trenches): a weight that the L1 penalty holds at zero is exactly zero, and a batch costs only the rows of
the tokens that are in it. There is no certificate: the gap would take passes over all windows, with all outputs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import sparse
from torch.nn import functional

from handcraft.config.predictors import FullLinear
from handcraft.device import Machine
from handcraft.files import write_csv, write_tensors
from handcraft.logging import progress, say
from handcraft.math import positional_ids
from handcraft.next_tokens import BLOCK, answer_logits, write_next_tokens
from handcraft.tokenizer.encode import TokenFiles
from handcraft.tokenizer.windows import Windows, numbers_of_step

COLUMNS = ("l1", "windows", "validation_loss", "nonzeros", "weights", "chosen")
FIRST = 1e-3
"""What is added to the root of a weight's summed squared gradients, so that its first steps are not too long."""
WATCHED = 20_000
"""Validation windows on which the penalty is chosen, at most."""


@dataclass(frozen=True, eq=False)
class FullWeights:
    """`weight` [length x vocabulary, vocabulary] in sparse rows, `bias` [vocabulary]."""

    weight: sparse.csr_matrix
    bias: np.ndarray

    def logits(self, tokens: np.ndarray) -> np.ndarray:
        """Of all tokens after contexts [n, length]: float32 [n, vocabulary]."""
        n, length = tokens.shape
        ids = positional_ids(tokens, len(self.bias)).ravel()
        one = np.ones(len(ids), np.float32)
        inputs = sparse.csr_matrix(
            (one, ids, np.arange(0, n * length + 1, length)), (n, self.weight.shape[0])
        )
        return np.asarray((inputs @ self.weight).toarray() + self.bias)


def train_full_linear(
    files: Mapping[str, TokenFiles],
    *,
    length: int,
    vocabulary: int,
    settings: FullLinear,
    seed: int,
    machine: Machine,
    outputs: tuple[Path, Path, Path],
) -> None:
    """Train on `settings.windows` windows of the split `train` with each penalty, and keep the best on `validation`.

    `outputs`: the model, safetensors of its weights that are not zero (`row` int32, position x vocabulary + token, and
    `column` int32, the output, with `value` float32) and `bias` float32; a table with a row a penalty: `windows` that
    were trained on, `validation_loss` (nats), `nonzeros` of so many `weights`, `chosen`; and its losses on every token
    with a whole window before it, (`write_next_tokens`).
    """
    device = machine.prepare()
    train, held_out = (Windows(files[s], length) for s in ("train", "validation"))
    train.require_some()
    watched = held_out.rows(np.linspace(0, len(held_out) - 1, min(WATCHED, len(held_out))).astype(np.int64))
    fits = [_fit(train, vocabulary, settings, l1, seed, device) for l1 in settings.l1]
    rows: list[dict[str, float | int | None]] = []
    for l1, model in zip(settings.l1, fits, strict=True):
        loss = _loss(model, watched)
        size = {"nonzeros": model.weight.nnz, "weights": length * vocabulary**2}
        trained = max(1, settings.windows // settings.batch_size) * settings.batch_size
        rows.append({"l1": l1, "windows": trained, "validation_loss": loss, **size, "chosen": 0})
        say(f"full linear model, l1 {l1:g}: validation loss {loss}, {model.weight.nnz:,} weights")
    chosen = min(range(len(rows)), key=lambda i: rows[i]["validation_loss"] or 0.0)
    rows[chosen]["chosen"] = 1
    best = fits[chosen]
    kept = best.weight.tocoo()
    tensors = {"row": kept.row, "column": kept.col, "value": kept.data, "bias": best.bias}
    write_tensors(outputs[0], tensors, {"length": length, "vocabulary": vocabulary})
    write_csv(outputs[1], rows, COLUMNS)
    write_next_tokens(
        files,
        output=outputs[2],
        length=length,
        ask=lambda contexts, came, _: answer_logits(best.logits(contexts), came),
    )


def _loss(model: FullWeights, rows: np.ndarray) -> float | None:
    """Mean loss of the last tokens of rows [n, length + 1]; None of none."""
    parts = [rows[at : at + BLOCK] for at in range(0, len(rows), BLOCK)]
    losses = [answer_logits(model.logits(part[:, :-1]), part[:, -1])[0] for part in parts]
    return float(np.concatenate(losses).mean()) if parts else None


class _Accumulated:
    """Per weight, what FTRL-proximal keeps: `z`, its summed gradients less what was already moved, and `squares`."""

    def __init__(self, shape: Sequence[int], rate: float, device: torch.device) -> None:
        self.z, self.squares = (torch.zeros(*shape, device=device) for _ in range(2))
        self.rate = rate

    def weights(self, at: torch.Tensor | slice, penalty: float) -> torch.Tensor:
        """The weights `at` some rows; zero where the summed gradients do not outweigh the summed penalty."""
        z = self.z[at]
        size = torch.clamp(z.abs() - penalty, min=0) / (FIRST + self.squares[at].sqrt())
        return -torch.sign(z) * size * self.rate

    def add(self, at: torch.Tensor | slice, gradient: torch.Tensor, weights: torch.Tensor) -> None:
        before = self.squares[at]
        after = before + gradient**2
        self.z[at] += gradient - (after.sqrt() - before.sqrt()) / self.rate * weights
        self.squares[at] = after


def _fit(
    windows: Windows, vocabulary: int, settings: FullLinear, l1: float, seed: int, device: torch.device
) -> FullWeights:
    """The weights after all batches; the bias, which has no penalty, starts at the tokens' shares."""
    length, size = windows.length, settings.batch_size
    inputs = _Accumulated((length * vocabulary, vocabulary), settings.learning_rate, device)
    outputs = _Accumulated((1, vocabulary), settings.learning_rate, device)
    counts = np.bincount(np.asarray(windows.tokens), minlength=vocabulary) + 0.5
    start = torch.from_numpy(np.log(counts / counts.sum()).astype(np.float32)).to(device)
    steps = max(1, settings.windows // size)
    offset = torch.arange(length, device=device) * vocabulary
    for step in progress(range(steps), f"full linear model, l1 {l1:g}", unit="batches"):
        rows = torch.from_numpy(windows.rows(numbers_of_step(step, size, len(windows), seed))).to(device)
        used, place = torch.unique(rows[:, :-1] + offset, return_inverse=True)
        weight, bias = inputs.weights(used, l1 * step), outputs.weights(slice(None), 0.0)
        logits = functional.embedding_bag(place, weight, mode="sum") + bias + start
        wrong = torch.softmax(logits, 1)
        wrong[torch.arange(size, device=device), rows[:, -1]] -= 1
        wrong /= size
        gradient = torch.zeros_like(weight).index_add_(0, place.flatten(), wrong.repeat_interleave(length, 0))
        inputs.add(used, gradient, weight)
        outputs.add(slice(None), wrong.sum(0, keepdim=True), bias)
    blocks = [
        sparse.csr_matrix(inputs.weights(slice(at, at + vocabulary), l1 * steps).cpu().numpy())
        for at in range(0, length * vocabulary, vocabulary)
    ]
    level = (outputs.weights(slice(None), 0.0)[0] + start).cpu().numpy()
    return FullWeights(sparse.vstack(blocks, format="csr"), level)
