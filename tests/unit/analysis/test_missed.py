"""What a rule file leaves, by the input of the linear model that speaks most for the right word."""

from pathlib import Path

import numpy as np

from handcraft.analysis.missed import format_missed, missed
from handcraft.contexts.read import read_contexts
from handcraft.tokenizer.tokens import Vocabulary
from tests.helpers.artifacts import contexts_file, tokenizer_file, weights_file


def test_contexts_that_linear_knows_are_grouped_by_their_strongest_input(tmp_path: Path) -> None:
    story = "The cat was here, and it was so big."
    vocabulary = Vocabulary.read(tokenizer_file(tmp_path / "tokenizer.json", [story] * 30, 278))
    was, it, cat, comma = vocabulary.require([" was", " it", " cat", ","])
    weight = np.zeros((2, 278, 3))
    weight[1, was, 2], weight[0, it, 1], weight[1, comma, 1] = 3, 2, 1
    tokens = np.array([[cat, was], [it, was], [it, cat], [it, comma], [cat, was], [cat, comma]])
    labels = np.array([2, 2, 1, 1, 0, 1])
    contexts = read_contexts(contexts_file(tmp_path / "c.safetensors", tokens, labels, 278))
    # Rules that always answer the first word, but for the last context.
    logits = np.tile([1.0, 0, 0], (6, 1))
    logits[5] = [0, 1, 0]
    found = missed(logits, contexts, weights_file(tmp_path / "w.safetensors", weight), vocabulary)
    assert [(m.token, m.position, m.candidate, m.count) for m in found] == [
        ("it", -2, "but", 2),
        ("was", -1, "so", 2),
    ]
    assert found[1].example == " cat was"
    assert "4 validation contexts are wrong" in format_missed(found, 1)
    assert "was" not in format_missed(found, 1).split("most speaks")[1]
    assert missed(np.eye(3)[labels], contexts, tmp_path / "w.safetensors", vocabulary) == []
