"""The section of scores and paired comparisons."""

from typing import Any

from handcraft.report import tables
from handcraft.report.context import Context


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values, metadata = context.results, context.values, context.metadata
    return {
        "table_scores": lambda: tables.scores(results, values),
        "table_recall": lambda: tables.recall(results, values),
        "recall_range": lambda predictor, group: tables.recall_range(results, values, predictor, group),
        "has_recall": any(results.recall(g.name) for g in metadata.groups),
        "table_paired": lambda a, b: tables.paired(results, values, a, b),
        "table_occurrence": lambda: tables.occurrence(results, values),
        "leaders": context.leader,
        "has_scores": any(results.metrics.values()),
        "has_training": bool(results.history),
        "has_occurrence": bool(results.occurrence),
        "training_title": context.title(metadata.training_group),
    }
