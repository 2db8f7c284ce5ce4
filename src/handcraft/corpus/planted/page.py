"""Generate docs/planted.md from the table of rules."""

from handcraft.corpus.planted.table import RULES
from handcraft.corpus.planted.writer import write_stories
from handcraft.rules.language import REACH, GroupRules, Interaction

_HEAD = f"""# The planted corpus

Generated from `src/handcraft/corpus/planted/` by `make schema`; do not edit.

The default build needs no data. Its corpus consists of short children's stories in the style of TinyStories, written by
a seeded generator. **It is not natural text.** Its purpose is that the true rules behind it are known. Every whole-word
occurrence of a candidate of the five groups below is at a *slot*. Templates write the words around a slot, and they
never use the candidates outside slots. The generator draws the candidate itself from

    softmax(base + linear rules + interactions)

over the group's candidates. The probability of each candidate given the 16 tokens before it is therefore known exactly,
and so is the loss of the best possible predictor (Bayes).

- A **linear rule** is a rule that the linear model can express: one word at one distance adds its nats to the score of
  one candidate.
- An **interaction** is a rule that the linear model cannot express. It involves words at two distances, and two sets of
  words for each distance. If both words come from their first sets, or both from their second sets, the nats are added
  to the candidate's score. If one comes from a first set and one from a second set, they are subtracted (an exclusive
  or). At each distance, both sets are equally likely and drawn independently, so neither word alone is informative.
- A **noise** marker makes the draw independent of the context: after it, the candidates have fixed probabilities
  whatever else the context contains.

Four groups have rules of all kinds, so no linear model can be exact. One group, prepositions, has linear rules alone.
A report that calls the four linear, or the one not linear, is wrong.

A distance counts tokens back from the slot. Distance 1 is the last token before the slot, which is position 15 of the
context. No rule looks back further than {REACH} tokens, and every word that can occur within that range is a single
token. Distances in words are therefore distances in tokens, and the Bayes predictor refuses a tokenizer for which this
does not hold. `␣` is the space at the beginning of a word. Rare words, including many that begin like a candidate
(forest, orange, island), occur only where no slot follows within that range. They make `match: token` differ from
`match: word`.

In the report, *best linear* is a linear model with a light penalty, fitted on many more fresh contexts (20 times as
many by default); held-out fresh contexts choose the penalty. A linear rule counts as *recovered* if, among the
centred weights (minus the mean over the candidates) of its token and position, the largest in absolute value belongs
to the rule's candidate and has the rule's sign.

## Example story

"""


def planted_page() -> str:
    """The text of the page; a test compares docs/planted.md with it."""
    story = next(write_stories(0, 1))
    at = {slot.place for slot in story.slots}
    marked = "".join(f" **{piece[1:]}**" if i in at else piece for i, piece in enumerate(story.pieces))
    parts = [_HEAD, f"This is the first story with seed 0. Slots are in bold.\n\n> {marked}\n"]
    return "".join([*parts, *(_group(name, rules) for name, rules in RULES.items())])


def _group(name: str, rules: GroupRules) -> str:
    lines = [f"\n## {name.capitalize()}", ""]
    if rules.is_linear:
        lines += ["All rules of this group are linear: it is the control that must be found linear.", ""]
    lines += ["| candidate | base, nats | rate after the noise marker |", "|---|---|---|"]
    rates = [f"{rate:g}" for rate in rules.noise.rates] if rules.noise else ["none"] * len(rules.candidates)
    for word, base, rate in zip(rules.candidates, rules.base, rates, strict=True):
        lines.append(f"| {_shown(word)} | {base:+g} | {rate} |")
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
    if rules.noise:
        lines.append(f"| noise | {_shown(rules.noise.word)} | {rules.noise.distance} | all | |")
    return "\n".join(lines) + "\n"


def _sets(pair: Interaction) -> str:
    sides = ((pair.plus, pair.minus), (pair.other_plus, pair.other_minus))
    return "; ".join(
        f"{' '.join(map(_shown, plus))} against {' '.join(map(_shown, minus))}" for plus, minus in sides
    )


def _shown(word: str) -> str:
    return f"`{word.replace(' ', '␣')}`"
