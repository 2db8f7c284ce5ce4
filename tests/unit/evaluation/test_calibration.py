"""Calibration: what is fitted, what it is fitted on, and the table of language models."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handcraft.config.model import Evaluation
from handcraft.errors import UserError
from handcraft.evaluation.calibration import Rescaling, fit_rescaling, reliability
from handcraft.evaluation.causal_lms import Inputs, evaluate_causal_lms
from handcraft.figures.calibration import plot_calibration
from handcraft.files import hash_file, read_csv, write_tensors
from handcraft.math import context_losses, log_softmax
from handcraft.seeds import generator
from tests.helpers.artifacts import WORDS, contexts_file

RATES = np.array([0.7, 0.2, 0.1])


def world(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """True log-probabilities [n, 3] of words with uneven rates, and labels drawn from them."""
    random = np.random.default_rng(seed)
    truth = log_softmax(np.log(RATES) + random.normal(0, 1.5, (n, 3)))
    return truth, (random.random(n)[:, None] > np.exp(truth).cumsum(1)).sum(1).clip(0, 2)


def error(table: np.ndarray, labels: np.ndarray) -> Any:
    story = np.arange(len(labels)) // 3
    return reliability(table, labels, story, resamples=200, confidence=0.95, generator=generator(0, "x"))


def test_temperature_and_biases_are_found_again() -> None:
    truth, labels = world(40_000, 1)
    spoilt = 2.5 * (truth - np.array([1.0, -0.5, -0.5]))
    found = fit_rescaling(spoilt, labels, biases=True)
    assert found.scale == pytest.approx(1 / 2.5, rel=0.03)
    np.testing.assert_allclose(found.bias, [1.0, -0.5, -0.5], atol=0.05)
    assert found.bias.sum() == pytest.approx(0, abs=1e-12)
    # No nearby setting does better: it is the minimum.
    best = context_losses(found(spoilt), labels).mean()
    for change in ((0.01, 0, 0), (0, 0.02, -0.02), (-0.01, 0.01, 0)):
        other = Rescaling(found.scale + change[0], found.bias + np.array([*change[1:], 0]))
        assert context_losses(other(spoilt), labels).mean() > best


def test_one_temperature_cannot_mend_the_rates() -> None:
    truth, labels = world(20_000, 2)
    spoilt = 2 * (truth - np.log(RATES))
    natural, one, all_ = (
        context_losses(fit(spoilt), labels).mean()
        for fit in (Rescaling(1.0, np.zeros(3)), *(fit_rescaling(spoilt, labels, b) for b in (False, True)))
    )
    assert all_ < one < natural
    assert fit_rescaling(spoilt, labels, biases=False).bias.tolist() == [0, 0, 0]
    assert all_ == pytest.approx(context_losses(truth, labels).mean(), abs=0.002)


def test_a_candidate_that_validation_lacks_stays_finite() -> None:
    truth, labels = world(300, 3)
    kept = labels != 2
    found = fit_rescaling(truth[kept], labels[kept], biases=True)
    assert np.isfinite(found.bias).all()
    assert np.isfinite(found(truth)).all()


def test_the_calibration_error_is_that_of_its_definition() -> None:
    truth, labels = world(6000, 4)
    sure = error(log_softmax(3 * truth), labels)
    assert error(truth, labels).error < 0.02
    low, high = sure.interval
    assert 0.05 < low < sure.error < high
    assert sure.contexts.sum() == 6000
    filled = sure.contexts > 0
    gaps = np.abs(sure.accuracy - sure.confidence)[filled]
    assert sure.error == pytest.approx((sure.contexts[filled] * gaps).sum() / 6000)
    assert error(np.log(np.full((9, 3), 1 / 3)), np.zeros(9, int)).confidence[5] == pytest.approx(1 / 3)


@pytest.fixture
def case(tmp_path: Path) -> dict[str, Any]:
    """Two groups, of which a model answers one; another model is missing."""
    paths: dict[str, Any] = {"groups": ["a", "b"], "test": [], "validation": [], "answers": []}
    for i, group in enumerate(paths["groups"]):
        arrays: dict[str, np.ndarray] = {}
        for split, n in (("test", 900), ("validation", 1200)):
            truth, labels = world(n, 10 * i + n)
            path = contexts_file(tmp_path / group / f"{split}.safetensors", np.ones((n, 4)), labels)
            paths[split].append(path)
            arrays |= {split: 2 * (truth - np.log(RATES)), f"{split}_rows": np.arange(n, dtype=np.int32)}
            if split == "test":
                some = np.arange(0, n, 3, dtype=np.int32)
                arrays |= {"long_context": truth[some], "long_context_rows": some}
        metadata = {"predictor": "lm", "title": "LM", "candidates": WORDS, "missing": None}
        metadata["counts"] = {"test": {"contexts": 900, "cut": 1, "changed": 0, "spans": 0}}
        write_tensors(tmp_path / group / "lm.safetensors", arrays, metadata)
        gone = {"predictor": "gone", "title": "Gone", "candidates": WORDS, "missing": {"what": "x"}}
        write_tensors(tmp_path / group / "gone.safetensors", {"test": np.zeros((0, 3))}, gone)
        paths["answers"] += [tmp_path / group / f"{lm}.safetensors" for lm in ("gone", "lm")]
    return paths


def run(case: dict[str, Any], out: Path) -> dict[str, Path]:
    tables = {name: out / f"{name}.csv" for name in ("table", "calibration", "bins", "asked")}
    evaluate_causal_lms(Inputs(**case), settings=Evaluation(bootstrap=200), seed=0, **tables)
    return tables


def test_the_table_of_language_models(case: dict[str, Any], tmp_path: Path) -> None:
    tables = run(case, tmp_path / "out")
    rows = {(r["group"], r["row"], r["metric"]): r for r in read_csv(tables["table"])}
    assert {r["predictor"] for r in rows.values()} == {"lm"}
    assert {k[1] for k in rows} == {"natural", "rescaled", "prior_adjusted", "long_context"}
    for group in ("a", "b"):
        own = {
            name: rows[group, name, "loss"]
            for name in ("natural", "rescaled", "prior_adjusted", "long_context")
        }
        assert own["prior_adjusted"]["value"] < own["rescaled"]["value"] < own["natural"]["value"]
        assert own["prior_adjusted"]["difference_high"] < 0
        assert own["natural"]["difference"] is None
        assert (own["natural"]["n"], own["long_context"]["n"]) == (900, 300)
        change = own["rescaled"]["value"] - own["natural"]["value"]
        assert own["rescaled"]["difference"] == pytest.approx(change)
        # On its own 300 contexts, not on all.
        assert own["long_context"]["difference"] != pytest.approx(
            own["long_context"]["value"] - own["natural"]["value"], abs=1e-6
        )
    errors = {(r["group"], r["version"]): r for r in read_csv(tables["calibration"])}
    assert errors["a", "prior_adjusted"]["error"] < errors["a", "natural"]["error"]
    assert errors["a", "prior_adjusted"]["validation"] == 1200
    again = run(case, tmp_path / "again")
    assert all(hash_file(tables[name]) == hash_file(again[name]) for name in tables)


def test_no_language_model_gives_empty_tables(case: dict[str, Any], tmp_path: Path) -> None:
    tables = run(case | {"answers": []}, tmp_path / "out")
    assert [read_csv(path) for path in tables.values()] == [[], [], [], []]


def test_answers_for_other_words_are_refused(case: dict[str, Any], tmp_path: Path) -> None:
    contexts_file(case["test"][1], np.ones((900, 4)), np.zeros(900), words=(" x", " y", " z"))
    with pytest.raises(UserError, match="made for other candidates"):
        run(case, tmp_path / "out")


def test_the_reliability_figure_is_the_same_each_time(case: dict[str, Any], tmp_path: Path) -> None:
    bins = run(case, tmp_path / "out")["bins"]
    for name in ("one", "two"):
        plot_calibration(
            bins, predictor="lm", output=tmp_path / f"{name}.svg", titles={"a": "A <b>", "b": "B"}
        )
    assert hash_file(tmp_path / "one.svg") == hash_file(tmp_path / "two.svg")
    plot_calibration(bins, predictor="gone", output=tmp_path / "none.svg", titles={"a": "A", "b": "B"})
    assert (tmp_path / "none.svg").stat().st_size < (tmp_path / "one.svg").stat().st_size
