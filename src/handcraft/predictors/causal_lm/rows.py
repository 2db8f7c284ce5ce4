"""The rows from which all scores of many questions are read, with nothing computed twice.

A row holds one beginning and, after it, what differs: it is a tree of tokens, in which a token sees those on its own
branch and no others (a mask says so, and a token's position is its depth). So candidates of several tokens, and
contexts of one story that begin alike, share one row. A row without branches needs no mask.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from handcraft.predictors.causal_lm.text import Question, common_length

END = -1  # in place of a token: that the word ends here
ALIKE = 24  # tokens that two questions must have in common to share a row
LARGEST = 768  # tokens in a row up to which further questions join it; its mask has the square of that


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


def plan_rows(questions: Sequence[Question], word_ends: bool = False, trees: bool = True) -> Plan:
    """The rows from which every token of every ending can be read, or, with `word_ends`, what follows each ending.

    Without `trees` no row branches: a question has one for each way in which its candidates go on.
    """
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
    table = np.array(reads, np.int64).reshape(-1, 4)
    table = table[np.argsort(table[:, 0], kind="stable")]
    return Plan(rows, table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def _joins(shared: tuple[int, ...], before: tuple[int, ...], size: int) -> bool:
    """Whether a question goes into the row of the one before it: most of it must be there, and be worth it."""
    return size < LARGEST and common_length(shared, before) > max(len(shared) // 2, ALIKE)


def _lies_on(row: Row, sequence: tuple[int, ...]) -> bool:
    return tuple(row.tokens[: len(sequence)]) == sequence


def padded(length: np.ndarray) -> np.ndarray:
    """The length to which a row is padded, by its own length alone: none up to 64, then multiples of 16."""
    return np.where(length <= 64, length, -(-length // 16) * 16)


def batches(rows: Sequence[Row], batch_tokens: int) -> Iterator[np.ndarray]:
    """Rows alike in padded length and in whether they branch, at most `batch_tokens` tokens (a longer row goes alone).

    Longest first, so that too little memory shows in the first batch and not in the last.
    """
    kinds = 2 * padded(np.array([len(row) for row in rows])) + np.array([row.branches for row in rows])
    order = np.argsort(-kinds, kind="stable")
    for same in np.split(order, np.flatnonzero(np.diff(kinds[order])) + 1):
        count = max(1, batch_tokens // max(1, int(kinds[same[0]] // 2)))
        for start in range(0, len(same), count):
            yield same[start : start + count]


def row_inputs(rows: Sequence[Row]) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    """Of rows that are alike: ids int64 [n, length], and where they branch depths int64 [n, length] and sight bool
    [n, length, length] (what each token sees: itself and what stands before it on its branch)."""
    width = int(padded(np.array([max(map(len, rows))]))[0])
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
