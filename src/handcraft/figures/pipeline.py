"""The pipeline from corpus to report: which rule reads what another wrote, by room."""

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

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
ROW = 0.27
"""Inches from one row of rules to the next."""


def plot_pipeline(
    counts: Mapping[str, int], edges: Set[tuple[str, str]], *, rooms: Mapping[str, str], output: Path
) -> None:
    """Draw every rule that ran (`counts`: jobs by rule) in the row of its room, with an arrow for every (rule, rule)
    of `edges` that no longer path implies. `rooms` has the room of every rule. Writes an SVG, the same bytes for
    the same graph."""
    behind = _behind(set(counts), set(edges))
    depth = {rule: len(found) for rule, found in behind.items()}
    places, labels, y = {}, [], 0.0
    for room in ROOMS:
        own = sorted((rule for rule in counts if rooms.get(rule) == room), key=lambda r: (depth[r], r))
        if not own:
            continue
        labels.append((y, room.replace("_", " ")))
        for i, rule in enumerate(own):
            places[rule] = (i % IN_A_ROW, y + (i // IN_A_ROW))
        y += 1.45 + (len(own) - 1) // IN_A_ROW
    with house_style():
        figure = Figure(figsize=(WIDTH, max(y, 1.0) * ROW + 0.1))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set_ylim(max(y, 1.0) - 0.4, -0.6)
        for a, b in sorted(edges):
            # An edge that a longer path implies would only hide the others.
            if a in places and b in places and not any(a in behind[m] for m in behind[b] if (m, b) in edges):
                _arrow(axes, places[a], places[b])
        for rule, (x, row) in sorted(places.items()):
            box = FancyBboxPatch(
                (x - 0.46, row - 0.34), 0.92, 0.68, boxstyle="round,pad=0,rounding_size=0.06",
                facecolor="white", edgecolor=QUIET, linewidth=0.6, zorder=3,
            )  # fmt: skip
            axes.add_patch(box)
            jobs = f" ×{counts[rule]}" if counts[rule] > 1 else ""
            axes.text(x, row, f"{rule}{jobs}", ha="center", va="center", fontsize=5.6, color=INK, zorder=4)
        for row, room in labels:
            axes.text(-0.5, row, room, ha="right", va="center", fontsize=6, color=QUIET, weight="bold")
        axes.set_xlim(-1.0, IN_A_ROW - 0.5)
        save_svg(figure, output)


def _behind(rules: set[str], edges: set[tuple[str, str]]) -> dict[str, set[str]]:
    """Of every rule all rules that it rests on, directly or not."""
    found: dict[str, set[str]] = {}

    def of(rule: str) -> set[str]:
        if rule not in found:
            found[rule] = set()
            direct = {a for a, b in edges if b == rule and a in rules}
            found[rule] = direct.union(*(of(a) for a in direct))
        return found[rule]

    for rule in rules:
        of(rule)
    return found


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    bend = 0.12 if start[0] == end[0] else 0.0
    arrow = FancyArrowPatch(
        (start[0], start[1] + 0.3), (end[0], end[1] - 0.3 if end[1] > start[1] else end[1]),
        arrowstyle="-|>", mutation_scale=4, linewidth=0.5, color="#c3c9d1",
        connectionstyle=f"arc3,rad={bend}", zorder=1,
    )  # fmt: skip
    axes.add_patch(arrow)
