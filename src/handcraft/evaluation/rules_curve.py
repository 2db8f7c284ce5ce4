"""What so many rules reach on test contexts: a program's proposals, weights along the L1 path, a person's file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.model import Evaluation
from handcraft.contexts.read import read_contexts
from handcraft.evaluation.bootstrap import bootstrap_means, sum_stories
from handcraft.evaluation.intervals import percentile_interval
from handcraft.evaluation.predictions import read_answers
from handcraft.files import read_tensors, write_csv
from handcraft.math import context_losses
from handcraft.seeds import generator

COLUMNS = (
    "kind", "size", "loss", "gain", "low", "high", "difference", "difference_low", "difference_high", "n", "stories",
)  # fmt: skip
KINDS = ("proposals", "path", "refitted", "written")
"""Rules that a program proposed, weights along the L1 path, a file's rules refitted, and all of them as written."""


def evaluate_rules_curve(
    curve: Path,
    test: Path,
    linear: Path,
    *,
    files: Sequence[Path],
    settings: Evaluation,
    seed: int,
    output: Path,
) -> None:
    """Write a row for each number of rules (`size`) of each kind (`KINDS`), of what `find_rules` (`curve`) and
    `evaluate_rules` (`files`, which may be none) wrote.

    `loss`; `gain` over no rule, the shares of the candidates; `difference` from the loss of the predictor `linear`.
    Both with intervals that draw whole stories.
    """
    found, asked = read_tensors(curve), read_contexts(test)
    rows: list[dict[str, Any]] = []
    columns: list[np.ndarray] = []
    for kind, sizes, losses in (
        ("proposals", found["size"], found["proposals"]),
        ("path", found["weights"], found["path"]),
    ):
        rows += [{"kind": kind, "size": int(size)} for size in sizes]
        columns += list(losses)
    for file in files:
        own = read_tensors(file)
        rows += [{"kind": "refitted", "size": int(size)} for size in own["size"]]
        columns += list(own["refitted"])
        rows.append({"kind": "written", "size": int(own["size"].max())})
        columns.append(own["written"])
    (answers,) = read_answers([linear], asked)
    columns.append(context_losses(answers.log_probability, asked.labels))
    table = np.column_stack([c.astype(np.float64) for c in columns])
    sums = sum_stories(asked.story, np.zeros(len(asked), np.uint8), table)
    value = table.mean(0)
    draws = None
    if sums.stories > 1:
        draws = bootstrap_means(sums, settings.bootstrap, generator(seed, "rules"))
    for i, row in enumerate(rows):
        row |= {"loss": value[i], "gain": value[0] - value[i], "low": None, "high": None}
        row |= {"difference": value[i] - value[-1], "difference_low": None, "difference_high": None}
        if draws is not None:
            row["low"], row["high"] = percentile_interval(draws[:, 0] - draws[:, i], settings.confidence)
            drawn = percentile_interval(draws[:, i] - draws[:, -1], settings.confidence)
            row["difference_low"], row["difference_high"] = drawn
        row |= {"n": sums.contexts, "stories": sums.stories}
    write_csv(output, rows, COLUMNS)
