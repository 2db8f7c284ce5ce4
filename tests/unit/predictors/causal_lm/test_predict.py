"""Loading a causal LM, what goes wrong with it, and the predictions that it writes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from handcraft.config.predictors import CausalLM
from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import hash_file, read_metadata, read_tensors, write_tensors
from handcraft.predictions import read_predictions
from handcraft.predictors.causal_lm import probe
from handcraft.predictors.causal_lm.load import LanguageModel, load_language_model
from handcraft.predictors.causal_lm.predict import Given, Work, predict_causal_lm
from handcraft.predictors.causal_lm.retrieve import retrieve_causal_lm
from handcraft.predictors.causal_lm.rows import Way, batches, plan_rows
from handcraft.predictors.causal_lm.score import Scorer
from handcraft.predictors.causal_lm.shards import model_fingerprint, shard_key
from handcraft.predictors.causal_lm.text import Question
from handcraft.tokenizer.encode import TokenFiles
from tests.helpers.language_models import (
    CANDIDATES,
    TEXTS,
    WINDOWS,
    byte_level,
    random_model,
    score_questions,
    score_texts,
    write_model,
)

os.environ["HF_HUB_OFFLINE"] = "1"
CPU = torch.device("cpu")


def load(
    path: Path | str, revision: str | None = None, dtype: str = "float32", bos: str = "auto"
) -> LanguageModel:
    return load_language_model(str(path), revision, dtype=dtype, device=CPU, bos=bos)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    return write_model(tmp_path_factory.mktemp("lm") / "tiny", "llama", byte_level(bos="<s>", added=True))


@pytest.fixture
def model(original: Path, tmp_path: Path) -> Path:
    """A copy to be broken."""
    return Path(shutil.copytree(original, tmp_path / "tiny"))


@pytest.fixture
def asked(tmp_path: Path) -> Given:
    """Contexts of a tokenizer of ours, the tokenizer, and stories that they end."""
    ours = byte_level(bos="<|endoftext|>", vocabulary=350).backend_tokenizer
    ours.save(str(tmp_path / "tokenizer.json"))
    ids = [i for text in TEXTS for i in ours.encode(text).ids]
    windows = np.array([ids[i : i + 16] for i in range(0, 200, 5)], np.uint16)
    n = len(windows)
    arrays = {"tokens": windows, "labels": np.zeros(n, np.uint8)}
    arrays |= {"story": np.arange(n, dtype=np.int64), "offset": np.full(n, 16, np.int64)}
    metadata = {"candidates": list(CANDIDATES), "vocabulary": 350}
    for split in ("test", "validation"):
        write_tensors(tmp_path / f"{split}.safetensors", arrays, metadata)
    # One story a context: what is in its window, and twenty tokens before it.
    stories = np.concatenate([np.concatenate([ids[:20], row]) for row in windows]).astype(np.uint16)
    np.save(tmp_path / "tokens.npy", stories)
    np.save(tmp_path / "starts.npy", np.arange(n + 1) * 36)
    arrays["offset"] = np.full(n, 36, np.int64)
    write_tensors(tmp_path / "test.safetensors", arrays, metadata)
    return Given(
        tmp_path / "test.safetensors",
        tmp_path / "tokenizer.json",
        validation=tmp_path / "validation.safetensors",
        stories=TokenFiles(tmp_path / "tokens.npy", tmp_path / "starts.npy"),
    )


def predict(model: Path, given: Given, output: Path, **settings: Any) -> Path:
    """Ask the model; returns the answers artifact beside the predictions `output`."""
    answers = output.with_suffix(".safetensors")
    predict_causal_lm(
        given,
        # Not validated: some tests ask fewer contexts than the config allows.
        settings=CausalLM(title="Tiny", model=str(model)).model_copy(update=settings),
        name="tiny",
        machine=Machine(),
        work=Work(output.parent / "work", "c"),
        predictions=output,
        answers=answers,
    )
    return answers


def test_predictions_of_all_contexts_without_network(
    original: Path, asked: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    predict(original, asked, tmp_path / "a.parquet")
    found = read_predictions(tmp_path / "a.parquet")
    assert (found.predictor, found.title, found.candidates) == ("tiny", "Tiny", CANDIDATES)
    assert found.log_probability.shape == (len(read_contexts(asked.test)), 5)
    np.testing.assert_allclose(np.exp(found.log_probability).sum(1), 1, atol=1e-5)
    said = capfd.readouterr().err
    assert "before all text: '<s>' (token 0)" in said
    assert "Loading weights" not in said
    predict(original, asked, tmp_path / "b.parquet")
    assert hash_file(tmp_path / "a.parquet") == hash_file(tmp_path / "b.parquet")
    predict(original, asked, tmp_path / "c.parquet", batch_tokens=30)
    again = read_predictions(tmp_path / "c.parquet").log_probability
    np.testing.assert_allclose(again, found.log_probability, rtol=0, atol=1e-5)


def test_missing_directory(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such directory") as error:
        load(tmp_path / "nowhere")
    assert "nowhere" in str(error.value)


def test_no_config(model: Path) -> None:
    (model / "config.json").unlink()
    with pytest.raises(UserError, match=r"no config\.json"):
        load(model)


@pytest.mark.parametrize("index", [None, {"weight_map": {"a": "model-1.safetensors"}}])
def test_missing_weights(model: Path, index: Any) -> None:
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    if index:
        (model / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UserError, match=r"weights are not all there: model.*safetensors"):
        load(model)


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_corrupt_weights(model: Path, size: int) -> None:
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:size])
    with pytest.raises(UserError, match="safetensors file of the model is corrupt"):
        load(model)


def test_weights_of_a_smaller_model(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(UserError, match="the weights lack 9 of the model's tensors"):
        load(model)


def test_weights_of_another_shape(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"intermediate_size": 48}))
    with pytest.raises(UserError, match="cannot be loaded"):
        load(model)


def test_missing_tokenizer(model: Path) -> None:
    (model / "tokenizer.json").unlink()
    with pytest.raises(UserError, match="no tokenizer"):
        load(model)


def test_broken_config_and_unknown_kind(model: Path) -> None:
    (model / "config.json").write_text("{")
    with pytest.raises(UserError, match="valid JSON"):
        load(model)
    (model / "config.json").write_text('{"model_type": "t5"}')
    with pytest.raises(UserError, match="cannot be loaded as a causal language model"):
        load(model)


def test_unknown_dtype(original: Path) -> None:
    with pytest.raises(UserError, match="dtype 'float8' is unknown"):
        load(original, dtype="float8")


def test_not_on_this_machine_and_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match="cannot be reached") as error:
        load("nobody/nothing", "0" * 40)
    assert "hf download nobody/nothing" in error.value.remedy


@pytest.mark.parametrize(
    ("kind", "what", "remedy"),
    [
        ("GatedRepoError", "gated", "HF_TOKEN"),
        ("RepositoryNotFoundError", "no such model", "private"),
        ("RevisionNotFoundError", "revision does not exist", "full commit"),
    ],
)
def test_errors_of_the_hub(monkeypatch: pytest.MonkeyPatch, kind: str, what: str, remedy: str) -> None:
    import httpx2
    from huggingface_hub import errors

    from handcraft.predictors.causal_lm import load as causal_lm_load

    def fail(*_: Any, **__: Any) -> None:
        response = httpx2.Response(403, request=httpx2.Request("GET", "https://huggingface.co/x"))
        cause = getattr(errors, kind)("denied", response=response)
        raise OSError("You are trying to access a gated repo.") from cause

    monkeypatch.setattr(causal_lm_load.AutoConfig, "from_pretrained", fail)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with pytest.raises(UserError, match=what) as error:
        load("meta-llama/Llama-3.1-8B", "0" * 40)
    assert remedy in error.value.remedy
    assert "hf_secret" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "bos", "beginning"),
    [
        ("named", "auto", ()),
        ("named", "always", (0,)),
        ("named", "never", ()),
        ("named", "a", "a"),
        ("added", "auto", (0,)),
        ("added", "always", (0,)),
        ("added", "never", ()),
        ("none", "auto", ()),
        ("none", "never", ()),
    ],
)
def test_bos_is_as_the_config_has_it(tmp_path: Path, kind: str, bos: str, beginning: Any) -> None:
    token = None if kind == "none" else "<|endoftext|>"
    # GPT-NeoX's config names token 0 by default, which of the tokenizer without a BOS is an ordinary one.
    tokenizer = byte_level(bos=token, added=kind == "added")
    lm = load(write_model(tmp_path / kind, "gpt_neox", tokenizer), bos=bos)
    if isinstance(beginning, str):
        beginning = (tokenizer.get_vocab()[beginning],)
    assert lm.beginning == beginning
    assert lm.read_prefix("").beginning == beginning
    assert ("nothing" in lm.bos) == (beginning == ())


def test_bos_comes_from_the_config_where_the_tokenizer_names_none(tmp_path: Path) -> None:
    tokenizer = byte_level(bos="<s>")
    directory = write_model(tmp_path / "lm", "llama", tokenizer)
    settings = json.loads((directory / "tokenizer_config.json").read_text())
    del settings["bos_token"]
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    assert load(directory).beginning == ()
    assert load(directory, bos="always").beginning == (0,)


@pytest.mark.parametrize(("bos", "said"), [("always", "bos: always"), ("<|end|>", "<|endoftext|>")])
def test_a_bos_that_there_is_not_is_named(tmp_path: Path, bos: str, said: str) -> None:
    token = None if bos == "always" else "<|endoftext|>"
    directory = write_model(tmp_path / "lm", "gpt_neox", byte_level(bos=token))
    with pytest.raises(UserError) as refused:
        load(directory, bos=bos)
    assert said in str(refused.value)
    assert "bos" in str(refused.value.where)
    record = tmp_path / "record.json"
    retrieve_causal_lm(
        CausalLM(title="LM", model=str(directory), bos=bos), name="lm", device="cpu", output=record
    )
    assert not json.loads(record.read_text())["available"]


def test_of_two_bos_the_tokenizers_is_taken(model: Path) -> None:
    tokenizer = json.loads((model / "tokenizer.json").read_text())
    fifth = next(k for k, v in tokenizer["model"]["vocab"].items() if v == 5)
    token = tokenizer["added_tokens"][0] | {"id": 5, "content": fifth}
    tokenizer["added_tokens"].append(token)
    (model / "tokenizer.json").write_text(json.dumps(tokenizer))
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"bos_token_id": 5}))
    lm = load(model)
    assert lm.beginning == (0,)
    assert lm.bos == f"'<s>' (token 0), put there by the tokenizer (the config names {fifth!r} (token 5))"


def test_a_tokenizer_that_changes_the_text_is_refused(original: Path) -> None:
    from tokenizers import normalizers

    lm = load(original)
    lm.tokenizer.backend_tokenizer.normalizer = normalizers.Lowercase()
    with pytest.raises(UserError, match="changes 4 of 8 contexts"):
        score_texts(lm, WINDOWS, CANDIDATES, batch_tokens=64, prefix="", name="x")


def test_rows_are_shared_where_the_tokens_allow() -> None:
    question = Question((9, 8), ((1,), (2, 3, 4), (2, 3), (5, 6)))
    plan = plan_rows([question], way=Way.ROWS)
    assert [row.tokens for row in plan.rows] == [[9, 8, 2, 3], [9, 8, 5]]
    assert not any(row.branches for row in plan.rows)
    assert len(plan.row) == 8
    assert list(plan.position[plan.token == 4]) == [3]
    assert list(plan.position[plan.token == 1]) == [1]
    (row,) = plan_rows([question]).rows
    assert (row.tokens, row.parents, row.depths) == ([9, 8, 2, 3, 5], [-1, 0, 1, 2, 1], [0, 1, 2, 3, 2])
    (row,) = plan_rows([question], word_ends=True).rows
    assert row.tokens == [9, 8, 2, 3, 4, 5, 6, 1]


def test_questions_that_begin_alike_share_a_row() -> None:
    story = tuple(range(10, 50))
    questions = [Question(story[:n], ((1,), (2, 3))) for n in (30, 34, 40)]
    plan = plan_rows([*questions, Question((7, 8, 9), ((1,), (2, 3)))])
    assert [len(row) for row in plan.rows] == [40 + 3, 4]
    assert list(plan.row) == [0] * 9 + [1] * 3


def test_batches_keep_to_the_budget_and_hold_every_row_once() -> None:
    questions = [Question((7,) * n, ((1,), (2,))) for n in (3, 9, 3, 5, 20, 5, 1, 3, 3)]
    parts = list(batches(plan_rows(questions, way=Way.ROWS).rows, 10))
    assert [p.tolist() for p in parts] == [[4], [1], [3, 5], [0, 2, 7], [8], [6]]


def test_a_row_longer_than_the_model_takes_is_refused() -> None:
    model = random_model("llama", 50, 0)
    with pytest.raises(UserError, match="up to 131 of the model's tokens, and it takes 128"):
        score_questions(model, [Question((1,) * 130, ((1,), (2,)))], batch_tokens=64)


@pytest.mark.parametrize(
    "failure",
    [
        torch.OutOfMemoryError("too large"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 bytes"),
    ],
)
def test_out_of_memory_halves_the_batch(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, failure: Exception
) -> None:
    model = random_model("llama", 50, 0)
    questions = [Question((0, *range(1, 2 + i % 5)), ((i % 50,), (1, i % 50), (2, 3))) for i in range(5, 30)]
    whole = score_questions(model, questions, batch_tokens=4096)
    real = Scorer._read

    def small(self: Scorer, plan: Any, part: np.ndarray, *rest: Any) -> np.ndarray:
        if len(part) > 2:
            raise failure
        return real(self, plan, part, *rest)

    monkeypatch.setattr(Scorer, "_read", small)
    np.testing.assert_allclose(score_questions(model, questions, batch_tokens=4096), whole, rtol=0, atol=1e-5)
    assert "out of memory with" in capsys.readouterr().err


def test_no_finite_number_is_an_error() -> None:
    model = random_model("llama", 50, 0)
    model.get_input_embeddings().weight.data[3] = float("nan")
    with pytest.raises(UserError, match="no finite log-probability"):
        score_questions(model, [Question((3,), ((1,), (2,)))], batch_tokens=64)


def test_all_four_questions_are_answered(original: Path, asked: Given, tmp_path: Path) -> None:
    found = read_tensors(predict(original, asked, tmp_path / "a.parquet", extra_contexts=15, long_context=20))
    n = len(read_contexts(asked.test))
    assert [len(found[q]) for q in ("test", "validation", "end_of_word", "long_context")] == [n, 15, 15, 15]
    assert set(found["end_of_word_rows"]) <= set(range(n))
    # Validation holds the same windows as test here.
    np.testing.assert_allclose(
        found["validation"], found["test"][found["validation_rows"]], rtol=0, atol=1e-5
    )
    rows = found["end_of_word_rows"]
    assert (found["end_of_word"] < found["test"][rows]).all()
    # With no more of the story than the window it is the same question.
    short = read_tensors(
        predict(original, asked, tmp_path / "b.parquet", extra_contexts=None, long_context=16)
    )
    np.testing.assert_allclose(short["long_context"], short["test"], rtol=0, atol=1e-5)
    assert np.abs(found["long_context"] - found["test"][rows]).max() > 0.1
    other = read_tensors(predict(original, replace(asked, validation=None), tmp_path / "c.parquet"))
    assert sorted(other) == ["test", "test_rows"]
    by_token = read_tensors(predict(original, replace(asked, match="token"), tmp_path / "d.parquet"))
    assert "end_of_word" not in by_token


def test_a_sample_of_the_contexts_where_a_model_is_slow(original: Path, asked: Given, tmp_path: Path) -> None:
    answers = predict(original, asked, tmp_path / "a.parquet", contexts=7)
    found = read_predictions(tmp_path / "a.parquet")
    assert len(found) == 7
    assert list(found.context) == list(read_tensors(answers)["test_rows"])
    predict(original, asked, tmp_path / "b.parquet")
    whole = read_predictions(tmp_path / "b.parquet").log_probability
    np.testing.assert_allclose(found.log_probability, whole[found.context], rtol=0, atol=1e-5)


def test_a_sample_of_the_answers_is_checked_one_by_one(original: Path, asked: Given, tmp_path: Path) -> None:
    checks = read_metadata(predict(original, asked, tmp_path / "a.parquet"))["checks"]
    assert set(checks) == {"test", "validation", "validation_end_of_word", "end_of_word", "long_context"}
    assert {check["rows"] for check in checks.values()} == {"trees"}
    assert {check["checked"] for check in checks.values()} == {16}
    assert all(check["difference"] < 1e-4 for check in checks.values())


def test_a_model_that_fails_the_check_is_asked_one_by_one(
    asked: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    tokenizer = byte_level(bos="<s>", added=True)
    mistral = write_model(tmp_path / "mistral", "mistral", tokenizer, sliding_window=6, num_key_value_heads=1)
    expected = read_tensors(predict(mistral, asked, tmp_path / "a.parquet"))
    assert "one by one, which takes long" not in capfd.readouterr().err
    # Rows that branch lose the window: as if neither the config nor the probe had told.
    monkeypatch.setattr(probe, "fits_window", lambda *_: True)
    monkeypatch.setattr(probe, "branches_hold", lambda *_: True)
    answers = predict(mistral, asked, tmp_path / "b.parquet")
    assert "in a sample of 16: all is asked one by one, which takes long" in capfd.readouterr().err
    checks = read_metadata(answers)["checks"]
    # The candidates are one token each, so that rows of the main question do not branch.
    assert {name for name, check in checks.items() if check["rows"] == "single"} >= {"end_of_word"}
    found = read_tensors(answers)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-4)


KILLED = """
import sys, os, signal
from pathlib import Path
from handcraft.config.predictors import CausalLM
from handcraft.device import Machine
from handcraft.tokenizer.encode import TokenFiles
from handcraft.predictors.causal_lm import interview as causal_lm_interview
from handcraft.predictors.causal_lm.predict import Given, Work, predict_causal_lm
from handcraft.predictors.causal_lm.score import Scorer

causal_lm_interview.SHARD = 10
folder, model, out, allowed = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
real, calls = Scorer.__call__, []

def counted(self, questions, **more):
    if len(calls) == allowed:
        os.kill(os.getpid(), signal.SIGKILL)
    calls.append(len(questions))
    return real(self, questions, **more)

Scorer.__call__ = counted
stories = TokenFiles(folder / "tokens.npy", folder / "starts.npy")
validation = folder / "validation.safetensors"
predict_causal_lm(
    Given(folder / "test.safetensors", folder / "tokenizer.json", validation=validation, stories=stories),
    settings=CausalLM(title="Tiny", model=model, batch_tokens=64), name="tiny", machine=Machine(),
    work=Work(out / "work", "c"), predictions=out / "a.parquet", answers=out / "a.safetensors")
print("calls", len(calls))
"""


def run_killed(tmp_path: Path, model: Path, out: Path, allowed: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(model), str(out), str(allowed)]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


def test_a_killed_job_goes_on_where_it_was(
    original: Path, asked: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    real = Scorer.__call__

    def counted(self: Scorer, questions: Any, **more: Any) -> np.ndarray:
        calls.append(len(questions))
        return real(self, questions, **more)

    monkeypatch.setattr(Scorer, "__call__", counted)
    monkeypatch.setattr("handcraft.predictors.causal_lm.interview.SHARD", 10)
    predict(original, asked, tmp_path / "whole" / "a.parquet", batch_tokens=64)
    assert calls == [10] * 20  # 40 contexts in shards of 10, five questions
    broken = tmp_path / "broken"
    assert run_killed(tmp_path, original, broken, 6).returncode == -signal.SIGKILL
    assert not (broken / "a.parquet").exists()
    shards = sorted((broken / "work").rglob("*.safetensors"))
    assert len(shards) == 6
    # One of them damaged on disk: its checksum tells.
    content = bytearray(shards[0].read_bytes())
    content[-1] ^= 1
    shards[0].write_bytes(content)
    shards[1].write_bytes(b"")
    rest = run_killed(tmp_path, original, broken, 1000)
    assert rest.stdout == "calls 16\n"
    assert "damaged (its checksum fails)" in rest.stderr
    assert "cannot be read" in rest.stderr
    for name in ("a.parquet", "a.safetensors"):
        assert hash_file(broken / name) == hash_file(tmp_path / "whole" / name)
    assert not (broken / "work").exists()


def test_shards_of_another_model_or_question_are_not_taken(original: Path, model: Path) -> None:
    questions = [Question((1, 2), ((3,), (4,)))]
    key = shard_key({"model": model_fingerprint(str(model), None)}, questions)
    assert key == shard_key({"model": model_fingerprint(str(original), None)}, questions)
    assert key != shard_key({"model": model_fingerprint(str(model), None)}, [Question((1, 2), ((3,), (5,)))])
    weights = bytearray((model / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (model / "model.safetensors").write_bytes(weights)
    assert key != shard_key({"model": model_fingerprint(str(model), None)}, questions)
