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
    "vt": _words("found took saw made hid chose wanted loved lost liked dropped carried"),
    "adjc": _words("big red shiny little new tiny broken soft"),
    "obj": _words("hat box doll boat kite cup ball spoon"),
    "lead": _words("Then Soon Later Today Again"),
    # pronouns: what went on when somebody else came in
    "vi": _words("smiled waited laughed slept cried stopped sang sneezed"),
    "sub": _words("when while before after because until"),
    # prepositions: how one moved, and whereto
    "vm": _words("ran hopped walked danced jumped looked rolled swam raced"),
    "adv": _words("fast out slowly again back alone"),
    "pin": _words("garden park water kitchen house cave woods yard"),
    "pon": _words("grass road bridge roof sand rug path rock"),
    "pto": _words("door river farm school beach store lake shop"),
    "pat": _words("wall fence corner window table clock stairs desk"),
    # auxiliaries: animals whose plural looks like their singular
    "herd": _words("fish sheep deer moose"),
    "adja": _words("little funny quiet brown big young"),
    "loc": _words("near by under past behind"),
    "spot": _words("pond tree hill gate barn"),
    "ask": _words("asked called whispered sighed shouted"),
    "Ask": _words("How When Where Why"),
    "event": _words("party game race picnic show contest"),
    "events": _words("cookies flowers toys books shoes blocks"),
    # feelings: what happened, how one felt
    "felt": _words("felt looked seemed became stayed grew"),
    "very": _words("very quite really rather too still"),
    "thing": _words("bell lamp drum horn snake gift"),
    "vh": _words("fell moved arrived stopped vanished rang"),
    # all round
    "anim": _words("dog fox cat duck bird frog"),
    "kin": _words("mom dad sister brother friend"),
    "color": _words("blue green yellow white pink purple"),
    "food": _words("cake bread soup milk pie rice"),
    "sky": _words("sun moon rain wind snow"),
    "nice": _words("kind brave clever gentle good sweet"),
    "time": _words("morning night day evening"),
    # far from every slot: begin like a candidate
    "alike": _words(
        "forest forge fork fortress formula fortune forehead forester forecast foreman forum forsythia "
        "orange orchard ornament organ orchid orbit orphan oracle oriole origami orca orator oregano "
        "orangutan ordeal android andiron andesite butter button butterfly butcher buttercup butler "
        "butte buttermilk butterscotch sofa soldier soap sock soda soil sorbet sombrero sonata socket "
        "sourdough soloist hedge hedgehog helmet hen heap heater heel heather heirloom hearth hexagon "
        "heifer shed shell shelf shelter shepherd sheriff shears sheaf item itch itinerary herb hero "
        "heron hermit herring herder herbarium insect ink inn inventor infant inlet inch incense "
        "inkwell inspector infirmary insignia onion onyx onlooker toad toaster tomato tower towel "
        "tortoise tool topaz torch toffee toboggan tornado toothbrush totem tourist attic atlas athlete "
        "atoll attendant atrium atom attorney wasp washer wasteland washroom wastebasket werewolf "
        "haddock island isle islet isthmus saddle saddlebag"
    ),
    # far from every slot
    "rare": _words(
        "acorn apple armchair arrow avenue axe badger bagpipe balcony balloon bamboo banana banjo basket beaver "
        "beetle bicycle biscuit bottle bracelet branch broom bucket buffalo cabbage cabin cactus camel candle "
        "cannon canyon carpet carrot castle cellar chain chapel cherry chimney circus cliff cloak cloud clover "
        "coach coconut compass cottage cradle crane crown crystal cupboard curtain daisy desert diamond donkey "
        "dragon drawer eagle elbow elephant emerald engine falcon farmer feather ferry fiddle flag flute fountain "
        "furnace garlic giant giraffe glacier glove goat goose grape guitar hammer hammock harbor harp honey "
        "jacket jaguar jelly jewel jungle kangaroo kettle keyhole ladder lagoon lantern leopard lemon library "
        "lighthouse lizard lobster locket magnet mango mansion marble market meadow melon mermaid mirror monkey "
        "monster mountain muffin mushroom napkin needle nugget nutmeg oatmeal ocean octopus olive ostrich otter "
        "owl oyster paddle palace pancake panda parrot peacock peanut pebble pelican pencil penguin pepper piano "
        "pickle pillow pirate planet plum pocket potato powder prince puddle pumpkin puppet puzzle pyramid quail "
        "queen quilt rabbit raccoon radish rainbow raven ribbon robot rocket rooster sailor salmon sandwich scarf "
        "seagull shadow spider sponge squirrel stable statue swan teapot telescope temple thimble thunder tiger "
        "tractor trailer train treasure trumpet tulip tunnel turnip turtle umbrella unicorn valley vase village "
        "violin volcano wagon walnut whale wheel whistle willow wizard wolf yacht zebra zipper"
    ),
}

FAR_POOLS = ("alike", "rare")
"""Pools whose words need not be single tokens."""
