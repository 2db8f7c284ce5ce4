"""The comparison figure: every group, every predictor, accuracy and loss with their intervals."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.errors import UserError
from handcraft.figures.style import FAINT, INK, WIDTH, house_style, predictor_styles, save_svg
from handcraft.files import read_csv

ROW, HEADING, PAUSE = 0.135, 0.2, 0.1  # inches
LONG = 36
"""Letters of a title from which on the legend has one column only."""


def plot_comparison(metrics: Sequence[Path], *, titles: Sequence[str] | None = None, output: Path) -> None:
    """Draw accuracy and loss (nats) of every predictor in every group, with bootstrap intervals.

    `metrics` are evaluation tables (one a group), `titles` those of the groups (by default the name of the directory
    that each lies in).
    """
    if not metrics:
        raise UserError("no evaluation table was given to compare")
    names = titles or [path.parent.name for path in metrics]
    blocks = []
    for title, path in zip(names, metrics, strict=True):
        rows = read_csv(path)
        if not rows:
            raise UserError("this evaluation table has no rows", where=str(path))
        blocks.append((title, rows))
    _draw(blocks, output)


def _draw(blocks: list[tuple[str, list[dict[str, Any]]]], output: Path) -> None:
    from matplotlib.figure import Figure

    names: dict[str, str] = {}
    for _, rows in blocks:
        names |= {str(r["predictor"]): str(r["title"]) for r in rows}
    styles = predictor_styles(list(names))
    lines = [
        (title, [p for p in names if any(r["predictor"] == p for r in rows)], rows) for title, rows in blocks
    ]
    tall = sum(HEADING + ROW * len(present) + PAUSE for _, present, _ in lines)
    columns = 1 if max(map(len, names.values())) > LONG else 2
    legend = 0.155 * -(-len(names) // columns) + 0.1
    above, below, left, right, between = legend + 0.22, 0.28, 0.17, 0.17, 0.24
    height = tall + above + below
    with house_style():
        figure = Figure(figsize=(WIDTH, height))
        width = (WIDTH - left - right - between) / 2
        panels = [
            figure.add_axes(
                ((left + i * (width + between)) / WIDTH, below / height, width / WIDTH, tall / height)
            )
            for i in range(2)
        ]
        for axes, metric, name in zip(
            panels, ("accuracy", "loss"), ("accuracy →", "← loss (nats)"), strict=True
        ):
            _panel(axes, lines, metric, styles, tall)
            axes.set_title(name, fontsize=9)
        y = tall
        for title, present, _ in lines:
            panels[0].annotate(
                title,
                (0, y - HEADING * 0.62),
                xycoords=("axes fraction", "data"),
                weight="bold",
                va="center",
                size=8.5,
            )
            y -= HEADING + ROW * len(present) + PAUSE
        handles = [
            panels[0].plot([], [], color=styles[p][0], marker=styles[p][1], ls="", ms=5, label=t)[0]
            for p, t in names.items()
        ]
        figure.legend(
            handles=handles,
            loc="upper left",
            ncols=columns,
            bbox_to_anchor=(0, 1),
            handletextpad=0.4,
            labelspacing=0.25,
        )
        save_svg(figure, output)


def _panel(axes: Any, lines: list[Any], metric: str, styles: dict[str, tuple[str, str]], tall: float) -> None:
    """One metric's dots and intervals; y is in inches from the bottom."""
    y = tall
    for i, (_, present, rows) in enumerate(lines):
        values = {r["predictor"]: r for r in rows if r["metric"] == metric}
        if i:
            axes.axhline(y + PAUSE * 0.2, color=FAINT, lw=0.6)
        y -= HEADING
        if "majority" in values and np.isfinite(values["majority"]["value"]):
            # The line that everything must beat.
            axes.plot(
                [values["majority"]["value"]] * 2,
                [y + ROW * 0.3, y - ROW * (len(present) - 0.2)],
                color=styles["majority"][0],
                lw=0.8,
                ls=(0, (2, 2)),
            )
        for predictor in present:
            row = values.get(predictor)
            middle = y - ROW / 2
            y -= ROW
            if row is None or row["value"] is None:
                continue
            colour, marker = styles[predictor]
            if not np.isfinite(row["value"]):
                axes.text(0.99, middle, "∞ ►", transform=axes.get_yaxis_transform(), ha="right", va="center",
                          color=colour, size=7)  # fmt: skip
                continue
            if row.get("low") is not None and row.get("high") is not None:
                axes.plot(
                    [row["low"], row["high"]], [middle] * 2, color=colour, lw=1.6, solid_capstyle="butt"
                )
            size = 7.5 if marker == "*" else 4.6
            axes.plot([row["value"]], [middle], color=colour, marker=marker, ms=size, mec="white", mew=0.4)
        y -= PAUSE
    axes.set_ylim(0, tall)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="y", visible=False)
    axes.tick_params(axis="x", length=2.5)
    axes.xaxis.get_major_locator().set_params(nbins=5)
    if metric == "loss":
        axes.set_xlim(left=0)
    for label in axes.get_xticklabels():
        label.set_color(INK)
