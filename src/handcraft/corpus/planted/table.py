"""The planted rules: how likely each candidate is at a slot, given the words before it.

For every group, `softmax(base + linear rules + interactions)` over the candidates, or, where the group's
noise marker stands at its place, fixed rates whatever else is there. Prepositions have linear rules alone: the control
that must be found linear. The generator draws from this table, the Bayes predictor recomputes it, and docs/planted.md
is generated from it.
"""

from collections.abc import Mapping

from handcraft.rules.language import GroupRules, Interaction, Linear, Noise

RULES: Mapping[str, GroupRules] = {
    "conjunctions": GroupRules(
        candidates=(" and", " but", " for", " so", " or"),
        base=(1.5, 0.0, 0.0, 0.1, -0.4),
        linear=(
            Linear(",", 1, " but", 2.0),
            Linear(" was", 1, " so", 3.5),
            Linear(" hid", 5, " for", 2.5),
            Linear(" lost", 5, " but", 2.0),
            Linear(" loved", 5, " and", 2.0),
            Linear(" chose", 4, " or", 3.0),
            Linear(" wanted", 4, " so", 2.5),
            Linear(" broken", 3, " and", -2.5),
            Linear(" ball", 2, " or", 2.0),
            Linear(" scared", 2, " for", 2.0),
            Linear(" happy", 2, " and", 2.0),
            Linear(" spoon", 1, " for", 2.0),
        ),
        interactions=(
            Interaction(
                (" big", " red", " shiny"),
                (" little", " new", " tiny"),
                3,
                (" hat", " box", " doll"),
                (" boat", " kite", " cup"),
                2,
                " and",
                2.5,
            ),
            Interaction(
                (" found", " took"),
                (" saw", " made"),
                4,
                (" hat", " box", " doll"),
                (" boat", " kite", " cup"),
                1,
                " so",
                2.5,
            ),
        ),
        noise=Noise(" perhaps", 6, (0.3, 0.2, 0.2, 0.2, 0.1)),
    ),
    "pronouns": GroupRules(
        candidates=(" he", " she", " it", " they", " her"),
        base=(0.3, 0.4, 0.0, 0.0, -0.2),
        linear=(
            Linear(" Tom", 3, " he", 3.0),
            Linear(" Lily", 3, " she", 3.0),
            Linear(" bird", 6, " it", 3.0),
            Linear(" cried", 2, " her", 2.5),
            Linear(" stopped", 2, " they", 2.0),
            Linear(" sang", 2, " she", 1.5),
            Linear(" Later", 2, " they", 2.5),
            Linear(" Soon", 2, " he", -2.0),
            Linear(" because", 1, " it", 2.0),
            Linear(" until", 1, " he", 1.5),
            Linear(" but", 1, " she", -2.0),
            Linear(" so", 1, " they", 2.0),
        ),
        interactions=(
            Interaction(
                (" when", " while"),
                (" before", " after"),
                1,
                (" smiled", " waited"),
                (" laughed", " slept"),
                2,
                " her",
                3.0,
            ),
            Interaction(
                (" near", " by"), (" under", " past"), 5, (" dog", " fox"), (" cat", " duck"), 6, " he", 3.0
            ),
            Interaction(
                (" big", " red", " shiny"),
                (" little", " new", " tiny"),
                4,
                (" hat", " box", " doll"),
                (" boat", " kite", " cup"),
                3,
                " it",
                3.0,
            ),
        ),
        noise=Noise(" maybe", 1, (0.2, 0.2, 0.2, 0.2, 0.2)),
    ),
    "prepositions": GroupRules(
        candidates=(" in", " on", " to", " at", " with"),
        base=(0.3, 0.0, 0.3, -0.2, 0.0),
        linear=(
            Linear(" back", 1, " to", 3.0),
            Linear(" alone", 1, " with", -3.0),
            Linear(" swam", 1, " in", 3.0),
            Linear(" jumped", 1, " on", 2.5),
            Linear(" raced", 1, " to", 2.0),
            Linear(" looked", 2, " at", 3.0),
            Linear(" rolled", 2, " on", 2.0),
            Linear(" they", 2, " with", 2.0),
            Linear(" frog", 3, " in", 2.5),
            Linear(" and", 3, " with", 1.5),
            Linear(" big", 4, " at", 2.0),
            Linear(" Then", 4, " to", 1.5),
            Linear(" slowly", 1, " at", 2.0),
            Linear(" fast", 1, " in", -2.0),
            Linear(" danced", 2, " with", 2.5),
            Linear(" hopped", 2, " on", 1.5),
        ),
    ),
    "auxiliaries": GroupRules(
        candidates=(" was", " were", " had", " is", " did"),
        base=(0.7, 0.0, 0.0, -0.2, -0.2),
        linear=(
            Linear("Where", 1, " is", 2.5),
            Linear("Why", 1, " did", 3.0),
            Linear(" sheep", 1, " were", 2.5),
            Linear(" deer", 1, " did", 2.0),
            Linear(" barn", 1, " is", 2.0),
            Linear(" little", 2, " was", 2.0),
            Linear(" behind", 3, " was", -2.5),
            Linear(" moose", 4, " had", 3.0),
            Linear(" shouted", 4, " were", 2.0),
            Linear(" young", 5, " had", 2.0),
        ),
        interactions=(
            Interaction(
                ("How",), ("When",), 1, (" asked", " called"), (" whispered", " sighed"), 4, " was", 2.5
            ),
            Interaction(
                (" near", " by"),
                (" under", " past"),
                3,
                (" pond", " tree"),
                (" hill", " gate"),
                1,
                " was",
                2.5,
            ),
        ),
        noise=Noise(" indeed", 1, (0.3, 0.2, 0.2, 0.15, 0.15)),
    ),
    "feelings": GroupRules(
        candidates=(" happy", " sad", " scared", " excited", " proud"),
        base=(0.8, 0.0, 0.0, 0.0, -0.2),
        linear=(
            Linear(" too", 1, " sad", 2.0),
            Linear(" still", 1, " happy", -2.0),
            Linear(" grew", 2, " proud", 3.0),
            Linear(" stayed", 2, " scared", 2.0),
            Linear(" was", 2, " excited", 1.5),
            Linear(" Sam", 3, " proud", 1.5),
            Linear(" her", 4, " happy", 1.5),
            Linear(" vanished", 5, " sad", 3.0),
            Linear(" rang", 5, " excited", 2.0),
            Linear(" snake", 6, " scared", 4.0),
            Linear(" gift", 6, " excited", 3.0),
        ),
        interactions=(
            Interaction(
                (" very", " quite"),
                (" really", " rather"),
                1,
                (" felt", " looked"),
                (" seemed", " became"),
                2,
                " happy",
                2.5,
            ),
            Interaction(
                (" bell", " lamp"),
                (" drum", " horn"),
                6,
                (" fell", " moved"),
                (" arrived", " stopped"),
                5,
                " proud",
                2.5,
            ),
        ),
        noise=Noise(" almost", 1, (0.25, 0.25, 0.2, 0.2, 0.1)),
    ),
}
