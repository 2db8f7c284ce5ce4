"""The reduced workflow on a real SLURM of one node: `make test-cluster`."""

import json
import os
import signal

import pytest

from handcraft.compare import compare_builds, result_hashes
from tests.cluster.conftest import Cluster, submissions
from tests.cluster.slurm import Slurm
from tests.workflow.conftest import Checkout

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

GPU_RULES = {
    "train_linear",
    "train_resamples",
    "train_minibatch",
    "train_best_linear",
    "train_llama",
    "train_unpenalised",
    "predict_causal_lm",
}
MODEL = "results/models/small-llama"


def same_model(cluster: Checkout, local: Checkout) -> bool:
    made, wanted = (
        {name: digest for name, digest in result_hashes(c.path).items() if name.startswith("models/")}
        for c in (cluster, local)
    )
    return made == wanted and len(made) > 2


def test_the_workflow_on_a_cluster_gives_the_local_results(
    local: Checkout, slurm: Slurm, make_checkout
) -> None:  # type: ignore[no-untyped-def]
    cluster = Cluster(make_checkout().path, slurm)
    said = cluster.snakemake()
    assert compare_builds(local.path, cluster.path) == []
    sent = submissions(said)
    print(f"{len(sent)} jobs:", *(call for _, call in sent), sep="\n")
    assert any(rule.startswith("answers") for rule, _ in sent)
    asked = {rule for rule, call in sent if "--gpus=1" in call and "-p gpu" in call}
    assert asked == GPU_RULES
    assert not [call for rule, call in sent if rule not in GPU_RULES and ("gpus" in call or "-p gpu" in call)]
    sidecars = [json.loads(p.read_text()) for p in (cluster.path / "results" / "provenance").glob("*.json")]
    # Each job that was to have a GPU saw one, no other did, and what takes seconds never left Snakemake.
    assert {f["rule"] for f in sidecars if f["cuda_visible_devices"] in ("0", "1")} == GPU_RULES
    assert {f["rule"] for f in sidecars if f["cuda_visible_devices"] == ""}.isdisjoint(GPU_RULES)
    there = {f["rule"]: bool(f["slurm_job"]) for f in sidecars}
    assert there["retrieve_corpus"]
    assert there["evaluate_predictions"]
    assert not there["plot_training"]
    assert not there["render_pdf"]
    assert len({f["slurm_job"] for f in sidecars}) < len(sidecars) / 2


def test_a_cancelled_job_is_named_and_a_rerun_finishes(begun: Cluster, local: Checkout) -> None:
    running = begun.start(MODEL, "--retries", "0")
    job = begun.slurm.wait_for_job("RUNNING")
    begun.slurm.ask("scancel", job)
    said, _ = running.communicate(timeout=200)
    assert running.returncode == 1
    failure = said[said.index("Error in rule train_llama") :]
    assert f"external_jobid: {job}" in failure
    assert "logs/train_llama/small-llama.log" in failure
    assert f"{job}.log" in failure
    assert not (begun.path / MODEL).exists()
    begun.snakemake(MODEL)
    assert same_model(begun, local)


def test_with_retries_a_cancelled_job_recovers_with_more_memory(begun: Cluster, local: Checkout) -> None:
    running = begun.start(MODEL)
    begun.slurm.ask("scancel", begun.slurm.wait_for_job("RUNNING"))
    said, _ = running.communicate(timeout=250)
    assert running.returncode == 0, said
    memory = [int(call.split("--mem ")[1].split()[0]) for _, call in submissions(said)]
    assert len(memory) == 2
    assert memory[1] == 2 * memory[0]
    assert same_model(begun, local)


def test_a_killed_snakemake_is_unlocked_and_a_rerun_finishes(begun: Cluster, local: Checkout) -> None:
    running = begun.start(MODEL)
    begun.slurm.wait_for_job("RUNNING")
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    assert "--unlock" in begun.snakemake(MODEL, expect=1)
    begun.slurm.wait_until_empty()
    begun.snakemake("--unlock")
    begun.snakemake(MODEL)
    assert same_model(begun, local)


def test_more_gpus_than_there_are_is_refused_with_the_reason(begun: Cluster) -> None:
    said = begun.snakemake(MODEL, "--retries", "0", "--set-resources", "train_llama:gpu=3", expect=1)
    assert "Error in rule train_llama" in said
    assert "Requested node configuration is not available" in said
    assert "--gpus=3" in said
