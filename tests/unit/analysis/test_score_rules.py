"""A rule file while it is written: scores by hand, what changed, nothing computed twice, and soon enough."""

import re
import time
from pathlib import Path

import numpy as np
import pytest

from handcraft.analysis.score_rules import Scorer, changes, format_score
from handcraft.contexts.read import read_contexts
from handcraft.errors import UserError
from handcraft.files import write_csv
from handcraft.math import class_rates, context_losses, log_softmax
from handcraft.rules.match import TokenRule
from handcraft.tokenizer.tokens import Vocabulary
from tests.helpers.artifacts import contexts_file, tokenizer_file
from tests.helpers.rules import rules_file

STORY = "The cat was here, and it was so big."
RULE = "  - when: {{token: {token}, position: {position}}}\n    push: {{so: {push}}}\n    why: x\n"


def build(folder: Path, n: int, length: int = 4) -> Path:
    """A build's directory with contexts of one group, `pets`: the last token " was" makes " so" likely."""
    results = folder / "results"
    for name in ("tokenizer", "contexts/pets", "linear/pets"):
        (results / name).mkdir(parents=True)
    tokenizer = tokenizer_file(results / "tokenizer" / "tokenizer.json", [STORY] * 30, 278)
    vocabulary = Vocabulary.read(tokenizer)
    ids = vocabulary.require([" was", " it", " cat", " here", ",", " so"])
    random = np.random.default_rng(0)
    for split, size in (("train", n), ("validation", n // 8)):
        tokens = random.choice([*ids, *range(100, 200)], (size, length))
        tokens[: size // 3, -1] = ids[0]
        odds = np.exp(log_softmax(np.outer(tokens[:, -1] == ids[0], [0, 0, 2.0])))
        labels = (random.random(size)[:, None] > odds.cumsum(1)).sum(1).clip(0, 2)
        contexts_file(results / "contexts" / "pets" / f"{split}.safetensors", tokens, labels, len(vocabulary))
    path = [{"chosen": 1, "validation_loss": 0.9, "validation_accuracy": 0.6}]
    write_csv(results / "linear" / "pets" / "path.csv", path)
    return folder


def test_scores_are_those_of_the_validation_contexts(tmp_path: Path) -> None:
    scorer = Scorer(build(tmp_path, 1600), "pets")
    file = rules_file(tmp_path, RULE.format(token="was", position=-1, push=2))
    score = scorer.score(file)
    base = tmp_path / "results" / "contexts" / "pets"
    training, held_out = (read_contexts(base / f"{s}.safetensors") for s in ("train", "validation"))
    was = held_out.tokens[:, -1] == scorer.vocabulary.id_of(" was")
    start = np.log(class_rates(training.labels, 3))
    losses = [
        context_losses(log_softmax(start + np.outer(was, [0, 0, push])), held_out.labels).mean()
        for push in (0, 2)
    ]
    assert score.written.loss == pytest.approx(losses[1])
    assert scorer.shares.loss == pytest.approx(losses[0])
    assert score.gain[0] == pytest.approx(losses[0] - losses[1])
    assert score.seen[0] == (training.tokens[:, -1] == scorer.vocabulary.id_of(" was")).sum()
    text = format_score(scorer, score)
    assert "1 rules; on 200 validation contexts" in text
    assert "was at -1 -> so +2" in text
    assert f"{score.written.loss:.4f}" in text
    assert "100%" in text


def test_what_changed_is_told_and_rules_that_stay_are_not_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = Scorer(build(tmp_path, 1600), "pets")
    looked = []
    rows = TokenRule.rows
    monkeypatch.setattr(
        TokenRule, "rows", lambda self, tokens: looked.append(self.text) or rows(self, tokens)
    )
    first, second, third = (
        RULE.format(token=token, position=position, push=1)
        for token, position in (("was", -1), ("it", -2), ("cat", -1))
    )
    before = scorer.score(rules_file(tmp_path, first + second))
    assert looked == ["was at -1", "was at -1", "it at -2", "it at -2"]
    after = scorer.score(rules_file(tmp_path, first.replace("so: 1", "so: 2") + third))
    # In training and validation contexts, of the new rule alone.
    assert looked[4:] == ["cat at -1", "cat at -1"]
    told = changes(after, before)
    assert [line.split()[0] for line in told[1:]] == ["~", "+", "-"]
    assert "(before: so +1)" in told[1]
    assert "cat at -1" in told[2]
    assert "it at -2" in told[3]
    assert f"{after.written.loss - before.written.loss:+.4f}" in told[0]


def test_a_proposed_rule_is_marked(tmp_path: Path) -> None:
    scorer = Scorer(build(tmp_path, 800), "pets")
    text = RULE.format(token="was", position=-1, push=1) + "    proposed: true\n"
    shown = format_score(scorer, scorer.score(rules_file(tmp_path, text)))
    assert "1 of them proposed by a program" in shown
    assert re.search(r"so \+1 \(fitted so \+\d\.\d\d, proposed\)", shown)


def test_a_group_that_was_not_built_is_named_with_those_that_were(tmp_path: Path) -> None:
    build(tmp_path, 80)
    with pytest.raises(UserError, match=r"no contexts of 'cats' in this build \(built: pets\)"):
        Scorer(tmp_path, "cats")


def test_a_saved_file_is_scored_within_two_seconds(tmp_path: Path) -> None:
    """As many contexts as the conjunctions of the TinyStories sample have, and 40 rules, of which one is changed."""
    scorer = Scorer(build(tmp_path, 86_000, length=16), "pets")
    rules = [
        RULE.format(token=token, position=position, push=0.5)
        for token in ("was", "it", "cat", "here", "so")
        for position in (-1, -2, -3, -4, "-6 to -2", "-8 to -1", "-16 to -4", "anywhere")
    ]
    scorer.score(rules_file(tmp_path, "".join(rules)))
    rules[7] = RULE.format(token="was", position="-12 to -1", push=0.7)
    file = rules_file(tmp_path, "".join(rules))
    started = time.perf_counter()
    scorer.score(file)
    assert time.perf_counter() - started < 2
