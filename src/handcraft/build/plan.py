"""What a build is expected to take, in words: said before anything long starts."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from handcraft.build.costs import Cost, expected_costs, llama_parameters, speed
from handcraft.build.resources import PEAKS, SNAKEMAKE
from handcraft.build.sizes import Sizes, expected_sizes
from handcraft.config.model import Config
from handcraft.config.predictors import CausalLM
from handcraft.device import count_gpus
from handcraft.disk import show_bytes
from handcraft.errors import UserError

CONTEXT = 33
"""Bytes of a context of 16 tokens in its file."""
TAIL = 25.0
"""Seconds at the end of a build in which one core works: figures that wait for one another, the report."""


@dataclass(frozen=True)
class Plan:
    """An estimate. `costs` are on this machine, `memory` (MB) is the largest job's, `disk` bytes of all results."""

    sizes: Sizes
    costs: list[Cost]
    memory: float
    disk: float
    downloads: list[str]
    unknown: list[str]

    @property
    def core_seconds(self) -> float:
        return sum(c.seconds for c in self.costs)

    def minutes(self, cores: int) -> float:
        """Of the whole build on so many cores."""
        return (self.core_seconds / cores + TAIL) / 60


def make_plan(cfg: Config, *, factor: float | None = None) -> Plan:
    """Estimate what `cfg` takes. factor: how many times longer than the machine of the rates; measured by default.

    Reads some stories, over the network where they are on the hub, and asks the hub for sizes; loads no model.
    Raises `UserError` where the corpus cannot be read.
    """
    sizes = expected_sizes(cfg)
    parameters: dict[str, int | None] = {}
    downloads, unknown = _corpus_download(cfg), []
    for name, lm in cfg.predictors.causal_lms.items():
        try:
            parameters[name], told = _look_at(lm, cfg.tokenizer.vocabulary)
            downloads += told
        except UserError as error:
            parameters[name] = None
            unknown.append(f"{lm.title} ({error.what})")
    factor = speed() if factor is None else factor
    costs = [
        Cost(c.rule, c.jobs, c.seconds * factor, c.gpu)
        for c in expected_costs(cfg, sizes, parameters, gpu=count_gpus(cfg.device) > 0)
    ]
    largest = max((c["train"] for c in sizes.contexts.values()), default=0)
    asked = [1024 * lm.memory_gb for name, lm in cfg.predictors.causal_lms.items() if parameters[name]]
    memory = max(PEAKS["linear"].floor + PEAKS["linear"].per_input * CONTEXT * largest / 1e6, *asked, 0.0)
    every = sum(sum(c.values()) for c in sizes.contexts.values())
    # Contexts and predictions of them, stories, and what every build has.
    disk = 130 * every + sum(sizes.characters.values()) + 3e7
    return Plan(sizes, costs, memory + SNAKEMAKE, disk, downloads, unknown)


def show_plan(plan: Plan, cores: int | None = None) -> list[str]:
    """Lines for the terminal."""
    cores = cores or os.cpu_count() or 1
    stories = ", ".join(f"{n:,} {split}" for split, n in plan.sizes.stories.items())
    lines = [f"stories    about {stories}", "contexts   about (training, validation, test)"]
    width = max(map(len, plan.sizes.contexts))
    for name, c in plan.sizes.contexts.items():
        lines.append(f"           {name:{width}} {c['train']:>12,} {c['validation']:>10,} {c['test']:>10,}")
    lines.append(f"disk       about {show_bytes(plan.disk)} of results")
    lines.append(f"memory     the largest job asks a scheduler for about {plan.memory / 1000:.1f} GB")
    lines.append(
        f"time       about {_time(plan.core_seconds)} of one core: {_minutes(plan.minutes(cores))} on {cores}"
    )
    for cost in sorted(plan.costs, key=lambda c: -c.seconds):
        where = "   (on the GPU: less)" if cost.gpu else ""
        lines.append(f"           {_time(cost.seconds):>10}  {cost.rule}, {_jobs(cost.jobs)}{where}")
    lines += [f"downloads  {line}" for line in plan.downloads or ["nothing"]]
    lines += [f"not known  {line}: its time is left out" for line in plan.unknown]
    return lines


def _jobs(count: int) -> str:
    return f"{count} job{'' if count == 1 else 's'}"


def _time(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 5400 else f"{seconds / 60:.1f} min"


def _minutes(minutes: float) -> str:
    return f"{minutes / 60:.1f} hours" if minutes >= 90 else f"{minutes:.0f} minutes"


def _corpus_download(cfg: Config) -> list[str]:
    if cfg.corpus.source != "hub":
        return []
    hub = cfg.corpus.hub
    size = _hub_bytes(hub.dataset, hub.revision, "dataset", [".parquet", ".txt", ".jsonl", ".gz", ".zst"])
    shown = show_bytes(size) if size else "of unknown size"
    return [f"{hub.dataset}, streamed and not kept: {shown}, or less"]


def _look_at(lm: CausalLM, vocabulary: int) -> tuple[int | None, list[str]]:
    """Numbers in a causal LM's weights, and what has to be downloaded for it."""
    from handcraft.predictors.causal_lm.files import cached_directory, check_directory, count_weights
    from handcraft.predictors.causal_lm.gguf import count_gguf_weights, gguf_file

    if lm.train:
        return llama_parameters(lm.train, vocabulary), []
    name = str(lm.model)
    if lm.revision is None:
        path = Path(name).expanduser()
        if file := gguf_file(path):
            return count_gguf_weights(file), []
        check_directory(path)
        return count_weights(path), []
    if cached := cached_directory(name, lm.revision):
        return count_weights(cached), []
    size = _hub_bytes(name, lm.revision, "model", [".safetensors", ".json"])
    if not size:
        raise UserError("the hub does not tell its size, or cannot be reached")
    # Most models on the hub have two bytes a number.
    return size // 2, [f"{name}: {show_bytes(size)}"]


def _hub_bytes(name: str, revision: str, kind: str, endings: Sequence[str]) -> int:
    """Bytes of a repository's files with these endings; 0 where the hub does not tell."""
    from huggingface_hub import HfApi

    try:
        asked = HfApi().model_info if kind == "model" else HfApi().dataset_info
        found = asked(name, revision=revision, files_metadata=True).siblings or []
    except Exception:  # whatever keeps it from answering: then the size is not known
        return 0
    return sum(f.size or 0 for f in found if f.rfilename.lower().endswith(tuple(endings)))
