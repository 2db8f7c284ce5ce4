"""One seed in the config, one derived seed per use: no two uses share a stream, and none depends on order."""

import hashlib

import numpy as np


def derive_seed(seed: int, *use: str) -> int:
    """A 63-bit seed for one named use, e.g. `derive_seed(cfg.seed, "bootstrap", "conjunctions")`."""
    text = "\x1f".join([str(seed), *use])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def generator(seed: int, *use: str) -> np.random.Generator:
    """A NumPy generator seeded by `derive_seed`."""
    return np.random.default_rng(derive_seed(seed, *use))
