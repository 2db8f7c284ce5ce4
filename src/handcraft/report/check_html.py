"""Can everybody read a page? As a browser shows it on a narrow screen, in light and dark, without a network."""

import importlib.util
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from handcraft.errors import UserError
from handcraft.report.browser import BrowserError, Page, open_socket

WIDTH, HEIGHT = 390, 844
"""CSS pixels of a phone's screen."""
THEMES = {"light": False, "dark": True}
WIDE = 1280
"""CSS pixels of a laptop's screen, on which axe looks once more."""
IMPACTS = ("moderate", "serious", "critical")
"""Of the impacts that axe gives to its findings, those that are faults here."""
AXE_PACKAGE = "axe-core-python"
_INSIDE = ("data:", "blob:", "about:")


@dataclass(frozen=True)
class Finding:
    """A fault: in which themes, what is wrong, and the element that it concerns."""

    themes: tuple[str, ...]
    what: str
    words: str = ""

    def __str__(self) -> str:
        place = " and ".join(self.themes)
        return f"{place}: {self.what}" + (f": {self.words}" if self.words else "")


@dataclass(frozen=True)
class Checked:
    """The findings, and how much was checked, by name: texts, links, headings, ...; whether axe was there."""

    findings: list[Finding]
    counts: dict[str, int]
    axe: bool


def check_html(path: Path, *, axe: str | None = None) -> Checked:
    """Open a page in headless Chromium and look for what keeps people from reading it.

    axe: the source of axe-core; by default that of `axe_source`, and without it all but axe's rules are checked.
    Raises `UserError` where there is no such file or no Chromium.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError("there is no such page", where=str(path), remedy="name an HTML file")
    axe = axe_source() if axe is None else axe
    themes: dict[tuple[str, str], list[str]] = {}
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory(prefix="handcraft-browser-", ignore_cleanup_errors=True) as folder:
        for theme, dark in THEMES.items():
            # A browser each, since a page may remember the theme.
            with open_socket(Path(folder) / theme) as socket:
                try:
                    faults = _look(Page(socket), path, (axe, dark), counts)
                except BrowserError as error:
                    raise UserError(f"the page cannot be checked: {error}", where=str(path)) from error
            for fault in dict.fromkeys(faults):
                themes.setdefault(fault, []).append(theme)
    findings = [Finding(tuple(found), *fault) for fault, found in themes.items()]
    return Checked(findings, counts, bool(axe))


def axe_source() -> str:
    """The source of axe-core from its Python package, of which nothing is run; "" where it is not installed."""
    found = importlib.util.find_spec("axe_core_python")
    if found is None or found.origin is None:
        return ""
    return Path(found.origin).with_name("axe.min.js").read_text(encoding="utf-8")


def page_script() -> str:
    """JavaScript that defines `handcraft`, which looks at the page that it runs in."""
    return Path(__file__).with_name("check_page.js").read_text(encoding="utf-8")


def _look(page: Page, path: Path, how: tuple[str, bool], counts: dict[str, int]) -> list[tuple[str, str]]:
    """All faults (what, words) in one theme; `how` is axe's source and whether the theme is dark."""
    axe, dark = how
    page.offline()
    page.screen(WIDTH, HEIGHT, dark=dark, mobile=True)
    page.open(path)
    page.evaluate(page_script() + "handcraft.prepare()")
    if axe:
        page.evaluate(axe + "; true")
    faults: list[tuple[str, str]] = []
    for tab in range(page.evaluate("handcraft.tabs()")):
        page.evaluate(f"handcraft.tab({tab})")
        # Transitions end first: half-way, colours are others. Two frames, so that layout is done.
        page.evaluate(
            "Promise.all(document.getAnimations().map((a) => a.finished.catch(() => 0))).then(() => 0)"
        )
        page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))"
        )
        seen = page.evaluate(f"handcraft.look({WIDTH})")
        faults += [(what, words) for what, words in seen["faults"]]
        faults += [("a link leads to a file that is not there", f) for f in seen["files"] if not _exists(f)]
        for name, number in seen["counts"].items():
            counts[name] = max(counts.get(name, 0), number)
        if axe:
            faults += _run_axe(page)
    if axe:
        page.screen(WIDE, HEIGHT, dark=dark, mobile=False)
        faults += _run_axe(page)
    own = path.resolve().as_uri()
    requests = [r for r in page.requests if r.split("#")[0] != own and not r.startswith(_INSIDE)]
    faults += [("a request, where the page should hold all that it needs", r[:200]) for r in requests]
    return faults + [("an error in the page", error[:300]) for error in page.errors if not requests]


def _exists(address: str) -> bool:
    return Path(unquote(urlsplit(address).path)).exists()


def _run_axe(page: Page) -> list[tuple[str, str]]:
    found: list[Any] = json.loads(
        page.evaluate("axe.run({ resultTypes: ['violations'] }).then((r) => JSON.stringify(r.violations))")
    )
    return [
        (f"axe: {violation['help']} ({violation['id']})", node["html"][:120])
        for violation in found
        if violation["impact"] in IMPACTS
        for node in violation["nodes"]
    ]
