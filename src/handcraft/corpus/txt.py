"""Stories in plain text: where one ends and the next begins, and where bytes that are not UTF-8 stand."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from handcraft.config.corpus import Separator, SeparatorText
from handcraft.corpus.compressed import compression_of
from handcraft.errors import UserError

LONGEST = (
    16 * 2**20
)  # bytes of a story; a longer one is a file whose stories are not separated, and would not stream
CHUNK = 2**20
REMEDY = (
    "set corpus.files.separator to what separates the stories of your .txt files: `blank lines`, `line`, `file` (each "
    "file is a story) or {text: ...}"
)
"""What to do about a file that should have given more stories."""

Piece = tuple[int, int, bytes]
"""Bytes of one story, after the byte offset and the line (from 1) where it begins in the file."""


def stories_in_txt(file: BinaryIO, path: Path, separator: Separator) -> Iterator[str]:
    """The stories of a text file that is open as `file`, as they stand; `path` is its name in errors.

    A byte order mark at the beginning is left out. Raises `UserError` with line and byte for bytes that are not UTF-8,
    and for a story of more than 16 MiB.
    """
    match separator:
        case "line":
            pieces = _lines(file, path)
        case "blank lines":
            pieces = _paragraphs(file, path)
        case "file":
            pieces = iter([(0, 1, read_story(file.read, path, 1, "split the file"))])
        case SeparatorText():
            pieces = _between(file, path, separator.text.encode())
    for at, line, piece in pieces:
        text = decoded(piece, path, at, line)
        yield text.removeprefix("\ufeff") if at == 0 else text


def _lines(file: BinaryIO, path: Path) -> Iterator[Piece]:
    at, number = 0, 1
    while raw := read_story(file.readline, path, number, REMEDY):
        yield at, number, raw
        at += len(raw)
        number += 1


def _paragraphs(file: BinaryIO, path: Path) -> Iterator[Piece]:
    """What stands between blank lines, those of spaces and tabs included."""
    begin, first, story = 0, 1, bytearray()
    for at, number, raw in _lines(file, path):
        if raw.isspace():
            if story:
                yield begin, first, bytes(story)
            story.clear()
            continue
        if not story:
            begin, first = at, number
        story += raw
        _check_length(story, path, first, REMEDY)
    yield begin, first, bytes(story)


def _between(file: BinaryIO, path: Path, separator: bytes) -> Iterator[Piece]:
    """What stands between `separator`, which may be anywhere in the text."""
    at, line, rest = 0, 1, bytearray()
    any_line_ends = b"\n" in separator and b"\r" not in separator
    while chunk := file.read(CHUNK):
        searched = max(0, len(rest) - len(separator))
        rest += chunk
        if any_line_ends and (first := rest.find(b"\n")) >= 0:
            any_line_ends = False
            if rest[:first].endswith(b"\r"):
                separator = separator.replace(b"\n", b"\r\n")  # as this file ends its lines
        while (end := rest.find(separator, searched)) >= 0:
            piece = bytes(rest[:end])
            yield at, line, piece
            at += end + len(separator)
            line += piece.count(b"\n") + separator.count(b"\n")
            del rest[: end + len(separator)]
            searched = 0
        _check_length(rest, path, line, REMEDY)
    yield at, line, bytes(rest)


def read_story(read: Callable[[int], bytes], path: Path, line: int, remedy: str) -> bytes:
    """What `read(size)` gives, which is a story that begins in `line`. Raises `UserError` above 16 MiB."""
    raw = read(LONGEST + 1)
    _check_length(raw, path, line, remedy)
    return raw


def _check_length(story: bytes | bytearray, path: Path, line: int, remedy: str) -> None:
    if len(story) > LONGEST:
        raise too_long(f"{path}, beginning in line {line}", remedy)


def too_long(where: str, remedy: str) -> UserError:
    """The error for a story of more than `LONGEST` bytes."""
    return UserError(f"a story of more than {LONGEST // 2**20} MiB", where=where, remedy=remedy)


def decoded(piece: bytes, path: Path, at: int, line: int) -> str:
    """`piece` as text; it begins at byte `at` and in `line` of the file. Raises `UserError` if it is not UTF-8."""
    try:
        return piece.decode("utf-8")
    except UnicodeDecodeError as error:
        here = line + piece.count(b"\n", 0, error.start)
        whole = "the decompressed file" if compression_of(path) else "the file"
        raise not_utf8(error, f"{path}, line {here}, byte {at + error.start} of {whole}") from None


def not_utf8(error: UnicodeDecodeError, where: str) -> UserError:
    """The error for text at `where` that is not UTF-8, with a guess at what it is."""
    byte = error.object[error.start]
    wide = error.object[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in error.object
    encoding = "UTF-16" if wide else "WINDOWS-1252"
    return UserError(
        f"not UTF-8: byte 0x{byte:02x} ({error.reason})",
        where=where,
        remedy=f"convert the file to UTF-8, e.g. iconv -f {encoding} -t UTF-8 old.txt > new.txt",
    )
