"""What the setting `bos` of a language model does: accuracy and loss of the same contexts with each choice.

    .venv/bin/python benchmarks/bos.py --model ./models/stories260K \\
        --contexts results/contexts/conjunctions.token/test.safetensors --tokenizer results/tokenizer/tokenizer.json

Prints a Markdown table; the last column is the largest change of a candidate's log-likelihood against `auto` (nats).
"""

import argparse
import os
from pathlib import Path

import numpy as np

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, help="a local directory")
    parser.add_argument("--contexts", required=True, type=Path)
    parser.add_argument("--tokenizer", required=True, type=Path)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--bos", nargs="+", default=["auto", "always", "never"])
    options = parser.parse_args()

    import torch

    from handcraft.contexts.read import read_contexts
    from handcraft.math import context_losses, log_softmax
    from handcraft.predictors.causal_lm.interview import ask_texts
    from handcraft.predictors.causal_lm.load import load_language_model
    from handcraft.predictors.causal_lm.score import Scorer
    from handcraft.predictors.causal_lm.text import context_texts
    from handcraft.tokenizer.tokens import Vocabulary

    asked = read_contexts(options.contexts)
    drawn = np.random.default_rng(0).choice(len(asked), min(options.items, len(asked)), replace=False)
    rows = np.sort(drawn)
    texts, _ = context_texts(asked.tokens[rows], Vocabulary.read(options.tokenizer).pieces)
    labels = asked.labels[rows]
    torch.set_num_threads(1)  # one a worker
    print(f"| bos | before all text, {len(rows):,} contexts | accuracy | loss (nats) | largest change |")
    print("|---|---|---|---|---|")
    first: np.ndarray | None = None
    for bos in options.bos:
        lm = load_language_model(options.model, None, dtype="float32", device=torch.device("cpu"), bos=bos)
        questions, _ = ask_texts(lm, texts, asked.candidates, prefix="", name=bos)
        scores = Scorer(lm.model, batch_tokens=4096, workers=2)(questions)
        first = scores if first is None else first
        loss = context_losses(log_softmax(scores), labels).mean()
        accuracy = (scores.argmax(1) == labels).mean()
        print(f"| `{bos}` | {lm.bos} | {accuracy:.3f} | {loss:.3f} | {np.abs(scores - first).max():.2f} |")


if __name__ == "__main__":
    main()
