"""What the linear model says of training contexts that it has not seen: fits without one fold of the stories each.

The linear model fits its training contexts better than others (0.57 against 0.78 nats on pronouns), so what it leaves
unexplained there says little about what it leaves unexplained elsewhere. The network is trained on these logits.
"""

from pathlib import Path

import numpy as np
import torch

from handcraft.contexts.read import Contexts
from handcraft.files import read_metadata, read_tensors
from handcraft.logging import progress
from handcraft.predictors.linear.onehot import OneHot
from handcraft.predictors.linear.predict import linear_logits
from handcraft.predictors.linear.solver import LinearFit, fit_path
from handcraft.seeds import generator

GAP = 0.01
"""Relative duality gap of these fits: far smaller differences than those between folds."""
MAX_ITERATIONS = 1000
"""A fit that needs more stays as it is then."""


def draw_folds(contexts: Contexts, folds: int, seed: int) -> np.ndarray | None:
    """The fold of each context, int64 [n], by its story; folds have equally many stories (or one more).

    None where that cannot be: fewer stories than folds, or a candidate that is in no story outside some fold.
    """
    _, story = np.unique(contexts.story, return_inverse=True)
    stories = int(story.max()) + 1 if len(story) else 0
    if stories < folds:
        return None
    fold = (generator(seed, "folds").permutation(stories) % folds)[story]
    candidates = len(contexts.candidates)
    complete = (len(np.unique(contexts.labels[fold != k])) == candidates for k in range(folds))
    return fold if all(complete) else None


def held_out_logits(contexts: Contexts, linear: Path, fold: np.ndarray, device: torch.device) -> np.ndarray:
    """Logits float32 [n, K] of training contexts, each by a linear model fitted to the other folds.

    These have the penalty of `linear` (`weights.safetensors`) and start from its weights.
    """
    tensors, metadata = read_tensors(linear), read_metadata(linear)
    start = LinearFit(tensors["weight"], tensors["bias"], metadata["l1"], np.inf, np.inf, None, 0)
    logits = np.zeros((len(contexts), len(contexts.candidates)), np.float32)
    for k in progress(range(int(fold.max()) + 1), "held-out stories", unit="fit"):
        rows = fold != k
        data = OneHot(
            contexts.tokens[rows],
            contexts.labels[rows],
            contexts.vocabulary,
            len(contexts.candidates),
            device,
        )
        (fit,) = fit_path(data, [start.l1], gap=GAP, max_iterations=MAX_ITERATIONS, start=start, strict=False)
        logits[~rows] = linear_logits(fit.weight, fit.bias, contexts.tokens[~rows])
    return logits
