"""The corpus: splits by hash or as given, duplicates, empty splits, and the hub's errors."""

import hashlib
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from datasets.exceptions import DatasetNotFoundError

from handcraft.config.corpus import Corpus
from handcraft.corpus import retrieve_corpus
from handcraft.corpus.hub import stories_in_hub
from handcraft.corpus.splits import write_splits
from handcraft.errors import UserError
from handcraft.files import hash_file, read_json

SPLITS = ("train", "validation", "test")
FRACTIONS = {"validation": 0.1, "test": 0.1}
MANY = [f"Story number {i} of a cat." for i in range(1000)]


def written(
    root: Path, streams: dict[str, list[str]], fractions: dict[str, float] = FRACTIONS
) -> tuple[dict[str, Any], dict[str, list[str]]]:
    outputs = {s: root / f"{s}.parquet" for s in SPLITS}
    where = {s: f"the {s} given" for s in streams}
    summary = write_splits({s: iter(v) for s, v in streams.items()}, fractions, outputs=outputs, where=where)
    return summary, {s: pq.read_table(p)["text"].to_pylist() for s, p in outputs.items()}


def share(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def test_splits_go_by_the_hash_of_the_text(tmp_path: Path) -> None:
    summary, texts = written(tmp_path, {"train": MANY})
    assert texts["validation"] == [s for s in MANY if share(s) < 0.1]
    assert texts["test"] == [s for s in MANY if 0.1 <= share(s) < 0.2]
    assert texts["train"] == [s for s in MANY if share(s) >= 0.2]
    assert summary["splits"] == {
        s: {"stories": len(texts[s]), "characters": sum(map(len, texts[s]))} for s in SPLITS
    }
    assert summary["given"] == {
        "train": "the train given",
        "validation": "0.1 of train, by hash",
        "test": "0.1 of train, by hash",
    }
    table = pq.read_table(tmp_path / "test.parquet")
    assert table.column_names == ["story", "text"]
    assert table["story"].to_pylist() == [hashlib.sha256(s.encode()).hexdigest()[:16] for s in texts["test"]]


def test_a_share_is_chosen_by_hash_and_a_larger_one_contains_it(tmp_path: Path) -> None:
    found = {}
    for part in (0.1, 0.3, 1):
        (tmp_path / "given.txt").write_text("\n".join(MANY))
        files = {"train": [str(tmp_path / "given.txt")], "separator": "line"}
        settings = Corpus(source="files", files=files, shares={"train": part})
        outputs = {s: tmp_path / f"{part}.{s}.parquet" for s in SPLITS}
        retrieve_corpus(settings, seed=0, outputs=outputs, summary=tmp_path / "summary.json")
        found[part] = {s: pq.read_table(p)["text"].to_pylist() for s, p in outputs.items()}
        given = read_json(tmp_path / "summary.json")["given"]["train"]
        assert ("0.1 of its stories, by hash" in given) == (part == 0.1)
    for smaller, larger in ((0.1, 0.3), (0.3, 1)):
        for split in SPLITS:
            assert set(found[smaller][split]) < set(found[larger][split])
    sizes = {part: sum(map(len, texts.values())) for part, texts in found.items()}
    assert 70 <= sizes[0.1] <= 130
    assert 250 <= sizes[0.3] <= 350
    # Whether a story is kept says nothing of the split that it is cut to.
    assert 10 <= len(found[0.3]["test"]) <= 50


def test_a_split_that_is_given_is_respected_and_no_story_moves(tmp_path: Path) -> None:
    _, cut = written(tmp_path, {"train": MANY})
    given = [f"A test of its own {i}." for i in range(20)]
    _, texts = written(tmp_path, {"train": MANY, "test": given})
    assert texts["test"] == given
    assert texts["validation"] == cut["validation"]
    assert sorted(texts["train"]) == sorted(cut["train"] + cut["test"])
    _, texts = written(tmp_path, {"train": MANY, "test": given, "validation": ["One."]})
    assert texts == {"train": MANY, "test": given, "validation": ["One."]}


def test_duplicates_and_empty_stories_are_dropped_and_counted(tmp_path: Path) -> None:
    summary, texts = written(
        tmp_path,
        {
            "train": [*MANY, "", "  Same.\n", "Held.", "Mine.", "Other\r\nline.", " \r\n "],
            "validation": ["Held.", "Same.", "Other\nline."],
            "test": ["Held.", "Held. ", "\t"],
        },
    )
    assert texts["test"] == ["Held."]
    assert texts["validation"] == ["Same.", "Other\nline."]
    assert texts["train"] == [*MANY, "Mine."]
    assert (summary["duplicates"], summary["short"]) == (5, 3)


def test_small_row_groups_and_batches_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, whole = written(tmp_path, {"train": MANY + MANY})
    for name, value in (("ROWS", 7), ("BYTES", 60)):
        monkeypatch.setattr(f"handcraft.corpus.splits.{name}", value)
        summary, texts = written(tmp_path, {"train": MANY + MANY})
        assert texts == whole
        assert summary["duplicates"] == 1000
    assert pq.ParquetFile(tmp_path / "train.parquet").num_row_groups > 100


@pytest.mark.parametrize(
    ("streams", "what", "where"),
    [
        ({"train": []}, "the corpus is empty: not one story", "the train given"),
        ({"train": ["", " "]}, r"not one story \(2 empty and 0 duplicate", "the train given"),
        ({"train": ["One."]}, "1 story .* train, validation, test", "the train given"),
        ({"train": ["One.", "Two."]}, "2 stories .* train, validation, test", "the train given"),
        ({"train": MANY[:3]}, "the validation split", "config: corpus.fractions.validation"),
        ({"train": MANY, "test": [" "]}, "the test split is empty", "the test given"),
        ({"train": ["One."], "test": ["One."], "validation": ["Two."]}, "the train split is empty", "the train given"),
    ],
)  # fmt: skip
def test_an_empty_split_is_refused_and_nothing_is_left(
    tmp_path: Path, streams: dict[str, list[str]], what: str, where: str
) -> None:
    with pytest.raises(UserError, match=what) as caught:
        written(tmp_path, streams)
    assert caught.value.where == where
    assert caught.value.remedy
    assert list(tmp_path.iterdir()) == []


def test_an_error_midway_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[str]:
        yield from MANY
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_splits(
            {"train": broken()}, FRACTIONS, outputs={s: tmp_path / s for s in SPLITS}, where={"train": "x"}
        )
    assert list(tmp_path.iterdir()) == []


def retrieved(root: Path, source: dict[str, Any], kind: str = "files") -> dict[str, Any]:
    outputs = {s: root / f"{s}.parquet" for s in SPLITS}
    settings = Corpus.model_validate({"source": kind, kind: source, "fractions": FRACTIONS})
    retrieve_corpus(settings, seed=0, outputs=outputs, summary=root / "summary.json")
    summary: dict[str, Any] = read_json(root / "summary.json")
    return summary


def test_files_of_all_kinds_make_one_corpus_with_the_same_bytes(tmp_path: Path) -> None:
    import json

    import pyarrow as pa

    data = tmp_path / "data"
    data.mkdir()
    (data / "a.txt").write_text("\n<|endoftext|>\n".join(MANY[:300]))
    (data / "b.jsonl").write_text("\n".join(json.dumps({"text": s}) for s in MANY[200:600]))
    pq.write_table(pa.table({"text": MANY[600:]}), data / "c.parquet")
    source = {"train": [str(data / "*")], "validation": [], "test": [], "text_field": "text"}
    for run in ("one", "two"):
        summary = retrieved(tmp_path / run, source)
    assert summary["source"] == "files"
    assert summary["duplicates"] == 100
    assert sum(s["stories"] for s in summary["splits"].values()) == 1000
    for split in SPLITS:
        assert hash_file(tmp_path / f"one/{split}.parquet") == hash_file(tmp_path / f"two/{split}.parquet")


@pytest.mark.parametrize("count", [1, 4])
def test_files_of_too_few_stories_name_the_separator(tmp_path: Path, count: int) -> None:
    for i in range(count):
        (tmp_path / f"{i}.txt").write_text(f"Once {i}.\n\nTwice {i}.\n")
    source: dict[str, Any] = {"train": [str(tmp_path / "*.txt")]}
    with pytest.raises(UserError) as caught:
        retrieved(tmp_path / "out", source)
    assert "corpus.files.separator" in caught.value.remedy
    assert "blank lines" in caught.value.remedy


@pytest.mark.parametrize(
    ("separator", "between"),
    [("blank lines", "\n\n"), ("line", "\n"), ({"text": "\n***\n"}, "\n***\n"), ({"text": "line"}, "line")],
)
def test_the_separator_of_the_config_is_used(
    tmp_path: Path, separator: str | dict[str, str], between: str
) -> None:
    import gzip

    (tmp_path / "a.txt").write_text(between.join(MANY[:500]))
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(between.join(MANY[500:]).encode()))
    summary = retrieved(tmp_path / "out", {"train": [str(tmp_path / "*.txt*")], "separator": separator})
    assert sum(s["stories"] for s in summary["splits"].values()) == 1000


def test_stories_that_have_no_room_are_not_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A third of plain text, and all of what is compressed."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.txt").write_text("a" * 6_000_000)
    (data / "b.parquet").write_bytes(bytes(1_000_000))
    source = {"train": [str(data / "*")], "test": [str(data / "a.txt")]}
    usage = types.SimpleNamespace(free=2_900_000, total=10**9)
    monkeypatch.setattr("handcraft.disk.shutil.disk_usage", lambda path: usage)
    with pytest.raises(UserError, match=r"3\.0 MB"):
        retrieved(tmp_path / "one", source)
    usage.free = 0
    with pytest.raises(UserError, match="the disk is full"):
        retrieved(tmp_path / "one", {"stories": 10}, kind="planted")
    assert not (tmp_path / "one").exists()


def test_the_planted_corpus_is_asked_for_its_stories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = types.ModuleType("handcraft.corpus.planted")
    planted.stories = lambda seed, count: (f"{seed}: story {i}." for i in range(count))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "handcraft.corpus.planted", planted)
    summary = retrieved(tmp_path, {"stories": 500}, kind="planted")
    assert sum(s["stories"] for s in summary["splits"].values()) == 500


def hub_that_gives(monkeypatch: pytest.MonkeyPatch, rows: list[Any] | Exception) -> list[tuple[Any, ...]]:
    """A `datasets` whose `load_dataset` gives these rows, or fails; returns the calls made."""
    calls: list[tuple[Any, ...]] = []

    def load_dataset(name: str, **options: Any) -> list[Any]:
        calls.append((name, options))
        if isinstance(rows, Exception):
            raise rows
        return rows

    module = types.ModuleType("datasets")
    module.load_dataset = load_dataset  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", module)
    return calls


HUB = {
    "dataset": "some/stories",
    "revision": "abc123",
    "text_field": "text",
    "train": "train",
    "validation": None,
    "test": "validation",
}


def test_the_hub_is_streamed_at_its_revision_and_runs_no_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = hub_that_gives(monkeypatch, [{"text": s} for s in MANY])
    with pytest.raises(UserError, match="the train split is empty"):
        retrieved(tmp_path, HUB, kind="hub")  # both splits the same rows: test keeps all
    options = {"revision": "abc123", "streaming": True}
    # Another folder each time, empty and gone: see tests/unit/test_hub.py.
    folders = [Path(given.pop("cache_dir")) for _, given in calls]
    assert not any(folder.exists() for folder in folders)
    assert calls == [
        ("some/stories", {**options, "split": "validation"}),
        ("some/stories", {**options, "split": "train"}),
    ]


@pytest.mark.parametrize(
    ("failure", "what", "remedy"),
    [
        (ConnectionError("Couldn't reach 'some/stories' on the Hub"), "cannot be reached", "network"),
        (DatasetNotFoundError("Dataset 'some/stories' is a gated dataset on the Hub."), "gated", "log in"),
        (
            DatasetNotFoundError("Revision 'abc123' doesn't exist for dataset 'some/stories' on the Hub."),
            "revision does not exist",
            "full commit",
        ),
        (DatasetNotFoundError("Dataset 'x' doesn't exist on the Hub"), "no such data set", "name"),
        (ValueError('Bad split: dev. Available splits: ["train"]'), "no such split", "split"),
        (RuntimeError("Dataset scripts are no longer supported"), "scripts are no longer", "files"),
    ],
)
def test_the_hubs_failures_have_remedies(
    monkeypatch: pytest.MonkeyPatch, failure: Exception, what: str, remedy: str
) -> None:
    hub_that_gives(monkeypatch, failure)
    with pytest.raises(UserError, match=what) as caught:
        list(stories_in_hub("some/stories", "abc123", "train", "text"))
    assert "some/stories at revision abc123" in caught.value.where
    assert remedy in caught.value.remedy


def test_a_hub_row_without_text_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    hub_that_gives(monkeypatch, [{"story": "One"}])
    with pytest.raises(UserError, match="no column 'text'; the data set has: 'story'"):
        list(stories_in_hub("some/stories", "abc123", "train", "text"))
    hub_that_gives(monkeypatch, [{"text": "One"}, {"text": None}])
    with pytest.raises(UserError, match="is not text") as caught:
        list(stories_in_hub("some/stories", "abc123", "train", "text"))
    assert caught.value.where.endswith("row 1")
