"""The solver against scikit-learn's saga: the same objective, the same answers."""

import numpy as np
import pytest

from handcraft.predictors.linear.predict import linear_logits
from tests.helpers.linear import fit_linear, objective, problem


@pytest.mark.parametrize("K", [2, 3, 5])
@pytest.mark.parametrize("l1", [3e-2, 3e-3])
def test_same_objective_and_predictions_as_saga(K: int, l1: float) -> None:
    sparse = pytest.importorskip("scipy.sparse")
    from sklearn.linear_model import LogisticRegression

    n, vocabulary = 800, 12
    tokens, labels = problem(K, n, vocabulary, K)
    columns = (tokens + np.arange(4) * vocabulary).ravel()
    X = sparse.csr_matrix((np.ones(4 * n), columns, np.arange(0, 4 * n + 1, 4)), shape=(n, 4 * vocabulary))
    peer = LogisticRegression(
        solver="saga", l1_ratio=1, C=1 / (l1 * n), tol=1e-7, max_iter=20000, random_state=0
    )
    peer.fit(X, labels)
    coef, bias = peer.coef_, peer.intercept_
    if K == 2:
        # Of two classes scikit-learn has one column, which the L1 splits between them at no cost.
        coef, bias = np.concatenate([0 * coef, coef]), np.concatenate([0 * bias, bias])
    weight = coef.T.reshape(4, vocabulary, K)
    ours = fit_linear(tokens, labels, vocabulary, K, l1, gap=1e-5)
    theirs = objective(tokens, labels, weight, bias, l1)
    assert ours.objective == pytest.approx(theirs, rel=1e-4)
    ours_answers = linear_logits(ours.weight, ours.bias, tokens).argmax(1)
    assert (ours_answers == peer.predict(X)).mean() >= 0.995
