"""The bootstrap over stories: contexts of one story are not independent, so whole stories are drawn.

Every score is a ratio of sums over contexts, so a resample needs only each story's sums: a thousand
resamples are matrix products of how often each story was drawn with those sums. Sums are kept per class, for
what is asked of the contexts of one word only (its recall).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from handcraft.config.model import Evaluation

CHUNK = 2_000_000
"""Numbers in one block of resamples (stories x resamples); bounds memory at about 32 MB."""
IN_A_TAIL = 20
"""Resamples that lie beyond each end of an interval of a family, at least."""


@dataclass(frozen=True)
class StorySums:
    """Sums of Q quantities over the contexts of each story, one block per class.

    `classes` lists, for each class that occurs, in ascending order: the rows of the stories that have it [S_k],
    and their sums [S_k, 1 + Q], first the number of contexts, then the quantities. Together at most one row a context.
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


def means(sums: StorySums, drawn: np.ndarray) -> np.ndarray:
    """Means of the quantities over all contexts, [B, Q]; story s counts `drawn[b, s]` times."""
    totals = sum(drawn[:, stories] @ values for stories, values in sums.classes)
    return np.asarray(totals[:, 1:] / totals[:, :1])


def class_means(sums: StorySums, drawn: np.ndarray) -> np.ndarray:
    """Means of the quantities over the contexts of each class that occurs, [B, C, Q].

    NaN where a resample has no context of the class.
    """
    totals = np.stack([drawn[:, stories] @ values for stories, values in sums.classes], axis=1)
    count = totals[..., :1]
    return np.asarray(
        np.divide(totals[..., 1:], count, out=np.full(totals[..., 1:].shape, np.nan), where=count > 0)
    )


def draw_stories(stories: int, resamples: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each story is drawn in each resample, float64 [b, S] in blocks; every row sums to S."""
    block = max(1, CHUNK // stories)
    for start in range(0, resamples, block):
        size = min(block, resamples - start)
        picks = generator.integers(0, stories, size=(size, stories), dtype=np.int64)
        picks += np.arange(size)[:, None] * stories
        counts = np.bincount(picks.ravel(), minlength=size * stories)
        yield counts.reshape(size, stories).astype(np.float64)


def bootstrap_means(sums: StorySums, resamples: int, generator: np.random.Generator) -> np.ndarray:
    """`means` of `resamples` resamples of the stories, [B, Q]."""
    return np.concatenate([means(sums, drawn) for drawn in draw_stories(sums.stories, resamples, generator)])


def story_draws(
    story: np.ndarray, quantities: np.ndarray, resamples: int, generator: np.random.Generator
) -> tuple[int, np.ndarray | None]:
    """Number of stories, and means of `quantities` [n, Q] over contexts in resamples of them, [B, Q]; None of one
    story, which says nothing of others."""
    sums = sum_stories(story, np.zeros(len(story), np.uint8), quantities)
    return sums.stories, bootstrap_means(sums, resamples, generator) if sums.stories > 1 else None


def family_intervals(settings: Evaluation, count: int) -> tuple[float, int]:
    """Coverage of each of `count` intervals that hold together with `settings.confidence`, and resamples for it.

    Bonferroni. At least `IN_A_TAIL` resamples lie beyond each end of an interval.
    """
    confidence = 1 - (1 - settings.confidence) / max(count, 1)
    return confidence, max(settings.bootstrap, ceil(2 * IN_A_TAIL / (1 - confidence)))
