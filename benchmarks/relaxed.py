"""Would a refit of the kept weights predict better? The linear model beside its relaxed version, on several corpora.

    .venv/bin/python benchmarks/relaxed.py results/contexts/feelings --fractions 1 0.3 0.1

L1 chooses weights and shrinks them. The relaxed lasso (Meinshausen 2007, Comput. Stat. Data Anal. 52, 374-393) fits the
inputs that a penalty keeps once more, with a share of that penalty. Penalty and share are chosen by validation loss,
the same as the penalty of the linear model. `--fractions`: of the training stories, to see what few contexts change.
Prints a Markdown table: both models and the last token alone, on the test contexts.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from handcraft.contexts.read import Contexts, read_contexts
from handcraft.math import class_rates, context_losses
from handcraft.predictors.linear.onehot import OneHot
from handcraft.predictors.linear.solver import fit_path
from handcraft.predictors.linear.train import penalty_path, score

SHARES = (0.5, 0.25, 0.1, 0.05, 0.02, 0.01)
MOST = 4000
"""Weights that a refit may have: more of them cannot do better with less penalty, and take long."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "contexts", type=Path, nargs="+", help="directories with train, validation and test contexts"
    )
    parser.add_argument("--fractions", type=float, nargs="+", default=[1.0])
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(
        "| group | training contexts | last token | linear | relaxed | validation loss: linear, relaxed (share) |"
    )
    print("|---|---|---|---|---|---|")
    for folder in options.contexts:
        train, held_out, test = (
            read_contexts(folder / f"{s}.safetensors") for s in ("train", "validation", "test")
        )
        for fraction in options.fractions:
            print(row(folder.name, first_stories(train, fraction), held_out, test), flush=True)


def first_stories(contexts: Contexts, fraction: float) -> Contexts:
    kept = contexts.story <= np.quantile(contexts.story, fraction)
    fields = {name: getattr(contexts, name)[kept] for name in ("tokens", "labels", "story", "offset")}
    return replace(contexts, **fields)


def row(name: str, train: Contexts, held_out: Contexts, test: Contexts) -> str:
    """One line of the table."""
    candidates = len(train.candidates)
    data = OneHot(train.tokens, train.labels, train.vocabulary, candidates, torch.device("cpu"))
    penalties = penalty_path(data.zero_gradient, 1e-5, 14)
    fits = fit_path(data, penalties, gap=1e-3, max_iterations=5000)
    plain = min(fits, key=lambda fit: score(fit.weight, fit.bias, held_out).loss)
    relaxed = []
    for fit in fits:
        kept = torch.from_numpy((fit.weight != 0).any(-1).ravel())
        if not kept.any() or fit.nonzeros > MOST:
            continue
        fewer = data.restricted(kept)
        fewer.length, fewer.vocabulary = 1, fewer.features
        start = replace(fit, weight=fit.weight.reshape(data.features, -1)[kept.numpy()][None])
        again = fit_path(
            fewer, [fit.l1 * s for s in SHARES], gap=1e-3, max_iterations=5000, start=start, strict=False
        )
        for share, refit in zip(SHARES, again, strict=True):
            weight = np.zeros((data.features, candidates), np.float32)
            weight[kept.numpy()] = refit.weight[0]
            whole = replace(refit, weight=weight.reshape(fit.weight.shape))
            relaxed.append((score(whole.weight, whole.bias, held_out).loss, share, whole))
    loss, share, best = min(relaxed, key=lambda one: one[0])
    scores = [score(fit.weight, fit.bias, test) for fit in (plain, best)]
    cells = [f"{accuracy:.3f} / {nats:.3f}" for accuracy, nats in [last_token(train, test)]]
    cells += [f"{s.accuracy:.3f} / {s.loss:.3f}" for s in scores]
    chosen = f"{score(plain.weight, plain.bias, held_out).loss:.4f}, {loss:.4f} ({share:g})"
    return f"| {name} | {len(train):,} | {' | '.join(cells)} | {chosen} |"


def last_token(train: Contexts, test: Contexts, smoothing: float = 1.0) -> tuple[float, float]:
    """Accuracy and loss (nats) of the class rates given the last token, smoothed towards the class rates."""
    rates = class_rates(train.labels, len(train.candidates))
    counts = np.zeros((train.vocabulary, len(rates)))
    np.add.at(counts, (train.tokens[:, -1], train.labels), 1)
    smooth = (counts + smoothing * rates) / (counts.sum(1, keepdims=True) + smoothing)
    log_p = np.log(smooth)[test.tokens[:, -1]]
    return float((log_p.argmax(1) == test.labels).mean()), float(context_losses(log_p, test.labels).mean())


if __name__ == "__main__":
    main()
