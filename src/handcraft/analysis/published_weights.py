"""The weights of "," and " was" in the last position beside those that the post published."""

from collections.abc import Mapping
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.published import CANDIDATES, WEIGHTS
from handcraft.files import read_metadata, read_tensors, write_csv
from handcraft.math import centred
from handcraft.tokenizer.tokens import Vocabulary

COLUMNS = (
    "token",
    "comparable",
    "why",
    "compared",
    "same_sign",
    "correlation",
    "orderings",
    "seen",
    "contexts",
    "largest",
    "published_largest",
)


def evaluate_published(weights: Path, support: Path, *, tokenizer: Path, planted: bool, output: Path) -> None:
    """Write a row for each token whose weights were published.

    Both sides are centred over the candidates. `same_sign` of the `compared` words agree in sign; `correlation` is
    Pearson's over them, empty where one side has no spread; `orderings` is the share of all orders of our weights
    whose correlation is as large or larger. `seen` of `contexts` training contexts end on the token. Where
    `comparable` is 0, `why` says why and the rest is empty: the stories are made up, the group is another, the text is
    no token.
    """
    tensor, metadata = read_tensors(weights)["weight"], read_metadata(weights)
    counts, contexts = read_tensors(support)["support"], int(read_metadata(support)["contexts"])
    vocabulary = Vocabulary.read(tokenizer)
    words = list(metadata["candidates"])
    rows = []
    for token, theirs in WEIGHTS.items():
        row: dict[str, Any] = dict.fromkeys(COLUMNS) | {"token": token, "comparable": 0}
        identity = vocabulary.id_of(token)
        if planted:
            row["why"] = "the stories are made up"
        elif sorted(words) != sorted(CANDIDATES):
            row["why"] = "another group"
        elif identity is None:
            row["why"] = "no token of this tokenizer"
        else:
            ours = dict(zip(words, tensor[-1, identity].astype(np.float64).tolist(), strict=True))
            row |= {"comparable": 1, **compare_weights(ours, theirs)}
            row |= {"seen": int(counts[-1, identity]), "contexts": contexts}
        rows.append(row)
    write_csv(output, rows, COLUMNS)


def compare_weights(ours: Mapping[str, float], theirs: Mapping[str, float]) -> dict[str, Any]:
    """Sign agreement and correlation of two sets of weights by word, each centred first."""
    words = sorted(theirs)
    a, b = (centred(np.array([side[w] for w in words])) for side in (ours, theirs))
    spread = bool(a.std() > 0 and b.std() > 0)
    correlation = _correlation(a, b) if spread else None
    orderings = None
    if correlation is not None:
        orders = [_correlation(np.array(order), b) for order in permutations(a.tolist())]
        orderings = float(np.mean([c >= correlation - 1e-12 for c in orders]))
    return {
        "compared": len(words),
        "same_sign": int((np.sign(a) == np.sign(b)).sum()),
        "correlation": correlation,
        "orderings": orderings,
        "largest": words[int(a.argmax())] if spread else None,
        "published_largest": words[int(b.argmax())],
    }


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))
