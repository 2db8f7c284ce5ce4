"""The wording that follows from findings, case by case."""

import pytest

from handcraft.report.sentences import compared


@pytest.mark.parametrize(
    ("better", "worse", "level", "text"),
    [
        (["a"], [], [], "**better** than LM on a"),
        (
            ["a"],
            ["b"],
            ["c", "d"],
            "**better** than LM on a; **worse** on b; **not detectably different** on c and d",
        ),
        ([], [], ["c"], "**not detectably different** from LM on c"),
        ([], [], [], ""),
    ],
)
def test_a_comparison_names_the_other_once(
    better: list[str], worse: list[str], level: list[str], text: str
) -> None:
    assert compared({"better": better, "worse": worse, "level": level}, "LM") == text


def test_titles_are_escaped() -> None:
    assert "<b>" not in compared({"better": ["<b>"], "worse": [], "level": []}, "<b>")
