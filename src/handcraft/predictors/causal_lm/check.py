"""A sample of a model's own questions asked again plainly, which the fast answers must agree with before they count.

What it costs beside the answers themselves: `CHECKED` questions x candidates forward passes of one sequence, whatever
the number of questions (docs/benchmarks/causal_lm.md has it measured).
"""

from collections.abc import Sequence

import numpy as np
import torch

from handcraft.predictors.causal_lm.score import Scorer
from handcraft.predictors.causal_lm.text import Question

CHECKED = 16
"""Questions of each kind that are asked again."""
TOLERANCE = {torch.float32: 1e-3, torch.float16: 0.05, torch.bfloat16: 0.3}
"""Nats a token that two ways of asking may differ by: what rounding makes of logits of some tens, and a margin."""


class DisagreementError(Exception):
    """The fast answers are not the plain ones; `difference` is the largest, in nats."""

    def __init__(self, difference: float) -> None:
        self.difference = difference
        super().__init__(f"fast and plain answers differ by {difference:.2g} nats")


class Check:
    """Plain answers to a sample of the questions; `sample` are rows of `questions`, in order."""

    def __init__(
        self, scorer: Scorer, questions: Sequence[Question], sample: np.ndarray, word_ends: bool
    ) -> None:
        self.sample = sample
        some = [questions[i] for i in sample]
        self.expected = scorer.plainly(some, word_ends=word_ends)
        lengths = np.array([[1 if word_ends else len(ending) for ending in q.endings] for q in some])
        self.tolerance = TOLERANCE[scorer.model.dtype] * lengths.reshape(self.expected.shape)

    def compare(self, scores: np.ndarray, start: int = 0) -> float:
        """The largest difference (nats) in `scores` [n, candidates], the answers to the questions from `start` on.

        Raises `DisagreementError` where one is beyond the tolerance.
        """
        here = (self.sample >= start) & (self.sample < start + len(scores))
        differences = np.abs(scores[self.sample[here] - start] - self.expected[here])
        largest = float(differences.max(initial=0))
        if (differences > self.tolerance[here]).any():
            raise DisagreementError(largest)
        return largest
