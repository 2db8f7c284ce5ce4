"""What failed jobs said, for the end of a build: Snakemake itself only says that some job failed."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOGS = Path("logs")


def failures(logs: Path, since: float) -> list[str]:
    """The message of each failed job, from the logs below `logs` that changed after `since` (seconds, Unix time).

    Of an error of the user's that is its text, of another one the last line of the traceback; then the log's path.
    """
    messages = []
    for log in sorted(logs.rglob("*.log")):
        if log.stat().st_mtime < since:
            continue
        text = log.read_text(encoding="utf-8", errors="replace").rstrip()
        before, mark, said = text.rpartition("\nError in ")
        if mark:
            messages.append(f"Error in {said}\n  log:    {log}")
        elif "\nTraceback (most recent call last)" in f"\n{text}":
            messages.append(
                f"Error in {log.relative_to(logs).parts[0].removesuffix('.log')}: {text.splitlines()[-1]}\n  log:    {log}"
            )
    return messages


def show_failures(since: float | None = None) -> Callable[[Any], None]:
    """What Snakemake is to call where a build failed: prints the messages of the jobs that failed after now."""
    started = time.time() if since is None else since

    def show(log: Any) -> None:
        for message in failures(LOGS, started):
            print(f"\n{message}", file=sys.stderr)

    return show
