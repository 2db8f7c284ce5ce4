"""Verdicts where the truth is known, what makes them undecided, and shares recomputed in plain NumPy."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handcraft.config.model import Evaluation
from handcraft.evaluation.bootstrap import IN_A_TAIL, draw_stories
from handcraft.evaluation.linearity import Inputs, evaluate_linearity
from handcraft.files import read_csv, read_json, read_metadata, read_tensors, write_json, write_tensors
from handcraft.math import class_rates, context_losses, log_softmax
from handcraft.predictions import write_predictions
from handcraft.seeds import generator
from tests.helpers.artifacts import WORDS, contexts_file

SPLITS = {"train": 3000, "validation": 2000, "test": 6000}
LM = "lm"


@dataclass
class World:
    """Contexts of three splits whose words follow `votes` plus an interaction of strength `strength`."""

    folder: Path
    strength: float = 0.0
    scale: float = 1.5
    votes: dict[str, np.ndarray] = field(default_factory=dict)
    truth: dict[str, np.ndarray] = field(default_factory=dict)
    labels: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        draw = np.random.default_rng(5)
        for split, n in SPLITS.items():
            votes = self.scale * draw.normal(size=(n, 3))
            votes[:, 0] += 1
            sign = draw.choice([-1.0, 1.0], n) * draw.choice([-1.0, 1.0], n)
            truth = log_softmax(votes + self.strength * np.outer(sign, [1, 0, 0]))
            chosen = (draw.random(n)[:, None] > np.exp(truth).cumsum(1)).sum(1).clip(0, 2)
            self.votes[split], self.truth[split], self.labels[split] = log_softmax(votes), truth, chosen
            contexts_file(self.path(split), np.zeros((n, 4), int), chosen)

    def path(self, split: str) -> Path:
        return self.folder / f"{split}.safetensors"

    def judge(
        self,
        *,
        nonlinear: dict[str, np.ndarray] | None,
        lm: dict[str, np.ndarray] | None = None,
        lm_file: Path | None = None,
        recovered: float | None = 0.9,
        truth: bool = False,
        ngram: dict[str, np.ndarray] | None = None,
        order: int = 3,
        **changed: Any,
    ) -> dict[str, Any]:
        """The verdict where `linear` and `additive` are the votes, and the others as given."""
        answers = {"linear": self.votes, "additive": self.votes}
        answers |= {"nonlinear": nonlinear} if nonlinear else {}
        answers |= {"ngram": ngram} if ngram else {}
        answers |= {"best_linear": self.votes, "bayes": self.truth} if truth else {}
        paths = [self.folder / f"{name}.parquet" for name in answers]
        for path, own in zip(paths, answers.values(), strict=True):
            write_predictions(path, own["test"], predictor=path.stem, title=path.stem, candidates=WORDS)
        held_out, network = self.folder / "held_out", self.folder / "metrics.json"
        kept = {n: answers[n]["validation"] for n in ("linear", "additive", "nonlinear") if n in answers}
        write_tensors(held_out, kept, {"candidates": list(WORDS)})
        counts = self.folder / "counts"
        write_tensors(
            counts,
            {"ngram": ngram["validation"]} if ngram else {},
            {"candidates": list(WORDS), "order": order},
        )
        control = None if recovered is None else {"recovered": recovered, "worth": 0.02}
        write_json(network, {"control": control})
        evaluate_linearity(
            Inputs(
                *(self.path(split) for split in SPLITS),
                paths,
                [lm_file or self.language_model(lm)] if lm_file or lm else [],  # type: ignore[arg-type]
                [*([held_out] if nonlinear else []), counts],
                *([network] if nonlinear else []),
            ),
            settings=Evaluation(bootstrap=200, **changed),
            groups=2,
            seed=0,
            table=self.folder / "linearity.csv",
            verdict=self.folder / "linearity.json",
        )
        found: dict[str, Any] = read_json(self.folder / "linearity.json")
        return found

    def language_model(self, own: dict[str, np.ndarray]) -> Path:
        """Answers that are too sure and lean to the wrong word, so that a correction is needed."""
        path = self.folder / "lm.safetensors"
        arrays = {}
        for split in ("test", "validation"):
            arrays[split] = 2 * own[split] + np.array([-1.0, 1.0, 0.0])
            arrays[f"{split}_rows"] = np.arange(len(own[split]), dtype=np.int32)
        write_tensors(path, arrays, {"predictor": LM, "title": "LM (small)", "candidates": list(WORDS)})
        return path

    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["predictor"]: row for row in read_csv(self.folder / "linearity.csv")}


def test_an_interaction_that_the_network_has_makes_it_not_linear(tmp_path: Path) -> None:
    world = World(tmp_path, strength=1.5)
    found = world.judge(nonlinear=world.truth)
    assert found["verdict"] == "not linear"
    assert found["same"]["high"] < 0.95
    # So it is whatever became of the artificial interaction.
    assert world.judge(nonlinear=world.truth, recovered=None)["verdict"] == "not linear"


def test_without_interactions_it_is_linear_if_one_would_have_been_found(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.judge(nonlinear=world.truth)["verdict"] == "linear"
    for recovered in (None, -0.2, 0.2):
        found = world.judge(nonlinear=world.truth, recovered=recovered)
        assert (found["verdict"], found["reason"]) == ("undecided", "blind")


def test_a_crippled_network_decides_nothing_although_interactions_are_there(tmp_path: Path) -> None:
    world = World(tmp_path, strength=1.5)
    found = world.judge(nonlinear=world.votes, recovered=0.0)
    assert (found["verdict"], found["reason"]) == ("undecided", "blind")


def test_what_a_network_may_have_missed_counts(tmp_path: Path) -> None:
    """An advantage within the margin, of a network that finds a third of what there is."""
    world = World(tmp_path, strength=0.6)
    margin = 1.005 - world.judge(nonlinear=world.truth)["same"]["low"]
    assert world.judge(nonlinear=world.truth, recovered=1.0, margin=margin)["verdict"] == "linear"
    found = world.judge(nonlinear=world.truth, recovered=0.3, margin=margin)
    assert (found["verdict"], found["reason"]) == ("undecided", "blind")
    ahead = 1 / found["same"]["value"] - 1
    assert found["adjusted"]["value"] == pytest.approx(1 / (1 + ahead / 0.3))


def test_a_language_model_that_knows_more_can_only_cast_doubt(tmp_path: Path) -> None:
    world = World(tmp_path, strength=1.5)
    found = world.judge(nonlinear=world.votes, lm=world.truth)
    assert (found["verdict"], found["reason"]) == ("undecided", "more knowledge")
    assert LM in found["best"]["reference"]


def test_a_language_model_is_corrected_and_mixed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.judge(nonlinear=world.votes, lm=world.truth)
    rows = world.rows()
    right = context_losses(world.truth["test"], world.labels["test"]).mean()
    assert rows[f"{LM}.corrected"]["loss"] == pytest.approx(right, abs=0.002)
    assert rows[LM]["loss"] > right + 0.2
    assert rows[LM]["kind"] == "raw"
    assert rows[LM]["validation_loss"] is None
    pooled = rows[f"linear+{LM}.corrected"]
    assert 0 <= pooled["weight"] <= 1
    assert pooled["validation_loss"] <= min(
        rows[name]["validation_loss"] + 1e-6 for name in ("linear", f"{LM}.corrected")
    )


def test_a_pool_weighs_log_probabilities_as_validation_contexts_ask(tmp_path: Path) -> None:
    """Recomputed on a grid in plain NumPy: half of the votes' logits and half of the truth's would be best here."""
    world = World(tmp_path, strength=1.5)
    half = {split: world.votes[split] * 0.5 for split in SPLITS}
    other = {split: log_softmax(2 * world.truth[split] - half[split]) for split in SPLITS}
    world.judge(nonlinear=other, ngram={split: log_softmax(half[split]) for split in SPLITS})
    row = world.rows()["nonlinear+ngram"]
    labels = world.labels["validation"]

    def loss(weight: float, split: str = "validation") -> float:
        scores = weight * other[split] + (1 - weight) * log_softmax(half[split])
        p = np.exp(scores - scores.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        own = world.labels[split]
        return float(-np.log(p[np.arange(len(own)), own]).mean())

    grid = np.linspace(0, 1, 1001)
    best = grid[np.argmin([loss(w) for w in grid])]
    assert len(labels) == SPLITS["validation"]
    assert row["weight"] == pytest.approx(best, abs=0.002)
    assert row["validation_loss"] == pytest.approx(loss(best), abs=1e-6)
    assert row["loss"] == pytest.approx(loss(row["weight"], "test"), abs=1e-6)
    assert row["kind"] == "same"


def test_an_ngram_can_show_that_it_is_not_linear_but_a_bigram_cannot(tmp_path: Path) -> None:
    """What follows from the last token alone is a vote."""
    world = World(tmp_path, strength=1.5)
    found = world.judge(nonlinear=world.votes, ngram=world.truth)
    assert found["verdict"] == "not linear"
    assert "ngram" in found["same"]["reference"]
    assert world.judge(nonlinear=world.votes, ngram=world.truth, order=2)["verdict"] != "not linear"
    assert {world.rows()[name]["kind"] for name in ("ngram", "linear+ngram", "additive+ngram")} == {"linear"}


def test_a_whole_story_is_a_row_of_the_contexts_it_was_asked(tmp_path: Path) -> None:
    world = World(tmp_path)
    path = world.language_model(world.truth)
    some = np.arange(100, 400, dtype=np.int32)
    arrays = read_tensors(path) | {"long_context": 3 + world.truth["test"][some], "long_context_rows": some}
    write_tensors(path, arrays, read_metadata(path))
    world.judge(nonlinear=world.votes, lm_file=path)
    row = world.rows()[f"{LM}.long_context"]
    own = world.labels["test"][some]
    losses = [context_losses(table["test"][some], own) for table in (world.truth, world.votes)]
    assert (row["n"], row["stories"], row["kind"], row["validation_loss"]) == (300, 300, "raw", None)
    assert row["loss"] == pytest.approx(losses[0].mean(), abs=1e-6)
    assert row["difference"] == pytest.approx((losses[0] - losses[1]).mean(), abs=1e-6)
    assert row["difference_low"] < row["difference"] < row["difference_high"]


def test_noise_is_neither_linear_nor_not(tmp_path: Path) -> None:
    world = World(tmp_path, scale=0.0)
    found = world.judge(nonlinear=world.truth)
    assert (found["verdict"], found["reason"], found["same"]) == ("undecided", "no gain", None)


def test_without_a_network_or_with_one_story_nothing_is_decided(tmp_path: Path) -> None:
    world = World(tmp_path, strength=1.5)
    assert world.judge(nonlinear=None)["reason"] == "no network"
    n = len(world.labels["test"])
    content = {"tokens": np.zeros((n, 4), np.uint16), "labels": world.labels["test"].astype(np.uint8)}
    content |= {"story": np.zeros(n, np.int64), "offset": np.arange(n)}
    said = {"candidates": list(WORDS), "match": "word", "vocabulary": 12, "split": "x", "sampling": "natural"}
    write_tensors(world.path("test"), content, said)
    found = world.judge(nonlinear=world.truth, truth=True)
    assert (found["verdict"], found["reason"], found["truth_verdict"]) == ("undecided", "one story", None)


def test_the_rules_decide_where_they_are_known(tmp_path: Path) -> None:
    world = World(tmp_path, strength=1.5)
    found = world.judge(nonlinear=world.votes, recovered=0.0, truth=True)
    assert (found["verdict"], found["truth_verdict"]) == ("undecided", "not linear")
    world = World(tmp_path / "linear")
    assert world.judge(nonlinear=world.votes, truth=True)["truth_verdict"] == "linear"


def test_few_stories_leave_it_open_and_say_how_many_more(tmp_path: Path) -> None:
    world = World(tmp_path, strength=0.75)
    margin = 1.001 - world.judge(nonlinear=world.truth)["same"]["value"]
    found = world.judge(nonlinear=world.truth, margin=margin)
    assert found["reason"] == "wide"
    assert found["times"] > 1


def test_a_model_that_answered_a_sample_takes_no_part(tmp_path: Path) -> None:
    world = World(tmp_path)
    some = {"test": world.truth["test"][:50], "validation": world.truth["validation"]}
    found = world.judge(nonlinear=world.truth, lm=some)
    assert found["notes"] == ["LM answered 50 of 6000 test contexts"]
    assert LM not in world.rows()


def test_shares_and_intervals_recomputed(tmp_path: Path) -> None:
    world = World(tmp_path, strength=1.0)
    found = world.judge(nonlinear=world.truth)
    rates = class_rates(world.labels["train"], 3)
    labels = world.labels["test"]
    majority = -np.log(rates)[labels]
    linear, better = (
        -table["test"].astype(np.float32).astype(float)[np.arange(len(labels)), labels]
        for table in (world.votes, world.truth)
    )
    share = (majority.mean() - linear.mean()) / (majority.mean() - better.mean())
    assert found["same"]["value"] == pytest.approx(share, abs=1e-9)
    assert found["same"]["gain"] == pytest.approx(majority.mean() - linear.mean(), abs=1e-9)
    # 95 % for both of two groups; so many resamples that each tail of an interval has enough.
    assert found["confidence"] == pytest.approx(0.975)
    draws = []
    for drawn in draw_stories(len(labels), 2 * IN_A_TAIL * 40, generator(0, "linearity")):
        sums = [drawn @ x for x in (majority, linear, better)]
        draws += [(a - b) / (a - c) for a, b, c in zip(*sums, strict=True)]
    low, high = np.quantile(draws, [0.0125, 0.9875])
    assert found["same"]["low"] == pytest.approx(low, abs=1e-9)
    assert found["same"]["high"] == pytest.approx(high, abs=1e-9)
