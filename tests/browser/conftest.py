"""A browser page for each test; without Chromium on PATH these tests are skipped by name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from handcraft.report.browser import chromium
from tests.helpers.chromium import Page, new_page


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Page]:
    if chromium() is None:
        pytest.skip("no chromium on PATH: the page is not tried in a browser")
    with new_page(tmp_path / "browser") as page:
        yield page
