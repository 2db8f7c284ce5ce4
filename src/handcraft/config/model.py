"""The config: one typed model. Unknown keys are refused with the nearest valid name.

`config/schema.json` and `docs/configuration.md` are generated from here (`make schema`).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from handcraft.errors import nearest
from handcraft.registry import reserved_names

SPLITS = ("train", "validation", "test")
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(-[a-z0-9_]+)*$")]
Match = Literal["word", "token"]
Fraction = Annotated[float, Field(gt=0, lt=1)]


def _without_nulls(named: Any) -> Any:
    """With null an overlay drops what the default config has."""
    return {k: v for k, v in named.items() if v is not None} if isinstance(named, Mapping) else named


def _from_list(group: Any) -> Any:
    """`name: [" a", " b"]` is a group."""
    return {"candidates": group} if isinstance(group, list) else group


class Strict(BaseModel):
    """No unknown keys, no changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class BestLinear(Strict):
    """About the best that any linear model could do on the planted corpus: a light penalty, many contexts."""

    factor: int = Field(20, ge=1)
    """As many times more contexts than the linear model is trained on."""
    l1: list[Annotated[float, Field(gt=0)]] = Field([3e-4, 1e-4], min_length=1)
    """L1 penalties to try, far below what the linear model wants; fresh contexts kept back choose one. (With hardly
    any, a fit learns the noise even of so many contexts, and does worse on others.)"""
    gap: float = Field(0.01, gt=0, lt=1)
    """Certified relative duality gap at which a fit stops."""
    max_iterations: int = Field(300, ge=1)
    """It stops here in any case, certified or not."""


class PlantedCorpus(Strict):
    """The embedded corpus: children's stories made up by a seeded generator, with known rules."""

    stories: int = Field(4000, ge=1)
    """How many stories to write, all splits together."""
    best_linear: BestLinear = BestLinear()


class FilesCorpus(Strict):
    """Text files of the user's own: `.txt` (stories separated by `<|endoftext|>`), `.jsonl` or `.parquet`."""

    train: list[str] = []
    """Globs, relative to the directory the workflow runs in."""
    validation: list[str] = []
    """Globs; where empty, a fraction of the stories of `train` is taken, by a hash of the text."""
    test: list[str] = []
    """Globs; where empty, a fraction of the stories of `train` is taken, by a hash of the text."""
    text_field: str = "text"
    """The field (`.jsonl`) or column (`.parquet`) that holds the story."""


class HubCorpus(Strict):
    """A data set of the Hugging Face hub, streamed."""

    dataset: str = "roneneldan/TinyStories"
    revision: str = "f54c09fd23315a6f9c86f9dc80f725de7d8f9c64"
    """A commit, so that the data can never change under the report."""
    text_field: str = "text"
    train: str = "train"
    """The hub's split to train on."""
    validation: str | None = None
    """The hub's split for validation; null takes a fraction of `train`, by a hash of the text."""
    test: str | None = "validation"
    """The hub's split for test; null takes a fraction of `train`, by a hash of the text."""


class Fractions(Strict):
    """Shares of the stories, by a hash of their text, where a split is not given."""

    validation: Fraction = 0.1
    test: Fraction = 0.1

    @model_validator(mode="after")
    def _leaves_train(self) -> "Fractions":
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together leave nothing to train on")
        return self


class Corpus(Strict):
    source: Literal["planted", "files", "hub"] = "planted"
    """Which of the three blocks below is used."""
    name: Name = "planted"
    """The name under `human/labels/` and in the report."""
    title: str = "a made-up corpus with planted rules"
    """How the report calls it."""
    fractions: Fractions = Fractions()
    planted: PlantedCorpus = PlantedCorpus()
    files: FilesCorpus = FilesCorpus()
    hub: HubCorpus = HubCorpus()

    def retrieved(self) -> dict[str, Any]:
        """What the chosen source's stories depend on."""
        return self.model_dump(
            include={"source", "fractions", self.source}, exclude={"planted": {"best_linear"}}
        )

    @model_validator(mode="after")
    def _files_given(self) -> "Corpus":
        if self.source == "files" and not self.files.train:
            raise ValueError("source is files, so files.train must list at least one glob")
        return self


class Tokenizer(Strict):
    """Byte-level BPE, trained on the training split."""

    vocabulary: int = Field(1024, ge=258, le=65536)
    """Tokens in all: 256 bytes, `<|endoftext|>`, and merges."""


class Contexts(Strict):
    length: int = Field(16, ge=1, le=256)
    """Tokens that the models see before each occurrence."""
    match: Match = "word"
    """What counts as an occurrence: `word` (the candidate's token, not followed by a token that continues
    the word) or `token` (every occurrence of the token)."""
    compare_match: list[Name] | Literal["all", "none"] = "all"
    """Groups built a second time with the other `match`, for the table of what that choice changes."""
    max_train: int | None = Field(None, ge=1)
    """At most this many training contexts a group (a seeded sample); null takes all."""
    max_test: int | None = Field(None, ge=100)
    """At most this many validation and this many test contexts a group; every predictor answers the same ones."""
    sample: int = Field(50, ge=1)
    """Contexts in the fixed random samples that humans answer, each from another story."""


class Group(Strict):
    candidates: list[str] = Field(min_length=2, max_length=255)
    """The words, with their leading space."""
    title: str | None = None
    """How the report calls the group; its name by default."""
    match: Match | None = None
    """Overrides `contexts.match`."""
    sampling: Literal["natural", "balanced"] = "natural"
    """Training contexts as they come, or resampled so that every candidate is as frequent."""

    @field_validator("candidates")
    @classmethod
    def _distinct(cls, words: list[str]) -> list[str]:
        if any(not w for w in words):
            raise ValueError("a candidate is empty")
        if twice := sorted({w for w in words if words.count(w) > 1}):
            raise ValueError(f"listed twice: {', '.join(map(repr, twice))}")
        return words


class LastToken(Strict):
    smoothing: float = Field(1.0, gt=0)
    """Pseudo-contexts given to the class rates in every last token's distribution."""


class Linear(Strict):
    l1: Annotated[list[Annotated[float, Field(ge=0, allow_inf_nan=False)]], Field(min_length=1)] | None = None
    """L1 penalties to try (per weight, beside the mean cross-entropy); validation loss chooses. Null takes a path:
    `count` of them, evenly spaced in their logarithm, from the smallest that leaves no weight, which depends on the
    contexts, down to `smallest`."""
    count: int = Field(12, ge=2)
    """Penalties on the path."""
    smallest: float = Field(3e-4, gt=0, allow_inf_nan=False)
    """Where the path ends."""
    gap: float = Field(1e-3, gt=0, lt=1)
    """Relative duality gap, at which the solver stops: the objective is at most that far from its optimum."""
    max_iterations: int = Field(3000, ge=1)
    """Passes over the contexts for one penalty; more are an error."""
    resamples: int = Field(20, ge=0)
    """Fits to resampled stories, behind the spread and the sign stability of the weights; 0 leaves both out."""


class Minibatch(Strict):
    """The blog post's way of training, drawn in the training figure."""

    batches: int = Field(3000, ge=1)
    batch_size: int = Field(512, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    l1: float | None = Field(None, ge=0)
    """L1 penalty in the loss; null takes the one chosen for the linear model."""
    every: int = Field(25, ge=1)
    """Batches between two points of the curves."""
    smoothing: float = Field(0.9, ge=0, lt=1)
    """Weight of the past in the smoothed curves (exponential mean)."""


class LlamaTraining(Strict):
    """A small Llama-architecture model trained in the build on the corpus's own tokens."""

    layers: int = Field(2, ge=1)
    width: int = Field(96, ge=8)
    heads: int = Field(4, ge=1)
    steps: int = Field(500, ge=1)
    batch_size: int = Field(32, ge=1)
    context: int = Field(64, ge=17)
    learning_rate: float = Field(8e-3, gt=0)


class CausalLM(Strict):
    """A causal language model that is asked the same question: trained here (`train`), or given (`model`)."""

    title: str
    """How the report calls it."""
    model: str | None = None
    """A local directory, or a name on the hub."""
    revision: str | None = None
    """The hub commit."""
    train: LlamaTraining | None = None
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    batch_tokens: int = Field(4096, ge=64)
    """Tokens in one forward pass."""
    prefix: str = ""
    """Text before every context."""
    device: Literal["cpu", "cuda", "auto"] | None = None
    """Where this model is asked; null takes the config's `device`."""
    contexts: int | None = Field(None, ge=100)
    """At most this many test contexts a group (a seeded sample), for a model too slow for all; null asks all. A model
    that is not asked all stands in the table of language models alone, since the others are compared on all."""
    end_of_word: bool = True
    """Ask too, where a group is of whole words, whether the word ends after the candidate."""
    long_context: int | None = Field(256, ge=1)
    """Ask too with the whole story so far, at most this many of our tokens and as far as the model can look back;
    null does not."""
    extra_contexts: int | None = Field(2000, ge=100)
    """At most this many contexts a group (seeded samples) for what is asked beside the main question: validation
    contexts, on which calibration is fitted, end of word, long context; null takes all."""
    memory_gb: float = Field(4, gt=0)
    runtime_minutes: int = Field(60, ge=1)

    @model_validator(mode="after")
    def _one_origin(self) -> "CausalLM":
        if (self.model is None) == (self.train is None):
            raise ValueError("give either model (a path or a hub name) or train (to train it in the build)")
        if self.model and self.revision is None and not self.model.startswith((".", "/", "~")):
            raise ValueError(
                f"{self.model!r} is a hub name and needs revision, a commit; a local path starts with . or / or ~"
            )
        return self

    def asked(self) -> dict[str, Any]:
        """What changes its answers or their name; not where it runs."""
        where = {"model", "train", "device", "memory_gb", "runtime_minutes"}
        return self.model_dump(exclude=where)


class Predictors(Strict):
    last_token: LastToken = LastToken()
    linear: Linear = Linear()
    minibatch: Minibatch = Minibatch()
    causal_lms: Annotated[
        dict[Name, CausalLM],
        BeforeValidator(_without_nulls, json_schema_input_type=dict[Name, CausalLM | None]),
    ] = {}
    """By name; null drops one that the default config has."""
    baseline: Name | None = None
    """The causal LM drawn as the dashed line; the first by default."""

    @model_validator(mode="after")
    def _baseline_known(self) -> "Predictors":
        taken = reserved_names() & set(self.causal_lms)
        if taken:
            raise ValueError(f"causal_lms: {sorted(taken)[0]!r} is the name of another predictor")
        if self.baseline is not None and self.baseline not in self.causal_lms:
            raise ValueError(
                f"baseline {self.baseline!r} is none of causal_lms: {', '.join(self.causal_lms)}"
            )
        if self.baseline is not None and self.causal_lms[self.baseline].contexts is not None:
            raise ValueError(
                f"baseline {self.baseline!r} must be asked all contexts: leave its `contexts` out"
            )
        return self


class Evaluation(Strict):
    bootstrap: int = Field(1000, ge=100)
    """Resamples, by story, behind every interval."""
    confidence: Fraction = 0.95
    """Coverage of the intervals."""


class Figures(Strict):
    training_group: Name
    """The group of the training figure."""
    tiles: list[str] = [",", " was"]
    """Tokens whose weights at the last position are shown as tiles."""
    tiles_group: Name
    """The group whose weights they are."""
    tokens: int = Field(4, ge=0)
    """Tokens with the largest mean absolute contribution on held-out contexts: beside `tiles`, what strips show."""

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
    """Show contexts of the corpus, and build the labelling pages; false where its text may not be copied."""


class Config(Strict):
    """Every choice of a build."""

    seed: int = Field(0, ge=0)
    """The one seed; every use derives its own from it."""
    threads: int = Field(1, ge=1)
    """Threads of a job that trains or asks a model; fixed, because sums depend on it in the last digit. With one,
    jobs run side by side, which is faster on a small machine."""
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    """Where tensors live: `cuda` is refused where no GPU is visible, `auto` takes one if there is one."""
    corpus: Corpus = Corpus()
    tokenizer: Tokenizer = Tokenizer()
    contexts: Contexts = Contexts()
    groups: Annotated[
        dict[Name, Annotated[Group, BeforeValidator(_from_list, json_schema_input_type=Group | list[str])]],
        BeforeValidator(_without_nulls, json_schema_input_type=dict[Name, Group | list[str] | None]),
        Field(min_length=1),
    ]
    """Lists of candidate words; `name: [" a", " b"]` is enough. Null drops one that the default config has."""
    predictors: Predictors
    evaluation: Evaluation = Evaluation()
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
                    f"{key}: {group!r} is none of the groups ({', '.join(self.groups)}){nearest(group, self.groups)}"
                )
        return self

    def variant(self, name: str) -> "Variant":
        """A group, or its twin with the other `match` (`conjunctions.token`)."""
        group_name, _, other = name.partition(".")
        group = self.groups[group_name]
        match: Match = other or group.match or self.contexts.match  # type: ignore[assignment]
        title = group.title or group_name.replace("_", " ")
        return Variant(name, group_name, tuple(group.candidates), match, group.sampling, title)

    def variants(self) -> list["Variant"]:
        """All groups in the order of the config, then the twins of those in `contexts.compare_match`."""
        own = [self.variant(name) for name in self.groups]
        compared = self.contexts.compare_match
        if compared == "none":
            return own
        twins = [v for v in own if compared == "all" or v.group in compared]
        return own + [self.variant(f"{v.name}.{'token' if v.match == 'word' else 'word'}") for v in twins]

    def baseline(self) -> str | None:
        """The causal LM drawn as the dashed line, if there is any."""
        whole = (name for name, lm in self.predictors.causal_lms.items() if lm.contexts is None)
        return self.predictors.baseline or next(whole, None)


@dataclass(frozen=True)
class Variant:
    """A group with one way of matching: what contexts are built of."""

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
