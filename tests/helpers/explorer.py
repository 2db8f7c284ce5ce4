"""An explorer's page of made-up models, whose text is as bad as text can be."""

from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.influence import evaluate_influence
from handcraft.explorer.page import About, GroupFiles, build_explorer
from handcraft.files import write_csv, write_tensors
from handcraft.tokenizer.tokens import load_tokenizer
from tests.helpers.artifacts import contexts_file
from tests.helpers.labelling import HOSTILE

WORDS = (" and", " but", " so")
LENGTH, HELD_OUT, TRAINING = 16, 120, 400
REAL_WEIGHTS = 10_000
"""About what a group of TinyStories keeps at its chosen penalty."""
TEXT = (
    f"The cat “sat” &amp; {{{{ x }}}} ${{y}} {HOSTILE} \u202e\x00 'quoted' in the day, but the sun was hot. "
)


PAIR = {
    "position": -3, "token": "␣the", "other_position": -1, "other_token": "␣the", "candidate": WORDS[1],
    "value": 1.25, "seen": 77, "confirmed": 1, "examples": "a story of its own",
}  # fmt: skip


class ExplorerFiles:
    """Two groups' artifacts in `folder`: weights on a tenth of the tokens, held-out contexts of hostile text."""

    def __init__(
        self,
        folder: Path,
        tokenizer: Path,
        groups: tuple[str, ...] = ("first", "second"),
        weights: int | None = None,
        contexts: int = HELD_OUT,
    ) -> None:
        """With `weights`, so many of them are not zero, spread over all tokens, whatever the text says."""
        self.folder, self.tokenizer, self.groups = folder, tokenizer, groups
        encoder = load_tokenizer(tokenizer)
        self.vocabulary = encoder.get_vocab_size()
        ids = np.array(encoder.encode(TEXT).ids)
        spoken = [*ids[::2].tolist(), *encoder.encode(" the").ids]
        self.files = {}
        for seed, group in enumerate(groups):
            random = np.random.default_rng(seed)
            windows = [np.roll(ids, -i)[:LENGTH] for i in range(contexts)]
            labels = random.integers(0, 3, contexts)
            contexts_file(self.at(group, "validation"), np.array(windows), labels, self.vocabulary, WORDS)
            weight = random.normal(0, 2, (LENGTH, self.vocabulary, 3)).astype(np.float32)
            weight[random.random(weight.shape) < 0.7] = 0
            weight[:, np.setdiff1d(np.arange(self.vocabulary), spoken)] = 0
            if weights is not None:
                weight = np.zeros(weight.shape, np.float32)
                weight.flat[random.permutation(weight.size)[:weights]] = random.normal(0, 2, weights)
            metadata = {"candidates": list(WORDS), "l1": 1e-3}
            bias = np.array([0.5, -0.25, 0.125], np.float32)
            write_tensors(self.at(group, "weights"), {"weight": weight, "bias": bias}, metadata)
            counts = random.integers(0, 90, weight.shape[:2]).astype(np.int32)
            counts[(weight != 0).any(2)] += 3
            metadata = {"vocabulary": self.vocabulary, "contexts": TRAINING}
            write_tensors(self.at(group, "support"), {"support": counts}, metadata)
            moved = {n: np.full_like(weight, 0.75) for n in ("centred_spread", "sign_stability")}
            write_tensors(self.at(group, "resampling"), moved, {"resamples": 20})
            names = ("weights", "support", "influence", "validation", "resampling")
            pairs = self.folder / group / "pairs.csv"
            network, lm = np.log(random.dirichlet(np.ones(3), (2, contexts)))
            write_tensors(self.at(group, "network"), {"nonlinear": network}, {"candidates": list(WORDS)})
            asked = np.arange(0, contexts, 2, dtype=np.int32)
            write_tensors(
                self.at(group, "lm"),
                {"validation": lm[asked], "validation_rows": asked},
                {"title": f"Lm {HOSTILE}"},
            )
            others = [self.at(group, "network"), self.at(group, "lm")]
            self.files[group] = GroupFiles(*(self.at(group, n) for n in names), pairs, others)
            write_csv(pairs, [PAIR, PAIR | {"other_position": -2, "value": 9.0, "confirmed": 0}])
            evaluate_influence(
                self.at(group, "weights"),
                self.at(group, "support"),
                held_out=self.at(group, "validation"),
                output=self.at(group, "influence"),
            )

    def at(self, group: str, name: str) -> Path:
        return self.folder / group / f"{name}.safetensors"

    def build(self, name: str = "index", **more: Any) -> Path:
        output = self.folder / f"{name}.html"
        said: dict[str, Any] = {
            "titles": [g.title() for g in self.groups],
            "about": About("Which?", "Made up"),
        }
        said |= {"output": output}
        build_explorer(self.files, self.tokenizer, **(said | more))
        return output
