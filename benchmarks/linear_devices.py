"""The same linear model on the CPU and on a GPU: objectives, supports, seconds.

    python benchmarks/linear_devices.py BUILD/results/contexts/conjunctions.token

Each penalty from zero weights to a certified gap of 1e-3, on either device; the first fit of a device is thrown away
(it loads kernels). Says so and ends where there is no GPU. Prints a table, and one JSON line of figures last.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.device import fix_arithmetic
from handcraft.predictors.linear.onehot import OneHot
from handcraft.predictors.linear.solver import LinearFit, fit_path

PENALTIES = [1e-3, 3e-4, 1e-4, 3e-5]
GAP = 1e-3


def solve(contexts: Contexts, device: torch.device) -> list[tuple[LinearFit, float]]:
    """Fits and their seconds, the moving of the data left out."""
    data = OneHot(contexts.tokens, contexts.labels, contexts.vocabulary, len(contexts.candidates), device)
    fit_path(data, PENALTIES[:1], gap=GAP, max_iterations=5000)
    found = []
    for l1 in PENALTIES:
        begin = time.perf_counter()
        (fit,) = fit_path(data, [l1], gap=GAP, max_iterations=5000)
        found.append((fit, time.perf_counter() - begin))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("contexts", type=Path, help="directory with train.safetensors")
    parser.add_argument("--threads", type=int, default=1, help="on the CPU")
    parser.add_argument("--second", default="cuda", help="the device to compare with the CPU")
    options = parser.parse_args()
    if options.second == "cuda" and not torch.cuda.is_available():
        print("no GPU is visible: nothing was measured")
        return
    fix_arithmetic(options.threads)
    contexts = read_contexts(options.contexts / "train.safetensors")
    cpu, other = (solve(contexts, torch.device(name)) for name in ("cpu", options.second))
    rows = []
    for (a, seconds), (b, seconds_b) in zip(cpu, other, strict=True):
        in_a, in_b = a.weight != 0, b.weight != 0
        rows.append(
            {
                "l1": a.l1,
                "objective": [a.objective, b.objective],
                "relative_difference": abs(a.objective - b.objective) / a.objective,
                "gap": [a.gap, b.gap],
                "same_support": float((in_a & in_b).sum() / np.maximum((in_a | in_b).sum(), 1)),
                "seconds": [seconds, seconds_b],
            }
        )
    print(
        "| l1 | relative difference of objectives | support in common | CPU s | other s |\n|---|---|---|---|---|"
    )
    for r in rows:
        print(
            f"| {r['l1']:g} | {r['relative_difference']:.1e} | {r['same_support']:.3f} "
            f"| {r['seconds'][0]:.2f} | {r['seconds'][1]:.2f} |"
        )
    name = torch.cuda.get_device_name() if options.second == "cuda" else options.second
    print(json.dumps({"contexts": len(contexts), "device": name, "threads": options.threads, "rows": rows}))


if __name__ == "__main__":
    main()
