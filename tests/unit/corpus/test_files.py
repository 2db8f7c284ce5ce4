"""Files of the user's own: what they may hold, and errors that name file, line and remedy."""

import gzip
import io
import json
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from handcraft.config.corpus import Separator
from handcraft.corpus.files import find_files, stories_in_files
from handcraft.errors import UserError


def stories(path: Path, field: str = "text") -> list[str]:
    return list(stories_in_files([path], field))


def packed(content: bytes, suffix: str) -> bytes:
    """`content`, compressed as the suffix says."""
    if suffix.lower() == ".gz":
        return gzip.compress(content)
    packed: bytes = pa.compress(content, "zstd", asbytes=True)
    return packed


@pytest.mark.parametrize("chunk", [1, 7, 2**20])
def test_txt_is_parted_wherever_the_chunks_fall(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr("handcraft.corpus.txt.CHUNK", chunk)
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
    monkeypatch.setattr("handcraft.corpus.txt.CHUNK", chunk)
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
    monkeypatch.setattr("handcraft.corpus.txt.LONGEST", 1000)
    monkeypatch.setattr("handcraft.corpus.txt.CHUNK", 100)
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


@pytest.mark.parametrize("suffix", [".gz", ".zst", ".GZ"])
def test_compressed_text_and_json_are_read_as_they_are(tmp_path: Path, suffix: str) -> None:
    lines = [{"text": f"Story {i}."} for i in range(3)]
    for name, content in (
        ("a.txt", "Oné\n<|endoftext|>\nTwo\n"),
        ("b.jsonl", "\n".join(map(json.dumps, lines))),
    ):
        (tmp_path / f"{name}{suffix}").write_bytes(packed(content.encode(), suffix))
    assert [s.strip() for s in stories(tmp_path / f"a.txt{suffix}")] == ["Oné", "Two"]
    assert stories(tmp_path / f"b.jsonl{suffix}") == ["Story 0.", "Story 1.", "Story 2."]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_compressed_file_is_streamed(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.txt{suffix}"
    path.write_bytes(packed(b"A cat sat on a mat. " * 50 + b"\n<|endoftext|>\n", suffix) * 20_000)
    read = stories_in_files([path], "text")
    next(read)  # Arrow is loaded
    tracemalloc.start()
    before = pa.total_allocated_bytes()
    for _ in range(18_000):
        next(read)
    peak = tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() - before
    tracemalloc.stop()
    assert peak < 8 * 2**20  # of 20 MB


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("a.parquet.gz", "decompress"),
        ("a.gz", "a.txt.gz"),
        ("a.csv.zst", ".txt.zst"),
        ("a.txt.bz2", ".txt.gz"),
    ],
)
def test_other_compressed_files_are_refused_with_a_remedy(tmp_path: Path, name: str, remedy: str) -> None:
    path = tmp_path / name
    path.write_bytes(packed(b"One", ".gz"))
    with pytest.raises(UserError) as caught:
        stories(path)
    assert caught.value.where == str(path)
    assert remedy in caught.value.remedy


def test_a_large_file_of_one_story_is_named_on_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr("handcraft.logging.terminal", shown)
    paths = [tmp_path / f"{i}.txt" for i in range(3)]
    for path in paths:
        path.write_text("Once upon a time.\n\n" * 1000)
    assert len(list(stories_in_files(paths, "text"))) == 3
    assert shown.getvalue().count("warning") == 1
    for part in (str(paths[0]), "19,000 characters", "2 more", "'<|endoftext|>'", "corpus.files.separator"):
        assert part in shown.getvalue()


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("Once upon a time.\n\n" * 1000, "file"),
        ("Once upon a time.\n\n" * 1000, "blank lines"),
        ("Once upon a time.\n\n" * 10, "line"),
        ("Once upon a time.\n" * 10, "blank lines"),
    ],
)
def test_files_that_are_small_or_meant_as_one_story_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, separator: Separator
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr("handcraft.logging.terminal", shown)
    (tmp_path / "a.txt").write_text(text)
    assert list(stories_in_files([tmp_path / "a.txt"], "text", separator))
    assert shown.getvalue() == ""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_a_parquet_file_that_does_not_fit_into_memory_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [1], "text": ["a" * 100_000_000]}), path, use_dictionary=False)
    code = (  # with 64 MiB more than it takes to start
        "import resource, sys, pathlib, pyarrow.parquet\n"
        "from handcraft.corpus.files import stories_in_files\n"
        "size = int(pathlib.Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize() + 2**26\n"
        "resource.setrlimit(resource.RLIMIT_AS, (size, size))\n"
        "list(stories_in_files([pathlib.Path(sys.argv[1])], 'text'))"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    message = run.stderr.partition("UserError")[2]
    assert "memory" in message
    assert f"{path.stat().st_size:,} bytes" in message
    assert "100,000,0" in message  # what it decompresses to
    assert str(path) in message
    assert "mem_mb" in message


def test_a_parquet_story_that_is_too_long_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handcraft.corpus.files.LONGEST", 1000)
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["One", "a" * 1001]}), path)
    with pytest.raises(UserError) as caught:
        stories(path)
    assert caught.value.where == f"{path}, row 2"
