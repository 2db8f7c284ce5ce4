"""The record of a build: what is said where no job knows its commit."""

import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from handcraft.report.record import Command, no_commit, write_build_record

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def sidecars(tmp_path: Path, *commits: str) -> Path:
    provenance = tmp_path / "provenance"
    provenance.mkdir()
    for i, commit in enumerate(commits):
        job = {
            "rule": f"rule_{i}",
            "inputs": {},
            "outputs": {"results/report/source": ""},
            "git_commit": commit,
        }
        (provenance / f"{i}.json").write_text(json.dumps(job))
    return provenance


@pytest.mark.parametrize(("commits", "said"), [(("", ""), True), (("", "abc"), False)])
def test_a_build_without_a_commit_says_so_in_the_report_and_on_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commits: tuple[str, ...], said: bool
) -> None:
    shown = io.StringIO()
    monkeypatch.setattr("handcraft.logging.terminal", shown)
    monkeypatch.setattr("handcraft.report.record.no_commit", lambda file: "REASON")
    output = tmp_path / "record.md"
    write_build_record(sidecars(tmp_path, *commits), command=Command(), output=output)
    assert ("REASON" in output.read_text()) == said
    assert ("REASON" in shown.getvalue()) == said
    assert ("warning" in shown.getvalue()) == said


def test_code_outside_a_checkout_has_no_commit(tmp_path: Path) -> None:
    assert "not in a git checkout" in no_commit(tmp_path / "a.py")


@needs_git
def test_a_checkout_of_another_user_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout = tmp_path / "my checkout"
    subprocess.run(["git", "init", "--quiet", str(checkout)], check=True)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own switch for tests of this
    reason = no_commit(checkout / "src" / "a.py")
    assert f"git config --global --add safe.directory '{checkout}'" in reason


@needs_git
def test_a_checkout_without_a_commit_is_reported_in_the_words_of_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    assert "HEAD" in no_commit(tmp_path / "a.py")


@needs_git
def test_a_machine_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "cannot be run" in no_commit(tmp_path / "a.py")
