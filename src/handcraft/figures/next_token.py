"""Where the one-layer models stand among n-gram models: loss on every next token."""

from pathlib import Path

from handcraft.config.predictors import MAIN
from handcraft.evaluation.next_token import LINEAR, MIXED, model_title
from handcraft.figures.style import INK, QUIET, WIDTH, house_style, predictor_styles, save_svg
from handcraft.files import read_csv

ROW = 0.2  # inches


def plot_next_token(table: Path, *, output: Path) -> None:
    """Draw the table of `evaluate_next_token`: a row a model, with intervals; dashed, the best n-gram model.

    Models that differ from the first one-layer model in their random start alone are faint marks in its row. Variants
    are left to the table, and so is the 1-gram: it is so far off that the others would not be told apart.
    """
    from matplotlib.figure import Figure

    everything = read_csv(table)
    rows = [r for r in everything if r["predictor"] in ("ngram", LINEAR, MAIN, MIXED) and r["order"] != 1]
    starts = [r["loss"] for r in everything if str(r["predictor"]).startswith("seed-")]
    styles = predictor_styles(["ngram", LINEAR, "one_layer"])
    with house_style():
        figure = Figure(figsize=(WIDTH, 0.55 + ROW * max(len(rows), 1)), layout="constrained")
        axes = figure.add_subplot()
        for y, r in enumerate(rows):
            colour, marker = styles.get(r["predictor"], styles["one_layer"])
            if r["low"] is not None:
                axes.plot([r["low"], r["high"]], [y, y], color=colour, lw=1.4)
            if r["predictor"] == MAIN:
                axes.plot(
                    starts,
                    [y] * len(starts),
                    ls="",
                    marker=marker,
                    color=colour,
                    ms=4,
                    alpha=0.45,
                    mec="none",
                )
            axes.plot([r["loss"]], [y], marker=marker, color=colour, ms=5, mec="white", mew=0.4)
            axes.text(
                1.01,
                y,
                f"{r['loss']:.3f}",
                size=7.5,
                color=INK,
                va="center",
                transform=axes.get_yaxis_transform(),
            )
        best = next((r["loss"] for r in rows if r["difference"] is None), None)
        if best is not None:
            axes.axvline(best, color=QUIET, lw=0.8, ls=(0, (4, 2)), zorder=0)
        axes.set_yticks(range(len(rows)), [model_title(r) for r in rows])
        axes.set_ylim(max(len(rows), 1) - 0.4, -0.6)
        axes.margins(x=0.06)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("loss (nats a token)")
        save_svg(figure, output)
