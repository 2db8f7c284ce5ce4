"""What the explorer's page knows of each group: non-zero weights, their support and stability, and real contexts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.influence import Influence, read_influence
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.errors import UserError
from handcraft.explorer.others import other_answers
from handcraft.explorer.similar import similar_tokens
from handcraft.files import read_csv, read_metadata, read_tensors
from handcraft.math import centred, positional_ids
from handcraft.pages import packed
from handcraft.registry import titles

EACH = 3
"""Contexts that every feature is to have, as long as there is room."""
MOST = 1500
"""Contexts of one group in the page."""


@dataclass(frozen=True)
class GroupFiles:
    """One group's artifacts; `resampling` and `pairs` are None where none were made, `others` is for
    `other_answers`."""

    weights: Path
    support: Path
    influence: Path
    validation: Path
    resampling: Path | None
    pairs: Path | None = None
    others: Sequence[Path] = ()


def group_data(files: GroupFiles, *, title: str, excerpts: bool) -> dict[str, Any]:
    """One group's block. Arrays are `packed`; features are position * vocabulary + token.

    `active`: features with a weight; `each`: how many non-zero weights each has; `columns`, `values`: those weights
    (float32, as in the file) one after the other, with their candidates; `held_out`, `contribution`, `loss_added`: as
    in `Influence`, for each of `active`; `seen`, `support`: every feature of the training contexts, and in how many.
    Of weights [active, K], where fits to resampled stories exist: `spread` of the centred ones in thousandths of a nat,
    and `same`, the share of the fits with the sign that a weight has before it is centred, of 255.
    `like`, `similar`, `likeness`: tokens with weights, and for each the similar ones, in ten-thousandths.
    `contexts`, `labels`: held-out contexts in which features act, none where `excerpts` is false; `others`: what other
    predictors answer in them (`other_answers`).
    """
    tensors, metadata = read_tensors(files.weights), read_metadata(files.weights)
    weight, counts = tensors["weight"], read_tensors(files.support)["support"]
    effect = read_influence(files.influence)
    length, vocabulary, K = weight.shape
    active = effect.position.astype(np.int64) * vocabulary + effect.token
    if not np.array_equal(active, np.flatnonzero((weight != 0).any(2))):
        raise UserError(
            "this table of influence is of other weights",
            where=f"{files.influence}; {files.weights}",
            remedy="delete both and run snakemake again",
        )
    values = weight.reshape(-1, K)[active]
    seen = np.flatnonzero(counts)
    tokens, similar, likeness = similar_tokens(centred(weight), counts)
    asked = read_contexts(files.validation)
    chosen = choose_contexts(asked, effect) if excerpts else np.zeros(0, np.int64)
    return {
        "title": title,
        "candidates": list(metadata["candidates"]),
        "length": length,
        "vocabulary": vocabulary,
        "bias": packed(tensors["bias"]),
        "active": packed(active),
        "each": packed((values != 0).sum(1)),
        "columns": packed(np.nonzero(values)[1]),
        "values": packed(values[values != 0]),
        "held_out": packed(effect.held_out),
        "contribution": packed(effect.contribution),
        "loss_added": packed(effect.loss_added),
        "seen": packed(seen),
        "support": packed(counts.ravel()[seen]),
        "training_contexts": effect.training_contexts,
        "held_out_contexts": effect.held_out_contexts,
        "like": packed(tokens),
        "similar": packed(similar),
        "likeness": packed((likeness * 1e4).round().astype(int)),
        "excerpts": excerpts,
        "contexts": packed(asked.tokens[chosen]),
        "labels": packed(asked.labels[chosen]),
        "others": other_answers(files.others, chosen, titles()),
        **_resampled(files.resampling, active),
    }


def read_pairs(path: Path) -> list[dict[str, Any]]:
    """The pairs of tokens of `find_pairs`, clearest first, without their examples, which are text of the corpus.

    Tokens are as `Vocabulary.show` has them, positions count back from the gap."""
    kept = ("position", "token", "other_position", "other_token", "candidate", "value", "seen", "confirmed")
    return [{name: row[name] for name in kept} for row in read_csv(path)]


def _resampled(path: Path | None, active: np.ndarray) -> dict[str, Any]:
    if path is None:
        return {"resamples": 0}
    tensors = read_tensors(path)
    spread, same = (
        tensors[name].reshape(-1, tensors[name].shape[2])[active]
        for name in ("centred_spread", "sign_stability")
    )
    return {
        "resamples": read_metadata(path)["resamples"],
        "spread": packed((spread * 1000).round().clip(0, 65535).astype(int)),
        "same": packed((same * 255).round().astype(int)),
    }


def choose_contexts(asked: Contexts, effect: Influence) -> np.ndarray:
    """Rows, in order, of held-out contexts such that features have `EACH` of them, the most influential first.

    At most `MOST` rows; what is left after that goes without.
    """
    chosen: dict[int, None] = {}
    features = positional_ids(asked.tokens, asked.vocabulary)
    order = np.argsort(features.ravel(), kind="stable")
    flat = features.ravel()[order]
    wanted = effect.position.astype(np.int64) * asked.vocabulary + effect.token
    first, last = np.searchsorted(flat, wanted), np.searchsorted(flat, wanted, "right")
    for i in np.argsort(-effect.loss_added, kind="stable").tolist():
        rows = (order[first[i] : last[i]] // asked.length).tolist()
        have = sum(row in chosen for row in rows)
        for row in rows:
            if have >= EACH or len(chosen) == MOST:
                break
            if row not in chosen:
                chosen[row] = None
                have += 1
    return np.array(sorted(chosen), np.int64)
