"""What the Snakefile asks of the config, and hands to its jobs by environment variables."""

import os
from pathlib import Path

import pytest

from handcraft.build import hooks
from handcraft.build.provenance import COMMIT, git_commit
from handcraft.config.model import Corpus, FilesCorpus
from handcraft.errors import UserError

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
        hooks.show_checkout(tmp_path)
    wanted = f"/project:/data,{tmp_path}" if given else str(tmp_path)
    assert [os.environ[name] for name in BINDS] == [wanted, wanted]


def test_the_commit_is_noted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COMMIT, "before")
    hooks.note_commit(root)
    assert os.environ[COMMIT] == git_commit(root)


def test_a_file_that_snakemake_would_take_for_a_pattern_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a {x} b.txt").touch()
    (tmp_path / "a {} b.txt").touch()
    allowed = Corpus(source="files", files=FilesCorpus(train=["*{} b.txt"]))
    assert hooks.corpus_files(allowed) == ["a {} b.txt"]
    with pytest.raises(UserError, match="takes the braces in") as caught:
        hooks.corpus_files(Corpus(source="files", files=FilesCorpus(train=["*.txt"])))
    assert "corpus.files.train" in str(caught.value)
