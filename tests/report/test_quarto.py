"""Both documents by the real Quarto, where it is on PATH."""

from pathlib import Path

from handcraft.report.quarto import quarto_version
from handcraft.report.render import render_html, render_pdf
from tests.helpers.html import Page
from tests.helpers.quarto import require_quarto


def test_real_quarto_renders_both_formats_without_a_warning(source: Path, tmp_path: Path) -> None:
    require_quarto()
    render_html(source, output=tmp_path / "index.html", renderer="quarto")
    render_pdf(source, output=tmp_path / "index.pdf", renderer="quarto")
    text = Page(tmp_path / "index.html").text
    assert f"Rendered by Quarto {quarto_version()}" in " ".join(text.split())
    assert (tmp_path / "index.pdf").read_bytes().startswith(b"%PDF")
