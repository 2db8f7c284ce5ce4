"""What raw counts say, no model in between: how often a token stands right before a candidate."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.contexts.read import read_contexts
from handcraft.files import read_metadata, write_json
from handcraft.tokenizer.tokens import Vocabulary


def evaluate_data_claims(train: Path, tokenizer: Path, *, tokens: Sequence[str], output: Path) -> None:
    """Count, over the training contexts, each of `tokens` as the last token before each candidate.

    Writes {"contexts": n, "sampling", "candidates": [{"candidate", "contexts", "share"}], "tokens":
    [{"token", "id", "contexts", "candidates": [{"candidate", "contexts", "share_of_candidate",
    "share_of_token"}]}]}. For token t and candidate c, `contexts` counts those of c whose last token is t;
    `share_of_candidate` divides it by all contexts of c, `share_of_token` by all whose last token is t
    (null where that is none). A text that is not a single token has the id null and no counts. `sampling` is
    that of the training contexts: only "natural" counts the text as it is.
    """
    seen = read_contexts(train)
    vocabulary = Vocabulary.read(tokenizer)
    last = seen.tokens[:, -1]
    size = len(seen.candidates)
    of_candidate = np.bincount(seen.labels, minlength=size)

    listed: list[dict[str, Any]] = []
    for token in tokens:
        place = vocabulary.id_of(token)
        if place is None:
            listed.append({"token": token, "id": None, "contexts": None, "candidates": []})
            continue
        both = np.bincount(seen.labels[last == place], minlength=size)
        of_token = int(both.sum())
        shares = [
            {
                "candidate": candidate,
                "contexts": int(both[k]),
                "share_of_candidate": _share(both[k], of_candidate[k]),
                "share_of_token": _share(both[k], of_token),
            }
            for k, candidate in enumerate(seen.candidates)
        ]
        listed.append({"token": token, "id": place, "contexts": of_token, "candidates": shares})
    totals = [
        {"candidate": candidate, "contexts": int(count), "share": _share(count, len(seen))}
        for candidate, count in zip(seen.candidates, of_candidate, strict=True)
    ]
    sampling = read_metadata(train)["sampling"]
    write_json(output, {"contexts": len(seen), "sampling": sampling, "candidates": totals, "tokens": listed})


def _share(part: Any, whole: Any) -> float | None:
    return int(part) / int(whole) if whole else None
