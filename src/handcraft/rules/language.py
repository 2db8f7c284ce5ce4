"""The rule language: which words at which distance push which candidate, and by how much."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

REACH = 8
"""No rule looks further back than this many tokens."""


@dataclass(frozen=True)
class Linear:
    """`word` at `distance` adds `weight` nats to the logit of `candidate`."""

    word: str
    distance: int
    candidate: str
    weight: float


@dataclass(frozen=True)
class Interaction:
    """Two words together add `weight` nats to `candidate`, or take them away.

    It is added where the words come both from the `plus` sets or both from the `minus` sets, taken away where
    one comes from a `plus` and the other from a `minus` set (an exclusive or), and nothing happens where
    either place holds another word. The sets of a place are equally likely, so neither word tells anything alone.
    """

    plus: tuple[str, ...]
    minus: tuple[str, ...]
    distance: int
    other_plus: tuple[str, ...]
    other_minus: tuple[str, ...]
    other_distance: int
    candidate: str
    weight: float


@dataclass(frozen=True)
class Noise:
    """`word` at `distance` makes the draw free of all context, with these rates (one per candidate)."""

    word: str
    distance: int
    rates: tuple[float, ...]


@dataclass(frozen=True)
class GroupRules:
    """All rules of one group. `base` is the logit of each candidate, in nats, where no rule applies.

    Without interactions and noise the log-odds are sums of what each word gives: a linear model can be exact.
    """

    candidates: tuple[str, ...]
    base: tuple[float, ...]
    linear: tuple[Linear, ...]
    interactions: tuple[Interaction, ...] = ()
    noise: Noise | None = None

    @property
    def is_linear(self) -> bool:
        """Whether a linear model can state these rules exactly."""
        return not self.interactions and self.noise is None

    def words(self) -> tuple[str, ...]:
        """Every word that some rule looks for, sorted; all must be single tokens."""
        found = {rule.word for rule in self.linear} | ({self.noise.word} if self.noise else set())
        for rule in self.interactions:
            found.update(rule.plus, rule.minus, rule.other_plus, rule.other_minus)
        return tuple(sorted(found))


def distribution(rules: GroupRules, before: Sequence[str]) -> np.ndarray:
    """Probabilities of the candidates, float64 `[K]`, at a slot after the words `before` (oldest first).

    Only the last `REACH` words matter; words carry their leading space.
    """

    def at(distance: int) -> str:
        return before[-distance] if distance <= len(before) else ""

    if rules.noise and at(rules.noise.distance) == rules.noise.word:
        return np.array(rules.noise.rates)
    logits = np.array(rules.base, dtype=np.float64)
    for rule in rules.linear:
        if at(rule.distance) == rule.word:
            logits[rules.candidates.index(rule.candidate)] += rule.weight
    for pair in rules.interactions:
        first, second = at(pair.distance), at(pair.other_distance)
        sign = (first in pair.plus) - (first in pair.minus)
        sign *= (second in pair.other_plus) - (second in pair.other_minus)
        logits[rules.candidates.index(pair.candidate)] += sign * pair.weight
    odds = np.exp(logits - logits.max())
    return odds / odds.sum()
