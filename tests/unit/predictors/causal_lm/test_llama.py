"""The small Llama of the build: its rows, its training, its files."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from handcraft.config.predictors import LlamaTraining
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import hash_file, read_csv
from handcraft.predictors.causal_lm.llama import Rows, rate_at, row_loss, train_llama
from handcraft.predictors.causal_lm.load import load_language_model
from handcraft.tokenizer.encode import TokenFiles
from tests.helpers.language_models import TEXTS, byte_level


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    directory = tmp_path_factory.mktemp("corpus")
    tokenizer = byte_level(bos="<|endoftext|>", vocabulary=300).backend_tokenizer
    tokenizer.save(str(directory / "tokenizer.json"))
    for split in ("train", "validation"):
        ids = [tokenizer.encode(text).ids for text in TEXTS]
        np.save(directory / f"{split}.npy", np.concatenate(ids).astype(np.uint16))
        np.save(directory / f"{split}_starts.npy", np.cumsum([0, *map(len, ids)]))
    return directory


def train(corpus: Path, output: Path, seed: int = 0, **more: Any) -> None:
    splits = ("train", "validation")
    given = {
        "layers": 1,
        "width": 16,
        "heads": 2,
        "steps": 30,
        "batch_size": 4,
        "context": 24,
        "learning_rate": 0.01,
    }
    train_llama(
        {s: TokenFiles(corpus / f"{s}.npy", corpus / f"{s}_starts.npy") for s in splits},
        corpus / "tokenizer.json",
        settings=LlamaTraining(**given | more),
        seed=seed,
        machine=Machine(),
        output=output,
        training=output.with_suffix(".training.csv"),
    )


def test_training_learns_and_is_loaded_like_any_model(corpus: Path, tmp_path: Path) -> None:
    train(corpus, tmp_path / "lm")
    table = read_csv(tmp_path / "lm.training.csv")
    assert list(table[0]) == ["step", "loss", "validation_loss"]
    assert table[-1]["step"] == 30
    assert table[-1]["validation_loss"] < table[0]["validation_loss"] - 0.5
    lm = load_language_model(str(tmp_path / "lm"), None, dtype="float32", device=torch.device("cpu"))
    assert type(lm.model).__name__ == "LlamaForCausalLM"
    assert lm.beginning == (0,)
    # Its tokenizer is ours: the same ids, and the text as it was.
    ids = lm.encode([" the café <|endoftext|>"])
    assert 0 not in ids[0]
    assert lm.decode(ids) == [" the café <|endoftext|>"]
    # What is loaded is what was trained: the last validation loss comes back.
    rows = Rows(corpus / "validation.npy", corpus / "validation_starts.npy", 0, 24)
    from handcraft.seeds import generator

    watched = rows.draw(generator(0, "llama", "validation"), 64)
    with torch.no_grad():
        assert float(row_loss(lm.model, watched)) == pytest.approx(table[-1]["validation_loss"], abs=1e-4)


def test_two_trainings_give_the_same_bytes_and_another_seed_does_not(corpus: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(corpus, tmp_path / name, steps=4, seed=seed)
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} <= set(files)
    for file in files:
        assert hash_file(tmp_path / "a" / file) == hash_file(tmp_path / "b" / file), file
        assert str(tmp_path).encode() not in (tmp_path / "a" / file).read_bytes()
    assert hash_file(tmp_path / "a.training.csv") == hash_file(tmp_path / "b.training.csv")
    assert hash_file(tmp_path / "a/model.safetensors") != hash_file(tmp_path / "c/model.safetensors")


def test_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.arange(1, 11, dtype=np.uint16))
    np.save(tmp_path / "s.npy", np.array([0, 3, 4, 10]))
    rows = Rows(tmp_path / "t.npy", tmp_path / "s.npy", 0, 6)
    assert rows.row(0).tolist() == [0, 1, 2, 3, 0, 4, 0]
    assert rows.row(1).tolist() == [0, 2, 3, 0, 4, 0, 5]
    assert rows.row(8).tolist() == [0, 9, 10, 0, 1, 2, 3]  # past the last story comes the first
    drawn = rows.draw(np.random.default_rng(0), 40)
    assert drawn.shape == (40, 7)
    assert (drawn[:, 0] == 0).all()
    assert set(drawn[:20, 1]) <= {1, 4, 5}  # story starts
    assert len(set(drawn[20:, 1])) > 3


def test_rate_rises_and_falls() -> None:
    rates = [rate_at(step, 100) for step in range(100)]
    assert max(rates) == 1
    assert rates[0] < 0.3
    assert rates[-1] < 0.06
    assert all(0 < r <= 1 for r in [rate_at(s, 1) for s in range(1)])


def test_a_loss_that_is_no_number_is_an_error(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="loss is NaN or infinite"):
        train(corpus, tmp_path / "lm", learning_rate=1e30)
    assert not (tmp_path / "lm").exists()


def test_empty_split(tmp_path: Path) -> None:
    np.save(tmp_path / "t.npy", np.zeros(0, np.uint16))
    np.save(tmp_path / "s.npy", np.zeros(1, np.int64))
    with pytest.raises(UserError, match="no tokens"):
        Rows(tmp_path / "t.npy", tmp_path / "s.npy", 0, 6)
