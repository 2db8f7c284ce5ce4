"""A split as one flat array of token ids with where its stories start, written and memory-mapped."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from handcraft.disk import require_space
from handcraft.errors import UserError
from handcraft.files import whole_file
from handcraft.logging import progress, say
from handcraft.tokenizer.stories import BATCH, corpus_size, story_batches
from handcraft.tokenizer.tokens import load_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

BYTES_PER_TOKEN = 4
"""Of text, for an estimate. With 1,024 tokens it is 3.1 for TinyStories and 4.3 for the planted corpus; a larger
vocabulary has longer tokens."""


class TokenFiles(NamedTuple):
    """A split as token ids: the arrays that `encode_corpus` writes."""

    tokens: Path
    starts: Path


def encode_corpus(corpus: Path, tokenizer: Path, *, tokens: Path, starts: Path) -> None:
    """Write a split as one flat array of tokens.

    tokens: `.npy` uint16 [all tokens], the stories joined with nothing between.
    starts: `.npy` int64 [stories + 1]; story i is `tokens[starts[i]:starts[i+1]]`.
    Stories are read, encoded and appended a batch at a time: memory is one batch plus 8 bytes a story.
    Raises `UserError` where the disk has no room for an estimate of the arrays.
    """
    count, size = corpus_size(corpus)
    require_space(tokens.parent, 2 * size / BYTES_PER_TOKEN + 8 * count, "the tokens of this split")
    encoder = load_tokenizer(tokenizer)
    if encoder.get_vocab_size() > 65536:
        raise UserError("more than 65,536 tokens", where=str(tokenizer), remedy="train a smaller tokenizer")
    words = _WordTokens(encoder)
    lengths: list[np.ndarray] = []
    total = 0
    with whole_file(tokens) as partial, partial.open("w+b") as file:
        room = _write_header(file, 0)
        for texts in progress(story_batches(corpus), "encoding", unit=f"batches of {BATCH:,} stories"):
            stories = [words.tokens_of(text) for text in texts]
            file.write(b"".join(stories))
            lengths.append(np.array([len(s) // 2 for s in stories], dtype=np.int64))
            total += int(lengths[-1].sum())
        file.seek(0)
        if _write_header(file, total) != room:
            raise AssertionError("NumPy's header grew with the length of the array")
    ends = np.cumsum(np.concatenate([np.zeros(1, np.int64), *lengths]), dtype=np.int64)
    with whole_file(starts) as partial, partial.open("wb") as file:
        np.save(file, ends, allow_pickle=False)
    say(f"{len(ends) - 1:,} stories, {total:,} tokens")


class _WordTokens(dict[str, bytes]):
    """The tokens of every word met so far, uint16 as bytes: a corpus repeats its words, and merges stay inside one.

    Words are cut as `tokenizers` cuts them (the pattern of GPT-2); a story with other than ASCII characters
    goes through `tokenizers` itself, whose classes of letters are not Python's. For TinyStories that
    takes a third of the processor's time.
    """

    PATTERN = re.compile(
        r"'(?:s|t|re|ve|m|ll|d)| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+", re.ASCII
    )
    MOST, LONGEST = 2**19, 64  # words kept, and characters of one

    def __init__(self, encoder: "Tokenizer") -> None:
        super().__init__()
        self._encoder = encoder

    def tokens_of(self, text: str) -> bytes:
        if text.isascii():
            return b"".join(map(self.__getitem__, self.PATTERN.findall(text)))
        return self._encode(text)

    def __missing__(self, word: str) -> bytes:
        tokens = self._encode(word)
        if len(word) <= self.LONGEST and len(self) < self.MOST:
            self[word] = tokens
        return tokens

    def _encode(self, text: str) -> bytes:
        return np.array(self._encoder.encode(text, add_special_tokens=False).ids, "<u2").tobytes()


def _write_header(file: BinaryIO, length: int) -> int:
    """The `.npy` header of a uint16 array; NumPy pads it, so a later length fits in the same place.

    NumPy's other writers (`save`, `open_memmap`) must know the length first, and it is known once all is encoded.
    """
    header = {"descr": "<u2", "fortran_order": False, "shape": (length,)}
    np.lib.format.write_array_header_1_0(file, header)
    return file.tell()


def open_tokens(tokens: Path, starts: Path) -> tuple[np.ndarray, np.ndarray]:
    """A split's tokens (memory-mapped) and starts, as `encode_corpus` writes them."""
    try:
        return np.load(tokens, mmap_mode="r", allow_pickle=False), np.load(starts, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise UserError(
            f"cannot read the tokens of this split ({error})",
            where=f"{tokens}, {starts}",
            remedy="delete the files and run snakemake again; they are rebuilt",
        ) from error
