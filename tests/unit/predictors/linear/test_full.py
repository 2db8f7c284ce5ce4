"""The full linear model: it learns what votes can say, its zeros are exact, and its files say what it computes."""

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from handcraft.config.predictors import FullLinear
from handcraft.device import Machine
from handcraft.files import read_csv, read_tensors
from handcraft.predictors.linear.full import FullWeights, train_full_linear
from tests.helpers.one_layer import LENGTH, VOCABULARY, copying_stories, token_files

SPLITS = {"train": 400, "validation": 60, "test": 60}


def train(folder: Path, stories: dict[str, list[np.ndarray]] | None = None, **changed: object) -> list[Path]:
    found = stories or {s: copying_stories(n, i) for i, (s, n) in enumerate(SPLITS.items())}
    outputs = [folder / name for name in ("model", "path.csv", "losses")]
    train_full_linear(
        {split: token_files(folder, split, found[split]) for split in SPLITS},
        length=LENGTH,
        vocabulary=VOCABULARY,
        settings=FullLinear(**{"windows": 40_000, "batch_size": 64, "l1": [2e-3]} | changed),
        seed=0,
        machine=Machine(),
        outputs=(outputs[0], outputs[1], outputs[2]),
    )
    return outputs


def test_what_one_earlier_token_decides_is_learnt_with_few_weights(tmp_path: Path) -> None:
    model, path, losses = train(tmp_path)
    best = -0.9083 * np.log(0.9083) - 0.0917 * np.log(0.0917 / 11)
    assert read_tensors(losses)["test"].mean() < best + 0.12
    (row,) = read_csv(path)
    assert row["chosen"] == 1
    assert row["nonzeros"] < 0.2 * row["weights"]
    tensors = read_tensors(model)
    assert len(tensors["value"]) == row["nonzeros"]
    assert (tensors["value"] != 0).all()
    # The strongest vote of a token two before the end is for the one after it.
    weight = np.zeros((LENGTH * VOCABULARY, VOCABULARY))
    weight[tensors["row"], tensors["column"]] = tensors["value"]
    place = weight[(LENGTH - 2) * VOCABULARY :][:VOCABULARY]
    assert (place.argmax(1) == (np.arange(VOCABULARY) + 1) % VOCABULARY).all()


def test_of_noise_a_strong_penalty_keeps_nothing_and_validation_chooses_it(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    noise = {s: [random.integers(0, VOCABULARY, 12) for _ in range(n)] for s, n in SPLITS.items()}
    _, path, losses = train(tmp_path, noise, l1=[1e-6, 3e-2])
    weak, strong = read_csv(path)
    assert strong["nonzeros"] == 0
    assert strong["chosen"] == 1
    assert weak["nonzeros"] > 0
    assert read_tensors(losses)["test"].mean() == pytest.approx(np.log(VOCABULARY), abs=0.01)


def test_losses_are_those_of_the_weights(tmp_path: Path) -> None:
    model, _, losses = train(tmp_path, windows=2000)
    tensors = read_tensors(model)
    weight = np.zeros((LENGTH * VOCABULARY, VOCABULARY))
    weight[tensors["row"], tensors["column"]] = tensors["value"]
    story = copying_stories(SPLITS["test"], 2)[0]
    logits = tensors["bias"] + sum(weight[p * VOCABULARY + story[p]] for p in range(LENGTH))
    expected = np.log(np.exp(logits).sum()) - logits[story[LENGTH]]
    found = read_tensors(losses)
    assert found["test"][0, 0] == pytest.approx(expected, abs=1e-5)
    assert found["likeliest"][0, 0] == logits.argmax()
    own = FullWeights(sparse.csr_matrix(weight.astype(np.float32)), tensors["bias"])
    np.testing.assert_allclose(own.logits(story[None, :LENGTH])[0], logits, atol=1e-5)


def test_two_trainings_are_the_same_bytes(tmp_path: Path) -> None:
    a, b = (train(tmp_path / name, windows=1000) for name in "ab")
    assert [p.read_bytes() for p in a] == [p.read_bytes() for p in b]
