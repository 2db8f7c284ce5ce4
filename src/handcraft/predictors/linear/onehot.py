"""Contexts as a sparse one-hot matrix, with the two products that the linear models need.

A context's input is one-hot in the positional vocabulary, feature = position * vocabulary + token: exactly `length`
ones a row. The rows are held in blocks that stay in a processor's cache: the transposed product over millions of rows
at once spends its time waiting for memory. Logits and probabilities are laid out [K, m]: softmax runs many times
faster so than over [m, K].
"""

import warnings
from collections.abc import Iterator
from functools import cached_property

import numpy as np
import scipy.sparse
import torch

ROWS = 2**17
"""Contexts in a block."""
WORTH_IT = 0.8
"""A restriction that keeps more than this share of the ones saves less than it costs."""


class Block:
    """Some of the contexts: `labels` int64 [m], `onehot` float32 [K, m], and their rows of X by row and by feature.

    `ones` holds the values of X, which all blocks share.
    """

    def __init__(
        self,
        labels: torch.Tensor,
        onehot: torch.Tensor,
        by_row: tuple[torch.Tensor, torch.Tensor],
        by_feature: tuple[torch.Tensor, torch.Tensor],
        ones: dict[torch.dtype, torch.Tensor],
    ) -> None:
        self.labels, self.onehot, self.ones = labels, onehot, ones
        self.by_row, self.by_feature = by_row, by_feature  # (starts, indices), int32, as in CSR
        self._matrices: dict[torch.dtype, tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = {}

    def __len__(self) -> int:
        return len(self.labels)

    def _products(self, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """X [m, features], X' and the identity [K, K]."""
        if dtype not in self._matrices:
            m, features = len(self), len(self.by_feature[0]) - 1
            nnz = len(self.by_row[1])
            if dtype not in self.ones or len(self.ones[dtype]) < nnz:
                self.ones[dtype] = torch.ones(nnz, device=self.labels.device, dtype=dtype)
            ones = self.ones[dtype][:nnz]
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore"
                )  # "CSR support is in beta", and that its invariants go unchecked
                self._matrices[dtype] = (
                    torch.sparse_csr_tensor(*self.by_row, ones, size=(m, features), check_invariants=False),
                    torch.sparse_csr_tensor(
                        *self.by_feature, ones, size=(features, m), check_invariants=False
                    ),
                    torch.eye(len(self.onehot), device=ones.device, dtype=dtype),
                )
        return self._matrices[dtype]

    def logits(self, W: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        """b + X W as [K, m], in the precision of `W` [features, K]."""
        X, _, identity = self._products(W.dtype)
        # A product with the identity transposes exactly, and several times faster than a copy of so narrow a matrix.
        return torch.addmm(b[:, None], identity, (X @ W).t())

    def add_transposed(self, R: torch.Tensor, total: torch.Tensor) -> None:
        """Add X'R to `total` [features, K]; `R` is [K, m]."""
        torch.addmm(total, self._products(R.dtype)[1], R.t().contiguous(), out=total)

    def restricted(self, kept: torch.Tensor) -> "Block":
        """The same contexts with only the features of `kept` (bool [features]), renumbered."""
        number = torch.cumsum(kept, 0, dtype=torch.int32) - 1
        starts, features = self.by_row
        chosen = kept[features]
        before = torch.zeros(len(chosen) + 1, dtype=torch.int32, device=kept.device)
        torch.cumsum(chosen, 0, dtype=torch.int32, out=before[1:])
        by_row = (before[starts.long()], number[features[chosen]])
        starts, rows = self.by_feature
        lengths = starts.diff()
        by_feature = (
            torch.nn.functional.pad(torch.cumsum(lengths[kept], 0, dtype=torch.int32), (1, 0)),
            rows[torch.repeat_interleave(kept, lengths)],
        )
        return Block(self.labels, self.onehot, by_row, by_feature, self.ones)


class OneHot:
    """The contexts `tokens` [n, length] and `labels` [n] on a device.

    Memory: 8 bytes a token of the contexts (its index by row and by feature) and 4 K + 8 bytes a context.
    """

    def __init__(
        self, tokens: np.ndarray, labels: np.ndarray, vocabulary: int, candidates: int, device: torch.device
    ) -> None:
        self.n, self.length = tokens.shape
        self.candidates, self.vocabulary, self.device = candidates, vocabulary, device
        self.features = self.length * vocabulary
        self._ones: dict[torch.dtype, torch.Tensor] = {}
        self.blocks = [
            self._block(tokens[start : start + ROWS], labels[start : start + ROWS])
            for start in range(0, self.n, ROWS)
        ]
        self.counts = torch.stack([block.by_feature[0].diff() for block in self.blocks]).sum(0).float()

    def _block(self, tokens: np.ndarray, labels: np.ndarray) -> Block:
        m = len(tokens)
        features = (
            (tokens + np.arange(self.length, dtype=np.int32) * self.vocabulary).astype(np.int32).ravel()
        )
        starts = np.arange(m + 1, dtype=np.int32) * self.length
        ones = np.ones(len(features), dtype=np.int8)
        # By feature, rows ascending: SciPy's conversion is a counting sort, linear in the contexts.
        sorted_ = scipy.sparse.csr_array((ones, features, starts), shape=(m, self.features)).tocsc()
        own = torch.from_numpy(labels.astype(np.int64)).to(self.device)
        onehot = torch.zeros(self.candidates, m, device=self.device)
        onehot[own, torch.arange(m, device=self.device)] = 1
        return Block(
            own,
            onehot,
            (self._int(starts), self._int(features)),
            (self._int(sorted_.indptr), self._int(sorted_.indices)),
            self._ones,
        )

    def _int(self, values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values.astype(np.int32)).to(self.device)

    def restricted(self, kept: torch.Tensor) -> "OneHot":
        """The same contexts with only the features of `kept` (bool [features])."""
        fewer = object.__new__(OneHot)
        fewer.__dict__.update({k: v for k, v in self.__dict__.items() if k not in ("zero_gradient", "rates")})
        fewer.features = int(kept.sum())
        fewer.blocks = [block.restricted(kept) for block in self.blocks]
        fewer.counts = self.counts[kept]
        return fewer

    def worth_restricting(self, kept: torch.Tensor) -> bool:
        return float(self.counts[kept].sum()) < WORTH_IT * float(self.counts.sum())

    def logits(self, W: torch.Tensor, b: torch.Tensor) -> Iterator[torch.Tensor]:
        """b + X W, block by block as [K, m]."""
        return (block.logits(W, b) for block in self.blocks)

    def transposed(self, R: list[torch.Tensor]) -> torch.Tensor:
        """1/n X'R as [features, K] of `R`, block by block [K, m]."""
        total = torch.zeros(self.features, self.candidates, dtype=R[0].dtype, device=self.device)
        for block, part in zip(self.blocks, R, strict=True):
            block.add_transposed(part, total)
        return total.div_(self.n)

    @cached_property
    def rates(self) -> torch.Tensor:
        """Shares of the classes, float64 [K]."""
        counts = [torch.bincount(block.labels, minlength=self.candidates) for block in self.blocks]
        return torch.stack(counts).sum(0).double() / self.n

    @cached_property
    def zero_gradient(self) -> float:
        """The largest gradient at zero weights and the best bias: from this l1 on all weights are zero."""
        residuals = [self.rates[:, None] - block.onehot.double() for block in self.blocks]
        return float(self.transposed(residuals).abs().max())
