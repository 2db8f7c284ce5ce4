"""The corpus: stories from one of three sources, in three splits, without duplicates.

`planted` makes them up by known rules, `files` reads the user's own, `hub` streams a data set of the Hugging
Face hub. All are streams of strings that go the same way into the same Parquet files (`splits`).

Modules: `compressed`, `files`, `hub`, `splits`, `txt`, `planted/`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from handcraft.config.base import SPLITS
from handcraft.config.corpus import Corpus, FilesCorpus, HubCorpus, PlantedCorpus
from handcraft.corpus.files import find_files, stories_in_files
from handcraft.corpus.splits import keep, write_splits
from handcraft.corpus.txt import REMEDY
from handcraft.disk import require_space
from handcraft.files import write_json

__all__ = ["retrieve_corpus"]


def retrieve_corpus(settings: Corpus, *, seed: int, outputs: Mapping[str, Path], summary: Path) -> None:
    """Write the stories of a source as `train`, `validation` and `test`, and a summary of them.

    Of `settings`, `source` names the block that is used, `shares` says how much of it, and `fractions` has the shares
    of train for the splits that the source does not give, all by a hash of the text. seed: of the planted corpus.
    outputs: Parquet per split, columns `story` (first 16 hex digits of the text's SHA-256) and `text`. summary: JSON of
    {"source", "splits": {split: {"stories", "characters"}}, "duplicates", "short" (empty ones), "given" (where each
    split comes from)}.

    Raises `UserError` for a source that cannot be read, for an empty corpus or split, and where the disk has no room
    for an estimate of the splits (not made for the hub, which does not tell sizes beforehand).
    """
    match settings.source:
        case "planted":
            require_space(summary.parent, settings.planted.stories * PLANTED_BYTES, "the stories")
            streams, where = _planted(settings.planted, seed)
        case "files":
            require_space(summary.parent, _compressed_size(settings.files), "the stories")
            streams, where = _files(settings.files)
        case "hub":
            streams, where = _hub(settings.hub)
    for split, share in settings.shares.model_dump().items():
        if split in streams and share < 1:
            streams[split] = keep(streams[split], share)
            where[split] += f", {share:.3g} of its stories, by hash"
    hint = REMEDY if settings.source == "files" else ""
    counts = write_splits(streams, settings.fractions.model_dump(), outputs=outputs, where=where, hint=hint)
    write_json(summary, {"source": settings.source, **counts})


COMPRESSION = 3
"""Bytes of text for one of a split's Parquet file: 2.9 for TinyStories."""
PLANTED_BYTES = 160
"""Of a planted story in a split's Parquet file."""


def _compressed_size(source: FilesCorpus) -> float:
    """About how many bytes the splits of these files take, all together."""
    files = {file for split in SPLITS for file in find_files(getattr(source, split), f"corpus.files.{split}")}
    plain = (".txt", ".jsonl")
    return sum(f.stat().st_size / (COMPRESSION if f.suffix.lower() in plain else 1) for f in files)


Streams = tuple[dict[str, Iterator[str]], dict[str, str]]  # stories by split, and what each is


def _planted(source: PlantedCorpus, seed: int) -> Streams:
    from handcraft.corpus.planted import stories

    count = source.stories
    return {"train": stories(seed, count)}, {"train": f"{count:,} stories made up with seed {seed}"}


def _files(source: FilesCorpus) -> Streams:
    streams, where = {}, {}
    for split in SPLITS:
        if globs := getattr(source, split):
            files = find_files(globs, f"corpus.files.{split}")
            streams[split] = stories_in_files(files, source.text_field, source.separator)
            where[split] = ", ".join(globs)
    return streams, where


def _hub(source: HubCorpus) -> Streams:
    from handcraft.corpus.hub import stories_in_hub

    streams, where = {}, {}
    for split in SPLITS:
        if name := getattr(source, split):
            streams[split] = stories_in_hub(source.dataset, source.revision, name, source.text_field)
            where[split] = f"{source.dataset} at revision {source.revision}, split {name}"
    return streams, where
