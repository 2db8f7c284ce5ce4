"""What report/_pandoc/shared.lua and paper.typ do on paper; Quarto runs the same two files."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from handcraft.report.pdf_words import open_pdf, read_sheets
from handcraft.report.render import render_html, render_pdf

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
    assert "callout callout-note" in text


def test_quarto_runs_the_shared_filter_and_header(root: Path) -> None:
    settings = yaml.safe_load((root / "report" / "_quarto.yml").read_text())
    assert settings["filters"] == [{"at": "pre-ast", "path": "_pandoc/shared.lua"}]
    assert settings["format"]["typst"]["include-in-header"] == [{"file": "_pandoc/paper.typ"}]
    # It goes through a Pandoc template in the other path.
    assert "$" not in (root / "report" / "_pandoc" / "paper.typ").read_text()
