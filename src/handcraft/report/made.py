"""How each figure and table was made: from the sidecars of the jobs behind this report."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from handcraft.errors import UserError
from handcraft.files import read_json
from handcraft.report.escape import Markdown, escape

CHANGES = "+changes"
"""What the recorded commit ends on where files of the checkout differ from it."""
SHORT = 12
"""Characters of a SHA-256 that are shown."""
VOLATILE = {"attempt", "code", "metadata"}
"""Params that differ between two clean builds, or that stand in the line already."""


class Made:
    """The jobs that this report rests on: those whose outputs it reads, and those behind them.

    `provenance` is the directory of the sidecars, `ends` the files that the report reads, as the sidecars name them;
    None takes every job. What a job shows here is the same in every clean build: times and hosts stand in the one
    record of the build. `own` is the code version of the filling itself, whose sidecar is not written yet.
    """

    def __init__(self, provenance: Path, ends: Iterable[str] | None = None, own: str | None = None) -> None:
        self.own = own
        jobs = [read_json(path) for path in sorted(Path(provenance).glob("*.json"))]
        # The last job that wrote a file made it: a rule of an older version may have left its sidecar.
        jobs.sort(key=lambda job: str(job.get("started", "")))
        self._by_output = {output: i for i, job in enumerate(jobs) for output in job["outputs"]}
        reached = range(len(jobs)) if ends is None else self._reached(jobs, ends)
        self.jobs: list[dict[str, Any]] = sorted((jobs[i] for i in reached), key=_name)

    def _reached(self, jobs: list[dict[str, Any]], ends: Iterable[str]) -> set[int]:
        found: set[int] = set()
        waiting = [self._by_output[e] for e in ends if e in self._by_output]
        while waiting:
            i = waiting.pop()
            if i in found:
                continue
            found.add(i)
            waiting += [self._by_output[p] for p in jobs[i]["inputs"] if p in self._by_output]
        return found

    def edges(self) -> set[tuple[str, str]]:
        """(rule, rule) wherever a job of the second reads what a job of the first wrote."""
        wrote = {output: job["rule"] for job in self.jobs for output in job["outputs"]}
        pairs = {(wrote[p], job["rule"]) for job in self.jobs for p in job["inputs"] if p in wrote}
        return {(a, b) for a, b in pairs if a != b}

    def counts(self) -> dict[str, int]:
        """Jobs by rule."""
        rules = [job["rule"] for job in self.jobs]
        return {rule: rules.count(rule) for rule in sorted(set(rules))}

    def how(self, rule: str, *inputs: str) -> Markdown:
        """One quiet line: rule, inputs, code version; in HTML it opens to the metadata of the jobs.

        The arguments are ours: rule names and paths.
        """
        if not all(_plain(x) for x in (rule, *inputs)):
            raise UserError("how() takes rule names and paths alone", where="report/*.qmd")
        jobs = [job for job in self.jobs if job["rule"] == rule]
        codes = sorted({str(job["params"].get("code", ""))[:8] for job in jobs} - {""})
        if not jobs and rule == "fill_report" and self.own:
            codes = [self.own[:8]]
        sources = ", ".join(f"`{i}`" for i in inputs)
        code = f"; code {', '.join(f'`{c}`' for c in codes)}" if codes else ""
        line = f"Rule `{rule}`; data in {sources}{code}."
        plain = ", ".join(f"<code>{escape(i)}</code>" for i in inputs)
        shown = f"; code {', '.join(f'<code>{escape(c)}</code>' for c in codes)}" if codes else ""
        summary = f"Rule <code>{escape(rule)}</code>; data in {plain}{shown}."
        metadata = "\n".join(_metadata(jobs))
        metadata = (
            f"<dl>\n{metadata}\n</dl>"
            if metadata
            else "<p>Its record is written beside this page, not in it.</p>"
        )
        return Markdown(
            '::: {.content-visible when-format="html"}\n````{=html}\n'
            f'<details class="how-made"><summary>{summary}</summary>\n{metadata}\n'
            '<p>Times, memory, host and commit: <a href="#sec-build">this build</a>.</p></details>\n````\n:::\n\n'
            f'::: {{.content-visible unless-format="html"}}\n::: {{.how-made}}\n{line}\n:::\n:::'
        )


def _metadata(jobs: list[dict[str, Any]]) -> Iterator[str]:
    """Parameters once where all jobs share them, then every job with the hashes of what it read."""
    settings = [_settings(job) for job in jobs]
    shared = len(set(settings)) == 1
    if shared and settings[0]:
        yield f"<dt>settings</dt><dd><code>{settings[0]}</code></dd>"
    for job, own in zip(jobs, settings, strict=True):
        name = " ".join(job["wildcards"].values()) or "one job"
        read = ", ".join(
            f"<code>{escape(path)}</code> <code>{escape(digest[:SHORT])}</code>"
            for path, digest in job["inputs"].items()
        )
        said = "" if shared or not own else f" with <code>{own}</code>"
        yield f"<dt>{escape(name)}</dt><dd>from {read or 'no file'}{said}</dd>"


def _settings(job: dict[str, Any]) -> str:
    kept = {k: v for k, v in job["params"].items() if k not in VOLATILE}
    return escape(json.dumps(kept, sort_keys=True, ensure_ascii=False)) if kept else ""


def _name(job: dict[str, Any]) -> tuple[str, ...]:
    return (str(job["rule"]), *map(str, (job.get("wildcards") or {}).values()))


def _plain(text: str) -> bool:
    return all(c.isascii() and (c.isalnum() or c in "_-./*<> ") for c in text)
