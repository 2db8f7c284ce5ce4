"""One decision of the one-layer model: what each of its parts adds to the advantage of its word."""

from pathlib import Path
from typing import TYPE_CHECKING

from handcraft.figures.style import INK, NEGATIVE, POSITIVE, QUIET, WIDTH, house_style, save_svg
from handcraft.files import read_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 0.165  # inches
READS = 8
"""Tokens that have a bar of their own, those that do most."""


def plot_decision(decision: Path, *, output: Path) -> None:
    """Draw what `open_decision` wrote: a bar a part, from the oldest token that does much to the bias, and their sum.

    Each bar begins where the one before it ended.
    """
    from matplotlib.figure import Figure

    found = read_json(decision)
    with house_style():
        if found is None:
            figure = Figure(figsize=(WIDTH, 0.5))
            figure.text(0.5, 0.5, "no context to open", ha="center", va="center", color=QUIET)
            save_svg(figure, output)
            return
        tokens = [f"“{_plain(t)}”" for t in found["tokens"]]
        kept = set(sorted(range(len(tokens)), key=lambda i: -abs(found["reads"][i]))[:READS])
        left = [value for i, value in enumerate(found["reads"]) if i not in kept]
        parts = [(f"reads of {len(left)} other tokens", sum(left))] if left else []
        parts += [(f"reads {tokens[i]}", found["reads"][i]) for i in sorted(kept)]
        parts.append((f"{tokens[-1]} itself", found["direct"]))
        parts += [
            (f"neuron {n['neuron']} (writes {_words(n['writes'])})", n["value"]) for n in found["neurons"]
        ]
        if found["neurons"]:
            parts.append(("all other neurons", found["others"]))
        parts.append(("bias", found["bias"]))
        figure = Figure(figsize=(WIDTH, 0.75 + ROW * (len(parts) + 1)), layout="constrained")
        axes = figure.add_subplot()
        at = 0.0
        for y, (_, value) in enumerate(parts):
            colour = tuple(c / 255 for c in (POSITIVE if value > 0 else NEGATIVE))
            axes.barh(y, value, left=at, height=0.72, color=colour, lw=0)
            axes.plot([at + value] * 2, [y - 0.36, y + 1.36], color=QUIET, lw=0.5)
            _say(axes, y, value)
            at += value
        axes.barh(len(parts), at, height=0.72, color=INK, lw=0)
        _say(axes, len(parts), at, weight="bold")
        axes.axvline(0, color=QUIET, lw=0.8)
        axes.set_yticks(range(len(parts) + 1), [*(name for name, _ in parts), "sum"])
        axes.set_ylim(len(parts) + 0.6, -0.6)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel(f"for “{_plain(found['output'])}” and against “{_plain(found['rival'])}” (nats)")
        save_svg(figure, output)


def _say(axes: "Axes", y: float, value: float, weight: str = "normal") -> None:
    """A value at the right edge."""
    axes.text(1.01, y, _signed(value), transform=axes.get_yaxis_transform(), size=7.5,
              weight=weight, va="center", color=INK)  # fmt: skip


def _signed(value: float) -> str:
    """Two digits and the sign, which nothing that rounds to zero has."""
    return f"{value:+.2f}".replace("-", "−") if abs(value) >= 0.005 else "0.00"


def _plain(token: str) -> str:
    """A token as it reads in a label."""
    return token.replace("␣", " ").strip() or token


def _words(tokens: list[str]) -> str:
    return ", ".join(f"“{_plain(t)}”" for t in tokens)
