"""What single neurons of the one-layer model are worth, what turns each of them on, and what it writes."""

from typing import Any

import numpy as np

from handcraft.analysis.one_layer.opened import Means, Opened, blocks
from handcraft.tokenizer.tokens import Vocabulary
from handcraft.tokenizer.windows import Windows

NAMED = 3
"""Tokens that a neuron's row names of each kind."""
OFTEN = 10
"""Windows after which a token must come to be named as one that a neuron writes: of a rare one, nothing was learnt."""


def rank_neurons(opened: Opened, windows: Windows, numbers: np.ndarray, means: Means) -> np.ndarray:
    """How much the loss (nats) of a window would change, up or down, without each, float64 [hidden], to first order:
    its activation beyond the mean, by the gradient."""
    changes = np.zeros(len(means.neurons))
    for tokens, came in blocks(windows, numbers, "ranking neurons"):
        attended = opened.attended(opened.pieces(tokens))
        more = opened.active(attended) - means.neurons
        changes += np.abs(more * opened.gradients(attended, came).neurons).sum(0)
    return changes / max(len(numbers), 1)


def describe_neurons(
    opened: Opened, windows: Windows, numbers: np.ndarray, which: np.ndarray, vocabulary: Vocabulary
) -> list[dict[str, Any]]:
    """A row for each of the neurons `which`, from windows `numbers`.

    `neuron` (from 1); `active`, the share of windows in which it is not zero; `after`, the last tokens that most of
    its activation stands on; `reads`, the earlier tokens whose reads push it most where it is active; `writes` and
    `against`, of the tokens that came `OFTEN`, those that it makes likelier and unlikelier than the mean token.
    """
    if not len(which):
        return []
    size, count = opened.shape.vocabulary, len(which)
    after, reads = np.zeros((size, count)), np.zeros((size, count))
    on, coming = np.zeros(count), np.zeros(size)
    into = opened.tensors["up"][:, which]
    by_head = opened.out @ into if opened.has_heads else np.zeros((0, 1, count), np.float32)
    for tokens, came in blocks(windows, numbers, "describing neurons"):
        pieces = opened.pieces(tokens)
        attended = opened.attended(pieces)
        active = opened.active(attended)[:, which]
        on += (active != 0).sum(0)
        coming += np.bincount(came, minlength=size)
        push = np.einsum("nhte,hek->ntk", pieces.taken, by_head, optimize=True)[:, :-1]
        push = push * opened.scale(attended)[:, None, None] * active[:, None, :]
        for k in range(count):
            after[:, k] += np.bincount(tokens[:, -1], active[:, k], size)
            reads[:, k] += np.bincount(tokens[:, :-1].ravel(), push[:, :, k].ravel(), size)
    down = opened.tensors["down"][which] @ opened.tensors["unembed"]
    down = np.where(coming >= OFTEN, down - down.mean(1, keepdims=True), 0)

    def top(values: np.ndarray) -> str:
        order = np.argsort(-values, kind="stable")[:NAMED]
        return " ".join(vocabulary.show(int(t)) for t in order if values[t] > 0)

    return [
        {
            "neuron": int(which[k]) + 1,
            "active": on[k] / max(len(numbers), 1),
            "after": top(np.abs(after[:, k])),
            "reads": top(reads[:, k]),
            # A bilinear neuron may be below zero; then it writes the opposite.
            "writes": top(down[k] * np.sign(after[:, k].sum())),
            "against": top(-down[k] * np.sign(after[:, k].sum())),
        }
        for k in range(count)
    ]
