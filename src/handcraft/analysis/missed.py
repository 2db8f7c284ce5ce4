"""What a rule file leaves: contexts that it gets wrong and the linear model gets right, by their strongest input."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handcraft.contexts.read import Contexts
from handcraft.files import read_tensors
from handcraft.predictors.linear.predict import linear_logits
from handcraft.rules.files import flat, quoted, written
from handcraft.tokenizer.tokens import Vocabulary

SHOWN = 12
"""Last tokens of an example."""


@dataclass(frozen=True)
class Missed:
    """Contexts that have in common which input speaks most for the right word against the rules' answer, in the linear
    model: `token` at `position` (-1 is the last), for `candidate`; how many, and one of them as text."""

    token: str
    position: int
    candidate: str
    count: int
    example: str


def missed(logits: np.ndarray, contexts: Contexts, linear: Path, vocabulary: Vocabulary) -> list[Missed]:
    """Groups of contexts that the rules' `logits` [n, K] get wrong and a linear model gets right, largest first."""
    tensors = read_tensors(linear)
    weight, labels = tensors["weight"], contexts.labels.astype(np.int64)
    answer = logits.argmax(axis=1)
    right = linear_logits(weight, tensors["bias"], contexts.tokens).argmax(axis=1) == labels
    rows = np.flatnonzero((answer != labels) & right)
    if not len(rows):
        return []
    tokens = contexts.tokens[rows].astype(np.int64)
    place = np.arange(contexts.length)
    # What each input of the linear model gives to the right word beyond the rules' answer.
    lead = weight[place, tokens, labels[rows, None]] - weight[place, tokens, answer[rows, None]]
    position = lead.argmax(axis=1)
    keys = np.stack([position, tokens[np.arange(len(rows)), position], labels[rows]], axis=1)
    groups, inside, count = np.unique(keys, axis=0, return_inverse=True, return_counts=True)
    first = np.full(len(groups), -1)
    for i, group in reversed(list(enumerate(inside.ravel()))):
        first[group] = rows[i]
    found = []
    for i in np.argsort(-count, kind="stable"):
        where, token, candidate = groups[i]
        text = vocabulary.decode(contexts.tokens[first[i], -SHOWN:].tolist())
        found.append(
            Missed(
                written(vocabulary.decode([token])),
                int(where) - contexts.length,
                contexts.candidates[candidate].strip(),
                int(count[i]),
                flat(text),
            )
        )
    return found


def format_missed(found: list[Missed], count: int) -> str:
    """The largest groups as text."""
    total = sum(one.count for one in found)
    lines = [
        f"  {total:,} validation contexts are wrong as written and right in the linear model; most speaks:"
    ]
    for one in found[:count]:
        speaks = f"{quoted(one.token)} at {one.position} for {one.candidate}"
        lines.append(f"  {one.count:>6}  {speaks:24}  ...{one.example} [{one.candidate}]")
    return "\n".join(lines)
