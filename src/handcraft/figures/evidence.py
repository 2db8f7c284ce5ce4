"""Where in the window the evidence lies, a panel a group."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handcraft.figures.style import QUIET, WIDTH, house_style, save_svg
from handcraft.files import read_csv

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOUR, TOGETHER = "#0072B2", "#D55E00"


def plot_evidence(tables: Sequence[Path], *, titles: Sequence[str], output: Path) -> None:
    """Draw, from the tables of `evaluate_evidence`, the share of the gain that is lost without each position (bars,
    with intervals) and without it and all older ones (a line)."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    with house_style():
        rows = -(-len(tables) // 2)
        figure = Figure(figsize=(WIDTH, 0.6 + 1.35 * rows), layout="constrained")
        bars = line = None
        for path, axes in zip(tables, panels(figure, titles), strict=True):
            read = [r for r in read_csv(path) if r["share"] is not None]
            if not read:
                axes.text(0.5, 0.5, "no gain to lose", transform=axes.transAxes, ha="center", color=QUIET)
                continue
            x = [r["position"] for r in read]
            bars = axes.bar(x, [r["share"] for r in read], width=0.8, color=COLOUR)
            for r in read:
                if r["share_low"] is not None:
                    axes.plot([r["position"]] * 2, [r["share_low"], r["share_high"]], color="black", lw=1)
            (line,) = axes.plot(x, [r["up_to"] for r in read], color=TOGETHER, lw=1.2, marker=".", ms=4)
            axes.axhline(0, color=QUIET, lw=0.6)
            axes.set_xticks([p for p in x if p == x[0] or p == -1 or p % 4 == 0])
            axes.xaxis.set_major_formatter(lambda p, _: f"−{abs(p):.0f}")
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            axes.grid(axis="x", visible=False)
        if bars is not None and line is not None:
            names = ["without this position", "without it and all older ones"]
            figure.legend([bars, line], names, loc="outside upper left", ncols=2)
        figure.supxlabel("position, counted back from the gap", size=8.5)
        figure.supylabel("share of the gain lost", size=8.5)
        save_svg(figure, output)


def panels(figure: "Figure", titles: Sequence[str], alike: bool = True) -> Iterator[Any]:
    """Axes, two in a row, each with its title; with one scale of y if they are to be `alike`."""
    rows, first = -(-len(titles) // 2), None
    columns = min(len(titles), 2)
    for i, title in enumerate(titles):
        axes = figure.add_subplot(rows, columns, i + 1, sharey=first if alike else None)
        first = first or axes
        axes.set_title(title)
        axes.tick_params(length=2.5, color=QUIET)
        yield axes
