"""A copy of the checkout in which the reduced workflow can be built, broken and edited.

The fixtures that make one are in tests/conftest.py, since browser tests use the same finished build.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.helpers.pdf import require_sound

COPIED = [
    "Snakefile",
    "config.yaml",
    "config",
    "workflow",
    "profiles",
    "src",
    "report",
    "human",
    "container",
    "pyproject.toml",
]


class Checkout:
    """A copy of the project at `path`, and what Snakemake says and does in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def snakemake(self, *arguments: str, expect: int | None = 0, **environment: str) -> str:
        """Run Snakemake with the reduced config, and more environment variables; returns all it printed."""
        env = self.environment() | environment
        before = self._pdfs()
        run = subprocess.run(self.command(*arguments), cwd=self.path, env=env, **OUTPUT)  # type: ignore[call-overload]
        assert expect is None or run.returncode == expect, run.stdout
        for pdf in self._pdfs().items() - before.items():
            require_sound(pdf[0], pdf[0].parent / "source")
        return str(run.stdout)

    def _pdfs(self) -> dict[Path, int]:
        """The builds' PDFs with their time stamps; what a fake Quarto writes is none."""
        files = self.path.glob("**/results/report/index.pdf")
        return {file: file.stat().st_mtime_ns for file in files if file.read_bytes().startswith(b"%PDF")}

    def command(self, *arguments: str) -> list[str]:
        configs = [a for a in arguments if a.endswith(".yaml")]
        others = [a for a in arguments if a not in configs]
        return [sys.executable, "-m", "snakemake", *others, "--configfile", "tests-reduced.yaml", *configs]

    def environment(self) -> dict[str, str]:
        # The copy's package comes before the installed one, so that edits of the copy are what runs.
        return {**os.environ, "PYTHONPATH": str(self.path / "src"), "HF_HUB_OFFLINE": "1"}

    def planned(self, *arguments: str) -> set[str]:
        """Rules (with their wildcards, as `rule(a=b)`) that Snakemake would run now."""
        text = self.snakemake("--dry-run", *arguments)
        jobs = set()
        for block in re.split(r"\n(?=rule )", text):
            if name := re.match(r"rule (\w+):", block):
                wildcards = re.search(r"^    wildcards: (.+)$", block, re.MULTILINE)
                jobs.add(f"{name[1]}({wildcards[1]})" if wildcards else name[1])
        return jobs

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.path / file
        text = path.read_text()
        assert old in text, f"{file} no longer contains {old!r}"
        path.write_text(text.replace(old, new, 1))


OUTPUT = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}


FOLLOWS = {
    "evaluate_people(group=conjunctions)", "plot_people",
    "fill_report", "build_record", "render_html", "render_pdf", "all",
}  # fmt: skip
