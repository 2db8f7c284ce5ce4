"""The tokenizer: deterministic, whole on any text, and plain about what it cannot do."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import BPE

from handcraft.errors import UserError
from handcraft.files import write_table
from handcraft.tokenizer.encode import _WordTokens, encode_corpus
from handcraft.tokenizer.stories import corpus_size, story_batches
from handcraft.tokenizer.tokens import END, Vocabulary, load_tokenizer, show_token
from handcraft.tokenizer.train import train_tokenizer

STORIES = [
    f"Once upon a time there was a {a} named {n}. {n} and the other {a}s played, but {n} was sad or happy."
    for a in ("dog", "cat", "bird", "fish")
    for n in ("Tim", "Lily", "Ben", "Sue", "Mia")
]
HOSTILE = [
    "😀 an emoji, a family 👨‍👩‍👧 and a flag 🇫🇷",
    "a NUL \x00 and other controls \x01\x1f\x7f",
    "</script><script>alert(1)</script>",
    "w" * 50_000,
    "café naïve “quoted” — ’tis",
    f"ordinary {END} text",
    "漢字かな交じり文",
    "\ufeff mark, \u2028 separator",
]


def corpus_of(path: Path, stories: list[str]) -> Path:
    write_table(path, pa.table({"story": [str(i) for i in range(len(stories))], "text": stories}))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tokenizer")
    train_tokenizer(
        corpus_of(root / "train.parquet", STORIES), vocabulary=300, output=root / "tokenizer.json"
    )
    return root / "tokenizer.json"


def test_ids_are_the_end_then_bytes_then_merges(trained: Path) -> None:
    vocabulary = Vocabulary.read(trained)
    pieces = vocabulary.pieces
    assert vocabulary.encoder.get_vocab_size() == len(vocabulary) == len(pieces) == 300
    assert vocabulary.encoder.id_to_token(0) == END
    assert pieces[0] == b""
    assert sorted(pieces[1:257]) == [bytes([b]) for b in range(256)]
    assert all(len(p) > 1 for p in pieces[257:])
    assert len(set(pieces)) == 300


def test_training_is_deterministic_between_processes(tmp_path: Path, trained: Path) -> None:
    corpus = corpus_of(tmp_path / "train.parquet", STORIES)
    code = (
        "import sys; from handcraft.tokenizer.train import train_tokenizer as t; "
        "t(sys.argv[1], vocabulary=300, output=sys.argv[2])"
    )
    for name in ("a.json", "b.json"):
        subprocess.run([sys.executable, "-c", code, corpus, tmp_path / name], check=True)
        assert (tmp_path / name).read_bytes() == trained.read_bytes()


def test_encoding_streams_and_gives_the_text_back(
    tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handcraft.tokenizer.encode.BATCH", 3)
    stories = [*STORIES, *HOSTILE, "x"]
    corpus = corpus_of(tmp_path / "test.parquet", stories)
    encode_corpus(corpus, trained, tokens=tmp_path / "test.npy", starts=tmp_path / "test_starts.npy")
    tokens = np.load(tmp_path / "test.npy", mmap_mode="r")
    starts = np.load(tmp_path / "test_starts.npy")
    assert (tokens.dtype, starts.dtype) == (np.uint16, np.int64)
    assert len(starts) == len(stories) + 1
    assert starts[0] == 0
    assert starts[-1] == len(tokens)
    vocabulary = Vocabulary.read(trained)
    for i, story in enumerate(stories):
        own = tokens[starts[i] : starts[i + 1]]
        assert 0 not in own
        assert vocabulary.decode(own) == story
    first = (tmp_path / "test.npy").read_bytes()
    encode_corpus(corpus, trained, tokens=tmp_path / "test.npy", starts=tmp_path / "test_starts.npy")
    assert (tmp_path / "test.npy").read_bytes() == first
    assert len(list(tmp_path.glob(".*"))) == 0


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back(text: str, trained: Path) -> None:
    vocabulary = Vocabulary.read(trained)
    assert vocabulary.decode(vocabulary.encode(text)) == text


PARTS = [*"  \n\t\r\x0b\x0c\x1c\x1f\x00''abstrevmld09_-.,!<|>", "<|endoftext|>", "'ll", "'re", " was"]
ASCII = st.lists(st.sampled_from(PARTS)).map("".join)


@settings(max_examples=500, deadline=None)
@given(text=ASCII | st.text(st.characters(max_codepoint=127)))
def test_a_corpus_is_cut_into_words_as_by_tokenizers(text: str, trained: Path) -> None:
    tokenizer = load_tokenizer(trained)
    expected = tokenizer.encode(text, add_special_tokens=False).ids
    words = _WordTokens(tokenizer)
    for _ in range(2):
        assert np.frombuffer(words.tokens_of(text), "<u2").tolist() == expected


def test_a_corpus_too_small_is_refused_with_what_it_gave(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "train.parquet", ["A cat sat. A cat sat."])
    with pytest.raises(UserError, match=r"only 2.. could be made") as caught:
        train_tokenizer(corpus, vocabulary=1024, output=tmp_path / "tokenizer.json")
    assert "tokenizer.vocabulary" in str(caught.value)
    assert not (tmp_path / "tokenizer.json").exists()
    with pytest.raises(UserError, match="257 to 65,536"):
        train_tokenizer(corpus, vocabulary=256, output=tmp_path / "tokenizer.json")


def test_tokens_that_have_no_room_are_not_begun(
    tmp_path: Path, trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = corpus_of(tmp_path / "train.parquet", [f"{i} {story}" for i in range(50) for story in STORIES])
    paths = {"tokens": tmp_path / "t.npy", "starts": tmp_path / "s.npy"}
    stories, size = corpus_size(corpus)
    assert stories == 50 * len(STORIES)
    text = sum(len(batch) for stories in story_batches(corpus) for batch in stories)
    assert size == pytest.approx(text, rel=0.1)
    usage = SimpleNamespace(free=size / 2 + 8 * stories - 1, total=10**9)
    monkeypatch.setattr("handcraft.disk.shutil.disk_usage", lambda path: usage)
    with pytest.raises(UserError, match="the disk is full"):
        encode_corpus(corpus, trained, **paths)
    assert not any(path.exists() for path in paths.values())
    usage.free += 2
    encode_corpus(corpus, trained, **paths)


def test_unreadable_files_are_named(tmp_path: Path, trained: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    with pytest.raises(UserError, match=r"bad\.json"):
        load_tokenizer(bad)
    with pytest.raises(UserError, match=r"gone\.parquet"):
        encode_corpus(
            tmp_path / "gone.parquet", trained, tokens=tmp_path / "t.npy", starts=tmp_path / "s.npy"
        )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.json"]


def test_candidates_are_single_tokens_or_refused_by_name(trained: Path) -> None:
    vocabulary = Vocabulary.read(trained)
    ids = vocabulary.require([" and", " was", ","])
    assert [vocabulary.pieces[i] for i in ids] == [b" and", b" was", b","]
    assert [vocabulary.id_of(word) for word in (" and", " android", "", END)] == [ids[0], None, None, None]
    with pytest.raises(UserError) as caught:
        vocabulary.require([" and", " android", END, "or"], where="config: groups.mine")
    message = str(caught.value)
    assert '" android" is " and" + ' in message
    assert '; the nearest single tokens: " and"' in message
    assert '"or" is "o" + "r"; the nearest single tokens: " or"' in message
    assert f'"{END}" is "<"' in message
    assert "config: groups.mine" in message


@pytest.mark.parametrize(
    ("piece", "shown"),
    [
        (b" was", "␣was"),
        (b"\n", "⏎"),
        (b"\x00", "␀"),
        (b"\x7f", "␡"),
        (b"\xe2\x80", "\\xe2\\x80"),
        ("é".encode(), "é"),
        ("\u202e".encode(), "\\u202e"),
        (b"", END),
        (b"</script>", "</script>"),
    ],
)
def test_tokens_are_shown_for_people(piece: bytes, shown: str) -> None:
    assert show_token(piece) == shown


def test_cut_characters_are_replaced_not_refused() -> None:
    vocabulary = Vocabulary(Tokenizer(BPE()), (b"\xe2\x80", b"\x9c", b"a"))
    assert vocabulary.decode([0, 2]) == "\ufffda"
    assert vocabulary.decode([0, 1, 2]) == "“a"
