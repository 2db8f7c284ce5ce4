"""How people do on the fixed samples, beside every predictor on the same items.

A person has an accuracy and no loss: nobody gave probabilities, so none are made up. Beside every figure stands the
majority's: always the most frequent word of the training contexts. The tests are exploratory: few items, many tests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.contexts.sample import SAMPLES, Sample, read_samples
from handcraft.evaluation.comparisons import holm, mcnemar
from handcraft.evaluation.intervals import wilson
from handcraft.evaluation.metrics import answers
from handcraft.evaluation.predictions import read_answers
from handcraft.files import write_csv, write_json
from handcraft.math import class_rates
from handcraft.people.agreement import Agreement, cohen, fleiss, majority_vote
from handcraft.people.labels import Answers, read_labels
from handcraft.people.power import items_needed, mcnemar_power
from handcraft.tokenizer.tokens import Vocabulary

VOTE = "majority vote"
"""Not a name that an annotator can have."""

PEOPLE_COLUMNS = (
    "sample", "annotator", "kind", "correct", "n", "accuracy", "low", "high", "majority", "undecided", "seconds",
)  # fmt: skip
COMPARISON_COLUMNS = (
    "sample", "annotator", "predictor", "title", "only_person", "only_predictor", "difference", "p", "p_holm",
    "items_needed",
)  # fmt: skip
AGREEMENT_COLUMNS = ("sample", "measure", "a", "b", "people", "n", "observed", "kappa", "low", "high")
POWER_COLUMNS = ("a", "b", "difference", "disagree", "contexts", "items_needed", "size", "chance")

Row = dict[str, Any]


@dataclass(frozen=True)
class Inputs:
    """What `evaluate_people` reads: test and training contexts, the samples, the predictions and the label files.

    The tokenizer, for the text of what nobody got right, is not needed where there are no labels.
    """

    test: Path
    train: Path
    sample: Path
    predictions: Sequence[Path]
    labels: Sequence[Path] = ()
    tokenizer: Path | None = None


def evaluate_people(
    inputs: Inputs,
    *,
    confidence: float,
    people: Path,
    comparisons: Path,
    agreement: Path,
    missed: Path,
    power: Path,
) -> None:
    """Score the label files of one group, and say what so few items can tell. No labels give tables without rows.

    - `people`: a row per sample and annotator, and the majority vote of three or more (kind `vote`): correct, n,
      accuracy with its Wilson interval, `majority` (accuracy of always giving the most frequent training word),
      `undecided` (items without a majority; they count as not right), `seconds` (median per item)
    - `comparisons`: exact McNemar against every predictor: items only the one got right, p, p_holm (Holm within the
      sample), `items_needed` to show this difference
    - `agreement`: Cohen's kappa of every pair, Fleiss' of three and more
    - `missed`: JSON; per sample the items that nobody got right: context, text, answer, what each one said
    - `power`: per pair of predictors the difference of their accuracies on all test contexts, the share of contexts
      that only one of them gets right, `items_needed`, and the `chance` that a sample of `size` items shows it

    Level of the tests is 1 - confidence. Raises `UserError` where a label file is not for these items.
    """
    asked = read_contexts(inputs.test)
    samples = read_samples(inputs.sample, len(asked))
    predicted = read_answers(inputs.predictions, asked)
    right = {p.predictor: answers(p.log_probability) == asked.labels for p in predicted}
    titles = {p.predictor: p.title for p in predicted}
    usual = int(class_rates(read_contexts(inputs.train).labels, len(asked.candidates)).argmax())
    found = [read_labels(path, samples, asked.candidates) for path in inputs.labels]
    given = {name: [one[name] for one in found if name in one] for name in SAMPLES}

    rows: list[Row] = []
    pairs: list[Row] = []
    agreed: list[Row] = []
    nobody: dict[str, list[Row]] = {}
    for name in SAMPLES:
        truth = asked.labels[samples[name].contexts].astype(np.int64)
        everyone = _with_vote(given[name], len(asked.candidates))
        always = float((truth == usual).mean()) if len(truth) else None
        rows += [_score(one, truth, always, confidence) for one in everyone]
        at = {p: hits[samples[name].contexts] for p, hits in right.items()}
        pairs += _tests(everyone, truth, at, titles, 1 - confidence)
        agreed += _agreement(name, given[name], len(asked.candidates), confidence)
        nobody[name] = _missed(given[name], truth, asked, samples[name], inputs.tokenizer)
    write_csv(people, rows, PEOPLE_COLUMNS)
    write_csv(comparisons, pairs, COMPARISON_COLUMNS)
    write_csv(agreement, agreed, AGREEMENT_COLUMNS)
    write_json(missed, nobody)
    write_csv(power, _power(right, len(samples["natural"]), 1 - confidence), POWER_COLUMNS)


def _with_vote(given: list[Answers], classes: int) -> list[Answers]:
    """Two people who differ have no majority, so the vote takes three."""
    if len(given) < 3:
        return given
    vote = majority_vote(np.stack([one.answers for one in given]), classes)
    return [*given, Answers(VOTE, given[0].sample, vote, np.full(len(vote), np.nan))]


def _score(one: Answers, truth: np.ndarray, always: float | None, confidence: float) -> Row:
    correct, n = int((one.answers == truth).sum()), len(truth)
    low, high = wilson(correct, n, confidence)
    known = one.seconds[~np.isnan(one.seconds)]
    vote = one.annotator == VOTE
    row: Row = {"sample": one.sample, "annotator": one.annotator, "kind": "vote" if vote else "person"}
    row |= {"correct": correct, "n": n, "accuracy": correct / n if n else None, "low": low, "high": high}
    row |= {"majority": always, "undecided": int((one.answers < 0).sum()) if vote else None}
    return row | {"seconds": float(np.median(known)) if len(known) else None}


def _tests(
    everyone: list[Answers],
    truth: np.ndarray,
    predicted: dict[str, np.ndarray],
    titles: dict[str, str],
    level: float,
) -> list[Row]:
    family: list[Row] = []
    for one in everyone:
        hit = one.answers == truth
        for predictor, theirs in predicted.items():
            person, model = int((hit & ~theirs).sum()), int((theirs & ~hit).sum())
            row: Row = {"sample": one.sample, "annotator": one.annotator}
            row |= {"predictor": predictor, "title": titles[predictor]}
            row |= {"only_person": person, "only_predictor": model}
            row |= {"difference": (person - model) / len(truth), "p": mcnemar(person, model)}
            row["items_needed"] = items_needed(person / len(truth), model / len(truth), level)
            family.append(row)
    adjusted = holm([row["p"] for row in family])
    return [row | {"p_holm": p} for row, p in zip(family, adjusted, strict=True)]


def _agreement(sample: str, given: list[Answers], classes: int, confidence: float) -> list[Row]:
    def row(measure: str, found: Agreement, *who: str) -> Row:
        a, b = who if len(who) == 2 else (None, None)
        head = {"sample": sample, "measure": measure, "a": a, "b": b, "people": len(who) or len(given)}
        metadata = {"observed": found.observed, "kappa": found.kappa, "low": found.low, "high": found.high}
        return head | {"n": len(given[0].answers)} | metadata

    rows = [
        row("cohen", cohen(a.answers, b.answers, classes, confidence), a.annotator, b.annotator)
        for a, b in combinations(given, 2)
    ]
    if len(given) >= 3:
        rows.append(row("fleiss", fleiss(np.stack([one.answers for one in given]), classes)))
    return rows


def _missed(
    given: list[Answers], truth: np.ndarray, asked: Contexts, sample: Sample, tokenizer: Path | None
) -> list[Row]:
    if not given:
        return []
    assert tokenizer is not None, "labels need a tokenizer"
    nobody = np.flatnonzero(np.all([one.answers != truth for one in given], axis=0))
    vocabulary = Vocabulary.read(tokenizer)
    return [
        {
            "context": int(sample.contexts[i]),
            "text": vocabulary.decode(asked.tokens[sample.contexts[i]]),
            "answer": asked.candidates[truth[i]],
            "said": {one.annotator: asked.candidates[one.answers[i]] for one in given},
        }
        for i in nobody
    ]


def _power(right: dict[str, np.ndarray], size: int, level: float) -> list[Row]:
    rows: list[Row] = []
    for a, b in combinations(right, 2):
        only_a, only_b = float((right[a] & ~right[b]).mean()), float((right[b] & ~right[a]).mean())
        row: Row = {
            "a": a,
            "b": b,
            "difference": round(only_a - only_b, 12),
            "disagree": round(only_a + only_b, 12),
        }
        row |= {"contexts": len(right[a]), "items_needed": items_needed(only_a, only_b, level)}
        chance = mcnemar_power(size, only_a, only_b, level) if abs(only_a - only_b) > 0 else None
        rows.append(row | {"size": size, "chance": chance})
    return rows
