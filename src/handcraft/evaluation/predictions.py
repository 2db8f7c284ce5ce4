"""One evaluation for every predictor of one variant, on the same test contexts.

*Accuracy* and *loss* are means over all contexts as they come. The *recall* of a word is the accuracy on the contexts
in which it came: where one word is far more frequent than the others, a predictor may be right often and never say
the others.

Intervals and paired comparisons resample stories, not contexts. The samples that people answer (50
contexts, each from another story) get Wilson intervals and exact McNemar tests instead. With so few items
those are exploratory: only large differences can show.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.model import Evaluation
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.contexts.sample import read_samples
from handcraft.errors import UserError
from handcraft.evaluation.bootstrap import (
    StorySums,
    class_means,
    draw_stories,
    family_intervals,
    means,
    sum_stories,
)
from handcraft.evaluation.comparisons import holm, mcnemar
from handcraft.evaluation.intervals import percentile_interval, wilson
from handcraft.evaluation.metrics import answers, correct
from handcraft.files import write_csv
from handcraft.math import context_losses
from handcraft.predictions import Predictions, read_predictions
from handcraft.seeds import generator

METRICS = ("accuracy", "loss")
DIGITS = 12
"""Decimals kept: what is beyond is the rounding of sums, and would part a value from an interval of no width."""
NORMALISED = 1e-4
"""How far the sum of a row's probabilities may be from 1; ten times what writing allows."""

AGAIN = "delete the file and run snakemake again; docs/extending.md says what a predictor writes"

Row = dict[str, Any]

METRIC_COLUMNS = ("predictor", "title", "metric", "value", "low", "high", "n", "stories")
RECALL_COLUMNS = ("predictor", "title", "candidate", "value", "low", "high", "n", "stories")
COMPARISON_COLUMNS = ("a", "b", "metric", "difference", "low", "high", "confidence", "n")
SAMPLE_COLUMNS = ("sample", "predictor", "title", "correct", "n", "accuracy", "low", "high")
SAMPLE_COMPARISON_COLUMNS = ("sample", "a", "b", "only_a", "only_b", "p", "p_holm")


@dataclass(frozen=True)
class Inputs:
    """What `evaluate_predictions` reads: test contexts, the items that people answer, and the predictions."""

    test: Path
    sample: Path
    predictions: Sequence[Path]


@dataclass(frozen=True)
class Outputs:
    """The tables that `evaluate_predictions` writes."""

    metrics: Path
    recall: Path
    comparisons: Path
    sample_metrics: Path
    sample_comparisons: Path


def evaluate_predictions(
    inputs: Inputs,
    *,
    settings: Evaluation,
    groups: int,
    seed: int,
    outputs: Outputs,
) -> None:
    """Score all predictions of one variant and compare every pair of them.

    Resamples of the stories (`settings.bootstrap` or more) give intervals of `settings.confidence`. Five tables:

    - `metrics`: predictor, title, metric (accuracy, a share, or loss, nats), value, low, high, n (test
      contexts), stories (that they come from)
    - `recall`: predictor, title, candidate, value (share of the contexts of the candidate that the predictor answers
      with it), low, high, n (contexts of the candidate), stories (that have it); empty where it does not occur
    - `comparisons`: a, b, metric, difference (a - b), low, high, confidence, n; the stories drawn are the same for a
      and b. One report compares a pair in each of its `groups`, so each interval has the coverage `confidence`, with
      which the intervals of one pair in all groups hold together with that of the settings (Bonferroni)
    - `sample_metrics`: sample, predictor, title, correct, n, accuracy, low, high (Wilson)
    - `sample_comparisons`: sample, a, b, only_a, only_b, p (exact McNemar), p_holm (Holm within the sample)

    With a single story there is no interval: low and high stay empty. A predictor that held the word of one context
    impossible has an infinite loss, without an interval, and no paired comparison of losses. Raises `UserError`
    where a file does not answer exactly these contexts.
    """
    asked = read_contexts(inputs.test)
    if not len(asked):
        raise UserError("there are no test contexts", where=str(inputs.test), remedy="use a larger corpus")
    answered = read_answers(inputs.predictions, asked)
    if not answered:
        raise UserError(
            "there are no predictions to evaluate", where=str(inputs.test), remedy="give at least one"
        )
    ids = [p.predictor for p in answered]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        twins = [str(path) for path in inputs.predictions if read_predictions(path).predictor == twice[0]]
        what = f"two files hold the predictor {twice[0]!r}"
        raise UserError(what, where=", ".join(twins), remedy="give each its own id")

    together, resamples = family_intervals(settings, groups)
    scored = _score(asked, answered, resamples, seed)
    sample_rows, sample_pairs = _samples(inputs.sample, asked, answered, settings.confidence)
    write_csv(outputs.metrics, _metrics(answered, scored, settings.confidence), METRIC_COLUMNS)
    write_csv(outputs.recall, _recall(asked, answered, scored, settings.confidence), RECALL_COLUMNS)
    write_csv(outputs.comparisons, _comparisons(answered, scored, together), COMPARISON_COLUMNS)
    write_csv(outputs.sample_metrics, sample_rows, SAMPLE_COLUMNS)
    write_csv(outputs.sample_comparisons, sample_pairs, SAMPLE_COMPARISON_COLUMNS)


@dataclass(frozen=True)
class _Scores:
    """Scores of P predictors: `value` [P, 2], accuracy and loss, and of every resample, `draws` [B, P, 2]; `recall`
    [C, P] of the words that occur and `recall_draws` [B, C, P]. No draws where there is a single story."""

    sums: StorySums
    value: np.ndarray
    recall: np.ndarray
    draws: np.ndarray | None = None
    recall_draws: np.ndarray | None = None


def _score(asked: Contexts, answered: list[Predictions], resamples: int, seed: int) -> _Scores:
    points = [correct(one.log_probability, asked.labels) for one in answered]
    losses = np.column_stack([context_losses(one.log_probability, asked.labels) for one in answered])
    infinite = np.isinf(losses).any(axis=0)
    sums = sum_stories(
        asked.story, asked.labels, np.column_stack([*points, np.where(np.isinf(losses), 0.0, losses)])
    )
    count = len(answered)

    def score(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        both = means(sums, drawn).reshape(-1, 2, count).swapaxes(1, 2)
        return np.round(both, DIGITS), np.round(class_means(sums, drawn)[:, :, :count], DIGITS)

    # The observed value is the resample that draws each story once: one definition for both.
    value, recall = score(np.ones((1, sums.stories)))
    value[0, infinite, 1] = np.inf
    if sums.stories == 1:
        return _Scores(sums, value[0], recall[0])
    blocks = [score(drawn) for drawn in draw_stories(sums.stories, resamples, generator(seed, "bootstrap"))]
    draws, recalls = (np.concatenate(each) for each in zip(*blocks, strict=True))
    return _Scores(sums, value[0], recall[0], draws, recalls)


def _metrics(answered: list[Predictions], scored: _Scores, confidence: float) -> list[Row]:
    rows: list[Row] = []
    for i, one in enumerate(answered):
        for m, metric in enumerate(METRICS):
            row: Row = {"predictor": one.predictor, "title": one.title, "metric": metric}
            row |= {"value": scored.value[i, m], "low": None, "high": None}
            if scored.draws is not None and np.isfinite(scored.value[i, m]):
                row["low"], row["high"] = percentile_interval(scored.draws[:, i, m], confidence)
            rows.append(row | {"n": scored.sums.contexts, "stories": scored.sums.stories})
    return rows


def _recall(asked: Contexts, answered: list[Predictions], scored: _Scores, confidence: float) -> list[Row]:
    """A row a predictor and candidate. The interval is over the resamples that have the word at all."""
    rows: list[Row] = []
    place = {int(label): c for c, label in enumerate(np.unique(asked.labels))}
    for i, one in enumerate(answered):
        for k, candidate in enumerate(asked.candidates):
            row: Row = {"predictor": one.predictor, "title": one.title, "candidate": candidate}
            row |= {"value": None, "low": None, "high": None, "n": 0, "stories": 0}
            if (c := place.get(k)) is not None:
                stories, counted = scored.sums.classes[c]
                row |= {"value": scored.recall[c, i], "n": int(counted[:, 0].sum()), "stories": len(stories)}
                if scored.recall_draws is not None and len(stories) > 1:
                    drawn = scored.recall_draws[:, c, i]
                    row["low"], row["high"] = percentile_interval(drawn[~np.isnan(drawn)], confidence)
            rows.append(row)
    return rows


def _comparisons(answered: list[Predictions], scored: _Scores, confidence: float) -> list[Row]:
    pairs: list[Row] = []
    for m, metric in enumerate(METRICS):
        for a, b in combinations(range(len(answered)), 2):
            row: Row = {"a": answered[a].predictor, "b": answered[b].predictor, "metric": metric}
            row |= {"difference": None, "low": None, "high": None, "confidence": confidence}
            comparable = np.isfinite(scored.value[[a, b], m]).all()
            if comparable:
                row["difference"] = np.round(scored.value[a, m] - scored.value[b, m], DIGITS)
            if comparable and scored.draws is not None:
                drawn = np.round(scored.draws[:, a, m] - scored.draws[:, b, m], DIGITS)
                row["low"], row["high"] = percentile_interval(drawn, confidence)
            pairs.append(row | {"n": scored.sums.contexts})
    return pairs


def _samples(
    sample: Path, asked: Contexts, answered: list[Predictions], confidence: float
) -> tuple[list[Row], list[Row]]:
    """Rows of `sample_metrics` and of `sample_comparisons`."""
    right = [answers(one.log_probability) == asked.labels for one in answered]
    rows: list[Row] = []
    pairs: list[Row] = []
    for name, drawn in read_samples(sample, len(asked)).items():
        items, n = drawn.contexts, len(drawn)
        for one, hit in zip(answered, right, strict=True):
            k = int(hit[items].sum())
            low, high = wilson(k, n, confidence)
            rows.append(
                {"sample": name, "predictor": one.predictor, "title": one.title, "correct": k, "n": n}
                | {"accuracy": k / n if n else None, "low": low, "high": high}
            )
        family: list[Row] = []
        for a, b in combinations(range(len(answered)), 2):
            only_a = int((right[a] & ~right[b])[items].sum())
            only_b = int((right[b] & ~right[a])[items].sum())
            family.append(
                {"sample": name, "a": answered[a].predictor, "b": answered[b].predictor}
                | {"only_a": only_a, "only_b": only_b, "p": mcnemar(only_a, only_b)}
            )
        adjusted = holm([row["p"] for row in family])
        pairs += [row | {"p_holm": p} for row, p in zip(family, adjusted, strict=True)]
    return rows, pairs


def read_answers(paths: Sequence[Path], asked: Contexts) -> list[Predictions]:
    """Every predictor's answers to these contexts; a given model that could not be had has none, and is left out."""
    found = ((path, read_predictions(path)) for path in paths)
    return [_checked(path, one, asked) for path, one in found if not one.missing]


def _checked(path: Path, one: Predictions, asked: Contexts) -> Predictions:
    """Predictions that answer exactly the contexts asked, in order."""
    if one.candidates != asked.candidates:
        raise _other_candidates(path, one.candidates, asked.candidates)
    n = len(asked)
    if not np.array_equal(one.context, np.arange(n)):
        what = f"the predictions are not for the test contexts 0 to {n - 1} in order, each once"
        missing = len(np.setdiff1d(np.arange(n), one.context))
        raise UserError(f"{what}: {len(one)} rows, {missing} contexts missing", where=str(path), remedy=AGAIN)
    table = one.log_probability
    # A candidate held impossible (-inf) is an answer; NaN and +inf are none.
    if len(bad := np.flatnonzero(np.isnan(table).any(axis=1) | np.isposinf(table).any(axis=1))):
        raise UserError(
            f"the log-probabilities of context {bad[0]} are not finite", where=str(path), remedy=AGAIN
        )
    total = np.exp(table.astype(np.float64)).sum(axis=1)
    if len(bad := np.flatnonzero(~(np.abs(total - 1) <= NORMALISED))):
        what = f"the probabilities of context {bad[0]} sum to {total[bad[0]]:.6g}, not 1"
        raise UserError(what, where=str(path), remedy=AGAIN)
    return one


def _other_candidates(path: Path, found: tuple[str, ...], wanted: tuple[str, ...]) -> UserError:
    return UserError(
        f"made for other candidates: {list(found)}, where the test contexts have {list(wanted)}",
        where=str(path),
        remedy="delete the file and run snakemake again; a changed group remakes all that belongs to it",
    )
