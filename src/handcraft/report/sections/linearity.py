"""Which groups are linear: what each predictor knows beyond the shares, and the verdicts."""

from typing import Any

from handcraft.report.context import Context
from handcraft.report.escape import Markdown
from handcraft.report.findings import Finding, find
from handcraft.report.results import Results
from handcraft.report.tables import VERDICTS, pipe_table
from handcraft.report.values import Values

VIEWS = ("natural", "balanced_prior")


def linearity(results: Results) -> list[dict[str, Any]]:
    """Per group: its title, the linear model against the baseline as contexts come and with all words as frequent
    (findings, None where not compared), and whether it beats the last token."""
    metadata, rows = results.metadata, []
    for g in metadata.groups:
        table = results.comparisons[g.name]
        views = [find(table, "linear", str(metadata.baseline), view) for view in VIEWS]
        further = find(table, "linear", "last_token")
        rows.append(
            {
                "title": g.title,
                "name": g.name,
                "natural": views[0],
                "even": views[1],
                "further": further,
            }
        )
    return rows


def table_linearity(results: Results, values: Values) -> Markdown:
    """Nats that each predictor gains over the majority (paired), and the linear model's verdicts."""
    metadata, rows = results.metadata, []
    known = _compared(results)
    for row in linearity(results):
        cells: list[object] = [row["title"]]
        for p in known:
            gain = find(results.comparisons[row["name"]], "majority", p)
            name = f"gain.{p}.{row['name']}"
            cells.append(
                values.put(name, gain.difference, "nats", low=gain.low, high=gain.high) if gain else None
            )
        cells += (
            [_verdict(row["natural"]), _verdict(row["even"])]
            if metadata.baseline
            else [_verdict(row["further"])]
        )
        rows.append(cells)
    against = ["as they come", "all words as frequent"] if metadata.baseline else ["against the last token"]
    header = ["group", *(metadata.title_of(p) for p in known), *against]
    return pipe_table(header, rows, "l" + "r" * len(known) + "l" * len(against))


def _verdict(finding: Finding | None) -> Markdown:
    return Markdown(VERDICTS[finding.verdict] if finding else "absent")


def _compared(results: Results) -> list[str]:
    """Ids of the predictors that were compared with the majority, in the order of the registry, the baseline last.

    Other causal LMs, and the sparser linear model, have tables of their own.
    """
    metadata = results.metadata
    compared = {row[k] for g in metadata.groups for row in results.comparisons[g.name] for k in ("a", "b")}
    others = {*metadata.language_models, "majority", "linear_sparser"} - {metadata.baseline}
    return [p.id for p in metadata.predictors if p.id in compared and p.id not in others]


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values, metadata = context.results, context.values, context.metadata
    return {
        "table_linearity": lambda: table_linearity(results, values),
        "keep": lambda some, others: [t for t in some if t in others],
        "rest": lambda some: [g.title for g in metadata.groups if g.title not in some],
    }
