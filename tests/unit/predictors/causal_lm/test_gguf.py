"""A model in a GGUF file answers as the same model in safetensors, and what is wrong with a file is said."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from handcraft.config.predictors import CausalLM
from handcraft.errors import UserError
from handcraft.files import read_json
from handcraft.predictors.causal_lm import gguf
from handcraft.predictors.causal_lm.gguf import gguf_file, model_directory
from handcraft.predictors.causal_lm.load import load_language_model
from handcraft.predictors.causal_lm.retrieve import retrieve_causal_lm
from tests.helpers.gguf import write_gguf
from tests.helpers.language_models import CANDIDATES, WINDOWS, byte_level, random_model, score_texts


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return byte_level(bos="<s>")


@pytest.fixture(scope="module")
def original(tokenizer: Any) -> Any:
    return random_model("llama", len(tokenizer), tokenizer.bos_token_id)


@pytest.fixture
def file(original: Any, tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lm").mkdir()
    return write_gguf(tmp_path / "lm" / "tiny.gguf", original, tokenizer)


def retrieve(model: Path) -> dict[str, Any]:
    settings = CausalLM(title="Tiny", model=str(model.absolute()))
    retrieve_causal_lm(settings, name="tiny", device="cpu", output=Path("record.json"))
    found: dict[str, Any] = read_json("record.json")
    return found


def load(model: Path) -> Any:
    return load_language_model(str(model), None, dtype="float32", device=torch.device("cpu"))


@pytest.mark.parametrize("inside", [False, True], ids=["the file", "its directory"])
def test_it_answers_as_the_same_model_in_safetensors(
    file: Path, original: Any, tokenizer: Any, inside: bool
) -> None:
    model = file.parent if inside else file
    assert retrieve(model)["available"]
    original.save_pretrained("plain")
    tokenizer.save_pretrained("plain")
    found = [
        score_texts(load(where), WINDOWS[:5], CANDIDATES, batch_tokens=512, prefix="", name="tiny")
        for where in (model, Path("plain"))
    ]
    np.testing.assert_allclose(found[0], found[1], atol=1e-4)
    assert np.ptp(found[0]) > 1


def test_it_is_converted_once_and_again_when_it_changes(file: Path) -> None:
    first = model_directory(file, "float32")
    stamp = (first / "model.safetensors").stat().st_mtime_ns
    assert model_directory(file, "float32") == first
    assert (first / "model.safetensors").stat().st_mtime_ns == stamp
    assert model_directory(file, "bfloat16") != first
    with file.open("ab") as opened:
        opened.write(b"\0" * 32)
    assert model_directory(file, "float32") != first
    assert [p.name for p in gguf.FOLDER.glob(".*")] == []


def test_a_directory_of_safetensors_stays_as_it_is(file: Path) -> None:
    (file.parent / "config.json").write_text("{}")
    assert gguf_file(file.parent) is None
    assert model_directory(file.parent, "float32") == file.parent


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def no_gguf(file: Path) -> None:
    file.write_bytes(b"what is this?")


def two_files(file: Path) -> None:
    file.with_name("other.gguf").write_bytes(file.read_bytes())


def one_part(file: Path) -> None:
    file.rename(file.with_name("tiny-00001-of-00002.gguf"))


@pytest.mark.parametrize(
    ("fault", "what", "remedy"),
    [
        (cut_short, "damaged", "get it again"),
        (no_gguf, "does not begin with GGUF", "get it again"),
        (two_files, "other.gguf, tiny.gguf", "name one"),
        (one_part, "several GGUF files", "gguf-split --merge"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(file: Path, fault: Any, what: str, remedy: str) -> None:
    fault(file)
    record = retrieve(file.parent)
    assert not record["available"]
    assert what in record["what"]
    assert remedy in record["remedy"]
    assert "lm" in record["where"]
    assert not gguf.FOLDER.exists() or list(gguf.FOLDER.iterdir()) == []


def test_an_architecture_that_transformers_does_not_read(
    original: Any, tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = write_gguf(tmp_path / "odd.gguf", original, tokenizer, architecture="oddity")
    record = retrieve(file)
    assert "oddity" in record["what"]
    assert "safetensors" in record["remedy"]


def test_without_the_packages_the_extra_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gguf", None)
    assert "handcraft[gguf]" in retrieve(file)["remedy"]


def test_a_disk_or_memory_too_small_is_said_before_anything_is_written(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        gguf, "require_space", lambda *_: (_ for _ in ()).throw(UserError("the disk is full"))
    )
    assert retrieve(file)["what"] == "the disk is full"
    monkeypatch.undo()
    monkeypatch.chdir(file.parent.parent)
    monkeypatch.setattr("handcraft.predictors.causal_lm.files.free_memory", lambda _: 1000)
    assert "memory" in retrieve(file)["what"]
    assert not gguf.FOLDER.exists()
