"""The score of a rule file while it is being written. Where a rule fires is computed once.

All scores are on validation contexts, so that the test contexts stay unseen until the report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from handcraft.analysis.rules import written_without
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.errors import UserError
from handcraft.files import read_csv
from handcraft.math import class_rates, context_losses, log_softmax
from handcraft.predictors.rules.fit import Problem, Strengths, choose_strengths
from handcraft.rules.files import read_rules
from handcraft.rules.match import (
    TokenRule,
    check_fires,
    compile_rules,
    pushes,
    stack_columns,
    start_logits,
)
from handcraft.tokenizer.tokens import Vocabulary

LISTED = 12
"""Rules that are listed, besides changed ones."""


@dataclass(frozen=True)
class Level:
    """A loss (nats) and an accuracy on validation contexts."""

    loss: float
    accuracy: float


@dataclass(frozen=True)
class Score:
    """A file's score. `gain` [rules]: what the loss rises by without each rule, as written; `seen`: its support.
    `model` as written, `fitted` refitted."""

    rules: list[TokenRule]
    written: Level
    refitted: Level
    gain: np.ndarray
    seen: np.ndarray
    model: Strengths
    fitted: Strengths
    candidates: tuple[str, ...]


class Scorer:
    """The contexts of a group, kept to score one version of its rule file after the other."""

    def __init__(self, build: Path, group: str) -> None:
        self.training, self.held_out = (group_contexts(build, group, s) for s in ("train", "validation"))
        self.vocabulary = Vocabulary.read(build / "results" / "tokenizer" / "tokenizer.json")
        self.rates = class_rates(self.training.labels, len(self.training.candidates))
        self.shares = level(np.tile(np.log(self.rates), (len(self.held_out), 1)), self.held_out.labels)
        self.linear = _linear_level(build / "results" / "linear" / group / "path.csv")
        self._fires: dict[object, tuple[np.ndarray, np.ndarray]] = {}
        self._l2: float | None = None

    def fires(self, rules: Sequence[TokenRule]) -> tuple[sparse.csc_array, sparse.csc_array]:
        """Where rules fire on training and validation contexts; a rule that was asked for before is not looked for."""
        for rule in rules:
            if rule.place not in self._fires:
                both = (rule.rows(c.tokens) for c in (self.training, self.held_out))
                first, second = map(np.flatnonzero, both)
                self._fires[rule.place] = (first, second)
        found = [self._fires[rule.place] for rule in rules]
        n, m = len(self.training), len(self.held_out)
        return stack_columns([f for f, _ in found], n), stack_columns([s for _, s in found], m)

    def score(self, path: Path) -> Score:
        """The score of the file as it stands; `UserError` where it is wrong.

        The first version chooses the ridge of the refitted rules; later ones keep it.
        """
        read, source = read_rules(path)
        candidates, length = self.training.candidates, self.training.length
        rules = compile_rules(read, source, self.vocabulary, candidates, length)
        fires, held = self.fires(rules)
        check_fires(rules, fires, read, source)
        model = Strengths(start_logits(read, candidates, self.rates), pushes(rules))
        labels = self.held_out.labels
        if self._l2 is None:
            fitted, self._l2, _ = choose_strengths(
                (fires, self.training.labels), (held, labels), model.weight != 0
            )
        else:
            problem = Problem(fires, model.weight != 0, self.training.labels, self._l2)
            fitted = problem.unpack(problem.solve())
        base = context_losses(log_softmax(model.logits(held)), labels).mean()
        gain = np.array([written_without(model, held, i, labels).mean() - base for i in range(len(rules))])
        return Score(
            rules,
            level(model.logits(held), labels),
            level(fitted.logits(held), labels),
            gain,
            np.diff(fires.indptr),
            model,
            fitted,
            candidates,
        )


def level(logits: np.ndarray, labels: np.ndarray) -> Level:
    """Loss and accuracy of logits [n, K]."""
    return Level(
        float(context_losses(log_softmax(logits), labels).mean()),
        float((logits.argmax(axis=1) == labels).mean()),
    )


def group_contexts(build: Path, group: str, split: str) -> Contexts:
    """Contexts of a finished build; `UserError` where the build has none of this group."""
    path = build / "results" / "contexts" / group / f"{split}.safetensors"
    if not path.is_file():
        built = sorted(p.name for p in (build / "results" / "contexts").glob("*") if "." not in p.name)
        known = f" (built: {', '.join(built)})" if built else ""
        raise UserError(
            f"there are no contexts of {group!r} in this build{known}",
            where=str(path),
            remedy="run `make report` first, or give the directory of a build with --build",
        )
    return read_contexts(path)


def format_score(scorer: Scorer, score: Score, before: Score | None = None) -> str:
    """The score as text: the levels, what changed since the version `before`, and the rules by what they gain."""
    proposed = sum(rule.proposed for rule in score.rules)
    marked = f", {proposed} of them proposed by a program" if proposed else ""
    lines = [f"{len(score.rules)} rules{marked}; on {len(scorer.held_out):,} validation contexts:", ""]
    lines.append(f"  {'':22}{'loss':>8}{'accuracy':>10}   of the linear model's gain")
    levels = [
        ("the words' shares", scorer.shares),
        ("as written", score.written),
        ("refitted", score.refitted),
    ]
    if scorer.linear:
        levels.append(("linear", scorer.linear))
    for name, one in levels:
        lines.append(f"  {name:22}{one.loss:8.4f}{one.accuracy:10.1%}{_share(scorer, one):>9}")
    if before is not None:
        lines += ["", *changes(score, before)]
    order = np.argsort(-score.gain, kind="stable")
    lines += [
        "",
        f"  {'line':>6}{'gain':>9}{'seen':>8}  rule (gain: what the loss rises by without it, as written)",
    ]
    shown = order if len(order) <= 2 * LISTED else [*order[:LISTED], None, *order[-LISTED:]]
    for i in shown:
        lines.append("     ..." if i is None else _line(score, int(i)))
    return "\n".join(lines)


def changes(score: Score, before: Score) -> list[str]:
    """What changed between two versions: scores, and rules by where they fire and what they push."""
    lines = [
        f"  since the last version: as written {score.written.loss - before.written.loss:+.4f}, "
        f"refitted {score.refitted.loss - before.refitted.loss:+.4f}"
    ]
    old = {rule.place: (rule, i) for i, rule in enumerate(before.rules)}
    new = {rule.place: (rule, i) for i, rule in enumerate(score.rules)}
    for place, (rule, i) in new.items():
        if place not in old:
            lines.append(f"  + {_line(score, i).strip()}")
        elif old[place][0].push != rule.push:
            lines.append(f"  ~ {_line(score, i).strip()} (before: {old[place][0].pushes})")
    lines += [f"  - {rule.text} -> {rule.pushes}" for place, (rule, _) in old.items() if place not in new]
    return lines


def _line(score: Score, i: int) -> str:
    rule = score.rules[i]
    mark = ", proposed" if rule.proposed else ""
    pushed = np.flatnonzero(rule.push)
    fitted = ", ".join(f"{score.candidates[k].strip()} {score.fitted.weight[i, k]:+.2f}" for k in pushed)
    start = f"  {rule.line:>6}{score.gain[i]:>9.4f}{score.seen[i]:>8,}"
    return f"{start}  {rule.text} -> {rule.pushes} (fitted {fitted}{mark})"


def _share(scorer: Scorer, one: Level) -> str:
    if scorer.linear is None or scorer.linear.loss >= scorer.shares.loss:
        return ""
    return f"{(scorer.shares.loss - one.loss) / (scorer.shares.loss - scorer.linear.loss):.0%}"


def _linear_level(path: Path) -> Level | None:
    """Of the chosen penalty, on validation contexts; None without a linear model."""
    rows = [r for r in read_csv(path) if r["chosen"]] if path.is_file() else []
    return Level(rows[0]["validation_loss"], rows[0]["validation_accuracy"]) if rows else None
