"""Progress on anything over ten seconds: a line every few seconds, in the log and on the terminal."""

import logging
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TextIO, TypeVar

from tqdm import tqdm

T = TypeVar("T")

SECONDS_BETWEEN_LINES = 5.0

# A job's standard error goes to its log file; here it leaves the terminal's, so that progress shows on both.
terminal: TextIO | None = None


class _Handler(logging.Handler):
    """Writes to standard error as it is at that moment, and what asks for it to the terminal too."""

    def emit(self, record: logging.LogRecord) -> None:
        for file in (sys.stderr, terminal if getattr(record, "on_terminal", False) else None):
            if file is not None:
                print(self.format(record), file=file, flush=True)


_logger = logging.getLogger("handcraft")
_logger.setLevel(logging.INFO)
_logger.propagate = False
_logger.addHandler(_Handler())


def say(message: str, on_terminal: bool = False) -> None:
    """One line for the log, and for the terminal too if asked."""
    _logger.info("%s", message, extra={"on_terminal": on_terminal})


class _Lines(tqdm):
    """tqdm as lines of a log instead of a bar that is drawn over."""

    monitor_interval = 0  # the clock is read after every item, so no thread has to watch it

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        if msg is None:  # else it is the empty line that clears a bar
            say(str(self), on_terminal=True)


def progress(items: Iterable[T], description: str, total: int | None = None, unit: str = "") -> Iterator[T]:
    """Iterate over `items`, telling every few seconds how far it is and how long it will take.

    `total` is the number of items where `len(items)` does not give it; `unit` names one.
    """
    settings: dict[str, Any] = {"mininterval": SECONDS_BETWEEN_LINES, "delay": SECONDS_BETWEEN_LINES}
    lines = _Lines(items, description, total, leave=False, miniters=1, smoothing=0, **settings)
    count = "{n:,} of {total:,}" if lines.total else "{n:,}"
    time = "about {remaining} left" if lines.total else "{elapsed} so far"
    lines.bar_format = f"{{desc}}: {f'{count} {unit}'.rstrip()}, {time}"
    return iter(lines)
