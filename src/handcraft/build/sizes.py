"""How much there is of a corpus, estimated from a few of its stories before anything is built."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from handcraft.config.base import SPLITS
from handcraft.config.model import Config, Variant
from handcraft.corpus import COMPRESSION
from handcraft.errors import UserError

LOOKED_AT = 2000
"""Stories of a split that are looked at."""
TOKEN = 3.4
"""Characters of a token of our tokenizer, about."""


@dataclass(frozen=True)
class Sizes:
    """What is expected: stories and characters by split, and contexts by variant and split."""

    stories: dict[str, int]
    characters: dict[str, float]
    contexts: dict[str, dict[str, int]]


@dataclass(frozen=True)
class _Given:
    """A split as the source gives it: how many stories, and some of them."""

    stories: float
    sample: list[str]


def expected_sizes(cfg: Config) -> Sizes:
    """Estimate the sizes of what `cfg` builds. Reads at most 2,000 stories a split, over the network for the hub's.

    Duplicates are not looked for, so they count. Raises `UserError` where the corpus cannot be read.
    """
    given = _given(cfg)
    shares = cfg.corpus.shares.model_dump()
    parts = {s: g.stories * shares[s] for s, g in given.items()}
    fractions = cfg.corpus.fractions.model_dump()
    cut = {s: parts["train"] * fractions[s] for s in ("validation", "test") if s not in given}
    counts = parts | cut | {"train": parts["train"] - sum(cut.values())}
    samples = {s: given.get(s, given["train"]).sample for s in SPLITS}
    contexts: dict[str, dict[str, int]] = {}
    for variant in cfg.variants():
        limits = {"train": cfg.contexts.max_train, "test": cfg.contexts.max_test}
        rates = {s: _rate(samples[s], variant, cfg.contexts.length) for s in SPLITS}
        contexts[variant.name] = {s: min(int(rates[s] * counts[s]), limits.get(s) or 2**62) for s in SPLITS}
    lengths = {s: sum(map(len, samples[s])) / len(samples[s]) for s in SPLITS}
    return Sizes({s: round(counts[s]) for s in SPLITS}, {s: counts[s] * lengths[s] for s in SPLITS}, contexts)


def _rate(stories: list[str], variant: Variant, length: int) -> float:
    """Contexts a story: occurrences of the candidates with enough text before them."""
    words = "|".join(re.escape(word) for word in variant.candidates)
    pattern = re.compile(f"(?:{words})" + (r"(?![\w'])" if variant.match == "word" else ""))
    least = int(length * TOKEN)
    return sum(sum(1 for _ in pattern.finditer(story, least)) for story in stories) / len(stories)


def _given(cfg: Config) -> dict[str, _Given]:
    corpus = cfg.corpus
    if corpus.source == "planted":
        from handcraft.corpus.planted import stories

        count = corpus.planted.stories
        return {"train": _Given(count, list(stories(cfg.seed, min(count, LOOKED_AT))))}
    given = {s: _of_files(cfg, s) if corpus.source == "files" else _of_hub(cfg, s) for s in SPLITS}
    return {s: g for s, g in given.items() if g is not None}


def _looked_at(stories: Iterator[str], where: str) -> list[str]:
    found = [text for story in islice(stories, LOOKED_AT) if (text := story.strip())]
    if not found:
        raise UserError("there is no story", where=where, remedy="name files or a split that have some")
    return found


def _of_files(cfg: Config, split: str) -> _Given | None:
    from handcraft.corpus.files import find_files, stories_in_files

    source = cfg.corpus.files
    if not (globs := getattr(source, split)):
        return None
    files = find_files(globs, f"corpus.files.{split}")
    sample = _looked_at(stories_in_files(files, source.text_field, source.separator), ", ".join(globs))
    total = sum(_plain_bytes(file) for file in files)
    each = sum(len(s.encode()) + len("\n<|endoftext|>\n") for s in sample) / len(sample)
    # A sample that is shorter than asked for is all there is.
    return _Given(total / each if len(sample) >= 0.9 * LOOKED_AT else len(sample), sample)


def _plain_bytes(file: Path) -> float:
    return file.stat().st_size * (1 if file.suffix.lower() in (".txt", ".jsonl") else COMPRESSION)


def _of_hub(cfg: Config, split: str) -> _Given | None:
    from handcraft.corpus.hub import split_rows, stories_in_hub

    hub = cfg.corpus.hub
    if not (name := getattr(hub, split)):
        return None
    sample = _looked_at(
        stories_in_hub(hub.dataset, hub.revision, name, hub.text_field), f"{hub.dataset}, {name}"
    )
    return _Given(split_rows(hub.dataset, hub.revision, name) or len(sample), sample)
