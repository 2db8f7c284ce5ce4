"""Builds the contexts of a group: the tokens before every occurrence of its candidates."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.model import Contexts, Variant
from handcraft.contexts.occurrences import Occurrences, find_occurrences
from handcraft.disk import require_space
from handcraft.errors import UserError
from handcraft.files import write_json, write_tensors
from handcraft.logging import progress, say
from handcraft.seeds import generator
from handcraft.tokenizer.encode import TokenFiles, open_tokens
from handcraft.tokenizer.tokens import Vocabulary

ROWS = 2**18  # rows gathered at a time


def build_contexts(
    tokens: Mapping[str, TokenFiles],
    tokenizer: Path,
    *,
    variant: Variant,
    settings: Contexts,
    seed: int,
    outputs: Mapping[str, Path],
    summary: Path,
) -> None:
    """Write the contexts of one group for every split, and how many there are.

    Of `variant`, match: "word" (whole words, see `occurrences`) or "token" (every occurrence); sampling: "natural",
    or "balanced" for as many training rows of each candidate, drawn with replacement; validation and test are always
    natural. Of `settings`, max_train: rows at most for training; max_test: for validation and for test each; a
    smaller share is a seeded sample in the order of the corpus. outputs: safetensors per split, the arrays of
    `Contexts`; metadata: candidates, match, vocabulary, split, sampling.
    summary: JSON; per split `contexts` (rows written), `available` (before sampling), `stories`,
    `stories_too_short`, `stories_with_contexts`, and per candidate `token`, `word` (all its occurrences as
    either), `dropped_share` (1 - word / token), `kept` (with enough tokens before them) and `rows` (written).

    Time goes with the tokens. Memory is one chunk of tokens and the output of one split: 49 bytes a context
    of 16 tokens, so about 1 GB for the 17 million of the whole of TinyStories.

    Raises `UserError` for a candidate that is not a single token or never occurs, a split without contexts, or a full
    disk.
    """
    candidates, match, length = variant.candidates, variant.match, settings.length
    key = f"config: groups.{variant.group}"
    vocabulary = Vocabulary.read(tokenizer)
    ids = vocabulary.require(candidates, where=key)
    arrays, found, rows = {}, {}, {}
    for split in outputs:
        arrays[split] = open_tokens(*tokens[split])
        occurrences = find_occurrences(
            *arrays[split], ids, vocabulary.pieces, length=length, words=match == "word"
        )
        most = settings.max_train if split == "train" else settings.max_test
        how = variant.sampling if split == "train" else "natural"
        gap = f"in the {split} split ({occurrences.stories:,} stories): {_meaning(match, length)}"
        remedy = "choose commoner words, or give more text or a larger split"
        _refuse_missing(occurrences.labels, candidates, split, gap, key, remedy)
        random = generator(seed, "contexts", variant.group, split)
        chosen = _choose(occurrences.labels, len(ids), how, most, random)
        gap = f"left among the {len(chosen):,} drawn for the {split} split"
        remedy = f"raise contexts.max_{'train' if split == 'train' else 'test'}, or choose commoner words"
        _refuse_missing(occurrences.labels[chosen], candidates, split, gap, key, remedy)
        found[split], rows[split] = occurrences, chosen
    counts = {}
    # Tokens are 2 bytes; label, story and offset 17 a context.
    size = (2 * length + 17) * sum(map(len, rows.values()))
    require_space(summary.parent, size, "the contexts")
    for split, output in outputs.items():
        occurrences, chosen = found[split], rows[split]
        content = _gather(*arrays[split], occurrences.positions[chosen], length, split)
        content["labels"] = occurrences.labels[chosen]
        metadata = {
            "candidates": list(candidates),
            "match": match,
            "vocabulary": len(vocabulary),
            "split": split,
            "sampling": variant.sampling if split == "train" else "natural",
        }
        write_tensors(output, content, metadata)
        counts[split] = _count(occurrences, chosen, content, candidates)
        say(f"{split}: {len(chosen):,} contexts")
    said = {"candidates": list(candidates), "match": match, "length": length, "sampling": variant.sampling}
    write_json(summary, said | {"splits": counts})


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
