"""Where in the window the evidence lies, a panel a group."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from handcraft.figures.style import QUIET, WIDTH, house_style, save_svg
from handcraft.files import read_csv

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOUR = "#0072B2"


def plot_evidence(tables: Sequence[Path], *, titles: Sequence[str], output: Path) -> None:
    """Draw each position's share of the contribution, with its bootstrap band, from the tables of
    `evaluate_evidence`; a dotted line where every position would have the same share."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    with house_style():
        rows = -(-len(tables) // 2)
        figure = Figure(figsize=(WIDTH, 0.35 + 1.35 * rows), layout="constrained")
        for path, axes in zip(tables, panels(figure, titles), strict=True):
            read = [r for r in read_csv(path) if r["share"] is not None]
            if not read:
                axes.text(0.5, 0.5, "no weight is left", transform=axes.transAxes, ha="center", color=QUIET)
                continue
            x = [r["position"] for r in read]
            axes.bar(x, [r["share"] for r in read], width=0.8, color=COLOUR)
            for r in read:
                if r["low"] is not None:
                    axes.plot([r["position"]] * 2, [r["low"], r["high"]], color="black", lw=1)
            axes.axhline(1 / len(read), color=QUIET, lw=1, ls=(0, (1, 1.3)))
            axes.set_xticks([p for p in x if p == x[0] or p == -1 or p % 4 == 0])
            axes.xaxis.set_major_formatter(lambda p, _: f"−{abs(p):.0f}")
            axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
            axes.grid(axis="x", visible=False)
        figure.supxlabel("position, counted back from the gap", size=8.5)
        figure.supylabel("share of the contribution", size=8.5)
        save_svg(figure, output)


def panels(figure: "Figure", titles: Sequence[str]) -> Iterator[Any]:
    """Axes, two in a row, with one scale of y; each has its title."""
    rows, first = -(-len(titles) // 2), None
    columns = min(len(titles), 2)
    for i, title in enumerate(titles):
        axes = figure.add_subplot(rows, columns, i + 1, sharey=first)
        first = first or axes
        axes.set_title(title)
        axes.tick_params(length=2.5, color=QUIET)
        yield axes
