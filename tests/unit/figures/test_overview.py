"""The overview: every group on one line, with the marks of what was scored and the verdict that counts."""

from pathlib import Path
from typing import Any

import pytest

from handcraft.figures import overview
from handcraft.files import write_csv, write_json
from tests.helpers.figures import drawn

ROWS = [
    {"predictor": "linear", "title": "linear", "loss": 0.5, "role": ""},
    {"predictor": "additive", "title": "linear, by a network", "loss": 0.48, "role": "linear"},
    {"predictor": "nonlinear", "title": "non-linear", "loss": 0.40, "role": "same; best"},
    {"predictor": "lm.corrected", "title": "LM, corrected", "loss": 0.45, "role": ""},
    {"predictor": "lm.long_context", "title": "LM, whole story", "loss": 0.35, "role": ""},
]
MAJORITY = {"predictor": "majority", "title": "majority", "metric": "loss", "value": 0.9}


def drawn_overview(
    folder: Path, monkeypatch: pytest.MonkeyPatch, rows: list[dict[str, Any]], answer: dict[str, Any]
) -> Any:
    write_csv(folder / "t.csv", rows, list(ROWS[0]))
    write_csv(folder / "m.csv", [MAJORITY], list(MAJORITY))
    write_json(folder / "v.json", answer)
    files = [folder / "t.csv"], [folder / "v.json"], [folder / "m.csv"]
    return drawn(
        monkeypatch,
        overview,
        lambda: overview.plot_overview(*files, titles=["one"], baseline="lm", output=folder),
    )


def test_marks_stand_at_their_losses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = {"value": 0.84}
    answer = {"verdict": "not linear", "truth_verdict": None, "truth": None, "same": share}
    figure = drawn_overview(tmp_path, monkeypatch, ROWS, answer)
    axes = figure.axes[0]
    marks = [float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 1]
    assert sorted(marks) == [0.35, 0.40, 0.45, 0.48, 0.9]
    # The shaded gap: from the linear side that was chosen to the best of the same contexts.
    assert [sorted(line.get_xdata()) for line in axes.lines if line.get_linewidth() == 7] == [[0.40, 0.48]]
    assert [t.get_text() for t in axes.texts] == ["one", "84 % of the gain: not linear"]


def test_the_rules_decide_where_they_are_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"verdict": "undecided", "truth_verdict": "linear", "truth": {"value": 0.99}, "same": None}
    figure = drawn_overview(tmp_path, monkeypatch, ROWS[:1], answer)
    assert [t.get_text() for t in figure.axes[0].texts] == ["one", "99 % of the gain: linear"]
