"""Time and memory of the linear solver as contexts grow: the contexts of a finished build, tiled.

    python benchmarks/linear_scale.py BUILD/results/contexts/conjunctions.token

The contexts are tiled 4 and 16 times and the copies made distinct: in positions 0 to 7 each token of a copy is
replaced, with probability one half, by that of another context at the same position (seeded). Each size runs in a
process of its own: the same fixed number of iterations (l1 1e-4, from zero weights), so that seconds per context and
iteration compare; then to a certified gap of 1e-3, for the peak memory of the process.

    python benchmarks/linear_scale.py BUILD/results/contexts/conjunctions.token --stop 45

takes the contexts as they are and stops after 45 proximal steps and the Newton steps of that round: for contexts so
many that a certificate takes hours.

Prints a table, and one JSON line of figures last.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch

from handcraft.contexts.read import read_contexts
from handcraft.device import fix_arithmetic
from handcraft.predictors.linear.onehot import OneHot
from handcraft.predictors.linear.solver import fit_path

TIMES = (1, 4, 16)
CHANGED = 8
"""Positions, from the first on, in which copies differ."""
L1, ITERATIONS = 1e-4, 60


def tiled(tokens: np.ndarray, times: int) -> np.ndarray:
    """`times` copies of tokens [n, length], all but the first with other tokens in the first positions."""
    draw = np.random.default_rng(0)
    n = len(tokens)
    copies = np.empty((times * n, tokens.shape[1]), tokens.dtype)
    for copy in range(times):
        part = copies[copy * n : (copy + 1) * n]
        part[:] = tokens
        for position in range(CHANGED if copy else 0):
            other = tokens[draw.permutation(n), position]
            part[:, position] = np.where(draw.random(n) < 0.5, other, part[:, position])
    return copies


def measure(directory: Path, times: int) -> dict[str, float]:
    fix_arithmetic(1)
    contexts = read_contexts(directory / "train.safetensors")
    tokens, labels = tiled(contexts.tokens, times), np.tile(contexts.labels, times)
    begin = time.perf_counter()
    data = OneHot(tokens, labels, contexts.vocabulary, len(contexts.candidates), torch.device("cpu"))
    setup = time.perf_counter() - begin
    fit_path(data, [L1], gap=1e-9, max_iterations=5, strict=False)  # the first products allocate
    begin = time.perf_counter()
    fixed = fit_path(data, [L1], gap=1e-9, max_iterations=ITERATIONS, strict=False)[0]
    seconds = time.perf_counter() - begin
    begin = time.perf_counter()
    fit = fit_path(data, [L1], gap=1e-3, max_iterations=5000)[0]
    return {
        "times": times,
        "contexts": data.n,
        "setup_seconds": setup,
        "nanoseconds": 1e9 * seconds / fixed.iterations / data.n,
        "iterations": fit.iterations,
        "seconds_to_certificate": time.perf_counter() - begin,
        "gap": fit.gap,
        "peak_gb": peak_gb(),
    }


def stop_early(directory: Path, steps: int) -> dict[str, float | None]:
    """The first `steps` proximal steps on the contexts of `directory`, and what follows them in their round."""
    fix_arithmetic(1)
    contexts = read_contexts(directory / "train.safetensors")
    begin = time.perf_counter()
    data = OneHot(
        contexts.tokens, contexts.labels, contexts.vocabulary, len(contexts.candidates), torch.device("cpu")
    )
    setup = time.perf_counter() - begin
    del contexts
    begin = time.perf_counter()
    fit = fit_path(data, [L1], gap=1e-3, max_iterations=steps, strict=False)[0]
    seconds = time.perf_counter() - begin
    return {
        "contexts": data.n,
        "setup_seconds": setup,
        "iterations": fit.iterations,
        "seconds": seconds,
        "nanoseconds": 1e9 * seconds / fit.iterations / data.n,
        "gap": fit.gap,
        "peak_gb": peak_gb(),
    }


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("contexts", type=Path, help="directory with train.safetensors")
    parser.add_argument("--only", type=int, help="one size, in this process")
    parser.add_argument("--stop", type=int, metavar="STEPS", help="stop early, on the contexts as they are")
    options = parser.parse_args()
    if options.stop:
        print(json.dumps(stop_early(options.contexts, options.stop)))
        return
    if options.only:
        print(json.dumps(measure(options.contexts, options.only)))
        return
    rows = []
    for times in TIMES:
        command = [sys.executable, __file__, str(options.contexts), "--only", str(times)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    print(
        "| contexts | ns per context and iteration | to 1e-3: iterations | seconds | peak GB |\n|---|---|---|---|---|"
    )
    for r in rows:
        print(
            f"| {r['contexts']:,} | {r['nanoseconds']:.0f} | {r['iterations']} "
            f"| {r['seconds_to_certificate']:.1f} | {r['peak_gb']:.2f} |"
        )
    print(
        json.dumps(
            {"sizes": rows, "slowest_over_base": max(r["nanoseconds"] for r in rows) / rows[0]["nanoseconds"]}
        )
    )


if __name__ == "__main__":
    main()
