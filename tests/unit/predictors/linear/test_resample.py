"""train_resamples: spread and sign stability of weights over resampled stories."""

from pathlib import Path

import numpy as np
import pytest

from handcraft.config.predictors import Linear
from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import read_metadata, read_tensors, write_tensors
from handcraft.predictors.linear.resample import resampled_rows, train_resamples
from handcraft.seeds import generator
from tests.helpers.artifacts import WORDS, contexts_file, last_token_decides
from tests.helpers.linear import fit_linear, linear_outputs, train_small

L1 = 3e-3
NAMES = {"spread", "sign_stability", "centred_spread"}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("resample")
    train = contexts_file(folder / "train.safetensors", *last_token_decides(600, 0))
    validation = contexts_file(folder / "validation.safetensors", *last_token_decides(300, 1))
    outputs = linear_outputs(folder)
    train_small(train, validation, outputs, [L1])
    return train, outputs.weights


def resample(inputs: tuple[Path, Path], out: Path, resamples: int = 4, seed: int = 0) -> Path:
    settings = Linear(resamples=resamples, gap=1e-4)
    train_resamples(*inputs, settings=settings, seed=seed, machine=Machine(), output=out)
    return out


def test_it_is_what_fits_to_those_stories_give(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    out = resample(inputs, tmp_path / "r")
    contexts, weight = read_contexts(inputs[0]), read_tensors(inputs[1])["weight"]
    draw = generator(0, "resampled stories")
    fits = []
    for _ in range(4):
        rows = resampled_rows(contexts, draw, inputs[0])
        fits.append(fit_linear(contexts.tokens[rows], contexts.labels[rows], 12, 3, L1, gap=1e-4).weight)
    found = read_tensors(out)
    assert set(found) == NAMES
    np.testing.assert_allclose(found["spread"], np.std(fits, axis=0, ddof=1), atol=0.02)
    agree = np.mean([np.sign(f) == np.sign(weight) for f in fits], axis=0)
    assert (np.abs(found["sign_stability"] - agree) < 1e-6).mean() > 0.98
    centred = [f - f.mean(2, keepdims=True) for f in fits]
    np.testing.assert_allclose(found["centred_spread"], np.std(centred, axis=0, ddof=1), atol=0.02)
    assert read_metadata(out)["resamples"] == 4


def test_what_the_text_says_clearly_is_stable(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    found = read_tensors(resample(inputs, tmp_path / "r"))
    weight = read_tensors(inputs[1])["weight"]
    decisive = np.zeros_like(weight, dtype=bool)
    decisive[-1, np.arange(12), np.arange(12) % 3] = True  # the token in the last place speaks for its class
    said = found["sign_stability"][decisive & (weight != 0)]
    assert said.mean() > 0.9
    assert found["sign_stability"][~decisive & (weight != 0)].mean() < said.mean()


def test_the_seed_decides(inputs: tuple[Path, Path], tmp_path: Path) -> None:
    a, b, c = (resample(inputs, tmp_path / str(i), 2, seed).read_bytes() for i, seed in enumerate((0, 0, 1)))
    assert a == b != c


def test_whole_stories_are_drawn(tmp_path: Path) -> None:
    tokens, labels = last_token_decides(90, 0)
    path = contexts_file(tmp_path / "c.safetensors", tokens, labels)
    arrays = read_tensors(path)
    arrays["story"] = np.repeat(np.arange(30), 3)
    write_tensors(path, arrays, read_metadata(path))
    contexts = read_contexts(path)
    rows = resampled_rows(contexts, generator(0, "x"), path)
    times = np.bincount(rows, minlength=90).reshape(30, 3)
    assert (times == times[:, :1]).all()
    assert times[:, 0].sum() == 30
    assert len(set(times[:, 0])) > 1


def test_a_candidate_that_draws_keep_missing_is_an_error(tmp_path: Path) -> None:
    path = contexts_file(
        tmp_path / "c.safetensors", np.ones((300, 4)), np.array([0] * 299 + [1]), words=WORDS
    )
    with pytest.raises(UserError, match=r"resamples: 0"):
        resampled_rows(read_contexts(path), generator(0, "x"), path)
