"""What a job reads is what its rule declares: for every rule of the workflow, and a fault is named."""

import re
from pathlib import Path

from handcraft.build.reads import CHECK, UNDECLARED, UNREAD
from tests.workflow.conftest import Checkout


def test_every_job_of_a_build_reads_its_inputs_and_nothing_else(finished: Checkout) -> None:
    """A job that did not would have ended the build."""
    logs = [p for p in (finished.path / "logs").rglob("*.log") if p.is_file()]
    assert len(logs) > 40
    assert [p.name for p in logs if CHECK not in p.read_text()] == []


def test_exceptions_name_inputs_that_are_there(root: Path) -> None:
    rules = "\n".join(p.read_text() for p in (root / "workflow" / "rules").glob("*.smk"))
    for rule, name in [*UNREAD, *((rule, "output") for rule in UNDECLARED)]:
        body = re.search(rf"^rule {rule}:\n((?:    .*\n|\n)*)", rules, re.MULTILINE)
        assert body, rule
        assert re.search(rf"^ +{name}[=:]", body[1], re.MULTILINE), f"{rule} has no {name}"


def test_a_file_too_few_and_a_file_too_many_end_the_build(built: Checkout) -> None:
    built.edit(
        "workflow/rules/figures.smk",
        'bins="results/evaluation/calibration_bins.csv"',
        'bins="results/evaluation/calibration.csv"',
    )
    built.edit(
        "workflow/scripts/plot_calibration.py",
        "inputs.bins",
        '"results/evaluation/calibration_bins.csv"',
    )
    target = "results/figures/calibration-small-llama.svg"
    built.snakemake(target)
    said = built.snakemake(target, "--force", expect=1, **{CHECK: "1"})
    assert "reads results/evaluation/calibration_bins.csv, which is not an input" in said
    assert "declares results/evaluation/calibration.csv, which it does not read" in said
    assert not (built.path / target).exists()
