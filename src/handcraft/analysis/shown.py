"""Select the tokens for figures: config first, then most influential."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from handcraft.analysis.influence import Influence, read_influence
from handcraft.tokenizer.tokens import Vocabulary

LARGE = 1.0
"""Nats from which on a centred weight counts as large: it multiplies the odds by e."""
RARE = 1e-3
"""Share of the training contexts below which an input (a token at a position) counts as rare."""


def shown_tokens(influence: Path, tokenizer: Path, named: Sequence[str], count: int) -> list[int]:
    """Ids of the tokens of `named` that are single tokens, then of the `count` with the largest contribution."""
    vocabulary = Vocabulary.read(tokenizer)
    first = [i for i in map(vocabulary.id_of, named) if i is not None]
    return list(dict.fromkeys(first + strongest_tokens(read_influence(influence), count)))


def strongest_tokens(effect: Influence, count: int) -> list[int]:
    """The `count` tokens with the largest mean absolute contribution on held-out contexts, over all positions."""
    if not len(effect):
        return []
    sums = np.bincount(effect.token, effect.contribution)
    order = np.argsort(-sums, kind="stable")[:count]
    return [int(t) for t in order if sums[t] > 0]


def large_but_rare(size: np.ndarray, support: np.ndarray, contexts: int) -> np.ndarray:
    """Which sizes (nats) are at least `LARGE` on inputs seen in fewer than `RARE` of the contexts; bool, as `size`."""
    return np.asarray((size >= LARGE) & (support < RARE * contexts))
