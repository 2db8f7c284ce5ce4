"""The filter that every text of the corpus passes."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from handcraft.report.escape import Markdown, escape, join
from handcraft.report.tables import pipe_table
from tests.helpers.synthetic import HOSTILE


def test_nothing_that_could_be_markup_is_left() -> None:
    shown = escape(HOSTILE)
    assert re.fullmatch(r"(?:[A-Za-z0-9 ]|&#\d+;)*", shown)
    assert html.unescape(shown) == HOSTILE


@given(st.text())
def test_any_text(text: str) -> None:
    shown = escape(text)
    for c in re.sub(r"&#\d+;", "", shown):
        assert c == " " or c.isalnum() or ord(c) > 127
    assert "\n" not in shown
    assert escape(shown) == shown


def test_text_cannot_turn_around_or_hide() -> None:
    assert "\u202e" not in html.unescape(escape("abc\u202edef\x00"))
    assert "\ufffd" in html.unescape(escape("\u202e"))


def test_cells_and_lists_are_escaped() -> None:
    table = pipe_table(["a|b", Markdown("**c**")], [["x | y", None]], "lr")
    assert table.split("\n")[0] == "| a&#124;b | **c** |"
    assert table.count("|") == 3 * 3
    assert join(["a", "b*", "c"]) == "a, b&#42; and c"
    assert join([]) == ""
