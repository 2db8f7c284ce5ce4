"""n-gram models of the next token, over all tokens: interpolated modified Kneser-Ney of orders 1 to 5.

Source: Chen and Goodman (1999), An empirical study of smoothing techniques for language modeling: three discounts an
order, from its counts of counts; lower orders count in how many different contexts a token was seen.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handcraft.next_tokens import write_next_tokens
from handcraft.tokenizer.encode import TokenFiles, open_tokens

ORDERS = 5
BITS = 63
"""Of the number that an n-gram is kept as: with a vocabulary of more than 4,096 tokens, orders are fewer."""
BLOCK = 512
"""Contexts whose whole distributions are in memory at once."""


@dataclass(frozen=True)
class Level:
    """The n-grams of one order: sorted `grams` [g] with what each is given, `own` [g]; the sorted `contexts` [c], where
    each begins in `grams` (`first` [c + 1]), and the share `freed` [c] that it leaves to the lower order."""

    grams: np.ndarray
    own: np.ndarray
    contexts: np.ndarray
    first: np.ndarray
    freed: np.ndarray


def largest_order(vocabulary: int) -> int:
    """Of at most `ORDERS`, how many tokens fit into one number."""
    return min(ORDERS, int(BITS / math.log2(vocabulary)))


def count_grams(tokens: np.ndarray, starts: np.ndarray, order: int, vocabulary: int) -> np.ndarray:
    """The n-grams of a split, as numbers in base `vocabulary`, int64: those that lie inside one story."""
    n = len(tokens) - order + 1
    if n <= 0:
        return np.zeros(0, np.int64)
    keys = np.zeros(n, np.int64)
    for i in range(order):
        keys = keys * vocabulary + tokens[i : i + n]
    inside = np.ones(n, bool)
    for back in range(1, order):
        ends = starts[1:-1] - back
        inside[ends[(ends >= 0) & (ends < n)]] = False
    return keys[inside]


def build_level(grams: np.ndarray, counts: np.ndarray, vocabulary: int) -> Level:
    """A level of different, sorted `grams` with their `counts`."""
    discounts = _discounts(counts)
    contexts, first = np.unique(grams // vocabulary, return_index=True)
    total = np.add.reduceat(counts, first)
    less = discounts[np.minimum(counts, 3).astype(int)]
    sizes = np.diff(np.append(first, len(grams)))
    freed = np.add.reduceat(less, first) / total
    return Level(
        grams, (counts - less) / np.repeat(total, sizes), contexts, np.append(first, len(grams)), freed
    )


def _discounts(counts: np.ndarray) -> np.ndarray:
    """What counts of 0, 1, 2, and 3 or more are lowered by, float64 [4]."""
    n = [0.0, *(float((counts == k).sum()) for k in (1, 2, 3, 4))]
    if not n[1] or not n[2]:
        return np.array([0, 0.5, 0.5, 0.5])
    y = n[1] / (n[1] + 2 * n[2])
    found = [k - (k + 1) * y * n[k + 1] / n[k] if n[k] else k * 0.5 for k in (1, 2, 3)]
    return np.array([0, *(np.clip(d, 0.05, k - 0.05) for k, d in enumerate(found, 1))])


class KneserNey:
    """The models of orders 1 to `orders`. A model's own order has plain counts (`raw`), those below it `lower` ones."""

    def __init__(self, tokens: np.ndarray, starts: np.ndarray, vocabulary: int, orders: int) -> None:
        self.vocabulary = vocabulary
        self.raw: list[Level] = []
        self.lower: list[Level] = []
        for order in range(1, orders + 1):
            grams, counts = np.unique(count_grams(tokens, starts, order, vocabulary), return_counts=True)
            if not len(grams):
                break  # no story is so long
            self.raw.append(build_level(grams, counts.astype(np.float64), vocabulary))
            if order > 1:
                shorter, seen = np.unique(grams % vocabulary ** (order - 1), return_counts=True)
                self.lower.append(build_level(shorter, seen.astype(np.float64), vocabulary))
        self.orders = len(self.raw)

    def probabilities(self, contexts: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """p(token | last tokens) of each order, [n, orders]; `contexts` [n, orders - 1 or more], `tokens` [n]."""
        found = np.empty((len(contexts), self.orders))
        below = np.full(len(contexts), 1 / self.vocabulary)
        for order, keys in enumerate(self._keys(contexts), 1):
            for level in [self.raw[order - 1], *self.lower[order - 1 : order]]:
                at, known = _find(level.contexts, keys)
                p = below * np.where(known, level.freed[at], 1)
                gram, seen = _find(level.grams, keys * self.vocabulary + tokens)
                p += np.where(seen, level.own[gram], 0)
                if level is self.raw[order - 1]:
                    found[:, order - 1] = p
            below = p
        return found

    def likeliest(self, contexts: np.ndarray) -> np.ndarray:
        """The likeliest token of each order, int64 [n, orders]; of equally likely ones the first."""
        below = np.full((len(contexts), self.vocabulary), 1 / self.vocabulary, np.float32)
        found = np.empty((len(contexts), self.orders), np.int64)
        for order, keys in enumerate(self._keys(contexts), 1):
            found[:, order - 1] = self._on(self.raw[order - 1], keys, below).argmax(1)
            if order < self.orders:
                below = self._on(self.lower[order - 1], keys, below)
        return found

    def _keys(self, contexts: np.ndarray) -> Iterator[np.ndarray]:
        """The last 0, 1, ... orders - 1 tokens of contexts, each as a number int64 [n]."""
        keys, power = np.zeros(len(contexts), np.int64), 1
        for order in range(1, self.orders + 1):
            if order > 1:
                keys = contexts[:, -(order - 1)].astype(np.int64) * power + keys
                power *= self.vocabulary
            yield keys

    def _on(self, level: Level, keys: np.ndarray, below: np.ndarray) -> np.ndarray:
        """The level's distributions [n, vocabulary] for contexts `keys` [n], on those of the order below."""
        p = below.copy()
        at, known = _find(level.contexts, keys)
        rows, at = np.flatnonzero(known), at[known]
        p[rows] *= level.freed[at][:, None].astype(np.float32)
        sizes = level.first[at + 1] - level.first[at]
        # All grams of all contexts that were found, one after the other.
        cells = np.repeat(level.first[at] - np.cumsum(sizes) + sizes, sizes) + np.arange(sizes.sum())
        p[np.repeat(rows, sizes), level.grams[cells] % self.vocabulary] += level.own[cells]
        return p


def _find(sorted_: np.ndarray, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where each key would be in a sorted array that is not empty, and whether it is there."""
    at = np.minimum(np.searchsorted(sorted_, keys), len(sorted_) - 1)
    return at, sorted_[at] == keys


def predict_next_ngram(
    files: Mapping[str, TokenFiles], *, length: int, vocabulary: int, output: Path
) -> None:
    """Write the losses of every order, counted over the split `train` (`write_next_tokens`); metadata: `orders`."""
    tokens, starts = open_tokens(*files["train"])
    model = KneserNey(tokens, starts, vocabulary, min(largest_order(vocabulary), length + 1))

    def ask(contexts: np.ndarray, came: np.ndarray, wants_tokens: bool) -> tuple[np.ndarray, np.ndarray]:
        losses = -np.log(model.probabilities(contexts, came))
        # Whole distributions take much longer than the probability of one token.
        return losses, model.likeliest(contexts) if wants_tokens else np.zeros(losses.shape, np.int64)

    write_next_tokens(
        files, length=length, ask=ask, output=output, metadata={"orders": model.orders}, block=BLOCK
    )
