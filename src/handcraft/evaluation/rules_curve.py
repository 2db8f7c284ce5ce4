"""What so many rules reach on test contexts: a program's proposals, weights along the L1 path, a person's file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.model import Evaluation
from handcraft.contexts.read import read_contexts
from handcraft.evaluation.bootstrap import story_draws
from handcraft.evaluation.intervals import interval_columns
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
    value = table.mean(0)
    stories, draws = story_draws(asked.story, table, settings.bootstrap, generator(seed, "rules"))
    for i, row in enumerate(rows):
        gain, difference = (
            (None, None) if draws is None else (draws[:, 0] - draws[:, i], draws[:, i] - draws[:, -1])
        )
        row |= {"loss": value[i], "gain": value[0] - value[i], "difference": value[i] - value[-1]}
        row |= interval_columns(gain, settings.confidence)
        row |= interval_columns(difference, settings.confidence, "difference")
        row |= {"n": len(asked), "stories": stories}
    write_csv(output, rows, COLUMNS)
