"""The one-layer model: what it computes, that it learns, that an interrupted training ends at the same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from handcraft.config.predictors import OneLayer
from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import read_csv, read_tensors
from handcraft.math import context_losses
from handcraft.predictions import read_predictions
from handcraft.predictors.one_layer.model import OneLayerModel
from handcraft.predictors.one_layer.muon import Muon
from handcraft.predictors.one_layer.predict import predict_next_one_layer, predict_one_layer
from handcraft.predictors.one_layer.read import OneLayerReader
from handcraft.predictors.one_layer.shape import Shape
from handcraft.predictors.one_layer.train import Work, rate_at, train_one_layer
from handcraft.tokenizer.tokens import Vocabulary
from handcraft.tokenizer.windows import numbers_of_step
from tests.helpers.artifacts import contexts_file, tokenizer_file
from tests.helpers.one_layer import (
    LENGTH,
    VOCABULARY,
    copying_stories,
    random_model,
    save_model,
    token_files,
)

SMALL: dict[str, Any] = {"width": 16, "heads": 2, "hidden": 32, "windows": 8000, "batch_size": 32}


def train(folder: Path, name: str = "out", seconds: float = 60, **changed: Any) -> tuple[Path, Path]:
    settings = OneLayer(**SMALL | changed)
    files = {
        "train": token_files(folder, "train", copying_stories(400, 0)),
        "validation": token_files(folder, "validation", copying_stories(50, 1)),
    }
    outputs = (folder / f"{name}.safetensors", folder / f"{name}.csv")
    train_one_layer(
        files,
        Shape.of(settings, LENGTH, VOCABULARY),
        settings=settings,
        seed=0,
        machine=Machine(),
        work=Work(folder / "work", "code", seconds),
        outputs=outputs,
    )
    return outputs


def test_it_learns_what_depends_on_an_earlier_token_and_needs_attention_for_it(tmp_path: Path) -> None:
    best = -0.9083 * np.log(0.9083) - 0.0917 * np.log(0.0917 / 11)
    losses = {}
    for attention in ("learned", "none"):
        _, table = train(tmp_path, attention, attention=attention)
        losses[attention] = read_csv(table)[-1]["validation_last"]
    assert losses["learned"] < best + 0.15
    assert losses["none"] > 1.8


@pytest.mark.parametrize("mlp", ["relu2", "bilinear", "none"])
@pytest.mark.parametrize("attention", ["learned", "two", "average", "none"])
@pytest.mark.parametrize("normalise", [True, False])
def test_the_reader_computes_what_the_model_does(
    tmp_path: Path, mlp: str, attention: str, normalise: bool
) -> None:
    asked = {"attention": "learned", "reads": 2} if attention == "two" else {"attention": attention}
    model = random_model(mlp=mlp, normalise=normalise, **asked)
    tokens = np.random.default_rng(0).integers(0, VOCABULARY, (50, LENGTH))
    with torch.no_grad():
        expected = model(torch.from_numpy(tokens))[:, -1]
    reader = OneLayerReader.read(save_model(tmp_path / "model.safetensors", model))
    np.testing.assert_allclose(reader.logits(tokens), expected, atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(
        reader.logits(tokens, np.array([3, 1])), expected[:, [3, 1]], atol=1e-4, rtol=1e-4
    )
    # The beginning of a story is a shorter context.
    with torch.no_grad():
        expected = model(torch.from_numpy(tokens[:, :2]))[:, -1]
    np.testing.assert_allclose(reader.logits(tokens[:, :2]), expected, atol=1e-4, rtol=1e-4)


def test_a_head_reads_so_many_positions_at_most(tmp_path: Path) -> None:
    reader = OneLayerReader.read(save_model(tmp_path / "model.safetensors", random_model(reads=2)))
    every = OneLayerReader.read(save_model(tmp_path / "all.safetensors", random_model()))
    ids = reader.ids(np.random.default_rng(0).integers(0, VOCABULARY, (50, LENGTH)))
    pattern, whole = reader.pattern(ids), every.pattern(ids)
    assert ((pattern > 0).sum(-1) == 2).all()
    kept = np.where(pattern > 0, whole, 0)
    np.testing.assert_allclose(pattern, kept / kept.sum(-1, keepdims=True), rtol=1e-5)
    assert (kept.max(-1) == whole.max(-1)).all()


@pytest.mark.parametrize("reads", [None, 2])
def test_no_position_sees_what_comes_after_it(reads: int | None) -> None:
    model = random_model(reads=reads)
    tokens = torch.randint(0, VOCABULARY, (20, LENGTH))
    changed = tokens.clone()
    changed[:, 2:] = (changed[:, 2:] + 1) % VOCABULARY
    with torch.no_grad():
        torch.testing.assert_close(model(tokens)[:, :2], model(changed)[:, :2])


def test_two_trainings_give_the_same_bytes_and_leave_no_checkpoint(tmp_path: Path) -> None:
    a, b = (train(tmp_path, name, windows=1000, seconds=0) for name in "ab")
    assert [p.read_bytes() for p in a] == [p.read_bytes() for p in b]
    assert not (tmp_path / "work").exists()


def test_a_killed_training_goes_on_and_ends_at_the_same_bytes(tmp_path: Path) -> None:
    whole = train(tmp_path / "whole", windows=20_000)
    code = (
        "from pathlib import Path\nfrom tests.unit.predictors.one_layer.test_one_layer import train\n"
        f"train(Path({str(tmp_path / 'killed')!r}), windows=20_000, seconds=0)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[4])
    work = tmp_path / "killed" / "work"
    for _ in range(3000):
        if list(work.glob("*.safetensors")):
            break
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (checkpoint,) = work.glob("[!.]*.safetensors")
    assert not (tmp_path / "killed" / "out.safetensors").exists()
    before = checkpoint.read_bytes()
    resumed = train(tmp_path / "killed", windows=20_000)
    assert before
    assert [p.read_bytes() for p in resumed] == [p.read_bytes() for p in whole]


def test_a_checkpoint_of_other_settings_is_not_used_and_a_damaged_one_is_not_either(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    expected = train(tmp_path / "a", windows=500)[0].read_bytes()
    run = tmp_path / "b"
    train(run, windows=500)
    (run / "work").mkdir()
    (run / "work" / "other.safetensors").write_bytes(b"not a checkpoint")
    assert train(run, windows=500)[0].read_bytes() == expected
    assert "goes on" not in capfd.readouterr().err


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_nan_names_the_key(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"predictors\.one_layer\.learning_rate"):
        train(tmp_path, windows=3000, learning_rate=1e30, matrix_rate=1e30, normalise=False)


def test_stories_that_are_all_shorter_than_a_window_are_refused(tmp_path: Path) -> None:
    files = {s: token_files(tmp_path, s, [np.arange(LENGTH)] * 9) for s in ("train", "validation")}
    settings = OneLayer(**SMALL)
    with pytest.raises(UserError, match="no story has more than 4 tokens"):
        train_one_layer(
            files,
            Shape.of(settings, LENGTH, VOCABULARY),
            settings=settings,
            seed=0,
            machine=Machine(),
            work=Work(tmp_path / "work", ""),
            outputs=(tmp_path / "m", tmp_path / "t"),
        )


@pytest.mark.parametrize("windows", [7, 12, 100])
def test_a_pass_takes_every_window_once(windows: int) -> None:
    taken = np.concatenate([numbers_of_step(s, 5, windows, 3) for s in range(3 * windows)])
    for epoch in range(15):
        assert sorted(taken[epoch * windows : (epoch + 1) * windows]) == list(range(windows))


def test_rates_rise_stay_and_fall() -> None:
    rates = [rate_at(s, 100, 0.1, 0.5) for s in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[20] == 1
    assert rates[-1] == pytest.approx(0.02)


def test_candidates_are_restricted_and_the_answers_serve_the_correction(tmp_path: Path) -> None:
    words = (" and", " but")
    stories = ["he came and went and sat but ran but hid and saw " * 9] * 4
    tokenizer = tokenizer_file(tmp_path / "tokenizer.json", stories, 280)
    vocabulary = Vocabulary.read(tokenizer)
    torch.manual_seed(0)
    settings = OneLayer(width=8, heads=2, hidden=6)
    model = OneLayerModel(Shape.of(settings, LENGTH, len(vocabulary)))
    path = save_model(tmp_path / "model.safetensors", model)
    tokens = np.random.default_rng(0).integers(0, len(vocabulary), (30, LENGTH))
    contexts = {
        split: contexts_file(tmp_path / f"{split}.st", tokens, np.arange(30) % 2, len(vocabulary), words)
        for split in ("test", "validation")
    }
    out, answers = tmp_path / "p.parquet", tmp_path / "answers.safetensors"
    predict_one_layer(path, tokenizer, contexts, title="x", predictions=out, answers=answers)
    with torch.no_grad():
        logits = model(torch.from_numpy(tokens))[:, -1]
    ids = vocabulary.require(words)
    expected = logits[:, ids].log_softmax(-1)
    np.testing.assert_allclose(read_predictions(out).log_probability, expected, atol=1e-5)
    kept = read_tensors(answers)
    np.testing.assert_allclose(kept["test"], logits.log_softmax(-1)[:, ids], atol=1e-5)
    assert list(kept["validation_rows"]) == list(range(30))
    other = contexts_file(tmp_path / "other.st", tokens, np.arange(30) % 2, 9, words)
    with pytest.raises(UserError, match="different builds"):
        predict_one_layer(
            path, tokenizer, contexts | {"test": other}, title="x", predictions=out, answers=answers
        )
    assert context_losses(expected.numpy(), read_contexts(contexts["test"]).labels).shape == (30,)


def test_next_tokens_are_scored_where_a_whole_window_stands_before_them(tmp_path: Path) -> None:
    model = random_model()
    path = save_model(tmp_path / "model.safetensors", model)
    stories = [np.arange(7) % VOCABULARY, np.arange(3), np.arange(5)[::-1]]
    files = {s: token_files(tmp_path, s, stories) for s in ("validation", "test")}
    predict_next_one_layer(path, files, output=tmp_path / "losses")
    rows = torch.tensor([[0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [2, 3, 4, 5, 6], [4, 3, 2, 1, 0]])
    with torch.no_grad():
        expected = -model(rows[:, :-1])[:, -1].log_softmax(-1)[torch.arange(4), rows[:, -1]]
    found = read_tensors(tmp_path / "losses")
    np.testing.assert_allclose(found["test"][:, 0], expected, atol=1e-5)
    with torch.no_grad():
        assert found["likeliest"][:, 0].tolist() == model(rows[:, :-1])[:, -1].argmax(1).tolist()


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    model = random_model()
    path = save_model(tmp_path / "model.safetensors", model)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(UserError, match="rebuilt"):
        OneLayerReader.read(path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"width": 9}, "multiple of the heads"), ({"mlp": "gelu"}, "relu2"), ({"widht": 3}, "widht")],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        OneLayer(**settings)


@pytest.mark.parametrize("shape", [(8, 16), (16, 8), (12, 12)])
def test_muon_takes_the_steps_of_pytorchs(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    ours = torch.nn.Parameter(torch.randn(shape))
    theirs = torch.nn.Parameter(ours.detach().clone())
    begin = ours.detach().clone()
    pair = (Muon([ours], lr=0.02), torch.optim.Muon([theirs], lr=0.02))
    for _ in range(5):
        ours.grad = torch.randn(shape)
        theirs.grad = ours.grad.clone()
        for optimizer in pair:
            optimizer.step()
    # PyTorch's are computed in bfloat16.
    moved = (theirs.detach() - begin).abs().max()
    torch.testing.assert_close(ours, theirs, atol=float(0.03 * moved), rtol=0)
