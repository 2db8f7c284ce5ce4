"""Proposals for a person: the next best rules beside those of the group's file, shown one by one, and put into it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handcraft.analysis.find_rules import proposed_file, shown
from handcraft.analysis.proposals import Base, Proposal, Proposer, in_words, merged, texts
from handcraft.analysis.score_rules import Scorer
from handcraft.config.model import Proposals
from handcraft.files import write_text
from handcraft.rules.files import Rule, flat, read_rules
from handcraft.rules.write import extended


@dataclass(frozen=True)
class Shown:
    """A proposal with what it gains on validation contexts (nats), and contexts where it fires: those in which the
    candidate that it pushes came (or, where it pushes down, did not come), and the others, as [text, word]."""

    proposal: Proposal
    rule: Rule
    words: tuple[str, str]
    gain: float
    right: list[list[str]]
    wrong: list[list[str]]


class Proposing:
    """A search for rules beside those of a group's file, which may not be there yet.

    The search takes the file's rules with fitted strengths, so that a rule that is only too weak or too strong calls
    for no further one. What is written into the file fits its rules as they stand.
    """

    def __init__(self, scorer: Scorer, path: Path, *, settings: Proposals, seed: int) -> None:
        self.scorer, self.path = scorer, path
        self.sets: dict[str, list[str]] = {}
        base = self._written = None
        if path.is_file():
            score = scorer.score(path)
            training, held = scorer.fires(score.rules)
            base = Base(score.rules, score.fitted.logits(training), score.fitted.logits(held))
            self._written = score.model.logits(training)
            self.sets |= read_rules(path)[0].sets
        self.known = set(self.sets)
        self.proposer = Proposer(
            scorer.training, scorer.held_out, scorer.vocabulary, settings=settings, seed=seed, base=base
        )
        self.proposer.most = 1

    def run(self) -> Iterator[Shown]:
        """The proposals one by one."""
        candidates, held_out = self.scorer.training.candidates, self.scorer.held_out
        before = self.proposer.loss()
        for i, proposal in enumerate(self.proposer.run()):
            k = proposal.candidate
            push = float(self.proposer.model.weight[i, k])
            rule = in_words(proposal, self.scorer.vocabulary, candidates, push, self.sets)
            rows = np.flatnonzero(proposal.rule.rows(held_out.tokens))
            right = (held_out.labels[rows] == k) == (push > 0)
            after = self.proposer.loss()
            examples = (
                shown(rows[part], held_out, self.scorer.vocabulary, spread=False) for part in (right, ~right)
            )
            yield Shown(proposal, rule, texts(rule, self.sets), before - after, *examples)
            before = after

    def write(self) -> int:
        """Put what was found into the file, or into a new one, with the pushes that fit all of it; how many rules.

        They are marked as proposed, and all that a person wrote stays as it is.
        """
        found = self.proposer.found
        model = self.proposer.model if self._written is None else self.proposer.beside(self._written)
        vocabulary, candidates = self.scorer.vocabulary, self.scorer.training.candidates
        rules = [
            in_words(p, vocabulary, candidates, float(model.weight[i, p.candidate]), self.sets)
            for i, p in enumerate(found)
        ]
        if not rules:
            return 0
        if self.path.is_file():
            new = {name: members for name, members in self.sets.items() if name not in self.known}
            text = self.path.read_text(encoding="utf-8")
            write_text(self.path, extended(text, new, merged(rules), str(self.path)))
        else:
            write_text(self.path, proposed_file(rules, self.sets, candidates, model.start))
        return len(merged(rules))


def format_proposal(number: int, one: Shown) -> str:
    """A proposal as text, with its support, gain and contexts."""
    p, (when, push) = one.proposal, one.words
    lines = [
        f"{number}. when {when}: {push}",
        f"   fires in {p.seen:,} training contexts: expected {p.expected:.1%}, came {p.came:.1%}; validation loss "
        f"{-one.gain:+.4f}, effect {p.z:.1f} standard errors",
    ]
    for name, contexts in (("right", one.right), ("wrong", one.wrong)):
        lines += [f"   {name}: ...{flat(text)} [{word}]" for text, word in contexts]
    return "\n".join(lines)
