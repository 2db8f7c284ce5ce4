"""Would a network have found an interaction of a given worth, had there been one?

That no network beats the linear model shows something only if a network could have. So labels are drawn anew from the
linear model and an interaction that is planted in the group's own contexts, and a network is trained on them as on the
real ones.
"""

from dataclasses import dataclass

import numpy as np

from handcraft.math import log_softmax

FREQUENT = 16
"""Tokens of each of the last two positions that take part: the most frequent there."""
STRONGEST = 8.0
"""Nats: no interaction is planted that is stronger, so that one whose tokens are rare is worth less than wanted."""


@dataclass(frozen=True)
class Planted:
    """Labels int64 [n] of training and [m] of held-out contexts; `truth`, the log-probabilities float64 [m, K] that the
    held-out labels were drawn from, and `linear`, the same without the interaction; `worth` (nats), how much it says on
    held-out contexts: the mean divergence of the two."""

    training: np.ndarray
    held_out: np.ndarray
    truth: np.ndarray
    linear: np.ndarray
    worth: float

    def recovered(self, logits: np.ndarray) -> float:
        """Share of the interaction's worth that a network with these logits [m, K] on held-out contexts has found.

        1 is all of it, 0 none; below zero where the network is worse than no network. It is an expectation over the
        true probabilities, so the drawn labels add no noise.
        """
        if self.worth <= 0:
            return 0.0
        left = _divergence(self.truth, log_softmax(logits)).mean()
        return float(1 - left / self.worth)


def plant_interaction(
    training: tuple[np.ndarray, np.ndarray],
    held_out: tuple[np.ndarray, np.ndarray],
    *,
    worth: float,
    draw: np.random.Generator,
) -> Planted:
    """Draw labels for contexts given as (tokens [n, length], linear logits [n, K]), of two splits.

    The most frequent tokens of the last position get a sign each, plus or minus, and so do those of the position before
    it. The product of the two signs (an exclusive or: neither token tells anything alone) times a strength is added to
    the logit of the candidate that is most probable by the linear logits. The strength is such that the interaction is
    worth `worth` nats on the training contexts, as far as `STRONGEST` allows.
    """
    signs = [_signs(training[0][:, p], held_out[0][:, p], draw) for p in (-1, -2)]
    product = [signs[0][split] * signs[1][split] for split in (0, 1)]
    candidate = int(np.exp(log_softmax(training[1])).mean(axis=0).argmax())

    def with_strength(split: int, strength: float) -> tuple[np.ndarray, np.ndarray]:
        logits = np.array((training, held_out)[split][1], np.float64)
        linear = log_softmax(logits)
        logits[:, candidate] += strength * product[split]
        return log_softmax(logits), linear

    low, high = 0.0, STRONGEST
    for _ in range(40):
        middle = (low + high) / 2
        if _divergence(*with_strength(0, middle)).mean() < worth:
            low = middle
        else:
            high = middle
    drawn = with_strength(0, high)[0]
    truth, linear = with_strength(1, high)
    labels = [_choose(values, draw) for values in (drawn, truth)]
    return Planted(labels[0], labels[1], truth, linear, float(_divergence(truth, linear).mean()))


def _signs(training: np.ndarray, held_out: np.ndarray, draw: np.random.Generator) -> list[np.ndarray]:
    """The sign, float64 [n] and [m], of each context's token in one position: 0 where it takes no part.

    Of each two tokens next to one another in frequency, one is plus and one minus.
    """
    counts = np.bincount(np.concatenate([training, held_out]))
    frequent = np.argsort(-counts, kind="stable")[:FREQUENT]
    frequent = frequent[counts[frequent] > 0]
    sign = np.zeros(len(counts))
    for i in range(0, len(frequent), 2):
        first = draw.choice([-1.0, 1.0])
        sign[frequent[i : i + 2]] = [first, -first][: len(frequent[i : i + 2])]
    return [sign[training], sign[held_out]]


def _divergence(truth: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Kullback-Leibler divergence (nats) [n] of log-probabilities `other` [n, K] from `truth`."""
    return np.asarray((np.exp(truth) * (truth - other)).sum(axis=1))


def _choose(log_probability: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """A label for each row, int64 [n], drawn with these log-probabilities."""
    below = np.exp(log_probability).cumsum(axis=1)
    chosen = (draw.random((len(below), 1)) * below[:, -1:] >= below).sum(axis=1)
    return np.minimum(chosen, below.shape[1] - 1).astype(np.int64)
