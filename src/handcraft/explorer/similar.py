"""Tokens with similar weights."""

import numpy as np

NEIGHBOURS = 8
"""Similar tokens kept for each token."""
FEW = 50
"""Training contexts at which a weight, and a token, count half."""
BLOCK = 512


def similar_tokens(weight: np.ndarray, support: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The tokens whose weights are most like each token's.

    weight: centred weights float64 [length, vocabulary, K]. support: int [length, vocabulary], training contexts.
    The likeness of b to a is the cosine of their weights over positions and candidates, each weight first taken times
    n / (n + FEW) with n the support of its position and token, and all of it times N / (N + FEW) with N the support of
    b where it has weights: a token that hardly occurs is like nothing, however its few weights lie.

    Returns tokens int [T] that have any weight; for each, other tokens int [T, NEIGHBOURS], the most similar first;
    and their likeness float64 [T, NEIGHBOURS], 0 where there is no more. A likeness below 0 is not listed.
    """
    active = (weight != 0).any(2)
    tokens = np.flatnonzero(active.any(0))
    shrunk = weight * (support / (support + FEW))[:, :, None]
    rows = shrunk[:, tokens].transpose(1, 0, 2).reshape(len(tokens), weight.shape[0] * weight.shape[2])
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    total = (support * active).sum(0)[tokens]
    trust = total / (total + FEW)
    kept = min(NEIGHBOURS, max(len(tokens) - 1, 0))
    others = np.zeros((len(tokens), NEIGHBOURS), np.int64)
    likeness = np.zeros((len(tokens), NEIGHBOURS))
    for start in range(0, len(tokens), BLOCK):
        here = np.arange(start, min(start + BLOCK, len(tokens)))
        scores = rows[here] @ rows.T * trust
        scores[np.arange(len(here)), here] = -np.inf
        # Rounded, so that the order of nearly equal ones does not hang on the order of a sum.
        order = np.argsort(-scores.round(4), axis=1, kind="stable")[:, :kept]
        others[here, :kept] = tokens[order]
        likeness[here, :kept] = np.take_along_axis(scores, order, 1).round(4).clip(0, 1)
    others[likeness == 0] = 0
    return tokens, others, likeness
