"""The registry of computed values: prose names a value, a table cell is put into it; neither types one."""

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from handcraft.errors import UserError
from handcraft.report.escape import Markdown

DIGITS = {"nats": 3, "share": 1, "logit": 2, "change": 3, "": 0, "p": 3, "kappa": 2, "significant": 2}
"""Digits after the point by unit; a share is shown in percent, a logit and a change with their sign. Of `significant`
numbers (a penalty) so many digits are kept in all."""


@dataclass(frozen=True)
class Value:
    """A computed number: a share is kept as 0..1, losses are in nats; `low` and `high` bound its interval."""

    name: str
    value: float
    unit: str = ""
    digits: int = 0
    low: float | None = None
    high: float | None = None


def show(value: float | None, unit: str = "", digits: int | None = None) -> Markdown:
    """A number as the report writes it: `1,024`, `87.5%`, `0.366`, `+3.60`, `<0.001`, `∞`; an absent one is a dash."""
    if value is not None and math.isinf(value):
        return Markdown("∞" if value > 0 else "−∞")
    if value is None or math.isnan(value):
        return Markdown("–")
    places = DIGITS.get(unit, 0) if digits is None else digits
    if unit == "p" and value < 10**-places:
        return Markdown(f"&lt;{10**-places:.{places}f}")
    if unit == "share":
        return Markdown(f"{100 * value:.{places}f}%".replace("-", "−"))
    if unit == "significant":
        return Markdown(f"{value:.{places}g}".replace("-", "−"))
    sign = "+" if unit in ("logit", "change") else ""
    return Markdown(f"{value:{sign},.{places}f}".replace("-", "−"))


def show_interval(
    low: float | None, high: float | None, unit: str = "", digits: int | None = None
) -> Markdown:
    """`0.358 to 0.374`; nothing where there is no interval."""
    if low is None or high is None:
        return Markdown("")
    first = show(low, unit, digits)
    return Markdown(f"{first.removesuffix('%')} to {show(high, unit, digits)}")


class Values:
    """All computed values of a report by name, and which of them were drawn on."""

    def __init__(self) -> None:
        self._values: dict[str, Value] = {}
        self._used: set[str] = set()

    def add(
        self,
        name: str,
        value: Any,
        unit: str = "",
        *,
        digits: int | None = None,
        low: Any = None,
        high: Any = None,
    ) -> None:
        """Register a finite number under a name that is not taken; another, or None, reads as absent."""
        if value is None or not math.isfinite(value):
            return
        if name in self._values:
            raise ValueError(f"two values are named {name!r}")
        places = DIGITS.get(unit, 0) if digits is None else digits
        self._values[name] = Value(name, float(value), unit, places, _number(low), _number(high))

    def put(
        self,
        name: str,
        value: Any,
        unit: str = "",
        *,
        digits: int | None = None,
        low: Any = None,
        high: Any = None,
    ) -> Markdown:
        """A table's cell: registers the number (or finds it registered, the same) and shows it.

        With `low` and `high` the interval follows in small type. An absent number is a dash, an infinite one ∞. Raises
        `ValueError` where another number has that name.
        """
        if value is None or not math.isfinite(value):
            return show(value)
        name = re.sub(r"\s+", "-", name)
        if name not in self._values:
            self.add(name, value, unit, digits=digits, low=low, high=high)
        known = self._values[name]
        if (known.value, known.unit) != (float(value), unit):
            raise ValueError(f"two values are named {name!r}: {known.value} and {value}")
        self._used.add(name)
        places = known.digits if digits is None else digits
        shown, bounds = show(value, unit, places), show_interval(low, high, unit, places)
        return Markdown(f"{shown} [{bounds}]{{.interval}}") if bounds else shown

    def has(self, *names: str) -> bool:
        """Whether all of these were computed: the question a template asks before it writes a sentence."""
        return all(n in self._values for n in names)

    def get(self, name: str) -> Value:
        """The value of that name; `UserError` with the nearest name where there is none."""
        if name not in self._values:
            near = difflib.get_close_matches(name, self._values, 1, 0.5)
            raise UserError(
                f"the report asks for a value that was not computed: {name!r}"
                + (f"; did you mean {near[0]!r}?" if near else ""),
                where="report/*.qmd",
                remedy="correct the name, or guard the sentence with has(...); values.json lists all names",
            )
        self._used.add(name)
        return self._values[name]

    def __call__(self, name: str) -> Markdown:
        """The number alone: `v("linear.conjunctions.loss")`."""
        value = self.get(name)
        return show(value.value, value.unit, value.digits)

    def within(self, name: str) -> Markdown:
        """The number with its interval, where it has one: `0.366 (0.358 to 0.374)`."""
        value = self.get(name)
        bounds = show_interval(value.low, value.high, value.unit, value.digits)
        return Markdown(f"{self(name)} ({bounds})" if bounds else self(name))

    def unused(self, named: Iterable[re.Pattern[str]] = ()) -> list[str]:
        """Values that no table shows, no sentence asked for, and no source names (`named`, as patterns)."""
        patterns = list(named)
        return sorted(n for n in set(self._values) - self._used if not any(p.fullmatch(n) for p in patterns))

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Everything, for values.json."""
        return {
            n: {"value": v.value, "unit": v.unit, "digits": v.digits, "low": v.low, "high": v.high}
            for n, v in sorted(self._values.items())
        }


def _number(x: Any) -> float | None:
    return None if x is None else float(x)
