"""Training of the one-layer model on all windows of the training stories: Muon for matrices, AdamW for vectors.

A run that is interrupted goes on from its last checkpoint, and ends at the same bytes: which windows a step takes
follows from its number, and nothing else is random after the start.
"""

import hashlib
import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from torch.nn import functional

from handcraft.config.predictors import OneLayer
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import hash_file, read_metadata, read_tensors, write_csv, write_tensors
from handcraft.logging import progress, say
from handcraft.predictors.one_layer.model import OneLayerModel
from handcraft.predictors.one_layer.muon import Muon
from handcraft.predictors.one_layer.shape import Shape
from handcraft.seeds import derive_seed, generator
from handcraft.tokenizer.encode import TokenFiles
from handcraft.tokenizer.windows import Windows, numbers_of_step

MATRICES = ("qk", "values", "out", "up", "gate", "down")
"""Tensors that Muon trains; it makes each step a rotation, which suits what maps vectors to vectors."""
MOMENTUM = 0.95
BETAS = (0.9, 0.98)
POINTS = 20
"""Rows of the training table."""
WATCHED = 1024
"""Validation windows whose loss is watched."""
SECONDS = 60.0
"""Between two checkpoints."""
COLUMNS = ("step", "windows", "loss", "validation_loss", "validation_last")


@dataclass(frozen=True)
class Work:
    """Where an unfinished training is kept, and a hash of the code that makes it."""

    folder: Path
    code: str
    seconds: float = SECONDS
    """Seconds between two checkpoints."""


def train_one_layer(
    files: Mapping[str, TokenFiles],
    shape: Shape,
    *,
    settings: OneLayer,
    seed: int,
    machine: Machine,
    work: Work,
    outputs: tuple[Path, Path],
) -> None:
    """Train on the split `train`, watch `validation`; `outputs` are the model and the table of its training.

    The model: safetensors of `OneLayerModel.folded`, metadata `shape`. Table, a row for each of `POINTS` parts of the
    run: the mean loss over all positions since the row before, that on validation windows, and there at the last
    position alone (nats). The same values give the same bytes on the same machine, interrupted or not.
    Raises `UserError` where no story is longer than a window and where the loss is NaN or infinite.
    """
    device = machine.prepare()
    corpus = {s: Windows(files[s], shape.length) for s in ("train", "validation")}
    corpus["train"].require_some()
    torch.manual_seed(derive_seed(seed, "one_layer", "weights"))
    run = _Run(OneLayerModel(shape).to(device), settings, seed, corpus["train"])
    key = {
        "code": work.code,
        "shape": shape.as_dict(),
        "settings": settings.model_dump(),
        "seed": seed,
        "tokens": [hash_file(path) for path in (*files["train"], *files["validation"])],
        "machine": [str(device), machine.threads, torch.__version__],
    }
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:24]
    checkpoint = work.folder / f"{name}.safetensors"
    run.resume(checkpoint)
    say(
        f"{sum(t.size for t in run.model.folded().values()):,} parameters, {run.steps:,} steps of "
        f"{settings.batch_size:,} windows: {settings.windows / len(corpus['train']):.2f} times all of them"
    )
    run.train(corpus["validation"], checkpoint, work.seconds)
    write_tensors(outputs[0], run.model.folded(), {"shape": shape.as_dict()})
    write_csv(outputs[1], run.table, COLUMNS)
    shutil.rmtree(work.folder, ignore_errors=True)


def rate_at(step: int, steps: int, warmup: float, cooldown: float) -> float:
    """Share of the learning rates at a step (from 0): a linear rise, a level, a linear fall to zero."""
    rise = min(1.0, (step + 1) / max(1.0, warmup * steps))
    fall = min(1.0, (steps - step) / max(1.0, cooldown * steps))
    return min(rise, fall)


def window_loss(model: OneLayerModel, rows: torch.Tensor) -> torch.Tensor:
    """Negative log-likelihood (nats) of each token of rows [n, t + 1] after those before it: [n, t]."""
    on_gpu = rows.device.type == "cuda"
    with torch.autocast(rows.device.type, torch.bfloat16, enabled=on_gpu):
        logits = model(rows[:, :-1])
    targets = rows[:, 1:]
    losses = functional.cross_entropy(logits.flatten(0, 1).float(), targets.flatten(), reduction="none")
    return losses.view(targets.shape)


class _Run:
    """A training under way: model, optimisers, the number of steps done, the table so far, the losses since its last
    row."""

    def __init__(self, model: OneLayerModel, settings: OneLayer, seed: int, windows: Windows) -> None:
        self.model, self.settings, self.seed, self.windows = model, settings, seed, windows
        self.steps = max(1, -(-settings.windows // settings.batch_size))
        self.step, self.total, self.since = 0, 0.0, 0
        self.table: list[dict[str, float | int]] = []
        named = dict(model.named_parameters())
        matrices = {n: p for n, p in named.items() if n in MATRICES}
        vectors = {n: p for n, p in named.items() if n not in MATRICES}
        decay = settings.weight_decay
        self.optimizers: list[tuple[list[str], torch.optim.Optimizer, float]] = [
            (
                list(vectors),
                torch.optim.AdamW(vectors.values(), betas=BETAS, eps=1e-10, weight_decay=decay, fused=True),
                settings.learning_rate,
            )
        ]
        if matrices:
            muon = Muon(matrices.values(), momentum=MOMENTUM, weight_decay=decay)
            self.optimizers.append((list(matrices), muon, settings.matrix_rate))

    @property
    def device(self) -> torch.device:
        return self.model.bias.device

    def train(self, validation: Windows, checkpoint: Path, seconds: float) -> None:
        s, every = self.settings, max(1, self.steps // POINTS)
        watched = self._watched(validation)
        saved = monotonic()
        for step in progress(range(self.step, self.steps), "training the one-layer model", unit="steps"):
            for _, optimizer, rate in self.optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = rate * rate_at(step, self.steps, s.warmup, s.cooldown)
            numbers = numbers_of_step(step, s.batch_size, len(self.windows), self.seed)
            rows = torch.from_numpy(self.windows.rows(numbers)).to(self.device)
            loss = window_loss(self.model, rows).mean()
            for _, optimizer, _ in self.optimizers:
                optimizer.zero_grad(set_to_none=True)
            loss.backward()
            for _, optimizer, _ in self.optimizers:
                optimizer.step()
            self.step, self.total, self.since = step + 1, self.total + float(loss.detach()), self.since + 1
            if not math.isfinite(self.total):
                raise UserError(
                    f"the loss is NaN or infinite after {self.step:,} steps",
                    where="predictors.one_layer.learning_rate, matrix_rate",
                    remedy="set smaller learning rates",
                )
            if self.step % every == 0 or self.step == self.steps:
                self._add_row(watched)
            if monotonic() - saved >= seconds and self.step < self.steps:
                self.save(checkpoint)
                saved = monotonic()

    def _watched(self, validation: Windows) -> torch.Tensor | None:
        if not len(validation):
            return None
        count = min(WATCHED, len(validation))
        random = generator(self.seed, "one_layer", "validation")
        return torch.from_numpy(validation.rows(random.choice(len(validation), count, replace=False)))

    def _add_row(self, watched: torch.Tensor | None) -> None:
        row: dict[str, Any] = {"step": self.step, "windows": self.step * self.settings.batch_size}
        row["loss"] = self.total / self.since
        if watched is not None:
            with torch.no_grad():
                losses = window_loss(self.model, watched.to(self.device))
            row |= {"validation_loss": float(losses.mean()), "validation_last": float(losses[:, -1].mean())}
            say(f"step {self.step:,}: validation loss {row['validation_loss']:.3f}")
        self.table.append(row)
        self.total, self.since = 0.0, 0

    def save(self, path: Path) -> None:
        """Write all that the next step needs: whole, or not at all."""
        tensors = {f"model.{name}": p.detach().cpu().numpy() for name, p in self.model.named_parameters()}
        for names, optimizer, _ in self.optimizers:
            for name, p in zip(names, optimizer.param_groups[0]["params"], strict=True):
                state = {k: torch.as_tensor(v).cpu().numpy() for k, v in optimizer.state[p].items()}
                tensors |= {f"state.{name}.{k}": v for k, v in state.items()}
        kept = {"step": self.step, "total": self.total, "since": self.since, "table": self.table}
        write_tensors(path, tensors, kept)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint, if there is one that can be read."""
        if not path.is_file():
            return
        try:
            tensors, kept = read_tensors(path), read_metadata(path)
        except UserError as error:
            say(f"the checkpoint cannot be read, so training starts anew: {error.what}", on_terminal=True)
            return
        with torch.no_grad():
            for name, p in self.model.named_parameters():
                p.copy_(torch.from_numpy(tensors[f"model.{name}"]))
        for names, optimizer, _ in self.optimizers:
            for name, p in zip(names, optimizer.param_groups[0]["params"], strict=True):
                prefix = f"state.{name}."
                state = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
                optimizer.state[p] = {
                    k: torch.from_numpy(v).to("cpu" if k == "step" else p.device) for k, v in state.items()
                }
        self.step, self.total, self.since = kept["step"], kept["total"], kept["since"]
        self.table = kept["table"]
        say(f"goes on from step {self.step:,} of {self.steps:,}", on_terminal=True)
