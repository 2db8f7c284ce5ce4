"""Contexts as a sparse matrix: the products against dense ones, in blocks and with fewer features."""

import numpy as np
import pytest
import torch

from handcraft.predictors.linear import onehot
from handcraft.predictors.linear.onehot import OneHot

N, LENGTH, VOCABULARY, K = 250, 3, 7, 4


@pytest.fixture(params=[2**17, 64], ids=["one block", "four blocks"])
def data(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> OneHot:
    monkeypatch.setattr(onehot, "ROWS", request.param)
    return OneHot(*contexts(), VOCABULARY, K, torch.device("cpu"))


def contexts() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, VOCABULARY - 1, (N, LENGTH)).astype(np.uint16), rng.integers(0, K, N).astype(
        np.uint8
    )


def dense() -> torch.Tensor:
    tokens, _ = contexts()
    X = torch.zeros(N, LENGTH * VOCABULARY, dtype=torch.float64)
    for position in range(LENGTH):
        X[torch.arange(N), torch.from_numpy(tokens[:, position].astype(int)) + position * VOCABULARY] = 1
    return X


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_products_are_those_of_the_dense_matrix(data: OneHot, dtype: torch.dtype) -> None:
    X, generator = dense(), torch.Generator().manual_seed(0)
    W = torch.randn(data.features, K, generator=generator, dtype=dtype)
    b = torch.randn(K, generator=generator, dtype=dtype)
    Z = torch.cat(list(data.logits(W, b)), 1)
    torch.testing.assert_close(Z.double(), (X @ W.double() + b.double()).t(), atol=1e-5, rtol=1e-5)
    parts = list(Z.split([len(block) for block in data.blocks], 1))
    torch.testing.assert_close(
        data.transposed(parts).double(), X.t() @ Z.t().double() / N, atol=1e-5, rtol=1e-5
    )
    assert data.counts.tolist() == X.sum(0).tolist()


def test_fewer_features_give_the_same_products(data: OneHot) -> None:
    X, kept = dense(), torch.arange(LENGTH * VOCABULARY) % 3 == 0
    fewer = data.restricted(kept)
    W = torch.randn(fewer.features, K, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    Z = torch.cat(list(fewer.logits(W, torch.zeros(K, dtype=torch.float64))), 1)
    torch.testing.assert_close(Z, (X[:, kept] @ W).t())
    parts = list(Z.split([len(block) for block in fewer.blocks], 1))
    torch.testing.assert_close(fewer.transposed(parts), X[:, kept].t() @ Z.t() / N)
    assert fewer.counts.tolist() == X[:, kept].sum(0).tolist()
    none = data.restricted(torch.zeros(data.features, dtype=torch.bool))
    assert next(none.logits(torch.zeros(0, K), torch.ones(K))).unique().tolist() == [1.0]


def test_rates_and_the_penalty_that_leaves_no_weight(data: OneHot) -> None:
    X, labels = dense(), torch.from_numpy(contexts()[1].astype(int))
    onehot_labels = torch.nn.functional.one_hot(labels, K).double()
    assert data.rates.tolist() == pytest.approx(onehot_labels.mean(0).tolist())
    gradient = X.t() @ (onehot_labels.mean(0) - onehot_labels) / N
    assert data.zero_gradient == pytest.approx(float(gradient.abs().max()))
