"""Losses on every next token: that a row says what its losses say, that bytes are counted, and what noise gets."""

import math
from pathlib import Path

import numpy as np
import pytest

from handcraft.config.model import Evaluation
from handcraft.errors import UserError
from handcraft.evaluation.next_token import Inputs, evaluate_next_token, mix, model_title
from handcraft.files import read_csv, write_tensors
from handcraft.tokenizer.tokens import Vocabulary
from tests.helpers.artifacts import tokenizer_file
from tests.helpers.one_layer import token_files

LENGTH, STORIES, LONG = 3, 60, 13
N = STORIES * (LONG - LENGTH)


def evaluate(folder: Path, gain: float, n: int = N) -> dict[str, dict[str, float]]:
    """Rows by model, of a one-layer model whose losses are noise around the 2-gram's minus `gain`."""
    random = np.random.default_rng(1)
    tokenizer = tokenizer_file(folder / "tokenizer.json", ["the cat sat on the mat " * 9] * 4, 266)
    size = len(Vocabulary.read(tokenizer))
    stories = [random.integers(1, size, LONG) for _ in range(STORIES)]
    files = token_files(folder, "test", stories)
    ngram = {s: 2 + random.exponential(1, (n, 2)).astype(np.float32) for s in ("test", "validation")}
    for losses in ngram.values():
        losses[:, 0] += 1  # the first order is worse
    own = {s: x[:, 1:] - gain + random.normal(0, 0.5, (n, 1)).astype(np.float32) for s, x in ngram.items()}
    came = np.concatenate([s[LENGTH:] for s in stories])[:n, None].repeat(3, axis=1)
    likeliest = np.where(random.random((n, 3)) < [0.1, 0.3, 0.5], came, 0).astype(np.uint16)
    write_tensors(folder / "ngram", ngram | {"likeliest": likeliest[:, :2]}, {})
    write_tensors(folder / "main", own | {"likeliest": likeliest[:, 2:]}, {})
    evaluate_next_token(
        Inputs(folder / "ngram", {"main": folder / "main"}, files, tokenizer),
        length=LENGTH,
        settings=Evaluation(),
        seed=0,
        output=folder / "table.csv",
    )
    rows = {model_title(r): r for r in read_csv(folder / "table.csv")}
    pieces = Vocabulary.read(tokenizer).pieces
    bytes_ = np.mean([len(pieces[t]) for story in stories for t in story[LENGTH:]])
    for row in rows.values():
        assert row["n"] == N
        assert row["bits_per_byte"] == pytest.approx(row["loss"] / math.log(2) / bytes_)
    return rows


def test_a_better_model_is_better_and_the_best_ngram_is_the_measure(tmp_path: Path) -> None:
    rows = evaluate(tmp_path, gain=0.3)
    assert list(rows) == ["1-gram", "2-gram", "one-layer", "one-layer + 2-gram"]
    assert rows["2-gram"]["difference"] is None
    assert rows["one-layer"]["difference_high"] < 0
    assert rows["1-gram"]["difference_low"] > 0
    assert rows["one-layer"]["accuracy_low"] < 0.5 < rows["one-layer"]["accuracy_high"]
    assert rows["one-layer + 2-gram"]["loss"] <= rows["one-layer"]["loss"] + 0.01
    assert rows["one-layer + 2-gram"]["accuracy"] is None
    assert rows["one-layer"]["agreement"] is None
    both_right, both_wrong = 0.3 * 0.5, 0.7 * 0.5
    assert rows["2-gram"]["agreement_low"] < both_right + both_wrong < rows["2-gram"]["agreement_high"]


def test_a_model_that_is_the_ngram_with_noise_is_not_called_better(tmp_path: Path) -> None:
    found = evaluate(tmp_path, gain=0)["one-layer"]
    assert found["difference_low"] < 0 < found["difference_high"]


def test_losses_of_other_tokens_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has losses of 599 tokens, and the test stories have 600"):
        evaluate(tmp_path, gain=0, n=N - 1)


def test_a_mixture_averages_probabilities() -> None:
    first, second = -np.log([0.5, 0.1]), -np.log([0.1, 0.3])
    np.testing.assert_allclose(np.exp(-mix(first, second, 0.25)), [0.2, 0.25])
