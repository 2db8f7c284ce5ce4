"""What the verdict says where the choice is linear: real contexts, with words drawn from a linear model of them.

    python benchmarks/linear_truth.py BUILD/results conjunctions pronouns --config config/tinystories-files.yaml

The words of all three splits are drawn anew, with the probabilities that the linear model of the finished build gives
them. So nothing is left to find for a network or an n-gram model, and whatever share they take from the linear side is
the method's own error: one predictor is better fitted than another, or averages noise away. Everything is then trained
and judged as in a build: linear model, networks with their controls, n-grams, pools, verdict. One process.

Prints a line a group, and one JSON line of figures last.
"""

import argparse
import json
import tempfile
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.files import load_config
from handcraft.config.model import Config
from handcraft.contexts.read import read_contexts
from handcraft.device import Machine
from handcraft.evaluation.linearity import Inputs, evaluate_linearity
from handcraft.files import read_csv, read_json, read_metadata, read_tensors, write_tensors
from handcraft.math import log_softmax
from handcraft.predictors.counts.ngram import predict_ngram
from handcraft.predictors.linear import train as linear
from handcraft.predictors.linear.predict import linear_logits, predict_linear
from handcraft.predictors.nonlinear import train as nonlinear
from handcraft.predictors.nonlinear.predict import predict_nonlinear

SPLITS = ("train", "validation", "test")


def draw_words(results: Path, group: str, seed: int, folder: Path) -> list[Path]:
    """Contexts files of the group whose words were drawn from the build's linear model of it."""
    draw, written = np.random.default_rng(seed), []
    weights = read_tensors(results / "linear" / group / "weights.safetensors")
    for split in SPLITS:
        path = results / "contexts" / group / f"{split}.safetensors"
        asked, arrays = read_contexts(path), read_tensors(path)
        p = np.exp(log_softmax(linear_logits(weights["weight"], weights["bias"], asked.tokens)))
        chosen = (draw.random(len(p))[:, None] > p.cumsum(1)).sum(1).clip(0, p.shape[1] - 1)
        written.append(folder / f"{split}.safetensors")
        write_tensors(written[-1], arrays | {"labels": chosen.astype(np.uint8)}, read_metadata(path))
    return written


def measure(results: Path, group: str, seed: int, cfg: Config) -> dict[str, Any]:
    start = time.perf_counter()
    machine = Machine(threads=2)
    if cfg.predictors.nonlinear is None:
        raise SystemExit("the config leaves out predictors.nonlinear")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train, validation, test = draw_words(results, group, seed, folder)
        fit = linear.Outputs(*(folder / f"linear.{f.name}" for f in fields(linear.Outputs)))
        linear.train_linear(train, validation, settings=cfg.predictors.linear, machine=machine, outputs=fit)
        nets = nonlinear.Outputs(*(folder / f"nonlinear.{f.name}" for f in fields(nonlinear.Outputs)))
        nonlinear.train_nonlinear(
            nonlinear.Inputs(train, validation, fit.weights),
            settings=cfg.predictors.nonlinear,
            margin=cfg.evaluation.margin,
            seed=seed,
            machine=machine,
            outputs=nets,
        )
        made = {p: folder / f"{p}.parquet" for p in ("linear", "additive", "nonlinear", "ngram")}
        predict_linear(fit.weights, test, predictor="linear", title="linear", output=made["linear"])
        for p, path in (("additive", nets.additive), ("nonlinear", nets.networks)):
            predict_nonlinear(path, fit.weights, test, predictor=p, title=p, output=made[p])
        counts = folder / "counts.safetensors"
        predict_ngram(train, validation, test, title="n-gram", output=made["ngram"], answers=counts)
        evaluate_linearity(
            Inputs(train, validation, test, list(made.values()), [], [nets.validation, counts], nets.metrics),
            settings=cfg.evaluation,
            groups=len(cfg.groups),
            seed=seed,
            table=folder / "linearity.csv",
            verdict=folder / "linearity.json",
        )
        answer = read_json(folder / "linearity.json")
        losses = {r["predictor"]: r["loss"] for r in read_csv(folder / "linearity.csv")}
    found = {key: answer[key] for key in ("verdict", "reason", "same", "adjusted", "control")}
    return {"group": group} | found | {"losses": losses, "seconds": time.perf_counter() - start}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    parser.add_argument("groups", nargs="+")
    parser.add_argument("--config", action="append", default=[], help="laid over config.yaml")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    cfg = load_config("config.yaml", *given.config)
    rows = []
    for group in given.groups:
        rows.append(measure(given.results, group, given.seed, cfg))
        answer, same = rows[-1], rows[-1]["same"] or {"value": 0, "low": 0, "high": 0, "reference": "-"}
        print(
            f"{group:>14}: {answer['verdict']} {answer['reason']}, {100 * same['value']:.1f} % "
            f"({100 * same['low']:.1f} to {100 * same['high']:.1f}) against {same['reference']}, "
            f"{answer['seconds']:.0f} s",
            flush=True,
        )
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
