"""Rendering without Quarto: both formats, the same bytes each time, and no raw markup."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from handcraft.errors import UserError
from handcraft.files import write_json
from handcraft.report.record import Command, write_build_record
from handcraft.report.render import render_html, render_pdf
from tests.helpers.html import RAW, Page, without_hostile
from tests.helpers.pdf import require_sound
from tests.helpers.synthetic import hostile_pieces

# Markup that must never be seen; the hostile text, which must, is taken out first.


@pytest.fixture(scope="module")
def parsed(page: Path) -> Page:
    return Page(page)


def test_no_raw_markup_in_the_page(parsed: Page, results: Path) -> None:
    text = without_hostile(parsed.text, results)
    assert not RAW.search(text), RAW.search(text)
    assert "undefined" not in parsed.text.lower()


def test_hostile_text_is_shown_as_text(parsed: Page, results: Path) -> None:
    assert any("</script>" in piece for piece in hostile_pieces(results))
    without_hostile(parsed.text, results)
    assert parsed.all("script") == [{"type": "module"}]  # the page's own, which marks the contents
    assert not [a for t, a in parsed.tags if any(k.startswith("on") for k in a)]


def test_references_lead_somewhere(parsed: Page) -> None:
    ids = [a["id"] for _, a in parsed.tags if a.get("id")]
    assert len(ids) == len(set(ids))
    inner = [a["href"] for a in parsed.all("a") if re.match("#(?!group=)", str(a.get("href", "")))]
    assert inner
    assert {str(h)[1:] for h in inner} <= set(ids)
    text = parsed.text.replace("\xa0", " ")
    for label in ("Figure 1", "Table 1", "Table 2"):
        assert text.count(label) >= 2, f"{label} is a caption and is referred to"


def test_figures_have_alt_text_and_tables_headers(parsed: Page) -> None:
    assert len(parsed.all("img")) == 18
    assert all(len(str(a.get("alt", ""))) > 20 for a in parsed.all("img"))
    assert len(parsed.all("table")) == len(parsed.all("thead")) > 5
    assert parsed.all("html")[0]["lang"] == "en"
    assert "Red speaks for" in parsed.text


def test_the_page_stands_alone(page: Path, parsed: Page) -> None:
    sources = [str(a.get(k, "")) for _, a in parsed.tags for k in ("src",) if a.get(k)]
    assert all(s.startswith("data:") for s in sources)
    assert not parsed.all("link")
    assert "url(" not in page.read_text(encoding="utf-8").split("</style>")[0]
    assert page.stat().st_size < 6_000_000


def test_the_page_says_who_rendered_it(parsed: Page) -> None:
    assert "Rendered by Pandoc" in parsed.text
    assert "Quarto " in parsed.text


def test_both_formats_are_the_same_bytes_again(source: Path, page: Path, pdf: Path, tmp_path: Path) -> None:
    render_html(source, output=tmp_path / "a.html", renderer="pandoc")
    render_pdf(source, output=tmp_path / "a.pdf", renderer="pandoc")
    assert (tmp_path / "a.html").read_bytes() == page.read_bytes()
    assert (tmp_path / "a.pdf").read_bytes() == pdf.read_bytes()


def test_the_pdf_has_its_text_and_no_markup(pdf: Path, results: Path) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext (poppler) is not installed")
    text = subprocess.run(
        ["pdftotext", "-layout", pdf, "-"], capture_output=True, text=True, check=True
    ).stdout
    flat = without_hostile(text, results)
    assert not RAW.search(flat), RAW.search(flat)
    assert "Table 2" in flat.replace("\xa0", " ")
    assert "Rendered by Pandoc" in flat


def test_the_pdf_has_title_bookmarks_tags_and_alt_texts(pdf: Path) -> None:
    content = pdf.read_bytes()
    for part in (b"/Outlines", b"/StructTreeRoot", b"/Alt", b"/Title", b"/Lang"):
        assert part in content, part


def test_the_record_comes_in_at_rendering(source: Path, tmp_path: Path) -> None:
    sidecar = {
        "rule": "fill_report",
        "wildcards": {},
        "inputs": {},
        "outputs": {"results/report/source": ""},
        "seconds": 12.5,
        "peak_memory_mb": 300.0,
        "device": "cpu",
    }
    sidecar |= {
        "host": "a_host*",
        "git_commit": "abc",
        "started": "2026-01-01T00:00:00",
        "packages": {"numpy": "2"},
    }
    write_json(tmp_path / "provenance" / "fill_report.json", sidecar)
    older = sidecar | {"rule": "renamed_since", "started": "2025-01-01T00:00:00", "host": "another_host"}
    write_json(tmp_path / "provenance" / "renamed_since.json", older)
    metadata = tmp_path / "build_record.md"
    write_build_record(
        tmp_path / "provenance", command=Command("builds/a b", ["my.yaml", "x.yaml"]), output=metadata
    )
    render_html(source, output=tmp_path / "a.html", build_record=metadata, renderer="pandoc")
    render_pdf(source, output=tmp_path / "a.pdf", build_record=metadata, renderer="pandoc")
    require_sound(tmp_path / "a.pdf", source)
    text = Page(tmp_path / "a.html").text
    assert "a_host*" in text
    assert "12.5" in text
    assert "another_host" not in text
    assert "git checkout abc" in text
    assert ".venv/bin/snakemake --directory 'builds/a b' --configfile my.yaml x.yaml" in text
    write_build_record(tmp_path / "none", command=Command(), output=metadata)
    assert "No record" in metadata.read_text()


def test_a_fault_in_a_source_is_named(source: Path, tmp_path: Path) -> None:
    spoilt = Path(shutil.copytree(source, tmp_path / "source"))
    with (spoilt / "_limits.qmd").open("a") as file:
        file.write("\nSee @fig-nowhere.\n")
    with pytest.raises(UserError, match="@fig-nowhere refers to nothing"):
        render_html(spoilt, output=tmp_path / "a.html", renderer="pandoc")
    assert not (tmp_path / "a.html").exists()
    with pytest.raises(UserError, match=r"index\.qmd"):
        render_pdf(tmp_path, output=tmp_path / "a.pdf", renderer="pandoc")
