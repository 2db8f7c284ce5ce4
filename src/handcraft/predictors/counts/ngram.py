"""The n-gram predictor: interpolated Kneser-Ney over the last tokens, restricted to the candidates."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.files import write_tensors
from handcraft.logging import say
from handcraft.math import context_losses, normalise
from handcraft.predictions import write_predictions

ORDERS = (2, 3, 4, 5)
"""Orders tried: an n-gram of order n sees the last n - 1 tokens."""
DISCOUNTS = (0.05, 0.95)
"""Bounds of a discount, for counts so few that Ney's estimate is 0 or 1: nothing may become impossible."""


def predict_ngram(
    train: Path, validation: Path, test: Path, *, title: str, output: Path, answers: Path
) -> None:
    """Write p(candidate | last tokens) for every context of `test`, of the order of `ORDERS` with the least loss on
    `validation`; of equal ones the lower.

    `answers` gets its log-probabilities `ngram` float64 [v, K] of the contexts of `validation`; metadata: the `order`.
    Counts are over the contexts of `train`. Interpolated Kneser-Ney with one discount an order: an order's counts are
    discounted, and what that frees goes to the next lower order, which counts in how many different longer contexts a
    candidate was seen. Below the lowest stands the uniform distribution.
    Source: Chen and Goodman (1999), An empirical study of smoothing techniques for language modeling, section 2.7.
    """
    training, held_out, asked = map(read_contexts, (train, validation, test))
    tables, losses = {}, {}
    for order in (n for n in ORDERS if n - 1 <= training.length):
        tables[order] = np.log(ngram_probability(training, held_out.tokens, order))
        losses[order] = float(context_losses(tables[order], held_out.labels).mean())
    best = min(losses, key=lambda n: (losses[n], n))
    say("n-gram: validation loss " + ", ".join(f"{loss:.4f} at order {n}" for n, loss in losses.items()))
    write_predictions(
        output,
        normalise(np.log(ngram_probability(training, asked.tokens, best))),
        predictor="ngram",
        title=title,
        candidates=asked.candidates,
    )
    kept = {"candidates": list(asked.candidates), "order": best}
    write_tensors(answers, {"ngram": tables[best]}, kept)


def ngram_probability(training: Contexts, tokens: np.ndarray, order: int) -> np.ndarray:
    """p(candidate | last `order` - 1 tokens), float64 [n, K], all positive, of contexts `tokens` [n, length]."""
    classes = len(training.candidates)
    # Rows of an order: its different contexts with a candidate, and how often each came.
    rows, labels = _last(training.tokens, order - 1), training.labels.astype(np.int64)
    levels: list[Sequence[np.ndarray]] = []
    for n in range(order, 0, -1):
        keys, inside = np.unique(rows, axis=0, return_inverse=True)
        cells = inside.ravel() * classes + labels
        counts = np.bincount(cells, minlength=len(keys) * classes).reshape(-1, classes).astype(np.float64)
        levels.append((keys, counts))
        # The next lower order counts each different context with a candidate once, whatever its count.
        seen, labels = np.nonzero(counts)
        rows = keys[seen][:, 1:]
        assert n == 1 or rows.shape[1] == n - 2
    p = np.full((len(tokens), classes), 1 / classes)
    for n, (keys, counts) in enumerate(reversed(levels), start=1):
        discount = _discount(counts)
        total = counts.sum(1, keepdims=True)
        own = np.maximum(counts - discount, 0) / total
        freed = discount * (counts > 0).sum(1, keepdims=True) / total
        found = _find(keys, _last(tokens, n - 1))
        at = found >= 0
        p[at] = own[found[at]] + freed[found[at]] * p[at]
    return p


def _last(tokens: np.ndarray, count: int) -> np.ndarray:
    return tokens[:, tokens.shape[1] - count :]


def _discount(counts: np.ndarray) -> float:
    """Ney's estimate, n1 / (n1 + 2 n2), of how much too high a count is."""
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    return float(np.clip(once / max(once + 2 * twice, 1), *DISCOUNTS))


def _find(keys: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Where each of `rows` [n, m] is in `keys` [k, m], which are sorted and differ; -1 where it is not."""
    if not keys.shape[1]:
        return np.zeros(len(rows), np.int64)
    both, inside = np.unique(np.concatenate([keys, rows]), axis=0, return_inverse=True)
    place = np.full(len(both), -1)
    inside = inside.ravel()
    place[inside[: len(keys)]] = np.arange(len(keys))
    return np.asarray(place[inside[len(keys) :]])
