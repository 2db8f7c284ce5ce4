"""`evaluate_predictions`: its five tables, on contexts made here, and everything that it refuses."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from handcraft.config.model import Evaluation
from handcraft.contexts.read import read_contexts
from handcraft.errors import UserError
from handcraft.evaluation.intervals import wilson
from handcraft.evaluation.predictions import Inputs, Outputs, evaluate_predictions
from handcraft.files import hash_file, read_csv, read_table, write_json, write_table, write_tensors
from handcraft.predictions import write_predictions
from handcraft.predictors.counts.majority import predict_majority
from handcraft.seeds import generator

CANDIDATES = (" and", " but", " so")
OUTPUTS = ("metrics", "recall", "comparisons", "sample_metrics", "sample_comparisons")


def contexts_file(
    path: Path, labels: np.ndarray, story: np.ndarray, candidates: tuple[str, ...] = CANDIDATES
) -> Path:
    n = len(labels)
    tensors = {
        "tokens": np.zeros((n, 16), dtype=np.uint16),
        "labels": labels.astype(np.uint8),
        "story": story.astype(np.int64),
        "offset": np.full(n, 16, dtype=np.int64),
    }
    metadata = {
        "candidates": list(candidates),
        "match": "word",
        "vocabulary": 1024,
        "split": "test",
        "sampling": "natural",
    }
    write_tensors(path, tensors, metadata)
    return path


def noisy(labels: np.ndarray, strength: float, seed: int, classes: int = 3) -> np.ndarray:
    """Log-probabilities that lean to the right answer by `strength` nats."""
    logits = np.random.default_rng(seed).normal(size=(len(labels), classes))
    logits[np.arange(len(labels)), labels] += strength
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


@dataclass
class Case:
    folder: Path
    labels: np.ndarray
    predictions: list[Path]

    def run(
        self, folder: str = "out", seed: int = 0, groups: int = 1, **change: Any
    ) -> dict[str, list[dict[str, Any]]]:
        out = {name: self.folder / folder / f"{name}.csv" for name in OUTPUTS}
        arguments: dict[str, Any] = {
            "test": self.folder / "test.safetensors",
            "sample": self.folder / "sample.json",
            "predictions": self.predictions,
        }
        settings = Evaluation(bootstrap=800)
        evaluate_predictions(
            Inputs(**arguments | change), settings=settings, groups=groups, seed=seed, outputs=Outputs(**out)
        )
        return {name: read_csv(path) for name, path in out.items()}


@pytest.fixture
def case(tmp_path: Path) -> Case:
    rng = np.random.default_rng(0)
    labels = rng.choice(3, 300, p=[0.7, 0.2, 0.1])
    contexts_file(tmp_path / "test.safetensors", labels, np.sort(rng.integers(0, 80, 300)))
    contexts_file(tmp_path / "train.safetensors", rng.choice(3, 2000, p=[0.7, 0.2, 0.1]), np.arange(2000))
    items = {"natural": list(range(0, 300, 6)), "balanced": list(range(1, 300, 6))}
    write_json(tmp_path / "sample.json", {k: {"contexts": v, "checksum": "0"} for k, v in items.items()})
    paths = []
    for name, strength in (("weak", 0.5), ("strong", 2.5), ("twin", 2.5)):
        paths.append(tmp_path / f"{name}.parquet")
        table = noisy(labels, strength, seed=1)
        write_predictions(paths[-1], table, predictor=name, title=name.title(), candidates=CANDIDATES)
    return Case(tmp_path, labels, paths)


def test_every_predictor_and_metric_has_one_row(case: Case) -> None:
    rows = case.run()["metrics"]
    assert [(r["predictor"], r["metric"]) for r in rows] == [
        (p, m) for p in ("weak", "strong", "twin") for m in ("accuracy", "loss")
    ]
    assert list(rows[0]) == ["predictor", "title", "metric", "value", "low", "high", "n", "stories"]
    assert {r["n"] for r in rows} == {300}
    assert rows[0]["title"] == "Weak"
    assert all(r["low"] < r["value"] < r["high"] for r in rows)


def test_values_are_the_plain_definitions(case: Case) -> None:
    rows = {r["metric"]: r["value"] for r in case.run()["metrics"] if r["predictor"] == "weak"}
    table, labels = noisy(case.labels, 0.5, seed=1), case.labels
    assert rows["accuracy"] == pytest.approx((table.argmax(axis=1) == labels).mean())
    assert rows["loss"] == pytest.approx(-table[np.arange(300), labels].mean(), abs=1e-6)


def test_recall_is_that_of_a_plain_recomputation(case: Case) -> None:
    rows = case.run()["recall"]
    assert [(r["predictor"], r["candidate"]) for r in rows] == [
        (p, w) for p in ("weak", "strong", "twin") for w in CANDIDATES
    ]
    assert list(rows[0]) == ["predictor", "title", "candidate", "value", "low", "high", "n", "stories"]
    story = read_contexts(case.folder / "test.safetensors").story
    right = noisy(case.labels, 0.5, seed=1).argmax(axis=1) == case.labels
    # The same stories drawn: one list of stories a resample, their contexts one after the other.
    names = np.unique(story)
    picks = generator(0, "bootstrap").integers(0, len(names), (800, len(names)))
    drawn = [np.concatenate([np.flatnonzero(story == names[s]) for s in one]) for one in picks]
    for k, row in enumerate(rows[:3]):
        assert row["n"] == (case.labels == k).sum()
        assert row["stories"] == len(np.unique(story[case.labels == k]))
        assert row["value"] == pytest.approx(right[case.labels == k].mean())
        again = [right[one][case.labels[one] == k].mean() for one in drawn]
        assert (row["low"], row["high"]) == pytest.approx(np.quantile(again, [0.025, 0.975]))


def test_recall_shares_ties_and_leaves_out_words_that_do_not_occur(case: Case) -> None:
    contexts_file(case.folder / "test.safetensors", np.array([0, 0, 1]), np.array([0, 1, 1]))
    write_json(case.folder / "sample.json", {k: {"contexts": [0]} for k in ("natural", "balanced")})
    path = case.folder / "tied.parquet"
    table = np.log(np.array([[0.5, 0.5, 1e-9], [0.9, 0.1, 1e-9], [0.9, 0.1, 1e-9]]) / (1 + 1e-9))
    write_predictions(path, table, predictor="tied", title="Tied", candidates=CANDIDATES)
    rows = case.run(predictions=[path])["recall"]
    assert [(r["value"], r["n"], r["stories"]) for r in rows] == [(0.75, 2, 2), (0, 1, 1), (None, 0, 0)]
    assert rows[0]["low"] is not None
    assert (rows[1]["low"], rows[2]["low"]) == (None, None)  # a single story has no interval


def test_majority_scores_its_rate_and_finds_one_word(case: Case) -> None:
    path = case.folder / "majority.parquet"
    predict_majority(
        case.folder / "train.safetensors", case.folder / "test.safetensors", output=path, title="majority"
    )
    tables = case.run(predictions=[path])
    assert tables["metrics"][0]["value"] == pytest.approx((case.labels == 0).mean())
    assert [r["value"] for r in tables["recall"]] == [1, 0, 0]
    for row in tables["recall"]:  # every resample has the same: an interval of no width
        assert row["low"] == row["value"] == row["high"]


def test_comparisons_are_paired_differences(case: Case) -> None:
    tables = case.run()
    value = {(r["predictor"], r["metric"]): r["value"] for r in tables["metrics"]}
    rows = tables["comparisons"]
    assert list(rows[0]) == ["a", "b", "metric", "difference", "low", "high", "confidence", "n"]
    assert len(rows) == 3 * 2
    for r in rows:
        expected = value[r["a"], r["metric"]] - value[r["b"], r["metric"]]
        assert r["difference"] == pytest.approx(expected)
        assert r["confidence"] == 0.95
        if {r["a"], r["b"]} == {"strong", "twin"}:
            assert (r["difference"], r["low"], r["high"]) == (0, 0, 0)
        else:
            sign = 1 if r["metric"] == "loss" else -1
            assert sign * r["low"] > 0
            assert sign * r["high"] > 0


def test_comparisons_hold_together_over_groups(case: Case) -> None:
    alone, together = (case.run(f"of{g}", groups=g) for g in (1, 4))
    for one, wide in zip(alone["comparisons"], together["comparisons"], strict=True):
        assert wide["confidence"] == pytest.approx(1 - 0.05 / 4)
        assert wide["difference"] == one["difference"]
        if {one["a"], one["b"]} != {"strong", "twin"}:
            assert wide["high"] - wide["low"] > one["high"] - one["low"]


def test_samples_have_wilson_and_mcnemar(case: Case) -> None:
    tables = case.run()
    rows = tables["sample_metrics"]
    assert list(rows[0]) == ["sample", "predictor", "title", "correct", "n", "accuracy", "low", "high"]
    items = np.arange(0, 300, 6)
    right = {
        name: (noisy(case.labels, strength, seed=1).argmax(axis=1) == case.labels)[items]
        for name, strength in (("weak", 0.5), ("strong", 2.5))
    }
    first = rows[0]
    assert (first["sample"], first["predictor"], first["n"]) == ("natural", "weak", 50)
    assert first["correct"] == right["weak"].sum()
    assert (first["low"], first["high"]) == pytest.approx(wilson(first["correct"], 50))
    pairs = tables["sample_comparisons"]
    assert [(p["sample"], p["a"], p["b"]) for p in pairs[:3]] == [
        ("natural", "weak", "strong"), ("natural", "weak", "twin"), ("natural", "strong", "twin"),
    ]  # fmt: skip
    assert pairs[0]["only_a"] == (right["weak"] & ~right["strong"]).sum()
    assert pairs[0]["only_b"] == (right["strong"] & ~right["weak"]).sum()
    assert pairs[2]["p"] == 1
    assert pairs[0]["p_holm"] == pytest.approx(min(1, 3 * pairs[0]["p"]))


def test_same_in_same_out_and_the_seed_matters(case: Case) -> None:
    case.run("first")
    case.run("second")
    case.run("third", seed=1)
    for name in OUTPUTS:
        first = hash_file(case.folder / "first" / f"{name}.csv")
        assert first == hash_file(case.folder / "second" / f"{name}.csv")
        assert (first != hash_file(case.folder / "third" / f"{name}.csv")) == (not name.startswith("sample"))


def test_draws_do_not_depend_on_which_predictors_are_compared(case: Case) -> None:
    together = [r for r in case.run()["metrics"] if r["predictor"] == "strong"]
    alone = case.run(predictions=case.predictions[1:2])["metrics"]
    for a, b in zip(together, alone, strict=True):
        assert (a["low"], a["high"]) == pytest.approx((b["low"], b["high"]), abs=1e-12)


def test_one_predictor_leaves_the_comparisons_with_a_header_only(case: Case) -> None:
    tables = case.run(predictions=case.predictions[:1])
    assert tables["comparisons"] == tables["sample_comparisons"] == []
    header = (case.folder / "out" / "comparisons.csv").read_text().strip()
    assert header == "a,b,metric,difference,low,high,confidence,n"


def test_a_single_story_has_no_interval(case: Case) -> None:
    contexts_file(case.folder / "test.safetensors", case.labels, np.zeros(300))
    tables = case.run()
    assert {(r["low"], r["high"], r["stories"]) for r in tables["metrics"]} == {(None, None, 1)}
    assert {(r["low"], r["high"]) for r in tables["comparisons"]} == {(None, None)}


def test_a_word_held_impossible_where_it_came_makes_the_loss_infinite_and_nothing_else(case: Case) -> None:
    labels = np.array([0, 1, 0])
    contexts_file(case.folder / "test.safetensors", labels, np.arange(3))
    write_json(case.folder / "sample.json", {k: {"contexts": [0]} for k in ("natural", "balanced")})
    with np.errstate(divide="ignore"):
        table = np.log(np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0]]))
    path = case.folder / "bayes.parquet"
    write_predictions(path, table, predictor="bayes", title="Bayes", candidates=CANDIDATES)
    rows = case.run(predictions=[path])["metrics"]
    assert rows[0]["value"] == pytest.approx(2 / 3)
    assert rows[1]["value"] == pytest.approx(2 * np.log(2) / 3)
    contexts_file(case.folder / "test.safetensors", labels + 1, np.arange(3))
    sound = case.folder / "majority.parquet"
    write_predictions(
        sound, np.log(np.full((3, 3), 1 / 3)), predictor="majority", title="majority", candidates=CANDIDATES
    )
    tables = case.run(predictions=[path, sound])
    found = {(r["predictor"], r["metric"]): r for r in tables["metrics"]}
    assert found["bayes", "loss"]["value"] == np.inf
    assert found["bayes", "loss"]["low"] is None
    assert np.isfinite(found["bayes", "accuracy"]["low"])
    assert np.isfinite(found["majority", "loss"]["low"])
    compared = {r["metric"]: (r["difference"], r["low"]) for r in tables["comparisons"]}
    assert compared["loss"] == (None, None)
    assert None not in compared["accuracy"]


def rewrite(path: Path, change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]) -> None:
    """The same predictions with other rows, past the checks of `write_predictions`."""
    table = read_table(path)
    values = np.stack(table["log_probability"].to_numpy())
    context, values = change(table["context"].to_numpy().copy(), values.copy())
    column = pa.FixedSizeListArray.from_arrays(pa.array(values.ravel(), pa.float32()), values.shape[1])
    changed = pa.table({"context": context, "log_probability": column})
    write_table(path, changed.replace_schema_metadata(table.schema.metadata))


def with_value(value: float) -> Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    def change(context: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values[7, 2] = value
        return context, values

    return change


BROKEN: dict[str, tuple[Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]], str]] = {
    "too few rows": (lambda c, v: (c[:-2], v[:-2]), "298 rows, 2 contexts missing"),
    "too many rows": (lambda c, v: (np.append(c, 300).astype(np.int32), np.vstack([v, v[:1]])), "301 rows"),
    "out of order": (lambda c, v: (c[::-1].copy(), v[::-1].copy()), "in order"),
    "one twice": (lambda c, v: (np.where(c == 3, 2, c).astype(np.int32), v), "1 contexts missing"),
    "nan": (with_value(np.nan), "context 7 are not finite"),
    "infinite": (with_value(np.inf), "context 7 are not finite"),
    "not normalised": (with_value(0.5), "context 7 sum to"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_predictions_are_refused_by_name(case: Case, fault: str) -> None:
    change, message = BROKEN[fault]
    rewrite(case.predictions[1], change)
    with pytest.raises(UserError, match=message) as caught:
        case.run()
    assert caught.value.where.endswith("strong.parquet")
    assert caught.value.remedy
    assert not (case.folder / "out").exists()


def test_other_candidates_are_refused(case: Case) -> None:
    table = noisy(case.labels, 1, seed=1)
    write_predictions(
        case.predictions[0], table, predictor="weak", title="", candidates=(" and", " so", " but")
    )
    with pytest.raises(UserError, match="other candidates") as caught:
        case.run()
    assert caught.value.where.endswith("weak.parquet")


def test_a_predictor_given_twice_is_refused(case: Case) -> None:
    with pytest.raises(UserError, match="'weak'") as caught:
        case.run(predictions=[*case.predictions, case.predictions[0]])
    assert caught.value.where.count("weak.parquet") == 2


def test_nothing_to_evaluate_is_refused(case: Case) -> None:
    with pytest.raises(UserError, match="no predictions"):
        case.run(predictions=[])
    contexts_file(case.folder / "test.safetensors", np.zeros(0), np.zeros(0))
    with pytest.raises(UserError, match="no test contexts"):
        case.run()


@pytest.mark.parametrize(
    ("natural", "message"),
    [
        ([0, 300], "outside the 300"),
        ([-1], "outside the 300"),
        ([4, 4], "repeats"),
        (["a"], "natural"),
        ([0.5], "whole numbers"),
        ([[1]], "whole numbers"),
        (None, "natural"),
    ],
)
def test_broken_samples_are_refused(case: Case, natural: Any, message: str) -> None:
    write_json(case.folder / "sample.json", {"natural": {"contexts": natural}, "balanced": {"contexts": []}})
    with pytest.raises(UserError, match=message) as caught:
        case.run()
    assert caught.value.where.endswith("sample.json")


def test_a_sample_without_the_balanced_one_is_refused(case: Case) -> None:
    write_json(case.folder / "sample.json", {"natural": {"contexts": [1]}})
    with pytest.raises(UserError, match="balanced"):
        case.run()


def test_an_empty_sample_has_no_accuracy(case: Case) -> None:
    write_json(case.folder / "sample.json", {k: {"contexts": []} for k in ("natural", "balanced")})
    rows = case.run()["sample_metrics"]
    assert {(r["correct"], r["n"], r["accuracy"], r["low"]) for r in rows} == {(0, 0, None, None)}


@pytest.mark.parametrize("missing", ["test.safetensors", "sample.json", "weak.parquet"])
def test_a_missing_file_is_named(case: Case, missing: str) -> None:
    (case.folder / missing).unlink()
    with pytest.raises(UserError) as caught:
        case.run()
    assert caught.value.where.endswith(missing)
