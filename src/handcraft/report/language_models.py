"""What the report says of language models: rows of their own table, calibration, and which of them is missing."""

from typing import Any

from handcraft.report.escape import Markdown, escape
from handcraft.report.results import Results
from handcraft.report.tables import first_only, interval, pipe_table
from handcraft.report.values import Values, show

ROWS = {
    "natural": "as it is",
    "balanced": "balanced",
    "rescaled": "rescaled",
    "prior_adjusted": "prior-adjusted",
    "end_of_word": "end of word",
    "long_context": "whole story",
}


def missing_models(results: Results) -> list[dict[str, str]]:
    """Given models that could not be asked: title, what is wrong, what to do."""
    records = [results.retrieved(name) for name in results.facts.given_models]
    return [r for r in records if r and not r["available"]]


def models(results: Results) -> list[dict[str, Any]]:
    """Models that answered: id (safe in a file name) and title."""
    found = {r["predictor"]: r["title"] for r in results.language_models}
    return [{"id": Markdown(name), "title": title} for name, title in found.items()]


def table_rows(results: Results, predictor: str) -> Markdown:
    """Every row of one model in every group: accuracy, loss, and the loss's difference to the model as it is."""
    rows: list[list[object]] = []
    for group in results.facts.groups:
        own = [
            r for r in results.language_models if (r["group"], r["predictor"]) == (group["name"], predictor)
        ]
        found = {(r["row"], r["metric"]): r for r in own}
        for name, title in ROWS.items():
            if (name, "loss") not in found:
                continue
            accuracy, loss = found[name, "accuracy"], found[name, "loss"]
            cells: list[object] = [group["title"], Markdown(title)]
            cells.append(interval(accuracy["value"], accuracy["low"], accuracy["high"], "share"))
            cells.append(interval(loss["value"], loss["low"], loss["high"], "nats"))
            change = (loss["difference"], loss["difference_low"], loss["difference_high"])
            cells.append(_signed(*change) if loss["difference"] is not None else Markdown(""))
            rows.append([*cells, show(loss["n"])])
    header = ["group", "row", "accuracy", "loss (nats)", "change in loss", "contexts"]
    return pipe_table(header, first_only(rows), "llrrrr")


def _signed(value: float, low: float | None, high: float | None) -> Markdown:
    sign = "+" if value > 0 else ""
    return Markdown(f"{sign}{interval(value, low, high, 'nats')}")


def table_calibration(results: Results) -> Markdown:
    """Calibration error of the three versions of every model in every group, and the temperature fitted."""
    rows: list[list[object]] = []
    titles = {g["name"]: g["title"] for g in results.facts.groups}
    several = len(models(results)) > 1
    found = {(r["predictor"], r["group"], r["version"]): r for r in results.calibration}
    for predictor, group in dict.fromkeys((r["predictor"], r["group"]) for r in results.calibration):
        own = [found[predictor, group, v] for v in ("natural", "rescaled", "prior_adjusted")]
        name = f"{escape(own[0]['title'])}: " if several else ""
        cells: list[object] = [Markdown(f"{name}{escape(titles.get(group, group))}")]
        cells += [interval(r["error"], r["low"], r["high"], "share") for r in own]
        rows.append([*cells, show(own[1]["temperature"], "", 2), show(own[2]["temperature"], "", 2)])
    header = ["group", "as it is", "rescaled", "prior-adjusted", "temperature", "with biases"]
    return pipe_table(header, rows, "lrrrrr")


def add_values(values: Values, results: Results) -> None:
    """`lm.<id>.<group>.<row>.<metric>`, its `.difference`, `lm.<id>.<group>.calibration.<version>`, counts of asked."""
    for r in results.language_models:
        unit = "nats" if r["metric"] == "loss" else "share"
        key = f"lm.{r['predictor']}.{r['group']}.{r['row']}.{r['metric']}"
        values.add(key, r["value"], unit, low=r["low"], high=r["high"])
        bounds = {"low": r["difference_low"], "high": r["difference_high"]}
        values.add(f"{key}.difference", r["difference"], unit, **bounds)
    for r in results.calibration:
        key = f"lm.{r['predictor']}.{r['group']}.calibration.{r['version']}"
        values.add(key, r["error"], "share", low=r["low"], high=r["high"])
    for predictor in {r["predictor"] for r in results.asked}:
        own = [r for r in results.asked if r["predictor"] == predictor and r["question"] == "test"]
        for what in ("contexts", "cut", "changed", "spans"):
            values.add(f"lm.{predictor}.{what}", sum(r[what] or 0 for r in own))
        clipped = [
            r["clipped"] for r in results.asked if r["predictor"] == predictor and r["clipped"] is not None
        ]
        values.add(f"lm.{predictor}.clipped", sum(clipped) if clipped else None)


def sort_changes(results: Results, predictor: str, row: str) -> dict[str, list[str]]:
    """Titles of the groups whose loss this row lowers, raises, or does not distinguishably change."""
    sorted_: dict[str, list[str]] = {"lower": [], "higher": [], "level": []}
    titles = {g["name"]: g["title"] for g in results.facts.groups}
    for r in results.language_models:
        if (r["predictor"], r["row"], r["metric"]) != (predictor, row, "loss") or r["difference_low"] is None:
            continue
        verdict = "lower" if r["difference_high"] < 0 else "higher" if r["difference_low"] > 0 else "level"
        sorted_[verdict].append(titles[r["group"]])
    return sorted_
