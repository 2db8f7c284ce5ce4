"""The workflow as a `module` in somebody's own Snakefile, as docs/module.md has it."""

import re
import subprocess
import sys
from pathlib import Path

import yaml

from handcraft.config.files import load_config
from handcraft.files import read_json
from handcraft.predictions import read_predictions
from tests.workflow.conftest import OUTPUT, Checkout

OWN = """
rule my_table:
    input: rules.handcraft_predict_counts.output.majority
    output: "mine/{variant}.parquet"
    shell: "cp {input} {output}"
"""


def test_a_snakefile_that_uses_it_as_a_module(new_checkout, root: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    checkout: Checkout = new_checkout()
    page = (root / "docs" / "module.md").read_text()
    (block,) = re.findall(r"((?:^    .*\n|^\n)+?)(?=    rule my_figure)", page, re.MULTILINE)
    text = re.sub(r"^    ", "", block, flags=re.MULTILINE).replace("path/to/handcraft", str(checkout.path))
    (tmp_path / "Snakefile").write_text(text + OWN)
    config = load_config(checkout.path / "config.yaml", checkout.path / "tests-reduced.yaml")
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(config.model_dump(mode="json", exclude_defaults=True)))
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "mine/conjunctions.parquet"]
    run = subprocess.run(command, cwd=tmp_path, env=checkout.environment(), **OUTPUT)  # type: ignore[call-overload]
    assert run.returncode == 0, run.stdout
    assert read_predictions(tmp_path / "mine" / "conjunctions.parquet").predictor == "majority"
    sidecar = tmp_path / "results" / "provenance" / "predict_counts.conjunctions.json"
    assert read_json(sidecar)["rule"] == "predict_counts"
