"""docs/planted.md, made of the table of rules."""

from handcraft.corpus.planted.table import RULES
from handcraft.corpus.planted.writer import write_stories
from handcraft.rules.language import REACH, GroupRules, Interaction

_HEAD = f"""# The planted corpus

Generated from `src/handcraft/corpus/planted/` by `make schema`; do not edit.

The default build needs no data: its corpus is made up, by a seeded generator, of short children's stories in the
manner of TinyStories. **It is not natural text.** Its use is that the truth about it is known. Every whole-word
occurrence of a candidate of the five groups below stands at a *slot*: the words around it are written by templates
that never use these words otherwise, and the candidate itself is drawn from

    softmax(base + linear rules + interactions)

over the group's candidates. So the probability of each candidate given the 16 tokens before it is known exactly, and
with it the loss of the best possible predictor (Bayes).

- A **linear rule** is what the linear model can express: one word at one distance adds its nats to one candidate.
- An **interaction** is what it cannot: two words at two distances add their nats where both come from the first sets or
  both from the second sets, and take them away where one comes from each (an exclusive or). The sets of each place are
  equally likely and drawn independently, so neither word alone tells anything.
- A **noise** marker makes the draw free of all context: whatever else is there, the candidates have fixed rates.

A distance counts tokens back from the slot: 1 is the last token before it, position 15 of 16. No rule looks further
back than {REACH} tokens, and every word that may stand there is a single token, so distances in words are distances in
tokens (the Bayes predictor refuses a tokenizer for which this is not so). `␣` is the space that a word begins with.
Rare words, among them many that begin like a candidate (forest, orange, island), only stand where no slot follows
within reach: they are what makes `match: token` differ from `match: word`.

In the report, *best linear* is a linear model fitted on many times (by default 20) as many fresh contexts, lightly
penalised (fresh contexts kept back choose how lightly), and a linear rule is *recovered* where the largest centred
weight (minus the mean over the candidates) of its token and position is on its candidate, with its sign.

## A story

"""


def planted_page() -> str:
    """The page's text; a test holds docs/planted.md to it."""
    story = next(write_stories(0, 1))
    at = {slot.place for slot in story.slots}
    marked = "".join(f" **{piece[1:]}**" if i in at else piece for i, piece in enumerate(story.pieces))
    parts = [_HEAD, f"The first with seed 0; slots in bold.\n\n> {marked}\n"]
    return "".join([*parts, *(_group(name, rules) for name, rules in RULES.items())])


def _group(name: str, rules: GroupRules) -> str:
    lines = [f"\n## {name.capitalize()}", ""]
    lines += ["| candidate | base, nats | rate after the noise marker |", "|---|---|---|"]
    for word, base, rate in zip(rules.candidates, rules.base, rules.noise.rates, strict=True):
        lines.append(f"| {_shown(word)} | {base:+g} | {rate:g} |")
    lines += ["", "| kind | word | distance | candidate | nats |", "|---|---|---|---|---|"]
    for rule in rules.linear:
        lines.append(
            f"| linear | {_shown(rule.word)} | {rule.distance} | {_shown(rule.candidate)} | {rule.weight:+g} |"
        )
    for pair in rules.interactions:
        lines.append(
            f"| interaction | {_sets(pair)} | {pair.distance}; {pair.other_distance} | {_shown(pair.candidate)} "
            f"| ±{pair.weight:g} |"
        )
    lines.append(f"| noise | {_shown(rules.noise.word)} | {rules.noise.distance} | all | |")
    return "\n".join(lines) + "\n"


def _sets(pair: Interaction) -> str:
    sides = ((pair.plus, pair.minus), (pair.other_plus, pair.other_minus))
    return "; ".join(
        f"{' '.join(map(_shown, plus))} against {' '.join(map(_shown, minus))}" for plus, minus in sides
    )


def _shown(word: str) -> str:
    return f"`{word.replace(' ', '␣')}`"
