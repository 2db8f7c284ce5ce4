"""What the report says of the one-layer model's parts: no law that the fit does not show, no false claim as true."""

from types import SimpleNamespace
from typing import Any

import pytest

from handcraft.report.sections.one_layer_parts import skip_confirmed, skip_examples, skip_median, tail_fall
from handcraft.report.values import Values


def results(**tables: Any) -> Any:
    return SimpleNamespace(**tables)


def law(exponent: float | None, low: float | None) -> dict[str, Any]:
    high = None if low is None else low + 0.1
    return {"kind": "reads", "exponent": exponent, "exponent_low": low, "exponent_high": high, "cutoff": 50.0,
            "cutoff_low": 40.0, "cutoff_high": 60.0, "fit": 0.9}  # fmt: skip


@pytest.mark.parametrize(
    ("exponent", "low", "said"),
    [(0.3, 0.25, "like a power"), (0.03, -0.02, "no long tail"), (-0.2, -0.25, "no long tail")],
)
def test_a_power_is_claimed_only_where_the_whole_interval_is_above_zero(
    exponent: float, low: float, said: str
) -> None:
    text = tail_fall(results(one_layer_law=[law(exponent, low)]), Values())
    assert said in text
    assert ("like a power" in text) == (said == "like a power")


def test_without_a_fit_nothing_is_said_of_a_law() -> None:
    assert tail_fall(results(one_layer_law=[law(None, None)]), Values()) == ""


def claim(output: str, ablated: float, low: float, source: str = "␣in") -> dict[str, Any]:
    return {"source": source, "last": "␣the", "output": output, "claimed": 0.5, "ablated": ablated, "low": low,
            "came_true": ablated / 0.5, "control": 0.0}  # fmt: skip


def test_what_came_true_is_at_most_what_was_claimed_and_false_claims_count_as_nothing() -> None:
    rows = [claim("␣park", 5.0, 4.5), claim("␣bed", 0.1, 0.05), claim("␣sea", -0.4, -0.5)]
    text = skip_confirmed(results(skip_trigrams=rows), Values())
    assert text.startswith("1 of 3 claims")
    assert skip_median(results(skip_trigrams=rows), Values()) == "20%"
    # (0.5 + 0.1 + 0) of 1.5.
    assert "40%" in text


def test_examples_are_of_words_came_true_and_differ_in_their_output() -> None:
    rows = [
        claim("␣park", 2.0, 1.0),
        claim("␣park", 1.9, 1.0, "␣at"),
        claim(".", 9.0, 8.0),
        claim("␣sea", 3.0, -0.1),
    ]
    text = skip_examples(results(skip_trigrams=rows))
    assert text == "“in” … “the” → “park” and “in” … “the” → “&#46;”"
