"""Contexts put to a language model in its own tokens, so that every candidate's score is exact.

The score (defined here and in `score`): a context's text is its tokens decoded by our tokenizer. For
every candidate, prefix + context + candidate is tokenized *as a whole* by the model's own tokenizer, and so is
prefix + context alone. What all of these token sequences begin with is `Question.shared`; what is left of a
candidate's sequence is its ending, and the candidate's score is the log-probability of its ending after
`shared`, summed over all the ending's tokens.

Where no token spans the join, `shared` is the tokenized context and an ending is the candidate's own tokens.
Where one does (a tokenizer may merge the context's last letters with the candidate), `shared` ends before that
token and all endings re-tell the same last letters, so that the candidates stay comparable.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from handcraft.errors import UserError

Encode = Callable[[list[str]], list[list[int]]]

CHUNK = 4096  # contexts tokenized at a time; bounds the memory that their texts take


@dataclass(frozen=True)
class Question:
    """One context in the model's tokens.

    `shared`: the beginning (BOS and context) that all candidates have in common; `endings`: for every candidate
    the tokens after it, never empty and all different; `spans`: whether a token spans context and candidate.
    """

    shared: tuple[int, ...]
    endings: tuple[tuple[int, ...], ...]
    spans: bool = False


def context_texts(tokens: np.ndarray, vocabulary: Sequence[bytes]) -> tuple[list[str], int]:
    """The text of each context, and how many of them lost the rest of a character at their beginning.

    `tokens` [n, length] are our tokens, `vocabulary` the bytes of each (`Vocabulary.pieces`).
    A window that starts inside a UTF-8 character begins with one to three continuation bytes, which are dropped.
    """
    return _texts(tokens.tolist(), vocabulary)


def story_texts(
    tokens: np.ndarray,
    starts: np.ndarray,
    story: np.ndarray,
    offset: np.ndarray,
    limit: int,
    vocabulary: Sequence[bytes],
) -> tuple[list[str], int]:
    """`context_texts` of all that stands before each occurrence in its story, at most `limit` of our tokens.

    `tokens` and `starts` are the split's (`handcraft.tokenizer.encode.open_tokens`),
    `story` and `offset` [n] the contexts'.
    """
    ends = starts[story] + offset
    begins = np.maximum(starts[story], ends - limit)
    windows = (tokens[a:b].tolist() for a, b in zip(begins.tolist(), ends.tolist(), strict=True))
    return _texts(windows, vocabulary)


def _texts(windows: Iterable[list[int]], vocabulary: Sequence[bytes]) -> tuple[list[str], int]:
    texts, cut = [], 0
    for row in windows:
        raw = b"".join([vocabulary[t] for t in row])
        start = 0
        while start < min(3, len(raw)) and 0x80 <= raw[start] < 0xC0:
            start += 1
        cut += start > 0
        texts.append(raw[start:].decode("utf-8", errors="replace"))
    return texts, cut


def clip_questions(
    questions: Sequence[Question], beginning: int, longest: int | None
) -> tuple[list[Question], int]:
    """The questions with rows of at most `longest` tokens, and how many were cut; the oldest text goes first.

    `beginning`: special tokens before the text (BOS), which stay. `longest`: None for no limit.
    """
    clipped, cut = [], 0
    for q in questions:
        room = len(q.shared) if longest is None else longest - max(map(len, q.endings))
        if len(q.shared) > room:
            kept = q.shared[len(q.shared) - (room - beginning) :]
            q = Question(q.shared[:beginning] + kept, q.endings, q.spans)
            cut += 1
        clipped.append(q)
    return clipped, cut


def build_questions(
    texts: Sequence[str],
    candidates: Sequence[str],
    encode: Encode,
    beginning: Sequence[int],
    prefix: str = "",
) -> Iterator[Question]:
    """A `Question` for each text, in order.

    `encode` tokenizes texts without special tokens; `beginning` are the special tokens put before all text (BOS),
    possibly none. Raises `UserError` for a candidate that has no tokens of its own, for two that the tokenizer
    makes the same, and for a context with nothing before the first token that is to be scored.
    """
    width = len(candidates) + 1
    for chunk in range(0, len(texts), CHUNK):
        some = texts[chunk : chunk + CHUNK]
        rows = encode([prefix + text + end for text in some for end in ("", *candidates)])
        for i, text in enumerate(some):
            alone, *joined = rows[i * width : (i + 1) * width]
            yield _question(text, candidates, list(beginning), alone, joined)


def _question(
    text: str, candidates: Sequence[str], beginning: list[int], alone: list[int], joined: list[list[int]]
) -> Question:
    common = len(alone)
    for row in joined:
        common = min(common, common_length(alone, row))
    endings = tuple(tuple(row[common:]) for row in joined)
    if len(set(endings)) < len(endings) or () in endings:
        _refuse(text, candidates, endings)
    shared = tuple(beginning + alone[:common])
    if not shared:
        raise UserError(
            f"the model gets no BOS token, so nothing stands before the first token of {text!r} + candidate",
            where="predictors.causal_lms",
            remedy="set bos: always, or give the model a prefix (for instance a line break)",
        )
    return Question(shared, endings, common < len(alone))


def common_length(a: Sequence[int], b: Sequence[int]) -> int:
    """How many tokens two sequences have in common at their beginning."""
    n = min(len(a), len(b))
    if a[:n] == b[:n]:
        return n
    return next(i for i in range(n) if a[i] != b[i])


def _refuse(text: str, candidates: Sequence[str], endings: Sequence[tuple[int, ...]]) -> None:
    for i, ending in enumerate(endings):
        if not ending:
            raise UserError(
                f"the model's tokenizer makes nothing of the candidate {candidates[i]!r} after {text!r}",
                where="predictors.causal_lms",
                remedy="leave this model out, or the candidate",
            )
        if ending in endings[:i]:
            twin = candidates[endings.index(ending)]
            raise UserError(
                f"the model's tokenizer cannot tell {candidates[i]!r} from {twin!r} after {text!r}: "
                f"both are the tokens {list(ending)}",
                where="predictors.causal_lms",
                remedy="leave this model out, or one of the two candidates",
            )


def count_changed(
    texts: Sequence[str], encode: Encode, decode: Callable[[list[list[int]]], list[str]]
) -> int:
    """How many texts do not come back from the model's tokenizer as they went in, leading spaces aside."""
    changed = 0
    for chunk in range(0, len(texts), CHUNK):
        some = list(texts[chunk : chunk + CHUNK])
        back = decode(encode(some))
        changed += sum(a.lstrip(" ") != b.lstrip(" ") for a, b in zip(some, back, strict=True))
    return changed
