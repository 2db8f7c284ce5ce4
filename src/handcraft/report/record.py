"""The one file of the report that differs between two builds: when, where, how long, with what."""

from pathlib import Path
from typing import Any

from handcraft.files import write_text
from handcraft.report.escape import Markdown, escape
from handcraft.report.made import Made
from handcraft.report.tables import pipe_table
from handcraft.report.values import show

ENDS = ("results/report/source", "results/explorer/index.html")
"""What the rendering of the report reads."""


def write_build_record(provenance: Path, *, output: Path) -> None:
    """Write `_build_record.md` from the sidecars in the directory `provenance` of the jobs behind the report (`ENDS`).

    A sidecar has rule, inputs, outputs, seconds, peak_memory_mb, started, and mostly host, device, packages,
    git_commit. Where there is none the file says so.
    """
    write_text(output, _text(Made(provenance, ENDS).jobs))


def _text(jobs: list[dict[str, Any]]) -> str:
    if not jobs:
        return "No record of the jobs of this build was found.\n"
    lines = [_summary(jobs), ""]
    rows: list[list[object]] = []
    for rule in sorted({str(j["rule"]) for j in jobs}):
        own = [j for j in jobs if j["rule"] == rule]
        seconds = sum(float(j.get("seconds") or 0) for j in own)
        memory = max(float(j.get("peak_memory_mb") or 0) for j in own)
        rows.append([rule, show(len(own)), show(seconds, "", 1), show(memory)])
    total = sum(float(j.get("seconds") or 0) for j in jobs)
    rows.append([Markdown("**all**"), show(len(jobs)), show(total, "", 1), Markdown("")])
    lines += [pipe_table(["rule", "jobs", "seconds", "peak memory (MB)"], rows, "lrrr"), ""]
    lines += [": Jobs of this build: seconds are added up over jobs, memory is that of the largest.", ""]
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
