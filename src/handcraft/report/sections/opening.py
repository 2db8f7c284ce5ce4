"""The first screen: one sentence as the model sees it, the answer in a sentence, and the picture of all groups."""

import html
import re
from pathlib import Path
from typing import Any

from handcraft.analysis.opening import read_opening
from handcraft.report.context import Context
from handcraft.report.escape import Markdown, escape, join
from handcraft.report.results import Results
from handcraft.report.sections.linearity import final, has_truth
from handcraft.report.values import Values


def spoken(results: Results, values: Values, figures: Path) -> dict[str, Any] | None:
    """What the first picture shows, in words; None where it was not drawn or has nothing to show."""
    metadata = results.metadata
    folder = results.root / "linear" / metadata.tiles_group
    validation = results.root / "contexts" / metadata.tiles_group / "validation.safetensors"
    if not (figures / "opening.svg").is_file():
        return None
    found = read_opening(
        folder / "weights.safetensors",
        results.root / "tokenizer" / "tokenizer.json",
        sentence=metadata.sentence,
        validation=validation if metadata.excerpts and validation.is_file() else None,
    )
    if found is None:
        return None
    word, last = found.candidates[found.chosen].strip(), found.pieces[-1].strip() or found.pieces[-1]
    tiles = [
        f"{w.strip()} {values.put(f'opening.{w.strip()}.push', float(x), 'logit')}"
        for w, x in zip(found.candidates, found.pushes[-1], strict=True)
    ]
    return {
        "text": "".join(found.pieces).strip(),
        "word": word,
        "last": last,
        "own": found.answer is None,
        "right": found.answer == found.chosen,
        "answer": found.candidates[found.answer].strip() if found.answer is not None else None,
        "probability": values.put(
            "opening.probability", float(found.probability[found.chosen]), "share", digits=0
        ),
        "tiles": join(list(map(Markdown, tiles))),
    }


def answer_sentence(results: Results, values: Values) -> Markdown:
    """The answer for all groups in plain words: the range of linear shares, and which groups are (not) linear."""
    sorted_: dict[str, list[str]] = {"linear": [], "not linear": [], "undecided": []}
    shares = []
    for g in results.metadata.groups:
        answer = results.linearity[g.name]
        if not answer:
            continue
        sorted_[final(answer)].append(g.title)
        if share := answer["truth"] if answer["truth_verdict"] else answer["same"]:
            shares.append(share["value"])
    parts = []
    if shares:
        low = values.put("opening.share.least", min(shares), "share", digits=0)
        high = values.put("opening.share.most", max(shares), "share", digits=0)
        reach = f"{low.removesuffix('%')} to {high}" if low != high else low
        best = (
            "the rules behind the stories gain"
            if has_truth(results)
            else "the best model of the same tokens gains"
        )
        parts.append(
            f"A sum of votes, one from each token in its place, earns {reach} of what {best} over mere word "
            f"frequencies; a group counts as linear if that is at least {values('linearity.least')}, with its whole "
            "interval."
        )
    said = {
        "linear": "The choice among {} is **linear**.",
        "not linear": "The choice among {} is **not linear**: tokens there mean more together.",
        "undecided": "By these stories it is **undecided** for {}.",
    }
    parts += [said[k].replace("{}", join(titles)) for k, titles in sorted_.items() if titles]
    return Markdown(" ".join(parts))


def answer_plain(results: Results, values: Values) -> str:
    """The answer as plain text, for the preview of a link."""
    return html.unescape(re.sub(r"\*\*", "", answer_sentence(results, values))) or results.metadata.title


def spoken_overview(results: Results) -> Markdown:
    """Alt text of the second picture: every group's verdict."""
    answers = [(g.title, results.linearity[g.name]) for g in results.metadata.groups]
    return join([Markdown(f"{escape(title)}: {final(a)}") for title, a in answers if a])


def names(context: Context) -> dict[str, Any]:
    """What the sources of this section see."""
    results, values = context.results, context.values
    return {
        "opening": spoken(results, values, context.figures),
        "answer_sentence": lambda: answer_sentence(results, values),
        "answer_plain": lambda: answer_plain(results, values),
        "spoken_overview": lambda: spoken_overview(results),
    }
