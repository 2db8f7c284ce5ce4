"""Learning curves, a panel a group: loss over training stories, with other predictors as levels."""

from collections.abc import Sequence
from pathlib import Path

from handcraft.figures.evidence import panels
from handcraft.figures.style import QUIET, WIDTH, house_style, predictor_styles, save_svg
from handcraft.files import read_csv


def plot_learning_curve(
    tables: Sequence[Path], needed: Sequence[Path], *, titles: Sequence[str], output: Path
) -> None:
    """Draw the `tables` of `evaluate_learning_curve`, with their intervals as bands, and the losses of the corrected
    language models of its tables `needed` as dashed lines."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    with house_style():
        rows = -(-len(tables) // 2)
        figure = Figure(figsize=(WIDTH, 0.65 + 1.55 * rows), layout="constrained")
        handles = {}
        for path, levels, axes in zip(tables, needed, panels(figure, titles, alike=False), strict=True):
            read = read_csv(path)
            names = list(dict.fromkeys(r["predictor"] for r in read))
            models = [r for r in read_csv(levels) if r["predictor"].endswith(".corrected")]
            given = [r["predictor"].removesuffix(".corrected") for r in models]
            styles = predictor_styles([*names, *given])
            for name in names:
                own = [r for r in read if r["predictor"] == name]
                colour, marker = styles[name]
                x = [r["size"] for r in own]
                title = "linear" if name == "linear" else "non-linear"
                if all(r["low"] is not None for r in own):
                    axes.fill_between(
                        x, [r["low"] for r in own], [r["high"] for r in own], color=colour, alpha=0.15, lw=0
                    )
                (handles[title],) = axes.plot(
                    x, [r["loss"] for r in own], color=colour, marker=marker, ms=4, lw=1.2
                )
            for r, name in zip(models, given, strict=True):
                handles[r["title"]] = axes.axhline(r["loss"], color=styles[name][0], lw=1.2, ls=(0, (4, 2)))
            axes.set_xscale("log", base=2)
            axes.xaxis.set_minor_locator(NullLocator())
            sizes = sorted({r["size"] for r in read})
            axes.set_xticks(sizes[::2] if len(sizes) > 4 else sizes)
            axes.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}")
            if not read:
                axes.text(0.5, 0.5, "too few stories", transform=axes.transAxes, ha="center", color=QUIET)
        if handles:
            figure.legend(
                list(handles.values()), list(handles), loc="outside upper left", ncols=min(len(handles), 3)
            )
        figure.supxlabel("training stories", size=8.5)
        figure.supylabel("loss on test contexts (nats)", size=8.5)
        save_svg(figure, output)
