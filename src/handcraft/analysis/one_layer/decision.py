"""One prediction of the one-layer model opened from its inputs to the word: a sum that can be checked line by line."""

from pathlib import Path
from typing import Any

import numpy as np

from handcraft.analysis.one_layer.opened import Opened
from handcraft.files import write_json
from handcraft.math import log_softmax
from handcraft.predictors.one_layer.read import OneLayerReader
from handcraft.tokenizer.encode import TokenFiles
from handcraft.tokenizer.tokens import Vocabulary, without_last_space
from handcraft.tokenizer.windows import Windows

LOOKED = 2048
"""Windows among which a telling one is looked for."""
NEURONS = 6
"""Neurons that are named; the others are one part."""
SURE, TOO_SURE = 0.4, 0.9
"""Probabilities of its word between which a window may be shown: it is a decision, and one that has a rival."""


def open_decision(
    model: Path, tokenizer: Path, *, sentence: str, validation: TokenFiles | None, output: Path
) -> None:
    """Write why the model puts its first word above its second, as JSON; `null` where there is nothing to open.

    The context is the last tokens of `sentence`; where that is empty, a window of `validation` that the model gets
    right, and in which its reads of earlier tokens do most (`telling_window`). `tokens`; `output` and `rival`, the two
    likeliest tokens, with `probability` and `rival_probability`; `came`, the token that came, null for a sentence; and
    the parts of the difference of their logits (nats): `bias`, `direct` (the last token itself), `reads` (all heads, by
    token), `neurons` (the largest, with `neuron`, `value` and the tokens that it `writes`), `others` (all other
    neurons), and `total`, which is the logarithm of the ratio of the two probabilities.
    """
    opened, vocabulary = Opened(OneLayerReader.read(model)), Vocabulary.read(tokenizer)
    came = None
    if text := without_last_space(sentence):
        tokens = np.array(vocabulary.encode(text)[-opened.shape.length :], np.int64)
    elif validation is not None:
        windows = Windows(validation, opened.shape.length)
        row = telling_window(opened, windows)
        if row is None:
            write_json(output, None)
            return
        *context, came = row.tolist()
        tokens = np.array(context, np.int64)
    else:
        write_json(output, None)
        return
    write_json(output, decide(opened, vocabulary, tokens, came))


def telling_window(opened: Opened, windows: Windows) -> np.ndarray | None:
    """The tokens of a window and the one that came: one that is right and in which earlier tokens do most, or else the
    one whose token is likeliest; None where there is no window."""
    rows = windows.rows(np.arange(min(LOOKED, len(windows))))
    if not len(rows):
        return None
    pieces = opened.pieces(rows[:, :-1])
    whole = opened.answer(opened.attended(pieces))
    alone = opened.answer(pieces.start + opened.add(pieces.taken[:, :, -1]))
    n, came = np.arange(len(rows)), rows[:, -1]
    own = np.exp(whole[n, came])
    fit = (whole.argmax(1) == came) & (own >= SURE) & (own <= TOO_SURE)
    if not fit.any():
        return np.asarray(rows[whole[n, came].argmax()])
    return np.asarray(rows[np.where(fit, (whole - alone)[n, came], -np.inf).argmax()])


def decide(opened: Opened, vocabulary: Vocabulary, tokens: np.ndarray, came: int | None) -> dict[str, Any]:
    """What `open_decision` writes of the context `tokens` [t]."""
    log_p = log_softmax(opened.reader.logits(tokens[None]))[0]
    first, second = (int(t) for t in np.argsort(-log_p, kind="stable")[:2])
    parts = opened.decompose(tokens[None], np.array([first, second]))
    neurons = parts.neurons[0, :, 0] - parts.neurons[0, :, 1]
    largest = np.argsort(-np.abs(neurons), kind="stable")[:NEURONS]
    largest = largest[neurons[largest] != 0]
    reads = (parts.reads[0, :, :, 0] - parts.reads[0, :, :, 1]).sum(0)
    return {
        "tokens": [vocabulary.show(int(t)) for t in tokens],
        "output": vocabulary.show(first),
        "rival": vocabulary.show(second),
        "came": None if came is None else vocabulary.show(came),
        "probability": float(np.exp(log_p[first])),
        "rival_probability": float(np.exp(log_p[second])),
        "bias": float(parts.bias[0] - parts.bias[1]),
        "direct": float(parts.direct[0, 0] - parts.direct[0, 1]),
        "reads": [float(x) for x in reads],
        "neurons": [
            {"neuron": int(j) + 1, "value": float(neurons[j]), "writes": _writes(opened, vocabulary, int(j))}
            for j in largest
        ],
        "others": float(neurons.sum() - neurons[largest].sum()),
        "total": float(log_p[first] - log_p[second]),
    }


def _writes(opened: Opened, vocabulary: Vocabulary, neuron: int) -> list[str]:
    """The two tokens that a neuron makes likelier than the mean token most; bytes that are no text never come."""
    pushed = opened.tensors["down"][neuron] @ opened.tensors["unembed"]
    order = [int(t) for t in np.argsort(-pushed, kind="stable")]
    return [vocabulary.show(t) for t in order if vocabulary.is_text[t]][:2]
