"""The linear model on real text: the figures known for the TinyStories sample, and scikit-learn's answers."""

from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from handcraft.config import model as config
from handcraft.config.corpus import Corpus, FilesCorpus
from handcraft.config.model import Variant
from handcraft.config.predictors import Linear
from handcraft.contexts.build import build_contexts
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.corpus import retrieve_corpus
from handcraft.device import Machine
from handcraft.files import read_json, read_tensors
from handcraft.predictors.linear.predict import linear_logits
from handcraft.predictors.linear.train import score, train_linear
from handcraft.tokenizer.encode import TokenFiles, encode_corpus
from handcraft.tokenizer.train import train_tokenizer
from tests.helpers.linear import fit_linear, linear_outputs, objective

pytestmark = [pytest.mark.slow, pytest.mark.shared]

SPLITS = ("train", "validation", "test")
GROUPS = {
    "conjunctions": [" and", " but", " for", " so", " or"],
    "feelings": [" happy", " sad", " scared", " excited", " proud"],
}


@pytest.fixture(scope="module")
def contexts(tinystories: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Path]]:
    """Contexts of the sample by group and split, whole words; the valid file is the test split."""
    folder = tmp_path_factory.mktemp("tinystories")
    files = FilesCorpus(train=[str(tinystories / "*train.txt")], test=[str(tinystories / "*valid.txt")])
    corpus = {split: folder / f"{split}.parquet" for split in SPLITS}
    tokens = {s: TokenFiles(folder / f"{s}.tokens.npy", folder / f"{s}.starts.npy") for s in SPLITS}
    retrieve_corpus(
        Corpus(source="files", files=files), seed=0, outputs=corpus, summary=folder / "corpus.json"
    )
    train_tokenizer(corpus["train"], vocabulary=1024, output=folder / "tokenizer.json")
    for split in SPLITS:
        encode_corpus(corpus[split], folder / "tokenizer.json", **tokens[split]._asdict())
    made = {group: {split: folder / f"{group}.{split}.safetensors" for split in SPLITS} for group in GROUPS}
    for group, words in GROUPS.items():
        build_contexts(
            tokens,
            folder / "tokenizer.json",
            variant=Variant(group, group, tuple(words), "word", "natural"),
            settings=config.Contexts(),
            seed=0,
            outputs=made[group],
            summary=folder / "summary.json",
        )
    return made


def test_conjunctions_by_word(contexts: dict[str, dict[str, Path]], tmp_path: Path) -> None:
    files = contexts["conjunctions"]
    outputs, settings = linear_outputs(tmp_path), Linear(l1=[3e-4, 1e-4, 3e-5])
    train_linear(files["train"], files["validation"], settings=settings, machine=Machine(), outputs=outputs)
    metrics, tensors = read_json(outputs.metrics), read_tensors(outputs.weights)
    found = score(tensors["weight"], tensors["bias"], read_contexts(files["test"]))
    assert metrics["l1"] == 3e-5
    assert found.accuracy >= 0.86
    assert found.loss <= 0.39
    assert np.count_nonzero(tensors["weight"]) == metrics["nonzeros"] < 9000
    assert metrics["sparser"]["l1"] >= metrics["l1"]
    assert metrics["sparser"]["nonzeros"] <= metrics["nonzeros"]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("l1", [1e-3, 3e-4])
def test_same_objective_and_answers_as_saga(
    contexts: dict[str, dict[str, Path]], group: str, l1: float
) -> None:
    from sklearn.linear_model import LogisticRegression

    train, test = (read_contexts(contexts[group][split]) for split in ("train", "test"))
    C = 1 / (l1 * len(train))
    peer = LogisticRegression(solver="saga", l1_ratio=1, C=C, tol=1e-4, max_iter=25, random_state=0)
    peer.fit(matrix(train), train.labels)
    weight = peer.coef_.T.reshape(train.length, train.vocabulary, -1)
    ours = fit_linear(train.tokens, train.labels, train.vocabulary, len(train.candidates), l1)
    theirs = objective(train.tokens, train.labels, weight, peer.intercept_, l1)
    assert ours.objective == pytest.approx(theirs, rel=1e-4)
    assert ours.gap is not None
    assert ours.objective <= theirs * (1 + ours.gap)
    answers = linear_logits(ours.weight, ours.bias, test.tokens).argmax(1)
    assert (answers == peer.predict(matrix(test))).mean() >= 0.995


def matrix(contexts: Contexts) -> scipy.sparse.csr_array:
    """One-hot rows [n, length * vocabulary]."""
    columns = (contexts.tokens + np.arange(contexts.length, dtype=np.int32) * contexts.vocabulary).ravel()
    starts = np.arange(0, len(columns) + 1, contexts.length, dtype=np.int32)
    shape = (len(contexts), contexts.length * contexts.vocabulary)
    return scipy.sparse.csr_array((np.ones(len(columns)), columns, starts), shape=shape)
