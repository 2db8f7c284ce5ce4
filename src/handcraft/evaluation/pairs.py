"""What pairs of tokens bring on test contexts, and how much of the non-linear predictor's advantage that is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.model import Evaluation
from handcraft.contexts.read import read_contexts
from handcraft.evaluation.bootstrap import story_draws
from handcraft.evaluation.intervals import percentile_interval
from handcraft.evaluation.linearity import LINEAR, NONLINEAR
from handcraft.evaluation.predictions import read_answers
from handcraft.files import read_tensors, write_csv
from handcraft.math import context_losses
from handcraft.seeds import generator

COLUMNS = (
    "size", "loss", "gain", "low", "high", "advantage", "share", "share_low", "share_high", "n", "stories",
)  # fmt: skip


def evaluate_pairs(
    curve: Path, test: Path, predictions: Sequence[Path], *, settings: Evaluation, seed: int, output: Path
) -> None:
    """Write a row for each number of pairs (`size`) of what `find_pairs` wrote.

    `loss`: of the linear model with so many pairs. `gain`: how much higher it is with the votes of their tokens alone,
    fitted in the same way; so what a vote brings does not count for the pairs. `advantage`: how much lower the loss of
    the non-linear predictor is than that of the better of the two linear ones; empty where there is none. `share`: gain
    over advantage, empty where the advantage's interval reaches zero. Intervals draw whole stories.
    """
    arrays, asked = read_tensors(curve), read_contexts(test)
    answered = {
        p.predictor: context_losses(p.log_probability, asked.labels) for p in read_answers(predictions, asked)
    }
    columns = [*arrays["pairs"].astype(np.float64), *arrays["votes"].astype(np.float64)]
    size = len(arrays["size"])
    compared = (
        [answered[name] for name in (*LINEAR, NONLINEAR)] if {*LINEAR, NONLINEAR} <= set(answered) else []
    )
    table = np.column_stack([*columns, *compared])
    value = table.mean(0)[None]
    stories, draws = story_draws(asked.story, table, settings.bootstrap, generator(seed, "pairs"))
    better = int(value[0, 2 * size : 2 * size + 2].argmin()) if compared else 0

    def gain(means: np.ndarray, i: int) -> np.ndarray:
        return means[:, size + i] - means[:, i]

    def advantage(means: np.ndarray) -> np.ndarray:
        return means[:, 2 * size + better] - means[:, 2 * size + 2]

    ahead = False
    if compared and draws is not None:
        low, _ = percentile_interval(advantage(draws), settings.confidence)
        ahead = bool(low is not None and low > 0)
    rows = []
    for i, number in enumerate(arrays["size"].tolist()):
        row: dict[str, Any] = {
            "size": number,
            "loss": value[0, i],
            "gain": gain(value, i)[0],
            "low": None,
            "high": None,
        }
        row |= {"advantage": advantage(value)[0] if compared else None}
        row |= {"share": None, "share_low": None, "share_high": None}
        if draws is not None:
            row["low"], row["high"] = percentile_interval(gain(draws, i), settings.confidence)
        if ahead and draws is not None:
            row["share"] = row["gain"] / row["advantage"]
            drawn = gain(draws, i) / np.maximum(advantage(draws), 1e-9)
            row["share_low"], row["share_high"] = percentile_interval(drawn, settings.confidence)
        rows.append(row | {"n": len(asked), "stories": stories})
    write_csv(output, rows, COLUMNS)
