"""A failed build ends with what its failed jobs said, and nothing else of their logs."""

import os
from collections import namedtuple
from pathlib import Path

import pytest

from handcraft import disk
from handcraft.build.failures import failures, show_failures

Usage = namedtuple("Usage", "total used free")
USER = "working\n\nError in build_contexts: no such word\n  where:  config\n  remedy: another word\n"
BUG = "working\nTraceback (most recent call last):\n  File x, line 1\nValueError: odd\n"


def write(path: Path, text: str, age: float = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (1000 - age, 1000 - age))


def test_each_failed_job_gives_its_message_and_its_log(tmp_path: Path) -> None:
    write(tmp_path / "build_contexts" / "a.log", USER)
    write(tmp_path / "plot_path.log", BUG)
    write(tmp_path / "train_linear" / "a.log", "all is well\n")
    write(tmp_path / "train_linear" / "older.log", BUG, age=60)
    first, second = failures(tmp_path, since=990)
    assert first.startswith("Error in build_contexts: no such word\n  where:  config")
    assert first.endswith(f"log:    {tmp_path}/build_contexts/a.log")
    assert second.startswith("Error in plot_path: ValueError: odd\n")
    assert "Traceback" not in second


def test_they_are_printed_without_ending_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    show_failures(since=0)("snakemake.log")
    assert capsys.readouterr().err == "", "no logs, no messages"
    write(tmp_path / "logs" / "build_contexts.log", USER)
    show_failures(since=0)("snakemake.log")
    assert "no such word" in capsys.readouterr().err


def test_without_any_message_a_full_disk_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Jobs on a full disk cannot write their logs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 10**3))
    show_failures(since=0)("snakemake.log")
    assert f"{tmp_path}: 0.0 MB of 1.0 GB free" in capsys.readouterr().err
    write(tmp_path / "logs" / "build_contexts.log", USER)
    show_failures(since=0)("snakemake.log")
    assert str(tmp_path) not in capsys.readouterr().err
