"""The one-layer model taken apart: the parts sum to the logits, and the gradients are those of the loss."""

from pathlib import Path

import numpy as np
import pytest

from handcraft.analysis.one_layer.decision import open_decision
from handcraft.analysis.one_layer.opened import Means, Opened
from handcraft.config.predictors import OneLayer
from handcraft.files import read_json
from handcraft.math import context_losses, log_softmax
from handcraft.predictors.one_layer.read import OneLayerReader
from handcraft.predictors.one_layer.shape import Shape
from handcraft.tokenizer.tokens import Vocabulary
from handcraft.tokenizer.windows import Windows
from tests.helpers.artifacts import tokenizer_file
from tests.helpers.one_layer import LENGTH, VOCABULARY, random_model, save_model, token_files

TOKENS = np.random.default_rng(0).integers(0, VOCABULARY, (40, LENGTH))
KINDS = pytest.mark.parametrize(
    "kind",
    [
        {},
        {"mlp": "bilinear"},
        {"mlp": "none"},
        {"attention": "average"},
        {"attention": "none"},
        {"reads": 2},
        {"normalise": False},
        {"attention": "none", "mlp": "none"},
    ],
    ids=str,
)


def opened(folder: Path, **kind: object) -> Opened:
    return Opened(OneLayerReader.read(save_model(folder / "model.safetensors", random_model(**kind))))


def test_a_model_built_by_hand_has_the_logits_that_follow_by_hand() -> None:
    """Two tokens, one head that reads both positions equally, one neuron; no norm."""
    settings = OneLayer(width=2, heads=1, hidden=1, normalise=False)
    tensors = {
        "inputs": np.array([[1, 0], [0, 1], [1, 0], [0, 1]]),
        "qk": np.zeros((2, 4)),
        "values": np.eye(2),
        "out": np.array([[0, 2], [0, 0]]),
        "up": np.array([[0], [1]]),
        "down": np.array([[3, 0]]),
        "unembed": np.array([[1, 0], [0, 1]]),
        "bias": np.array([0.5, 0]),
    }
    model = Opened(
        OneLayerReader(Shape.of(settings, 2, 2), {k: t.astype(np.float32) for k, t in tensors.items()})
    )
    parts = model.decompose(np.array([[0, 1]]), np.arange(2))
    # The last token is 1: (0, 1). Half of what 0 gives, (1, 0) to (0, 2), is (0, 1); 1 itself gives nothing.
    np.testing.assert_allclose(parts.direct, [[0, 1]])
    np.testing.assert_allclose(parts.reads[0, 0], [[0, 1], [0, 0]])
    # So 2 goes into the neuron, whose square is 4, and 12 comes out, for token 0.
    np.testing.assert_allclose(parts.neurons[0], [[12, 0]])
    np.testing.assert_allclose(parts.total(), [[12.5, 2]])
    np.testing.assert_allclose(model.reader.logits(np.array([[0, 1]])), [[12.5, 2]])


@KINDS
def test_the_parts_sum_to_the_logits(tmp_path: Path, kind: dict[str, object]) -> None:
    model = opened(tmp_path, **kind)
    of = np.array([3, 0, 7])
    np.testing.assert_allclose(
        model.decompose(TOKENS, of).total(), model.reader.logits(TOKENS, of), atol=1e-4, rtol=1e-5
    )
    np.testing.assert_allclose(
        model.answer(model.attended(model.pieces(TOKENS))),
        log_softmax(model.reader.logits(TOKENS)),
        atol=1e-5,
    )


@KINDS
def test_gradients_are_those_of_the_loss(tmp_path: Path, kind: dict[str, object]) -> None:
    model = opened(tmp_path, **kind)
    for name, tensor in model.tensors.items():
        model.tensors[name] = tensor.astype(np.float64)
    came = np.random.default_rng(1).integers(0, VOCABULARY, len(TOKENS))
    attended = model.attended(model.pieces(TOKENS)).astype(np.float64)
    found = model.gradients(attended, came)
    step = np.random.default_rng(2).normal(size=attended.shape) * 1e-4
    above, below = (context_losses(model.answer(attended + s), came) for s in (step, -step))
    rise = (above - below) / 2
    np.testing.assert_allclose((found.attended * step).sum(1), rise, atol=3e-8, rtol=1e-3)
    if model.has_mlp:
        neurons = model.active(attended)
        step = np.random.default_rng(3).normal(size=neurons.shape) * 1e-4
        n = np.arange(len(came))
        above, below = (
            model.log_probabilities(attended + model.written(neurons + s))[n, came] for s in (step, -step)
        )
        np.testing.assert_allclose((found.neurons * step).sum(1), -(above - below) / 2, atol=3e-8, rtol=1e-3)


def test_means_are_those_of_the_windows(tmp_path: Path) -> None:
    model = opened(tmp_path)
    windows = Windows(token_files(tmp_path, "train", [*np.tile(TOKENS, 2)]), LENGTH)
    numbers = np.arange(len(windows))
    pieces = model.pieces(windows.rows(numbers)[:, :-1])
    means = Means.of(model, windows, numbers)
    np.testing.assert_allclose(means.taken, pieces.taken.mean(0), atol=1e-5)
    np.testing.assert_allclose(means.neurons, model.active(model.attended(pieces)).mean(0), atol=1e-5)


@KINDS
def test_a_decision_is_the_sum_of_its_parts(tmp_path: Path, kind: dict[str, object]) -> None:
    path = save_model(tmp_path / "model.safetensors", random_model(**kind))
    tokenizer = tokenizer_file(tmp_path / "tokenizer.json", ["he came and went "] * 9, 262)
    files = token_files(tmp_path, "validation", [*np.tile(TOKENS, 2)])
    open_decision(path, tokenizer, sentence="", validation=files, output=tmp_path / "d.json")
    found = read_json(tmp_path / "d.json")
    parts = found["bias"] + found["direct"] + sum(found["reads"]) + found["others"]
    parts += sum(n["value"] for n in found["neurons"])
    assert parts == pytest.approx(found["total"], abs=1e-4)
    ratio = found["probability"] / found["rival_probability"]
    assert found["total"] == pytest.approx(np.log(ratio), abs=1e-6)
    assert found["total"] >= 0
    assert len(found["reads"]) == len(found["tokens"]) == LENGTH


def test_a_sentence_may_be_shorter_than_a_window_and_nothing_is_said_of_no_text(tmp_path: Path) -> None:
    tokenizer = tokenizer_file(tmp_path / "tokenizer.json", ["he came and went "] * 9, 262)
    model = random_model()
    path = save_model(tmp_path / "model.safetensors", model)
    vocabulary = Vocabulary.read(tokenizer)
    # The small model knows the first tokens only: those of single bytes.
    low = next(i for i in range(1, VOCABULARY) if vocabulary.show(i).isprintable())
    sentence = vocabulary.decode([low, low])
    open_decision(path, tokenizer, sentence=sentence, validation=None, output=tmp_path / "d.json")
    assert len(read_json(tmp_path / "d.json")["tokens"]) == 2
    open_decision(path, tokenizer, sentence="", validation=None, output=tmp_path / "d.json")
    assert read_json(tmp_path / "d.json") is None
