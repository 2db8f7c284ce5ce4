"""Small problems for linear models, and their objective written out."""

import numpy as np


def problem(seed: int, n: int, vocabulary: int, K: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    tokens = np.minimum(rng.geometric(0.3, (n, 4)) - 1, vocabulary - 1)
    labels = np.where(rng.random(n) < 0.6, (tokens[:, 0] + tokens[:, 2]) % K, rng.integers(0, K, n))
    labels[:K] = np.arange(K)
    return tokens.astype(np.uint16), labels.astype(np.uint8)


def objective(
    tokens: np.ndarray, labels: np.ndarray, weight: np.ndarray, bias: np.ndarray, l1: float
) -> float:
    """P written out anew, in float64."""
    z = bias.astype(np.float64) + sum(
        weight[p].astype(np.float64)[tokens[:, p]] for p in range(tokens.shape[1])
    )
    top = z.max(1, keepdims=True)
    lse = np.log(np.exp(z - top).sum(1)) + top[:, 0]
    return float(
        (lse - z[np.arange(len(labels)), labels]).mean() + l1 * np.abs(weight.astype(np.float64)).sum()
    )
