"""Learning curves: losses and stories needed, recomputed in plain NumPy."""

import math
from pathlib import Path

import numpy as np
import pytest

from handcraft.config.model import Evaluation
from handcraft.errors import UserError
from handcraft.evaluation.learning_curve import evaluate_learning_curve, stories_needed
from handcraft.evaluation.linearity import Inputs
from handcraft.files import read_csv, write_tensors
from handcraft.math import log_softmax
from handcraft.predictions import write_predictions
from tests.helpers.artifacts import WORDS, contexts_file


def test_stories_are_read_off_between_the_points_over_their_logarithm() -> None:
    sizes, curve = [100, 200, 400], np.array([[1.0, 0.8, 0.6]])
    for wanted, stories in (
        (0.8, 200),
        (0.9, 100 * math.sqrt(2)),
        (0.7, 200 * math.sqrt(2)),
        (1.2, 100),
        (0.6, 400),
        (0.5, math.inf),
    ):
        assert stories_needed(sizes, curve, np.array([wanted]))[0] == pytest.approx(stories)
    # A curve that rises in between: the first time counts.
    assert stories_needed(sizes, np.array([[1.0, 0.5, 0.9]]), np.array([0.75]))[0] == pytest.approx(
        100 * math.sqrt(2)
    )


def world(folder: Path, curve: dict[str, np.ndarray], stories: int) -> tuple[Path, Inputs, np.ndarray]:
    """60 test contexts; linear predictions with the losses' curve before them, and a non-linear predictor."""
    random = np.random.default_rng(1)
    labels = random.integers(0, 3, 60)
    story = np.sort(random.integers(0, stories, 60))
    files = {}
    for split in ("train", "validation", "test"):
        files[split] = contexts_file(
            folder / f"{split}.safetensors", np.zeros((60, 4), int), labels, story=story
        )
    predictions, tables = [], {}
    for name, strength in (("linear", 1.0), ("nonlinear", 0.6)):
        tables[name] = log_softmax(strength * np.eye(3)[labels] + random.normal(0, 0.3, (60, 3)))
        path = folder / f"{name}.parquet"
        write_predictions(path, tables[name], predictor=name, title=name, candidates=WORDS)
        predictions.append(path)
    write_tensors(folder / "held_out.safetensors", tables, {})
    sizes = {"stories": np.array([10, 20]), "contexts": np.array([70, 150]), "l1": np.array([1e-3, 1e-3])}
    losses = {n: np.asarray(x, np.float32) for n, x in curve.items()}
    write_tensors(folder / "curve.safetensors", sizes | losses, {"all": 40})
    inputs = Inputs(
        files["train"], files["validation"], files["test"], predictions, [], [folder / "held_out.safetensors"]
    )
    return folder / "curve.safetensors", inputs, np.array([tables["linear"], tables["nonlinear"]])


def curve(n: int = 60) -> dict[str, np.ndarray]:
    random = np.random.default_rng(2)
    linear = np.stack([random.normal(1.2, 0.2, n), random.normal(0.9, 0.2, n)])
    return {"linear": linear, "nonlinear": np.stack([np.full(n, np.nan), linear[1]])}


def run(
    folder: Path, given: dict[str, np.ndarray], stories: int = 12
) -> tuple[list[dict], list[dict], np.ndarray]:
    path, inputs, tables = world(folder, given, stories)
    evaluate_learning_curve(
        path,
        inputs,
        settings=Evaluation(bootstrap=400, confidence=0.9),
        groups=1,
        seed=0,
        table=folder / "t.csv",
        needed=folder / "n.csv",
    )
    return read_csv(folder / "t.csv"), read_csv(folder / "n.csv"), tables


def test_a_row_a_predictor_and_size_and_the_stories_that_match(tmp_path: Path) -> None:
    given = curve()
    rows, needed, tables = run(tmp_path, given)
    found = {(r["predictor"], r["size"]): r for r in rows}
    # What could not be trained has no row; the last point is that of all stories.
    assert list(found) == [
        ("linear", 10),
        ("linear", 20),
        ("linear", 40),
        ("nonlinear", 20),
        ("nonlinear", 40),
    ]
    labels = np.random.default_rng(1).integers(0, 3, 60)
    full = [-table[np.arange(60), labels].mean() for table in tables]
    assert found["linear", 10]["loss"] == pytest.approx(given["linear"][0].mean(), abs=1e-6)
    assert found["linear", 40]["loss"] == pytest.approx(full[0], abs=1e-6)
    assert found["nonlinear", 40]["loss"] == pytest.approx(full[1], abs=1e-6)
    assert all(r["low"] < r["loss"] < r["high"] for r in rows)
    assert (found["linear", 40]["contexts"], found["linear", 10]["contexts"]) == (60, 70)
    (row,) = needed
    assert (row["predictor"], row["reached"], row["all_stories"]) == ("nonlinear", 1, 40)
    losses = [given["linear"][0].mean(), given["linear"][1].mean(), full[0]]
    i = 1 if losses[1] <= full[1] else 2
    share = (losses[i - 1] - full[1]) / (losses[i - 1] - losses[i])
    assert row["value"] == pytest.approx([10, 20, 40][i - 1] * 2**share, rel=1e-5)
    assert row["low"] <= row["value"]
    assert row["high"] is None or row["value"] <= row["high"]


def test_one_test_story_has_no_intervals(tmp_path: Path) -> None:
    rows, needed, _ = run(tmp_path, curve(), stories=1)
    assert {r["low"] for r in rows} == {None}
    assert needed[0]["value"] is not None
    assert needed[0]["low"] is needed[0]["high"] is None


def test_a_curve_of_other_contexts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="losses of 50 contexts, where there are 60"):
        run(tmp_path, curve(50))
