"""The definition of a score, written down a second time as plainly as can be, to test the fast scores against.

One sequence at a time, in float64, the model's whole logits, nothing shared, batched or padded, no code of ours.
"""

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch


def score_plainly(model: Any, questions: Sequence[Any], *, double: bool = True) -> np.ndarray:
    """Summed log-probability of each ending after its `shared`: float64 [n, candidates], nats.

    `double`: by a copy of the model in float64; without it, the model in its own dtype.
    """
    if double:
        model = copy.deepcopy(model).double()
        if hasattr(model, "set_experts_implementation"):
            model.set_experts_implementation("eager")  # the fused one knows no float64
    return np.array([[_sum(model, q.shared, ending) for ending in q.endings] for q in questions])


def score_texts_plainly(
    model: Any,
    tokenizer: Any,
    beginning: Sequence[int],
    texts: Sequence[str],
    candidates: Sequence[str],
    prefix: Sequence[int] = (),
) -> np.ndarray:
    """The same from texts: what follows the tokens that the text alone and text + each candidate have in common."""
    scores = []
    for text in texts:
        rows = [_encode(tokenizer, [*beginning, *prefix], t) for t in (text, *(text + c for c in candidates))]
        common = 0
        while all(len(row) > common for row in rows) and len({row[common] for row in rows}) == 1:
            common += 1
        scores.append([_sum(model, row[:common], row[common:]) for row in rows[1:]])
    return np.array(scores)


def _sum(model: Any, shared: Sequence[int], ending: Sequence[int]) -> float:
    ids = torch.tensor([[*shared, *ending]])
    with torch.no_grad():
        logits = model(input_ids=ids, use_cache=False).logits[0].double()
    log_p = logits.log_softmax(-1)
    return sum(float(log_p[len(shared) + i - 1, token]) for i, token in enumerate(ending))


def _encode(tokenizer: Any, before: Sequence[int], text: str) -> list[int]:
    found = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    return [*before, *found]
