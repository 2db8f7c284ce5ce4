"""The non-linear predictor beside the linear model, on the contexts of a finished build.

    python benchmarks/nonlinear.py BUILD/results pronouns conjunctions prepositions --variants mlp

For each group and variant, and for `additive`, which is trained beside it: test loss of the linear model and of the
networks together in nats, the paired difference with its 95 % interval (bootstrap over stories), test losses of the
single networks; seconds and CPU seconds of training (with the controls) and prediction, the process's peak memory so
far; what was found of the artificial interaction. One process, one thread.

Prints a table, and one JSON line of figures last.
"""

import argparse
import json
import resource
import tempfile
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.predictors import Nonlinear
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.device import Machine
from handcraft.files import read_json, read_metadata, read_tensors
from handcraft.math import context_losses, normalise
from handcraft.predictors.linear.predict import linear_logits
from handcraft.predictors.nonlinear import train
from handcraft.predictors.nonlinear.predict import ADDITIVE, averaged, members, network_logits, pooled

DRAWS = 1000


def interval(values: np.ndarray, story: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean of a value per context, by bootstrap over stories."""
    _, stories = np.unique(story, return_inverse=True)
    sums, sizes = np.bincount(stories, values), np.bincount(stories)
    draw = np.random.default_rng(0)
    means = []
    for _ in range(DRAWS):
        times = np.bincount(draw.integers(0, len(sizes), len(sizes)), minlength=len(sizes))
        means.append((times @ sums) / (times @ sizes))
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def measure(results: Path, group: str, variant: str, changed: dict[str, Any]) -> list[dict[str, Any]]:
    contexts, linear = results / "contexts" / group, results / "linear" / group / "weights.safetensors"
    settings = Nonlinear(**changed | {"variants": [variant]})
    inputs = train.Inputs(contexts / "train.safetensors", contexts / "validation.safetensors", linear)
    start, cpu = time.perf_counter(), time.process_time()
    test, weights = read_contexts(contexts / "test.safetensors"), read_tensors(linear)
    base = linear_logits(weights["weight"], weights["bias"], test.tokens)
    with tempfile.TemporaryDirectory() as folder:
        out = train.Outputs(*(Path(folder, f.name) for f in fields(train.Outputs)))
        train.train_nonlinear(inputs, settings=settings, margin=0.05, seed=0, machine=Machine(), outputs=out)
        metrics = read_json(out.metrics)
        logits = {}
        for name, path in ((variant, out.networks), (ADDITIVE, out.additive)):
            tensors, metadata = read_tensors(path), read_metadata(path)
            own = members(tensors, metadata)
            logits[name] = [network_logits(net, metadata, test.tokens, base) for net in own]
    cost = {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        "control": metrics["control"],
        "training_contexts": metrics["training_contexts"],
    }
    return [
        scores(test, base, own, name)
        | {"group": group, "variant": name, "validation": metrics["variants"][name]["validation_loss"]}
        | cost
        for name, own in logits.items()
    ]


def scores(test: Contexts, base: np.ndarray, logits: list[np.ndarray], variant: str) -> dict[str, Any]:
    """Losses in nats on the test contexts, and the paired difference."""
    linear = context_losses(normalise(base), test.labels)
    own = context_losses(pooled(logits, variant), test.labels)
    return {
        "linear": float(linear.mean()),
        "loss": float(own.mean()),
        "loss_interval": interval(own, test.story),
        "difference": float((own - linear).mean()),
        "difference_interval": interval(own - linear, test.story),
        "seeds": [float(context_losses(averaged([z]), test.labels).mean()) for z in logits],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("groups", nargs="+")
    parser.add_argument("--variants", nargs="+", default=["mlp"])
    parser.add_argument("--settings", type=json.loads, default={}, help="JSON, keys of predictors.nonlinear")
    given = parser.parse_args()
    measured = [measure(given.results, g, v, given.settings) for g in given.groups for v in given.variants]
    rows = [row for rows in measured for row in rows]
    for row in rows:
        low, high = row["difference_interval"]
        print(
            f"{row['group']:>14} {row['variant']:>10}: {row['linear']:.4f} -> {row['loss']:.4f} "
            f"({row['difference']:+.4f}, {low:+.4f} to {high:+.4f}), {row['seconds']:.0f} s, {row['peak_mb']:.0f} MB"
        )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
