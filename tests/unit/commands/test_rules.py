"""`handcraft rules` and `handcraft propose` on a small planted build."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from handcraft.commands.main import main
from handcraft.commands.rules import saves, scores
from handcraft.rules.files import read_rules
from handcraft.tokenizer.tokens import Vocabulary
from tests.helpers.artifacts import WORDS, contexts_file, tokenizer_file

STORY = "The cat was here, and it was so big."
FIRST = "by: me\nrules:\n  # mine\n  - when: {token: was, position: -1}\n    push: {so: 1}\n    why: x\n"


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config, and contexts of one group: " was" at the end makes " so" likely, " it" one place before it " but"."""
    for name in ("tokenizer", "contexts/pets"):
        (tmp_path / "results" / name).mkdir(parents=True)
    tokenizer = tokenizer_file(tmp_path / "results" / "tokenizer" / "tokenizer.json", [STORY] * 30, 278)
    vocabulary = Vocabulary.read(tokenizer)
    ids = vocabulary.require([" was", " it", " cat", " here", ",", " so"])
    random = np.random.default_rng(0)
    for split, n in (("train", 4000), ("validation", 1500)):
        tokens = random.choice(ids, (n, 4))
        logits = np.outer(tokens[:, -1] == ids[0], [0, 0, 2.0])
        logits += np.outer(tokens[:, -2] == ids[1], [0, 1.5, 0])
        odds = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        labels = (random.random(n)[:, None] > odds.cumsum(1)).sum(1).clip(0, 2)
        path = tmp_path / "results" / "contexts" / "pets" / f"{split}.safetensors"
        contexts_file(path, tokens, labels, len(vocabulary), WORDS)
    config = "groups: {pets: [' and', ' but', ' so']}\npredictors: {}\nreport: {title: x}\n"
    config += "figures: {training_group: pets, tiles_group: pets}\ncorpus: {name: small}\n"
    (tmp_path / "config.yaml").write_text(config)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_from_a_proposal_to_a_rule_of_ones_own(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = build / "human" / "rules" / "small" / "pets.yaml"
    assert main(["rules", "pets"]) == 1
    assert "handcraft propose" in capsys.readouterr().err
    assert main(["propose", "pets", "--count", "1"]) == 0
    shown = capsys.readouterr().out
    assert "1. when was at -1: so +" in shown
    assert shown.count("   right: ...") == 3
    assert shown.count("   wrong: ...") == 3
    assert not file.exists()
    assert main(["propose", "pets", "--count", "1", "--write"]) == 0
    assert "added to human/rules/small/pets.yaml: 1 rules" in capsys.readouterr().out
    read, _ = read_rules(file)
    assert [rule.proposed for rule in read.rules] == [True]
    assert "no person" in read.by
    # A person's rule beside it makes the score better.
    file.write_text(
        file.read_text() + "  - when: {token: it, position: -2}\n    push: {but: 1.5}\n    why: x\n"
    )
    assert main(["rules", "pets"]) == 0
    shown = capsys.readouterr().out
    assert "2 rules, 1 of them proposed by a program" in shown
    assert "was at -1 -> so" in shown


def test_proposals_follow_the_configs_settings(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = build / "config.yaml"
    config.write_text(config.read_text() + "proposals: {p: 1.0e-300}\n")
    assert main(["propose", "pets", "--count", "1"]) == 0
    assert "no further rule gains" in capsys.readouterr().out


def test_proposals_are_added_to_what_a_person_wrote(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = build / "mine.yaml"
    file.write_text(FIRST)
    assert main(["propose", "pets", "--count", "1", "--write", "--file", str(file)]) == 0
    text = file.read_text()
    assert text.startswith(FIRST)
    read, _ = read_rules(file)
    mine, *others = read.rules
    assert not mine.proposed
    assert all(rule.proposed for rule in others)
    assert (others[0].when.token, others[0].when.position.first) == ("it", -2)
    # That the rule of the file is too weak calls for no second one.
    assert not any("was" in (rule.when.token or "") for rule in others)
    capsys.readouterr()


def test_the_score_follows_the_file_and_an_error_ends_nothing(build: Path) -> None:
    file = build / "mine.yaml"
    file.write_text(FIRST)
    versions = [
        FIRST.replace("so: 1", "so: 2"),
        FIRST.replace("so: 1", "sooo: 2"),
        FIRST.replace("so: 1", "so: 2.1"),
    ]

    def saved():
        for text in versions:
            file.write_text(text)
            yield None

    first, better, wrong, again = scores(Path(), "pets", file, saved())
    assert "since the last version" not in first
    assert "~ 4" in better
    assert "(before: so +1)" in better
    assert "as written -" in better
    assert "line 5: 'sooo' is no candidate" in wrong
    assert "(before: so +2)" in again


@pytest.mark.parametrize("renamed", [False, True])
def test_a_save_is_noticed(tmp_path: Path, renamed: bool) -> None:
    file = tmp_path / "pets.yaml"
    file.write_text("a")

    def save() -> None:
        for i in range(100):
            time.sleep(0.2)
            (tmp_path / "other.yaml").write_text(str(i))
            if renamed:
                (tmp_path / "new.yaml").write_text(str(i))
                (tmp_path / "new.yaml").replace(file)
            else:
                file.write_text(str(i))
            if done.is_set():
                return

    done = threading.Event()
    thread = threading.Thread(target=save)
    thread.start()
    try:
        assert next(saves(file)) is None
    finally:
        done.set()
        thread.join()
