"""The planted corpus only: how near we are to the best possible, and which rules came back."""

from typing import Any

from handcraft.report.escape import Markdown
from handcraft.report.results import Results
from handcraft.report.tables import first_only, pipe_table
from handcraft.report.values import Values, show

TITLES = {
    "bayes": "best possible (Bayes)",
    "bayes_loss": "best possible (Bayes)",
    "best_linear": "best linear model",
    "best_linear_loss": "best linear model",
    "linear": "our linear model",
    "linear_loss": "our linear model",
}


def add_values(values: Values, results: Results) -> None:
    """How many planted rules there are and how many came back, in all and by group."""
    rules = [r for r in results.planted_rules if _returned(r) is not None]
    if rules:
        values.add("planted.rules", len(rules))
        values.add("planted.recovered", sum(bool(_returned(r)) for r in rules))
        values.add("planted.recovered_share", sum(bool(_returned(r)) for r in rules) / len(rules), "share", digits=0)


def _returned(rule: dict[str, Any]) -> bool | None:
    """Whether a linear rule came back; None for what is no linear rule."""
    said = rule.get("recovered")
    if said in (None, ""):
        return None
    return str(said).lower() in ("true", "1", "yes")


def table_planted(results: Results) -> Markdown:
    """Losses of the best possible, the best linear and our model, by group: every column of planted.csv."""
    columns = list(results.planted[0])
    titles = {g["name"]: g["title"] for g in results.facts.groups}
    rows: list[list[object]] = []
    for row in results.planted:
        cells: list[object] = []
        for name in columns:
            x = row[name]
            if isinstance(x, float):
                cells.append(show(x, "share" if "share" in name or "ratio" in name else "nats"))
            elif isinstance(x, int):
                cells.append(show(x))
            else:
                cells.append(titles.get(str(x), TITLES.get(str(x), x)) if x is not None else None)
        rows.append(cells)
    header = [TITLES.get(c, c.replace("_", " ")) for c in columns]
    align = "".join("r" if isinstance(results.planted[0][c], int | float) else "l" for c in columns)
    return pipe_table(header, rows, align)


def table_rules(results: Results) -> Markdown:
    """By group: linear rules planted and come back."""
    rows: list[list[object]] = []
    for g in results.facts.groups:
        rules = [r for r in results.planted_rules if r["group"] == g["name"] and _returned(r) is not None]
        if rules:
            rows.append([g["title"], show(len(rules)), show(sum(bool(_returned(r)) for r in rules))])
    return pipe_table(["group", "linear rules planted", "came back"], rows, "lrr")


def table_missed(results: Results) -> Markdown | None:
    """The linear rules that did not come back, as planted_rules.csv describes them; None where all did."""
    missed = [r for r in results.planted_rules if _returned(r) is False]
    if not missed:
        return None
    columns = [c for c in missed[0] if c != "recovered"]
    rows: list[list[object]] = [[show(r[c], "", 2) if isinstance(r[c], float) else r[c] for c in columns] for r in missed]
    return pipe_table([c.replace("_", " ") for c in columns], first_only(rows), "l" * len(columns))
