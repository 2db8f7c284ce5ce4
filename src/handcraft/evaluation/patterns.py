"""Where two predictors differ most: the last tokens after which one loses more than the other.

A pattern is the last token of a context, or the last two. Only patterns with enough stories are tried, and each
interval is as wide as the number of patterns tried in all groups asks for (Bonferroni): few are found by chance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.model import Evaluation
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.errors import UserError
from handcraft.evaluation.calibration import fit_rescaling
from handcraft.evaluation.linearity import whole_word
from handcraft.evaluation.predictions import read_answers
from handcraft.files import read_metadata, read_tensors, write_csv
from handcraft.math import context_losses
from handcraft.tokenizer.tokens import Vocabulary

LENGTHS = (1, 2)
"""Tokens of a pattern."""
STORIES = 20
"""Stories that must have a pattern: with fewer, an interval by story is not to be trusted."""
SHOWN = 3
"""Patterns that are kept, in a group and direction."""
COLUMNS = (
    "pattern", "better", "difference", "low", "high", "confidence", "tried", "contexts", "stories", "context",
)  # fmt: skip


@dataclass(frozen=True)
class Inputs:
    """What `evaluate_patterns` reads: contexts, the predictions of the linear model, the answers of a language model
    (None where the config names none), and the tokenizer."""

    test: Path
    validation: Path
    linear: Path
    tokenizer: Path
    answers: Path | None = None


@dataclass(frozen=True)
class Pattern:
    """Contexts that end on `tokens`: the rows `example` and so many `contexts` and `stories`.

    `difference`: what these contexts add to the difference of the two mean losses (nats), with its interval.
    """

    tokens: tuple[int, ...]
    difference: float
    low: float
    high: float
    contexts: int
    stories: int
    example: int


def evaluate_patterns(inputs: Inputs, *, settings: Evaluation, groups: int, output: Path) -> None:
    """Write the patterns after which the linear model and the corrected language model differ most, by last tokens.

    Up to `SHOWN` a direction; none where nothing is certain, or the language model is missing or answered a sample
    only. Columns: pattern (its tokens, as the report shows them), better (`linear`, or the id of the language model),
    difference (what the contexts of the pattern add to the mean loss of `linear` minus that of the language model, over
    all test contexts, nats), low, high, confidence (coverage of each interval; all of all `groups` hold together with
    that of the settings), tried (patterns), contexts, stories, context (row of the context that differs most).
    """
    rows: list[dict[str, Any]] = []
    test = read_contexts(inputs.test)
    answered = inputs.answers
    corrected = _corrected(answered, test, read_contexts(inputs.validation)) if answered else None
    if answered and corrected is not None:
        (linear,) = read_answers([inputs.linear], test)
        vocabulary = Vocabulary.read(inputs.tokenizer)
        difference = context_losses(linear.log_probability, test.labels) - context_losses(
            corrected, test.labels
        )
        found, tried, confidence = find_patterns(test, difference, settings.confidence, groups)
        lm = read_metadata(answered)["predictor"]
        for one in found:
            row: dict[str, Any] = {"pattern": " ".join(vocabulary.show(t) for t in one.tokens)}
            row |= {"better": lm if one.difference > 0 else linear.predictor, "difference": one.difference}
            row |= {"low": one.low, "high": one.high, "confidence": confidence, "tried": tried}
            rows.append(row | {"contexts": one.contexts, "stories": one.stories, "context": one.example})
    write_csv(output, rows, COLUMNS)


def find_patterns(
    contexts: Contexts, difference: np.ndarray, confidence: float, groups: int = 1
) -> tuple[list[Pattern], int, float]:
    """The patterns that add most to the mean of `difference` [n] with certainty, the number tried, and the coverage of
    each interval.

    First those that raise the mean, then those that lower it, the largest first, up to `SHOWN` of each. Of patterns
    with the same last token only the one that adds most is kept in a direction. None where a difference is infinite.
    """
    if not np.isfinite(difference).all():
        return [], 0, confidence
    tried = [ending for length in LENGTHS for ending in _ending_alike(contexts, length)]
    each = 1 - (1 - confidence) / max(1, len(tried) * groups)
    found = [_measured(contexts, difference, length, rows, each) for length, rows in tried]
    certain = [one for one in found if one.low > 0 or one.high < 0]
    kept: list[Pattern] = []
    for sign in (1, -1):
        ends: set[int] = set()
        for one in sorted(certain, key=lambda p: (-sign * p.difference, len(p.tokens), p.tokens)):
            if sign * one.difference > 0 and one.tokens[-1] not in ends and len(ends) < SHOWN:
                ends.add(one.tokens[-1])
                kept.append(one)
    return kept, len(tried), each


def _ending_alike(contexts: Contexts, length: int) -> list[tuple[int, np.ndarray]]:
    """For each ending of so many tokens that has stories enough: its length and the rows of its contexts."""
    if length > contexts.length or not len(contexts):
        return []
    _, which, count = np.unique(contexts.tokens[:, -length:], axis=0, return_inverse=True, return_counts=True)
    blocks = np.split(np.argsort(which.ravel(), kind="stable"), np.cumsum(count)[:-1])
    return [(length, rows) for rows in blocks if len(np.unique(contexts.story[rows])) >= STORIES]


def _measured(
    contexts: Contexts, difference: np.ndarray, length: int, rows: np.ndarray, confidence: float
) -> Pattern:
    """The interval is Student's, of sums over stories: so far in the tails a bootstrap would take too many draws."""
    from scipy.stats import t  # late: it takes 0.4 s to import

    _, which = np.unique(contexts.story[rows], return_inverse=True)
    sums = np.bincount(which, weights=difference[rows])
    total, stories, n = float(sums.sum()), len(sums), len(contexts)
    # Every story of the split is drawn, those without the pattern with a sum of zero.
    everywhere = len(np.unique(contexts.story))
    spread = np.sqrt(
        max(0.0, float((sums**2).sum()) - total**2 / everywhere) * everywhere / max(1, everywhere - 1)
    )
    half = float(t.ppf((1 + confidence) / 2, stories - 1)) * spread
    example = int(rows[np.argmax(np.sign(total) * difference[rows])])
    tokens = tuple(int(token) for token in contexts.tokens[rows[0], -length:])
    return Pattern(tokens, total / n, (total - half) / n, (total + half) / n, len(rows), stories, example)


def _corrected(path: Path, test: Contexts, held_out: Contexts) -> np.ndarray | None:
    """The language model's log-probabilities [n, K], corrected on validation contexts; None where it cannot be."""
    metadata = read_metadata(path)
    if metadata.get("missing"):
        return None
    if tuple(metadata["candidates"]) != test.candidates:
        raise UserError(
            f"made for other candidates: {metadata['candidates']}",
            where=str(path),
            remedy=f"remake it: snakemake --forcerun {path}",
        )
    answers: Mapping[str, np.ndarray] = read_tensors(path)
    labels = held_out.labels[answers["validation_rows"]]
    if len(answers["test_rows"]) < len(test) or len(np.unique(labels)) < len(test.candidates):
        return None
    asked, own = whole_word(answers, len(test))
    return fit_rescaling(own, labels, True)(asked)
