"""Windows of a split: every run of so many tokens inside one story, with the token that comes after it."""

import math
from pathlib import Path

import numpy as np

from handcraft.errors import UserError
from handcraft.seeds import generator
from handcraft.tokenizer.encode import TokenFiles, open_tokens


class Windows:
    """All windows of `length` tokens that lie inside a story and are followed by another token of it, in order.

    They are numbered, not listed: memory is 8 bytes a story, and the tokens stay memory-mapped. A story of `length`
    tokens or fewer has none.
    """

    def __init__(self, files: TokenFiles, length: int) -> None:
        self.tokens, self.starts = open_tokens(*files)
        self.length, self.path = length, Path(files.tokens)
        counts = np.maximum(np.diff(self.starts) - length, 0)
        self.before = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])

    def __len__(self) -> int:
        return int(self.before[-1])

    def require_some(self) -> "Windows":
        """Itself; `UserError` where no story is long enough."""
        if not len(self):
            raise UserError(
                f"no story has more than {self.length} tokens",
                where=f"contexts.length, {self.path}",
                remedy="set a smaller contexts.length, give longer stories, or predictors.one_layer: null",
            )
        return self

    def story(self, numbers: np.ndarray) -> np.ndarray:
        """The story of each window, int64 [n]."""
        return np.searchsorted(self.before, numbers, side="right") - 1

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """The tokens of windows, int64 [n, length + 1]: the last is the one that came after."""
        story = self.story(numbers)
        begins = self.starts[story] + numbers - self.before[story]
        return np.asarray(self.tokens[begins[:, None] + np.arange(self.length + 1)], dtype=np.int64)


def numbers_of_step(step: int, batch: int, windows: int, seed: int) -> np.ndarray:
    """Which windows a step takes, int64 [batch]: all windows once, in an order of its own, then all of them again.

    A pass takes the windows a fixed stride apart, which has no divisor in common with their number.
    """
    at = np.arange(step * batch, (step + 1) * batch)
    found = np.empty(batch, np.int64)
    for epoch in np.unique(at // windows):
        random = generator(seed, "one_layer", "order", str(epoch))
        begin, stride = (int(x) for x in random.integers(1, windows + 1, 2))
        while math.gcd(stride, windows) > 1:
            stride += 1
        own = at // windows == epoch
        # Python's numbers: the product may be larger than 64 bits.
        found[own] = [(begin + stride * int(i)) % windows for i in at[own] % windows]
    return found
