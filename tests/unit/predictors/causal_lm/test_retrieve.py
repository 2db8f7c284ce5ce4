"""A given model that is not available: said early and clearly, and no reason to end the build."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from handcraft.config.predictors import CausalLM
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import read_json, read_metadata
from handcraft.predictions import read_predictions
from handcraft.predictors.causal_lm import files as causal_lm_files
from handcraft.predictors.causal_lm.files import check_memory, count_weights, free_memory
from handcraft.predictors.causal_lm.load import explained, load_language_model
from handcraft.predictors.causal_lm.retrieve import missing_reason, retrieve_causal_lm
from tests.helpers.artifacts import contexts_file
from tests.helpers.language_models import byte_level, random_model, write_model
from tests.helpers.zoo import tiny_model

os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("lm") / "tiny", "llama", byte_level(bos="<s>", added=True))


@pytest.fixture
def model(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "tiny"))


def retrieve(model: Any, tmp_path: Path, revision: str | None = None, bos: str = "auto") -> dict[str, Any]:
    output = tmp_path / "record.json"
    settings = CausalLM(title="Tiny", model=str(model), revision=revision, bos=bos)
    retrieve_causal_lm(settings, name="tiny", device="cpu", output=output)
    found: dict[str, Any] = read_json(output)
    return found


def test_a_model_that_is_there(original: Path, tmp_path: Path) -> None:
    assert retrieve(original, tmp_path) == {"available": True, "name": "tiny", "title": "Tiny"}
    assert missing_reason(tmp_path / "record.json") is None
    assert missing_reason(None) is None


def test_no_directory_cut_weights_and_a_missing_file_are_told_apart(
    model: Path, tmp_path: Path, capfd: Any
) -> None:
    assert "no such directory" in retrieve(tmp_path / "nowhere", tmp_path)["what"]
    assert "Tiny (tiny) is left out of this build: there is no such directory" in capfd.readouterr().err
    whole = (model / "model.safetensors").read_bytes()
    for size in (0, 100, 5000):
        (model / "model.safetensors").write_bytes(whole[:size])
        assert "corrupt" in retrieve(model, tmp_path)["what"]
    (model / "model.safetensors").unlink()
    assert "weights are not all there" in retrieve(model, tmp_path)["what"]


def test_too_little_memory_is_said_before_anything_is_loaded(
    original: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load_language_model(str(original), None, dtype="float32", device=torch.device("cpu"))
    # Tied weights stand in the file once.
    assert count_weights(original) == sum(p.numel() for p in loaded.model.parameters())
    free = free_memory(torch.device("cpu"))
    assert free is None or free > 10_000_000
    monkeypatch.setattr(causal_lm_files, "free_memory", lambda device: 10_000)
    record = retrieve(original, tmp_path)
    assert "GB of memory, and 0.0 GB are free (cpu)" in record["what"]
    assert "bfloat16" in record["remedy"]
    with pytest.raises(UserError, match="GB of memory"):
        load_language_model(str(original), None, dtype="float32", device=torch.device("cpu"))
    check_memory(2000, 4, torch.device("cpu"))


@pytest.mark.parametrize(
    ("kind", "more", "said"),
    [
        ("bert", {}, "bert with is_decoder: false, an encoder"),
        ("llama", {"is_causal": False}, "is_causal: false"),
        ("gemma3_text", {"use_bidirectional_attention": True}, "use_bidirectional_attention"),
    ],
)
def test_a_model_that_looks_ahead_by_its_config(
    original: Path, tmp_path: Path, kind: str, more: dict[str, Any], said: str
) -> None:
    directory = tmp_path / "ahead"
    shutil.copytree(original, directory)
    tiny_model(kind, **more).save_pretrained(directory)
    record = retrieve(directory, tmp_path)
    assert not record["available"]
    assert f"the model is not causal ({said})" in record["what"]
    assert "config.json" in record["where"]
    with pytest.raises(UserError, match="is not causal"):
        load_language_model(str(directory), None, dtype="float32", device=torch.device("cpu"))


@pytest.mark.parametrize("which", ["BOS", "text"])
def test_a_tokenizer_larger_than_the_model(model: Path, tmp_path: Path, which: str) -> None:
    small = random_model("llama", 290, 0)
    small.save_pretrained(model)
    tokenizer = byte_level(vocabulary=290 if which == "BOS" else 300, bos=None if which == "BOS" else "<s>")
    if which == "BOS":
        tokenizer.add_special_tokens({"bos_token": "<|endoftext|>"})
    tokenizer.save_pretrained(model)
    record = retrieve(model, tmp_path, bos="always" if which == "BOS" else "auto")
    assert not record["available"]
    assert "and the model knows the tokens 0 to 289" in record["what"]
    assert "tokenizer" in record["remedy"]


@pytest.mark.parametrize("kind", ["llama", "gpt2", "gpt_neox"])
def test_weights_with_fewer_tokens_than_the_config_says(tmp_path: Path, kind: str) -> None:
    directory = write_model(tmp_path / "lm", kind, byte_level(bos="<s>", added=True))
    assert retrieve(directory, tmp_path)["available"]
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps(config | {"vocab_size": config["vocab_size"] + 64}))
    record = retrieve(directory, tmp_path)
    assert not record["available"]
    assert "vocab_size" in record["what"]
    assert str(config["vocab_size"]) in record["what"]


def test_an_adapter_names_the_model_that_it_changes(tmp_path: Path) -> None:
    (tmp_path / "lora").mkdir()
    (tmp_path / "lora" / "adapter_config.json").write_text('{"base_model_name_or_path": "someone/base"}')
    record = retrieve(tmp_path / "lora", tmp_path)
    assert not record["available"]
    assert "someone/base" in record["what"]
    assert "merge_and_unload" in record["remedy"]


def test_special_tokens_beyond_the_model_that_nobody_asks_for(model: Path, tmp_path: Path) -> None:
    random_model("llama", 300, 0).save_pretrained(model)
    tokenizer = byte_level(vocabulary=300, bos="<s>", added=True)
    tokenizer.add_special_tokens({"pad_token": "<pad>"})
    tokenizer.save_pretrained(model)
    assert retrieve(model, tmp_path)["available"]


def test_quantized_weights_that_cannot_be_read_here(model: Path, tmp_path: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    config["quantization_config"] = {"quant_method": "gptq", "bits": 4, "group_size": 128}
    (model / "config.json").write_text(json.dumps(config))
    record = retrieve(model, tmp_path)
    assert not record["available"]
    assert "package that is not installed" in record["what"]


@pytest.mark.parametrize("size", [0, 0.5])
@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "tokenizer_config.json", "added_tokens.json"]
)
def test_a_json_file_that_is_cut_short_is_named(model: Path, tmp_path: Path, name: str, size: float) -> None:
    (model / "added_tokens.json").write_text("{}")
    whole = (model / name).read_bytes()
    (model / name).write_bytes(whole[: int(size * len(whole))])
    record = retrieve(model, tmp_path)
    assert not record["available"]
    assert name in record["what"]
    assert record["where"].endswith(str(model))


def test_a_json_file_of_the_hub_that_is_cut_short_is_named(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    revision = "0" * 40
    snapshot = tmp_path / "models--some--model" / "snapshots" / revision
    shutil.copytree(model, snapshot)
    (snapshot / "tokenizer_config.json").write_text("{")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with (
        pytest.raises(UserError, match=r"tokenizer_config\.json") as caught,
        explained("some/model", revision),
    ):
        json.loads("{")
    assert "force-download" in caught.value.remedy


def hub_that_fails(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """The hub's client as it is, but for a server that answers with an error, and an empty cache."""
    import httpx2
    import huggingface_hub
    from huggingface_hub import errors

    def fail(*_: Any, **__: Any) -> None:
        response = httpx2.Response(403, request=httpx2.Request("GET", "https://huggingface.co/x"))
        raise getattr(errors, kind)(
            "denied", **({"response": response} if kind != "OfflineModeIsEnabled" else {})
        )

    def nothing(*_: Any, local_files_only: bool = False, **__: Any) -> None:
        assert local_files_only, "a gated model must show before a download"
        raise errors.LocalEntryNotFoundError("not in the cache")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", nothing)


@pytest.mark.parametrize(
    ("kind", "what", "remedy"),
    [
        ("GatedRepoError", "gated", "HF_TOKEN"),
        ("RepositoryNotFoundError", "no such model", "HF_TOKEN"),
        ("RevisionNotFoundError", "revision does not exist", "full commit"),
        ("OfflineModeIsEnabled", "cannot be reached", "hf download meta-llama/Llama-3.1-8B --revision 000"),
    ],
)
def test_no_token_no_network_and_a_gated_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: Any, kind: str, what: str, remedy: str
) -> None:
    hub_that_fails(monkeypatch, kind)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    record = retrieve("meta-llama/Llama-3.1-8B", tmp_path, "0" * 40)
    assert not record["available"]
    assert what in record["what"]
    assert remedy in record["remedy"]
    said = capfd.readouterr().err
    assert what in said
    assert "hf_secret" not in said + (tmp_path / "record.json").read_text()


def test_a_model_in_the_hubs_cache_needs_no_network(
    original: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    commit = "a" * 40
    snapshot = tmp_path / "hub" / "models--me--tiny" / "snapshots" / commit
    shutil.copytree(original, snapshot)
    assert retrieve("me/tiny", tmp_path, commit)["available"]
    # Half of it is none of it: the rest would have to come from the hub.
    (snapshot / "model.safetensors").unlink()
    record = retrieve("me/tiny", tmp_path, commit)
    assert "cannot be reached" in record["what"]
    assert f"hf download me/tiny --revision {commit}" in record["remedy"]


def test_a_missing_model_leaves_artifacts_that_say_so(tmp_path: Path) -> None:
    from handcraft.predictors.causal_lm.predict import Given, Work, predict_causal_lm

    test = contexts_file(tmp_path / "test.safetensors", np.ones((5, 4)), np.zeros(5))
    record = {"available": False, "what": "it is gated", "where": "here", "remedy": "ask"}
    (tmp_path / "record.json").write_text(json.dumps(record))
    nowhere = tmp_path / "nowhere"
    predict_causal_lm(
        Given(test, nowhere, retrieved=tmp_path / "record.json"),
        settings=CausalLM(title="Tiny", model="a/b", revision="0" * 40),
        name="tiny",
        machine=Machine(),
        work=Work(nowhere, "c"),
        predictions=tmp_path / "a.parquet",
        answers=tmp_path / "a.safetensors",
    )
    found = read_predictions(tmp_path / "a.parquet")
    assert (len(found), found.missing, found.title) == (0, "it is gated", "Tiny")
    assert read_metadata(tmp_path / "a.safetensors")["missing"]["remedy"] == "ask"
