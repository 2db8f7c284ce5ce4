"""Every PDF that a test builds goes through `handcraft check-pdf`."""

from pathlib import Path

from handcraft.report.check_pdf import check_pdf


def require_sound(pdf: Path, source: Path) -> None:
    """Fail with the findings, and where nothing was there to be checked."""
    checked = check_pdf(pdf, source)
    found = "\n".join(map(str, checked.findings))
    assert not found, found
    assert checked.counts["rows"] > 0
    assert checked.counts["captions"] > 0
