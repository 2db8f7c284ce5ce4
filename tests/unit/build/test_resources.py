"""What jobs ask a scheduler for."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake.settings.types import ResourceSettings

from handcraft.build.hooks import set_default_resources
from handcraft.build.resources import PEAKS, ROOM, SNAKEMAKE, input_mb, memory, memory_gb, runtime
from handcraft.device import count_gpus
from handcraft.errors import UserError


@pytest.mark.parametrize("kind", PEAKS)
def test_memory_grows_with_the_input_and_with_every_attempt(tmp_path: Path, kind: str) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x")
    with large.open("wb") as file:
        file.truncate(2_000_000_000)
    ask = memory(kind)
    assert ask(None, [str(small)], 1) >= ROOM * PEAKS[kind].floor + SNAKEMAKE
    assert ask(None, [str(large)], 1) > ask(None, [str(small)], 1)
    tries = [ask(None, [str(small)], attempt) for attempt in (1, 2, 3)]
    assert tries == [tries[0] * attempt for attempt in (1, 2, 3)]
    assert memory(kind, times=3)(None, [str(large)], 1) > 2 * ask(None, [str(large)], 1)


def test_input_that_is_not_there_yet_counts_as_nothing(tmp_path: Path) -> None:
    assert input_mb([str(tmp_path / "not-yet"), str(tmp_path)]) == 0


def test_a_linear_model_asks_for_more_than_was_measured() -> None:
    """docs/benchmarks/linear.md: 49 bytes a context, 1.47 GB for 1,444,256 of them."""
    peak = PEAKS["linear"]
    for contexts, gb in [(90_266, 0.44), (361_064, 0.63), (1_444_256, 1.47)]:
        assert peak.floor + peak.per_input * 49 * contexts / 1e6 > 1000 * gb


def test_the_contexts_of_2_million_stories_ask_for_more_than_was_measured() -> None:
    """docs/benchmarks/scale.md: 2,918 MB for 19.2 million contexts out of 1,150 MB of tokens."""
    peak = PEAKS["contexts"]
    assert peak.floor + peak.per_input * 1_150 > 2_918


def test_memory_of_the_config_in_gb() -> None:
    ask = memory_gb(lambda w: {"a": 40}[w])
    assert [ask("a", attempt) for attempt in (1, 2)] == [40960, 81920]


def test_time_grows_with_every_attempt() -> None:
    assert [runtime(30)(None, attempt) for attempt in (1, 2, 3)] == [30, 60, 90]
    assert runtime(lambda w: w["minutes"])({"minutes": 7}, 2) == 14


@pytest.mark.parametrize("given", [None, {"slurm_partition": "cpu", "mem_mb": 1000}], ids=["none", "profile"])
def test_rules_that_state_nothing_ask_for_light_memory_and_five_minutes(
    given: dict[str, object] | None,
) -> None:
    workflow = SimpleNamespace(resource_settings=ResourceSettings(default_resources=given))
    set_default_resources(workflow)
    defaults = workflow.resource_settings._parsed_default_resources  # what Snakemake gives every rule
    light = [memory("light")(None, [], attempt) for attempt in (1, 2)]
    for name, asked in (("mem_mb", light), ("runtime", [5, 10])):
        tries = [defaults[name].evaluate(None, input=[], attempt=attempt).value for attempt in (1, 2)]
        assert tries == asked
    assert ("slurm_partition" in defaults) == bool(given)


def test_gpus_of_a_device() -> None:
    assert [count_gpus(d) for d in ("cpu", "cuda", "auto")] == [0, 1, 1]
    with pytest.raises(UserError, match="use cpu, cuda or auto"):
        count_gpus("tpu")


def test_the_slurm_profile_names_rules_that_are_there(root: Path) -> None:
    rules = "\n".join(p.read_text() for p in (root / "workflow" / "rules").glob("*.smk"))
    profile = yaml.safe_load((root / "profiles" / "slurm" / "config.yaml").read_text())
    for name in [*profile["groups"], *profile["set-resources"]]:
        assert f"\nrule {name}:" in rules, name
    gpu = {body.split(":")[0] for body in rules.split("\nrule ")[1:] if "gpu=" in body}
    assert set(profile["set-resources"]) == gpu
