"""What fewer weights cost: loss over how many are left, along the path of penalties."""

from collections.abc import Sequence
from pathlib import Path

from handcraft.figures.evidence import panels
from handcraft.figures.style import QUIET, WIDTH, house_style, save_svg
from handcraft.files import read_csv

LINE, CHOSEN, SPARSER = "#0072B2", "#D55E00", "#009E73"
MARKS = (
    ("chosen", CHOSEN, "o", "least validation loss"),
    ("sparser", SPARSER, "D", "sparser: within one standard error"),
)


def plot_path(tables: Sequence[Path], *, titles: Sequence[str], output: Path) -> None:
    """Draw validation loss ± its standard error (nats) over the weights that are left, a panel a group, from the
    tables of `train_linear`; both choices marked, and a dotted line at the loss of a model without weights."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    with house_style():
        rows = -(-len(tables) // 2)
        figure = Figure(figsize=(WIDTH, 0.75 + 1.4 * rows), layout="constrained")
        every = [read_csv(path) for path in tables]
        most = max((r["nonzeros"] for table in every for r in table), default=1)
        top = max((r["validation_loss"] + r["validation_se"] for table in every for r in table), default=1)
        for table, axes in zip(every, panels(figure, titles), strict=True):
            left = sorted((r for r in table if r["nonzeros"]), key=lambda r: r["nonzeros"])
            x, y = [r["nonzeros"] for r in left], [r["validation_loss"] for r in left]
            band = [r["validation_se"] for r in left]
            if left:
                low, high = ([b + s * e for b, e in zip(y, band, strict=True)] for s in (-1, 1))
                axes.fill_between(x, low, high, color=LINE, alpha=0.2, lw=0)
                axes.plot(x, y, color=LINE, marker=".", ms=3.5, lw=1.2)
            for r in table:
                if not r["nonzeros"]:
                    axes.axhline(r["validation_loss"], color=QUIET, lw=1, ls=(0, (1, 1.3)))
                for mark, colour, shape, _ in MARKS[::-1]:
                    if r[mark] and r["nonzeros"]:
                        # The sparser choice may be the chosen one: a larger mark behind it still shows.
                        size = 5 if mark == "chosen" else 7.5
                        at = ([r["nonzeros"]], [r["validation_loss"]])
                        axes.plot(*at, color=colour, marker=shape, ms=size, mec="white", mew=0.6, zorder=4)
            axes.set_xscale("log")
            axes.set_xlim(0.8, most * 1.6)
            axes.set_ylim(0, 1.06 * top)
            axes.minorticks_off()
            axes.xaxis.set_major_formatter(lambda v, _: f"{v:.0f}" if v < 1000 else f"{v / 1000:.0f}k")
        handles = [
            Line2D([], [], color=colour, marker=shape, ls="", ms=5, label=label)
            for _, colour, shape, label in MARKS
        ]
        handles.append(Line2D([], [], color=QUIET, lw=1, ls=(0, (1, 1.3)), label="no weights at all"))
        figure.legend(handles=handles, loc="outside upper left", ncols=2, handlelength=1.4)
        figure.supxlabel("weights left", size=8.5)
        figure.supylabel("validation loss (nats)", size=8.5)
        save_svg(figure, output)
