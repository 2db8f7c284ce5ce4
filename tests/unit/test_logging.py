"""Progress is lines, few of them, in the log and on the terminal."""

import io
import time

import pytest

from handcraft import logging


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    file = io.StringIO()
    monkeypatch.setattr(logging, "terminal", file)
    return file


def test_progress_says_how_far_it_is_and_no_more_often_than_allowed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], terminal: io.StringIO
) -> None:
    monkeypatch.setattr(logging, "SECONDS_BETWEEN_LINES", 0.05)
    started = time.monotonic()
    for _ in logging.progress(range(2000), "counting", unit="steps"):
        time.sleep(0.0001)
    lines = capsys.readouterr().err.splitlines()
    assert 1 <= len(lines) <= (time.monotonic() - started) / 0.05
    assert all(line.startswith("counting: ") and "of 2,000 steps, about 00:0" in line for line in lines)
    assert terminal.getvalue().splitlines() == lines


def test_a_stream_without_a_length_and_a_given_total(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging, "SECONDS_BETWEEN_LINES", 0.0)
    assert list(logging.progress(iter("abc"), "letters")) == ["a", "b", "c"]
    assert "letters: 2, 00:00 so far\n" in capsys.readouterr().err
    assert list(logging.progress(iter("abc"), "letters", total=4)) == ["a", "b", "c"]
    assert "letters: 2 of 4, about 00:00 left\n" in capsys.readouterr().err


def test_what_takes_no_time_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(logging.progress(range(5), "quick")) == [0, 1, 2, 3, 4]
    assert capsys.readouterr().err == ""


def test_a_line_goes_to_the_terminal_only_if_asked(
    capsys: pytest.CaptureFixture[str], terminal: io.StringIO
) -> None:
    logging.say("100% {done}")
    logging.say("now", on_terminal=True)
    assert capsys.readouterr().err == "100% {done}\nnow\n"
    assert terminal.getvalue() == "now\n"
