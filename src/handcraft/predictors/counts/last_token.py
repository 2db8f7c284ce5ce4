"""The last-token predictor: a bigram model restricted to the candidates."""

from pathlib import Path

import numpy as np

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.math import class_rates, normalise
from handcraft.predictions import write_predictions


def predict_last_token(train: Path, test: Path, *, smoothing: float, title: str, output: Path) -> None:
    """Write p(candidate | last token) = (count + s x class rate) / (total + s) for every context of `test`.

    Counts are over the contexts of `train`; `smoothing` is s, pseudo-contexts given to the class rates (majority's)
    in every last token's distribution, so a last token never seen in training gets the class rates.
    """
    training, asked = read_contexts(train), read_contexts(test)
    table = last_token_table(training, smoothing)
    write_predictions(
        output,
        normalise(np.log(table[asked.tokens[:, -1]])),
        predictor="last_token",
        title=title,
        candidates=asked.candidates,
    )


def last_token_table(training: Contexts, smoothing: float) -> np.ndarray:
    """Smoothed p(candidate | last token), float64 [vocabulary, K]."""
    vocabulary, candidates = training.vocabulary, len(training.candidates)
    cell = training.tokens[:, -1].astype(np.int64) * candidates + training.labels
    counts = np.bincount(cell, minlength=vocabulary * candidates).reshape(vocabulary, candidates)
    rates = class_rates(training.labels, candidates)
    return (counts + smoothing * rates) / (counts.sum(1, keepdims=True) + smoothing)
