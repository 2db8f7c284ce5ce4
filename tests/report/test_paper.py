"""What the files that both renderers share (report/_pandoc) do on paper and on the page, and that Quarto runs them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from handcraft.report.pdf_words import open_pdf, read_sheets
from handcraft.report.render import render_html, render_pdf
from handcraft.report.renderer import pandoc_path

ROWS = "\n".join(f"| word {i} | {i} |" for i in range(60))
TEXT = f"""---
title: A small report
lang: en
---

# Part

She waited &#45;&#45; and then&#46;&#46;&#46; nothing.

::: {{.column-margin}}
A note in the margin.
:::

::: {{.callout-note title="A *long* table" collapse="true"}}
| conjunctions of the group | majority |
|:-------------------------------------------------------------------------------------------------|-:|
{ROWS}

: Rows. {{#tbl-rows}}
:::
"""


@pytest.fixture(scope="module")
def source(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("paper") / "source"
    shutil.copytree(root / "report" / "_pandoc", path / "_pandoc")
    (path / "references.bib").write_text("")
    (path / "index.qmd").write_text(TEXT)
    return path


def test_on_paper(source: Path, tmp_path: Path) -> None:
    render_pdf(source, output=tmp_path / "a.pdf", renderer="pandoc")
    sheets = read_sheets(open_pdf(tmp_path / "a.pdf"))
    words = [word for sheet in sheets for word in sheet.words]
    texts = [word.text for word in words]
    assert "--" in texts  # as in the story: no dash
    assert "then..." in texts  # nor one sign for three
    assert [texts.count(str(i)) for i in (0, 59)] == [2, 2]  # both of its cells
    assert len(sheets) > 1  # the table breaks, although it stands in a callout
    left = min(word.left for word in words)
    note = next(word for word in words if word.text == "margin.")
    assert left < note.left < sheets[0].width / 2  # in the flow of the text
    names = [word.text for word in words if word.text in ("conjunctions", "majority")]
    assert set(names) == {"conjunctions", "majority"}  # headings of narrow columns are not broken


def test_on_the_page_columns_have_no_widths(source: Path, tmp_path: Path) -> None:
    render_html(source, output=tmp_path / "a.html", renderer="pandoc")
    text = (tmp_path / "a.html").read_text()
    assert "<table" in text
    assert not re.search(r"<col\b[^>]*width", text)
    # Quarto's own callouts cannot be opened by keyboard.
    assert re.search(
        r'class="note-box note-note" role="note">\s*<details><summary>\s*<span\s+class="note-title">', text
    )
    assert "A <em>long</em> table" in text


def test_on_the_page_tables_scroll_inside_and_have_names(source: Path, tmp_path: Path) -> None:
    render_html(source, output=tmp_path / "a.html", renderer="pandoc")
    (div,) = re.findall(r"<div\s[^>]*class=\"scroll\"[^>]*>", (tmp_path / "a.html").read_text())
    assert dict(re.findall(r'([\w-]+)="([^"]*)"', div)) == {
        "class": "scroll",
        "tabindex": "0",
        "role": "region",
        "aria-labelledby": "tbl-rows-caption",
    }
    assert 'id="tbl-rows-caption"' in (tmp_path / "a.html").read_text()


def test_figures_stay_in_their_section_and_between_tables(source: Path, tmp_path: Path) -> None:
    """None floats to the top of a page: before the heading that it stands under, or into a table that breaks."""
    project = Path(shutil.copytree(source, tmp_path / "source"))
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"><path d="M0 0L200 200"/></svg>'
    (project / "a.svg").write_text(svg)
    rows = {i: "\n".join(f"| row{i} | {k} |" for k in range(20 + i)) for i in range(1, 6)}
    parts = [
        f"## Heading{i}\n\nParagraph{i}.\n\n![Figure{i}](a.svg){{#fig-a{i} fig-alt='A line.'}}\n\n"
        f"| table{i} | x |\n|--|--|\n{rows[i]}\n\n: Caption{i}. {{#tbl-a{i}}}\n"
        for i in rows
    ]
    text = "---\ntitle: Order\nlang: en\n---\n\n# Part\n\n" + "\n".join(parts)
    (project / "index.qmd").write_text(text)
    render_pdf(project, output=tmp_path / "a.pdf", renderer="pandoc")
    placed = [
        (word.page, -word.baseline, re.sub(r"\W", "", word.text))
        for sheet in read_sheets(open_pdf(tmp_path / "a.pdf"))
        for word in sheet.words
    ]
    names = [name for _, _, name in sorted(placed) if re.fullmatch(r"(Heading|Paragraph|Figure|row)\d", name)]
    kept = [name for i, name in enumerate(names) if i == 0 or name != names[i - 1]]
    assert max(page for page, _, _ in placed) >= 4
    assert kept == [f"{kind}{i}" for i in range(1, 6) for kind in ("Heading", "Paragraph", "Figure", "row")]


def test_quarto_runs_the_shared_files(root: Path) -> None:
    settings = yaml.safe_load((root / "report" / "_quarto.yml").read_text())
    assert settings["filters"] == [
        {"at": "pre-ast", "path": "_pandoc/shared.lua"},
        {"at": "post-render", "path": "_pandoc/tables.lua"},
        {"at": "post-render", "path": "_pandoc/quarto.lua"},
    ]
    assert settings["format"]["typst"]["include-in-header"] == [{"file": "_pandoc/paper.typ"}]
    page = settings["format"]["html"]
    assert page["css"] == "_pandoc/shared.css"
    assert page["format-links"] is False
    # They go through a Pandoc template in the other path.
    for name in ("paper.typ", "shared.css"):
        assert "$" not in (root / "report" / "_pandoc" / name).read_text(), name


def test_the_contents_for_narrow_screens_lead_to_every_heading(root: Path, tmp_path: Path) -> None:
    text = "# One *a*\n\n## Two\n\n### Three\n\n# Four\n"
    command = [pandoc_path(), f"--lua-filter={root / 'report' / '_pandoc' / 'quarto.lua'}", "--to=html"]
    page = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
    links = re.findall(r'<a\s+href="(#[^"]+)"', page.partition("</nav>")[0])
    assert links == ["#one-a", "#two", "#four"]
    # A second element with the id of a link in the margin would be a fault.
    assert " id=" not in page.partition("</nav>")[0]
