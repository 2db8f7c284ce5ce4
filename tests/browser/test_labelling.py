"""The labelling page in a browser, by keyboard: what it shows, keeps, gives out and never gives away."""

import re
from itertools import product
from pathlib import Path

import pytest

from handcraft.contexts.sample import read_samples
from handcraft.evaluation.intervals import wilson
from handcraft.people.labels import read_labels
from tests.helpers.chromium import Page
from tests.helpers.labelling import HOSTILE, WORDS, LabellingPage

ITEM = "session.items.items[session.current()].context"
RIGHT = "session.items.key[session.current()]"


@pytest.fixture
def made(tmp_path: Path, small_tokenizer: Path) -> LabellingPage:
    page = LabellingPage(tmp_path, small_tokenizer)
    page.build()
    return page


def begin(browser: Page, made: LabellingPage, name: str = "zoe") -> None:
    """By keyboard alone, from the address bar to the first item."""
    browser.open(made.folder / "page.html")
    browser.press("Tab")  # the sets
    browser.press("Tab")  # the name
    assert browser.focused() == "name"
    browser.type(name)
    browser.press("Enter")
    for i in range(3):
        assert browser.text("counter") == f"Practice {i + 1} of 3"
        browser.press("1")
        assert "in the story it is" in browser.text("feedback")
        assert browser.focused() == "next"
        browser.press("Enter")
    assert browser.text("counter") == "Item 1 of 10"


def answer_all(browser: Page) -> None:
    """The first word for every item that is left."""
    while browser.shown() == "ask":
        browser.press("1")


def test_text_of_the_corpus_is_text_and_nothing_leaves(browser: Page, made: LabellingPage) -> None:
    begin(browser, made)
    assert HOSTILE in browser.text("context")
    answer_all(browser)
    browser.press("Enter")
    assert HOSTILE in browser.text("scores")
    assert browser.evaluate("typeof hacked") == "undefined"
    assert browser.evaluate("document.images.length") == 0
    assert browser.errors == []
    assert [r for r in browser.requests if not r.startswith(("file:", "data:", "blob:", "about:"))] == []


def test_no_answer_is_given_away_before_the_end(browser: Page, made: LabellingPage) -> None:
    begin(browser, made)
    for answered in range(10):
        assert browser.text("feedback") == ""
        assert browser.evaluate("document.querySelectorAll('.right, .chosen').length") == 0
        assert browser.evaluate("document.getElementById('progress').value") == answered
        right = browser.evaluate(RIGHT)
        browser.press(str(1 + (right + answered % 2) % 4))
    assert browser.shown() == "review"
    assert browser.evaluate("document.getElementById('scores').children.length") == 0
    browser.press("Enter")
    assert browser.text("score").startswith("5 of 10 right: 50%")


def test_which_items_were_right_is_shown_when_both_sets_are_done(browser: Page, made: LabellingPage) -> None:
    begin(browser, made)
    answer_all(browser)
    browser.press("Enter")
    assert browser.evaluate("document.getElementById('each').hidden")
    assert browser.evaluate("document.getElementById('answers').children.length") == 0
    assert "is shown when the balanced set is done too" in browser.text("later")
    browser.evaluate("document.getElementById('other').click()")
    answer_all(browser)
    browser.press("Enter")
    assert browser.shown() == "done"
    assert not browser.evaluate("document.getElementById('each').hidden")
    assert browser.evaluate("document.getElementById('answers').children.length") > 0
    assert browser.evaluate("document.getElementById('later').hidden")


def test_the_scores_have_an_axis_and_the_majoritys_line(browser: Page, made: LabellingPage) -> None:
    begin(browser, made)
    answer_all(browser)
    browser.press("Enter")
    lines = browser.evaluate("[...document.querySelectorAll('#scores em')].map((e) => e.style.left)")
    assert len(lines) == browser.evaluate("document.getElementById('scores').children.length")
    share = re.search(r"is right in (\d+) of these (\d+) items", browser.text("meaning"))
    assert share
    assert set(lines) == {f"{round(100 * int(share[1]) / int(share[2]))}%"}
    assert browser.evaluate("document.querySelector('.axis').textContent") == "050%100%"


def test_a_volunteer_is_told_where_to_send_the_file(browser: Page, made: LabellingPage) -> None:
    begin(browser, made)
    answer_all(browser)
    browser.press("Enter")
    assert "give it to whoever asked you" in browser.text("send")
    path = made.build("sent", send_to='<b>labels@example.org</b> "{x}"')
    browser.open(path)
    browser.evaluate("document.getElementById('name').value = 'zoe'")
    browser.evaluate("document.getElementById('form').requestSubmit()")
    if browser.shown() == "ask":
        browser.evaluate("document.getElementById('leave').click()")
        answer_all(browser)
        browser.press("Enter")
    assert 'send it to <b>labels@example.org</b> "{x}".' in browser.text("send")
    assert "human/labels/" in browser.text("where")


def test_undo_takes_back_and_skip_comes_back(browser: Page, made: LabellingPage) -> None:
    begin(browser, made)
    first = browser.evaluate(ITEM)
    browser.press("u")
    assert browser.evaluate(ITEM) == first, "there is nothing to undo"
    browser.press("2")
    second = browser.evaluate(ITEM)
    assert second != first
    browser.press("u")
    assert browser.evaluate(ITEM) == first
    browser.press("s")
    assert browser.evaluate(ITEM) == second
    for _ in range(9):
        browser.press("3")
    assert browser.text("counter") == "Item 10 of 10 (skipped before)"
    assert browser.evaluate(ITEM) == first
    browser.press("4")
    browser.press("u")
    assert browser.evaluate(ITEM) == first, "the last answer can be undone before finishing"
    browser.press("4")
    browser.press("Enter")
    rows = browser.evaluate("document.getElementById('csv').value").splitlines()
    said = {row.split(",")[2]: row.split(",")[3] for row in rows[1:]}
    assert said.pop(str(first)) == '" or"'
    assert set(said.values()) == {'" so"'}
    browser.press("u")
    assert browser.shown() == "done", "what is finished stays"


def test_it_goes_on_after_closing_and_keeps_people_and_sets_apart(browser: Page, made: LabellingPage) -> None:
    begin(browser, made)
    for _ in range(4):
        browser.press("2")
    item = browser.evaluate(ITEM)
    browser.reload()
    assert browser.text("begin") == "Go on (4 of 10 answered)"
    assert browser.focused() == "begin"
    browser.press("Enter")
    assert (browser.text("counter"), browser.evaluate(ITEM)) == ("Item 5 of 10", item)
    browser.reload()
    browser.evaluate("document.getElementById('name').value = 'Ada L.'; describe()")
    assert browser.text("begin") == "Begin with three practice items"
    assert "ada-l.csv" in browser.text("seed")
    assert "seed" in browser.text("seed")
    orders = browser.evaluate("['zoe', 'ada-l'].map((n) => open('natural', n).order.join())")
    assert len(set(orders)) == 2


def test_a_key_held_down_or_another_shortcut_answers_nothing(browser: Page, made: LabellingPage) -> None:
    begin(browser, made)
    browser.press("1", autoRepeat=True)
    browser.press("1", modifiers=2)
    browser.press("9")
    assert browser.text("counter") == "Item 1 of 10"
    browser.evaluate("document.getElementById('keys').click()")
    browser.press("1")
    assert browser.text("counter") == "Item 1 of 10"


def test_what_was_saved_but_cannot_be_read_is_said(browser: Page, made: LabellingPage) -> None:
    begin(browser, made)
    browser.press("1")
    key = browser.evaluate("session.key")
    many = ",".join("0" * 11)
    for broken in ("{", '{"actions": [9], "spent": {}}', f'{{"actions": [{many}], "spent": {{}}}}'):
        browser.reload()  # to the start, where nothing is saved on leaving
        browser.evaluate(f"localStorage.setItem({key!r}, {broken!r})")
        browser.reload()
        assert "cannot be read" in browser.text("notice")
        browser.press("Enter")
        assert browser.text("counter") == "Practice 1 of 3"
        browser.evaluate("at('leave').click()")
        assert browser.text("counter") == "Item 1 of 10"


def test_the_file_has_both_sets_and_is_read(browser: Page, made: LabellingPage) -> None:
    begin(browser, made)
    answer_all(browser)
    browser.press("Enter")
    browser.evaluate("at('other').click()")
    while browser.text("counter").startswith("Practice"):
        browser.evaluate("at('leave').click()")
    assert "balanced" in browser.text("set-name")
    answer_all(browser)
    browser.press("Enter")
    browser.evaluate("at('download').click()")
    samples = read_samples(made.folder / "sample.json", len(made.labels))
    found = read_labels(browser.downloaded("zoe.csv"), samples, WORDS)
    assert {name: one.answers.tolist() for name, one in found.items()} == {
        "natural": [0] * 10,
        "balanced": [0] * 10,
    }
    assert all((one.seconds >= 0).all() for one in found.values())
    correct = made.truth("balanced").count(WORDS[0])
    low, high = wilson(correct, 10)
    assert browser.text("score") == f"{correct} of 10 right: {correct * 10}% ({low:.0%} to {high:.0%})"  # type: ignore[str-format]


def test_it_fits_a_phone_and_is_readable_in_the_dark(browser: Page, made: LabellingPage) -> None:
    for pixels, dark in product((390, 1200), (False, True)):
        browser.width(pixels, 844, dark)
        browser.evaluate("try { localStorage.clear() } catch {}")
        begin(browser, made)
        for section in ("ask", "review", "done"):
            assert browser.shown() == section
            assert browser.evaluate("document.documentElement.scrollWidth") <= pixels
            assert (
                browser.evaluate(f"{BUTTONS}.filter((b) => b.offsetParent && b.offsetHeight < 44).length")
                == 0
            )
            assert browser.low_contrast() == []
            if section == "ask":
                answer_all(browser)
            else:
                browser.press("Enter")


BUTTONS = "[...document.querySelectorAll('main button')]"


def test_a_screen_reader_is_told_what_is_there(browser: Page, made: LabellingPage) -> None:
    begin(browser, made)
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    told = [
        (n["role"]["value"], n.get("name", {}).get("value", ""))
        for n in nodes
        if not n["ignored"] and "role" in n
    ]
    assert ("progressbar", "Item 1 of 10") in told
    assert ("group", "Words to choose from") in told
    assert {"and", "but", "so", "or"} <= {name for role, name in told if role == "button"}
    assert any(role == "image" and name == "the gap" for role, name in told)
    assert all(name for role, name in told if role in ("button", "checkbox", "textbox", "radio", "link"))
    assert browser.focused() == "context", "so that the next item is read out"
