"""Rules, registry and report hold together when the workflow is parsed."""

from types import SimpleNamespace

import pytest

from handcraft.build.contracts import check_rules
from handcraft.errors import UserError
from handcraft.registry import PREDICTORS, answering, reserved_names


def rules(*more: tuple[str, str], without: str = "", taken: tuple[str, ...] = ()) -> list[SimpleNamespace]:
    """Rules for every predictor but `without`, `more` of (name, output), and a report that takes `taken`."""
    made = [
        (f"predict_{p.id}", f"results/predictions/{{variant,a|b}}/{p.id}.parquet")
        for p in PREDICTORS
        if p.id != without
    ]
    found = [SimpleNamespace(name=name, output=[path], input=[]) for name, path in [*made, *more]]
    return [*found, SimpleNamespace(name="fill_report", output=[], input=list(taken))]


def test_rules_that_hold_together_pass() -> None:
    figure = ("plot_toy", "results/figures/toy.svg")
    check_rules(rules(figure, ("plot_tiles", "results/figures/tiles-{token}.svg"), taken=(figure[1],)))


def test_a_rule_without_a_row_names_the_registry() -> None:
    with pytest.raises(UserError, match=r"(?s)predict_toy.*registry\.py"):
        check_rules(rules(("predict_toy", "results/predictions/{variant}/toy.parquet")))


def test_a_row_without_a_rule_names_the_rules() -> None:
    with pytest.raises(UserError, match=r"(?s)'last_token'.*predictors\.smk"):
        check_rules(rules(without="last_token"))


def test_a_figure_that_the_report_does_not_take_names_the_input() -> None:
    with pytest.raises(UserError, match=r"(?s)plot_toy.*fill_report"):
        check_rules(rules(("plot_toy", "results/figures/toy.svg")))


def test_names_and_colours_are_distinct_and_reserved() -> None:
    assert (
        len({p.id for p in PREDICTORS}) == len({(p.colour, p.marker) for p in PREDICTORS}) == len(PREDICTORS)
    )
    assert {p.id for p in PREDICTORS} < reserved_names()
    assert answering(False, ["lm"])[-1] == "lm"
    assert "bayes" not in answering(False, [])
