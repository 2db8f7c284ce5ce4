"""Rules applied to contexts: words as token ids, and the log-probabilities that the rules give."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from handcraft.errors import UserError
from handcraft.math import normalise
from handcraft.rules.language import REACH, GroupRules

if TYPE_CHECKING:
    pass


@dataclass(frozen=True)
class TokenRules:
    """A group's rules in a tokenizer's ids: `ids` of the words that the rules look for, and the ids (bool
    [vocabulary], `whole`) of tokens that are a whole word or mark of the corpus."""

    rules: GroupRules
    ids: dict[str, int]
    whole: np.ndarray


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
            f"in {broken.sum():,} of {len(tokens):,} contexts a word near the gap is not a single token, so the "
            "planted rules cannot be read off the tokens",
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
    if rules.noise:
        answer[tokens[:, -rules.noise.distance] == planted.ids[rules.noise.word]] = np.log(rules.noise.rates)
    return answer
