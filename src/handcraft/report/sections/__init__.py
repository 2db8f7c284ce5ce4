"""The sections of the report: a module prepares each one's names, tables and values; `report/*.qmd` holds the prose.

Modules: `examples`, `explorer`, `few`, `language_models`, `linearity`, `one_layer`, `one_layer_parts`,
`opening`, `pairs`, `people`, `planted`, `predictors`, `published`, `rebuild`, `results`, `rules`, `setup`,
`tiles`, `weights`.
"""

from handcraft.report.sections import (
    examples,
    explorer,
    few,
    language_models,
    linearity,
    one_layer,
    one_layer_parts,
    opening,
    pairs,
    people,
    planted,
    predictors,
    published,
    rebuild,
    results,
    rules,
    setup,
    weights,
)

ALL = (
    opening,
    setup,
    few,
    predictors,
    results,
    linearity,
    pairs,
    one_layer,
    one_layer_parts,
    rules,
    people,
    weights,
    examples,
    explorer,
    planted,
    published,
    language_models,
    rebuild,
)
"""In the order of the report. Each has `names(context)`."""
