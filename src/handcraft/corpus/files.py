"""Stories in files of the user's own: `.txt`, `.jsonl` and `.parquet`, read as streams.

The text is given as it stands; line ends and outer white space are made even in `splits`, for every source
alike.
"""

import glob
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from handcraft.errors import UserError

DELIMITER = b"<|endoftext|>"
LONGEST = 16 * 2**20  # bytes of a story; a longer one is a file without delimiters, and would not stream
CHUNK = 2**20
BOM = b"\xef\xbb\xbf"


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


def stories_in_files(files: Sequence[Path], field: str) -> Iterator[str]:
    """Every story of the files, in their order; `field` is its key (`.jsonl`) or column (`.parquet`).

    Raises `UserError` with file and line (`.parquet`: row) for what cannot be read: bytes that are not UTF-8,
    a line that is not JSON, a missing field, a value that is not text, or a story of more than 16 MiB.
    """
    for file in files:
        try:
            match file.suffix.lower():
                case ".txt":
                    yield from _txt(file)
                case ".jsonl":
                    yield from _jsonl(file, field)
                case ".parquet":
                    yield from _parquet(file, field)
                case suffix:
                    raise UserError(
                        f"no reader for {suffix or 'a file without a suffix'}",
                        where=str(file),
                        remedy="give .txt (stories separated by <|endoftext|>), .jsonl or .parquet",
                    )
        except OSError as error:
            raise UserError(
                f"cannot read this file ({error.strerror or error})",
                where=str(file),
                remedy="check that it exists and that you may read it",
            ) from error


def _txt(path: Path) -> Iterator[str]:
    """Stories separated by `<|endoftext|>`, anywhere in the text (in the data set, on a line of its own)."""
    at, line = 0, 1  # byte offset and line of where the piece begins
    with path.open("rb") as file:
        if file.read(len(BOM)) == BOM:
            at = len(BOM)
        file.seek(at)
        rest = bytearray()
        while chunk := file.read(CHUNK):
            searched = max(0, len(rest) - len(DELIMITER))
            rest += chunk
            while (end := rest.find(DELIMITER, searched)) >= 0:
                piece = bytes(rest[:end])
                yield _decoded(piece, path, at, line)
                at += end + len(DELIMITER)
                line += piece.count(b"\n")
                del rest[: end + len(DELIMITER)]
                searched = 0
            if len(rest) > LONGEST:
                raise _too_long(path, line, "put a line <|endoftext|> between the stories")
        yield _decoded(bytes(rest), path, at, line)


def _jsonl(path: Path, field: str) -> Iterator[str]:
    at = 0
    with path.open("rb") as file:
        number = 0
        while raw := file.readline(LONGEST + 1):
            number += 1
            if len(raw) > LONGEST:
                raise _too_long(path, number, "write one JSON object a line")
            text = _decoded(raw, path, at, number).removeprefix("\ufeff")
            at += len(raw)
            if text.strip():
                yield _jsonl_story(text, field, f"{path}, line {number}")


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
    except pa.ArrowException as error:
        raise UserError(
            f"not a readable Parquet file ({error})",
            where=str(path),
            remedy="write or download the file again",
        ) from error


def _parquet_story(scalar: Any, field: str, where: str) -> str:
    try:
        story = scalar.as_py()
    except UnicodeDecodeError as error:
        raise _not_utf8(error, where) from None
    if problem := not_text(story):
        raise UserError(f"the column {field!r} {problem}", where=where, remedy="fix or delete the row")
    return str(story)


def _decoded(piece: bytes, path: Path, at: int, line: int) -> str:
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError as error:
        here = line + piece.count(b"\n", 0, error.start)
        raise _not_utf8(error, f"{path}, line {here}, byte {at + error.start} of the file") from None


def _not_utf8(error: UnicodeDecodeError, where: str) -> UserError:
    byte = error.object[error.start]
    wide = error.object[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in error.object
    encoding = "UTF-16" if wide else "WINDOWS-1252"
    return UserError(
        f"not UTF-8: byte 0x{byte:02x} ({error.reason})",
        where=where,
        remedy=f"convert the file to UTF-8, e.g. iconv -f {encoding} -t UTF-8 old.txt > new.txt",
    )


def _too_long(path: Path, line: int, remedy: str) -> UserError:
    return UserError(
        f"a story of more than {LONGEST // 2**20} MiB, so probably no stories at all",
        where=f"{path}, beginning in line {line}",
        remedy=remedy,
    )
