"""How often so many rules of last tokens say what the one-layer model puts first."""

from pathlib import Path

from handcraft.figures.style import QUIET, WIDTH, house_style, predictor_styles, save_svg
from handcraft.files import read_csv

LINES = {
    "agreement": ("says what the model puts first", "one_layer"),
    "accuracy": ("says what came", "ngram"),
}
"""Title and colour of each line."""


def plot_suffix_rules(curve: Path, *, output: Path) -> None:
    """Draw the curve of `evaluate_suffix_rules`, with intervals as bands."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    rows = read_csv(curve)
    with house_style():
        figure = Figure(figsize=(WIDTH, 2.1), layout="constrained")
        axes = figure.add_subplot()
        x = [r["size"] for r in rows]
        for name, (title, predictor) in LINES.items():
            colour, marker = predictor_styles([predictor])[predictor]
            low, high = ([r[f"{name}_{end}"] for r in rows] for end in ("low", "high"))
            if None not in low:
                axes.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
            axes.plot(x, [r[name] for r in rows], color=colour, marker=marker, ms=3.5, lw=1.2, label=title)
        if rows:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}")
            axes.legend(loc="upper left")
        else:
            axes.text(0.5, 0.5, "no rule was found", transform=axes.transAxes, ha="center", color=QUIET)
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_xlabel("rules, those that set most right first")
        axes.set_ylabel("share of test tokens")
        save_svg(figure, output)
