"""What figures of weights rest on: evidence by position, shown tokens, published weights, no penalty."""

import math
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from handcraft.analysis.evidence import evaluate_evidence
from handcraft.analysis.published import CANDIDATES, WEIGHTS
from handcraft.analysis.published_weights import compare_weights, evaluate_published
from handcraft.analysis.shown import LARGE, RARE, large_but_rare, shown_tokens
from handcraft.analysis.unpenalised import STEPS, train_unpenalised
from handcraft.config.model import Evaluation
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import read_csv, read_metadata, read_tensors
from handcraft.predictors.linear.predict import linear_logits
from handcraft.tokenizer.tokens import load_tokenizer
from tests.helpers.artifacts import (
    WORDS,
    contexts_file,
    last_token_decides,
    support_file,
    tokenizer_file,
    weights_file,
)
from tests.helpers.explorer import ExplorerFiles


def plain_losses(weight: np.ndarray, tokens: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Losses [n, 10] of four positions; the constant of each set of positions by another method."""
    n, length, words = len(labels), weight.shape[0], weight.shape[2]
    pushes = [np.array([weight[p, row[p]] for row in tokens]) for p in range(length)]
    sets: list[set[int]] = [*({p} for p in range(length)), *(set(range(p + 1)) for p in range(length))]

    def losses(z: np.ndarray) -> np.ndarray:
        return np.array(
            [math.log(sum(map(math.exp, row))) - row[k] for row, k in zip(z, labels, strict=True)]
        )

    columns = [np.array([-math.log(np.mean(labels == k)) for k in labels]), losses(sum(pushes))]
    for constant in sets:
        left = sum((pushes[p] for p in range(length) if p not in constant), np.zeros((n, words)))
        found = minimize(lambda c, z=left: losses(z + c).mean(), np.zeros(words), method="BFGS", tol=1e-10)
        columns.append(losses(left + found.x))
    return np.column_stack(columns)


def test_evidence_is_the_loss_without_each_position_story_by_story(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    tokens, labels = last_token_decides(60, 1)
    story = np.sort(random.integers(0, 12, 60))
    weight = random.normal(0, 0.1, (4, 12, 3))
    weight[3, :, :] += np.eye(3)[np.arange(12) % 3]
    weight = weight.astype(np.float32)
    weights = weights_file(tmp_path / "w.safetensors", weight)
    held_out = contexts_file(tmp_path / "c.safetensors", tokens, labels, story=story)
    settings = Evaluation(bootstrap=4000, confidence=0.9)
    evaluate_evidence(weights, held_out, settings=settings, seed=0, output=tmp_path / "e.csv")
    rows = read_csv(tmp_path / "e.csv")
    assert [r["position"] for r in rows] == [-4, -3, -2, -1]

    losses = plain_losses(weight.astype(float), tokens, labels)

    def measures(chosen: np.ndarray) -> np.ndarray:
        m = losses[chosen].mean(0)
        return np.concatenate([m[2:6] - m[1], (m[2:] - m[1]) / (m[0] - m[1])])

    names = ("loss_added", "share", "up_to")
    found = np.concatenate([[r[name] for r in rows] for name in names])
    assert found == pytest.approx(measures(np.arange(60)), abs=1e-6)
    # Only the last position says anything here, and without all of them the class rates are left.
    assert rows[-1]["up_to"] == pytest.approx(1)
    assert rows[-1]["share"] > 0.5 > 0.2 > max(abs(r["share"]) for r in rows[:-1])
    drawn = []
    stories = np.unique(story)
    for _ in range(4000):
        drawn.append(
            measures(
                np.concatenate([np.flatnonzero(story == s) for s in random.choice(stories, len(stories))])
            )
        )
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    for i, (name, before) in enumerate((("loss_added", ""), ("share", "share_"), ("up_to", "up_to_"))):
        for r, a, b in zip(rows, low[4 * i :], high[4 * i :], strict=False):
            assert (r[f"{before}low"], r[f"{before}high"]) == pytest.approx(
                (a, b), abs=0.15 * (b - a) + 1e-3
            ), name
    first = (tmp_path / "e.csv").read_bytes()
    evaluate_evidence(weights, held_out, settings=settings, seed=0, output=tmp_path / "e.csv")
    assert (tmp_path / "e.csv").read_bytes() == first


def test_without_a_gain_or_with_one_story_there_is_no_share_or_no_interval(tmp_path: Path) -> None:
    tokens, labels = last_token_decides(20, 1)
    held_out = contexts_file(tmp_path / "c.safetensors", tokens, labels, story=np.zeros(20))
    random = np.random.default_rng(0)
    bad = random.normal(size=(4, 12, 3)) * np.array([[[0]], [[0]], [[0]], [[-9]]])
    bad[3, np.arange(12), np.arange(12) % 3] = -9
    some = random.normal(size=(4, 12, 3)) * 0.01
    some[3, np.arange(12), np.arange(12) % 3] = 3
    settings = Evaluation(bootstrap=100)
    for weight, gain in ((bad, False), (some, True)):
        weights = weights_file(tmp_path / "w.safetensors", weight)
        evaluate_evidence(weights, held_out, settings=settings, seed=0, output=tmp_path / "e.csv")
        rows = read_csv(tmp_path / "e.csv")
        assert all((r["share"] is not None) == gain and r["low"] is None for r in rows)
        assert all(r["loss_added"] is not None for r in rows)
    other = weights_file(tmp_path / "other.safetensors", np.zeros((3, 12, 3)))
    with pytest.raises(UserError, match="do not fit"):
        evaluate_evidence(other, held_out, settings=settings, seed=0, output=tmp_path / "e.csv")


def test_shown_are_the_named_tokens_then_the_most_influential(small_tokenizer: Path, tmp_path: Path) -> None:
    made = ExplorerFiles(tmp_path, small_tokenizer, ("one",))
    encoder, influence = load_tokenizer(small_tokenizer), made.at("one", "influence")
    weight = read_tensors(made.at("one", "weights"))["weight"]
    asked = read_tensors(made.at("one", "validation"))["tokens"]
    sums: dict[int, float] = {}
    for row in asked:
        for p, token in enumerate(row.tolist()):
            push = weight[p, token] - weight[p, token].astype(float).mean()
            sums[token] = sums.get(token, 0) + float(np.abs(push).mean())
    best = sorted(sums, key=lambda t: -sums[t])[:3]
    comma = encoder.token_to_id(",")
    assert shown_tokens(influence, small_tokenizer, [",", "no such token"], 3)[0] == comma
    assert shown_tokens(influence, small_tokenizer, [], 3) == best
    assert shown_tokens(influence, small_tokenizer, [","], 0) == [comma]


def test_large_but_rare_needs_both() -> None:
    size, support = np.array([LARGE, LARGE, LARGE - 0.01]), np.array([9, 10, 0])
    assert large_but_rare(size, support, round(10 / RARE)).tolist() == [True, False, False]


def published(tmp_path: Path, words: tuple[str, ...], planted: bool, scale: float = 1.0) -> list[dict]:
    tokenizer = tokenizer_file(
        tmp_path / "t.json", ["The cat was here, and it was so big, but not so fat."] * 30, 270
    )
    encoder = load_tokenizer(tokenizer)
    weight = np.zeros((4, encoder.get_vocab_size(), len(words)))
    for token, theirs in WEIGHTS.items():
        (identity,) = encoder.encode(token).ids
        # The same but for a number added to all words, which changes nothing.
        weight[-1, identity] = [scale * theirs.get(w, 0) + 7 for w in words]
    weights = weights_file(tmp_path / "w.safetensors", weight, words)
    support = support_file(tmp_path / "s.safetensors", np.full(weight.shape[:2], 3), 90)
    evaluate_published(weights, support, tokenizer=tokenizer, planted=planted, output=tmp_path / "p.csv")
    return read_csv(tmp_path / "p.csv")


def test_published_weights_are_compared_centred(tmp_path: Path) -> None:
    for scale, same, fit in ((0.5, 5, 1), (-1.0, 0, -1)):
        for row in published(tmp_path, CANDIDATES[::-1], False, scale):
            assert (row["comparable"], row["same_sign"], row["compared"], row["seen"]) == (1, same, 5, 3)
            assert row["correlation"] == pytest.approx(fit)
            assert row["orderings"] == pytest.approx(1 / 120 if fit > 0 else 1)
            assert (row["largest"] == row["published_largest"]) == (fit > 0)
    ours = dict(zip(CANDIDATES, (0.3, -1.0, 2.0, 0.1, -0.4), strict=True))
    theirs = WEIGHTS[","]
    a, b = (np.array([side[w] for w in CANDIDATES]) for side in (ours, theirs))
    fits = [np.corrcoef(order, b)[0, 1] for order in permutations(a)]
    found = compare_weights(ours, theirs)
    assert found["correlation"] == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert found["orderings"] == pytest.approx(np.mean(np.array(fits) >= np.corrcoef(a, b)[0, 1] - 1e-12))
    assert found["same_sign"] == int((np.sign(a - a.mean()) == np.sign(b - b.mean())).sum())


def test_published_weights_of_other_stories_or_words_are_not_compared(tmp_path: Path) -> None:
    for words, planted, why in (
        (CANDIDATES, True, "the stories are made up"),
        (WORDS, False, "another group"),
    ):
        for row in published(tmp_path, words, planted):
            assert (row["comparable"], row["why"], row["correlation"]) == (0, why, None)
    flat = compare_weights(dict.fromkeys(CANDIDATES, 1.0), WEIGHTS[","])
    assert (flat["correlation"], flat["largest"]) == (None, None)


def test_without_a_penalty_rare_tokens_get_large_weights(tmp_path: Path) -> None:
    tokens, labels = last_token_decides(400, 2)
    tokens[tokens == 11] = 0
    tokens[0, 0] = 11
    train = contexts_file(tmp_path / "c.safetensors", tokens, labels)
    for name in ("a", "b"):
        train_unpenalised(train, machine=Machine(), output=tmp_path / f"{name}.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    tensors, metadata = read_tensors(tmp_path / "a.safetensors"), read_metadata(tmp_path / "a.safetensors")
    logits = linear_logits(tensors["weight"], tensors["bias"], tokens)
    loss = (np.log(np.exp(logits).sum(1)) - logits[np.arange(400), labels]).mean()
    assert metadata["train_loss"] == pytest.approx(loss, abs=1e-5)
    assert (metadata["steps"], metadata["l1"]) == (STEPS, 0.0)
    seen_once, common = np.abs(tensors["weight"][0, 11]).max(), np.abs(tensors["weight"][0, :11]).max()
    assert seen_once > common, "a token seen once is pushed harder than any that says nothing"
    assert not tensors["weight"][1, 11].any(), "what was never seen has no weight"
