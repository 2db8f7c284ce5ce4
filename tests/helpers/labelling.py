"""A labelling page of made-up contexts, whose text is as bad as text can be."""

from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.corpus import Corpus
from handcraft.contexts.sample import draw_sample
from handcraft.files import read_json, write_csv
from handcraft.people.page import About, Inputs, build_labelling_page
from handcraft.tokenizer.tokens import load_tokenizer
from tests.helpers.artifacts import contexts_file

WORDS = (" and", " but", " so", " or")
HOSTILE = '</script><script>hacked=1</script><img src=x onerror="hacked=1">'
LENGTH = 90


class LabellingPage:
    """Page, samples and contexts in `folder`."""

    def __init__(self, folder: Path, tokenizer: Path, size: int = 10) -> None:
        self.folder, self.tokenizer, self.size = folder, tokenizer, size
        random = np.random.default_rng(5)
        self.labels = random.choice(4, 4 * size, p=[0.4, 0.2, 0.2, 0.2])
        texts = [
            f"{i}: {HOSTILE}\u202e\x00\n“x” &amp; \\u003c {{{{ y }}}} ${{z}} the end" for i in range(4 * size)
        ]
        encoder = load_tokenizer(tokenizer)
        tokens = np.array([np.resize(encoder.encode(text).ids, LENGTH) for text in texts])
        contexts_file(folder / "test.safetensors", tokens, self.labels, 300, WORDS)
        contexts_file(folder / "train.safetensors", tokens[:9], np.arange(9) % 4, 300, WORDS)
        draw_sample(folder / "test.safetensors", size=size, seed=0, output=folder / "sample.json")

    def truth(self, sample: str) -> list[str]:
        """The right answers, in the order of the sample."""
        return [WORDS[self.labels[i]] for i in read_json(self.folder / "sample.json")[sample]["contexts"]]

    def build(self, name: str = "page", scored: bool = False, **more: Any) -> Path:
        """The page; with `scored`, of the table of scores that is there."""
        table = self.folder / "sample.csv"
        row = {"correct": self.size // 2, "n": self.size, "accuracy": 0.5, "low": 0.2, "high": 0.8}
        if not scored:
            write_csv(table, [{"sample": s, "predictor": t.lower(), "title": t, **row}
                              for s in ("natural", "balanced") for t in ("Noisy", HOSTILE)])  # fmt: skip
        output = self.folder / f"{name}.html"
        said: dict[str, Any] = {
            "send_to": "",
            "group": "words",
            "title": "Words",
            "corpus": Corpus(name="made-up", title="Made up"),
        }
        said |= {"confidence": 0.95, "seed": 0, "output": output}
        files = [self.folder / n for n in ("test.safetensors", "train.safetensors", "sample.json")]
        said |= more
        about = About(*(said.pop(key) for key in ("group", "title", "send_to")))
        build_labelling_page(Inputs(*files, self.tokenizer, table), about, **said)
        return output
