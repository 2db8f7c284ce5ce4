"""Reading a tokenizer: its tokens as bytes, the ids of words, and text from ids."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handcraft.errors import UserError
from handcraft.files import note_read

if TYPE_CHECKING:
    from tokenizers import Tokenizer

END = "<|endoftext|>"


def load_tokenizer(path: Path | str) -> "Tokenizer":
    """A trained tokenizer; `<|endoftext|>` in a text is read as ordinary characters."""
    from tokenizers import Tokenizer

    note_read(path)
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exceptions
        raise UserError(
            f"cannot read this tokenizer ({error})",
            where=str(path),
            remedy="delete the file and run snakemake again; it is rebuilt",
        ) from error
    tokenizer.encode_special_tokens = True
    return tokenizer


def without_last_space(text: str) -> str:
    """A text without white space at its end: in this tokenizer the space before a word belongs to the word's token, so
    that a typed one would stand where a token of its own seldom does."""
    return text.rstrip(" \t\r\n")


@lru_cache(maxsize=1)
def _byte_of() -> dict[str, int]:
    """GPT-2's printable stand-in of every byte, reversed."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    table = {chr(b): b for b in plain}
    rest = [b for b in range(256) if b not in set(plain)]
    return table | {chr(256 + i): b for i, b in enumerate(rest)}


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The tokens of a trained tokenizer: `pieces` are the raw bytes of every id, b"" for `<|endoftext|>`."""

    encoder: "Tokenizer"
    pieces: tuple[bytes, ...]

    @classmethod
    def read(cls, path: Path | str) -> "Vocabulary":
        """Of a `tokenizer.json`; `UserError` where it cannot be read."""
        return cls.of(load_tokenizer(path))

    @classmethod
    def of(cls, encoder: "Tokenizer") -> "Vocabulary":
        """Of a tokenizer that is loaded already."""
        table = _byte_of()
        special = {i for i, t in encoder.get_added_tokens_decoder().items() if t.special}
        texts = [encoder.id_to_token(i) or "" for i in range(encoder.get_vocab_size())]
        return cls(
            encoder, tuple(b"" if i in special else bytes(table[c] for c in t) for i, t in enumerate(texts))
        )

    def __len__(self) -> int:
        return len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """The ids of a text."""
        ids: list[int] = self.encoder.encode(text, add_special_tokens=False).ids
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of some ids; bytes cut off in the middle of a character become U+FFFD."""
        return b"".join(self.pieces[int(i)] for i in ids).decode(errors="replace")

    def show(self, token: int) -> str:
        """One token for people (`show_token`)."""
        return show_token(self.pieces[token])

    def id_of(self, text: str) -> int | None:
        """The id whose piece is `text`; None where none is, and for an empty text."""
        return self._ids.get(text.encode()) if text else None

    @cached_property
    def is_text(self) -> np.ndarray:
        """Which tokens are text, bool [vocabulary]: whole characters, none of which is an invisible control."""
        texts = [piece.decode(errors="replace") for piece in self.pieces]
        return np.array(
            [
                bool(piece) and text.encode() == piece and text.replace("\n", " ").isprintable()
                for piece, text in zip(self.pieces, texts, strict=True)
            ]
        )

    @cached_property
    def _ids(self) -> dict[bytes, int]:
        return {piece: i for i, piece in enumerate(self.pieces)}

    def require(self, words: Iterable[str], *, where: str = "") -> list[int]:
        """The one token of each word, in their order.

        Raises `UserError` that names each word that is not a single token, how it is tokenized, and the nearest
        words that are single tokens. `where` goes into it, e.g. the config key.
        """
        tokens = [(word, self.token_of(word)) for word in words]
        if refused := [self.refusal(word) for word, token in tokens if token is None]:
            raise not_single_tokens(refused, where=where)
        return [token for _, token in tokens if token is not None]

    def token_of(self, word: str) -> int | None:
        """The one token that a word is encoded as; None where it is none or several."""
        parts = self.encode(word)
        return parts[0] if len(parts) == 1 and self.pieces[parts[0]] else None

    def refusal(self, word: str) -> str:
        """For an error: how a word that is not a single token is tokenized, and the nearest single tokens."""
        shown = " + ".join(_quoted(self.pieces[i]) for i in self.encode(word)) or "nothing"
        near = ", ".join(_quoted(t) for t in _nearest_tokens(word, self.pieces)) or "none"
        return f"{_quoted(word.encode())} is {shown}; the nearest single tokens: {near}"


def not_single_tokens(refused: Sequence[str], *, where: str = "", hint: str = "") -> UserError:
    """The error for words that are not single tokens, a line of `Vocabulary.refusal` for each; hint: more remedy."""
    return UserError(
        "not a single token of the tokenizer:\n" + "\n".join(f"  - {r}" for r in refused),
        where=where,
        remedy=f"choose single tokens (mind the leading space), or a larger tokenizer.vocabulary{hint}",
    )


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
