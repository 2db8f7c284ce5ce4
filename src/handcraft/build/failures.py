"""What failed jobs said, for the end of a build: Snakemake itself only says that some job failed."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handcraft.disk import ROOM, require_space
from handcraft.errors import UserError

LOGS = Path("logs")


def failures(logs: Path, since: float) -> list[str]:
    """The message of each failed job, from the logs below `logs` that changed after `since` (seconds, Unix time).

    Of an error of the user's that is its text, of another one the last line of the traceback; then the log's path.
    """
    found: dict[str, Path] = {}
    for log in sorted(logs.rglob("*.log")):
        if log.stat().st_mtime < since:
            continue
        text = log.read_text(encoding="utf-8", errors="replace").rstrip()
        _, mark, message = text.rpartition("\nError in ")
        if not mark and "\nTraceback (most recent call last)" in f"\n{text}":
            rule = log.relative_to(logs).parts[0].removesuffix(".log")
            message = f"{rule}: {text.splitlines()[-1]}"
        elif not mark:
            continue
        found.setdefault(message, log)  # once, where several jobs of a rule say the same
    return [f"Error in {message}\n  log:    {log}" for message, log in found.items()]


def disk_failures() -> list[str]:
    """The message of a full disk, if the build directory's disk is full."""
    try:
        require_space(Path.cwd(), ROOM, "Snakemake's own files")
    except UserError as error:
        return [f"Error: {error}"]
    return []


def show_failures(since: float | None = None) -> Callable[[Any], None]:
    """What Snakemake is to call where a build failed: prints the messages of the jobs that failed after now."""
    started = time.time() if since is None else since

    def show(log: Any) -> None:
        messages = failures(LOGS, started)
        if not messages:
            # Where a job could not even write its log.
            messages = disk_failures()
        for message in messages:
            print(f"\n{message}", file=sys.stderr)

    return show
