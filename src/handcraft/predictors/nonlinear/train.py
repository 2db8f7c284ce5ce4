"""Training of the networks: AdamW on minibatches, stopped early by the validation loss, once for each seed.

Beside the networks that may answer, two controls are trained in the same way. `additive` has no non-linearity, so what
it gains is no interaction. And an interaction is planted in the contexts, to see whether a network would find one.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from handcraft.config.predictors import Nonlinear
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import read_tensors, write_json, write_tensors
from handcraft.logging import progress, say
from handcraft.math import class_rates, context_losses, log_softmax
from handcraft.predictors.linear.predict import linear_logits
from handcraft.predictors.nonlinear.control import plant_interaction
from handcraft.predictors.nonlinear.folds import draw_folds, held_out_logits
from handcraft.predictors.nonlinear.network import Network, Shape
from handcraft.predictors.nonlinear.predict import ADDITIVE, pooled
from handcraft.seeds import derive_seed, generator

RETRIES, SMALLER = 3, 10
"""A training that diverges is tried again this many times, each time with the learning rate divided by this."""
SCALE_RATE = 20
"""The learning rate of the linear logits' scale, as a multiple of the others': it has to follow the network."""
THREADS = 1
"""More threads than this only wait for one another: a batch's tensors are small."""
ANSWERS = ("linear", "additive", "nonlinear")
"""Whose answers on the validation contexts are kept."""
ROWS = 8192
"""Contexts that are evaluated at once."""


@dataclass(frozen=True)
class Inputs:
    """What `train_nonlinear` reads: contexts of two splits, and the weights of the linear model of the same group."""

    train: Path
    validation: Path
    linear: Path


@dataclass(frozen=True)
class Outputs:
    """What `train_nonlinear` writes."""

    networks: Path
    additive: Path
    validation: Path
    metrics: Path


@dataclass(frozen=True)
class Split:
    """Contexts on a device: `tokens` int32 [n, length], `linear` logits float32 [n, K], `labels` int64 [n]."""

    tokens: torch.Tensor
    linear: torch.Tensor
    labels: torch.Tensor

    @classmethod
    def of(cls, contexts: Contexts, linear: np.ndarray, device: torch.device) -> "Split":
        return cls(
            torch.from_numpy(contexts.tokens.astype(np.int32)).to(device),
            torch.from_numpy(linear.astype(np.float32)).to(device),
            torch.from_numpy(contexts.labels.astype(np.int64)).to(device),
        )


@dataclass(frozen=True)
class Fit:
    """One network at its best epoch (0: as it started): its `tensors`, its validation loss (nats) and logits [n, K]."""

    seed: int
    tensors: dict[str, np.ndarray]
    loss: float
    logits: np.ndarray
    best_epoch: int
    epochs: int
    learning_rate: float
    retries: int


@dataclass(frozen=True)
class Task:
    """What all networks of a group share."""

    group: str
    shape: Shape
    training: Split
    held_out: Split
    settings: Nonlinear
    seed: int


def train_nonlinear(
    inputs: Inputs, *, settings: Nonlinear, margin: float, seed: int, machine: Machine, outputs: Outputs
) -> None:
    """Train `settings.seeds` networks of each of `settings.variants` and of `additive`; write the best variant's.

    The best variant is the one whose networks' averaged probabilities have the least loss on the validation contexts;
    `additive` is written beside it. While training, a context's linear logits come from a fit without its
    story (`held_out_logits`); on validation and test contexts they are those of `inputs.linear`, which is not changed.
    Early stopping starts with the untrained network, which is the linear model: no network is worse on validation.

    `networks`, `additive`: float32 tensors `{number}.{parameter}`, a number for each seed. `validation`: the
    log-probabilities float64 [m, K] on the validation contexts of `linear`, `additive` and `nonlinear`. `metrics`:
    losses in nats for each seed, their mean and standard deviation (`spread`), and the loss of the average; `control`:
    what became of an interaction planted in these contexts that is worth `margin` times the linear model's gain over
    the class rates: its `worth` on validation contexts (nats), and the share of it that as many networks
    `recovered` together.

    Where the contexts cannot train a network (a split without contexts, a candidate without training or validation
    contexts, too few stories to hold any out), nothing is added: there are no networks, the predictions are those of
    the linear model, and `metrics` and log state the reason. Raises `UserError` where the linear model does not fit
    the contexts, and where a training still diverges after `RETRIES` smaller learning rates.
    """
    training, held_out = read_contexts(inputs.train), read_contexts(inputs.validation)
    tensors = read_tensors(inputs.linear)
    shape = _shape(training, held_out, tensors, inputs)
    device = Machine(machine.device, min(machine.threads, THREADS)).prepare()
    if device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # or its sums are not the same every time
    fold = None
    reason = _obstacle(training, held_out)
    if not reason:
        fold = draw_folds(training, settings.folds, seed)
        reason = "" if fold is not None else f"too few stories for {settings.folds} folds with all candidates"
    if fold is None:
        say(f"the non-linear predictor adds nothing: {reason}", on_terminal=True)
        for path, variant in ((outputs.networks, settings.variants[0]), (outputs.additive, ADDITIVE)):
            _write_networks(path, [], variant, settings, training)
        same = log_softmax(linear_logits(tensors["weight"], tensors["bias"], held_out.tokens))
        _write_validation(outputs.validation, dict.fromkeys(ANSWERS, same), held_out)
        nothing = {"adds": False, "reason": reason, "variants": {}, "answers": None, "control": None}
        write_json(outputs.metrics, nothing)
        return
    offsets = held_out_logits(training, inputs.linear, fold, device)
    base = linear_logits(tensors["weight"], tensors["bias"], held_out.tokens)
    group = inputs.train.parent.name
    splits = Split.of(training, offsets, device), Split.of(held_out, base, device)
    task = Task(group, shape, *splits, settings, seed)
    fits = {variant: fit_seeds(task, variant) for variant in (*settings.variants, ADDITIVE)}
    answers = {variant: pooled([f.logits for f in own], variant) for variant, own in fits.items()}
    losses = {variant: context_losses(own, held_out.labels) for variant, own in answers.items()}
    best = min(settings.variants, key=lambda v: losses[v].mean())
    _write_networks(outputs.networks, fits[best], best, settings, training)
    _write_networks(outputs.additive, fits[ADDITIVE], ADDITIVE, settings, training)
    found = dict(zip(ANSWERS, (log_softmax(base), answers[ADDITIVE], answers[best]), strict=True))
    _write_validation(outputs.validation, found, held_out)
    linear = context_losses(found["linear"], held_out.labels)
    gain, error = _mean_by_story(linear - losses[best], held_out.story)
    say(f"{best}: {gain:.4f} nats below the linear model on validation (standard error {error:.4f})")
    rates = np.log(class_rates(training.labels, shape.candidates))
    worth = margin * max(0.0, float(-rates[held_out.labels].mean() - linear.mean()))
    write_json(
        outputs.metrics,
        {
            "adds": any(fit.best_epoch > 0 for fit in fits[best]),
            "reason": "",
            "answers": best,
            "validation_loss": float(losses[best].mean()),
            "validation_loss_of_linear": float(linear.mean()),
            "gain": gain,
            "gain_se": error,
            "training_loss_of_linear_held_out": float(
                context_losses(log_softmax(offsets), training.labels).mean()
            ),
            "training_contexts": len(training),
            "validation_contexts": len(held_out),
            "variants": {v: _described(own, float(losses[v].mean())) for v, own in fits.items()},
            "control": _control(task, best, worth),
        },
    )


def _control(task: Task, variant: str, worth: float) -> dict[str, float] | None:
    """What networks find of a planted interaction; None where none can be: one token, or nothing to set it by."""
    if task.shape.length < 2 or worth <= 0:
        return None
    splits = (task.training, task.held_out)
    given = [(s.tokens.cpu().numpy(), s.linear.cpu().numpy()) for s in splits]
    draw = generator(task.seed, "nonlinear", "control")
    planted = plant_interaction(given[0], given[1], worth=worth, draw=draw)
    labels = [
        torch.from_numpy(own).to(task.held_out.labels.device) for own in (planted.training, planted.held_out)
    ]
    training, held_out = (replace(s, labels=own) for s, own in zip(splits, labels, strict=True))
    fits = fit_seeds(replace(task, training=training, held_out=held_out), variant)
    share = planted.recovered(pooled([fit.logits for fit in fits], variant))
    say(f"{share:.0%} found of a planted interaction that is worth {planted.worth:.4f} nats")
    return {"worth": planted.worth, "recovered": share}


def _shape(training: Contexts, held_out: Contexts, tensors: dict[str, np.ndarray], inputs: Inputs) -> Shape:
    """Raises `UserError` where the two splits and the linear model do not belong together."""
    kinds = [(c.length, c.vocabulary, len(c.candidates)) for c in (training, held_out)]
    found = tensors["weight"].shape if "weight" in tensors else None
    if kinds[0] != kinds[1] or training.candidates != held_out.candidates or found != kinds[0]:
        raise UserError(
            f"training contexts have shape {list(kinds[0])} (length, vocabulary, candidates), validation contexts "
            f"{list(kinds[1])}, and the linear model's weights {list(found or [])}",
            where=f"{inputs.train}; {inputs.validation}; {inputs.linear}",
            remedy="they are of different builds: delete them and run snakemake again",
        )
    return Shape(*kinds[0])


def _obstacle(training: Contexts, held_out: Contexts) -> str:
    """Why these contexts cannot train a network; empty where they can."""
    for contexts, name in ((training, "training"), (held_out, "validation")):
        if not len(contexts):
            return f"there are no {name} contexts"
        counts = np.bincount(contexts.labels, minlength=len(contexts.candidates))
        absent = [w for w, count in zip(contexts.candidates, counts, strict=True) if count == 0]
        if absent:
            return f"no {name} contexts of {', '.join(map(repr, absent))}"
    return ""


def fit_seeds(task: Task, variant: str) -> list[Fit]:
    numbers = progress(range(task.settings.seeds), f"{task.group}: {variant}", unit="seed")
    return [_fit_retrying(task, variant, number) for number in numbers]


def _fit_retrying(task: Task, variant: str, number: int) -> Fit:
    rate = task.settings.learning_rate
    for attempt in range(RETRIES + 1):
        fit = _fit(task, variant, number, rate, attempt)
        if fit is not None:
            return fit
        say(f"{task.group}, {variant}, seed {number}: the loss is NaN or infinite at learning rate {rate:g}")
        rate /= SMALLER
    raise UserError(
        f"group {task.group}, network {variant}, seed {number}: the loss is NaN or infinite, also at a learning rate "
        f"of {rate * SMALLER:g}",
        where="predictors.nonlinear.learning_rate",
        remedy="set a smaller learning_rate, or leave the predictor out with predictors.nonlinear: null",
    )


def _fit(task: Task, variant: str, number: int, rate: float, attempt: int) -> Fit | None:
    """Train one network; None where its loss is not finite."""
    settings, training = task.settings, task.training
    n, device = len(training.labels), training.labels.device
    use = ("nonlinear", variant, str(number))
    torch.manual_seed(derive_seed(task.seed, *use))
    draw = generator(task.seed, *use)
    net = Network(variant, task.shape, settings).to(device)
    others = [parameter for name, parameter in net.named_parameters() if name != "scale"]
    adam = torch.optim.AdamW(
        [
            {"params": others, "weight_decay": settings.weight_decay},
            {"params": [net.scale], "weight_decay": 0.0, "lr": SCALE_RATE * rate},
        ],
        lr=rate,
        fused=True,
    )
    logits, best = _evaluate(net, task.held_out)
    state, best_logits, best_epoch, epoch = _copy(net), logits, 0, 0
    while epoch < settings.max_epochs and epoch - best_epoch < settings.patience:
        epoch += 1
        order = torch.from_numpy(draw.permutation(n)).to(device)
        for rows in order.split(settings.batch_size):
            logits = net(training.tokens[rows], training.linear[rows])
            loss = functional.cross_entropy(logits, training.labels[rows])
            adam.zero_grad(set_to_none=True)
            loss.backward()
            adam.step()
        logits, value = _evaluate(net, task.held_out)
        if not np.isfinite(value):
            return None
        if value < best:
            state, best, best_logits, best_epoch = _copy(net), value, logits, epoch
    tensors = {name: tensor.cpu().numpy() for name, tensor in state.items()}
    values = best_logits.cpu().numpy()
    return Fit(number, tensors, best, values, best_epoch, epoch, rate, attempt)


def _evaluate(net: Network, split: Split) -> tuple[torch.Tensor, float]:
    """Logits float32 [n, K] without dropout, and the mean cross-entropy (nats, summed in float64)."""
    net.eval()
    with torch.no_grad():
        parts = zip(split.tokens.split(ROWS), split.linear.split(ROWS), strict=True)
        logits = torch.cat([net(tokens, linear) for tokens, linear in parts])
        loss = float(functional.cross_entropy(logits.double(), split.labels))
    net.train()
    return logits, loss


def _copy(net: Network) -> dict[str, torch.Tensor]:
    return {name: tensor.detach().clone() for name, tensor in net.state_dict().items()}


def _mean_by_story(values: np.ndarray, story: np.ndarray) -> tuple[float, float]:
    """Mean of a value per context, and its standard error: contexts of one story are not independent."""
    mean = float(values.mean())
    _, stories = np.unique(story, return_inverse=True)
    return mean, float(np.sqrt((np.bincount(stories, values - mean) ** 2).sum())) / len(values)


def _described(fits: Sequence[Fit], averaged_loss: float) -> dict[str, object]:
    losses = np.array([fit.loss for fit in fits])
    return {
        "validation_loss": averaged_loss,
        "mean": float(losses.mean()),
        "spread": float(losses.std(ddof=1)) if len(losses) > 1 else None,
        "best": int(losses.argmin()),
        "parameters": int(sum(tensor.size for tensor in fits[0].tensors.values())),
        "seeds": [
            {
                "validation_loss": fit.loss,
                "best_epoch": fit.best_epoch,
                "epochs": fit.epochs,
                "scale": float(1 + fit.tensors["scale"][0]),
                "learning_rate": fit.learning_rate,
                "retries": fit.retries,
            }
            for fit in fits
        ],
    }


def _write_validation(path: Path, answers: dict[str, np.ndarray], held_out: Contexts) -> None:
    write_tensors(path, answers, {"candidates": list(held_out.candidates)})


def _write_networks(
    path: Path, fits: Sequence[Fit], variant: str, settings: Nonlinear, training: Contexts
) -> None:
    tensors = {f"{fit.seed}.{name}": tensor for fit in fits for name, tensor in fit.tensors.items()}
    shapes = {name: list(tensor.shape) for fit in fits[:1] for name, tensor in fit.tensors.items()}
    metadata = {
        "variant": variant,
        "members": len(fits),
        "layers": settings.layers,
        "heads": settings.heads,
        "length": training.length,
        "vocabulary": training.vocabulary,
        "candidates": list(training.candidates),
        "shapes": shapes,
    }
    write_tensors(path, tensors, metadata)
