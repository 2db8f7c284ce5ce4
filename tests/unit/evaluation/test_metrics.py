"""Scores, their bootstrap and the tests, against values worked out by hand."""

import numpy as np
import pytest

from handcraft.config.model import Evaluation
from handcraft.evaluation.bootstrap import (
    bootstrap_means,
    class_means,
    draw_stories,
    family_intervals,
    means,
    sum_stories,
)
from handcraft.evaluation.comparisons import holm, mcnemar
from handcraft.evaluation.intervals import percentile_interval, wilson
from handcraft.evaluation.metrics import answers, correct
from handcraft.math import context_losses


def test_points_and_losses_by_hand() -> None:
    table = np.log(np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1], [0.4, 0.4, 0.2]])).astype(np.float32)
    labels = np.array([0, 1, 1])
    assert correct(table, labels).tolist() == [1.0, 0.0, 0.5]
    np.testing.assert_allclose(context_losses(table, labels), -np.log([0.7, 0.2, 0.4]), atol=1e-6)
    assert answers(table).tolist() == [0, 0, 0]


def test_means_by_hand() -> None:
    # Class 0: right, right, wrong (2/3). Class 1: wrong (0). Class 3: right (1). Class 2 does not occur.
    story = np.array([5, 5, 9, 9, 7])
    labels = np.array([0, 0, 0, 1, 3], dtype=np.uint8)
    right = np.array([1.0, 1.0, 0.0, 0.0, 1.0])
    sums = sum_stories(story, labels, right[:, None])
    assert means(sums, np.ones((1, 3)))[0, 0] == pytest.approx(3 / 5)
    np.testing.assert_allclose(class_means(sums, np.ones((1, 3)))[0, :, 0], [2 / 3, 0, 1])
    # A resample of story 5 alone has no context of the other classes.
    np.testing.assert_allclose(class_means(sums, np.array([[3.0, 0, 0]]))[0, :, 0], [1, np.nan, np.nan])


def test_means_of_classes_are_recall() -> None:
    from sklearn.metrics import recall_score

    rng = np.random.default_rng(0)
    labels = rng.choice(5, 400, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    guess = np.where(rng.random(400) < 0.6, labels, rng.integers(0, 5, 400))
    sums = sum_stories(rng.integers(0, 90, 400), labels, (guess == labels).astype(float)[:, None])
    found = class_means(sums, np.ones((1, sums.stories)))[0, :, 0]
    np.testing.assert_allclose(found, recall_score(labels, guess, average=None))


def test_a_resample_is_the_same_as_repeating_its_contexts() -> None:
    rng = np.random.default_rng(1)
    story, labels = rng.integers(0, 12, 80) * 3, rng.choice(3, 80, p=[0.8, 0.15, 0.05])
    values = rng.random((80, 2))
    names = np.unique(story)
    drawn = next(draw_stories(len(names), 6, np.random.default_rng(2)))
    sums = sum_stories(story, labels, values)
    natural, recall = means(sums, drawn), class_means(sums, drawn)
    for b in range(6):
        times = drawn[b][np.searchsorted(names, story)].astype(int)
        repeated, classes = np.repeat(values, times, axis=0), np.repeat(labels, times)
        np.testing.assert_allclose(natural[b], repeated.mean(axis=0))
        for k in np.unique(classes):
            np.testing.assert_allclose(recall[b, k], repeated[classes == k].mean(axis=0))


def test_every_resample_draws_as_many_stories_whatever_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = np.concatenate(list(draw_stories(7, 50, np.random.default_rng(3))))
    assert whole.shape == (50, 7)
    assert (whole.sum(axis=1) == 7).all()
    monkeypatch.setattr("handcraft.evaluation.bootstrap.CHUNK", 20)
    blocks = list(draw_stories(7, 50, np.random.default_rng(3)))
    assert len(blocks) == 25
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_intervals_over_stories_cover_where_those_over_contexts_do_not() -> None:
    """Contexts of one story share their luck; the interval over stories knows it."""
    rng = np.random.default_rng(4)
    stories, each, truth, trials = 60, 12, 0.7, 120
    by_story = by_context = 0
    widths = np.zeros(2)
    for _ in range(trials):
        luck = rng.beta(0.7 * 3, 0.3 * 3, stories)  # mean 0.7, differs from story to story
        right = (rng.random((stories, each)) < luck[:, None]).astype(float).ravel()
        labels = np.zeros(len(right), dtype=np.uint8)
        for k, story in enumerate((np.repeat(np.arange(stories), each), np.arange(len(right)))):
            draws = bootstrap_means(sum_stories(story, labels, right[:, None]), 300, rng)[:, 0]
            low, high = percentile_interval(draws)
            widths[k] += high - low
            if low <= truth <= high:
                by_story, by_context = by_story + (k == 0), by_context + (k == 1)
    assert widths[0] > 1.4 * widths[1]
    assert by_story / trials > 0.88
    assert by_context / trials < 0.8


def test_the_bootstrap_agrees_with_the_standard_error() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(2000, 1))
    sums = sum_stories(np.arange(2000), np.zeros(2000, dtype=int), values)
    draws = bootstrap_means(sums, 2000, rng)
    assert draws.std() == pytest.approx(values.std() / np.sqrt(2000), rel=0.06)


def test_intervals_of_a_family_hold_together() -> None:
    settings = Evaluation(bootstrap=100, confidence=0.9)
    assert family_intervals(settings, 1)[0] == pytest.approx(0.9)
    each, resamples = family_intervals(settings, 5)
    assert (each, resamples) == (pytest.approx(0.98), pytest.approx(2000, abs=1))
    # Nothing differs, in five groups: rarely does any interval of the five leave out zero.
    rng = np.random.default_rng(6)
    missed = 0
    for _ in range(60):
        out = False
        for _ in range(5):
            difference = np.repeat(rng.normal(size=50), 4)[:, None] + rng.normal(size=(200, 1))
            sums = sum_stories(np.repeat(np.arange(50), 4), np.zeros(200, dtype=int), difference)
            low, high = percentile_interval(bootstrap_means(sums, resamples, rng)[:, 0], each)
            out |= not low <= 0 <= high
        missed += out
    assert missed / 60 < 0.25


def test_wilson_at_the_ends() -> None:
    low, high = wilson(0, 50)
    assert low == 0
    assert high == pytest.approx(0.0713, abs=1e-4)
    low, high = wilson(50, 50)
    assert low == pytest.approx(0.9287, abs=1e-4)
    assert high == 1
    assert wilson(0, 0) == (None, None)
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)


def test_mcnemar_by_hand() -> None:
    assert mcnemar(0, 0) == 1
    assert mcnemar(3, 3) == 1
    assert mcnemar(0, 5) == pytest.approx(2 / 32)
    assert mcnemar(1, 5) == mcnemar(5, 1) == pytest.approx(2 * (1 + 6) / 64)
    assert 0 < mcnemar(0, 1000) < 1e-300
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []
    assert holm([None, 0.02, 0.01]) == [None, 0.02, 0.02]
