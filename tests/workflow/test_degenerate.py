"""Odd groups, hostile texts and degenerate results go through the whole workflow, to a rendered report."""

import math
import shutil
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

from handcraft.files import read_csv, read_json, read_table
from handcraft.report.check_pdf import check_pdf
from tests.workflow.conftest import Checkout

ODD = """
groups:
  conjunctions: null
  pair: {title: "the {group} & <b>pair</b>", candidates: [" and", " but"]}
  many: [" and", " but", " for", " so", " or", " he", " she", " it", " they", " her", " in", " on", " to", " at",
    " with", " was", " were", " had", " is", " did", " the", " a", " very", " big",
    " little", " near", " by", " happy", " sad", " dog", " cat", " bird", " fish", " frog", " fox", " duck",
    " sheep", " deer", " moose", " pond", " barn"]
contexts: {compare_match: none}
predictors:
  causal_lms: {small-llama: null}
  linear: {l1: null, count: 3, smallest: 0.02, resamples: 0}
  one_layer: {width: 16, hidden: 16, windows: 1000}
  full_linear: {windows: 1000}
proposals: {count: 2, contexts: 1000}
figures: {tiles_group: many, training_group: pair, tiles: [",", "{"]}
corpus: {title: "a corpus of <b>{x}</b> & $ # % _"}
report: {title: "What is {x}? </script><script>alert(1)</script>"}
"""

DEGENERATE = """
corpus: {fractions: {validation: 0.1, test: 0.002}}
groups:
  conjunctions: [" and", " but", " so", " or"]
  pair: {candidates: [" and", " but"]}
contexts: {compare_match: none, sample: 1}
predictors:
  causal_lms: {small-llama: null}
  nonlinear: null
  one_layer: null
  linear: {PENALTIES, resamples: 0}
learning_curve: null
pairs: null
figures: {tiles_group: conjunctions, training_group: pair, tiles: [","]}
"""
"""One test story, no language model, no network, no person, and a linear model with as good as no weight."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("penalties", "weights"), [("l1: [1.0]", 0), ("l1: null, count: 2, smallest: 0.05", 1)]
)
def test_one_story_as_good_as_no_weights_and_an_infinite_loss(
    new_checkout: Callable[[], Checkout], penalties: str, weights: int
) -> None:
    checkout = new_checkout()
    (checkout.path / "odd.yaml").write_text(DEGENERATE.replace("PENALTIES", penalties))
    # The first word is held impossible after every token, so the loss is infinite.
    checkout.edit(
        "src/handcraft/predictors/counts/last_token.py",
        "    return (counts + smoothing * rates)",
        "    return (np.arange(candidates) > 0) * (counts + smoothing * rates)",
    )
    checkout.snakemake("--quiet=rules", "odd.yaml")
    results = checkout.path / "results"
    metrics = read_csv(results / "evaluation" / "conjunctions" / "metrics.csv")
    losses = {r["predictor"]: r for r in metrics if r["metric"] == "loss"}
    assert losses["last_token"]["value"] == math.inf
    assert {r["stories"] for r in metrics} == {1}
    # As good as no weights, so one word is always the answer, and the others never are.
    answers = np.stack(
        read_table(results / "predictions" / "conjunctions" / "linear.parquet")["log_probability"].to_numpy()
    )
    assert read_json(results / "linear" / "conjunctions" / "metrics.json")["nonzeros"] == weights
    assert len(set(answers.argmax(axis=1))) < answers.shape[1]
    verdict = read_json(results / "evaluation" / "conjunctions" / "linearity.json")
    assert (verdict["verdict"], verdict["reason"]) == ("undecided", "one story")
    assert "∞" in (results / "report" / "source" / "_results.qmd").read_text()
    influence = (results / "report" / "source" / "_weights_supplement.qmd").read_text()
    assert ("{#tbl-influence}" in influence) == bool(weights)
    assert (results / "explorer" / "index.html").is_file()
    assert not check_pdf(results / "report" / "index.pdf", results / "report" / "source").findings


@pytest.mark.slow
def test_groups_of_two_and_of_forty_words_without_a_language_model(
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
