"""Influence: how much a weight changes predictions, how large it is, and how often its input occurs in training."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from handcraft.contexts.read import read_contexts
from handcraft.errors import UserError
from handcraft.files import read_metadata, read_table, read_tensors, write_table
from handcraft.math import centred, context_losses, log_softmax
from handcraft.predictors.linear.predict import linear_logits

COLUMNS = {
    "position": "i4", "token": "i4", "support": "i4", "held_out": "i4",
    "magnitude": "f8", "contribution": "f8", "loss_added": "f8",
}  # fmt: skip


@dataclass(frozen=True)
class Influence:
    """One row a feature (a token at a position) that has a weight, in order of position and token; arrays [features].

    `support` and `held_out`: training and held-out contexts that have the feature, out of `training_contexts` and
    `held_out_contexts`. `magnitude`: mean absolute centred weight over the candidates, nats. `contribution`: that times
    the share of held-out contexts that have it, which is the mean absolute contribution over all of them.
    `loss_added`: how much the held-out loss (nats, mean over all contexts) rises when this one feature is removed;
    exact, and negative where it falls.
    """

    candidates: tuple[str, ...]
    training_contexts: int
    held_out_contexts: int
    position: np.ndarray
    token: np.ndarray
    support: np.ndarray
    held_out: np.ndarray
    magnitude: np.ndarray
    contribution: np.ndarray
    loss_added: np.ndarray

    def __len__(self) -> int:
        return len(self.token)


def evaluate_influence(weights: Path, support: Path, *, held_out: Path, output: Path) -> None:
    """Write the table of `Influence` for the linear model in `weights`, measured on the contexts `held_out`.

    One pass a position: the loss of every context with and without what stands there. `UserError` where weights,
    support and contexts do not fit together.
    """
    tensors, metadata = read_tensors(weights), read_metadata(support)
    weight, bias, counts = tensors["weight"], tensors["bias"], read_tensors(support)["support"]
    asked = read_contexts(held_out)
    needed = (asked.length, asked.vocabulary, len(asked.candidates))
    if weight.shape != needed or counts.shape != needed[:2]:
        raise UserError(
            f"weights {list(weight.shape)}, support {list(counts.shape)} and contexts {list(needed)} do not fit",
            where=f"{weights}; {support}; {held_out}",
            remedy="they are of different builds: delete them and run snakemake again",
        )
    logits = linear_logits(weight, bias, asked.tokens)
    base = context_losses(log_softmax(logits), asked.labels)
    active = (weight != 0).any(2)
    position, token = np.nonzero(active)
    seen, added = np.zeros(active.shape, np.int64), np.zeros(active.shape)
    for p in range(asked.length):
        here = asked.tokens[:, p]
        without = context_losses(log_softmax(logits - weight[p][here]), asked.labels)
        seen[p] = np.bincount(here, minlength=asked.vocabulary)
        added[p] = np.bincount(here, without - base, minlength=asked.vocabulary) / len(asked)
    magnitude = np.abs(centred(weight[active])).mean(1)
    rows = {
        "position": position,
        "token": token,
        "support": counts[active],
        "held_out": seen[active],
        "magnitude": magnitude,
        "contribution": magnitude * seen[active] / len(asked),
        "loss_added": added[active],
    }
    content = pa.table({name: pa.array(rows[name].astype(kind)) for name, kind in COLUMNS.items()})
    said = {
        "candidates": list(asked.candidates),
        "training_contexts": int(metadata["contexts"]),
        "held_out_contexts": len(asked),
    }
    header = {"handcraft": json.dumps(said, sort_keys=True, ensure_ascii=False)}
    write_table(output, content.replace_schema_metadata(header))


def read_influence(path: Path) -> Influence:
    """The table of `evaluate_influence`; `UserError` where it is not one."""
    table = read_table(path)
    try:
        metadata = json.loads((table.schema.metadata or {})[b"handcraft"])
        columns = {name: table[name].to_numpy() for name in COLUMNS}
        return Influence(
            tuple(metadata["candidates"]),
            metadata["training_contexts"],
            metadata["held_out_contexts"],
            **columns,
        )
    except (KeyError, ValueError) as error:
        raise UserError(
            f"this is not a table of influence ({type(error).__name__}: {error})",
            where=str(path),
            remedy="delete the file and run snakemake again; it is rebuilt",
        ) from error
