"""Stale means stale: what an edit reruns, and what it leaves alone."""

import json
import os
import re
from pathlib import Path

from handcraft.files import read_csv
from tests.workflow.conftest import Checkout

GATHERING = {
    "check_words",
    "plot_comparison",
    "plot_overview",
    "build_explorer",
    "fill_report",
    "build_record",
    "render_html",
    "render_pdf",
    "all",
}
GATHERING |= {
    "evaluate_causal_lms",
    "plot_calibration(lm=small-llama)",
    "plot_evidence",
    "plot_path",
    "plot_pairs",
    "plot_rules_curve",
}
GATHERING |= {"plot_linearity", "plot_learning_curve", "plot_training", "evaluate_occurrence"}
# Intervals that hold together for all groups depend on how many groups there are.
FAMILY = {"evaluate_linearity", "evaluate_predictions", "evaluate_learning_curve", "evaluate_patterns"}
FAMILY |= {"evaluate_people", "build_labelling_page"}  # these read what `evaluate_predictions` writes
LINEAR = "src/handcraft/predictors/linear/train.py"


def rules_of(jobs: set[str]) -> set[str]:
    return {job.split("(")[0] for job in jobs}


def test_a_finished_build_has_nothing_to_do(finished: Checkout) -> None:
    assert finished.planned() == set()


def test_a_new_group_adds_its_own_jobs_and_what_gathers_them(built: Checkout) -> None:
    (built.path / "sixth.yaml").write_text("groups:\n  pets: [' cat', ' dog']\n")
    jobs = built.planned("sixth.yaml")
    per_group = {job for job in jobs if "=" in job} - GATHERING
    others = {job for job in per_group if "=pets" not in job}
    assert per_group - others
    assert rules_of(others) <= FAMILY
    assert jobs - per_group <= GATHERING
    assert rules_of(per_group) >= {
        "build_contexts",
        "train_linear",
        "predict_causal_lm",
        "evaluate_predictions",
    }


def test_editing_a_comment_or_touching_an_adapter_does_nothing(built: Checkout) -> None:
    built.edit(LINEAR, "def train_linear(", "# A new comment.\ndef train_linear(")
    os.utime(built.path / "workflow" / "scripts" / "train_linear.py")
    assert built.planned() == set()


def test_editing_the_linear_module_reruns_linear_models_and_what_follows(built: Checkout) -> None:
    built.edit(LINEAR, "def train_linear(", "NEW = 1\n\n\ndef train_linear(")
    rerun = rules_of(built.planned())
    assert {
        "train_linear",
        "predict_linear",
        "train_resamples",
        "train_minibatch",
        "evaluate_predictions",
        "fill_report",
    } <= rerun
    untouched = {"retrieve_corpus", "train_tokenizer", "build_tokens", "build_contexts", "draw_sample", "train_llama",
                 "predict_causal_lm", "predict_counts"}  # fmt: skip
    assert not untouched & rerun


def test_an_edit_of_the_explorers_page_rebuilds_it_and_what_shows_it(built: Checkout) -> None:
    built.edit("src/handcraft/explorer/template/part.css", ".ex-panel {", ".ex-panel { border: 0;")
    # The record of the build has the explorer's job too.
    assert built.planned() == {"build_explorer", "build_record", "render_html", "render_pdf", "all"}


def test_a_changed_penalty_reruns_linear_models_only(built: Checkout) -> None:
    (built.path / "penalty.yaml").write_text("predictors: {linear: {l1: [1.0e-2]}}\n")
    rerun = rules_of(built.planned("penalty.yaml"))
    assert "train_linear" in rerun
    assert not {"build_contexts", "predict_causal_lm", "predict_counts"} & rerun


def test_jobs_without_torch_do_not_import_it(finished: Checkout) -> None:
    """torch takes two seconds to import and transformers six, for each job."""
    with_torch = {
        "find_first_rules",
        "find_pairs",
        "find_rules",
        "train_learning_curve",
        "train_linear",
        "train_unpenalised",
        "train_resamples",
        "train_minibatch",
        "train_best_linear",
        "train_nonlinear",
        "train_one_layer",
        "train_full_linear",
    }
    with_torch |= {"train_llama", "predict_causal_lm"}
    sidecars = [json.loads(p.read_text()) for p in (finished.path / "results" / "provenance").glob("*.json")]
    imported = {metadata["rule"]: metadata["imported"] for metadata in sidecars}
    assert {rule for rule, modules in imported.items() if modules} == with_torch
    assert {rule for rule, modules in imported.items() if "transformers" in modules} == {
        "train_llama",
        "predict_causal_lm",
    }


def test_most_planted_rules_come_back_even_from_few_stories(finished: Checkout) -> None:
    for row in read_csv(finished.path / "results" / "evaluation" / "planted.csv"):
        assert row["recovered"] >= 0.8 * row["linear_rules"]
        assert row["bayes_loss"] < row["best_linear_loss"] < row["linear_loss"]


def test_every_file_of_a_build_is_in_the_docs(root: Path, finished: Checkout) -> None:
    table = [
        line.split("|")[1]
        for line in (root / "docs" / "outputs.md").read_text().splitlines()
        if line[:3] == "| `"
    ]
    named = [pattern for cell in table for pattern in re.findall(r"`([^`]+)`", cell)]
    patterns = [re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(name)) + "(/.*)?" for name in named]
    results = finished.path / "results"
    files = [
        str(p.relative_to(results)) for p in sorted(results.rglob("*")) if p.is_file() and p.name[0] != "."
    ]
    assert [f for f in files if not any(re.fullmatch(pattern, f) for pattern in patterns)] == []
