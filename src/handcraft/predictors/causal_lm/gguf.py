"""A model in a GGUF file, made into a directory of safetensors once; from then on it is a model like any other.

The numbers are dequantised by transformers, which takes seconds to minutes a file: too long for each of a model's jobs.
The directory is named after the file's contents and is whole or not there.
"""

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import torch

from handcraft.disk import require_space
from handcraft.errors import UserError
from handcraft.files import hash_file
from handcraft.logging import say
from handcraft.predictors.causal_lm.files import check_memory

FOLDER = Path("work/gguf")
"""Where converted models lie, in the build directory."""
MAGIC = b"GGUF"
_PART = re.compile(r"-\d{5}-of-\d{5}\.gguf$", re.IGNORECASE)


def gguf_file(path: Path) -> Path | None:
    """The GGUF file that `path` names: itself, or the only one in a directory without config.json; None if none.

    Raises `UserError` where there are several, and for one part of a model in parts.
    """
    if path.is_file():
        found = [path] if path.suffix.lower() == ".gguf" else []
    elif (path / "config.json").is_file():
        return None
    else:
        found = sorted(p for p in path.glob("*") if p.suffix.lower() == ".gguf")
    if found and _PART.search(found[0].name):
        raise UserError(
            "this model is in several GGUF files",
            where=str(found[0]),
            remedy="join them with gguf-split --merge, of llama.cpp, and give the new file as model",
        )
    if len(found) > 1:
        raise UserError(
            f"the directory has {len(found)} GGUF files: {', '.join(p.name for p in found[:6])}",
            where=str(path),
            remedy="name one of them as model",
        )
    return found[0] if found else None


def model_directory(path: Path, dtype: str, folder: Path = FOLDER) -> Path:
    """The directory with the model that `path` names: itself, or the one made of its GGUF file (`gguf_file`).

    Made at the first call, in `folder`, with the weights as `dtype`. Raises `UserError` where the packages of the extra
    `gguf` are not installed, where the file is damaged or of an architecture that transformers does not read, and where
    the disk has no room for it.
    """
    file = gguf_file(path)
    if file is None:
        return path
    made = folder / f"{file.stem}.{dtype}.{hash_file(file)[:16]}"
    if not made.is_dir():
        _convert(file, dtype, made)
    return made


def _convert(file: Path, dtype: str, made: Path) -> None:
    count, size = count_gguf_weights(file), {"float32": 4}.get(dtype, 2)
    require_space(made.parent, 1.1 * size * count, f"the model in {file.name}, as {dtype},")
    check_memory(count, size, torch.device("cpu"))
    say(f"{file.name} is converted to safetensors, once", on_terminal=True)
    made.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{made.name}.", dir=made.parent))
    try:
        _save(file, dtype, unfinished)
        unfinished.chmod(0o755)
        try:
            unfinished.replace(made)
        except OSError:
            if not made.is_dir():  # else another job was first, with the same
                raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def count_gguf_weights(file: Path) -> int:
    """Numbers in the file, by its header."""
    with file.open("rb") as opened:
        if opened.read(len(MAGIC)) != MAGIC:
            raise _damaged(file, f"it does not begin with {MAGIC.decode()}")
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise _not_installed(file, error) from error
    try:
        return sum(int(tensor.n_elements) for tensor in GGUFReader(file).tensors)
    except (ValueError, IndexError, KeyError, OSError) as error:
        raise _damaged(file, error) from error


def _save(file: Path, dtype: str, directory: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    given: dict[str, Any] = {"gguf_file": file.name, "local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(file.parent, **given)
        model, report = AutoModelForCausalLM.from_pretrained(
            file.parent,
            dtype=dtype,
            quantization_config=GgufConfig(dequantize=True),
            output_loading_info=True,
            **given,
        )
    except ImportError as error:
        raise _not_installed(file, error) from error
    except Exception as error:
        first = " ".join(str(error).split())[:300]
        raise UserError(
            f"the GGUF file cannot be read ({type(error).__name__}: {first})",
            where=str(file),
            remedy="use a file of an architecture whose GGUF transformers reads, or the same model in safetensors",
        ) from error
    if missing := sorted(map(str, report["missing_keys"])):
        raise _damaged(file, f"it lacks {len(missing)} of the model's tensors: {missing[0]}, ...")
    tokenizer.save_pretrained(directory)
    model.save_pretrained(directory)


def _damaged(file: Path, why: object) -> UserError:
    return UserError(f"the GGUF file is damaged ({why})", where=str(file), remedy="get it again")


def _not_installed(file: Path, error: ImportError) -> UserError:
    return UserError(
        f"a package that reads GGUF files is not installed ({' '.join(str(error).split())[:120]})",
        where=str(file),
        remedy="run pip install 'handcraft[gguf]'",
    )
