"""Fixtures that many tests share."""

from pathlib import Path

import pytest

from tests.artifacts import tokenizer_file

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


@pytest.fixture(scope="session")
def small_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer of 300 tokens."""
    text = (
        "The cat and the dog ran, but the sun was hot, so they sat in the day. Once a little girl saw a bird."
    )
    stories = [text] * 20
    return tokenizer_file(tmp_path_factory.mktemp("tokenizer") / "tokenizer.json", stories)
