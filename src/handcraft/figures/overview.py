"""The whole answer in one picture: per group, what the words' shares, votes, and the best others lose, on one line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handcraft.figures.style import FAINT, INK, QUIET, WIDTH, house_style, predictor_styles, save_svg
from handcraft.files import read_csv, read_json

BLOCK, BELOW, EDGE = 0.46, 0.42, 0.1  # inches
LEFT_OPEN = "#e2b8a6"
"""What a sum of votes leaves to the best predictor of the same contexts."""


def plot_overview(
    tables: Sequence[Path],
    verdicts: Sequence[Path],
    metrics: Sequence[Path],
    *,
    titles: Sequence[str],
    baseline: str | None,
    output: Path,
) -> None:
    """Draw `tables` and `verdicts` of `evaluate_linearity` and `metrics` of `evaluate_predictions`, one a group.

    A line of losses (nats) per group, with the linear share and the verdict at its right: the words' shares, the best
    linear predictor, the best of the same contexts, the language model `baseline` corrected and with the whole story,
    and the best possible where it is known.
    """
    from matplotlib.figure import Figure

    blocks = [
        (title, read_csv(table), read_json(verdict), read_csv(scores))
        for title, table, verdict, scores in zip(titles, tables, verdicts, metrics, strict=True)
    ]
    lm = predictor_styles([baseline])[baseline] if baseline else ("", "")
    named = {r["predictor"]: r["title"] for _, rows, *_ in blocks for r in rows}
    marks = (
        ("shares", *predictor_styles(["majority"])["majority"], True, "the words' shares"),
        ("linear", *predictor_styles(["linear"])["linear"], True, "best linear"),
        ("same", *predictor_styles(["nonlinear"])["nonlinear"], True, "best of the same contexts"),
        ("corrected", *lm, True, named.get(f"{baseline}.corrected", "")),
        ("story", *lm, False, named.get(f"{baseline}.long_context", "")),
        ("bayes", *predictor_styles(["bayes"])["bayes"], True, "best possible"),
    )
    places = [_places(rows, scores, baseline) for _, rows, _, scores in blocks]
    shown = [m for m in marks if any(m[0] in place for place in places)]
    legend = 0.19 * -(-len(shown) // 2) + 0.12
    tall = BLOCK * len(blocks)
    height = legend + tall + BELOW
    with house_style():
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((EDGE / WIDTH, BELOW / height, 1 - 2 * EDGE / WIDTH, tall / height))
        for i, ((title, _, verdict, _), place) in enumerate(zip(blocks, places, strict=True)):
            y = len(blocks) - i - 0.68
            axes.text(0, y + 0.37, title, size=8.5, weight="bold", va="center",
                      transform=axes.get_yaxis_transform())  # fmt: skip
            axes.text(1, y + 0.37, _verdict(verdict), size=8.5, va="center", ha="right", color=INK,
                      transform=axes.get_yaxis_transform())  # fmt: skip
            if place:
                axes.plot([min(place.values()), max(place.values())], [y, y], color=FAINT, lw=1.5, zorder=1)
            if {"linear", "same"} <= place.keys():
                gap = [place["linear"], place["same"]]
                axes.plot(gap, [y, y], color=LEFT_OPEN, lw=7, solid_capstyle="butt", zorder=2)
            for key, colour, marker, full, _ in shown[::-1]:
                if (x := place.get(key)) is not None:
                    # Language models are drawn a little lower: where they are level with votes, both are seen.
                    at = y - 0.15 if key in ("corrected", "story") else y
                    axes.plot([x], [at], zorder=3, **_mark(colour, marker, full))
        axes.set_ylim(-0.1, len(blocks))
        least = min((min(place.values()) for place in places if place), default=0.0)
        axes.set_xlim(left=max(0.0, least - 0.12 * axes.get_xlim()[1]))
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("loss on test contexts (nats); further left is better")
        handles = [
            axes.plot([], [], ls="", label=label, **_mark(colour, marker, full))[0]
            for _, colour, marker, full, label in shown
        ]
        figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, 1), ncols=2, handletextpad=0.3,
                      columnspacing=1.2, labelspacing=0.35)  # fmt: skip
        if not any(places):
            axes.text(0.5, 0.5, "nothing was scored", transform=axes.transAxes, ha="center", color=QUIET)
        save_svg(figure, output)


def _mark(colour: str, marker: str, full: bool) -> dict[str, Any]:
    """How a mark looks, in the figure and in its legend: filled, or a ring."""
    size, fill, edge = 9 if marker == "*" else 6.5, colour if full else "white", "white" if full else colour
    return {
        "marker": marker,
        "color": colour,
        "ms": size,
        "mfc": fill,
        "mec": edge,
        "mew": 0.5 if full else 1.3,
    }


def _places(
    rows: Sequence[dict[str, Any]], scores: Sequence[dict[str, Any]], baseline: str | None
) -> dict[str, float]:
    """The losses that a group's line has, by mark."""
    by_id = {r["predictor"]: r["loss"] for r in rows}
    by_role = {role: r["loss"] for r in rows for role in (r["role"] or "").split("; ")}
    shares = next((r["value"] for r in scores if (r["predictor"], r["metric"]) == ("majority", "loss")), None)
    found = {
        "shares": shares,
        "linear": by_role.get("linear", by_id.get("linear")),
        "same": by_role.get("same"),
        "corrected": by_id.get(f"{baseline}.corrected"),
        "story": by_id.get(f"{baseline}.long_context"),
        "bayes": by_id.get("bayes"),
    }
    return {key: value for key, value in found.items() if value is not None}


def _verdict(verdict: dict[str, Any]) -> str:
    """The linear share that counts, and the verdict."""
    by_rules = verdict["truth_verdict"]
    share = verdict["truth"] if by_rules else verdict["same"]
    said = str(by_rules or verdict["verdict"])
    return f"{100 * share['value']:.0f} % of the gain: {said}" if share else said
