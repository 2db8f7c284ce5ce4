"""Rules in a tokenizer's ids: where they fire, and what they say together."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import sparse

from handcraft.errors import nearest
from handcraft.rules.files import (
    REMEDY,
    Condition,
    Rule,
    RuleFile,
    Span,
    push_text,
    rule_text,
    spelled,
    written,
)
from handcraft.rules.source import Place, Source


class Tokens(Protocol):
    """What is needed of a tokenizer."""

    def id_of(self, text: str) -> int | None:
        """The id of the token with exactly this text."""

    def refusal(self, word: str) -> str:
        """How a text that is no token is tokenized, and the nearest tokens."""

    def encode(self, text: str) -> list[int]:
        """The ids of the tokens that a text is split into."""

    def decode(self, ids: list[int]) -> str:
        """The text of some ids."""


@dataclass(frozen=True)
class Pattern:
    """Tokens that directly follow each other, each of a set of ids (`steps`); the last at `first` to `last`,
    counted back from the gap."""

    steps: tuple[tuple[int, ...], ...]
    first: int
    last: int

    def rows(self, tokens: np.ndarray) -> np.ndarray:
        """Which contexts [n, length] have it: bool [n]."""
        length, reach = tokens.shape[1], len(self.steps)
        begin = max(length + self.first, reach - 1)
        end = length + self.last + 1
        if begin >= end:
            return np.zeros(len(tokens), bool)
        found: np.ndarray | None = None
        for i, ids in enumerate(self.steps):
            shift = reach - 1 - i
            window = tokens[:, begin - shift : end - shift]
            here = window == ids[0] if len(ids) == 1 else _member(ids)[window]
            found = here if found is None else found & here
        assert found is not None
        return np.asarray(found.any(axis=1))


def _member(ids: tuple[int, ...]) -> np.ndarray:
    table = np.zeros(2**16, bool)
    table[list(ids)] = True
    return table


@dataclass(frozen=True)
class TokenRule:
    """A rule in ids: it fires where all patterns of `when` stand and none of `unless`. `push` is nats [K]."""

    when: tuple[Pattern, ...]
    unless: tuple[Pattern, ...]
    push: tuple[float, ...]
    text: str = ""
    pushes: str = ""
    why: str = ""
    line: int = 0
    proposed: bool = False

    @property
    def place(self) -> tuple[tuple[Pattern, ...], tuple[Pattern, ...]]:
        """What decides where it fires."""
        return self.when, self.unless

    def rows(self, tokens: np.ndarray) -> np.ndarray:
        """In which contexts [n, length] it fires: bool [n]."""
        found = np.ones(len(tokens), bool)
        for pattern in self.when:
            found &= pattern.rows(tokens)
        for pattern in self.unless:
            if found.any():
                found &= ~pattern.rows(tokens)
        return found


def compile_rules(
    read: RuleFile, source: Source, tokens: Tokens, candidates: Sequence[str], length: int
) -> list[TokenRule]:
    """The rules of a file in ids, for contexts of `length` tokens and the group's `candidates`.

    `UserError` lists, with lines: texts that are no single token, with the nearest ones; candidates that the group
    lacks; positions outside the contexts; two rules with the same conditions.
    """
    compiled = []
    for i, rule in enumerate(read.rules):
        patterns: dict[str, list[Pattern]] = {"when": [], "and": [], "unless": []}
        for place, condition in rule.conditions():
            pattern = _pattern(condition, read, source, tokens, (length, ("rules", i, *place)))
            if pattern is not None:
                patterns[str(place[0])].append(pattern)
        push = _push(rule.push, candidates, source, ("rules", i, "push"))
        if push is not None:
            when = tuple(sorted({*patterns["when"], *patterns["and"]}, key=str))
            unless = tuple(sorted(set(patterns["unless"]), key=str))
            compiled.append(_labelled(TokenRule(when, unless, push), rule, read, source.line(("rules", i))))
    if read.start is not None:
        start = _push(read.start, candidates, source, ("start",))
        if start is not None and len(read.start) < len(candidates):
            missing = [c.strip() for c in candidates if c not in {spelled(w) for w in read.start}]
            source.add(
                ("start",), f"start lacks {', '.join(missing)}: give all candidates, or leave start out"
            )
    _check_names(read, source, tokens)
    if not source.problems:
        seen: dict[object, TokenRule] = {}
        for one in compiled:
            if (twin := seen.setdefault(one.place, one)) is not one:
                source.problems.append(
                    f"line {one.line}: this rule fires exactly where the rule in line {twin.line} does: write one "
                    "rule with both pushes"
                )
    source.refuse("these rules do not fit the tokenizer and the group", REMEDY)
    return compiled


def check_fires(rules: Sequence[TokenRule], fires: sparse.csc_array, read: RuleFile, source: Source) -> None:
    """`UserError` that lists the rules that never fire on the training contexts, unless the file allows it."""
    if read.allow_unused:
        return
    seen = np.diff(fires.indptr)
    for rule, count in zip(rules, seen, strict=True):
        if not count:
            source.problems.append(f"line {rule.line}: never fires on the training contexts: {rule.text}")
    source.refuse(
        "these rules do nothing",
        "change or remove them; `allow_unused: true` at the top of the file keeps rules for a larger corpus",
    )


def fires_matrix(rules: Sequence[TokenRule], tokens: np.ndarray) -> sparse.csc_array:
    """Where the rules fire: float64 [n, rules], ones."""
    return stack_columns([np.flatnonzero(rule.rows(tokens)) for rule in rules], len(tokens))


def stack_columns(columns: Sequence[np.ndarray], rows: int) -> sparse.csc_array:
    """A matrix of ones from the row numbers of each column."""
    ends = np.concatenate([[0], np.cumsum([len(c) for c in columns])]).astype(np.int64)
    places = np.concatenate([*columns, np.zeros(0, np.int64)]).astype(np.int64)
    return sparse.csc_array((np.ones(len(places)), places, ends), shape=(rows, len(columns)))


def pushes(rules: Sequence[TokenRule]) -> np.ndarray:
    """What the rules push: float64 [rules, K]."""
    return np.array([rule.push for rule in rules], dtype=np.float64)


def start_logits(read: RuleFile, candidates: Sequence[str], rates: np.ndarray) -> np.ndarray:
    """The candidates' logits where no rule fires: the file's, or the logarithms of their shares `rates`."""
    if read.start is None:
        return np.asarray(np.log(rates))
    given = {spelled(word): nats for word, nats in read.start.items()}
    return np.array([given[c] for c in candidates])


def _labelled(rule: TokenRule, given: Rule, read: RuleFile, line: int) -> TokenRule:
    return TokenRule(
        rule.when,
        rule.unless,
        rule.push,
        text=rule_text(given, read.sets),
        pushes=push_text(given.push),
        why=given.why,
        line=line,
        proposed=given.proposed,
    )


def _check_names(read: RuleFile, source: Source, tokens: Tokens) -> None:
    for name, members in read.sets.items():
        for j, text in enumerate(members):
            _id(text, source, ("sets", name, j), tokens)


def _id(text: str, source: Source, place: Place, tokens: Tokens) -> int | None:
    found = tokens.id_of(spelled(text))
    if found is None:
        problem = f"{text!r} is not a single token: {tokens.refusal(spelled(text))}"
        parts = [written(tokens.decode([i])) for i in tokens.encode(spelled(text))]
        shown = ", ".join(json.dumps(p, ensure_ascii=False) if not p.isalnum() else p for p in parts)
        # Parts of a character cannot be written.
        hint = "" if "\ufffd" in shown else f"; or write its parts, sequence: [{shown}]"
        source.add(place, problem + hint)
    return found


def _pattern(
    condition: Condition, read: RuleFile, source: Source, tokens: Tokens, at: tuple[int, Place]
) -> Pattern | None:
    length, place = at
    if condition.members is not None:
        ids = [tokens.id_of(spelled(t)) for t in read.sets[condition.members]]
        steps = [tuple(sorted({i for i in ids if i is not None}))]
    elif condition.sequence is not None:
        found = [_id(t, source, (*place, "sequence", j), tokens) for j, t in enumerate(condition.sequence)]
        steps = [(i,) for i in found if i is not None]
        if len(steps) < len(found):
            return None
    else:
        one = _id(condition.token or "", source, (*place, "token"), tokens)
        steps = [] if one is None else [(one,)]
    span = condition.position
    if span != Span() and -span.first > length:
        source.add((*place, "position"), f"position {span.first} is outside the context of {length} tokens")
    if len(steps) > length + span.last + 1:
        source.add(place, f"the sequence does not fit into the context of {length} tokens there")
    if not steps or not all(steps):
        return None
    first = max(span.first, -length)
    return Pattern(tuple(steps), first, span.last)


def _push(
    given: dict[str, float], candidates: Sequence[str], source: Source, place: Place
) -> tuple[float, ...] | None:
    values, known = [0.0] * len(candidates), True
    for word, nats in given.items():
        if spelled(word) in candidates:
            values[candidates.index(spelled(word))] += nats
        else:
            known = False
            near = nearest(word, [written(c) for c in candidates])
            source.add((*place, word), f"{word!r} is no candidate of the group{near}")
    return tuple(values) if known else None
