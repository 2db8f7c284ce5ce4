"""Our scoring of a causal LM beside lm-evaluation-harness, on the same items in one run.

    python -m venv peer && peer/bin/pip install -r requirements.lock lm_eval==0.4.13 accelerate
    PYTHONPATH=src peer/bin/python benchmarks/causal_lm.py --model ./models/stories260K \\
        --contexts results/contexts/conjunctions.token/test.safetensors --tokenizer results/tokenizer/tokenizer.json

Both get the same model object, the same texts and candidates, the same tokens (BOS too, which is checked), and as many
threads. Loading is not counted, tokenizing is. The rounds alternate; the best of each counts. With --peak, the
arithmetic that our scorer does is counted and compared with this machine's fastest matrix product, measured in the same
run. Prints one JSON line of figures last.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


def main() -> None:
    options = arguments()
    import torch

    from handcraft.contexts.read import read_contexts
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
    lm = load_language_model(
        options.model, None, dtype="float32", device=torch.device("cpu"), bos=options.bos
    )
    print(f"before all text: {lm.bos}", file=sys.stderr)

    def ours(workers: int = options.threads) -> tuple[np.ndarray, list[bool]]:
        torch.set_num_threads(1)  # one a worker
        scorer = Scorer(lm.model, batch_tokens=options.batch_tokens, workers=workers)
        questions, _ = ask_texts(lm, texts, asked.candidates, prefix="", name="ours")
        return scorer(questions), [q.spans for q in questions]

    harness = peer(lm, options.peer_batch, options.bos)
    for text in texts:
        tokens = [*lm.beginning, *lm.encode([text])[0]]
        if harness.tok_encode(text) != tokens:
            raise SystemExit(
                f"the two do not put the same tokens to the model for {text!r}: choose another --bos"
            )

    def theirs() -> tuple[np.ndarray, None]:
        torch.set_num_threads(options.threads)
        return ask_peer(harness, texts, asked.candidates), None

    times: dict[str, list[float]] = {"ours": [], "lm_eval": []}
    found: dict[str, Any] = {}
    ways: dict[str, Callable[[], Any]] = {"ours": ours, "lm_eval": theirs}
    for turn in range(options.rounds + 1):
        for name, ask in ways.items():
            start = time.perf_counter()
            found[name] = ask()
            if turn:  # the first warms up
                times[name].append(time.perf_counter() - start)
            print(f"round {turn}: {name} {time.perf_counter() - start:.2f} s", file=sys.stderr)
    (scores, spans), (other, _) = found["ours"], found["lm_eval"]
    alike = ~np.array(spans)
    figures: dict[str, Any] = {
        "items": len(texts),
        "candidates": len(asked.candidates),
        "items_no_token_spans": int(alike.sum()),
        "largest_difference_nats": float(np.abs(scores - other)[alike].max()),
        "threads": options.threads,
        "rounds": options.rounds,
        "peer_batch": options.peer_batch,
        "batch_tokens": options.batch_tokens,
    }
    for name, values in (("ours", scores), ("lm_eval", other)):
        figures[f"{name}_contexts_per_second"] = round(len(texts) / min(times[name]), 1)
        figures[f"{name}_contexts_per_second_median"] = round(len(texts) / float(np.median(times[name])), 1)
        figures[f"{name}_accuracy"] = float((values.argmax(1) == labels).mean())
        normal = values - np.logaddexp.reduce(values, axis=1, keepdims=True)
        figures[f"{name}_loss"] = round(float(-normal[np.arange(len(labels)), labels].mean()), 6)
    figures["ratio"] = round(min(times["lm_eval"]) / min(times["ours"]), 2)
    figures["ratio_of_medians"] = round(float(np.median(times["lm_eval"]) / np.median(times["ours"])), 2)
    figures["bos"] = lm.bos
    if options.peak:
        operations = count_operations(lambda: ours(workers=1))
        figures["gflop_per_second"] = round(operations / min(times["ours"]) / 1e9, 1)
        figures["peak_gflop_per_second"] = round(peak(options.threads) / 1e9, 1)
        figures["share_of_peak"] = round(figures["gflop_per_second"] / figures["peak_gflop_per_second"], 3)
    figures["machine"] = f"{platform.machine()}, {os.cpu_count()} cores, {processor()}"
    print(json.dumps(figures))


def peer(lm: Any, batch: int, bos: str) -> Any:
    """lm-evaluation-harness with our model; its default is to put before text what the tokenizer puts there."""
    from lm_eval.models.huggingface import HFLM

    before = {"auto": None, "never": False}.get(bos, True)
    return HFLM(
        pretrained=lm.model, tokenizer=lm.tokenizer, batch_size=batch, device="cpu", add_bos_token=before
    )


def ask_peer(harness: Any, texts: list[str], candidates: tuple[str, ...]) -> np.ndarray:
    """The log-likelihood of each candidate after each text: float64 [n, K]."""
    from lm_eval.api.instance import Instance

    pairs = [(text, candidate) for text in texts for candidate in candidates]
    requests = [
        Instance(request_type="loglikelihood", doc={}, arguments=pair, idx=i) for i, pair in enumerate(pairs)
    ]
    answers = harness.loglikelihood(requests, disable_tqdm=True)
    return np.array([a[0] for a in answers]).reshape(len(texts), -1)


def count_operations(work: Callable[[], Any]) -> int:
    """Floating-point operations of the matrix products and of the attention in `work`, which runs in one thread."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def peak(threads: int, size: int = 2048, times: int = 20) -> float:
    """Operations per second of the fastest of `times` float32 matrix products [size, size]."""
    import torch

    torch.set_num_threads(threads)
    a, b = torch.randn(size, size), torch.randn(size, size)
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        torch.mm(a, b)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def processor() -> str:
    """The processor's name, where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, help="a local directory")
    parser.add_argument("--contexts", required=True, type=Path)
    parser.add_argument("--tokenizer", required=True, type=Path)
    parser.add_argument("--bos", default="auto", help="auto, always, never or a token, as in the config")
    parser.add_argument(
        "--peak", action="store_true", help="compare with the machine's fastest matrix product"
    )
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch-tokens", type=int, default=2048)
    parser.add_argument("--peer-batch", type=int, default=64)
    return parser.parse_args()


if __name__ == "__main__":
    main()
