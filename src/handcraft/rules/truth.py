"""Planted rules as a rule file: what the generator draws from, in the language of people's files."""

import math

from handcraft.rules.files import Condition, Rule, RuleFile, Span, written
from handcraft.rules.language import GroupRules, Interaction

DIGITS = 9
"""Decimals of nats that are computed from rates."""


def truth_file(rules: GroupRules, by: str) -> RuleFile:
    """The rules of a planted group as a rule file that gives every context the same probabilities.

    An interaction becomes four rules, one for each combination of its sets; the noise becomes a rule of its own, and
    all others are silent where its word stands.
    """
    silent = []
    noise = rules.noise
    if noise:
        silent = [Condition(token=written(noise.word), position=_at(noise.distance))]
    found = [
        Rule(
            when=Condition(token=written(one.word), position=_at(one.distance)),
            unless=silent,
            push={written(one.candidate): one.weight},
            why=f"Planted: `{one.word.strip()}` there makes `{one.candidate.strip()}` {_likely(one.weight)}.",
        )
        for one in rules.linear
    ]
    sets: dict[str, list[str]] = {}
    for pair in rules.interactions:
        found += _interaction(pair, sets, silent)
    if noise:
        nats = [math.log(rate) - base for rate, base in zip(noise.rates, rules.base, strict=True)]
        push = {written(c): round(n - min(nats), DIGITS) for c, n in zip(rules.candidates, nats, strict=True)}
        found.append(
            Rule(
                when=silent[0],
                push={c: n for c, n in push.items() if n},
                why=f"Planted: after `{noise.word.strip()}` the candidates have fixed rates, whatever else stands.",
            )
        )
    start = {written(c): base for c, base in zip(rules.candidates, rules.base, strict=True)}
    return RuleFile(by=by, start=start, allow_unused=True, sets=sets, rules=found)


def _interaction(pair: Interaction, sets: dict[str, list[str]], silent: list[Condition]) -> list[Rule]:
    found = []
    for words, sign in ((pair.plus, 1), (pair.minus, -1)):
        for others, other_sign in ((pair.other_plus, 1), (pair.other_minus, -1)):
            weight = sign * other_sign * pair.weight
            why = f"together they make `{pair.candidate.strip()}` {_likely(weight)}; neither tells anything alone."
            found.append(
                Rule(
                    when=_one_of(words, pair.distance, sets),
                    also=[_one_of(others, pair.other_distance, sets)],
                    unless=silent,
                    push={written(pair.candidate): weight},
                    why=f"Planted: {why}",
                )
            )
    return found


def _one_of(words: tuple[str, ...], distance: int, sets: dict[str, list[str]]) -> Condition:
    texts = [written(w) for w in words]
    if len(texts) == 1:
        return Condition(token=texts[0], position=_at(distance))
    name = " or ".join(word.strip() for word in words)
    sets[name] = texts
    return Condition(members=name, position=_at(distance))


def _at(distance: int) -> Span:
    return Span(-distance, -distance)


def _likely(weight: float) -> str:
    return "more likely" if weight > 0 else "less likely"
