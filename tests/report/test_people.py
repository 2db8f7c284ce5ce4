"""People in the report: their figures with the majority's beside them, and what is said where nobody answered."""

import html
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handcraft.errors import UserError
from handcraft.figures.people import plot_people
from handcraft.files import read_csv, read_json
from handcraft.people.evaluate import Inputs, evaluate_people
from handcraft.report.fill import fill_report
from handcraft.report.render import render_html, render_pdf
from tests.helpers.html import RAW, Page, without_hostile
from tests.helpers.labels import label_rows, write_labels
from tests.helpers.pdf import require_sound
from tests.helpers.synthetic import GROUPS, hostile_pieces, metadata

GROUP = "conjunctions"
Fill = Callable[..., str]


@pytest.fixture(scope="module")
def labelled(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results with three people's labels, who say "and" but where they know better."""
    root = Path(shutil.copytree(results, tmp_path_factory.mktemp("labelled") / "results"))
    words, contexts = GROUPS[GROUP], root / "contexts" / GROUP
    drawn = read_json(contexts / "sample.json")
    labels = []
    for i, name in enumerate(("alice", "bob", "carol")):
        said = [words[0] if k % 5 else words[i] for k in range(len(drawn["natural"]["contexts"]))]
        rows = []
        for sample in ("natural", "balanced")[: 2 - i % 2]:
            rows += label_rows(sample, drawn[sample]["checksum"], drawn[sample]["contexts"], said)
        labels.append(write_labels(root / f"{name}.csv", rows))
    tables = ("people", "comparisons", "agreement", "power")
    out = {t: root / "people" / GROUP / f"{t}.csv" for t in tables}
    out["missed"] = root / "people" / GROUP / "missed.json"
    files = [contexts / "test.safetensors", contexts / "train.safetensors", contexts / "sample.json"]
    predictions = sorted((root / "predictions" / GROUP).glob("*.parquet"))
    tokenizer = root / "tokenizer" / "tokenizer.json"
    evaluate_people(Inputs(*files, predictions, labels=labels, tokenizer=tokenizer), confidence=0.95, **out)
    scores = root / "evaluation" / GROUP / "sample.csv"
    plot_people([out["people"]], [scores], titles=[GROUP], output=root / "figures" / "people.svg")
    return root


@pytest.fixture(scope="module")
def fill(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Fill:
    def filled(results: Path, **said: Any) -> str:
        output = tmp_path_factory.mktemp("filled") / "source"
        fill_report(results, root / "report", output=output, metadata=metadata(**said))
        return "".join((output / f"_people{x}.qmd").read_text() for x in ("", "_supplement"))

    return filled


PEOPLE = {"human_labels": [f"{GROUP}/{n}" for n in ("alice", "bob", "carol")]}


def test_every_figure_of_people_has_the_majoritys_beside_it(labelled: Path, fill: Fill) -> None:
    text = fill(labelled, **PEOPLE)
    rows = {
        r["annotator"]: r
        for r in read_csv(labelled / "people" / GROUP / "people.csv")
        if r["sample"] == "natural"
    }
    assert list(rows) == ["alice", "bob", "carol", "majority vote"]
    for name, row in rows.items():
        line = next(x for x in text.splitlines() if x.startswith(f"| **{name}**"))
        assert f"{row['correct']} of 50" in line
        assert f"| {100 * row['majority']:.0f}% |" in line
    published = [x for x in text.splitlines() if "(published, other contexts)" in x]
    assert [("35 of 50" in x, "37 of 50" in x) for x in published] == [(True, False), (False, True)]
    assert all("| not known |" in x for x in published)
    assert "No human labels" not in text
    assert "3 people" in text


def test_the_short_version_and_the_published_table_know_of_them(
    labelled: Path, root: Path, tmp_path: Path
) -> None:
    fill_report(labelled, root / "report", output=tmp_path / "source", metadata=metadata(**PEOPLE))
    short = (tmp_path / "source" / "_short.qmd").read_text()
    row = read_csv(labelled / "people" / GROUP / "people.csv")[0]
    assert (
        f"{100 * row['accuracy']:.0f}% ({100 * row['low']:.0f} to {100 * row['high']:.0f}%) for alice"
        in short
    )
    assert f"{100 * row['majority']:.0f}% of the same" in short
    assert (tmp_path / "source" / "_published_supplement.qmd").read_text().count("see @sec-people") == 2


def test_agreement_tests_and_power_are_there(labelled: Path, fill: Fill) -> None:
    text = fill(labelled, **PEOPLE)
    for what in (
        "{#tbl-agreement}",
        "{#tbl-people-tests}",
        "{#tbl-power}",
        "{#fig-people",
        "exploratory",
        "all 3",
    ):
        assert what in text
    one = fill(labelled, human_labels=[f"{GROUP}/alice"])
    assert "{#fig-people" in one


def test_without_labels_it_says_so_and_how_to_add_them(results: Path, fill: Fill) -> None:
    text = fill(results)
    assert "**No human labels exist for this corpus**" in text
    assert "`human/labels/planted/<group>/<name>.csv`" in text
    assert "35 of 50" in text
    assert "{#tbl-people-tests}" not in text
    assert "fig-people" not in text


def test_labels_of_other_corpora_are_listed_as_text(results: Path, fill: Fill) -> None:
    text = html.unescape(fill(results, human_ignored=["tinystories/x/<b>.csv"]))
    assert "does not use: tinystories/x/<b>.csv." in text


def test_items_that_nobody_got_right_are_shown_unless_text_may_not_be(labelled: Path, fill: Fill) -> None:
    missed = read_json(labelled / "people" / GROUP / "missed.json")
    assert missed["natural"]
    text = fill(labelled, **PEOPLE)
    assert text.count("\n- … ") == len(missed["natural"]) + len(missed["balanced"])
    assert "alice&#58; and" in text
    hidden = fill(labelled, **PEOPLE, excerpts=False)
    assert "\n- … " not in hidden
    assert f"natural sample): {len(missed['natural'])}." in hidden


def test_both_formats_render_with_people_and_hostile_text(labelled: Path, root: Path, tmp_path: Path) -> None:
    fill_report(labelled, root / "report", output=tmp_path / "source", metadata=metadata(**PEOPLE))
    render_html(tmp_path / "source", output=tmp_path / "index.html", renderer="pandoc")
    page = Page(tmp_path / "index.html")
    assert page.all("script") == [{"type": "module"}]  # the page's own, which marks the contents
    assert len(page.all("img")) == 19
    assert any("</script>" in piece for piece in hostile_pieces(labelled))
    assert not RAW.search(without_hostile(page.text, labelled))
    render_pdf(tmp_path / "source", output=tmp_path / "index.pdf", renderer="pandoc")
    require_sound(tmp_path / "index.pdf", tmp_path / "source")


def test_the_figure_is_the_same_bytes_again_and_needs_labels(labelled: Path, tmp_path: Path) -> None:
    people, scores = (
        labelled / "people" / GROUP / "people.csv",
        labelled / "evaluation" / GROUP / "sample.csv",
    )
    plot_people([people], [scores], output=tmp_path / "a.svg", titles=[GROUP])
    assert (tmp_path / "a.svg").read_bytes() == (labelled / "figures" / "people.svg").read_bytes()
    people.with_name("none.csv").write_text(people.read_text().splitlines()[0] + "\n")
    with pytest.raises(UserError, match="no label is in these tables"):
        plot_people([people.with_name("none.csv")], [scores], output=tmp_path / "b.svg", titles=[GROUP])
