"""A full disk is recognised as the cause of an error, whatever library met it, and told with what to do."""

import errno
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError

from handcraft import disk
from handcraft.disk import full_disk, require_space, show_bytes
from handcraft.errors import UserError

Usage = namedtuple("Usage", "total used free")


def error_of(cause: Exception | None, error: Exception) -> Exception:
    """`error`, raised from `cause`."""
    try:
        raise error from cause
    except Exception as caught:
        return caught


FULL = OSError(errno.ENOSPC, "No space left on device")
CASES = {
    "as it is": FULL,
    "quota": OSError(errno.EDQUOT, "Disk quota exceeded"),
    "behind a UserError": error_of(FULL, UserError("cannot read this artifact")),
    "before another error": error_of(error_of(FULL, ValueError("x")), KeyError("y")),
    "safetensors": SafetensorError(
        "Error while serializing: I/O error: No space left on device (os error 28)"
    ),
    "tokenizers": Exception("No space left on device (os error 28)"),
    "Typst": OSError("No space left on device (os error 28)"),
    "shutil": shutil.Error([("a", "b", "[Errno 28] No space left on device: 'a' -> 'b'")]),
    "NumPy": OSError("8000000 requested and 3145600 written"),
    "a child process": UserError("pandoc could not: withFile: resource exhausted (No space left on device)"),
}
OTHERS = {
    "no such file": FileNotFoundError(errno.ENOENT, "No such file or directory", "x.json"),
    "read only": OSError(errno.EROFS, "Read-only file system"),
    "another code": Exception("Permission denied (os error 13)"),
    "a longer code": Exception("(os error 281)"),
    "no cause": UserError("no such word"),
}


@pytest.mark.parametrize("error", CASES.values(), ids=CASES)
def test_a_full_disk_is_recognised(error: Exception, tmp_path: Path) -> None:
    told = full_disk(error, [tmp_path])
    assert told is not None
    assert str(tmp_path) in told.where
    assert show_bytes(shutil.disk_usage(tmp_path).total) in told.where
    assert "TMPDIR" in told.remedy
    assert "BUILD" in told.remedy


@pytest.mark.parametrize("error", OTHERS.values(), ids=OTHERS)
def test_other_errors_are_left_alone(error: Exception, tmp_path: Path) -> None:
    assert full_disk(error, [tmp_path]) is None


def test_a_quota_is_told_apart(tmp_path: Path) -> None:
    told = full_disk(CASES["quota"], [tmp_path])
    assert told is not None
    assert "quota" in told.what


def test_the_file_of_the_error_says_where(tmp_path: Path) -> None:
    copy = OSError(errno.ENOSPC, "No space left on device", "/source/a", None, str(tmp_path / "new" / "b"))
    told = full_disk(copy, [Path("/")])
    assert told is not None
    assert told.where.startswith(f"{tmp_path}: "), (
        "the target, and the first directory above it that is there"
    )


def test_each_file_system_is_listed_once_and_the_fullest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Path("/proc")
    free = {str(tmp_path): 5 * 10**9, str(other): 10**5}
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda path: Usage(9 * 10**9, 0, free[str(path)]))
    told = full_disk(FULL, [tmp_path, tmp_path / "below", other])
    assert told is not None
    assert told.where == f"{other}: 0.1 MB of 9.0 GB free; {tmp_path}: 5.0 GB of 9.0 GB free"


def test_space_is_required_of_the_disk_where_the_folder_will_be(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    require_space(tmp_path / "not" / "there", 0.5 * free, "the tokens")
    with pytest.raises(UserError, match="the tokens") as caught:
        require_space(tmp_path / "not" / "there", 4 * free, "the tokens")
    assert show_bytes(4 * free) in caught.value.what
    assert str(tmp_path) in caught.value.where
    assert "TMPDIR" in caught.value.remedy


def test_numpy_has_no_number_for_a_full_disk() -> None:
    """If it gets one, its text need not be recognised any more."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full")
    with pytest.raises(OSError, match="requested and") as caught, Path("/dev/full").open("wb") as file:
        np.zeros(10**6).tofile(file)
    assert full_disk(caught.value, []) is not None
