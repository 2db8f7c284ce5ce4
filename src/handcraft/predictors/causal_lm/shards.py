"""Long scoring in shards on disk, so that a killed job goes on where it was.

Snakemake deletes the declared outputs of a job that fails, so shards lie in a work directory that is not an output. Its
name is a hash of all that decides the scores (model, questions, settings, code): another model never meets them.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.errors import UserError
from handcraft.files import hash_file, read_metadata, read_tensors, write_tensors
from handcraft.logging import say
from handcraft.predictors.causal_lm.text import Question

SHARD = 1024
"""Questions in one shard, neighbours in the corpus: those of one story share rows."""


def model_fingerprint(model: str, revision: str | None) -> str:
    """What a model is: its name and commit on the hub, or a hash of all files of its directory."""
    if revision is not None:
        return f"{model}@{revision}"
    digest = hashlib.sha256()
    for path in sorted(p for p in Path(model).expanduser().iterdir() if p.is_file()):
        digest.update(f"{path.name} {hash_file(path)}\n".encode())
    return digest.hexdigest()


def shard_key(metadata: Mapping[str, Any], questions: Sequence[Question]) -> str:
    """A hash of what decides the scores: `metadata` (JSON) and the tokens of all questions."""
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for question in questions:
        digest.update(repr((question.shared, question.endings)).encode())
    return digest.hexdigest()[:24]


def score_in_shards(
    questions: Sequence[Question],
    score: Callable[[Sequence[Question], int], np.ndarray],
    directory: Path,
    *,
    description: str,
    size: int = SHARD,
) -> np.ndarray:
    """`score` of all questions, float64 [n, candidates], in shards kept in `directory`.

    `score` is given the questions of a shard and which of all of them is its first.
    What is there already is not computed again. A shard whose checksum fails is told of and recomputed.
    """
    width = len(questions[0].endings) if questions else 0
    scores = np.zeros((len(questions), width))
    parts = [slice(i, min(i + size, len(questions))) for i in range(0, len(questions), size)]
    kept = 0
    for number, part in enumerate(parts):
        path = directory / f"{number:05}.safetensors"
        count = part.stop - part.start
        found = _read_shard(path, (count, width))
        if found is None:
            found = score(questions[part], part.start)
            write_tensors(path, {"scores": found}, {"sha256": _checksum(found)})
            say(
                f"{description}: shard {number + 1} of {len(parts)} is written", on_terminal=number % 20 == 19
            )
        else:
            kept += count
        scores[part] = found
    if kept:
        say(f"{description}: {kept:,} of {len(questions):,} contexts were there already, from an earlier run")
    return scores


def remove_shards(directory: Path) -> None:
    """Remove a work directory, also what an earlier config or code left in it."""
    shutil.rmtree(directory, ignore_errors=True)


def _read_shard(path: Path, shape: tuple[int, int]) -> np.ndarray | None:
    if not path.is_file():
        return None
    try:
        scores, metadata = read_tensors(path)["scores"], read_metadata(path)
    except (UserError, KeyError, ValueError, OSError) as error:
        say(f"the shard {path} cannot be read ({type(error).__name__}): it is recomputed", on_terminal=True)
        return None
    if scores.shape != shape or metadata.get("sha256") != _checksum(scores):
        say(f"the shard {path} is damaged (its checksum fails): it is recomputed", on_terminal=True)
        return None
    return scores


def _checksum(scores: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(scores).tobytes()).hexdigest()
