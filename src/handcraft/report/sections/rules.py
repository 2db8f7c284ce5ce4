"""Rules: what a program proposes and how far so many of them get, and the rules of people's files."""

import re
from typing import Any

from handcraft.registry import titles
from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape, join
from handcraft.report.results import Results, Rows
from handcraft.report.tables import pipe_table
from handcraft.report.values import Values

TARGET = 0.9
"""Share of the linear model's gain for which rules are counted."""
PROPOSED, WRITTEN = 10, 8
"""Rules in either table."""


def reached(rows: Rows, kind: str) -> dict[str, Any] | None:
    """The fewest rules of a kind that reach `TARGET` of the linear model's gain; None where none do."""
    own = [r for r in rows if r["kind"] == kind]
    if not own:
        return None
    linear = own[0]["loss"] - own[0]["difference"]
    start = next(r["loss"] for r in rows if r["size"] == 0)
    if linear >= start:
        return None
    enough = [r for r in own if start - r["loss"] >= TARGET * (start - linear)]
    return min(enough, key=lambda r: r["size"], default=None)


def needed(results: Results, values: Values) -> Markdown:
    """Group by group, how many rules take the place of how many weights."""
    told: list[str] = []
    for g in results.metadata.groups:
        rows, name = results.rules_curve[g.name], f"proposals.{g.name}"
        own, weights = reached(rows, "proposals"), reached(rows, "path")
        if own is None or weights is None:
            continue
        few = values.put(f"{name}.needed", own["size"])
        many = values.put(f"{name}.weights", weights["size"])
        told.append(Markdown(f"{few} rules in {escape(g.title)} (and {many} weights)"))
    return join(told) if told else Markdown("")


def level(results: Results, values: Values) -> Markdown:
    """Group by group, the fewest proposals whose loss is not detectably above the linear model's."""
    told: list[str] = []
    for g in results.metadata.groups:
        rows = results.rules_curve[g.name]
        own = [r for r in rows if r["kind"] == "proposals" and r["difference_low"] is not None]
        enough = [r["size"] for r in own if r["difference_low"] <= 0]
        if enough:
            told.append(
                Markdown(f"{values.put(f'proposals.{g.name}.level', min(enough))} in {escape(g.title)}")
            )
    return join(told) if told else Markdown("")


def planted(results: Results, values: Values) -> dict[str, Markdown] | None:
    """On the planted corpus: counts over all groups; None elsewhere."""
    rows = results.planted_proposals
    if not rows:
        return None
    names = (
        "proposed",
        "proposed_planted",
        "linear_rules",
        "recovered",
        "interactions",
        "interactions_found",
    )
    return {name: values.put(f"proposals.planted.{name}", sum(r[name] for r in rows)) for name in names}


def short_of(results: Results) -> Markdown:
    """Groups whose proposals do not get so far, though the linear model gains something."""
    found = []
    for g in results.metadata.groups:
        rows = results.rules_curve[g.name]
        if reached(rows, "path") is not None and reached(rows, "proposals") is None:
            found.append(escape(g.title))
    return join(found) if found else Markdown("")


def counts(results: Results, values: Values) -> Markdown:
    """How many rules were proposed, group by group."""
    return join(
        [
            Markdown(
                f"{values.put(f'proposals.{g.name}.count', len(results.proposals[g.name]))} in {escape(g.title)}"
            )
            for g in results.metadata.groups
        ]
    )


def best(results: Results, values: Values) -> Markdown:
    """Group by group, the loss of all proposals on test contexts, and of the linear model."""
    told: list[str] = []
    for g in results.metadata.groups:
        own = [r for r in results.rules_curve[g.name] if r["kind"] == "proposals"]
        if own:
            last = max(own, key=lambda r: r["size"])
            loss = values.put(f"proposals.{g.name}.loss", last["loss"], "nats")
            linear = values.put(f"proposals.{g.name}.linear", last["loss"] - last["difference"], "nats")
            told.append(Markdown(f"{loss} in {escape(g.title)} (linear: {linear})"))
    return join(told) if told else Markdown("")


def table_proposed(results: Results, values: Values) -> Markdown:
    """The first proposals for the tiles' group."""
    group = results.metadata.tiles_group
    rows: list[list[object]] = []
    for i, r in enumerate(results.proposals.get(group, [])[:PROPOSED]):
        name = f"proposal.{i}"
        rows.append(
            [
                values.put(f"{name}.step", r["step"] + 1),
                _minus(r["rule"]),
                _minus(r["pushes"]),
                values.put(f"{name}.seen", r["seen"]),
                values.put(f"{name}.expected", r["expected"], "share", digits=0),
                values.put(f"{name}.came", r["came"], "share", digits=0),
                values.put(f"{name}.z", r["z"], "logit", digits=1),
            ]
        )
    header = ["rule", "when", "push (nats)", "seen", "expected", "came", "z"]
    return pipe_table(header, rows, "rllrrrr") if rows else Markdown("")


def shown_file(results: Results) -> str | None:
    """The group whose file the table shows: the tiles' group, or else the first that has one."""
    ruled = [g.name for g in results.metadata.groups if results.rules[g.name]]
    tiles = results.metadata.tiles_group
    return tiles if tiles in ruled else next(iter(ruled), None)


def table_written(results: Results, values: Values) -> Markdown:
    """The most important rules of a file."""
    group = shown_file(results)
    rows: list[list[object]] = []
    found = sorted(results.rules[group] if group else [], key=lambda r: -r["refitted"])
    for i, r in enumerate(found[:WRITTEN]):
        name = f"rule.{i}"
        note = ["redundant"] if r["redundant"] else []
        note += ["proposed"] if r["origin"] == "proposed" else []
        rows.append(
            [
                _minus(r["rule"]),
                _minus(r["pushes"]),
                values.put(f"{name}.coverage", r["coverage"], "share"),
                values.put(f"{name}.conflict", r["conflict"], "share", digits=0),
                values.put(f"{name}.precision", r["precision"], "share", digits=0),
                values.put(f"{name}.gain", r["gain"], "change"),
                values.put(
                    f"{name}.refitted",
                    r["refitted"],
                    "change",
                    low=r["refitted_low"],
                    high=r["refitted_high"],
                ),
                ", ".join(note),
            ]
        )
    header = ["when", "push (nats)", "coverage", "conflict", "precision", "gain", "refitted", "note"]
    columns = len(header) - (not any(row[-1] for row in rows))
    return (
        pipe_table(header[:columns], [row[:columns] for row in rows], "llrrrrrl"[:columns])
        if rows
        else Markdown("")
    )


def file_losses(results: Results, values: Values) -> Markdown:
    """Group by group, the losses of a file as written and refitted."""
    told: list[str] = []
    for g in results.metadata.groups:
        losses = {r["predictor"]: r["value"] for r in results.metrics[g.name] if r["metric"] == "loss"}
        if not results.rules[g.name] or not {"rules", "rules_refitted"} <= set(losses):
            continue
        count = values.put(f"rules.{g.name}.file", len(results.rules[g.name]))
        both = [values.put(f"{p}.{g.name}.loss", losses[p], "nats") for p in ("rules", "rules_refitted")]
        told.append(
            Markdown(
                f"{escape(g.title)} has {count} rules, with a loss of {both[0]} as written and {both[1]} refitted"
            )
        )
    return join(told, last="; ") if told else Markdown("")


def _minus(text: str) -> str:
    """A number's hyphen as a minus sign, which it is on paper too."""
    return re.sub(r"-(?=\d)", "−", text)


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values = context.results, context.values
    group = shown_file(results)
    shown = results.metadata.group(group) if group else None
    redundant = sum(r["redundant"] for r in results.rules[group]) if group else 0
    return {
        "has_proposals": any(results.rules_curve.values()),
        "has_rule_file": group is not None,
        "rule_file_title": shown.title if shown else "",
        "rule_file_by": results.rules_by(group) if group else "",
        "rules_as_written": titles()["rules"],
        "rules_needed": lambda: needed(results, values),
        "rules_level": lambda: level(results, values),
        "rules_planted": lambda: planted(results, values),
        "rules_short": lambda: short_of(results),
        "rules_target": lambda: values.put("rules.target", TARGET, "share", digits=0),
        "rule_counts": lambda: counts(results, values),
        "rule_losses": lambda: best(results, values),
        "rule_file_losses": lambda: file_losses(results, values),
        "rules_redundant": lambda: values.put("rules.redundant", redundant),
        "table_proposed": lambda: table_proposed(results, values),
        "table_written": lambda: table_written(results, values),
    }
