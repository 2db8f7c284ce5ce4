"""The training figure: seven curves, as in the post that this project reproduces."""

from pathlib import Path
from typing import Any

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


def plot_training(history: Path, metrics: Path, evaluation: Path, baseline: str | None, output: Path) -> None:
    """Draw loss (nats) over batches: training cross-entropy, L1 term and validation loss, each raw and smoothed,
    and the baseline's test loss as a dashed line.

    `history` and `metrics` are those of the minibatch run, `evaluation` is the metrics table of the same group,
    `baseline` the id of a predictor in it (None: no line).
    """
    table = read_table(history).to_pydict()
    columns = ["batch"] + [name + end for name, _, _ in CURVES for end in ("", "_smoothed")]
    if missing := [c for c in columns if c not in table]:
        raise UserError(f"the training history lacks {', '.join(missing)}", where=str(history))
    facts = read_json(metrics)
    _draw(
        {c: np.asarray(table[c], dtype=float) for c in columns},
        baseline_loss(evaluation, baseline) if baseline else None,
        facts.get("batches"),
        baseline,
        output,
    )


def baseline_loss(evaluation: Path, baseline: str) -> tuple[str, float]:
    """Title and natural loss (nats) of a predictor in an evaluation table."""
    for row in read_csv(evaluation):
        if (row["predictor"], row["view"], row["metric"]) == (baseline, "natural", "loss"):
            return str(row["title"]), float(row["value"])
    raise UserError(f"no loss of the baseline {baseline!r} in this table", where=str(evaluation))


def _draw(
    curves: dict[str, np.ndarray],
    dashed: tuple[str, float] | None,
    batches: Any,
    baseline: str | None,
    output: Path,
) -> None:
    from matplotlib.figure import Figure

    with house_style():
        figure = Figure(figsize=(WIDTH, 3.7), layout="constrained")
        axes = figure.add_subplot()
        for name, label, colour in CURVES:
            axes.plot(curves["batch"], curves[name], color=colour, alpha=0.4, lw=0.7, label=f"{label}, raw")
            axes.plot(curves["batch"], curves[f"{name}_smoothed"], color=colour, lw=1.7, label=f"{label}, smoothed")
        if dashed:
            colour = predictor_styles([str(baseline)])[str(baseline)][0]
            axes.axhline(dashed[1], color=colour, ls=(0, (5, 3)), lw=1.6, label=f"{dashed[0]}, test loss")
        axes.set_ylim(0, _ceiling(curves, dashed))
        axes.set_xlim(0, max(float(curves["batch"].max(initial=1)), float(batches or 0)))
        axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
        axes.xaxis.get_major_locator().set_params(nbins=5)
        axes.set_xlabel("batches")
        axes.set_ylabel("loss (nats)")
        axes.tick_params(length=2.5, color=QUIET)
        handles, labels = axes.get_legend_handles_labels()
        # One key a row: a baseline's title may be long, and two columns would be clipped on a narrow figure.
        raw, smooth, rest = handles[0:6:2], handles[1:6:2], handles[6:]
        order = [h for pair in zip(raw, smooth, strict=True) for h in pair]
        names = dict(zip(handles, labels, strict=True))
        first = figure.legend(order[0::2], [names[h] for h in order[0::2]], loc="outside lower left", handlelength=1.6)
        figure.legend(order[1::2], [names[h] for h in order[1::2]], loc="outside lower right", handlelength=1.6)
        del first
        if rest:
            axes.legend(rest, [names[h] for h in rest], loc="upper right", handlelength=2.6)
        save_svg(figure, output)


def _ceiling(curves: dict[str, np.ndarray], dashed: tuple[str, float] | None) -> float:
    """1.5, or more where a curve's second half or the baseline lies above it."""
    settled = [curves[name][len(curves[name]) // 2 :] for name in curves if name != "batch"]
    finite = [float(np.nanmax(s)) for s in settled if np.isfinite(s).any()]
    highest = max([*finite, dashed[1] if dashed else 0.0, 0.0])
    return CEILING if highest <= CEILING else float(np.ceil(highest * 1.05 * 4) / 4)
