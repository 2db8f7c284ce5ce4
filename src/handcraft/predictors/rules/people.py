"""Predictors of a person's rule file: the rules as written, and the same rules with fitted strengths."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.files import write_tensors
from handcraft.logging import say
from handcraft.math import class_rates, normalise
from handcraft.predictions import write_predictions
from handcraft.predictors.rules.fit import Strengths, choose_strengths
from handcraft.rules.files import read_rules
from handcraft.rules.match import (
    TokenRule,
    check_fires,
    compile_rules,
    fires_matrix,
    pushes,
    start_logits,
)
from handcraft.tokenizer.tokens import Vocabulary


@dataclass(frozen=True)
class Inputs:
    """What `predict_rules` and `evaluate_rules` read: a rule file, the tokenizer, and contexts of three splits."""

    rules: Path
    tokenizer: Path
    train: Path
    validation: Path
    test: Path


@dataclass(frozen=True)
class Read:
    """A rule file with the training contexts: its rules in ids, where they fire there, and the model as written."""

    rules: list[TokenRule]
    fires: sparse.csc_array
    written: Strengths
    by: str = ""


def read_model(path: Path, tokenizer: Path, training: Contexts) -> Read:
    """A person's rules as they stand. `UserError` for a file that is wrong in itself or does not fit the contexts."""
    read, source = read_rules(path)
    rules = compile_rules(read, source, Vocabulary.read(tokenizer), training.candidates, training.length)
    fires = fires_matrix(rules, training.tokens)
    check_fires(rules, fires, read, source)
    rates = class_rates(training.labels, len(training.candidates))
    start = start_logits(read, training.candidates, rates)
    return Read(rules, fires, Strengths(start, pushes(rules)), read.by)


def predict_rules(
    inputs: Inputs, *, titles: Mapping[str, str], rules: Path, refitted: Path, model: Path
) -> None:
    """Write the predictions of a group's rules for every context of `test`, as written and refitted.

    As written, a context's logits are the logarithms of the candidates' shares in `train` (or the file's `start`)
    plus the pushes of the rules that fire. Refitted, the strengths and the logits without a rule are fitted to `train`
    with a ridge that the loss on `validation` chooses; which candidates a rule pushes stays.
    `model` gets `start` float64 [K] and `weight` [rules, K] of the refitted one; metadata: the ridge `l2`,
    who wrote the rules (`by`), and each in words.
    """
    training, held_out, asked = map(read_contexts, (inputs.train, inputs.validation, inputs.test))
    read = read_model(inputs.rules, inputs.tokenizer, training)
    fitted, l2, losses = choose_strengths(
        (read.fires, training.labels),
        (fires_matrix(read.rules, held_out.tokens), held_out.labels),
        read.written.weight != 0,
    )
    say("rules: validation loss " + ", ".join(f"{loss:.4f} at ridge {x:g}" for x, loss in losses.items()))
    fires = fires_matrix(read.rules, asked.tokens)
    for name, one, output in (("rules", read.written, rules), ("rules_refitted", fitted, refitted)):
        write_predictions(
            output,
            normalise(one.logits(fires)),
            predictor=name,
            title=titles[name],
            candidates=asked.candidates,
        )
    kept = {"candidates": list(asked.candidates), "l2": l2, "by": read.by}
    kept["rules"] = [rule.text for rule in read.rules]
    write_tensors(model, {"start": fitted.start, "weight": np.asarray(fitted.weight)}, kept)
