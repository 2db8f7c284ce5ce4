"""Check early whether an external model is available; the result is a small file.

A model that is not available does not end the build: the other results stand, and the report says which is missing and
how to get it.
"""

from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoTokenizer

from handcraft.config.predictors import CausalLM
from handcraft.device import resolve_device
from handcraft.disk import require_space, show_bytes
from handcraft.errors import UserError
from handcraft.files import read_json, write_json
from handcraft.logging import say
from handcraft.predictors.causal_lm.files import (
    WANTED,
    cached_directory,
    check_directory,
    check_download,
    check_memory,
    count_weights,
)
from handcraft.predictors.causal_lm.gguf import model_directory
from handcraft.predictors.causal_lm.load import (
    DTYPES,
    check_causal,
    check_embedding,
    check_quantization,
    check_tokenizer,
    explained,
    find_beginning,
)


def retrieve_causal_lm(settings: CausalLM, *, name: str, device: str, output: Path) -> None:
    """Write whether the model can be asked on this machine; one on the hub is downloaded into the hub's cache.

    Of `settings`, `model` is a directory or a GGUF file (no `revision`) or a hub name at `revision`. Looked at: files,
    gate, network, memory, disk, tokenizer, BOS. output: JSON of `available`, `title`, and, where it is not, `what`,
    `where` and `remedy`.
    """
    model, revision, title, dtype = str(settings.model), settings.revision, settings.title, settings.dtype
    record: dict[str, Any] = {"name": name, "title": title, "available": True}
    try:
        if revision is None:
            path = model_directory(Path(model).expanduser(), dtype)
        else:
            path = _fetch(model, revision, dtype, device)
        check_directory(path)
        check_memory(count_weights(path), DTYPES[dtype].itemsize, resolve_device(device))
        with explained(model, revision):
            config = AutoConfig.from_pretrained(path, trust_remote_code=False, local_files_only=True)
            check_causal(config, model)
            check_quantization(config)
            check_embedding(path, config, model)
            tokenizer = AutoTokenizer.from_pretrained(path, trust_remote_code=False, local_files_only=True)
            find_beginning(tokenizer, config.get_text_config(), model, settings.bos)
            check_tokenizer(tokenizer, config.get_text_config(), model)
    except UserError as error:
        record |= {"available": False, "what": error.what, "where": error.where, "remedy": error.remedy}
        say(f"\n{title} ({name}) is left out of this build: {error}\n", on_terminal=True)
    write_json(output, record)


def missing_reason(record: Path | None) -> dict[str, str] | None:
    """What `retrieve_causal_lm` wrote of a model that cannot be queried; None where it can (or was trained here)."""
    said: dict[str, Any] = read_json(record) if record is not None else {"available": True}
    return None if said["available"] else {key: str(said[key]) for key in ("what", "where", "remedy")}


def _fetch(model: str, revision: str, dtype: str, device: str) -> Path:
    """The directory of a hub model at a commit: in the cache already, or downloaded."""
    from huggingface_hub import constants, get_safetensors_metadata, hf_hub_download, snapshot_download

    if path := cached_directory(model, revision):
        return path
    with explained(model, revision):
        # Small things first: a gate shows before gigabytes are loaded, and so do too little memory and disk space.
        hf_hub_download(model, "config.json", revision=revision)
        counts = get_safetensors_metadata(model, revision=revision).parameter_count
        check_memory(sum(counts.values()), DTYPES[dtype].itemsize, resolve_device(device))
        files = snapshot_download(model, revision=revision, dry_run=True, **WANTED)
        size = sum(file.file_size or 0 for file in files if file.will_download)
        require_space(Path(constants.HF_HUB_CACHE), size, f"the files of {model}")
        say(f"{model} is downloaded ({show_bytes(size)})", on_terminal=True)
        path = Path(snapshot_download(model, revision=revision, **WANTED))
        say(f"{model} is there; its files are checked", on_terminal=True)
        check_download(path, [file.filename for file in files])
        return path
