"""Programs that stand in for Quarto, and a PATH without the real one."""

import os
import shutil
from pathlib import Path

import pytest

from handcraft.errors import UserError
from handcraft.report.quarto import quarto_version

GOOD = "99.1.2"
"""A version that no real Quarto has."""
LISTING = (
    "\x1b[1mpandoc \x1b[22m\n  to: html\n  output-file: index.html\n  \n"
    "\x1b[1mmetadata\x1b[22m\n  title: The words that warn\n  note: >-\n    WARNING: of a text\n  \n"
)
"""What Quarto prints before it renders, with its escape codes."""


def fake_quarto(folder: Path, answer: str = f"echo {GOOD}", render: str = "exit 9") -> Path:
    """Write an executable `quarto` to `folder`: shell commands for `--version`, and for anything else."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "quarto"
    path.write_text(f'#!/bin/sh\nif [ "$1" = --version ]; then\n{answer}\nelse\n{render}\nfi\n')
    path.chmod(0o755)
    return path


def on_path(folder: Path) -> str:
    """PATH with `folder` before all others."""
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def path_without_quarto() -> str:
    """PATH without the folders that have a `quarto`."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(f for f in folders if shutil.which("quarto", path=f) is None)


def require_quarto() -> None:
    """Skip the test where there is no real Quarto that can be used, and say why."""
    try:
        quarto_version()
    except UserError as error:
        pytest.skip(f"real Quarto: {error.what}")
