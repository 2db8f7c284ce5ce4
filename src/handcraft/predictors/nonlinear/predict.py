"""Predictions of the trained networks, averaged. NumPy only, as for the linear model: no job loads torch for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.contexts.read import read_contexts
from handcraft.errors import UserError
from handcraft.files import read_metadata, read_tensors
from handcraft.math import log_softmax, normalise
from handcraft.predictions import write_predictions
from handcraft.predictors.linear.predict import linear_logits

ADDITIVE = "additive"
"""The control: the same network without its non-linearity."""
ROWS = 4096
"""Contexts that are computed at once."""

Tensors = Mapping[str, np.ndarray]


def network_logits(
    tensors: Tensors, metadata: Mapping[str, Any], tokens: np.ndarray, linear: np.ndarray
) -> np.ndarray:
    """Logits float64 [n, K] of one network (`tensors` by its parameters' names) for contexts [n, length].

    `linear` are the linear model's logits [n, K]; `metadata` has `variant` and `heads`.
    """
    parts = [
        _network_logits(tensors, metadata, tokens[at : at + ROWS], linear[at : at + ROWS])
        for at in range(0, len(tokens), ROWS)
    ]
    return np.concatenate([np.empty((0, linear.shape[1])), *parts])


def averaged(logits: list[np.ndarray]) -> np.ndarray:
    """Log-probabilities float64 [n, K] of the mean of the probabilities of several networks' logits [n, K]."""
    stacked = np.stack([log_softmax(z) for z in logits])
    return np.asarray(np.logaddexp.reduce(stacked, axis=0) - np.log(len(logits)))


def pooled(logits: list[np.ndarray], variant: str) -> np.ndarray:
    """Log-probabilities float64 [n, K] of several networks of one variant together, from their logits [n, K].

    They are averaged as probabilities, but for `additive`: there the logits are, so that the answer stays a sum of what
    each token gives.
    """
    return log_softmax(np.mean(logits, axis=0)) if variant == ADDITIVE else averaged(logits)


def members(tensors: Tensors, metadata: Mapping[str, Any]) -> list[dict[str, np.ndarray]]:
    """The tensors of each network in a checkpoint, where they are named `{number}.{parameter}`."""
    return [
        {k.partition(".")[2]: v for k, v in tensors.items() if k.partition(".")[0] == str(i)}
        for i in range(metadata["members"])
    ]


def predict_nonlinear(
    networks: Path, linear: Path, test: Path, *, predictor: str, title: str, output: Path
) -> None:
    """Write the log-probabilities of the networks together (`pooled`) for every context of `test`.

    `networks` and the linear model `linear` must be those that were trained together. Without networks the answers
    are the linear model's. Raises `UserError` where networks, linear model and contexts have different shapes.
    """
    tensors, metadata, asked = read_tensors(networks), read_metadata(networks), read_contexts(test)
    weights = read_tensors(linear)
    expected = {
        "length": asked.length,
        "vocabulary": asked.vocabulary,
        "candidates": list(asked.candidates),
    }
    found = {key: metadata.get(key) for key in expected}
    if found != expected or weights["weight"].shape != (
        asked.length,
        asked.vocabulary,
        len(asked.candidates),
    ):
        raise UserError(
            f"the networks are for {found}, the linear model has shape {list(weights['weight'].shape)}, and the "
            f"contexts need {expected}",
            where=f"{networks}; {linear}; {test}",
            remedy="they are of different builds: delete them and run snakemake again",
        )
    own = members(tensors, metadata)
    _check_shapes(own, metadata, networks)
    base = linear_logits(weights["weight"], weights["bias"], asked.tokens)
    answers = [network_logits(net, metadata, asked.tokens, base) for net in own]
    values = pooled(answers, metadata["variant"]) if answers else base
    write_predictions(
        output, normalise(values), predictor=predictor, title=title, candidates=asked.candidates
    )


def _check_shapes(own: list[dict[str, np.ndarray]], metadata: Mapping[str, Any], path: Path) -> None:
    """Raise `UserError` where a network's tensors are not of the shapes that the metadata states."""
    shapes = {name: tuple(shape) for name, shape in metadata["shapes"].items()}
    for number, net in enumerate(own):
        found = {name: tensor.shape for name, tensor in net.items()}
        if found != shapes:
            raise UserError(
                f"network {number} has tensors of shape {found}, not {shapes}",
                where=str(path),
                remedy="delete the file and run snakemake again",
            )


def _network_logits(
    tensors: Tensors, metadata: Mapping[str, Any], tokens: np.ndarray, linear: np.ndarray
) -> np.ndarray:
    vectors = tensors["tokens"][tokens]
    if metadata["variant"] == "attention":
        vectors = vectors + _attention(tensors, metadata["heads"], vectors + tensors["positions"])
    hidden = vectors.reshape(len(tokens), -1)
    for layer in ["first", *(f"hidden.{i}" for i in range(metadata["layers"] - 1))]:
        hidden = hidden @ tensors[f"{layer}.weight"].T + tensors[f"{layer}.bias"]
        if metadata["variant"] != ADDITIVE:
            hidden = np.maximum(hidden, 0)
    out = hidden @ tensors["out.weight"].T + tensors["out.bias"]
    return np.asarray((1 + tensors["scale"].astype(np.float64)) * linear + out)


def _attention(tensors: Tensors, heads: int, vectors: np.ndarray) -> np.ndarray:
    n, length, d = vectors.shape
    split = vectors @ tensors["attend.weight"].T + tensors["attend.bias"]
    query, key, value = split.reshape(n, length, 3, heads, d // heads).transpose(2, 0, 3, 1, 4)
    score = query @ key.swapaxes(2, 3) / np.float32((d // heads) ** 0.5)
    weight = np.exp(score - score.max(-1, keepdims=True))
    weight /= weight.sum(-1, keepdims=True)
    mixed = (weight @ value).swapaxes(1, 2).reshape(n, length, d)
    return np.asarray(mixed @ tensors["attended.weight"].T + tensors["attended.bias"])
