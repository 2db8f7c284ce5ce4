"""Quarto as it may be found on a machine, and what is kept of what it prints; with programs that stand in for it."""

import time
from pathlib import Path

import pytest

from handcraft.errors import UserError
from handcraft.report import quarto
from tests.helpers.quarto import GOOD, LISTING, fake_quarto, on_path


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to render in, with `bin` beside it first on PATH."""
    monkeypatch.setenv("PATH", on_path(tmp_path / "bin"))
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def printing(text: str, status: int = 0, makes: str = "index.html") -> str:
    """Shell commands that print `text` to standard error, write the document and end with `status`."""
    written = text.replace("\x1b", "\\033").replace("\n", "\\n")
    return f"printf '{written}' >&2\necho page > {makes}\nexit {status}"


def render(project: Path, body: str) -> Path:
    fake_quarto(project.parent / "bin", render=body)
    return quarto.render_by_quarto(project, "html")


@pytest.mark.parametrize("version", ["1.9.0", "1.10.19", "2.0", "1.9.38-dev", GOOD])
def test_a_new_enough_quarto_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    fake_quarto(tmp_path, f"printf '\\033[1m{version}\\033[22m\\n'")
    monkeypatch.setenv("PATH", on_path(tmp_path))
    assert quarto.quarto_version() == version


@pytest.mark.parametrize(
    ("answer", "named"),
    [
        ("echo 1.7.34", "1.7.34"),
        ("echo 1.8", "1.8"),
        ("echo 0.99.1", "0.99.1"),
        ("echo 'Usage: quarto [file]'", "--version"),
        ("echo", "--version"),
        ("echo 1.9.38; exit 3", "status 3"),
        ("printf '\\033[31mlibssl is missing\\033[0m\\n' >&2; exit 127", "libssl is missing"),
        ("printf '\\377\\376'", "--version"),
        ("kill -9 $$", "-9"),
    ],
)
def test_one_that_cannot_be_used_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, named: str
) -> None:
    path = fake_quarto(tmp_path, answer)
    monkeypatch.setenv("PATH", on_path(tmp_path))
    with pytest.raises(UserError) as caught:
        quarto.quarto_version()
    text = str(caught.value)
    assert named in text
    assert str(path) in text
    assert "report.renderer" in text
    assert "\x1b" not in text
    # It stands in params and in the report.
    assert "\n" not in caught.value.what
    assert str(tmp_path) not in caught.value.what


def test_none_not_executable_and_not_a_program_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = set()
    for content, mode in ((None, 0), ("#!/bin/sh\necho 1.9.38\n", 0o644), ("#!/nowhere/sh\n", 0o755)):
        if content is not None:
            (tmp_path / "quarto").write_text(content)
            (tmp_path / "quarto").chmod(mode)
        with pytest.raises(UserError) as caught:
            quarto.quarto_version()
        said.add(caught.value.what)
        assert str(tmp_path) not in caught.value.what
        assert (str(tmp_path / "quarto") in str(caught.value)) == (content is not None)
    assert len(said) == 3


def test_one_that_hangs_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The shell waits for a child that holds its output open; the second time it leaves it behind.
    monkeypatch.setattr(quarto, "PATIENCE", 0.5)
    monkeypatch.setenv("PATH", on_path(tmp_path))
    for answer in ("sleep 60\necho 1.9.38", "sleep 60 &\necho 1.9.38"):
        fake_quarto(tmp_path, answer)
        started = time.monotonic()
        with pytest.raises(UserError, match=r"0\.5 seconds"):
            quarto.quarto_version()
        assert time.monotonic() - started < 10


def test_what_quarto_prints_is_in_the_log_also_on_success(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = render(project, printing(LISTING + "Output created: index.html\n"))
    assert made.read_text() == "page\n"
    log = capsys.readouterr().err
    assert "output-file: index.html" in log
    assert "Output created" in log
    assert "\x1b" not in log


@pytest.mark.parametrize(
    "warning",
    [
        "[WARNING] Citeproc: citation roe not found",
        "\x1b[33mWARNING: a filter is missing\x1b[39m",
        "WARNING (main.lua:7) Unable to resolve crossref @fig-a",
        "[typst]: Compiling index.typ to index.pdf...warning: unknown font family: x",
    ],
)
def test_a_warning_fails(project: Path, warning: str) -> None:
    with pytest.raises(UserError) as caught:
        render(project, printing(f"{LISTING}{warning}\nOutput created: index.html\n"))
    assert quarto.plain(warning) in caught.value.what
    assert "of a text" not in caught.value.what
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "first"),
    [
        ("\x1b[91mERROR: YAML is invalid\x1b[39m", "ERROR: YAML is invalid"),
        ("Error running filter main.lua:\nattempt to index nil", "Error running filter main.lua:"),
        (
            "[typst]: Compiling index.typ to index.pdf...error: unknown variable: x",
            "error: unknown variable: x",
        ),
        ("FATAL (main.lua:3) no such thing", "FATAL (main.lua:3) no such thing"),
    ],
)
def test_an_error_begins_with_its_cause(project: Path, error: str, first: str) -> None:
    stack = "\nStack trace:\n    at renderFiles (file:///opt/quarto/bin/quarto.js:1:2)\n"
    with pytest.raises(UserError) as caught:
        render(project, printing(f"WARNING: before it\n{LISTING}{error}{stack}", status=1))
    lines = caught.value.what.split("\n")
    assert "status 1" in lines[0]
    assert lines[1] == first
    assert not {"metadata", "Stack trace:"} & set(lines)
    assert "quarto.js" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "report.renderer" in caught.value.remedy


def test_a_long_error_keeps_its_start() -> None:
    assert quarto.cause("ERROR: the cause\n" + "more\n" * 5000).startswith("ERROR: the cause")
    assert quarto.cause(quarto.plain(LISTING) + "it just ended") == "it just ended"
    assert quarto.cause("")


def test_success_without_a_document_is_an_error(project: Path) -> None:
    with pytest.raises(UserError, match=r"index\.html"):
        render(project, printing("Output created: other.html\n", makes="other.html"))
