"""Both documents by the real Quarto, where it is on PATH."""

from pathlib import Path

from handcraft.report.browser import chromium
from handcraft.report.check_html import check_html
from handcraft.report.quarto import quarto_version
from handcraft.report.render import render_html, render_pdf
from tests.helpers.html import Page
from tests.helpers.pdf import require_sound
from tests.helpers.quarto import require_quarto


def test_real_quarto_renders_both_formats_without_a_warning(source: Path, tmp_path: Path) -> None:
    require_quarto()
    render_html(source, output=tmp_path / "index.html", renderer="quarto")
    render_pdf(source, output=tmp_path / "index.pdf", renderer="quarto")
    text = Page(tmp_path / "index.html").text
    assert f"Rendered by Quarto {quarto_version()}" in " ".join(text.split())
    require_sound(tmp_path / "index.pdf", source)
    if chromium() is not None:
        assert [str(finding) for finding in check_html(tmp_path / "index.html").findings] == []
