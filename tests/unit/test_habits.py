"""What contributors rely on: hooks, CI, links of the docs."""

import re
from pathlib import Path

import yaml


def test_the_hooks_run_what_make_check_runs(root: Path) -> None:
    hooks = yaml.safe_load((root / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    entries = " ".join(hook["entry"] for hook in hooks)
    (line,) = re.findall(r"^check: install\n\t(.+)$", (root / "Makefile").read_text(), re.MULTILINE)
    for command in line.split("&&"):
        tool, *rest = command.split()
        assert tool.replace("$(BIN)", ".venv/bin") in entries
        assert all(word in entries for word in rest if word.startswith("--"))


def test_ci_calls_the_script_that_is_run_here(root: Path) -> None:
    jobs = yaml.safe_load((root / ".github" / "workflows" / "ci.yml").read_text())["jobs"]
    assert {"run": "bash .ci/run"} in jobs["test"]["steps"]
    assert jobs["pages"]["needs"] == "test"


def test_links_of_the_docs_lead_somewhere(root: Path) -> None:
    pages = [
        root / "README.md",
        root / "CONTRIBUTING.md",
        root / "human" / "README.md",
        *(root / "docs").rglob("*.md"),
    ]
    dead = []
    for page in pages:
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if "://" not in link and not link.startswith("figures/") and not (page.parent / link).exists():
                dead.append(f"{page.relative_to(root)}: {link}")
    assert not dead
