"""Contexts as a sparse one-hot matrix, with the few products that the linear models need.

A context's input is one-hot in the positional vocabulary, feature = position * vocabulary + token: exactly `length`
ones a row. Logits and probabilities are laid out [K, n]: softmax runs many times faster so than over [n, K].
"""

import warnings
from functools import cached_property

import numpy as np
import torch


class OneHot:
    """The contexts `tokens` [n, length] and `labels` [n] on a device.

    Memory: about 64 bytes a token of the contexts (indices and ones, by row and by column, in float32 and float64).
    """

    def __init__(
        self, tokens: np.ndarray, labels: np.ndarray, vocabulary: int, candidates: int, device: torch.device
    ) -> None:
        self.n, self.length = tokens.shape
        self.vocabulary, self.candidates, self.device = vocabulary, candidates, device
        self.features = self.length * vocabulary
        flat = (tokens + np.arange(self.length, dtype=np.int32) * vocabulary).astype(np.int32).ravel()
        counts = np.bincount(flat, minlength=self.features)
        starts = np.concatenate([[0], np.cumsum(counts)])
        rows = (np.argsort(flat, kind="stable") // self.length).astype(np.int32)
        self._by_row = (
            self._int(np.arange(self.n + 1) * self.length),
            self._int(flat),
            (self.n, self.features),
        )
        self._by_feature = (self._int(starts), self._int(rows), (self.features, self.n))
        self._starts, self._rows = starts, self._by_feature[1]
        self.counts = torch.from_numpy(counts).to(device, torch.float32)
        self.labels = torch.from_numpy(labels.astype(np.int64)).to(device)
        self.onehot = torch.zeros(candidates, self.n, device=device)
        self.onehot[self.labels, torch.arange(self.n, device=device)] = 1

    def _int(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values.astype(np.int32)).to(self.device)

    def _csr(
        self, parts: tuple[torch.Tensor, torch.Tensor, tuple[int, int]], dtype: torch.dtype
    ) -> torch.Tensor:
        ones = torch.ones(len(parts[1]), device=self.device, dtype=dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "CSR support is in beta", and that its invariants go unchecked
            return torch.sparse_csr_tensor(*parts[:2], ones, size=parts[2], check_invariants=False)

    @cached_property
    def _matrices(self) -> dict[torch.dtype, tuple[torch.Tensor, torch.Tensor]]:
        kinds = (torch.float32, torch.float64)
        return {kind: (self._csr(self._by_row, kind), self._csr(self._by_feature, kind)) for kind in kinds}

    def logits(self, W: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """b + X W as [K, n], in the precision of `W` [features, K]."""
        product = self._matrices[W.dtype][0] @ W
        return product.t().contiguous().add_(b[:, None])

    def transposed(self, R: torch.Tensor) -> torch.Tensor:
        """1/n X'R as [features, K], in the precision of `R` [K, n]."""
        product: torch.Tensor = self._matrices[R.dtype][1] @ R.t().contiguous()
        return product.div_(self.n)

    def probabilities(self, Z: torch.Tensor) -> tuple[torch.Tensor, float]:
        """Softmax [K, n] of logits, and the mean cross-entropy summed in float64.

        A label's probability below 1e-38 counts as that; it only serves the solver's tests.
        """
        p = torch.softmax(Z, 0)
        own = p.gather(0, self.labels[None]).clamp_(min=1e-38).log_()
        return p, -float(own.sum(dtype=torch.float64)) / self.n

    def column(self, feature: int) -> torch.Tensor:
        """The contexts that have the feature (row indices)."""
        return self._rows[self._starts[feature] : self._starts[feature + 1]].long()

    def class_rates(self) -> torch.Tensor:
        """Shares of the classes, float64 [K]."""
        return torch.bincount(self.labels, minlength=self.candidates).double() / self.n

    def zero_gradient(self) -> float:
        """The largest gradient at zero weights and the best bias: from this l1 on all weights are zero."""
        return self._zero_gradient

    @cached_property
    def _zero_gradient(self) -> float:
        return float(self.transposed(self.class_rates()[:, None] - self.onehot.double()).abs().max())
