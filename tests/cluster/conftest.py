"""One SLURM for all tests of this directory, and a local build to compare with."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.slurm import Slurm, why_not
from tests.workflow.conftest import OUTPUT, Checkout

PROFILE = ("--workflow-profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "2")


class Cluster(Checkout):
    """A checkout whose jobs go to SLURM."""

    def __init__(self, path: Path, slurm: Slurm) -> None:
        super().__init__(path)
        self.slurm = slurm

    def command(self, *arguments: str) -> list[str]:
        return super().command(*PROFILE, "--verbose", "cluster.yaml", *arguments)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Snakemake, going on while the test goes on."""
        return subprocess.Popen(
            self.command(*arguments), cwd=self.path, env=self.environment(), start_new_session=True, **OUTPUT
        )  # type: ignore[call-overload, no-any-return]


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
def make_checkout(root: Path, new_checkout):  # type: ignore[no-untyped-def]
    def make() -> Checkout:
        checkout: Checkout = new_checkout()
        shutil.copy2(root / "tests" / "cluster" / "cluster.yaml", checkout.path)
        return checkout

    return make


@pytest.fixture(scope="session")
def local(make_checkout) -> Checkout:  # type: ignore[no-untyped-def]
    """The same build without a cluster; tests must not change it."""
    checkout: Checkout = make_checkout()
    checkout.snakemake("cluster.yaml", "--quiet=rules")
    return checkout


@pytest.fixture
def begun(local: Checkout, slurm: Slurm, tmp_path: Path) -> Cluster:
    """A copy of the local build without the language model that it trained."""
    shutil.copytree(local.path, tmp_path / "handcraft", symlinks=True)
    shutil.rmtree(tmp_path / "handcraft" / "results" / "models")
    return Cluster(tmp_path / "handcraft", slurm)
