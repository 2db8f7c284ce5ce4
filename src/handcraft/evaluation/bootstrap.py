"""The bootstrap over stories: contexts of one story are not independent, so whole stories are drawn.

Every score is a ratio of sums over contexts, so a resample needs only each story's sums: a thousand
resamples are matrix products of how often each story was drawn with those sums. Sums are kept per class, so
that the balanced view recomputes the class rates of every resample exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

CHUNK = 2_000_000
"""Numbers in one block of resamples (stories x resamples); bounds memory at about 32 MB."""
ZERO = 1e-12
"""A difference below this is the rounding of sums, not a difference."""


@dataclass(frozen=True)
class StorySums:
    """Sums of Q quantities over the contexts of each story, one block per class.

    `classes` lists, for each class that occurs: the rows of the stories that have it [S_k], and their sums
    [S_k, 1 + Q], first the number of contexts, then the quantities. Together at most one row per context.
    """

    stories: int
    contexts: int
    classes: tuple[tuple[np.ndarray, np.ndarray], ...]


def sum_stories(story: np.ndarray, labels: np.ndarray, quantities: np.ndarray) -> StorySums:
    """Sum `quantities` [n, Q] within each story (`story` [n]) and class (`labels` [n])."""
    names, row = np.unique(story, return_inverse=True)
    counted = np.column_stack([np.ones(len(labels)), quantities])
    classes = []
    for label in np.unique(labels):
        member = np.flatnonzero(labels == label)
        member = member[np.argsort(row[member], kind="stable")]
        stories, first = np.unique(row[member], return_index=True)
        classes.append((stories, np.add.reduceat(counted[member], first, axis=0)))
    return StorySums(len(names), len(labels), tuple(classes))


def scores(sums: StorySums, drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of the quantities, natural and balanced, each [B, Q]; story s counts `drawn[b, s]` times.

    Natural is the mean over contexts. Balanced weights each context by one over its class's rate in the
    resample, normalised: the mean, over the classes that the resample has, of the class's own mean.
    """
    totals = np.stack([drawn[:, stories] @ values for stories, values in sums.classes])  # [classes, B, 1 + Q]
    count, total = totals[..., :1], totals[..., 1:]
    natural = total.sum(axis=0) / count.sum(axis=0)
    present = count > 0
    means = total / np.where(present, count, 1)
    return natural, means.sum(axis=0) / present.sum(axis=0)


def draw_stories(stories: int, resamples: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each story is drawn in each resample, float64 [b, S] in blocks; every row sums to S."""
    block = max(1, CHUNK // stories)
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        picks = generator.integers(0, stories, size=(size, stories), dtype=np.int64)
        picks += np.arange(size)[:, None] * stories
        counts = np.bincount(picks.ravel(), minlength=size * stories)
        yield counts.reshape(size, stories).astype(np.float64)


def bootstrap_scores(
    sums: StorySums, resamples: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """`scores` of `resamples` resamples of the stories, natural and balanced, each [B, Q]."""
    blocks = [scores(sums, drawn) for drawn in draw_stories(sums.stories, resamples, generator)]
    return np.concatenate([b[0] for b in blocks]), np.concatenate([b[1] for b in blocks])


def bootstrap_p(differences: np.ndarray) -> float:
    """Two-sided p of "no difference": twice the smaller share of draws [B] at or beyond zero, at most 1.

    The observed sample counts as one more draw on either side, so p is never 0: the least is 2 / (B + 1).
    Source: Davison and Hinkley (1997), Bootstrap Methods and their Application, chapter 4.
    """
    below = int((differences <= ZERO).sum())
    above = int((differences >= -ZERO).sum())
    return min(1.0, 2 * (min(below, above) + 1) / (len(differences) + 1))
