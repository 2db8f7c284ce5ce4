"""Which of a model's tokens continue the word that stands before them."""

import numpy as np

from handcraft.contexts.occurrences import continues_word
from handcraft.predictors.causal_lm.load import LanguageModel


def continuing_tokens(lm: LanguageModel, vocabulary: int) -> np.ndarray:
    """bool [vocabulary]: whether a token, put after a letter, begins with a letter or digit (as in `occurrences`).

    Special tokens, line ends, punctuation and tokens that begin with a space do not. A token that is a part of a
    character (some bytes of it) cannot be told and counts as none: in English it is mostly a curly quote or a dash.
    """
    anchor = lm.encode(["a"])[0]
    before = lm.decode([anchor])[0]
    known = min(vocabulary, len(lm.tokenizer))
    special = set(lm.tokenizer.all_special_ids)
    texts = lm.decode([[*anchor, i] for i in range(known)])
    mask = np.zeros(vocabulary, bool)
    for i, text in enumerate(texts):
        if i not in special and text.startswith(before):
            mask[i] = continues_word(text[len(before) : len(before) + 1])
    return mask
