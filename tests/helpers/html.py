"""What tests look at in a page."""

import re
from html.parser import HTMLParser
from pathlib import Path

from tests.helpers.synthetic import hostile_pieces


class Elements(HTMLParser):
    """Tags with their attributes, and the text of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self._in: list[str] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = {"script": self.scripts, "style": self.styles}.get(tag)

    def handle_endtag(self, tag: str) -> None:
        self._in = None

    def handle_data(self, data: str) -> None:
        if self._in is not None:
            self._in.append(data)


RAW = re.compile(r":::|\{#|\{\.|<<|>>|<%|%>|\{\{<|&#\d|@(?:fig|tbl|sec)-|\?\?")


class Page(HTMLParser):
    """What of a page the tests look at."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self._skip = "", 0
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._skip += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._skip -= tag == "style"

    def handle_data(self, data: str) -> None:
        self.text += data if not self._skip else ""

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for t, attributes in self.tags if t == tag]


def without_hostile(text: str, results: Path) -> str:
    """The text on one line, and without the examples; fails where one of them is not shown."""
    flat = re.sub(r"\s+", " ", text)
    for piece in dict.fromkeys(hostile_pieces(results)):
        assert piece in flat, f"not shown as text: {piece}"
        flat = flat.replace(piece, "")
    return flat
