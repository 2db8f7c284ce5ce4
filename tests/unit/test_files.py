"""Artifacts are written whole or not at all, and read with a clear error where they are damaged."""

import stat
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handcraft.errors import UserError
from handcraft.files import (
    read_csv,
    read_json,
    read_metadata,
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
    metadata = {"z": 1, "candidates": [" and", "é"], "a": None}
    for name in ("1", "2"):
        write_tensors(tmp_path / name, tensors, metadata)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    back = read_tensors(tmp_path / "1")
    assert {k: v.dtype for k, v in back.items()} == {k: v.dtype for k, v in tensors.items()}
    np.testing.assert_array_equal(back["b"], tensors["b"])
    assert read_metadata(tmp_path / "1") == metadata
    assert (tmp_path / "1").stat().st_mode & stat.S_IRUSR


def test_others_can_read_an_artifact_where_the_umask_lets_them(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    write_tensors(tmp_path / "tensors", {"a": np.zeros(1, np.float32)})
    assert (tmp_path / "tensors").stat().st_mode == plain.stat().st_mode


def test_csv_keeps_every_digit_and_missing_values(tmp_path: Path) -> None:
    rows = [
        {"value": 0.1 + 0.2, "p": None, "title": 'x, "y"\n'},
        {"value": 1, "p": np.float32(0.1), "title": ""},
    ]
    write_csv(tmp_path / "t.csv", rows)
    first, second = read_csv(tmp_path / "t.csv")
    assert first == {"value": 0.1 + 0.2, "p": None, "title": 'x, "y"\n'}
    assert second == {"value": 1.0, "p": float(np.float32(0.1)), "title": None}


ODD_NAMES = [
    "nan",
    "007",
    "1_000",
    "inf",
    "-0",
    "1e5",
    "None",
    "null",
    "NA",
    "true",
    "2020-01-01",
    " ",
    "\ufeff",
    "\r",
    "'",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_predictor_comes_back_by_its_name(tmp_path: Path, name: str) -> None:
    write_csv(tmp_path / "t.csv", [{"predictor": name, "n": 7}])
    assert read_csv(tmp_path / "t.csv") == [{"predictor": name, "n": 7}]


text = st.text(st.characters(exclude_categories=["Cs"]))
rows_of_a_table = st.lists(
    st.fixed_dictionaries(
        {
            "predictor": st.none() | text | st.sampled_from(ODD_NAMES),
            "n": st.none() | st.integers(-(2**63), 2**63 - 1),
            "title": text,
            "value": st.none() | st.floats(),
        }
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(rows=rows_of_a_table)
def test_csv_gives_back_what_was_written(tmp_path_factory: pytest.TempPathFactory, rows: list[dict]) -> None:
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    write_csv(path, rows)
    for row, back in zip(rows, read_csv(path), strict=True):
        # repr, since a NaN equals nothing; an empty text is a missing one.
        assert {k: repr(v) for k, v in back.items()} == {
            k: repr(None if v == "" else v) for k, v in row.items()
        }


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"predictor": 7}, "predictor is of str"),
        ({"n": 7.0}, "n is of int"),
        ({"n": True}, "n is of int"),
        ({"value": "7"}, "value is of float"),
        ({"no_such_column": 7}, "no_such_column"),
    ],
)
def test_csv_refuses_another_type(tmp_path: Path, row: dict, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        write_csv(tmp_path / "t.csv", [row])
    assert not (tmp_path / "t.csv").exists()


@pytest.mark.parametrize("content", ["", "n\n7.5\n", "n,value\n1\n", "no_such_column\n1\n"])
def test_a_damaged_csv_table_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(UserError, match=r"t\.csv"):
        read_csv(tmp_path / "t.csv")


def test_json_refuses_what_it_has_no_word_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize("read", [read_csv, read_json, read_tensors, read_table])
def test_a_damaged_or_missing_artifact_is_named(tmp_path: Path, read) -> None:  # type: ignore[no-untyped-def]
    for path in (tmp_path / "missing", tmp_path / "damaged"):
        if path.name == "damaged":
            path.write_bytes(b"\xff\x00 no artifact")
        with pytest.raises(UserError) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert "remedy" in str(caught.value)


@pytest.mark.parametrize("read", [read_csv, read_metadata, read_json, read_tensors, read_table])
def test_a_reader_tells_what_it_opens(tmp_path: Path, read) -> None:  # type: ignore[no-untyped-def]
    """So that a job's check of its inputs sees it, whichever library does the reading."""
    path, heard = tmp_path / "artifact", list[str]()
    writers = {
        read_csv: lambda: write_csv(path, [{"n": 1}]),
        read_json: lambda: write_json(path, 1),
        read_table: lambda: write_table(path, pa.table({"n": [1]})),
    }
    writers.get(read, lambda: write_tensors(path, {"a": np.zeros(1)}))()
    listening = True
    sys.addaudithook(
        lambda event, args: heard.append(str(args[0])) if listening and event == "open" else None
    )
    read(path)
    listening = False
    assert str(path) in heard


def test_tables_are_the_same_bytes_again(tmp_path: Path) -> None:
    table = pa.table({"a": [1, 2], "b": ["x", "y"]})
    for name in ("1", "2"):
        write_table(tmp_path / name, table)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert read_table(tmp_path / "1").equals(table)
