"""Which device a torch model runs on."""

import torch

from handcraft.errors import UserError


def resolve_device(name: str) -> torch.device:
    """The device for the config's `device`: `cpu`, `cuda`, or `auto` (CUDA where there is one).

    Raises `UserError` where `cuda` is asked for and absent.
    """
    if name not in ("cpu", "cuda", "auto"):
        raise UserError(f"device {name!r} is unknown", where="device", remedy="use cpu, cuda or auto")
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise UserError(
            "no CUDA device was found",
            where="device: cuda",
            remedy="set device: cpu (or auto), or install a torch build that supports this machine's GPU",
        )
    return torch.device("cuda" if name != "cpu" and available else "cpu")


def fix_arithmetic(threads: int) -> None:
    """Make sums come out the same every time: a fixed number of threads, deterministic kernels."""
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True, warn_only=True)
