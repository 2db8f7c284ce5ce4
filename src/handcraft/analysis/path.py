"""How much of the gain few weights bring: the path of penalties as shares of what the chosen model gains."""

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]


def shares_of_gain(path: Sequence[Row]) -> list[tuple[int, float]]:
    """(weights, share) of each penalty of `train_linear`'s table down to the chosen one, fewest weights first.

    The share is `share_at` of the penalty; of fits with equally many weights the best counts. Empty where the chosen
    model gains nothing.
    """
    best: dict[int, float] = {}
    for r in path:
        if (share := share_at(path, r["l1"])) is not None:
            best[r["nonzeros"]] = max(share, best.get(r["nonzeros"], share))
    return sorted(best.items())


def share_at(path: Sequence[Row], l1: float) -> float | None:
    """What the fit with the penalty `l1` gains in validation loss over a model without weights, divided by what the
    chosen model gains. None for a smaller penalty than the chosen one, and where the chosen model gains nothing."""
    chosen = next((r for r in path if r["chosen"]), None)
    none = next((r for r in path if not r["nonzeros"]), None)
    own = next((r for r in path if r["l1"] == l1), None)
    if chosen is None or none is None or own is None or l1 < chosen["l1"]:
        return None
    gain = none["validation_loss"] - chosen["validation_loss"]
    return (none["validation_loss"] - own["validation_loss"]) / gain if gain > 0 else None
