"""The reduced workflow on a real SLURM of one node: `make test-cluster`."""

import os
import signal
import subprocess

import pytest

from handcraft.commands.compare import compare_builds, result_hashes
from tests.cluster.conftest import MODEL, Cluster, submissions
from tests.workflow.conftest import Checkout

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

GPU_RULES = {
    "train_linear",
    "train_nonlinear",
    "train_learning_curve",
    "train_resamples",
    "train_minibatch",
    "train_best_linear",
    "train_llama",
    "train_full_linear",
    "train_one_layer",
    "train_unpenalised",
    "find_first_rules",
    "predict_causal_lm",
}


def models(checkout: Checkout) -> dict[str, str]:
    """The hashes of the language model that was trained."""
    hashes = result_hashes(checkout.path)
    found = {name: digest for name, digest in hashes.items() if name.startswith("models/")}
    assert len(found) > 2
    return found


def memory_asked(said: str) -> list[int]:
    return [int(call.split("--mem ")[1].split()[0]) for _, call in submissions(said)]


def test_a_cancelled_job_is_named_and_a_rerun_finishes(begun: Cluster, local: Checkout) -> None:
    running = begun.start(MODEL, "--retries", "0")
    job = begun.running_job()
    begun.slurm.ask("scancel", job)
    said = begun.said(running, expect=1)
    failure = said[said.index("Error in rule train_llama") :]
    assert f"external_jobid: {job}" in failure
    assert "logs/train_llama/small-llama.log" in failure
    assert f"{job}.log" in failure
    assert not (begun.path / MODEL).exists()
    begun.said(begun.start(MODEL))
    assert models(begun) == models(local)


def test_with_retries_a_cancelled_job_recovers_by_itself(begun: Cluster, local: Checkout) -> None:
    running = begun.start(MODEL)
    begun.slurm.ask("scancel", begun.running_job())
    said = begun.said(running)
    first, second = memory_asked(said)
    assert second == 2 * first
    assert models(begun) == models(local)


def test_a_job_killed_for_its_memory_gets_more(begun: Cluster, local: Checkout) -> None:
    """SLURM itself ends it: 200 MB are too few for torch, the 1,800 of the next try are enough."""
    said = begun.said(
        begun.start(MODEL, "--set-resources", "train_llama:mem_mb=200 if attempt == 1 else 1800")
    )
    assert memory_asked(said) == [200, 1800]
    assert "Error in rule train_llama" in said
    assert "exceeded memory limit" in said
    assert models(begun) == models(local)


def test_a_killed_snakemake_is_unlocked_and_a_rerun_finishes(begun: Cluster, local: Checkout) -> None:
    running = begun.start(MODEL)
    begun.running_job()
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert "--unlock" in begun.said(begun.start(MODEL), expect=1)
    begun.slurm.wait_until_none(begun.path)
    begun.said(begun.start("--unlock"))
    begun.said(begun.start(MODEL))
    assert models(begun) == models(local)


def test_more_gpus_than_there_are_is_refused_with_the_reason(begun: Cluster) -> None:
    said = begun.said(begun.start(MODEL, "--retries", "0", "--set-resources", "train_llama:gpu=3"), expect=1)
    assert "Error in rule train_llama" in said
    assert "Requested node configuration is not available" in said
    assert "--gpus=3" in said


def test_the_workflow_on_a_cluster_gives_the_local_results(
    whole: tuple[Cluster, "subprocess.Popen[str]"], local: Checkout
) -> None:
    cluster, running = whole
    said = cluster.said(running, seconds=500)
    assert compare_builds(local.path, cluster.path) == []
    sent = submissions(said)
    print(f"{len(sent)} jobs:", *(call for _, call in sent), sep="\n")
    assert any(rule.startswith("answers") for rule, _ in sent)
    asked = {rule for rule, call in sent if "--gpus=1" in call and "-p gpu" in call}
    assert asked == GPU_RULES
    assert not [call for rule, call in sent if rule not in GPU_RULES and ("gpus" in call or "-p gpu" in call)]
    sidecars = cluster.sidecars()
    # Each job that was to have a GPU saw one, no other did, and what takes seconds never left Snakemake.
    assert {f["rule"] for f in sidecars if f["cuda_visible_devices"] in ("0", "1")} == GPU_RULES
    assert {f["rule"] for f in sidecars if f["cuda_visible_devices"] == ""}.isdisjoint(GPU_RULES)
    there = {f["rule"]: bool(f["slurm_job"]) for f in sidecars}
    assert there["retrieve_corpus"]
    assert there["evaluate_predictions"]
    assert not there["plot_training"]
    assert not there["render_pdf"]
    assert len({f["slurm_job"] for f in sidecars}) < len(sidecars) / 2
