"""One SLURM for all tests of this directory, the whole workflow on it, and a local build to compare with."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.helpers.slurm import Slurm, why_not
from tests.workflow.conftest import Checkout

PROFILE = ("--workflow-profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "2")
MODEL = "results/models/small-llama"


class Cluster(Checkout):
    """A checkout whose jobs go to SLURM."""

    def __init__(self, path: Path, slurm: Slurm) -> None:
        super().__init__(path)
        self.slurm = slurm

    def command(self, *arguments: str) -> list[str]:
        return super().command(*PROFILE, "--verbose", "cluster.yaml", *arguments)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Snakemake, going on while the test goes on; its output is in `said`."""
        with self._output.open("w") as file:
            return subprocess.Popen(
                self.command(*arguments), cwd=self.path, env=self.environment(), start_new_session=True,
                stdout=file, stderr=file,
            )  # fmt: skip

    def said(self, running: "subprocess.Popen[str]", expect: int = 0, seconds: float = 300) -> str:
        """All that a Snakemake of `start` printed, once it has ended as it was to."""
        running.wait(timeout=seconds)
        assert running.returncode == expect, self._output.read_text()
        return self._output.read_text()

    def running_job(self) -> str:
        """The id of a job of this checkout, once it runs."""
        return self.slurm.wait_for_job("RUNNING", self.path)

    def sidecars(self) -> list[dict]:  # type: ignore[type-arg]
        """What each job wrote of itself."""
        return [json.loads(p.read_text()) for p in (self.path / "results" / "provenance").glob("*.json")]

    @property
    def _output(self) -> Path:
        return self.path.parent / "said.txt"


def submissions(said: str) -> list[tuple[str, str]]:
    """(rule or group, options) of every call of sbatch that Snakemake's verbose output shows."""
    calls = re.findall(r"sbatch call: (sbatch .*?) --wrap=", said)
    return [(re.search(r"rule_(\w+?)(?:_wildcards_|\W)", call)[1], call) for call in calls]  # type: ignore[index]


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slurm]:
    if reason := why_not():
        pytest.skip(f"no SLURM can be started here: {reason}")
    cluster = Slurm(tmp_path_factory.mktemp("slurm"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture(scope="session")
def make_checkout(root: Path, new_checkout) -> Callable[[], Checkout]:  # type: ignore[no-untyped-def]
    def make() -> Checkout:
        checkout: Checkout = new_checkout()
        shutil.copy2(root / "tests" / "cluster" / "cluster.yaml", checkout.path)
        return checkout

    return make


@pytest.fixture(scope="session")
def whole(slurm: Slurm, make_checkout) -> Iterator[tuple[Cluster, "subprocess.Popen[str]"]]:  # type: ignore[no-untyped-def]
    """The whole reduced workflow through SLURM. It mostly waits, so all other tests run beside it."""
    cluster = Cluster(make_checkout().path, slurm)
    running = cluster.start()
    yield cluster, running
    running.kill()


@pytest.fixture(scope="session")
def local(whole: object, make_checkout) -> Checkout:  # type: ignore[no-untyped-def]
    """The same build without a cluster; tests must not change it."""
    checkout: Checkout = make_checkout()
    checkout.snakemake("cluster.yaml", "--quiet=rules")
    return checkout


@pytest.fixture
def begun(local: Checkout, slurm: Slurm, tmp_path: Path) -> Cluster:
    """A copy of the local build without the language model that it trained."""
    shutil.copytree(local.path, tmp_path / "handcraft", symlinks=True)
    shutil.rmtree(tmp_path / "handcraft" / MODEL)
    for other in (tmp_path / "handcraft" / MODEL).parent.iterdir():
        other.unlink()
    return Cluster(tmp_path / "handcraft", slurm)
