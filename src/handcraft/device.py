"""Which device a torch model runs on, and how many GPUs its job asks a scheduler for: decided here alone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handcraft.errors import UserError

if TYPE_CHECKING:
    import torch

DEVICES = ("cpu", "cuda", "auto")


def count_gpus(name: str) -> int:
    """GPUs that a job asks for on the config's `device`: none on `cpu`, so that CPU jobs do not wait for each other.

    One on `cuda` and on `auto`; torch is not imported for it.
    """
    return 0 if _known(name) == "cpu" else 1


def resolve_device(name: str) -> "torch.device":
    """The device for the config's `device`: `cpu`, `cuda`, or `auto` (CUDA where there is one).

    Raises `UserError` where `cuda` is asked for and absent.
    """
    import torch

    available = _known(name) != "cpu" and torch.cuda.is_available()
    if name == "cuda" and not available:
        raise UserError(
            "no CUDA device was found",
            where="device: cuda",
            remedy="set device: cpu (or auto), or install a torch build that supports this machine's GPU",
        )
    return torch.device("cuda" if available else "cpu")


def fix_arithmetic(threads: int) -> None:
    """Make sums come out the same every time: a fixed number of threads, deterministic kernels."""
    import torch

    torch.set_num_threads(threads)
    # The same as use_deterministic_algorithms(True, warn_only=True), which imports torch.compile as well: 1.3 s.
    torch.set_deterministic_debug_mode("warn")


@dataclass(frozen=True)
class Machine:
    """What a job computes on: the config's `device`, and how many threads."""

    device: str = "cpu"
    threads: int = 1

    def prepare(self) -> "torch.device":
        """Fix the arithmetic and return the device; raises `UserError` as `resolve_device` does."""
        fix_arithmetic(self.threads)
        return resolve_device(self.device)


def _known(name: str) -> str:
    if name not in DEVICES:
        raise UserError(f"device {name!r} is unknown", where="device", remedy="use cpu, cuda or auto")
    return name
