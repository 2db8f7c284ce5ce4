"""The solver and its certificate on random problems."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handcraft.device import resolve_device
from handcraft.errors import UserError
from handcraft.predictors.linear.certificate import dual_bound, evaluate, loss_at, relative_gap
from handcraft.predictors.linear.newton import centred
from handcraft.predictors.linear.onehot import OneHot
from tests.helpers.linear import fit_linear, objective, problem


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(20, 200),
    vocabulary=st.integers(2, 15),
    K=st.integers(2, 5),
    l1=st.floats(1e-3, 0.3),
    noise=st.floats(0, 1),
)
def test_the_certificate_is_never_smaller_than_the_true_gap(
    seed: int, n: int, vocabulary: int, K: int, l1: float, noise: float
) -> None:
    tokens, labels = problem(seed, n, vocabulary, K)
    long = fit_linear(tokens, labels, vocabulary, K, l1, gap=1e-6, max_iterations=4000, strict=False)
    least = objective(tokens, labels, long.weight, long.bias, l1)
    assert long.objective == pytest.approx(least, rel=1e-9)
    short = fit_linear(tokens, labels, vocabulary, K, l1, gap=0.05, max_iterations=25, strict=False)
    assert short.gap is not None
    assert short.gap >= short.objective / least - 1 - 1e-12
    # Any weights at all, also such as no solver would come by.
    data = OneHot(tokens, labels, vocabulary, K, torch.device("cpu"))
    rng = np.random.default_rng(seed)
    W = torch.from_numpy(long.weight.reshape(-1, K) + noise * rng.normal(size=(4 * vocabulary, K))).float()
    found = evaluate(data, W, torch.zeros(K), l1)
    dual = dual_bound(data, found, l1)
    assert dual <= least + 1e-12
    assert relative_gap(found.primal, dual) >= found.primal / least - 1 - 1e-12
    assert loss_at(data, W, found.b) == pytest.approx(found.loss, rel=1e-12)
    assert found.primal == pytest.approx(
        objective(tokens, labels, W.numpy().reshape(4, vocabulary, K), found.b.numpy(), l1), rel=1e-12
    )


@pytest.mark.parametrize("l1", [0.1, 0.01, 0.001])
def test_it_converges_and_warm_starts(l1: float) -> None:
    tokens, labels = problem(0, 2000, 30, 5)
    cold = fit_linear(tokens, labels, 30, 5, l1, gap=1e-5)
    assert cold.gap is not None
    assert cold.gap <= 1e-5
    warm = fit_linear(tokens, labels, 30, 5, l1, gap=1e-5, start=cold)
    assert warm.iterations <= 25
    assert warm.objective == pytest.approx(cold.objective, rel=1e-5)


def test_zeros_are_exact_and_shrink_with_the_penalty() -> None:
    tokens, labels = problem(1, 1000, 20, 3)
    counts = [fit_linear(tokens, labels, 20, 3, l1).nonzeros for l1 in (0.1, 0.01, 0.001)]
    assert counts == sorted(counts)
    assert counts[0] < counts[2] < 4 * 20 * 3


def test_without_strict_what_there_is_comes_back_with_its_gap() -> None:
    tokens, labels = problem(2, 500, 20, 3)
    fit = fit_linear(tokens, labels, 20, 3, 1e-4, max_iterations=2, strict=False)
    assert fit.iterations == 2
    assert fit.gap is not None
    assert fit.gap > 1e-3


def test_cuda_is_refused_with_a_remedy_where_there_is_none() -> None:
    if torch.cuda.is_available():
        assert resolve_device("cuda").type == "cuda"
    else:
        with pytest.raises(UserError, match="set device: cpu"):
            resolve_device("cuda")
        assert resolve_device("auto").type == "cpu"


def test_blocks_do_not_change_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, labels = problem(4, 1000, 20, 4)
    whole = fit_linear(tokens, labels, 20, 4, 1e-3, gap=1e-7)
    monkeypatch.setattr("handcraft.predictors.linear.onehot.ROWS", 300)
    blocks = fit_linear(tokens, labels, 20, 4, 1e-3, gap=1e-7)
    assert blocks.objective == pytest.approx(whole.objective, rel=1e-7)
    assert ((blocks.weight != 0) == (whole.weight != 0)).mean() > 0.99


@pytest.mark.parametrize("l1", [1e-2, 1e-3, 1e-4])
def test_directions_without_curvature_do_not_stop_it(l1: float) -> None:
    """A constant feature, two that only come together, and few contexts: the Hessian is singular in many ways."""
    tokens, labels = problem(5, 300, 12, 3)
    tokens[:, 1] = 7
    tokens[:, 3] = tokens[:, 0]
    fit = fit_linear(tokens, labels, 12, 3, l1, gap=1e-5, max_iterations=2000)
    assert fit.gap is not None
    assert fit.gap <= 1e-5
    # What a constant feature says the bias says for nothing; what all weights of a feature share says nothing.
    assert not fit.weight[1].any()
    assert not (fit.weight != 0).all(2).any()


def test_a_column_without_a_zero_loses_its_median() -> None:
    W = torch.tensor([[1.0, 2.0, 4.0], [1.0, 0.0, -3.0], [-1.0, -2.0, -2.5]])
    assert centred(W).tolist() == [[-1.0, 0.0, 2.0], [1.0, 0.0, -3.0], [1.0, 0.0, -0.5]]


def test_features_left_out_wrongly_come_back() -> None:
    """From a far larger penalty the first round leaves nearly all features out; the end is the same."""
    tokens, labels = problem(6, 1500, 25, 3)
    cold = fit_linear(tokens, labels, 25, 3, 1e-3, gap=1e-6)
    far = fit_linear(tokens, labels, 25, 3, 5e-2, gap=1e-6)
    warm = fit_linear(tokens, labels, 25, 3, 1e-3, gap=1e-6, start=far)
    assert warm.objective == pytest.approx(cold.objective, rel=2e-6)


def test_no_weight_is_minus_zero() -> None:
    tokens, labels = problem(7, 500, 20, 3)
    weight = fit_linear(tokens, labels, 20, 3, 1e-2).weight
    assert not np.signbit(weight[weight == 0]).any()
