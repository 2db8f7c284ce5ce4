"""The PDF as a reader's program sees it: title, bookmarks, fonts, alt texts, running heads, nothing off the page."""

import re
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject

from tests.helpers.pdf import require_sound


@pytest.fixture(scope="module")
def read(pdf: Path) -> PdfReader:
    return PdfReader(pdf)


def test_it_shows_all_of_its_sources_each_word_in_its_place(pdf: Path, source: Path) -> None:
    require_sound(pdf, source)


def test_title_and_language(read: PdfReader) -> None:
    assert read.metadata is not None
    assert read.metadata.title == "Which decisions of a language model are linear?"
    assert str(read.trailer["/Root"]["/Lang"]).startswith("en")  # type: ignore[index]


def test_bookmarks_are_the_headings(read: PdfReader, source: Path) -> None:
    names = [re.sub(r"\s+", " ", str(b.title)) for b in _flat(read.outline)]
    assert names
    headings = re.findall(
        r"^# (.+?) \{", "\n".join(p.read_text() for p in source.glob("_*.qmd")), re.MULTILINE
    )
    for heading in headings:
        assert any(heading in name for name in names), heading


def test_all_fonts_are_embedded(read: PdfReader) -> None:
    fonts: dict[str, Any] = {}
    for page in read.pages:
        for font in (page["/Resources"].get("/Font") or {}).values():  # type: ignore[union-attr]
            one = font.get_object()
            inner = one["/DescendantFonts"][0].get_object() if "/DescendantFonts" in one else one
            fonts[str(inner["/BaseFont"])] = inner.get("/FontDescriptor")
    assert fonts
    for name, described in fonts.items():
        assert described is not None, name
        assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(described.get_object()), (
            f"{name} is not embedded"
        )


def test_every_figure_has_an_alt_text(read: PdfReader, source: Path) -> None:
    drawn = "\n".join(p.read_text() for p in source.glob("_*.qmd")).count("fig-alt=")
    texts = [t for t in _alts(read.trailer["/Root"]["/StructTreeRoot"]) if len(t) > 20]  # type: ignore[index]
    assert len(texts) >= drawn > 0


def test_pages_have_numbers_and_running_heads(read: PdfReader) -> None:
    for i, page in enumerate(read.pages[1:], 2):
        text = page.extract_text()
        assert "Which decisions of a language model are linear?" in text, i
        assert re.search(rf"(?m)^\s*{i}\s*$", text), i


def test_no_text_leaves_the_page(read: PdfReader) -> None:
    for i, page in enumerate(read.pages, 1):
        right, places = float(page.mediabox.width), []

        def seen(text: str, _: Any, matrix: list[float], *__: Any, places: list[float] = places) -> None:
            if text.strip():
                places.append(matrix[4])

        page.extract_text(visitor_text=seen)
        assert all(0 <= x < right for x in places), i


def _flat(outline: list[Any]) -> list[Any]:
    return [b for part in outline for b in (_flat(part) if isinstance(part, list) else [part])]


def _alts(node: Any) -> list[str]:
    node = node.get_object()
    if not isinstance(node, DictionaryObject):
        return [t for child in node for t in _alts(child)] if isinstance(node, list) else []
    found = [str(node["/Alt"])] if "/Alt" in node else []
    return found + (_alts(node["/K"]) if "/K" in node else [])
