"""The labelling page of a group: one HTML file that works from disk, without network.

The template (`template/`: HTML, CSS, JavaScript) is filled with one inert block of JSON. The page's own policy
(Content-Security-Policy) lets nothing run and nothing load but the style and the script whose hashes it states.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.corpus import Corpus
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.contexts.sample import SAMPLES, Sample, read_samples
from handcraft.errors import UserError
from handcraft.evaluation.intervals import wilson
from handcraft.files import read_csv, write_text
from handcraft.math import class_rates
from handcraft.pages import fill_template, inert_json, policy_hash, read_parts
from handcraft.people.labels import COLUMNS, DIGITS
from handcraft.seeds import generator
from handcraft.tokenizer.tokens import Vocabulary

TEMPLATE = Path(__file__).parent / "template"
SCRIPTS = ("session.js", "page.js")
PRACTICE = 3


def page_files() -> list[Path]:
    """The files that the page is made of."""
    return [TEMPLATE / name for name in ("page.html", "page.css", *SCRIPTS)]


@dataclass(frozen=True)
class Inputs:
    """What a page is made of: test contexts, training contexts for practice, the samples, the tokenizer, and the
    predictors' right answers on the samples (`sample.csv`)."""

    test: Path
    train: Path
    sample: Path
    tokenizer: Path
    scores: Path


@dataclass(frozen=True)
class About:
    """The group's name and title, and where a volunteer sends the file (empty where the config does not say)."""

    group: str
    title: str
    send_to: str = ""


def build_labelling_page(
    inputs: Inputs,
    about: About,
    *,
    corpus: Corpus,
    confidence: float,
    seed: int,
    output: Path,
) -> None:
    """Write the page that asks people the items of both samples, and compares them with the predictors at the end.

    Three practice items are drawn from the training contexts. Of `corpus` the name (in paths) and the title are used.
    The answers are in the page, for the score at its end (who reads its source can find them); which items were right
    is shown only when both samples are done.
    """
    asked, training = read_contexts(inputs.test), read_contexts(inputs.train)
    samples = read_samples(inputs.sample, len(asked))
    vocabulary = Vocabulary.read(inputs.tokenizer)
    usual = int(class_rates(training.labels, len(asked.candidates)).argmax())
    table = read_csv(inputs.scores)
    data = {
        "group": about.group,
        "send_to": about.send_to,
        "corpus": corpus.name,
        "candidates": list(asked.candidates),
        "columns": list(COLUMNS),
        "confidence": confidence,
        "usual": usual,
        "practice": [
            {"text": _text(vocabulary, training, row), "answer": int(training.labels[row])}
            for row in _practice(training, generator(seed, "practice", about.group))
        ],
        "sets": {
            name: {
                **_items(samples[name], asked, vocabulary, confidence),
                "usual": int((asked.labels[samples[name].contexts] == usual).sum()),
                "scores": _scores(table, name, len(samples[name]), inputs.scores),
            }
            for name in SAMPLES
        },
    }
    write_text(output, _page(data, about.title, corpus.title))


def _items(sample: Sample, asked: Contexts, vocabulary: Vocabulary, confidence: float) -> dict[str, Any]:
    n = len(sample)
    return {
        "checksum": sample.checksum[:DIGITS],
        "items": [{"context": int(row), "text": _text(vocabulary, asked, row)} for row in sample.contexts],
        "key": asked.labels[sample.contexts].tolist(),
        # Of every number of right answers, so that the page computes no statistics of its own.
        "intervals": [wilson(k, n, confidence) for k in range(n + 1)],
    }


def _scores(table: list[dict[str, Any]], name: str, n: int, path: Path) -> list[dict[str, Any]]:
    try:
        rows = [r for r in table if r["sample"] == name]
        if any(r["n"] != n for r in rows):
            raise ValueError(f"scores of another sample than these {n} items")
        return [
            {"title": str(r["title"]), "correct": r["correct"], "low": r["low"], "high": r["high"]}
            for r in rows
        ]
    except (KeyError, ValueError) as error:
        what = f"this is not the table of scores of this sample ({type(error).__name__}: {error})"
        raise UserError(what, where=str(path), remedy="delete it and run snakemake again") from error


def _practice(training: Contexts, random: np.random.Generator) -> list[int]:
    """Rows of training contexts, each from another story, of as many different candidates as possible."""
    order = random.permutation(len(training))
    chosen: list[int] = []
    for fresh in (True, False):  # first one of each candidate, then any
        for row in order.tolist():
            if len(chosen) == PRACTICE:
                break
            stories, labels = training.story[chosen], training.labels[chosen]
            if training.story[row] not in stories and (not fresh or training.labels[row] not in labels):
                chosen.append(row)
    return chosen


def _text(vocabulary: Vocabulary, contexts: Contexts, row: int) -> str:
    """A context as people see it: line ends stay, what controls or turns round the text around it does not."""
    text = vocabulary.decode(contexts.tokens[row])
    return "".join(c if c in "\n\t" or unicodedata.category(c)[0] != "C" else "\ufffd" for c in text)


def _page(data: Mapping[str, Any], title: str, corpus: str) -> str:
    from markupsafe import Markup

    style, script = read_parts(TEMPLATE, ["page.css"]), read_parts(TEMPLATE, SCRIPTS)
    return fill_template(
        TEMPLATE / "page.html",
        {
            "title": title,
            "corpus": corpus,
            "style": Markup(style),
            "style_hash": policy_hash(style),
            "script": Markup(script),
            "script_hash": policy_hash(script),
            "data": Markup(inert_json(data)),
        },
    )
