"""The files of a causal LM, and whether its weights fit into memory: looked at before anything is loaded."""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from handcraft.errors import UserError
from handcraft.files import hash_file

WHERE = "predictors.causal_lms"
WANTED: dict[str, Any] = {
    "allow_patterns": ["*.safetensors", "*.json", "*.model", "*.txt"],
    "ignore_patterns": ["*/*"],
}
"""What is read of a model's repository on the hub; not its other formats, which lie in subdirectories."""
ROOM = 1.2
"""Memory that a model needs beside a batch, over that of its weights."""


def check_directory(path: Path) -> None:
    """Raise `UserError` unless config, tokenizer and all safetensors files of a model are in the directory."""
    _refuse_adapter(path)
    if not path.is_dir():
        raise UserError(
            "there is no such directory",
            where=f"{WHERE}: model: {path}",
            remedy="fix the path (a relative one starts where snakemake runs), or give a hub name with its revision",
        )
    names = {p.name for p in path.iterdir()}
    if "config.json" not in names:
        raise UserError(
            "the model's directory has no config.json", where=str(path), remedy="get the model again"
        )
    if absent := sorted(_weight_files(path) - names):
        raise UserError(
            f"the weights are not all there: {', '.join(absent)}",
            where=str(path),
            remedy="get the files; only safetensors are read, so save other weights with "
            "model.save_pretrained(directory) first",
        )
    if not names & {"tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model"}:
        raise UserError(
            "the model's directory has no tokenizer (tokenizer.json)",
            where=str(path),
            remedy="copy the tokenizer's files beside the weights (tokenizer.save_pretrained(directory))",
        )


def cached_directory(model: str, revision: str) -> Path | None:
    """Where the hub's cache has all of a model at a commit, without asking the hub; None where it does not."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        path = Path(snapshot_download(model, revision=revision, local_files_only=True, **WANTED))
        check_directory(path)
    except (LocalEntryNotFoundError, HFValidationError, UserError):
        return None
    return path


def check_download(path: Path, names: Iterable[str]) -> None:
    """Raise `UserError` where a file that was downloaded to a directory of the hub's cache is missing or damaged.

    The cache names large files by their SHA-256, which the hub's client does not check. One that is damaged is removed,
    so that the next run gets it anew.
    """
    for name in names:
        file = path / name
        etag = file.readlink().name if file.is_symlink() else ""
        problem = "" if file.is_file() else "is missing"
        if not problem and len(etag) == 64 and hash_file(file) != etag:
            problem = "is damaged: its SHA-256 is not the one that the hub announced"
            (file.parent / file.readlink()).unlink()
            file.unlink()
        if problem:
            raise UserError(
                f"after the download {name} {problem}",
                where=f"{WHERE}: {path}",
                remedy="run the same command again; it gets this file anew",
            )


def _refuse_adapter(path: Path) -> None:
    """Raise `UserError` for what people take for a model's directory: an adapter."""
    adapter = path / "adapter_config.json"
    if adapter.is_file() and not (path / "config.json").is_file():
        try:
            base = json.loads(adapter.read_text(encoding="utf-8"))["base_model_name_or_path"]
        except (ValueError, KeyError, TypeError):
            base = "another model"
        raise UserError(
            f"this is an adapter (LoRA) that changes {base}, not a model",
            where=f"{WHERE}: model: {path}",
            remedy="merge it into its model with peft (merge_and_unload), save that with save_pretrained, and give "
            "the new directory as model",
        )


def _weight_files(path: Path) -> set[str]:
    """Names of the safetensors files that the model is made of."""
    index = path / "model.safetensors.index.json"
    if not index.is_file():
        return {"model.safetensors"}
    try:
        return set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError) as error:
        raise UserError(
            f"cannot read the index ({error})", where=str(index), remedy="get it again"
        ) from error


def count_weights(path: Path) -> int:
    """Numbers in the model's safetensors files, by their headers. Raises `UserError` for a file that is corrupt."""
    return sum(_count(path / name) for name in sorted(_weight_files(path)))


def tensor_shape(path: Path, name: str) -> list[int] | None:
    """Shape of one tensor of the model in the directory `path`, by the files' headers; None where there is none."""
    for file in sorted(_weight_files(path)):
        with safe_open(str(path / file), "pt") as opened:
            if name in opened.keys():  # noqa: SIM118
                shape: list[int] = opened.get_slice(name).get_shape()
                return shape
    return None


def _count(path: Path) -> int:
    try:
        # Maps the file and checks that its tensors cover all of it; reads no tensor.
        with safe_open(str(path), "pt") as file:
            return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys())  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise UserError(
            f"a safetensors file of the model is corrupt ({error})",
            where=str(path),
            remedy="get the weights again",
        ) from error


def check_memory(weights: int, size: int, device: torch.device) -> None:
    """Raise `UserError` where `weights` numbers of `size` bytes do not fit into the free memory of `device`."""
    need, free = ROOM * weights * size, free_memory(device)
    if free is not None and need > free:
        raise UserError(
            f"the model needs about {need / 1e9:,.1f} GB of memory, and {free / 1e9:,.1f} GB are free ({device})",
            where=WHERE,
            remedy="use dtype: bfloat16, a smaller model, or a machine with more memory",
        )


def free_memory(device: torch.device) -> int | None:
    """Bytes that can still be had, of the GPU or of the machine within its control group; None where none is told."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    found = []
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        found += [1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
        group = Path("/sys/fs/cgroup")
        limit = (group / "memory.max").read_text(encoding="ascii").strip()
        if limit != "max":
            used = int((group / "memory.current").read_text(encoding="ascii"))
            stat = dict(line.split() for line in (group / "memory.stat").read_text("ascii").splitlines())
            # The page cache is given back when memory is wanted.
            found.append(
                int(limit) - used + int(stat.get("inactive_file", 0)) + int(stat.get("active_file", 0))
            )
    except (OSError, ValueError):
        pass
    return min(found, default=None)
