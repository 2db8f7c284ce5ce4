"""A full disk: recognised as the cause of an error, and checked for before large files are written.

The message names the directory, what is free there, and what to do; it is the same wherever the disk runs full.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from handcraft.errors import UserError, error_chain

ROOM = 10**6
"""Bytes without which Snakemake cannot write its own locks, logs and records."""

_FULL = (errno.ENOSPC, errno.EDQUOT)
# safetensors, tokenizers and Typst (all Rust) and child processes only give the text.
_FULL_TEXT = re.compile(
    "|".join([*(re.escape(os.strerror(code)) for code in _FULL), *(rf"os error {code}\b" for code in _FULL)])
)
# The text of NumPy where it could not write a whole array.
_SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")


def full_disk(error: BaseException, folders: Iterable[Path]) -> UserError | None:
    """The message for an error that a full disk or quota caused, directly or not; None for any other error.

    folders: where the failed job writes; those of one file system count once, the fullest comes first. They are
    listed where the error does not name a file itself.
    """
    cause = next((link for link in error_chain(error) if _is_full(link)), None)
    if cause is None:
        return None
    quota = getattr(cause, "errno", None) == errno.EDQUOT or os.strerror(errno.EDQUOT) in str(cause)
    named = getattr(cause, "filename2", None) or getattr(cause, "filename", None)
    places = [Path(os.fsdecode(named)).parent] if isinstance(named, str | bytes) else list(folders)
    what = "the disk quota is used up" if quota else "the disk is full"
    return _message(
        f"{what}: this job could not write its files, and the unfinished ones were removed", places
    )


def require_space(folder: Path, size: float, what: str) -> None:
    """Raise `UserError` unless `folder` (which need not exist yet) has `size` bytes free, which `what` will take."""
    if shutil.disk_usage(_existing(folder)).free < size:
        raise _message(f"the disk is full: {what} will take about {show_bytes(size)}", [folder])


def show_bytes(size: float) -> str:
    """`3.2 GB`, `12.0 MB`, `0.4 MB`: powers of 1,000."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"


def _is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _FULL
    short = isinstance(error, OSError) and _SHORT_WRITE.search(str(error))
    return bool(short or _FULL_TEXT.search(str(error)))


def _message(what: str, folders: Iterable[Path]) -> UserError:
    by_device = {(place := _existing(folder)).stat().st_dev: place for folder in reversed(list(folders))}
    usage = sorted((shutil.disk_usage(place).free, str(place)) for place in by_device.values())
    return UserError(
        what,
        where="; ".join(
            f"{place}: {show_bytes(free)} of {show_bytes(shutil.disk_usage(place).total)} free{_inodes(place)}"
            for free, place in usage
        ),
        remedy="free some space there, or move the build directory (BUILD), temporary files (TMPDIR) or the hub's "
        "cache (HF_HOME) to another disk; then run the same command again: finished results are kept",
    )


def _inodes(place: str) -> str:
    """Where there is room for bytes but not for another file."""
    status = os.statvfs(place)
    return ", and no room for more files (inodes)" if status.f_files and not status.f_favail else ""


def _existing(folder: Path) -> Path:
    """The folder, absolute, or the first one above it that is there."""
    folder = Path(folder).absolute()
    return next((place for place in (folder, *folder.parents) if place.is_dir()), Path("/"))
