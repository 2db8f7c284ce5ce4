"""Dropping in a rule file: what reruns, what the file's errors look like, and that the report shows it."""

from pathlib import Path

from handcraft.build.reads import CHECK
from handcraft.files import read_csv
from tests.workflow.conftest import Checkout

FILE = """\
by: a test
rules:
  - when: {token: was, position: -1}
    push: {so: 3}
    why: x
  - when: {token: ",", position: -1}
    push: {but: 1}
    why: x
    proposed: true
"""


def write(checkout: Checkout, text: str = FILE) -> Path:
    path = checkout.path / "human" / "rules" / "reduced" / "conjunctions.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def test_a_rule_file_adds_its_predictors_and_reruns_what_shows_them(built: Checkout) -> None:
    assert not list((built.path / "results").rglob("*rules*.parquet"))
    write(built)
    jobs = {job.split("(")[0] for job in built.planned()}
    assert {
        "predict_rules",
        "evaluate_rules",
        "evaluate_rules_curve",
        "evaluate_predictions",
        "fill_report",
    } <= jobs
    assert not {"train_linear", "find_rules", "find_pairs", "predict_counts", "evaluate_linearity"} & jobs
    built.snakemake("results/report/source", "--quiet=rules", **{CHECK: "1"})
    results = built.path / "results"
    metrics = read_csv(results / "evaluation" / "conjunctions" / "metrics.csv")
    assert {"rules", "rules_refitted"} <= {row["predictor"] for row in metrics}
    rows = read_csv(results / "rules" / "conjunctions" / "rules.csv")
    assert [(row["line"], row["origin"]) for row in rows] == [(3, "person"), (6, "proposed")]
    kinds = {row["kind"] for row in read_csv(results / "evaluation" / "conjunctions" / "rules_curve.csv")}
    assert kinds == {"proposals", "path", "refitted", "written"}
    text = (results / "report" / "source" / "_rules.qmd").read_text()
    assert "tbl-written" in text
    assert "rules, as written" in (results / "report" / "source" / "_predictors.qmd").read_text().lower()


def test_without_a_file_the_report_has_proposals_and_no_rules_of_a_person(finished: Checkout) -> None:
    text = (finished.path / "results" / "report" / "source" / "_rules.qmd").read_text()
    assert "tbl-proposed" in text
    (row,) = read_csv(finished.path / "results" / "evaluation" / "planted_proposals.csv")
    assert f"Of all {row['proposed']} proposed rules, {row['proposed_planted']} say only" in text
    assert "tbl-written" not in text
    assert "No person has checked these rules" in text


def test_a_wrong_rule_ends_the_build_with_file_line_and_remedy(built: Checkout) -> None:
    write(built, FILE.replace("{token: was", "{token: wassail"))
    said = built.snakemake("results/predictions/conjunctions/rules.parquet", expect=1)
    assert "line 3: 'wassail' is not a single token" in said
    assert "human/rules/reduced/conjunctions.yaml" in said
    assert "docs/rules.md" in said
