"""A rule file as a predictor: as written it is the sum of its pushes, refitted it is a ridge regression."""

from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from handcraft.contexts.read import read_contexts
from handcraft.errors import UserError
from handcraft.files import read_metadata, read_tensors
from handcraft.math import class_rates, context_losses, log_softmax
from handcraft.predictions import read_predictions
from handcraft.predictors.rules.fit import Problem, choose_strengths
from handcraft.predictors.rules.people import Inputs, predict_rules
from handcraft.rules.match import stack_columns
from handcraft.tokenizer.tokens import Vocabulary
from tests.helpers.artifacts import contexts_file, tokenizer_file
from tests.helpers.rules import rules_file

STORY = "The cat was here, and it was so big."
RULES = """
  - when: {token: was, position: -1}
    push: {so: 2}
    why: a
  - when: {token: it, position: -3 to -1}
    unless: {token: was, position: -1}
    push: {but: 1, and: -1}
    why: b
"""


def world(folder: Path) -> Inputs:
    """Contexts of six tokens, and words by the two rules, with a stronger push of the first."""
    tokenizer = tokenizer_file(folder / "tokenizer.json", [STORY] * 30, 278)
    vocabulary = Vocabulary.read(tokenizer)
    ids = vocabulary.require([" was", " it", " cat", " here", ",", " so"])
    random, files = np.random.default_rng(0), {}
    for split, n in (("train", 3000), ("validation", 1000), ("test", 1000)):
        tokens = random.choice(ids, (n, 4))
        was = tokens[:, -1] == ids[0]
        it = (tokens[:, -3:] == ids[1]).any(1) & ~was
        logits = np.outer(was, [0, 0, 3.0]) + np.outer(it, [-1.0, 1, 0]) + [0.5, 0, 0]
        odds = np.exp(log_softmax(logits))
        labels = (random.random(n)[:, None] > odds.cumsum(1)).sum(1).clip(0, 2)
        files[split] = contexts_file(folder / f"{split}.safetensors", tokens, labels, len(vocabulary))
    return Inputs(rules_file(folder, RULES), tokenizer, **files)


def answers(folder: Path, inputs: Inputs) -> tuple[np.ndarray, np.ndarray, Path]:
    outputs = {name: folder / name for name in ("rules", "refitted", "model")}
    predict_rules(inputs, titles={"rules": "as written", "rules_refitted": "refitted"}, **outputs)
    found = [read_predictions(outputs[name]) for name in ("rules", "refitted")]
    assert [one.predictor for one in found] == ["rules", "rules_refitted"]
    return found[0].log_probability, found[1].log_probability, outputs["model"]


def test_as_written_the_pushes_add_up_from_the_shares(tmp_path: Path) -> None:
    inputs = world(tmp_path)
    written, refitted, model = answers(tmp_path, inputs)
    training, asked = read_contexts(inputs.train), read_contexts(inputs.test)
    vocabulary = Vocabulary.read(inputs.tokenizer)
    was = asked.tokens[:, -1] == vocabulary.id_of(" was")
    it = (asked.tokens[:, -3:] == vocabulary.id_of(" it")).any(1) & ~was
    by_hand = np.log(class_rates(training.labels, 3)) + np.outer(was, [0, 0, 2]) + np.outer(it, [-1, 1, 0])
    np.testing.assert_allclose(written, log_softmax(by_hand), atol=1e-6)
    losses = [context_losses(x, asked.labels).mean() for x in (written, refitted)]
    assert losses[1] < losses[0]
    kept = read_tensors(model)
    # Each candidate that a rule does not push keeps a weight of zero.
    np.testing.assert_array_equal(kept["weight"] != 0, [[0, 0, 1], [1, 1, 0]])
    assert kept["weight"][0, 2] == pytest.approx(3, abs=0.5)
    assert read_metadata(model)["rules"][0] == "was at -1"
    assert read_metadata(model)["by"] == "a test"


def test_the_same_bytes_again(tmp_path: Path) -> None:
    inputs = world(tmp_path)
    *_, first = answers(tmp_path, inputs)
    before = [first.read_bytes(), (tmp_path / "refitted").read_bytes()]
    answers(tmp_path, inputs)
    assert [first.read_bytes(), (tmp_path / "refitted").read_bytes()] == before


def test_a_rule_that_never_fires_stops_the_predictor(tmp_path: Path) -> None:
    inputs = world(tmp_path)
    inputs.rules.write_text(inputs.rules.read_text().replace("{token: it,", "{token: +x,"))
    with pytest.raises(UserError, match="line 7: never fires on the training contexts"):
        answers(tmp_path, inputs)


def problem(l2: float, seed: int = 0) -> Problem:
    """Overlapping rules at random, each pushing one or two of four candidates."""
    random = np.random.default_rng(seed)
    columns = [np.flatnonzero(random.random(800) < rate) for rate in random.uniform(0.02, 0.5, 12)]
    pushed = random.random((12, 4)) < 0.4
    pushed[np.arange(12), random.integers(0, 4, 12)] = True
    return Problem(stack_columns(columns, 800), pushed, random.integers(0, 4, 800), l2)


def test_gradient_and_hessian_are_those_of_the_objective() -> None:
    p = problem(2.0)
    theta = np.random.default_rng(1).normal(0, 1, p.K + len(p.rule))
    g = p.gradient(theta, p.value(theta)[1])
    np.testing.assert_allclose(g, optimize.approx_fprime(theta, lambda x: p.value(x)[0], 1e-7), atol=1e-6)
    H = p.hessian(p.value(theta)[1])
    step = 1e-6
    for i in (0, 1, p.K, len(theta) - 1):
        moved = theta + step * (np.arange(len(theta)) == i)
        np.testing.assert_allclose((p.gradient(moved, p.value(moved)[1]) - g) / step, H[i], atol=1e-5)


def test_newton_finds_the_optimum() -> None:
    p = problem(0.5)
    theta = p.solve()
    assert np.abs(p.gradient(theta, p.value(theta)[1])).max() < 1e-5
    other = optimize.minimize(lambda x: p.value(x)[0], np.zeros(len(theta)), method="BFGS")
    assert p.value(theta)[0] <= other.fun + 1e-8


def test_validation_chooses_the_ridge() -> None:
    p = problem(1.0)
    # Labels that nothing tells: the larger the ridge the better on other contexts.
    other = problem(1.0, seed=7)
    _, l2, losses = choose_strengths((p._fires, p.labels), (other._fires, other.labels), p.pushed)
    assert l2 == max(losses)
    again = problem(l2)
    fitted = again.unpack(again.solve())
    loss = context_losses(log_softmax(fitted.logits(other._fires)), other.labels).mean()
    assert losses[l2] == pytest.approx(loss, abs=1e-6)
