"""Does a rendered PDF show all that its filled sources hold, each in its place? By the positions of its words."""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from handcraft.report.on_paper import MOST_UNKNOWN, Heading, OnPaper, Row, Text, read_on_paper
from handcraft.report.pdf_words import Sheet, Word, normalise, open_pdf, read_fonts, read_sheets

MOST_OVERLAP = 0.2
"""Of the smaller of two words, the share that the other may cover: kerning and italics overlap by less."""
LEAST_COLUMN = 0.6
"""Of the paper's width. Pages without margin notes have three quarters, Quarto's margin-note layout a third."""
LEAST_FULL = 1 / 3
"""Of the height of the text area, on every page but the last of a part."""
NEAR_EDGE = 14.0
"""Points from the edge of the paper, about half a centimetre: no printer reaches further."""
HANGING = 6.0
"""Points by which punctuation may hang out of the text area."""
BLANK = 40.0
"""Points of white between blocks that still count as filled."""
RUNNING_ZONE = 0.12
"""Running heads and page numbers stand in this share of the paper's height, above or below."""
PROSE = 5
"""Words that a line must have to tell how wide the text column is."""


@dataclass(frozen=True)
class Finding:
    """A fault: its page from 1 (None if it is the whole file's), what is wrong, and the words that it concerns."""

    page: int | None
    what: str
    words: str = ""

    def __str__(self) -> str:
        place = f"page {self.page}" if self.page else "file"
        return f"{place}: {self.what}" + (f": {self.words}" if self.words else "")


@dataclass(frozen=True)
class Checked:
    """The findings, page by page, and how much was checked, by name: pages, words, tables, ..."""

    findings: list[Finding]
    counts: dict[str, int]


def check_pdf(pdf: Path, source: Path) -> Checked:
    """Compare a rendered PDF with the directory of the filled sources that it was made of.

    Raises `UserError` where one of them cannot be read.
    """
    reader, wanted = open_pdf(pdf), read_on_paper(source)
    sheets = read_sheets(reader)
    layout = _Layout(sheets)
    flow = _Flow(layout)
    parts: set[int] = set()
    findings = [
        *_file(reader, wanted),
        *_places(layout),
        *(finding for sheet in sheets for finding in _overlaps(sheet)),
        *_headings(flow, wanted.headings, parts),
        *_captions(flow, wanted),
        *_rows(flow, wanted.rows),
        *_empty(layout, parts),
    ]
    counts = {
        "pages": len(sheets),
        "words": sum(len(sheet.words) for sheet in sheets),
        "headings": len(wanted.headings),
        "captions": len(wanted.captions),
        "tables": wanted.tables,
        "rows": len(wanted.rows),
    }
    return Checked(sorted(findings, key=lambda finding: finding.page or 0), counts)


# 1. The file.
def _file(reader: Any, wanted: OnPaper) -> Iterator[Finding]:
    root = reader.trailer["/Root"]
    marked = root.get("/MarkInfo", {}).get_object() if "/MarkInfo" in root else {}
    tree = root["/StructTreeRoot"].get_object() if "/StructTreeRoot" in root else {}
    if not marked.get("/Marked") or not tree.get("/K"):
        yield Finding(None, "not tagged, so that a screen reader does not know headings from tables")
    title = str((reader.metadata or {}).get("/Title") or "")
    if not title.strip():
        yield Finding(None, "it has no title")
    elif wanted.title and normalise(title) != normalise(wanted.title):
        yield Finding(None, f"its title is not that of the sources, {wanted.title!r}", title)
    for name, embedded in read_fonts(reader):
        if not embedded:
            yield Finding(None, "a font is not embedded", name)


# 2. Places of words.
class _Layout:
    """What all pages share: running heads and page numbers, the text area; all lengths in points."""

    def __init__(self, sheets: Sequence[Sheet]) -> None:
        self.sheets = sheets
        self.running = self._find_running()
        numbers = [w for w in self.running if w.text.isdigit() and w.top < self._sheet(w).height / 2]
        heights = Counter(round(w.baseline) for w in numbers)
        self.number_height = heights.most_common(1)[0][0] if heights else None
        self.number_top = max(
            (w.baseline + 0.7 * w.size for w in numbers if round(w.baseline) == self.number_height),
            default=0.0,
        )
        self.body = {
            s.number: [w for w in s.words if w not in self.running and not w.in_figure] for s in sheets
        }
        lines = [line for s in sheets for line in _lines(self.body[s.number])]
        starts = Counter(round(line[0].left) for line in lines)
        self.left = float(starts.most_common(1)[0][0]) if starts else 0.0
        self.prose = [line for line in lines if len(line) >= PROSE]
        inside = [w for words in self.body.values() for w in words if w.bottom > self.number_top]
        self.bottom = min((w.bottom for w in inside), default=0.0)
        self.top = max((w.top for w in inside if w.top < self._sheet(w).height), default=0.0)

    def _sheet(self, word: Word) -> Sheet:
        return self.sheets[word.page - 1]

    def _find_running(self) -> set[Word]:
        """By its tags; in a PDF that marks no artifacts, what stands at one height on most pages, but for digits."""
        zone = [
            w
            for s in self.sheets
            for w in s.words
            if not RUNNING_ZONE * s.height < w.baseline < (1 - RUNNING_ZONE) * s.height
        ]
        if any(w.artifact for w in zone):
            return {w for w in zone if w.artifact}
        alike: dict[tuple[int, str], set[Word]] = defaultdict(set)
        for w in zone:
            alike[round(w.baseline), re.sub(r"\d+", "0", w.text)].add(w)
        least = max(3, len(self.sheets) / 2)
        return {w for words in alike.values() if len({w.page for w in words}) >= least for w in words}


def _lines(words: Sequence[Word]) -> list[list[Word]]:
    """Words in the order of drawing that follow one another on one baseline."""
    lines: list[list[Word]] = []
    for word in words:
        before = lines[-1][-1] if lines else None
        if (
            before
            and before.page == word.page
            and abs(before.baseline - word.baseline) < 0.45 * max(before.size, word.size)
            and word.left > before.right - before.size
        ):
            lines[-1].append(word)
        else:
            lines.append([word])
    return lines


def _places(layout: _Layout) -> Iterator[Finding]:
    narrow = _narrow(layout)
    if narrow:
        yield narrow
    for sheet in layout.sheets:
        off: dict[str, list[Word]] = defaultdict(list)
        for word in sheet.words:
            if fault := _misplaced(word, sheet, layout, narrow is not None):
                off[fault].append(word)
        for fault, words in off.items():
            yield Finding(sheet.number, fault, _quote(words))


def _misplaced(word: Word, sheet: Sheet, layout: _Layout, narrow: bool) -> str:
    edges = (word.left, word.bottom, sheet.width - word.right, sheet.height - word.top)
    if min(edges) < 0:
        return "words off the paper"
    if min(edges) < NEAR_EDGE:
        return "words at the very edge of the paper"
    if word in layout.running:
        return ""
    if layout.number_height is not None and word.baseline - 0.1 * word.size < layout.number_top:
        return "words over or below the page number"
    # In a narrow column, the left edge does not tell where the right one is.
    right = sheet.width - layout.left
    outside = word.left < layout.left - HANGING or word.right > right + HANGING
    return "words outside the text area" if outside and not narrow and not word.in_figure else ""


def _narrow(layout: _Layout) -> Finding | None:
    widths = [line[-1].right - line[0].left for line in layout.prose]
    if len(widths) < 2:
        return None
    width, sheet = quantiles(widths, n=4)[2], layout.sheets[0]
    if width >= LEAST_COLUMN * sheet.width:
        return None
    line = next(line for line in layout.prose if line[-1].right - line[0].left >= 0.9 * width)
    centimetres = f"{width / 72 * 2.54:.1f} cm on paper of {sheet.width / 72 * 2.54:.1f} cm"
    return Finding(line[0].page, f"the text column is too narrow, {centimetres}", _quote(line))


def _overlaps(sheet: Sheet) -> Iterator[Finding]:
    """Pairs of words that share a spot, between the foot and the head of their letters: line touches line there
    only where they are printed over each other, since lines stand more than a size apart."""
    boxes = []
    for word in sheet.words:
        upright = word.top - word.bottom < 1.2 * word.size
        low, high = word.baseline - 0.2 * word.size, word.baseline + 0.7 * word.size
        low, high = (low, high) if upright else (word.bottom, word.top)
        # An accent is a glyph of its own in formulas, and stands where its letter does.
        accent = len(word.text) == 1 and not word.text.isalnum() and word.text not in ".,;:!?()[]"
        if not accent and word.right - word.left > 0.1 and high > low:
            boxes.append((word.left, word.right, low, high, word))
    boxes.sort(key=lambda box: box[:4])
    for i, (left, right, low, high, word) in enumerate(boxes):
        for other_left, other_right, other_low, other_high, other in boxes[i + 1 :]:
            if other_left >= right:
                break
            if word.in_figure and other.in_figure:  # a drawing's own business
                continue
            shared = (min(right, other_right) - other_left) * (min(high, other_high) - max(low, other_low))
            smaller = min(
                (right - left) * (high - low), (other_right - other_left) * (other_high - other_low)
            )
            if min(high, other_high) > max(low, other_low) and shared > MOST_OVERLAP * smaller:
                yield Finding(sheet.number, "two words on one spot", f"{word.text!r} and {other.text!r}")


def _quote(words: Sequence[Word], most: int = 12) -> str:
    text = " ".join(word.text for word in words[:most])
    return repr(text + (" ..." if len(words) > most else ""))


# 3. What the sources hold.
class _Flow:
    """The text of all pages as one, without running heads, repeated heads and spaces."""

    def __init__(self, layout: _Layout) -> None:
        self.words: list[Word] = []
        self.starts: list[int] = []
        self.line_starts: set[int] = set()
        self.line_ends: set[int] = set()
        parts, at = [], 0
        for sheet in layout.sheets:
            text = [w for w in layout.body[sheet.number] if not w.artifact]
            for line in _lines(text):
                self.line_starts.add(at)
                for word in line:
                    plain = normalise(word.text)
                    if plain:
                        self.words.append(word)
                        self.starts.append(at)
                        parts.append(plain)
                        at += len(plain)
                self.line_ends.add(at)
        self.text = "".join(parts)
        self.bounds = {*self.starts, at}
        ends = defaultdict(int)
        for word, end in zip(self.words, [*self.starts[1:], at], strict=True):
            ends[word.page] = end
        self.page_ends = sorted(ends.values())[:-1]
        sizes = Counter(w.size for w in self.words for _ in w.text)
        self.size = sizes.most_common(1)[0][0] if sizes else 0.0

    def word(self, at: int) -> Word:
        return self.words[bisect_right(self.starts, at) - 1]

    def find(self, pattern: str) -> list[tuple[int, int]]:
        """All places (start, end) of a pattern, overlapping ones too, that begin and end with words."""
        one, found = re.compile(pattern, re.DOTALL), []
        for match in re.finditer(f"(?=({pattern}))", self.text, re.DOTALL):
            start, end = match.span(1)
            if start not in self.bounds:
                continue
            # A pattern with a gap ends at the first place that fits, which may be inside a word: "4." of "4.1."
            ends = (e for e in range(end, end + MOST_UNKNOWN) if e in self.bounds)
            if end := next((e for e in ends if one.fullmatch(self.text, start, e)), 0):
                found.append((start, end))
        return found


def _once(page_of: Sequence[int], kind: str, text: Text, wanted: int) -> Iterator[Finding]:
    if not page_of:
        yield Finding(None, f"a {kind} is missing", repr(text.shown))
    elif len(page_of) < wanted:
        yield Finding(page_of[-1], f"a {kind} stands {len(page_of)} times, not {wanted}", repr(text.shown))
    elif len(page_of) > wanted:
        pages = ", ".join(map(str, page_of))
        yield Finding(page_of[wanted], f"a {kind} stands too often, on pages {pages}", repr(text.shown))


def _headings(flow: _Flow, headings: Sequence[Heading], parts: set[int]) -> Iterator[Finding]:
    """Also adds to `parts` the pages that begin with a heading of level 1."""
    first = {word.page: word for word in reversed(flow.words)}
    part_names = {heading.text for heading in headings if heading.level == 1}
    for text, wanted in Counter(heading.text for heading in headings).items():
        if not text.pattern:
            continue
        found = []
        # With its number, as one or more whole lines: which the contents, which add a page, do not have.
        for start, end in flow.find(rf"(?:[\d.]+(?<!\.)\.?)?{text.pattern}"):
            word = flow.word(start)
            strong = "Bold" in word.font or "Semi" in word.font or word.size > 1.05 * flow.size
            if start in flow.line_starts and end in flow.line_ends and strong:
                found.append(word)
        yield from _once([w.page for w in found], "heading", text, wanted)
        if text in part_names:
            parts |= {word.page for word in found if first[word.page] is word}


def _captions(flow: _Flow, wanted: OnPaper) -> Iterator[Finding]:
    for caption, count in Counter(wanted.captions).items():
        number = rf"{caption.kind}\d+[.:]?" if caption.kind else ""
        found = flow.find(number + caption.text.pattern)
        pages = [flow.word(start).page for start, _ in found]
        yield from _once(pages, f"caption of a {(caption.kind or 'table').lower()}", caption.text, count)


def _rows(flow: _Flow, rows: Sequence[Row]) -> Iterator[Finding]:
    """Rows in the longest order that the PDF shares with the sources; what is left may stand elsewhere."""
    places = {pattern: flow.find(pattern) for pattern in {row.pattern for row in rows}}
    chosen = _longest_order([places[row.pattern] for row in rows])
    taken = {span for span in chosen if span}
    page = 1
    for row, span in zip(rows, chosen, strict=True):
        if span is None:
            free = [s for s in places[row.pattern] if all(s[1] <= a or b <= s[0] for a, b in taken)]
            span = free[0] if free else None
            if span is not None:
                taken.add(span)
        if span is not None:
            page = flow.word(span[0]).page
        elif not any(_broken(flow, row, end) for end in flow.page_ends):
            yield Finding(page, f"a row of {row.table} is missing, on this page or after", repr(row.shown))


def _longest_order(places: Sequence[Sequence[tuple[int, int]]]) -> list[tuple[int, int] | None]:
    """A place for as many as can be, such that each ends before the next begins."""
    # The usual longest increasing subsequence: by length, the chain that ends first. Of two places of one row the
    # later is entered first, so that the earlier cannot continue it.
    ends: list[int] = []
    chains: list[tuple[int, tuple[int, int], Any]] = []
    for i, spans in enumerate(places):
        for start, end in sorted(spans, reverse=True):
            length = bisect_right(ends, start)
            chain = (i, (start, end), chains[length - 1] if length else None)
            if length == len(ends):
                ends.append(end)
                chains.append(chain)
            elif end < ends[length]:
                ends[length], chains[length] = end, chain
    chosen: list[tuple[int, int] | None] = [None] * len(places)
    link = chains[-1] if chains else None
    while link:
        i, span, link = link
        chosen[i] = span
    return chosen


def _broken(flow: _Flow, row: Row, end: int) -> bool:
    """Does the row stand at the end of a page, which is at `end`, and go on on the next one, each cell for itself?"""
    cells = [normalise(cell.shown) for cell in row.cells]
    whole = sum(map(len, cells))

    def fits(i: int, above: int, below: int) -> bool:
        if i == len(cells):
            return above == end
        for cut in range(len(cells[i]) + 1):
            upper, lower = cells[i][:cut], cells[i][cut:]
            if (
                above + cut <= end
                and flow.text.startswith(upper, above)
                and flow.text.startswith(lower, below)
                and fits(i + 1, above + cut, below + len(lower))
            ):
                return True
        return False

    starts = range(max(end - whole + 1, 0), end)
    return any(fits(0, start, end) for start in starts if start in flow.bounds)


# 4. Pages with little on them.
def _empty(layout: _Layout, parts: set[int]) -> Iterator[Finding]:
    height = layout.top - layout.bottom
    for sheet in layout.sheets[:-1]:
        if sheet.number + 1 in parts:
            continue
        spans = [(w.bottom, w.top) for w in layout.body[sheet.number]] + sheet.drawn
        filled = _length([(max(a, layout.bottom), min(b, layout.top)) for a, b in spans])
        if filled < LEAST_FULL * height:
            yield Finding(
                sheet.number,
                f"{1 - filled / height:.0%} of the page is empty",
                _quote(layout.body[sheet.number], 6),
            )


def _length(spans: Sequence[tuple[float, float]]) -> float:
    """Length of the union of intervals, with gaps up to `BLANK` filled."""
    total, reached = 0.0, float("-inf")
    for low, high in sorted(span for span in spans if span[0] < span[1]):
        if low > reached + BLANK:
            reached = low
        total += max(high - reached, 0)
        reached = max(reached, high)
    return total
