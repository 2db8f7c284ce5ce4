"""The planted corpus: what the generator draws, and that it is what the table says."""

import re
from collections import Counter
from itertools import islice

import numpy as np
import pytest

from handcraft.config.files import load_config
from handcraft.corpus.planted import stories
from handcraft.corpus.planted.page import planted_page
from handcraft.corpus.planted.table import RULES
from handcraft.corpus.planted.templates import FOLLOW, STAGES
from handcraft.corpus.planted.words import FAR_POOLS, POOLS
from handcraft.corpus.planted.writer import near_pieces, write_stories
from handcraft.rules.language import REACH, Interaction, distribution

CANDIDATES = {word for rules in RULES.values() for word in rules.candidates}


@pytest.fixture(scope="module")
def written():
    return list(write_stories(0, 3000))


def test_the_default_groups_are_the_planted_ones(root):
    groups = load_config(root / "config.yaml").groups
    assert {name: tuple(group.candidates) for name, group in groups.items()} == {
        name: rules.candidates for name, rules in RULES.items()
    }


def test_same_seed_same_stories_and_a_shorter_run_is_a_beginning():
    assert list(stories(3, 50))[:20] == list(stories(3, 20))
    assert list(stories(3, 20)) != list(stories(4, 20))


def test_stories_are_distinct(written):
    assert len({story.text for story in written}) == len(written)


@pytest.mark.parametrize("group", RULES)
def test_each_group_has_enough_rules(group):
    rules = RULES[group]
    assert len(rules.linear) >= 6
    assert len(rules.interactions) >= 2 or rules.is_linear
    assert all(0.5 <= abs(rule.weight) <= 4 for rule in rules.linear)
    assert any(rule.weight < 0 for rule in rules.linear)
    assert len({rule.distance for rule in rules.linear}) >= 3
    assert len({(rule.word, rule.distance) for rule in rules.linear}) == len(rules.linear)
    assert len(rules.base) == len(rules.candidates)
    distances = [rule.distance for rule in rules.linear]
    if rules.noise:
        assert len(rules.noise.rates) == len(rules.candidates)
        assert sum(rules.noise.rates) == pytest.approx(1)
        distances.append(rules.noise.distance)
    for pair in rules.interactions:
        distances += [pair.distance, pair.other_distance]
        assert len(pair.plus) == len(pair.minus)
        assert len(pair.other_plus) == len(pair.other_minus)
    assert max(distances) <= REACH


def test_one_group_is_linear():
    assert [group for group, rules in RULES.items() if rules.is_linear] == ["prepositions"]


def test_the_published_pictures_are_planted():
    planted = {
        (rule.word, rule.distance, rule.candidate) for rule in RULES["conjunctions"].linear if rule.weight > 0
    }
    assert {(",", 1, " but"), (" was", 1, " so")} <= planted


def test_no_template_writes_a_candidate_out():
    texts = [text for stage in STAGES for options in stage for text in options]
    texts += [text for by_word in FOLLOW.values() for options in by_word.values() for text in options]
    words = [word for pool in POOLS.values() for word in pool]
    written_out = Counter(
        word for text in texts for word in re.findall(r"[A-Za-z]+", re.sub(r"[<{].*?[>}]", "", text))
    )
    assert not {word.strip() for word in CANDIDATES} & {*written_out, *words}


def test_whole_word_candidates_are_the_slots(written):
    for story in written[:1000]:
        places = {slot.place: RULES[slot.group].candidates[slot.choice] for slot in story.slots}
        assert places == {i: piece for i, piece in enumerate(story.pieces) if piece in CANDIDATES}
        for word in re.findall(r"\b[a-z]+\b", story.text):
            if f" {word}" in CANDIDATES:
                assert f" {word}" in places.values()


def test_every_continuation_answers_every_candidate():
    for by_word in FOLLOW.values():
        assert any(set(by_word) == set(rules.candidates) for rules in RULES.values())


def test_no_rare_word_within_reach_of_a_slot(written):
    near = near_pieces()
    far = {" " + word for pool in FAR_POOLS for word in POOLS[pool]}
    assert not near & far
    for story in written:
        assert story.slots[0].place >= 16
        for slot in story.slots:
            assert near.issuperset(story.pieces[slot.place - REACH : slot.place])


def test_choices_follow_the_table(written):
    """Within each group, observed minus expected counts are no larger than chance makes them."""
    for group, rules in RULES.items():
        observed, expected, variance = (np.zeros(5) for _ in range(3))
        for story in written:
            for slot in story.slots:
                if slot.group == group:
                    p = distribution(rules, story.pieces[: slot.place])
                    observed[slot.choice] += 1
                    expected += p
                    variance += p * (1 - p)
        assert (abs(observed - expected) < 4.5 * np.sqrt(variance)).all()


def test_every_rule_is_met_often(written):
    for group, rules in RULES.items():
        slots = [(s.pieces, slot.place) for s in written for slot in s.slots if slot.group == group]
        for rule in rules.linear:
            assert sum(pieces[at - rule.distance] == rule.word for pieces, at in slots) > 0.009 * len(
                slots
            ), rule
        if rules.noise:
            noisy = sum(pieces[at - rules.noise.distance] == rules.noise.word for pieces, at in slots)
            assert noisy > 0.01 * len(slots)


def test_interactions_give_no_linear_signal(written):
    """Given one word of the pair, the other's set is a fair coin."""
    for group, rules in RULES.items():
        for pair in rules.interactions:
            counts = Counter(
                signs
                for story in written
                for slot in story.slots
                if slot.group == group and (signs := _signs(pair, story.pieces, slot.place))
            )
            total = sum(counts.values())
            assert total > 200
            for signs in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
                assert abs(counts[signs] - total / 4) < 5 * np.sqrt(total * 3 / 16), (pair, counts)


def _signs(pair: Interaction, pieces: list[str], at: int) -> tuple[int, int] | None:
    first, second = pieces[at - pair.distance], pieces[at - pair.other_distance]
    a = (first in pair.plus) - (first in pair.minus)
    b = (second in pair.other_plus) - (second in pair.other_minus)
    return (a, b) if a and b else None


def test_distribution_by_hand():
    rules = RULES["conjunctions"]
    base = np.exp(rules.base) / np.exp(rules.base).sum()
    np.testing.assert_allclose(distribution(rules, []), base)
    odds = distribution(rules, [","])[1] / distribution(rules, [","])[0]
    assert np.log(odds * base[0] / base[1]) == pytest.approx(2.0)
    np.testing.assert_allclose(distribution(rules, [" perhaps", "", "", "", "", ","]), rules.noise.rates)


def test_page_is_up_to_date(root):
    assert (root / "docs" / "planted.md").read_text(encoding="utf-8") == planted_page(), "run `make schema`"


def test_first_stories_begin_as_stories_do():
    assert all(re.match(r"[A-Z]", text) and text[-1] in '.!"' for text in islice(stories(1, 200), 200))
