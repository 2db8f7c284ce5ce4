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
    # Without torch: tables, pages, figures.
    "light": Peak(200, 6),
    # Streams, or maps its input.
    "corpus": Peak(200, 1.5),
    # The contexts of one group in all splits, with where each came from; its input is mapped.
    "contexts": Peak(250, 2.7),
    # Linear models on contexts.
    "linear": Peak(450, 15),
    # A small transformer trained here; its input is mapped.
    "llama": Peak(550, 1),
    # Three numbers for each of 17 million weights.
    "full_linear": Peak(800, 1),
    # Counts of all sequences of up to five tokens.
    "ngram": Peak(250, 40),
    # Pandoc and Typst take less than a figure; Quarto brings a runtime of its own, and was not measured.
    "render": Peak(600, 4),
}
"""By kind of job: the jobs of the default, a sample of TinyStories and 300,000 stories took no more
(docs/benchmarks/memory.md), nor did those of 2.1 million stories from the corpus to the contexts
(docs/benchmarks/scale.md)."""

ROOM = 1.5
"""Times the peak: other machines, other allocators, input beyond what was measured."""

SNAKEMAKE = 400
"""Extra MB for the two Snakemake processes of a cluster job."""


def memory(kind: str, times: float = 1) -> Callable[..., int]:
    """A rule's `mem_mb` for a kind of `PEAKS`, as Snakemake wants it: a function of input and attempt.

    `times`: how many times its input a job makes of it in memory.
    """
    peak = PEAKS[kind]

    def mem_mb(wildcards: Any, input: Iterable[str], attempt: int) -> int:
        return ask(peak.floor + peak.per_input * times * input_mb(input), attempt)

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


def ask(peak_mb: float, attempt: int) -> int:
    """MB to ask for: room for the peak and a Snakemake, in whole hundreds, times the attempt (from 1)."""
    return 100 * math.ceil((ROOM * peak_mb + SNAKEMAKE) / 100) * attempt


def input_mb(paths: Iterable[str]) -> float:
    """Size of the files in MB (10^6 bytes). Those that are not there yet, as in a dry run, count as nothing."""
    return sum(p.stat().st_size for p in map(Path, paths) if p.is_file()) / 1e6
