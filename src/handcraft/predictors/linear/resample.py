"""How far a weight depends on which stories were read: fits to resampled stories, at the chosen penalty."""

from pathlib import Path

import numpy as np

from handcraft.config.predictors import Linear
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import read_metadata, read_tensors, write_tensors
from handcraft.logging import progress
from handcraft.math import centred
from handcraft.predictors.linear.onehot import OneHot
from handcraft.predictors.linear.solver import LinearFit, fit_path
from handcraft.seeds import generator

TRIES = 100
"""Draws of stories, at most, until every candidate is in one."""


def train_resamples(
    train: Path, weights: Path, *, settings: Linear, seed: int, machine: Machine, output: Path
) -> None:
    """Fit the model of `weights` again to `settings.resamples` draws of as many training stories, with replacement.

    `gap` and `max_iterations` are those of `settings`, the penalty is that of `weights`.
    Writes, float32 [length, vocabulary, K] each: `spread`, the standard deviation of a weight over the fits;
    `centred_spread`, the same of centred weights (minus the mean over the candidates), which are the ones shown; and
    `sign_stability`, the share of the fits in which a weight has the sign that it has in `weights` (a weight of zero:
    in which it is zero), before it is centred.

    These tell how much the draw of stories moves a weight. They are not confidence intervals: the bootstrap does not
    estimate the law of an L1-penalised weight (Chatterjee and Lahiri 2011, "Bootstrapping lasso estimators"), whose
    shrinkage towards zero is in every fit alike.

    Raises `UserError` where draws keep missing a candidate.
    """
    contexts, metadata, tensors = read_contexts(train), read_metadata(weights), read_tensors(weights)
    start = LinearFit(tensors["weight"], tensors["bias"], metadata["l1"], np.inf, np.inf, None, 0)
    device = machine.prepare()
    draw = generator(seed, "resampled stories")
    fits = []
    for _ in progress(range(settings.resamples), "resampled stories", unit="fit"):
        rows = resampled_rows(contexts, draw, train)
        data = OneHot(
            contexts.tokens[rows],
            contexts.labels[rows],
            contexts.vocabulary,
            len(contexts.candidates),
            device,
        )
        (fit,) = fit_path(
            data, [start.l1], gap=settings.gap, max_iterations=settings.max_iterations, start=start
        )
        fits.append(fit.weight)
    fitted = np.stack(fits)
    stability = (np.sign(fitted) == np.sign(start.weight)).mean(0)
    write_tensors(
        output,
        {
            "spread": _spread(fitted),
            "sign_stability": stability.astype(np.float32),
            "centred_spread": _spread(centred(fitted)),
        },
        {"candidates": metadata["candidates"], "l1": start.l1, "resamples": settings.resamples},
    )


def resampled_rows(contexts: Contexts, draw: np.random.Generator, where: Path) -> np.ndarray:
    """Rows of the contexts of as many stories as there are, drawn with replacement, in order of the stories."""
    _, sizes = np.unique(contexts.story, return_counts=True)
    order = np.argsort(contexts.story, kind="stable")
    before = np.concatenate([[0], np.cumsum(sizes)])
    for _ in range(TRIES):
        drawn = np.sort(draw.integers(0, len(sizes), len(sizes)))
        rows = np.concatenate([order[before[s] : before[s + 1]] for s in drawn])
        if len(np.unique(contexts.labels[rows])) == len(contexts.candidates):
            return rows
    raise UserError(
        f"in {TRIES} draws of {len(sizes)} stories some candidate never had a context",
        where=str(where),
        remedy="give more stories, leave rare candidates out, or set predictors.linear.resamples: 0",
    )


def _spread(fits: np.ndarray) -> np.ndarray:
    """Standard deviation over the first axis of `fits`, float32."""
    return fits.std(0, ddof=1 if len(fits) > 1 else 0, dtype=np.float64).astype(np.float32)
