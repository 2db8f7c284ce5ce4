"""The one-layer model asked the groups' question, and every next token of a split."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.errors import UserError
from handcraft.files import write_tensors
from handcraft.math import log_softmax, normalise
from handcraft.next_tokens import answer_logits, write_next_tokens
from handcraft.predictions import write_predictions
from handcraft.predictors.one_layer.read import OneLayerReader
from handcraft.tokenizer.encode import TokenFiles
from handcraft.tokenizer.tokens import Vocabulary

ROWS = 2048
"""Contexts that are computed at once."""
PREDICTOR = "one_layer"


def predict_one_layer(
    model: Path,
    tokenizer: Path,
    contexts: Mapping[str, Path],
    *,
    title: str,
    predictions: Path,
    answers: Path,
) -> None:
    """Write its log-probabilities over the candidates for all contexts of `test`, and its scores on `validation` too.

    A candidate's score is the log-probability of its token among all tokens: that the word may go on after it is not
    asked, as it is not of a causal language model beside its main question. `answers` is as `predict_causal_lm` has
    it, so that what corrects language models corrects this one: `test`, `validation` float64 [n, K], `..._rows`.
    """
    reader, vocabulary = OneLayerReader.read(model), Vocabulary.read(tokenizer)
    asked = {split: read_contexts(contexts[split]) for split in ("test", "validation")}
    candidates = asked["test"].candidates
    tokens = vocabulary.require(candidates, where="groups")
    arrays: dict[str, np.ndarray] = {}
    for split, found in asked.items():
        _require_fit(reader, found, contexts[split])
        arrays[split] = _scores(reader, found.tokens, tokens)
        arrays[f"{split}_rows"] = np.arange(len(found), dtype=np.int32)
    write_predictions(
        predictions, normalise(arrays["test"]), predictor=PREDICTOR, title=title, candidates=candidates
    )
    said = {"predictor": PREDICTOR, "title": title, "candidates": list(candidates), "missing": None}
    write_tensors(answers, arrays, said)


def predict_next_one_layer(model: Path, files: Mapping[str, TokenFiles], *, output: Path) -> None:
    """Write its losses on each token that has a whole window before it in its story (`write_next_tokens`)."""
    reader = OneLayerReader.read(model)
    write_next_tokens(
        files,
        output=output,
        length=reader.shape.length,
        ask=lambda contexts, came, _: answer_logits(reader.logits(contexts), came),
    )


def _scores(reader: OneLayerReader, tokens: np.ndarray, candidates: list[int]) -> np.ndarray:
    """Log-probabilities of tokens `candidates` among all, float64 [n, K]."""
    parts = [
        log_softmax(reader.logits(tokens[at : at + ROWS]))[:, candidates]
        for at in range(0, len(tokens), ROWS)
    ]
    return np.concatenate([np.zeros((0, len(candidates))), *parts])


def _require_fit(reader: OneLayerReader, contexts: Contexts, path: Path) -> None:
    shape = reader.shape
    if (contexts.length, contexts.vocabulary) != (shape.length, shape.vocabulary):
        raise UserError(
            f"the model reads {shape.length} of {shape.vocabulary:,} tokens, these contexts have {contexts.length} "
            f"of {contexts.vocabulary:,}",
            where=str(path),
            remedy="they are of different builds: delete both and run snakemake again",
        )
