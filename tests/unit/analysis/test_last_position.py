"""The weights of one token at the last position."""

from pathlib import Path

import numpy as np
import pytest

from handcraft.analysis.last_position import last_position_weights
from handcraft.errors import UserError
from handcraft.tokenizer.tokens import Vocabulary
from tests.helpers.artifacts import WORDS, weights_file


def test_weights_are_those_of_the_token_centred(tmp_path: Path, small_tokenizer: Path) -> None:
    weight = np.zeros((2, 300, len(WORDS)))
    weight[-1, Vocabulary.read(small_tokenizer).id_of(",")] = [3, 0, 0]
    words, values = last_position_weights(
        weights_file(tmp_path / "weights.safetensors", weight), small_tokenizer, ","
    )
    assert words == list(WORDS)
    assert values.tolist() == [2, -1, -1]


def test_a_token_that_is_none_is_named_by_its_key(tmp_path: Path, small_tokenizer: Path) -> None:
    weights = weights_file(tmp_path / "weights.safetensors", np.zeros((2, 300, len(WORDS))))
    with pytest.raises(UserError) as caught:
        last_position_weights(weights, small_tokenizer, " xylophone")
    assert '" xylophone"' in caught.value.what
    assert "figures.tiles" in caught.value.where
    assert "candidate" not in str(caught.value)
