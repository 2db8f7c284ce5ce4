"""Skip-trigrams: a head that stands on one token reads an earlier one and makes a third likelier.

After Elhage et al. (2021), A Mathematical Framework for Transformer Circuits. Three splits have three tasks: what is
worth looking at is ranked on training windows; what is claimed is measured on validation windows, through the direct
path from the read to the output alone; and whether that comes true, on test windows, by ablation with all that follows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.one_layer.opened import Means, Opened, blocks, choose_windows
from handcraft.config.model import Evaluation
from handcraft.evaluation.bootstrap import story_draws
from handcraft.evaluation.intervals import interval_columns
from handcraft.files import read_tensors, write_csv, write_tensors
from handcraft.logging import progress, say
from handcraft.math import log_softmax
from handcraft.predictors.one_layer.read import OneLayerReader
from handcraft.seeds import generator
from handcraft.tokenizer.encode import TokenFiles
from handcraft.tokenizer.tokens import Vocabulary
from handcraft.tokenizer.windows import Windows

COLUMNS = (
    "head", "source", "last", "output", "claimed", "ablated", "low", "high", "came_true", "control", "probability",
    "seen", "contexts", "stories", "distance", "example",
)  # fmt: skip
RANKED = 100_000
"""Training windows on which reads are ranked."""
SUPPORT = 30
"""Training windows that a skip-trigram must be in, to be claimed."""
MEASURED, CLAIMED = 200, 24
"""How many of the highest rank are measured on validation windows, and how many of these are claimed."""
CONTEXTS = 300
"""Windows of validation, and of test, on which one is measured, at most."""


@dataclass(frozen=True)
class Found:
    """A skip-trigram and what is claimed of it: by how much (nats, and probability) the direct path of the head's reads
    of `source` moves `output` in the contexts that have `source` before a last token `last`."""

    head: int
    source: int
    last: int
    seen: int
    output: int
    claimed: float
    probability: float


@dataclass(frozen=True, eq=False)
class RankedReads:
    """What reading an earlier token does, by head, earlier token and last token: sorted `keys` int64 [g], `worth`
    float64 [g] (nats by which the losses of the ranked windows would change, up or down, in all, to first order), and
    how many reads there were (`seen` int64 [g]).

    Up or down: reads that seem to do harm on few windows bring much together, and come last if they are summed with
    their sign.
    """

    vocabulary: int
    keys: np.ndarray
    worth: np.ndarray
    seen: np.ndarray

    @classmethod
    def read(cls, path: Path, vocabulary: int) -> "RankedReads":
        found = read_tensors(path)
        return cls(vocabulary, found["keys"], found["worth"], found["seen"])

    def parts(self, at: int) -> tuple[int, int, int]:
        """Head, earlier token and last token of the key at `at`."""
        key, V = int(self.keys[at]), self.vocabulary
        return key // V**2, key // V % V, key % V


def read_keys(ids: np.ndarray, heads: int, vocabulary: int) -> np.ndarray:
    """The key of each read of an earlier token, int64 [n, heads, length - 1], of input ids [n, length]."""
    tokens = ids % vocabulary
    pair = tokens[:, None, :-1] * vocabulary + tokens[:, None, -1:]
    return np.asarray(np.arange(heads)[:, None] * vocabulary**2 + pair)


def rank_reads(opened: Opened, windows: Windows, numbers: np.ndarray, means: Means) -> RankedReads:
    """Of the windows `numbers`: how losses would change if a read took its mean instead, by the gradient."""
    V = opened.shape.vocabulary
    keys: list[np.ndarray] = []
    worth: list[np.ndarray] = []
    seen: list[np.ndarray] = []
    for tokens, came in blocks(windows, numbers, "ranking reads"):
        pieces = opened.pieces(tokens)
        gradient = opened.gradients(opened.attended(pieces), came).attended
        by_head = np.einsum("nd,hed->nhe", gradient, opened.out, optimize=True)
        more = (pieces.taken - means.taken)[:, :, :-1]
        rises = -np.einsum("nhte,nhe->nht", more, by_head, optimize=True)
        found, place = np.unique(read_keys(pieces.ids, opened.heads, V), return_inverse=True)
        keys.append(found)
        worth.append(np.bincount(place.ravel(), np.abs(rises).ravel(), len(found)))
        seen.append(np.bincount(place.ravel(), minlength=len(found)))
    every, place = np.unique(np.concatenate(keys), return_inverse=True)
    sums = [np.bincount(place, np.concatenate(x), len(every)) for x in (worth, seen)]
    return RankedReads(V, every, sums[0], sums[1].astype(np.int64))


def find_skip_trigrams(
    model: Path,
    tokenizer: Path,
    files: Mapping[str, TokenFiles],
    *,
    settings: Evaluation,
    seed: int,
    outputs: tuple[Path, Path],
) -> None:
    """Write a table of claims, those that move most probability first, and `RankedReads` as safetensors.

    A row: `head` (from 1), the earlier token `source`, the `last` token, the `output` that is moved most;
    `claimed`, mean change of its log-probability (nats) by the direct path, on validation windows; `ablated`, the mean
    change that the reads make on test windows, everything after them computed again, with its interval over stories;
    `came_true`, ablated / claimed; `control`, the same where the head's read of another earlier token, drawn at random,
    is ablated in the source's stead: what a claim without truth would show. `probability`, the mean change claimed;
    `seen`, training reads; `contexts` and `stories` of test; median `distance` from source to last; `example`, a text.
    """
    opened, vocabulary = Opened(OneLayerReader.read(model)), Vocabulary.read(tokenizer)
    windows = {split: Windows(files[split], opened.shape.length) for split in files}
    numbers = choose_windows(windows["train"], RANKED, generator(seed, "skip-trigrams", "train"))
    if not opened.heads or opened.shape.length < 2 or not len(numbers):
        ranked = RankedReads(
            opened.shape.vocabulary, np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64)
        )
        claims: list[Found] = []
    else:
        means = Means.of(opened, windows["train"], numbers[: RANKED // 5])
        ranked = rank_reads(opened, windows["train"], numbers, means)
        claims = _claim(opened, windows["validation"], ranked, means, seed)
    rows = [
        _confirm(opened, means, windows["test"], claim, settings, seed)
        for claim in progress(claims, "ablating skip-trigrams", unit="claims")
    ]
    rows = [row for row in rows if row["contexts"]]
    for row in rows:
        row["example"] = vocabulary.decode(row["example"])
        row |= {name: vocabulary.show(row[name]) for name in ("source", "last", "output")}
    write_csv(outputs[0], rows, COLUMNS)
    say(f"{len(rows)} skip-trigrams of {len(ranked.keys):,} sorts of reads")
    write_tensors(outputs[1], {"keys": ranked.keys, "worth": ranked.worth, "seen": ranked.seen}, {})


def windows_with(
    windows: Windows, source: int, last: int, count: int, random: np.random.Generator
) -> np.ndarray:
    """Numbers of up to `count` windows of which `last` is the last token, and `source` an earlier one."""
    length, starts = windows.length, windows.starts
    ends = np.flatnonzero(np.asarray(windows.tokens) == last)
    story = np.searchsorted(starts, ends, side="right") - 1
    within = ends - starts[story] - (length - 1)
    whole = (within >= 0) & (ends + 1 < starts[story + 1])
    numbers = windows.before[story[whole]] + within[whole]
    # Looked through in a random order, so that a frequent last token costs no more than a rare one.
    numbers = random.permutation(numbers)
    chosen = [np.zeros(0, np.int64)]
    for start in range(0, len(numbers), 4096):
        some = numbers[start : start + 4096]
        chosen.append(some[(windows.rows(some)[:, : length - 1] == source).any(1)])
        if sum(map(len, chosen)) >= count:
            break
    return np.sort(np.concatenate(chosen)[:count])


def _claim(opened: Opened, windows: Windows, ranked: RankedReads, means: Means, seed: int) -> list[Found]:
    """What the direct path does in validation windows, for the reads that are worth most; no two of one head share two
    tokens."""
    order = np.argsort(-ranked.worth, kind="stable")
    order = order[ranked.seen[order] >= SUPPORT][:MEASURED]
    found: list[Found] = []
    for at in progress(order, "measuring skip-trigrams", unit="sorts of reads"):
        head, source, last = ranked.parts(at)
        random = generator(seed, "skip-trigrams", "validation", str(at))
        tokens = windows.rows(windows_with(windows, source, last, CONTEXTS, random))[:, :-1]
        if not len(tokens):
            continue
        pieces = opened.pieces(tokens)
        attended = opened.attended(pieces)
        final = attended + opened.written(opened.active(attended))
        logits = opened.logits(final)
        read = opened.removed(pieces, means, head, tokens[:, :-1] == source)
        push = (read @ opened.tensors["unembed"]) * opened.scale(final)[:, None]
        with_, without = log_softmax(logits), log_softmax(logits - push)
        moved = (np.exp(with_) - np.exp(without)).mean(0)
        output = int(moved.argmax())
        claimed = float((with_ - without)[:, output].mean())
        found.append(Found(head, source, last, int(ranked.seen[at]), output, claimed, float(moved[output])))
    found.sort(key=lambda f: -f.probability * f.seen)
    return found[:CLAIMED]


def _confirm(
    opened: Opened,
    means: Means,
    windows: Windows,
    claim: Found,
    settings: Evaluation,
    seed: int,
) -> dict[str, Any]:
    """The row of a claim: what ablation says of it on test windows."""
    names = map(str, (claim.head, claim.source, claim.last))
    random = generator(seed, "skip-trigrams", "test", *names)
    numbers = windows_with(windows, claim.source, claim.last, CONTEXTS, random)
    row: dict[str, Any] = {
        "head": claim.head + 1,
        "source": claim.source,
        "last": claim.last,
        "output": claim.output,
        "claimed": claim.claimed,
        "probability": claim.probability,
        "seen": claim.seen,
        "contexts": len(numbers),
    }
    if not len(numbers):
        return row
    tokens = windows.rows(numbers)[:, :-1]
    pieces = opened.pieces(tokens)
    attended = opened.attended(pieces)
    has = tokens[:, :-1] == claim.source
    # One of the others in each context, where there is one.
    other = np.argmax(random.random(has.shape) * ~has, 1)[:, None] == np.arange(has.shape[1])
    before, effects = opened.answer(attended), np.zeros((len(tokens), 2))
    for i, where in enumerate((has, other & ~has)):
        read = opened.removed(pieces, means, claim.head, where)
        effects[:, i] = (before - opened.answer(attended - read))[:, claim.output]
    row["stories"], draws = story_draws(windows.story(numbers), effects, settings.bootstrap, random)
    row["ablated"] = float(effects[:, 0].mean())
    row |= interval_columns(None if draws is None else draws[:, 0], settings.confidence)
    row["came_true"] = row["ablated"] / claim.claimed
    row["control"] = float(effects[:, 1].mean()) / claim.claimed
    # From the nearest one, where a window has the source twice.
    row["distance"] = int(np.median(has[:, ::-1].argmax(1) + 1))
    row["example"] = tokens[int(effects[:, 0].argmax())].tolist()
    return row
