"""What pairs of tokens bring over the number of pairs, a panel a group."""

from collections.abc import Sequence
from pathlib import Path

from handcraft.figures.evidence import panels
from handcraft.figures.style import QUIET, WIDTH, house_style, predictor_styles, save_svg
from handcraft.files import read_csv

COLOUR = "#0072B2"


def plot_pairs(tables: Sequence[Path], *, titles: Sequence[str], output: Path) -> None:
    """Draw the tables of `evaluate_pairs`: the gain on test contexts (nats) with its interval as a band, and dashed
    what the non-linear predictor gains over the linear ones."""
    from matplotlib.figure import Figure

    style = predictor_styles(["nonlinear"])["nonlinear"]
    with house_style():
        rows = -(-len(tables) // 2)
        figure = Figure(figsize=(WIDTH, 0.65 + 1.45 * rows), layout="constrained")
        handles = {}
        for path, axes in zip(tables, panels(figure, titles, alike=False), strict=True):
            read = read_csv(path)
            if len(read) < 2:
                axes.text(0.5, 0.5, "no pair was found", transform=axes.transAxes, ha="center", color=QUIET)
                axes.set_xticks([])
                axes.set_yticks([])
                continue
            x = [r["size"] for r in read]
            if all(r["low"] is not None for r in read):
                low, high = ([r[end] for r in read] for end in ("low", "high"))
                axes.fill_between(x, low, high, color=COLOUR, alpha=0.15, lw=0)
            (handles["linear, with pairs"],) = axes.plot(
                x, [r["gain"] for r in read], color=COLOUR, marker="o", ms=4
            )
            if read[0]["advantage"] is not None:
                level = read[0]["advantage"]
                handles["non-linear"] = axes.axhline(level, color=style[0], lw=1.2, ls=(0, (4, 2)))
            axes.axhline(0, color=QUIET, lw=0.6)
            axes.xaxis.get_major_locator().set_params(integer=True)
        if handles:
            figure.legend(list(handles.values()), list(handles), loc="outside upper left", ncols=2)
        figure.supxlabel("pairs", size=8.5)
        figure.supylabel("gain on test contexts (nats)", size=8.5)
        save_svg(figure, output)
