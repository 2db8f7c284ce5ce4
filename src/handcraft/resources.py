"""Memory and time that a job asks of a scheduler: memory from measured peaks and input; both grow with every retry."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple


class Peak(NamedTuple):
    """Peak memory of a job as measured: `floor` MB, and `per_input` MB for each MB of its input files."""

    floor: float
    per_input: float


PEAKS = {
    # Without torch. Measured below 270 MB on all inputs of a sample of TinyStories (at most 46 MB).
    "light": Peak(300, 4),
    # Streams, or maps its input. Below 200 MB on the sample; meant for the whole data set, and not measured there.
    "corpus": Peak(1500, 0.5),
    # Pandoc and Typst beside Python.
    "render": Peak(600, 4),
    # Linear models. 0.44, 0.63 and 1.47 GB for 4, 18 and 71 MB of contexts: docs/benchmarks/linear.md.
    "linear": Peak(500, 18),
    # The same on `factor` times as many contexts as its input has.
    "planted": Peak(1500, 18),
    # A small transformer trained here; its input is mapped.
    "llama": Peak(1500, 1),
}
"""By kind of job. Every sidecar in `results/provenance/` has the peak of its own job (`peak_memory_mb`)."""

ROOM = 2.0
"""Times the measured peak: allocators, and a scheduler that counts the page cache."""


def memory(kind: str) -> Callable[..., int]:
    """A rule's `mem_mb` for a kind of `PEAKS`, as Snakemake wants it: a function of input and attempt."""
    peak = PEAKS[kind]

    def mem_mb(wildcards: Any, input: Iterable[str], attempt: int) -> int:
        return ask(peak.floor + peak.per_input * input_mb(input), attempt, ROOM)

    return mem_mb


def memory_gb(gb_of: Callable[[Any], float]) -> Callable[..., int]:
    """A rule's `mem_mb` where the config states it in GB; `gb_of` gets the wildcards."""

    def mem_mb(wildcards: Any, attempt: int) -> int:
        return 1024 * math.ceil(gb_of(wildcards) * attempt)

    return mem_mb


def runtime(minutes: int | Callable[[Any], int]) -> Callable[..., int]:
    """A rule's `runtime`: `minutes` (or what it gives for the wildcards), times the attempt (from 1)."""

    def of_attempt(wildcards: Any, attempt: int) -> int:
        return (minutes(wildcards) if callable(minutes) else minutes) * attempt

    return of_attempt


def ask(peak_mb: float, attempt: int, room: float) -> int:
    """MB to ask for: `room` times the peak in whole hundreds, times the attempt (from 1)."""
    return 100 * math.ceil(room * peak_mb / 100) * attempt


def input_mb(paths: Iterable[str]) -> float:
    """Size of the files in MB (10^6 bytes). Those that are not there yet, as in a dry run, count as nothing."""
    return sum(p.stat().st_size for p in map(Path, paths) if p.is_file()) / 1e6
