"""On the planted corpus: how many of the proposed rules are planted, and how many planted rules were proposed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from handcraft.corpus.planted.table import RULES
from handcraft.files import write_csv
from handcraft.rules.files import Condition, Rule, RuleFile, read_rules, spelled
from handcraft.rules.language import GroupRules

COLUMNS = (
    "group", "proposed", "proposed_planted", "linear_rules", "recovered", "interactions", "interactions_found",
)  # fmt: skip
Place = tuple[str, int]


@dataclass
class Truth:
    """What a planted group's rules say of tokens at positions: the sign by which a candidate is pushed, by one token
    (`votes`) or by two (`pairs`, with the interaction they belong to), and the place of the noise's word."""

    votes: dict[tuple[Place, str], int] = field(default_factory=dict)
    pairs: dict[tuple[frozenset[Place], str], tuple[int, int]] = field(default_factory=dict)
    noise: Place | None = None

    @classmethod
    def of(cls, planted: GroupRules) -> "Truth":
        found = cls()
        for vote in planted.linear:
            found.votes[(vote.word, -vote.distance), vote.candidate] = 1 if vote.weight > 0 else -1
        for number, rule in enumerate(planted.interactions):
            for words, a in ((rule.plus, 1), (rule.minus, -1)):
                for others, b in ((rule.other_plus, 1), (rule.other_minus, -1)):
                    for word, other in product(words, others):
                        sides = frozenset({(word, -rule.distance), (other, -rule.other_distance)})
                        sign = a * b * (1 if rule.weight > 0 else -1)
                        found.pairs[sides, rule.candidate] = (sign, number)
        if planted.noise:
            found.noise = (planted.noise.word, -planted.noise.distance)
        return found


def evaluate_planted_proposals(files: Mapping[str, Path], *, output: Path) -> None:
    """Write a row for each planted group of the rule files that `find_rules` wrote.

    `proposed`: rules; `proposed_planted`: those that say only what the table says: every token that they look for
    stands at a position of a planted rule that pushes the same candidate the same way (for pairs, every pair of tokens
    is part of an interaction; the word of the noise may push anything). `linear_rules`, and those of them that a
    proposal states (`recovered`); `interactions`, and those of which a proposal states a part (`interactions_found`).
    """
    rows = []
    for group, path in files.items():
        planted = RULES[group]
        truth = Truth.of(planted)
        votes: set[object] = set()
        interactions: set[int] = set()
        read = _read(path)
        right = 0
        for rule in read.rules if read else []:
            said = _said(rule, read, truth) if read else None
            if said is not None:
                right += 1
                votes |= said[0]
                interactions |= said[1]
        rows.append(
            {
                "group": group,
                "proposed": len(read.rules) if read else 0,
                "proposed_planted": right,
                "linear_rules": len(planted.linear),
                "recovered": len(votes),
                "interactions": len(planted.interactions),
                "interactions_found": len(interactions),
            }
        )
    write_csv(output, rows, COLUMNS)


def _read(path: Path) -> RuleFile | None:
    """A file of proposals; None where no rule was found."""
    text = path.read_text(encoding="utf-8")
    return read_rules(path)[0] if "\nrules:" in text else None


def _said(rule: Rule, read: RuleFile, truth: Truth) -> tuple[set[object], set[int]] | None:
    """The planted votes and interactions that a rule states; None where it says something else too."""
    conditions = [rule.when, *rule.also]
    if rule.unless or any(c.position.first != c.position.last for c in conditions):
        return None
    votes: set[object] = set()
    interactions: set[int] = set()
    for word, nats in rule.push.items():
        for places in product(*(list(_places(c, read)) for c in conditions)):
            key = spelled(word)
            sign = 1 if nats > 0 else -1
            if len(places) == 1 and places[0] == truth.noise:
                continue
            if len(places) == 1 and truth.votes.get((places[0], key)) == sign:
                votes.add((places[0], key))
            elif truth.pairs.get((frozenset(places), key), (0, 0))[0] == sign:
                interactions.add(truth.pairs[frozenset(places), key][1])
            else:
                return None
    return votes, interactions


def _places(condition: Condition, read: RuleFile) -> Iterator[Place]:
    texts = [condition.token] if condition.token is not None else read.sets.get(condition.members or "", [])
    for text in texts:
        yield spelled(text), condition.position.last
