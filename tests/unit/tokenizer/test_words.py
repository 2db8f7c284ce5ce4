"""All words of a config at once: each wrong one with its key and the nearest tokens."""

from pathlib import Path

import pytest

from handcraft.errors import UserError
from handcraft.files import read_json
from handcraft.tokenizer.tokens import Vocabulary
from handcraft.tokenizer.words import TILES, check_words


def test_words_are_written_with_their_tokens_by_key(tmp_path: Path, small_tokenizer: Path) -> None:
    output = tmp_path / "words.json"
    check_words(small_tokenizer, words={"groups.a": ["a", "b"], TILES: [","]}, output=output)
    vocabulary = Vocabulary.read(small_tokenizer)
    ids = {word: vocabulary.id_of(word) for word in ("a", "b", ",")}
    assert read_json(output) == {"groups.a": {"a": ids["a"], "b": ids["b"]}, TILES: {",": ids[","]}}


def test_all_wrong_words_of_all_keys_are_listed(tmp_path: Path, small_tokenizer: Path) -> None:
    words = {"groups.a": [" sat", " xylophone"], "groups.b": ["zebra", ","], TILES: [" quokka"]}
    with pytest.raises(UserError) as caught:
        check_words(small_tokenizer, words=words, output=tmp_path / "words.json")
    listed = [line for line in caught.value.what.splitlines() if line.startswith("  - ")]
    assert [line.split(" is ")[0] for line in listed] == [
        '  - groups.a: " xylophone"',
        '  - groups.b: "zebra"',
        f'  - {TILES}: " quokka"',
    ]
    assert all("nearest single tokens: " in line for line in listed)
    assert caught.value.where == f"config: groups.a, groups.b, {TILES}"
    assert TILES in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_the_remedy_speaks_of_tiles_only_where_one_is_wrong(tmp_path: Path, small_tokenizer: Path) -> None:
    words = {"groups.a": [" xylophone"], TILES: [","]}
    with pytest.raises(UserError) as caught:
        check_words(small_tokenizer, words=words, output=tmp_path / "words.json")
    assert TILES not in str(caught.value)
