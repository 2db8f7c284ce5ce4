"""One transformer block over the positional vocabulary, small enough to take apart.

    x = inputs[position x vocabulary + token]         one vector for each token at each position
    a = x + sum over heads of  (attention x values) out
    m = a + act(norm(a) up + up_bias) down
    logits = norm(m) unembed + bias

`norm` divides by the root mean square and learns nothing (`normalise: false` leaves it out), so queries, keys and
values are functions of the input id alone: a head's attention is a table over pairs of ids. Inner layers are without
biases. `act` is the square of what is positive (So et al., 2021, Primer): a hidden unit that is off adds exactly
nothing.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from handcraft.predictors.one_layer.shape import EPSILON, Shape


class OneLayerModel(nn.Module):
    """The block. Tensors, by name: `token` [vocabulary, d], `position` [length, d], `inputs` [length x vocabulary, d],
    whose sum is the vector of an input id; `qk` [d, 2d], `values` [d, d], `out` [d, d]; `up` [d, h] (`gate` too, of a
    bilinear MLP), `down` [h, d]; `unembed` [d, vocabulary], `bias` [vocabulary]."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width, rows = shape.width, shape.length * shape.vocabulary

        def weights(rows: int, columns: int, scale: float) -> nn.Parameter:
            return nn.Parameter(torch.randn(rows, columns) * scale)

        self.token = weights(shape.vocabulary, width, 0.5)
        self.position = weights(shape.length, width, 0.1)
        self.inputs = nn.Parameter(torch.zeros(rows, width))
        if shape.attention == "learned":
            self.qk = weights(width, 2 * width, width**-0.5)
        if shape.attention != "none":
            self.values = weights(width, width, width**-0.5)
            self.out = nn.Parameter(torch.zeros(width, width))
        if shape.mlp != "none":
            self.up = weights(width, shape.hidden, width**-0.5)
            self.down = nn.Parameter(torch.zeros(shape.hidden, width))
        if shape.mlp == "bilinear":
            self.gate = weights(width, shape.hidden, width**-0.5)
        self.unembed = weights(width, shape.vocabulary, 0.5 * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(shape.vocabulary))

    def norm(self, x: torch.Tensor) -> torch.Tensor:
        return functional.rms_norm(x, (x.shape[-1],), eps=EPSILON) if self.shape.normalise else x

    def vectors(self, tokens: torch.Tensor) -> torch.Tensor:
        """The vectors [n, t, d] of tokens [n, t] that stand at the first t positions."""
        length = tokens.shape[1]
        at = torch.arange(length, device=tokens.device)
        own = functional.embedding(tokens + at * self.shape.vocabulary, self.inputs)
        return functional.embedding(tokens, self.token) + self.position[:length] + own

    def attend(self, x: torch.Tensor) -> torch.Tensor:
        """What the heads together add [n, t, d] to vectors [n, t, d]."""
        if self.shape.attention == "none":
            return torch.zeros_like(x)
        n, length, width = x.shape
        h = self.norm(x)

        def by_head(y: torch.Tensor) -> torch.Tensor:
            return y.view(n, length, self.shape.heads, -1).transpose(1, 2)

        v = by_head(h @ self.values)
        if self.shape.attention == "average":
            ones = torch.ones(length, length, device=x.device, dtype=x.dtype).tril()
            read = (ones / ones.sum(1, keepdim=True)) @ v
        else:
            q, k = map(by_head, (h @ self.qk).split(width, dim=-1))
            mask = self._mask(q, k) if self.shape.reads else None
            read = functional.scaled_dot_product_attention(q, k, v, mask, is_causal=mask is None)
        return read.transpose(1, 2).reshape(n, length, width) @ self.out

    def _mask(self, q: torch.Tensor, k: torch.Tensor) -> torch.Tensor:
        """Which positions each head reads from each, bool [n, heads, t, t]: the `reads` with the largest scores."""
        with torch.no_grad():
            t = q.shape[-2]
            before = torch.ones(t, t, device=q.device, dtype=torch.bool).tril()
            scores = (q @ k.transpose(-1, -2)).masked_fill(~before, -torch.inf)
            least = scores.topk(min(self.shape.reads or t, t), dim=-1).values[..., -1:]
            return (scores >= least) & before

    def think(self, a: torch.Tensor) -> torch.Tensor:
        """What the MLP adds [..., d] to vectors [..., d]."""
        if self.shape.mlp == "none":
            return torch.zeros_like(a)
        return self.active(self.norm(a)) @ self.down

    def active(self, h: torch.Tensor) -> torch.Tensor:
        """The hidden units [..., h] of normalised vectors [..., d]."""
        up = h @ self.up
        return up * (h @ self.gate) if self.shape.mlp == "bilinear" else functional.relu(up).square()

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Logits [n, t, vocabulary] of the token after each of the tokens [n, t]."""
        x = self.vectors(tokens)
        a = x + self.attend(x)
        return self.norm(a + self.think(a)) @ self.unembed + self.bias

    def folded(self) -> dict[str, np.ndarray]:
        """Its tensors, float32, with one vector for each input id: what a checkpoint of a finished model holds."""
        kept = {name: p.detach().float().cpu() for name, p in self.named_parameters()}
        token, position = kept.pop("token"), kept.pop("position")
        rows = (token[None] + position[:, None]).reshape(kept["inputs"].shape)
        kept["inputs"] = kept["inputs"] + rows
        return {name: tensor.numpy() for name, tensor in kept.items()}
