"""How much the first weights bring: share of the gain over the number of weights, all groups in one panel."""

from collections.abc import Sequence
from pathlib import Path

from handcraft.analysis.path import shares_of_gain
from handcraft.figures.style import FAINT, QUIET, WIDTH, house_style, save_svg
from handcraft.files import read_csv

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#882255", "#B8860B", "#56606b", "#56B4E9", "#CC79A7")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")


def plot_path(tables: Sequence[Path], *, titles: Sequence[str], output: Path) -> None:
    """Draw, from the tables of `train_linear`, the share of the chosen model's gain in validation loss that each number
    of weights brings: a line a group, from the first weights to the chosen ones; the sparser choice is marked."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import PercentFormatter

    with house_style():
        figure = Figure(figsize=(WIDTH, 3.1), layout="constrained")
        axes = figure.add_subplot()
        handles = []
        for i, (path, title) in enumerate(zip(tables, titles, strict=True)):
            table = read_csv(path)
            points = [p for p in shares_of_gain(table) if p[0]]
            if not points:
                continue
            colour, marker = COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]
            axes.plot(*zip(*points, strict=True), color=colour, marker=marker, ms=3.2, lw=1.3)
            sparser = next((r["nonzeros"] for r in table if r["sparser"]), None)
            for weights, share in points:
                if weights == sparser:
                    axes.plot([weights], [share], marker=marker, ms=9, mfc="none", mec=colour, mew=1.2)
            handles.append(Line2D([], [], color=colour, marker=marker, ms=4, label=title))
        axes.set_xscale("log")
        axes.set_ylim(0, 1.04)
        axes.axhline(1, color=FAINT, lw=0.8)
        axes.minorticks_off()
        axes.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}")
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes.set_xlabel("weights that are not zero")
        axes.set_ylabel("share of the gain")
        if handles:
            handles.append(
                Line2D([], [], color=QUIET, marker="o", ms=8, mfc="none", ls="", label="sparser choice")
            )
            axes.legend(handles=handles, loc="lower right")
        else:
            axes.text(
                0.5, 0.5, "no weight gains anything", transform=axes.transAxes, ha="center", color=QUIET
            )
        save_svg(figure, output)
