"""Odd groups and hostile texts go through the whole workflow, to a rendered report."""

import shutil
import subprocess
from collections.abc import Callable

import pytest

from tests.workflow.conftest import Checkout

ODD = """
groups:
  conjunctions: null
  pair: {title: "the {group} & <b>pair</b>", candidates: [" and", " but"]}
  many: [" and", " but", " for", " so", " or", " he", " she", " it", " they", " her", " in", " on", " to", " at",
    " with", " was", " were", " had", " is", " did", " the", " a", " very", " big",
    " little", " near", " by", " happy", " sad"]
contexts: {compare_match: none}
predictors:
  causal_lms: {small-llama: null}
  linear: {l1: null, count: 3, smallest: 0.02, resamples: 0}
figures: {tiles_group: many, training_group: pair, tiles: [",", "{"]}
corpus: {title: "a corpus of <b>{x}</b> & $ # % _"}
report: {title: "What is {x}? </script><script>alert(1)</script>"}
"""


@pytest.mark.slow
def test_groups_of_two_and_of_many_words_without_a_language_model(
    new_checkout: Callable[[], Checkout],
) -> None:
    checkout = new_checkout()
    (checkout.path / "odd.yaml").write_text(ODD)
    checkout.snakemake("--quiet=rules", "odd.yaml")
    report = checkout.path / "results" / "report"
    page = (report / "index.html").read_text()
    assert "<title>What is {x}? &lt;/script&gt;" in page
    assert "<script>alert(1)" not in page
    assert "names no causal language model" in (report / "source" / "_short.qmd").read_text()
    if shutil.which("pdftotext"):
        text = subprocess.run(
            ["pdftotext", report / "index.pdf", "-"], capture_output=True, text=True, check=True
        ).stdout
        assert "What is {x}? </script><script>alert(1)</script>" in text
        assert "the {group} & <b>pair</b>" in text
