"""`handcraft verify-planted`: over several seeds, do the rules come back, and is the linear model near the best?"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handcraft.analysis.planted import evaluate_planted
from handcraft.config.base import SPLITS
from handcraft.config.files import load_config
from handcraft.config.model import Config, Contexts, Variant
from handcraft.contexts.build import build_contexts
from handcraft.corpus import retrieve_corpus
from handcraft.corpus.planted.table import RULES
from handcraft.device import Machine
from handcraft.files import read_csv
from handcraft.logging import say
from handcraft.tokenizer.encode import TokenFiles, encode_corpus
from handcraft.tokenizer.train import train_tokenizer

LEAST_RECOVERED = 0.95
"""Share of all linear rules, over all seeds, that must come back."""
MOST_OVER_BEST = 0.03
"""The linear model's test loss may be this much above the best linear loss, in each group and seed."""
LEAST_GAP = 0.03
"""Nats at least between best linear and Bayes, in each group and seed."""
MOST_MAJORITY, MAJORITY_GROUPS = 0.6, 3
"""In so many groups at least, the most frequent candidate is at most so frequent."""

NOT_PRINTED = {"interactions", "noise_share", "fresh_contexts", "best_linear_gap"}
"""Columns of the table of `evaluate_planted` that say nothing of what must hold."""


def verify_planted(seeds: Sequence[int], config: Path = Path("config.yaml")) -> bool:
    """Rebuild the planted corpus and its linear models for every seed, print one table, return whether all is met.

    config: the default config, whose sizes and penalties are taken. Takes a minute or two a seed.
    """
    settings = load_config(config)
    rows: list[dict[str, Any]] = []
    for seed in seeds:
        say(f"seed {seed}")
        with tempfile.TemporaryDirectory() as folder:
            rows += [{"seed": seed, **row} for row in _build(settings, seed, Path(folder))]
    columns = [c for c in rows[0] if c not in NOT_PRINTED]
    print("  ".join(f"{c:>16}" for c in columns))
    for row in rows:
        print("  ".join(f"{_cell(row[c]):>16}" for c in columns))
    met = _requirements(rows, len(seeds))
    for text, holds in met:
        print(f"{'yes' if holds else 'NO '}  {text}")
    return all(holds for _, holds in met)


def _requirements(rows: Sequence[dict[str, Any]], seeds: int) -> list[tuple[str, bool]]:
    recovered, rules = sum(r["recovered"] for r in rows), sum(r["linear_rules"] for r in rows)
    over, gap = max(r["over_best"] for r in rows), min(r["gap"] for r in rows)
    mixed = Counter(r["seed"] for r in rows if r["majority_rate"] <= MOST_MAJORITY)
    fewest = min(mixed[r["seed"]] for r in rows)
    return [
        (
            f"{recovered} of {rules} linear rules recovered over {seeds} seeds",
            recovered >= LEAST_RECOVERED * rules,
        ),
        (f"the linear loss is at most {over:+.2%} from the best linear", over <= MOST_OVER_BEST),
        (f"best linear is at least {gap:.3f} nats above Bayes", gap >= LEAST_GAP),
        (
            f"{fewest} groups or more have a majority rate of at most {MOST_MAJORITY}",
            fewest >= MAJORITY_GROUPS,
        ),
    ]


def _cell(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _build(config: Config, seed: int, root: Path) -> list[dict[str, Any]]:
    """One seed, with the functions that the workflow's rules call; rows of `evaluate_planted`'s table."""
    from handcraft.analysis.best_linear import train_best_linear
    from handcraft.predictors.linear.train import Outputs, train_linear

    corpus = {s: root / f"{s}.parquet" for s in SPLITS}
    tokens = {s: TokenFiles(root / f"{s}.npy", root / f"{s}_starts.npy") for s in SPLITS}
    tokenizer = root / "tokenizer.json"
    machine = Machine(config.device, config.threads)
    settings = config.corpus.model_copy(update={"source": "planted"})
    retrieve_corpus(settings, seed=seed, outputs=corpus, summary=root / "summary.json")
    train_tokenizer(corpus["train"], vocabulary=config.tokenizer.vocabulary, output=tokenizer)
    for split in SPLITS:
        encode_corpus(corpus[split], tokenizer, **tokens[split]._asdict())
    contexts = {g: {s: root / f"{g}_{s}.safetensors" for s in SPLITS} for g in RULES}
    weights, best = ({g: root / f"{g}_{kind}.safetensors" for g in RULES} for kind in ("linear", "best"))
    for group, rules in RULES.items():
        build_contexts(
            tokens,
            tokenizer,
            variant=Variant(group, group, rules.candidates, "word", "natural"),
            settings=Contexts(length=config.contexts.length),
            seed=seed,
            outputs=contexts[group],
            summary=root / "contexts.json",
        )
        train_linear(
            contexts[group]["train"],
            contexts[group]["validation"],
            settings=config.predictors.linear,
            machine=machine,
            outputs=Outputs(
                weights=weights[group],
                sparser=root / "sparser.safetensors",
                support=root / "support.safetensors",
                path=root / "path.csv",
                metrics=root / "metrics.json",
            ),
        )
    train_best_linear(
        {g: contexts[g]["train"] for g in RULES},
        tokenizer,
        settings=config.corpus.planted.best_linear,
        seed=seed,
        machine=machine,
        outputs=best,
    )
    table = root / "planted.csv"
    evaluate_planted(
        {g: contexts[g]["test"] for g in RULES},
        weights=weights,
        best=best,
        tokenizer=tokenizer,
        pairs={},
        output=table,
        rules=root / "rules.csv",
    )
    return read_csv(table)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])


def run(options: argparse.Namespace) -> int:
    return 0 if verify_planted(options.seeds) else 1
