"""The strongest weights with how often each acts, and all weights against how often they act."""

from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.shown import LARGE, RARE
from handcraft.analysis.strongest import STRONGEST, Weights, read_strongest
from handcraft.figures.style import INK, QUIET, WIDTH, diverging, house_style, save_svg
from handcraft.tokenizer.tokens import Vocabulary

REGION = "#E69F00"


def plot_weights(
    weights: Path, support: Path, *, resampling: Path | None = None, tokenizer: Path, output: Path
) -> None:
    """Draw two panels: the strongest centred weights (nats), with the training contexts that have their token there
    beside each; and the size of every weight over those contexts, coloured by the share of unstable weights where
    there are fits to resampled stories."""
    from matplotlib.figure import Figure

    found = read_strongest(weights, support, resampling)
    vocabulary = Vocabulary.read(tokenizer)
    shown = min(STRONGEST, len(found.value))
    labels = [
        f"{vocabulary.show(found.token[i])}  −{found.length - found.position[i]}  →  "
        f"{found.candidates[found.candidate[i]].strip()}"
        for i in range(shown)
    ]
    with house_style():
        upper, lower = 0.45 + 0.19 * max(shown, 1), 2.4
        figure = Figure(figsize=(WIDTH, upper + lower), layout="constrained")
        top, below = np.ravel(np.asarray(figure.subfigures(2, 1, height_ratios=[upper, lower])))
        bars, counts = top.subplots(1, 2, sharey=True, width_ratios=[3, 1.6])
        _bars(bars, counts, found, labels)
        _against(below.subplots(), found)
        save_svg(figure, output)


def _bars(bars: Any, counts: Any, found: Weights, labels: list[str]) -> None:
    rows = np.arange(len(labels))
    value, support = found.value[: len(rows)], found.support[: len(rows)]
    limit = float(np.abs(value).max(initial=1.0))
    bars.barh(rows, value, color=[diverging(float(v), limit * 0.7) for v in value], height=0.72)
    bars.axvline(0, color=QUIET, lw=0.7)
    bars.set_yticks(rows, labels)
    bars.invert_yaxis()
    bars.set_title("weight (nats)")
    counts.barh(rows, support, color="#8a8f98", height=0.72, left=0.8)
    counts.set_xscale("log")
    counts.set_xlim(0.8, max(float(support.max(initial=1)), 10.0) * 30)
    counts.minorticks_off()
    for row, n in zip(rows, support, strict=True):
        counts.text(n * 1.25 + 0.8, row, f"{n:,}", va="center", size=7.5, color=INK)
    counts.set_title("seen in training")
    counts.set_xticks([])
    for axes in (bars, counts):
        axes.grid(axis="y", visible=False)
        axes.tick_params(length=0)
        axes.spines["left"].set_visible(False)
    counts.spines["bottom"].set_visible(False)


def _against(axes: Any, found: Weights) -> None:
    size = np.abs(found.value)
    if found.unstable is None:
        density(axes, found.support, size)
    else:
        cells = density(axes, found.support, size, share=found.unstable)
        bar = axes.figure.colorbar(cells, ax=axes, pad=0.02, aspect=14)
        bar.set_label("share unstable", size=7.5)
        bar.ax.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
        bar.ax.tick_params(length=2, labelsize=7.5)
        bar.outline.set_visible(False)
    axes.set_title("every weight that is left")
    axes.set_xlabel("training contexts that have the token there")
    axes.set_ylabel("size of the weight (nats)")


def density(
    axes: Any,
    support: np.ndarray,
    size: np.ndarray,
    top: float | None = None,
    share: np.ndarray | None = None,
) -> Any:
    """How many weights have that size and that support: cells, darker for more (by the logarithm).

    With `share` (bool, a weight each), cells show instead which share of their weights it holds for.
    """
    from matplotlib.colors import LinearSegmentedColormap, LogNorm, Normalize

    top = top or float(size.max(initial=LARGE)) * 1.05
    most = np.log10(max(float(support.max(initial=1)), 10.0) * 1.3)
    edges = np.geomspace(0.7, 10**most, 37), np.linspace(0, top, 25)
    cells = np.histogram2d(np.maximum(support, 1), size, bins=edges)[0]
    norm: Any = LogNorm(1, max(float(cells.max(initial=2)), 2))
    colours, seen = ["#cfe0ee", "#0b4f80"], np.ma.masked_equal(cells.T, 0)
    if share is not None:
        held = np.histogram2d(np.maximum(support, 1)[share], size[share], bins=edges)[0]
        norm, colours, seen = Normalize(0, 1), ["#0b4f80", "#c9c3b4", "#D55E00"], held.T / seen
    scale = LinearSegmentedColormap.from_list("quiet", colours)
    drawn = axes.pcolormesh(*edges, seen, cmap=scale, norm=norm, rasterized=False, zorder=2)
    axes.set_xscale("log")
    axes.set_xlim(0.7, 10**most)
    axes.set_ylim(0, top)
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}")
    axes.tick_params(length=2.5, color=QUIET)
    return drawn


def mark_region(axes: Any, contexts: int, label: str) -> None:
    """The region of weights that are large but rare, with its `label`."""
    from matplotlib.patches import Rectangle

    right, above = RARE * contexts, max(axes.get_ylim()[1], LARGE)
    left = axes.get_xlim()[0]
    if right <= left:
        return
    box: dict[str, Any] = {"facecolor": REGION, "alpha": 0.16, "lw": 0}
    axes.add_patch(Rectangle((left, LARGE), right - left, above - LARGE, zorder=1, **box))
    axes.plot([left, right, right], [LARGE, LARGE, above], color=REGION, lw=1, zorder=3)
    axes.text(left * 1.15, above * 0.985, label, va="top", size=8, color="#7a5200", zorder=5)
