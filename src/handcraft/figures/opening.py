"""The picture that the report opens with: a sentence coloured by what its tokens add, tiles, and the answer."""

from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.opening import Opening, read_opening
from handcraft.figures.style import INK, QUIET, WIDTH, diverging, house_style, readable_on, save_svg
from handcraft.figures.tiles import FULL_COLOUR, GAP, HEIGHT, PER_ROW, TILE, put_tile

SIZE, LINE = 11.0, 0.27
"""Type of the sentence in points, and the height of its lines in inches."""
NOTE = 8.5
EDGE = 0.06


def plot_opening(
    weights: Path, tokenizer: Path, *, sentence: str, validation: Path | None, output: Path
) -> None:
    """Draw `read_opening`: the sentence, each token on the colour of its push for the most probable word; the tiles of
    its last token; the probabilities of the candidates, the five most probable where there are more."""
    found = read_opening(weights, tokenizer, sentence=sentence, validation=validation)
    draw_opening(found, output=output)


def draw_opening(found: Opening | None, *, output: Path) -> None:
    """The picture of `plot_opening`; where nothing was found, it says so."""
    from matplotlib.figure import Figure

    with house_style():
        if found is None:
            figure = Figure(figsize=(WIDTH, 0.5))
            figure.text(0.5, 0.5, "no context to show", ha="center", va="center", color=QUIET)
            save_svg(figure, output)
            return
        word = _shown(found.candidates[found.chosen])
        lines = lay_out([("… " if found.cut else "") + found.pieces[0], *found.pieces[1:]], word)
        scale = (WIDTH - 2 * EDGE) / (PER_ROW * (TILE + GAP) - GAP)
        tiles, bar = HEIGHT * scale, 0.3
        tall = 0.06 + LINE * len(lines) + 0.24 + 0.26 + tiles + 0.3 + bar + 0.06
        figure = Figure(figsize=(WIDTH, tall))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(0, tall)
        axes.set_axis_off()
        y = tall - 0.06
        for line in lines:
            y -= LINE
            for x, width, text, token in line:
                _piece(axes, (x, y, width), text, found, token)
        y -= 0.24
        axes.text(EDGE, y + 0.08, f"Colour: what each token adds for “{word}” (red) or against it (blue).",
                  size=NOTE, color=QUIET, va="center")  # fmt: skip
        y -= 0.26
        last = found.pieces[-1].strip() or found.pieces[-1]
        axes.text(EDGE, y + 0.07, f"“{last}” in the last place, in nats", size=NOTE, color=INK, va="center")
        order = _shown_candidates(found)
        for i, k in enumerate(order):
            left = EDGE + i * (TILE + GAP) * scale
            value = float(found.pushes[-1, k])
            put_tile(axes, found.candidates[k], value, (left, y - tiles), scale)
        y -= tiles + 0.3
        count = f"All {len(found.pieces)} tokens together" if len(found.pieces) > 1 else "In all"
        axes.text(EDGE, y + 0.13, f"{count}: how probable each word is", size=NOTE, color=INK, va="center")
        for i, k in enumerate(order):
            _bar(axes, EDGE + i * (TILE + GAP) * scale, y - bar, TILE * scale, float(found.probability[k]))
        save_svg(figure, output)


def _shown(word: str) -> str:
    return word.strip() or repr(word)


def _shown_candidates(found: Opening) -> list[int]:
    """The candidates in the config's order; of more than a row of tiles the most probable."""
    best = np.argsort(-found.probability, kind="stable")[:PER_ROW]
    return sorted(best.tolist())


def lay_out(pieces: list[str], word: str) -> list[list[tuple[float, float, str, int]]]:
    """Lines of (x, width, text, index of the piece; -1 is the gap with its word), broken where a word begins."""
    words: list[list[tuple[str, int]]] = []
    for i, piece in enumerate(pieces):
        if not words or piece.startswith(" "):
            words.append([])
        words[-1].append((piece, i))
    words.append([(f" {word}", -1)])
    lines: list[list[tuple[float, float, str, int]]] = [[]]
    x = EDGE
    for parts in words:
        if lines[-1] and x + sum(_width(text) for text, _ in parts) > WIDTH - EDGE:
            lines.append([])
            x = EDGE
        for text, i in parts:
            # At the start of a line the space before a word is not seen.
            shown = text.lstrip(" ") if not lines[-1] else text
            width = _width(shown) + 0.02
            lines[-1].append((x, width, shown, i))
            x += width
    return lines


def _width(text: str) -> float:
    """Inches of a text in the sentence's type, its spaces included."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    def measured(shown: str) -> float:
        font = FontProperties(family="DejaVu Sans")
        return float(TextPath((0, 0), shown, size=SIZE, prop=font, usetex=False).get_extents().width) / 72

    return measured(f"|{text.replace('$', 'S')}|") - measured("||")


def _piece(axes: Any, place: tuple[float, float, float], text: str, found: Opening, token: int) -> None:
    x, y, width = place
    fill, ink = (1.0, 1.0, 1.0), INK
    if token >= 0:
        fill = diverging(float(found.pushes[token, found.chosen]), FULL_COLOUR)
        ink = readable_on(fill)
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((x, y + 0.02), width, LINE - 0.04, facecolor=fill, edgecolor="none", linewidth=0)
    )
    start = x + 0.01 + (_width(" ") if text.startswith(" ") else 0)
    axes.text(start, y + LINE / 2, text.strip(" "), size=SIZE, color=ink, va="center_baseline",
              weight="bold" if token < 0 else "normal")  # fmt: skip
    if token < 0:
        axes.plot([start, x + width + 0.06], [y + 0.02, y + 0.02], color=INK, lw=1)


def _bar(axes: Any, left: float, bottom: float, width: float, share: float) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((left, bottom), width, 0.1, facecolor="#e6e8ec", edgecolor="none"))
    axes.add_patch(Rectangle((left, bottom), width * share, 0.1, facecolor="#0072B2", edgecolor="none"))
    axes.text(left, bottom + 0.19, f"{100 * share:.0f} %" if share >= 0.005 else "under 1 %",
              size=NOTE, color=INK, va="center")  # fmt: skip
