"""The weights of one token at the last position."""

from pathlib import Path

import numpy as np

from handcraft.errors import UserError
from handcraft.files import read_metadata, read_tensors


def last_position_weights(
    weights: Path, tokenizer: Path, token: str, centred: bool = True
) -> tuple[list[str], np.ndarray]:
    """Candidates and their centred (or raw) weights float64 [K] for `token` in the last position.

    Centred: minus the mean over the candidates, since a number added to all of them changes no prediction.
    Raises `UserError` where `token` is not a single token.
    """
    candidates, row = last_position(weights, tokenizer, token, "weight")
    return candidates, row - row.mean() if centred else row


def last_position(artifact: Path, tokenizer: Path, token: str, name: str) -> tuple[list[str], np.ndarray]:
    """Candidates and the row float64 [K] of the artifact's tensor `name` [length, vocabulary, K] for that token."""
    from handcraft.tokenizer.tokens import Vocabulary

    tensor = read_tensors(artifact)[name]
    candidates = list(read_metadata(artifact)["candidates"])
    (identity,) = Vocabulary.read(tokenizer).require([token], where="config: figures.tiles")
    if identity >= tensor.shape[1]:
        raise UserError(f"{token!r} is token {identity}, beyond the weights' vocabulary", where=str(artifact))
    return candidates, tensor[-1, identity].astype(np.float64)
