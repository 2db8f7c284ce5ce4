"""Where in the window the evidence lies: each position's share of what moves the scores of held-out contexts."""

from pathlib import Path

import numpy as np

from handcraft.config.model import Evaluation
from handcraft.contexts.read import read_contexts
from handcraft.errors import UserError
from handcraft.evaluation.bootstrap import bootstrap_means, sum_stories
from handcraft.files import read_tensors, write_csv
from handcraft.math import centred
from handcraft.seeds import generator

COLUMNS = ("position", "contribution", "share", "low", "high", "contexts", "stories")


def evaluate_evidence(
    weights: Path, held_out: Path, *, settings: Evaluation, seed: int, output: Path
) -> None:
    """Write a row a position, oldest first; `position` counts back from the gap, the last token being -1.

    `contribution`: mean absolute centred weight, over the candidates and the contexts `held_out`, of the token there
    (nats). `share`: that over the sum of all positions, empty where no weight is left; `low` and `high` bound it in
    draws of whole stories (`settings`), and are empty where there is one story. `UserError` where weights and contexts
    do not fit together.
    """
    weight, asked = read_tensors(weights)["weight"], read_contexts(held_out)
    needed = (asked.length, asked.vocabulary, len(asked.candidates))
    if weight.shape != needed:
        raise UserError(
            f"weights {list(weight.shape)} and contexts {list(needed)} do not fit",
            where=f"{weights}; {held_out}",
            remedy="they are of different builds: delete both and run snakemake again",
        )
    pushes = position_pushes(weight, asked.tokens)
    mean = pushes.mean(0)
    share = _shares(mean[None])[0]
    sums = sum_stories(asked.story, np.zeros(len(asked), np.int64), pushes)
    low = high = np.full(len(share), np.nan)
    if sums.stories > 1 and np.isfinite(share).all():
        draws = _shares(bootstrap_means(sums, settings.bootstrap, generator(seed, "evidence")))
        tails = [(1 - settings.confidence) / 2, (1 + settings.confidence) / 2]
        low, high = np.nanquantile(draws, tails, axis=0)
    rows = []
    for p in range(len(mean)):
        numbers = {"contribution": mean[p], "share": share[p], "low": low[p], "high": high[p]}
        shown = {k: float(x) if np.isfinite(x) else None for k, x in numbers.items()}
        counts = {"contexts": len(asked), "stories": sums.stories}
        rows.append({"position": p - len(mean), **shown, **counts})
    write_csv(output, rows, COLUMNS)


def position_pushes(weight: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Of contexts [n, length]: the mean absolute centred weight over the candidates at every position, [n, length]."""
    size = np.abs(centred(weight)).mean(-1)
    return np.asarray(size[np.arange(tokens.shape[1]), tokens.astype(np.int64)])


def _shares(means: np.ndarray) -> np.ndarray:
    total = means.sum(1, keepdims=True)
    return np.asarray(np.divide(means, total, out=np.full(means.shape, np.nan), where=total > 0))
