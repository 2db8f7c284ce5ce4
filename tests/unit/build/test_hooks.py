"""What the Snakefile asks of the config, and hands to its jobs by environment variables."""

import logging
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from snakemake.settings.types import DeploymentMethod, ExecMode

from handcraft.build import hooks
from handcraft.build.provenance import COMMIT, git_commit
from handcraft.build.rule_files import ignored_rules
from handcraft.config.corpus import Corpus, FilesCorpus
from handcraft.config.model import Config
from handcraft.disk import ROOM
from handcraft.errors import UserError
from tests.helpers.quarto import GOOD, fake_quarto, on_path

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


def test_the_words_of_a_config_are_listed_by_the_key_that_has_them() -> None:
    config = Config.model_validate(
        {
            "groups": {"one": [" a", " b"], "two": {"candidates": [" c", " d"]}},
            "predictors": {},
            "figures": {"training_group": "one", "tiles_group": "two", "tiles": ["!"]},
            "report": {"title": "x"},
        }
    )
    assert hooks.words(config) == {
        "groups.one": [" a", " b"],
        "groups.two": [" c", " d"],
        "figures.tiles": ["!"],
    }


def test_without_room_for_snakemakes_files_the_plan_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    hooks.require_room()
    assert logging.raiseExceptions
    usage = SimpleNamespace(free=ROOM - 1, total=10**9)
    monkeypatch.setattr("handcraft.disk.shutil.disk_usage", lambda path: usage)
    with pytest.raises(UserError, match="the disk is full"):
        hooks.require_room()
    assert not logging.raiseExceptions


@pytest.mark.parametrize("mode", [ExecMode.DEFAULT, ExecMode.REMOTE])
def test_only_what_plans_a_build_looks_for_quarto_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: ExecMode
) -> None:
    fake_quarto(tmp_path, f"echo asked >> {tmp_path}/count; echo {GOOD}")
    monkeypatch.setenv("PATH", on_path(tmp_path))
    cfg = SimpleNamespace(report=SimpleNamespace(renderer="quarto"))
    settings = SimpleNamespace(deployment_method=frozenset())
    param = hooks.renderer(cfg, SimpleNamespace(exec_mode=mode, deployment_settings=settings))
    assert (tmp_path / "count").exists() == (mode == ExecMode.DEFAULT)
    assert param(None) == param(None) == {"name": "quarto", "versions": f"Quarto {GOOD}", "reason": ""}
    assert (tmp_path / "count").read_text().split() == ["asked"]


def test_with_containers_quarto_is_refused_in_the_plan() -> None:
    cfg = SimpleNamespace(report=SimpleNamespace(renderer="quarto"))
    settings = SimpleNamespace(deployment_method={DeploymentMethod.APPTAINER})
    with pytest.raises(UserError, match="container"):
        hooks.renderer(cfg, SimpleNamespace(exec_mode=ExecMode.DEFAULT, deployment_settings=settings))


def test_rules_answer_only_for_groups_that_have_a_file(root: Path, tmp_path: Path) -> None:
    groups = {"colours": [" red", " blue"], "pets": [" cat", " dog"]}
    config = {"groups": groups, "predictors": {}, "report": {"title": "x"}}
    config |= {"corpus": {"source": "files", "name": "mine", "files": {"train": ["x.txt"]}}}
    cfg = Config.model_validate(config | {"figures": {"training_group": "pets", "tiles_group": "pets"}})
    (tmp_path / "human" / "rules" / "mine").mkdir(parents=True)
    assert hooks.rule_files(tmp_path, cfg, []) == {}
    file = tmp_path / "human" / "rules" / "mine" / "pets.yaml"
    file.touch()
    (file.parent / "pest.yaml").touch()
    ruled = hooks.rule_files(tmp_path, cfg, [])
    assert ignored_rules(tmp_path, cfg, ruled) == ["mine/pest.yaml"]
    assert {group: Path(path).resolve() for group, path in ruled.items()} == {"pets": file.resolve()}
    answering = {v.name: hooks.predictors_of(v, [], cfg, ruled) for v in cfg.variants()}
    assert {"rules", "rules_refitted"} <= set(answering["pets"])
    assert not {"rules", "rules_refitted"} & set(answering["colours"] + answering["pets.token"])


def test_the_planted_rules_answer_only_for_the_planted_groups(root: Path) -> None:
    config = {
        "predictors": {},
        "report": {"title": "x"},
        "figures": {"training_group": "own", "tiles_group": "own"},
    }
    own = {
        "own": [" a", " b"],
        "conjunctions": [" and", " but", " for", " so", " or"],
        "pronouns": [" he", " she"],
    }
    planted = Config.model_validate(config | {"groups": own})
    assert list(hooks.rule_files(root, planted, hooks.planted_groups(planted))) == ["conjunctions"]
    # The name of the corpus may have stayed that of the default.
    files = {"source": "files", "files": {"train": ["x.txt"]}}
    assert hooks.rule_files(root, Config.model_validate(config | {"groups": own, "corpus": files}), []) == {}
