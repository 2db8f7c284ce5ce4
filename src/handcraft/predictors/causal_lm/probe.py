"""How a model may be asked: whether it is causal, whether a row's length changes its answers, whether rows may branch.

The config says what it can, and rows are tried for the rest, as long and as branched as those to come: what holds on a
short row need not hold beyond an attention window or the switch of a RoPE.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from handcraft.errors import UserError
from handcraft.logging import say
from handcraft.predictors.causal_lm.files import WHERE
from handcraft.predictors.causal_lm.head import Head
from handcraft.predictors.causal_lm.rows import Row, Way, padded, row_inputs
from handcraft.predictors.causal_lm.text import Question

# fmt: off
PLAIN = frozenset((
    "apertus", "arcee", "cohere", "cohere2", "ernie4_5", "exaone4", "gemma", "gemma2", "gemma3_text", "glm",
    "glm4", "gpt2", "gpt_neox", "gptj", "granite", "granitemoe", "helium", "llama", "mistral", "mixtral",
    "nemotron", "olmo", "olmo2", "olmo3", "olmoe", "phi", "phi3", "qwen2", "qwen2_moe", "qwen3", "qwen3_moe",
    "seed_oss", "smollm3", "stablelm", "starcoder2",
))
# fmt: on
"""Architectures (`model_type`) in which, within its window, a token sees all that stands before it and positions enter
by `position_ids` alone: in these, rows may branch. Each is tried in the tests."""

WINDOWS = ("sliding_window", "attention_chunk_size", "local_attention", "window_size")
STEADY = ("default", "linear", "llama3", "yarn", "proportional")  # kinds of RoPE that know no length
LEAVES = 8  # branches of a row that are computed again as plain rows
LEAK = 1e-3  # of the largest hidden state; rows computed side by side differ by rounding alone
LOOSE = 3e-5  # the same of float32 rows of different lengths, whose sums have another order
HALF = 5e-2  # and of half precision


def choose_way(head: Head, questions: Sequence[Question]) -> Way:
    """The fastest way in which the model may give these questions the answers of plain rows.

    Where it is `Way.TREES`, a row must still be tried by `row_holds`. Raises `UserError` for a model that is not
    causal, or does not answer twice alike.
    """
    longest = max(questions, key=lambda q: len(q.shared) + max(map(len, q.endings)))
    tokens = [*longest.shared, *max(longest.endings, key=len)]
    shortest = min(len(q.shared) for q in questions)
    config = head.model.config
    with torch.inference_mode():
        varies = rows_vary(head, tokens, shortest)
    if varies or rope_switches(config, shortest, int(padded(np.array([len(tokens)]))[0])):
        say("the length of a row changes the model's answers: each candidate is put in a row of its own")
        return Way.LENGTHS
    return Way.TREES if config.model_type in PLAIN else Way.ROWS


def row_holds(head: Head, row: Row) -> bool:
    """Whether the model takes a branching row and, as far as can be told, those that are shorter."""
    return fits_window(head.model.config, len(row)) and branches_hold(head, row)


def rows_vary(head: Head, tokens: Sequence[int], shortest: int) -> bool:
    """Whether what stands after a place, by its mere length, changes the model's states there.

    Tried on `tokens` as they are padded, and on their beginnings, the shortest of `shortest` tokens. Raises `UserError`
    where the tokens after a place change them too, or where the same row gives something else the second time.
    """
    width = int(padded(np.array([len(tokens)]))[0])
    if head.length is not None:
        width = max(len(tokens), min(width, head.length))
    row = [*tokens, *([0] * (width - len(tokens)))]
    half = max(1, len(tokens) // 2)
    cuts = sorted({shortest, half, len(tokens) - 1, len(tokens), width} - {0})
    begun = [head.states(np.array([row[:cut]], np.int64)) for cut in cuts]
    # The shortest comes after the longest now.
    again = [head.states(np.array([row[:cut]], np.int64)) for cut in (cuts[0], width)]
    if not all(torch.isfinite(states).all() for states in begun):
        return False  # told of when it is scored
    if not all(_alike(a, b, _loose(a)) for a, b in zip((begun[0], begun[-1]), again, strict=True)):
        raise UserError(
            "the model does not give the same answer twice to the same row "
            "(an attention with random hashes, or one that depends on what was asked before)",
            where=f"{WHERE}: model: config.json",
            remedy="use another model, or settings of this one without chance in them",
        )
    other = row[:half] + _changed(row[half:], head.vocabulary)
    first, second = head.states(np.array([row, other], np.int64)).unflatten(0, (2, width))
    if not _alike(first[:half], second[:half], max(LEAK, _loose(first))):
        raise UserError(
            "the model is not causal: what stands after a token changes what it predicts there",
            where=f"{WHERE}: model: config.json",
            remedy="use a model that was trained to predict the next token; an encoder (BERT, RoBERTa) or a model "
            "with bidirectional attention (is_causal: false) cannot be asked",
        )
    return not all(_alike(a, first[:cut], _loose(a)) for a, cut in zip(begun, cuts, strict=True))


def _changed(tokens: Sequence[int], vocabulary: int) -> list[int]:
    """Other tokens in place of these; of the same kinds, since a model may treat some in ways of its own."""
    kinds = sorted(set(tokens))
    if len(kinds) == 1:
        kinds.append((kinds[0] + 1) % vocabulary)
    after = dict(zip(kinds, [*kinds[1:], kinds[0]], strict=True))
    return [after[t] for t in tokens]


def rope_switches(config: Any, shortest: int, longest: int) -> bool:
    """Whether the config has a RoPE that is another one in a row of `longest` tokens than in one of `shortest`."""
    config = config.get_text_config()
    for rope in _ropes(config):
        if rope.get("rope_type", "default") in STEADY:
            continue
        length = getattr(config, "max_position_embeddings", None)
        switch = rope.get("original_max_position_embeddings", length)
        if switch is None or shortest <= int(switch) < longest:
            return True
    return False


def _ropes(config: Any) -> list[Mapping[str, Any]]:
    """Settings of RoPE, one where all layers share it, else one a kind of layer."""
    found = getattr(config, "rope_parameters", None) or {}
    inner = [rope for rope in found.values() if isinstance(rope, Mapping)]
    return inner or ([found] if found else [])


def fits_window(config: Any, size: int) -> bool:
    """Whether no layer's attention ends within a row of `size` tokens, as far as the config says."""
    config = config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or [])
    if kinds - {"full_attention", "sliding_attention"}:
        return False
    if kinds == {"full_attention"} or getattr(config, "use_sliding_window", True) is False:
        return True
    sizes = [getattr(config, name, None) for name in WINDOWS]
    return all(window is None or int(window) >= size for window in sizes)


def branches_hold(head: Head, row: Row) -> bool:
    """Whether the model keeps to a mask and to positions of our own on a branching row.

    Some of its branches are computed as plain rows, which must give the same. A model that scans from left to right, or
    whose attention knows places alone, takes no branches; many of those raise an error at the mask, each of its kind.
    """
    parents = set(row.parents)
    leaves = [i for i in range(len(row)) if i not in parents]
    deepest = max(leaves, key=row.depths.__getitem__)
    some = {leaves[i] for i in np.linspace(0, len(leaves) - 1, LEAVES).astype(int)} | {deepest}
    try:
        with torch.inference_mode():
            ours = head.states(*row_inputs([row]))
            for leaf in sorted(some):
                path = [leaf]
                while row.parents[path[-1]] >= 0:
                    path.append(row.parents[path[-1]])
                path.reverse()
                own = head.states(np.array([[row.tokens[i] for i in path]], np.int64))
                if not torch.isfinite(own).all() or not _alike(own, ours[path], max(1e-4, _loose(own))):
                    return False
    except (TypeError, ValueError, RuntimeError, IndexError, NotImplementedError):
        return False
    return True


def _loose(states: torch.Tensor) -> float:
    return LOOSE if states.dtype in (torch.float32, torch.float64) else HALF


def _alike(a: torch.Tensor, b: torch.Tensor, loose: float) -> bool:
    return bool(torch.allclose(a, b, rtol=loose, atol=loose * float(a.abs().max())))
