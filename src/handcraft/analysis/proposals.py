"""Rules proposed by a program: the next best one given all before it, from training contexts, confirmed on validation.

Greedy forward selection (`rule_search`). After each step all strengths are fitted together, with a ridge. A rule stays
only if the validation contexts show its effect.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.stats import norm

from handcraft.analysis.rule_search import Found, Search
from handcraft.config.model import Proposals
from handcraft.contexts.read import Contexts
from handcraft.logging import say
from handcraft.math import class_rates, log_softmax
from handcraft.predictors.rules.fit import Problem, Strengths
from handcraft.rules.files import Condition, Rule, Span, push_text, rule_text, written
from handcraft.rules.match import Pattern, TokenRule, stack_columns
from handcraft.seeds import generator
from handcraft.tokenizer.tokens import Vocabulary

RIDGE = 1.0
"""Pseudo-contexts: a normal prior of the strengths with a standard deviation of 1 nat."""
PRICES = (1.0, 0.5)
"""What a rule must gain, as a share of its length; the second once no rule is left that gains the first."""
ROUND = 10
"""One rule a search for every so many that there are already, and at most `MOST`."""
MOST = 5
PATIENCE = 30
"""Rules in a row that the validation contexts do not confirm, after which the search for rules of a price ends."""
DIGITS = 3
"""Decimals of a proposed push."""


@dataclass(frozen=True)
class Proposal:
    """A rule of the search. `expected` and `came`: how often its candidate was expected in the training contexts where
    it fires, by the rules before it, and how often it came (shares of `seen`). `z`: standard errors, by story, of its
    effect on validation contexts."""

    rule: TokenRule
    candidate: int
    seen: int
    held_out: int
    expected: float
    came: float
    z: float


@dataclass(frozen=True)
class Base:
    """Rules that are there already, with the logits that they give the training and the validation contexts."""

    rules: Sequence[TokenRule]
    training: np.ndarray
    validation: np.ndarray


class Proposer:
    """A search that goes on from one rule to the next."""

    def __init__(
        self,
        training: Contexts,
        held_out: Contexts,
        vocabulary: Vocabulary,
        *,
        settings: Proposals,
        seed: int,
        base: Base | None = None,
    ) -> None:
        self.settings, self.K = settings, len(training.candidates)
        self._rows = rows = _sample(training, settings.contexts, seed)
        self.tokens, self.labels = training.tokens[rows], training.labels[rows]
        self.offset = base.training[rows] if base else None
        self.held_out, self.held_out_base = held_out, base.validation if base else None
        self.search = Search(self.tokens, self.labels, training.vocabulary, vocabulary.is_text)
        self.found: list[Proposal] = []
        self.rejected = 0
        self.most = MOST
        # A rule that is there already may be changed by whoever wrote it, not stated a second time.
        self._barred: set[object] = {
            (r.place, k) for r in (base.rules if base else ()) for k in range(self.K)
        }
        self._columns: list[np.ndarray] = []
        self._held_out_columns: list[np.ndarray] = []
        _, self._story = np.unique(held_out.story, return_inverse=True)
        self.model = Strengths(np.log(class_rates(self.labels, self.K)), np.zeros((0, self.K)))
        if base:
            self.model = Strengths(np.zeros(self.K), np.zeros((0, self.K)))
        self._p, self._q = self._probabilities()

    def run(self) -> Iterator[Proposal]:
        """The rules one by one, until `settings.count`, or none is left that gains half its length."""
        for price in PRICES:
            self.search.set_price(price)
            best_pair, looked_at, rejected = np.inf, -1, self.rejected
            while len(self.found) < self.settings.count and self.rejected < rejected + PATIENCE:
                room = self.settings.count - len(self.found)
                count = max(1, min(self.most, len(self.found) // ROUND, room))
                new = self.search.best(self._p, count, self._barred)
                # Pairs take longer: their best gain seldom rises, so they wait until the best single falls below it.
                due = not new or best_pair > new[0].net or len(self.found) >= looked_at + ROUND
                if due:
                    pairs = self.search.best_pairs(self._p, count, self._barred)
                    best_pair, looked_at = (pairs[0].net if pairs else -np.inf), len(self.found)
                    new = sorted([*new, *pairs], key=lambda f: -f.net)[:count]
                if not new:
                    break
                before = len(self.found)
                self._take(new)
                if len(self.found) > before:
                    rejected = self.rejected
                yield from self.found[before:]

    def _take(self, new: Sequence[Found]) -> None:
        """Keep those of the rules that the validation contexts confirm, and fit all strengths again."""
        for one in new:
            self._barred.add((one.rule.place, one.candidate))
            rows, held = one.rule.rows(self.tokens), one.rule.rows(self.held_out.tokens)
            z = self._effect(one, held)
            if norm.sf(z) > self.settings.p:
                self.rejected += 1
                continue
            k = one.candidate
            seen = int(rows.sum())
            self.found.append(
                Proposal(
                    one.rule,
                    k,
                    seen,
                    int(held.sum()),
                    float(self._p[rows, k].mean()),
                    float((self.labels[rows] == k).mean()),
                    z,
                )
            )
            self._columns.append(np.flatnonzero(rows))
            self._held_out_columns.append(np.flatnonzero(held))
        self.model = self.fitted(len(self.found), self.model)
        self._p, self._q = self._probabilities()

    def _effect(self, one: Found, rows: np.ndarray) -> float:
        """Standard errors, by story, by which the rule's push moves the validation contexts the right way."""
        k = one.candidate
        effect = rows * ((self.held_out.labels == k) - self._q[:, k]) * np.sign(one.rule.push[k])
        by_story = np.bincount(self._story, effect)
        error = float(np.sqrt((by_story**2).sum()))
        return float(by_story.sum()) / error if error > 0 else 0.0

    def fitted(self, size: int, start: Strengths | None = None) -> Strengths:
        """The model of the first `size` rules, all strengths fitted together; `start` from where on."""
        pushed = np.array([p.rule.push for p in self.found[:size]]).reshape(size, self.K) != 0
        fires = stack_columns(self._columns[:size], len(self.tokens))
        problem = Problem(fires, pushed, self.labels, RIDGE, self.offset)
        theta = None
        if start is not None:
            weight = np.zeros((size, self.K))
            weight[: len(start.weight)] = start.weight[:size]
            theta = np.concatenate([start.start, weight[problem.rule, problem.candidate]])
        return problem.unpack(problem.solve(theta))

    def beside(self, logits: np.ndarray) -> Strengths:
        """The rules fitted beside given logits of the training contexts, in place of those of the base."""
        pushed = np.array([p.rule.push for p in self.found]).reshape(-1, self.K) != 0
        fires = stack_columns(self._columns, len(self.tokens))
        problem = Problem(fires, pushed, self.labels, RIDGE, logits[self._rows])
        return problem.unpack(problem.solve())

    def _probabilities(self) -> tuple[np.ndarray, np.ndarray]:
        """Of the training and the validation contexts."""
        size = len(self.model.weight)
        logits = [
            self.model.logits(stack_columns(columns[:size], n)) + (0 if base is None else base)
            for columns, n, base in (
                (self._columns, len(self.tokens), self.offset),
                (self._held_out_columns, len(self.held_out), self.held_out_base),
            )
        ]
        p, q = (np.exp(log_softmax(x)) for x in logits)
        return p, q

    def loss(self) -> float:
        """The loss on validation contexts."""
        return float(-np.log(self._q[np.arange(len(self._q)), self.held_out.labels]).mean())

    def fires(self, tokens: np.ndarray) -> sparse.csc_array:
        """Where the rules fire on other contexts."""
        return stack_columns([np.flatnonzero(p.rule.rows(tokens)) for p in self.found], len(tokens))

    def report(self) -> None:
        """Say how many rules there are."""
        say(f"rules: {len(self.found)} proposed, {self.rejected} that validation contexts did not confirm")


def in_words(
    proposal: Proposal,
    vocabulary: Vocabulary,
    candidates: Sequence[str],
    weight: float,
    sets: dict[str, list[str]],
) -> Rule:
    """A proposal as a rule of a file; its sets are added to `sets`."""
    conditions = [_condition(p, vocabulary, sets) for p in proposal.rule.when]
    # The place nearest to the gap first.
    conditions.sort(key=lambda c: -c.position.last)
    candidate = written(candidates[proposal.candidate])
    why = (
        f"Proposed by a program: `{candidate}` came in {proposal.came:.1%} of {proposal.seen:,} training contexts, "
        f"where the rules before this one expect {proposal.expected:.1%}."
    )
    push = {candidate: round(weight, DIGITS) or math.copysign(10.0**-DIGITS, weight)}
    return Rule(when=conditions[0], also=conditions[1:], push=push, why=why, proposed=True)


def merged(rules: Sequence[Rule]) -> list[Rule]:
    """Rules of the same conditions as one rule with all their pushes, in the place of the first."""
    found: dict[str, Rule] = {}
    for rule in rules:
        key = repr((rule.when, rule.also, rule.unless))
        if key in found:
            both = {"push": found[key].push | rule.push, "why": f"{found[key].why} {rule.why}"}
            found[key] = found[key].model_copy(update=both)
        else:
            found[key] = rule
    return list(found.values())


def texts(rule: Rule, sets: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    """Its conditions and its push in words."""
    return rule_text(rule, sets), push_text(rule.push)


def _condition(pattern: Pattern, vocabulary: Vocabulary, sets: dict[str, list[str]]) -> Condition:
    members = [written(vocabulary.pieces[i].decode()) for i in pattern.steps[0]]
    span = Span(pattern.first, pattern.last)
    if len(members) == 1:
        return Condition(token=members[0], position=span)
    return Condition(members=set_name(members, sets), position=span)


def set_name(members: list[str], sets: dict[str, list[str]]) -> str:
    """The name of a set with these members, which is put into `sets` if it is not there yet."""
    for name, known in sets.items():
        if sorted(known) == sorted(members):
            return name
    shown = [bare for m in members if (bare := m.lstrip("+")).isalnum()]
    name, number = f"{shown[0] if shown else 'one'} or {len(members) - 1} more", 2
    if len(shown) == len(members) <= 3:
        name = " or ".join(shown)
    while name in sets:
        name = f"{name.split(' (')[0]} ({number})"
        number += 1
    sets[name] = members
    return name


def _sample(training: Contexts, count: int, seed: int) -> np.ndarray:
    """Rows of the training contexts that are searched: all, or those of a seeded sample of whole stories."""
    if len(training) <= count:
        return np.arange(len(training))
    stories, inside, n = np.unique(training.story, return_inverse=True, return_counts=True)
    order = generator(seed, "proposals").permutation(len(stories))
    taken = order[: max(1, int((np.cumsum(n[order]) <= count).sum()))]
    return np.flatnonzero(np.isin(inside, taken))
