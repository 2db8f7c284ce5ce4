"""The one file of the report that differs between two builds: when, where, how long, with what."""

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handcraft.files import write_text
from handcraft.logging import say
from handcraft.report.escape import Markdown, escape
from handcraft.report.made import CHANGES, Made
from handcraft.report.tables import pipe_table
from handcraft.report.values import show

ENDS = ("results/report/source", "results/explorer/index.html")
"""What the rendering of the report reads."""


@dataclass(frozen=True)
class Command:
    """What started the build: the `configs` laid over `config.yaml`, in order, and the build `directory`, both as they
    are named in the checkout ("." for the checkout itself)."""

    directory: str = "."
    configs: Sequence[str] = ()

    def lines(self, commit: str) -> list[str]:
        """The shell commands that build the same again, from a clone; `commit` is empty where it is not known."""
        build = [".venv/bin/snakemake"]
        build += ["--directory", shlex.quote(self.directory)] if self.directory != "." else []
        build += ["--configfile", *map(shlex.quote, self.configs)] if self.configs else []
        return [*([f"git checkout {commit}"] if commit else []), "make install", " ".join(build)]


def write_build_record(provenance: Path, *, command: Command, output: Path) -> None:
    """Write `_build_record.md` from the sidecars in the directory `provenance` of the jobs behind the report (`ENDS`),
    with the `command` that builds it again.

    A sidecar has rule, inputs, outputs, seconds, peak_memory_mb, started, and mostly host, device, packages,
    git_commit. Where there is none the file says so; where no job knows its commit, the file and the terminal say why.
    """
    jobs = Made(provenance, ENDS).jobs
    unknown = ""
    if jobs and not any(job.get("git_commit") for job in jobs):
        unknown = f"The commit of the code is not recorded: {no_commit(Path(__file__))}."
        say(f"warning: {unknown[0].lower()}{unknown[1:]}", on_terminal=True)
    write_text(output, _text(jobs, unknown) + _again(jobs, command))


def _again(jobs: list[dict[str, Any]], command: Command) -> str:
    """How to build the same report again."""
    dated = sorted((j for j in jobs if j.get("git_commit")), key=lambda j: str(j.get("started")))
    newest = str(dated[-1]["git_commit"]) if dated else ""
    commit = newest.removesuffix(CHANGES)
    noted = []
    if len({str(j["git_commit"]) for j in dated}) > 1:
        noted.append("Jobs ran at several commits, of which this is the latest.")
    if newest != commit:
        noted.append("The checkout had changes that were not committed.")
    lines = ["", "To build this report again, in a clone of the project:", "", "```sh"]
    lines += [*command.lines(commit), "```", "", *([" ".join(noted), ""] if noted else [])]
    return "\n".join(lines)


def no_commit(file: Path) -> str:
    """Why git gives no commit for the checkout that `file` is in, with a remedy if there is one."""
    checkout = next((p for p in file.resolve().parents if (p / ".git").exists()), None)
    if checkout is None:
        return "the package is not in a git checkout"
    try:
        asked = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=checkout,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"git cannot be run ({error})"
    if asked.returncode == 0:
        return "git did not answer when the jobs ran"
    message = " ".join(asked.stderr.split())
    if "safe.directory" in message:
        return (
            f"git refuses {checkout}, which belongs to another user; if you trust it, run "
            f"`git config --global --add safe.directory {shlex.quote(str(checkout))}`"
        )
    return f"git says: {message}"


def _text(jobs: list[dict[str, Any]], unknown: str) -> str:
    if not jobs:
        return "No record of the jobs of this build was found.\n"
    lines = [_summary(jobs), ""]
    if unknown:
        lines += [escape(unknown), ""]
    rows: list[list[object]] = []
    for rule in sorted({str(j["rule"]) for j in jobs}):
        own = [j for j in jobs if j["rule"] == rule]
        seconds = sum(float(j.get("seconds") or 0) for j in own)
        memory = max(float(j.get("peak_memory_mb") or 0) for j in own)
        rows.append([rule, show(len(own)), show(seconds, "", 1), show(memory)])
    total = sum(float(j.get("seconds") or 0) for j in jobs)
    rows.append([Markdown("**all**"), show(len(jobs)), show(total, "", 1), Markdown("")])
    lines += [pipe_table(["rule", "jobs", "seconds", "peak memory (MB)"], rows, "lrrr"), ""]
    lines += [
        ": Jobs of this build: seconds are added up over jobs, memory is that of the largest. {#tbl-jobs}",
        "",
    ]
    packages: dict[str, set[str]] = {}
    for job in jobs:
        for name, version in (job.get("packages") or {}).items():
            packages.setdefault(str(name), set()).add(str(version))
    if packages:
        listed = "; ".join(
            f"{escape(n)} {escape(' and '.join(sorted(v)))}" for n, v in sorted(packages.items())
        )
        lines += [f"Versions: {listed}.", ""]
    return "\n".join(lines)


def _summary(jobs: list[dict[str, Any]]) -> str:
    def distinct(key: str) -> str:
        return escape(", ".join(sorted({str(j[key]) for j in jobs if j.get(key)})))

    started = sorted(str(j["started"]) for j in jobs if j.get("started"))
    parts = []
    if started:
        parts.append(
            f"The jobs behind this report started between {escape(started[0])} and {escape(started[-1])}"
        )
    for label, key in (
        ("on", "host"),
        ("device", "device"),
        ("commit", "git_commit"),
        ("platform", "platform"),
    ):
        if shown := distinct(key):
            parts.append(f"{label} {shown}")
    return ", ".join(parts) + "."
