"""Compressed files: read whatever wrote them, and refused by name when they are damaged."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from handcraft.corpus.compressed import open_decompressed
from handcraft.errors import UserError

TEXT = "".join(f"Line {i} of a story, {i * i % 997}.\n" for i in range(5000)).encode()
DATA: dict[str, bytes] = {".gz": gzip.compress(TEXT), ".zst": pa.compress(TEXT, "zstd", asbytes=True)}
TEST_TOOLS = {".gz": "gzip -t", ".zst": "zstd -t"}
SKIPPABLE = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
WIDE = b"\x28\xb5\x2f\xfd\x00\xa0" + b"\0" * 20  # a header that asks for a window of 1 GiB


def content(path: Path) -> bytes:
    with open_decompressed(path) as file:
        return b"".join(iter(lambda: file.read(1000), b""))


@pytest.mark.parametrize(
    ("name", "data", "times"),
    [
        ("a.txt", TEXT, 1),
        ("a.txt.gz", DATA[".gz"], 1),
        ("a.txt.zst", DATA[".zst"], 1),
        ("members.gz", DATA[".gz"] * 2, 2),
        ("frames.zst", DATA[".zst"] * 2, 2),
        ("padded.gz", DATA[".gz"] + b"\0" * 100, 1),
        ("skippable.zst", SKIPPABLE + DATA[".zst"], 1),
    ],
)
def test_what_compressors_write_is_read(tmp_path: Path, name: str, data: bytes, times: int) -> None:
    (tmp_path / name).write_bytes(data)
    assert content(tmp_path / name) == TEXT * times


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize(
    "damage", ["empty", "half", "last bytes", "half a second", "one byte", "text behind"]
)
def test_damaged_data_is_refused(tmp_path: Path, suffix: str, damage: str) -> None:
    path, data = tmp_path / f"a.txt{suffix}", DATA[suffix]
    path.write_bytes(
        {
            "empty": b"",
            "half": data[: len(data) // 2],
            "last bytes": data[:-3],
            "half a second": data + data[: len(data) // 2],
            "one byte": data[:12] + bytes([data[12] ^ 255]) + data[13:],
            "text behind": data + b"text",
        }[damage]
    )
    with pytest.raises(UserError) as caught:
        content(path)
    assert caught.value.where == str(path)
    assert TEST_TOOLS[suffix] in caught.value.remedy


def test_the_checksum_that_the_zstd_command_writes_is_checked(tmp_path: Path) -> None:
    frame = bytes.fromhex(
        "28b52ffd04681101004f6e63652075706f6e20612074696d65207468657265207761732061206361742e0a1568ecd5"
    )
    path = tmp_path / "a.txt.zst"
    path.write_bytes(frame)
    assert content(path) == b"Once upon a time there was a cat.\n"
    path.write_bytes(frame.replace(b"cat", b"dog"))
    with pytest.raises(UserError) as caught:
        content(path)
    assert caught.value.where == str(path)


def test_a_window_that_takes_too_much_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.zst"
    path.write_bytes(WIDE)
    with pytest.raises(UserError) as caught:
        content(path)
    assert "--long" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "data", "renamed"),
    [
        ("a.txt", DATA[".gz"], "'a.txt.gz'"),
        ("a.jsonl", DATA[".zst"], "'a.jsonl.zst'"),
        ("a.txt.gz", TEXT, "'a.txt'"),
        ("a.txt.zst", DATA[".gz"], "'a.txt'"),
    ],
)
def test_a_name_that_does_not_fit_the_content_is_reported(
    tmp_path: Path, name: str, data: bytes, renamed: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError) as caught:
        content(tmp_path / name)
    assert caught.value.where == str(tmp_path / name)
    assert renamed in caught.value.remedy


def test_a_missing_file_is_left_to_the_caller(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        content(tmp_path / "gone.txt.gz")


def test_an_error_of_the_reader_is_not_taken_for_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(DATA[".gz"])
    with pytest.raises(KeyError), open_decompressed(path):
        raise KeyError
