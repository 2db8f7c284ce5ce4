"""What the page needs in order to cut and merge text exactly as the tokenizer does."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from handcraft.errors import UserError
from handcraft.files import read_json
from handcraft.pages import packed
from handcraft.tokenizer.tokens import Vocabulary

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PLANES = 0x40000
"""Code points above have no letter and no number: four planes of sixteen that are in use for characters."""


def tokenizer_data(path: Path) -> dict[str, Any]:
    """The tokenizer as the page needs it: how tokens are written and shown, the merges as ids, what letters are.

    `letters` and `numbers`: `packed` first and last code points of the ranges that the library's cut takes for such.
    `UserError` where it does more than byte-level BPE with GPT-2's cut, which is all that the page can do.
    """
    content = read_json(path)
    cut, model = content.get("pre_tokenizer") or {}, content["model"]
    plain = content.get("normalizer") is None and cut.get("type") == "ByteLevel" and cut.get("use_regex")
    odd = [
        model.get(k) for k in ("dropout", "continuing_subword_prefix", "end_of_word_suffix", "ignore_merges")
    ]
    if not plain or cut.get("add_prefix_space") or model["type"] != "BPE" or any(odd):
        raise UserError(
            "the explorer's page knows byte-level BPE with GPT-2's cut and without a normalizer only",
            where=str(path),
            remedy="use the tokenizer that train_tokenizer makes",
        )
    ids = model["vocab"]
    pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
    vocabulary = Vocabulary.read(path)
    letters, numbers = character_classes(vocabulary.encoder)
    written = sorted(ids, key=lambda token: int(ids[token]))
    return {
        "written": [text if piece else "" for text, piece in zip(written, vocabulary.pieces, strict=True)],
        "shown": [vocabulary.show(i) for i in range(len(vocabulary))],
        "letters": packed(letters),
        "numbers": packed(numbers),
        "merges": packed(np.array([[ids[a], ids[b], ids[a + b]] for a, b in pairs])),
    }


def character_classes(encoder: "Tokenizer") -> tuple[np.ndarray, np.ndarray]:
    """Letters and numbers as the library's cut knows them: first and last code points of ranges, int64 [ranges, 2].

    A browser has a Unicode version of its own, in which thousands of newer characters are letters that are none
    here. So the library is asked: of all characters in a row, each run of letters is one piece of its cut.
    """
    points = np.array([c for c in range(PLANES) if not 0xD800 <= c <= 0xDFFF])
    cut = encoder.pre_tokenizer.pre_tokenize_str
    found: dict[str, list[tuple[int, int]]] = {"letter": [], "number": []}
    for _, (start, end) in cut("".join(map(chr, points.tolist()))):
        # Between a letter and a number: it clings to its own kind. The last one, since a space can stand first.
        pieces = [span for _, span in cut(f"a{chr(points[end - 1])}1")]
        kind = "letter" if (0, 2) in pieces else "number" if (1, 3) in pieces else None
        if kind:
            # A run may go over the surrogates, which are not characters.
            found[kind].append((int(points[start]), int(points[end - 1])))
    return np.array(found["letter"]), np.array(found["number"])
