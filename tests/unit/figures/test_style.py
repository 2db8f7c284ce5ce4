"""The figures: what they show, the same bytes each time, nothing left behind."""

import hashlib
import re
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pyarrow as pa
import pytest

from handcraft.figures.comparison import plot_comparison
from handcraft.figures.style import diverging, house_style, predictor_styles, readable_on, round_places
from handcraft.figures.tiles import draw_tiles
from handcraft.figures.training import CEILING, plot_training
from handcraft.files import write_csv, write_json, write_table

TITLES = {"majority": "majority", "linear": "linear", "lm": "a $mall LM with_a <long> title & more"}


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    rows = []
    for i, (p, title) in enumerate(TITLES.items()):
        for metric, value in (("accuracy", 0.6 + 0.1 * i), ("loss", 0.9 - 0.1 * i)):
            row = {"predictor": p, "title": title, "metric": metric, "value": value}
            rows.append(
                row
                | {
                    "low": value - 0.02 if i else None,
                    "high": value + 0.02 if i else None,
                    "n": 9,
                    "stories": 3,
                }
            )
    write_csv(tmp_path / "metrics.csv", rows)
    return tmp_path / "metrics.csv"


@pytest.fixture
def history(tmp_path: Path) -> Path:
    return _history(tmp_path / "history.parquet")


@pytest.fixture
def ended(tmp_path: Path) -> Path:
    write_json(tmp_path / "ended.json", {"optimum": {"train_loss": 0.4, "validation_loss": 0.5}})
    return tmp_path / "ended.json"


def _history(path: Path, level: float = 0.5) -> Path:
    batch = np.arange(0, 1000, 10)
    table = {"batch": batch.astype(np.int32)}
    for name in ("train_loss", "l1_term", "validation_loss"):
        for end in ("", "_smoothed"):
            table[name + end] = level + np.exp(-batch / 100)
    write_table(path, pa.table(table))
    return path


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_same_bytes_no_date_no_text_as_font(
    history: Path, ended: Path, metrics: Path, tmp_path: Path
) -> None:
    draws = {
        "training": lambda out: plot_training(history, ended, evaluation=metrics, baseline="lm", output=out),
        "comparison": lambda out: plot_comparison([metrics, metrics], output=out, titles=["one", "t$wo_"]),
        "tiles": lambda out: draw_tiles(
            [" and", "$x$", " extraordinarily"], np.array([1.0, -2.0, 1.0]), output=out
        ),
    }
    for name, draw in draws.items():
        first, second = tmp_path / f"{name}1.svg", tmp_path / f"{name}2.svg"
        draw(first)
        draw(second)
        assert _hash(first) == _hash(second), name
        svg = first.read_text()
        assert "<text" not in svg, "letters are drawn as paths, so that no font is needed"
        assert "dc:date" not in svg


def test_nothing_global_is_left_behind(metrics: Path, tmp_path: Path) -> None:
    import sys

    before = dict(mpl.rcParams)
    plot_comparison([metrics], output=tmp_path / "c.svg")
    assert dict(mpl.rcParams) == before
    assert "handcraft.figures.style" in sys.modules


def test_the_users_matplotlibrc_does_not_matter(metrics: Path, tmp_path: Path) -> None:
    plot_comparison([metrics], output=tmp_path / "a.svg")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        plot_comparison([metrics], output=tmp_path / "b.svg")
    assert _hash(tmp_path / "a.svg") == _hash(tmp_path / "b.svg")


def test_the_training_figure_has_the_curves_the_optimum_and_the_baseline(
    history: Path, ended: Path, metrics: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handcraft.figures import training

    drawn = {}
    monkeypatch.setattr(training, "save_svg", lambda figure, path: drawn.update(axes=figure.axes[0]))
    plot_training(history, ended, evaluation=metrics, baseline="lm", output=tmp_path / "t.svg")
    axes = drawn["axes"]
    labels = [line.get_label() for line in axes.lines]
    assert len(labels) == 9
    assert [line.get_ydata()[0] for line in axes.lines if line.get_label().startswith("optimum")] == [
        0.4,
        0.5,
    ]
    assert labels[-1].startswith(TITLES["lm"])
    assert [line.get_linestyle() for line in axes.lines] == ["-"] * 6 + ["--"] * 3
    assert axes.get_ylim() == (0, CEILING)
    none = tmp_path / "none.json"
    write_json(none, {"optimum": None})
    plot_training(
        _history(tmp_path / "high.parquet", level=1.9),
        none,
        evaluation=metrics,
        baseline=None,
        output=tmp_path / "t.svg",
    )
    assert drawn["axes"].get_ylim()[1] > 1.9
    assert len(drawn["axes"].lines) == 6


def test_without_answers_of_the_baseline_there_is_no_dashed_line(
    history: Path, ended: Path, metrics: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from handcraft.figures import training

    drawn = {}
    monkeypatch.setattr(training, "save_svg", lambda figure, path: drawn.update(axes=figure.axes[0]))
    plot_training(history, ended, evaluation=metrics, baseline=None, output=tmp_path / "none.svg")
    without = len(drawn["axes"].lines)
    plot_training(history, ended, evaluation=metrics, baseline="absent", output=tmp_path / "absent.svg")
    assert len(drawn["axes"].lines) == without


def test_tiles_are_red_for_and_blue_against_and_deeper_for_larger() -> None:
    red, blue = diverging(3.0, 4.0), diverging(-3.0, 4.0)
    assert red[0] > red[2]
    assert blue[2] > blue[0]
    assert sum(diverging(1.0, 4.0)) > sum(red)
    assert diverging(9.0, 4.0) == diverging(4.0, 4.0)
    assert readable_on(diverging(4.0, 4.0)) == "white"
    assert readable_on(diverging(0.1, 4.0)) != "white"


def test_one_colour_a_predictor_whoever_else_is_there() -> None:
    few, many = (
        predictor_styles(["linear", "lm"]),
        predictor_styles(["majority", "linear", "bayes", "lm", "other"]),
    )
    assert few["linear"] == many["linear"]
    assert few["lm"] == many["lm"]
    assert len(set(many.values())) == 5


def test_rounding_leaves_every_element_within_a_hundredth_of_a_point() -> None:

    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=(2, 2))
        axes = figure.add_subplot(title="−0.001 & <b>")
        axes.plot([0, 1 / 3, 1e-5], [1 / 7, -1e-4, 2])
        axes.scatter([0.1, 0.2], [1 / 9, 0.5])
        text = StringIO()
        figure.savefig(text, format="svg")
    before, after = text.getvalue(), round_places(text.getvalue())
    assert len(after) < 0.9 * len(before)
    ids = re.findall(r' id="([^"]*)"', after)
    assert len(ids) == len(set(ids)) == len(re.findall(' id="', before))
    assert set(re.findall(r'href="#([^"]*)"', after)) <= set(ids)
    assert set(re.findall(r"url\(#([^)]*)\)", after)) <= set(ids)
    pairs = list(
        zip(ElementTree.fromstring(before).iter(), ElementTree.fromstring(after).iter(), strict=True)
    )
    for old, new in pairs:
        assert (old.tag, old.attrib.keys()) == (new.tag, new.attrib.keys())
        for name, value in old.attrib.items():
            if name == "id" or name.endswith("href") or "url(" in value:
                continue
            numbers = [re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", x) for x in (value, new.attrib[name])]
            assert len(numbers[0]) == len(numbers[1]), name
            np.testing.assert_allclose(*(np.array(n, float) for n in numbers), atol=0.0051)
            letters = [re.sub(r"[-\d.\s]", "", x) for x in (value, new.attrib[name])]
            assert letters[0] == letters[1]
