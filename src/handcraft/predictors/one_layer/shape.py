"""The sizes of a one-layer model, and the tensors that they make."""

from dataclasses import asdict, dataclass
from typing import Any

from handcraft.config.predictors import OneLayer

EPSILON = 1e-6
"""Added to the mean square that `norm` divides by the root of."""


@dataclass(frozen=True)
class Shape:
    """What fixes the size of every tensor, and how they are put together."""

    length: int
    vocabulary: int
    width: int
    heads: int
    hidden: int
    attention: str
    reads: int | None
    mlp: str
    normalise: bool

    @classmethod
    def of(cls, settings: OneLayer, length: int, vocabulary: int) -> "Shape":
        keys = ("width", "heads", "hidden", "attention", "reads", "mlp", "normalise")
        return cls(length, vocabulary, **{key: getattr(settings, key) for key in keys})

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def tensors(self) -> dict[str, tuple[int, int] | tuple[int]]:
        """The tensors of a finished model, with their shapes."""
        d, h = self.width, self.hidden
        found: dict[str, tuple[int, int] | tuple[int]] = {"inputs": (self.length * self.vocabulary, d)}
        if self.attention == "learned":
            found["qk"] = (d, 2 * d)
        if self.attention != "none":
            found |= {"values": (d, d), "out": (d, d)}
        if self.mlp != "none":
            found |= {"up": (d, h), "down": (h, d)}
        if self.mlp == "bilinear":
            found["gate"] = (d, h)
        return found | {"unembed": (d, self.vocabulary), "bias": (self.vocabulary,)}
