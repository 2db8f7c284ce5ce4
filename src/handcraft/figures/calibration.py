"""The reliability figure: how often a language model is right where it says so and so much."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from handcraft.figures.style import QUIET, WIDTH, house_style, save_svg
from handcraft.files import read_csv

VERSIONS = {
    "natural": ("as it is", "#D55E00", "o"),
    "rescaled": ("rescaled (one temperature)", "#56B4E9", "^"),
    "prior_adjusted": ("prior-adjusted (a bias per word too)", "#009E73", "D"),
}
LEAST = 10
"""Contexts in a bin from which it is drawn: fewer say nothing."""


def plot_calibration(bins: Path, *, predictor: str, titles: Mapping[str, str], output: Path) -> None:
    """Draw one panel a group: a bin's accuracy over its mean confidence, for the three versions of the probabilities.

    `bins` is the table that `evaluate_causal_lms` writes, `predictor` a language model's id, `titles` those of the
    groups, by name. A model that did not answer gets an empty figure, which the report does not show.
    """
    rows = [r for r in read_csv(bins) if r["predictor"] == predictor and r["n"] >= LEAST]
    shown = {name: title for name, title in titles.items() if any(r["group"] == name for r in rows)}
    _draw(rows, shown, output)


def _draw(rows: list[dict[str, Any]], groups: Mapping[str, str], output: Path) -> None:
    from matplotlib.figure import Figure

    columns = 2 if len(groups) > 1 else 1
    lines = max(1, -(-len(groups) // columns))
    legend, side = 0.75, 2.05
    height = legend + side * lines + 0.3
    with house_style():
        figure = Figure(figsize=(WIDTH, height))
        handles: dict[str, Any] = {}
        for i, (name, title) in enumerate(groups.items()):
            left, line = (0.5 + (i % columns) * 2.15) / WIDTH, i // columns
            bottom = (height - legend - side * (line + 1) + 0.35) / height
            axes = figure.add_axes((left, bottom, 1.75 / WIDTH, 1.4 / height))
            axes.plot([0, 1], [0, 1], color=QUIET, lw=0.7, ls=(0, (3, 2)))
            for version, (label, colour, marker) in VERSIONS.items():
                own = [r for r in rows if r["group"] == name and r["version"] == version]
                x, y = [r["confidence"] for r in own], [r["accuracy"] for r in own]
                handles[label] = axes.plot(x, y, color=colour, marker=marker, ms=3.2, lw=1)[0]
            axes.set_title(title)
            axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
            axes.tick_params(length=2.5)
        if handles:
            figure.legend(
                handles.values(), handles.keys(), loc="upper left", bbox_to_anchor=(0, 1), labelspacing=0.25
            )
            figure.text(0.5, 0.1 / height, "probability of the answer", ha="center", color=QUIET, size=8.5)
            middle = (height - legend) / 2 / height
            figure.text(0.08 / WIDTH, middle, "share right", rotation=90, va="center", color=QUIET, size=8.5)
        save_svg(figure, output)
