"""Strips: one token's weights at every position, for every word."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.shown import shown_tokens
from handcraft.figures.style import FAINT, NEGATIVE, NEUTRAL, POSITIVE, QUIET, WIDTH, house_style, save_svg
from handcraft.figures.tiles import FULL_COLOUR
from handcraft.files import read_metadata, read_tensors
from handcraft.math import centred
from handcraft.tokenizer.tokens import Vocabulary

CELL, TITLE, BARS, TICKS, SCALE, WORDS, BETWEEN = 0.16, 0.24, 0.26, 0.24, 0.52, 0.62, 0.16
"""Inches: the height of a word's row, of what stands over and under a strip, the room for words, between strips."""


def plot_strips(
    weights: Path,
    support: Path,
    *,
    influence: Path,
    tokenizer: Path,
    named: Sequence[str],
    count: int,
    output: Path,
) -> None:
    """Draw the centred weights (nats) of the tokens of `shown_tokens`: position across, word down, on the colour
    scale of the tiles; above each strip, as bars, how often training contexts have the token at that position."""
    from matplotlib.figure import Figure

    tensor, counts = read_tensors(weights)["weight"], read_tensors(support)["support"]
    vocabulary = Vocabulary.read(tokenizer)
    tokens = shown_tokens(influence, tokenizer, named, count)
    words = [w.strip() or w for w in read_metadata(weights)["candidates"]]
    rows = max(-(-len(tokens) // 2), 1)
    tall = CELL * len(words)
    step = TITLE + BARS + tall + TICKS
    wide, high = (WIDTH - WORDS - BETWEEN - 0.08) / 2, rows * step + SCALE
    with house_style():
        figure = Figure(figsize=(WIDTH, high))
        for i, token in enumerate(tokens):
            left, top = WORDS + (i % 2) * (wide + BETWEEN), high - (i // 2) * step - TITLE
            places = ((top - BARS, BARS - 0.03), (top - BARS - tall, tall))
            bars, heat = (
                figure.add_axes((left / WIDTH, bottom / high, wide / WIDTH, deep / high))
                for bottom, deep in places
            )
            drawn = _strip(bars, heat, centred(tensor[:, token]).T, counts[:, token])
            bars.set_title(vocabulary.show(token))
            bars.set_title(
                f"at most {counts[:, token].max():,}", loc="right", fontsize=7.5, weight="normal", color=QUIET
            )
            heat.set_yticks(range(len(words)), words if i % 2 == 0 else [""] * len(words))
            if i == 0:
                place = figure.add_axes((0.2, 0.36 / high, 0.6, 0.09 / high))
                bar = figure.colorbar(drawn, cax=place, orientation="horizontal")
                bar.set_label("against  ←  weight (nats)  →  for", size=8)
                bar.ax.xaxis.set_major_formatter(lambda v, _: f"{v:+.0f}".replace("-", "−") if v else "0")
                bar.ax.tick_params(length=0, labelsize=7.5)
                bar.outline.set_visible(False)
        save_svg(figure, output)


def _strip(bars: Any, heat: Any, values: np.ndarray, counts: np.ndarray) -> Any:
    """One token: `values` [K, length] as cells, `counts` [length] as bars above them."""
    from matplotlib.colors import LinearSegmentedColormap

    length = len(counts)
    ends = [tuple(c / 255 for c in end) for end in (NEGATIVE, NEUTRAL, POSITIVE)]
    scale = LinearSegmentedColormap.from_list("signed", ends)
    edges = np.arange(length + 1) - 0.5, np.arange(len(values) + 1) - 0.5
    limits = {"vmin": -FULL_COLOUR, "vmax": FULL_COLOUR}
    drawn = heat.pcolormesh(*edges, values, cmap=scale, edgecolors="white", linewidth=0.3, **limits)
    heat.invert_yaxis()
    marks = [p for p in range(length) if p in (0, length - 1) or (length - p) % 4 == 0]
    heat.set_xticks(marks, [f"−{length - p}" for p in marks])
    bars.bar(range(length), counts, width=0.85, color="#8a8f98")
    bars.set_xlim(-0.5, length - 0.5)
    bars.set_ylim(0, max(int(counts.max()), 1))
    bars.set_xticks([])
    bars.set_yticks([])
    for axes in (bars, heat):
        axes.grid(visible=False)
        axes.tick_params(length=0, labelsize=7.5)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
    bars.axhline(0, color=FAINT, lw=0.7)
    heat.tick_params(axis="x", colors=QUIET)
    return drawn
