"""Progress on anything over ten seconds: a line every few seconds, in the log and on the terminal."""

import sys
import time
from collections.abc import Iterable, Iterator, Sized
from typing import TextIO, TypeVar

T = TypeVar("T")

SECONDS_BETWEEN_LINES = 5.0

# A job's standard error goes to its log file; here it leaves the terminal's, so that progress shows on both.
terminal: TextIO | None = None


def progress(items: Iterable[T], description: str, total: int | None = None, unit: str = "") -> Iterator[T]:
    """Iterate over `items`, telling every few seconds how far it is and how long it will take.

    `total` is the number of items where `len(items)` does not give it; `unit` names one.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    start = last = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if now - last >= SECONDS_BETWEEN_LINES:
            last = now
            say(
                f"{description}: {_far(done, total, unit)}{_left(done, total, now - start)}", on_terminal=True
            )
        yield item


def say(message: str, on_terminal: bool = False) -> None:
    """One line for the log, and for the terminal too if asked."""
    print(message, file=sys.stderr, flush=True)
    if on_terminal and terminal is not None:
        print(message, file=terminal, flush=True)


def _far(done: int, total: int | None, unit: str) -> str:
    count = f"{done:,} of {total:,}" if total else f"{done:,}"
    return f"{count} {unit}".rstrip()


def _left(done: int, total: int | None, seconds: float) -> str:
    if not total or not done:
        return f", {seconds:.0f} s so far"
    return f", about {seconds / done * (total - done):.0f} s left"
