"""The tokenizer: byte-level BPE of a chosen size, and a corpus written as its tokens.

Byte-level, as in GPT-2 (Radford et al., 2019): the text is cut into words with their leading space,
punctuation and runs of white space, and merges never cross such a cut. Every text can be written, whatever
its bytes are.

Id 0 is `<|endoftext|>`, which never comes out of a corpus: stories are parted by their starts, and a story
that holds those very characters is ordinary text. Then come the 256 bytes, then the merges.
"""

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from handcraft.errors import UserError
from handcraft.files import whole_file
from handcraft.progress import progress, say

if TYPE_CHECKING:
    from tokenizers import Tokenizer

END = "<|endoftext|>"
BATCH = 1024  # stories read at a time


def train_tokenizer(corpus: Path, output: Path, vocabulary: int, *, threads: int = 2) -> None:
    """Train the BPE on a split's Parquet file and write `tokenizer.json`; the same bytes for the same corpus.

    corpus: Parquet with a column `text`, read as a stream; memory goes with the number of distinct words.
    vocabulary: tokens in all (`<|endoftext|>`, 256 bytes, merges); at most 65,536, so that ids fit in uint16.
    Raises `UserError` where the corpus has too few repeated pairs for that many tokens.
    """
    _bound_threads(threads)
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    if not 257 <= vocabulary <= 65536:
        raise UserError(
            f"a byte-level vocabulary has 257 to 65,536 tokens, not {vocabulary}",
            where="config: tokenizer.vocabulary",
            remedy="choose a size in that range (1024 is the seed's)",
        )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,  # a pair seen once is no regularity
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    texts = progress(_texts(corpus), "training the tokenizer", unit="stories")
    tokenizer.train_from_iterator(texts, trainer)
    size = tokenizer.get_vocab_size()
    if size != vocabulary:
        raise UserError(
            f"the corpus is too small for {vocabulary} tokens: only {size} could be made of it",
            where=f"{corpus}; config: tokenizer.vocabulary",
            remedy=f"give more text, or set tokenizer.vocabulary to {size} or less",
        )
    with whole_file(output) as partial:
        tokenizer.save(str(partial), pretty=True)


def encode_corpus(corpus: Path, tokenizer: Path, tokens: Path, starts: Path) -> None:
    """Write a split as one flat array of tokens.

    tokens: `.npy` uint16 [all tokens], the stories joined with nothing between.
    starts: `.npy` int64 [stories + 1]; story i is `tokens[starts[i]:starts[i+1]]`.
    Stories are read, encoded and appended a batch at a time: memory is one batch plus 8 bytes a story.
    """
    encoder = load_tokenizer(tokenizer)
    if encoder.get_vocab_size() > 65536:
        raise UserError("more than 65,536 tokens", where=str(tokenizer), remedy="train a smaller tokenizer")
    words = _WordTokens(encoder)
    lengths: list[np.ndarray] = []
    total = 0
    with whole_file(tokens) as partial, partial.open("w+b") as file:
        room = _write_header(file, 0)
        for texts in progress(_batches(corpus), "encoding", unit=f"batches of {BATCH:,} stories"):
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
    """The `.npy` header of a uint16 array; NumPy pads it, so a later length fits in the same place."""
    header = {"descr": "<u2", "fortran_order": False, "shape": (length,)}
    np.lib.format.write_array_header_1_0(file, header)
    return file.tell()


def _batches(corpus: Path) -> Iterator[list[str]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(corpus) as file:
            for batch in file.iter_batches(BATCH, columns=["text"], use_threads=False):
                yield batch.column(0).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise UserError(
            f"cannot read this split of the corpus ({error})",
            where=str(corpus),
            remedy="delete the file and run snakemake again; it is made anew",
        ) from error


def _texts(corpus: Path) -> Iterator[str]:
    for batch in _batches(corpus):
        yield from batch


def _bound_threads(threads: int) -> None:
    """The threads of `tokenizers`, which reads them once, at its first parallel work."""
    os.environ.setdefault("RAYON_NUM_THREADS", str(threads))
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true" if threads > 1 else "false")


def load_tokenizer(path: Path | str) -> "Tokenizer":
    """A trained tokenizer; `<|endoftext|>` in a text is read as ordinary characters."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exceptions
        raise UserError(
            f"cannot read this tokenizer ({error})",
            where=str(path),
            remedy="delete the file and run snakemake again; it is made anew",
        ) from error
    tokenizer.encode_special_tokens = True
    return tokenizer


@lru_cache(maxsize=1)
def _byte_of() -> dict[str, int]:
    """GPT-2's printable stand-in of every byte, reversed."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    table = {chr(b): b for b in plain}
    rest = [b for b in range(256) if b not in set(plain)]
    return table | {chr(256 + i): b for i, b in enumerate(rest)}


def token_bytes(tokenizer: "Tokenizer") -> list[bytes]:
    """The raw bytes of every id, in the order of the ids; b"" for `<|endoftext|>`."""
    table = _byte_of()
    special = {i for i, t in tokenizer.get_added_tokens_decoder().items() if t.special}
    pieces = []
    for i in range(tokenizer.get_vocab_size()):
        text = tokenizer.id_to_token(i) or ""
        pieces.append(b"" if i in special else bytes(table[c] for c in text))
    return pieces


def candidate_ids(tokenizer: "Tokenizer", candidates: Iterable[str], *, where: str = "") -> list[int]:
    """The one token of each candidate, in their order.

    Raises `UserError` that names each candidate that is no single token, how it is tokenized, and the nearest
    words that are single tokens. `where` goes into it, e.g. the config key.
    """
    ids, refused, pieces = [], [], token_bytes(tokenizer)
    for word in candidates:
        parts = tokenizer.encode(word, add_special_tokens=False).ids
        if len(parts) == 1 and pieces[parts[0]]:
            ids.append(parts[0])
            continue
        shown = " + ".join(_quoted(pieces[i]) for i in parts) or "nothing"
        near = ", ".join(_quoted(t) for t in _nearest_tokens(word, pieces)) or "none"
        refused.append(f"{_quoted(word.encode())} is {shown}; the nearest single tokens: {near}")
    if refused:
        raise UserError(
            "a candidate must be a single token of the tokenizer:\n" + "\n".join(f"  - {r}" for r in refused),
            where=where,
            remedy="choose single tokens (mind the leading space), or a larger tokenizer.vocabulary",
        )
    return ids


def _nearest_tokens(word: str, pieces: Sequence[bytes], count: int = 5) -> list[bytes]:
    """Tokens most like `word`: itself with or without its space or capital first, then by difflib."""
    known = {}
    for piece in pieces:
        try:
            known[piece.decode()] = piece
        except UnicodeDecodeError:
            continue
    known.pop("", None)
    bare = word.strip()
    cases = (bare, bare.lower(), bare.capitalize())
    variants = [space + case for case in cases for space in (" ", "")]
    found = [v for v in dict.fromkeys(variants) if v in known and v != word]
    # Two passes, so that tokens with a leading space are offered to a word that has one.
    spaced = [t for t in known if t.startswith(" ") == word.startswith(" ")]
    for pool in (spaced, list(known)):
        found += [t for t in difflib.get_close_matches(word, pool, count, 0.5) if t not in found]
    return [known[t] for t in found[:count]]


def _quoted(piece: bytes) -> str:
    """A token in an error message, `" or"`: the space is seen, nothing else acts."""
    text = piece.decode(errors="backslashreplace")
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text) + '"'


def show_token(piece: bytes) -> str:
    """A token for people: spaces seen (`␣was`), line ends and controls as pictures, stray bytes as hex.

    The result is plain text; whoever puts it into HTML, Typst or SVG escapes it.
    """
    if not piece:
        return END
    shown = []
    for c in piece.decode(errors="backslashreplace"):
        if c in " \n":
            shown.append("␣" if c == " " else "⏎")
        elif ord(c) < 32:
            shown.append(chr(0x2400 + ord(c)))
        elif c == "\x7f":
            shown.append("␡")
        else:
            shown.append(c if c.isprintable() else c.encode("unicode_escape").decode())
    return "".join(shown)


def decode(tokenizer: "Tokenizer | Sequence[bytes]", ids: Iterable[int]) -> str:
    """The text of some tokens; bytes cut off in the middle of a character become U+FFFD.

    tokenizer: a tokenizer, or (much faster in a loop) its `token_bytes`.
    """
    pieces = tokenizer if isinstance(tokenizer, list | tuple) else token_bytes(tokenizer)  # type: ignore[arg-type]
    return b"".join(pieces[int(i)] for i in ids).decode(errors="replace")
