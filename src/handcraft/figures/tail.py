"""How long the tail of the one-layer model is: what so many of its parts bring, and what is missing."""

from pathlib import Path

from handcraft.analysis.one_layer.tail import ANY
from handcraft.figures.style import QUIET, WIDTH, house_style, save_svg
from handcraft.files import read_csv

KINDS = {"neurons": ("neurons", "#332288", "o"), "reads": ("sorts of reads", "#CC6677", "s")}
"""Title, colour and marker of each kind of part."""


def plot_tail(table: Path, law: Path, *, output: Path) -> None:
    """Draw the tables of `evaluate_tail`: the share of a kind's gain over the number of its parts that are kept, with
    intervals as bands, dotted in a random order; below it, on two logarithmic axes, what is missing, with the fitted
    law as a line."""
    import numpy as np
    from matplotlib.figure import Figure
    from matplotlib.ticker import PercentFormatter

    rows, laws = read_csv(table), {r["kind"]: r for r in read_csv(law)}
    with house_style():
        figure = Figure(figsize=(WIDTH, 3.1), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True)
        for kind, (title, colour, marker) in KINDS.items():
            own, anyhow = ([r for r in rows if r["kind"] == k and r["size"] > 0] for k in (kind, kind + ANY))
            if not own:
                continue
            x = np.array([r["size"] for r in own], float)
            if own[0]["share_low"] is not None:
                low, high = ([r[f"share_{end}"] for r in own] for end in ("low", "high"))
                above.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
            above.plot(
                [r["size"] for r in anyhow], [r["share"] for r in anyhow], color=colour, lw=1, ls=(0, (1, 2))
            )
            above.plot(x, [r["share"] for r in own], color=colour, marker=marker, ms=3.5, lw=1.2, label=title)
            left = [r for r in own if (r["missing_low"] or 0) > 0]
            at = np.array([r["size"] for r in left], float)
            missing = np.array([r["missing"] for r in left])
            bounds = np.array([[r["missing_low"], r["missing_high"]] for r in left]).reshape(-1, 2).T
            below.errorbar(
                at, missing, np.abs(bounds - missing), color=colour, ls="", marker=marker, ms=3.5, lw=1
            )
            found = laws.get(kind)
            if found and found["exponent"] is not None and len(at):
                fitted = at < found["kept"]
                fine = np.geomspace(at[fitted][0], at[fitted][-1], 100)
                shape, at_points = (
                    -found["exponent"] * np.log(s) - s / found["cutoff"] for s in (fine, at[fitted])
                )
                level = (np.log(missing[fitted]) - at_points).mean()
                below.plot(fine, np.exp(shape + level), color=colour, lw=1)
        above.axhline(1, color=QUIET, lw=0.8, ls=(0, (4, 2)))
        above.set_ylabel("share of the gain")
        above.yaxis.set_major_formatter(PercentFormatter(1))
        above.set_ylim(bottom=min(0.0, above.get_ylim()[0]))
        if above.get_legend_handles_labels()[0]:
            above.legend(loc="lower right")
        below.set_ylabel("missing (nats)")
        below.set_xlabel("parts kept, the strongest first")
        below.set_xscale("log")
        below.set_yscale("log")
        below.xaxis.set_major_formatter(lambda v, _: f"{v:,.0f}")
        below.yaxis.set_major_formatter(lambda v, _: f"{v:g}")
        save_svg(figure, output)
