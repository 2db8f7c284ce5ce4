"""train_linear: the choice of the penalty, what it writes, and bad input."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handcraft.errors import UserError
from handcraft.files import read_csv, read_facts, read_json, read_tensors
from handcraft.predictors.linear import COLUMNS, train_linear
from tests.artifacts import contexts_file, last_token_decides


@pytest.fixture
def splits(tmp_path: Path) -> tuple[Path, Path]:
    train = contexts_file(tmp_path / "train.safetensors", *last_token_decides(600, 0))
    return train, contexts_file(tmp_path / "validation.safetensors", *last_token_decides(300, 1))


def fit(splits: tuple[Path, Path], out: Path, **changed: Any) -> Path:
    settings = {"l1": [1e-3, 1e-2, 1e-1], "gap": 1e-3, "max_iterations": 2000, "device": "cpu", "threads": 1}
    outputs = {n: out / f"{n}.out" for n in ("weights", "path", "support", "metrics")}
    train_linear(*splits, **{**settings, **changed}, **outputs)
    return out


def test_writes_what_the_contract_says(tmp_path: Path, splits: tuple[Path, Path]) -> None:
    out = fit(splits, tmp_path / "a")
    tensors = read_tensors(out / "weights.out")
    assert tensors["weight"].shape == (4, 12, 3)
    assert tensors["weight"].dtype == tensors["bias"].dtype == np.float32
    path, metrics = read_csv(out / "path.out"), read_json(out / "metrics.out")
    assert tuple(path[0]) == COLUMNS
    assert [row["l1"] for row in path] == [1e-1, 1e-2, 1e-3]
    chosen = [row for row in path if row["chosen"]]
    assert chosen == [min(path, key=lambda row: row["validation_loss"])]
    assert metrics["l1"] == chosen[0]["l1"] == read_facts(out / "weights.out")["l1"]
    assert metrics["nonzeros"] == np.count_nonzero(tensors["weight"]) < tensors["weight"].size
    assert all(row["gap"] <= 1e-3 for row in path)
    support = read_tensors(out / "support.out")["support"]
    assert support.dtype == np.int32
    tokens = last_token_decides(600, 0)[0]
    assert support[3, 5] == (tokens[:, 3] == 5).sum()
    assert (support.sum(1) == 600).all()


def test_two_runs_give_the_same_bytes(tmp_path: Path, splits: tuple[Path, Path]) -> None:
    one, two = fit(splits, tmp_path / "a"), fit(splits, tmp_path / "b")
    for file in one.iterdir():
        assert file.read_bytes() == (two / file.name).read_bytes()


def test_all_weights_vanish_under_a_large_penalty_and_it_is_said(
    tmp_path: Path, splits: tuple[Path, Path]
) -> None:
    out = fit(splits, tmp_path / "a", l1=[1.0])
    metrics = read_json(out / "metrics.out")
    assert metrics["all_weights_zero"]
    assert metrics["l1_of_all_zero"] < 1
    assert metrics["iterations"] == 0
    labels = last_token_decides(600, 0)[1]
    rates = np.bincount(labels) / 600
    assert metrics["train_loss"] == pytest.approx(-(rates * np.log(rates)).sum(), rel=1e-6)


def test_no_penalty_ends_by_its_gradient_without_a_certificate(
    tmp_path: Path, splits: tuple[Path, Path]
) -> None:
    out = fit(splits, tmp_path / "a", l1=[0.0, 1e-2], gap=1e-2)
    zero = read_csv(out / "path.out")[-1]
    assert zero["l1"] == 0
    assert zero["gap"] is None


@pytest.mark.parametrize("l1", [[], [-1e-3], [float("nan")], [float("inf")]])
def test_a_wrong_penalty_is_refused(tmp_path: Path, splits: tuple[Path, Path], l1: list[float]) -> None:
    with pytest.raises(UserError, match=r"predictors\.linear\.l1"):
        fit(splits, tmp_path / "a", l1=l1)


def test_no_convergence_is_an_error_that_names_the_penalty(tmp_path: Path, splits: tuple[Path, Path]) -> None:
    with pytest.raises(UserError, match=r"l1 0\.0001.*3 iterations(.|\n)*max_iterations"):
        fit(splits, tmp_path / "a", l1=[1e-4], max_iterations=3)
    assert not (tmp_path / "a" / "weights.out").exists()


@pytest.mark.parametrize(
    ("labels", "message"),
    [([0, 1], "2 contexts cannot train 3"), ([0, 1, 0, 1, 1], "no training context for ' so'")],
)
def test_what_cannot_be_trained_is_refused(
    tmp_path: Path, splits: tuple[Path, Path], labels: list[int], message: str
) -> None:
    train = contexts_file(tmp_path / "few.safetensors", np.ones((len(labels), 4)), np.array(labels))
    with pytest.raises(UserError, match=message):
        fit((train, splits[1]), tmp_path / "a")


def test_empty_or_foreign_validation_is_refused(tmp_path: Path, splits: tuple[Path, Path]) -> None:
    empty = contexts_file(tmp_path / "empty.safetensors", np.ones((0, 4)), np.array([], dtype=int))
    with pytest.raises(UserError, match="no validation context"):
        fit((splits[0], empty), tmp_path / "a")
    foreign = contexts_file(tmp_path / "foreign.safetensors", *last_token_decides(9, 2), vocabulary=13)
    with pytest.raises(UserError, match="do not belong together"):
        fit((splits[0], foreign), tmp_path / "a")


def test_validation_without_a_class_is_stated(tmp_path: Path, splits: tuple[Path, Path]) -> None:
    tokens, labels = last_token_decides(300, 1)
    validation = contexts_file(tmp_path / "v.safetensors", tokens[labels < 2], labels[labels < 2])
    out = fit((splits[0], validation), tmp_path / "a")
    assert read_json(out / "metrics.out")["validation_lacks"] == [" so"]
