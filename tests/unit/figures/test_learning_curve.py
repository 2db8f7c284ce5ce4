"""The figure of learning curves shows what its tables say."""

from pathlib import Path
from typing import Any

import pytest

from handcraft.figures import learning_curve
from handcraft.files import write_csv


def test_lines_bands_and_levels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {"predictor": p, "size": s, "loss": loss, "low": loss - 0.1, "high": loss + 0.1}
        for p, losses in (("linear", (1.0, 0.8)), ("nonlinear", (1.1, 0.7)))
        for s, loss in zip((50, 100), losses, strict=True)
    ]
    write_csv(tmp_path / "t.csv", rows)
    needed = [
        {"predictor": "lm.corrected", "title": "LM, corrected", "loss": 0.75},
        {"predictor": "nonlinear", "title": "non-linear", "loss": 0.7},
    ]
    write_csv(tmp_path / "n.csv", needed)
    found: dict[str, Any] = {}
    monkeypatch.setattr(learning_curve, "save_svg", lambda figure, _: found.update(figure=figure))
    learning_curve.plot_learning_curve(
        [tmp_path / "t.csv"], [tmp_path / "n.csv"], titles=["a"], output=tmp_path
    )
    (axes,) = found["figure"].axes
    lines = [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines]
    assert lines == [([50, 100], [1.0, 0.8]), ([50, 100], [1.1, 0.7]), ([0, 1], [0.75, 0.75])]
    assert axes.get_xscale() == "log"
    assert len(axes.collections) == 2
    names = [text.get_text() for text in found["figure"].legends[0].get_texts()]
    assert names == ["linear", "non-linear", "LM, corrected"]
