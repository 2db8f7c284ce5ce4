"""The non-linear predictor: starts as the linear model, learns interactions, adds nothing where there are none."""

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from handcraft.config.predictors import Nonlinear
from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import read_json, read_metadata, read_tensors, write_tensors
from handcraft.math import context_losses, normalise
from handcraft.predictions import read_predictions
from handcraft.predictors.linear.predict import linear_logits, predict_linear
from handcraft.predictors.nonlinear.folds import draw_folds
from handcraft.predictors.nonlinear.network import Network, Shape
from handcraft.predictors.nonlinear.predict import network_logits, predict_nonlinear
from handcraft.predictors.nonlinear.train import Inputs, Outputs, train_nonlinear
from tests.helpers.artifacts import contexts_file, weights_file
from tests.helpers.linear import linear_outputs, train_small

SMALL: dict[str, Any] = {"width": 16, "embedding": 8, "folds": 2, "seeds": 2, "learning_rate": 1e-2}
VOCABULARY, WORDS = 4, (" and", " but")
SURE = 0.9


def nonlinear_outputs(folder: Path) -> Outputs:
    names = {f.name: folder / f"{f.name}.safetensors" for f in fields(Outputs)}
    return Outputs(**names | {"metrics": folder / "metrics.json"})


@dataclass(frozen=True)
class Problem:
    """Contexts of three splits, and the linear model of the first two."""

    folder: Path
    train: Path
    validation: Path
    test: Path
    linear: Path

    @property
    def inputs(self) -> Inputs:
        return Inputs(self.train, self.validation, self.linear)

    def run(self, name: str = "out", seed: int = 0, device: str = "cpu", **changed: Any) -> dict[str, Any]:
        """Train and predict; the metrics, with the test losses (nats) of this predictor and of the linear model."""
        out = self.folder / name
        train_nonlinear(
            self.inputs,
            settings=Nonlinear(**SMALL | changed),
            seed=seed,
            machine=Machine(device),
            margin=0.05,
            outputs=nonlinear_outputs(out),
        )
        answers, linear = out / "nonlinear.parquet", out / "linear.parquet"
        for name, path in (("networks", answers), ("additive", out / "additive.parquet")):
            networks = out / f"{name}.safetensors"
            predict_nonlinear(networks, self.linear, self.test, predictor=name, title="x", output=path)
        predict_linear(self.linear, self.test, predictor="linear", title="x", output=linear)
        labels = read_contexts(self.test).labels
        losses = [
            context_losses(read_predictions(p).log_probability, labels).mean() for p in (answers, linear)
        ]
        metrics: dict[str, Any] = read_json(out / "metrics.json")
        return metrics | {"test": losses[0], "test_linear": losses[1]}


def draw(kind: str, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Contexts of 4 of 4 tokens; the label is right nine times out of ten. `xor`: of two tokens, `votes`: of one."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, VOCABULARY, (n, 4))
    right = tokens[:, 3] % 2
    if kind == "xor":
        right = right ^ (tokens[:, 1] % 2)
    return tokens, np.where(rng.random(n) < SURE, right, 1 - right)


def make(folder: Path, kind: str = "xor", n: int = 3000, seed: int = 0) -> Problem:
    paths = {}
    for i, (split, size) in enumerate((("train", n), ("validation", n // 2), ("test", n))):
        tokens, labels = draw(kind, size, 10 * seed + i)
        paths[split] = contexts_file(
            folder / "toy" / f"{split}.safetensors", tokens, labels, VOCABULARY, WORDS
        )
    outputs = linear_outputs(folder)
    train_small(paths["train"], paths["validation"], outputs, [1e-3])
    return Problem(folder, **paths, linear=outputs.weights)


@pytest.fixture
def xor(tmp_path: Path) -> Problem:
    return make(tmp_path)


@pytest.mark.parametrize("variant", ["mlp", "attention", "additive"])
def test_the_start_is_exactly_the_linear_model(variant: str) -> None:
    net = Network(variant, Shape(4, 12, 3), Nonlinear(variants=["mlp"], embedding=8))
    linear = torch.randn(50, 3)
    tokens = torch.randint(0, 12, (50, 4), dtype=torch.int32)
    assert torch.equal(net.eval()(tokens, linear), linear)


@pytest.mark.parametrize("variant", ["mlp", "attention", "additive"])
def test_numpy_computes_what_torch_does(variant: str) -> None:
    torch.manual_seed(0)
    settings = Nonlinear(embedding=8, heads=2, layers=2)
    net = Network(variant, Shape(4, 12, 3), settings).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.3 * torch.randn_like(parameter)
    tokens, linear = torch.randint(0, 12, (50, 4)), torch.randn(50, 3)
    tensors = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    metadata = {"variant": variant, "heads": 2, "layers": 2}
    ours = network_logits(tensors, metadata, tokens.numpy(), linear.numpy())
    np.testing.assert_allclose(ours, net(tokens, linear).detach().numpy(), atol=1e-4)


@pytest.mark.parametrize("variant", ["mlp", "attention"])
def test_an_interaction_is_learnt_almost_to_bayes(xor: Problem, variant: str) -> None:
    found = xor.run(variants=[variant])
    bayes = -SURE * np.log(SURE) - (1 - SURE) * np.log(1 - SURE)
    assert found["test_linear"] > 0.68, "no linear model says more than the rates"
    assert found["test"] < bayes + 0.03
    assert found["adds"]
    assert found["answers"] == variant


def test_the_control_learns_no_interaction_and_never_answers(xor: Problem) -> None:
    found = xor.run(variants=["mlp"])
    assert found["answers"] == "mlp"
    assert found["variants"]["additive"]["validation_loss"] > 0.68


def test_additive_is_exactly_a_sum_of_what_each_token_gives(tmp_path: Path) -> None:
    problem = make(tmp_path, "votes")
    problem.run()
    asked = read_contexts(problem.test)
    answers = read_predictions(tmp_path / "out" / "additive.parquet").log_probability.astype(np.float64)
    logit = answers[:, 1] - answers[:, 0]
    inputs = np.eye(4 * VOCABULARY)[np.arange(4) * VOCABULARY + asked.tokens].sum(1)
    left = logit - inputs @ np.linalg.lstsq(inputs, logit, rcond=None)[0]
    assert np.abs(left).max() < 1e-4
    assert logit.std() > 1


def test_answers_on_validation_contexts_are_kept(xor: Problem) -> None:
    found = xor.run()
    kept = read_tensors(xor.folder / "out" / "validation.safetensors")
    labels = read_contexts(xor.validation).labels
    losses = {name: context_losses(table, labels).mean() for name, table in kept.items()}
    assert losses["linear"] == pytest.approx(found["validation_loss_of_linear"], abs=1e-6)
    assert losses["nonlinear"] == pytest.approx(found["validation_loss"], abs=1e-6)
    assert losses["additive"] == pytest.approx(found["variants"]["additive"]["validation_loss"], abs=1e-6)


def test_a_planted_interaction_is_found_but_not_by_a_crippled_network(tmp_path: Path) -> None:
    problem = make(tmp_path, "votes")
    assert problem.run()["control"]["recovered"] > 0.6
    assert problem.run(learning_rate=1e-9)["control"]["recovered"] < 0.05
    assert make(tmp_path / "few", "votes", n=150).run()["control"]["recovered"] < 0.5


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_without_interactions_it_gains_no_more_than_noise(tmp_path: Path, seed: int) -> None:
    found = make(tmp_path, "votes", seed=seed).run(seed=seed)
    assert abs(found["test"] - found["test_linear"]) < 0.005


def test_two_runs_give_the_same_bytes_and_another_seed_does_not(xor: Problem) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        xor.run(name, seed, max_epochs=2)
    for file in ("networks.safetensors", "metrics.json", "nonlinear.parquet"):
        a, b, c = ((xor.folder / name / file).read_bytes() for name in "abc")
        assert a == b != c


def test_seeds_are_described_and_averaged(xor: Problem) -> None:
    found = xor.run(seeds=3, max_epochs=3)["variants"]["mlp"]
    losses = [s["validation_loss"] for s in found["seeds"]]
    assert found["mean"] == pytest.approx(np.mean(losses))
    assert found["spread"] == pytest.approx(np.std(losses, ddof=1))
    assert found["validation_loss"] <= found["mean"]
    assert read_metadata(xor.folder / "out" / "networks.safetensors")["members"] == 3
    assert xor.run(seeds=1, max_epochs=1)["variants"]["mlp"]["spread"] is None


def test_no_seed_is_worse_than_the_linear_model_on_validation(xor: Problem) -> None:
    found = xor.run(max_epochs=1, learning_rate=0.5, seeds=3)
    seeds = found["variants"]["mlp"]["seeds"]
    assert all(s["validation_loss"] <= found["validation_loss_of_linear"] + 1e-6 for s in seeds)


def test_a_training_that_diverges_is_tried_with_smaller_steps(xor: Problem) -> None:
    found = xor.run(learning_rate=1e13, weight_decay=0.0, seeds=1, max_epochs=1)
    seed = found["variants"]["mlp"]["seeds"][0]
    assert seed["retries"] > 0
    assert seed["learning_rate"] == pytest.approx(1e13 / 10 ** seed["retries"])


def test_a_training_that_always_diverges_names_group_seed_and_key(xor: Problem) -> None:
    with pytest.raises(UserError, match=r"(?s)group toy.*seed 0.*predictors\.nonlinear\.learning_rate"):
        xor.run(learning_rate=1e37)


def small_contexts(folder: Path, train: int, validation: int, test: int, only: int | None = None) -> Problem:
    paths = {}
    for split, n in (("train", train), ("validation", validation), ("test", test)):
        tokens, labels = draw("xor", n, n)
        if only is not None and split != "test":
            labels = np.full(n, only)
        paths[split] = contexts_file(
            folder / "toy" / f"{split}.safetensors", tokens, labels, VOCABULARY, WORDS
        )
    weight = np.random.default_rng(0).normal(size=(4, VOCABULARY, 2))
    return Problem(folder, **paths, linear=weights_file(folder / "w.safetensors", weight, WORDS))


@pytest.mark.parametrize(
    ("sizes", "only", "reason"),
    [
        ((0, 50, 50), None, "no training contexts"),
        ((50, 0, 50), None, "no validation contexts"),
        ((50, 50, 0), 0, "no training contexts of ' but'"),
        ((1, 50, 1), None, "no training contexts of"),
        ((200, 1, 50), None, "no validation contexts of"),
        ((8, 50, 50), None, "too few stories"),
    ],
)
def test_where_nothing_can_be_trained_the_linear_model_answers(
    tmp_path: Path, sizes: tuple[int, int, int], only: int | None, reason: str, capfd: Any
) -> None:
    problem = small_contexts(tmp_path, *sizes, only=only)
    out = tmp_path / "out"
    train_nonlinear(
        problem.inputs,
        settings=Nonlinear(**SMALL | {"folds": 40}),
        seed=0,
        machine=Machine(),
        margin=0.05,
        outputs=nonlinear_outputs(out),
    )
    networks = out / "networks.safetensors"
    predict_nonlinear(networks, problem.linear, problem.test, predictor="p", title="x", output=out / "p")
    metrics = read_json(out / "metrics.json")
    assert metrics["adds"] is False
    assert reason in metrics["reason"]
    assert reason in capfd.readouterr().err
    tensors, asked = read_tensors(problem.linear), read_contexts(problem.test)
    expected = normalise(linear_logits(tensors["weight"], tensors["bias"], asked.tokens))
    np.testing.assert_array_equal(read_predictions(out / "p").log_probability, expected)


def test_an_empty_test_split_gives_no_rows(tmp_path: Path) -> None:
    problem = small_contexts(tmp_path, 300, 100, 0)
    train_nonlinear(
        problem.inputs,
        settings=Nonlinear(**SMALL | {"max_epochs": 1}),
        seed=0,
        machine=Machine(),
        margin=0.05,
        outputs=nonlinear_outputs(tmp_path / "out"),
    )
    networks = tmp_path / "out" / "networks.safetensors"
    predict_nonlinear(networks, problem.linear, problem.test, predictor="p", title="x", output=tmp_path / "p")
    assert len(read_predictions(tmp_path / "p")) == 0


def test_folds_go_by_story_and_keep_all_candidates(xor: Problem) -> None:
    contexts = read_contexts(xor.train)
    shared = contexts.__class__(**vars(contexts) | {"story": contexts.story // 7})
    fold = draw_folds(shared, 3, seed=0)
    assert fold is not None
    assert all(len(np.unique(fold[shared.story == s])) == 1 for s in range(0, 400, 50))
    counts = np.bincount([fold[shared.story == s][0] for s in np.unique(shared.story)])
    assert counts.max() - counts.min() <= 1
    alone = contexts.__class__(
        **vars(contexts) | {"labels": (np.arange(len(contexts)) == 5).astype(np.uint8)}
    )
    assert draw_folds(alone, 2, seed=0) is None


def test_a_linear_model_or_checkpoint_of_another_shape_is_refused(xor: Problem) -> None:
    xor.run(max_epochs=1)
    networks = xor.folder / "out" / "networks.safetensors"
    other = weights_file(xor.folder / "other", np.zeros((4, VOCABULARY + 1, 2)), WORDS)
    with pytest.raises(UserError, match="different builds"):
        predict_nonlinear(networks, other, xor.test, predictor="p", title="x", output=xor.folder / "p")
    with pytest.raises(UserError, match="different builds"):
        train_nonlinear(
            Inputs(xor.train, xor.validation, other),
            settings=Nonlinear(),
            seed=0,
            machine=Machine(),
            margin=0.05,
            outputs=nonlinear_outputs(xor.folder / "other_out"),
        )
    tensors, metadata = read_tensors(networks), read_metadata(networks)
    tensors["1.out.weight"] = np.zeros((2, 3), np.float32)
    write_tensors(networks, tensors, metadata)
    with pytest.raises(UserError, match="network 1 has tensors"):
        predict_nonlinear(networks, xor.linear, xor.test, predictor="p", title="x", output=xor.folder / "p")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"variants": ["additive"]}, "mlp"),
        ({"variants": ["mlp", "mlp"]}, "listed twice"),
        ({"variants": ["attention"], "embedding": 9}, "multiple of the heads"),
        ({"widht": 3}, "widht"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Nonlinear(**settings)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu_it_learns_the_same_and_twice_the_same_bytes(xor: Problem) -> None:
    here = xor.run("cpu")
    there = [xor.run(name, device="cuda") for name in ("a", "b")]
    assert there[0]["test"] == pytest.approx(here["test"], abs=0.02)
    assert (xor.folder / "a" / "networks.safetensors").read_bytes() == (
        xor.folder / "b" / "networks.safetensors"
    ).read_bytes()
    assert json.dumps(there[0]) == json.dumps(there[1])
