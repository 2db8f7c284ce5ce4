"""Weight tiles: what one token in the last position says for and against each candidate."""

from pathlib import Path

import numpy as np

from handcraft.analysis.last_position import last_position_weights
from handcraft.figures.style import WIDTH, diverging, house_style, readable_on, save_svg

FULL_COLOUR = 4.0
"""Nats at which a tile is as deep as it gets: one scale for all tiles, so that pictures can be compared."""


def plot_tiles(weights: Path, tokenizer: Path, *, token: str, output: Path) -> None:
    """Draw the centred weights (nats) of `token` in the last position: a rounded tile a candidate, its word over
    its weight, red for and blue against, deeper for larger."""
    draw_tiles(*last_position_weights(weights, tokenizer, token), output=output)


def draw_tiles(candidates: list[str], values: np.ndarray, *, output: Path) -> None:
    """The picture of `plot_tiles` for given words and weights [K]; at most five in a row."""
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch

    per_row = min(len(candidates), 5)
    rows = -(-len(candidates) // per_row)
    tile, height, gap = 1.0, 0.62, 0.12
    across, down = per_row * (tile + gap) - gap, rows * (height + gap) - gap
    with house_style():
        scale = WIDTH / (across + 2 * gap)
        figure = Figure(figsize=(WIDTH, scale * (down + 2 * gap)))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(-gap, across + gap)
        axes.set_ylim(-gap, down + gap)
        axes.set_axis_off()
        for i, (word, value) in enumerate(zip(candidates, values, strict=True)):
            left = (i % per_row) * (tile + gap)
            bottom = down - height - (i // per_row) * (height + gap)
            fill = diverging(float(value), FULL_COLOUR)
            axes.add_patch(
                FancyBboxPatch(
                    (left + 0.08, bottom + 0.08),
                    tile - 0.16,
                    height - 0.16,
                    boxstyle="round,pad=0.08,rounding_size=0.14",
                    facecolor=fill,
                    edgecolor="#c9ced6" if abs(value) < 0.8 else "none",
                    linewidth=0.7,
                )
            )
            ink = readable_on(fill)
            shown = word.strip() or repr(word)
            size = 11 if len(shown) <= 8 else max(6.0, 88 / len(shown))
            middle = left + tile / 2
            axes.text(
                middle,
                bottom + height * 0.66,
                shown,
                ha="center",
                va="center",
                size=size,
                weight="bold",
                color=ink,
            )
            number = f"{value:+.2f}".replace("-", "−")
            axes.text(middle, bottom + height * 0.3, number, ha="center", va="center", size=10, color=ink)
        save_svg(figure, output)
