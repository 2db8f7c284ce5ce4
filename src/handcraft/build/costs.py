"""What each rule is expected to take, from rates that were measured on two builds and the sizes of a corpus.

Seconds are those of one core of the machine on which `_loop` takes REFERENCE seconds; `speed` compares this one to it.
The rates were fitted to the jobs of the default build and of the TinyStories sample (docs/benchmarks/plan.md).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from handcraft.build.sizes import Sizes
from handcraft.config.model import Config
from handcraft.config.predictors import CausalLM, LlamaTraining, OneLayer

REFERENCE = 0.04
"""Seconds that `_loop` took where the rates were measured."""
START = {"light": 1.0, "torch": 3.0, "transformers": 7.0}
"""Seconds that a job takes to start, by what it imports."""


@dataclass(frozen=True)
class Cost:
    """What the jobs of one rule take together: how many, seconds of a core, and whether they use the GPU."""

    rule: str
    jobs: int
    seconds: float
    gpu: bool = False


def speed() -> float:
    """How many times longer this machine takes than the one of the rates: the best of many short loops, since what else
    it does at the moment says little of the hours to come."""
    return min(_loop() for _ in range(25)) / REFERENCE


def _loop() -> float:
    started = time.perf_counter()
    total = 0
    for i in range(1_000_000):
        total += i
    return time.perf_counter() - started


def expected_costs(cfg: Config, sizes: Sizes, parameters: Mapping[str, int | None], gpu: bool) -> list[Cost]:
    """What each rule that takes more than moments is expected to take on the machine of the rates; the rest is one row.

    parameters: numbers in the weights of each causal LM, None where that is not known (it is left out then).
    """
    own = [sizes.contexts[name] for name in cfg.groups]
    all_ = list(sizes.contexts.values())
    train = sum(c["train"] for c in own)
    groups, variants = len(own), len(all_)
    linear = cfg.predictors.linear
    smallest = min((x for x in linear.l1 or [] if x > 0), default=linear.smallest)
    penalties = len(linear.l1) if linear.l1 else linear.count + 2 * linear.refine
    found = [
        Cost("corpus, tokens, contexts", 5 + variants, 9e-7 * sum(sizes.characters.values())),
        Cost(
            "train_linear",
            variants,
            6.5e-6 * sum(c["train"] for c in all_) * penalties * _hardness(smallest),
            gpu,
        ),
        Cost("find_pairs", groups, 5e-4 * train if cfg.pairs else 0, gpu),
        Cost("find_rules", groups, 1e-3 * _searched(cfg, own)),
        Cost("train_resamples", groups, 1.8e-5 * train * linear.resamples * _hardness(3 * smallest), gpu),
    ]
    if nonlinear := cfg.predictors.nonlinear:
        each = 3.2e-4 * nonlinear.seeds + 9e-5 * nonlinear.folds
        networks = sum({"mlp": 1, "attention": 4}[v] for v in nonlinear.variants)
        found.append(Cost("train_nonlinear", groups, each * networks * train, gpu))
    if one_layer := cfg.predictors.one_layer:
        runs = [settings for settings, _ in one_layer.runs().values()]
        seconds = sum(_of_one_layer(s, cfg.contexts.length, cfg.tokenizer.vocabulary) for s in runs)
        found.append(Cost("train_one_layer", len(runs), seconds, gpu))
    if cfg.predictors.one_layer and (full := cfg.predictors.full_linear):
        found.append(Cost("train_full_linear", 1, 1.4e-4 * full.windows * len(full.l1), gpu))
    if cfg.learning_curve:
        found.append(
            Cost("train_learning_curve", groups, 5e-4 * train * sum(cfg.learning_curve.fractions), gpu)
        )
    if cfg.corpus.source == "planted":
        best = cfg.corpus.planted.best_linear
        found.append(Cost("train_best_linear", 1, 2e-5 * best.factor * train * len(best.l1), gpu))
    for name, lm in cfg.predictors.causal_lms.items():
        found += _of_causal_lm(name, lm, sizes, parameters[name], gpu)
    found = [Cost(c.rule, c.jobs, c.seconds + _start(c.rule) * c.jobs, c.gpu) for c in found if c.seconds]
    rest = 10 * groups + 4 * variants + 30
    tests = sum(c["test"] for c in all_)
    found.append(Cost("all others", rest, 1.4 * rest * START["light"] + 3e-4 * tests))
    return found


def _of_one_layer(settings: OneLayer, length: int, vocabulary: int) -> float:
    """Of a window: products of numbers at each position; a batch's share in moving all vectors of the inputs."""
    width = settings.width
    products = width * (4 * width + 2 * settings.hidden + vocabulary)
    return settings.windows * (1e-9 * products + 2.4e-8 * length * vocabulary * width / settings.batch_size)


def _searched(cfg: Config, contexts: list[dict[str, int]]) -> int:
    """Training contexts that are searched for rules."""
    return sum(min(c["train"], cfg.proposals.contexts) for c in contexts) if cfg.proposals else 0


def _start(rule: str) -> float:
    """Seconds that a job takes to start: language models import transformers, other models PyTorch."""
    if rule.startswith("corpus"):
        return START["light"]
    return START["transformers" if "causal_lm" in rule or "llama" in rule else "torch"]


def llama_parameters(settings: LlamaTraining, vocabulary: int) -> int:
    """Numbers in the weights of a small Llama trained here: embedding, and about 12 squares of its width a layer."""
    return settings.width * (2 * vocabulary + 12 * settings.layers * settings.width)


def _hardness(l1: float) -> float:
    """How many more passes a smaller penalty takes; 1 at 1e-3."""
    return float((1e-3 / l1) ** 0.3)


def _of_causal_lm(name: str, lm: CausalLM, sizes: Sizes, parameters: int | None, gpu: bool) -> list[Cost]:
    if parameters is None:
        return []
    found = []
    if lm.train:
        tokens = lm.train.steps * lm.train.batch_size * lm.train.context
        found.append(Cost(f"train_llama ({name})", 1, 2e-10 * tokens * parameters, gpu))
    # Seconds of two cores a context of 16 tokens, times two.
    each = 4.5e-4 + 3e-10 * parameters
    length = min(lm.long_context or 0, lm.train.context if lm.train else 2**31)
    asked = 0.0
    for variant, counts in sizes.contexts.items():
        asked += min(counts["test"], lm.contexts or 2**62)
        if "." not in variant:
            extra = {s: min(counts[s], lm.extra_contexts or 2**62) for s in ("validation", "test")}
            asked += extra["validation"] + (sum(extra.values()) if lm.end_of_word else 0)
            # Longer rows are fuller of questions, and attention grows with their square.
            asked += extra["test"] * 2.5 * length / 20
    found.append(Cost(f"predict_causal_lm ({name})", len(sizes.contexts), each * asked, gpu))
    return found
