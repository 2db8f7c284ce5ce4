"""The section that introduces every predictor, by its row of the registry."""

from typing import Any

from handcraft.registry import PREDICTORS
from handcraft.report.context import Context
from handcraft.report.escape import Markdown


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    known = {p.id for p in context.metadata.predictors}
    results = context.results
    rows = [r for table in (results.metrics, results.contenders) for g in table for r in table[g]]
    used = {r["predictor"] for r in rows} or known
    return {
        "introduced": [
            {"title": Markdown(p.title[0].upper() + p.title[1:]), "sentence": Markdown(p.sentence)}
            for p in PREDICTORS
            if p.id in known & used and (context.metadata.planted or not p.planted)
        ],
    }
