"""The network that is added to the linear model's logits, in PyTorch; `predict` computes the same in NumPy.

Its input is one-hot in the positional vocabulary, as that of the linear model. The vector of an input (position, token)
is a product: the token's vector, which all positions share, times a matrix of the position. The vectors of a context's
inputs are summed and go through one or more hidden layers. Free vectors for all 16,384 inputs would have 30 times as
many parameters, and on TinyStories they gain almost nothing on other stories (docs/benchmarks/nonlinear.md).
"""

from dataclasses import dataclass

import torch
from torch.nn import functional

from handcraft.config.predictors import Nonlinear
from handcraft.predictors.nonlinear.predict import ADDITIVE

TOKENS = 0.5
"""Standard deviation of the token vectors at the start."""


@dataclass(frozen=True)
class Shape:
    """What the tensors' shapes follow from: tokens of a context and of the tokenizer, and candidates."""

    length: int
    vocabulary: int
    candidates: int


class Network(torch.nn.Module):
    """Logits [n, K] = (1 + scale) * linear logits + network, where `scale` and the output layer start at zero.

    At the start the logits are those of the linear model, exactly. `scale` is needed because the linear model has
    fitted some noise: a network that can only add to it would have to learn that noise in order to take it back.

    `mlp`: sum of the input vectors, then `layers` hidden layers with ReLU. `attention`: the token vectors first attend
    to one another (one layer, `heads` heads, added to what was there), then the same. `additive`: `mlp` without ReLU,
    so no more than another way to fit a linear model.
    """

    def __init__(self, variant: str, shape: Shape, settings: Nonlinear) -> None:
        """Draws the weights from PyTorch's global generator."""
        super().__init__()
        self.variant, self.dropout, self.heads = variant, settings.dropout, settings.heads
        d, width = settings.embedding, settings.width
        self.tokens = torch.nn.Parameter(torch.randn(shape.vocabulary, d) * TOKENS)
        if variant == "attention":
            self.positions = torch.nn.Parameter(torch.randn(shape.length, d) * TOKENS)
            self.attend = torch.nn.Linear(d, 3 * d)
            self.attended = torch.nn.Linear(d, d)
            torch.nn.init.zeros_(self.attended.weight)
        self.first = torch.nn.Linear(shape.length * d, width)
        self.hidden = torch.nn.ModuleList(torch.nn.Linear(width, width) for _ in range(settings.layers - 1))
        self.out = torch.nn.Linear(width, shape.candidates)
        self.scale = torch.nn.Parameter(torch.zeros(1))
        torch.nn.init.zeros_(self.out.weight)
        torch.nn.init.zeros_(self.out.bias)

    def forward(self, tokens: torch.Tensor, linear: torch.Tensor) -> torch.Tensor:
        """Logits [n, K] of contexts [n, length] (token ids, int32 or int64) with linear logits float32 [n, K]."""
        vectors = functional.embedding(tokens, self.tokens)
        if self.variant == "attention":
            vectors = vectors + self._attention(vectors + self.positions)
        hidden = self._layer(self.first, vectors.flatten(1))
        for layer in self.hidden:
            hidden = self._layer(layer, hidden)
        return (1 + self.scale) * linear + self.out(hidden)

    def _layer(self, layer: torch.nn.Module, values: torch.Tensor) -> torch.Tensor:
        values = layer(values)
        if self.variant != ADDITIVE:
            values = functional.relu(values)
        return functional.dropout(values, self.dropout, self.training)

    def _attention(self, vectors: torch.Tensor) -> torch.Tensor:
        n, length, d = vectors.shape
        split = self.attend(vectors).view(n, length, 3, self.heads, d // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4)  # [n, heads, length, d / heads] each
        weight = torch.softmax(query @ key.transpose(2, 3) / (d // self.heads) ** 0.5, -1)
        return self.attended((weight @ value).transpose(1, 2).reshape(n, length, d))
