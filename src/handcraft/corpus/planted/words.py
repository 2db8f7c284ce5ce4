"""The words of the planted corpus: pools that templates draw from, each word of a pool equally likely.

*Core* words may stand near slots and are frequent enough to become single tokens. *Rare* words stand only
where no slot follows within the reach of the rules. Some of them begin like a candidate (" forest",
" orange"): they are what makes `match: token` and `match: word` differ.
"""

BOYS = ("Tom", "Ben", "Sam", "Max")
GIRLS = ("Lily", "Mia", "Anna", "Sue")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


POOLS: dict[str, tuple[str, ...]] = {
    # conjunctions: what someone did, and with what
    "vt": _words("found took saw made hid chose wanted loved lost liked"),
    "adjc": _words("big red little new broken soft"),
    "obj": _words("hat box boat kite ball spoon"),
    "lead": _words("Then Soon Later Today Again"),
    # pronouns: what went on when somebody else came in
    "vi": _words("smiled waited laughed slept cried stopped"),
    "sub": _words("when while if as because"),
    # prepositions: how one moved, and whereto
    "vm": _words("ran hopped walked danced jumped looked rolled swam"),
    "adv": _words("fast out slowly again back alone"),
    "pin": _words("garden park water kitchen house"),
    "pon": _words("grass road bridge roof sand"),
    "pto": _words("door river farm school beach"),
    "pat": _words("wall fence corner window table"),
    # auxiliaries: animals whose plural looks like their singular
    "herd": _words("fish sheep deer moose"),
    "adja": _words("little funny quiet brown big young"),
    "loc": _words("near by under past behind"),
    "spot": _words("pond tree hill gate barn"),
    "ask": _words("asked called whispered sighed shouted"),
    "Ask": _words("How When Where Why"),
    "event": _words("party game race picnic show"),
    "events": _words("cookies flowers toys books shoes"),
    # feelings: what happened, how one felt
    "felt": _words("felt looked seemed became stayed grew"),
    "very": _words("very quite really rather too still"),
    "thing": _words("bell lamp kite drum snake gift"),
    "vh": _words("fell moved arrived stopped vanished"),
    # all round
    "anim": _words("dog fox cat duck bird frog"),
    "kin": _words("mom dad sister brother friend"),
    "color": _words("blue green yellow white pink"),
    "food": _words("cake bread soup milk pie"),
    "sky": _words("sun moon rain wind snow"),
    "nice": _words("kind brave clever gentle good"),
    "time": _words("morning night day evening"),
    # far from every slot
    "alike": _words(
        "forest fork fortress orange ornament orchard organ island inside insect onion tomato tower toad "
        "herb heron hermit hedgehog helmet sofa soldier soap butter button attic atlas item saddle "
        "shelter shepherd ship shell haddock wasp witness width"
    ),
    "rare": _words(
        "acorn apple arrow balloon banana basket bottle branch bucket cabbage candle carrot castle cherry "
        "cloud coconut crown crystal cupboard curtain daisy dragon drawer eagle elephant engine feather "
        "flute fountain giraffe glove goat grape hammer harbor honey jacket jelly jungle kettle ladder "
        "lantern lemon lizard magnet marble market meadow melon mirror monkey mountain mushroom needle "
        "ocean owl paddle palace pancake parrot peanut pebble pencil penguin pepper piano pillow pirate "
        "pocket potato puddle puppet puzzle queen rabbit rainbow ribbon robot rocket sailor sandwich scarf "
        "shadow spider squirrel stable statue teapot temple thunder tiger tractor train trumpet tunnel "
        "turtle valley village violin wagon whale wheel whistle willow zebra"
    ),
}

FAR_POOLS = ("alike", "rare")
"""Pools whose words need not be single tokens."""
