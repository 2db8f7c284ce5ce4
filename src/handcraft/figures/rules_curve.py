"""What so many rules gain: proposed by a program, weights along the L1 path, a person's file; a panel a group."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from handcraft import registry
from handcraft.figures.evidence import panels
from handcraft.figures.style import QUIET, WIDTH, house_style, predictor_styles, save_svg
from handcraft.files import read_csv

LEVELS = ("linear", "nonlinear", "bayes")
"""Predictors whose gain is a level, besides language models."""
KINDS = {
    "proposals": ("proposed rules", "#444444", "o"),
    "path": ("linear model's weights (L1)", *predictor_styles(["linear_sparser"])["linear_sparser"]),
    "refitted": ("file, refitted", *predictor_styles(["rules_refitted"])["rules_refitted"]),
    "written": ("file, as written", *predictor_styles(["rules"])["rules"]),
}


def plot_rules_curve(
    tables: Sequence[Path], *, metrics: Sequence[Path], titles: Sequence[str], output: Path
) -> None:
    """Draw the tables of `evaluate_rules_curve`: the gain on test contexts (nats) over the number of rules (log), with
    an interval for proposals, and dashed the gain of other predictors, from the evaluation tables `metrics`."""
    from matplotlib.figure import Figure

    with house_style():
        rows = -(-len(tables) // 2)
        figure = Figure(figsize=(WIDTH, 1.1 + 1.6 * rows), layout="constrained")
        handles: dict[str, Any] = {}
        for path, table, axes in zip(tables, metrics, panels(figure, titles, alike=False), strict=True):
            read = read_csv(path)
            for kind, (label, colour, marker) in KINDS.items():
                own = [r for r in read if r["kind"] == kind and r["size"] > 0]
                if not own:
                    continue
                x = [r["size"] for r in own]
                if kind == "proposals" and all(r["low"] is not None for r in own):
                    low, high = ([r[end] for r in own] for end in ("low", "high"))
                    axes.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
                style = {"ls": ""} if kind == "written" else {"lw": 1.2}
                (handles[label],) = axes.plot(
                    x, [r["gain"] for r in own], color=colour, marker=marker, ms=3.6, **style
                )
            levels = _levels(read_csv(table))
            colours = predictor_styles([name for name, _, _ in levels])
            for name, title, gain in levels:
                colour = colours[name][0]
                handles[title] = axes.axhline(gain, color=colour, lw=1, ls=(0, (4, 2)))
            axes.axhline(0, color=QUIET, lw=0.6)
            if any(r["size"] > 0 for r in read):
                axes.set_xscale("log")
                axes.minorticks_off()
                axes.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}")
        if handles:
            figure.legend(list(handles.values()), list(handles), loc="outside upper left", ncols=2)
        figure.supxlabel("rules, or weights that are not zero", size=8.5)
        figure.supylabel("gain on test contexts (nats)", size=8.5)
        save_svg(figure, output)


def _levels(metrics: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, float]]:
    """(id, title, gain over the words' shares) of the predictors that are drawn as levels."""
    losses = {r["predictor"]: r for r in metrics if r["metric"] == "loss" and r["value"] is not None}
    if "majority" not in losses:
        return []
    shares = losses["majority"]["value"]
    # Whoever has no row in the registry is a language model.
    shown = [p for p in losses if p in LEVELS or p not in registry.titles()]
    return [(p, losses[p]["title"], shares - losses[p]["value"]) for p in shown]
