"""Writes the stories: draws templates, words, and, at every slot, a candidate by the planted rules."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from handcraft.corpus.planted.table import RULES
from handcraft.corpus.planted.templates import FOLLOW, STAGES
from handcraft.corpus.planted.words import BOYS, FAR_POOLS, GIRLS, POOLS
from handcraft.rules.language import REACH, GroupRules, distribution
from handcraft.seeds import derive_seed

NAMED = ("N", "F", "child", "O", "A")
"""Placeholders that stand for the same word all through a story."""

_PART = re.compile(r" ?\{(\w+)\}| ?<(\w+):(\w+)>|( ?[A-Za-z]+| ?[^\sA-Za-z{}<>]+)")


class Slot(NamedTuple):
    """One planted choice: `pieces[place]` of the story is candidate number `choice` of `group`."""

    group: str
    place: int
    choice: int


@dataclass(frozen=True)
class Story:
    """`pieces` joined give the text; a piece is a word or punctuation with the space before it."""

    pieces: list[str]
    slots: list[Slot]

    @property
    def text(self) -> str:
        return "".join(self.pieces)


@dataclass
class _Chooser:
    """Draws of one group: distributions are worked out once for every set of words that matter."""

    rules: GroupRules
    watched: list[tuple[int, frozenset[str]]] = field(init=False)
    known: dict[tuple[str, ...], list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        words: list[set[str]] = [set() for _ in range(REACH + 1)]
        if self.rules.noise:
            words[self.rules.noise.distance].add(self.rules.noise.word)
        for rule in self.rules.linear:
            words[rule.distance].add(rule.word)
        for pair in self.rules.interactions:
            words[pair.distance].update(pair.plus, pair.minus)
            words[pair.other_distance].update(pair.other_plus, pair.other_minus)
        self.watched = [(-d, frozenset(words[d])) for d in range(REACH, 0, -1)]

    def choose(self, pieces: list[str], chance: float) -> int:
        key = tuple([w if (w := pieces[d]) in seen else "" for d, seen in self.watched])
        bounds = self.known.get(key)
        if bounds is None:
            bounds = self.known[key] = distribution(self.rules, key).cumsum()[:-1].tolist()
        choice = 0
        for bound in bounds:
            choice += chance >= bound
        return choice


class _Template:
    """A compiled template: literal pieces and pools, then perhaps a slot."""

    def __init__(self, text: str, first: bool = False) -> None:
        self.parts: list[tuple[str, tuple[str, ...]]] = []
        self.group, self.follow = "", ""
        text = text if first or text[0] in " .,?!" else " " + text
        for match in _PART.finditer(text):
            space = " " if match[0].startswith(" ") else ""
            if match[4]:
                self._literal(match[4])
            elif match[1] in NAMED:
                self.parts.append((match[1] + space, ()))
            elif match[1]:
                self.parts.append(("", tuple(space + word for word in POOLS[match[1]])))
            else:
                self.group, self.follow = match[2], match[3]

    def _literal(self, piece: str) -> None:
        if self.parts and self.parts[-1][0] == "literal":
            self.parts[-1] = ("literal", (*self.parts[-1][1], piece))
        else:
            self.parts.append(("literal", (piece,)))


class _Writer:
    def __init__(self, chance: Callable[[], float]) -> None:
        self.chance = chance
        self.choosers = {name: _Chooser(rules) for name, rules in RULES.items()}
        self.stages = [
            [[_Template(text, stage == 0) for text in texts] for texts in lists]
            for stage, lists in enumerate(STAGES)
        ]
        self.follow = {
            name: {word: [_Template(text) for text in texts] for word, texts in by_word.items()}
            for name, by_word in FOLLOW.items()
        }

    def write(self) -> Story:
        chance = self.chance
        girl = chance() < 0.5
        hero = (GIRLS if girl else BOYS)[int(chance() * 4)]
        others = [name for name in BOYS + GIRLS if name != hero]
        friend = others[int(chance() * len(others))]
        child = "girl" if girl else "boy"
        things, animals = POOLS["obj"], POOLS["anim"]
        thing, animal = things[int(chance() * len(things))], animals[int(chance() * len(animals))]
        named = dict(zip(NAMED, (hero, friend, child, thing, animal), strict=True))
        named |= {name + " ": " " + word for name, word in named.items()}
        pieces: list[str] = []
        slots: list[Slot] = []
        for lists in self.stages:
            texts = lists[int(chance() * len(lists))] if len(lists) > 1 else lists[0]
            template = texts[int(chance() * len(texts))]
            while True:
                for kind, words in template.parts:
                    if kind == "literal":
                        pieces.extend(words)
                    elif kind:
                        pieces.append(named[kind])
                    else:
                        pieces.append(words[int(chance() * len(words))])
                if not template.group:
                    break
                chooser = self.choosers[template.group]
                choice = chooser.choose(pieces, chance())
                word = chooser.rules.candidates[choice]
                slots.append(Slot(template.group, len(pieces), choice))
                pieces.append(word)
                options = self.follow[template.follow][word]
                template = options[int(chance() * len(options))]
        return Story(pieces, slots)


def write_stories(seed: int, count: int) -> Iterator[Story]:
    """`count` stories with their slots; the first n are the same for every `count` >= n."""
    writer = _Writer(random.Random(derive_seed(seed, "planted stories")).random)
    for _ in range(count):
        yield writer.write()


def stories(seed: int, count: int) -> Iterator[str]:
    """The text of `count` made-up children's stories, one at a time, the same for the same seed."""
    for story in write_stories(seed, count):
        yield story.text


def near_pieces() -> frozenset[str]:
    """Every piece that may stand near a slot; where a tokenizer has them all whole, words are tokens there."""
    writer = _Writer(random.Random(0).random)
    texts = [t for lists in writer.stages for texts in lists for t in texts]
    texts += [t for by_word in writer.follow.values() for options in by_word.values() for t in options]
    far = {space + word for name in FAR_POOLS for word in POOLS[name] for space in ("", " ")}
    found = {word for text in texts for _, words in text.parts for word in words} - far
    found |= {space + name for name in BOYS + GIRLS for space in ("", " ")}
    return frozenset(found.union(*(rules.candidates for rules in RULES.values())))
