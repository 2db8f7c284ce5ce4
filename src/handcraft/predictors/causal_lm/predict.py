"""A causal language model asked the group's question: which of the candidates comes after these 16 tokens?

The 16 tokens are given as text, to the model's own tokenizer; a candidate's score is the log-probability of all its
tokens, and the softmax goes over the group's candidates only (`text` and `score` say it exactly,
`interview` what else is asked).
"""

from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.predictors import CausalLM
from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.files import write_tensors
from handcraft.logging import say
from handcraft.math import normalise
from handcraft.predictions import write_predictions
from handcraft.predictors.causal_lm.interview import Given, Interview, Work
from handcraft.predictors.causal_lm.load import load_language_model
from handcraft.predictors.causal_lm.retrieve import missing_reason
from handcraft.predictors.causal_lm.shards import remove_shards

__all__ = ["Given", "Work", "predict_causal_lm"]


def predict_causal_lm(
    given: Given,
    *,
    settings: CausalLM,
    name: str,
    machine: Machine,
    work: Work,
    predictions: Path,
    answers: Path,
) -> None:
    """Write a model's log-probabilities over the candidates for all test contexts, and all that it answered.

    `settings.model` is a directory (no `settings.revision`) or a hub name. `answers`: safetensors of `test`,
    `validation`, `end_of_word`, `long_context` (float64 [n, K]: summed log-probabilities, nats, not normalised over
    the candidates) as far as asked, each with `..._rows` (int32 [n], rows of the test or validation contexts).
    Metadata: `bos` (what stood before the text, in words), counts by question, checks by question (how rows were laid,
    how many questions were asked again one by one, the largest difference in nats), `missing`. Scores go to `work`
    until all is done.

    A model that could not be had gets artifacts that say so. Raises `UserError` where the model cannot be loaded or
    cannot be queried this question.
    """
    asked = read_contexts(given.test)
    said: dict[str, Any] = {"predictor": name, "title": settings.title, "candidates": asked.candidates}
    if missing := missing_reason(given.retrieved):
        say(f"{name} is missing: {missing['what']}", on_terminal=True)
        none = np.zeros((0, len(asked.candidates)))
        write_predictions(predictions, none, **said, missing=missing["what"])
        write_tensors(answers, {"test": none}, said | {"missing": missing})
        return
    device = machine.prepare()
    lm = load_language_model(
        str(settings.model), settings.revision, dtype=settings.dtype, device=device, bos=settings.bos
    )
    count = sum(p.numel() for p in lm.model.parameters())
    say(
        f"{name}: {type(lm.model).__name__}, {count:,} parameters, {settings.dtype} on {lm.model.device}; "
        f"before all text: {lm.bos}"
    )
    found = Interview(lm, settings, given, asked, name, machine.threads, work).ask_all()
    rows = found.arrays["test_rows"]
    write_predictions(predictions, normalise(found.arrays["test"]), **said, context=rows)
    write_tensors(
        answers,
        found.arrays,
        said | {"counts": found.counts, "checks": found.checks, "bos": lm.bos, "missing": None},
    )
    remove_shards(work.folder)
