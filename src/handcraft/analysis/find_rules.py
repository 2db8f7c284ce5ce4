"""The rules that a program proposes for a group, what so many of them reach, and the path of L1 penalties."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.proposals import Proposal, Proposer, in_words, merged, texts
from handcraft.config.model import Proposals
from handcraft.config.predictors import Linear
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.device import Machine
from handcraft.files import read_csv, write_csv, write_tensors, write_text
from handcraft.math import class_rates, context_losses, log_softmax
from handcraft.rules.files import Rule, RuleFile, written
from handcraft.rules.write import file_text
from handcraft.tokenizer.tokens import Vocabulary

COLUMNS = (
    "step", "rule", "pushes", "tokens", "seen", "held_out", "expected", "came", "z", "examples", "wrong",
)  # fmt: skip
SIZES = (1, 2, 3, 5, 7, 10, 15, 20, 30, 40, 50, 60, 80, 100, 120, 150, 200, 250, 300, 400, 500)
"""Numbers of rules on the curve, besides none and all."""
EXAMPLES, SHOWN = 3, 12
"""Contexts that are kept of each rule, of either kind, and their last tokens."""
PATH_GAP = 1e-2
"""Certified relative gap of the fits along the path: for a curve, not for weights."""
BY = (
    "a program (handcraft propose): from the training contexts, confirmed on the validation contexts; no person has "
    "checked these rules"
)


@dataclass(frozen=True)
class Inputs:
    """What `find_rules` reads: contexts of three splits, the tokenizer, and the linear model's path of penalties."""

    train: Path
    validation: Path
    test: Path
    tokenizer: Path
    path: Path


@dataclass(frozen=True)
class Outputs:
    """What `find_rules` writes."""

    table: Path
    file: Path
    curve: Path


def find_rules(
    inputs: Inputs, *, settings: Proposals, linear: Linear, seed: int, machine: Machine, outputs: Outputs
) -> None:
    """Propose rules for a group from its training contexts, confirm each on the validation contexts, and write them.

    `table`, a row a rule, in the order in which they were found: the `rule` in words and what it `pushes` (in the model
    of all rules), how many `tokens` it names, the training and validation contexts where it fires (`seen`, `held_out`),
    how often its candidate was `expected` there by the rules before it and how often it `came` (shares of `seen`), `z`
    (standard errors, by story, of its effect on validation contexts), `examples` and `wrong` (JSON: validation contexts
    where it fires and the model of all rules is right, and where it is not, as [text, word]).
    `file`: the rules as a rule file. `curve`: losses on the test contexts float32, `proposals` [S, n] with the first
    `size` int64 [S] rules, and `path` [T, n] of linear models with `weights` int64 [T] non-zero weights, from no weight
    to those of the chosen penalty.
    """
    training, held_out, asked = map(read_contexts, (inputs.train, inputs.validation, inputs.test))
    vocabulary = Vocabulary.read(inputs.tokenizer)
    proposer = Proposer(training, held_out, vocabulary, settings=settings, seed=seed)
    found = list(proposer.run())
    proposer.report()
    model = proposer.fitted(len(found), proposer.model)
    sets: dict[str, list[str]] = {}
    rules = [
        in_words(p, vocabulary, training.candidates, float(model.weight[i, p.candidate]), sets)
        for i, p in enumerate(found)
    ]
    logits = model.logits(proposer.fires(held_out.tokens))
    rows = [
        _row(i, p, texts(rule, sets), _contexts(p, held_out, logits, vocabulary))
        for i, (p, rule) in enumerate(zip(found, rules, strict=True))
    ]
    write_csv(outputs.table, rows, COLUMNS)
    write_text(
        outputs.file,
        proposed_file(rules, sets, training.candidates, model.start) if rules else "# no rule was found\n",
    )
    fires = proposer.fires(asked.tokens)
    sizes = sorted({0, *(s for s in SIZES if s < len(found)), len(found)})
    losses = [
        context_losses(log_softmax(proposer.fitted(s).logits(fires[:, :s])), asked.labels) for s in sizes
    ]
    weights, path = _path(training, asked, read_csv(inputs.path), linear, machine)
    write_tensors(
        outputs.curve,
        {
            "size": np.array(sizes, np.int64),
            "proposals": np.stack(losses).astype(np.float32),
            "weights": weights,
            "path": path,
        },
        {"rejected": proposer.rejected},
    )


def proposed_file(
    rules: Sequence[Rule], sets: dict[str, list[str]], candidates: Sequence[str], start: np.ndarray
) -> str:
    """The text of a rule file of proposals, whose scores start from those that were fitted with them.

    Two steps of the search that push two candidates in the same contexts are one rule of the file.
    """
    nats = {written(c): round(float(x), 3) for c, x in zip(candidates, start - start.mean(), strict=True)}
    return file_text(RuleFile(by=BY, start=nats, sets=sets, rules=merged(rules)))


def _row(
    step: int, p: Proposal, words: tuple[str, str], contexts: tuple[list[list[str]], list[list[str]]]
) -> dict[str, Any]:
    right, wrong = (json.dumps(x, ensure_ascii=False) for x in contexts)
    return {
        "step": step,
        "rule": words[0],
        "pushes": words[1],
        "tokens": sum(len(step) for pattern in p.rule.when for step in pattern.steps),
        "seen": p.seen,
        "held_out": p.held_out,
        "expected": p.expected,
        "came": p.came,
        "z": p.z,
        "examples": right,
        "wrong": wrong,
    }


def _contexts(
    p: Proposal, contexts: Contexts, logits: np.ndarray, vocabulary: Vocabulary
) -> tuple[list[list[str]], list[list[str]]]:
    """Contexts where a rule fires, with the word that came: where the model is right, and where it is wrong."""
    rows = np.flatnonzero(p.rule.rows(contexts.tokens))
    right = logits[rows].argmax(axis=1) == contexts.labels[rows]
    return shown(rows[right], contexts, vocabulary), shown(rows[~right], contexts, vocabulary)


def shown(
    rows: np.ndarray, contexts: Contexts, vocabulary: Vocabulary, spread: bool = True
) -> list[list[str]]:
    """The ends of a few contexts of `rows`, spread over them or the first, as [text, word that came]."""
    picked = rows[:EXAMPLES]
    if spread and len(rows):
        picked = rows[np.unique(np.linspace(0, len(rows) - 1, EXAMPLES).astype(int))]
    return [
        [
            vocabulary.decode(contexts.tokens[r, -SHOWN:].tolist()),
            contexts.candidates[contexts.labels[r]].strip(),
        ]
        for r in picked
    ]


def _path(
    training: Contexts, asked: Contexts, path: list[dict[str, Any]], linear: Linear, machine: Machine
) -> tuple[np.ndarray, np.ndarray]:
    """Non-zero weights int64 [T] and losses float32 [T, n]: of no weight, and of penalties down to the chosen one."""
    from handcraft.predictors.linear.onehot import OneHot
    from handcraft.predictors.linear.predict import linear_logits
    from handcraft.predictors.linear.solver import fit_path

    rates = class_rates(training.labels, len(training.candidates))
    weights = [0]
    losses = [context_losses(np.tile(np.log(rates), (len(asked), 1)), asked.labels)]
    chosen = next((r["l1"] for r in path if r["chosen"]), 0.0)
    penalties = sorted({r["l1"] for r in path if r["l1"] >= chosen and r["nonzeros"]}, reverse=True)
    if penalties:
        K = len(training.candidates)
        data = OneHot(training.tokens, training.labels, training.vocabulary, K, machine.prepare())
        gap = max(linear.gap, PATH_GAP)
        for fit in fit_path(data, penalties, gap=gap, max_iterations=linear.max_iterations):
            weights.append(int(fit.nonzeros))
            logits = linear_logits(fit.weight, fit.bias, asked.tokens)
            losses.append(context_losses(log_softmax(logits), asked.labels))
    return np.array(weights, np.int64), np.stack(losses).astype(np.float32)
