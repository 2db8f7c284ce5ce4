"""Why a penalty: the same model without one puts large weights on tokens that it hardly saw."""

from pathlib import Path

from handcraft.analysis.shown import LARGE, large_but_rare
from handcraft.analysis.strongest import input_sizes
from handcraft.figures.style import QUIET, WIDTH, house_style, save_svg
from handcraft.figures.weights import density, mark_region
from handcraft.files import read_metadata


def plot_penalty(unpenalised: Path, weights: Path, *, support: Path, output: Path) -> None:
    """Draw two panels on one scale: the largest weight of every input without and with the penalty, over how often
    training has it, with the region of large but rare ones. With the penalty, inputs seen in no more contexts than
    penalty times contexts can have no weight at all; a dashed line stands there."""
    from matplotlib.figure import Figure

    l1 = float(read_metadata(weights)["l1"])
    sides = [
        (name, *input_sizes(path, support))
        for name, path in (("no penalty", unpenalised), ("with L1", weights))
    ]
    top = max(LARGE, *(float(size.max(initial=0)) for _, size, _, _ in sides)) * 1.12
    with house_style():
        figure = Figure(figsize=(WIDTH, 2.75), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for pane, (name, size, seen, contexts) in zip(axes, sides, strict=True):
            left = size > 0
            density(pane, seen[left], size[left], top)
            inside = int(large_but_rare(size, seen, contexts).sum())
            mark_region(pane, contexts, f"large but rare:\n{inside:,} inputs")
            pane.set_title(name)
            if name == "with L1":
                pane.axvline(l1 * contexts, ymax=0.8, color=QUIET, lw=1, ls=(0, (3, 2)))
            pane.set_xlim(0.7, max(float(seen.max(initial=1)), 10.0) * 1.3)
        figure.supxlabel("training contexts that have the token there", size=8.5)
        axes[0].set_ylabel("largest weight of the input (nats)")
        save_svg(figure, output)
