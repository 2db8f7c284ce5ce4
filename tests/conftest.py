"""Fixtures that many tests share."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def tinystories() -> Path:
    """Directory with TinyStories-sample-{train,valid}.txt, where it lies beside the checkout."""
    path = SHARED / "data" / "tinystories"
    if not path.is_dir():
        pytest.skip("the TinyStories sample is not beside the checkout (../shared/data/tinystories)")
    return path


@pytest.fixture(scope="session")
def stories260k() -> Path:
    """The pretrained stories260K, where it lies beside the checkout."""
    path = SHARED / "models" / "stories260K"
    if not path.is_dir():
        pytest.skip("stories260K is not beside the checkout (../shared/models/stories260K)")
    return path
