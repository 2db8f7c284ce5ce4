"""Which weights a redraw of the stories would undo, and what the model loses without them."""

from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path

import numpy as np

from handcraft.analysis.shown import large_but_rare
from handcraft.config.model import Evaluation
from handcraft.contexts.read import read_contexts
from handcraft.errors import UserError
from handcraft.evaluation.bootstrap import bootstrap_means, sum_stories
from handcraft.files import read_metadata, read_tensors, write_csv
from handcraft.math import centred, context_losses, log_softmax
from handcraft.predictors.linear.predict import linear_logits
from handcraft.seeds import generator

UNSTABLE = 0.5
"""A weight that has its sign in less than this share of the fits to resampled stories is unstable."""
LITTLE = 0.003
"""Loss (nats) that may be added by leaving out the slightest weights."""
COLUMNS = ("removed", "size", "weights", "loss", "loss_added", "low", "high", "contexts", "stories")


def unstable(weight: np.ndarray, sign_stability: np.ndarray) -> np.ndarray:
    """Which weights are not zero and yet unstable; bool, as `weight`."""
    return np.asarray((weight != 0) & (sign_stability < UNSTABLE))


def evaluate_stability(
    weights: Path,
    support: Path,
    resampling: Path,
    held_out: Path,
    *,
    settings: Evaluation,
    seed: int,
    output: Path,
) -> None:
    """Write what the loss on `held_out` becomes without some of the weights, a row a set that is `removed`.

    `unstable`: those of `unstable`. `others`: as many others, drawn by chance. `large but rare`: those of
    `large_but_rare`. `slightest`: as many as can go for at most `LITTLE` of loss, those first whose squared weight
    times the training contexts with their input is least. `size` of so many `weights` that are not zero; `loss` without
    them, `loss_added` by that (nats), with an interval in draws of whole stories (`settings`), empty where there is one
    story. Nothing is refitted.
    `UserError` where the files do not fit together.
    """
    tensors, counts = read_tensors(weights), read_tensors(support)["support"]
    weight, bias, kept = tensors["weight"], tensors["bias"], read_tensors(resampling)["sign_stability"]
    asked = read_contexts(held_out)
    needed = (asked.length, asked.vocabulary, len(asked.candidates))
    if not weight.shape == kept.shape == needed or counts.shape != needed[:2]:
        raise UserError(
            f"weights {list(weight.shape)}, support {list(counts.shape)}, refits {list(kept.shape)} and contexts "
            f"{list(needed)} do not fit",
            where=f"{weights}; {support}; {resampling}; {held_out}",
            remedy="they are of different builds: delete them and run snakemake again",
        )
    flagged, left = unstable(weight, kept), weight != 0
    contexts = int(read_metadata(support)["contexts"])
    sets = {
        "unstable": flagged,
        "others": _by_chance(left & ~flagged, int(flagged.sum()), generator(seed, "other weights")),
        "large but rare": left & large_but_rare(np.abs(centred(weight)), counts[:, :, None], contexts),
    }

    def without(removed: np.ndarray) -> np.ndarray:
        logits = linear_logits(np.where(removed, np.float32(0), weight), bias, asked.tokens)
        return context_losses(log_softmax(logits), asked.labels)

    sets["slightest"] = _slightest(weight, counts, without)
    losses = [without(np.zeros_like(left)), *map(without, sets.values())]
    table = np.column_stack(losses)
    sums = sum_stories(asked.story, np.zeros(len(asked), np.int64), table - table[:, :1])
    draws = None
    if sums.stories > 1:
        draws = bootstrap_means(sums, settings.bootstrap, generator(seed, "stability"))
    tails = [(1 - settings.confidence) / 2, (1 + settings.confidence) / 2]
    mean, rows = table.mean(0), []
    for i, (name, removed) in enumerate(sets.items(), start=1):
        low, high = np.quantile(draws[:, i], tails).tolist() if draws is not None else (None, None)
        numbers: dict[str, float | None] = {
            "size": int(removed.sum()),
            "weights": int(left.sum()),
            "loss": float(mean[i]),
        }
        numbers |= {"loss_added": float(mean[i] - mean[0]), "low": low, "high": high}
        rows.append({"removed": name, **numbers, "contexts": len(asked), "stories": sums.stories})
    write_csv(output, rows, COLUMNS)


def _slightest(
    weight: np.ndarray, support: np.ndarray, without: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """The most weights, slightest first, that add at most `LITTLE` to the mean of `without`; bool, as `weight`."""
    places = np.flatnonzero(weight)
    worth = (weight.astype(np.float64) ** 2 * support[:, :, None]).ravel()[places]
    order = places[np.argsort(worth, kind="stable")]

    def first(count: int) -> np.ndarray:
        removed = np.zeros(weight.size, bool)
        removed[order[:count]] = True
        return removed.reshape(weight.shape)

    allowed = float(without(first(0)).mean()) + LITTLE
    counts = range(1, len(order) + 1)
    enough = bisect_right(counts, False, key=lambda count: bool(without(first(count)).mean() > allowed))
    return first(enough)


def _by_chance(among: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    """`count` of the places that are true in `among`, or all where there are fewer; bool, as `among`."""
    places = np.flatnonzero(among)
    chosen = np.zeros(among.size, bool)
    chosen[draw.choice(places, min(count, len(places)), replace=False)] = True
    return chosen.reshape(among.shape)
