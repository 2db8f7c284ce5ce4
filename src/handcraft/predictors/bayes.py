"""The best possible predictor of the planted corpus: the very probabilities that its words were drawn from.

It reads nothing but the window's tokens and the table of rules; that it equals what the generator drew from is
tested. It is exact for whole words only: the token " or" of " orange" is not planted.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from handcraft.contexts import read_contexts
from handcraft.corpus.planted.rules import REACH, RULES, GroupRules
from handcraft.corpus.planted.writer import near_pieces
from handcraft.errors import UserError
from handcraft.files import read_facts
from handcraft.predictors.predictions import normalise, write_predictions
from handcraft.tokenizer import load_tokenizer, token_bytes

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True)
class TokenRules:
    """A group's rules in a tokenizer's ids: `ids` of the words that the rules look for, and the ids (bool
    [vocabulary], `whole`) of tokens that are a whole word or mark of the corpus."""

    rules: GroupRules
    ids: dict[str, int]
    whole: np.ndarray


def find_rules(group: str, tokenizer: "Tokenizer") -> TokenRules:
    """The rules of a planted group; `UserError` for another group or a rule's word that is no single token."""
    if group not in RULES:
        raise UserError(
            f"no rules are planted for {group!r}",
            where=f"config: groups.{group}",
            remedy=f"Bayes and best linear exist for {', '.join(RULES)} only",
        )
    rules = RULES[group]
    id_of = {piece: i for i, piece in enumerate(token_bytes(tokenizer))}
    missing = [word for word in (*rules.words(), *rules.candidates) if word.encode() not in id_of]
    if missing:
        raise UserError(
            f"the planted rules look for words that are no single tokens: {', '.join(map(repr, missing))}",
            where="config: tokenizer.vocabulary, corpus.planted.stories",
            remedy="take the default vocabulary of 1024, and some thousand stories",
        )
    whole = np.zeros(len(id_of), bool)
    whole[[id_of[p.encode()] for p in near_pieces() if p.encode() in id_of]] = True
    return TokenRules(rules, {word: id_of[word.encode()] for word in rules.words()}, whole)


def bayes_log_probability(planted: TokenRules, tokens: np.ndarray) -> np.ndarray:
    """Log-probabilities float64 [n, K] of the candidates after the contexts `tokens` [n, length].

    Raises `UserError` where a context has a word that is several tokens within the rules' reach, so that
    distances in words (by which the corpus is written) are not distances in tokens.
    """
    rules = planted.rules
    if tokens.shape[1] < REACH:
        raise UserError(
            f"the planted rules look {REACH} tokens back, the contexts have {tokens.shape[1]}",
            where="config: contexts.length",
            remedy=f"set contexts.length to {REACH} or more",
        )
    broken = ~planted.whole[tokens[:, -REACH:]].all(1)
    if broken.any():
        raise UserError(
            f"in {broken.sum():,} of {len(tokens):,} contexts a word near the gap is no single token, so the planted "
            "rules cannot be read off the tokens",
            where="config: tokenizer.vocabulary, corpus.planted.stories",
            remedy="take the default vocabulary of 1024, and some thousand stories",
        )

    def sign(distance: int, plus: tuple[str, ...], minus: tuple[str, ...]) -> np.ndarray:
        column = tokens[:, -distance]
        ids = planted.ids
        return np.isin(column, [ids[w] for w in plus]).astype(int) - np.isin(column, [ids[w] for w in minus])

    logits = np.tile(np.array(rules.base), (len(tokens), 1))
    for rule in rules.linear:
        at = tokens[:, -rule.distance] == planted.ids[rule.word]
        logits[at, rules.candidates.index(rule.candidate)] += rule.weight
    for pair in rules.interactions:
        both = sign(pair.distance, pair.plus, pair.minus)
        both *= sign(pair.other_distance, pair.other_plus, pair.other_minus)
        logits[:, rules.candidates.index(pair.candidate)] += pair.weight * both
    answer = normalise(logits)
    answer[tokens[:, -rules.noise.distance] == planted.ids[rules.noise.word]] = np.log(rules.noise.rates)
    return answer


def predict_bayes(test: Path, tokenizer: Path, group: str, output: Path) -> None:
    """Write the planted probabilities of every context of `test`, which must be the whole words of `group`.

    Raises `UserError` for contexts by token, for other candidates than the planted ones, and where rules and
    tokenizer do not go together.
    """
    asked = read_contexts(test)
    planted = find_rules(group, load_tokenizer(tokenizer))
    check_planted(group, asked.candidates, str(read_facts(test)["match"]))
    write_predictions(
        output,
        bayes_log_probability(planted, asked.tokens),
        predictor="bayes",
        title="Bayes (best possible)",
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
