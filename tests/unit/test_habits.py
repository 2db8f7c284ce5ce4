"""What contributors rely on: hooks and CI that run the project's own checks, and links that lead somewhere."""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "human" / "README.md", *ROOT.glob("docs/**/*.md")]
)


def test_pre_commit_hooks_run_each_tool_of_make_check(root: Path) -> None:
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (root / "Makefile").read_text(), re.MULTILINE)
    assert recipe
    checks = [_command(part.replace("$(BIN)", ".venv/bin")) for part in recipe[1].split("&&")]
    hooks = [_command(hook["entry"]) for hook in _hooks(root)]
    assert len(checks) >= 5
    assert sorted(hooks) == sorted(checks)


def test_pre_commit_hooks_use_the_locked_tools(root: Path) -> None:
    config = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    assert {hook["language"] for hook in _hooks(root)} == {"system"}
    assert all(hook["entry"].startswith(".venv/bin/") for hook in _hooks(root))


def test_hosted_ci_runs_the_script_and_publishes_only_main(root: Path) -> None:
    ci = yaml.safe_load((root / ".github" / "workflows" / "ci.yml").read_text())
    steps = [step for job in ci["jobs"].values() for step in job["steps"]]
    assert ".ci/run" in [step.get("run") for step in steps]
    assert os.access(root / ".ci" / "run", os.X_OK)
    assert [str(s["with"]["python-version"]) for s in steps if "python-version" in s.get("with", {})] == [
        "3.11"
    ]
    pages = ci["jobs"]["pages"]
    assert "refs/heads/main" in pages["if"]
    assert pages["needs"] == "test"
    published = [s["with"]["path"] for s in steps if "upload-pages-artifact" in s.get("uses", "")]
    assert published == ["docs/example"]
    assert (root / "docs" / "example" / "index.html").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_relative_links_lead_to_files(page: Path) -> None:
    text = re.sub(
        r"^(```.*?^```|    .*?$)", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    targets = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text))
    relative = [t for t in targets if not re.match(r"[a-z][a-z+.-]*:", t)]
    assert [t for t in relative if not (page.parent / unquote(t.partition("#")[0])).exists()] == []


def test_readme_lists_every_page(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    pages = [p for p in PAGES if p.name != "README.md"]
    assert [str(p.relative_to(root)) for p in pages if f"({p.relative_to(root)})" not in readme] == []


def _hooks(root: Path) -> list[dict[str, Any]]:
    config = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())
    return [hook for repo in config["repos"] for hook in repo["hooks"]]


def _command(line: str) -> tuple[str, ...]:
    """The tool, with its subcommand and `--check` or `--lint`: what it checks, without its files and its cache."""
    program, *rest = line.split()
    return (program, *(word for word in rest if word in ("check", "format", "--check", "--lint")))
