"""What the post published, beside what this build found, with a plain verdict each."""

from typing import Any

from handcraft.evaluation.published import CANDIDATES, GROUP, WEIGHTS, published_table
from handcraft.report.escape import Markdown, escape
from handcraft.report.results import Facts, Results
from handcraft.report.tables import pipe_table
from handcraft.report.values import Values, show, show_interval

ROUNDING = 0.02
"""Nats by which a figure read off the post's plot may be off."""


def published_rows(confidence: float) -> dict[str, dict[str, Any]]:
    """The published figures by name."""
    return {row["name"]: row for row in published_table(confidence)}


def shown(row: dict[str, Any]) -> Markdown:
    """A published figure as it was published: `0.57`, `62,500`, `35 of 50`, `+3.356`."""
    if row["correct"] is not None:
        return Markdown(f"{row['correct']} of {row['n']}")
    digits = {"nats": 2, "batches": 0, "logit": 3}.get(row["unit"], 2)
    return show(row["value"], row["unit"], digits)


def applies(facts: Facts) -> bool:
    """Whether the build has the very group that the post is about."""
    group = facts.group(GROUP)
    return group is not None and set(group["candidates"]) == set(CANDIDATES)


def published_beside(results: Results, values: Values) -> Markdown:
    """One row for each published figure: the figure, ours, the verdict."""
    rows: list[list[object]] = []
    for row in published_table(results.facts.confidence):
        title, unit = row["title"], row["unit"]
        if row["token"] is not None:
            token, word = (t.strip() or t for t in (row["token"], row["candidate"]))
            title = Markdown(f"weight of “{escape(token)}”, last position, for “{escape(word)}”")
        ours, low, high = _ours(row, results, values)
        text = show(ours, unit) if ours is not None else Markdown("absent")
        if row["correct"] is not None and _labelled(results.facts):
            text = Markdown("see @sec-people")
        if bounds := show_interval(low, high, unit):
            text = Markdown(f"{text} [{bounds}]{{.interval}}")
        rows.append([title, shown(row), text, Markdown(_verdict(row, ours, low, high, results))])
    return pipe_table(["figure", "published", "this build", "verdict"], rows, "lrrl")


def _ours(
    row: dict[str, Any], results: Results, values: Values
) -> tuple[float | None, float | None, float | None]:
    name = {
        "llama_loss": f"{results.facts.baseline}.{GROUP}.loss",
        "linear_validation_loss": "training.validation_loss",
        "linear_training_loss": "training.train_loss",
        "training_batches": "training.batches",
    }.get(row["name"])
    if name == "training.validation_loss" or name == "training.train_loss" or name == "training.batches":
        name = name if results.facts.training_group == GROUP else None
    if name is not None and values.has(name):
        v = values.get(name)
        return v.value, v.low, v.high
    if row["token"] is not None and results.facts.tiles_group == GROUP:
        return results.weights.get(row["token"], {}).get(row["candidate"]), None, None
    return None, None, None


def _labelled(facts: Facts) -> bool:
    """Whether people answered for the group that the post is about."""
    return any(name.startswith(f"{GROUP}/") for name in facts.human_labels)


def _verdict(
    row: dict[str, Any], ours: float | None, low: float | None, high: float | None, results: Results
) -> str:
    facts = results.facts
    if facts.planted:
        return "not comparable"
    if row["correct"] is not None:
        return "other people, other items" if _labelled(facts) else "no human labels exist for this corpus"
    if ours is None:
        return "absent from this build"
    if row["token"] is not None:
        # Ours is centred, so the published weights are, too, before the signs are compared.
        theirs = WEIGHTS[row["token"]]
        centred = row["value"] - sum(theirs.values()) / len(theirs)
        raw = results.raw_weights.get(row["token"], {}).get(row["candidate"])
        if raw == 0:
            return "zero before centring"
        return "same sign" if centred * ours > 0 else "other sign"
    if row["unit"] == "batches":
        return "another length of training" if ours != row["value"] else "the same"
    if row["name"] == "llama_loss" and row["title"].split(":")[0] not in facts.title_of(str(facts.baseline)):
        return "another model"
    bottom, top = (low, high) if low is not None and high is not None else (ours, ours)
    if bottom - ROUNDING <= row["value"] <= top + ROUNDING:
        return "agrees"
    return "lower here" if ours < row["value"] else "higher here"
