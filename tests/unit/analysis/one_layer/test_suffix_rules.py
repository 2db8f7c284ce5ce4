"""Rules of last tokens: known rules come back, noise has none, and the longest rule answers."""

from pathlib import Path

import numpy as np

from handcraft.analysis.one_layer.suffix_rules import evaluate_suffix_rules, find_suffix_rules
from handcraft.config.model import Evaluation
from handcraft.files import read_csv
from tests.helpers.artifacts import tokenizer_file
from tests.helpers.one_layer import LENGTH, VOCABULARY, copying_stories, random_model, save_model, token_files


def test_planted_rules_are_found_shorter_ones_first_and_the_longest_answers() -> None:
    random = np.random.default_rng(0)
    tokens = random.integers(0, VOCABULARY, (4000, LENGTH))
    said = np.full(4000, 1)
    said[tokens[:, -1] == 3] = 4
    said[(tokens[:, -1] == 3) & (tokens[:, -2] == 7)] = 9
    rules = find_suffix_rules(tokens, said, VOCABULARY)
    found = {tuple(rules.tokens(i)): int(rules.output[i]) for i in range(len(rules.key))}
    assert found == {(): 1, (3,): 4, (7, 3): 9}
    assert list(rules.gain) == sorted(rules.gain, reverse=True)
    assert (rules.answer(tokens, len(rules.key)) == said).all()
    assert (rules.answer(tokens, 1) == 1).all()
    assert (rules.answer(tokens, 0) == -1).all()
    assert rules.seen[[tuple(rules.tokens(i)) for i in range(3)].index((3,))] == (tokens[:, -1] == 3).sum()


def test_of_noise_rules_do_no_better_than_the_commonest_answer_on_new_contexts() -> None:
    random = np.random.default_rng(1)
    tokens, fresh = random.integers(0, VOCABULARY, (2, 3000, LENGTH))
    said, later = random.choice(VOCABULARY, (2, 3000), p=[0.3, *[0.7 / (VOCABULARY - 1)] * (VOCABULARY - 1)])
    rules = find_suffix_rules(tokens, said, VOCABULARY)
    assert (rules.answer(fresh, len(rules.key)) == later).mean() < 0.33


def test_the_curve_is_of_test_windows_and_counts_agreement_and_accuracy(tmp_path: Path) -> None:
    model = save_model(tmp_path / "model.safetensors", random_model())
    files = {s: token_files(tmp_path, s, copying_stories(150, i)) for i, s in enumerate(("train", "test"))}
    tokenizer = tokenizer_file(tmp_path / "tokenizer.json", ["he came and went "] * 9, 262)
    outputs = (tmp_path / "curve.csv", tmp_path / "rules.csv")
    settings = Evaluation(bootstrap=100)
    evaluate_suffix_rules(model, tokenizer, files, settings=settings, seed=0, outputs=outputs)
    curve = read_csv(outputs[0])
    assert [r["size"] for r in curve][:3] == [1, 2, 5]
    assert curve[-1]["agreement"] > curve[0]["agreement"]
    assert all(r["agreement_low"] <= r["agreement"] <= r["agreement_high"] for r in curve)
    assert curve[0]["n"] == 150 * (12 - LENGTH)
    assert read_csv(outputs[1])[0]["step"] == 1
