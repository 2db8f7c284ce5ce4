"""Contexts a second of a model of Llama 3.1 8B's exact shape with random weights, in bfloat16, on a GPU.

    PYTHONPATH=src python benchmarks/causal_lm_gpu.py --peak-tflops 989     # an H100 or H200, dense bfloat16

Speed does not depend on what the weights are, so none are downloaded. Items are random tokens in the shape of the
16-token question: 5 candidates of one token, a few of two. Prints one JSON line of figures last. `--shape tiny` on a
CPU tries the path.
"""

import argparse
import json
import platform
import time

import numpy as np

# config.json of meta-llama/Llama-3.1-8B.
LLAMA_3_1_8B = {
    "vocab_size": 128256,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False,
    "bos_token_id": 128000,
    "eos_token_id": 128001,
    "rope_parameters": {
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    },
}
TINY = {"vocab_size": 512, "hidden_size": 64, "intermediate_size": 172, "num_hidden_layers": 2}
TINY_HEADS = {"num_attention_heads": 4, "num_key_value_heads": 2, "bos_token_id": 1, "eos_token_id": 2}


def main() -> None:
    options = arguments()
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from handcraft.predictors.causal_lm.rows import plan_rows
    from handcraft.predictors.causal_lm.score import Scorer
    from handcraft.predictors.causal_lm.text import Question

    shape = LLAMA_3_1_8B if options.shape == "8b" else LLAMA_3_1_8B | TINY | TINY_HEADS
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    with device:
        model = LlamaForCausalLM(LlamaConfig(**shape)).eval()
    torch.set_default_dtype(torch.float32)
    weights = sum(p.numel() for p in model.parameters())

    random = np.random.default_rng(0)
    top = int(shape["vocab_size"]) - 10
    candidates = ((top,), (top + 1,), (top + 2,), (top + 3,), (top + 4, top + 5))
    questions = []
    for _ in range(options.items):
        # Our 16 tokens are 13 to 17 of Llama's.
        text = random.integers(10, top, int(random.integers(13, 18))).tolist()
        questions.append(Question((int(shape["bos_token_id"]), *text), candidates))
    tokens = sum(map(len, plan_rows(questions).rows))
    scorer = Scorer(model, batch_tokens=options.batch_tokens)
    scorer(questions[:256])  # warms up
    seconds = []
    for _ in range(options.rounds):
        start = time.perf_counter()
        scores = scorer(questions)
        seconds.append(time.perf_counter() - start)
    assert np.isfinite(scores).all()
    # Two operations a weight and token, without the table of embeddings; the output matrix once a context, not a token.
    head = int(shape["vocab_size"]) * int(shape["hidden_size"])
    work = 2 * ((weights - 2 * head) * tokens + head * 2 * len(questions))
    figures = {
        "device": torch.cuda.get_device_name() if device.type == "cuda" else f"cpu, {platform.machine()}",
        "shape": options.shape,
        "parameters": weights,
        "items": len(questions),
        "tokens": tokens,
        "batch_tokens": options.batch_tokens,
        "contexts_per_second": round(len(questions) / min(seconds), 1),
        "contexts_per_second_median": round(len(questions) / float(np.median(seconds)), 1),
        "tflops": round(work / min(seconds) / 1e12, 3),
        "share_of_peak": round(work / min(seconds) / 1e12 / options.peak_tflops, 4)
        if options.peak_tflops
        else None,
        "peak_memory_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2)
        if device.type == "cuda"
        else None,
    }
    print(json.dumps(figures))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", choices=["8b", "tiny"], default="8b")
    parser.add_argument("--items", type=int, default=20000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batch-tokens", type=int, default=65536)
    parser.add_argument(
        "--peak-tflops", type=float, help="the machine's dense bfloat16 peak, from its data sheet"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
