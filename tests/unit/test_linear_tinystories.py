"""The linear model on real text: the conjunctions of the TinyStories sample, to the issue's figures."""

from pathlib import Path

import numpy as np
import pytest

from handcraft.contexts import build_contexts, read_contexts
from handcraft.corpus import retrieve_corpus
from handcraft.files import read_json, read_tensors
from handcraft.predictors.linear import score, train_linear
from handcraft.tokenizer import encode_corpus, train_tokenizer

SPLITS = ("train", "validation", "test")


@pytest.mark.slow
@pytest.mark.shared
def test_conjunctions_by_word(tinystories: Path, tmp_path: Path) -> None:
    source = {
        "train": [str(tinystories / "*train.txt")],
        "validation": [],
        "test": [str(tinystories / "*valid.txt")],
        "text_field": "text",
    }
    corpus, tokens, starts, contexts = (
        {split: tmp_path / f"{split}.{kind}" for split in SPLITS}
        for kind in ("parquet", "tokens.npy", "starts.npy", "safetensors")
    )
    retrieve_corpus(
        source,
        kind="files",
        fractions={"validation": 0.1, "test": 0.1},
        seed=0,
        outputs=corpus,
        summary=tmp_path / "corpus.json",
    )
    train_tokenizer(corpus["train"], tmp_path / "tokenizer.json", 1024)
    for split in SPLITS:
        encode_corpus(corpus[split], tmp_path / "tokenizer.json", tokens[split], starts[split])
    words = [" and", " but", " for", " so", " or"]
    build_contexts(
        tokens, starts, tmp_path / "tokenizer.json", words, "word", 16, "natural", None, None, 0, contexts,
        tmp_path / "summary.json",
    )  # fmt: skip
    names = {name: tmp_path / name for name in ("weights", "sparser", "path", "support", "metrics")}
    train_linear(contexts["train"], contexts["validation"], [3e-4, 1e-4, 3e-5], 2e-3, 3000, "cpu", 1, **names)
    metrics, tensors = read_json(names["metrics"]), read_tensors(names["weights"])
    found = score(tensors["weight"], tensors["bias"], read_contexts(contexts["test"]))
    assert metrics["l1"] == 3e-5
    assert found.accuracy >= 0.86
    assert found.loss <= 0.39
    assert np.count_nonzero(tensors["weight"]) == metrics["nonzeros"] < 9000
    assert metrics["sparser"]["l1"] > metrics["l1"]
    assert metrics["sparser"]["nonzeros"] < 0.7 * metrics["nonzeros"]
