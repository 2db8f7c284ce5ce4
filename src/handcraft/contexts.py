"""Contexts: the tokens before each occurrence of a group's candidates, and which candidate came.

All predictors are asked the same question about the same contexts; `read_contexts` gives them. A context
never reaches over the beginning of its story: a place with fewer tokens before it is no context (a story of
`length` tokens or fewer gives none, and is counted in the summary).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.errors import UserError
from handcraft.files import read_facts, read_tensors, write_json, write_tensors
from handcraft.occurrences import Occurrences, find_occurrences, open_tokens
from handcraft.progress import progress, say
from handcraft.seeds import generator
from handcraft.tokenizer import candidate_ids, load_tokenizer, token_bytes

ROWS = 2**18  # rows gathered at a time


@dataclass(frozen=True, eq=False)
class Contexts:
    """The contexts of one group in one split.

    tokens: uint16 [n, length], oldest first; the last column is the token just before the gap.
    labels: uint8 [n], which candidate came. story: int64 [n], row of the split's story. offset: int64 [n],
    index of the candidate's token in its story. vocabulary: tokens of the tokenizer.
    """

    tokens: np.ndarray
    labels: np.ndarray
    story: np.ndarray
    offset: np.ndarray
    candidates: tuple[str, ...]
    vocabulary: int

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def length(self) -> int:
        """Tokens in each context."""
        return int(self.tokens.shape[1])


def read_contexts(path: Path | str) -> Contexts:
    """Contexts as `build_contexts` writes them."""
    arrays = read_tensors(path)
    facts = read_facts(path)
    return Contexts(
        arrays["tokens"],
        arrays["labels"],
        arrays["story"],
        arrays["offset"],
        tuple(facts["candidates"]),
        int(facts["vocabulary"]),
    )


def build_contexts(
    tokens: Mapping[str, Path],
    starts: Mapping[str, Path],
    tokenizer: Path,
    candidates: Sequence[str],
    match: str,
    length: int,
    sampling: str,
    max_train: int | None,
    max_test: int | None,
    seed: int,
    outputs: Mapping[str, Path],
    summary: Path,
    *,
    group: str = "",
) -> None:
    """Write the contexts of one group for every split, and how many there are.

    match: "word" (whole words, see `occurrences`) or "token" (every occurrence). sampling: "natural", or
    "balanced" for as many training rows of each candidate, drawn with replacement; validation and test are
    always natural. max_train: rows at most for training; max_test: for validation and for test each; a
    smaller share is a seeded sample in the order of the corpus. group: its name, for errors. outputs:
    safetensors per split, the arrays of `Contexts`; facts: candidates, match, vocabulary, split, sampling.
    summary: JSON; per split `contexts` (rows written), `available` (before sampling), `stories`,
    `stories_too_short`, `stories_with_contexts`, and per candidate `token`, `word` (all its occurrences as
    either), `dropped_share` (1 - word / token), `kept` (with enough tokens before them) and `rows` (written).

    Time goes with the tokens. Memory is one chunk of tokens and the output of one split: 49 bytes a context
    of 16 tokens, so about 1 GB for the 17 million of the whole of TinyStories.

    Raises `UserError` for a candidate that is no single token or never occurs, or a split without contexts.
    """
    key = f"config: groups.{group}" if group else "config: groups"
    encoder = load_tokenizer(tokenizer)
    ids = candidate_ids(encoder, candidates, where=key)
    pieces = token_bytes(encoder)
    arrays, found, rows = {}, {}, {}
    for split in outputs:
        arrays[split] = open_tokens(tokens[split], starts[split])
        occurrences = find_occurrences(*arrays[split], ids, pieces, length=length, words=match == "word")
        most = max_train if split == "train" else max_test
        how = sampling if split == "train" else "natural"
        gap = f"in the {split} split ({occurrences.stories:,} stories): {_meaning(match, length)}"
        remedy = "choose commoner words, or give more text or a larger split"
        _refuse_missing(occurrences.labels, candidates, split, gap, key, remedy)
        chosen = _choose(occurrences.labels, len(ids), how, most, generator(seed, "contexts", group, split))
        gap = f"left among the {len(chosen):,} drawn for the {split} split"
        remedy = f"raise contexts.max_{'train' if split == 'train' else 'test'}, or choose commoner words"
        _refuse_missing(occurrences.labels[chosen], candidates, split, gap, key, remedy)
        found[split], rows[split] = occurrences, chosen
    counts = {}
    for split, output in outputs.items():
        occurrences, chosen = found[split], rows[split]
        content = _gather(*arrays[split], occurrences.positions[chosen], length, split)
        content["labels"] = occurrences.labels[chosen]
        facts = {
            "candidates": list(candidates),
            "match": match,
            "vocabulary": encoder.get_vocab_size(),
            "split": split,
            "sampling": sampling if split == "train" else "natural",
        }
        write_tensors(output, content, facts)
        counts[split] = _count(occurrences, chosen, content, candidates)
        say(f"{split}: {len(chosen):,} contexts")
    settings = {"candidates": list(candidates), "match": match, "length": length, "sampling": sampling}
    write_json(summary, {**settings, "splits": counts})


def _meaning(match: str, length: int) -> str:
    """What was looked for, for errors."""
    what = (
        "whole words (`match: token` counts beginnings of longer words too)" if match == "word" else "tokens"
    )
    return f"looked for {what} with {length} tokens before them in their story"


def _choose(
    labels: np.ndarray, classes: int, sampling: str, most: int | None, random: np.random.Generator
) -> np.ndarray:
    """Rows to keep, ascending."""
    count = len(labels) if most is None else min(most, len(labels))
    if sampling == "balanced":
        share = [count // classes + (k < count % classes) for k in range(classes)]
        drawn = [random.choice(np.flatnonzero(labels == k), n, replace=True) for k, n in enumerate(share)]
        return np.sort(np.concatenate(drawn))
    if count == len(labels):
        return np.arange(count)
    return np.sort(random.choice(len(labels), count, replace=False))


def _gather(
    tokens: np.ndarray, starts: np.ndarray, positions: np.ndarray, length: int, split: str
) -> dict[str, np.ndarray]:
    """The windows before some places of the flat array, and the story and offset of each."""
    story = np.searchsorted(starts, positions, side="right") - 1
    windows = np.empty((len(positions), length), np.uint16)
    before = np.arange(-length, 0)
    for i in progress(range(0, len(positions), ROWS), f"contexts ({split})", unit=f"batches of {ROWS:,}"):
        windows[i : i + ROWS] = tokens[positions[i : i + ROWS, None] + before]
    return {"tokens": windows, "story": story.astype(np.int64), "offset": positions - starts[story]}


def _count(
    found: Occurrences, chosen: np.ndarray, content: Mapping[str, np.ndarray], candidates: Sequence[str]
) -> dict[str, Any]:
    kept = np.bincount(found.labels, minlength=len(candidates))
    rows = np.bincount(content["labels"], minlength=len(candidates))
    per_candidate = {}
    for k, word in enumerate(candidates):
        as_token, as_word = int(found.as_token[k]), int(found.as_word[k])
        per_candidate[word] = {
            "token": as_token,
            "word": as_word,
            "dropped_share": 1 - as_word / as_token if as_token else 0.0,
            "kept": int(kept[k]),
            "rows": int(rows[k]),
        }
    return {
        "contexts": len(chosen),
        "available": len(found.labels),
        "stories": found.stories,
        "stories_too_short": found.short_stories,
        "stories_with_contexts": len(np.unique(content["story"])),
        "candidates": per_candidate,
    }


def _refuse_missing(
    labels: np.ndarray, candidates: Sequence[str], split: str, gap: str, key: str, remedy: str
) -> None:
    """A split needs contexts, and of every candidate where a model learns (train) or is judged (test).

    gap: where they are missing, for the error.
    """
    counts = np.bincount(labels, minlength=len(candidates))
    missing = ", ".join(repr(w) for w, n in zip(candidates, counts, strict=True) if n == 0)
    if not missing or (split == "validation" and len(labels)):
        return
    have = ", ".join(f"{w!r} {n:,}" for w, n in zip(candidates, counts, strict=True))
    raise UserError(
        f"no contexts {f'of {missing}' if len(labels) else 'at all'} {gap}\n  contexts by candidate: {have}",
        where=key,
        remedy=remedy,
    )


def draw_sample(contexts: Path, size: int, seed: int, output: Path) -> None:
    """Draw the fixed random samples that humans and all models answer; each item comes from another story.

    output: JSON of "natural" (as the contexts come) and "balanced" (as many of each candidate as can be had),
    each with `contexts` (rows, in the order drawn), `checksum` (SHA-256 of candidates, tokens and labels, so
    that an answer sheet can be told to belong to it) and `per_candidate` (how many of each).
    Raises `UserError` where the contexts come from fewer stories than `size`.
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
    balanced = _balanced(given, size, generator(seed, "sample", "balanced"))
    write_json(output, {"natural": _described(given, natural), "balanced": _described(given, balanced)})


def _one_a_story(contexts: Contexts, random: np.random.Generator) -> np.ndarray:
    """All stories' contexts in random order, only the first of each story."""
    order = random.permutation(len(contexts))
    first = np.unique(contexts.story[order], return_index=True)[1]
    return order[np.sort(first)]


def _balanced(contexts: Contexts, size: int, random: np.random.Generator) -> np.ndarray:
    """`size` rows from as many stories, as many of each candidate as can be had."""
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
