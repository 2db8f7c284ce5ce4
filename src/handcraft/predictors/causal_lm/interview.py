"""All that one causal language model is asked about one group.

Beside the main question (16 tokens of text, the candidates after them) three further ones: the validation contexts, on
which its calibration is fitted, whether the word ends after the candidate, and the whole story so far in place of 16
tokens.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from handcraft.config.predictors import CausalLM
from handcraft.contexts.read import Contexts, read_contexts
from handcraft.errors import UserError
from handcraft.logging import say
from handcraft.predictors.causal_lm.check import CHECKED, Check, DisagreementError
from handcraft.predictors.causal_lm.head import model_length
from handcraft.predictors.causal_lm.load import LanguageModel
from handcraft.predictors.causal_lm.score import Scorer
from handcraft.predictors.causal_lm.shards import SHARD, model_fingerprint, score_in_shards, shard_key
from handcraft.predictors.causal_lm.text import (
    Question,
    build_questions,
    clip_questions,
    context_texts,
    count_changed,
    story_texts,
)
from handcraft.predictors.causal_lm.words import continuing_tokens
from handcraft.seeds import generator
from handcraft.tokenizer.encode import TokenFiles, open_tokens
from handcraft.tokenizer.tokens import Vocabulary

CHANGED = 0.05  # of the contexts; more that do not survive the model's tokenizer, and it is refused


@dataclass(frozen=True)
class Given:
    """What a model is asked about: test contexts, our tokenizer, and what the further questions need.

    Without `validation` the main question is asked alone, without `stories` (the test split's) no whole story.
    `match` is the group's, `seed` that of the samples. `retrieved` is what `retrieve_causal_lm` wrote of a
    given model.
    """

    test: Path
    tokenizer: Path
    validation: Path | None = None
    stories: TokenFiles | None = None
    retrieved: Path | None = None
    match: str = "word"
    seed: int = 0


@dataclass(frozen=True)
class Work:
    """Where the scores of an unfinished job are kept, and a hash of the code that makes them."""

    folder: Path
    code: str


@dataclass
class Answers:
    """Scores by question, with the rows of the contexts that they answer, and what was counted on the way."""

    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    checks: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By question how its rows were laid (`rows.Way`), how many were `checked`, the largest `difference` (nats)."""

    def add(self, question: str, rows: np.ndarray, scores: np.ndarray, counts: dict[str, int]) -> None:
        self.arrays |= {question: scores, f"{question}_rows": rows.astype(np.int32)}
        self.counts[question] = counts


class Interview:
    """All questions to one loaded model about one group."""

    def __init__(
        self,
        lm: LanguageModel,
        settings: CausalLM,
        given: Given,
        asked: Contexts,
        name: str,
        threads: int,
        work: Work,
    ) -> None:
        self.lm, self.settings, self.given, self.asked, self.name = lm, settings, given, asked, name
        self.work = work.folder
        self.metadata = {
            "model": model_fingerprint(str(settings.model), settings.revision),
            "settings": [settings.dtype, settings.batch_tokens, lm.model.device.type],
            "code": work.code,
            "packages": [version("torch"), version("transformers")],
        }
        self.seed = given.seed
        self.checks: dict[str, dict[str, Any]] = {}
        layer = lm.model.get_output_embeddings()
        config = lm.model.config.get_text_config()
        vocabulary = int(config.vocab_size if layer is None else layer.weight.shape[0])
        ends = given.validation is not None and settings.end_of_word and given.match == "word"
        self.continues = continuing_tokens(lm, vocabulary) if ends else None
        self.scorer = Scorer(
            lm.model, batch_tokens=settings.batch_tokens, workers=threads, continues=self.continues
        )

    def ask_all(self) -> Answers:
        """The main question and, as far as their inputs are given, the three further ones."""
        settings, given, asked = self.settings, self.given, self.asked
        found = Answers(checks=self.checks)
        seed = given.seed
        pieces = Vocabulary.read(given.tokenizer).pieces
        rows = _sample(len(asked), settings.contexts, seed, "test")
        texts, cut = context_texts(asked.tokens[rows], pieces)
        say(f"{len(texts):,} contexts, {cut:,} start inside a character, the rest of which is dropped")
        questions, counts = self.questions(texts, cut)
        found.add("test", rows, self.score("test", questions), counts)
        if given.validation is None:
            return found
        held_out = read_contexts(given.validation)
        chosen = _sample(len(held_out), settings.extra_contexts, seed, "validation")
        own, counts = self.questions(*context_texts(held_out.tokens[chosen], pieces))
        found.add("validation", chosen, self.score("validation", own), counts)
        if self.continues is not None:
            ends = self.score("validation_end_of_word", own, word_ends=True)
            scores = found.arrays["validation"] + ends
            found.add("validation_end_of_word", chosen, scores, {"contexts": len(chosen)})
        part = _sample(len(rows), settings.extra_contexts, seed, "extra")
        if self.continues is not None:
            some = [questions[i] for i in part]
            ends = self.score("end_of_word", some, word_ends=True)
            found.add("end_of_word", rows[part], found.arrays["test"][part] + ends, {"contexts": len(part)})
        if settings.long_context and given.stories is not None:
            stories = open_tokens(*given.stories)
            where = (asked.story[rows[part]], asked.offset[rows[part]])
            own, counts = self.questions(*story_texts(*stories, *where, settings.long_context, pieces))
            beginning = self.lm.read_prefix(settings.prefix).beginning
            own, clipped = clip_questions(own, len(beginning), model_length(self.lm.model))
            say(f"whole story so far: {clipped:,} of {len(own):,} are cut to what the model takes")
            scores = self.score("long_context", own)
            found.add("long_context", rows[part], scores, counts | {"clipped": clipped})
        return found

    def questions(self, texts: list[str], cut: int) -> tuple[list[Question], dict[str, int]]:
        """The texts in the model's tokens, and counts of what is not as it should be."""
        found, counts = ask_texts(
            self.lm, texts, self.asked.candidates, prefix=self.settings.prefix, name=self.name
        )
        return found, counts | {"cut": cut}

    def score(self, question: str, questions: list[Question], word_ends: bool = False) -> np.ndarray:
        """Scores of the questions, in shards that outlive a killed job: float64 [n, K].

        A random sample of them is asked again plainly, one by one. Where the answers differ, these questions and all
        that follow are asked one by one.
        """
        start, what = time.monotonic(), f"{self.name}, {question.replace('_', ' ')}"
        self.scorer.prepare(questions)
        sample = _sample(len(questions), CHECKED, self.seed, f"check {question}")
        check = Check(self.scorer, questions, sample, word_ends)
        try:
            scores, difference = self._score(question, questions, word_ends, check)
        except DisagreementError as error:
            say(
                f"{what}: {error} in a sample of {len(sample)}: all is asked one by one, which takes long",
                on_terminal=True,
            )
            self.scorer.plain = True
            self.scorer.prepare(questions)
            scores, difference = self._score(question, questions, word_ends, check)
        way = str(self.scorer.way)
        self.checks[question] = {"rows": way, "checked": len(sample), "difference": difference}
        say(f"{what}: {len(sample)} questions asked again one by one differ by at most {difference:.2g} nats")
        seconds = max(time.monotonic() - start, 1e-9)
        say(
            f"{what}: {len(questions):,} contexts in {seconds:.1f} s, {len(questions) / seconds:,.0f} a second"
        )
        return scores

    def _score(
        self, question: str, questions: list[Question], word_ends: bool, check: Check
    ) -> tuple[np.ndarray, float]:
        """Scores, and the largest difference to the plain ones. Raises `DisagreementError`, early where it can."""
        what = f"{self.name}, {question.replace('_', ' ')}"
        key = shard_key(self.metadata | {"word_ends": word_ends, "rows": str(self.scorer.way)}, questions)

        def ask(some: Sequence[Question], first: int) -> np.ndarray:
            found = self.scorer(some, word_ends=word_ends, description=what)
            check.compare(found, first)
            return found

        scores = score_in_shards(
            questions,
            ask,
            self.work / f"{question}-{key}",
            description=what,
            # A GPU's batches are large, and rows of one length go together.
            size=max(SHARD, self.settings.batch_tokens // 16),
        )
        return scores, check.compare(scores)


def ask_texts(
    lm: LanguageModel, texts: list[str], candidates: tuple[str, ...], *, prefix: str, name: str
) -> tuple[list[Question], dict[str, int]]:
    """The questions that texts put to a model, and how many texts its tokenizer changes or joins with a candidate.

    Names of special tokens in `prefix` mean these tokens; in a text they are text. Raises `UserError` where the
    tokenizer changes too many texts: the model would be asked about others.
    """
    changed = count_changed(texts, lm.encode, lm.decode)
    if changed > CHANGED * len(texts):
        raise UserError(
            f"the tokenizer of {name} changes {changed:,} of {len(texts):,} contexts (lower case, other characters?): "
            "the model would be asked about other texts",
            where="predictors.causal_lms",
            remedy="use a model whose tokenizer keeps the text",
        )
    say(f"{changed:,} contexts are changed by the model's tokenizer")
    before = lm.read_prefix(prefix)
    questions = list(build_questions(texts, candidates, before.encode, before.beginning, before.rest))
    spans = sum(q.spans for q in questions)
    say(f"in {spans:,} contexts a token spans context and candidate")
    return questions, {"contexts": len(texts), "changed": changed, "spans": spans}


def _sample(n: int, most: int | None, seed: int, use: str) -> np.ndarray:
    """Rows 0..n-1, or a seeded sample of them in order."""
    if most is None or most >= n:
        return np.arange(n)
    return np.sort(generator(seed, "causal_lm", use, str(n)).choice(n, most, replace=False))
