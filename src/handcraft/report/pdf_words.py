"""Where the words of a PDF stand, and how high its drawings reach: enough for the PDFs that Typst writes."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handcraft.errors import UserError

Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1, 0, 0, 1, 0, 0)
# Shares of the font's size. Typst sets a space as a glyph or as a gap; the narrowest gap is a thin space.
_GAP, _BACK, _OFF_LINE = 0.12, 0.3, 0.06
# Text state operators that set one number.
_NUMBERS = {"Tc": "letter", "Tw": "space", "Tz": "stretch", "TL": "leading", "Ts": "rise", "Tr": "mode"}
_PAINTS = {"S", "s", "f", "F", "f*", "B", "B*", "b", "b*"}
_BASE = 0.25
"""A glyph reaches this much below the baseline, as a share of its size, and the rest of its size above."""


@dataclass(frozen=True)
class Word:
    """One word; lengths in points (1/72 inch) from the lower left corner of the paper.

    `artifact`: marked as no part of the text, such as running heads, page numbers and repeated heads of tables.
    `in_figure`: part of an embedded drawing.
    """

    text: str
    page: int
    left: float
    right: float
    bottom: float
    top: float
    baseline: float
    size: float
    font: str
    artifact: bool
    in_figure: bool


@dataclass
class Sheet:
    """A page: its number from 1, size in points, words in the order of drawing, and (bottom, top) of all drawings."""

    number: int
    width: float
    height: float
    words: list[Word] = field(default_factory=list)
    drawn: list[tuple[float, float]] = field(default_factory=list)


def open_pdf(path: Path) -> Any:
    """A `pypdf.PdfReader`; raises `UserError` where the file is missing or is not a readable PDF."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(path)
        if not len(reader.pages):
            raise UserError("the PDF has no pages", where=str(path), remedy="render it again")
    except OSError as error:
        raise UserError(
            f"cannot read the PDF: {error.strerror or error}", where=str(path), remedy="check the path"
        ) from error
    except PyPdfError as error:
        raise UserError(f"not a PDF: {error}", where=str(path), remedy="render it again") from error
    return reader


def read_sheets(reader: Any) -> list[Sheet]:
    """All pages of a `pypdf.PdfReader`."""
    sheets = []
    for number, page in enumerate(reader.pages, 1):
        box = page.mediabox
        sheet = Sheet(number, float(box.width), float(box.height))
        origin: Matrix = (1, 0, 0, 1, -float(box.left), -float(box.bottom))
        if "/Contents" in page:
            _Drawing(reader, sheet).run(page["/Contents"].get_object(), page["/Resources"], origin)
        sheets.append(sheet)
    return sheets


def read_fonts(reader: Any) -> Iterator[tuple[str, bool]]:
    """Name of each font of a `pypdf.PdfReader`, once, and whether the file is embedded."""
    seen = set()
    for page in reader.pages:
        for font in _fonts(page.get("/Resources")):
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            name = _font_name(font)
            if name in seen:
                continue
            seen.add(name)
            described = inner.get("/FontDescriptor", {}).get_object() if "/FontDescriptor" in inner else {}
            drawn = font.get("/Subtype") == "/Type3"  # its glyphs are in the PDF as drawings
            yield name, drawn or bool({"/FontFile", "/FontFile2", "/FontFile3"} & set(described))


def normalise(text: str) -> str:
    """Text as it is compared: without spaces, hyphens, dashes and quotes, which a renderer may change or add."""
    kept = (c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) not in _DROPPED)
    return "".join(c for c in kept if c not in "'\"`´" and not c.isspace())


_DROPPED = {"Pd", "Pi", "Pf", "Cf", "Cc"}


def _fonts(resources: Any, depth: int = 0) -> Iterator[Any]:
    if resources is None or depth > 5:
        return
    resources = resources.get_object()
    for font in (resources.get("/Font") or {}).values():
        yield font.get_object()
    for part in ("/XObject", "/Pattern"):
        for inner in (resources.get(part) or {}).values():
            inner = inner.get_object()
            yield from _fonts(inner.get("/Resources"), depth + 1)


def _font_name(font: Any) -> str:
    return str(font.get("/BaseFont", "a font without a name")).lstrip("/")


class _Font:
    """Codes of a font to text and to widths in thousandths of its size."""

    def __init__(self, font: Any) -> None:
        self.name = _font_name(font)
        self.double = font.get("/Subtype") == "/Type0"
        self.texts = _to_unicode(font["/ToUnicode"].get_object().get_data()) if "/ToUnicode" in font else {}
        self.widths: dict[int, float] = {}
        if self.double:
            inner = font["/DescendantFonts"][0].get_object()
            self.default = float(inner.get("/DW", 1000))
            self._read_runs([x.get_object() for x in inner.get("/W", [])])
        else:
            first, scale = int(font.get("/FirstChar", 0)), 1.0
            if "/FontMatrix" in font:
                scale = 1000 * float(font["/FontMatrix"][0])
            self.widths = {first + i: float(w) * scale for i, w in enumerate(font.get("/Widths", []))}
            self.default = 500.0

    def _read_runs(self, runs: Sequence[Any]) -> None:
        # Either `first [width width ...]` or `first last width`.
        i = 0
        while i < len(runs):
            if isinstance(runs[i + 1], list):
                self.widths |= {int(runs[i]) + j: float(w) for j, w in enumerate(runs[i + 1])}
                i += 2
            else:
                self.widths |= dict.fromkeys(range(int(runs[i]), int(runs[i + 1]) + 1), float(runs[i + 2]))
                i += 3

    def glyphs(self, data: bytes) -> Iterator[tuple[str, float, bool]]:
        """Text, width as a share of the size, and whether it is the one-byte space that word spacing widens."""
        step = 2 if self.double else 1
        for i in range(0, len(data) - step + 1, step):
            code = int.from_bytes(data[i : i + step], "big")
            text = self.texts.get(code, "\ufffd" if self.double else chr(code))
            yield text, self.widths.get(code, self.default) / 1000, not self.double and code == 32


def _to_unicode(data: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    text = data.decode("latin-1")
    for block in re.findall(r"beginbfchar(.*?)endbfchar", text, re.DOTALL):
        for code, target in re.findall(r"<(\w+)>\s*<([\w\s]*)>", block):
            found[int(code, 16)] = _utf16(target)
    for block in re.findall(r"beginbfrange(.*?)endbfrange", text, re.DOTALL):
        for low, high, target, several in re.findall(
            r"<(\w+)>\s*<(\w+)>\s*(?:<([\w\s]*)>|\[([^\]]*)\])", block
        ):
            codes = range(int(low, 16), int(high, 16) + 1)
            if several:
                found |= dict(zip(codes, map(_utf16, re.findall(r"<([\w\s]*)>", several)), strict=False))
            else:
                start = _utf16(target)
                found |= {c: start[:-1] + chr(ord(start[-1]) + i) for i, c in enumerate(codes) if start}
    return found


def _utf16(digits: str) -> str:
    return bytes.fromhex("".join(digits.split())).decode("utf-16-be", errors="replace")


def _times(a: Matrix, b: Matrix) -> Matrix:
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4],
        a[4] * b[1] + a[5] * b[3] + b[5],
    )


def _at(m: Matrix, x: float, y: float) -> tuple[float, float]:
    return x * m[0] + y * m[2] + m[4], x * m[1] + y * m[3] + m[5]


def _matrix(numbers: Sequence[Any]) -> Matrix:
    a, b, c, d, e, f = map(float, numbers)
    return a, b, c, d, e, f


@dataclass(frozen=True)
class _State:
    """The graphics state, as far as words need it."""

    matrix: Matrix
    font: _Font | None = None
    size: float = 0.0
    letter: float = 0.0
    space: float = 0.0
    stretch: float = 100.0
    leading: float = 0.0
    rise: float = 0.0
    mode: float = 0.0

    def but(self, **changes: Any) -> "_State":
        return _State(**{**self.__dict__, **changes})


class _Drawing:
    """Runs the operators of a page's content, and notes words and drawings on its sheet."""

    def __init__(self, reader: Any, sheet: Sheet) -> None:
        self.reader, self.sheet = reader, sheet
        self.fonts: dict[int, _Font] = {}
        self.marks: list[bool] = []
        self.text = self.line = _IDENTITY
        self.points: list[tuple[float, float]] = []
        self.letters: list[tuple[str, tuple[float, float], tuple[float, float]]] = []
        self.corners: list[tuple[float, float]] = []
        self.style: tuple[float, str, bool, bool] = (0.0, "", False, False)

    def run(self, stream: Any, resources: Any, matrix: Matrix, depth: int = 0) -> None:
        from pypdf.generic import ContentStream

        state, saved = _State(matrix), []
        resources = resources.get_object()
        for operands, operator in ContentStream(stream, self.reader, "bytes").operations:
            name = operator.decode("latin-1")
            if name == "q":
                saved.append(state)
            elif name == "Q":
                state = saved.pop() if saved else state
            elif name == "cm":
                state = state.but(matrix=_times(_matrix(operands), state.matrix))
            elif name in ("BDC", "BMC"):
                self.marks.append(operands[0] == "/Artifact")
            elif name == "EMC":
                self.marks = self.marks[:-1]
            elif name == "Do":
                self._object(resources["/XObject"][operands[0]].get_object(), resources, state, depth)
            elif name == "Tf":
                font = resources["/Font"][operands[0]].get_object()
                if id(font) not in self.fonts:  # the reader keeps each font, so that its id stays its own
                    self.fonts[id(font)] = _Font(font)
                state = state.but(font=self.fonts[id(font)], size=float(operands[1]))
            elif name in _NUMBERS:
                state = state.but(**{_NUMBERS[name]: float(operands[0])})
            elif name[0] == "T" or name in ("BT", "'", '"'):
                state = self._show(name, operands, state, depth > 0)
            else:
                self._path(name, operands, state)
        self._end_word()

    def _object(self, inner: Any, resources: Any, state: _State, depth: int) -> None:
        if inner["/Subtype"] == "/Image":
            self._drawn([_at(state.matrix, x, y) for x in (0, 1) for y in (0, 1)])
        elif inner["/Subtype"] == "/Form" and depth < 8:
            own = _times(_matrix(inner.get("/Matrix", _IDENTITY)), state.matrix)
            left, bottom, right, top = map(float, inner["/BBox"])
            self._drawn([_at(own, x, y) for x in (left, right) for y in (bottom, top)])
            self._end_word()
            self.run(inner, inner.get("/Resources", resources), own, depth + 1)

    def _path(self, name: str, operands: Sequence[Any], state: _State) -> None:
        if name in ("m", "l", "c", "v", "y"):
            numbers = [float(x) for x in operands]
            self.points += [_at(state.matrix, x, y) for x, y in zip(numbers[::2], numbers[1::2], strict=True)]
        elif name == "re":
            x, y, width, height = map(float, operands)
            self.points += [_at(state.matrix, x + a, y + b) for a in (0, width) for b in (0, height)]
        elif name in _PAINTS or name == "n":
            if name != "n":
                self._drawn(self.points)
            self.points = []

    def _drawn(self, points: Sequence[tuple[float, float]]) -> None:
        if not points:
            return
        low, high = (min(max(f(y for _, y in points), 0), self.sheet.height) for f in (min, max))
        if high - low < 0.9 * self.sheet.height:  # else a background
            self.sheet.drawn.append((low, high))

    def _show(self, name: str, operands: Sequence[Any], state: _State, in_figure: bool) -> _State:
        if name == "BT":
            self.text = self.line = _IDENTITY
        elif name == "Tm":
            self.text = self.line = _matrix(operands)
        elif name in ("Td", "TD"):
            x, y = map(float, operands)
            self.text = self.line = _times((1, 0, 0, 1, x, y), self.line)
            state = state.but(leading=-y) if name == "TD" else state
        elif name in ("T*", "'", '"'):
            self.text = self.line = _times((1, 0, 0, 1, 0, -state.leading), self.line)
            if name == '"':
                state = state.but(space=float(operands[0]), letter=float(operands[1]))
        if name in ("Tj", "'", '"', "TJ"):
            for part in operands[0] if name == "TJ" else operands[-1:]:
                if isinstance(part, bytes):
                    self._glyphs(part, state, in_figure)
                else:
                    self._move(-float(part) / 1000 * state.size * state.stretch / 100)
        return state

    def _move(self, x: float) -> None:
        self.text = _times((1, 0, 0, 1, x, 0), self.text)

    def _glyphs(self, data: bytes, state: _State, in_figure: bool) -> None:
        if state.font is None or state.mode == 3:  # drawn invisibly
            return
        stretch = state.stretch / 100
        for text, width, is_space in state.font.glyphs(data):
            whole = _times(self.text, state.matrix)
            along = (width * state.size + state.letter + (state.space if is_space else 0)) * stretch
            start, end = _at(whole, 0, state.rise), _at(whole, width * state.size * stretch, state.rise)
            # The height of a line of this size on the paper, and the direction of writing.
            up = _at(whole, 0, state.rise + state.size)
            size = ((up[0] - start[0]) ** 2 + (up[1] - start[1]) ** 2) ** 0.5
            self._letter(text, (start, end, up), (size, state.font.name, self._artifact, in_figure))
            self._move(along)

    @property
    def _artifact(self) -> bool:
        return any(self.marks)

    def _letter(
        self,
        text: str,
        places: tuple[tuple[float, float], tuple[float, float], tuple[float, float]],
        style: tuple[float, str, bool, bool],
    ) -> None:
        start, end, up = places
        if not text.strip():
            self._end_word()
            return
        if self.letters:
            before, size = self.letters[-1], max(style[0], self.style[0])
            across = (start[0] - before[2][0], start[1] - before[2][1])
            run = (before[2][0] - before[1][0], before[2][1] - before[1][1])
            length = (run[0] ** 2 + run[1] ** 2) ** 0.5
            unit = (run[0] / length, run[1] / length) if length else (1.0, 0.0)
            gap, off = (
                across[0] * unit[0] + across[1] * unit[1],
                abs(across[0] * unit[1] - across[1] * unit[0]),
            )
            if not -_BACK * size < gap < _GAP * size or off > _OFF_LINE * size or style[2:] != self.style[2:]:
                self._end_word()
        if not self.letters:
            self.style = style
        tall = (up[0] - start[0], up[1] - start[1])
        for place in (start, end):
            for share in (-_BASE, 1 - _BASE):
                self.corners.append((place[0] + share * tall[0], place[1] + share * tall[1]))
        self.letters.append((text, start, end))

    def _end_word(self) -> None:
        if not self.letters:
            return
        xs, ys = zip(*self.corners, strict=True)
        text = "".join(letter for letter, _, _ in self.letters)
        edges = (min(xs), max(xs), min(ys), max(ys))
        self.sheet.words.append(
            Word(text, self.sheet.number, *edges, self.letters[0][1][1], *self.style),
        )
        self.letters, self.corners = [], []
