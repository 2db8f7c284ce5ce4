"""The majority predictor: the class rates of the training contexts, whatever the context."""

from pathlib import Path

import numpy as np

from handcraft.contexts.read import read_contexts
from handcraft.math import class_rates
from handcraft.predictions import write_predictions


def predict_majority(train: Path, test: Path, *, title: str, output: Path) -> None:
    """Write the class rates of `train` (each count plus one half) for every context of `test`.

    Its accuracy is that of always naming the most frequent candidate; its loss is the cross-entropy of the test
    labels under the training rates.
    """
    training, asked = read_contexts(train), read_contexts(test)
    rates = class_rates(training.labels, len(training.candidates))
    values = np.tile(np.log(rates), (len(asked), 1))
    write_predictions(output, values, predictor="majority", title=title, candidates=asked.candidates)
