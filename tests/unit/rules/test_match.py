"""Where rules fire, and what they push: against plain loops over the contexts."""

from pathlib import Path

import numpy as np
import pytest

from handcraft.corpus.planted.table import RULES
from handcraft.errors import UserError
from handcraft.math import log_softmax
from handcraft.rules.files import read_rules
from handcraft.rules.language import distribution
from handcraft.rules.match import check_fires, compile_rules, fires_matrix, pushes, start_logits
from tests.helpers.rules import TOKENS, FewTokens, read_few

RULES_TEXT = """
  - when: {token: was, position: -1}
    push: {so: 1.5}
    why: a
  - when: {set: pets, position: -3 to -2}
    and: {token: ","}
    unless: {token: not, position: -1}
    push: {and: 2, but: -1}
    why: b
  - when: {sequence: [was, not]}
    push: {but: 0.5}
    why: c
  - when: {sequence: [the, cat], position: -2}
    push: {but: 0.5}
    why: d
"""


def by_hand(words: list[str]) -> list[bool]:
    """Which of the four rules fire after these words."""
    pets = any(w in (" cat", " dog") for w in words[-3:-1])
    return [
        words[-1] == " was",
        pets and "," in words and words[-1] != " not",
        any(words[i : i + 2] == [" was", " not"] for i in range(len(words))),
        words[-3:-1] == [" the", " cat"],
    ]


def test_rules_fire_where_they_say(tmp_path: Path) -> None:
    rules, _, _ = read_few(tmp_path, RULES_TEXT, "sets: {pets: [cat, dog]}\n")
    tokens = np.random.default_rng(0).integers(0, len(TOKENS), (4000, 4)).astype(np.uint16)
    expected = [by_hand([TOKENS[t] for t in row]) for row in tokens]
    fires = fires_matrix(rules, tokens)
    np.testing.assert_array_equal(fires.toarray().astype(bool), expected)
    assert fires.sum(axis=0).min() > 10
    np.testing.assert_array_equal(pushes(rules), [[0, 0, 1.5], [2, -1, 0], [0, 0.5, 0], [0, 0.5, 0]])


def test_a_rule_counts_once_however_often_its_token_stands_there(tmp_path: Path) -> None:
    rules, _, _ = read_few(tmp_path, "  - when: {token: was}\n    push: {so: 1}\n    why: x\n")
    assert fires_matrix(rules, np.array([[3, 3, 3, 3], [0, 0, 0, 0]])).toarray().tolist() == [[1.0], [0.0]]


def test_a_rule_that_never_fires_is_refused_unless_the_file_allows_it(tmp_path: Path) -> None:
    text = "  - when: {token: was}\n    push: {so: 1}\n    why: x\n"
    text += "  - when: {token: cat, position: -1}\n    push: {so: 1}\n    why: x\n"
    rules, read, source = read_few(tmp_path, text)
    fires = fires_matrix(rules, np.array([[3, 0, 0, 0]]))
    with pytest.raises(
        UserError, match=r"line 6: never fires on the training contexts: cat at -1"
    ) as refused:
        check_fires(rules, fires, read, source)
    assert "allow_unused" in refused.value.remedy
    rules, read, source = read_few(tmp_path, text, "allow_unused: true\n")
    check_fires(rules, fires, read, source)


def test_where_no_rule_fires_the_shares_answer_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    text = "  - when: {token: was}\n    push: {so: 1}\n    why: x\n"
    rates = np.array([0.5, 0.3, 0.2])
    _, read, _ = read_few(tmp_path, text)
    np.testing.assert_array_equal(start_logits(read, (" and", " but", " so"), rates), np.log(rates))
    _, read, _ = read_few(tmp_path, text, "start: {so: 1, and: 0.5, but: 0}\n")
    np.testing.assert_array_equal(start_logits(read, (" and", " but", " so"), rates), [0.5, 0, 1])


@pytest.mark.parametrize("group", RULES)
def test_the_planted_files_say_what_the_generator_draws_from(root: Path, group: str) -> None:
    planted = RULES[group]
    read, source = read_rules(root / "human" / "rules" / "planted" / f"{group}.yaml")
    words = [*planted.words(), " other"]
    rules = compile_rules(read, source, FewTokens(words), planted.candidates, 8)
    random = np.random.default_rng(0)
    tokens = random.integers(0, len(words), (3000, 8))
    # Half of the places hold a word that a rule looks for there, so that pairs and noise occur.
    for row in tokens[: len(tokens) // 2]:
        for pair in planted.interactions:
            row[-pair.distance] = words.index(random.choice([*pair.plus, *pair.minus]))
            row[-pair.other_distance] = words.index(random.choice([*pair.other_plus, *pair.other_minus]))
    logits = start_logits(read, planted.candidates, np.ones(5)) + fires_matrix(rules, tokens) @ pushes(rules)
    expected = [distribution(planted, [words[t] for t in row]) for row in tokens]
    np.testing.assert_allclose(np.exp(log_softmax(logits)), expected, atol=1e-9)
