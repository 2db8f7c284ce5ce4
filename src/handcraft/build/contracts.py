"""Checks of the rules against the registry and the report, when the workflow is parsed: nothing is dropped silently."""

import re
from collections.abc import Iterable
from typing import Any

from handcraft.errors import UserError, nearest
from handcraft.registry import titles

PREDICTIONS = re.compile(r"results/predictions/\{[^}]+\}/([\w-]+)\.parquet")
FIGURE = re.compile(r"results/figures/.+\.svg")


def check_rules(rules: Iterable[Any]) -> None:
    """Check all rules of the workflow (`workflow.rules`); `UserError` names the place to fix.

    Every predictor that a rule writes has a row in the registry, and every row a rule. Every figure that a rule draws
    is an input of `fill_report`, which refuses one that no section shows.
    """
    rules = list(rules)
    outputs = {rule.name: [str(path) for path in rule.output] for rule in rules}
    report = next((rule for rule in rules if rule.name == "fill_report"), None)
    _check_predictors(outputs)
    if report is not None:
        _check_figures(outputs, [str(path) for path in report.input if not callable(path)])


def _check_predictors(outputs: dict[str, list[str]]) -> None:
    made = {m[1]: rule for rule, paths in outputs.items() for p in paths if (m := PREDICTIONS.fullmatch(p))}
    for name in made.keys() - titles().keys():
        raise UserError(
            f"the rule {made[name]} writes predictions of {name!r}, which has no row in the registry"
            + nearest(name, titles()),
            where="src/handcraft/registry.py: PREDICTORS",
            remedy="add its row: id, title, colour, marker and a sentence for the report",
        )
    for name in titles().keys() - made.keys():
        raise UserError(
            f"the registry has a predictor {name!r}, and no rule writes its predictions",
            where="workflow/rules/predictors.smk",
            remedy=f"add a rule with the output results/predictions/{{variant}}/{name}.parquet",
        )


def _check_figures(outputs: dict[str, list[str]], taken: list[str]) -> None:
    for rule, paths in outputs.items():
        for path in filter(FIGURE.fullmatch, paths):
            # A figure by wildcard may have no instance in a config; one without must be taken.
            if "{" not in path and path not in taken and path not in OPTIONAL:
                raise UserError(
                    f"the rule {rule} draws {path}, and the report does not take it",
                    where="workflow/rules/report.smk: input of fill_report",
                    remedy="add it there, and show it in a section of report/",
                )


OPTIONAL = {"results/figures/people.svg"}
"""Taken only where there is something to draw: people who labelled."""
