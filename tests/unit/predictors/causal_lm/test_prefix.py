"""The config's prefix: names of special tokens in it mean these tokens, in a story they are text."""

from typing import Any

import numpy as np
import pytest
import torch

from handcraft.errors import UserError
from handcraft.predictors.causal_lm.load import LanguageModel
from tests.helpers.language_models import CANDIDATES, TEXTS, WINDOWS, byte_level, random_model, score_texts
from tests.helpers.plain_scorer import score_texts_plainly


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def with_special(tokenizer: Any, **more: Any) -> LanguageModel:
    from transformers import AddedToken

    token = AddedToken("<|user|>", special=True, normalized=False, **more)
    tokenizer.add_special_tokens({"additional_special_tokens": [token]})
    beginning = () if tokenizer.bos_token_id is None else (tokenizer.bos_token_id,)
    return LanguageModel(
        random_model("llama", len(tokenizer), tokenizer.bos_token_id), tokenizer, beginning, ""
    )


def spaced() -> Any:
    """A tokenizer that puts a space before text where it stands first, and nowhere else."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    inner.decoder = decoders.Metaspace(prepend_scheme="first", split=False)
    letters = sorted({c for text in [*TEXTS, *WINDOWS, "\n<|user|>_Q:T"] for c in text})
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<unk>", "<s>"], initial_alphabet=letters, show_progress=False
    )
    inner.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=inner, bos_token="<s>", unk_token="<unk>")


@pytest.mark.parametrize("rest", ["", "Q: ", "\n\n", "The "])
def test_special_tokens_of_the_prefix_are_special(rest: str) -> None:
    lm = with_special(byte_level(bos="<s>", added=True))
    user = lm.tokenizer.convert_tokens_to_ids("<|user|>")
    texts = ["The cat sat", " and <|user|> sat", "<|user|>"]
    ours = score_texts(lm, texts, CANDIDATES, batch_tokens=200, prefix=f"A<|user|>{rest}", name="x")
    before = [*lm.tokenizer("A", add_special_tokens=False)["input_ids"], user]
    expected = score_texts_plainly(
        lm.model, lm.tokenizer, lm.beginning, [rest + t for t in texts], CANDIDATES, before
    )
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-4)
    assert user not in lm.encode(["<|user|>"])[0]


def test_a_prefix_without_special_tokens_is_text() -> None:
    lm = with_special(byte_level(bos="<s>", added=True))
    ours = score_texts(lm, WINDOWS, CANDIDATES, batch_tokens=200, prefix="Q: <|use", name="x")
    expected = score_texts_plainly(
        lm.model, lm.tokenizer, lm.beginning, ["Q: <|use" + t for t in WINDOWS], CANDIDATES
    )
    np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-4)


def test_a_bos_in_the_prefix_is_not_put_there_twice() -> None:
    lm = with_special(byte_level(bos="<s>", added=True))
    user = lm.tokenizer.convert_tokens_to_ids("<|user|>")
    assert lm.read_prefix("<s><|user|>a").beginning == (*lm.beginning, user)
    assert lm.read_prefix("<|user|>a").beginning == (*lm.beginning, user)
    assert lm.read_prefix("<|user|>a").rest == "a"
    assert lm.read_prefix("").beginning == lm.beginning


def test_no_space_is_put_after_a_special_token() -> None:
    lm = with_special(spaced())
    whole = lm.tokenizer("<|user|>The cat", add_special_tokens=False)["input_ids"]
    prefix = lm.read_prefix("<|user|>")
    assert [*prefix.beginning, *prefix.encode(["The cat"])[0]] == [*lm.beginning, *whole]
    assert prefix.encode(["The cat"]) != lm.encode(["The cat"])


def test_a_special_token_that_takes_spaces_is_refused() -> None:
    lm = with_special(byte_level(bos="<s>", added=True), rstrip=True)
    with pytest.raises(UserError, match="changes the text that follows a special token") as error:
        lm.read_prefix("<|user|>")
    assert error.value.where == "predictors.causal_lms: prefix"
