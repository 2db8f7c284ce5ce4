"""Sentences that state a finding are chosen by the data: better, worse, or not distinguishable at this n."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["better", "worse", "level"]


@dataclass(frozen=True)
class Finding:
    """How predictor `a` does against `b`: by loss, lower is better. `difference` is a - b."""

    a: str
    b: str
    metric: str
    difference: float
    low: float | None
    high: float | None
    n: int
    verdict: Verdict

    @property
    def size(self) -> float:
        """How large the difference is, without its sign."""
        return abs(self.difference)


def find(rows: Sequence[dict[str, Any]], a: str, b: str, metric: str = "loss") -> Finding | None:
    """The paired comparison of `a` with `b` in a table of comparisons (whichever way round it is stored).

    `level` (not distinguishable) where the paired interval holds zero, or where there is none; None where the two
    were not compared, or one of the losses is infinite.
    """
    for row in rows:
        if row["metric"] != metric or {row["a"], row["b"]} != {a, b} or a == b:
            continue
        if row["difference"] is None:  # one of the losses is infinite
            return None
        turn = 1.0 if row["a"] == a else -1.0
        bounds = [turn * float(row[k]) for k in ("low", "high") if row[k] is not None]
        low, high = (min(bounds), max(bounds)) if len(bounds) == 2 else (None, None)
        difference = turn * float(row["difference"])
        return Finding(a, b, metric, difference, low, high, int(row["n"]), _verdict(low, high, metric))
    return None


def _verdict(low: float | None, high: float | None, metric: str) -> Verdict:
    if low is None or high is None or low <= 0 <= high:
        return "level"
    lower = high < 0
    return "better" if lower == (metric == "loss") else "worse"
