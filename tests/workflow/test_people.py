"""Dropping in a label file: what reruns, what is refused, what is only listed."""

from pathlib import Path

from handcraft.build.reads import CHECK
from handcraft.contexts.read import read_contexts
from handcraft.files import read_csv, read_json
from tests.helpers.labels import label_rows, write_labels
from tests.workflow.conftest import FOLLOWS, Checkout


def labels_of(checkout: Checkout, name: str, sample: str = "natural", corpus: str = "reduced") -> Path:
    """A file of right answers to the items of a build; of another corpus, the same under its name."""
    contexts = checkout.path / "results" / "contexts" / "conjunctions"
    drawn, asked = read_json(contexts / "sample.json")[sample], read_contexts(contexts / "test.safetensors")
    answers = [asked.candidates[asked.labels[row]] for row in drawn["contexts"]]
    path = checkout.path / "human" / "labels" / corpus / "conjunctions" / f"{name}.csv"
    return write_labels(path, label_rows(sample, drawn["checksum"], drawn["contexts"], answers))


def test_labels_rerun_what_shows_people_and_nothing_else(built: Checkout) -> None:
    labels_of(built, "zoe")
    assert built.planned() == FOLLOWS
    built.snakemake("results/report/source", "--quiet=rules", **{CHECK: "1"})
    (row,) = read_csv(built.path / "results" / "people" / "conjunctions" / "people.csv")
    assert (row["annotator"], row["correct"], row["n"]) == ("zoe", 50, 50)


def test_editing_the_page_makes_the_page_anew(built: Checkout) -> None:
    built.edit("src/handcraft/people/template/page.css", "body {", "body { border: 0;")
    jobs = built.planned("results/people/conjunctions/people.csv", "results/labelling/conjunctions.html")
    assert jobs == {"build_labelling_page(group=conjunctions)"}


def test_labels_of_another_corpus_are_listed_and_not_used(built: Checkout) -> None:
    labels_of(built, "zoe", corpus="another")
    said = built.snakemake("results/report/source")
    assert "rule fill_report:" in said
    assert "rule evaluate_people:" not in said
    text = (built.path / "results" / "report" / "source" / "_people.qmd").read_text()
    assert "another&#47;conjunctions&#47;zoe&#46;csv" in text
    assert "No human labels exist for this corpus" in text


def test_labels_for_other_items_end_the_build_with_file_and_line(built: Checkout) -> None:
    path = labels_of(built, "zoe")
    lines = path.read_text().splitlines()
    lines[6] = lines[6].replace(lines[6].split(",")[1], "0" * 16)
    path.write_text("\n".join(lines) + "\n")
    said = built.snakemake("results/people/conjunctions/people.csv", expect=1)
    assert "another set of items" in said
    assert "human/labels/reduced/conjunctions/zoe.csv, line 7" in said
