"""The words that a config names are single tokens: all are checked at once, as soon as there is a tokenizer."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from handcraft.files import write_json
from handcraft.tokenizer.tokens import Vocabulary, not_single_tokens

TILES = "figures.tiles"
"""The config key that has words where the user gave none."""


def check_words(tokenizer: Path, *, words: Mapping[str, Sequence[str]], output: Path) -> None:
    """Check that all words of the config are single tokens, and write the token of each.

    words: by the config key that has them (`groups.pets`, `figures.tiles`). output: JSON, {key: {word: token}}.
    Raises one `UserError` that lists every wrong word with its key, how it is tokenized, and the nearest tokens.
    """
    vocabulary = Vocabulary.read(tokenizer)
    tokens = {key: {word: vocabulary.token_of(word) for word in own} for key, own in words.items()}
    wrong = [(key, word) for key, own in tokens.items() for word, token in own.items() if token is None]
    if wrong:
        keys = list(dict.fromkeys(key for key, _ in wrong))
        raise not_single_tokens(
            [f"{key}: {vocabulary.refusal(word)}" for key, word in wrong],
            where=f"config: {', '.join(keys)}",
            hint=f"; the default of {TILES} is for English, and [] draws no tiles" if TILES in keys else "",
        )
    write_json(output, tokens)
