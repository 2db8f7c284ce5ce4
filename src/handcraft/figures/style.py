"""One look for every figure: sizes, colours, and how an SVG is written.

Figures are drawn about as wide as a phone shows them, so that their text (8 to 9 points) stays legible at 390
pixels and in print alike. No pyplot: nothing global is left behind.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

from handcraft.files import whole_file
from handcraft.registry import PREDICTORS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PLACES = re.compile(r' (?:d|x|y|points)="[^"]*"|translate\([^)]*\)')
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_BREAKS = re.compile(r"\s*([MLHVCSQTAZz])\s*")
_REFERRED = re.compile(r'(?:href="|url\()#([^")]+)[")]')
_INDENT = re.compile(r"\n +")

WIDTH = 4.6
"""Inches; at 390 pixels a figure is then shown at four fifths of its size."""

INK, QUIET, FAINT = "#1f2328", "#5b6470", "#d9dde3"

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 8.5,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "handcraft",
}

# Colours told apart by the colour-blind (Okabe and Ito), one per predictor throughout; a marker each, for print.
_FIXED = {p.id: (p.colour, p.marker) for p in PREDICTORS} | {
    "human": ("#D55E00", "P"),
}
_MODELS = (("#009E73", "D"), ("#CC79A7", "^"), ("#56B4E9", "X"), ("#7A5195", "p"), ("#B8860B", "h"))

# The ends of a red-blue scale whose middle is nearly white; safe for the colour-blind.
POSITIVE, NEGATIVE, NEUTRAL = (178, 24, 43), (33, 102, 172), (247, 247, 247)


def predictor_styles(predictors: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each predictor id; those without a colour of their own (causal LMs) by their order."""
    others = [p for p in predictors if p not in _FIXED]
    return {p: _FIXED.get(p) or _MODELS[others.index(p) % len(_MODELS)] for p in predictors}


def diverging(value: float, limit: float) -> tuple[float, float, float]:
    """RGB in 0..1 for a signed value: red above zero, blue below, deeper for larger, deepest from `limit` on."""
    share = min(abs(value) / limit, 1.0)
    end = POSITIVE if value > 0 else NEGATIVE
    r, g, b = ((n + (e - n) * share) / 255 for n, e in zip(NEUTRAL, end, strict=True))
    return r, g, b


def readable_on(colour: tuple[float, float, float]) -> str:
    """Ink or white, whichever stands out more (WCAG contrast) on `colour`."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.066 else INK


@contextmanager
def house_style() -> Iterator[None]:
    """matplotlib's own defaults with this project's style on them, whatever the user's matplotlibrc says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def save_svg(figure: "Figure", path: Path | str) -> None:
    """Write an SVG that has no date, fixed ids, and places to a hundredth of a point. Call it inside `house_style`."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    canvas = FigureCanvasSVG(figure)
    with whole_file(path) as partial:
        canvas.print_figure(str(partial), format="svg", metadata={"Date": None, "Creator": None})
        partial.write_text(round_places(partial.read_text(encoding="utf-8")), encoding="utf-8")


def round_places(svg: str) -> str:
    """An SVG whose places have two digits after the point, with short names for what it refers to, and without spaces
    that mean nothing: a third less to send."""
    for i, name in enumerate(dict.fromkeys(_REFERRED.findall(svg))):
        svg = (
            svg.replace(f'"{name}"', f'"r{i}"')
            .replace(f'#{name}"', f'#r{i}"')
            .replace(f"#{name})", f"#r{i})")
        )

    def shorter(number: re.Match[str]) -> str:
        return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")

    def rounded(place: re.Match[str]) -> str:
        return _BREAKS.sub(r"\1", _NUMBER.sub(shorter, place[0]))

    return _INDENT.sub("\n", _PLACES.sub(rounded, svg))
