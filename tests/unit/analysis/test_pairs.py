"""Pairs of tokens: the planted ones are found and no others, and what they bring is measured beyond their votes."""

import json
from pathlib import Path

import numpy as np
import pytest

from handcraft.analysis.pairs import Inputs, Model, Pair, find_pairs
from handcraft.config.model import Evaluation, Pairs
from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.evaluation.pairs import evaluate_pairs
from handcraft.files import read_csv, read_tensors
from handcraft.math import context_losses, log_softmax
from handcraft.predictions import write_predictions
from tests.helpers.artifacts import WORDS, contexts_file, tokenizer_file
from tests.helpers.linear import linear_outputs, train_small

VOCABULARY, LENGTH = 12, 4
PLANTED = Pair(1, 3, 3, 5)


def world(folder: Path, push: float) -> Inputs:
    """Contexts whose words follow votes of two positions, and a push where tokens 3 and 5 stand at -3 and -1."""
    random = np.random.default_rng(0)
    votes = random.normal(0, 1, (LENGTH, VOCABULARY, 3)) * np.array([0, 0.7, 0, 0.7])[:, None, None]
    files = {}
    for split, n in (("train", 8000), ("validation", 4000), ("test", 4000)):
        tokens = random.integers(0, VOCABULARY, (n, LENGTH))
        logits = votes[np.arange(LENGTH), tokens].sum(1)
        logits[PLANTED.rows(tokens), 2] += push
        p = np.exp(log_softmax(logits))
        labels = (random.random(n)[:, None] > p.cumsum(1)).sum(1).clip(0, 2)
        files[split] = contexts_file(folder / f"{split}.safetensors", tokens, labels, story=np.arange(n) // 4)
    outputs = linear_outputs(folder)
    # A strong penalty: what it takes from the votes must not come back as pairs.
    train_small(files["train"], files["validation"], outputs, [5e-3])
    tokenizer = tokenizer_file(folder / "tokenizer.json", ["The cat was here, and it was so big."] * 30, 270)
    return Inputs(files["train"], files["validation"], files["test"], outputs.weights, tokenizer)


def search(inputs: Inputs, folder: Path) -> tuple[list[dict], dict[str, np.ndarray]]:
    table, curve = folder / "pairs.csv", folder / "curve.safetensors"
    settings = Pairs(count=8, support=10, folds=2)
    find_pairs(inputs, settings=settings, seed=0, machine=Machine(), table=table, curve=curve)
    return read_csv(table), read_tensors(curve)


def test_a_planted_pair_is_found_and_confirmed(tmp_path: Path) -> None:
    inputs = world(tmp_path, 2.5)
    rows, curve = search(inputs, tmp_path)
    first = rows[0]
    assert (first["position"], first["other_position"], first["candidate"]) == (-3, -1, WORDS[2])
    assert first["confirmed"] == 1
    assert first["value"] > 0.8
    assert first["z"] > 4
    training = read_contexts(inputs.train)
    assert first["seen"] == PLANTED.rows(training.tokens).sum()
    assert len(json.loads(first["examples"])) == 3
    assert sum(r["confirmed"] for r in rows) == 1
    assert curve["tried"][0] == 6 * VOCABULARY**2
    # It is what the pair adds to the votes of its tokens, fitted again.
    assert curve["pairs"][1].mean() < curve["votes"][1].mean() - 0.002
    assert curve["size"][:2].tolist() == [0, 1]


def test_without_a_pair_none_is_confirmed_though_the_votes_are_shrunk(tmp_path: Path) -> None:
    rows, curve = search(world(tmp_path, 0.0), tmp_path)
    assert not any(r["confirmed"] for r in rows)
    gain = curve["votes"][-1].mean() - curve["pairs"][-1].mean()
    assert gain < 0.002


def test_weights_are_those_of_the_penalised_likelihood(tmp_path: Path) -> None:
    inputs = world(tmp_path, 2.5)
    training = read_contexts(inputs.train)
    start = np.zeros((len(training), 3))
    model = Model.fit(training, start, [PLANTED])
    logits = model.logits(training.tokens)
    by_hand = model.of(PLANTED) * PLANTED.rows(training.tokens)[:, None]
    for (position, token), weight in zip(model.singles, model.weight[1:], strict=True):
        by_hand = by_hand + weight * (training.tokens[:, position] == token)[:, None]
    np.testing.assert_allclose(logits, by_hand)
    wrong = np.exp(log_softmax(logits))
    wrong[np.arange(len(training)), training.labels] -= 1
    gradient = wrong[PLANTED.rows(training.tokens)].sum(0) + model.of(PLANTED)
    np.testing.assert_allclose(gradient / len(training), 0, atol=1e-4)


@pytest.mark.parametrize("better", [True, False])
def test_gains_and_shares_are_plain_means(tmp_path: Path, better: bool) -> None:
    inputs = world(tmp_path, 2.5)
    _, curve = search(inputs, tmp_path)
    asked = read_contexts(inputs.test)
    random = np.random.default_rng(1)
    truth, paths, losses = np.eye(3)[asked.labels], [], {}
    for name, strength in (("linear", 0.5), ("additive", 0.4), ("nonlinear", 0.7 if better else 0.3)):
        table = log_softmax(strength * truth + random.normal(0, 0.01, truth.shape))
        paths.append(tmp_path / f"{name}.parquet")
        write_predictions(paths[-1], table, predictor=name, title=name, candidates=WORDS)
        losses[name] = context_losses(table, asked.labels).mean()
    evaluate_pairs(
        tmp_path / "curve.safetensors",
        inputs.test,
        paths,
        settings=Evaluation(bootstrap=200),
        seed=0,
        output=tmp_path / "o.csv",
    )
    rows = read_csv(tmp_path / "o.csv")
    assert [r["size"] for r in rows] == curve["size"].tolist()
    advantage = min(losses["linear"], losses["additive"]) - losses["nonlinear"]
    for i, r in enumerate(rows):
        gain = curve["votes"][i].mean(dtype=np.float64) - curve["pairs"][i].mean(dtype=np.float64)
        assert r["gain"] == pytest.approx(gain, abs=1e-9)
        assert r["low"] <= r["gain"] <= r["high"]
        assert r["advantage"] == pytest.approx(advantage, abs=1e-6)
        # Where the network is not ahead there is nothing to take a share of.
        assert (r["share"] is not None) == better
        if better:
            assert r["share"] == pytest.approx(gain / advantage, rel=1e-4)
