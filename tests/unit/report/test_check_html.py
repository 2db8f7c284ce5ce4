"""`handcraft check-html`: it finds one planted fault of each kind, and nothing in a sound page."""

from collections.abc import Callable
from pathlib import Path

import pytest

from handcraft.commands.main import main
from handcraft.errors import UserError
from handcraft.report import browser, check_html
from handcraft.report.check_html import Checked

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>A small page</title>
<style>
:root { --quiet: #59616c; --raised: #f3f2ee; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --quiet: #a3abb6; --raised: #1f2329; } }
p { color: var(--quiet); background: var(--raised); }
.scroll { overflow-x: auto; } .tab { display: none; } input:checked + .tab { display: block; }
/* more style */
</style>
</head>
<body>
<main>
<h1>Question</h1>
<p>A text, and <a href="#results">a link</a>, <a href="#a=b">a state</a> and <a href="">the page itself</a>.</p>
<div class="scroll" tabindex="0" role="region" aria-label="A table">
<table><thead><tr><th style="min-width: 60em">name</th><th>loss</th></tr></thead>
<tbody><tr><td>linear</td><td>1.503</td></tr></tbody></table>
</div>
<details><summary>How it was made</summary><p>By a rule.</p></details>
<div class="tabset">
<input type="radio" name="tabs" aria-label="First" checked><div class="tab"><p>The first.</p></div>
<input type="radio" name="tabs" aria-label="Second"><div class="tab"><p>The second.</p></div>
</div>
<h2 id="results">Results</h2>
<p>Some.</p>
</main>
</body>
</html>
"""
DARK_ONLY = "@media (prefers-color-scheme: dark) { :root { --quiet: #5f6670; } }"
Check = Callable[..., Checked]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Checks the sound page with one text replaced by another."""
    if browser.chromium() is None:
        pytest.skip("no chromium on PATH: the page is not tried in a browser")

    def made(old: str = "", new: str = "", axe: str | None = "") -> Checked:
        assert PAGE.count(old or PAGE) == 1
        (tmp_path / "page.html").write_text(PAGE.replace(old or PAGE, new or PAGE))
        return check_html.check_html(tmp_path / "page.html", axe=axe)

    return made


def test_a_sound_page_has_no_faults(check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checked = check(axe=None)
    assert checked.findings == []
    assert checked.axe
    assert checked.counts["headings"] == 2
    assert checked.counts["links"] == 3
    assert main(["check-html", str(tmp_path / "page.html")]) == 0
    assert "no faults" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "kind", "words"),
    [
        ("<p>Some.</p>", "<p>Some <code>0123456789" + "abcdef" * 20 + "</code></p>", "wider", "<code>"),
        ("<p>By a rule.</p>", '<p style="min-width: 500px">By a rule.</p>', "wider", "By a rule."),
        ("<p>The second.</p>", '<p style="width: 500px">The second.</p>', "wider", "The second."),
        ('<meta name="viewport" content="width=device-width, initial-scale=1">\n', "", "wider", "page"),
        (
            "<p>Some.</p>",
            '<p>Some.</p><img src="https://example.org/a.png" alt="A picture">',
            "request",
            "example",
        ),
        ("</head>", '<link rel="stylesheet" href="other.css"></head>', "request", "other.css"),
        ("<p>Some.</p>", "<script>throw new Error('broken')</script><p>Some.</p>", "error", "broken"),
        ('tabindex="0" role="region" aria-label="A table"', "", "keyboard", "name loss"),
        ('href="#results"', 'href="#result"', "nowhere", "#result"),
        ('href="#results"', 'href="other.pdf"', "not there", "other.pdf"),
        ("<p>Some.</p>", "<p>Some.</p><h2> </h2><p>More.</p>", "heading is empty", "<h2>"),
        ("<p>Some.</p>", "", "nothing below", "Results"),
        ("<h1>Question</h1>", "<h1>Question</h1><h2>Road</h2><h2>Way</h2>", "nothing below", "Road"),
        ("<p>The second.</p>", '<p style="color: #99a">The second.</p>', "contrast", "The second."),
        ("<p>Some.</p>", '<p style="opacity: .6">Some.</p>', "contrast", "Some."),
    ],
    ids=lambda value: value if len(value) < 18 and "<" not in value else "",
)
def test_a_planted_fault_is_found_in_both_themes(
    check: Check, old: str, new: str, kind: str, words: str
) -> None:
    # `new` may be empty, which `check` would read as "the whole page".
    findings = check(old, new or " ").findings
    matching = [f for f in findings if kind in f.what]
    assert matching, findings
    assert {f.themes for f in matching} == {("light", "dark")} or kind == "contrast"
    assert any(words in f.words for f in matching)
    assert [str(f) for f in findings if kind not in f.what] == []


def test_a_contrast_that_is_low_in_dark_only(
    check: Check, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checked = check("/* more style */", DARK_ONLY)
    assert checked.findings
    assert {f.themes for f in checked.findings} == {("dark",)}
    assert all("contrast" in f.what for f in checked.findings)
    assert main(["check-html", str(tmp_path / "page.html")]) == 1
    printed = capsys.readouterr().out
    assert "dark: axe: " in printed  # axe sees it too
    assert "light" not in printed


def test_without_axe_the_rest_is_checked_and_it_is_said(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check('href="#results"', 'href="#result"')
    monkeypatch.setattr(check_html, "axe_source", lambda: "")
    assert main(["check-html", str(tmp_path / "page.html")]) == 1
    printed = capsys.readouterr().out
    assert "#result" in printed
    assert f"pip install {check_html.AXE_PACKAGE}" in printed


def test_without_a_browser_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.html").write_text(PAGE)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["check-html", str(tmp_path / "page.html")]) == 1
    printed = capsys.readouterr().err
    assert "Chromium" in printed
    assert "apt install chromium" in printed


def test_a_page_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such page"):
        check_html.check_html(tmp_path / "no.html")
