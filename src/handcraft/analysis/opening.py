"""One sentence with what each of its tokens adds to each candidate: the picture that the report opens with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.files import read_metadata, read_tensors
from handcraft.math import centred, log_softmax
from handcraft.predictors.linear.predict import linear_logits
from handcraft.tokenizer.tokens import Vocabulary, without_last_space


@dataclass(frozen=True)
class Opening:
    """A context as the linear model sees it.

    `pieces`: the text of its tokens, oldest first; `pushes` float64 [n, K]: the centred weights of each at its position
    (nats); `probability` [K]. `cut`: whether the sentence goes on to the left. `answer`: the word that came, as an
    index, None where the sentence is not from the corpus.
    """

    pieces: list[str]
    pushes: np.ndarray
    probability: np.ndarray
    candidates: list[str]
    cut: bool
    answer: int | None = None

    @property
    def chosen(self) -> int:
        """The most probable candidate."""
        return int(self.probability.argmax())


def read_opening(weights: Path, tokenizer: Path, *, sentence: str, validation: Path | None) -> Opening | None:
    """The last tokens of `sentence`; where that is empty, those of a context of `validation` (`telling_context`).

    None where there is neither a sentence nor such a context.
    """
    vocabulary, tensors = Vocabulary.read(tokenizer), read_tensors(weights)
    weight, bias = tensors["weight"], tensors["bias"]
    length, words = weight.shape[0], list(read_metadata(weights)["candidates"])
    answer, cut = None, True
    if text := without_last_space(sentence):
        ids = vocabulary.encode(text)
        tokens, cut = ids[-length:], len(ids) > length
    else:
        asked = read_contexts(validation) if validation else None
        row = telling_context(weight, bias, asked) if asked else None
        if asked is None or row is None:
            return None
        tokens, answer = asked.tokens[row].astype(int).tolist(), int(asked.labels[row])
    places, read, logits = read_end(weight, bias, tokens)
    return Opening(
        [vocabulary.show(token).replace("␣", " ") for token in tokens],
        centred(weight[places, read]),
        np.exp(log_softmax(logits[None])[0]),
        words,
        cut,
        answer,
    )


def read_end(
    weight: np.ndarray, bias: np.ndarray, ids: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a linear model reads of a text with the tokens `ids`: positions int [n] and tokens int [n] of its last ones,
    and its logits float64 [K]. Of a text shorter than the context, the places before it add nothing."""
    length = weight.shape[0]
    used = np.asarray(ids, np.int64)[-length:]
    positions = np.arange(length - len(used), length)
    return positions, used, bias.astype(np.float64) + weight[positions, used].astype(np.float64).sum(0)


def telling_context(weight: np.ndarray, bias: np.ndarray, asked: Contexts) -> int | None:
    """The row of the first context whose word the model gets right although another word is the most frequent; None
    where there is none."""
    if not len(asked):
        return None
    usual = int(np.bincount(asked.labels, minlength=len(asked.candidates)).argmax())
    right = linear_logits(weight, bias, asked.tokens).argmax(1) == asked.labels
    rows = np.flatnonzero(right & (asked.labels != usual))
    return int(rows[0]) if len(rows) else None


def wrong_context(weight: np.ndarray, bias: np.ndarray, asked: Contexts) -> int | None:
    """The row of the first context whose word the model gets wrong; None where there is none."""
    if not len(asked):
        return None
    rows = np.flatnonzero(linear_logits(weight, bias, asked.tokens).argmax(1) != asked.labels)
    return int(rows[0]) if len(rows) else None
