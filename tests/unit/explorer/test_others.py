"""What the page says that other predictors answer: their words, how sure they are, and where they were not asked."""

from pathlib import Path

import numpy as np

from handcraft.explorer.others import NOT_ASKED, by_group, other_answers
from handcraft.files import write_tensors
from handcraft.pages import packed

TITLES = {"nonlinear": "non-linear"}


def test_answers_are_those_of_the_chosen_contexts(tmp_path: Path) -> None:
    network = np.log([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3], [0.2, 0.2, 0.6], [0.5, 0.4, 0.1]])
    write_tensors(tmp_path / "network", {"nonlinear": network}, {})
    # A language model's are not normalised over the candidates, and of a sample in an order of its own.
    scores = np.log([[0.01, 0.03, 0.04], [0.09, 0.01, 0.0125]])
    rows = np.array([3, 1], np.int32)
    write_tensors(tmp_path / "lm", {"validation": scores, "validation_rows": rows}, {"title": "Mine"})
    found = other_answers([tmp_path / "network", tmp_path / "lm"], np.array([1, 2, 3]), TITLES)
    assert found == [
        {
            "title": "non-linear",
            "best": packed(np.array([1, 2, 0], np.uint8)),
            "sure": packed(np.array([153, 153, 128], np.uint8)),
        },
        {
            "title": "Mine, as it is",
            "best": packed(np.array([0, NOT_ASKED, 2], np.uint8)),
            "sure": packed(np.array([204, 0, 128], np.uint8)),
        },
    ]


def test_a_model_without_answers_and_one_that_was_asked_about_others_are_left_out(tmp_path: Path) -> None:
    write_tensors(tmp_path / "absent", {"test": np.zeros((0, 3))}, {"title": "Absent"})
    rows = np.array([5], np.int32)
    write_tensors(
        tmp_path / "lm", {"validation": np.zeros((1, 3)), "validation_rows": rows}, {"title": "Mine"}
    )
    assert other_answers([tmp_path / "absent", tmp_path / "lm"], np.array([1, 2]), TITLES) == []


def test_paths_are_dealt_out_by_group() -> None:
    assert by_group(list("aabbcc"), 3) == [["a", "a"], ["b", "b"], ["c", "c"]]  # type: ignore[arg-type,comparison-overlap]
    assert by_group([], 2) == [[], []]
