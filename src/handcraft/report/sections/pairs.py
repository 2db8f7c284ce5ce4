"""Pairs of tokens that say together what neither says alone."""

import json
from typing import Any

from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape, join
from handcraft.report.results import Results
from handcraft.report.tables import first_only, pipe_table
from handcraft.report.values import Values

SHOWN = 4
"""Pairs of a group in the table."""


def table_pairs(results: Results, values: Values) -> Markdown:
    """The clearest pairs of each group, with an example where excerpts may be shown."""
    rows: list[list[object]] = []
    for g in results.metadata.groups:
        for i, r in enumerate(results.pairs[g.name][:SHOWN]):
            name = f"pair.{g.name}.{i}"
            sides = [f"{escape(r[f'{side}token'])} (−{-r[f'{side}position']})" for side in ("", "other_")]
            cells: list[object] = [g.title, Markdown(" with ".join(sides)), r["candidate"].strip()]
            cells += [values.put(f"{name}.value", r["value"], "logit"), values.put(f"{name}.seen", r["seen"])]
            cells += [values.put(f"{name}.z", r["z"], "logit", digits=1)]
            cells.append(Markdown("yes" if r["confirmed"] else "no"))
            rows.append([*cells, *([_example(r)] if results.metadata.excerpts else [])])
    header = ["group", "pair", "word", "push (nats)", "seen", "z", "confirmed"]
    header += ["example"] if results.metadata.excerpts else []
    return pipe_table(header, first_only(rows), "lllrrrll"[: len(header)]) if rows else Markdown("")


def _example(row: dict[str, Any]) -> Markdown:
    """A validation context that has the pair, from its farther token on, and the word that came."""
    found = json.loads(row["examples"] or "[]")
    if not found:
        return Markdown("–")
    text, word = found[0]
    return Markdown(f"… {escape(text.strip())} **{escape(word.strip())}**")


def counts(results: Results, values: Values) -> Markdown:
    """How many pairs were found and confirmed, group by group."""
    parts: list[str] = []
    for g in results.metadata.groups:
        found = results.pairs[g.name]
        all_ = values.put(f"pairs.{g.name}.found", len(found))
        kept = values.put(f"pairs.{g.name}.confirmed", sum(r["confirmed"] for r in found))
        parts.append(Markdown(f"{all_} in {escape(g.title)} ({kept} confirmed)"))
    return join(parts)


def gains(results: Results, values: Values) -> Markdown:
    """What all pairs of a group bring on test contexts, and their share of the non-linear predictor's advantage."""
    parts: list[str] = []
    for g in results.metadata.groups:
        rows = results.pairs_curve[g.name]
        if len(rows) < 2:
            continue
        last, name = rows[-1], f"pairs.{g.name}"
        gain = values.put(f"{name}.gain", last["gain"], "change", low=last["low"], high=last["high"])
        text = f"{gain} nats in {escape(g.title)}"
        if last["share"] is not None:
            bounds = {"low": last["share_low"], "high": last["share_high"]}
            text += f" ({values.put(f'{name}.share', last['share'], 'share', digits=0, **bounds)} of the advantage)"
        parts.append(Markdown(text))
    return join(parts) if parts else Markdown("")


def add_values(values: Values, results: Results) -> None:
    """On the planted corpus: how many interactions the confirmed pairs found, and how many of the pairs are planted."""
    rows = [r for r in results.planted if r["pairs_confirmed"] is not None]
    if rows:
        for name in ("interactions", "interactions_found", "pairs_confirmed", "pairs_planted"):
            values.add(f"planted.{name}", sum(r[name] for r in rows))


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values = context.results, context.values
    return {
        "has_pairs": any(results.pairs_curve.values()),
        "table_pairs": lambda: table_pairs(results, values),
        "pair_counts": lambda: counts(results, values),
        "pair_gains": lambda: gains(results, values),
    }
