"""The opening picture, the path's shares and the first rules: what they read, recomputed in plain loops."""

import math
from pathlib import Path

import numpy as np
import pytest

from handcraft.analysis.first_rules import ENOUGH, choose_penalty, find_first_rules
from handcraft.analysis.opening import read_opening
from handcraft.analysis.path import share_at, shares_of_gain
from handcraft.config.predictors import Linear
from handcraft.device import Machine
from handcraft.figures import opening
from handcraft.figures.style import WIDTH
from handcraft.files import read_csv, read_tensors
from handcraft.tokenizer.tokens import Vocabulary
from tests.helpers.artifacts import contexts_file, last_token_decides, weights_file
from tests.helpers.figures import drawn
from tests.helpers.linear import linear_outputs, train_small

LENGTH = 4


def linear_model(folder: Path, vocabulary: int) -> tuple[Path, np.ndarray]:
    weight = np.random.default_rng(1).normal(size=(LENGTH, vocabulary, 3)).astype(np.float32)
    return weights_file(folder / "w.safetensors", weight), weight


def test_a_sentence_is_read_from_its_end(tmp_path: Path, small_tokenizer: Path) -> None:
    vocabulary = Vocabulary.read(small_tokenizer)
    weights, weight = linear_model(tmp_path, len(vocabulary))
    bias = read_tensors(weights)["bias"]
    for text in ("the cat and the dog sat in the day", "the cat", "the cat "):
        found = read_opening(weights, small_tokenizer, sentence=text, validation=None)
        assert found is not None
        ids = vocabulary.encode(text.strip())
        tokens = ids[-LENGTH:]
        z = [
            float(bias[k]) + sum(float(weight[LENGTH - len(tokens) + i, t, k]) for i, t in enumerate(tokens))
            for k in range(3)
        ]
        total = sum(map(math.exp, z))
        assert found.probability == pytest.approx([math.exp(x) / total for x in z])
        assert found.cut == (len(ids) > LENGTH)
        assert "".join(found.pieces) == vocabulary.decode(tokens)
        row = weight[LENGTH - 1, tokens[-1]].astype(float)
        assert found.pushes[-1] == pytest.approx(row - row.mean())
        assert found.answer is None


def test_a_context_is_one_that_is_answered_right_against_the_odds(
    tmp_path: Path, small_tokenizer: Path
) -> None:
    vocabulary = len(Vocabulary.read(small_tokenizer))
    weight = np.zeros((LENGTH, vocabulary, 3), np.float32)
    weight[-1, :, 0], weight[-1, 7] = 1, [0, 5, 0]
    weights = weights_file(tmp_path / "w.safetensors", weight)
    tokens = np.full((5, LENGTH), 9)
    tokens[[1, 3], -1] = 7
    for labels, row in (([0, 0, 0, 1, 0], 3), ([0, 1, 0, 1, 0], 1), ([0, 0, 0, 0, 0], None)):
        held_out = contexts_file(tmp_path / "c.safetensors", tokens, np.array(labels), vocabulary)
        found = read_opening(weights, small_tokenizer, sentence=" ", validation=held_out)
        assert (found is None) == (row is None)
        if found is not None:
            assert found.answer == found.chosen == 1


def test_the_picture_has_the_sentence_the_tiles_and_the_answer(
    tmp_path: Path, small_tokenizer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, _ = linear_model(tmp_path, len(Vocabulary.read(small_tokenizer)))
    found = read_opening(weights, small_tokenizer, sentence="the cat and", validation=None)
    assert found is not None
    figure = drawn(monkeypatch, opening, lambda: opening.draw_opening(found, output=tmp_path))
    texts = [text.get_text() for text in figure.axes[0].texts]
    word = found.candidates[found.chosen].strip()
    assert "".join(texts[: len(found.pieces)]) == "".join(found.pieces).replace(" ", "")
    assert texts[len(found.pieces)] == word
    assert [f"{x:+.2f}".replace("-", "−") in texts for x in found.pushes[-1]] == [True] * 3
    assert all(f"{100 * x:.0f} %" in texts or x < 0.005 for x in found.probability)


def test_where_there_is_nothing_to_show_the_picture_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figure = drawn(monkeypatch, opening, lambda: opening.draw_opening(None, output=tmp_path))
    assert [text.get_text() for text in figure.texts] == ["no context to show"]


def test_lines_are_as_wide_as_the_figure_and_lose_no_piece() -> None:
    pieces = ["The", " cat", " and", " the", " gr", "ump", "y", " hedge", "hog", ",", " $x", "|_"] * 3
    lines = opening.lay_out(pieces, "so")
    flat = [part for line in lines for part in line]
    assert [i for *_, i in flat] == [*range(len(pieces)), -1]
    assert len(lines) > 1
    for line in lines:
        x, width, *_ = line[-1]
        assert x + width <= WIDTH
        assert not line[0][2].startswith(" ")
    # No line begins inside a word.
    assert all(pieces[line[0][3]].startswith((" ", "The")) for line in lines if line[0][3] >= 0)


LOSSES = (
    (0.1, 0, 0.9),
    (0.03, 8, 0.7),
    (0.02, 8, 0.6),
    (0.01, 20, 0.5),
    (0.001, 300, 0.4),
    (1e-4, 900, 0.45),
)
PATH = [
    {"l1": l1, "nonzeros": n, "validation_loss": loss, "chosen": int(n == 300), "sparser": int(n == 20)}
    for l1, n, loss in LOSSES
]


def test_shares_are_of_the_chosen_models_gain_and_end_there() -> None:
    assert shares_of_gain(PATH) == [(0, 0), (8, pytest.approx(0.6)), (20, pytest.approx(0.8)), (300, 1)]
    assert share_at(PATH, 0.03) == pytest.approx(0.4)
    assert share_at(PATH, 1e-4) is None
    assert share_at(PATH, 5.0) is None
    assert shares_of_gain([r | {"validation_loss": 0.9} for r in PATH]) == []
    assert shares_of_gain(PATH[1:]) == []
    assert shares_of_gain([]) == []


def test_the_first_rules_are_those_of_a_strong_penalty(tmp_path: Path, small_tokenizer: Path) -> None:
    """Of contexts whose last token decides, every rule is about the last token and on the right word."""
    train = contexts_file(tmp_path / "train.safetensors", *last_token_decides(900, 0))
    held_out = contexts_file(tmp_path / "held_out.safetensors", *last_token_decides(900, 1))
    outputs = linear_outputs(tmp_path)
    train_small(train, held_out, outputs, [0.1, 0.02, 1e-3])
    output = tmp_path / "rules.csv"
    find_first_rules(
        train, outputs.path, small_tokenizer, settings=Linear(gap=1e-4), machine=Machine(), output=output
    )
    rows, path = read_csv(output), read_csv(outputs.path)
    own = next(r for r in path if r["l1"] == rows[0]["l1"])
    assert len(rows) == own["nonzeros"] >= ENOUGH
    assert rows[0]["l1"] == max(r["l1"] for r in path if r["nonzeros"] >= ENOUGH)
    assert {r["position"] for r in rows if r["weight"] > 0.1} == {-1}
    worth = [r["weight"] ** 2 * r["seen"] for r in rows]
    assert worth == sorted(worth, reverse=True)
    vocabulary = Vocabulary.read(small_tokenizer)
    words = [" and", " but", " so"]
    shown = [vocabulary.show(t) for t in range(12)]
    for r in rows[:4]:
        assert (r["weight"] > 0) == (words.index(r["candidate"]) == shown.index(r["token"]) % 3)


def test_where_no_penalty_leaves_enough_the_smallest_is_taken() -> None:
    assert choose_penalty(PATH[:1]) == 0.1
    assert choose_penalty(PATH) == 0.03
    few = [{"l1": 0.2, "nonzeros": 0}, {"l1": 0.1, "nonzeros": 3}]
    assert choose_penalty(few) == 0.1
