"""Fixtures that many tests share."""

import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from handcraft.build.reads import CHECK
from tests.helpers.artifacts import tokenizer_file
from tests.workflow.conftest import COPIED, Checkout

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


@pytest.fixture(scope="session")
def new_checkout(root: Path, tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    """Makes copies of the checkout without anything built; with `built`, of one and the same finished build."""

    def make(source: Path = root) -> Checkout:
        path = tmp_path_factory.mktemp("checkout") / "handcraft"
        path.mkdir()
        for name in COPIED:
            if (source / name).is_dir():
                shutil.copytree(
                    source / name, path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
                )
            elif (source / name).exists():
                shutil.copy2(source / name, path / name)
        shutil.copy2(root / "tests" / "workflow" / "reduced.yaml", path / "tests-reduced.yaml")
        return Checkout(path)

    return make


@pytest.fixture(scope="session")
def finished(new_checkout, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Checkout:  # type: ignore[no-untyped-def]
    """The reduced workflow, built once for all tests and all workers; they must not change it (see `built`).

    Its jobs check that they read what their rules declare.
    """
    folder = tmp_path_factory.getbasetemp()
    common = folder if worker_id == "master" else folder.parent
    note = common / "finished.txt"
    with FileLock(common / "finished.lock"):
        if not note.exists():
            checkout = new_checkout()
            checkout.snakemake("--quiet=rules", **{CHECK: "1"})
            note.write_text(str(checkout.path))
    return Checkout(Path(note.read_text()))


@pytest.fixture
def built(finished: Checkout, tmp_path: Path) -> Checkout:
    """A private copy of the finished build, time stamps kept."""
    shutil.copytree(finished.path, tmp_path / "handcraft", symlinks=True)
    return Checkout(tmp_path / "handcraft")
