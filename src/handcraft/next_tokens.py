"""The next-token artifact, which every model of all tokens writes and evaluation reads: losses on held-out tokens."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.files import write_tensors
from handcraft.logging import progress
from handcraft.math import context_losses, log_softmax
from handcraft.tokenizer.encode import TokenFiles
from handcraft.tokenizer.windows import Windows

BLOCK = 2048
"""Windows that are asked at once."""

Ask = Callable[[np.ndarray, np.ndarray, bool], tuple[np.ndarray, np.ndarray]]
"""Of contexts [n, length] and the tokens that came [n]: the losses (nats) [n, m] of m models, and the likeliest token
of each [n, m], which need not be right where the last argument is false."""


def write_next_tokens(
    files: Mapping[str, TokenFiles],
    *,
    length: int,
    ask: Ask,
    output: Path,
    metadata: Mapping[str, Any] | None = None,
    block: int = BLOCK,
) -> None:
    """Write the losses of models on every token that has at least `length` tokens before it in its story.

    Safetensors of `test` and `validation` float32 [n, m], and `likeliest` uint16 [n, m], the likeliest token of each
    model, on the test split. A split without such a token has n = 0.
    """
    arrays: dict[str, np.ndarray] = {}
    for split in ("validation", "test"):
        windows = Windows(files[split], length)
        parts = []
        for at in progress(
            range(0, len(windows), block), f"scoring {split}", unit=f"blocks of {block:,} tokens"
        ):
            rows = windows.rows(np.arange(at, min(at + block, len(windows))))
            parts.append(ask(rows[:, :-1], rows[:, -1], split == "test"))
        if not parts:
            parts.append(ask(np.zeros((0, length), np.int64), np.zeros(0, np.int64), False))
        arrays[split] = np.concatenate([losses.astype(np.float32) for losses, _ in parts])
        if split == "test":
            arrays["likeliest"] = np.concatenate([tokens.astype(np.uint16) for _, tokens in parts])
    write_tensors(output, arrays, dict(metadata or {}))


def answer_logits(logits: np.ndarray, came: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What `Ask` gives of one model, from its logits [n, vocabulary]."""
    return context_losses(log_softmax(logits), came)[:, None], logits.argmax(1)[:, None]
