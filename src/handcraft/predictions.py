"""The predictions artifact: what every predictor writes and evaluation reads."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from handcraft.errors import UserError
from handcraft.files import read_table, write_table

TOLERANCE = 1e-5
"""How far the logsumexp of a row may be from 0."""


@dataclass(frozen=True)
class Predictions:
    """One predictor's answers to all test contexts of one variant.

    `context` is int32 [n], the row of the test contexts; `log_probability` is float32 [n, K] in nats, over the
    `candidates` only, each row normalised.
    """

    context: np.ndarray
    log_probability: np.ndarray
    predictor: str
    title: str
    candidates: tuple[str, ...]
    missing: str = ""
    """Why there are no answers, where a given model could not be queried."""

    def __len__(self) -> int:
        return len(self.context)


def write_predictions(
    path: Path | str,
    log_probability: np.ndarray,
    *,
    predictor: str,
    title: str,
    candidates: Sequence[str],
    context: np.ndarray | None = None,
    missing: str = "",
) -> None:
    """Write log-probabilities [n, K] (nats) for test contexts 0..n-1, in order (or for those in `context` [n]).

    `predictor` is its id, `title` what the report calls it; `missing` says why there are no answers (n is 0 then),
    where a given model could not be queried. Raises `ValueError` where the shape is not [n, K], a
    value is NaN or +inf, or a row is not normalised: that is a fault of the predictor, not of its user. A
    candidate held impossible (-inf) is allowed.
    """
    values = np.ascontiguousarray(log_probability, dtype=np.float32)
    if values.ndim != 2 or values.shape[1] != len(candidates):
        raise ValueError(f"log_probability has shape {values.shape}, not [n, {len(candidates)}]")
    # -inf is allowed, so the sum of probabilities is tested rather than a logsumexp that would warn.
    total = np.exp(values.astype(np.float64)).sum(1)
    if not np.all(np.abs(np.log(total)) <= TOLERANCE):
        worst = int(np.argmax(np.where(np.isfinite(total), np.abs(total - 1), np.inf)))
        raise ValueError(f"row {worst} is not normalised: its probabilities sum to {total[worst]}")
    metadata = {"predictor": predictor, "title": title, "candidates": list(candidates)}
    if missing:
        metadata["missing"] = missing
    rows = np.arange(len(values)) if context is None else context
    # From buffers, because `pa.array` imports pandas: 0.2 s.
    flat = pa.Array.from_buffers(pa.float32(), values.size, [None, pa.py_buffer(values)])
    contexts = np.ascontiguousarray(rows, dtype=np.int32)
    context = pa.Array.from_buffers(pa.int32(), len(contexts), [None, pa.py_buffer(contexts)])
    column = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    table = pa.table([context, column], names=["context", "log_probability"])
    header = {"handcraft": json.dumps(metadata, sort_keys=True, ensure_ascii=False)}
    write_table(path, table.replace_schema_metadata(header))


def read_predictions(path: Path | str) -> Predictions:
    """Read a predictions artifact; `UserError` where it is not one."""
    table = read_table(path)
    try:
        metadata = json.loads((table.schema.metadata or {})[b"handcraft"])
        candidates = tuple(metadata["candidates"])
        context = table["context"].to_numpy().astype(np.int32)
        flat = table["log_probability"].combine_chunks().flatten().to_numpy()
        values = flat.reshape(len(context), len(candidates)).astype(np.float32)
        said = (metadata["predictor"], metadata["title"], candidates, metadata.get("missing", ""))
        return Predictions(context, values, *said)
    except (KeyError, ValueError, AttributeError) as error:
        raise UserError(
            f"this is not a predictions artifact ({type(error).__name__}: {error})",
            where=str(path),
            remedy="delete the file and run snakemake again; docs/extending.md says what a predictor writes",
        ) from error
