"""The pipeline from corpus to report: which rule reads what another wrote, by room."""

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path as Curve

from handcraft.figures.style import INK, QUIET, WIDTH, house_style, save_svg

ROOMS = (
    "corpus",
    "tokenizer",
    "contexts",
    "predictors",
    "causal_lms",
    "evaluation",
    "analysis",
    "human",
    "figures",
    "explorer",
    "report",
)
"""From top to bottom."""
IN_A_ROW = 3
ROW = 0.19
"""Inches from one row of rules to the next."""
BETWEEN = 0.45
"""Rows left free between two rooms."""


def plot_pipeline(
    counts: Mapping[str, int], edges: Set[tuple[str, str]], *, rooms: Mapping[str, str], output: Path
) -> None:
    """Draw every rule that ran (`counts`: jobs by rule) in the box of its room, and beside the boxes an arrow from
    room to room wherever an (earlier rule, later rule) of `edges` leads there. `rooms` has the room of every rule.
    Within a room the rules stand in the order of work. Writes an SVG, the same bytes for the same graph."""
    depth = _depth(set(counts), set(edges))
    boxes: dict[str, tuple[float, float]] = {}
    places, y = {}, 0.0
    for room in ROOMS:
        own = sorted((rule for rule in counts if rooms.get(rule) == room), key=lambda r: (depth[r], r))
        if not own:
            continue
        for i, rule in enumerate(own):
            places[rule] = (i % IN_A_ROW, y + (i // IN_A_ROW))
        last = y + (len(own) - 1) // IN_A_ROW
        boxes[room] = (y - 0.5, last + 0.5)
        y = last + 1 + BETWEEN
    with house_style():
        figure = Figure(figsize=(WIDTH, max(y, 1.0) * ROW + 0.1))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set_ylim(max(y, 1.0) - 0.4, -0.6)
        axes.set_xlim(-1.15, IN_A_ROW + 0.1)
        for room, (top, bottom) in boxes.items():
            box = FancyBboxPatch(
                (-0.5, top), IN_A_ROW, bottom - top, boxstyle="round,pad=0,rounding_size=0.06",
                facecolor="white", edgecolor=QUIET, linewidth=0.6, mutation_aspect=2,
            )  # fmt: skip
            axes.add_patch(box)
            axes.text(
                -0.58, (top + bottom) / 2, room.replace("_", " "),
                ha="right", va="center", fontsize=6.5, color=QUIET, weight="bold",
            )  # fmt: skip
        for rule, (x, row) in sorted(places.items()):
            jobs = f" ×{counts[rule]}" if counts[rule] > 1 else ""
            axes.text(x, row, f"{rule}{jobs}", ha="center", va="center", fontsize=5.4, color=INK)
        between = {(rooms[a], rooms[b]) for a, b in edges if a in places and b in places}
        _arrows(axes, boxes, {(a, b) for a, b in between if a != b})
        save_svg(figure, output)


def _depth(rules: set[str], edges: set[tuple[str, str]]) -> dict[str, int]:
    """Of every rule how many rules it rests on, directly or not."""
    found: dict[str, set[str]] = {}

    def of(rule: str) -> set[str]:
        if rule not in found:
            found[rule] = set()
            direct = {a for a, b in edges if b == rule and a in rules}
            found[rule] = direct.union(*(of(a) for a in direct))
        return found[rule]

    return {rule: len(of(rule)) for rule in rules}


def _arrows(axes: Any, boxes: Mapping[str, tuple[float, float]], between: Set[tuple[str, str]]) -> None:
    """Arcs at the right of the boxes, each with ends of its own: those that arrive above those that leave."""
    order = {room: i for i, room in enumerate(boxes)}
    ends: dict[tuple[tuple[str, str], str], float] = {}
    for room, (top, bottom) in boxes.items():
        arriving = sorted((e for e in between if e[1] == room), key=lambda e: -order[e[0]])
        leaving = sorted((e for e in between if e[0] == room), key=lambda e: -order[e[1]])
        at_room = [*arriving, *leaving]
        for i, pair in enumerate(at_room):
            ends[pair, room] = top + (i + 1) / (len(at_room) + 1) * (bottom - top)
    edge = IN_A_ROW - 0.5
    for start, end in sorted(between, key=lambda e: (order[e[0]], order[e[1]])):
        here, there = ends[(start, end), start], ends[(start, end), end]
        out = 0.1 + 0.085 * abs(order[end] - order[start])
        points = [(edge, here), (edge + out, here), (edge + out, there), (edge, there)]
        arrow = FancyArrowPatch(
            path=Curve(points, [Curve.MOVETO, Curve.CURVE4, Curve.CURVE4, Curve.CURVE4]),
            arrowstyle="-|>", mutation_scale=4, linewidth=0.5, color="#8d97a5", shrinkA=0, shrinkB=0,
        )  # fmt: skip
        axes.add_patch(arrow)
