"""What the Snakefile hands to its jobs by environment variables."""

import os
from pathlib import Path

import pytest

from handcraft.build import hooks as workflow
from handcraft.build.provenance import COMMIT, git_commit

BINDS = ("APPTAINER_BIND", "SINGULARITY_BIND")


@pytest.mark.parametrize("given", [None, *BINDS])
def test_the_checkout_is_bound_beside_what_the_site_binds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    for name in BINDS:
        monkeypatch.setenv(name, "")
    if given:
        monkeypatch.setenv(given, "/project:/data")
    for _ in range(2):
        workflow.show_checkout(tmp_path)
    wanted = f"/project:/data,{tmp_path}" if given else str(tmp_path)
    assert [os.environ[name] for name in BINDS] == [wanted, wanted]


def test_the_commit_is_noted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COMMIT, "before")
    workflow.note_commit(root)
    assert os.environ[COMMIT] == git_commit(root)
