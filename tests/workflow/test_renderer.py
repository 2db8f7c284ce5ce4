"""The renderer as a parameter: what reruns when Quarto comes, goes or changes, and what a build says of it."""

from pathlib import Path

from handcraft.files import read_json
from tests.helpers.quarto import GOOD, LISTING, fake_quarto, on_path, path_without_quarto
from tests.workflow.conftest import Checkout

RENDERING = {"render_html", "render_pdf", "all"}
PANDOC = ("--config", "report={renderer: pandoc}")
QUARTO = ("--config", "report={renderer: quarto}")


def planned(checkout: Checkout, path: str, *arguments: str) -> set[str]:
    """The jobs that Snakemake plans with this PATH."""
    text = checkout.snakemake("--dry-run", *arguments, PATH=path)
    return {
        line.split()[-1].rstrip(":") for line in text.splitlines() if line.startswith(("rule ", "localrule "))
    }


def test_another_renderer_reruns_the_two_rules_that_render(finished: Checkout, tmp_path: Path) -> None:
    fake_quarto(tmp_path / "good")
    assert planned(finished, on_path(tmp_path / "good")) == RENDERING
    # The config does not enter the report by this key, so nothing is filled in again.
    assert planned(finished, on_path(tmp_path / "good"), *QUARTO) == RENDERING
    fake_quarto(tmp_path / "old", "echo 1.7.34")
    # The page says why Quarto was not used, so it is made again for that too.
    assert planned(finished, on_path(tmp_path / "old")) == RENDERING
    assert planned(finished, on_path(tmp_path / "good"), *PANDOC) == RENDERING


def test_a_build_by_quarto_records_it_and_is_stale_without_it(built: Checkout, tmp_path: Path) -> None:
    count = tmp_path / "asked"
    render = f"printf '{LISTING}' >&2\necho page > index.html\necho document > index.pdf"
    fake_quarto(tmp_path / "bin", f"echo asked >> {count}\necho {GOOD}", render.replace("\x1b", "\\033"))
    path = on_path(tmp_path / "bin")
    built.snakemake("--quiet=rules", PATH=path)
    # Once for the plan, and once in each of the two jobs.
    assert count.read_text().split() == ["asked"] * 3
    results = built.path / "results"
    assert (results / "report" / "index.pdf").read_text() == "document\n"
    for rule in ("render_html", "render_pdf"):
        assert read_json(results / "provenance" / f"{rule}.json")["params"]["renderer"] == {
            "name": "quarto",
            "versions": f"Quarto {GOOD}",
            "reason": "",
        }
        assert "output-file: index.html" in (built.path / "logs" / f"{rule}.log").read_text()
    assert planned(built, path) == set()
    fake_quarto(tmp_path / "bin", "echo 99.2.0")
    assert planned(built, path) == RENDERING
    assert planned(built, path_without_quarto()) == RENDERING
    fake_quarto(tmp_path / "bin", "echo 1.7.34")
    assert "1.7.34" in built.snakemake("--dry-run", *QUARTO, expect=1, PATH=path)


def test_a_fallback_is_told_on_the_terminal_in_the_log_and_on_the_page(
    built: Checkout, tmp_path: Path
) -> None:
    fake_quarto(tmp_path / "bin", "echo 1.7.34")
    terminal = built.snakemake("--quiet=rules", PATH=on_path(tmp_path / "bin"))
    log = (built.path / "logs" / "render_html.log").read_text()
    page = (built.path / "results" / "report" / "index.html").read_text()
    for text in (terminal, log, page):
        assert "quarto 1.7.34" in text
    assert planned(built, on_path(tmp_path / "bin")) == set()


def test_a_failed_render_leaves_no_document_and_shows_the_cause(built: Checkout, tmp_path: Path) -> None:
    render = f"printf '{LISTING}ERROR: the cause\\n' >&2\necho half > index.html\nexit 1"
    fake_quarto(tmp_path / "bin", render=render.replace("\x1b", "\\033"))
    terminal = built.snakemake("--quiet=rules", expect=1, PATH=on_path(tmp_path / "bin"))
    message = terminal[terminal.rindex("Error in render_html") :]
    assert message.splitlines()[1] == "ERROR: the cause"
    assert "metadata" not in message
    assert not (built.path / "results" / "report" / "index.html").exists()
