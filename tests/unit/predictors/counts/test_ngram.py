"""The n-gram predictor against Kneser-Ney written out with dictionaries."""

from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.files import read_metadata, read_tensors
from handcraft.math import context_losses
from handcraft.predictions import read_predictions
from handcraft.predictors.counts.ngram import DISCOUNTS, ORDERS, ngram_probability, predict_ngram
from tests.helpers.artifacts import contexts_file

K = 3


def some(n: int, seed: int, length: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Contexts of 5 of 6 tokens, and labels that the last two tokens decide together, three times out of four."""
    random = np.random.default_rng(seed)
    tokens = random.integers(0, 6, (n, length))
    decided = (tokens[:, -1] * tokens[:, -2]) % K
    return tokens, np.where(random.random(n) < 0.75, decided, random.integers(0, K, n))


def plain(tokens: np.ndarray, labels: np.ndarray, order: int):  # type: ignore[no-untyped-def]
    """p(context, candidate), by recursion over tuples."""
    counts: dict[tuple, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for row, label in zip(tokens.tolist(), labels.tolist(), strict=True):
        counts[tuple(row[len(row) - order + 1 :])][label] += 1
    tables = [counts]
    for _ in range(order - 1):
        lower: dict[tuple, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for context, row in tables[-1].items():
            for label in row:
                lower[context[1:]][label] += 1
        tables.append(lower)
    discounts = []
    for table in tables:
        every = [c for row in table.values() for c in row.values()]
        once, twice = every.count(1), every.count(2)
        estimate = once / (once + 2 * twice) if once + twice else 0
        discounts.append(min(max(estimate, DISCOUNTS[0]), DISCOUNTS[1]))

    def p(context: tuple, label: int, level: int = 0) -> float:
        if level == len(tables):
            return 1 / K
        row = tables[level].get(context)
        below = p(context[1:], label, level + 1)
        if not row:
            return below
        total, d = sum(row.values()), discounts[level]
        return max(row.get(label, 0) - d, 0) / total + d * len(row) / total * below

    return p


@pytest.mark.parametrize("order", ORDERS)
def test_it_is_interpolated_kneser_ney(order: int) -> None:
    tokens, labels = some(150, 1)
    training = Contexts(tokens, labels, np.arange(150), np.arange(150), ("a", "b", "c"), 6)
    new = np.concatenate([some(40, 2)[0], np.full((1, 5), 9)])
    found = ngram_probability(training, new, order)
    p = plain(tokens, labels, order)
    wanted = [[p(tuple(row[len(row) - order + 1 :]), k) for k in range(K)] for row in new.tolist()]
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    np.testing.assert_allclose(found.sum(1), 1)
    assert found.min() > 0


def predicted(tmp_path: Path, length: int = 5) -> tuple[Path, Contexts]:
    files = [
        contexts_file(tmp_path / f"{name}.safetensors", *some(n, seed, length))
        for name, n, seed in (("train", 3000, 3), ("validation", 500, 4), ("test", 500, 5))
    ]
    predict_ngram(*files, title="n-gram", output=tmp_path / "p.parquet", answers=tmp_path / "v.safetensors")
    return tmp_path / "p.parquet", read_contexts(files[2])


def test_the_order_is_the_one_that_the_text_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, asked = predicted(tmp_path)
    found = read_predictions(path)
    training = read_contexts(tmp_path / "train.safetensors")
    wanted = ngram_probability(training, asked.tokens, 3)
    np.testing.assert_allclose(np.exp(found.log_probability), wanted, atol=1e-5)
    pair = context_losses(np.log(wanted), asked.labels).mean()
    single = context_losses(np.log(ngram_probability(training, asked.tokens, 2)), asked.labels).mean()
    assert pair < single - 0.1
    assert (found.predictor, found.candidates) == ("ngram", asked.candidates)
    held_out = read_contexts(tmp_path / "validation.safetensors")
    kept = np.exp(read_tensors(tmp_path / "v.safetensors")["ngram"])
    np.testing.assert_allclose(kept, ngram_probability(training, held_out.tokens, 3))
    assert read_metadata(tmp_path / "v.safetensors")["order"] == 3


def test_contexts_of_two_tokens_have_no_higher_orders(tmp_path: Path) -> None:
    path, asked = predicted(tmp_path, length=2)
    wanted = ngram_probability(read_contexts(tmp_path / "train.safetensors"), asked.tokens, 3)
    np.testing.assert_allclose(np.exp(read_predictions(path).log_probability), wanted, atol=1e-5)
