"""How the linear and the non-linear predictor do when they learn from fewer stories."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handcraft.config.model import LearningCurve
from handcraft.config.predictors import Linear, Nonlinear
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.device import Machine
from handcraft.files import read_metadata, read_tensors, write_tensors
from handcraft.logging import say
from handcraft.math import context_losses, log_softmax
from handcraft.predictors.linear.predict import linear_logits
from handcraft.predictors.linear.train import Outputs, train_linear
from handcraft.seeds import generator

PENALTIES = 5
"""Penalties tried for each size."""


@dataclass(frozen=True)
class Inputs:
    """What `train_learning_curve` reads: contexts of three splits, and the linear model of all training stories."""

    train: Path
    validation: Path
    test: Path
    linear: Path


def train_learning_curve(
    inputs: Inputs,
    *,
    settings: LearningCurve,
    linear: Linear,
    nonlinear: Nonlinear | None,
    seed: int,
    machine: Machine,
    output: Path,
) -> None:
    """Train on each of `settings.fractions` of the training stories, and keep the losses on the test contexts.

    Stories are drawn once, so that a smaller set is part of every larger one. A size's penalty is chosen on the
    validation contexts among `PENALTIES`, from that of `inputs.linear` up to as many times it as the stories are fewer
    (the best penalty falls with more contexts, but no faster than that). With `nonlinear`, one network of its first
    variant is trained on top.

    Writes, for S sizes in rising order and n test contexts: `stories` and `contexts` int64 [S], that were trained on;
    `l1` float64 [S]; `linear` and `nonlinear`, losses in nats float32 [S, n], of `nonlinear` NaN where none was
    trained. A size that lacks a candidate, or has fewer contexts than candidates, is left out.
    """
    training, held_out, asked = map(read_contexts, (inputs.train, inputs.validation, inputs.test))
    largest = float(read_metadata(inputs.linear)["l1"])
    stories = np.unique(training.story)
    order = generator(seed, "learning curve").permutation(stories)
    found: dict[str, list[object]] = {k: [] for k in ("stories", "contexts", "l1", "linear", "nonlinear")}
    with tempfile.TemporaryDirectory() as folder:
        for fraction in sorted(settings.fractions):
            chosen = order[: round(fraction * len(order))]
            part = _of_stories(training, chosen)
            if len(part) < len(part.candidates) or len(np.unique(part.labels)) < len(part.candidates):
                say(f"learning curve: {len(chosen)} stories have too few contexts")
                continue
            train, outputs = (
                Path(folder) / "train.safetensors",
                Outputs(*(Path(folder) / n for n in ("w", "s", "u", "p", "m"))),
            )
            _write(part, train, inputs.train)
            penalties = np.geomspace(largest, largest / fraction, PENALTIES) if largest else [largest]
            own = linear.model_copy(update={"l1": [float(f"{x:.3g}") for x in penalties]})
            train_linear(train, inputs.validation, settings=own, machine=machine, outputs=outputs)
            tensors = read_tensors(outputs.weights)
            logits = linear_logits(tensors["weight"], tensors["bias"], asked.tokens)
            found["stories"].append(len(chosen))
            found["contexts"].append(len(part))
            found["l1"].append(read_metadata(outputs.weights)["l1"])
            found["linear"].append(context_losses(log_softmax(logits), asked.labels))
            found["nonlinear"].append(
                _nonlinear(part, held_out, asked, outputs.weights, nonlinear, seed, machine)
                if nonlinear
                else np.full(len(asked), np.nan)
            )
    shape = (len(found["stories"]), len(asked))
    whole = {k: np.array(found[k], np.int64) for k in ("stories", "contexts")}
    losses = {k: np.array(found[k], np.float32).reshape(shape) for k in ("linear", "nonlinear")}
    write_tensors(output, whole | {"l1": np.array(found["l1"], np.float64)} | losses, {"all": len(stories)})


def _of_stories(contexts: Contexts, stories: np.ndarray) -> Contexts:
    rows = np.isin(contexts.story, stories)
    own = (contexts.tokens[rows], contexts.labels[rows], contexts.story[rows], contexts.offset[rows])
    return Contexts(*own, contexts.candidates, contexts.vocabulary)


def _write(contexts: Contexts, path: Path, like: Path) -> None:
    names = ("tokens", "labels", "story", "offset")
    write_tensors(path, {name: getattr(contexts, name) for name in names}, read_metadata(like))


def _nonlinear(
    training: Contexts,
    held_out: Contexts,
    asked: Contexts,
    linear: Path,
    settings: Nonlinear,
    seed: int,
    machine: Machine,
) -> np.ndarray:
    """Losses [n] of one network on `asked`; NaN where these stories cannot train one."""
    from handcraft.predictors.nonlinear.folds import draw_folds, held_out_logits
    from handcraft.predictors.nonlinear.network import Shape
    from handcraft.predictors.nonlinear.predict import network_logits
    from handcraft.predictors.nonlinear.train import THREADS, Split, Task, fit_seeds

    fold = draw_folds(training, settings.folds, seed)
    if fold is None or len(np.unique(held_out.labels)) < len(training.candidates):
        return np.full(len(asked), np.nan)
    device = Machine(machine.device, min(machine.threads, THREADS)).prepare()
    tensors = read_tensors(linear)
    bases = [linear_logits(tensors["weight"], tensors["bias"], c.tokens) for c in (held_out, asked)]
    shape = Shape(training.length, training.vocabulary, len(training.candidates))
    splits = (
        Split.of(training, held_out_logits(training, linear, fold, device), device),
        Split.of(held_out, bases[0], device),
    )
    task = Task("learning curve", shape, *splits, settings.model_copy(update={"seeds": 1}), seed)
    (fit,) = fit_seeds(task, settings.variants[0])
    metadata = {"variant": settings.variants[0], "heads": settings.heads, "layers": settings.layers}
    return context_losses(
        log_softmax(network_logits(fit.tensors, metadata, asked.tokens, bases[1])), asked.labels
    )
