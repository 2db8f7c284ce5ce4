"""Proposed rules beside the linear model's L1 path, and how long a saved rule file takes to be scored.

    python benchmarks/rules.py BUILD/results conjunctions pronouns --files human/rules/tinystories-files

For each group, on the contexts of a finished build: test losses of so many proposed rules and of so many weights, the
fewest rules and weights within 5 % of the linear loss; seconds and CPU seconds of the search (without the path).
With a directory of rule files: test loss and accuracy as written and refitted, and seconds from a saved file to its
score. One process, one thread. Prints one JSON line of figures a group.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from handcraft.analysis.find_rules import Inputs, Outputs, find_rules
from handcraft.analysis.proposals import Proposer
from handcraft.analysis.score_rules import Scorer, format_score, level
from handcraft.config.model import Proposals
from handcraft.config.predictors import Linear
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.device import Machine
from handcraft.files import read_tensors
from handcraft.math import context_losses
from handcraft.predictions import read_predictions
from handcraft.rules.match import fires_matrix
from handcraft.tokenizer.tokens import Vocabulary

CLOSE = 1.05


def search(results: Path, group: str, count: int) -> dict[str, Any]:
    """Curves on the test contexts, and the seconds of the search alone."""
    contexts = results / "contexts" / group
    splits = {s: contexts / f"{s}.safetensors" for s in ("train", "validation", "test")}
    tokenizer = results / "tokenizer" / "tokenizer.json"
    settings = Proposals(count=count)
    start, cpu = time.perf_counter(), time.process_time()
    training, held_out = read_contexts(splits["train"]), read_contexts(splits["validation"])
    proposer = Proposer(training, held_out, Vocabulary.read(tokenizer), settings=settings, seed=0)
    found = list(proposer.run())
    cost = {"seconds": time.perf_counter() - start, "cpu_seconds": time.process_time() - cpu}
    with tempfile.TemporaryDirectory() as folder:
        outputs = Outputs(*(Path(folder, name) for name in ("table.csv", "file.yaml", "curve.safetensors")))
        inputs = Inputs(**splits, tokenizer=tokenizer, path=results / "linear" / group / "path.csv")
        find_rules(inputs, settings=settings, linear=Linear(), seed=0, machine=Machine(), outputs=outputs)
        curve = read_tensors(outputs.curve)
    asked = read_contexts(splits["test"])
    linear = read_predictions(results / "predictions" / group / "linear.parquet").log_probability
    loss = float(context_losses(linear, asked.labels).mean())
    told: dict[str, Any] = {"contexts": len(training), "rules": len(found), "rejected": proposer.rejected}
    told |= {"linear_loss": loss, "linear_accuracy": float((linear.argmax(1) == asked.labels).mean())}
    for name, sizes, losses in (
        ("rules", curve["size"], curve["proposals"].mean(1)),
        ("weights", curve["weights"], curve["path"].mean(1)),
    ):
        told[f"loss_by_{name}"] = {int(s): round(float(x), 4) for s, x in zip(sizes, losses, strict=True)}
        near = [int(s) for s, x in zip(sizes, losses, strict=True) if x <= CLOSE * loss]
        told[f"{name}_within_5_percent"] = min(near, default=None)
    return told | cost


def file_scores(build: Path, group: str, file: Path) -> dict[str, Any]:
    """Test scores of a rule file, and the seconds of a saved version in which one rule is changed."""
    scorer = Scorer(build, group)
    asked: Contexts = read_contexts(build / "results" / "contexts" / group / "test.safetensors")
    score = scorer.score(file)
    fires = fires_matrix(score.rules, asked.tokens)
    text = file.read_text(encoding="utf-8")
    changed = text.replace("position: -8 to -2}", "position: -7 to -2}", 1)
    assert changed != text
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder, "rules.yaml")
        saved.write_text(changed, encoding="utf-8")
        start = time.perf_counter()
        format_score(scorer, scorer.score(saved), score)
        seconds = time.perf_counter() - start
    return {
        "file_rules": len(score.rules),
        "written": vars(level(score.model.logits(fires), asked.labels)),
        "refitted": vars(level(score.fitted.logits(fires), asked.labels)),
        "seconds_after_a_save": seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("groups", nargs="+")
    parser.add_argument("--files", type=Path, help="a directory of rule files, <group>.yaml")
    parser.add_argument("--count", type=int, default=300)
    options = parser.parse_args()
    for group in options.groups:
        told = {"group": group} | search(options.results, group, options.count)
        file = options.files and options.files / f"{group}.yaml"
        if file and file.is_file():
            told |= file_scores(options.results.parent, group, file)
        print(json.dumps(told))


if __name__ == "__main__":
    main()
