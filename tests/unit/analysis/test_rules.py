"""The analysis of a rule file: every number by hand, and gains without a rule that equal those of a new fit."""

from pathlib import Path

import numpy as np
import pytest

from handcraft.analysis.rules import (
    COLUMNS,
    agreement,
    analyse,
    leave_one_out,
    same_as,
    without_rule,
    written_without,
)
from handcraft.contexts.read import Contexts
from handcraft.files import read_csv, write_csv
from handcraft.math import context_losses, log_softmax
from handcraft.predictors.rules.fit import Problem, Strengths
from handcraft.predictors.rules.people import Read
from handcraft.rules.match import TokenRule, fires_matrix, stack_columns
from tests.helpers.rules import CANDIDATES, read_few

RULES = """
  - when: {token: was, position: -1}
    push: {so: 2}
    why: a
  - when: {token: cat}
    push: {but: 1}
    why: b
  - when: {token: dog, position: -2 to -1}
    push: {and: -1, so: -0.5}
    why: c
  - when: {token: was, position: -1}
    and: {token: was}
    push: {so: 0.5}
    why: the same as the first
    proposed: true
"""


def contexts(n: int, seed: int) -> Contexts:
    """Contexts of four tokens, and words by the first three rules."""
    random = np.random.default_rng(seed)
    tokens = random.integers(0, 8, (n, 4)).astype(np.uint16)
    logits = np.outer(tokens[:, -1] == 3, [0, 0, 2.0]) + np.outer((tokens == 1).any(1), [0, 1.0, 0])
    logits += np.outer((tokens[:, -2:] == 2).any(1), [-1.0, 0, -0.5])
    labels = (random.random(n)[:, None] > np.exp(log_softmax(logits)).cumsum(1)).sum(1).clip(0, 2)
    rows = np.arange(n, dtype=np.int64)
    return Contexts(tokens, labels.astype(np.uint8), rows // 3, rows, CANDIDATES, 12)


def read_model(folder: Path, training: Contexts) -> Read:
    rules, _, _ = read_few(folder, RULES)
    weight = np.array([rule.push for rule in rules])
    return Read(rules, fires_matrix(rules, training.tokens), Strengths(np.zeros(3), weight))


def test_agreement_is_counted_as_by_hand() -> None:
    up = TokenRule((), (), (1.0, 0.0, -2.0))
    other = TokenRule((), (), (0.5, 0.6, 0.0))
    down = TokenRule((), (), (0.0, -1.0, -1.0))
    silent = TokenRule((), (), (1.0, 0.0, 0.0))
    fires = stack_columns([np.array(x, int) for x in ([0, 1, 2, 3], [2, 3, 4], [3, 5], [])], 6)
    found = agreement([up, other, down, silent], fires, np.array([0, 1, 0, 0, 1, 2]))
    assert found[0] == {"held_out": 4, "coverage": 4 / 6, "overlap": 0.5, "conflict": 0.5, "precision": 0.75}
    assert found[1] == {
        "held_out": 3,
        "coverage": 0.5,
        "overlap": 2 / 3,
        "conflict": 2 / 3,
        "precision": 1 / 3,
    }
    # It only pushes down: right where none of these came, in conflict where another pushes one of them.
    assert found[2] == {"held_out": 2, "coverage": 1 / 3, "overlap": 0.5, "conflict": 0.5, "precision": 0.5}
    assert found[3] == {"held_out": 0, "coverage": 0, "overlap": None, "conflict": None, "precision": None}


@pytest.mark.parametrize("l2", [0.1, 10.0])
def test_gains_without_a_rule_equal_those_of_a_new_fit(l2: float) -> None:
    random = np.random.default_rng(0)
    columns = [np.flatnonzero(random.random(1500) < rate) for rate in random.uniform(0.01, 0.6, 15)]
    columns.append(columns[0])  # a rule that another one can replace
    pushed = random.random((16, 4)) < 0.4
    pushed[np.arange(16), random.integers(0, 4, 16)] = True
    labels = np.where(random.random(1500) < 0.5, random.integers(0, 4, 1500), 2)
    labels[columns[3]] = 1
    problem = Problem(stack_columns(columns, 1500), pushed, labels, l2)
    quick = leave_one_out(problem, problem.solve())
    for i in (0, 3, 7, 15):
        anew = problem.unpack(without_rule(problem, i))
        np.testing.assert_allclose(quick[i].weight, anew.weight, atol=1e-4)
        assert not quick[i].weight[i].any()
        losses = [
            context_losses(log_softmax(m.logits(problem._fires)), labels).mean() for m in (quick[i], anew)
        ]
        assert losses[0] == pytest.approx(losses[1], abs=1e-8)


def test_a_rule_of_a_file_is_left_out_as_written(tmp_path: Path) -> None:
    training = contexts(500, 0)
    read = read_model(tmp_path, training)
    without = written_without(read.written, read.fires, 1, training.labels)
    others = [rule for i, rule in enumerate(read.rules) if i != 1]
    logits = fires_matrix(others, training.tokens) @ np.array([rule.push for rule in others])
    np.testing.assert_allclose(without, context_losses(log_softmax(logits), training.labels))


def test_what_rules_gain_and_which_are_redundant(tmp_path: Path) -> None:
    training, held_out = contexts(9000, 0), contexts(3000, 1)
    rows = analyse(read_model(tmp_path, training), training, held_out, l2=1.0, confidence=0.95)
    write_csv(tmp_path / "rules.csv", rows, COLUMNS)
    read = read_csv(tmp_path / "rules.csv")
    assert [r["line"] for r in read] == [4, 7, 10, 13]
    assert [r["origin"] for r in read] == ["person", "person", "person", "proposed"]
    # The first and the last can replace each other: each gains alone, neither beside the other.
    assert [r["redundant"] for r in read] == [1, 0, 0, 1]
    assert [r["same_as"] for r in read] == [None, None, None, "line 4"]
    assert read[0]["refitted"] == pytest.approx(0, abs=1e-4)
    assert read[0]["alone"] > 0.04
    assert all(r["refitted_low"] > 0 for r in read[1:3])
    assert all(r["gain"] > 0 and r["low"] < r["gain"] < r["high"] for r in read[:3])
    seen = (held_out.tokens[:, -1] == 3).sum()
    assert read[0]["held_out"] == seen
    assert read[0]["precision"] == pytest.approx((held_out.labels[held_out.tokens[:, -1] == 3] == 2).mean())


def test_the_same_contexts_are_told() -> None:
    assert same_as(stack_columns([np.arange(100), np.arange(50), np.arange(2, 100)], 100)) == {2: 0}
