"""Stories into splits: as given, or cut from train by a hash of the text; duplicates never straddle.

Where a split is not given, a story's place is the first 8 bytes of its text's SHA-256 as a fraction of their
range: validation takes [0, v), test [v, v + t), train the rest. So a story never moves, whatever else is in
the corpus.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from handcraft.errors import UserError
from handcraft.files import whole_file
from handcraft.logging import progress

ROWS = 4096  # of a row group; fewer where their text passes BYTES
BYTES = 2**25
GIVEN_ORDER = ("test", "validation", "train")  # a duplicate stays where it comes first


def write_splits(
    streams: Mapping[str, Iterator[str]],
    fractions: Mapping[str, float],
    *,
    outputs: Mapping[str, Path],
    where: Mapping[str, str],
    hint: str = "",
) -> dict[str, Any]:
    """Write `train`, `validation` and `test` as Parquet (`story`, `text`), and return what there is of them.

    streams: the stories of `train`, and of each other split that is given. fractions: the shares cut from
    train for those that are not. where: what each stream is, for errors and the summary. hint: what else to do
    where there are too few stories, for errors.

    Of each story `\\r\\n` becomes `\\n` and white space at both ends goes; empty ones and those that came
    before are dropped and counted. Test comes first, then validation, then train, so of a duplicate the test
    split keeps it. Memory is one row group a split and about 75 bytes a story.

    Raises `UserError` where a split comes out empty, also because there are fewer stories than splits. Returns
    {"splits": {split: {"stories", "characters"}}, "duplicates", "short", "given"}.
    """
    cut = [s for s in ("validation", "test") if s not in streams]
    edges = np.cumsum([fractions.get(s, 0.0) for s in ("validation", "test")])
    places = [s if s in cut else "train" for s in ("validation", "test")] + ["train"]
    # A set of 8 bytes each: for the 2.1 million stories of TinyStories it takes 160 MB and 1.6 s.
    seen: set[bytes] = set()
    duplicates = empty = 0
    with ExitStack() as stack:
        writers = {s: stack.enter_context(_SplitWriter(outputs[s])) for s in ("train", "validation", "test")}
        for split in GIVEN_ORDER:
            if split not in streams:
                continue
            for stories, dropped in _batches(streams[split], split):
                empty += dropped
                digests = [hashlib.sha256(s.encode()).digest()[:8] for s in stories]
                hashes = np.frombuffer(b"".join(digests), dtype=">u8").astype(np.uint64)
                place = np.searchsorted(edges, hashes / 2.0**64, side="right") if split == "train" else None
                for i, (digest, text) in enumerate(zip(digests, stories, strict=True)):
                    if digest in seen:
                        duplicates += 1
                        continue
                    seen.add(digest)
                    writers[split if place is None else places[place[i]]].add(digest.hex(), text)
        counts = {s: w.finish() for s, w in writers.items()}
        left_out = f"({empty:,} empty and {duplicates:,} duplicate ones were dropped)"
        _refuse_empty(counts, {s: fractions[s] for s in cut}, where, dropped=left_out, hint=hint)
    return {
        "splits": counts,
        "duplicates": duplicates,
        "short": empty,
        "given": {s: where[s] if s in streams else f"{fractions[s]:g} of train, by hash" for s in counts},
    }


def clean(story: str) -> str:
    """A story as it is kept."""
    return story.replace("\r\n", "\n").strip()


def keep(stories: Iterator[str], share: float) -> Iterator[str]:
    """About this share of the stories, chosen by a hash of the text: a larger share holds a smaller one.

    The hash is independent of the one that cuts splits from train: bytes 8 to 15 of the SHA-256 of the cleaned text.
    """
    for story in stories:
        digest = hashlib.sha256(clean(story).encode()).digest()
        if int.from_bytes(digest[8:16], "big") < share * 2**64:
            yield story


def _batches(stream: Iterator[str], split: str) -> Iterator[tuple[list[str], int]]:
    """Stripped stories by the thousand, and how many empty ones were among them."""
    batch: list[str] = []
    size = empty = 0
    for story in progress(stream, f"corpus ({split})", unit="stories"):
        text = clean(story)
        if not text:
            empty += 1
            continue
        batch.append(text)
        size += len(text)
        if len(batch) == ROWS or size > BYTES:
            yield batch, empty
            batch, size, empty = [], 0, 0
    yield batch, empty


@dataclass
class _SplitWriter:
    """One split's Parquet file, a row group at a time, moved to its place when all went well."""

    path: Path
    stories: int = 0
    characters: int = 0
    _ids: list[str] = field(default_factory=list)
    _texts: list[str] = field(default_factory=list)
    _size: int = 0

    def __enter__(self) -> "_SplitWriter":
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._schema = pa.schema([("story", pa.string()), ("text", pa.string())])
        self._stack = ExitStack()
        partial = self._stack.enter_context(whole_file(self.path))
        # No dictionary and no statistics: no two stories are the same, and a footer need not quote them.
        writer = pq.ParquetWriter(
            partial, self._schema, compression="zstd", use_dictionary=False, write_statistics=False
        )
        self._writer = self._stack.enter_context(writer)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._stack.__exit__(kind, error, trace)

    def add(self, story: str, text: str) -> None:
        self._ids.append(story)
        self._texts.append(text)
        self._size += len(text)
        if len(self._ids) == ROWS or self._size > BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._ids:
            self._writer.write_table(pa.table([self._ids, self._texts], schema=self._schema))
            self.stories += len(self._ids)
            self.characters += self._size
            self._ids, self._texts, self._size = [], [], 0

    def finish(self) -> dict[str, int]:
        self._flush()
        return {"stories": self.stories, "characters": self.characters}


def _refuse_empty(
    counts: Mapping[str, Mapping[str, int]],
    cut: Mapping[str, float],
    where: Mapping[str, str],
    *,
    dropped: str,
    hint: str,
) -> None:
    """cut: the fractions of the splits that are cut from train. dropped, hint: for the messages."""
    total = sum(c["stories"] for c in counts.values())
    number = "1 story" if total == 1 else f"{total:,} stories"
    also = f"; {hint}" if hint else ""
    if not total:
        raise UserError(
            f"the corpus is empty: not one story {dropped}",
            where=where["train"],
            remedy="check that the source holds text",
        )
    if cut and total < len(counts):
        raise UserError(
            f"the corpus has only {number} {dropped}, and each of {', '.join(counts)} needs at least one",
            where=where["train"],
            remedy=f"give more stories (hundreds at least, for results that mean something){also}",
        )
    for split in counts:
        if counts[split]["stories"]:
            continue
        if split in cut:
            raise UserError(
                f"no story fell to the {split} split, which takes {cut[split]:g} of train by a hash: "
                f"there are {number} in all {dropped}",
                where=f"config: corpus.fractions.{split}",
                remedy=f"give more stories, a larger fraction, or a {split} split of its own{also}",
            )
        raise UserError(
            f"the {split} split is empty {dropped}",
            where=where[split],
            remedy="check that it holds stories, and others than the test and validation splits, which keep duplicates",
        )
