"""The first rules: the few weights that are left where the penalty is strong, as a person would write them down."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.predictors import Linear
from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.files import read_csv, write_csv
from handcraft.logging import say
from handcraft.predictors.linear.onehot import OneHot
from handcraft.predictors.linear.solver import fit_path
from handcraft.tokenizer.tokens import Vocabulary

ENOUGH = 8
"""Weights that the list should have at least."""
COLUMNS = ("position", "token", "candidate", "weight", "seen", "l1")


def find_first_rules(
    train: Path, path: Path, tokenizer: Path, *, settings: Linear, machine: Machine, output: Path
) -> None:
    """Fit the contexts of `train` with the largest penalty of `path` (`train_linear`) that leaves `ENOUGH` weights, or
    with the smallest where none leaves so many, and write a row a weight.

    `position` counts back from the gap (-1 is the last token), `token` is as `Vocabulary.show` has it, `candidate` the
    word, `weight` as it is (nats, not centred: all others are zero), `seen` the training contexts with the input. The
    weights that do most stand first: by the squared weight times the contexts.
    """
    training = read_contexts(train)
    data = OneHot(
        training.tokens, training.labels, training.vocabulary, len(training.candidates), machine.prepare()
    )
    l1 = choose_penalty(read_csv(path))
    (fit,) = fit_path(data, [l1], gap=settings.gap, max_iterations=settings.max_iterations)
    support = data.counts.cpu().numpy().reshape(data.length, data.vocabulary)
    position, token, candidate = np.nonzero(fit.weight)
    weight, seen = fit.weight[position, token, candidate], support[position, token]
    order = np.argsort(-(weight.astype(np.float64) ** 2) * seen, kind="stable")
    vocabulary = Vocabulary.read(tokenizer)
    say(f"first rules: {len(order)} weights at penalty {l1:.3g}")
    rows = [
        {
            "position": int(position[i]) - data.length,
            "token": vocabulary.show(int(token[i])),
            "candidate": training.candidates[int(candidate[i])],
            "weight": float(weight[i]),
            "seen": int(seen[i]),
            "l1": l1,
        }
        for i in order
    ]
    write_csv(output, rows, COLUMNS)


def choose_penalty(path: Sequence[dict[str, Any]]) -> float:
    """The largest penalty that leaves `ENOUGH` weights; the smallest where none does."""
    return max((r["l1"] for r in path if r["nonzeros"] >= ENOUGH), default=min(r["l1"] for r in path))
