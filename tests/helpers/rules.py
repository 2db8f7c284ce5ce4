"""A vocabulary of a few words, and rule files of a few lines, for tests of rules."""

from collections.abc import Sequence
from pathlib import Path

from handcraft.rules.files import RuleFile, read_rules
from handcraft.rules.match import TokenRule, compile_rules
from handcraft.rules.source import Source

CANDIDATES = (" and", " but", " so")
TOKENS = (" the", " cat", " dog", " was", " very", " not", ",", "ing", " and", " but", " so", " on")


class FewTokens:
    """A tokenizer of `TOKENS`: ids are their places."""

    def __init__(self, tokens: Sequence[str] = TOKENS) -> None:
        self.tokens = list(tokens)

    def id_of(self, text: str) -> int | None:
        return self.tokens.index(text) if text in self.tokens else None

    def encode(self, text: str) -> list[int]:
        """As parts of two tokens, whatever the text is."""
        return [self.tokens.index(" cat"), self.tokens.index("ing")]

    def decode(self, ids: list[int]) -> str:
        return "".join(self.tokens[i] for i in ids)

    def refusal(self, word: str) -> str:
        return f'"{word}" is many; the nearest single tokens: " cat"'


def rules_file(folder: Path, rules: str, top: str = "") -> Path:
    """A rule file with `rules`, indented by two, and further keys at its top."""
    path = folder / "rules.yaml"
    path.write_text(f"by: a test\n{top}rules:\n{rules}", encoding="utf-8")
    return path


def read_few(
    folder: Path, rules: str, top: str = "", length: int = 4
) -> tuple[list[TokenRule], RuleFile, Source]:
    """Such a file, read and in ids."""
    read, source = read_rules(rules_file(folder, rules, top))
    return compile_rules(read, source, FewTokens(), CANDIDATES, length), read, source
