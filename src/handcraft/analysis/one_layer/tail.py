"""How long the tail is: the loss of the one-layer model over how many of its parts are kept, the best first."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.one_layer.neurons import describe_neurons, rank_neurons
from handcraft.analysis.one_layer.opened import Means, Opened, Pieces, blocks, choose_windows, sizes
from handcraft.analysis.one_layer.skip_trigrams import RankedReads, read_keys
from handcraft.config.model import Evaluation
from handcraft.evaluation.bootstrap import story_draws
from handcraft.evaluation.intervals import interval_columns
from handcraft.files import write_csv
from handcraft.math import context_losses
from handcraft.predictors.one_layer.read import OneLayerReader
from handcraft.seeds import generator
from handcraft.tokenizer.encode import TokenFiles
from handcraft.tokenizer.tokens import Vocabulary
from handcraft.tokenizer.windows import Windows

TAIL = (
    "kind", "size", "loss", "low", "high", "share", "share_low", "share_high", "missing", "missing_low",
    "missing_high",
)  # fmt: skip
LAW = (
    "kind", "kept", "exponent", "exponent_low", "exponent_high", "cutoff", "cutoff_low", "cutoff_high", "fit", "half",
    "most", "half_any",
)  # fmt: skip
PARTS = ("part", "kind", "head", "neuron", "loss_added", "low", "high", "active", "after", "reads", "writes",
         "against")  # fmt: skip
RANKED, EXAMINED = 20_000, 10_000
"""Windows of training stories on which neurons are ranked, and of test stories on which losses are measured."""
NEURONS = 12
"""Neurons that are described, those of the highest rank."""
ANY = "_any"
"""After the name of a kind: its parts in a random order."""
MOST = 0.9
"""Share of the gain for which the law's table says how many parts bring it."""

Answer = Callable[[Pieces], np.ndarray]
"""Log-probabilities [n, vocabulary] of contexts."""
Part = tuple[str, int]
"""A kind of part and how many are kept (`neurons`, `reads`), or which is left out (`head`, `neuron`)."""


def evaluate_tail(
    model: Path,
    tokenizer: Path,
    reads: Path,
    files: Mapping[str, TokenFiles],
    *,
    settings: Evaluation,
    seed: int,
    outputs: tuple[Path, Path, Path],
) -> None:
    """Write the tables of the tail, of its law, and of single parts.

    Tail, a row for each `kind` (`neurons`, `reads`: sorts of reads by head, earlier and last token; `neurons_any` and
    `reads_any`, the same in a random order, which is what a ranking must beat) and number kept (`size`), the others
    replaced by their mean: test `loss` (nats), `share` of what the kind gains in all, and what is `missing` to the
    whole model (nats), with intervals over stories. Reads of the last token itself are always kept. Law, a row a kind:
    number of parts (`kept`); how many bring `half`, and `most` (`MOST`), of the gain, and half in a random order
    (`half_any`); of the power law with an end, `missing = c size ** -exponent exp(-size / cutoff)` (least squares of
    the logarithms), `exponent` and `cutoff` with intervals and the `fit` (R squared). Parts, a row for each head and
    the neurons of the highest rank, what costs most first: `loss_added` (nats) on test windows where it is replaced by
    its mean, with an interval, and what `describe_neurons` says.
    """
    opened, vocabulary = Opened(OneLayerReader.read(model)), Vocabulary.read(tokenizer)
    ranked = RankedReads.read(reads, opened.shape.vocabulary)
    windows = {split: Windows(files[split], opened.shape.length) for split in files}
    ranking = choose_windows(windows["train"], RANKED, generator(seed, "tail", "train"))
    means = Means.of(opened, windows["train"], ranking)
    examined = np.sort(choose_windows(windows["test"], EXAMINED, generator(seed, "tail", "test")))
    neurons = np.argsort(-rank_neurons(opened, windows["train"], ranking, means), kind="stable")
    best = np.argsort(-ranked.worth, kind="stable")
    kept: dict[Part, Answer] = {("all", 0): opened_answer(opened)}
    random = generator(seed, "tail", "any order")
    orders = {"neurons": neurons, "reads": best}
    orders |= {kind + ANY: random.permutation(order) for kind, order in orders.items()}
    for kind, order in orders.items():
        for size in sizes(len(order)):
            if kind.startswith("neurons"):
                kept[kind, size] = keep_neurons(opened, means, order[:size])
            else:
                kept[kind, size] = keep_reads(opened, means, np.sort(ranked.keys[order[:size]]))
    for head in range(opened.heads if opened.shape.attention == "learned" else 0):
        kept["head", head] = leave_out_head(opened, means, head)
    for neuron in neurons[:NEURONS]:
        kept["neuron", int(neuron)] = keep_neurons(opened, means, neurons[neurons != neuron])
    losses, done = np.zeros((len(examined), len(kept))), 0
    for tokens, came in blocks(windows["test"], examined, "measuring what parts are worth"):
        pieces = opened.pieces(tokens)
        for i, answer in enumerate(kept.values()):
            losses[done : done + len(tokens), i] = context_losses(answer(pieces), came)
        done += len(tokens)
    measured = Measured.of(list(kept), losses, windows["test"].story(examined), settings, seed)
    write_csv(outputs[0], [row for kind in orders for row in measured.tail(kind)], TAIL)
    write_csv(
        outputs[1],
        [measured.law(kind, len(orders[kind])) for kind in ("neurons", "reads") if len(orders[kind])],
        LAW,
    )
    rows = [
        {"part": f"head {h + 1}", "kind": kind, "head": h + 1} | measured.added((kind, h))
        for kind, h in kept
        if kind == "head"
    ]
    described = describe_neurons(opened, windows["train"], ranking, neurons[:NEURONS], vocabulary)
    rows += [
        {"part": f"neuron {row['neuron']}", "kind": "neuron"}
        | row
        | measured.added(("neuron", row["neuron"] - 1))
        for row in described
    ]
    write_csv(outputs[2], sorted(rows, key=lambda r: (r["kind"], -r["loss_added"])), PARTS)


def opened_answer(opened: Opened) -> Answer:
    """The whole model."""
    return lambda pieces: opened.answer(opened.attended(pieces))


def keep_neurons(opened: Opened, means: Means, which: np.ndarray) -> Answer:
    """The model with all neurons but `which` at their mean."""
    is_kept = np.isin(np.arange(len(means.neurons)), which)

    def answer(pieces: Pieces) -> np.ndarray:
        attended = opened.attended(pieces)
        neurons = np.where(is_kept, opened.active(attended), means.neurons)
        return opened.log_probabilities(attended + opened.written(neurons))

    return answer


def keep_reads(opened: Opened, means: Means, keys: np.ndarray) -> Answer:
    """The model with all reads of earlier tokens but those with the sorted `keys` at their mean."""

    def answer(pieces: Pieces) -> np.ndarray:
        found = read_keys(pieces.ids, opened.heads, opened.shape.vocabulary)
        at = np.minimum(np.searchsorted(keys, found), max(len(keys) - 1, 0))
        is_kept = keys[at] == found if len(keys) else np.zeros(found.shape, bool)
        earlier = np.where(is_kept[..., None], pieces.taken[:, :, :-1], means.taken[:, :-1])
        taken = earlier.sum(2) + pieces.taken[:, :, -1]
        return opened.answer(pieces.start + opened.add(taken))

    return answer


def leave_out_head(opened: Opened, means: Means, head: int) -> Answer:
    """The model with all that one head takes at its mean."""

    def answer(pieces: Pieces) -> np.ndarray:
        taken = pieces.taken.sum(2)
        taken[:, head] = means.taken[head].sum(0)
        return opened.answer(pieces.start + opened.add(taken))

    return answer


@dataclass(frozen=True, eq=False)
class Measured:
    """Mean test losses of the model with parts left out, [C], by part, with bootstrap draws of them [B, C]: none of one
    story."""

    parts: list[Part]
    mean: np.ndarray
    draws: np.ndarray
    confidence: float

    @classmethod
    def of(
        cls, parts: list[Part], losses: np.ndarray, story: np.ndarray, settings: Evaluation, seed: int
    ) -> "Measured":
        """From losses [n, C] of contexts in stories [n]."""
        draws = None
        if len(losses):
            _, draws = story_draws(story, losses, settings.bootstrap, generator(seed, "tail"))
        none = np.zeros((0, len(parts)))
        return cls(parts, losses.mean(0) if len(losses) else np.full(len(parts), np.nan),
                   none if draws is None else draws, settings.confidence)  # fmt: skip

    def at(self, part: Part) -> np.ndarray:
        """The mean, then the draws, of the model that keeps so much: [1 + B]."""
        i = self.parts.index(part)
        return np.concatenate([self.mean[i : i + 1], self.draws[:, i]])

    def interval(self, name: str, values: np.ndarray, prefix: str | None = None) -> dict[str, float | None]:
        """A value with its interval, from the mean and draws [1 + B], as columns of a row, those after `prefix`."""
        draws = values[1:] if len(values) > 1 else None
        bounds = interval_columns(draws, self.confidence, name if prefix is None else prefix)
        return {name: float(values[0])} | bounds

    def sizes(self, kind: str) -> list[int]:
        return [size for k, size in self.parts if k == kind]

    def tail(self, kind: str) -> list[dict[str, Any]]:
        """The rows of a kind."""
        rows = []
        whole = self.at(("all", 0))
        for size in self.sizes(kind):
            loss, none = self.at((kind, size)), self.at((kind, 0))
            row: dict[str, Any] = {"kind": kind, "size": size} | self.interval("loss", loss, "")
            row |= self.interval("share", (none - loss) / (none - whole))
            rows.append(row | self.interval("missing", loss - whole))
        return rows

    def least(self, kind: str, share: float) -> int | None:
        """The fewest parts of a kind on the curve that bring so much of its gain."""
        return next((r["size"] for r in self.tail(kind) if r["share"] >= share), None)

    def law(self, kind: str, count: int) -> dict[str, Any]:
        """The power law of what is missing; without an exponent where fewer than four points could be fitted."""
        row: dict[str, Any] = {"kind": kind, "kept": count}
        row |= {"half": self.least(kind, 0.5), "most": self.least(kind, MOST)}
        row["half_any"] = self.least(kind + ANY, 0.5)
        points = np.array([size for size in self.sizes(kind) if 0 < size < count], float)
        whole = self.at(("all", 0))
        missing = np.array([self.at((kind, int(size))) - whole for size in points]).reshape(len(points), -1)
        usable = (missing > 0).all(1)
        if usable.sum() > 3:
            size, y = points[usable], np.log(missing[usable])
            X = np.column_stack([np.ones(len(size)), -np.log(size), -size])
            found = np.linalg.lstsq(X, y, rcond=None)[0]
            row |= self.interval("exponent", found[1]) | self.interval("cutoff", 1 / found[2])
            left = y[:, 0] - X @ found[:, 0]
            row["fit"] = 1 - float((left**2).sum() / ((y[:, 0] - y[:, 0].mean()) ** 2).sum())
        return row

    def added(self, part: Part) -> dict[str, float | None]:
        """What the loss rises by without a part."""
        return self.interval("loss_added", self.at(part) - self.at(("all", 0)), "")
