"""The config: one typed model. Unknown keys are refused with the nearest valid name.

`config/schema.json` and `docs/configuration.md` are generated from here (`make schema`).
"""

import re
import unicodedata
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from handcraft.config.base import Fraction, Match, Name, Strict, without_nulls
from handcraft.config.corpus import Corpus
from handcraft.config.predictors import Predictors
from handcraft.errors import nearest
from handcraft.registry import NETWORKS


def _from_list(group: Any) -> Any:
    """Accept a list, `name: [" a", " b"]`, as a group."""
    return {"candidates": group} if isinstance(group, list) else group


class Tokenizer(Strict):
    """Byte-level BPE, trained on the training split."""

    vocabulary: int = Field(1024, ge=258, le=65536)
    """Number of tokens, including 256 bytes, `<|endoftext|>` and the merges."""


class Contexts(Strict):
    length: int = Field(16, ge=1, le=256)
    """Number of tokens before each occurrence that the models see."""
    match: Match = "word"
    """What counts as an occurrence: `word` (the candidate's token, not followed by a token that continues
    the word) or `token` (every occurrence of the token)."""
    compare_match: list[Name] | Literal["all", "none"] = "all"
    """Groups that are also built with the other value of `match`, for the table that compares the two: a list of group
    names, `all` or `none`."""
    max_train: int | None = Field(None, ge=1)
    """Maximum number of training contexts per group (a seeded sample); null uses all."""
    max_test: int | None = Field(None, ge=100)
    """Maximum number of validation contexts, and of test contexts, per group; all predictors answer the same ones."""
    sample: int = Field(50, ge=1)
    """Number of contexts in each of the two fixed random samples that people answer, each from a different story."""


class Group(Strict):
    candidates: list[str] = Field(min_length=2, max_length=255)
    """The words, with their leading space."""
    title: str | None = None
    """Title of the group in the report; its name by default."""
    match: Match | None = None
    """Overrides `contexts.match`."""
    sampling: Literal["natural", "balanced"] = "natural"
    """Train on contexts as they occur, or resampled so that all candidates are equally frequent."""

    @field_validator("candidates")
    @classmethod
    def _distinct(cls, words: list[str]) -> list[str]:
        if any(not w for w in words):
            raise ValueError("a candidate is empty")
        if twice := sorted({w for w in words if words.count(w) > 1}):
            raise ValueError(f"listed twice: {', '.join(map(repr, twice))}")
        return words


class Evaluation(Strict):
    bootstrap: int = Field(1000, ge=100)
    """Number of bootstrap resamples (of stories) for every interval."""
    confidence: Fraction = 0.95
    """Coverage of the intervals."""
    margin: float = Field(0.05, gt=0, lt=1)
    """A group is linear where a linear model reaches at least 1 minus this share of what the best predictor gains over
    the words' shares, with its whole interval; it is not linear where the whole interval lies below."""


class LearningCurve(Strict):
    """Training on fewer stories, for the curve of the loss over them. `learning_curve: null` leaves it out."""

    fractions: Annotated[list[Annotated[float, Field(gt=0, lt=1)]], Field(min_length=1)] = [
        0.0625,
        0.125,
        0.25,
        0.5,
    ]
    """Shares of the training stories to train on, besides all of them."""


class Pairs(Strict):
    """The search for pairs of tokens that say together what neither says alone. `pairs: null` leaves it out."""

    count: int = Field(60, ge=1)
    """Largest number of pairs to find."""
    folds: int = Field(5, ge=2)
    """Parts of the training stories for which the linear model is fitted again without them, as in `nonlinear`."""
    support: int = Field(20, ge=2)
    """Training contexts that a pair must have, at least."""
    false_discoveries: float = Field(0.1, gt=0, lt=1)
    """Share of the pairs confirmed on validation contexts that may be false, in expectation (Benjamini, Hochberg)."""


class Proposals(Strict):
    """The search for rules: the next best one, again and again. `proposals: null` leaves it out."""

    count: int = Field(300, ge=1)
    """Largest number of rules to propose."""
    p: float = Field(0.1, gt=0, lt=1)
    """A rule is kept if the validation contexts show its effect with at most this one-sided p, by story."""
    contexts: int = Field(200_000, ge=1000)
    """Largest number of training contexts that are searched (whole stories, a seeded sample)."""


class Figures(Strict):
    training_group: Name
    """The group of the training figure."""
    tiles: list[str] = [",", " was"]
    """The tiles show the weights of these tokens at the last position."""
    tiles_group: Name
    """The group for the tiles and the other figures of single weights."""
    tokens: int = Field(4, ge=0)
    """Number of tokens that the strips show in addition to `tiles`: those with the largest mean absolute contribution
    on validation contexts."""
    sentence: str = ""
    """The beginning of a sentence, in words of your own, that the report's first picture continues with a word of
    `tiles_group`. Empty: a validation context, if `report.excerpts` allows it."""

    @field_validator("sentence")
    @classmethod
    def _stripped(cls, sentence: str) -> str:
        return sentence.strip()

    @model_validator(mode="after")
    def _tiles_distinct(self) -> "Figures":
        names = [_slug(token) for token in self.tiles]
        if twice := [t for t, name in zip(self.tiles, names, strict=True) if names.count(name) > 1]:
            raise ValueError(f"tiles that would have the same file name: {', '.join(map(repr, twice))}")
        return self

    def tile_files(self) -> dict[str, str]:
        """A file name for every token of `tiles`: its letters, or its Unicode name (`comma`)."""
        return {token: _slug(token) for token in self.tiles}


class Report(Strict):
    title: str
    excerpts: bool = True
    """Show contexts of the corpus and build the labelling pages; set to false if the text must not be copied."""
    send_labels_to: str = ""
    """Where volunteers send the file that a labelling page gives them, e.g. an e-mail address: the page tells them."""
    renderer: Literal["auto", "quarto", "pandoc"] = "auto"
    """Program that renders HTML and PDF. `quarto`: Quarto 1.9 or later, which must be on `PATH`; `pandoc`: Pandoc and
    Typst from their Python packages, which give a plainer page with the same content; `auto`: Quarto if there is one
    that can be used, and Pandoc otherwise."""


class Config(Strict):
    """The whole config of a build."""

    seed: int = Field(0, ge=0)
    """The only seed; every use derives its own seed from it."""
    threads: int = Field(1, ge=1)
    """Threads of a job that trains or evaluates a model. The number is fixed because it affects the last digits of
    sums. With one thread per job, more jobs run in parallel, which is faster on a small machine."""
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    """Device for tensors: `cuda` fails if no GPU is visible, `auto` uses a GPU if there is one."""
    corpus: Corpus = Corpus()
    tokenizer: Tokenizer = Tokenizer()
    contexts: Contexts = Contexts()
    groups: Annotated[
        dict[Name, Annotated[Group, BeforeValidator(_from_list, json_schema_input_type=Group | list[str])]],
        BeforeValidator(without_nulls, json_schema_input_type=dict[Name, Group | list[str] | None]),
        Field(min_length=1),
    ]
    """Lists of candidate words; `name: [" a", " b"]` is enough. Null removes a group of the default config."""
    predictors: Predictors
    evaluation: Evaluation = Evaluation()
    learning_curve: LearningCurve | None = LearningCurve()
    """Null leaves the learning curves out."""
    pairs: Pairs | None = Pairs()
    """Null leaves the search for pairs out."""
    proposals: Proposals | None = Proposals()
    """Null leaves the search for rules out."""
    figures: Figures
    report: Report

    @model_validator(mode="after")
    def _groups_known(self) -> "Config":
        asked = {
            "figures.training_group": self.figures.training_group,
            "figures.tiles_group": self.figures.tiles_group,
        }
        if isinstance(self.contexts.compare_match, list):
            asked |= {f"contexts.compare_match[{i}]": g for i, g in enumerate(self.contexts.compare_match)}
        for key, group in asked.items():
            if group not in self.groups:
                raise ValueError(
                    f"{key}: {group!r} is not one of the groups ({', '.join(self.groups)}){nearest(group, self.groups)}"
                )
        return self

    @model_validator(mode="after")
    def _trained_models_see_a_context(self) -> "Config":
        for name, lm in self.predictors.causal_lms.items():
            # One token stands before the text, and the end of a word is asked after its candidate.
            if lm.train and lm.train.context < self.contexts.length + 2:
                raise ValueError(
                    f"predictors.causal_lms.{name}.train.context: {lm.train.context} is too short for "
                    f"contexts.length {self.contexts.length}; it must be at least {self.contexts.length + 2}"
                )
        return self

    def variant(self, name: str) -> "Variant":
        """A group, or the same group with the other `match` (`conjunctions.token`)."""
        group_name, _, other = name.partition(".")
        group = self.groups[group_name]
        match: Match = other or group.match or self.contexts.match  # type: ignore[assignment]
        title = group.title or group_name.replace("_", " ")
        return Variant(name, group_name, tuple(group.candidates), match, group.sampling, title)

    def variants(self) -> list["Variant"]:
        """All groups in the order of the config, then those of `contexts.compare_match` with the other `match`."""
        own = [self.variant(name) for name in self.groups]
        compared = self.contexts.compare_match
        if compared == "none":
            return own
        twins = [v for v in own if compared == "all" or v.group in compared]
        return own + [self.variant(f"{v.name}.{'token' if v.match == 'word' else 'word'}") for v in twins]

    def shows_opening(self) -> bool:
        """Whether the report has a sentence to open with: the config's own, or a context of the corpus."""
        return bool(self.figures.sentence) or self.report.excerpts

    def left_out(self) -> list[str]:
        """Ids of the predictors of the registry that this config leaves out."""
        networks = NETWORKS if self.predictors.nonlinear is None else ()
        return [*networks, *(["one_layer"] if self.predictors.one_layer is None else [])]

    def baseline(self) -> str | None:
        """The causal LM that the training figure shows as a dashed line, if any."""
        whole = (name for name, lm in self.predictors.causal_lms.items() if lm.contexts is None)
        return self.predictors.baseline or next(whole, None)


@dataclass(frozen=True)
class Variant:
    """A group with one value of `match`; contexts are built for each variant."""

    name: str
    group: str
    candidates: tuple[str, ...]
    match: Match
    sampling: Literal["natural", "balanced"]
    title: str = ""

    def built(self) -> dict[str, Any]:
        """What its contexts depend on: all but the title."""
        return {key: value for key, value in asdict(self).items() if key != "title"}


def _slug(token: str) -> str:
    words = [
        c if c.isalnum() and c.isascii() else f"-{unicodedata.name(c, hex(ord(c)))}-" for c in token.strip()
    ]
    return re.sub("-+", "-", "".join(words)).strip("-").lower().replace(" ", "-") or "space"
