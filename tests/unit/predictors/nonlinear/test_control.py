"""The planted interaction: worth what was asked, told by no single token, and its recovery measured exactly."""

import numpy as np
import pytest

from handcraft.math import context_losses, log_softmax
from handcraft.predictors.nonlinear.control import Planted, plant_interaction

LENGTH, VOCABULARY = 4, 40


def plant(worth: float, seed: int = 0, n: int = 20_000) -> tuple[Planted, np.ndarray]:
    draw = np.random.default_rng(seed)
    tokens = np.minimum(draw.geometric(0.1, (2 * n, LENGTH)) - 1, VOCABULARY - 1)
    logits = draw.normal(size=(LENGTH, VOCABULARY, 3))[np.arange(LENGTH), tokens].sum(1)
    halves = ((tokens[:n], logits[:n]), (tokens[n:], logits[n:]))
    return plant_interaction(*halves, worth=worth, draw=draw), tokens[n:]


@pytest.mark.parametrize("worth", [0.01, 0.05])
def test_it_is_worth_what_was_asked(worth: float) -> None:
    planted, _ = plant(worth)
    assert planted.worth == pytest.approx(worth, rel=0.1)
    losses = [context_losses(table, planted.held_out) for table in (planted.linear, planted.truth)]
    paid = losses[0] - losses[1]
    assert paid.mean() == pytest.approx(worth, abs=4 * paid.std() / len(paid) ** 0.5)


def test_recovery_is_one_for_the_truth_and_zero_for_the_linear_model() -> None:
    planted, _ = plant(0.05)
    assert planted.recovered(planted.truth + 3.0) == pytest.approx(1)
    assert planted.recovered(planted.linear) == pytest.approx(0, abs=1e-12)
    assert planted.recovered(np.zeros_like(planted.truth)) < 0


def test_no_single_token_tells_it() -> None:
    """The best that votes can do about it: less than a tenth of its worth."""
    planted, tokens = plant(0.05)
    added = planted.truth - planted.linear
    added -= added.mean(1, keepdims=True)
    inputs = np.eye(LENGTH * VOCABULARY)[np.arange(LENGTH) * VOCABULARY + tokens].sum(1)
    votes = inputs @ np.linalg.lstsq(inputs, added, rcond=None)[0]
    assert planted.recovered(log_softmax(planted.linear + votes)) < 0.1


def test_an_interaction_that_cannot_be_worth_so_much_is_as_strong_as_allowed() -> None:
    planted, _ = plant(5.0)
    assert 0.1 < planted.worth < 5
