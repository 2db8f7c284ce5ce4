"""Files as bytes, with `.gz` and `.zst` decompressed while they are read."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from handcraft.errors import UserError

MAGIC = {".gz": b"\x1f\x8b", ".zst": b"\x28\xb5\x2f\xfd"}
SKIPPABLE = range(0x184D2A50, 0x184D2A60)
"""Little-endian numbers with which a .zst file may begin too (pzstd writes them)."""
NAMES = {".gz": "gzip", ".zst": "Zstandard"}


def compression_of(path: Path) -> str:
    """`.gz` or `.zst`, by the file's name; empty for a file that is not compressed."""
    suffix = path.suffix.lower()
    return suffix if suffix in MAGIC else ""


@contextmanager
def open_decompressed(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, decompressed if its name ends in `.gz` or `.zst`. They stream: memory is a few MB, and
    up to 128 MiB more for a .zst file that was made with --long.

    Raises `UserError` for compressed data that is damaged or cut short, here or while the file is read, and for a file
    whose content is not what its name says. Any other `OSError` is the caller's.
    """
    suffix = compression_of(path)
    _check_name(path, suffix)
    if not suffix:
        with path.open("rb") as plain:
            yield plain
        return
    try:
        with _decompressed(path, suffix) as file:
            yield file
    except (EOFError, zlib.error, OSError) as error:
        # A failure of the disk has a number; what gzip and Arrow say of the data has none.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise _damaged(path, suffix, str(error)) from error


def _decompressed(path: Path, suffix: str) -> BinaryIO:
    if suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    import pyarrow as pa

    # Arrow refuses frames with a window of more than 128 MiB, so memory stays bounded here too.
    stream = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd")
    return cast(BinaryIO, io.BufferedReader(stream, 2**16))


def _check_name(path: Path, suffix: str) -> None:
    with path.open("rb") as file:
        start = file.read(4)
    if suffix and not start:
        raise _damaged(path, suffix, "the file is empty")
    skippable = suffix == ".zst" and int.from_bytes(start, "little") in SKIPPABLE
    if suffix and not start.startswith(MAGIC[suffix]) and not skippable:
        raise UserError(
            f"the name ends in {suffix}, but the content is not {NAMES[suffix]} data",
            where=str(path),
            remedy=f"if it is plain text, rename it to {path.stem!r}; if it was downloaded, it may be an error page: "
            "get it again",
        )
    for other, magic in MAGIC.items():
        if not suffix and start.startswith(magic):
            raise UserError(
                f"the content is {NAMES[other]} data, but the name does not end in {other}",
                where=str(path),
                remedy=f"rename it to {path.name + other!r} (and name it so in the config)",
            )


def _damaged(path: Path, suffix: str, message: str) -> UserError:
    if "too much memory" in message:
        return UserError(
            f"the file was compressed with a window of more than 128 MiB ({message})",
            where=str(path),
            remedy="compress it again without --long and --ultra",
        )
    tool = "gzip" if suffix == ".gz" else "zstd"
    return UserError(
        f"the {NAMES[suffix]} data is damaged or cut short ({message})",
        where=str(path),
        remedy=f"copy, download or compress the file again; `{tool} -t` tests it",
    )
