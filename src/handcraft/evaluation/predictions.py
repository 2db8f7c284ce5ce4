"""One evaluation for every predictor of one variant, on the same test contexts.

Three views. *natural*: the contexts as they come. *balanced*: each context weighted by one over its class's
rate in the test set. *balanced_prior*: balanced, and the log-probabilities first lose the log of the class
rates of the training contexts, since a predictor trained on natural text leans to what is frequent
there.

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
from handcraft.evaluation.bootstrap import bootstrap_p, bootstrap_scores, scores, sum_stories
from handcraft.evaluation.comparisons import holm, mcnemar
from handcraft.evaluation.intervals import percentile_interval, wilson
from handcraft.evaluation.metrics import adjust_prior, answers, correct
from handcraft.files import write_csv
from handcraft.math import class_rates, context_losses
from handcraft.predictions import Predictions, read_predictions
from handcraft.seeds import generator

VIEWS = ("natural", "balanced", "balanced_prior")
METRICS = ("accuracy", "loss")
DIGITS = 12
"""Decimals kept: what is beyond is the rounding of sums, and would part a value from an interval of no width."""
NORMALISED = 1e-4
"""How far the sum of a row's probabilities may be from 1; ten times what writing allows."""

AGAIN = "delete the file and run snakemake again; docs/extending.md says what a predictor writes"

Row = dict[str, Any]

METRIC_COLUMNS = ("predictor", "title", "view", "metric", "value", "low", "high", "n", "stories")
COMPARISON_COLUMNS = ("a", "b", "view", "metric", "difference", "low", "high", "p", "p_holm", "n")
SAMPLE_COLUMNS = ("sample", "predictor", "title", "correct", "n", "accuracy", "low", "high")
SAMPLE_COMPARISON_COLUMNS = ("sample", "a", "b", "only_a", "only_b", "p", "p_holm")


@dataclass(frozen=True)
class Inputs:
    """What `evaluate_predictions` reads: test contexts, training contexts (for their class rates), the items that
    people answer, and the predictions."""

    test: Path
    train: Path
    sample: Path
    predictions: Sequence[Path]


def evaluate_predictions(
    inputs: Inputs,
    *,
    settings: Evaluation,
    seed: int,
    metrics: Path,
    comparisons: Path,
    sample_metrics: Path,
    sample_comparisons: Path,
) -> None:
    """Score all predictions of one variant and compare every pair of them.

    Resamples of the stories (`settings.bootstrap`) give intervals at `settings.confidence`. Writes four tables:

    - `metrics`: predictor, title, view, metric (accuracy, a share, or loss, nats), value, low, high, n (test
      contexts), stories (that they come from)
    - `comparisons`: a, b, view, metric, difference (a - b), low, high, p (bootstrap, two-sided), p_holm (Holm
      within view and metric), n; the stories drawn are the same for a and b
    - `sample_metrics`: sample, predictor, title, correct, n, accuracy, low, high (Wilson)
    - `sample_comparisons`: sample, a, b, only_a, only_b, p (exact McNemar), p_holm (Holm within the sample)

    With a single story there is no interval: low, high and p stay empty. A predictor that held the word of one context
    impossible has an infinite loss, without an interval, and no paired comparison of losses. Raises `UserError`
    where a file does not answer exactly these contexts.
    """
    asked = read_contexts(inputs.test)
    if not len(asked):
        raise UserError("there are no test contexts", where=str(inputs.test), remedy="use a larger corpus")
    training = read_contexts(inputs.train)
    if training.candidates != asked.candidates:
        raise _other_candidates(inputs.train, training.candidates, asked.candidates)
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

    rates = class_rates(training.labels, len(asked.candidates))
    rows, pairs = _all_contexts(asked, answered, rates, settings, seed)
    sample_rows, sample_pairs = _samples(inputs.sample, asked, answered, settings.confidence)
    write_csv(metrics, rows, METRIC_COLUMNS)
    write_csv(comparisons, pairs, COMPARISON_COLUMNS)
    write_csv(sample_metrics, sample_rows, SAMPLE_COLUMNS)
    write_csv(sample_comparisons, sample_pairs, SAMPLE_COMPARISON_COLUMNS)


def _all_contexts(
    asked: Contexts,
    answered: list[Predictions],
    rates: np.ndarray,
    settings: Evaluation,
    seed: int,
) -> tuple[list[Row], list[Row]]:
    """Rows of `metrics` and of `comparisons`."""
    quantities = _quantities(asked, answered, rates)
    infinite = (
        np.isinf(quantities).any(axis=0).reshape(len(answered), 2, 2)[:, [0, 1, 1]]
    )  # [P, views, metrics]
    sums = sum_stories(asked.story, asked.labels, np.where(np.isinf(quantities), 0.0, quantities))
    # The observed value is the resample that draws each story once: one definition for both.
    value = _by_view(*scores(sums, np.ones((1, sums.stories))))[0]
    draws = None
    if sums.stories > 1:
        draws = _by_view(*bootstrap_scores(sums, settings.bootstrap, generator(seed, "bootstrap")))

    rows: list[Row] = []
    for i, one in enumerate(answered):
        for v, view in enumerate(VIEWS):
            for m, metric in enumerate(METRICS):
                row: Row = {"predictor": one.predictor, "title": one.title, "view": view, "metric": metric}
                row |= {"value": np.inf if infinite[i, v, m] else value[i, v, m], "low": None, "high": None}
                if draws is not None and not infinite[i, v, m]:
                    row["low"], row["high"] = percentile_interval(draws[:, i, v, m], settings.confidence)
                rows.append(row | {"n": sums.contexts, "stories": sums.stories})

    pairs: list[Row] = []
    for v, view in enumerate(VIEWS):
        for m, metric in enumerate(METRICS):
            family: list[Row] = []
            for a, b in combinations(range(len(answered)), 2):
                row = {"a": answered[a].predictor, "b": answered[b].predictor, "view": view, "metric": metric}
                row |= {"difference": None, "low": None, "high": None, "p": None}
                comparable = not (infinite[a, v, m] or infinite[b, v, m])
                if comparable:
                    row["difference"] = np.round(value[a, v, m] - value[b, v, m], DIGITS)
                if draws is not None and comparable:
                    drawn = np.round(draws[:, a, v, m] - draws[:, b, v, m], DIGITS)
                    row["low"], row["high"] = percentile_interval(drawn, settings.confidence)
                    row["p"] = bootstrap_p(drawn)
                family.append(row | {"n": sums.contexts})
            adjusted = holm([row["p"] for row in family])
            pairs += [row | {"p_holm": p} for row, p in zip(family, adjusted, strict=True)]
    return rows, pairs


def _quantities(asked: Contexts, answered: list[Predictions], rates: np.ndarray) -> np.ndarray:
    """Per context [n, 4 P]: each predictor's points and loss, then both with the prior adjusted."""
    columns = []
    for one in answered:
        for table in (one.log_probability, adjust_prior(one.log_probability, rates)):
            columns += [correct(table, asked.labels), context_losses(table, asked.labels)]
    return np.column_stack(columns)


def _by_view(natural: np.ndarray, balanced: np.ndarray) -> np.ndarray:
    """Scores [B, 4 P], natural and balanced, as [B, P, views, metrics]."""
    n = natural.reshape(len(natural), -1, 2, 2)
    b = balanced.reshape(len(balanced), -1, 2, 2)
    return np.round(np.stack([n[:, :, 0], b[:, :, 0], b[:, :, 1]], axis=2), DIGITS)


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
