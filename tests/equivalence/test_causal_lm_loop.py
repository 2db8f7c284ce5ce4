"""The fast scores against a plain loop: one forward pass per candidate, whole logits, no batches."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from handcraft.predictors.causal_lm.load import LanguageModel, load_language_model
from handcraft.predictors.causal_lm.rows import Way, plan_rows
from handcraft.predictors.causal_lm.score import Scorer
from handcraft.predictors.causal_lm.text import build_questions, clip_questions
from handcraft.predictors.causal_lm.words import continuing_tokens
from tests.helpers.language_models import CANDIDATES, WINDOWS, byte_level, score_texts, write_model

os.environ["HF_HUB_OFFLINE"] = "1"
CPU = torch.device("cpu")

KINDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "llama, BOS added": ("llama", {"bos": "<s>", "added": True}, {}),
    "llama, tokens across the join": (
        "llama",
        {"bos": "<s>", "added": True, "across": True, "vocabulary": 500},
        {},
    ),
    "gpt2, BOS only named": ("gpt2", {"bos": "<|endoftext|>"}, {}),
    "gpt_neox, no BOS": ("gpt_neox", {}, {}),
    "gpt_neox, tokens across the join": (
        "gpt_neox",
        {"bos": "<|endoftext|>", "across": True, "vocabulary": 500},
        {},
    ),
    "gemma2, capped logits": ("gemma2", {"bos": "<bos>", "added": True}, {"final_logit_softcapping": 2.0}),
    "llama, own output matrix": ("llama", {"bos": "<s>"}, {"tie_word_embeddings": False}),
}


def loop(
    lm: LanguageModel, beginning: list[int], texts: list[str], candidates: tuple[str, ...]
) -> np.ndarray:
    """The definition, word for word."""
    plain = {"add_special_tokens": False, "split_special_tokens": True}
    scores = np.zeros((len(texts), len(candidates)))
    for i, text in enumerate(texts):
        tokenize = lambda t: beginning + lm.tokenizer(t, **plain)["input_ids"]  # noqa: E731
        sequences = [tokenize(text + c) for c in candidates]
        alike = [len(set(column)) == 1 for column in zip(tokenize(text), *sequences, strict=False)]
        shared = (*alike, False).index(False)
        for k, ids in enumerate(sequences):
            with torch.no_grad():
                logits = lm.model(input_ids=torch.tensor([ids])).logits[0].double()
            log_p = logits.log_softmax(-1)
            scores[i, k] = sum(float(log_p[t - 1, ids[t]]) for t in range(shared, len(ids)))
    return scores


def fast(lm: LanguageModel, texts: list[str], batch_tokens: int) -> np.ndarray:
    return score_texts(lm, texts, CANDIDATES, batch_tokens=batch_tokens, prefix="", name="x")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, LanguageModel]:
    torch.set_num_threads(1)
    loaded = {}
    for name, (kind, tokenizer, more) in KINDS.items():
        directory = write_model(tmp_path_factory.mktemp("model"), kind, byte_level(**tokenizer), **more)
        bos = "always" if "bos" in tokenizer else "auto"
        loaded[name] = load_language_model(str(directory), None, dtype="float32", device=CPU, bos=bos)
    return loaded


@pytest.mark.parametrize("name", KINDS)
def test_scores_are_those_of_a_plain_loop(models: dict[str, LanguageModel], name: str) -> None:
    lm = models[name]
    texts = [t for t in WINDOWS if t or lm.beginning]
    bos = lm.tokenizer.bos_token_id
    assert lm.beginning == (() if bos is None else (bos,))
    expected = loop(lm, [] if bos is None else [bos], texts, CANDIDATES)
    for batch_tokens in (1, 40, 100_000):
        np.testing.assert_allclose(fast(lm, texts, batch_tokens), expected, rtol=1e-5, atol=1e-5)


LONG = (" and", " orange cake", " orange", " share it with", " toys")


@pytest.mark.parametrize("name", KINDS)
def test_candidates_of_many_tokens_are_branches_of_one_row(
    models: dict[str, LanguageModel], name: str
) -> None:
    lm = models[name]
    texts = [t for t in WINDOWS if t]
    bos = lm.tokenizer.bos_token_id
    questions = list(build_questions(texts, LONG, lm.encode, lm.beginning))
    scorer = Scorer(lm.model, batch_tokens=200)
    ours = scorer(questions)
    assert scorer.trees
    np.testing.assert_allclose(
        ours, loop(lm, [] if bos is None else [bos], texts, LONG), rtol=1e-5, atol=1e-5
    )
    assert sum(map(len, plan_rows(questions).rows)) < 0.7 * sum(
        map(len, plan_rows(questions, way=Way.ROWS).rows)
    )


def test_contexts_of_one_story_share_rows(models: dict[str, LanguageModel]) -> None:
    lm = models["llama, BOS added"]
    story = " ".join(WINDOWS[:4])
    texts = [story[:i] for i in range(60, len(story)) if story[i] == " "]
    questions = list(build_questions(texts, LONG, lm.encode, lm.beginning))
    assert len(plan_rows(questions).rows) < len(texts) / 2
    ours = Scorer(lm.model, batch_tokens=400)(questions)
    np.testing.assert_allclose(ours, loop(lm, [0], texts, LONG), rtol=1e-5, atol=1e-5)


def test_a_model_that_knows_no_branches_is_asked_without(
    models: dict[str, LanguageModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    lm = models["gpt2, BOS only named"]
    real = type(lm.model.base_model).forward

    def deaf(self: Any, *args: Any, attention_mask: Any = None, position_ids: Any = None, **more: Any) -> Any:
        return real(self, *args, **more)

    expected = loop(lm, [lm.tokenizer.bos_token_id], WINDOWS[:3], LONG)
    monkeypatch.setattr(type(lm.model.base_model), "forward", deaf)
    questions = list(build_questions(WINDOWS[:3], LONG, lm.encode, lm.beginning))
    scorer = Scorer(lm.model, batch_tokens=200)
    np.testing.assert_allclose(scorer(questions), expected, rtol=1e-5, atol=1e-5)
    assert not scorer.trees


@pytest.mark.parametrize("name", KINDS)
def test_the_end_of_the_word_is_what_a_plain_loop_gives(models: dict[str, LanguageModel], name: str) -> None:
    lm = models[name]
    vocabulary = len(lm.tokenizer)
    goes_on = continuing_tokens(lm, vocabulary)
    letters = [t for t in range(vocabulary) if lm.tokenizer.convert_ids_to_tokens(t)[0].isalnum()]
    assert set(np.flatnonzero(goes_on)) <= set(letters)
    assert 40 < goes_on.sum() < vocabulary
    questions = list(build_questions(WINDOWS[:4], LONG, lm.encode, lm.beginning))
    ours = Scorer(lm.model, batch_tokens=100, continues=goes_on)(questions, word_ends=True)
    for i, q in enumerate(questions):
        for k, ending in enumerate(q.endings):
            with torch.no_grad():
                p = (
                    lm.model(input_ids=torch.tensor([[*q.shared, *ending]]))
                    .logits[0, -1]
                    .double()
                    .softmax(-1)
                )
            np.testing.assert_allclose(ours[i, k], float(torch.log(1 - p[goes_on].sum())), rtol=0, atol=1e-5)


def test_a_long_text_is_cut_at_its_beginning(models: dict[str, LanguageModel]) -> None:
    lm = models["gpt2, BOS only named"]
    text = " ".join(WINDOWS[:2] * 9)
    questions = list(build_questions([text, "cat"], CANDIDATES, lm.encode, lm.beginning))
    clipped, cut = clip_questions(questions, 1, 128)
    assert cut == 1
    assert clipped[1] == questions[1]
    assert clipped[0].shared[0] == questions[0].shared[0]
    assert len(clipped[0].shared) + max(map(len, clipped[0].endings)) == 128
    assert clipped[0].shared[1:] == questions[0].shared[-len(clipped[0].shared) + 1 :]
    assert np.isfinite(Scorer(lm.model, batch_tokens=500)(clipped)).all()


@pytest.mark.parametrize("name", ["llama, tokens across the join", "gpt_neox, tokens across the join"])
def test_the_spanning_tokenizer_spans(models: dict[str, LanguageModel], name: str) -> None:
    lm = models[name]
    questions = list(build_questions(WINDOWS, CANDIDATES, lm.encode, lm.beginning))
    assert any(q.spans for q in questions)
    assert not all(q.spans for q in questions)


def test_stories260k(stories260k: Path) -> None:
    lm = load_language_model(str(stories260k), None, dtype="float32", device=CPU)
    assert lm.beginning == (1,)
    expected = loop(lm, [1], WINDOWS, CANDIDATES)
    # Log-probabilities of about -15 have 7 digits in float32: a last digit is 1e-6 of them.
    np.testing.assert_allclose(fast(lm, WINDOWS, 4096), expected, rtol=1e-6, atol=2e-5)
    # " or" is two tokens here: their first alone would be another question.
    questions = list(build_questions(WINDOWS, CANDIDATES, lm.encode, lm.beginning))
    assert {len(q.endings[4]) for q in questions[:-1]} == {2}
    assert len(plan_rows(questions).rows) == len(WINDOWS)


@pytest.mark.parametrize("rows", [1, 16, 256])
def test_the_batch_size_does_not_matter_on_stories260k(stories260k: Path, rows: int) -> None:
    lm = load_language_model(str(stories260k), None, dtype="float32", device=CPU)
    texts = [text[i : i + 60] for text in WINDOWS[:4] for i in range(0, len(text), 2)]
    ours, other = fast(lm, texts, rows * 40), fast(lm, texts, 64 * 40)
    np.testing.assert_allclose(ours, other, rtol=0, atol=1e-5)


def test_the_workers_do_not_matter(models: dict[str, LanguageModel]) -> None:
    lm = models["llama, BOS added"]
    questions = list(build_questions(WINDOWS, CANDIDATES, lm.encode, lm.beginning))
    one, three = (Scorer(lm.model, batch_tokens=30, workers=n)(questions) for n in (1, 3))
    assert one.tobytes() == three.tobytes()


@pytest.mark.parametrize("rows", [1, 2, 7, 16, 64, 256])
def test_the_batch_size_does_not_matter(models: dict[str, LanguageModel], rows: int) -> None:
    lm = models["llama, BOS added"]
    texts = [w[i:] + " x" * (i % 3) for w in WINDOWS[:5] for i in range(0, len(w), 3)][:40]
    longest = max(map(len, plan_rows(list(build_questions(texts, CANDIDATES, lm.encode, lm.beginning))).rows))
    np.testing.assert_allclose(fast(lm, texts, rows * longest), fast(lm, texts, 1), rtol=0, atol=1e-5)


def test_a_rerun_gives_the_same_bits(models: dict[str, LanguageModel]) -> None:
    lm = models["llama, BOS added"]
    assert fast(lm, WINDOWS, 64).tobytes() == fast(lm, WINDOWS, 64).tobytes()
