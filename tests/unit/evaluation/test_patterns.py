"""Where two predictors differ: a planted token is found, noise is not, and what cannot be compared gives no row."""

from pathlib import Path

import numpy as np
import pytest

from handcraft.config.model import Evaluation
from handcraft.contexts.read import Contexts
from handcraft.evaluation.patterns import SHOWN, STORIES, Inputs, evaluate_patterns, find_patterns
from handcraft.files import read_csv, write_tensors
from handcraft.math import context_losses, log_softmax
from handcraft.predictions import write_predictions
from handcraft.tokenizer.tokens import Vocabulary

WORDS = (" and", " but", " so")
STRONG = np.log([0.7, 0.2, 0.1])


def world(seed: int, n: int = 3000) -> tuple[Contexts, np.ndarray]:
    """Contexts of three tokens of 70 to 89, four a story, and the true log-probabilities of their words."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(70, 90, (n, 3)).astype(np.uint16)
    truth = STRONG[(np.arange(3) + tokens[:, -1:].astype(int)) % 3]
    labels = (np.exp(truth).cumsum(1) < rng.random((n, 1))).sum(1).clip(0, 2).astype(np.uint8)
    return Contexts(tokens, labels, np.arange(n) // 4, np.zeros(n, np.int64), WORDS, 300), truth


def noisy(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return log_softmax(truth + rng.normal(0, 0.5, truth.shape))


def test_predictors_that_differ_by_noise_give_hardly_ever_a_pattern() -> None:
    false = 0
    for seed in range(40):
        contexts, truth = world(seed)
        rng = np.random.default_rng(1000 + seed)
        a, b = (context_losses(noisy(truth, rng), contexts.labels) for _ in range(2))
        found, tried, each = find_patterns(contexts, a - b, 0.95)
        assert each == pytest.approx(1 - 0.05 / tried)
        false += bool(found)
    assert false <= 5


@pytest.mark.parametrize("sign", [1, -1])
def test_a_token_after_which_one_is_better_is_found_alone(sign: int) -> None:
    contexts, truth = world(0)
    rng = np.random.default_rng(1)
    a, b = noisy(truth, rng), noisy(truth, rng)
    at = contexts.tokens[:, -1] == 77
    a[at] = np.log(1 / 3)
    difference = sign * (context_losses(a, contexts.labels) - context_losses(b, contexts.labels))
    (one,), _, _ = find_patterns(contexts, difference, 0.95)
    assert one.tokens == (77,)
    assert sign * one.difference > 0
    assert one.difference == pytest.approx(difference[at].sum() / len(contexts))
    assert (one.contexts, one.stories) == (at.sum(), len(np.unique(contexts.story[at])))
    assert one.example == np.flatnonzero(at)[np.argmax(sign * difference[at])]
    assert one.low < one.difference < one.high


def test_a_pair_is_found_where_the_last_token_alone_says_less() -> None:
    contexts, _ = world(2)
    rng = np.random.default_rng(3)
    # After 77, the one is better where 70 comes before it, and the other where 71 does.
    tokens = contexts.tokens
    tokens[np.arange(0, 800, 2), 1:] = (70, 77)
    tokens[np.arange(1, 800, 2), 1:] = (71, 77)
    difference = rng.normal(0, 0.1, len(contexts))
    difference[:800:2] += 0.5
    difference[1:800:2] -= 0.5
    found, tried, _ = find_patterns(contexts, difference, 0.95)
    assert [one.tokens for one in found] == [(70, 77), (71, 77)]
    assert tried >= 22


def test_the_interval_is_that_of_a_bootstrap_over_stories() -> None:
    contexts, _ = world(4)
    difference = np.random.default_rng(5).gamma(1, 1, len(contexts))
    found, _, each = find_patterns(contexts, difference, 0.95)
    one, rng = found[0], np.random.default_rng(6)
    own = np.where(contexts.tokens[:, -1] == one.tokens[-1], difference, 0)
    by_story = np.bincount(contexts.story, weights=own)
    draws = by_story[rng.integers(0, len(by_story), (20_000, len(by_story)))].sum(1) / len(contexts)
    low, high = np.quantile(draws, [(1 - each) / 2, (1 + each) / 2])
    assert (one.low, one.high) == pytest.approx((low, high), rel=0.1)
    assert len(found) == SHOWN


def test_few_stories_and_infinite_losses_say_nothing() -> None:
    contexts, _ = world(7, n=4 * (STORIES - 1))
    assert find_patterns(contexts, np.ones(len(contexts)), 0.95)[:2] == ([], 0)
    contexts, _ = world(8)
    difference = np.ones(len(contexts))
    difference[5] = np.inf
    assert find_patterns(contexts, difference, 0.95)[0] == []


def test_the_table(tmp_path: Path, small_tokenizer: Path) -> None:
    files: dict[str, Path] = {}
    for split, seed in (("test", 0), ("validation", 1)):
        contexts, truth = world(seed)
        files[split] = tmp_path / f"{split}.safetensors"
        arrays = {k: getattr(contexts, k) for k in ("tokens", "labels", "story", "offset")}
        write_tensors(files[split], arrays, {"candidates": WORDS, "vocabulary": 300})
    contexts, truth = world(0)
    linear = noisy(truth, np.random.default_rng(1))
    linear[contexts.tokens[:, -1] == 77] = np.log(1 / 3)
    path = tmp_path / "linear.parquet"
    write_predictions(path, linear, predictor="linear", title="linear", candidates=WORDS)
    # The language model does not know how frequent the words are: it is corrected before it is compared.
    wrong = np.array([0.0, 2.0, -1.0])
    rows = np.arange(len(contexts), dtype=np.int32)
    answers = {"test": truth + wrong, "test_rows": rows}
    answers |= {"validation": world(1)[1] + wrong, "validation_rows": rows}
    said = {"predictor": "lm", "title": "LM", "candidates": WORDS, "missing": None}

    def run(answers: dict[str, np.ndarray] | None, **more: object) -> list[dict[str, object]]:
        lm = tmp_path / "lm.safetensors"
        if answers is not None:
            write_tensors(lm, answers, said | more)
        inputs = Inputs(files["test"], files["validation"], path, small_tokenizer, lm if answers else None)
        evaluate_patterns(inputs, settings=Evaluation(), groups=2, output=tmp_path / "patterns.csv")
        return read_csv(tmp_path / "patterns.csv")

    found = run(answers)
    assert (found[0]["pattern"], found[0]["better"]) == (Vocabulary.read(small_tokenizer).show(77), "lm")
    assert {r["better"] for r in found} == {"lm"}
    assert found[0]["confidence"] == pytest.approx(1 - 0.05 / 2 / found[0]["tried"])
    assert contexts.tokens[found[0]["context"], -1] == 77
    assert run(None) == []
    assert run(answers, missing={"what": "gone"}) == []
    sample = answers | {"test": answers["test"][:100], "test_rows": rows[:100]}
    assert run(sample) == []
