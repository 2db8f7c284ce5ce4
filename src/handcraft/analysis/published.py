"""What the blog post published, as data: cited beside our results, never mixed with them.

Every row has kind "published". The two accuracies of people are on the post's own 50 contexts, which are
not known; their Wilson intervals are ours, from the published counts.
"""

from typing import Any

from handcraft.evaluation.intervals import wilson

SOURCE = "Roe, Z., “Thoughts on Hand Crafting Language Models” (blog post)"
GROUP = "conjunctions"
"""The group that all published figures are about."""
CANDIDATES = (" and", " but", " for", " so", " or")

WEIGHTS: dict[str, dict[str, float]] = {
    ",": {" for": -3.697, " and": -1.797, " but": 3.356, " or": -1.071, " so": 1.046},
    " was": {" for": -0.832, " and": -3.173, " but": -1.150, " or": -1.372, " so": 5.428},
}
"""Published weights of a token in the last position, per candidate (logits)."""

QUOTES = (
    ("Mom, I found this needle. Can you share it with me", " and"),
    ("not have any friends. All the other trees were big and strong,", " but"),
    ('ax felt better. He said, "Thank you, Owl,', " for"),
    ("ives are not toys. You must be very careful with them,", " or"),
    ("hoop and chased it around the yard. Tom had", " so"),
)
"""The examples that the post quotes, and the word that came; a context may begin inside a word."""

PLOT = "read off the plot: approximate"
_FIGURES: list[tuple[str, str, float, str, str]] = [
    ("llama_loss", "Llama 3.1 8B: loss", 0.57, "nats", PLOT),
    ("linear_validation_loss", "linear model: final validation loss", 0.58, "nats", PLOT),
    ("linear_training_loss", "linear model: final training loss", 0.48, "nats", PLOT),
    ("training_batches", "linear model: training length", 62_500, "batches", PLOT),
]
_PEOPLE = [("human_1", "first person: accuracy", 35, 50), ("human_2", "second person: accuracy", 37, 50)]


def published_table(confidence: float = 0.95) -> list[dict[str, Any]]:
    """Rows of name, title, value, unit, kind, group, correct, n, low, high, token, candidate, source, note.

    Losses are in nats, accuracies are shares with a Wilson interval at `confidence`, weights are logits of
    `token` in the last position for `candidate`. What does not apply is None.
    """
    rows = [_row(name, title, value, unit, note=note) for name, title, value, unit, note in _FIGURES]
    for name, title, right, n in _PEOPLE:
        low, high = wilson(right, n, confidence)
        note = f"{right} of {n} contexts of the post's own, which are not known"
        rows.append(_row(name, title, right / n, "share", note=note, correct=right, n=n, low=low, high=high))
    for token, weights in WEIGHTS.items():
        for candidate in CANDIDATES:
            title = f"weight of “{token}” in the last position for “{candidate}”"
            name = f"weight_{'comma' if token == ',' else token.strip()}_{candidate.strip()}"
            rows.append(_row(name, title, weights[candidate], "logit", token=token, candidate=candidate))
    return rows


def _row(name: str, title: str, value: float, unit: str, *, note: str = "", **more: Any) -> dict[str, Any]:
    void = dict.fromkeys(("correct", "n", "low", "high", "token", "candidate"))
    row = {"name": name, "title": title, "value": value, "unit": unit, "kind": "published", "group": GROUP}
    return row | void | more | {"source": SOURCE, "note": note}
