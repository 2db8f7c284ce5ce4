"""The whole HTML report of the reduced build in a real browser: axe-core, no request, nothing that overflows."""

import json
import time

import pytest

from handcraft.report.browser import chromium
from handcraft.report.check_html import check_html
from tests.helpers.chromium import Page
from tests.workflow.conftest import Checkout

WIDTHS = [(1280, 900), (390, 844)]


@pytest.fixture
def report(browser: Page, finished: Checkout) -> Page:
    browser.open(finished.path / "results" / "report" / "index.html")
    return browser


def test_no_request_leaves_the_page_and_nothing_goes_wrong(report: Page, finished: Checkout) -> None:
    time.sleep(0.5)
    path = finished.path / "results" / "report" / "index.html"
    assert [
        r for r in report.requests if r != path.resolve().as_uri() and not r.startswith(("data:", "blob:"))
    ] == []
    assert report.errors == []
    assert path.stat().st_size < 6_000_000


@pytest.mark.parametrize(("width", "height"), WIDTHS)
def test_nothing_overflows(report: Page, width: int, height: int) -> None:
    report.width(width, height)
    # Provenance lines open too: what is hidden at first may be wide.
    report.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; }); true")
    assert report.evaluate("document.documentElement.scrollWidth") <= width
    wide = report.evaluate("""(() => {
      const out = [];
      for (const e of document.querySelectorAll('main :is(p, li, dd, figcaption, h1, h2, img)')) {
        const box = e.getBoundingClientRect();
        if (e.closest('.scroll, pre, dl, [hidden]') || !box.width) continue;
        if (box.right > innerWidth + 1 || box.left < -1) out.push(e.outerHTML.slice(0, 120));
      }
      return JSON.stringify(out);
    })()""")
    assert json.loads(wide) == []


@pytest.mark.parametrize("page", ["report/index.html", "explorer/index.html", "labelling/conjunctions.html"])
def test_every_page_passes_check_html(finished: Checkout, page: str) -> None:
    if chromium() is None:
        pytest.skip("no chromium on PATH: the page is not tried in a browser")
    checked = check_html(finished.path / "results" / page)
    assert [str(finding) for finding in checked.findings] == []
    assert checked.axe
    assert checked.counts["texts"] > 20


def test_a_figures_line_opens_to_how_it_was_made(report: Page) -> None:
    lines = "[...document.querySelectorAll('details.how-made')]"
    metadata = f"{lines}.find((d) => d.innerText.includes('evaluate_predictions'))"
    assert report.evaluate(f"{metadata}.open") is False
    report.evaluate(f"{metadata}.querySelector('summary').click()")
    assert report.evaluate(f"{metadata}.open") is True
    assert "bootstrap" in report.evaluate(f"{metadata}.innerText")


def test_the_contents_mark_the_section_that_is_read(report: Page) -> None:
    report.width(1280, 900)
    marked = "[...document.querySelectorAll('#contents a[aria-current]')].map((a) => a.hash).join()"
    assert report.evaluate(marked) == ""
    links = json.loads(
        report.evaluate("JSON.stringify([...document.querySelectorAll('#contents a')].map((a) => a.hash))")
    )
    assert len(links) > 8
    for link in (links[4], links[1], links[-1]):
        report.evaluate(f"document.querySelector({json.dumps(link)}).scrollIntoView(); true")
        report.wait(f"{marked} === {json.dumps(link)}")
        shown = (
            "(() => { const b = document.querySelector('#contents a[aria-current]').getBoundingClientRect();"
        )
        assert report.evaluate(shown + " return b.top >= 0 && b.bottom <= innerHeight; })()")


def test_the_first_column_stays_where_a_table_scrolls(report: Page) -> None:
    report.width(390, 844)
    moved = report.evaluate("""(() => {
      const area = [...document.querySelectorAll('.scroll')].find((e) => e.scrollWidth > e.clientWidth + 40);
      area.scrollLeft = 40;
      const row = area.querySelector('tbody tr');
      const left = (e) => e.getBoundingClientRect().left - area.getBoundingClientRect().left;
      return [left(row.firstElementChild), left(row.children[1]) < row.firstElementChild.offsetWidth];
    })()""")
    assert moved == [0, True]


def test_the_switch_changes_the_theme_of_page_and_explorer(report: Page) -> None:
    report.width(1280, 900)
    colours = """[document.body, document.querySelector('.ex-panel')]
      .map((e) => getComputedStyle(e).backgroundColor).join()"""
    light = report.evaluate(colours)
    report.evaluate("document.getElementById('theme').click()")
    dark = report.evaluate(colours)
    assert light.split(")")[0] != dark.split(")")[0]
    assert light.split("rgb")[2] != dark.split("rgb")[2]
    assert report.low_contrast() == []
    report.evaluate("document.getElementById('theme').click()")
    assert report.evaluate(colours) == light
