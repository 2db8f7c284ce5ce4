"""Weight tiles: what one token in the last position says for and against each candidate."""

from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.last_position import last_position_weights
from handcraft.figures.style import WIDTH, diverging, house_style, readable_on, save_svg

TILE, HEIGHT, GAP = 1.0, 0.62, 0.12
"""Width and height of a tile, and the space between two."""
PER_ROW = 5
FULL_COLOUR = 4.0
"""Nats at which a tile is as deep as it gets: one scale for all tiles, so that pictures can be compared."""


def plot_tiles(weights: Path, tokenizer: Path, *, token: str, output: Path) -> None:
    """Draw the centred weights (nats) of `token` in the last position: a rounded tile a candidate, its word over
    its weight, red for and blue against, deeper for larger."""
    draw_tiles(*last_position_weights(weights, tokenizer, token), output=output)


def draw_tiles(candidates: list[str], values: np.ndarray, *, output: Path) -> None:
    """The picture of `plot_tiles` for given words and weights [K]; at most five in a row."""
    from matplotlib.figure import Figure

    per_row = min(len(candidates), PER_ROW)
    rows = -(-len(candidates) // per_row)
    across, down = per_row * (TILE + GAP) - GAP, rows * (HEIGHT + GAP) - GAP
    with house_style():
        scale = WIDTH / (across + 2 * GAP)
        figure = Figure(figsize=(WIDTH, scale * (down + 2 * GAP)))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(-GAP, across + GAP)
        axes.set_ylim(-GAP, down + GAP)
        axes.set_axis_off()
        for i, (word, value) in enumerate(zip(candidates, values, strict=True)):
            left = (i % per_row) * (TILE + GAP)
            bottom = down - HEIGHT - (i // per_row) * (HEIGHT + GAP)
            put_tile(axes, word, float(value), (left, bottom))
        save_svg(figure, output)


def put_tile(axes: Any, word: str, value: float, corner: tuple[float, float], scale: float = 1.0) -> None:
    """One tile: its lower left `corner` in the units of `axes`, which is `TILE` by `HEIGHT`, times `scale`."""
    from matplotlib.patches import FancyBboxPatch

    (left, bottom), fill = corner, diverging(value, FULL_COLOUR)
    inset, rounding = 0.08 * scale, 0.14 * scale
    axes.add_patch(
        FancyBboxPatch(
            (left + inset, bottom + inset),
            TILE * scale - 2 * inset,
            HEIGHT * scale - 2 * inset,
            boxstyle=f"round,pad={inset},rounding_size={rounding}",
            facecolor=fill,
            edgecolor="#c9ced6" if abs(value) < 0.8 else "none",
            linewidth=0.7,
        )
    )
    ink = readable_on(fill)
    shown = word.strip() or repr(word)
    size = 11 if len(shown) <= 8 else max(6.0, 88 / len(shown))
    middle = left + TILE * scale / 2
    axes.text(middle, bottom + HEIGHT * scale * 0.66, shown, ha="center", va="center", size=size, weight="bold",
              color=ink)  # fmt: skip
    number = f"{value:+.2f}".replace("-", "−")
    axes.text(middle, bottom + HEIGHT * scale * 0.3, number, ha="center", va="center", size=10, color=ink)
