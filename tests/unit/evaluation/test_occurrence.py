"""The table of occurrences, the counts behind claims about the data, and the published figures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from handcraft.analysis.data_claims import evaluate_data_claims
from handcraft.analysis.published import published_table
from handcraft.errors import UserError
from handcraft.evaluation.occurrence import evaluate_occurrence
from handcraft.files import hash_file, read_csv, read_json, write_csv, write_json, write_tensors

METRIC_COLUMNS = ("predictor", "title", "metric", "value", "low", "high", "n", "stories")


def metrics_file(path: Path, scores: dict[str, tuple[float, float]], n: int) -> Path:
    rows: list[dict[str, Any]] = []
    for predictor, values in scores.items():
        for metric, value in zip(("accuracy", "loss"), values, strict=True):
            row = {"predictor": predictor, "title": predictor.title(), "metric": metric}
            rows.append(row | {"value": value, "low": 0.0, "high": 1.0, "n": n, "stories": 9})
    write_csv(path, rows, METRIC_COLUMNS)
    return path


def summary_file(path: Path) -> Path:
    other = {" or": {"token": 1, "word": 1}}
    test = {" and": {"token": 150, "word": 150}, " or": {"token": 50, "word": 26}}
    write_json(path, {"splits": {"train": {"candidates": other}, "test": {"candidates": test}}})
    return path


def test_occurrence_sets_words_beside_tokens(tmp_path: Path) -> None:
    word = metrics_file(tmp_path / "word.csv", {"majority": (0.5, 1.5), "linear": (0.7, 0.8)}, 90)
    token = metrics_file(tmp_path / "token.csv", {"majority": (0.4, 1.6), "llama": (0.6, 0.9)}, 110)
    summary = summary_file(tmp_path / "summary.json")
    out = tmp_path / "out.csv"
    evaluate_occurrence([("conjunctions", word, token, summary)], output=out)
    rows = read_csv(out)
    assert rows[0] == {
        "group": "conjunctions", "predictor": "majority", "title": "Majority",
        "accuracy_word": 0.5, "loss_word": 1.5, "n_word": 90,
        "accuracy_token": 0.4, "loss_token": 1.6, "n_token": 110, "dropped_share": 1 - 176 / 200,
    }  # fmt: skip
    assert [r["predictor"] for r in rows] == ["majority", "linear", "llama"]
    assert (rows[1]["accuracy_token"], rows[1]["n_token"]) == (None, None)
    assert (rows[2]["accuracy_word"], rows[2]["title"]) == (None, "Llama")
    first = hash_file(out)
    evaluate_occurrence([("conjunctions", word, token, summary)], output=out)
    assert hash_file(out) == first


def test_occurrence_without_groups_is_a_header(tmp_path: Path) -> None:
    evaluate_occurrence([], output=tmp_path / "out.csv")
    assert read_csv(tmp_path / "out.csv") == []
    assert (tmp_path / "out.csv").read_text().startswith("group,predictor,title,accuracy_word")


@pytest.mark.parametrize("damaged", ["word.csv", "summary.json"])
def test_occurrence_names_a_damaged_file(tmp_path: Path, damaged: str) -> None:
    word = metrics_file(tmp_path / "word.csv", {"majority": (0.5, 1.5)}, 90)
    summary = summary_file(tmp_path / "summary.json")
    if damaged == "word.csv":
        write_csv(word, [{"predictor": "majority"}])
    else:
        write_json(summary, {"splits": {}})
    with pytest.raises(UserError) as caught:
        evaluate_occurrence([("g", word, word, summary)], output=tmp_path / "out.csv")
    assert caught.value.where.endswith(damaged)
    assert not (tmp_path / "out.csv").exists()


def claims(tmp_path: Path, last: list[int], labels: list[int], tokens: list[str]) -> dict[str, Any]:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"<|endoftext|>": 0} | {c: i + 1 for i, c in enumerate(alphabet)}
    merges = [("w", "a"), ("wa", "s"), ("Ġ", "was")]
    vocabulary |= {"wa": 257, "was": 258, "Ġwas": 259}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|endoftext|>"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    n, comma = len(last), vocabulary[","]
    window = np.full((n, 16), comma, dtype=np.uint16)
    window[:, -1] = [{0: comma, 1: 259, 2: 5}[t] for t in last]
    tensors = {
        "tokens": window,
        "labels": np.array(labels, dtype=np.uint8),
        "story": np.arange(n, dtype=np.int64),
        "offset": np.full(n, 16, dtype=np.int64),
    }
    metadata = {"candidates": [" but", " so"], "vocabulary": 260, "sampling": "natural"}
    write_tensors(tmp_path / "train.safetensors", tensors, metadata)
    evaluate_data_claims(
        tmp_path / "train.safetensors",
        tmp_path / "tokenizer.json",
        tokens=tokens,
        output=tmp_path / "out.json",
    )
    return read_json(tmp_path / "out.json")  # type: ignore[no-any-return]


def test_claims_are_counts_by_hand(tmp_path: Path) -> None:
    found = claims(
        tmp_path, [0, 0, 0, 2, 1, 1, 0], [0, 0, 0, 0, 1, 1, 1], [",", " was", "Ġ", " elephant", ""]
    )
    assert found["contexts"] == 7
    assert found["sampling"] == "natural"
    assert found["candidates"] == [
        {"candidate": " but", "contexts": 4, "share": 4 / 7},
        {"candidate": " so", "contexts": 3, "share": 3 / 7},
    ]
    comma, was, *absent = found["tokens"]
    assert (comma["token"], comma["contexts"]) == (",", 4)
    assert comma["candidates"] == [
        {"candidate": " but", "contexts": 3, "share_of_candidate": 3 / 4, "share_of_token": 3 / 4},
        {"candidate": " so", "contexts": 1, "share_of_candidate": 1 / 3, "share_of_token": 1 / 4},
    ]
    assert (was["token"], was["id"], was["contexts"]) == (" was", 259, 2)
    assert [c["share_of_token"] for c in was["candidates"]] == [0, 1]
    assert absent == [
        {"token": t, "id": None, "contexts": None, "candidates": []} for t in ("Ġ", " elephant", "")
    ]


def test_a_token_or_candidate_that_never_comes_has_no_share(tmp_path: Path) -> None:
    found = claims(tmp_path, [0, 2], [0, 0], [" was", ","])
    was, comma = found["tokens"]
    assert [(c["contexts"], c["share_of_token"]) for c in was["candidates"]] == [(0, None), (0, None)]
    assert [c["share_of_candidate"] for c in comma["candidates"]] == [0.5, None]


def test_published_figures_are_marked_cited_and_complete() -> None:
    rows = published_table()
    assert {r["kind"] for r in rows} == {"published"}
    assert all(r["source"] and r["title"] and r["unit"] for r in rows)
    names = [r["name"] for r in rows]
    assert len(set(names)) == len(names)
    value = {r["name"]: r["value"] for r in rows}
    assert value["llama_loss"] == 0.57
    assert (value["human_1"], value["human_2"]) == (0.7, 0.74)
    assert value["weight_comma_but"] == 3.356
    assert value["weight_was_so"] == 5.428
    assert len([n for n in names if n.startswith("weight_")]) == 10
    assert next(r for r in rows if r["name"] == "llama_loss")["note"].startswith("read off the plot")


def test_every_published_figure_stands_in_the_seed(root: Path) -> None:
    seed = root.parent / "shared" / "SEED.md"
    if not seed.exists():
        pytest.skip("the notes on the seed are not beside the checkout (../shared/SEED.md)")
    text = seed.read_text(encoding="utf-8")
    for row in published_table():
        number = f"{row['correct']}/{row['n']}" if row["n"] else f"{row['value']:,}"
        assert number.replace(",000.0", ",000") in text, row["name"]
