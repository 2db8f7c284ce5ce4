"""Training on fewer stories: nested sets, right losses, and what is too small is left out."""

from pathlib import Path

import numpy as np
import pytest

from handcraft.analysis.learning_curve import Inputs, train_learning_curve
from handcraft.config.model import LearningCurve
from handcraft.config.predictors import Linear, Nonlinear
from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.files import read_metadata, read_tensors
from handcraft.math import context_losses, log_softmax
from handcraft.predictors.linear.predict import linear_logits
from handcraft.seeds import generator
from tests.helpers.artifacts import contexts_file, last_token_decides
from tests.helpers.linear import fit_linear, linear_outputs, train_small

LINEAR = Linear(gap=1e-4)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Inputs:
    folder = tmp_path_factory.mktemp("learning")
    files = {}
    for seed, (name, n) in enumerate((("train", 800), ("validation", 400), ("test", 400))):
        tokens, labels = last_token_decides(n, seed)
        files[name] = contexts_file(folder / f"{name}.safetensors", tokens, labels, story=np.arange(n) // 8)
    outputs = linear_outputs(folder)
    train_small(files["train"], files["validation"], outputs, [3e-3])
    return Inputs(files["train"], files["validation"], files["test"], outputs.weights)


def train(inputs: Inputs, out: Path, fractions: list[float], nonlinear: Nonlinear | None = None) -> Path:
    train_learning_curve(
        inputs,
        settings=LearningCurve(fractions=fractions),
        linear=LINEAR,
        nonlinear=nonlinear,
        seed=3,
        machine=Machine(),
        output=out,
    )
    return out


def test_each_size_is_the_linear_model_of_these_stories(inputs: Inputs, tmp_path: Path) -> None:
    out = train(inputs, tmp_path / "c", [0.5, 0.1])
    found, training, asked = read_tensors(out), read_contexts(inputs.train), read_contexts(inputs.test)
    assert found["stories"].tolist() == [10, 50]
    assert found["contexts"].tolist() == [80, 400]
    assert read_metadata(out)["all"] == 100
    assert np.isnan(found["nonlinear"]).all()
    order = generator(3, "learning curve").permutation(np.arange(100))
    for i, size in enumerate((10, 50)):
        rows = np.isin(training.story, order[:size])
        l1 = float(found["l1"][i])
        assert 3e-3 <= l1 <= 3e-3 * 100 / size * 1.01
        fit = fit_linear(training.tokens[rows], training.labels[rows], 12, 3, l1, gap=1e-4)
        logits = linear_logits(fit.weight, fit.bias, asked.tokens)
        wanted = context_losses(log_softmax(logits), asked.labels)
        np.testing.assert_allclose(found["linear"][i], wanted, atol=0.05)
        assert found["linear"][i].mean() == pytest.approx(wanted.mean(), abs=2e-3)
    assert found["linear"][1].mean() < found["linear"][0].mean()
    # The same again, to the byte.
    assert train(inputs, tmp_path / "d", [0.1, 0.5]).read_bytes() == out.read_bytes()


def test_a_network_is_trained_on_top(inputs: Inputs, tmp_path: Path) -> None:
    settings = Nonlinear(embedding=4, width=4, batch_size=64, seeds=2, folds=2, max_epochs=3)
    found = read_tensors(train(inputs, tmp_path / "c", [0.5], settings))
    assert np.isfinite(found["nonlinear"]).all()
    # It starts at the linear model and is stopped early, so that it cannot be far off where there is nothing to gain.
    assert found["nonlinear"].mean() == pytest.approx(found["linear"].mean(), abs=0.05)


def test_too_few_stories_are_left_out(inputs: Inputs, tmp_path: Path) -> None:
    found = read_tensors(train(inputs, tmp_path / "c", [0.001, 0.5]))
    assert found["stories"].tolist() == [50]
    nothing = read_tensors(train(inputs, tmp_path / "d", [0.001]))
    assert nothing["linear"].shape == nothing["nonlinear"].shape == (0, 400)
