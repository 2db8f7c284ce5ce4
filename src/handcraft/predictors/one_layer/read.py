"""A finished one-layer model read from its file and asked, in NumPy: asking needs no PyTorch.

What it computes is in `model`. Only the last position is asked, so that queries, keys and values come from tables by
input id.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from handcraft.errors import UserError
from handcraft.files import read_metadata, read_tensors
from handcraft.math import positional_ids
from handcraft.predictors.one_layer.shape import EPSILON, Shape


@dataclass(frozen=True, eq=False)
class OneLayerReader:
    """A finished model: its shape and its tensors, float32, by the names of `Shape.tensors`."""

    shape: Shape
    tensors: dict[str, np.ndarray]

    @classmethod
    def read(cls, path: Path) -> "OneLayerReader":
        """As `train_one_layer` writes it; `UserError` where the file is not one."""
        tensors, metadata = read_tensors(path), read_metadata(path)
        try:
            shape = Shape(**metadata["shape"])
            fits = {name: t.shape for name, t in tensors.items()} == shape.tensors()
        except (KeyError, TypeError):
            fits = False
        if not fits:
            raise UserError(
                "this is not a one-layer model",
                where=str(path),
                remedy="delete the file and run snakemake again; it is rebuilt",
            )
        return cls(shape, tensors)

    def norm(self, x: np.ndarray) -> np.ndarray:
        """Vectors [..., d] divided by their root mean square."""
        if not self.shape.normalise:
            return x
        return np.asarray(x / np.sqrt(np.square(x).mean(-1, keepdims=True) + EPSILON))

    @cached_property
    def _normed(self) -> np.ndarray:
        return self.norm(self.tensors["inputs"])

    @cached_property
    def values(self) -> np.ndarray:
        """What each input id gives to a head that reads it, [inputs, heads, d / heads]."""
        return (self._normed @ self.tensors["values"]).reshape(-1, self.heads, self._each)

    @cached_property
    def keys(self) -> np.ndarray:
        """By what each input id is found, [inputs, heads, d / heads]."""
        return self._projected(slice(self.shape.width, None))

    @cached_property
    def queries(self) -> np.ndarray:
        """What each input id looks for when it stands last, [inputs, heads, d / heads]."""
        return self._projected(slice(self.shape.width))

    def _projected(self, columns: slice) -> np.ndarray:
        return (self._normed @ self.tensors["qk"][:, columns]).reshape(-1, self.heads, self._each)

    @property
    def heads(self) -> int:
        """Heads that read differently: an average needs one only."""
        return self.shape.heads if self.shape.attention == "learned" else 1

    @property
    def _each(self) -> int:
        return self.shape.width // self.heads

    def ids(self, tokens: np.ndarray) -> np.ndarray:
        """Input ids [n, t] of contexts of at most `length` tokens [n, t]; a shorter one is a story's beginning."""
        return positional_ids(tokens, self.shape.vocabulary)

    def pattern(self, ids: np.ndarray) -> np.ndarray:
        """How much the last position of contexts reads from each position, by head: [n, heads, t]."""
        n, length = ids.shape
        if self.shape.attention == "average":
            return np.full((n, 1, length), np.float32(1 / length))
        q = self.queries[ids[:, -1]]
        scores = np.einsum("nhd,nthd->nht", q, self.keys[ids], optimize=True) / np.float32(
            np.sqrt(self._each)
        )
        if self.shape.reads and self.shape.reads < length:
            least = np.partition(scores, -self.shape.reads, -1)[..., -self.shape.reads, None]
            scores = np.where(scores < least, -np.inf, scores)
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        return np.asarray(weights / weights.sum(-1, keepdims=True))

    def attend(self, ids: np.ndarray) -> np.ndarray:
        """What all heads add to the vectors of the last position, [n, d]."""
        if self.shape.attention == "none":
            return np.zeros((len(ids), self.shape.width), np.float32)
        read = np.einsum("nht,nthd->nhd", self.pattern(ids), self.values[ids], optimize=True)
        return np.asarray(read.reshape(len(ids), self.shape.width) @ self.tensors["out"])

    def active(self, h: np.ndarray) -> np.ndarray:
        """The hidden units [n, h] of normalised vectors [n, d]."""
        up = h @ self.tensors["up"]
        if self.shape.mlp == "bilinear":
            return np.asarray(up * (h @ self.tensors["gate"]))
        return np.square(np.maximum(up, 0))

    def last(self, ids: np.ndarray) -> np.ndarray:
        """The vectors [n, d] that the logits are read from, before they are normalised."""
        a = self.tensors["inputs"][ids[:, -1]] + self.attend(ids)
        return a if self.shape.mlp == "none" else a + self.active(self.norm(a)) @ self.tensors["down"]

    def logits(self, tokens: np.ndarray, of: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Logits float32 [n, vocabulary] of what comes after contexts, tokens [n, t]; or of the tokens `of`."""
        final = self.norm(self.last(self.ids(tokens)))
        return np.asarray(final @ self.tensors["unembed"][:, of] + self.tensors["bias"][of])
