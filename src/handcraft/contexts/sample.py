"""The fixed samples of test contexts that people and all predictors answer, as `draw_sample` writes them."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.errors import UserError
from handcraft.files import read_json, write_json
from handcraft.seeds import generator

SAMPLES = ("natural", "balanced")


@dataclass(frozen=True, eq=False)
class Sample:
    """`contexts` int64 [n], rows of the test contexts, none twice; `checksum` of candidates, tokens and answers."""

    contexts: np.ndarray
    checksum: str

    def __len__(self) -> int:
        return len(self.contexts)


def read_samples(path: Path | str, contexts: int) -> dict[str, Sample]:
    """The natural and the balanced sample of so many test contexts; `UserError` where they are none."""
    content = read_json(path)
    remedy = "delete the file and run snakemake again; it is drawn again"
    samples = {}
    for name in SAMPLES:
        try:
            listed = content[name]["contexts"]
            items = np.asarray(listed, dtype=np.int64)
            if items.ndim != 1 or not np.array_equal(items, np.asarray(listed, dtype=np.float64)):
                raise ValueError("contexts is not a list of whole numbers")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            what = f"this is not a sample of contexts ({name}: {type(error).__name__}: {error})"
            raise UserError(what, where=str(path), remedy=remedy) from error
        if len(items) and (items.min() < 0 or items.max() >= contexts or len(np.unique(items)) < len(items)):
            what = f"the {name} sample repeats a context or names one outside the {contexts} test contexts"
            raise UserError(what, where=str(path), remedy=remedy)
        samples[name] = Sample(items, str(content[name].get("checksum", "")))
    return samples


def draw_sample(contexts: Path, *, size: int, seed: int, output: Path) -> None:
    """Draw the fixed random samples that humans and all models answer; each item comes from another story.

    output: JSON of "natural" (as the contexts come) and "balanced" (as many of each candidate as there are),
    each with `contexts` (rows, in the order drawn), `checksum` (SHA-256 of candidates, tokens and labels, so
    that an answer sheet can be told to belong to it) and `per_candidate` (how many of each). The two share no context,
    and no story either where there are stories enough for both; `shared_stories` says how many they share.
    Raises `UserError` where there are too few stories, or too few contexts for two samples.
    """
    given = read_contexts(contexts)
    stories = len(np.unique(given.story))
    if stories < size:
        raise UserError(
            f"a sample of {size} contexts, each from another story, but only {stories} stories have one",
            where=f"{contexts}; config: contexts.sample",
            remedy=f"set contexts.sample to {stories} or less, or give more text (a larger test split)",
        )
    natural = _one_a_story(given, generator(seed, "sample", "natural"))[:size]
    left = _left_for_balanced(given, natural)
    if len(np.unique(given.story[left])) < size:
        order = _one_a_story(given, generator(seed, "sample", "natural"))
        fits = max(
            s for s in range(size) if s <= len(np.unique(given.story[_left_for_balanced(given, order[:s])]))
        )
        raise UserError(
            f"two samples of {size} contexts without a common one, each from {size} stories, but there are only "
            f"{len(given)} contexts from {stories} stories",
            where=f"{contexts}; config: contexts.sample",
            remedy=f"set contexts.sample to {fits}, or give more text (a larger test split)"
            if fits
            else "give more text (a larger test split)",
        )
    balanced = left[_balanced(_only(given, left), size, generator(seed, "sample", "balanced"))]
    shared = {"shared_stories": len(np.intersect1d(given.story[natural], given.story[balanced]))}
    described = {
        name: _described(given, rows) for name, rows in zip(SAMPLES, (natural, balanced), strict=True)
    }
    write_json(output, {name: content | shared for name, content in described.items()})


def _left_for_balanced(contexts: Contexts, natural: np.ndarray) -> np.ndarray:
    """Rows that the balanced sample may have: of other stories than the natural one, where those are as many."""
    others = np.flatnonzero(~np.isin(contexts.story, contexts.story[natural]))
    if len(np.unique(contexts.story[others])) >= len(natural):
        return others
    return np.setdiff1d(np.arange(len(contexts)), natural)


def _only(contexts: Contexts, rows: np.ndarray) -> Contexts:
    return replace(
        contexts,
        tokens=contexts.tokens[rows],
        labels=contexts.labels[rows],
        story=contexts.story[rows],
        offset=contexts.offset[rows],
    )


def _one_a_story(contexts: Contexts, random: np.random.Generator) -> np.ndarray:
    """All stories' contexts in random order, only the first of each story."""
    order = random.permutation(len(contexts))
    first = np.unique(contexts.story[order], return_index=True)[1]
    return order[np.sort(first)]


def _balanced(contexts: Contexts, size: int, random: np.random.Generator) -> np.ndarray:
    """`size` rows from as many stories, as many of each candidate as there are."""
    classes = len(contexts.candidates)
    order = random.permutation(len(contexts))
    queues = [order[contexts.labels[order] == k][::-1].tolist() for k in range(classes)]
    # The rarest first, while every story is still free.
    rarity = sorted(range(classes), key=lambda k: len(queues[k]))
    extra = set(random.permutation(classes)[: size % classes].tolist())
    used: set[int] = set()
    drawn: list[int] = []
    count = [0] * classes

    def take(k: int) -> bool:
        while queues[k]:
            row = queues[k].pop()
            story = int(contexts.story[row])
            if story not in used:
                used.add(story)
                drawn.append(row)
                count[k] += 1
                return True
        return False

    for k in rarity:
        while count[k] < size // classes + (k in extra) and take(k):
            pass
    # Where a candidate has too few stories, the others fill up evenly; an unused story always has a row left.
    while len(drawn) < size:
        take(min((k for k in rarity if queues[k]), key=lambda k: count[k]))
    return random.permutation(np.array(drawn))


def _described(contexts: Contexts, rows: np.ndarray) -> dict[str, Any]:
    labels = contexts.labels[rows]
    text = json.dumps(list(contexts.candidates), ensure_ascii=False).encode()
    content = text + contexts.tokens[rows].astype("<u2").tobytes() + labels.tobytes()
    counts = np.bincount(labels, minlength=len(contexts.candidates))
    return {
        "contexts": rows.tolist(),
        "checksum": hashlib.sha256(content).hexdigest(),
        "per_candidate": {w: int(n) for w, n in zip(contexts.candidates, counts, strict=True)},
    }
