"""Artifacts are written whole or not at all, and read with a clear error where they are damaged."""

import stat
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from handcraft.errors import UserError
from handcraft.files import (
    read_csv,
    read_facts,
    read_json,
    read_table,
    read_tensors,
    whole_file,
    write_csv,
    write_json,
    write_table,
    write_tensors,
    write_text,
)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail() -> None:
        with whole_file(path) as partial:
            partial.write_text("half of the n")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_leftovers_of_a_killed_write_go(tmp_path: Path) -> None:
    (tmp_path / ".a.txt.12345.partial").write_text("half")
    write_text(tmp_path / "a.txt", "whole")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_tensors_come_back_and_are_the_same_bytes_again(tmp_path: Path) -> None:
    tensors = {"b": np.arange(6, dtype=np.uint16).reshape(2, 3), "a": np.ones(2, np.float32)}
    facts = {"z": 1, "candidates": [" and", "é"], "a": None}
    for name in ("1", "2"):
        write_tensors(tmp_path / name, tensors, facts)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    back = read_tensors(tmp_path / "1")
    assert {k: v.dtype for k, v in back.items()} == {k: v.dtype for k, v in tensors.items()}
    np.testing.assert_array_equal(back["b"], tensors["b"])
    assert read_facts(tmp_path / "1") == facts
    assert (tmp_path / "1").stat().st_mode & stat.S_IRUSR


def test_others_can_read_an_artifact_where_the_umask_lets_them(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    write_tensors(tmp_path / "tensors", {"a": np.zeros(1, np.float32)})
    assert (tmp_path / "tensors").stat().st_mode == plain.stat().st_mode


def test_csv_keeps_every_digit_and_missing_values(tmp_path: Path) -> None:
    rows = [{"a": 0.1 + 0.2, "b": None, "c": 'x, "y"\n'}, {"a": 1, "b": np.float32(0.1), "c": ""}]
    write_csv(tmp_path / "t.csv", rows)
    back = read_csv(tmp_path / "t.csv")
    assert back[0] == {"a": 0.1 + 0.2, "b": None, "c": 'x, "y"\n'}
    assert back[1]["b"] == float(np.float32(0.1))


def test_json_refuses_what_it_has_no_word_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize("read", [read_json, read_tensors, read_table])
def test_a_damaged_or_missing_artifact_is_named(tmp_path: Path, read) -> None:  # type: ignore[no-untyped-def]
    for path in (tmp_path / "missing", tmp_path / "damaged"):
        if path.name == "damaged":
            path.write_bytes(b"\xff\x00 no artifact")
        with pytest.raises(UserError) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert "remedy" in str(caught.value)


def test_tables_are_the_same_bytes_again(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2], "b": ["x", "y"]})
    for name in ("1", "2"):
        write_table(tmp_path / name, table)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert read_table(tmp_path / "1").equals(table)
