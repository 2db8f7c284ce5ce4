"""A small corpus of tokens and a small one-layer model, for tests."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from handcraft.config.predictors import OneLayer
from handcraft.files import write_tensors
from handcraft.predictors.one_layer.model import OneLayerModel
from handcraft.predictors.one_layer.shape import Shape
from handcraft.tokenizer.encode import TokenFiles

VOCABULARY, LENGTH = 12, 4


def token_files(folder: Path, split: str, stories: list[np.ndarray]) -> TokenFiles:
    """A split's token arrays, of the stories' tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    files = TokenFiles(folder / f"{split}.npy", folder / f"{split}_starts.npy")
    np.save(files.tokens, np.concatenate([np.zeros(0), *stories]).astype(np.uint16))
    np.save(files.starts, np.cumsum([0, *map(len, stories)]).astype(np.int64))
    return files


def copying_stories(count: int, seed: int, length: int = 12) -> list[np.ndarray]:
    """Stories in which every token is, nine times out of ten, the one two before it plus one."""
    random = np.random.default_rng(seed)
    stories = []
    for _ in range(count):
        story = list(random.integers(0, VOCABULARY, 2))
        while len(story) < length:
            sure = random.random() < 0.9
            story.append((story[-2] + 1) % VOCABULARY if sure else random.integers(0, VOCABULARY))
        stories.append(np.array(story))
    return stories


def random_model(seed: int = 0, **changed: Any) -> OneLayerModel:
    """A model whose tensors are all random, so that every part does something."""
    settings = OneLayer(**{"width": 8, "heads": 2, "hidden": 6} | changed)
    torch.manual_seed(seed)
    model = OneLayerModel(Shape.of(settings, LENGTH, VOCABULARY))
    with torch.no_grad():
        for p in model.parameters():
            p += 0.4 * torch.randn_like(p)
    return model.eval()


def save_model(path: Path, model: OneLayerModel) -> Path:
    write_tensors(path, model.folded(), {"shape": model.shape.as_dict()})
    return path
