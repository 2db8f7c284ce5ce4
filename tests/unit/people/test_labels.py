"""Label files: what a good one gives, and every bad one refused with file and line."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handcraft.contexts.sample import Sample
from handcraft.errors import UserError
from handcraft.people.labels import ignored_files, label_files, read_labels
from tests.helpers.labels import label_rows, write_labels

WORDS = (" and", " but", " so")
NATURAL, BALANCED = "ab" * 32, "cd" * 32
ITEMS = [40, 7, 12, 9]
SAMPLES = {"natural": Sample(np.array(ITEMS), NATURAL), "balanced": Sample(np.array([3, 40]), BALANCED)}


def rows() -> list[dict[str, Any]]:
    return label_rows("natural", NATURAL, ITEMS, [" and", " so", " and", " but"])


def refusal(path: Path) -> UserError:
    with pytest.raises(UserError) as caught:
        read_labels(path, SAMPLES, WORDS)
    return caught.value


def test_answers_come_back_in_the_order_of_the_sample(tmp_path: Path) -> None:
    given = [*rows()[::-1], *label_rows("balanced", BALANCED, [40, 3], [" so", " but"])]
    found = read_labels(write_labels(tmp_path / "alice.csv", given), SAMPLES, WORDS)
    assert {name: one.answers.tolist() for name, one in found.items()} == {
        "natural": [0, 2, 0, 1],
        "balanced": [1, 2],
    }
    assert found["natural"].annotator == "alice"
    assert found["natural"].seconds.tolist() == [1.5, 2.5, 3.5, 4.5]


def test_what_a_hand_or_a_spreadsheet_makes_of_it_is_read_too(tmp_path: Path) -> None:
    lines = [f"natural,{NATURAL},{c},{a}" for c, a in zip(ITEMS, ("and", "so", " and", "but"), strict=True)]
    text = "\ufeffsample,checksum,context,answer\r\n" + "\r\n".join(lines) + "\r\n\r\n"
    (tmp_path / "bob.csv").write_bytes(text.encode())
    found = read_labels(tmp_path / "bob.csv", SAMPLES, WORDS)["natural"]
    assert found.answers.tolist() == [0, 2, 0, 1]
    assert np.isnan(found.seconds).all()


def test_a_bare_word_that_could_be_two_candidates_is_refused(tmp_path: Path) -> None:
    given = label_rows("balanced", BALANCED, [3, 40], ["and", " and"])
    path = write_labels(tmp_path / "a.csv", given)
    assert read_labels(path, SAMPLES, ("and", " and"))["balanced"].answers.tolist() == [0, 1]
    with pytest.raises(UserError, match="unknown candidate 'and'"):
        read_labels(path, SAMPLES, (" and", " and "))


@pytest.mark.parametrize(
    ("line", "change", "said"),
    [
        (3, {"checksum": "0" * 16}, "another set of items: checksum 0000000000000000"),
        (3, {"sample": "balanced"}, "another set of items"),
        (4, {"context": 8}, "context 8 is not in the natural sample"),
        (5, {"context": 40}, "context 40 of the natural sample is answered a second time"),
        (2, {"answer": " butt"}, "unknown candidate ' butt'; did you mean 'but'?"),
        (2, {"answer": "</script>"}, "unknown candidate '</script>'"),
        (3, {"answer": ""}, "answer: "),
        (3, {"sample": "all"}, "sample: "),
        (3, {"checksum": "zz"}, "checksum: "),
        (3, {"context": "x"}, "context: "),
        (3, {"context": -1}, "context: "),
        (3, {"seconds": "nan"}, "seconds: "),
        (3, {"seconds": -1}, "seconds: "),
        (3, {"place": 0}, "place: "),
    ],
)
def test_a_wrong_row_is_refused_with_file_and_line(
    tmp_path: Path, line: int, change: dict[str, Any], said: str
) -> None:
    given = rows()
    given[line - 2] |= change
    error = refusal(write_labels(tmp_path / "alice.csv", given))
    assert said in error.what
    assert error.where == f"{tmp_path / 'alice.csv'}, line {line}"
    assert error.remedy


def test_unanswered_items_are_named(tmp_path: Path) -> None:
    error = refusal(write_labels(tmp_path / "alice.csv", rows()[:2]))
    assert "2 of the 4 items of the natural sample have no answer (context 12, 9)" in error.what


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 1, "the column 'sample' is missing"),
        ("sample;checksum;context;answer\n", 1, "the column 'checksum' is missing"),
        ("sample,checksum,context,answer,secnods\n", 1, "unknown column 'secnods'; did you mean 'seconds'?"),
        ("sample,sample,checksum,context,answer\n", 1, "'sample' stands twice"),
        (f"sample,checksum,context,answer\nnatural,{NATURAL},40\n", 2, "3 cells"),
        (f'sample,checksum,context,answer\nnatural,{NATURAL},40,"and', 2, "no CSV file"),
        ("sample,checksum,context,answer\nnatural,\udcff", 1, "no CSV file in UTF-8"),
    ],
)
def test_what_is_no_label_file_is_refused(tmp_path: Path, text: str, line: int, said: str) -> None:
    path = tmp_path / "alice.csv"
    path.write_bytes(text.encode(errors="surrogateescape"))
    error = refusal(path)
    assert said in error.what
    assert error.where == f"{path}, line {line}"


def test_a_file_without_labels_or_with_an_unusable_name_is_refused(tmp_path: Path) -> None:
    assert "no label in this file" in refusal(write_labels(tmp_path / "alice.csv", [])).what
    for name in ("Alice.csv", "a b.csv", "a--b.csv", "majority vote.csv", "1e5.csv", "nan.csv"):
        assert "cannot be called" in refusal(write_labels(tmp_path / name, rows())).what


def test_files_of_this_corpus_and_group_are_found_and_others_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("c/g/b.csv", "c/g/a.csv", "c/g/notes.txt", "c/other/a.csv", "d/g/a.csv", "d/stray.csv"):
        path = tmp_path / "human" / "labels" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    assert label_files(tmp_path, "c", "g") == ["human/labels/c/g/a.csv", "human/labels/c/g/b.csv"]
    assert label_files(tmp_path, "none", "g") == []
    assert ignored_files(tmp_path, "c", ["g"]) == ["c/other/a.csv", "d/g/a.csv", "d/stray.csv"]
    assert ignored_files(tmp_path / "nowhere", "c", ["g"]) == []
