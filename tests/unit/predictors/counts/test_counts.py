"""The predictions artifact and the predictors that need no torch."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from handcraft.contexts.read import read_contexts
from handcraft.errors import UserError
from handcraft.files import write_tensors, write_text
from handcraft.math import normalise
from handcraft.predictions import read_predictions, write_predictions
from handcraft.predictors.counts.last_token import predict_last_token
from handcraft.predictors.counts.majority import predict_majority
from handcraft.predictors.linear.predict import linear_logits, predict_linear
from tests.helpers.artifacts import WORDS, contexts_file


@pytest.fixture
def train(tmp_path: Path) -> Path:
    tokens = np.array([[0, 1], [0, 1], [2, 1], [3, 4]])
    return contexts_file(tmp_path / "train.safetensors", tokens, np.array([0, 0, 1, 2]), 8)


@pytest.fixture
def test(tmp_path: Path) -> Path:
    tokens = np.array([[7, 1], [0, 4], [0, 7]])
    return contexts_file(tmp_path / "test.safetensors", tokens, np.array([0, 2, 1]), 8)


def test_predictions_come_back_as_written(tmp_path: Path) -> None:
    values = normalise(np.random.default_rng(0).normal(size=(7, 3)))
    write_predictions(tmp_path / "p.parquet", values, predictor="x", title="an x", candidates=WORDS)
    found = read_predictions(tmp_path / "p.parquet")
    assert found.log_probability.dtype == np.float32
    assert found.context.dtype == np.int32
    np.testing.assert_array_equal(found.log_probability, values)
    np.testing.assert_array_equal(found.context, np.arange(7))
    assert (found.predictor, found.title, found.candidates) == ("x", "an x", tuple(WORDS))


@pytest.mark.parametrize("wrong", [np.zeros((2, 3)), np.full((2, 3), np.nan), np.zeros((2, 2))])
def test_a_faulty_predictor_is_refused(tmp_path: Path, wrong: np.ndarray) -> None:
    with pytest.raises(ValueError):
        write_predictions(tmp_path / "p.parquet", wrong, predictor="x", title="x", candidates=WORDS)
    assert not (tmp_path / "p.parquet").exists()


def test_an_impossible_candidate_is_allowed(tmp_path: Path) -> None:
    write_predictions(
        tmp_path / "p.parquet",
        np.array([[0.0, -np.inf, -np.inf]]),
        predictor="x",
        title="x",
        candidates=WORDS,
    )
    assert read_predictions(tmp_path / "p.parquet").log_probability[0, 1] == -np.inf


def test_another_file_is_no_predictions_artifact(tmp_path: Path) -> None:
    write_text(tmp_path / "p.parquet", "not parquet")
    with pytest.raises(UserError, match=r"p\.parquet"):
        read_predictions(tmp_path / "p.parquet")


def test_majority_gives_the_class_rates_of_train(tmp_path: Path, train: Path, test: Path) -> None:
    predict_majority(train, test, output=tmp_path / "p.parquet", title="majority")
    found = np.exp(read_predictions(tmp_path / "p.parquet").log_probability)
    np.testing.assert_allclose(found, np.tile(np.array([2.5, 1.5, 1.5]) / 5.5, (3, 1)), rtol=1e-6)


def test_last_token_is_a_smoothed_bigram(tmp_path: Path, train: Path, test: Path) -> None:
    predict_last_token(train, test, smoothing=2.0, output=tmp_path / "p.parquet", title="last token")
    found = np.exp(read_predictions(tmp_path / "p.parquet").log_probability)
    rates = np.array([2.5, 1.5, 1.5]) / 5.5
    np.testing.assert_allclose(found[0], (np.array([2, 1, 0]) + 2 * rates) / 5, rtol=1e-6)
    np.testing.assert_allclose(found[1], (np.array([0, 0, 1]) + 2 * rates) / 3, rtol=1e-6)
    np.testing.assert_allclose(found[2], rates, rtol=1e-6)


def test_linear_adds_a_weight_for_every_position_and_token(tmp_path: Path, test: Path) -> None:
    rng = np.random.default_rng(1)
    weight = rng.normal(size=(2, 8, 3)).astype(np.float32)
    bias = rng.normal(size=3).astype(np.float32)
    write_tensors(tmp_path / "w.safetensors", {"weight": weight, "bias": bias})
    predict_linear(
        tmp_path / "w.safetensors", test, output=tmp_path / "p.parquet", predictor="linear", title="x"
    )
    tokens = read_contexts(test).tokens
    by_hand = np.array([bias + weight[0, a] + weight[1, b] for a, b in tokens], dtype=np.float64)
    np.testing.assert_allclose(linear_logits(weight, bias, tokens), by_hand, rtol=1e-5)
    found = read_predictions(tmp_path / "p.parquet").log_probability
    np.testing.assert_allclose(found, normalise(by_hand), atol=1e-5)


def test_weights_of_another_build_are_refused(tmp_path: Path, test: Path) -> None:
    wrong = {"weight": np.zeros((2, 9, 3), np.float32), "bias": np.zeros(3, np.float32)}
    write_tensors(tmp_path / "w.safetensors", wrong)
    with pytest.raises(UserError, match="another build"):
        predict_linear(
            tmp_path / "w.safetensors", test, output=tmp_path / "p.parquet", predictor="linear", title="x"
        )


@pytest.mark.parametrize(
    "module",
    [
        "predictions",
        "predictors.counts.majority",
        "predictors.counts.last_token",
        "predictors.counts.ngram",
        "predictors.linear.predict",
    ],
)
def test_light_predictors_import_neither_torch_nor_transformers(module: str, root: Path) -> None:
    code = f"import sys, handcraft.{module}; print({{'torch', 'transformers'}} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=root / "src", check=True
    )
    assert done.stdout.strip() == "set()"
