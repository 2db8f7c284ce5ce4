"""Artifacts that tests make by hand, in the format that the workflow has."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from handcraft.files import write_table, write_tensors
from handcraft.tokenizer.train import train_tokenizer

WORDS = (" and", " but", " so")


def contexts_file(
    path: Path,
    tokens: np.ndarray,
    labels: np.ndarray,
    vocabulary: int = 12,
    words: Sequence[str] = WORDS,
    story: np.ndarray | None = None,
) -> Path:
    """A contexts artifact of tokens [n, length] and labels [n], each of its own story or of `story` [n]."""
    rows = np.arange(len(labels), dtype=np.int64)
    arrays = {
        "tokens": tokens.astype(np.uint16),
        "labels": labels.astype(np.uint8),
        "story": rows if story is None else story.astype(np.int64),
        "offset": rows,
    }
    metadata = {"candidates": list(words), "match": "word", "vocabulary": vocabulary}
    write_tensors(path, arrays, {**metadata, "split": "x", "sampling": "natural"})
    return path


def last_token_decides(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Contexts of 4 of 12 tokens, and labels of 3 that the last token decides three times out of four."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, 12, (n, 4))
    labels = np.where(rng.random(n) < 0.75, tokens[:, -1] % 3, rng.integers(0, 3, n))
    return tokens, labels


def tokenizer_file(path: Path, stories: Sequence[str], vocabulary: int = 300) -> Path:
    """A tokenizer trained on a few stories; ids 1 to 256 are the bytes, so that it can spell any text."""
    corpus = path.with_name("stories.parquet")
    write_table(corpus, pa.table({"story": [str(i) for i in range(len(stories))], "text": list(stories)}))
    train_tokenizer(corpus, vocabulary=vocabulary, output=path)
    return path


def weights_file(path: Path, weight: np.ndarray, words: tuple[str, ...] = WORDS) -> Path:
    content = {"weight": weight.astype(np.float32), "bias": np.zeros(weight.shape[2], np.float32)}
    write_tensors(path, content, {"candidates": list(words), "l1": 1e-3})
    return path


def support_file(path: Path, support: np.ndarray, contexts: int) -> Path:
    write_tensors(path, {"support": support.astype(np.int32)}, {"contexts": contexts})
    return path
