"""A small Llama-architecture model, trained in the build on the corpus's own tokens.

It stands in for Llama 3.1 8B where no weights are available, and is queried by the same code (`causal_lm`): it is
saved in the Hugging Face format with our tokenizer, and loaded from there like any other model.

Half of the rows of a batch begin with a story, half at a random token of one: the question is asked with windows that
begin anywhere, so these must not be strange to the model. Every row begins with BOS, and it separates stories.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from handcraft.config.predictors import LlamaTraining
from handcraft.device import Machine
from handcraft.errors import UserError
from handcraft.files import write_csv
from handcraft.logging import progress, say
from handcraft.predictors.causal_lm.llama_files import save_llama
from handcraft.seeds import derive_seed, generator
from handcraft.tokenizer.encode import TokenFiles, open_tokens
from handcraft.tokenizer.tokens import END, load_tokenizer

WARMUP = 0.05  # share of the steps over which the learning rate rises
FLOOR = 0.05  # of the learning rate, at the end of the cosine
WEIGHT_DECAY = 0.1
CLIP = 1.0  # largest norm of the gradient
POINTS = 20  # rows of the training table
VALIDATION_ROWS = 64


def train_llama(
    tokens: Mapping[str, TokenFiles],
    tokenizer: Path,
    *,
    settings: LlamaTraining,
    seed: int,
    machine: Machine,
    output: Path,
    training: Path,
) -> None:
    """Train on the split `train`, watch the loss on `validation`, save to the directory `output`.

    `tokens` are the token arrays by split. Of `settings`, `context` is the length of a training row, and the longest
    text that the model takes; a step takes `batch_size` rows. AdamW with warmup and cosine decay. `training`
    is a CSV of step, loss and validation_loss (nats per token; the loss is the mean since the row before). The
    same values give the same bytes on the same machine. Raises `UserError` where the loss is NaN or infinite.
    """
    context, device = settings.context, machine.prepare()
    ours = load_tokenizer(tokenizer)
    bos = ours.token_to_id(END)
    if bos is None:
        raise UserError(
            f"the tokenizer has no {END}", where=str(tokenizer), remedy="let snakemake rebuild it"
        )
    model = new_llama(ours.get_vocab_size(), bos, settings, derive_seed(seed, "llama", "weights"))
    model.to(device).train()
    corpus = {split: Rows(*tokens[split], bos, context) for split in ("train", "validation")}
    watched = corpus["validation"].draw(generator(seed, "llama", "validation"), VALIDATION_ROWS)
    count = sum(p.numel() for p in model.parameters())
    say(
        f"{count:,} parameters, {settings.steps:,} steps of {settings.batch_size} rows of {context} tokens: "
        f"{settings.steps * settings.batch_size * context / max(1, len(corpus['train'])):.1f} times the "
        f"{len(corpus['train']):,} tokens"
    )
    table = _train(model, corpus["train"], watched, settings, seed)
    save_llama(model.to("cpu"), tokenizer, output=output)
    write_csv(training, table, ["step", "loss", "validation_loss"])


def new_llama(vocabulary: int, bos: int, settings: LlamaTraining, seed: int) -> Any:
    """A `LlamaForCausalLM` with seeded random weights, tied embeddings, `bos` as BOS and EOS."""
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=settings.width,
        # Llama's 8/3 of the width, a multiple of 16.
        intermediate_size=16 * math.ceil(settings.width * 8 / 3 / 16),
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=settings.context,
        tie_word_embeddings=True,
        bos_token_id=bos,
        eos_token_id=bos,
        use_cache=False,
    )
    torch.manual_seed(seed)
    return LlamaForCausalLM(config)


class Rows:
    """Training rows [n, context + 1] (int64) of one split: BOS, then tokens, with BOS between stories."""

    def __init__(self, tokens: Path, starts: Path, bos: int, context: int) -> None:
        self.tokens, self.starts = open_tokens(tokens, starts)
        self.bos, self.length = bos, context + 1
        if not len(self.tokens):
            raise UserError(
                "the split has no tokens", where=str(tokens), remedy="give more stories to this split"
            )

    def __len__(self) -> int:
        return len(self.tokens)

    def draw(self, random: np.random.Generator, count: int) -> np.ndarray:
        """`count` rows: the first half begin with a random story, the others at a random token."""
        whole = count // 2
        stories = random.integers(0, len(self.starts) - 1, whole)
        begins = np.concatenate([self.starts[stories], random.integers(0, len(self.tokens), count - whole)])
        return np.stack([self.row(int(begin)) for begin in begins])

    def row(self, begin: int) -> np.ndarray:
        """The row that begins with the token at `begin`; past the last story comes the first."""
        row = np.full(self.length, self.bos, np.int64)
        story = int(np.searchsorted(self.starts, begin, side="right")) - 1
        filled = 1
        while filled < self.length:
            stop = min(int(self.starts[story + 1]), begin + self.length - filled)
            row[filled : filled + stop - begin] = self.tokens[begin:stop]
            filled += stop - begin + 1  # the BOS between stories is there already
            story = (story + 1) % (len(self.starts) - 1)
            begin = int(self.starts[story])
        return row


def _train(
    model: Any, rows: Rows, watched: np.ndarray, settings: LlamaTraining, seed: int
) -> list[dict[str, float | int]]:
    steps = settings.steps
    matrices = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}],
        lr=settings.learning_rate,
        betas=(0.9, 0.95),
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate_at(step, steps))
    random = generator(seed, "llama", "batches")
    every = max(1, steps // POINTS)
    table: list[dict[str, float | int]] = []
    total, since = 0.0, 0
    for step in progress(range(1, steps + 1), "training the small Llama", unit="steps"):
        loss = row_loss(model, rows.draw(random, settings.batch_size))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        schedule.step()
        total, since = total + float(loss.detach()), since + 1
        if not math.isfinite(total):
            raise UserError(
                f"the loss is NaN or infinite after {step} steps",
                where="predictors.causal_lms: train: learning_rate",
                remedy="set a smaller learning rate",
            )
        if step % every == 0 or step == steps:
            model.eval()
            with torch.inference_mode():
                validation = float(row_loss(model, watched))
            model.train()
            table.append({"step": step, "loss": total / since, "validation_loss": validation})
            say(f"step {step:,}: loss {total / since:.3f}, validation loss {validation:.3f}")
            total, since = 0.0, 0
    return table


def row_loss(model: Any, rows: np.ndarray) -> torch.Tensor:
    """Mean negative log-likelihood of each token of the rows after those before it, nats."""
    ids = torch.from_numpy(rows).to(model.device)
    logits = model(input_ids=ids[:, :-1]).logits
    return functional.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten())


def rate_at(step: int, steps: int) -> float:
    """Share of the learning rate at a step (from 0): linear warmup, then a cosine down to `FLOOR`."""
    warmup = max(1, round(WARMUP * steps))
    if step < warmup:
        return (step + 1) / warmup
    done = min(1.0, (step - warmup) / max(1, steps - warmup))
    return FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * done))
