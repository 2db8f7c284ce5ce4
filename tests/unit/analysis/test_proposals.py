"""Proposals: on the planted corpus the first ones are its rules, and without anything to find there are none."""

import json
from pathlib import Path

import numpy as np
import pytest

from handcraft.analysis.find_rules import Inputs, Outputs, find_rules
from handcraft.analysis.planted_proposals import evaluate_planted_proposals
from handcraft.analysis.proposals import PATIENCE, PRICES, Base, Proposer, in_words, set_name
from handcraft.config.base import SPLITS
from handcraft.config.corpus import Corpus, PlantedCorpus
from handcraft.config.model import Contexts, Evaluation, Proposals, Variant
from handcraft.config.predictors import Linear
from handcraft.contexts.build import build_contexts
from handcraft.contexts.read import read_contexts
from handcraft.corpus import retrieve_corpus
from handcraft.corpus.planted.table import RULES
from handcraft.device import Machine
from handcraft.evaluation.rules_curve import evaluate_rules_curve
from handcraft.files import read_csv, read_tensors, write_csv
from handcraft.math import class_rates, context_losses, log_softmax
from handcraft.predictions import write_predictions
from handcraft.predictors.rules.people import read_model
from handcraft.rules.files import Rule, read_rules, spelled
from handcraft.rules.language import GroupRules
from handcraft.rules.match import fires_matrix
from handcraft.tokenizer.encode import TokenFiles, encode_corpus
from handcraft.tokenizer.tokens import Vocabulary
from handcraft.tokenizer.train import train_tokenizer

GROUPS = ("conjunctions", "prepositions")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The planted corpus of the default config: tokenizer, and contexts of two groups."""
    root = tmp_path_factory.mktemp("proposals")
    corpus = {s: root / f"{s}.parquet" for s in SPLITS}
    tokens = {s: TokenFiles(root / f"{s}.npy", root / f"{s}_starts.npy") for s in SPLITS}
    retrieve_corpus(
        Corpus(planted=PlantedCorpus(stories=4000)), seed=0, outputs=corpus, summary=root / "corpus.json"
    )
    train_tokenizer(corpus["train"], vocabulary=1024, output=root / "tokenizer.json")
    for split in SPLITS:
        encode_corpus(corpus[split], root / "tokenizer.json", **tokens[split]._asdict())
    for group in GROUPS:
        build_contexts(
            tokens,
            root / "tokenizer.json",
            variant=Variant(group, group, RULES[group].candidates, "word", "natural"),
            settings=Contexts(),
            seed=0,
            outputs={s: root / f"{group}.{s}.safetensors" for s in SPLITS},
            summary=root / f"{group}.json",
        )
    return root


def inputs_of(built: Path, group: str) -> Inputs:
    path = built / f"{group}.path.csv"
    rows = [{"l1": 2e-2, "nonzeros": 2, "chosen": 0}, {"l1": 4e-3, "nonzeros": 9, "chosen": 1}]
    write_csv(path, [*rows, {"l1": 1e-3, "nonzeros": 99, "chosen": 0}])
    contexts = {s: built / f"{group}.{s}.safetensors" for s in SPLITS}
    return Inputs(**contexts, tokenizer=built / "tokenizer.json", path=path)


def proposals(built: Path, group: str) -> tuple[list[Rule], dict[str, list[str]], list[dict]]:
    outputs = Outputs(*(built / f"{group}.{name}" for name in ("csv", "yaml", "curve")))
    settings = Proposals(count=100)
    find_rules(
        inputs_of(built, group),
        settings=settings,
        linear=Linear(),
        seed=0,
        machine=Machine(),
        outputs=outputs,
    )
    read, _ = read_rules(outputs.file)
    return read.rules, read.sets, read_csv(outputs.table)


def linear_rules(planted: GroupRules) -> set[tuple[str, int, str, int]]:
    return {(r.word, -r.distance, r.candidate, int(np.sign(r.weight))) for r in planted.linear}


def quadrants(planted: GroupRules) -> set[object]:
    """Every combination of an interaction's sets, with its candidate and sign."""
    found = set()
    for r in planted.interactions:
        for words, a in ((r.plus, 1), (r.minus, -1)):
            for others, b in ((r.other_plus, 1), (r.other_minus, -1)):
                sides = frozenset({(-r.distance, frozenset(words)), (-r.other_distance, frozenset(others))})
                found.add((sides, r.candidate, a * b))
    return found


def words_of(condition, sets: dict[str, list[str]]) -> frozenset[str]:
    return frozenset(map(spelled, [condition.token] if condition.token else sets[condition.members]))


def test_the_first_proposals_are_the_planted_rules_interactions_included(built: Path) -> None:
    planted = RULES["conjunctions"]
    rules, sets, rows = proposals(built, "conjunctions")
    assert planted.noise
    marker = (frozenset({planted.noise.word}), -planted.noise.distance)
    votes, pairs, noise = set(), set(), 0
    for rule in rules[:16]:
        candidate, nats = next(iter(rule.push.items()))
        end = (spelled(candidate), int(np.sign(nats)))
        conditions = [rule.when, *rule.also]
        assert all(c.position.first == c.position.last for c in conditions), (
            "a planted rule looks at one place"
        )
        if len(conditions) == 2:
            pairs.add((frozenset((c.position.first, words_of(c, sets)) for c in conditions), *end))
        elif (words_of(rule.when, sets), rule.when.position.first) == marker:
            noise += 1
        else:
            votes |= {(word, rule.when.position.first, *end) for word in words_of(rule.when, sets)}
        assert rule.proposed
    # Every one of them is in the table, sets of the interactions word by word.
    assert votes <= linear_rules(planted)
    assert pairs <= quadrants(planted)
    assert len(votes) >= 9
    assert len(pairs) >= 3
    assert noise <= 3
    assert rows[0]["rule"] == "was at -1"
    strength = {(r.when.token, r.when.position.first): r.push for r in rules}
    assert strength["was", -1]["so"] == pytest.approx(3.5, abs=0.4)


def test_a_group_of_linear_rules_gets_single_places_and_hardly_a_pair(built: Path) -> None:
    rules, sets, _ = proposals(built, "prepositions")
    first = [
        (word, r.when.position.first, spelled(c), int(np.sign(nats)))
        for r in rules[:10]
        for word in words_of(r.when, sets)
        for c, nats in r.push.items()
    ]
    assert set(first) <= linear_rules(RULES["prepositions"])
    assert sum(bool(r.also) for r in rules) <= 1


def test_proposals_as_a_file_are_the_model_that_was_fitted(built: Path) -> None:
    _, _, rows = proposals(built, "conjunctions")
    inputs = inputs_of(built, "conjunctions")
    training, asked = read_contexts(inputs.train), read_contexts(inputs.test)
    read = read_model(built / "conjunctions.yaml", inputs.tokenizer, training)
    logits = read.written.logits(fires_matrix(read.rules, asked.tokens))
    curve = read_tensors(built / "conjunctions.curve")
    loss = context_losses(log_softmax(logits), asked.labels).mean()
    assert loss == pytest.approx(curve["proposals"][-1].mean(), abs=1e-3)
    assert curve["size"].tolist()[-1] == len(rows) == (read.written.weight != 0).sum()
    # Two steps that push two candidates in the same contexts are one rule of the file.
    assert len(read.rules) < len(rows)
    # More rules are better, and no rule is the candidates' shares.
    assert (np.diff(curve["proposals"].mean(1)) < 0.002).all()
    shares = -np.log(class_rates(training.labels, 5))[asked.labels].mean()
    assert curve["proposals"][0].mean() == pytest.approx(shares, abs=1e-4)
    assert curve["weights"].tolist()[0] == 0
    assert len(curve["weights"]) == 3
    assert curve["path"][0].mean() == pytest.approx(shares, abs=1e-4)
    for row in rows:
        right, wrong = json.loads(row["examples"]), json.loads(row["wrong"])
        assert len(right) <= 3
        assert len(wrong) <= 3
        assert row["seen"] > 0
        assert row["z"] > 1.28


def test_the_curve_is_plain_means(built: Path, tmp_path: Path) -> None:
    proposals(built, "prepositions")
    inputs = inputs_of(built, "prepositions")
    asked = read_contexts(inputs.test)
    shares = np.tile(np.log(class_rates(asked.labels, 5)), (len(asked), 1))
    linear = tmp_path / "linear.parquet"
    write_predictions(linear, log_softmax(shares), predictor="linear", title="x", candidates=asked.candidates)
    evaluate_rules_curve(
        built / "prepositions.curve",
        inputs.test,
        linear,
        files=[],
        settings=Evaluation(bootstrap=100),
        seed=0,
        output=tmp_path / "curve.csv",
    )
    rows = read_csv(tmp_path / "curve.csv")
    curve = read_tensors(built / "prepositions.curve")
    own = [r for r in rows if r["kind"] == "proposals"]
    np.testing.assert_allclose([r["loss"] for r in own], curve["proposals"].mean(1), rtol=1e-6)
    np.testing.assert_allclose(
        [r["gain"] for r in own], own[0]["loss"] - curve["proposals"].mean(1), atol=1e-6
    )
    level = context_losses(log_softmax(shares), asked.labels).mean()
    np.testing.assert_allclose([r["loss"] - r["difference"] for r in rows], level, rtol=1e-6)
    assert all(r["low"] <= r["gain"] <= r["high"] for r in rows)


def test_the_same_proposals_again(built: Path) -> None:
    proposals(built, "prepositions")
    before = [(built / f"prepositions.{name}").read_bytes() for name in ("csv", "yaml", "curve")]
    proposals(built, "prepositions")
    assert [(built / f"prepositions.{name}").read_bytes() for name in ("csv", "yaml", "curve")] == before


def proposer(built: Path, base: Base | None = None, count: int = 8) -> Proposer:
    inputs = inputs_of(built, "prepositions")
    training, held_out = read_contexts(inputs.train), read_contexts(inputs.validation)
    vocabulary = Vocabulary.read(inputs.tokenizer)
    return Proposer(training, held_out, vocabulary, settings=Proposals(count=count), seed=0, base=base)


def test_what_the_file_says_already_is_not_proposed_again(built: Path) -> None:
    alone = proposer(built)
    places = [p.rule.place for p in alone.run()]
    rules = [p.rule for p in alone.found]
    logits = [
        alone.model.logits(fires_matrix(rules, tokens)) for tokens in (alone.tokens, alone.held_out.tokens)
    ]
    after = proposer(built, Base(rules, *logits), count=4)
    assert not {p.rule.place for p in after.run()} & set(places)
    # What is there stays as it is.
    np.testing.assert_allclose(after.model.start, 0, atol=1e-9)


def test_labels_that_nothing_tells_give_no_rules(built: Path) -> None:
    inputs = inputs_of(built, "prepositions")
    training, held_out = read_contexts(inputs.train), read_contexts(inputs.validation)
    random = np.random.default_rng(0)
    for contexts in (training, held_out):
        random.shuffle(contexts.labels)
    found = list(
        Proposer(
            training, held_out, Vocabulary.read(inputs.tokenizer), settings=Proposals(count=20), seed=0
        ).run()
    )
    assert len(found) <= 2


def test_sets_get_names_that_differ() -> None:
    sets: dict[str, list[str]] = {}
    assert set_name(["was", "is"], sets) == "was or is"
    assert set_name(["is", "was"], sets) == "was or is"
    many = [set_name([",", "a", "b", "c", end], sets) for end in "def"]
    assert many == ["a or 4 more", "a or 4 more (2)", "a or 4 more (3)"]


def test_only_tokens_that_a_file_can_name_are_proposed(built: Path) -> None:
    vocabulary = Vocabulary.read(built / "tokenizer.json")
    fit = vocabulary.is_text
    assert not fit[0]
    assert fit[vocabulary.id_of(" was")]
    assert fit[vocabulary.id_of("\n")]
    assert not any(fit[i] for i, piece in enumerate(vocabulary.pieces) if piece in (b"\xe2", b"\x07"))
    alone = proposer(built, count=3)
    for i, proposal in enumerate(alone.run()):
        rule = in_words(proposal, vocabulary, RULES["prepositions"].candidates, 0.5 * (i - 1), {})
        assert all(nats != 0 for nats in rule.push.values())


def test_proposals_are_held_against_the_table(built: Path, tmp_path: Path) -> None:
    proposals(built, "conjunctions")
    (tmp_path / "none.yaml").write_text("# no rule was found\n")
    files = {"conjunctions": built / "conjunctions.yaml", "feelings": tmp_path / "none.yaml"}
    evaluate_planted_proposals(files, output=tmp_path / "planted.csv")
    first, none = read_csv(tmp_path / "planted.csv")
    assert first["proposed_planted"] >= 0.85 * first["proposed"]
    assert (first["linear_rules"], first["interactions"]) == (12, 2)
    assert first["recovered"] >= 9
    assert first["interactions_found"] == 2
    assert (none["proposed"], none["recovered"], none["interactions_found"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("rule", "counts"),
    [
        ("{token: was, position: -1}\n    push: {so: 1}", (1, 1, 0)),
        ("{token: was, position: -1}\n    push: {so: -1}", (0, 0, 0)),
        ("{token: was, position: -2 to -1}\n    push: {so: 1}", (0, 0, 0)),
        ("{set: x, position: -2}\n    push: {and: 1}", (0, 0, 0)),
        ("{token: happy, position: -2}\n    push: {and: 1, so: 1}", (0, 0, 0)),
        ("{token: perhaps, position: -6}\n    push: {and: 1, so: 1}", (1, 0, 0)),
        ("{token: red, position: -3}\n    and: {set: x, position: -2}\n    push: {and: 1}", (0, 0, 0)),
        ("{token: red, position: -3}\n    and: {set: y, position: -2}\n    push: {and: 1}", (1, 0, 1)),
        ("{token: red, position: -3}\n    and: {set: y, position: -2}\n    push: {and: -1}", (0, 0, 0)),
        ("{token: red, position: -3}\n    and: {token: cup, position: -2}\n    push: {and: -1}", (1, 0, 1)),
    ],
)
def test_a_rule_is_planted_only_if_all_that_it_says_is(
    tmp_path: Path, rule: str, counts: tuple[int, int, int]
) -> None:
    sets = "sets: {x: [happy, hat], y: [hat, box]}\n"
    used = "".join(
        f"  - when: {{set: {name}, position: -9}}\n    push: {{or: 1}}\n    why: x\n" for name in "xy"
    )
    path = tmp_path / "rules.yaml"
    path.write_text(f"by: x\n{sets}rules:\n  - when: {rule}\n    why: x\n{used}")
    evaluate_planted_proposals({"conjunctions": path}, output=tmp_path / "planted.csv")
    (row,) = read_csv(tmp_path / "planted.csv")
    assert (row["proposed_planted"], row["recovered"], row["interactions_found"]) == counts


def test_the_search_ends_where_validation_contexts_confirm_nothing(built: Path) -> None:
    inputs = inputs_of(built, "prepositions")
    training, held_out = read_contexts(inputs.train), read_contexts(inputs.validation)
    np.random.default_rng(0).shuffle(held_out.labels)
    search = Proposer(
        training, held_out, Vocabulary.read(inputs.tokenizer), settings=Proposals(p=1e-9), seed=0
    )
    assert list(search.run()) == []
    assert 1 <= search.rejected <= len(PRICES) * (PATIENCE + 5)
