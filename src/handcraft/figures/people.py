"""The figure of people: everybody who answered, and every predictor, on the same few items."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handcraft.errors import UserError
from handcraft.figures.style import FAINT, INK, WIDTH, house_style, predictor_styles, save_svg
from handcraft.files import read_csv

ROW, HEADING, PAUSE = 0.17, 0.24, 0.12  # inches
LEFT, RIGHT, ABOVE, BELOW = 1.9, 0.2, 0.06, 0.42
LONGEST = 30
"""Characters of a name that fit at the left."""


def plot_people(
    people: Sequence[Path], samples: Sequence[Path], *, titles: Sequence[str], output: Path
) -> None:
    """Draw accuracy with Wilson intervals on the natural and on the balanced sample of every group.

    `people` are tables of `evaluate_people`, `samples` the predictors' (`sample.csv`), `titles` those of the groups. A
    dotted line is the majority: always the most frequent training word.
    """
    blocks = []
    for title, path, predicted in zip(titles, people, samples, strict=True):
        answered, scored = read_csv(path), read_csv(predicted)
        for name in dict.fromkeys(r["sample"] for r in answered):
            own = [r for r in answered if r["sample"] == name]
            rows = [(str(r["annotator"]), "human", r) for r in own]
            rows += [(str(r["title"]), str(r["predictor"]), r) for r in scored if r["sample"] == name]
            blocks.append((f"{title}, {name} sample", own[0]["majority"], rows))
    if not blocks:
        where = ", ".join(map(str, people))
        raise UserError(
            "no label is in these tables", where=where, remedy="human/README.md says how to add some"
        )
    _draw(blocks, Path(output))


def _draw(blocks: list[tuple[str, float, list[tuple[str, str, dict[str, Any]]]]], output: Path) -> None:
    from matplotlib.figure import Figure

    styles = predictor_styles(list(dict.fromkeys(p for _, _, rows in blocks for _, p, _ in rows)))
    tall = sum(HEADING + ROW * len(rows) + PAUSE for _, _, rows in blocks)
    height = tall + ABOVE + BELOW
    with house_style():
        figure = Figure(figsize=(WIDTH, height))
        axes = figure.add_axes((LEFT / WIDTH, BELOW / height, (WIDTH - LEFT - RIGHT) / WIDTH, tall / height))
        y = tall
        for i, (title, majority, rows) in enumerate(blocks):
            if i:
                axes.axhline(y + PAUSE * 0.3, color=FAINT, lw=0.6)
            place = (-LEFT + 0.1) / (WIDTH - LEFT - RIGHT)
            _say(axes, place, y - HEADING * 0.6, title, weight="bold", ha="left")
            y -= HEADING
            axes.plot([majority] * 2, [y + ROW * 0.3, y - ROW * (len(rows) - 0.1)], color=INK, lw=0.9, ls=":")
            for name, predictor, row in rows:
                middle, (colour, marker) = y - ROW / 2, styles[predictor]
                axes.plot(
                    [row["low"], row["high"]], [middle] * 2, color=colour, lw=1.6, solid_capstyle="butt"
                )
                axes.plot(
                    [row["accuracy"]], [middle], color=colour, marker=marker, ms=5, mec="white", mew=0.4
                )
                short = name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
                _say(axes, -0.03, middle, short, ha="right")
                y -= ROW
            y -= PAUSE
        axes.set_ylim(0, tall)
        axes.set_xlim(0, 1)
        axes.set_yticks([])
        axes.grid(axis="y", visible=False)
        axes.spines["left"].set_visible(False)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0%", "25%", "50%", "75%", "100%"])
        axes.set_xlabel("right answers")
        save_svg(figure, output)


def _say(axes: Any, x: float, y: float, text: str, **how: Any) -> None:
    """Text at a share of the width, left of the axis too."""
    axes.annotate(
        text, (x, y), xycoords=("axes fraction", "data"), va="center", size=8, annotation_clip=False, **how
    )
