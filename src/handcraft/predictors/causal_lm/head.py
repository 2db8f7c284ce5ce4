"""From a causal LM's hidden states to its logits, for the places that are read and no others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from handcraft.logging import say

# Settings by which an architecture changes its logits after the output matrix (Gemma, Cohere, Granite, MiniCPM...).
RESCALERS = (
    "final_logit_softcapping",
    "logit_scale",
    "logits_scaling",
    "lm_head_multiplier",
    "dim_model_base",
)
WIDE = 1 << 26  # weights of an output matrix up to which a copy in float64 is made (512 MB)


@dataclass(frozen=True)
class Head:
    """How to get logits: of hidden states by the output matrix (`matrix` not None), or of the whole model."""

    model: Any
    matrix: Any
    bias: Any
    vocabulary: int
    length: int | None = None
    """The longest row that the model takes; padding beyond it is cut."""

    def states(
        self, ids: np.ndarray, depths: np.ndarray | None = None, sight: np.ndarray | None = None
    ) -> torch.Tensor:
        """What `logits` takes, for every place of rows (see `rows.row_inputs`): [n * length, ...]."""
        device = self.model.device
        inputs: dict[str, Any] = {"input_ids": torch.from_numpy(ids).to(device), "use_cache": False}
        if depths is not None and sight is not None:
            # Tables of positions end at the model's length; a padded place is read by nobody.
            inputs["position_ids"] = torch.from_numpy(depths).to(device)
            hidden = torch.zeros(sight.shape, dtype=self.model.dtype, device=device)
            hidden.masked_fill_(~torch.from_numpy(sight).to(device), torch.finfo(hidden.dtype).min)
            inputs["attention_mask"] = hidden[:, None]
        elif self.length is not None and ids.shape[1] > self.length:
            inputs["input_ids"] = inputs["input_ids"][:, : self.length]
        if self.matrix is not None:
            found: torch.Tensor = self.model.base_model(**inputs)[0]
        else:
            found = self.model(**inputs).logits
        if found.shape[1] < ids.shape[1]:
            found = torch.nn.functional.pad(found, (0, 0, 0, ids.shape[1] - found.shape[1]))
        return found.flatten(0, 1)

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Logits of some places, in float32 (of a bfloat16 model too) or, from a float32 model, in float64."""
        if self.matrix is None:
            return states.float()
        found = torch.nn.functional.linear(states.to(self.matrix.dtype), self.matrix, self.bias)
        return found if found.dtype == torch.float64 else found.float()


def find_head(model: Any, row: Sequence[int]) -> Head:
    """The way to this model's logits that is the same as its own on the row of tokens `row`."""
    whole = whole_head(model)
    if not _head_is_all(model, row):
        say("the model changes its logits after the output matrix: all logits are computed")
        return whole
    layer = model.get_output_embeddings()
    matrix, bias = layer.weight.detach(), getattr(layer, "bias", None)
    # Half of what a float32 log-probability is off by comes from this one product.
    if matrix.dtype == torch.float32 and matrix.device.type == "cpu" and matrix.numel() <= WIDE:
        matrix, bias = matrix.double(), None if bias is None else bias.detach().double()
    return Head(model, matrix, bias, int(matrix.shape[0]), whole.length)


def whole_head(model: Any) -> Head:
    """The model's own logits, all of them."""
    config = model.config.get_text_config()
    return Head(model, None, None, int(config.vocab_size), model_length(model))


def model_length(model: Any) -> int | None:
    """The longest row that the model takes, in its tokens, where its config says one."""
    limit = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return None if limit is None else int(limit)


def _head_is_all(model: Any, row: Sequence[int]) -> bool:
    """Whether the model's logits are its output matrix times its last hidden states, and no more.

    Some architectures scale or cap them: told by the config, and tried on one row, since no list is ever complete.
    """
    config = model.config.get_text_config()
    if any(getattr(config, name, None) not in (None, 1, 1.0) for name in RESCALERS):
        return False
    head = model.get_output_embeddings()
    if head is None or model.base_model is model or not isinstance(head, torch.nn.Linear):
        return False
    inputs = {"input_ids": torch.tensor([list(row)], device=model.device), "use_cache": False}
    with torch.inference_mode():
        full = model(**inputs).logits.float()
        states = model.base_model(**inputs)[0]
        if states.shape[-1] != head.weight.shape[-1]:
            return False
        # State space models keep their sums in float32, whatever their weights are.
        ours = head(states.to(head.weight.dtype)).float()
    if not torch.isfinite(full).all():
        return False
    # bfloat16 and float16 round at 2^-8 and 2^-11, and the order of sums may differ.
    loose = 1e-5 if states.dtype == torch.float32 else 2e-2
    return bool(torch.allclose(full, ours, rtol=loose, atol=loose * float(full.abs().max())))
