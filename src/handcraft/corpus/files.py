"""Stories in files of the user's own: `.txt`, `.jsonl` (also `.gz` and `.zst` of them) and `.parquet`, as streams.

The text is given as it stands; line ends and outer white space are made even in `splits`, for every source
alike.
"""

import glob
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from handcraft.config.corpus import FilesCorpus, Separator, SeparatorText
from handcraft.corpus.compressed import compression_of, open_decompressed
from handcraft.corpus.txt import LONGEST, REMEDY, decoded, not_utf8, read_story, stories_in_txt, too_long
from handcraft.errors import UserError
from handcraft.logging import say

DEFAULT = FilesCorpus().separator
LARGE = 10_000  # characters; about twelve stories of TinyStories. A longer story that is a whole file is reported.


def find_files(patterns: Sequence[str], key: str) -> list[Path]:
    """The files of some globs (relative to the working directory, `**` allowed), each once, sorted by path.

    key: the config key they came from, for the error. Raises `UserError` for a pattern that matches no file.
    """
    found: set[Path] = set()
    for pattern in patterns:
        full = str(Path(pattern).expanduser())
        # A path that exists is taken as it is, even where it holds [ or *.
        matches = [full] if Path(full).is_file() else _matching(full)
        if not matches:
            kind = "no file matches" if glob.has_magic(full) else "there is no file"
            if Path(full).is_dir():
                kind = "this is a directory, not a file:"
            raise UserError(
                f"{kind} {pattern!r} (looked in {Path.cwd()})",
                where=f"config: {key}",
                remedy="fix the path or glob; for the files of a directory write e.g. directory/*.txt",
            )
        found |= {Path(m) for m in matches}
    return sorted(found)


def _matching(pattern: str) -> list[str]:
    # Path.glob takes no absolute patterns.
    return [m for m in glob.glob(pattern, recursive=True) if Path(m).is_file()]  # noqa: PTH207


def stories_in_files(files: Sequence[Path], field: str, separator: Separator = DEFAULT) -> Iterator[str]:
    """Every story of the files, in their order, as they stand. Files stream, also compressed ones.

    field: the key (`.jsonl`) or column (`.parquet`) of the story. separator: what separates the stories of a `.txt`
    file. Large `.txt` files that turn out to hold a single story are named on the terminal at the end.

    Raises `UserError` with file and line (`.parquet`: row) for what cannot be read: compressed data that is damaged,
    bytes that are not UTF-8, a line that is not JSON, a missing field, a value that is not text, or a story of more
    than 16 MiB.
    """
    single: list[tuple[Path, int]] = []  # large .txt files of one story, and its characters
    for file in files:
        try:
            match _format(file):
                case ".txt":
                    with open_decompressed(file) as opened:
                        count = longest = 0
                        for story in stories_in_txt(opened, file, separator):
                            yield story
                            count += bool(story) and not story.isspace()
                            longest = max(longest, len(story))
                    if count == 1 and longest > LARGE and separator != "file":
                        single.append((file, longest))
                case ".jsonl":
                    with open_decompressed(file) as opened:
                        yield from _jsonl(opened, file, field)
                case _:
                    yield from _parquet(file, field)
        except OSError as error:
            raise UserError(
                f"cannot read this file ({error.strerror or error})",
                where=str(file),
                remedy="check that it exists and that you may read it",
            ) from error
    if single:
        say(_single_story(single, separator), on_terminal=True)


def _format(file: Path) -> str:
    """`.txt`, `.jsonl` or `.parquet`, by the name, without what it is compressed with."""
    compression = compression_of(file)
    inner = Path(file.stem) if compression else file
    suffix = inner.suffix.lower()
    if suffix in (".txt", ".jsonl") or (suffix == ".parquet" and not compression):
        return suffix
    remedy = "give .txt, .txt.gz, .txt.zst, .jsonl, .jsonl.gz, .jsonl.zst or .parquet"
    if suffix == ".parquet":
        remedy = "decompress it: the columns of a .parquet file are compressed already"
    elif compression and not suffix:
        remedy = f"name it for what it holds, e.g. {inner}.txt{compression}"
    raise UserError(
        f"no reader for {suffix + compression or 'a file without a suffix'}", where=str(file), remedy=remedy
    )


def _single_story(files: Sequence[tuple[Path, int]], separator: Separator) -> str:
    first, size = files[0]
    shown = repr(separator.text) if isinstance(separator, SeparatorText) else separator
    others = f" (and {len(files) - 1:,} more files, one story each)" if files[1:] else ""
    return (
        f"warning: {first} was read as one story of {size:,} characters{others}, because the separator ({shown}) "
        f"was not found between stories\n  remedy: {REMEDY}"
    )


def _jsonl(file: BinaryIO, path: Path, field: str) -> Iterator[str]:
    at, number = 0, 1
    while raw := read_story(file.readline, path, number, "write one JSON object a line"):
        text = decoded(raw, path, at, number).removeprefix("\ufeff")
        if text.strip():
            yield _jsonl_story(text, field, f"{path}, line {number}")
        at += len(raw)
        number += 1


def _jsonl_story(text: str, field: str, where: str) -> str:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        here = f"column {error.colno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise UserError(
            f"this line is not valid JSON ({here}): {text.strip()[:60]!r}",
            where=where,
            remedy="fix or delete the line; a .jsonl file has one whole JSON object a line",
        ) from None
    if not isinstance(row, dict):
        raise UserError(
            f"this line is no JSON object: {text.strip()[:60]!r}",
            where=where,
            remedy=f'write one object a line, e.g. {{"{field}": "Once upon a time ..."}}',
        )
    if field not in row:
        raise UserError(
            f"this line has no field {field!r}; it has: {', '.join(map(repr, list(row)[:20])) or 'none'}",
            where=where,
            remedy="name the field that holds the story in corpus.files.text_field",
        )
    story = row[field]
    problem = not_text(story)
    if problem:
        raise UserError(f"the field {field!r} {problem}", where=where, remedy="fix or delete the line")
    return str(story)


def not_text(story: Any) -> str:
    """What keeps a value from being a story, or "". JSON can hold half a surrogate pair, UTF-8 cannot."""
    if not isinstance(story, str):
        return f"is not text but {type(story).__name__}"
    try:
        story.encode()
    except UnicodeEncodeError as error:
        return f"holds half a surrogate pair (character {error.start}), which is no text"
    return ""


def _parquet(path: Path, field: str) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = 0
    try:
        with pq.ParquetFile(path, pre_buffer=False) as file:
            schema = file.schema_arrow
            if field not in schema.names:
                raise UserError(
                    f"no column {field!r}; the file has: {', '.join(map(repr, schema.names)) or 'none'}",
                    where=str(path),
                    remedy="name the column that holds the story in corpus.files.text_field",
                )
            for batch in file.iter_batches(256, columns=[field], use_threads=False):
                for story in batch.column(0):
                    row += 1
                    yield _parquet_story(story, field, f"{path}, row {row}")
    except MemoryError as error:  # also Arrow's, which is an ArrowException too
        raise UserError(
            f"not enough memory to read this file of {path.stat().st_size:,} bytes: its column {field!r} decompresses "
            f"to {_decompressed_size(path, field):,} bytes ({error})",
            where=f"{path}, after row {row:,}",
            remedy="give the job more memory (with a scheduler, --set-resources retrieve_corpus:mem_mb=...), or write "
            "the stories as .jsonl.zst, which is read in a few MB",
        ) from error
    except pa.ArrowException as error:
        raise UserError(
            f"not a readable Parquet file ({error})",
            where=str(path),
            remedy="write or download the file again",
        ) from error


def _decompressed_size(path: Path, field: str) -> int:
    """Bytes of a column of a Parquet file without compression, by its metadata."""
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(path)
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    columns = (group.column(i) for group in groups for i in range(group.num_columns))
    return sum(c.total_uncompressed_size for c in columns if c.path_in_schema.split(".")[0] == field)


def _parquet_story(scalar: Any, field: str, where: str) -> str:
    try:
        story = scalar.as_py()
    except UnicodeDecodeError as error:
        raise not_utf8(error, where) from None
    if problem := not_text(story):
        raise UserError(f"the column {field!r} {problem}", where=where, remedy="fix or delete the row")
    if len(story) > LONGEST:
        raise too_long(where, "split it into stories, one per row")
    return str(story)
