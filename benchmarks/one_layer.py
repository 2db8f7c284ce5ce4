"""Training of the one-layer model beside a plain PyTorch loop of the same shape, in windows a second.

    python benchmarks/one_layer.py BUILD/results --width 256 --hidden 512 --steps 60 --rounds 3

The plain loop is what one writes first: `nn.Embedding` over pairs of position and token, `nn.MultiheadAttention`,
`nn.Linear`, a `DataLoader` that shuffles all windows, and `torch.optim.AdamW`. Both take batches of 128 windows of the
same tokens, and take turns, so that what else the machine does falls on both. `adamw` is our loop with AdamW for the
matrices as well. With `--device cuda` both run on the GPU, ours with bfloat16. Prints one JSON line.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from handcraft.config.predictors import OneLayer
from handcraft.predictors.one_layer import train
from handcraft.predictors.one_layer.model import OneLayerModel
from handcraft.predictors.one_layer.shape import Shape
from handcraft.predictors.one_layer.train import _Run, window_loss
from handcraft.tokenizer.encode import TokenFiles
from handcraft.tokenizer.windows import Windows, numbers_of_step


class Plain(nn.Module):
    """The same computation from standard modules."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        d = shape.width
        self.vocabulary = shape.vocabulary
        self.inputs = nn.Embedding(shape.length * shape.vocabulary, d)
        self.before, self.between, self.after = (nn.RMSNorm(d) for _ in range(3))
        self.attention = nn.MultiheadAttention(d, shape.heads, bias=False, batch_first=True)
        self.up, self.down = nn.Linear(d, shape.hidden, bias=False), nn.Linear(shape.hidden, d, bias=False)
        self.unembed = nn.Linear(d, shape.vocabulary)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        length = tokens.shape[1]
        x = self.inputs(tokens + torch.arange(length, device=tokens.device) * self.vocabulary)
        h = self.before(x)
        mask = nn.Transformer.generate_square_subsequent_mask(length, device=tokens.device)
        x = x + self.attention(h, h, h, attn_mask=mask, need_weights=False, is_causal=True)[0]
        x = x + self.down(functional.relu(self.up(self.between(x))).square())
        return self.unembed(self.after(x))


class _Rows(torch.utils.data.Dataset[torch.Tensor]):
    def __init__(self, windows: Windows) -> None:
        self.windows = windows

    def __len__(self) -> int:
        return len(self.windows)

    def __getitem__(self, i: int) -> torch.Tensor:
        import numpy as np

        return torch.from_numpy(self.windows.rows(np.array([i]))[0])


def plain_loop(windows: Windows, shape: Shape, batch: int, device: torch.device) -> Any:
    """A generator that takes one step each time it is asked."""
    model = Plain(shape).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    loader = torch.utils.data.DataLoader(_Rows(windows), batch_size=batch, shuffle=True)
    for rows in loader:
        rows = rows.to(device)
        loss = functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield float(loss.detach())


def own_loop(run: _Run, windows: Windows) -> Any:
    """The steps of `train_one_layer`, without its table and checkpoints."""
    step, settings, device = 0, run.settings, run.device
    while True:
        rows = torch.from_numpy(windows.rows(numbers_of_step(step, settings.batch_size, len(windows), 0)))
        loss = window_loss(run.model, rows.to(device)).mean()
        for _, optimizer, _ in run.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        for _, optimizer, rate in run.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
        step += 1
        yield float(loss.detach())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path)
    for name, value in {"width": 256, "hidden": 512, "steps": 60, "rounds": 3, "threads": 1}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    device = torch.device(given.device)
    tokens = given.results / "tokens"
    windows = Windows(TokenFiles(tokens / "train.npy", tokens / "train_starts.npy"), 16)
    settings = OneLayer(width=given.width, hidden=given.hidden)
    shape = Shape.of(settings, 16, 1024)
    torch.manual_seed(0)
    loops = {
        "handcraft": own_loop(_Run(OneLayerModel(shape).to(device), settings, 0, windows), windows),
        "plain": plain_loop(windows, shape, settings.batch_size, device),
    }
    train.MATRICES = ()
    loops["adamw"] = own_loop(_Run(OneLayerModel(shape).to(device), settings, 0, windows), windows)
    for loop in loops.values():
        for _ in range(5):
            next(loop)
    seconds: dict[str, list[float]] = {name: [] for name in loops}
    for _ in range(given.rounds):
        for name, loop in loops.items():
            started = time.perf_counter()
            for _ in range(given.steps):
                next(loop)
            if device.type == "cuda":
                torch.cuda.synchronize()
            seconds[name].append(time.perf_counter() - started)
    rates = {name: given.steps * settings.batch_size / min(s) for name, s in seconds.items()}
    a = torch.randn(1024, 1024, device=device)
    best = min(_product(a) for _ in range(20))
    products = given.width * (4 * given.width + 2 * given.hidden + 1024)
    flops = rates["handcraft"] * 16 * 6 * products
    peak = 2 * 1024**3 / best
    told = {f"{name}_windows_a_second": round(rate) for name, rate in rates.items()}
    told |= {"ratio": round(rates["handcraft"] / rates["plain"], 2), "share_of_peak": round(flops / peak, 2)}
    print(json.dumps({"width": given.width, "hidden": given.hidden, "threads": given.threads} | told))


def _product(a: torch.Tensor) -> float:
    """Seconds of one product of two square matrices: the machine's peak."""
    started = time.perf_counter()
    _ = a @ a
    if a.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
