"""Language models on every next token: loss, bits per byte and accuracy, one-layer models beside n-gram models.

All are scored on the same tokens of the test stories: those with a whole window before them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from handcraft.config.model import Evaluation
from handcraft.config.predictors import MAIN
from handcraft.errors import UserError
from handcraft.evaluation.bootstrap import story_draws
from handcraft.evaluation.intervals import interval_columns
from handcraft.files import read_tensors, write_csv
from handcraft.seeds import generator
from handcraft.tokenizer.encode import TokenFiles
from handcraft.tokenizer.tokens import Vocabulary
from handcraft.tokenizer.windows import Windows

COLUMNS = (
    "predictor", "order", "loss", "low", "high", "bits_per_byte", "accuracy", "accuracy_low", "accuracy_high",
    "difference", "difference_low", "difference_high", "agreement", "agreement_low", "agreement_high", "weight", "n",
    "stories",
)  # fmt: skip
LINEAR = "linear"
"""The row of the full linear model."""
MIXED = "mixed"
"""The row of the predictor and the best n-gram model together."""


@dataclass(frozen=True)
class Inputs:
    """What `evaluate_next_token` reads: losses of n-gram models and, by name, of other models, the `linear` one and the
    runs of the one-layer model; the test split's tokens, which they were scored on; the tokenizer, for the bytes of a
    token."""

    ngram: Path
    models: Mapping[str, Path]
    tokens: TokenFiles
    tokenizer: Path


def evaluate_next_token(
    inputs: Inputs, *, length: int, settings: Evaluation, seed: int, output: Path
) -> None:
    """Write a row a model: `ngram` of each order, the full `linear` model, every run of the one-layer model, and
    `mixed`, the predictor with the best n-gram model (the average of their probabilities; order and weight are chosen
    on validation stories).

    Loss (nats a token) and accuracy with intervals over stories at `settings.confidence`, bits per byte, and the
    difference of the loss to that of the best n-gram model with its paired interval. `agreement`: how often its
    likeliest token is that of the predictor.
    """
    ngram = read_tensors(inputs.ngram)
    runs = {name: read_tensors(path) for name, path in inputs.models.items()}
    windows = Windows(inputs.tokens, length)
    n = len(windows)
    for path, found in [(inputs.ngram, ngram), *((inputs.models[r], runs[r]) for r in runs)]:
        if len(found["test"]) != n:
            raise UserError(
                f"has losses of {len(found['test']):,} tokens, and the test stories have {n:,}",
                where=str(path),
                remedy="delete the file and run snakemake again; it is rebuilt",
            )
    held_out = ngram["validation"].mean(0, dtype=np.float64) if len(ngram["validation"]) else None
    best = int(np.argmin(held_out)) if held_out is not None else ngram["test"].shape[1] - 1
    named: list[dict[str, Any]] = [
        {"predictor": "ngram", "order": i + 1} for i in range(ngram["test"].shape[1])
    ]
    named += [{"predictor": name} for name in runs]
    losses = np.column_stack([ngram["test"], *(runs[r]["test"] for r in runs)]).astype(np.float64)
    likeliest = np.column_stack([ngram["likeliest"], *(runs[r]["likeliest"] for r in runs)])
    came = windows.rows(np.arange(n))[:, -1]
    shares = {"accuracy": likeliest == came[:, None]}
    if MAIN in runs:
        shares["agreement"] = likeliest == runs[MAIN]["likeliest"]
    if MAIN in runs and held_out is not None:
        a, b = (f["validation"].astype(np.float64)[:, c] for f, c in ((runs[MAIN], 0), (ngram, best)))
        weight = float(minimize_scalar(lambda w: mix(a, b, w).mean(), bounds=(0, 1), method="bounded").x)
        named.append({"predictor": MIXED, "order": best + 1, "weight": weight})
        losses = np.column_stack([losses, mix(runs[MAIN]["test"][:, 0], ngram["test"][:, best], weight)])
    rows = _rows(named, losses, shares, best, windows, settings, seed) if n else []
    bytes_of = np.array([len(piece) for piece in Vocabulary.read(inputs.tokenizer).pieces])
    for row in rows:
        row["bits_per_byte"] = row["loss"] / math.log(2) / _bytes_per_token(windows, bytes_of)
    write_csv(output, rows, COLUMNS)


def model_title(row: dict[str, Any]) -> str:
    """What figures and tables call a row's model."""
    predictor = str(row["predictor"])
    if predictor == "ngram":
        return f"{row['order']}-gram"
    if predictor == LINEAR:
        return "linear"
    if predictor == MIXED:
        return f"one-layer + {row['order']}-gram"
    if predictor == MAIN:
        return "one-layer"
    return f"one-layer, {predictor.replace('seed-', 'start ').replace('-', ' ')}"


def mix(first: np.ndarray, second: np.ndarray, weight: float) -> np.ndarray:
    """Losses [n] of the average of two models' probabilities, from their losses [n]; `weight` is the first one's."""
    return np.asarray(-np.logaddexp(np.log(weight) - first, np.log1p(-weight) - second))


def _bytes_per_token(windows: Windows, bytes_of: np.ndarray) -> float:
    """Mean bytes of the tokens that are scored: all but the first `length` of a story."""
    tokens, starts = windows.tokens, windows.starts
    scored = np.ones(len(tokens), bool)
    for start, end in pairwise(starts):
        scored[start : min(start + windows.length, end)] = False
    return float(bytes_of[np.asarray(tokens)[scored]].mean())


def _rows(
    named: list[dict[str, Any]],
    losses: np.ndarray,
    shares: Mapping[str, np.ndarray],
    best: int,
    windows: Windows,
    settings: Evaluation,
    seed: int,
) -> list[dict[str, Any]]:
    """The rows `named`, completed; `losses` [n, models] may have one column more than each of `shares`."""
    n = len(losses)
    story = windows.story(np.arange(n))
    quantities = np.column_stack([losses, *shares.values()])
    stories, draws = story_draws(story, quantities, settings.bootstrap, generator(seed, "next token"))
    rows = []
    for i, name in enumerate(named):
        row = name | {"loss": losses[:, i].mean(), "n": n, "stories": stories}
        row |= interval_columns(None if draws is None else draws[:, i], settings.confidence)
        if i != best:
            row["difference"] = float((losses[:, i] - losses[:, best]).mean())
            difference = None if draws is None else draws[:, i] - draws[:, best]
            row |= interval_columns(difference, settings.confidence, "difference")
        for s, (share, of) in enumerate(shares.items()):
            if i == of.shape[1] or (share == "agreement" and name["predictor"] == MAIN):
                continue
            row[share] = float(of[:, i].mean())
            at = losses.shape[1] + s * of.shape[1] + i
            row |= interval_columns(None if draws is None else draws[:, at], settings.confidence, share)
        rows.append(row)
    return rows
