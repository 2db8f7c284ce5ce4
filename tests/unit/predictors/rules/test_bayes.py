"""The Bayes predictor against the generator, and the best linear model and the table made of both."""

import dataclasses

import numpy as np
import pytest

from handcraft.analysis.planted import evaluate_planted
from handcraft.config.base import SPLITS
from handcraft.config.corpus import BestLinear, Corpus, PlantedCorpus
from handcraft.config.model import Contexts, Variant
from handcraft.contexts.build import build_contexts
from handcraft.contexts.read import read_contexts
from handcraft.corpus import retrieve_corpus
from handcraft.corpus.planted.table import RULES
from handcraft.corpus.planted.writer import write_stories
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import read_csv, read_json, read_metadata, read_table, write_tensors
from handcraft.predictions import read_predictions
from handcraft.predictors.rules.bayes import find_rules, predict_bayes
from handcraft.rules.language import distribution
from handcraft.rules.tokens import bayes_log_probability
from handcraft.tokenizer.encode import TokenFiles, encode_corpus
from handcraft.tokenizer.tokens import Vocabulary
from handcraft.tokenizer.train import train_tokenizer

STORIES, SEED = 2000, 5


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A small planted corpus through the real road: tokenizer and the contexts of all groups."""
    root = tmp_path_factory.mktemp("planted")
    corpus = {s: root / f"{s}.parquet" for s in SPLITS}
    tokens = {s: TokenFiles(root / f"{s}.npy", root / f"{s}_starts.npy") for s in SPLITS}
    retrieve_corpus(
        Corpus(planted=PlantedCorpus(stories=STORIES)),
        seed=SEED,
        outputs=corpus,
        summary=root / "corpus.json",
    )
    train_tokenizer(corpus["train"], vocabulary=1024, output=root / "tokenizer.json")
    for split in SPLITS:
        encode_corpus(corpus[split], root / "tokenizer.json", **tokens[split]._asdict())
    for group, rules in RULES.items():
        for match in ("word", "token"):
            build_contexts(
                tokens,
                root / "tokenizer.json",
                variant=Variant(group, group, rules.candidates, match, "natural"),
                settings=Contexts(),
                seed=0,
                outputs={s: root / f"{group}.{match}.{s}.safetensors" for s in SPLITS},
                summary=root / f"{group}.{match}.json",
            )
    return root


@pytest.mark.parametrize("group", RULES)
def test_bayes_is_what_the_generator_drew_from(built, tmp_path, group):
    """Every whole-word occurrence in the tokens is a slot, with the generator's own probabilities."""
    test = built / f"{group}.word.test.safetensors"
    predict_bayes(
        test,
        built / "tokenizer.json",
        group=group,
        output=tmp_path / "bayes.parquet",
        title="Bayes (best possible)",
    )
    answers = read_predictions(tmp_path / "bayes.parquet")
    contexts = read_contexts(test)
    by_text = {story.text: story for story in write_stories(SEED, STORIES)}
    texts = read_table(built / "test.parquet")["text"].to_pylist()
    expected, labels = [], []
    for text in texts:
        story = by_text[text]
        for slot in story.slots:
            if slot.group == group:
                expected.append(distribution(RULES[group], story.pieces[: slot.place]))
                labels.append(slot.choice)
    # Every first slot has 16 pieces before it, so every slot is a context; both are in the order of the corpus.
    assert contexts.labels.tolist() == labels
    np.testing.assert_allclose(np.exp(answers.log_probability), expected, atol=1e-6)


@pytest.mark.parametrize("group", RULES)
def test_occurrences_in_the_tokens_are_slots(built, group):
    summary = read_json(built / f"{group}.word.json")["splits"]["train"]["candidates"]
    kept = set(read_table(built / "train.parquet")["text"].to_pylist())
    slots = [0] * 5
    for story in write_stories(SEED, STORIES):
        if story.text in kept:
            for slot in story.slots:
                slots[slot.choice] += slot.group == group
    assert [summary[word]["word"] for word in RULES[group].candidates] == slots


def test_token_matching_finds_more(built):
    """Words such as " orange" begin with a candidate's token."""
    counts = read_json(built / "conjunctions.token.json")["splits"]["train"]["candidates"]
    assert counts[" or"]["dropped_share"] > 0.03


def test_bayes_refuses_contexts_by_token(built, tmp_path):
    with pytest.raises(UserError, match="whole words only"):
        predict_bayes(
            built / "conjunctions.token.test.safetensors",
            built / "tokenizer.json",
            group="conjunctions",
            output=tmp_path / "x",
            title="Bayes (best possible)",
        )


def test_bayes_refuses_another_group(built, tmp_path):
    test = built / "conjunctions.word.test.safetensors"
    with pytest.raises(UserError, match="no rules are planted for 'colours'"):
        predict_bayes(
            test,
            built / "tokenizer.json",
            group="colours",
            output=tmp_path / "x",
            title="Bayes (best possible)",
        )
    with pytest.raises(UserError, match="rules are planted for"):
        predict_bayes(
            test,
            built / "tokenizer.json",
            group="pronouns",
            output=tmp_path / "x",
            title="Bayes (best possible)",
        )


def test_a_small_tokenizer_is_refused(built, tmp_path):
    train_tokenizer(built / "train.parquet", vocabulary=300, output=tmp_path / "tokenizer.json")
    with pytest.raises(UserError, match=r"not single tokens: .*' broken'"):
        find_rules("conjunctions", Vocabulary.read(tmp_path / "tokenizer.json"))


def test_contexts_with_split_words_are_refused(built):
    planted = find_rules("conjunctions", Vocabulary.read(built / "tokenizer.json"))
    tokens = read_contexts(built / "conjunctions.word.test.safetensors").tokens.copy()
    tokens[0, -8] = Vocabulary.read(built / "tokenizer.json").id_of("q")
    with pytest.raises(UserError, match="in 1 of"):
        bayes_log_probability(planted, tokens)
    with pytest.raises(UserError, match=r"contexts\.length"):
        bayes_log_probability(planted, tokens[:, -4:])


def _planted_weights(built, group):
    """A linear model that has exactly the table's linear rules."""
    planted = find_rules(group, Vocabulary.read(built / "tokenizer.json"))
    weight = np.zeros((16, 1024, 5), np.float32)
    for rule in planted.rules.linear:
        weight[16 - rule.distance, planted.ids[rule.word], planted.rules.candidates.index(rule.candidate)] = (
            rule.weight
        )
    return weight, np.array(planted.rules.base, np.float32)


def test_table_of_planted_rules(built, tmp_path):
    test, weights, best = {}, {}, {}
    for group in RULES:
        weight, bias = _planted_weights(built, group)
        test[group] = built / f"{group}.word.test.safetensors"
        best[group] = tmp_path / f"{group}.best.safetensors"
        write_tensors(best[group], {"weight": weight, "bias": bias}, {"contexts": 7, "l1": 0.0})
        weights[group] = tmp_path / f"{group}.safetensors"
        if group == "feelings":  # turn one rule around
            rule = RULES[group].linear[0]
            token = find_rules(group, Vocabulary.read(built / "tokenizer.json")).ids[rule.word]
            weight[16 - rule.distance, token] *= -1
        if group == "pronouns":  # a strong weight that nobody planted
            weight[0, 7, 1] = 9.0
        write_tensors(weights[group], {"weight": weight, "bias": bias})
    evaluate_planted(
        test,
        weights=weights,
        best=best,
        tokenizer=built / "tokenizer.json",
        pairs={},
        output=tmp_path / "planted.csv",
        rules=tmp_path / "rules.csv",
    )
    table = {row["group"]: row for row in read_csv(tmp_path / "planted.csv")}
    for group, rules in RULES.items():
        row = table[group]
        assert row["linear_rules"] - row["recovered"] == (group == "feelings")
        assert row["linear_rules"] == len(rules.linear)
        assert row["bayes_loss"] <= row["best_linear_loss"] < np.log(5)
        assert (row["bayes_loss"] == row["best_linear_loss"]) == rules.is_linear
        assert row["gap"] == pytest.approx(row["best_linear_loss"] - row["bayes_loss"])
        assert row["over_best"] == 0 or group in ("feelings", "pronouns")
        chance = int(group == "pronouns")
        inputs = {(rule.distance, rule.word) for rule in rules.linear}
        assert (row["kept"], row["kept_planted"]) == (len(inputs) + chance, len(inputs))
        assert len(inputs) <= row["looked_at"]
        # As many as rules look at: the one by chance is the strongest, and pushes one out where no place is left over.
        assert row["strongest_planted"] == min(len(inputs), row["looked_at"] - chance)
    found = read_csv(tmp_path / "rules.csv")
    comma = next(row for row in found if row["words"] == "," and row["group"] == "conjunctions")
    assert (comma["positions"], comma["distances"], comma["largest"]) == ("15", "1", " but")
    assert comma["weight"] == pytest.approx(2.0 * 4 / 5)
    assert {row["kind"] for row in found} == {"linear", "interaction", "noise"}


@pytest.mark.slow
def test_best_linear_is_fitted_on_fresh_contexts(built, tmp_path):
    from handcraft.analysis.best_linear import train_best_linear

    group = "auxiliaries"
    train = built / f"{group}.word.train.safetensors"
    settings = BestLinear(factor=2, l1=[1e-3, 3e-2], gap=0.01, max_iterations=300)
    for name in ("best", "again"):
        train_best_linear(
            {group: train},
            built / "tokenizer.json",
            settings=settings,
            seed=SEED,
            machine=Machine(),
            outputs={group: tmp_path / f"{name}.safetensors"},
        )
    metadata = read_metadata(tmp_path / "best.safetensors")
    assert metadata["contexts"] == pytest.approx(2 * len(read_contexts(train)), abs=2)
    assert metadata["l1"] == 1e-3
    assert metadata["gap"] <= 0.01
    assert metadata["candidates"] == list(RULES[group].candidates)
    assert (tmp_path / "best.safetensors").read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def test_rules_are_immutable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        RULES["conjunctions"].linear[0].weight = 1.0
