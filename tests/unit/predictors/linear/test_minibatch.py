"""The blog post's way of training: curves, determinism, and the distance from the optimum."""

from pathlib import Path
from typing import Any

import pytest
import torch

from handcraft.config.predictors import Minibatch
from handcraft.device import Machine
from handcraft.files import read_json, read_table
from handcraft.predictors.linear.minibatch import Inputs, MinibatchModel, Smoothed, train_minibatch
from tests.helpers.artifacts import contexts_file, last_token_decides
from tests.helpers.linear import linear_outputs, train_small

NAMES = ("train_loss", "l1_term", "validation_loss")


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    train = contexts_file(tmp_path / "train.safetensors", *last_token_decides(600, 0))
    validation = contexts_file(tmp_path / "validation.safetensors", *last_token_decides(200, 1))
    outputs = linear_outputs(tmp_path)
    train_small(train, validation, outputs, [1e-2])
    return Inputs(train, validation, outputs.metrics)


def run(inputs: Inputs, out: Path, seed: int = 0, **changed: Any) -> tuple[dict[str, Any], Any]:
    settings = {
        "l1": None,
        "batches": 410,
        "batch_size": 64,
        "learning_rate": 1e-2,
        "every": 20,
        "smoothing": 0.9,
    }
    train_minibatch(
        inputs,
        settings=Minibatch(**settings | changed),
        seed=seed,
        machine=Machine(),
        history=out / "history",
        metrics=out / "metrics",
    )
    return read_json(out / "metrics"), read_table(out / "history")


def test_curves_and_end(tmp_path: Path, inputs: Inputs) -> None:
    metrics, history = run(inputs, tmp_path / "a")
    assert history.column_names == ["batch", *(c for name in NAMES for c in (name, f"{name}_smoothed"))]
    assert history["batch"].to_pylist() == [*range(20, 401, 20), 410]
    curve = history["validation_loss"].to_pylist()
    assert curve[-1] < curve[0]
    assert curve[-1] == metrics["validation_loss"]
    assert history["l1_term"].to_pylist()[-1] == metrics["l1_term"]
    assert metrics["l1"] == 1e-2
    # The optimum is certified to 1e-4, so nothing can lie below it by more.
    assert -1e-4 < metrics["objective_gap"] < 0.2
    assert metrics["objective"] == pytest.approx(metrics["train_loss"] + metrics["l1_term"])


def test_two_runs_give_the_same_bytes_and_another_seed_does_not(tmp_path: Path, inputs: Inputs) -> None:
    for name in ("a", "b"):
        run(inputs, tmp_path / name)
    run(inputs, tmp_path / "c", seed=1)
    for file in ("history", "metrics"):
        a, b, c = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert a == b != c


def test_another_penalty_gets_its_own_optimum(tmp_path: Path, inputs: Inputs) -> None:
    same, _ = run(inputs, tmp_path / "a")
    assert same["optimum"]["objective"] == read_json(inputs.linear)["objective"]
    other, _ = run(inputs, tmp_path / "b", l1=3e-2)
    assert other["optimum"]["nonzeros"] < same["optimum"]["nonzeros"]
    assert -1e-3 < other["objective_gap"] < 0.2


def test_without_a_penalty_there_is_no_optimum_to_compare_with(tmp_path: Path, inputs: Inputs) -> None:
    metrics, _ = run(inputs, tmp_path / "a", l1=0.0, batch_size=10_000, batches=5)
    assert metrics["objective_gap"] is metrics["optimum"] is None
    assert metrics["l1_term"] == 0
    assert metrics["batch_size"] == 600


def test_the_written_out_steps_are_those_of_torch_adam() -> None:
    torch.manual_seed(0)
    x, y = torch.randint(0, 30, (50, 4), dtype=torch.int32), torch.randint(0, 3, (50,))
    ours = MinibatchModel(30, 3, 0.01, 0.05, torch.device("cpu"))
    # Not from zero: there some gradients are 0 but for rounding, and Adam's first step divides by their size.
    ours.parameters += torch.randn(31, 3)
    W, b = (part.clone().requires_grad_() for part in (ours.parameters[:-1], ours.parameters[-1]))
    adam = torch.optim.Adam([W, b], lr=0.05)
    for _ in range(20):
        ours.step(x, y)
        adam.zero_grad()
        loss = torch.nn.functional.cross_entropy(W[x.long()].sum(1) + b, y) + 0.01 * W.abs().sum()
        loss.backward()
        adam.step()
    torch.testing.assert_close(ours.parameters[:-1], W.detach(), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(ours.parameters[-1], b.detach(), atol=1e-5, rtol=1e-4)


def test_smoothing_is_corrected_for_its_start() -> None:
    curve = Smoothed(0.9)
    assert curve.add(2.0) == pytest.approx(2.0)
    assert curve.add(1.0) == pytest.approx((0.9 * 2 + 1) / 1.9)
