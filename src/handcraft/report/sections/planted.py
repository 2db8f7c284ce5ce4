"""The planted corpus only: how near we are to the best possible, and which rules came back."""

from typing import Any

from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape
from handcraft.report.results import Results
from handcraft.report.tables import first_only, pipe_table
from handcraft.report.values import Values


def add_values(values: Values, results: Results) -> None:
    """How many linear rules were planted and how many came back, and how far ours is from the best linear model."""
    if not results.planted:
        return
    planted = sum(row["linear_rules"] for row in results.planted)
    recovered = sum(row["recovered"] for row in results.planted)
    values.add("planted.rules", planted)
    values.add("planted.recovered", recovered)
    if planted:
        values.add("planted.recovered_share", recovered / planted, "share", digits=0)
    add_precision(values, results)
    values.add("planted.fresh_contexts", min(row["fresh_contexts"] for row in results.planted))
    values.add("planted.over_best", max(row["over_best"] for row in results.planted), "share")
    gaps = [row["gap"] for row in results.planted if row["interactions"]]
    values.add("planted.smallest_gap", min(gaps, default=None), "nats")


def _titles(results: Results) -> dict[str, str]:
    return {g.name: g.title for g in results.metadata.groups}


def table_planted(results: Results, values: Values) -> Markdown:
    """Losses of the best possible, the best linear and our model by group, and the linear rules that came back."""
    titles = _titles(results)
    rows: list[list[object]] = []
    for r in results.planted:
        name = f"planted.{r['group']}"
        losses = [
            values.put(f"{name}.{k}", r[k], "nats") for k in ("bayes_loss", "best_linear_loss", "linear_loss")
        ]
        over = values.put(f"{name}.over_best", r["over_best"], "share")
        found, of = (values.put(f"{name}.{k}", r[k]) for k in ("recovered", "linear_rules"))
        rows.append([titles.get(r["group"], r["group"]), *losses, over, Markdown(f"{found} of {of}")])
    header = ["group", "best possible", "best linear", "ours", "ours above best linear", "rules back"]
    return pipe_table(header, rows, "lrrrrr")


def add_precision(values: Values, results: Results) -> None:
    """Inputs of all groups that have a weight, those of them that a rule looks at, and the same of the strongest."""
    for name in ("kept", "kept_planted", "looked_at", "strongest_planted"):
        values.add(f"planted.{name}", sum(r[name] for r in results.planted))


def table_rules(results: Results, values: Values) -> Markdown:
    """Every planted rule: where it looks, what it says, what our weights say."""
    titles = _titles(results)
    rows: list[list[object]] = []
    for i, r in enumerate(results.planted_rules):
        name = f"rule.{i}"
        planted = values.put(f"{name}.planted", r["planted_centred"], "logit")
        weight = values.put(f"{name}.weight", r["weight"], "logit")
        cells = [titles.get(r["group"], r["group"]), r["kind"], _where(r), _word(r["candidate"])]
        rows.append([*cells, planted, weight, _back(r)])
    header = ["group", "kind", "words, and how far back", "speaks for", "planted", "ours", "back"]
    return pipe_table(header, first_only(rows), "llllrrl")


def _where(rule: dict[str, Any]) -> Markdown:
    return Markdown(f"{escape(str(rule['words']).strip())} ({escape(rule['distances'])})")


def _word(word: Any) -> Markdown:
    return escape(str(word).strip()) if word is not None else Markdown("–")


def _back(rule: dict[str, Any]) -> Markdown:
    if rule["recovered"] is None:
        return Markdown("–")
    if rule["recovered"]:
        return Markdown("yes")
    return Markdown(f"no: {_word(rule['largest'])}") if rule["largest"] else Markdown("no: zero")


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values = context.results, context.values
    return {
        "table_planted": lambda: table_planted(results, values),
        "table_rules": lambda: table_rules(results, values),
        "has_planted": bool(results.planted),
        "linear_controls": [
            _titles(results).get(r["group"], r["group"]) for r in results.planted if not r["interactions"]
        ],
        "has_rules": bool(results.planted_rules),
    }
