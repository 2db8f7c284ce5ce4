"""About the best that a linear model can do on the planted corpus: fitted on many times as many fresh contexts.

The stories are generated again from another seed and thrown away; only the contexts are kept while fitting. The best
linear loss itself has no closed form; this is an estimate of it, from above.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import numpy as np

from handcraft.config.corpus import BestLinear
from handcraft.contexts.occurrences import find_occurrences
from handcraft.contexts.read import read_contexts
from handcraft.corpus.planted import stories
from handcraft.device import Machine
from handcraft.files import write_tensors
from handcraft.logging import progress, say
from handcraft.math import normalise
from handcraft.predictors.linear.onehot import OneHot
from handcraft.predictors.linear.predict import linear_logits
from handcraft.predictors.linear.solver import LinearFit, fit_path
from handcraft.seeds import derive_seed
from handcraft.tokenizer.tokens import Vocabulary

HELD_OUT = 0.05
"""Share of the fresh contexts that is kept back to choose the penalty."""
BATCH = 4096
"""Stories encoded together."""


def train_best_linear(
    train: Mapping[str, Path],
    tokenizer: Path,
    *,
    settings: BestLinear,
    seed: int,
    machine: Machine,
    outputs: Mapping[str, Path],
) -> None:
    """Fit every planted group on `factor` times as many fresh contexts (whole words) as it has in `train`.

    train, outputs: by group; training contexts (only counted), and the result: `weight` float32 [length, vocabulary,
    K], `bias` float32 [K]; metadata: candidates, l1, contexts (fitted on), stories (fresh ones), held_out_loss, gap,
    iterations. The penalties of `l1` are tried from zero weights on, the largest first, each to a certified duality
    gap of `gap` or `max_iterations`, whichever comes first; fresh contexts kept back choose one. seed: the
    config's; the stories' own is derived.
    """
    device = machine.prepare()
    given = {group: read_contexts(path) for group, path in train.items()}
    wanted = {
        group: int(settings.factor * len(contexts) / (1 - HELD_OUT)) for group, contexts in given.items()
    }
    candidates = {group: contexts.candidates for group, contexts in given.items()}
    length, vocabulary = next((c.length, c.vocabulary) for c in given.values())
    del given
    fresh, count = fresh_contexts(wanted, candidates, length, tokenizer, derive_seed(seed, "best linear"))
    for group, output in outputs.items():
        tokens, labels = fresh.pop(group)
        kept = len(labels) - int(HELD_OUT * len(labels))
        data = OneHot(tokens[:kept], labels[:kept], vocabulary, len(candidates[group]), device)
        penalties = sorted(settings.l1, reverse=True)
        limit = settings.max_iterations
        fits = fit_path(data, penalties, gap=settings.gap, max_iterations=limit, strict=False)
        losses = [_loss(fit, tokens[kept:], labels[kept:]) for fit in fits]
        best = int(np.argmin(losses))
        fit = fits[best]
        metadata = {"candidates": list(candidates[group]), "l1": fit.l1, "contexts": kept, "stories": count}
        metadata |= {"held_out_loss": losses[best], "gap": fit.gap, "iterations": fit.iterations}
        write_tensors(output, {"weight": fit.weight, "bias": fit.bias}, metadata)
        say(f"{group}: {kept:,} fresh contexts, l1 {fit.l1:g}, held-out loss {losses[best]:.4f}")


def _loss(fit: LinearFit, tokens: np.ndarray, labels: np.ndarray) -> float:
    values = normalise(linear_logits(fit.weight, fit.bias, tokens))
    return float(-values[np.arange(len(labels)), labels].mean(dtype=np.float64))


def fresh_contexts(
    wanted: Mapping[str, int],
    candidates: Mapping[str, tuple[str, ...]],
    length: int,
    tokenizer: Path,
    seed: int,
) -> tuple[dict[str, tuple[np.ndarray, np.ndarray]], int]:
    """`wanted[group]` contexts (tokens uint16 [n, length], labels uint8 [n]) of stories never seen before.

    Also says of how many stories. Memory: 33 bytes a context of 16 tokens, and one batch of stories.
    """
    vocabulary = Vocabulary.read(tokenizer)
    encode = vocabulary.encoder.encode_batch_fast
    ids = {group: vocabulary.require(words) for group, words in candidates.items()}
    found: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {group: [] for group in wanted}
    have = dict.fromkeys(wanted, 0)
    count = 0
    before = np.arange(-length, 0)
    for texts in progress(_batches(seed), "fresh stories", unit=f" x {BATCH:,}"):
        encoded = [np.array(e.ids, np.uint16) for e in encode(texts, add_special_tokens=False)]
        tokens = np.concatenate(encoded)
        starts = np.concatenate([[0], np.cumsum([len(e) for e in encoded])])
        count += len(texts)
        for group in wanted:
            if have[group] >= wanted[group]:
                continue
            places = find_occurrences(
                tokens, starts, ids[group], vocabulary.pieces, length=length, words=True
            )
            found[group].append((tokens[places.positions[:, None] + before], places.labels))
            have[group] += len(places.labels)
        if all(have[group] >= wanted[group] for group in wanted):
            break
    merged = {}
    for group, parts in found.items():
        tokens, labels = (np.concatenate(arrays)[: wanted[group]] for arrays in zip(*parts, strict=True))
        merged[group] = (tokens, labels)
    return merged, count


def _batches(seed: int) -> Iterator[list[str]]:
    source = stories(seed, 2**62)  # stopped when there are enough contexts
    while True:
        yield list(islice(source, BATCH))
