"""The report as the end of the workflow: what an edit of the prose reruns, and that findings follow the data."""

from html import unescape

from handcraft.files import read_json
from tests.workflow.conftest import Checkout

RENDERING = {"fill_report", "build_record", "render_html", "render_pdf", "all"}


def test_editing_a_sentence_renders_the_report_and_nothing_else(built: Checkout) -> None:
    built.edit("report/_limits.qmd", "A context is short", "A context is very short")
    assert built.planned() == RENDERING
    rules = sorted(RENDERING - {"all"})
    text = built.snakemake("results/report/index.html", "--quiet=rules", "--allowed-rules", *rules)
    assert "A context is very short" in (built.path / "results" / "report" / "index.html").read_text(), text


def test_the_builds_own_record_has_every_job_behind_the_report(finished: Checkout) -> None:
    listed = unescape((finished.path / "results" / "report" / "build_record.md").read_text())
    sidecars = [read_json(path) for path in (finished.path / "results" / "provenance").glob("*.json")]
    after = {"build_record", "render_html", "render_pdf"}
    # Whatever the report does not read, nobody waits for.
    assert {job["rule"] for job in sidecars if f"| {job['rule']} |" not in listed} == after
    assert f"| **all** | {sum(job['rule'] not in after for job in sidecars)} |" in listed


def test_a_linear_model_made_worse_changes_the_findings(built: Checkout) -> None:
    """A penalty that leaves no weight: the article says so, in other words than before, and is rendered."""
    short = built.path / "results" / "report" / "source" / "_short.qmd"
    before = short.read_text()
    (built.path / "worse.yaml").write_text("predictors: {linear: {l1: [1.0]}}\n")
    built.snakemake("--quiet=rules", "worse.yaml")
    after = short.read_text()
    folder = built.path / "results" / "report" / "source"
    assert read_json(built.path / "results" / "linear" / "conjunctions" / "metrics.json")["nonzeros"] == 0
    assert "speaks most for" in before
    assert "weights of the post's tokens are all zero" in after
    assert "**worse**" in after.split("\n")[0]
    assert "the linear model is worse than the last token alone" in (folder / "_results.qmd").read_text()
    assert "It is not linear in conjunctions" in (folder / "_linearity.qmd").read_text()
    assert "no weight in the last position" in (folder / "_weights.qmd").read_text()
