"""Checks a linear model's certificate again, from its file and the contexts alone."""

from dataclasses import dataclass
from pathlib import Path

from handcraft.contexts.read import read_contexts
from handcraft.device import fix_arithmetic, resolve_device
from handcraft.errors import UserError
from handcraft.files import read_metadata, read_tensors
from handcraft.predictors.linear.certificate import relative_gap
from handcraft.predictors.linear.onehot import OneHot
from handcraft.predictors.linear.solver import certify


@dataclass(frozen=True)
class Verified:
    """`objective` of the weights as they are, `bound` from below on what any weights can reach (nats), both recomputed;
    `stated` and `wanted` are the gap that the file claims and the one that it was asked for."""

    objective: float
    bound: float
    stated: float
    wanted: float

    @property
    def gap(self) -> float:
        return relative_gap(self.objective, self.bound)

    @property
    def holds(self) -> bool:
        """The gap found is within what was asked for: it need not be the very bound that the solver had."""
        return self.gap <= max(self.stated, self.wanted)


def training_contexts(weights: Path) -> Path:
    """The contexts that the workflow fits `weights` to: results/linear/{variant}/x -> results/contexts/{variant}/."""
    folder = Path(weights).resolve().parent
    return folder.parent.parent / "contexts" / folder.name / "train.safetensors"


def verify_linear(weights: Path, contexts: Path, device: str = "cpu", max_iterations: int = 3000) -> Verified:
    """Evaluate the objective of `weights` on `contexts` and bound its optimum from below.

    Raises `UserError` where the file states no certificate (l1 = 0, or no linear model) or does not fit the contexts.
    """
    tensors, metadata, data = read_tensors(weights), read_metadata(weights), read_contexts(contexts)
    if not {"weight", "bias"} <= set(tensors) or metadata.get("gap") is None:
        raise UserError(
            "this file states no certificate",
            where=str(weights),
            remedy="give the weights.safetensors of a linear model with an L1 penalty above 0",
        )
    expected = (data.length, data.vocabulary, len(data.candidates))
    if tensors["weight"].shape != expected or metadata["contexts"] != len(data):
        raise UserError(
            f"the model has shape {list(tensors['weight'].shape)} and {metadata['contexts']} training contexts, "
            f"these contexts are {len(data)} and need {list(expected)}",
            where=f"{weights}; {contexts}",
            remedy="give the contexts that it was fitted to (--contexts)",
        )
    fix_arithmetic(1)
    onehot = OneHot(data.tokens, data.labels, data.vocabulary, len(data.candidates), resolve_device(device))
    objective, bound = certify(
        onehot, tensors["weight"], tensors["bias"], metadata["l1"], metadata["gap"], max_iterations
    )
    return Verified(objective, bound, metadata["gap"], metadata["gap_wanted"])
