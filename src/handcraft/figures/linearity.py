"""The figure behind the verdicts: a block a group, every predictor's loss minus that of the linear model."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handcraft.figures.style import FAINT, INK, QUIET, WIDTH, house_style, predictor_styles, save_svg
from handcraft.files import read_csv, read_json

ROW, HEADING, PAUSE = 0.15, 0.22, 0.1  # inches
LETTER = 0.055
"""Inches that a letter of a row's title takes, on average."""
BAND = "#e9e4d4"
POOLED = "#56606b"


def plot_linearity(
    tables: Sequence[Path], verdicts: Sequence[Path], *, titles: Sequence[str], output: Path
) -> None:
    """Draw `tables` and `verdicts` of `evaluate_linearity`, one of each a group.

    The band reaches from the better linear predictor as far as its gain over the words' shares allows: a predictor of
    the same contexts whose whole interval lies left of the band makes the group not linear.
    """
    from matplotlib.figure import Figure

    blocks = [
        (title, [r for r in read_csv(table) if _shown(r)], read_json(verdict))
        for title, table, verdict in zip(titles, tables, verdicts, strict=True)
    ]
    tall = sum(HEADING + ROW * len(rows) + PAUSE for _, rows, _ in blocks) or 0.5
    right, above, below = 0.1, 0.06, 0.4
    longest = max((len(r["title"]) for _, rows, _ in blocks for r in rows), default=0)
    left = min(max(1.95, longest * LETTER + 0.1), 0.56 * WIDTH)
    with house_style():
        figure = Figure(figsize=(WIDTH, tall + above + below))
        axes = figure.add_axes(
            (
                left / WIDTH,
                below / (tall + above + below),
                (WIDTH - left - right) / WIDTH,
                tall / (tall + above + below),
            )
        )
        y = tall
        for title, rows, verdict in blocks:
            y -= HEADING
            top = y + 0.04
            truth = verdict["truth_verdict"]
            shown = f"{truth} by the rules" if truth else verdict["verdict"]
            # From the figure's left edge, so that a long title of a group is not cut off.
            start_x = -left / (WIDTH - left - right) + 0.01
            axes.text(start_x, y + 0.05, f"{title}: {shown}", transform=axes.get_yaxis_transform(), ha="left",
                      fontweight="bold", color=INK, size=8.5,
                      bbox={"facecolor": "white", "lw": 0, "pad": 1})  # fmt: skip
            # The linear model itself has no row: it is zero.
            start = next((r["difference"] for r in rows if "linear" in (r["role"] or "").split("; ")), 0.0)
            _band(axes, verdict, start, (y - ROW * len(rows) - 0.02, top))
            styles = predictor_styles(
                list(dict.fromkeys(_base(r["predictor"]) for r in rows if not r["parts"]))
            )
            for r in rows:
                y -= ROW
                _row(axes, r, y + ROW / 2, styles)
            y -= PAUSE
        axes.axvline(0, color=INK, lw=0.8)
        axes.set_ylim(0, tall)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x", color=FAINT)
        axes.set_xlabel("loss minus that of linear (nats)")
        save_svg(figure, output)


def _shown(row: dict[str, Any]) -> bool:
    """Not the linear model itself, which is zero, and of the pools only what was chosen."""
    return row["difference"] is not None and bool(row["role"] or not row["parts"])


def _band(axes: Any, verdict: dict[str, Any], start: float, span: tuple[float, float]) -> None:
    """What the margin allows: from the linear predictor that was chosen to where its share is 1 minus the margin."""
    if share := verdict["same"]:
        width = share["gain"] * verdict["margin"] / (1 - verdict["margin"])
        axes.fill_betweenx(span, start - width, start, color=BAND, lw=0, zorder=0)


def _base(predictor: str) -> str:
    """A language model's id, however it was asked: it has one colour."""
    return predictor.partition(".")[0]


def _row(axes: Any, row: dict[str, Any], y: float, styles: dict[str, tuple[str, str]]) -> None:
    colour, marker = (POOLED, "o") if row["parts"] else styles[_base(row["predictor"])]
    if row["difference_low"] is not None:
        axes.plot([row["difference_low"], row["difference_high"]], [y, y], color=colour, lw=1.4)
    axes.plot([row["difference"]], [y], marker=marker, color=colour, ms=4.5, mec="white", mew=0.4)
    axes.text(-0.02, y, row["title"], transform=axes.get_yaxis_transform(), ha="right", va="center", size=7.5,
              color=INK if row["role"] else QUIET)  # fmt: skip
