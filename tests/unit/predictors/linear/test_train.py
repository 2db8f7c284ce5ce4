"""train_linear: the choice of the penalty, what it writes, and bad input."""

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handcraft.config.predictors import Linear
from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import read_csv, read_json, read_metadata, read_tensors
from handcraft.math import normalise
from handcraft.predictors.linear.predict import linear_logits
from handcraft.predictors.linear.train import (
    COLUMNS,
    Outputs,
    Score,
    between,
    choose,
    penalty_path,
    score,
    train_linear,
)
from tests.helpers.artifacts import contexts_file, last_token_decides


@pytest.fixture
def splits(tmp_path: Path) -> tuple[Path, Path]:
    train = contexts_file(tmp_path / "train.safetensors", *last_token_decides(600, 0))
    return train, contexts_file(tmp_path / "validation.safetensors", *last_token_decides(300, 1))


def fit(splits: tuple[Path, Path], out: Path, **changed: Any) -> Path:
    settings = {
        "l1": [1e-3, 1e-2, 1e-1],
        "count": 5,
        "smallest": 1e-3,
        "gap": 1e-3,
        "max_iterations": 2000,
    }
    outputs = Outputs(**{f.name: out / f"{f.name}.out" for f in dataclasses.fields(Outputs)})
    train_linear(*splits, settings=Linear(**settings | changed), machine=Machine(), outputs=outputs)
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
    assert metrics["l1"] == chosen[0]["l1"] == read_metadata(out / "weights.out")["l1"]
    assert metrics["nonzeros"] == np.count_nonzero(tensors["weight"]) < tensors["weight"].size
    assert all(row["gap"] <= 1e-3 for row in path)
    support = read_tensors(out / "support.out")["support"]
    assert support.dtype == np.int32
    tokens = last_token_decides(600, 0)[0]
    assert support[3, 5] == (tokens[:, 3] == 5).sum()
    assert (support.sum(1) == 600).all()


def test_the_sparser_choice_is_the_largest_penalty_within_one_standard_error(
    tmp_path: Path, splits: tuple[Path, Path]
) -> None:
    out = fit(splits, tmp_path / "a", l1=[2e-2, 1.1e-2, 1e-2, 9e-3, 8e-3, 7e-3, 6e-3, 1e-3])
    path, metrics = read_csv(out / "path.out"), read_json(out / "metrics.out")
    best = next(row for row in path if row["chosen"])
    within = [r for r in path if r["validation_loss"] <= best["validation_loss"] + best["validation_se"]]
    (sparser,) = [row for row in path if row["sparser"]]
    assert sparser == max(within, key=lambda row: row["l1"])
    assert sparser["l1"] > best["l1"]
    assert metrics["sparser"]["l1"] == sparser["l1"] == read_metadata(out / "sparser.out")["l1"]
    assert (
        np.count_nonzero(read_tensors(out / "sparser.out")["weight"])
        == sparser["nonzeros"]
        < best["nonzeros"]
    )


def test_choose() -> None:
    losses = [0.9, 0.62, 0.55, 0.5, 0.5, 0.7]
    assert choose([Score(loss, 0.1, 0.5) for loss in losses]) == (3, 2)
    assert choose([Score(loss, 0.0, 0.5) for loss in losses]) == (3, 3)
    assert choose([Score(0.7, 0.1, 0.5)]) == (0, 0)


def test_the_standard_error_goes_by_story(tmp_path: Path) -> None:
    """Every context three times in its story: the same loss, and the error of the third as many."""
    tokens, labels = last_token_decides(200, 5)
    single = read_contexts(contexts_file(tmp_path / "a", tokens, labels))
    tripled = dataclasses.replace(
        single,
        tokens=np.repeat(single.tokens, 3, 0),
        labels=np.repeat(single.labels, 3),
        story=np.repeat(single.story, 3),
        offset=np.repeat(single.offset, 3),
    )
    weight = np.random.default_rng(0).normal(size=(4, 12, 3)).astype(np.float32)
    once, thrice = (score(weight, np.zeros(3, np.float32), c) for c in (single, tripled))
    assert thrice.loss == pytest.approx(once.loss)
    assert thrice.error == pytest.approx(once.error)
    values = normalise(linear_logits(weight, np.zeros(3), single.tokens))
    assert once.error == pytest.approx(values[np.arange(200), labels].std() / 200**0.5, rel=1e-5)


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


def test_the_path_goes_from_no_weight_at_all_down_to_the_smallest(
    tmp_path: Path, splits: tuple[Path, Path]
) -> None:
    out = fit(splits, tmp_path / "a", l1=None, count=6, smallest=2e-3, refine=0)
    path, metrics = read_csv(out / "path.out"), read_json(out / "metrics.out")
    penalties = [row["l1"] for row in path]
    assert len(penalties) == 6
    assert penalties[-1] == 2e-3
    assert metrics["l1_of_all_zero"] <= penalties[0] < 1.01 * metrics["l1_of_all_zero"]
    assert path[0]["nonzeros"] == 0 < path[1]["nonzeros"]
    steps = [a / b for a, b in itertools.pairwise(penalties)]
    assert steps == pytest.approx([steps[0]] * 5, rel=0.02)


def test_the_path_is_searched_more_finely_around_the_best(tmp_path: Path, splits: tuple[Path, Path]) -> None:
    options = {"l1": None, "count": 4, "smallest": 5e-4}
    coarse, fine = (
        read_csv(fit(splits, tmp_path / str(n), refine=n, **options) / "path.out") for n in (0, 2)
    )
    best = {n: next(r for r in rows if r["chosen"]) for n, rows in ((0, coarse), (2, fine))}
    assert {r["l1"] for r in coarse} < {r["l1"] for r in fine}
    assert len(coarse) < len(fine) <= len(coarse) + 4
    assert [r["l1"] for r in fine] == sorted((r["l1"] for r in fine), reverse=True)
    assert best[2]["validation_loss"] == min(r["validation_loss"] for r in fine)
    assert best[2]["validation_loss"] < best[0]["validation_loss"]
    # A fit between is the same as one that starts from nothing.
    one = next(r for r in fine if r["l1"] not in {c["l1"] for c in coarse})
    alone = read_csv(fit(splits, tmp_path / "alone", l1=[one["l1"]]) / "path.out")[0]
    assert one["objective"] == pytest.approx(alone["objective"], rel=2e-3)


def test_between_are_the_middles_on_both_sides_of_the_best() -> None:
    path = [0.08, 0.02, 0.005]
    assert between(path, 0) == [(0.08, 0.04)]
    assert between(path, 1) == [(0.08, 0.04), (0.02, 0.01)]
    assert between(path, 2) == [(0.02, 0.01)]
    assert between([0.08], 0) == []
    assert between([0.0101, 0.01], 0) == []


def test_a_path_whose_end_leaves_no_weight_is_its_beginning() -> None:
    assert penalty_path(0.0213, 0.5, 8) == [0.0213]
    assert penalty_path(0.02131, 1e-3, 2) == [0.0214, 1e-3]


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
