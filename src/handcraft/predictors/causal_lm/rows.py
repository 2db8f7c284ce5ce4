"""The rows from which all scores of many questions are read, with nothing computed twice.

A row holds one beginning and, after it, what differs: it is a tree of tokens, in which a token sees those on its own
branch and no others (a mask says so, and a token's position is its depth). So candidates of several tokens, and
contexts of one story that begin alike, share one row. A row without branches needs no mask.

Not every model takes such rows (`probe` says which do): `Way` has what else there is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from handcraft.predictors.causal_lm.text import Question, common_length

END = -1  # in place of a token: that the word ends here
ALIKE = 24  # tokens that two questions must have in common to share a row
LARGEST = 768  # tokens in a row up to which further questions join it; its mask has the square of that


class Way(StrEnum):
    """How sequences are laid into rows, the fastest way first."""

    TREES = "trees"
    """Rows branch, and questions that begin alike share one."""
    ROWS = "rows"
    """Rows of one question each, which do not branch; padded."""
    LENGTHS = "lengths"
    """A row for each candidate's whole sequence, not padded: where a row's length changes the model's answers."""
    SINGLE = "single"
    """The same one by one, with the model's whole logits: the plain definition that the others are checked by."""


@dataclass(frozen=True, eq=False)
class Row:
    """Tokens of one row [n], each with the place of the token before it (-1: none) and its depth (0: the first)."""

    tokens: list[int]
    parents: list[int]
    depths: list[int]

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def branches(self) -> bool:
        """Whether any token comes after another than its neighbour."""
        return any(parent != i - 1 for i, parent in enumerate(self.parents))


@dataclass(frozen=True)
class Plan:
    """What to compute: token rows, and which log-probabilities to read off them.

    The arrays [m] say that read `i` is the log-probability of `token[i]` (or of the word's `END`) after the token in
    place `position[i]` of row `row[i]`, and belongs to the score `score[i]` = question * candidates + candidate.
    Sorted by row.
    """

    rows: list[Row]
    row: np.ndarray
    position: np.ndarray
    token: np.ndarray
    score: np.ndarray
    way: Way = Way.TREES

    @property
    def exact(self) -> bool:
        """Whether rows keep their lengths, since padding would change what is read."""
        return self.way in (Way.LENGTHS, Way.SINGLE)


class _Tree:
    """A row while it grows."""

    def __init__(self) -> None:
        self.row = Row([], [], [])
        self._children: dict[tuple[int, int], int] = {}

    def add(self, sequence: Sequence[int], after: int = -1) -> list[int]:
        """The places of a sequence's tokens after the one in place `after`; new ones where they are not there yet."""
        places = []
        for token in sequence:
            place = self._children.get((after, token))
            if place is None:
                place = self._children[after, token] = len(self.row)
                depth = self.row.depths[after] + 1 if after >= 0 else 0
                self.row.tokens.append(token)
                self.row.parents.append(after)
                self.row.depths.append(depth)
            places.append(place)
            after = place
        return places


def plan_rows(questions: Sequence[Question], word_ends: bool = False, way: Way = Way.TREES) -> Plan:
    """The rows from which every token of every ending can be read, or, with `word_ends`, what follows each ending.

    By `Way.ROWS` a question has one row for each way in which its candidates go on; by `Way.LENGTHS` one for each
    candidate, which ends with it, but for those that differ from another in their last token alone.
    """
    if way in (Way.LENGTHS, Way.SINGLE):
        return _plan_whole(questions, word_ends, way)
    trees = way is Way.TREES
    rows: list[Row] = []
    reads: list[tuple[int, int, int, int]] = []
    width = len(questions[0].endings) if questions else 0
    tree = _Tree()
    before: tuple[int, ...] = ()
    for q, question in enumerate(questions):
        if not (trees and _joins(question.shared, before, len(tree.row))):
            tree = _Tree()
            rows.append(tree.row)
        before = question.shared
        # Longest first, so that what all have in common with it runs on without a branch.
        order = sorted(range(width), key=lambda k: (-len(question.endings[k]), question.endings[k]))
        for turn, k in enumerate(order):
            ending = question.endings[k]
            needed = ending if word_ends else ending[:-1]
            if turn and not trees and not _lies_on(tree.row, question.shared + needed):
                tree = _Tree()
                rows.append(tree.row)
            shared = tree.add(question.shared)
            places = tree.add(needed, shared[-1])
            score = q * width + k
            if word_ends:
                reads.append((len(rows) - 1, places[-1], END, score))
                continue
            for place, token in zip([shared[-1], *places], ending, strict=True):
                reads.append((len(rows) - 1, place, token, score))
    return _plan(rows, reads, way)


def _plan(rows: list[Row], reads: list[tuple[int, int, int, int]], way: Way) -> Plan:
    table = np.array(reads, np.int64).reshape(-1, 4)
    table = table[np.argsort(table[:, 0], kind="stable")]
    return Plan(rows, table[:, 0], table[:, 1], table[:, 2], table[:, 3], way)


def _plan_whole(questions: Sequence[Question], word_ends: bool, way: Way) -> Plan:
    """Rows that are whole sequences: beginning and ending, the last token too, which counts in a row's length."""
    rows: list[Row] = []
    reads: list[tuple[int, int, int, int]] = []
    for q, question in enumerate(questions):
        start = len(question.shared)
        places: dict[tuple[int, ...], int] = {}
        for k, ending in enumerate(question.endings):
            score = q * len(question.endings) + k
            # In a causal model the last token changes nothing that is read before it.
            key = (k,) if word_ends else (len(ending), *ending[:-1])
            if key not in places:
                places[key] = len(rows)
                rows.append(plain_row((*question.shared, *ending)))
            row, last = places[key], start + len(ending) - 1
            if word_ends:
                reads.append((row, last, END, score))
            else:
                reads += [(row, start + i - 1, token, score) for i, token in enumerate(ending)]
    return _plan(rows, reads, way)


def plain_row(tokens: Sequence[int]) -> Row:
    """A row without branches."""
    return Row(list(tokens), list(range(-1, len(tokens) - 1)), list(range(len(tokens))))


def _joins(shared: tuple[int, ...], before: tuple[int, ...], size: int) -> bool:
    """Whether a question goes into the row of the one before it: most of it must be there, and be worth it."""
    return size < LARGEST and common_length(shared, before) > max(len(shared) // 2, ALIKE)


def _lies_on(row: Row, sequence: tuple[int, ...]) -> bool:
    return tuple(row.tokens[: len(sequence)]) == sequence


def padded(length: np.ndarray) -> np.ndarray:
    """The length to which a row is padded, by its own length alone: none up to 64, then multiples of 16."""
    return np.where(length <= 64, length, -(-length // 16) * 16)


def batches(rows: Sequence[Row], batch_tokens: int, exact: bool = False) -> Iterator[np.ndarray]:
    """Rows alike in padded length and in whether they branch, at most `batch_tokens` tokens (a longer row goes alone).

    `exact`: alike in their own length. Longest first, so that too little memory shows in the first batch and not in
    the last.
    """
    lengths = np.array([len(row) for row in rows])
    kinds = 2 * (lengths if exact else padded(lengths)) + np.array([row.branches for row in rows])
    order = np.argsort(-kinds, kind="stable")
    for same in np.split(order, np.flatnonzero(np.diff(kinds[order])) + 1):
        count = max(1, batch_tokens // max(1, int(kinds[same[0]] // 2)))
        for start in range(0, len(same), count):
            yield same[start : start + count]


def row_inputs(
    rows: Sequence[Row], exact: bool = False
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Of rows that are alike: ids int64 [n, length], and where they branch depths int64 [n, length] and sight bool
    [n, length, length] (what each token sees: itself and what stands before it on its branch).

    `exact`: the rows are of one length and are not padded.
    """
    longest = max(map(len, rows))
    width = longest if exact else int(padded(np.array([longest]))[0])
    ids = np.zeros((len(rows), width), np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row.tokens
    if not any(row.branches for row in rows):
        # Padding on the right needs no mask, and any id does: in a causal model no token sees what comes after it.
        return ids, None, None
    depths = np.zeros((len(rows), width), np.int64)
    sight = np.broadcast_to(np.eye(width, dtype=bool), (len(rows), width, width)).copy()
    for i, row in enumerate(rows):
        depths[i, : len(row)] = row.depths
        for place, parent in enumerate(row.parents):
            if parent >= 0:
                sight[i, place] |= sight[i, parent]
    return ids, depths, sight
