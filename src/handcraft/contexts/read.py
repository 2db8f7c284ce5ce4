"""The contexts artifact: the tokens before every occurrence, and which candidate came next."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handcraft.files import read_metadata, read_tensors


@dataclass(frozen=True, eq=False)
class Contexts:
    """The contexts of one group in one split.

    tokens: uint16 [n, length], oldest first; the last column is the token just before the gap.
    labels: uint8 [n], which candidate came. story: int64 [n], row of the split's story. offset: int64 [n],
    index of the candidate's token in its story. vocabulary: tokens of the tokenizer.
    """

    tokens: np.ndarray
    labels: np.ndarray
    story: np.ndarray
    offset: np.ndarray
    candidates: tuple[str, ...]
    vocabulary: int

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def length(self) -> int:
        """Tokens in each context."""
        return int(self.tokens.shape[1])


def read_contexts(path: Path | str) -> Contexts:
    """Contexts as `build_contexts` writes them."""
    arrays = read_tensors(path)
    metadata = read_metadata(path)
    return Contexts(
        arrays["tokens"],
        arrays["labels"],
        arrays["story"],
        arrays["offset"],
        tuple(metadata["candidates"]),
        int(metadata["vocabulary"]),
    )
