"""The one-layer model taken apart: every logit as a sum, and the loss with parts of the model replaced by their mean.

    logit k = bias k + (x + sum of reads + sum of neurons) . unembed k / rms

where x is the vector of the last token in its place, a read is what one head takes from one position, a neuron is what
a hidden unit writes, and rms, the root mean square of their sum, is taken as it is in the context ("frozen"). So the
parts sum to the logits exactly. To ablate a part is another thing: it is replaced by its mean, and all that follows,
MLP and rms included, is computed anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from handcraft.logging import progress
from handcraft.math import log_softmax
from handcraft.predictors.one_layer.read import OneLayerReader
from handcraft.predictors.one_layer.shape import EPSILON
from handcraft.tokenizer.windows import Windows

BLOCK = 1024
"""Windows that are taken apart at once."""


@dataclass(frozen=True)
class Decomposition:
    """Parts of the logits of k outputs in n contexts: `bias` [k], `direct` [n, k], `reads` [n, heads, length, k],
    `neurons` [n, hidden, k]."""

    bias: np.ndarray
    direct: np.ndarray
    reads: np.ndarray
    neurons: np.ndarray

    def total(self) -> np.ndarray:
        """Their sum: the logits, [n, k]."""
        return np.asarray(self.bias + self.direct + self.reads.sum((1, 2)) + self.neurons.sum(1))


@dataclass(frozen=True, eq=False)
class Pieces:
    """What the last position of n contexts is made of: `ids` [n, length], `start` [n, d], and what each head takes from
    each position, `taken` [n, heads, length, e], before `out` maps it to what it adds."""

    ids: np.ndarray
    start: np.ndarray
    taken: np.ndarray


@dataclass(frozen=True, eq=False)
class Gradients:
    """What a little more of each part would do to the loss: of the vectors after attention [n, d], and of neurons
    [n, hidden]."""

    attended: np.ndarray
    neurons: np.ndarray


class Opened:
    """A one-layer model whose parts can be looked at and replaced."""

    def __init__(self, reader: OneLayerReader) -> None:
        self.reader, self.shape, self.tensors = reader, reader.shape, reader.tensors
        self.has_heads = self.shape.attention != "none"
        self.has_mlp = self.shape.mlp != "none"

    @property
    def heads(self) -> int:
        return self.reader.heads if self.has_heads else 0

    @cached_property
    def out(self) -> np.ndarray:
        """What each head's reads are mapped by, [heads, e, d]."""
        return self.tensors["out"].reshape(self.heads, -1, self.shape.width)

    def pieces(self, tokens: np.ndarray) -> Pieces:
        """Of contexts, tokens [n, length]."""
        ids = self.reader.ids(tokens)
        start = self.tensors["inputs"][ids[:, -1]]
        if not self.has_heads:
            return Pieces(ids, start, np.zeros((len(ids), 0, ids.shape[1], 1), np.float32))
        taken = self.reader.values[ids].transpose(0, 2, 1, 3) * self.reader.pattern(ids)[..., None]
        return Pieces(ids, start, taken)

    def add(self, taken: np.ndarray) -> np.ndarray:
        """What heads add [n, d] for what they take, summed over positions [n, heads, e]."""
        if not self.has_heads:
            return np.zeros((len(taken), self.shape.width), np.float32)
        return np.asarray(np.einsum("nhe,hed->nd", taken, self.out, optimize=True))

    def attended(self, pieces: Pieces) -> np.ndarray:
        """The vectors after attention, [n, d]."""
        return np.asarray(pieces.start + self.add(pieces.taken.sum(2)))

    def active(self, attended: np.ndarray) -> np.ndarray:
        """The neurons [n, hidden] of vectors after attention; none without an MLP."""
        if not self.has_mlp:
            return np.zeros((len(attended), 0), np.float32)
        return self.reader.active(self.reader.norm(attended))

    def written(self, neurons: np.ndarray) -> np.ndarray:
        """What neurons [n, hidden] add, [n, d]."""
        if not self.has_mlp:
            return np.zeros((len(neurons), self.shape.width), np.float32)
        return np.asarray(neurons @ self.tensors["down"])

    def removed(self, pieces: Pieces, means: "Means", head: int, where: np.ndarray) -> np.ndarray:
        """What a head's reads of earlier positions, `where` bool [n, length - 1], add beyond their means, [n, d]."""
        more = pieces.taken[:, head, :-1] - means.taken[head, :-1]
        return np.asarray((more * where[:, :, None]).sum(1) @ self.out[head])

    def logits(self, final: np.ndarray) -> np.ndarray:
        """Of all tokens, [n, vocabulary], from the sums of all parts [n, d]."""
        return np.asarray(self.reader.norm(final) @ self.tensors["unembed"] + self.tensors["bias"])

    def log_probabilities(self, final: np.ndarray) -> np.ndarray:
        """Log-softmax of `logits`, float64."""
        return log_softmax(self.logits(final))

    def answer(self, attended: np.ndarray) -> np.ndarray:
        """`log_probabilities` after all that follows attention."""
        return self.log_probabilities(attended + self.written(self.active(attended)))

    def decompose(self, tokens: np.ndarray, of: np.ndarray) -> Decomposition:
        """The exact parts of the logits of outputs `of` [k] for contexts, tokens [n, length]."""
        pieces = self.pieces(tokens)
        attended = self.attended(pieces)
        neurons = self.active(attended)
        scale = self.scale(attended + self.written(neurons))
        unembed = self.tensors["unembed"][:, of]
        n, d = len(tokens), self.shape.width
        down = self.tensors["down"] if self.has_mlp else np.zeros((0, d), np.float32)
        heads = np.zeros((n, 0, tokens.shape[1], len(of)), np.float32)
        if self.has_heads:
            heads = np.einsum("nhte,hek->nhtk", pieces.taken, self.out @ unembed, optimize=True)
        return Decomposition(
            self.tensors["bias"][of],
            (pieces.start @ unembed) * scale[:, None],
            heads * scale[:, None, None, None],
            neurons[:, :, None] * (down @ unembed) * scale[:, None, None],
        )

    def scale(self, x: np.ndarray) -> np.ndarray:
        """What the norm multiplies vectors [n, d] by, [n]."""
        if not self.shape.normalise:
            return np.ones(len(x), np.float32)
        return np.asarray(1 / np.sqrt(np.square(x).mean(-1) + EPSILON))

    def gradients(self, attended: np.ndarray, came: np.ndarray) -> Gradients:
        """Of the loss of the tokens that came [n], at vectors after attention [n, d]."""
        neurons = self.active(attended)
        final = attended + self.written(neurons)
        wrong = np.exp(self.log_probabilities(final)).astype(np.float32)
        wrong[np.arange(len(came)), came] -= 1
        final_gradient = self._through_norm(wrong @ self.tensors["unembed"].T, final)
        if not self.has_mlp:
            return Gradients(final_gradient, np.zeros((len(came), 0), np.float32))
        by_neuron = final_gradient @ self.tensors["down"].T
        h = self.reader.norm(attended)
        up = h @ self.tensors["up"]
        if self.shape.mlp == "bilinear":
            gate = h @ self.tensors["gate"]
            back = (by_neuron * gate) @ self.tensors["up"].T + (by_neuron * up) @ self.tensors["gate"].T
        else:
            back = (by_neuron * 2 * np.maximum(up, 0)) @ self.tensors["up"].T
        return Gradients(final_gradient + self._through_norm(back, attended), by_neuron)

    def _through_norm(self, gradient: np.ndarray, x: np.ndarray) -> np.ndarray:
        """The gradient [n, d] at vectors x, from that at their norm."""
        if not self.shape.normalise:
            return gradient
        normed = self.reader.norm(x)
        along = (gradient * normed).mean(-1, keepdims=True)
        return np.asarray((gradient - normed * along) * self.scale(x)[:, None])


@dataclass(frozen=True)
class Means:
    """What a part is replaced by, averages over windows: `taken` [heads, length, e] of reads, `neurons` [hidden]."""

    taken: np.ndarray
    neurons: np.ndarray

    @classmethod
    def of(cls, opened: Opened, windows: Windows, numbers: np.ndarray) -> "Means":
        taken = np.zeros((opened.heads, windows.length, opened.out.shape[1] if opened.heads else 1))
        neurons = np.zeros(opened.shape.hidden if opened.has_mlp else 0)
        for tokens, _ in blocks(windows, numbers):
            pieces = opened.pieces(tokens)
            taken += pieces.taken.sum(0)
            neurons += opened.active(opened.attended(pieces)).sum(0)
        n = max(len(numbers), 1)
        return cls((taken / n).astype(np.float32), (neurons / n).astype(np.float32))


def choose_windows(windows: Windows, count: int, random: np.random.Generator) -> np.ndarray:
    """Numbers of `count` windows, or of all, in a random order."""
    return random.permutation(len(windows))[:count]


def sizes(count: int) -> list[int]:
    """Numbers of parts on the curve: none, 1, 2, 5, 10, and so on, and all `count`."""
    steps = [0, *(m * 10**e for e in range(9) for m in (1, 2, 5))]
    return [*(s for s in steps if s < count), count] if count else []


def blocks(windows: Windows, numbers: np.ndarray, doing: str = "") -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Contexts [b, length] and the tokens that came [b], of so many windows at a time; `doing` is shown as progress."""
    starts = range(0, len(numbers), BLOCK)
    for start in progress(starts, doing, unit=f"blocks of {BLOCK:,}") if doing else starts:
        rows = windows.rows(numbers[start : start + BLOCK])
        yield rows[:, :-1], rows[:, -1]
