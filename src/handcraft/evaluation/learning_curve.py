"""Learning curves: losses over the number of training stories, and how many stories it takes to match a predictor.

Whether a linear model matches a language model depends on how many stories it was trained on. So every verdict has this
curve beside it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.model import Evaluation
from handcraft.contexts.read import read_contexts
from handcraft.errors import UserError
from handcraft.evaluation.bootstrap import family_intervals, story_draws
from handcraft.evaluation.intervals import percentile_interval
from handcraft.evaluation.linearity import Inputs, find_contenders
from handcraft.files import read_metadata, read_tensors, write_csv
from handcraft.math import context_losses
from handcraft.seeds import generator

LEARNERS = ("linear", "nonlinear")
COLUMNS = ("predictor", "step", "size", "contexts", "loss", "low", "high", "n", "stories")
NEEDED_COLUMNS = ("predictor", "title", "loss", "reached", "value", "low", "high", "all_stories")


def evaluate_learning_curve(
    curve: Path, inputs: Inputs, *, settings: Evaluation, groups: int, seed: int, table: Path, needed: Path
) -> None:
    """Write two tables of a group from what `train_learning_curve` wrote and the predictions of `inputs`.

    `table`, a row for each of `LEARNERS` and each number of training stories (`size`, from `step` 0; the last is all
    of them, as in the other tables): training `contexts`, mean loss on the test contexts (nats) with its interval.
    `needed`, a row for each predictor that the linear model may be measured by (corrected language models, the
    non-linear predictor, n-grams of more than one token): the training stories that the linear model takes to have its
    loss, read off the linear model's curve, straight between its points over the logarithm of the stories. `reached`:
    whether all stories are enough; if not, `value` is empty. An end of the interval is empty where it lies beyond all
    stories. The interval draws test stories anew, the curve and the other predictor on the same draw; intervals of
    `groups` groups hold together with `settings.confidence` (Bonferroni). Without test stories enough there are no
    intervals.
    """
    arrays, test = read_tensors(curve), read_contexts(inputs.test)
    training, held_out = read_contexts(inputs.train), read_contexts(inputs.validation)
    if arrays["linear"].shape[1:] != (len(test),):
        raise UserError(
            f"losses of {arrays['linear'].shape[1]} contexts, where there are {len(test)}",
            where=f"{curve}; {inputs.test}",
            remedy="they are of different builds: delete the first and run snakemake again",
        )
    found = find_contenders(inputs, test, held_out)[0]
    answers = {c.predictor: c for c in found}
    everything = int(read_metadata(curve)["all"])
    points: list[tuple[str, int, int, np.ndarray]] = []
    for name in LEARNERS:
        for i, losses in enumerate(arrays[name]):
            if np.isfinite(losses).all():
                points.append((name, int(arrays["stories"][i]), int(arrays["contexts"][i]), losses))
        if name in answers:
            points.append((name, everything, len(training), context_losses(answers[name].test, test.labels)))
    others = [c for c in found if c.kind in ("same", "more") and not c.parts]
    columns = [losses for *_, losses in points] + [context_losses(c.test, test.labels) for c in others]
    value = np.array([c.mean() for c in columns], np.float64)
    confidence, resamples = family_intervals(settings, groups)
    random = generator(seed, "learning curve")
    drawn_from, draws = story_draws(test.story, np.column_stack(columns), resamples, random)
    rows, steps = [], dict.fromkeys(LEARNERS, 0)
    for i, (name, size, contexts, _) in enumerate(points):
        low, high = percentile_interval(draws[:, i], confidence) if draws is not None else (None, None)
        row: dict[str, Any] = {"predictor": name, "step": steps[name], "size": size, "contexts": contexts}
        steps[name] += 1
        row |= {"loss": value[i], "low": low, "high": high}
        rows.append(row | {"n": len(test), "stories": drawn_from})
    write_csv(table, rows, COLUMNS)
    own = [i for i, (name, *_) in enumerate(points) if name == LEARNERS[0]]
    sizes = [points[i][1] for i in own]
    stories = []
    for j, other in enumerate(others, start=len(points)):
        at = float(stories_needed(sizes, value[None, own], value[None, j])[0])
        row = {
            "predictor": other.predictor,
            "title": other.title,
            "loss": value[j],
            "all_stories": everything,
        }
        row |= {"reached": int(np.isfinite(at)), "value": at if np.isfinite(at) else None}
        if draws is not None:
            drawn = stories_needed(sizes, draws[:, own], draws[:, j])
            tails = [(1 - confidence) / 2, (1 + confidence) / 2]
            # Of draws in order: between two numbers, one of which is infinite, nothing can be interpolated.
            ends = np.quantile(drawn, tails, method="inverted_cdf")
            row |= {
                k: float(x) if np.isfinite(x) else None for k, x in zip(("low", "high"), ends, strict=True)
            }
        stories.append(row)
    write_csv(needed, stories, NEEDED_COLUMNS)


def stories_needed(sizes: Sequence[int], losses: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Stories at which each curve [B, S] over `sizes` [S] (rising) first is as low as `wanted` [B]: float64 [B].

    Straight between the points over the logarithm of the size. The least size where it is as low there already,
    infinite where it never is.
    """
    logs = np.log(sizes)
    below = losses <= wanted[:, None]
    first = below.argmax(1)
    found = np.full(len(losses), np.inf)
    for b in np.flatnonzero(below.any(1)):
        i = first[b]
        if i == 0:
            found[b] = sizes[0]
            continue
        above, under = losses[b, i - 1], losses[b, i]
        share = (above - wanted[b]) / (above - under)
        found[b] = np.exp(logs[i - 1] + share * (logs[i] - logs[i - 1]))
    return found
