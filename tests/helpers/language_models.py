"""Tiny language models with random weights, and tokenizers of several kinds, made for the tests."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.predictors.causal_lm.interview import ask_texts
from handcraft.predictors.causal_lm.load import LanguageModel
from handcraft.predictors.causal_lm.score import Scorer
from handcraft.predictors.causal_lm.text import Question

TEXTS = [
    "Mom, I found this needle. Can you share it with me and the cat",
    "not have any friends. All the other trees were big and strong, but the cat sat",
    'ax felt better. He said, "Thank you, Owl, for the orange cake',
    "ives are not toys. You must be very careful with them, or so they say and play",
    "hoop and chased it around the yard. Tom had so much fun for the day",
    "the café was ☃ cold. One\n\ntwo; the end",
] * 3
CANDIDATES = (" and", " but", " for", " so", " or")
WINDOWS = [
    "ives are not toys. You must be very careful with them,",
    " hoop and chased it around the yard. Tom had",
    "ax felt better. He said,",
    "é was ☃ cold.\n\nOne <s> two",
    "cat",
    " the cat sat and the cat",
    "e",
    "",
]


def byte_level(
    *, vocabulary: int = 300, bos: str | None = None, added: bool = False, across: bool = False
) -> Any:
    """A byte-level BPE tokenizer; `bos` is its BOS, `added` puts it before text, `across` lets merges cross spaces."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not across)
    inner.decoder = decoders.ByteLevel()
    inner.train_from_iterator(
        TEXTS,
        trainers.BpeTrainer(
            vocab_size=vocabulary,
            special_tokens=[bos] if bos else [],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    if added:
        inner.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", special_tokens=[(bos, inner.token_to_id(bos))]
        )
    return PreTrainedTokenizerFast(tokenizer_object=inner, **({"bos_token": bos} if bos else {}))


def random_model(kind: str, vocabulary: int, bos: int | None, **more: Any) -> Any:
    """A random model of the shape of `llama`, `gpt_neox`, `gpt2` or `gemma2` (which caps its logits)."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    shape = {"vocab_size": vocabulary, "bos_token_id": bos, "eos_token_id": bos, "initializer_range": 0.3}
    if kind == "gpt2":
        shape |= {"n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 128}
    else:
        shape |= {
            "hidden_size": 16,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
        }
        shape |= {"max_position_embeddings": 128}
    if kind in ("llama", "gemma2"):
        shape |= {"num_key_value_heads": 1, "head_dim": 8}
    torch.manual_seed(1)
    config = AutoConfig.for_model(kind, **(shape | more))
    return AutoModelForCausalLM.from_config(config).float().eval()


def write_model(directory: Path, kind: str, tokenizer: Any, **more: Any) -> Path:
    """A random model of this kind with the tokenizer, saved to the directory."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    random_model(kind, len(tokenizer), tokenizer.bos_token_id, **more).save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def score_texts(
    lm: LanguageModel,
    texts: list[str],
    candidates: tuple[str, ...],
    *,
    batch_tokens: int,
    prefix: str,
    name: str,
    workers: int = 1,
) -> np.ndarray:
    """Log-probability of each candidate after each text: float64 [n, K], nats, not normalised over the candidates."""
    questions, _ = ask_texts(lm, texts, candidates, prefix=prefix, name=name)
    return Scorer(lm.model, batch_tokens=batch_tokens, workers=workers)(questions, description=name)


def score_questions(model: Any, questions: Sequence[Question], *, batch_tokens: int) -> np.ndarray:
    """`Scorer` for a single use."""
    return Scorer(model, batch_tokens=batch_tokens)(questions)
