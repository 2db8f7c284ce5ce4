"""Weights that a redraw of the stories would undo: found by refits, and what goes with them."""

import math
from pathlib import Path

import numpy as np
import pytest

from handcraft.analysis.stability import LITTLE, UNSTABLE, evaluate_stability, unstable
from handcraft.config.model import Evaluation
from handcraft.config.predictors import Linear
from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import read_csv, read_tensors, write_tensors
from handcraft.math import context_losses, log_softmax
from handcraft.predictors.linear.predict import linear_logits
from handcraft.predictors.linear.resample import train_resamples
from tests.helpers.artifacts import contexts_file, last_token_decides, support_file, weights_file
from tests.helpers.linear import linear_outputs, train_small

SETTINGS = Evaluation(bootstrap=200)


def test_only_a_weight_that_keeps_its_sign_seldom_is_unstable() -> None:
    weight, kept = np.array([1.0, -0.1, 0.1, 0.0]), np.array([1.0, UNSTABLE, UNSTABLE - 0.01, 0.1])
    assert unstable(weight, kept).tolist() == [False, False, True, False]


def test_the_losses_are_those_of_a_model_without_these_weights(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    tokens, labels = last_token_decides(40, 3)
    weight = random.normal(0, 1, (4, 12, 3)).astype(np.float32)
    kept = random.random((4, 12, 3)).astype(np.float32)
    counts = random.integers(0, 3, (4, 12))
    weights = weights_file(tmp_path / "w.safetensors", weight)
    support = support_file(tmp_path / "s.safetensors", counts, 2500)
    write_tensors(tmp_path / "r.safetensors", {"sign_stability": kept}, {})
    held_out = contexts_file(tmp_path / "c.safetensors", tokens, labels)
    files = (weights, support, tmp_path / "r.safetensors", held_out)
    evaluate_stability(*files, settings=SETTINGS, seed=0, output=tmp_path / "o.csv")
    rows = {r["removed"]: r for r in read_csv(tmp_path / "o.csv")}

    def loss(removed: np.ndarray) -> float:
        total = 0.0
        for row, label in zip(tokens.tolist(), labels.tolist(), strict=True):
            z = [
                sum(float(weight[p, row[p], k]) for p in range(4) if not removed[p, row[p], k])
                for k in range(3)
            ]
            total += math.log(sum(map(math.exp, z))) - z[label]
        return total / len(labels)

    flagged = kept < 0.5
    size = np.abs(weight - weight.mean(2, keepdims=True))
    rare = (size >= 1) & (counts[:, :, None] < 2.5)
    for name, removed in (("unstable", flagged), ("large but rare", rare)):
        assert (rows[name]["size"], rows[name]["weights"]) == (removed.sum(), weight.size)
        assert rows[name]["loss"] == pytest.approx(loss(removed), abs=1e-6)
        assert rows[name]["loss_added"] == pytest.approx(loss(removed) - loss(removed & False), abs=1e-6)
        assert rows[name]["low"] <= rows[name]["loss_added"] <= rows[name]["high"]
    assert rows["others"]["size"] == min(flagged.sum(), (~flagged).sum())


def test_noise_is_flagged_and_costs_nothing_and_rules_are_not(tmp_path: Path) -> None:
    """Only the last token says anything: its weights are stable and dear, those of the others neither."""
    train = contexts_file(tmp_path / "train.safetensors", *last_token_decides(900, 0))
    held_out = contexts_file(tmp_path / "held_out.safetensors", *last_token_decides(900, 1))
    outputs = linear_outputs(tmp_path)
    train_small(train, held_out, outputs, [1e-3])
    resampling = tmp_path / "r.safetensors"
    settings = Linear(resamples=8, gap=1e-4)
    train_resamples(train, outputs.weights, settings=settings, seed=0, machine=Machine(), output=resampling)
    weight, kept = read_tensors(outputs.weights)["weight"], read_tensors(resampling)["sign_stability"]
    flagged = unstable(weight, kept)
    decisive = np.zeros(weight.shape, bool)
    decisive[-1, np.arange(12), np.arange(12) % 3] = True
    assert flagged.any()
    assert not flagged[decisive].any()
    evaluate_stability(
        outputs.weights,
        outputs.support,
        resampling,
        held_out,
        settings=SETTINGS,
        seed=0,
        output=tmp_path / "o.csv",
    )
    rows = {r["removed"]: r for r in read_csv(tmp_path / "o.csv")}
    assert rows["unstable"]["loss_added"] < 0.01
    assert rows["others"]["loss_added"] > 3 * abs(rows["unstable"]["loss_added"])
    # As many of the slightest as can go; one more would cost too much, and none of the decisive ones is among them.
    tensors, asked = read_tensors(outputs.weights), read_contexts(held_out)
    places = np.flatnonzero(weight)
    worth = (weight.astype(float) ** 2 * read_tensors(outputs.support)["support"][:, :, None]).ravel()[places]
    can_go = rows["slightest"]["size"]
    assert 0 < can_go < len(places)

    def loss(count: int) -> float:
        removed = weight.copy().ravel()
        removed[places[np.argsort(worth, kind="stable")[:count]]] = 0
        assert count == can_go + 1 or removed.reshape(weight.shape)[decisive].all()
        logits = linear_logits(removed.reshape(weight.shape), tensors["bias"], asked.tokens)
        return float(context_losses(log_softmax(logits), asked.labels).mean())

    assert loss(can_go) <= loss(0) + LITTLE < loss(can_go + 1)
    assert rows["slightest"]["loss_added"] == pytest.approx(loss(can_go) - loss(0), abs=1e-9)


def test_files_of_other_builds_are_refused(tmp_path: Path) -> None:
    weights = weights_file(tmp_path / "w.safetensors", np.zeros((4, 12, 3)))
    support = support_file(tmp_path / "s.safetensors", np.zeros((4, 12)), 10)
    write_tensors(tmp_path / "r.safetensors", {"sign_stability": np.zeros((3, 12, 3))}, {})
    held_out = contexts_file(tmp_path / "c.safetensors", *last_token_decides(10, 0))
    files = (weights, support, tmp_path / "r.safetensors", held_out)
    with pytest.raises(UserError, match="do not fit"):
        evaluate_stability(*files, settings=SETTINGS, seed=0, output=tmp_path / "o.csv")
