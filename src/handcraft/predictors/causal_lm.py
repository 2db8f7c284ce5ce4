"""A causal language model asked the group's question: which of the candidates comes after these 16 tokens?

The 16 tokens are given as text, to the model's own tokenizer; a candidate's score is the log-probability of all its
tokens, and the softmax goes over the group's candidates only (`causal_lm_text` and `causal_lm_score` say it exactly).
"""

import time
from pathlib import Path

import numpy as np

from handcraft.contexts import read_contexts
from handcraft.errors import UserError
from handcraft.predictors.causal_lm_load import LanguageModel, load_language_model
from handcraft.predictors.causal_lm_score import score_questions
from handcraft.predictors.causal_lm_text import build_questions, context_texts, count_changed
from handcraft.predictors.device import fix_arithmetic, resolve_device
from handcraft.predictors.predictions import normalise, write_predictions
from handcraft.progress import say
from handcraft.tokenizer import load_tokenizer, token_bytes

CHANGED = 0.05  # of the contexts; more that do not survive the model's tokenizer, and it is refused


def predict_causal_lm(
    model: str,
    revision: str | None,
    contexts: Path,
    tokenizer: Path,
    *,
    name: str,
    title: str,
    dtype: str,
    batch_tokens: int,
    prefix: str,
    device: str,
    threads: int,
    output: Path,
) -> None:
    """Write a model's log-probabilities over the candidates for all test contexts.

    `model` is a directory (no `revision`) or a hub name at `revision`, a commit; `tokenizer` is ours, of which the
    contexts are; `prefix` is text put before every context; `batch_tokens` bounds the tokens of one forward
    pass. Raises `UserError` where the model cannot be loaded or cannot be asked this question.
    """
    fix_arithmetic(threads)
    asked = read_contexts(contexts)
    lm = load_language_model(model, revision, dtype=dtype, device=resolve_device(device))
    count = sum(p.numel() for p in lm.model.parameters())
    say(f"{name}: {type(lm.model).__name__}, {count:,} parameters, {dtype} on {lm.model.device}; {lm.bos}")
    texts, cut = context_texts(asked.tokens, token_bytes(load_tokenizer(tokenizer)))
    say(f"{len(texts):,} contexts, {cut:,} start inside a character, the rest of which is dropped")
    start = time.monotonic()
    scores = score_texts(lm, texts, asked.candidates, batch_tokens=batch_tokens, prefix=prefix, name=name)
    seconds = max(time.monotonic() - start, 1e-9)
    say(f"{len(texts):,} contexts in {seconds:.1f} s, {len(texts) / seconds:,.0f} a second")
    write_predictions(output, normalise(scores), predictor=name, title=title, candidates=asked.candidates)


def score_texts(
    lm: LanguageModel,
    texts: list[str],
    candidates: tuple[str, ...],
    *,
    batch_tokens: int,
    prefix: str,
    name: str,
) -> np.ndarray:
    """Log-probability of each candidate after each text: float64 [n, K], nats, not normalised over the candidates.

    Where no token spans text and candidate it is the candidate's log-likelihood; where one does, that of the
    candidate and the last letters of the text, the same for all candidates.
    """
    changed = count_changed(texts, lm.encode, lm.decode)
    if changed > CHANGED * len(texts):
        raise UserError(
            f"the tokenizer of {name} changes {changed:,} of {len(texts):,} contexts (lower case, other characters?): "
            "the model would be asked about other texts",
            where="predictors.causal_lms",
            remedy="use a model whose tokenizer keeps the text",
        )
    say(f"{changed:,} contexts are changed by the model's tokenizer")
    questions = list(build_questions(texts, candidates, lm.encode, lm.beginning, prefix))
    say(f"in {sum(q.spans for q in questions):,} contexts a token spans context and candidate")
    return score_questions(lm.model, questions, batch_tokens=batch_tokens, description=name)
