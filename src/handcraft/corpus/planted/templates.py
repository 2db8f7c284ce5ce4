"""The sentences of the planted corpus.

`{pool}` draws a word of that pool. The same all through a story are `{N}`, the hero, `{F}`, the friend, `{child}`
("girl" or "boy"), `{O}`, a thing (of the pool "obj"), and `{A}`, an animal (of "anim"). A slot
`<group:follow>` always ends its template: there one of the group's candidates is drawn, and the text goes on
with a template of `FOLLOW[follow][candidate]`, so that it reads well whichever it is. No candidate of a
planted group may be written out anywhere here (a test reads every template). Lists are drawn from
uniformly; to weigh an entry, it stands there several times.
"""


def _each(words: list[str], entries: list[str]) -> dict[str, list[str]]:
    return dict.fromkeys(words, entries)


def _trailing(*phrases: str) -> list[str]:
    """A phrase that may end the sentence, or lead to a conjunction or to a pronoun."""
    ends = [".", ".", ".", ".", ", <conjunctions:clause>", " <conjunctions:clause>", " {sub} <pronouns:deed>"]
    return [phrase + end for phrase in phrases for end in ends]


_DEED = [" <pronouns:deed>"] * 3
_FEEL = " {felt} {very} <feelings:ending>"

FOLLOW: dict[str, dict[str, list[str]]] = {
    # after a conjunction: a clause
    "clause": {
        " and": [*_DEED, " {F} {vi} too.", " then the {anim} {vi}.", " {F} {vm} {adv} <prepositions:place>"],
        " but": [*_DEED, " nobody saw that.", " {F} said no.", " the {anim} {vm} {adv} <prepositions:place>"],
        " for": [
            *_DEED,
            " the {time} felt long.",
            " {F} loved the {color} one.",
            " {F} {vm} {adv} <prepositions:place>",
        ],
        " so": [
            *_DEED,
            " {F} came near.",
            " the {anim} {vm} <prepositions:place>",
            " {F} {vm} {adv} <prepositions:place>",
        ],
        " or": [
            *_DEED,
            " {F} only dreamed that.",
            " maybe {F} dreamed that.",
            " the {anim} {vm} {adv} <prepositions:place>",
        ],
    },
    # after "was", "were" or "is" and a conjunction
    "linked": {
        " and": [" will be {adja}.", " will be {nice} all day."],
        " but": [" one of many.", " one small part of the {event}."],
        " for": [" {N}.", " the {event}."],
        " so": [" {adja} that {N} {vi}.", " {nice} that {N} {vi}."],
        " or": [" seemed {adja}.", " seemed {nice}."],
    },
    # after a pronoun: what was done
    "deed": {
        **_each(
            [" he", " she", " they"],
            [
                " {vm} <prepositions:place>",
                " {vm} {adv} <prepositions:place>",
                " {vm} {adv} <prepositions:place>",
                _FEEL,
                _FEEL,
                " {vt} the {adjc} {obj}.",
                " {vt} the {adjc} {obj}, <conjunctions:clause>",
                " {vi}.",
                " {vi} too.",
            ],
        ),
        " it": [
            " {vm} {adv} <prepositions:place>",
            " {vm} <prepositions:place>",
            _FEEL,
            " fell down.",
            " {vi}.",
        ],
        " her": [
            " {kin}" + _FEEL,
            " {kin}" + _FEEL,
            " {anim} {vm} {adv} <prepositions:place>",
            " {kin} {vm} {adv} <prepositions:place>",
            " {obj} fell down.",
            " {kin} {vi}.",
        ],
    },
    # after a preposition: where
    "place": {
        " in": _trailing(" the {pin}"),
        " on": _trailing(" the {pon}"),
        " to": _trailing(" the {pto}"),
        " at": _trailing(" the {pat}"),
        " with": _trailing(" the {anim}", " {F}"),
    },
    # after an auxiliary whose subject is an animal (or several)
    "herd": {
        " was": [" {very} <feelings:ending>", " <conjunctions:linked>"],
        " were": [" {very} <feelings:ending>", " <conjunctions:linked>"],
        " had": [" gone home.", " seen {N}.", " come near."],
        " is": [" still there.", " <conjunctions:linked>"],
        " did": [" not move.", " not see {N}.", " come home."],
    },
    # after an auxiliary that opens a question
    "question": {
        " was": [' the {event}?"', ' the {color} {obj}?"'],
        " were": [' the {events}?"', ' the {color} {events}?"'],
        " had": [' the {anim} gone?"', ' the {event} stopped?"'],
        " is": [' the {event}?"', ' the {color} {obj}?"'],
        " did": [' the {anim} go?"', ' the {event} stop?"'],
    },
    # after a feeling
    "ending": _each([" happy", " sad", " scared", " excited", " proud"], _trailing("")),
}

OPENINGS = [
    "Once upon a time, there lived a {nice} {child} named {N}. {N} loved the {color} {O} best of all.",
    "One day, a {nice} {child} named {N} woke up early. The {sky} came down hard all {time}.",
    "Once there lived a {nice} {child}. People called the {child} {N}. {N} liked {food} very much.",
    "One {time}, {N} went out from home. The {sky} felt cold. {F} came along too.",
    "There once lived two friends, {N}, {F}. Each {time}, the friends shared some {food}.",
    "There once lived a {nice} {A} near the {alike}. Each {time}, the {child} {N} came by from the {spot}.",
    "Long ago, {N} lived near the {alike}. Each {time}, {F} came over from the {spot} by the {pto}.",
    "Once upon a time, a {rare} lay under the {rare}. {N} saw that, of course, one {nice} {time}.",
    "{N} liked stories about the {alike}. One {time}, {F} told {N} a good one about a {color} {A}.",
    "Mom gave {N} the {color} {O} one {time}. {N} never saw one as {nice} as that.",
]

CONJUNCTIONS = [
    "{N} {vt} the {adjc} {O}, <conjunctions:clause>",
    "{F} {vt} the {adjc} {obj}, <conjunctions:clause>",
    "{lead} {N} {vt} the {adjc} {O}, <conjunctions:clause>",
    "{N} {vt} the {adjc} {obj} <conjunctions:clause>",
    "{F} {vt} the {adjc} {O} <conjunctions:clause>",
    "{lead} {F} {vt} the {adjc} {obj} <conjunctions:clause>",
    "{N} perhaps {vt} the {adjc} {O}, <conjunctions:clause>",
]

PRONOUNS = [
    "{N} {vi} {sub} <pronouns:deed>",
    "{F} {vi} {sub} <pronouns:deed>",
    "{lead} {F} {vi} {sub} <pronouns:deed>",
    "{lead}, <pronouns:deed>",
    "{lead}, <pronouns:deed>",
    "The {A} {loc} the {spot} {vi} {sub} <pronouns:deed>",
    "The {A} {loc} the {spot} {vi} {sub} <pronouns:deed>",
    "The {anim} {loc} the {spot} {vi} {sub} <pronouns:deed>",
    "{N} {vi} {sub} maybe <pronouns:deed>",
]

PREPOSITIONS = [
    "{N} {vm} <prepositions:place>",
    "{lead} {N} {vm} {adv} <prepositions:place>",
    "{lead} {F} {vm} {adv} <prepositions:place>",
    "The {adja} {A} {vm} {adv} <prepositions:place>",
    "The {adja} {A} {vm} {adv} <prepositions:place>",
    "The {adja} {anim} {vm} {adv} <prepositions:place>",
    "The {A} somehow {vm} {adv} <prepositions:place>",
]

AUXILIARIES = [
    "The {adja} {herd} <auxiliaries:herd>",
    "The {adja} {herd} <auxiliaries:herd>",
    "The {adja} {herd} {loc} the {spot} <auxiliaries:herd>",
    "The {adja} {herd} {loc} the {spot} <auxiliaries:herd>",
    "The {adja} {herd} {loc} the {spot} <auxiliaries:herd>",
    '{N} {ask}, "{Ask} <auxiliaries:question>',
    '{F} {ask}, "{Ask} <auxiliaries:question>',
    '{N} {ask}, "{Ask} <auxiliaries:question>',
    "The {adja} {herd} {loc} the {spot} indeed <auxiliaries:herd>",
]

FEELINGS = [
    "{N}" + _FEEL,
    "When the {thing} {vh}, {N}" + _FEEL,
    "When the {thing} {vh}, {F}" + _FEEL,
    "When the {thing} {vh}, {F}" + _FEEL,
    "{N} {felt} almost <feelings:ending>",
]

ASIDES = [
    '"Look over there!" said {F}.',
    '"Please help me," said {N}.',
    '"Thank you, {N}!" said {F}.',
    '"Can we play?" said {N}. "Yes, we can!"',
    '"Do not worry, {N}," said {F}. "Try once more!"',
    '"I love you, {kin}," said {N}.',
    '"That {A} likes you, {N}," said {F}.',
    "The {sky} came up again.",
    "{N} gave {F} some {food}.",
    "{N} thought about the {O} all {time}.",
    "{F} told {N} a good story about the {A}.",
    "Far away, people talked of the {rare}, as all of them knew very well.",
    "By then, the {alike} looked small, as small as a {color} toy from far away.",
    "Mom sold the {alike}, the {alike}, then bought some more {food}, some {color} paper, some glue.",
    "{F} told {N} about the {alike}, the {rare}, then some more about {food}.",
    "Nobody knew about the {rare} under the {alike}, not one of all those people there.",
    "Some said that the {rare} liked the {alike} best, of all the good things there.",
    "Dad once made a {rare} from the {alike} by the {alike}, as all those people knew very well.",
]

ENDINGS = [
    "The end.",
    "{N} never forgot that {time}.",
    "{N} kept the {O} from then. The end.",
    "Good friends, {N}, {F}!",
    "That {time}, {N} dreamed about the {alike}.",
    "That {time}, {N} dreamed about the {A}. The end.",
    "That {time}, {N} slept near the {rare} by the {alike}. The end.",
    "From that day, {N} never feared the {rare}.",
    "Since then, {N} shared each {rare}, each {alike}. The end.",
]

STAGES: list[list[list[str]]] = [
    [OPENINGS],
    [PREPOSITIONS, AUXILIARIES],
    [CONJUNCTIONS],
    [AUXILIARIES],
    [PRONOUNS, FEELINGS],
    [ASIDES],
    [AUXILIARIES],
    [PREPOSITIONS],
    [PRONOUNS, CONJUNCTIONS],
    [FEELINGS],
    [AUXILIARIES, FEELINGS],
    [ENDINGS],
]
"""A story takes one sentence of each stage: of one of its lists, at random."""
