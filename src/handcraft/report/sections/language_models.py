"""What the report says of language models: rows of their own table, calibration, and which of them is missing."""

from typing import Any

from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape
from handcraft.report.results import Results
from handcraft.report.tables import first_only, pipe_table
from handcraft.report.values import Values

ROWS = {
    "natural": "as it is",
    "rescaled": "rescaled",
    "prior_adjusted": "prior-adjusted",
    "end_of_word": "end of word",
    "long_context": "whole story",
}


def missing_models(results: Results) -> list[dict[str, str]]:
    """Given models that could not be queried: title, what is wrong, what to do."""
    records = [results.retrieved(name) for name in results.metadata.given_models]
    return [r for r in records if r and not r["available"]]


def models(results: Results) -> list[dict[str, Any]]:
    """Models that answered: id (safe in a file name) and title."""
    found = {r["predictor"]: r["title"] for r in results.language_models}
    return [{"id": Markdown(name), "title": title} for name, title in found.items()]


def table_rows(results: Results, values: Values, predictor: str) -> Markdown:
    """Every row of one model in every group: accuracy, loss, and the loss's difference to the model as it is."""
    rows: list[list[object]] = []
    for group in results.metadata.groups:
        own = [r for r in results.language_models if (r["group"], r["predictor"]) == (group.name, predictor)]
        found = {(r["row"], r["metric"]): r for r in own}
        for name, title in ROWS.items():
            if (name, "loss") not in found:
                continue
            accuracy, loss = found[name, "accuracy"], found[name, "loss"]
            cells: list[object] = [group.title, Markdown(title)]
            key = f"lm.{predictor}.{group.name}.{name}"
            for one, unit in ((accuracy, "share"), (loss, "nats")):
                bounds = {"low": one["low"], "high": one["high"]}
                cells.append(values.put(f"{key}.{one['metric']}", one["value"], unit, **bounds))
            bounds = {"low": loss["difference_low"], "high": loss["difference_high"]}
            change = values.put(f"{key}.change", loss["difference"], "change", **bounds)
            cells.append(change if loss["difference"] is not None else Markdown(""))
            rows.append([*cells, values.put(f"{key}.contexts", loss["n"])])
    header = ["group", "row", "accuracy", "loss (nats)", "change in loss", "contexts"]
    return pipe_table(header, first_only(rows), "llrrrr")


def table_calibration(results: Results, values: Values) -> Markdown:
    """Calibration error of the three versions of every model in every group, and the temperature fitted."""
    rows: list[list[object]] = []
    titles = {g.name: g.title for g in results.metadata.groups}
    several = len(models(results)) > 1
    found = {(r["predictor"], r["group"], r["version"]): r for r in results.calibration}
    for predictor, group in dict.fromkeys((r["predictor"], r["group"]) for r in results.calibration):
        own = [found[predictor, group, v] for v in ("natural", "rescaled", "prior_adjusted")]
        name = f"{escape(own[0]['title'])}: " if several else ""
        cells: list[object] = [Markdown(f"{name}{escape(titles.get(group, group))}")]
        key = f"lm.{predictor}.{group}.calibration"
        for r in own:
            bounds = {"low": r["low"], "high": r["high"]}
            cells.append(values.put(f"{key}.{r['version']}", r["error"], "share", **bounds))
        for r in own[1:]:
            cells.append(values.put(f"{key}.{r['version']}.temperature", r["temperature"], digits=2))
        rows.append(cells)
    header = ["group", "as it is", "rescaled", "prior-adjusted", "temperature", "with biases"]
    return pipe_table(header, rows, "lrrrrr")


def table_patterns(results: Results, values: Values) -> Markdown:
    """The last tokens after which the linear model and the baseline differ most, with a context of each."""
    title = results.metadata.title_of
    rows: list[list[object]] = []
    for group in results.metadata.groups:
        found = results.patterns(group.name)
        texts = results.context_texts(group.name, [r["context"] for r in found])
        for i, (r, text) in enumerate(zip(found, texts, strict=True)):
            key = f"patterns.{group.name}.{i}"
            bounds = {"low": r["low"], "high": r["high"]}
            shown = " ".join(f"[{escape(piece)}]{{.token}}" for piece in r["pattern"].split(" "))
            better = title(r["better"]).partition(" (")[0]
            cells: list[object] = [group.title, Markdown(shown), better]
            cells.append(values.put(f"{key}.difference", r["difference"], "change", digits=4, **bounds))
            cells.append(values.put(f"{key}.contexts", r["contexts"]))
            rows.append([*cells, f"… {text}"] if results.metadata.excerpts else cells)
    header = [
        "group",
        "last tokens",
        "better",
        "difference (nats)",
        "contexts",
        "the context that differs most",
    ]
    columns = len(header) if results.metadata.excerpts else len(header) - 1
    return pipe_table(header[:columns], first_only(rows), "lllrrl"[:columns])


def add_values(values: Values, results: Results) -> None:
    """`lm.<id>.contexts`, `.cut`, `.spans`: how many test contexts were put to it, and which were awkward as text.

    `lm.<id>.checked`, `.difference`: how many questions of all kinds were put to it again one by one, and by how much
    (nats) the answers differ at most.
    """
    each = [r["confidence"] for g in results.metadata.groups for r in results.patterns(g.name)]
    values.add("patterns.each", min(each, default=None), "share", digits=3)
    tried = [r["tried"] for g in results.metadata.groups for r in results.patterns(g.name)]
    values.add("patterns.tried", max(tried, default=None))
    for predictor in {r["predictor"] for r in results.asked}:
        own = [r for r in results.asked if r["predictor"] == predictor and r["question"] == "test"]
        for what in ("contexts", "cut", "spans"):
            values.add(f"lm.{predictor}.{what}", sum(r[what] or 0 for r in own))
        checked = [r for r in results.asked if r["predictor"] == predictor and r.get("checked")]
        if checked:
            values.add(f"lm.{predictor}.checked", sum(r["checked"] for r in checked))
            values.add(f"lm.{predictor}.difference", max(r["difference"] for r in checked), "p")


def before_text(results: Results, predictor: str) -> str:
    """What stood before every text put to a model: a token and why, in words, or nothing."""
    return next((r["bos"] or "" for r in results.asked if r["predictor"] == predictor), "")


def asked_singly(results: Results, predictor: str) -> bool:
    """Whether fast and plain answers of this model differed, so that it was asked one by one."""
    return any(r["predictor"] == predictor and r.get("rows") == "single" for r in results.asked)


def sort_changes(results: Results, predictor: str, row: str) -> dict[str, list[str]]:
    """Titles of the groups whose loss this row lowers, raises, or does not distinguishably change."""
    sorted_: dict[str, list[str]] = {"lower": [], "higher": [], "level": []}
    titles = {g.name: g.title for g in results.metadata.groups}
    for r in results.language_models:
        if (r["predictor"], r["row"], r["metric"]) != (predictor, row, "loss") or r["difference_low"] is None:
            continue
        verdict = "lower" if r["difference_high"] < 0 else "higher" if r["difference_low"] > 0 else "level"
        sorted_[verdict].append(titles[r["group"]])
    return sorted_


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values = context.results, context.values
    return {
        "table_lm_rows": lambda lm: table_rows(results, values, lm),
        "table_patterns": lambda: table_patterns(results, values),
        "has_patterns": any(results.patterns(g.name) for g in results.metadata.groups),
        "table_calibration": lambda: table_calibration(results, values),
        "language_models": models(results),
        "missing_models": missing_models(results),
        "before_text": lambda lm: before_text(results, lm),
        "asked_singly": lambda lm: asked_singly(results, lm),
        "sort_changes": lambda lm, row: sort_changes(results, lm, row),
        "has_long_context": any(r["row"] == "long_context" for r in results.language_models),
        "has_end_of_word": any(r["row"] == "end_of_word" for r in results.language_models),
    }
