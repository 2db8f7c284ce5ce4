"""Failures of the hub are told apart by their classes, also where another error hides them."""

from socket import gaierror

import httpx2
import pytest
from huggingface_hub import errors

from handcraft.hub_errors import caused_by, hub_failure


def failure(error: BaseException) -> tuple[str, str] | None:
    return hub_failure(error, noun="model", name="a/b", revision="0" * 40, instead="give a directory")


class DatasetNotFoundError(Exception):
    """Not that of `datasets`: a name says nothing."""


@pytest.mark.parametrize(
    "error",
    [
        httpx2.ConnectError("x"),
        httpx2.ConnectTimeout("x"),
        httpx2.ReadError("x"),
        ConnectionResetError("x"),
        TimeoutError("x"),
        gaierror("x"),
        errors.OfflineModeIsEnabled("x"),
        errors.LocalEntryNotFoundError("x"),
    ],
)
def test_no_network(error: Exception) -> None:
    hidden = OSError("cannot load")
    hidden.__cause__ = error
    for one in (error, hidden):
        told = failure(one)
        assert told is not None
        assert "cannot be reached" in told[0]


def test_what_is_no_failure_of_the_hub() -> None:
    for error in (ValueError("x"), OSError("x"), DatasetNotFoundError("x"), FileNotFoundError("x")):
        assert failure(error) is None


def test_a_cause_is_found_through_a_chain() -> None:
    error, between = ValueError("while loading"), OSError("while reading")
    error.__cause__, between.__context__ = between, MemoryError()
    assert caused_by(error, MemoryError)
    assert not caused_by(error, ImportError, KeyError)
