"""Rules that say a model's likeliest token from the last tokens alone: how often they say what the model says.

After Nguyen (2024), Understanding transformers via n-gram statistics. A rule is a sequence of last tokens and the token
that the model most often puts first after it. Of the rules that fit a context, that with the longest sequence answers.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.one_layer.opened import choose_windows, sizes
from handcraft.config.model import Evaluation
from handcraft.evaluation.bootstrap import story_draws
from handcraft.evaluation.intervals import interval_columns
from handcraft.files import write_csv
from handcraft.logging import progress, say
from handcraft.predictors.one_layer.read import OneLayerReader
from handcraft.seeds import generator
from handcraft.tokenizer.encode import TokenFiles
from handcraft.tokenizer.tokens import Vocabulary
from handcraft.tokenizer.windows import Windows

CURVE = (
    "size", "agreement", "agreement_low", "agreement_high", "accuracy", "accuracy_low", "accuracy_high", "n", "stories",
)  # fmt: skip
RULES = ("step", "after", "output", "gain", "seen")
LONGEST = 7
"""Tokens in a rule, at most."""
BITS = 63
"""Of the number that a rule's tokens are kept as."""
LEARNT, EXAMINED = 500_000, 20_000
"""Windows of training and of test stories on which the model is asked."""
GAIN = 2
"""Training windows that a rule must set right beyond those that it spoils, at least."""
SHOWN = 200
"""Rules that are listed."""
BLOCK = 4096


@dataclass(frozen=True, eq=False)
class SuffixRules:
    """Rules, those with the largest gain first: their `length` [r] in tokens (0: always), `key` [r] (the last tokens as
    a number), `output` [r], how many training windows each sets right beyond those that it spoils (`gain` [r]), and in
    how many it fits (`seen` [r])."""

    vocabulary: int
    length: np.ndarray
    key: np.ndarray
    output: np.ndarray
    gain: np.ndarray
    seen: np.ndarray

    def answer(self, tokens: np.ndarray, size: int) -> np.ndarray:
        """What the first `size` rules say after contexts [n, length]: int64 [n], -1 where none fits."""
        said = np.full(len(tokens), -1)
        for length, keys in enumerate(suffix_keys(tokens, self.vocabulary)):
            own = np.flatnonzero(self.length[:size] == length)
            if not len(own):
                continue
            order = own[np.argsort(self.key[own])]
            at = np.minimum(np.searchsorted(self.key[order], keys), len(order) - 1)
            said = np.where(self.key[order][at] == keys, self.output[order][at], said)
        return said

    def tokens(self, at: int) -> list[int]:
        """The last tokens that a rule asks for, oldest first."""
        key, found = int(self.key[at]), []
        for _ in range(int(self.length[at])):
            key, token = divmod(key, self.vocabulary)
            found.append(token)
        return found[::-1]


def suffix_keys(tokens: np.ndarray, vocabulary: int) -> Sequence[np.ndarray]:
    """The last 0, 1, 2, ... tokens of contexts [n, length], each as a number int64 [n]; at most `LONGEST`."""
    longest = min(LONGEST, tokens.shape[1], int(BITS / math.log2(vocabulary)))
    keys = [np.zeros(len(tokens), np.int64)]
    power = 1
    for i in range(1, longest + 1):
        keys.append(tokens[:, -i].astype(np.int64) * power + keys[-1])
        power *= vocabulary
    return keys


def find_suffix_rules(tokens: np.ndarray, said: np.ndarray, vocabulary: int) -> SuffixRules:
    """The rules of contexts [n, length] after which a model said `said` [n], whose gain over the rule with one token
    less is at least `GAIN`."""
    before = np.full(len(tokens), -1)
    kept: list[tuple[np.ndarray, ...]] = []
    for length, keys in enumerate(suffix_keys(tokens, vocabulary)):
        names, place, seen = np.unique(keys, return_inverse=True, return_counts=True)
        pairs, count = np.unique(place * vocabulary + said, return_counts=True)
        # Of equally frequent answers the first.
        order = np.lexsort((pairs, -count, pairs // vocabulary))
        _, first = np.unique(pairs[order] // vocabulary, return_index=True)
        output = pairs[order][first] % vocabulary
        answers = output[place]
        right = (answers == said).astype(np.int64) - (before == said)
        gain = np.bincount(place, right, len(names)).astype(np.int64)
        is_rule = gain >= GAIN
        kept.append(
            (np.full(is_rule.sum(), length), names[is_rule], output[is_rule], gain[is_rule], seen[is_rule])
        )
        before = np.where(is_rule[place], answers, before)
    columns = [np.concatenate([k[i] for k in kept]) for i in range(5)]
    order = np.lexsort((columns[1], columns[0], -columns[3]))
    return SuffixRules(vocabulary, *(c[order] for c in columns))


def evaluate_suffix_rules(
    model: Path,
    tokenizer: Path,
    files: Mapping[str, TokenFiles],
    *,
    settings: Evaluation,
    seed: int,
    outputs: tuple[Path, Path],
) -> None:
    """Write how often so many rules say what the one-layer model puts first, and the first `SHOWN` of them.

    Rules come from the model's answers in training windows. Curve, a row for each number of rules (`size`): on test
    windows, `agreement` with the model's likeliest token, and `accuracy`, the share in which the token that they say
    came, with intervals over stories. Rules: `after` (the last tokens), `output`, `gain`, `seen`.
    """
    reader, vocabulary = OneLayerReader.read(model), Vocabulary.read(tokenizer)
    asked, said = {}, {}
    windows = {split: Windows(files[split], reader.shape.length) for split in ("train", "test")}
    for split, count in (("train", LEARNT), ("test", EXAMINED)):
        numbers = np.sort(choose_windows(windows[split], count, generator(seed, "suffix rules", split)))
        rows = windows[split].rows(numbers)
        starts = progress(
            range(0, len(rows), BLOCK), f"asking the model, {split}", unit=f"blocks of {BLOCK:,}"
        )
        parts = [reader.logits(rows[at : at + BLOCK, :-1]).argmax(1) for at in starts]
        asked[split], said[split] = rows, np.concatenate([np.zeros(0, np.int64), *parts])
    rules = find_suffix_rules(asked["train"][:, :-1], said["train"], len(vocabulary))
    listed: list[dict[str, Any]] = [
        {
            "step": i + 1,
            "after": " ".join(vocabulary.show(t) for t in rules.tokens(i)),
            "output": vocabulary.show(int(rules.output[i])),
            "gain": int(rules.gain[i]),
            "seen": int(rules.seen[i]),
        }
        for i in range(min(SHOWN, len(rules.key)))
    ]
    write_csv(outputs[1], listed, RULES)
    rows, story = asked["test"], windows["test"].story(numbers)
    total = len(rules.key)
    curve: list[dict[str, Any]] = []
    for size in sizes(total)[1:] if len(rows) else []:
        answers = rules.answer(rows[:, :-1], size)
        found = np.column_stack([answers == said["test"], answers == rows[:, -1]]).astype(float)
        stories, draws = story_draws(story, found, settings.bootstrap, generator(seed, "suffix rules"))
        row: dict[str, Any] = {"size": size, "n": len(rows), "stories": stories}
        for i, name in enumerate(("agreement", "accuracy")):
            row |= {name: found[:, i].mean()}
            row |= interval_columns(None if draws is None else draws[:, i], settings.confidence, name)
        curve.append(row)
    write_csv(outputs[0], curve, CURVE)
    if curve:
        say(f"{total:,} rules say what the model says in {100 * curve[-1]['agreement']:.1f}% of test windows")
