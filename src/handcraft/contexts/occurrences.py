"""Where candidates occur in a corpus of tokens, and which of these are whole words.

An occurrence is a candidate's token. It is a *whole word* where no letter or digit follows it: the next
character of the story is neither, or the story ends. So " or" counts in "this or that", "this or, ..." and
"or's", not in "oranges" (tokens " or", "ange", "s"). An apostrophe or a hyphen does not continue a word: the
tokenizer parts words there, and with this reading the counts of the sample of TinyStories that the project
was planned on come back. The question is put to the character, not to the token: "é" is two bytes and may be
two tokens. A combining mark counts as part of its letter. A candidate that does not itself end in a letter or
digit (",") is always whole.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

CHUNK = 2**21  # tokens looked at together, in whole stories


NONE = 255  # label of a token that is not a candidate


_NO, _YES, _LOOK_FURTHER = 0, 1, 2


@dataclass(frozen=True, eq=False)
class Occurrences:
    """The occurrences of a group in one split that have enough tokens before them.

    positions: int64 [n], places in the flat token array, ascending. labels: uint8 [n]. as_token, as_word:
    int64 [K], all occurrences of each candidate, those without enough tokens before them too. short_stories:
    stories that can hold none, for they are not longer than the window.
    """

    positions: np.ndarray
    labels: np.ndarray
    as_token: np.ndarray
    as_word: np.ndarray
    stories: int
    short_stories: int


def find_occurrences(
    tokens: np.ndarray,
    starts: np.ndarray,
    ids: Sequence[int],
    pieces: Sequence[bytes],
    *,
    length: int,
    words: bool,
) -> Occurrences:
    """Every place where one of `ids` comes with `length` tokens of the same story before it.

    tokens: uint16 [all], may be memory-mapped. starts: int64 [stories + 1]. pieces: the bytes of every token.
    words: only whole words. Time is linear; memory is 9 bytes an occurrence and one chunk.
    """
    label_of = np.full(65536, NONE, np.uint8)
    label_of[list(ids)] = np.arange(len(ids), dtype=np.uint8)
    table = continuation_table(pieces)
    open_ended = np.array([continues_word(pieces[i].decode(errors="replace")[-1:]) for i in ids])
    as_token = np.zeros(len(ids), np.int64)
    as_word = np.zeros(len(ids), np.int64)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    for first, last in _chunks(starts):
        begin = int(starts[first])
        block = np.asarray(tokens[begin : int(starts[last])])
        edges = np.asarray(starts[first : last + 1]) - begin
        labels = label_of[block]
        at = np.flatnonzero(labels != NONE)
        labels = labels[at]
        story = np.searchsorted(edges, at, side="right") - 1
        whole = ~_continued(block, at, edges[story + 1], table, pieces)
        whole |= ~open_ended[labels]
        as_token += np.bincount(labels, minlength=len(ids))
        as_word += np.bincount(labels[whole], minlength=len(ids))
        kept = at - edges[story] >= length
        if words:
            kept &= whole
        found.append((at[kept] + begin, labels[kept]))
    return Occurrences(
        np.concatenate([p for p, _ in found]) if found else np.zeros(0, np.int64),
        np.concatenate([k for _, k in found]) if found else np.zeros(0, np.uint8),
        as_token,
        as_word,
        len(starts) - 1,
        int((np.diff(starts) <= length).sum()),
    )


def _chunks(starts: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of whole stories of about CHUNK tokens (one longer story is a chunk of its own)."""
    first, stories = 0, len(starts) - 1
    while first < stories:
        last = int(np.searchsorted(starts, int(starts[first]) + CHUNK, side="right")) - 1
        last = min(max(last, first + 1), stories)
        yield first, last
        first = last


def continuation_table(pieces: Sequence[bytes]) -> np.ndarray:
    """uint8 [65536]: does a token continue the word before it? 0 no, 1 yes, 2 its first character ends later."""
    table = np.zeros(65536, np.uint8)
    for i, piece in enumerate(pieces):
        character = _first_character(piece)
        table[i] = _LOOK_FURTHER if character is None else _YES if continues_word(character) else _NO
    return table


def _first_character(piece: bytes) -> str | None:
    """The first character; None where its bytes are not all there, "" where there is none."""
    if not piece:
        return ""
    lead = piece[0]
    size = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    if len(piece) < size:
        return None
    return piece[:size].decode(errors="replace")[:1]


def continues_word(character: str) -> bool:
    """Whether a word goes on with this character: a letter, a digit, a combining mark."""
    return bool(character) and (character.isalnum() or unicodedata.category(character).startswith("M"))


def _continued(
    block: np.ndarray, at: np.ndarray, ends: np.ndarray, table: np.ndarray, pieces: Sequence[bytes]
) -> np.ndarray:
    """bool per occurrence: a letter or digit of the same story comes next."""
    inside = at + 1 < ends
    following = table[block[np.minimum(at + 1, len(block) - 1)]]
    answer = inside & (following == _YES)
    # Rare: one character that is several tokens, as an accented letter or a curly quote may be.
    for i in np.flatnonzero(inside & (following == _LOOK_FURTHER)):
        upto = min(int(at[i]) + 5, int(ends[i]))
        text = b"".join(pieces[t] for t in block[int(at[i]) + 1 : upto])
        answer[i] = continues_word(_first_character(text) or "")
    return answer
