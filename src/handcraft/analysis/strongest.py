"""The strongest inputs of a linear model, with how often each was seen."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handcraft.analysis.stability import unstable
from handcraft.files import read_metadata, read_tensors
from handcraft.math import centred

STRONGEST = 14


@dataclass(frozen=True)
class Weights:
    """The weights that are not zero, centred, strongest first; arrays [weights].

    `value` float64 nats; `support` training contexts, of `contexts`, that have the token `token` at `position`.
    `unstable`: whether a weight is so over fits to resampled stories (`analysis.stability`); None without such fits.
    """

    candidates: list[str]
    length: int
    contexts: int
    position: np.ndarray
    token: np.ndarray
    candidate: np.ndarray
    value: np.ndarray
    support: np.ndarray
    unstable: np.ndarray | None


def read_strongest(weights: Path, support: Path, resampling: Path | None = None) -> Weights:
    """The weights of a linear model, strongest first. Zero means zero before centring: what the penalty took."""
    weight, counts = read_tensors(weights)["weight"], read_tensors(support)["support"]
    position, token, candidate = np.nonzero(weight)
    value = centred(weight)[position, token, candidate]
    order = np.argsort(-np.abs(value), kind="stable")
    p, t, c = position[order], token[order], candidate[order]
    metadata, seen = read_metadata(weights), read_metadata(support)
    words, length = list(metadata["candidates"]), weight.shape[0]
    flagged = None
    if resampling is not None:
        flagged = unstable(weight, read_tensors(resampling)["sign_stability"])[p, t, c]
    return Weights(words, length, int(seen["contexts"]), p, t, c, value[order], counts[p, t], flagged)


def input_sizes(weights: Path, support: Path) -> tuple[np.ndarray, np.ndarray, int]:
    """Of every input (token at a position) that training has: its largest absolute centred weight (nats, float64),
    its training contexts (int), and how many training contexts there are."""
    counts = read_tensors(support)["support"]
    size = np.abs(centred(read_tensors(weights)["weight"])).max(-1)
    return size[counts > 0], counts[counts > 0], int(read_metadata(support)["contexts"])
