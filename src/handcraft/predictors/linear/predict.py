"""Predictions of a trained linear model. NumPy only: neither torch nor the solver is needed to read its weights."""

from pathlib import Path

import numpy as np

from handcraft.contexts.read import read_contexts
from handcraft.errors import UserError
from handcraft.files import read_tensors
from handcraft.math import normalise
from handcraft.predictions import write_predictions


def linear_logits(weight: np.ndarray, bias: np.ndarray, tokens: np.ndarray) -> np.ndarray:
    """Logits float64 [n, K] of contexts [n, length] under `weight` [length, vocabulary, K] and `bias` [K].

    A logit is the bias plus one weight for every (position, token) of the context.
    """
    logits = np.repeat(bias.astype(np.float64)[None, :], len(tokens), axis=0)
    for position in range(tokens.shape[1]):
        logits += weight[position][tokens[:, position]]
    return logits


def predict_linear(weights: Path, test: Path, *, predictor: str, title: str, output: Path) -> None:
    """Write the log-probabilities of the linear model in `weights` for every context of `test`.

    `predictor` is its id, `title` what the report calls it. Raises `UserError` where weights and contexts do not fit
    together (length, vocabulary or candidates).
    """
    tensors, asked = read_tensors(weights), read_contexts(test)
    weight, bias = tensors["weight"], tensors["bias"]
    expected = (asked.tokens.shape[1], asked.vocabulary, len(asked.candidates))
    if weight.shape != expected or bias.shape != expected[2:]:
        raise UserError(
            f"the weights have shape {list(weight.shape)}, the contexts need {list(expected)}",
            where=f"{weights}; {test}",
            remedy="one of the two is of another build: delete both and run snakemake again",
        )
    write_predictions(
        output,
        normalise(linear_logits(weight, bias, asked.tokens)),
        predictor=predictor,
        title=title,
        candidates=asked.candidates,
    )
