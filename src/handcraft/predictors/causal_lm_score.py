"""Log-probabilities of the endings of many questions under a causal language model, with few forward passes.

One right-padded row holds `shared` and the longest ending but its last token; every other candidate whose tokens lie on
the same row is read from it, and only what does not (two candidates that part after their first tokens)
gets a row of its own. The output matrix is applied only to the hidden states that are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from handcraft.errors import UserError
from handcraft.predictors.causal_lm_text import Question
from handcraft.progress import progress, say

LOGITS = 1 << 25  # logits held at a time: 128 MB in float32
# Settings by which an architecture changes its logits after the output matrix (Gemma, Cohere, Granite, MiniCPM...).
RESCALERS = (
    "final_logit_softcapping",
    "logit_scale",
    "logits_scaling",
    "lm_head_multiplier",
    "dim_model_base",
)


@dataclass(frozen=True)
class Plan:
    """What to compute: token rows, and which log-probabilities to read off them.

    `rows`: token sequences; the other arrays [m] say that read `i` is the log-probability of `token[i]` at
    `position[i]` of row `row[i]`, and belongs to the score `score[i]` = question * candidates + candidate.
    Sorted by row.
    """

    rows: list[tuple[int, ...]]
    row: np.ndarray
    position: np.ndarray
    token: np.ndarray
    score: np.ndarray


def plan_rows(questions: Sequence[Question]) -> Plan:
    """The fewest rows from which every token of every ending can be read."""
    rows: list[tuple[int, ...]] = []
    reads: list[tuple[int, int, int, int]] = []
    width = len(questions[0].endings) if questions else 0
    for q, question in enumerate(questions):
        shared = question.shared
        # Longest first, so that a row is never made for what lies on a longer one.
        own: list[tuple[int, ...]] = []
        for needed in sorted({ending[:-1] for ending in question.endings}, key=lambda e: (-len(e), e)):
            if not any(row[: len(needed)] == needed for row in own):
                own.append(needed)
        for k, ending in enumerate(question.endings):
            r = next(i for i, row in enumerate(own) if row[: len(ending) - 1] == ending[:-1])
            for j, token in enumerate(ending):
                reads.append((len(rows) + r, len(shared) - 1 + j, token, q * width + k))
        rows.extend(shared + row for row in own)
    table = np.array(reads, np.int64).reshape(-1, 4)
    table = table[np.argsort(table[:, 0], kind="stable")]
    return Plan(rows, table[:, 0], table[:, 1], table[:, 2], table[:, 3])


def batches(lengths: np.ndarray, batch_tokens: int) -> Iterator[np.ndarray]:
    """Rows in batches of at most `batch_tokens` tokens with padding (a longer row goes alone), longest first.

    Longest first, so that too little memory shows in the first batch and not in the last.
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        count = max(1, batch_tokens // int(lengths[order[start]]))
        yield order[start : start + count]
        start += count


def score_questions(
    model: Any, questions: Sequence[Question], *, batch_tokens: int, description: str = "causal LM"
) -> np.ndarray:
    """Summed log-probability of each ending after its `shared`: float64 [n, candidates].

    `model` is a `transformers` causal LM in evaluation mode. Raises `UserError` where the model gives no finite number,
    or where a row is longer than the model can take.
    """
    if not questions:
        return np.zeros((0, 0))
    plan = plan_rows(questions)
    lengths = np.array([len(row) for row in plan.rows])
    _check_length(model, int(lengths.max()))
    shortcut = _head_is_all(model, plan.rows[0])
    if not shortcut:
        say("the model changes its logits after the output matrix: all logits are computed")
    scores = np.zeros(len(questions) * len(questions[0].endings))
    bounds = np.searchsorted(plan.row, np.arange(len(plan.rows) + 1))
    with torch.inference_mode():
        parts = list(batches(lengths, batch_tokens))
        for part in progress(parts, description, unit="batch"):
            reads = np.concatenate([np.arange(bounds[r], bounds[r + 1]) for r in part])
            inside = np.repeat(np.arange(len(part)), bounds[part + 1] - bounds[part])
            values = _halving(model, plan, part, reads, inside, shortcut)
            np.add.at(scores, plan.score[reads], values)
    if not np.isfinite(scores).all():
        raise UserError(
            f"the model gives no finite log-probability for {np.count_nonzero(~np.isfinite(scores)):,} scores",
            where="predictors.causal_lms: dtype",
            remedy="use dtype: float32 (or bfloat16); float16 overflows in many models",
        )
    return scores.reshape(len(questions), -1)


def _halving(
    model: Any, plan: Plan, part: np.ndarray, reads: np.ndarray, inside: np.ndarray, shortcut: bool
) -> np.ndarray:
    """`_read`; where the device's memory does not do, the two halves of the batch one after the other."""
    try:
        return _read(model, plan, part, reads, inside, shortcut)
    except torch.OutOfMemoryError:
        if len(part) == 1:
            raise UserError(
                f"the device's memory does not do for one row of {len(plan.rows[part[0]])} tokens",
                where="predictors.causal_lms",
                remedy="use a smaller model, a smaller dtype (bfloat16), or a device with more memory",
            ) from None
    # Outside of the except block, whose traceback would hold the failed batch's tensors.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    half = len(part) // 2
    say(f"out of memory with {len(part)} rows: going on with {half}")
    first = inside < half
    return np.concatenate(
        [
            _halving(model, plan, part[:half], reads[first], inside[first], shortcut),
            _halving(model, plan, part[half:], reads[~first], inside[~first] - half, shortcut),
        ]
    )


def _read(
    model: Any, plan: Plan, part: np.ndarray, reads: np.ndarray, inside: np.ndarray, shortcut: bool
) -> np.ndarray:
    """Log-probabilities (float64) of `reads`, which lie on the rows `part`; `inside` is the row in the batch."""
    longest = max(len(plan.rows[r]) for r in part)
    # Padding on the right needs no mask, and any id does: in a causal model no token sees what comes after it, and
    # positions count from the left. One way for all batches, since a masked attention kernel rounds otherwise.
    ids = np.zeros((len(part), longest), np.int64)
    for i, r in enumerate(part):
        ids[i, : len(plan.rows[r])] = plan.rows[r]
    # Several candidates' first tokens are read at the same place: its logits are computed once.
    places, place = np.unique(inside * longest + plan.position[reads], return_inverse=True)
    device = model.device
    inputs = {"input_ids": torch.from_numpy(ids).to(device), "use_cache": False}
    at = torch.from_numpy(places).to(device)
    if shortcut:
        states = model.base_model(**inputs)[0].flatten(0, 1)[at]
        head = model.get_output_embeddings()
    else:
        states, head = model(**inputs).logits.flatten(0, 1)[at], torch.nn.Identity()
    tokens = plan.token[reads]
    values = np.zeros(len(reads))
    step = max(1, LOGITS // _vocabulary(model))
    for start in range(0, len(places), step):
        logits = head(states[start : start + step]).float()
        normal = torch.logsumexp(logits, -1)
        here = np.flatnonzero((place >= start) & (place < start + step))
        local = torch.from_numpy(place[here] - start).to(device)
        wanted = logits[local, torch.from_numpy(tokens[here]).to(device)]
        values[here] = (wanted - normal[local]).double().cpu().numpy()
    return values


def _vocabulary(model: Any) -> int:
    return int(model.config.get_text_config().vocab_size)


def _check_length(model: Any, longest: int) -> None:
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if limit is not None and longest > limit:
        raise UserError(
            f"prefix, context and candidate take up to {longest} of the model's tokens, and it takes {limit}",
            where="predictors.causal_lms",
            remedy="shorten the prefix or contexts.length, or use a model with a longer context",
        )


def _head_is_all(model: Any, row: Sequence[int]) -> bool:
    """Whether the model's logits are its output matrix times its last hidden states, and no more.

    Some architectures scale or cap them: told by the config, and tried on one row, since no list is ever complete.
    """
    config = model.config.get_text_config()
    if any(getattr(config, name, None) not in (None, 1, 1.0) for name in RESCALERS):
        return False
    head = model.get_output_embeddings()
    if head is None or model.base_model is model:
        return False
    inputs = {"input_ids": torch.tensor([list(row)], device=model.device), "use_cache": False}
    with torch.inference_mode():
        full = model(**inputs).logits.float()
        states = model.base_model(**inputs)[0]
        if states.shape[-1] != getattr(head, "weight", states).shape[-1]:
            return False
        ours = head(states).float()
    if not torch.isfinite(full).all():
        return False
    # bfloat16 and float16 round at 2^-8 and 2^-11, and the order of sums may differ.
    loose = 1e-5 if states.dtype == torch.float32 else 2e-2
    return bool(torch.allclose(full, ours, rtol=loose, atol=loose * float(full.abs().max())))
