"""How few rules do how much: shares of the gain by number of weights, and the first rules in words."""

import math
from typing import Any

from handcraft.analysis.path import share_at, shares_of_gain
from handcraft.files import read_csv
from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape, join
from handcraft.report.results import Results
from handcraft.report.values import Values

TARGETS = (10, 100, 1000)
"""Numbers of weights near which a share is told."""
HUNDRED, AWAY = 100, 1.5
"""Weights that "about a hundred" may be: at most so many times more or fewer."""
SHOWN = 10
"""First rules that the card shows."""
PLACES = {-1: "the last token is", -2: "the token before the last is"}


def near(points: list[tuple[int, float]], target: int) -> tuple[int, float] | None:
    """The point whose number of weights is nearest to `target`, as a ratio; None where there is none with weights."""
    own = [p for p in points if p[0]]
    return min(own, key=lambda p: abs(math.log(p[0] / target)), default=None)


def told_shares(results: Results, values: Values, group: str) -> Markdown:
    """Of a group: `9 weights bring 43%, 92 bring 61%`."""
    points = shares_of_gain(results.path[group])
    chosen = dict.fromkeys(filter(None, (near(points, target) for target in TARGETS)))
    told: list[Markdown] = []
    for weights, share in chosen:
        n = values.put(f"few.{group}.{weights}.weights", weights)
        own = values.put(f"few.{group}.{weights}.share", share, "share", digits=0)
        told.append(Markdown(f"{n} weights bring {own}" if not told else f"{n} bring {own}"))
    return join(told)


def at_hundred(results: Results, values: Values) -> Markdown:
    """Of every group the share that about a hundred weights bring, with how many they are."""
    told = []
    for g in results.metadata.groups:
        point = near(shares_of_gain(results.path[g.name]), HUNDRED)
        if point and HUNDRED / AWAY <= point[0] <= HUNDRED * AWAY:
            n = values.put(f"few.{g.name}.{point[0]}.weights", point[0])
            share = values.put(f"few.{g.name}.{point[0]}.share", point[1], "share", digits=0)
            told.append(Markdown(f"{share} in {escape(g.title)} ({n})"))
    return join(told)


def first_rules(results: Results, values: Values) -> dict[str, Any] | None:
    """The first rules of the tiles' group in words, how many there are, and what they bring; None without any."""
    group = results.metadata.tiles_group
    path = results.root / "evaluation" / group / "first_rules.csv"
    rows = read_csv(path) if path.is_file() else []
    if not rows:
        return None
    share = share_at(results.path[group], rows[0]["l1"])
    rules = []
    for i, r in enumerate(rows[:SHOWN], start=1):
        back = values.put(f"first.{i}.back", -r["position"])
        where = Markdown(PLACES.get(r["position"]) or f"the token {back} places before the gap is")
        weight = values.put(f"first.{i}.weight", r["weight"], "logit")
        seen = values.put(f"first.{i}.seen", r["seen"])
        token, word = r["token"].replace("␣", " ").strip() or "␣", r["candidate"].strip()
        rules.append({"where": where, "token": token, "word": word, "weight": weight, "seen": seen})
    return {
        "rules": rules,
        "count": values.put("first.count", len(rows)),
        "share": values.put("first.share", share, "share", digits=0) if share is not None else None,
        "all": len(rows) <= SHOWN,
    }


def path_spoken(results: Results, values: Values) -> Markdown:
    """Alt text of the figure: how many weights the chosen model keeps in every group."""
    parts = []
    for g in results.metadata.groups:
        for r in results.path[g.name]:
            if r["chosen"]:
                parts.append(
                    Markdown(
                        f"{escape(g.title)}, all {values.put(f'linear.{g.name}.nonzeros', r['nonzeros'])} weights"
                    )
                )
    return join(parts)


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values = context.results, context.values
    return {
        "told_shares": lambda group: told_shares(results, values, group),
        "at_hundred": lambda: at_hundred(results, values),
        "first_rules": lambda: first_rules(results, values),
        "path_spoken": lambda: path_spoken(results, values),
        "has_few": any(shares_of_gain(results.path[g.name]) for g in results.metadata.groups),
    }
