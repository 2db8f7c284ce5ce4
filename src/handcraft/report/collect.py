"""The values that sentences may use, registered before any source is filled. Tables put in theirs as they are drawn."""

from typing import Any

import numpy as np

from handcraft.report.results import Results
from handcraft.report.sections import language_models, linearity, one_layer, pairs, people, planted
from handcraft.report.values import Values


def collect_values(results: Results) -> Values:
    """Every number that prose may use, under names such as `linear.conjunctions.accuracy`."""
    metadata, values = results.metadata, Values()
    values.add("contexts.length", metadata.length)
    values.add("tokenizer.vocabulary", metadata.vocabulary)
    values.add("inputs", metadata.length * metadata.vocabulary)
    trained = metadata.group(metadata.training_group)
    values.add("candidates", len(trained.candidates) if trained else None)
    values.add("bootstrap", metadata.bootstrap)
    values.add("resamples", metadata.resamples)
    gaps = [r["gap"] for rows in results.path.values() for r in rows if r["gap"] is not None]
    values.add("certificate.largest", max(gaps, default=None), "share", digits=2)
    values.add("confidence", metadata.confidence, "share", digits=0)
    for split, counted in sorted((results.corpus.get("splits") or {}).items()):
        values.add(f"corpus.{split}.stories", counted.get("stories"))
    values.add("corpus.duplicates", results.corpus.get("duplicates"))
    covered = [r["confidence"] for rows in results.comparisons.values() for r in rows]
    values.add("comparisons.each", max(covered, default=None), "share", digits=1)
    for group in metadata.groups:
        _of_group(values, results, group.name)
    if results.history:
        for column, unit in (("train_loss", "nats"), ("validation_loss", "nats"), ("l1_term", "nats")):
            values.add(f"training.{column}", _last(results.history[f"{column}_smoothed"]), unit)
        values.add("training.batches", max(results.history["batch"]))
    if results.minibatch:
        _of_minibatch(values, results.minibatch)
    sample = results.sample(metadata.training_group)
    values.add("sample.size", sample[0]["n"] if sample else None)
    linearity.add_values(values, results)
    planted.add_values(values, results)
    pairs.add_values(values, results)
    one_layer.add_values(values, results)
    people.add_values(values, results)
    language_models.add_values(values, results)
    return values


def _of_group(values: Values, results: Results, name: str) -> None:
    """What a sentence may say of a group; the tables put in the rest."""
    for row in results.metrics[name]:
        unit = "nats" if row["metric"] == "loss" else "share"
        key = f"{row['predictor']}.{name}.{row['metric']}"
        values.add(key, row["value"], unit, low=row["low"], high=row["high"])
    values.add(f"linear.{name}.nonzeros", results.linear[name].get("nonzeros"))


def _of_minibatch(values: Values, metrics: dict[str, Any]) -> None:
    values.add("training.objective_gap", metrics["objective_gap"], "share")
    values.add("training.zeros", metrics["zeros_of_seen_features"])
    if metrics["optimum"] is None:
        return
    for loss in ("train_loss", "validation_loss"):
        values.add(f"training.optimum.{loss}", metrics["optimum"][loss], "nats")
    values.add("training.optimum.nonzeros", metrics["optimum"]["nonzeros"])


def _last(column: list[float]) -> float | None:
    finite = [x for x in column if x is not None and np.isfinite(x)]
    return finite[-1] if finite else None
