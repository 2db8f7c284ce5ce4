"""`handcraft check-pdf`: it finds one planted fault of each kind, and nothing in a sound PDF."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfWriter
from pypdf.generic import NameObject

from handcraft.commands.main import main
from handcraft.report.check_pdf import Finding, check_pdf
from handcraft.report.render import render_pdf

PROSE = (
    "A sentence of a paragraph that is long enough to fill the lines from the left to the right, again. " * 7
)
LONG = "\n".join(f"| word {i} | says what it is for in the row of number {i} | +{i}.25 |" for i in range(60))
SAME = "| majority | 20.0% | 1.609 |"
TEXT = f"""---
title: A small report
lang: en
---

# Question

{PROSE}

{PROSE} @fig-lines shows lines.

![A figure of *lines*, as seen in @tbl-short.](lines.svg){{#fig-lines fig-alt="Three lines beside each other."}}

::: {{.content-visible when-format="html"}}
# Only on the page

| not | on paper |
|---|---|
| a | b |
:::

## A heading that is so long that it cannot stand on a single line of the paper, and goes on on the one below it

{PROSE}

| predictor | accuracy | loss |
|:--------|------:|------:|
{SAME}
| linear | 33.7% [31.4 to 36.1%]{{.interval}} | 1.503 |

: Accuracy, and "loss" -- in nats. {{#tbl-short}}

{PROSE}

# Results

{PROSE}

| predictor | accuracy | loss |
|:--------|------:|------:|
{SAME}

: The same row as in the table above. {{#tbl-again}}

| name | what a row can hold that is wide enough to make a table of the usual width | number |
|:-----|:------|---:|
{LONG}
| last | {PROSE} | −1.00 |

: A table that is longer than a page. {{#tbl-long}}

{PROSE}

{PROSE}

## End

{PROSE}
"""
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="90">'
    '<path d="M0 0L200 90M50 0L90 90" stroke="red"/></svg>'
)
Make = Callable[..., Path]


def raw(code: str) -> str:
    return f"\n```{{=typst}}\n{code}\n```\n"


FILL = f"\n{PROSE}\n" * 4
ALONE = raw("#pagebreak()\nAlone.\n#pagebreak()")


def write_source(path: Path, root: Path, text: str = TEXT) -> Path:
    shutil.copytree(root / "report" / "_pandoc", path / "_pandoc")
    (path / "references.bib").write_text("")
    (path / "lines.svg").write_text(SVG)
    (path / "index.qmd").write_text(text)
    return path


@pytest.fixture(scope="module")
def small(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources that every PDF here should show."""
    return write_source(tmp_path_factory.mktemp("small") / "source", root)


@pytest.fixture(scope="module")
def sound(small: Path) -> Path:
    render_pdf(small, output=small.parent / "sound.pdf", renderer="pandoc")
    return small.parent / "sound.pdf"


@pytest.fixture
def faulty(root: Path, tmp_path: Path) -> Make:
    """Renders the small report with one text replaced by another, and with additions to the page's template."""

    def make(old: str = "", new: str = "", template: str = "") -> Path:
        assert TEXT.count(old or TEXT) == 1
        source = write_source(tmp_path / "other", root, TEXT.replace(old or TEXT, new or TEXT))
        page = source / "_pandoc" / "page.typ"
        page.write_text(page.read_text().replace("\n#block(below:", f"\n{template}\n#block(below:", 1))
        render_pdf(source, output=tmp_path / "faulty.pdf", renderer="pandoc")
        return tmp_path / "faulty.pdf"

    return make


def test_a_sound_pdf_has_no_faults(sound: Path, small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checked = check_pdf(sound, small)
    assert checked.findings == []
    assert checked.counts | {"pages": 0, "words": 0} == {
        **{"pages": 0, "words": 0, "headings": 4, "captions": 4, "tables": 3, "rows": 67},
    }
    assert main(["check-pdf", str(sound), str(small)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 1
    assert "67 rows" in printed[0]


def test_overprinted_words(faulty: Make, small: Path) -> None:
    (finding,) = faults(faulty("\n## End", raw("Over#h(-1.9em)printed.") + "\n## End"), small, "one spot")
    assert finding.page
    assert "Over" in finding.words


@pytest.mark.parametrize("up", ["1.4em", "1.8em", "2.2em", "4cm"])
def test_lines_printed_between_lines(faulty: Make, small: Path, up: str) -> None:
    pdf = faulty("\n## End", raw(f"#v(-{up})\n{PROSE}") + "\n## End")
    assert faults(pdf, small, "one spot")


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("| word 31 | says what it is for in the row of number 31 | +31.25 |\n", "word 31"),
        (SAME + "\n| linear", "majority"),
    ],
    ids=["of a long table", "that another table has too"],
)
def test_a_lost_row(faulty: Make, small: Path, row: str, named: str) -> None:
    pdf = faulty(row, "| linear" if "linear" in row else "") if "linear" in row else faulty(row, " ")
    (finding,) = faults(pdf, small, "row")
    assert named in finding.words


def test_a_changed_cell(faulty: Make, small: Path) -> None:
    (finding,) = faults(faulty("+31.25 |", "+31.26 |"), small, "row")
    assert "+31.25" in finding.words


def test_rows_cut_off_at_the_foot_of_the_page(faulty: Make, small: Path) -> None:
    """As where a float is higher than the page: what does not fit is drawn below it."""
    found = faults(faulty(template="#show figure.where(kind: table): set block(breakable: false)"), small)
    assert {"page number", "off the paper"} <= {kind for kind in KINDS if any(kind in f.what for f in found)}


def test_a_column_beside_margin_notes(faulty: Make, small: Path) -> None:
    (finding,) = faults(faulty(template="#set page(margin: (left: 2.5cm, right: 10.8cm))"), small, "narrow")
    assert "7.7 cm" in finding.what


def test_a_missing_caption(faulty: Make, small: Path) -> None:
    (finding,) = faults(faulty(": The same row as in the table above. {#tbl-again}", " "), small, "caption")
    assert "same row" in finding.words


def test_a_caption_twice(faulty: Make, small: Path) -> None:
    pdf = faulty("\n## End", "\n**Table 3.** A table that is longer than a page.\n\n## End")
    (finding,) = faults(pdf, small, "caption")
    assert "longer than a page" in finding.words


def test_a_missing_heading(faulty: Make, small: Path) -> None:
    (finding,) = faults(faulty("\n## End", "\nEnd"), small, "heading")
    assert "End" in finding.words


def test_a_heading_twice(faulty: Make, small: Path) -> None:
    (finding,) = faults(faulty("\n## End", "\n## End\n\nOnce.\n\n## End"), small, "heading")
    assert finding.page


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("bottom + center, dy: 1.2cm", "page number"),
        ("bottom + center, dy: 2.38cm", "off the paper"),
        ("right, dx: 5cm", "off the paper"),
        ("right, dx: 1.8cm", "outside the text area"),
        ("left, dx: -1.8cm, dy: -3cm", "outside the text area"),
    ],
)
def test_misplaced_words(faulty: Make, small: Path, place: str, kind: str) -> None:
    found = faults(faulty("\n## End", raw(f"#place({place})[Misplaced]") + "\n## End"), small, kind)
    assert ["Misplaced" in finding.words for finding in found] == [True]


def test_a_nearly_empty_page(faulty: Make, small: Path) -> None:
    pdf = faulty("\n## End", FILL + ALONE + "\n## End")
    (finding,) = faults(pdf, small, "empty")
    assert "Alone" in finding.words


def test_the_last_page_of_a_part_may_be_nearly_empty(faulty: Make, small: Path) -> None:
    pdf = faulty("\n# Results", FILL + ALONE + "\n# Results")
    assert faults(pdf, small) == []


def test_a_font_that_is_not_embedded(sound: Path, small: Path, tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=sound)
    font = next(iter(writer.pages[0]["/Resources"]["/Font"].values())).get_object()  # type: ignore[index,union-attr]
    described = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
    for name in {"/FontFile", "/FontFile2", "/FontFile3"} & set(described):
        del described[name]
    writer.write(tmp_path / "edited.pdf")
    (finding,) = faults(tmp_path / "edited.pdf", small)
    assert "embedded" in finding.what
    assert "Libertinus" in finding.words


def test_a_pdf_without_a_title(sound: Path, small: Path, tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=sound)
    writer.metadata = None
    writer.write(tmp_path / "edited.pdf")
    (finding,) = faults(tmp_path / "edited.pdf", small)
    assert "title" in finding.what


def test_the_title_of_another_report(faulty: Make, small: Path) -> None:
    (finding,) = faults(faulty("title: A small report", "title: A large report"), small)
    assert "A large report" in finding.words


def test_a_pdf_without_tags(sound: Path, small: Path, tmp_path: Path) -> None:
    writer = PdfWriter(clone_from=sound)
    del writer.root_object[NameObject("/StructTreeRoot")]
    writer.write(tmp_path / "edited.pdf")
    (finding,) = faults(tmp_path / "edited.pdf", small)
    assert "tagged" in finding.what


def test_running_heads_are_known_without_tags(
    faulty: Make, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older Typst writes no tags: the rest is checked all the same."""
    import typst

    compiled = typst.compile
    monkeypatch.setattr(typst, "compile", lambda *a, **k: compiled(*a, pdf_tags=False, **k))
    found = faults(faulty(), small)
    assert [re.sub(",.*", "", finding.what) for finding in found] == ["not tagged"]


def test_the_command_prints_each_fault_and_fails(
    faulty: Make, small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check-pdf", str(faulty("\n## End", "\nEnd")), str(small)]) == 1
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2
    assert "End" in printed[0]


def test_what_is_not_there_or_is_not_a_pdf_is_an_error(
    sound: Path, small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.pdf").write_text("not a PDF")
    for pdf, source in ((tmp_path / "no.pdf", small), (tmp_path / "text.pdf", small), (sound, tmp_path)):
        assert main(["check-pdf", str(pdf), str(source)]) == 1
        assert "remedy:" in capsys.readouterr().err


KINDS = (
    "one spot",
    "row",
    "narrow",
    "caption",
    "heading",
    "page number",
    "off the paper",
    "text area",
    "empty",
)


def faults(pdf: Path, source: Path, kind: str = "") -> list[Finding]:
    """What is found; with `kind`, only findings that have these words, and there must not be any others."""
    found = check_pdf(pdf, source).findings
    assert [str(finding) for finding in found if kind not in finding.what] == []
    return found
