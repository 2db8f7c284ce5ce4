"""Contexts against a plain loop, and the errors and samples around them."""

import contextlib
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handcraft.config.base import Match
from handcraft.config.corpus import Corpus, FilesCorpus, Fractions
from handcraft.config.model import Contexts, Variant
from handcraft.contexts.build import build_contexts
from handcraft.contexts.occurrences import find_occurrences
from handcraft.contexts.read import read_contexts
from handcraft.contexts.sample import draw_sample
from handcraft.corpus import retrieve_corpus
from handcraft.errors import UserError
from handcraft.files import hash_file, read_json, read_metadata, write_tensors
from handcraft.tokenizer.encode import TokenFiles, encode_corpus
from handcraft.tokenizer.tokens import Vocabulary
from handcraft.tokenizer.train import train_tokenizer

SPLITS = ("train", "validation", "test")
# Candidates are 0, 1 (words) and 2 (a comma); the others continue a word or do not.
PIECES = [
    b" or",
    b" so",
    b",",
    b"ange",
    b"s",
    b" the",
    b".",
    b"'s",
    b"7",
    b"\xc3",
    b"\xa9",
    b"\xe2\x80",
    b"\x9d",
    b"",
]
PIECES += ["é".encode(), "\u0301".encode(), b"-", b"\x00", "”".encode()]


def naive(
    stories: list[list[int]], length: int, words: bool
) -> tuple[list[tuple[int, int, int]], list[int], list[int]]:
    """(story, offset, label) of every context, and the counts by token and by word, a token at a time."""
    found, as_token, as_word = [], [0] * 3, [0] * 3
    for i, story in enumerate(stories):
        for j, token in enumerate(story):
            if token > 2:
                continue
            rest = b"".join(PIECES[t] for t in story[j + 1 : j + 5]).decode(errors="replace")[:1]
            if j + 1 < len(story) and not PIECES[story[j + 1]]:
                rest = ""
            whole = token == 2 or not (rest.isalnum() or rest == "\u0301")
            as_token[token] += 1
            as_word[token] += whole
            if j >= length and (whole or not words):
                found.append((i, j, token))
    return found, as_token, as_word


@settings(max_examples=300, deadline=None)
@given(
    stories=st.lists(st.lists(st.integers(0, len(PIECES) - 1), max_size=12), min_size=1, max_size=8),
    length=st.integers(1, 4),
    words=st.booleans(),
    chunk=st.integers(1, 30),
)
def test_occurrences_are_those_of_a_plain_loop(
    stories: list[list[int]], length: int, words: bool, chunk: int
) -> None:
    starts = np.cumsum([0] + [len(s) for s in stories])
    tokens = np.array([t for s in stories for t in s], np.uint16)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("handcraft.contexts.occurrences.CHUNK", chunk)
        got = find_occurrences(tokens, starts, [0, 1, 2], PIECES, length=length, words=words)
    expected, as_token, as_word = naive(stories, length, words)
    assert got.positions.tolist() == [starts[i] + j for i, j, _ in expected]
    assert got.labels.tolist() == [k for _, _, k in expected]
    assert got.as_token.tolist() == as_token
    assert got.as_word.tolist() == as_word
    assert got.short_stories == sum(len(s) <= length for s in stories)


NAMES = ("Tim", "Lily", "Ben", "Sue", "Mia", "Tom", "Ann", "Max")
THINGS = ("dog", "cat", "bird", "fish", "orange", "ball", "tree", "sofa")
CANDIDATES = [" and", " or", " so"]


def _stories() -> list[str]:
    return [
        f"Once upon a time {n} had a {t} and a {u}. Was it red or blue? {n} was glad, so {n} and the {t} ran."
        f" They ate an orange some day. {u} or {t}, so they sang and sang."
        for n in NAMES
        for t in THINGS
        for u in THINGS
    ]


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small corpus, its tokenizer and its tokens."""
    root = tmp_path_factory.mktemp("road")
    lines = [json.dumps({"text": s}) for s in [*_stories(), "Too short, so no."]]
    (root / "stories.jsonl").write_text("\n".join(lines))
    retrieve_corpus(
        Corpus(
            source="files",
            files=FilesCorpus(train=[str(root / "stories.jsonl")]),
            fractions=Fractions(validation=0.2, test=0.3),
        ),
        seed=0,
        outputs={s: root / f"{s}.parquet" for s in SPLITS},
        summary=root / "summary.json",
    )
    train_tokenizer(root / "train.parquet", vocabulary=320, output=root / "tokenizer.json")
    for s in SPLITS:
        encode_corpus(root / f"{s}.parquet", root / "tokenizer.json", **token_files(root, s)._asdict())
    return root


def token_files(root: Path, split: str) -> TokenFiles:
    return TokenFiles(root / f"{split}.npy", root / f"{split}_starts.npy")


def built(
    road: Path,
    out: Path,
    candidates: list[str] = CANDIDATES,
    match: Match = "word",
    sampling: Literal["natural", "balanced"] = "natural",
    seed: int = 0,
    **settings: Any,
) -> dict[str, Any]:
    build_contexts(
        {s: token_files(road, s) for s in SPLITS},
        road / "tokenizer.json",
        variant=Variant("mine", "mine", tuple(candidates), match, sampling),
        settings=Contexts(**{"length": 6} | settings),
        seed=seed,
        outputs={s: out / f"{s}.safetensors" for s in SPLITS},
        summary=out / "summary.json",
    )
    summary: dict[str, Any] = read_json(out / "summary.json")
    return summary


def test_a_context_is_what_stands_before_its_candidate(road: Path, tmp_path: Path) -> None:
    summary = built(road, tmp_path)
    pieces = Vocabulary.read(road / "tokenizer.json").pieces
    for s in SPLITS:
        got = read_contexts(tmp_path / f"{s}.safetensors")
        tokens, starts = np.load(road / f"{s}.npy"), np.load(road / f"{s}_starts.npy")
        assert (got.tokens.dtype, got.labels.dtype) == (np.uint16, np.uint8)
        assert (got.story.dtype, got.offset.dtype) == (np.int64, np.int64)
        assert got.tokens.shape == (len(got), 6)
        assert got.candidates == tuple(CANDIDATES)
        assert (got.vocabulary, got.length) == (320, 6)
        for row in range(len(got)):
            at = starts[got.story[row]] + got.offset[row]
            assert pieces[tokens[at]].decode() == CANDIDATES[got.labels[row]]
            assert got.offset[row] >= 6
            assert at < starts[got.story[row] + 1]
            assert tokens[at - 6 : at].tolist() == got.tokens[row].tolist()
        counts = summary["splits"][s]
        assert counts["contexts"] == counts["available"] == len(got)
        assert sum(c["rows"] for c in counts["candidates"].values()) == len(got)
    assert sum(summary["splits"][s]["stories_too_short"] for s in SPLITS) == 0
    assert read_metadata(tmp_path / "test.safetensors") == {
        "candidates": CANDIDATES,
        "match": "word",
        "vocabulary": 320,
        "split": "test",
        "sampling": "natural",
    }


def test_a_word_that_goes_on_counts_as_a_token_only(road: Path, tmp_path: Path) -> None:
    word = built(road, tmp_path / "word")["splits"]["train"]["candidates"]
    token = built(road, tmp_path / "token", match="token")["splits"]["train"]["candidates"]
    assert {w: c["token"] for w, c in word.items()} == {w: c["token"] for w, c in token.items()}
    assert token[" so"]["kept"] == token[" so"]["token"] > word[" so"]["kept"] == word[" so"]["word"]
    assert 0 < word[" so"]["dropped_share"] < 1


def test_a_story_no_longer_than_the_window_gives_none_and_is_counted(road: Path, tmp_path: Path) -> None:
    stories = built(road, tmp_path, length=15)["splits"]
    assert sum(stories[s]["stories_too_short"] for s in SPLITS) == 1


def test_the_same_bytes_each_time(road: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        built(road, tmp_path / name, sampling="balanced", max_train=200, max_test=100)
        draw_sample(
            tmp_path / name / "test.safetensors", size=20, seed=0, output=tmp_path / name / "sample.json"
        )
    for file in ("train.safetensors", "test.safetensors", "summary.json", "sample.json"):
        assert hash_file(tmp_path / "a" / file) == hash_file(tmp_path / "b" / file)


def test_contexts_that_have_no_room_are_not_begun(
    road: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(
        "handcraft.contexts.build.require_space", lambda folder, size, what: asked.append(size)
    )
    built(road, tmp_path / "a")
    size = sum(path.stat().st_size for path in (tmp_path / "a").glob("*.safetensors"))
    assert 0 < size - asked[0] < len(SPLITS) * 600, "all but the headers"
    monkeypatch.undo()
    monkeypatch.setattr(
        "handcraft.disk.shutil.disk_usage", lambda path: SimpleNamespace(free=100, total=10**6)
    )
    with pytest.raises(UserError, match="the disk is full"):
        built(road, tmp_path / "b")
    assert not list(tmp_path.glob("b/*"))


def test_limits_take_a_seeded_sample_in_order(road: Path, tmp_path: Path) -> None:
    built(road, tmp_path / "all")
    summary = built(road, tmp_path / "few", max_train=150, max_test=100)
    built(road, tmp_path / "other", max_train=150, max_test=100, seed=1)
    whole, few, other = (read_contexts(tmp_path / n / "train.safetensors") for n in ("all", "few", "other"))
    assert [summary["splits"][s]["contexts"] for s in SPLITS] == [150, 100, 100]
    places = set(zip(whole.story.tolist(), whole.offset.tolist(), strict=True))
    drawn = list(zip(few.story.tolist(), few.offset.tolist(), strict=True))
    assert drawn == sorted(set(drawn))
    assert set(drawn) < places
    assert few.story.tolist() != other.story.tolist()


def test_balanced_training_has_as_many_of_each(road: Path, tmp_path: Path) -> None:
    natural = built(road, tmp_path / "natural")
    summary = built(road, tmp_path / "balanced", sampling="balanced")
    rows = [c["rows"] for c in summary["splits"]["train"]["candidates"].values()]
    assert max(rows) - min(rows) <= 1
    assert sum(rows) == natural["splits"]["train"]["contexts"]
    got = read_contexts(tmp_path / "balanced" / "train.safetensors")
    assert (np.diff(got.story) >= 0).all()
    test = tmp_path / "natural" / "test.safetensors", tmp_path / "balanced" / "test.safetensors"
    assert hash_file(test[0]) == hash_file(test[1])


def test_a_candidate_that_never_occurs_is_named(road: Path, tmp_path: Path) -> None:
    # "z" is a byte, so a token, but no story has it.
    with pytest.raises(UserError, match=r"no contexts of 'z' in the train split") as caught:
        built(road, tmp_path, candidates=[" and", "z"])
    assert "groups.mine" in str(caught.value)
    assert "' and' " in str(caught.value)
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_a_split_without_contexts_is_named(road: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no contexts at all in the train split"):
        built(road, tmp_path, length=200)


def test_a_limit_that_loses_a_candidate_is_refused(road: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="left among the 1 drawn for the train split") as caught:
        built(road, tmp_path, max_train=1)
    assert "contexts.max_train" in caught.value.remedy


def test_a_candidate_of_several_tokens_is_refused(road: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="single token") as caught:
        built(road, tmp_path, candidates=[" and", " nevertheless"])
    assert caught.value.where == "config: groups.mine"


def contexts_file(path: Path, labels: list[int], story: list[int], classes: int) -> Path:
    n = len(labels)
    arrays: dict[str, np.ndarray] = {
        "tokens": np.arange(n * 4, dtype=np.uint16).reshape(n, 4) % 300,
        "labels": np.array(labels, np.uint8),
        "story": np.array(story, np.int64),
        "offset": np.arange(n, dtype=np.int64),
    }
    write_tensors(path, arrays, {"candidates": [f" w{k}" for k in range(classes)], "vocabulary": 300})
    return path


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_samples_take_each_item_from_another_story(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("sample")
    rows = data.draw(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 15)), min_size=1, max_size=60))
    stories = len({s for _, s in rows})
    size = data.draw(st.integers(1, stories))
    path = contexts_file(folder / "test.safetensors", [k for k, _ in rows], [s for _, s in rows], 3)
    # As many contexts as two samples need, each from as many stories, are not always there.
    with contextlib.ExitStack() as stack:
        if stories < 2 * size:
            stack.enter_context(contextlib.suppress(UserError))
        draw_sample(path, size=size, seed=3, output=folder / "sample.json")
    if not (folder / "sample.json").is_file():
        return
    for sample in read_json(folder / "sample.json").values():
        drawn = sample["contexts"]
        assert len(drawn) == len({rows[i][1] for i in drawn}) == size
        assert sum(sample["per_candidate"].values()) == size
        assert [sample["per_candidate"][f" w{k}"] for k in range(3)] == [
            sum(rows[i][0] == k for i in drawn) for k in range(3)
        ]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_samples_share_no_context_and_no_story_where_there_are_enough(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("sample")
    size = data.draw(st.integers(1, 8))
    stories = data.draw(st.integers(size, 3 * size))
    # Two contexts a story at least, so that two samples always fit.
    more = data.draw(st.lists(st.integers(0, stories - 1), max_size=10))
    story = [*range(stories), *range(stories), *more]
    path = contexts_file(folder / "test.safetensors", [i % 3 for i in range(len(story))], story, 3)
    draw_sample(path, size=size, seed=1, output=folder / "sample.json")
    drawn = read_json(folder / "sample.json")
    natural, balanced = (set(drawn[name]["contexts"]) for name in ("natural", "balanced"))
    shared = {story[i] for i in natural} & {story[i] for i in balanced}
    assert len(natural) == len(balanced) == size
    assert not natural & balanced
    assert drawn["natural"]["shared_stories"] == len(shared)
    assert not (shared and stories >= 2 * size)


def test_too_few_contexts_for_two_samples_name_a_size_that_fits(tmp_path: Path) -> None:
    # Four stories, of which two have a second context.
    path = contexts_file(tmp_path / "test.safetensors", [0, 1, 0, 1, 0, 1], [1, 2, 3, 4, 1, 2], 2)
    with pytest.raises(UserError, match="without a common one") as caught:
        draw_sample(path, size=4, seed=0, output=tmp_path / "sample.json")
    size = int(re.search(r"contexts.sample to (\d+)", caught.value.remedy)[1])  # type: ignore[index]
    assert size >= 2
    draw_sample(path, size=size, seed=0, output=tmp_path / "sample.json")
    contexts_file(path, [0], [1], 2)
    with pytest.raises(UserError, match="without a common one") as caught:
        draw_sample(path, size=1, seed=0, output=tmp_path / "sample.json")
    assert "larger test split" in caught.value.remedy


def test_the_balanced_sample_is_balanced_as_far_as_stories_go(tmp_path: Path) -> None:
    labels = [0] * 120 + [1] * 60 + [2] * 4
    path = contexts_file(tmp_path / "test.safetensors", labels, list(range(len(labels))), 3)
    draw_sample(path, size=50, seed=0, output=tmp_path / "sample.json")
    sample = read_json(tmp_path / "sample.json")
    # The natural sample is drawn first, as the words come: of the rare word the other has what is left.
    rare = 4 - sample["natural"]["per_candidate"][" w2"]
    even = (50 - rare) // 2
    assert sorted(sample["balanced"]["per_candidate"].values()) == [rare, even, 50 - rare - even]
    assert sample["natural"]["per_candidate"][" w0"] > 25
    assert len(sample["natural"]["checksum"]) == 64
    assert sample["natural"]["checksum"] != sample["balanced"]["checksum"]


def test_a_sample_of_too_few_stories_is_refused(tmp_path: Path) -> None:
    path = contexts_file(tmp_path / "test.safetensors", [0, 1, 0], [5, 5, 6], 2)
    with pytest.raises(UserError, match="only 2 stories") as caught:
        draw_sample(path, size=3, seed=0, output=tmp_path / "sample.json")
    assert "contexts.sample" in str(caught.value)


# Training contexts as found while the project was planned, by another hash and another tokenizer.
KNOWN = {
    "conjunctions": ([" and", " but", " for", " so", " or"], 87_220),
    "pronouns": ([" he", " she", " it", " they", " her"], 62_957),
    "prepositions": ([" in", " on", " to", " at", " with"], 84_695),
    "auxiliaries": ([" was", " were", " had", " is", " did"], 53_996),
    "feelings": ([" happy", " sad", " scared", " excited", " proud"], 15_809),
}


@pytest.mark.shared
def test_counts_on_the_sample_of_tinystories(tinystories: Path, tmp_path: Path) -> None:
    parquet = {s: tmp_path / f"{s}.parquet" for s in SPLITS}
    retrieve_corpus(
        Corpus(
            source="files",
            files=FilesCorpus(
                train=[str(tinystories / "*-train.txt")], test=[str(tinystories / "*-valid.txt")]
            ),
        ),
        seed=0,
        outputs=parquet,
        summary=tmp_path / "corpus.json",
    )
    counts = read_json(tmp_path / "corpus.json")["splits"]
    assert counts["test"]["stories"] == 1112
    assert counts["train"]["stories"] == pytest.approx(0.9 * 9918, rel=0.02)
    train_tokenizer(parquet["train"], vocabulary=1024, output=tmp_path / "tokenizer.json")
    for s in SPLITS:
        encode_corpus(parquet[s], tmp_path / "tokenizer.json", **token_files(tmp_path, s)._asdict())
    for group, (candidates, expected) in KNOWN.items():
        summary = built(tmp_path, tmp_path / group, candidates, length=16)
        assert summary["splits"]["train"]["contexts"] == pytest.approx(expected, rel=0.02), group
    conjunctions, _ = KNOWN["conjunctions"]
    summary = built(tmp_path, tmp_path / "token", conjunctions, length=16, match="token")
    assert summary["splits"]["train"]["contexts"] == pytest.approx(91_197, rel=0.02)
    assert summary["splits"]["train"]["candidates"][" or"]["dropped_share"] == pytest.approx(0.48, abs=0.05)
