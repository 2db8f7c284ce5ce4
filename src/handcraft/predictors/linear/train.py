"""The linear model with L1: a path of penalties, solved each to its certificate; validation loss chooses."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handcraft.config.predictors import Linear
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import write_csv, write_json, write_tensors
from handcraft.logging import say
from handcraft.math import context_losses, normalise
from handcraft.predictors.linear.onehot import OneHot
from handcraft.predictors.linear.predict import linear_logits
from handcraft.predictors.linear.solver import LinearFit, fit_path

COLUMNS = (
    "l1",
    "train_loss",
    "validation_loss",
    "validation_se",
    "validation_accuracy",
    "nonzeros",
    "objective",
    "gap",
    "iterations",
    "chosen",
    "sparser",
)


@dataclass(frozen=True)
class Outputs:
    """What `train_linear` writes."""

    weights: Path
    sparser: Path
    support: Path
    path: Path
    metrics: Path


def train_linear(
    train: Path, validation: Path, *, settings: Linear, machine: Machine, outputs: Outputs
) -> None:
    """Fit the contexts of `train` for every penalty of `settings.l1`, or of the path that `count` and `smallest`
    describe (`penalty_path`) where it is None, and keep the one with the least loss on `validation`. On such a path,
    `refine` times over, the penalties halfway (`between`) to the neighbours of the best so far are fitted as well.

    Every fit ends on a certified relative duality gap of at most `gap` (`linear_certificate`) and has exact zeros.
    For l1 = 0 there is no certificate, and as a rule no finite optimum either: that fit stops when its largest
    gradient is `gap` times that at zero weights, and its gap is empty. Of equal losses the larger penalty is kept.

    Beside it stands the one-standard-error choice: the largest penalty whose validation loss is at most one standard
    error (of the chosen one's, by story) above the least.

    Writes `weights` and, for that second choice, `sparser` (weight float32 [length, vocabulary, K], bias float32 [K],
    logits; with the penalty and the certificate, which `verify_linear` checks again), `path` (one row a penalty,
    losses in nats), `support` (int32 [length, vocabulary], training contexts that have the feature) and `metrics`.
    `UserError`: a candidate without a training context, fewer contexts than candidates, an empty validation split,
    splits that do not belong together, no convergence.
    """
    training, held_out = read_contexts(train), read_contexts(validation)
    check_contexts(training, held_out, train, validation)
    data = OneHot(
        training.tokens, training.labels, training.vocabulary, len(training.candidates), machine.prepare()
    )
    if settings.l1 is None:
        penalties = penalty_path(data.zero_gradient, settings.smallest, settings.count)
    else:
        # Largest first: the order in which each is a good start for the next.
        penalties = sorted(set(settings.l1), reverse=True)
    say(f"linear model: {len(training):,} contexts, {len(penalties)} penalties")
    fits = fit_path(data, penalties, gap=settings.gap, max_iterations=settings.max_iterations)
    scores = [score(fit.weight, fit.bias, held_out) for fit in fits]
    for _ in range(settings.refine if settings.l1 is None else 0):
        best, _ = choose(scores)
        for larger, penalty in between([fit.l1 for fit in fits], best):
            start = next(fit for fit in fits if fit.l1 == larger)
            (fit,) = fit_path(
                data, [penalty], gap=settings.gap, max_iterations=settings.max_iterations, start=start
            )
            fits.append(fit)
            scores.append(score(fit.weight, fit.bias, held_out))
        order = sorted(range(len(fits)), key=lambda i: -fits[i].l1)
        fits, scores = [fits[i] for i in order], [scores[i] for i in order]
    best, sparse = choose(scores)
    write_weights(outputs.weights, fits[best], settings.gap, training)
    write_weights(outputs.sparser, fits[sparse], settings.gap, training)
    rows = zip(fits, scores, strict=True)
    write_csv(outputs.path, [_row(f, s, i == best, i == sparse) for i, (f, s) in enumerate(rows)], COLUMNS)
    counts = data.counts.cpu().numpy().astype(np.int32).reshape(data.length, data.vocabulary)
    write_tensors(
        outputs.support,
        {"support": counts},
        {"vocabulary": training.vocabulary, "contexts": len(training)},
    )
    described = _metrics(fits[best], scores[best], data, held_out, settings.gap, best == len(fits) - 1)
    keys = ("l1", "nonzeros", "train_loss", "validation_loss", "validation_accuracy", "objective", "gap")
    other = _row(fits[sparse], scores[sparse], False, True)
    write_json(outputs.metrics, described | {"sparser": {key: other[key] for key in keys}})


@dataclass(frozen=True)
class Score:
    """Mean negative log-likelihood (nats) of a model on some contexts, its standard error by story, and accuracy."""

    loss: float
    error: float
    accuracy: float


def choose(scores: Sequence[Score]) -> tuple[int, int]:
    """Of fits in order of falling penalty: the one with the least loss, and the one-standard-error choice.

    Breiman, Friedman, Olshen and Stone 1984, section 3.4.3: the simplest model within one standard error of the best.
    Of equal losses the larger penalty is kept.
    """
    best = min(range(len(scores)), key=lambda i: scores[i].loss)
    within = scores[best].loss + scores[best].error
    return best, next(i for i in range(best + 1) if scores[i].loss <= within)


def penalty_path(largest: float, smallest: float, count: int) -> list[float]:
    """`count` penalties from `largest`, rounded up, down to `smallest`, evenly spaced in their logarithm.

    Three significant digits each, so that they can be written and read. Only the first where it is below `smallest`.
    """
    step = 10.0 ** (np.floor(np.log10(largest)) - 2)
    first = float(f"{np.ceil(largest / step) * step:.3g}")
    if smallest >= first:
        return [first]
    return [float(f"{value:.3g}") for value in np.geomspace(first, smallest, count)]


def between(penalties: Sequence[float], best: int) -> list[tuple[float, float]]:
    """Pairs: one of `penalties` (falling), and the geometric mean of it and the next, on both sides of the `best`.

    Three significant digits; without those that are among `penalties` already.
    """
    sides = [i for i in (best - 1, best) if 0 <= i < len(penalties) - 1]
    middles = [(penalties[i], float(f"{np.sqrt(penalties[i] * penalties[i + 1]):.3g}")) for i in sides]
    return [(larger, middle) for larger, middle in middles if middle not in penalties]


def check_contexts(training: Contexts, held_out: Contexts, train: Path, validation: Path) -> None:
    """Raise `UserError` where these contexts cannot train a model of all candidates."""
    K = len(training.candidates)
    more = "give more stories, or leave rare candidates out of the group"
    if len(training) < K:
        raise UserError(
            f"{len(training)} contexts cannot train {K} candidates", where=str(train), remedy=more
        )
    counts = np.bincount(training.labels, minlength=K)
    absent = [word for word, count in zip(training.candidates, counts, strict=True) if count == 0]
    if absent:
        raise UserError(
            f"no training context for {', '.join(map(repr, absent))}: the best bias would be minus infinity",
            where=str(train),
            remedy=more,
        )
    if len(held_out) == 0:
        raise UserError(
            "no validation context to choose the L1 penalty by", where=str(validation), remedy=more
        )
    kinds = [(c.candidates, c.vocabulary, c.tokens.shape[1]) for c in (training, held_out)]
    if kinds[0] != kinds[1]:
        raise UserError(
            f"the two splits do not belong together: {kinds[0]} and {kinds[1]}",
            where=f"{train}; {validation}",
            remedy="delete both and run snakemake again",
        )


def score(weight: np.ndarray, bias: np.ndarray, contexts: Contexts) -> Score:
    """Score a linear model on `contexts`; those of one story are not independent: the standard error is by story."""
    values = normalise(linear_logits(weight, bias, contexts.tokens))
    losses = context_losses(values, contexts.labels)
    loss = float(losses.mean())
    _, story = np.unique(contexts.story, return_inverse=True)
    excess = np.bincount(story, losses - loss)
    error = float(np.sqrt((excess**2).sum())) / len(losses)
    return Score(loss, error, float((values.argmax(1) == contexts.labels).mean()))


def write_weights(path: Path, fit: LinearFit, wanted: float, training: Contexts) -> None:
    """The model as an artifact of its own: its metadata is all that `verify_linear` needs beside the contexts."""
    length, vocabulary, _ = fit.weight.shape
    metadata = {"candidates": training.candidates, "l1": fit.l1, "length": length, "vocabulary": vocabulary}
    metadata |= {"objective": fit.objective, "gap": fit.gap, "gap_wanted": wanted, "contexts": len(training)}
    write_tensors(path, {"weight": fit.weight, "bias": fit.bias}, metadata)


def _row(fit: LinearFit, validation: Score, chosen: bool, sparser: bool) -> dict[str, float | int | None]:
    return {
        "l1": fit.l1,
        "train_loss": fit.loss,
        "validation_loss": validation.loss,
        "validation_se": validation.error,
        "validation_accuracy": validation.accuracy,
        "nonzeros": fit.nonzeros,
        "objective": fit.objective,
        "gap": fit.gap,
        "iterations": fit.iterations,
        "chosen": int(chosen),
        "sparser": int(sparser),
    }


def _metrics(
    fit: LinearFit,
    validation: Score,
    data: OneHot,
    held_out: Contexts,
    wanted: float,
    last: bool,
) -> dict[str, object]:
    present = np.bincount(held_out.labels, minlength=data.candidates)
    return {
        "l1": fit.l1,
        "l1_is_smallest_tried": last,
        "all_weights_zero": fit.nonzeros == 0,
        "l1_of_all_zero": data.zero_gradient,
        "nonzeros": fit.nonzeros,
        "weights": int(fit.weight.size),
        "objective": fit.objective,
        "train_loss": fit.loss,
        "validation_loss": validation.loss,
        "validation_se": validation.error,
        "validation_accuracy": validation.accuracy,
        "gap": fit.gap,
        "gap_wanted": wanted,
        "iterations": fit.iterations,
        "training_contexts": data.n,
        "validation_contexts": len(held_out),
        "validation_lacks": [w for w, count in zip(held_out.candidates, present, strict=True) if count == 0],
        "features_seen": int((data.counts > 0).sum()),
    }
