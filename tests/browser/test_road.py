"""From the page to the report: fifty items by keyboard, the file dropped in, the score in the report's table."""

import html
import re
import shutil

from tests.helpers.chromium import Page
from tests.workflow.conftest import FOLLOWS, Checkout

RIGHT = "session.items.key[session.current()]"
CORRECT = 37


def test_fifty_items_by_keyboard_end_in_the_reports_table(browser: Page, built: Checkout) -> None:
    browser.open(built.path / "results" / "labelling" / "conjunctions.html")
    browser.press("Tab")
    browser.press("Tab")
    browser.type("Zoë 2")
    browser.press("Enter")
    while browser.text("counter").startswith("Practice"):
        browser.press("3")
        browser.press("Enter")
    browser.press("s")
    for i in range(50):
        if i == 23:
            browser.reload()
            assert browser.text("begin") == "Go on (23 of 50 answered)"
            browser.press("Enter")
        assert browser.text("counter").startswith(f"Item {i + 1} of 50")
        right = browser.evaluate(RIGHT)
        browser.press(str(1 + (right if i < CORRECT else (right + 1) % 5)))
    assert browser.focused() == "finish"
    browser.press("Enter")
    assert browser.text("score") == f"{CORRECT} of 50 right: 74% (60% to 84%)"
    for _ in range(10):
        browser.press("Tab")
        if browser.focused() == "download":
            break
    browser.press("Enter")
    saved = browser.downloaded("zoe-2.csv")
    assert browser.errors == []

    folder = built.path / "human" / "labels" / "reduced" / "conjunctions"
    assert str(folder.relative_to(built.path) / saved.name) in browser.text("where")
    folder.mkdir(parents=True)
    shutil.copy(saved, folder)
    assert built.planned() == FOLLOWS
    built.snakemake("results/report/index.html", "--quiet=rules")
    page = html.unescape((built.path / "results" / "report" / "index.html").read_text())
    row = next(r for r in re.findall(r"<tr[^>]*>.*?</tr>", page, re.DOTALL) if "zoe-2" in r)
    assert re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).split()[:7] == [
        "zoe-2", "37", "of", "50,", "74%", "60", "to",
    ]  # fmt: skip
    assert "No human labels exist" not in page
