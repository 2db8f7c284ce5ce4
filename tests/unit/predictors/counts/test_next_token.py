"""Kneser-Ney over all tokens: that its distributions are what the formula says."""

from pathlib import Path

import numpy as np
import pytest

from handcraft.files import read_tensors
from handcraft.predictors.counts.next_token import KneserNey, largest_order, predict_next_ngram
from tests.helpers.one_layer import token_files

V = 5


def corpus(seed: int = 0, stories: int = 40, length: int = 30) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [random.choice(V, length, p=[0.4, 0.3, 0.15, 0.1, 0.05]) for _ in range(stories)]


def build(stories: list[np.ndarray], orders: int) -> KneserNey:
    starts = np.cumsum([0, *map(len, stories)])
    return KneserNey(np.concatenate(stories).astype(np.uint16), starts, V, orders)


def by_hand(stories: list[np.ndarray], context: tuple[int, ...], token: int, top: bool = True) -> float:
    """Interpolated modified Kneser-Ney, written out with dictionaries."""
    order = len(context) + 1
    counts: dict[tuple[int, ...], int] = {}
    longer = order if top else order + 1
    for story in stories:
        for i in range(len(story) - longer + 1):
            gram = tuple(int(t) for t in story[i : i + longer])
            counts[gram] = counts.get(gram, 0) + 1
    if not top:
        seen: dict[tuple[int, ...], int] = {}
        for gram in counts:
            seen[gram[1:]] = seen.get(gram[1:], 0) + 1
        counts = seen
    n = [sum(c == k for c in counts.values()) for k in range(5)]
    if n[1] and n[2]:
        y = n[1] / (n[1] + 2 * n[2])
        raw = [k - (k + 1) * y * n[k + 1] / n[k] if n[k] else k / 2 for k in (1, 2, 3)]
        cut = [0, *(min(max(d, 0.05), k - 0.05) for k, d in enumerate(raw, 1))]
    else:
        cut = [0, 0.5, 0.5, 0.5]
    lower = by_hand(stories, context[1:], token, False) if context else 1 / V
    own = {g: c for g, c in counts.items() if g[:-1] == context}
    if not own:
        return lower
    total = sum(own.values())
    count = own.get((*context, token), 0)
    freed = sum(cut[min(c, 3)] for c in own.values())
    return (count - cut[min(count, 3)]) / total + freed / total * lower


@pytest.mark.parametrize("context", [(0, 1), (4, 4), (2, 0), (3, 4)])
def test_probabilities_are_those_of_the_formula(context: tuple[int, ...]) -> None:
    stories = corpus()
    model = build(stories, 3)
    for token in range(V):
        found = model.probabilities(np.array([context]), np.array([token]))[0]
        expected = [by_hand(stories, context[2 - n :], token) for n in range(3)]
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_distributions_add_up_and_the_likeliest_is_the_likeliest() -> None:
    model = build(corpus(), 4)
    contexts = np.random.default_rng(1).integers(0, V, (200, 3))
    every = np.stack([model.probabilities(contexts, np.full(200, t)) for t in range(V)], axis=2)
    np.testing.assert_allclose(every.sum(2), 1)
    assert every.min() > 0
    assert (model.likeliest(contexts) == every.argmax(2)).mean() > 0.99


def test_no_gram_crosses_stories() -> None:
    model = build([np.array([0, 1, 0, 1]), np.array([2, 3, 2, 3])], 2)
    assert 1 * V + 2 not in model.raw[1].grams


def test_stories_too_short_for_an_order_leave_it_out(tmp_path: Path) -> None:
    files = {
        s: token_files(tmp_path, s, [np.array([0, 1]), np.array([1, 0])]) for s in ("train", "validation")
    }
    files["test"] = token_files(tmp_path, "test", corpus(2, 3))
    predict_next_ngram(files, length=4, vocabulary=V, output=tmp_path / "out")
    found = read_tensors(tmp_path / "out")
    assert found["test"].shape == (3 * 26, 2)
    assert found["validation"].shape == (0, 2)
    assert np.isfinite(found["test"]).all()


def test_an_interaction_of_three_tokens_needs_three_tokens(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    stories = []
    for _ in range(300):
        story = list(random.integers(0, 2, 2))
        while len(story) < 20:
            story.append(story[-1] ^ story[-2] if random.random() < 0.95 else random.integers(0, 2))
        stories.append(np.array(story))
    files = {
        s: token_files(tmp_path, s, part)
        for s, part in (("train", stories[:200]), ("validation", stories[200:250]), ("test", stories[250:]))
    }
    predict_next_ngram(files, length=4, vocabulary=V, output=tmp_path / "out")
    losses = read_tensors(tmp_path / "out")["test"].mean(0)
    assert losses[2] < 0.2
    assert losses[1] > 0.6


def test_large_vocabularies_have_fewer_orders() -> None:
    assert [largest_order(v) for v in (1024, 4096, 65536)] == [5, 5, 3]
