"""Scores of many architectures against the plain definition; a few in every run, all of them in the slow tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from handcraft.errors import UserError
from handcraft.predictors.causal_lm.probe import PLAIN, fits_window, rope_switches
from handcraft.predictors.causal_lm.rows import Way
from handcraft.predictors.causal_lm.score import Scorer
from handcraft.predictors.causal_lm.text import Question
from tests.helpers.plain_scorer import score_plainly
from tests.helpers.zoo import REFUSED, VOCABULARY, ZOO, story_questions, tiny_model

NO_DOUBLE = {"xglm"}  # its mask has a number that float64 cannot be converted to
WORST = {
    "gpt_neo, window 48": Way.ROWS,
    "mistral, window 64": Way.ROWS,
    "mistral": Way.TREES,
    "gemma3, window 64": Way.ROWS,
    "gpt_oss, window 32": Way.ROWS,
    "phi3, LongRoPE": Way.LENGTHS,
    "phi3, LongRoPE, lengths on one side": Way.TREES,
    "prophetnet": Way.LENGTHS,
    "mamba2": Way.ROWS,
    "bloom": Way.ROWS,
}


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def normal(scores: np.ndarray) -> np.ndarray:
    return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)


def agrees(name: str) -> Scorer:
    kind, more = ZOO[name]
    model, questions = tiny_model(kind, **more), story_questions()
    scorer = Scorer(model, batch_tokens=1000)
    ours = scorer(questions)
    expected = score_plainly(model, questions, double=kind not in NO_DOUBLE)
    np.testing.assert_allclose(normal(ours), normal(expected), rtol=0, atol=1e-4)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=2e-4)
    np.testing.assert_allclose(scorer.plainly(questions[:2]), expected[:2], rtol=0, atol=2e-4)
    return scorer


@pytest.mark.parametrize("name", WORST)
def test_windows_and_lengths_change_no_score(name: str) -> None:
    assert agrees(name).way is WORST[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in ZOO if name not in WORST])
def test_every_architecture_agrees_with_the_plain_definition(name: str) -> None:
    scorer = agrees(name)
    if name in PLAIN:
        assert scorer.way is Way.TREES


def test_every_architecture_whose_rows_branch_is_in_the_zoo() -> None:
    assert set(ZOO) >= PLAIN
    assert len({kind for kind, _ in ZOO.values()}) >= 40


def test_the_docs_list_the_zoo(root: Path) -> None:
    page = (root / "docs" / "benchmarks" / "causal_lm.md").read_text(encoding="utf-8")
    listed = " ".join(page.split("## Architectures")[1].split("\n## ")[0].split())
    for name in [*ZOO, *REFUSED]:
        kind, _, more = name.partition(", ")
        assert f"`{kind}`" + (f", {more}" if more else "") in listed


@pytest.mark.parametrize("name", ["bert", "roberta", "llama, is_causal false", "gemma3, bidirectional"])
def test_a_model_that_looks_ahead_is_refused(name: str) -> None:
    kind, more = REFUSED[name]
    with pytest.raises(UserError, match="is not causal") as error:
        Scorer(tiny_model(kind, **more), batch_tokens=1000)(story_questions((10, 12)))
    assert "predict the next token" in error.value.remedy
    assert "config.json" in error.value.where


@pytest.mark.slow
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_asked_is_refused_with_a_reason(name: str) -> None:
    kind, more = REFUSED[name]
    with pytest.raises(UserError, match=r"is not causal|does not give the same answer twice"):
        Scorer(tiny_model(kind, **more), batch_tokens=1000)(story_questions())


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(
    "name",
    [
        "llama",
        "gpt2",
        "mixtral",
        "mistral, window 64",
        "phi3, LongRoPE",
        "mamba",
        "mamba2",
        "falcon_mamba",
        "rwkv",
    ],
)
def test_half_precision_on_the_cpu(name: str, dtype: Any) -> None:
    check_half(name, dtype)


def test_a_state_space_model_in_half_precision() -> None:
    check_half("mamba", torch.bfloat16)


def check_half(name: str, dtype: Any) -> None:
    kind, more = ZOO[name]
    model, questions = tiny_model(kind, **more), story_questions((34, 40, 64, 90))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.5 if parameter.dim() > 1 else 1)
    model = model.to(dtype)
    ours = Scorer(model, batch_tokens=1000)(questions)
    expected = score_plainly(model.float(), questions)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=0.15 if dtype == torch.bfloat16 else 0.03)


def test_the_end_of_the_word_where_lengths_matter() -> None:
    kind, more = ZOO["phi3, LongRoPE"]
    model, questions = tiny_model(kind, **more), story_questions((40, 62, 63, 64, 90))
    continues = np.arange(VOCABULARY) % 3 == 0
    scorer = Scorer(model, batch_tokens=500, continues=continues)
    ours = scorer(questions, word_ends=True)
    assert scorer.way is Way.LENGTHS
    for i, question in enumerate(questions):
        for k, ending in enumerate(question.endings):
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([[*question.shared, *ending]])).logits[0, -1].double()
            expected = float(torch.log(1 - logits.softmax(-1)[continues].sum()))
            np.testing.assert_allclose(ours[i, k], expected, rtol=0, atol=1e-4)


def test_a_longer_row_than_was_tried_is_tried_again() -> None:
    kind, more = ZOO["mistral, window 64"]
    scorer = Scorer(tiny_model(kind, **more), batch_tokens=1000)
    scorer(story_questions((20,)))
    assert scorer.way is Way.TREES
    scorer(story_questions((20, 100)))
    assert scorer.way is Way.ROWS


class Settings:
    """A config's text settings."""

    def __init__(self, **values: Any) -> None:
        self.__dict__ |= values

    def get_text_config(self) -> "Settings":
        return self


@pytest.mark.parametrize(
    ("settings", "fits"),
    [
        ({}, True),
        ({"sliding_window": None}, True),
        ({"sliding_window": 100}, True),
        ({"sliding_window": 99}, False),
        ({"sliding_window": 99, "use_sliding_window": False}, True),
        ({"sliding_window": 99, "layer_types": ["full_attention"] * 2}, True),
        ({"sliding_window": 99, "layer_types": ["full_attention", "sliding_attention"]}, False),
        ({"layer_types": ["full_attention", "linear_attention"]}, False),
        ({"attention_chunk_size": 32}, False),
        ({"window_size": 32}, False),
        ({"local_attention": 32}, False),
    ],
)
def test_windows_by_the_config(settings: dict[str, Any], fits: bool) -> None:
    assert fits_window(Settings(**settings), 100) is fits


@pytest.mark.parametrize(
    ("kind", "lengths", "switches"),
    [
        ("longrope", (10, 64), False),
        ("longrope", (10, 65), True),
        ("longrope", (64, 80), True),
        ("longrope", (65, 80), False),
        ("llama3", (10, 80), False),
        ("something new", (10, 80), True),
    ],
)
def test_ropes_by_the_config(kind: str, lengths: Sequence[int], switches: bool) -> None:
    rope = {"rope_type": kind, "original_max_position_embeddings": 64}
    assert rope_switches(Settings(rope_parameters=rope), *lengths) is switches
    assert rope_switches(Settings(rope_parameters={"full_attention": rope}), *lengths) is switches
    assert not rope_switches(Settings(rope_parameters=None), *lengths)


def test_a_token_that_the_model_does_not_know() -> None:
    with pytest.raises(UserError, match="gives token 120, and the model knows the tokens 0 to 119") as error:
        Scorer(tiny_model("gpt2"), batch_tokens=100)([Question((1, 2, 120), ((3,), (4,)))])
    assert "tokenizer" in error.value.remedy


def test_a_model_that_fails_on_a_row_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_model("gpt2")

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("expected m1 and m2 to have the same dtype")

    monkeypatch.setattr(type(model), "forward", fail)
    with pytest.raises(UserError, match=r"cannot compute a row of 13 tokens in torch\.float32"):
        Scorer(model, batch_tokens=100)(story_questions((9,)))
