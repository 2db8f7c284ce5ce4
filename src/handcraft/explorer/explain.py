"""What a group's linear model makes of a text: every token's push on every word, as numbers and for the terminal."""

import difflib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from handcraft.analysis.opening import read_end
from handcraft.errors import UserError
from handcraft.files import read_metadata, read_tensors
from handcraft.math import centred, normalise
from handcraft.tokenizer.tokens import Vocabulary, show_token, without_last_space


@dataclass(frozen=True)
class Explanation:
    """The last tokens of a text under a linear model, oldest first.

    `positions`, `pieces` (as people see them), `support` (training contexts that have the token there) [tokens];
    `push` float64 [tokens, K]: centred weights, nats; `bias` [K], centred; `logits` [K], as the model has them;
    `length`: tokens that the model reads, `given`: tokens of the text; `trimmed`: whether white space at its
    end was left out.
    """

    candidates: tuple[str, ...]
    positions: np.ndarray
    pieces: list[str]
    support: np.ndarray
    push: np.ndarray
    bias: np.ndarray
    logits: np.ndarray
    training_contexts: int
    length: int
    given: int
    trimmed: bool = False

    @property
    def probabilities(self) -> np.ndarray:
        """Of the candidates, [K]."""
        return np.asarray(np.exp(normalise(self.logits[None])[0]))


def group_artifacts(build: Path, group: str) -> tuple[Path, Path, Path]:
    """Weights, support and tokenizer of a group of the build in the directory `build`.

    `UserError` where there is no build or no such group, with the nearest name.
    """
    folder = build / "results" / "linear"
    known = sorted(p.parent.name for p in folder.glob("*/weights.safetensors"))
    if not known:
        raise UserError(
            "no linear model was built here",
            where=str(folder),
            remedy="run snakemake, or say --build DIR with the directory that has results/",
        )
    if group not in known:
        near = difflib.get_close_matches(group, known, 1)
        raise UserError(
            f"there is no group {group!r}" + (f"; did you mean {near[0]!r}?" if near else ""),
            where=str(folder),
            remedy=f"the groups of this build: {', '.join(known)}",
        )
    files = (folder / group / "weights.safetensors", folder / group / "support.safetensors")
    return (*files, build / "results" / "tokenizer" / "tokenizer.json")


def explain_text(weights: Path, support: Path, tokenizer: Path, text: str) -> Explanation:
    """The text's last tokens under the model, without white space at its end (`without_last_space`). Of a shorter text
    the places before it add nothing."""
    tensors, metadata = read_tensors(weights), read_metadata(weights)
    weight, bias = tensors["weight"], tensors["bias"].astype(np.float64)
    vocabulary = Vocabulary.read(tokenizer)
    ids = vocabulary.encode(without_last_space(text))
    positions, used, logits = read_end(weight, bias, ids)
    return Explanation(
        candidates=tuple(metadata["candidates"]),
        positions=positions,
        pieces=[vocabulary.show(i) for i in used.tolist()],
        support=read_tensors(support)["support"][positions, used],
        push=centred(weight[positions, used]),
        bias=centred(bias),
        logits=logits,
        training_contexts=int(read_metadata(support)["contexts"]),
        length=weight.shape[0],
        given=len(ids),
        trimmed=without_last_space(text) != text,
    )


def format_explanation(found: Explanation) -> str:
    """The same as a table of text: a line a token, with how often it was seen there, then the sum and the answer."""
    words = [show_token(word.strip().encode()) or word for word in found.candidates]
    header = ["position", "token", "seen", *words]
    rows = [
        [f"−{found.length - position}", piece, f"{seen:,}", *map(_push, push)]
        for position, piece, seen, push in zip(
            found.positions.tolist(), found.pieces, found.support.tolist(), found.push, strict=True
        )
    ]
    scores = found.bias + found.push.sum(0)
    ends = [
        ["", "always", f"{found.training_contexts:,}", *map(_push, found.bias)],
        ["", "score", "", *map(_signed, scores)],
        ["", "share", "", *(f"{x:.1%}" for x in found.probabilities)],
    ]
    widths = [max(len(row[i]) for row in [header, *rows, *ends]) for i in range(len(header))]
    rule = "  ".join("-" * width for width in widths)
    lines = [
        _line(header, widths),
        rule,
        *(_line(r, widths) for r in rows),
        rule,
        *(_line(r, widths) for r in ends),
    ]
    best = int(found.probabilities.argmax())
    lines += ["", f"The model says “{words[best]}”, {found.probabilities[best]:.1%}."]
    if found.given > found.length:
        lines.append(f"Only the last {found.length} of {found.given:,} tokens count.")
    elif found.given < found.length:
        lines.append(
            f"The model was trained on {found.length} tokens before the gap; the places before these {found.given} "
            "add nothing, and the shares are less sure."
        )
    if found.trimmed:
        lines.append("The space at the end was left out: it belongs to the token of the next word.")
    lines.append(
        "Pushes are centred weights in nats; seen: training contexts with the token there; a dot: no weight."
    )
    return "\n".join(lines)


def _push(value: float) -> str:
    return "·" if value == 0 else _signed(value)


def _signed(value: float) -> str:
    text = f"{value:+.2f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def _line(cells: list[str], widths: list[int]) -> str:
    padded = (
        c.ljust(w) if i == 1 else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join(padded).rstrip()
