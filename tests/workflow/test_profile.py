"""The SLURM profile without a SLURM: what a dry run says would be asked for."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.workflow.conftest import Checkout


def test_llama_gets_gpu_memory_and_time_on_a_cluster(root: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "snakemake", "--workflow-profile", "profiles/slurm", "-n", "--verbose"]
    command += ["--directory", str(tmp_path), "--configfile", "config/tinystories.yaml"]
    env = {**os.environ, "PYTHONPATH": str(root / "src"), "HF_HUB_OFFLINE": "1"}
    run = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    said = run.stdout + run.stderr
    jobs = [
        b
        for b in re.split(r"\n(?=rule )", said)
        if b.startswith("rule predict_causal_lm:")
        and re.search(r"^    wildcards: .*lm=llama-3-1-8b$", b, re.MULTILINE)
    ]
    assert len(jobs) >= 5
    for job in jobs:
        asked = re.search(r"^    resources: (.+)$", job, re.MULTILINE)
        assert asked
        assert {"gpu=1", "runtime=120", "mem_mb=40960", "slurm_partition=gpu"} <= set(asked[1].split(", ")), (
            asked[1]
        )


def test_no_job_takes_more_memory_than_it_asks_for(root: Path, finished: Checkout) -> None:
    run = subprocess.run(
        [sys.executable, root / "benchmarks" / "memory.py", finished.path], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout + run.stderr
    rules = set(re.findall(r"^\| `(\w+)` \|", run.stdout, re.MULTILINE))
    assert {"retrieve_corpus", "train_linear", "predict_causal_lm", "plot_weights", "render_pdf"} <= rules
