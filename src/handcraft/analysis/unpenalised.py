"""The linear model without a penalty: what it would say of tokens that it hardly saw."""

from pathlib import Path

import torch

from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.files import write_tensors
from handcraft.logging import say
from handcraft.predictors.linear.certificate import loss_at
from handcraft.predictors.linear.descent import START_SCALE, Descent
from handcraft.predictors.linear.onehot import OneHot

STEPS = 200
"""Steps, always. Without a penalty there is as a rule no finite optimum: weights of rare tokens grow on and on."""


def train_unpenalised(train: Path, *, machine: Machine, output: Path) -> None:
    """Take `STEPS` accelerated gradient steps from zero weights on the contexts of `train`, with no penalty.

    Writes weight float32 [length, vocabulary, K] and bias float32 [K], logits, as `train_linear` does; `steps` and
    `train_loss` (nats) in the metadata. For illustration only: training stops before convergence.
    """
    training = read_contexts(train)
    K = len(training.candidates)
    data = OneHot(training.tokens, training.labels, training.vocabulary, K, machine.prepare())
    start = torch.zeros(data.features, K, device=data.device)
    # A word that no context has would have a bias of minus infinity.
    descent = Descent(data, start, data.rates.clamp(min=1e-9).log(), 0.0, START_SCALE)
    descent.run(STEPS)
    loss = loss_at(data, descent.W, descent.b)
    say(f"linear model without a penalty: training loss {loss:.4f} after {STEPS} steps")
    weight = descent.W.cpu().numpy().reshape(data.length, data.vocabulary, K) + 0.0
    metadata = {"candidates": training.candidates, "l1": 0.0, "steps": STEPS, "train_loss": loss}
    metadata |= {"length": data.length, "vocabulary": data.vocabulary, "contexts": len(training)}
    write_tensors(output, {"weight": weight, "bias": descent.b.cpu().numpy()}, metadata)
