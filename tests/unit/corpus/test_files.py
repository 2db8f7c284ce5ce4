"""Files of the user's own: what they may hold, and errors that name file, line and remedy."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handcraft.corpus.files import find_files, stories_in_files
from handcraft.errors import UserError


def stories(path: Path, field: str = "text") -> list[str]:
    return list(stories_in_files([path], field))


@pytest.mark.parametrize("chunk", [1, 7, 2**20])
def test_txt_is_parted_wherever_the_chunks_fall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("handcraft.corpus.files.CHUNK", chunk)
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffOné\r\n<|endoftext|>\r\nTwo 😀\x00\n<|endoftext|>\nThree <|end\n".encode())
    assert [s.strip() for s in stories(path)] == ["Oné", "Two 😀\x00", "Three <|end"]


def test_a_txt_that_ends_in_a_delimiter_or_is_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("One\n<|endoftext|>\n")
    assert [s.strip() for s in stories(path)] == ["One", ""]
    path.write_text("")
    assert stories(path) == [""]


@pytest.mark.parametrize("chunk", [3, 2**20])
def test_bytes_that_are_not_utf8_are_placed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("handcraft.corpus.files.CHUNK", chunk)
    path = tmp_path / "latin.txt"
    content = b"One\n<|endoftext|>\nTwo\nhalf caf\xe9 \n<|endoftext|>\n"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not UTF-8: byte 0xe9") as caught:
        stories(path)
    assert caught.value.where == f"{path}, line 4, byte {content.index(0xE9)} of the file"
    assert "iconv" in caught.value.remedy


def test_jsonl_takes_any_field_blank_lines_and_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"story": "One </script>"}, {"story": "Two\r\n<|endoftext|>", "other": 1}]
    path.write_bytes(b"\xef\xbb\xbf" + "\n\n".join(map(json.dumps, rows)).encode())
    assert stories(path, "story") == ["One </script>", "Two\r\n<|endoftext|>"]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b'{"text": "half', "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"text": "caf\xe9"}', "not UTF-8: byte 0xe9"),
        (b'{"story": "One", "id": 3}', "no field 'text'; it has: 'story', 'id'"),
        (b"{}", "no field 'text'; it has: none"),
        (b'"One"', "no JSON object"),
        (b'{"text": null}', "is not text but NoneType"),
        (b'{"text": 3}', "is not text but int"),
        (b'{"text": "\\ud83d"}', "half a surrogate pair"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: bytes, what: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"text": "One"}\n\n' + line + b'\n{"text": "Two"}\n')
    with pytest.raises(UserError, match=what) as caught:
        stories(path)
    assert caught.value.where.startswith(f"{path}, line 3")
    assert caught.value.remedy


def test_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [1, 2], "story": ["One", "Zwei ü"]}), path)
    assert stories(path, "story") == ["One", "Zwei ü"]
    with pytest.raises(UserError, match="no column 'text'; the file has: 'id', 'story'") as caught:
        stories(path)
    assert "corpus.files.text_field" in caught.value.remedy
    with pytest.raises(UserError, match="is not text but int") as caught:
        stories(path, "id")
    assert caught.value.where == f"{path}, row 1"


def test_parquet_with_nulls_or_other_bytes_or_none_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["One", None]}), path)
    with pytest.raises(UserError, match="is not text but NoneType") as caught:
        stories(path)
    assert caught.value.where == f"{path}, row 2"
    raw = pa.array([b"One", b"caf\xe9"]).view(pa.string())
    pq.write_table(pa.table({"text": raw}), path)
    with pytest.raises(UserError, match="not UTF-8") as caught:
        stories(path)
    assert caught.value.where == f"{path}, row 2"
    path.write_bytes(b"not parquet")
    with pytest.raises(UserError, match="not a readable Parquet file"):
        stories(path)


@pytest.mark.parametrize("suffix", ["txt", "jsonl"])
def test_a_file_that_would_not_stream_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr("handcraft.corpus.files.LONGEST", 1000)
    monkeypatch.setattr("handcraft.corpus.files.CHUNK", 100)
    path = tmp_path / f"a.{suffix}"
    path.write_text("once upon a time " * 100)
    with pytest.raises(UserError, match="a story of more than") as caught:
        stories(path)
    assert "line 1" in caught.value.where


def test_other_suffixes_and_missing_files(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a")
    with pytest.raises(UserError, match=r"no reader for \.csv"):
        stories(path)
    with pytest.raises(UserError, match="cannot read this file") as caught:
        stories(tmp_path / "gone.txt")
    assert "gone.txt" in caught.value.where


def test_globs_are_found_once_sorted_and_literal_names_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.txt", "a.txt", "odd[1].txt", "deep/c.txt"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("x")
    assert [str(p) for p in find_files(["b.txt", "*.txt"], "k")] == ["a.txt", "b.txt", "odd[1].txt"]
    assert [str(p) for p in find_files(["odd[1].txt"], "k")] == ["odd[1].txt"]
    assert [str(p) for p in find_files(["**/c.txt"], "k")] == ["deep/c.txt"]


@pytest.mark.parametrize(
    ("pattern", "what"),
    [("*.jsonl", "no file matches"), ("gone.txt", "there is no file"), ("deep", "this is a directory")],
)
def test_a_pattern_without_a_file_names_its_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str, what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "deep").mkdir()
    with pytest.raises(UserError, match=what) as caught:
        find_files([pattern], "corpus.files.train")
    assert caught.value.where == "config: corpus.files.train"
    assert repr(pattern) in str(caught.value)
