"""Where in the window the evidence lies: what a linear model loses when what stands at a position no longer counts."""

from pathlib import Path

import numpy as np

from handcraft.config.model import Evaluation
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.errors import UserError
from handcraft.evaluation.bootstrap import bootstrap_means, sum_stories
from handcraft.files import read_tensors, write_csv
from handcraft.math import context_losses, log_softmax
from handcraft.predictors.linear.predict import linear_logits
from handcraft.seeds import generator

COLUMNS = (
    "position", "loss_added", "low", "high", "share", "share_low", "share_high", "up_to", "up_to_low", "up_to_high",
    "contexts", "stories",
)  # fmt: skip

ROUNDS, SMALL = 50, 1e-9
"""Newton steps, at most, and the gradient at which they stop."""
HALVED = [0.5**i for i in range(20)]


def evaluate_evidence(
    weights: Path, held_out: Path, *, settings: Evaluation, seed: int, output: Path
) -> None:
    """Write a row a position, oldest first; `position` counts back from the gap, the last token being -1.

    What stands at a position is made constant: its weights are taken out, and a number per candidate takes their place
    (`position_losses`). `loss_added`: how much the mean loss on `held_out` (nats) rises then, with an interval in `low`
    and `high`. `share`: that over the gain, the loss of the class rates minus that of the model; empty where there is
    no gain. `up_to`: the same share when this and all older positions are made constant at once, so the last row's is
    1. Positions overlap in what they tell, so shares need not add up to one. Intervals draw whole stories (`settings`),
    and are empty where there is one story. `UserError` where weights and contexts do not fit together.
    """
    tensors = read_tensors(weights)
    weight, asked = tensors["weight"], read_contexts(held_out)
    needed = (asked.length, asked.vocabulary, len(asked.candidates))
    if weight.shape != needed:
        raise UserError(
            f"weights {list(weight.shape)} and contexts {list(needed)} do not fit",
            where=f"{weights}; {held_out}",
            remedy="they are of different builds: delete both and run snakemake again",
        )
    losses = position_losses(weight, tensors["bias"], asked)
    # One class: no other weighting of the contexts has a part in this.
    sums = sum_stories(asked.story, np.zeros(len(asked), np.int64), losses)
    value = _measures(losses.mean(0)[None])[0]
    low, high = np.full(value.shape, np.nan), np.full(value.shape, np.nan)
    if sums.stories > 1:
        draws = _measures(bootstrap_means(sums, settings.bootstrap, generator(seed, "evidence")))
        tails = [(1 - settings.confidence) / 2, (1 + settings.confidence) / 2]
        if np.isfinite(draws).all():
            low, high = np.quantile(draws, tails, axis=0)
        else:  # no gain in some draws: no shares, but the losses have their intervals
            low[0], high[0] = np.quantile(draws[:, 0], tails, axis=0)
    rows = []
    for p in range(asked.length):
        numbers: dict[str, float] = {}
        for i, name in enumerate(("loss_added", "share", "up_to")):
            bounds = ("low", "high") if not i else (f"{name}_low", f"{name}_high")
            numbers |= {name: value[i, p], bounds[0]: low[i, p], bounds[1]: high[i, p]}
        shown = {k: float(x) if np.isfinite(x) else None for k, x in numbers.items()}
        rows.append({"position": p - asked.length, **shown, "contexts": len(asked), "stories": sums.stories})
    write_csv(output, rows, COLUMNS)


def position_losses(weight: np.ndarray, bias: np.ndarray, asked: Contexts) -> np.ndarray:
    """Losses of every context, nats, float64 [n, 2 + 2 x length].

    In order: the class rates of `asked` themselves; the model; the model with each position made constant; the model
    with each position and all older ones made constant. The constant is the best one, a number per candidate of least
    loss on these contexts: any other would add a loss that says nothing about the position. Without all positions that
    leaves the class rates.
    """
    labels, logits = asked.labels, linear_logits(weight, bias, asked.tokens)
    rates = np.bincount(labels, minlength=logits.shape[1]) / len(labels)
    columns = [-np.log(rates[labels]), context_losses(log_softmax(logits), labels)]
    together, older = logits.copy(), []
    for p in range(asked.length):
        pushes = weight[p][asked.tokens[:, p]].astype(np.float64)
        columns.append(_losses_with_best_constant(logits - pushes, labels))
        together -= pushes
        older.append(_losses_with_best_constant(together, labels))
    return np.column_stack([*columns, *older])


def _losses_with_best_constant(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Losses [n] of logits [n, K] plus the constant [K] of least mean loss, found by Newton's method."""
    n, classes = logits.shape
    rates = np.bincount(labels, minlength=classes) / n
    seen = rates > 0
    # A candidate that never comes has no best constant: the model's stays.
    constant, best = np.zeros(classes), context_losses(log_softmax(logits), labels)
    for _ in range(ROUNDS):
        p = np.exp(log_softmax(logits + constant))
        gradient = np.where(seen, p.mean(0) - rates, 0.0)
        if np.abs(gradient).max() < SMALL:
            break
        curvature = np.diag(p.mean(0)) - p.T @ p / n
        step = np.linalg.pinv(curvature[np.ix_(seen, seen)]) @ gradient[seen]
        for scale in HALVED:
            moved = constant.copy()
            moved[seen] -= scale * step
            losses = context_losses(log_softmax(logits + moved), labels)
            if losses.mean() <= best.mean():
                constant, best = moved, losses
                break
        else:
            break
    return best


def _measures(means: np.ndarray) -> np.ndarray:
    """Of mean losses [B, 2 + 2 L] as `position_losses` orders them: loss added, share, share up to here, [B, 3, L]."""
    gain = (means[:, 0] - means[:, 1])[:, None]
    added = means[:, 2:] - means[:, 1:2]
    share = np.divide(added, gain, out=np.full(added.shape, np.nan), where=gain > 1e-12)
    length = added.shape[1] // 2
    return np.stack([added[:, :length], share[:, :length], share[:, length:]], axis=1)
