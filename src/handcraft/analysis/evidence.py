"""Where in the window the evidence lies: what a linear model loses when what stands at a position no longer counts."""

from pathlib import Path

import numpy as np

from handcraft.config.model import Evaluation
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.errors import UserError
from handcraft.evaluation.bootstrap import bootstrap_scores, sum_stories
from handcraft.files import read_tensors, write_csv
from handcraft.math import class_rates, context_losses, log_softmax
from handcraft.predictors.linear.predict import linear_logits
from handcraft.seeds import generator

COLUMNS = (
    "position", "loss_added", "low", "high", "share", "share_low", "share_high", "up_to", "up_to_low", "up_to_high",
    "contexts", "stories",
)  # fmt: skip


def evaluate_evidence(
    weights: Path, support: Path, held_out: Path, *, settings: Evaluation, seed: int, output: Path
) -> None:
    """Write a row a position, oldest first; `position` counts back from the gap, the last token being -1.

    What stands at a position is made constant: its weights are replaced by their mean over the training contexts
    (`support`). `loss_added`: how much the mean loss on `held_out` (nats) rises then, with an interval in `low` and
    `high`. `share`: that over the gain, the loss of the class rates minus that of the model; empty where there is no
    gain. `up_to`: the same share when this and all older positions are made constant at once. Positions interact in
    the loss, so shares need not add up to one. Intervals draw whole stories (`settings`), and are empty where there is
    one story. `UserError` where weights, support and contexts do not fit together.
    """
    tensors, counts = read_tensors(weights), read_tensors(support)["support"]
    weight, asked = tensors["weight"], read_contexts(held_out)
    needed = (asked.length, asked.vocabulary, len(asked.candidates))
    if weight.shape != needed or counts.shape != needed[:2]:
        raise UserError(
            f"weights {list(weight.shape)}, support {list(counts.shape)} and contexts {list(needed)} do not fit",
            where=f"{weights}; {support}; {held_out}",
            remedy="they are of different builds: delete them and run snakemake again",
        )
    losses = position_losses(weight, tensors["bias"], counts, asked)
    # One class: no other weighting of the contexts has a part in this.
    sums = sum_stories(asked.story, np.zeros(len(asked), np.int64), losses)
    value = _measures(losses.mean(0)[None])[0]
    low, high = np.full(value.shape, np.nan), np.full(value.shape, np.nan)
    if sums.stories > 1:
        draws = _measures(bootstrap_scores(sums, settings.bootstrap, generator(seed, "evidence"))[0])
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


def position_losses(weight: np.ndarray, bias: np.ndarray, support: np.ndarray, asked: Contexts) -> np.ndarray:
    """Losses of every context, nats, float64 [n, 2 + 2 x length].

    In order: the class rates of `asked` themselves; the model; the model with each position made constant; the model
    with each position and all older ones made constant. A position's constant is its mean push over the training
    contexts, `support` [length, vocabulary] being how many of them have a token there.
    """
    labels, logits = asked.labels, linear_logits(weight, bias, asked.tokens)
    rates = np.log(class_rates(labels, len(asked.candidates)))
    columns = [-rates[labels], context_losses(log_softmax(logits), labels)]
    together = logits.copy()
    older = []
    for p in range(asked.length):
        seen = support[p].astype(np.float64)
        constant = seen @ weight[p] / max(seen.sum(), 1)
        change = constant - weight[p][asked.tokens[:, p]].astype(np.float64)
        columns.append(context_losses(log_softmax(logits + change), labels))
        together += change
        older.append(context_losses(log_softmax(together), labels))
    return np.column_stack([*columns, *older])


def _measures(means: np.ndarray) -> np.ndarray:
    """Of mean losses [B, 2 + 2 L] as `position_losses` orders them: loss added, share, share up to here, [B, 3, L]."""
    gain = (means[:, 0] - means[:, 1])[:, None]
    added = means[:, 2:] - means[:, 1:2]
    share = np.divide(added, gain, out=np.full(added.shape, np.nan), where=gain > 1e-12)
    length = added.shape[1] // 2
    return np.stack([added[:, :length], share[:, :length], share[:, length:]], axis=1)
