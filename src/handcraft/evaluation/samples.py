"""The fixed samples of test contexts that people and all predictors answer, as `draw_sample` writes them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handcraft.errors import UserError
from handcraft.files import read_json

SAMPLES = ("natural", "balanced")


@dataclass(frozen=True, eq=False)
class Sample:
    """`contexts` int64 [n], rows of the test contexts, none twice; `checksum` of candidates, tokens and answers."""

    contexts: np.ndarray
    checksum: str

    def __len__(self) -> int:
        return len(self.contexts)


def read_samples(path: Path | str, contexts: int) -> dict[str, Sample]:
    """The natural and the balanced sample of so many test contexts; `UserError` where they are none."""
    content = read_json(path)
    remedy = "delete the file and run snakemake again; it is drawn anew"
    samples = {}
    for name in SAMPLES:
        try:
            listed = content[name]["contexts"]
            items = np.asarray(listed, dtype=np.int64)
            if items.ndim != 1 or not np.array_equal(items, np.asarray(listed, dtype=np.float64)):
                raise ValueError("contexts is not a list of whole numbers")
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            what = f"this is not a sample of contexts ({name}: {type(error).__name__}: {error})"
            raise UserError(what, where=str(path), remedy=remedy) from error
        if len(items) and (items.min() < 0 or items.max() >= contexts or len(np.unique(items)) < len(items)):
            what = f"the {name} sample repeats a context or names one outside the {contexts} test contexts"
            raise UserError(what, where=str(path), remedy=remedy)
        samples[name] = Sample(items, str(content[name].get("checksum", "")))
    return samples
