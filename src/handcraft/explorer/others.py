"""What other predictors answer in the page's contexts: their word and how sure they are of it, two bytes a context."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.files import read_metadata, read_tensors
from handcraft.math import log_softmax
from handcraft.pages import packed

NOT_ASKED = 255
"""In place of a word where a predictor was not asked about a context."""


def by_group(paths: Sequence[Path], groups: int) -> list[Sequence[Path]]:
    """Paths of all groups, one group after the other and as many of each, by group."""
    each = len(paths) // groups
    return [paths[i * each : (i + 1) * each] for i in range(groups)]


def other_answers(paths: Sequence[Path], chosen: np.ndarray, titles: dict[str, str]) -> list[dict[str, Any]]:
    """Answers in the validation contexts `chosen` (rows of them), of each predictor that has any.

    paths: `validation` of `train_nonlinear` (log-probabilities by predictor, of all validation contexts) or the answers
    of a language model (`validation` and `validation_rows`), as it is. titles: of predictors, by id.
    Each is {"title", "best" (uint8 [n], `NOT_ASKED` where it was not), "sure" (its probability, of 255)}.
    """
    found = []
    for path in paths:
        tensors, metadata = read_tensors(path), read_metadata(path)
        if "nonlinear" in tensors:
            title, values = titles["nonlinear"], tensors["nonlinear"]
            rows = np.arange(len(values))
        elif "validation" in tensors:
            title, values, rows = (
                f"{metadata['title']}, as it is",
                tensors["validation"],
                tensors["validation_rows"],
            )
        else:
            continue  # a language model that could not be had, or was asked no validation contexts
        place = {int(row): i for i, row in enumerate(rows)}
        at = np.array([place.get(int(row), -1) for row in chosen], np.int64)
        if not (at >= 0).any():
            continue
        values = log_softmax(values)
        best = np.where(at < 0, NOT_ASKED, values.argmax(1)[at])
        sure = np.where(at < 0, 0, np.exp(values.max(1))[at])
        found.append(
            {
                "title": title,
                "best": packed(best.astype(np.uint8)),
                "sure": packed((sure * 255).round().astype(np.uint8)),
            }
        )
    return found
