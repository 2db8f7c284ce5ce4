"""The training figure: the curves of the post that this project reproduces, and where they would have to end."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handcraft.errors import UserError
from handcraft.figures.style import QUIET, WIDTH, house_style, predictor_styles, save_svg
from handcraft.files import read_csv, read_json, read_table

CEILING = 1.5
"""The loss axis ends here, in nats, unless the curves stay above it."""

# column, label, colour: the same three colours raw (thin, pale) and smoothed (thick)
CURVES = (
    ("train_loss", "training loss", "#0072B2"),
    ("validation_loss", "validation loss", "#D55E00"),
    ("l1_term", "L1 term", "#7a828e"),
)


OPTIMA = {"train_loss": "optimum, training", "validation_loss": "optimum, validation"}
"""Dotted lines in the colour of their curve: the exact solution of the problem that the batches approach."""


def plot_training(
    history: Path, metrics: Path, *, evaluation: Path, baseline: str | None, output: Path
) -> None:
    """Draw loss (nats) over batches: training cross-entropy, L1 term and validation loss, each raw and smoothed,
    the training and validation loss of the exact optimum as dotted lines, and the baseline's test loss as a dashed one.

    `history` and `metrics` are those of the minibatch run, `evaluation` the metrics table of the same group,
    `baseline` the id of a predictor (no line where it is None, or not in that table).
    """
    table = read_table(history).to_pydict()
    columns = ["batch"] + [name + end for name, _, _ in CURVES for end in ("", "_smoothed")]
    if missing := [c for c in columns if c not in table]:
        raise UserError(f"the training history lacks {', '.join(missing)}", where=str(history))
    curves = {c: np.asarray(table[c], dtype=float) for c in columns}
    optimum = read_json(metrics)["optimum"]
    _draw(curves, optimum, _baseline(evaluation, baseline) if baseline else None, Path(output))


@dataclass(frozen=True)
class Line:
    """The dashed line: what it is called, its loss (nats), its colour."""

    title: str
    loss: float
    colour: str


def _baseline(evaluation: Path, baseline: str) -> Line | None:
    rows = [r for r in read_csv(evaluation) if r["metric"] == "loss"]
    styles = predictor_styles([str(r["predictor"]) for r in rows])
    for row in rows:
        if row["predictor"] == baseline:
            return Line(str(row["title"]), float(row["value"]), styles[baseline][0])
    return None  # a given model that could not be had: the report says so


def _draw(
    curves: dict[str, np.ndarray], optimum: dict[str, float] | None, dashed: Line | None, output: Path
) -> None:
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, MultipleLocator

    with house_style():
        figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
        axes = figure.add_subplot()
        for name, label, colour in CURVES:
            axes.plot(curves["batch"], curves[name], color=colour, alpha=0.4, lw=0.7, label=f"{label}, raw")
            axes.plot(
                curves["batch"], curves[f"{name}_smoothed"], color=colour, lw=1.7, label=f"{label}, smoothed"
            )
        for name, label in OPTIMA.items():
            if optimum:
                colour = next(c for curve, _, c in CURVES if curve == name)
                axes.axhline(optimum[name], color=colour, ls=(0, (1, 1.3)), lw=1.6, label=label)
        if dashed:
            label = f"{dashed.title}, test loss"
            axes.axhline(dashed.loss, color=dashed.colour, ls=(0, (5, 3)), lw=1.6, label=label)
        top = _ceiling(curves, dashed)
        axes.set_ylim(0, top)
        axes.yaxis.set_major_locator(MultipleLocator(0.25 if top <= 2 * CEILING else top / 4))
        axes.set_xlim(0, float(curves["batch"].max(initial=1)))
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel("batches")
        axes.set_ylabel("loss (nats)")
        axes.tick_params(length=2.5, color=QUIET)
        handles, labels = axes.get_legend_handles_labels()
        curves_of = 2 * len(CURVES)
        lines = curves_of + (len(OPTIMA) if optimum else 0)
        columns = [range(side, lines, 2) for side in range(2)]
        for place, column in zip(("lower left", "lower right"), columns, strict=True):
            shown = [handles[i] for i in column], [labels[i] for i in column]
            figure.legend(*shown, loc=f"outside {place}", handlelength=1.6)
        # The baseline's title may be long, so it stands alone, where the curves have come down.
        if dashed:
            axes.legend(handles[-1:], labels[-1:], loc="upper right", handlelength=2.6)
        save_svg(figure, output)


def _ceiling(curves: dict[str, np.ndarray], dashed: Line | None) -> float:
    """1.5, or more where a curve's second half or the baseline lies above it."""
    settled = [curves[name][len(curves[name]) // 2 :] for name in curves if name != "batch"]
    finite = [float(np.nanmax(s)) for s in settled if np.isfinite(s).any()]
    highest = max([*finite, dashed.loss if dashed else 0.0, 0.0])
    return CEILING if highest <= CEILING else float(np.ceil(highest * 1.05 * 4) / 4)
