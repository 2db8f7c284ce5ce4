"""The section on groups, contexts and the tokenizer."""

from typing import Any

from handcraft.report import tables
from handcraft.report.context import Context
from handcraft.report.sections import tiles


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values, metadata = context.results, context.values, context.metadata
    return {
        "groups": metadata.groups,
        "examples": results.examples,
        "table_groups": lambda: tables.groups(results, values),
        "tokens_of": lambda text: tiles.tokens_of(results, text),
    }
