"""Quarto: is there one that can be used, and what it says when it renders."""

import os
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Literal

from handcraft.errors import UserError
from handcraft.logging import say

OLDEST = (1, 9)
"""Older ones fetch Typst packages over the network while they render, and lose rows of tables in the PDF."""
PATIENCE = 20.0
"""Seconds that `quarto --version` may take; it normally takes hundredths of one."""
REMEDY = (
    f"install Quarto {OLDEST[0]}.{OLDEST[1]} or later, or set report.renderer to auto or pandoc in the config"
)
LONGEST = 2000
"""Characters of Quarto's output in an error; its log has the rest."""

_VERSION = re.compile(r"(\d+)\.(\d+)[\w.+-]*")
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
# As Quarto, its filters, Pandoc and Typst write them. Typst's come behind Quarto's "Compiling index.typ...".
_WARNING = re.compile(r"^(?:.*\.\.\.)?\s*\[?(?:WARNING\b|warning:)")
_ERROR = re.compile(r"(?:^|\.\.\.)\s*(\[?(?:ERROR|FATAL|Error|error)\b.*)")
# What Quarto lists before it renders: a heading, and below it indented YAML.
_LISTING = re.compile(r"^(?:pandoc|metadata|variables) *\n(?:(?:[ \t].*)?\n)*", re.MULTILINE)
_STACK = re.compile(r"^(?:Stack trace:|[ \t]+at .*) *\n?", re.MULTILINE)


def quarto_version() -> str:
    """The version of the `quarto` on PATH, by running `quarto --version` once.

    Raises `UserError` where there is none, where it cannot be run, and where it is older than `OLDEST`. Its `what` is
    one line that is the same each time, without the machine's paths, so that it can stand in params and in the report.
    """
    path = shutil.which("quarto")
    if path is None:
        raise _not_found()
    printed, where = _ask_version(path)
    lines = printed.split("\n")
    match = _VERSION.fullmatch(lines[-1].strip())
    if match is None:
        raise UserError("quarto --version prints no version", where=where, remedy=REMEDY)
    if (int(match[1]), int(match[2])) < OLDEST:
        raise UserError(
            f"quarto {match[0]} is too old: it must be at least {OLDEST[0]}.{OLDEST[1]}",
            where=where,
            remedy=REMEDY,
        )
    return match[0]


def _not_found() -> UserError:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    for path in (Path(folder, "quarto") for folder in folders):
        if path.is_file():
            return UserError("the quarto on PATH is not executable", where=str(path), remedy=REMEDY)
    return UserError("no quarto is on PATH", where="PATH", remedy=REMEDY)


def _ask_version(path: str) -> tuple[str, str]:
    """What `quarto --version` prints, stripped; and the file with the start of its output, for an error."""
    try:
        process = subprocess.Popen(
            [path, "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            # Quarto starts children of its own, which would keep the pipes open when only Quarto is killed.
            start_new_session=True,
        )
    except OSError as error:
        raise UserError(f"quarto cannot be started ({error.strerror})", where=path, remedy=REMEDY) from error
    try:
        printed, complaint = process.communicate(timeout=PATIENCE)
    except BaseException as error:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise UserError(
                f"quarto --version gives no answer within {PATIENCE:g} seconds", where=path, remedy=REMEDY
            ) from None
        raise
    printed = plain(printed).strip()
    said = (plain(complaint).strip() or printed).partition("\n")[0][:200]
    where = f"{path}, which says: {said}" if said else path
    if process.returncode:
        raise UserError(f"quarto --version ends with status {process.returncode}", where=where, remedy=REMEDY)
    return printed, where


def render_by_quarto(project: Path, to: Literal["html", "typst"]) -> Path:
    """Render index.qmd in the directory `project`; returns the file that Quarto wrote there, HTML or PDF.

    What Quarto prints goes to the log. Raises `UserError` if it fails, writes no file, or warns of anything: so does
    the build without Quarto, where Pandoc has `--fail-if-warnings`.
    """
    # Nothing in the sources computes.
    command = ["quarto", "render", "index.qmd", "--to", to, "--no-execute"]
    done = subprocess.run(
        command,
        cwd=project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, "NO_COLOR": "1"},
    )
    printed = plain("\n".join(filter(None, [done.stdout, done.stderr])))
    say(printed.rstrip() or "quarto printed nothing")
    made = project / ("index.html" if to == "html" else "index.pdf")
    remedy = (
        "fix what Quarto names (the rule's log has all that it printed), or set report.renderer to pandoc"
    )
    if done.returncode or not made.is_file():
        problem = f"ended with status {done.returncode}" if done.returncode else f"wrote no {made.name}"
        raise UserError(f"quarto {problem}:\n{cause(printed)}", where="report/, as filled in", remedy=remedy)
    if found := warnings(printed):
        raise UserError(
            "quarto warns:\n" + "\n".join(found)[:LONGEST], where="report/, as filled in", remedy=remedy
        )
    return made


def plain(text: str) -> str:
    """`text` without terminal escape codes; what a carriage return would overwrite becomes lines of its own."""
    return _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def cause(printed: str) -> str:
    """Of Quarto's plain output, what tells why it failed, at most `LONGEST` characters.

    From the first error on, without settings and metadata that Quarto lists and without its stack trace. Where no line
    looks like an error, the end of the output.
    """
    text = _STACK.sub("", _without_listings(printed)).strip()
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if match := _ERROR.search(line):
            return "\n".join([match[1], *lines[number + 1 :]])[:LONGEST].rstrip()
    return text[-LONGEST:].lstrip() or "it printed nothing"


def warnings(printed: str) -> list[str]:
    """The lines of Quarto's plain output that warn."""
    return [line.strip() for line in _without_listings(printed).split("\n") if _WARNING.match(line)]


def _without_listings(printed: str) -> str:
    return _LISTING.sub("", printed if printed.endswith("\n") else printed + "\n")
