"""`evaluate_people`: its tables by hand, and none without labels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from handcraft.contexts.sample import draw_sample
from handcraft.errors import UserError
from handcraft.evaluation.comparisons import mcnemar
from handcraft.evaluation.intervals import wilson
from handcraft.files import read_csv, read_json
from handcraft.people.evaluate import VOTE, Inputs, evaluate_people
from handcraft.predictions import write_predictions
from handcraft.predictors.counts.majority import predict_majority
from tests.helpers.artifacts import WORDS, contexts_file
from tests.helpers.labels import label_rows, write_labels

TABLES = ("people", "comparisons", "agreement", "missed", "power")


class Study:
    """Forty test contexts, of which the samples have twenty each; whoever labels says the answers that a test gives."""

    def __init__(self, folder: Path, tokenizer: Path) -> None:
        self.folder, self.tokenizer = folder, tokenizer
        random = np.random.default_rng(0)
        labels = random.choice(3, 40, p=[0.6, 0.2, 0.2])
        contexts_file(folder / "test.safetensors", random.integers(60, 90, (40, 4)), labels, 300)
        usual = np.array([0, 0, 0, 0, 0, 1, 1, 2, 2])
        contexts_file(folder / "train.safetensors", random.integers(60, 90, (9, 4)), usual, 300)
        draw_sample(folder / "test.safetensors", size=20, seed=0, output=folder / "sample.json")
        self.drawn = read_json(folder / "sample.json")
        self.truth = labels
        noisy = np.full((40, 3), np.log(0.1))
        noisy[np.arange(40), np.where(random.random(40) < 0.7, labels, (labels + 1) % 3)] = np.log(0.8)
        write_predictions(folder / "noisy.parquet", noisy, predictor="noisy", title="Noisy", candidates=WORDS)
        predict_majority(
            folder / "train.safetensors",
            folder / "test.safetensors",
            output=folder / "majority.parquet",
            title="majority",
        )

    def person(self, name: str, wrong: list[int], sample: str = "natural") -> Path:
        """A label file whose answers are right but at these places of the sample."""
        contexts = self.drawn[sample]["contexts"]
        said = [WORDS[(self.truth[c] + (i in wrong)) % 3] for i, c in enumerate(contexts)]
        return write_labels(
            self.folder / f"{name}.csv", label_rows(sample, self.drawn[sample]["checksum"], contexts, said)
        )

    def run(self, *labels: Path) -> dict[str, Any]:
        f = self.folder
        out = {t: f / "out" / f"{t}.{'json' if t == 'missed' else 'csv'}" for t in TABLES}
        predictions = [f / "majority.parquet", f / "noisy.parquet"]
        files = [f / name for name in ("test.safetensors", "train.safetensors", "sample.json")]
        inputs = Inputs(*files, predictions, labels=labels, tokenizer=self.tokenizer)
        evaluate_people(inputs, confidence=0.95, **out)
        return {t: (read_json if t == "missed" else read_csv)(path) for t, path in out.items()}


@pytest.fixture
def study(tmp_path: Path, small_tokenizer: Path) -> Study:
    return Study(tmp_path, small_tokenizer)


def test_without_labels_nothing_is_made_up(study: Study) -> None:
    found = study.run()
    assert found["people"] == found["comparisons"] == found["agreement"] == []
    assert found["missed"] == {"natural": [], "balanced": []}
    assert len(found["power"]) == 1


def test_one_person_by_hand(study: Study) -> None:
    found = study.run(study.person("alice", [0, 3, 4]))
    truth = study.truth[study.drawn["natural"]["contexts"]]
    (row,) = found["people"]
    assert (row["sample"], row["annotator"], row["kind"]) == ("natural", "alice", "person")
    assert (row["correct"], row["n"], row["accuracy"]) == (17, 20, 0.85)
    assert (row["low"], row["high"]) == wilson(17, 20)
    assert row["majority"] == (truth == 0).mean()
    assert row["seconds"] == 11.0
    assert [m["said"] for m in found["missed"]["natural"]] == [
        {"alice": WORDS[(truth[i] + 1) % 3]} for i in (0, 3, 4)
    ]
    majority = next(r for r in found["comparisons"] if r["predictor"] == "majority")
    right = np.isin(np.arange(20), [0, 3, 4], invert=True)
    assert majority["only_person"] == (right & (truth != 0)).sum()
    assert majority["only_predictor"] == (~right & (truth == 0)).sum()
    assert majority["p"] == mcnemar(majority["only_person"], majority["only_predictor"])
    assert found["agreement"] == []


def test_three_people_vote_and_agree(study: Study) -> None:
    found = study.run(
        study.person("a", [0, 1]), study.person("b", [1, 2]), study.person("c", [1, 5], sample="natural")
    )
    by = {r["annotator"]: r for r in found["people"]}
    assert list(by) == ["a", "b", "c", VOTE]
    assert (by[VOTE]["correct"], by[VOTE]["undecided"]) == (19, 0)
    assert [m["context"] for m in found["missed"]["natural"]] == [study.drawn["natural"]["contexts"][1]]
    assert [r["measure"] for r in found["agreement"]] == ["cohen"] * 3 + ["fleiss"]
    assert found["agreement"][0]["observed"] == pytest.approx(0.9)
    p = [r["p"] for r in found["comparisons"]]
    assert len(p) == 8
    assert min(r["p_holm"] for r in found["comparisons"]) == pytest.approx(min(1, 8 * min(p)))


def test_samples_are_kept_apart(study: Study) -> None:
    found = study.run(study.person("a", [0]), study.person("b", [0, 1], sample="balanced"))
    assert [(r["sample"], r["annotator"], r["correct"]) for r in found["people"]] == [
        ("natural", "a", 19),
        ("balanced", "b", 18),
    ]
    assert found["agreement"] == []


def test_power_is_of_all_test_contexts(study: Study) -> None:
    (row,) = study.run()["power"]
    assert (row["a"], row["b"], row["contexts"], row["size"]) == ("majority", "noisy", 40, 20)
    assert row["items_needed"] is None or row["items_needed"] > 0


def test_a_file_for_other_items_ends_it_with_file_and_line(study: Study) -> None:
    path = study.person("alice", [])
    path.write_text(path.read_text().replace(study.drawn["natural"]["checksum"][:16], "0" * 16))
    with pytest.raises(UserError, match="another set of items") as caught:
        study.run(path)
    assert caught.value.where == f"{path}, line 2"
