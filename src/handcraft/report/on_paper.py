"""What the PDF of filled sources must show: title, headings, captions, rows of tables, read by Pandoc."""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handcraft.errors import UserError
from handcraft.report.pdf_words import normalise
from handcraft.report.render import READER, put_includes

_UNKNOWN = "\0"
# What is only known once it is rendered: numbers of references and citations, formulas, the marks of footnotes.
_RENDERED = {"Cite", "Math", "Note", "Image", "RawInline"}
MOST_UNKNOWN = 80
"""Letters that a reference, a citation or a formula may take on paper."""


@dataclass(frozen=True)
class Text:
    """A text as people read it, and a pattern for it without spaces, hyphens and quotes (see `normalise`).

    `pattern` is "" where nothing is left to look for.
    """

    shown: str
    pattern: str


@dataclass(frozen=True)
class Heading:
    """`level` is 1 for a part."""

    text: Text
    level: int


@dataclass(frozen=True)
class Caption:
    """`kind` is Figure or Table where the caption is numbered, else ""."""

    text: Text
    kind: str


@dataclass(frozen=True)
class Row:
    """A row of the table that is called `table`, heads too; a text a cell."""

    table: str
    cells: tuple[Text, ...]

    @property
    def shown(self) -> str:
        return " | ".join(cell.shown for cell in self.cells)

    @property
    def pattern(self) -> str:
        return "".join(cell.pattern for cell in self.cells)


@dataclass
class OnPaper:
    """All that a PDF must show, in order."""

    title: str = ""
    headings: list[Heading] = field(default_factory=list)
    captions: list[Caption] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    tables: int = 0


def read_on_paper(source: Path) -> OnPaper:
    """What the filled sources in the directory `source` put on paper. Raises `UserError` where Pandoc cannot read
    them or there is no index.qmd."""
    import pypandoc

    index = Path(source) / "index.qmd"
    if not index.is_file():
        raise UserError(
            "there is no index.qmd to compare with",
            where=str(source),
            remedy="name the directory of the filled sources, results/report/source",
        )
    text = put_includes(Path(source), index.read_text(encoding="utf-8"))
    command = [pypandoc.get_pandoc_path(), f"--from={READER}", "--to=json"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        raise UserError(f"pandoc cannot read the sources:\n{done.stderr[-2000:]}", where=str(source))
    document = json.loads(done.stdout)
    found = OnPaper()
    if title := document["meta"].get("title"):
        found.title = _plain(title["c"])
    _collect(document["blocks"], found)
    return found


def _collect(blocks: Sequence[Any], found: OnPaper) -> None:
    for block in blocks:
        kind, content = block["t"], block.get("c")
        if kind == "Header":
            level, _, inlines = content
            found.headings.append(Heading(_text(inlines), level))
        elif kind == "Table":
            _table(content, found)
        elif kind == "Figure":
            attributes, caption, _ = content
            _caption(attributes, caption, found)
        elif kind == "Div":
            if _on_paper(content[0]):
                _collect(content[1], found)
        elif kind == "BlockQuote":
            _collect(content, found)
        elif kind in ("BulletList", "OrderedList"):
            for item in content if kind == "BulletList" else content[1]:
                _collect(item, found)
        elif kind == "DefinitionList":
            for _, definitions in content:
                for one in definitions:
                    _collect(one, found)


def _on_paper(attributes: Any) -> bool:
    """Quarto's conditional content, for Typst: as the filters of both renderers read it."""
    _, classes, pairs = attributes
    visible, hidden = "content-visible" in classes, "content-hidden" in classes
    if not visible and not hidden:
        return True
    values = dict(pairs)
    only, but = values.get("when-format"), values.get("unless-format")
    return ((only in (None, "typst")) and but != "typst") == visible


def _table(content: Any, found: OnPaper) -> None:
    attributes, caption, _, head, bodies, foot = content
    _caption(attributes, caption, found)
    found.tables += 1
    name = f"table {attributes[0] or found.tables}"
    rows = [*head[1], *(row for body in bodies for row in [*body[2], *body[3]]), *foot[1]]
    for _, cells in rows:
        row = Row(name, tuple(_text(cell[4]) for cell in cells))
        if row.pattern:
            found.rows.append(row)


def _caption(attributes: Any, caption: Any, found: OnPaper) -> None:
    text = _text(caption[1])
    if text.pattern:
        label = re.match(r"(fig|tbl)-", attributes[0])
        kind = {"fig": "Figure", "tbl": "Table"}[label.group(1)] if label else ""
        found.captions.append(Caption(text, kind))


def _text(node: Any) -> Text:
    pieces = "".join(_pieces(node))
    parts = [re.escape(normalise(part)) for part in pieces.split(_UNKNOWN)]
    pattern = f".{{0,{MOST_UNKNOWN}}}?".join(parts) if any(parts) else ""
    return Text(" ".join(pieces.replace(_UNKNOWN, "…").split()), pattern)


def _plain(node: Any) -> str:
    return " ".join("".join(_pieces(node)).replace(_UNKNOWN, "").split())


def _pieces(node: Any) -> Iterator[str]:
    """The words of inlines or blocks; `_UNKNOWN` for what only a renderer knows."""
    if isinstance(node, list):
        for part in node:
            yield from _pieces(part)
        return
    if not isinstance(node, dict):
        return
    kind: Any = node.get("t")
    content: Any = node.get("c")
    if kind == "Str":
        yield content
    elif kind in ("Space", "SoftBreak", "LineBreak"):
        yield " "
    elif kind in ("Code", "CodeBlock"):
        yield content[1]
    elif kind in _RENDERED:
        if kind != "RawInline" or content[0] != "html":
            yield _UNKNOWN
    elif kind in ("Span", "Link", "Div"):
        if _on_paper(content[0]):
            yield from _pieces(content[1])
    elif kind in ("Para", "Plain", "LineBlock"):
        yield from _pieces(content)
        yield " "
    elif kind != "RawBlock":
        yield from _pieces(content)
