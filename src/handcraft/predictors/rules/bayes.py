"""The best possible predictor of the planted corpus: the very probabilities that its words were drawn from.

It reads nothing but the window's tokens and the table of rules; that it equals what the generator drew from is
tested. It is exact for whole words only: the token " or" of " orange" is not planted.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handcraft.contexts.read import read_contexts
from handcraft.corpus.planted.table import RULES
from handcraft.corpus.planted.writer import near_pieces
from handcraft.errors import UserError
from handcraft.files import read_metadata
from handcraft.predictions import write_predictions
from handcraft.tokenizer.tokens import Vocabulary

if TYPE_CHECKING:
    pass
from handcraft.rules.tokens import TokenRules, bayes_log_probability


def find_rules(group: str, vocabulary: Vocabulary) -> TokenRules:
    """The rules of a planted group; `UserError` for another group or a rule's word that is not a single token."""
    if group not in RULES:
        raise UserError(
            f"no rules are planted for {group!r}",
            where=f"config: groups.{group}",
            remedy=f"Bayes and best linear exist for {', '.join(RULES)} only",
        )
    rules = RULES[group]
    missing = [word for word in (*rules.words(), *rules.candidates) if vocabulary.id_of(word) is None]
    if missing:
        raise UserError(
            f"the planted rules look for words that are not single tokens: {', '.join(map(repr, missing))}",
            where="config: tokenizer.vocabulary, corpus.planted.stories",
            remedy="take the default vocabulary of 1024, and some thousand stories",
        )
    near = (vocabulary.id_of(piece) for piece in near_pieces())
    whole = np.zeros(len(vocabulary), bool)
    whole[[i for i in near if i is not None]] = True
    return TokenRules(rules, dict(zip(rules.words(), vocabulary.require(rules.words()), strict=True)), whole)


def predict_bayes(test: Path, tokenizer: Path, *, group: str, title: str, output: Path) -> None:
    """Write the planted probabilities of every context of `test`, which must be the whole words of `group`.

    Raises `UserError` for contexts by token, for other candidates than the planted ones, and where rules and
    tokenizer do not go together.
    """
    asked = read_contexts(test)
    planted = find_rules(group, Vocabulary.read(tokenizer))
    check_planted(group, asked.candidates, str(read_metadata(test)["match"]))
    write_predictions(
        output,
        bayes_log_probability(planted, asked.tokens),
        predictor="bayes",
        title=title,
        candidates=asked.candidates,
    )


def check_planted(group: str, candidates: tuple[str, ...], match: str) -> None:
    """`UserError` unless these are the group's planted candidates as whole words."""
    if match != "word":
        raise UserError(
            "the planted probabilities are exact for whole words only",
            where=f"config: groups.{group}.match",
            remedy="set match: word for this group (its twin shows the other)",
        )
    if candidates != RULES[group].candidates:
        raise UserError(
            f"rules are planted for {', '.join(map(repr, RULES[group].candidates))}, "
            f"not for {', '.join(map(repr, candidates))}",
            where=f"config: groups.{group}",
            remedy="give a group of other words another name",
        )
