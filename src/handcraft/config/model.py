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
from handcraft.registry import NETWORKS, reserved_names

SPLITS = ("train", "validation", "test")
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(-[a-z0-9_]+)*$")]
Match = Literal["word", "token"]
Fraction = Annotated[float, Field(gt=0, lt=1)]


def _without_nulls(named: Any) -> Any:
    """Drop the entries that an overlay sets to null."""
    return {k: v for k, v in named.items() if v is not None} if isinstance(named, Mapping) else named


def _from_list(group: Any) -> Any:
    """Accept a list, `name: [" a", " b"]`, as a group."""
    return {"candidates": group} if isinstance(group, list) else group


DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Embeddings, overrides and isolates. The marks of right-to-left scripts (U+200E, U+200F) reverse nothing."""


class Strict(BaseModel):
    """Base class: refuses unknown keys, text that changes the direction of other text, and changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _plain_direction(cls, value: Any) -> Any:
        """Refuse invisible characters that reverse the text around them: titles stand in pages, figures and tables."""
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and (found := DIRECTION.search(text)):
                name = f"U+{ord(found[0]):04X} ({unicodedata.name(found[0])})"
                raise ValueError(f"{name} in {text!a} changes the order of the text around it: take it out")
        return value


class BestLinear(Strict):
    """The fit that approximates the best possible linear model on the planted corpus: light penalty, many contexts."""

    factor: int = Field(20, ge=1)
    """Number of contexts, as a multiple of the training contexts of the linear model."""
    l1: list[Annotated[float, Field(gt=0)]] = Field([1e-3, 3e-4, 1e-4], min_length=1)
    """L1 penalties to try, down to far smaller ones than those of the linear model; held-out contexts choose one. (With
    almost no penalty, even so many contexts are overfitted.)"""
    gap: float = Field(0.05, gt=0, lt=1)
    """Certified relative duality gap at which a fit stops."""
    max_iterations: int = Field(60, ge=1)
    """Maximum number of iterations; the fit stops there even without a certificate."""


class PlantedCorpus(Strict):
    """The built-in corpus: children's stories from a seeded generator with known rules."""

    stories: int = Field(4000, ge=1)
    """Number of stories, in all splits together."""
    best_linear: BestLinear = BestLinear()


class SeparatorText(Strict):
    """A text that separates stories."""

    text: str = Field(min_length=1)
    """The text, exactly as in the files, e.g. `"<|endoftext|>"` or `"\\n---\\n"` (in double quotes, so that `\\n` means
    a line break, whichever line ends the files have)."""


SEPARATORS = ("blank lines", "line", "file")


def _separator(value: Any) -> Any:
    """Refuse a bare text that is not one of `SEPARATORS`: it may be one of them misspelt."""
    if isinstance(value, Mapping):
        return SeparatorText.model_validate(value)
    if isinstance(value, SeparatorText) or value in SEPARATORS:
        return value
    own = repr(value) if isinstance(value, str) else "..."
    raise ValueError(f"give {', '.join(SEPARATORS)}, or a text of your own as {{text: {own}}}")


Separator = Annotated[
    Literal["blank lines", "line", "file"] | SeparatorText,
    BeforeValidator(
        _separator, json_schema_input_type=Literal["blank lines", "line", "file"] | SeparatorText
    ),
]


class FilesCorpus(Strict):
    """Your own text files: `.txt`, `.jsonl` or `.parquet`; also `.txt.gz`, `.txt.zst`, `.jsonl.gz` and `.jsonl.zst`."""

    train: list[str] = []
    """Globs, relative to the directory in which the workflow runs."""
    validation: list[str] = []
    """Globs; if empty, a fraction of the stories of `train` is used, selected by a hash of the text."""
    test: list[str] = []
    """Globs; if empty, a fraction of the stories of `train` is used, selected by a hash of the text."""
    text_field: str = "text"
    """The field (`.jsonl`) or column (`.parquet`) with the story."""
    separator: Separator = SeparatorText(text="<|endoftext|>")
    """What separates the stories of a `.txt` file: `blank lines`, `line` (each line is a story), `file` (each file is a
    story), or a text of your own, `{text: ...}`."""


class HubCorpus(Strict):
    """A data set on the Hugging Face hub. It is streamed."""

    dataset: str = "roneneldan/TinyStories"
    revision: str = "f54c09fd23315a6f9c86f9dc80f725de7d8f9c64"
    """A commit, so that the data cannot change."""
    text_field: str = "text"
    train: str = "train"
    """Name of the hub's split for training."""
    validation: str | None = None
    """The hub's split for validation; null uses a fraction of `train`, selected by a hash of the text."""
    test: str | None = "validation"
    """The hub's split for testing; null uses a fraction of `train`, selected by a hash of the text."""


class Fractions(Strict):
    """Fractions of the stories for splits that are not given; a hash of the text selects the stories."""

    validation: Fraction = 0.1
    test: Fraction = 0.1

    @model_validator(mode="after")
    def _leaves_train(self) -> "Fractions":
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together leave nothing to train on")
        return self


Share = Annotated[float, Field(gt=0, le=1)]


class Shares(Strict):
    """How much of each split that the source gives is used; a hash of the text selects the stories, so a larger share
    contains a smaller one. All of the source is read."""

    train: Share = 1
    """Of the stories that `train` gives, also those that are then cut from it for another split."""
    validation: Share = 1
    """Of the validation stories, where the source gives them."""
    test: Share = 1
    """Of the test stories, where the source gives them."""


class Corpus(Strict):
    source: Literal["planted", "files", "hub"] = "planted"
    """Which of the three blocks below is used."""
    name: Name = "planted"
    """Short name, used under `human/labels/` and in the report."""
    title: str = "a made-up corpus with planted rules"
    """Name of the corpus in the report."""
    shares: Shares = Shares()
    fractions: Fractions = Fractions()
    planted: PlantedCorpus = PlantedCorpus()
    files: FilesCorpus = FilesCorpus()
    hub: HubCorpus = HubCorpus()

    def retrieved(self) -> dict[str, Any]:
        """The settings that determine the stories of the chosen source."""
        return self.model_dump(
            include={"source", "shares", "fractions", self.source}, exclude={"planted": {"best_linear"}}
        )

    @model_validator(mode="after")
    def _files_given(self) -> "Corpus":
        if self.source == "files" and not self.files.train:
            raise ValueError("source is files, so files.train must list at least one glob")
        return self

    @model_validator(mode="after")
    def _shares_of_given_splits(self) -> "Corpus":
        given = getattr(self, self.source)
        for split in ("validation", "test"):
            if getattr(self.shares, split) < 1 and not getattr(given, split, None):
                raise ValueError(
                    f"shares.{split} would do nothing, since {self.source} gives no {split} stories of its own: they "
                    f"are cut from train, so set shares.train, or fractions.{split}"
                )
        return self


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


class LastToken(Strict):
    smoothing: float = Field(1.0, gt=0)
    """Weight of the class frequencies in the distribution after each last token, in pseudo-contexts."""


class Linear(Strict):
    l1: Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=1)] | None = None
    """L1 penalties to try: the objective is the mean cross-entropy plus the penalty times the sum of absolute weights.
    Validation loss chooses one. Null computes a regularisation path: `count` penalties, evenly spaced on a log scale,
    from the smallest penalty that makes all weights zero (it depends on the contexts) down to `smallest`."""
    count: int = Field(12, ge=2)
    """Number of penalties on the path."""
    smallest: float = Field(3e-4, gt=0)
    """The smallest penalty on the path."""
    refine: int = Field(2, ge=0)
    """How often to search the path more finely: each time, the penalties halfway (on a log scale) between the best one
    so far and its two neighbours are tried too."""
    gap: float = Field(1e-3, gt=0, lt=1)
    """Relative duality gap at which the solver stops; the objective is then at most this far above its optimum."""
    max_iterations: int = Field(3000, ge=1)
    """Maximum number of passes over the contexts per penalty; the job fails if it needs more."""
    resamples: int = Field(20, ge=0)
    """Number of fits to resampled stories, for the spread and the sign stability of the weights; 0 leaves both out."""


class Minibatch(Strict):
    """Training with minibatches as in the blog post, for the training figure."""

    batches: int = Field(3000, ge=1)
    batch_size: int = Field(512, ge=1)
    learning_rate: float = Field(1e-3, gt=0)
    l1: float | None = Field(None, ge=0)
    """L1 penalty in the loss; null uses the penalty chosen for the linear model."""
    every: int = Field(25, ge=1)
    """Number of batches between two points of the curves."""
    smoothing: float = Field(0.9, ge=0, lt=1)
    """Decay factor of the exponential moving average in the smoothed curves."""


class Nonlinear(Strict):
    """A small network on top of the linear model, over the same inputs. `nonlinear: null` leaves the predictor out."""

    variants: Annotated[list[Literal["mlp", "attention"]], Field(min_length=1)] = ["mlp"]
    """Networks to train; validation loss chooses the one that answers. `mlp`: hidden layers over the sum of the
    inputs' vectors. `attention`: the inputs first attend to one another. `mlp` without its non-linearity, a linear
    model again, is always trained beside them: the predictor `additive`."""
    embedding: int = Field(32, ge=1)
    """Numbers in a token's vector."""
    width: int = Field(64, ge=1)
    """Units of a hidden layer."""
    layers: int = Field(1, ge=1, le=8)
    """Hidden layers."""
    heads: int = Field(4, ge=1)
    """Attention heads of `attention`; `embedding` must be a multiple of it."""
    dropout: float = Field(0.2, ge=0, lt=1)
    """Share of the hidden units that are left out in each training step."""
    weight_decay: float = Field(1.0, ge=0)
    """AdamW's decoupled weight decay: each step multiplies the weights by 1 - learning_rate x weight_decay."""
    batch_size: int = Field(512, ge=1)
    learning_rate: float = Field(3e-3, gt=0)
    """Learning rate of AdamW. A training that diverges is tried again three times, each time with a tenth of it."""
    patience: int = Field(4, ge=1)
    """Training stops after this many epochs in a row without a lower validation loss; the best epoch is kept."""
    max_epochs: int = Field(60, ge=1)
    """Maximum number of epochs (passes over the training contexts)."""
    seeds: int = Field(3, ge=1)
    """Networks of each variant, each with its own seed. The answer is the average of their probabilities."""
    folds: int = Field(5, ge=2)
    """Parts of the training stories for which the linear model is fitted again without them: the network is trained on
    what the linear model leaves unexplained in stories that it has not seen."""

    @model_validator(mode="after")
    def _possible(self) -> "Nonlinear":
        if "attention" in self.variants and self.embedding % self.heads:
            raise ValueError(f"embedding {self.embedding} is not a multiple of the heads ({self.heads})")
        if len(set(self.variants)) < len(self.variants):
            raise ValueError("variants: a network is listed twice")
        return self


class OneLayer(Strict):
    """The one-layer language model: a transformer block over tokens at positions, trained on all windows of
    `contexts.length` tokens, and n-gram models of the next token beside it. `one_layer: null` leaves both out."""

    width: int = Field(256, ge=1)
    """Numbers in the vector of a token at a position."""
    heads: int = Field(4, ge=1)
    """Attention heads; `width` must be a multiple of it."""
    hidden: int = Field(512, ge=1)
    """Hidden units of the MLP."""
    attention: Literal["learned", "average", "none"] = "learned"
    """`average`: every position reads all positions up to it equally; `none`: no attention."""
    reads: int | None = Field(None, ge=1)
    """Positions that a head reads at most, those with the largest scores; null: all up to its own."""
    mlp: Literal["relu2", "bilinear", "none"] = "relu2"
    """What a hidden unit computes: the square of what is positive, or a product of two linear functions
    (`bilinear`)."""
    normalise: bool = True
    """Divide by the root mean square before attention, MLP and output."""
    windows: int = Field(1_500_000, ge=1)
    """Number of windows to train on; each gives a loss at every position."""
    batch_size: int = Field(128, ge=1)
    """Windows in one step."""
    learning_rate: float = Field(8e-3, gt=0)
    """Learning rate of AdamW, for vectors of the inputs and outputs."""
    matrix_rate: float = Field(0.02, gt=0)
    """Learning rate of Muon, for the matrices of attention and MLP."""
    weight_decay: float = Field(0.1, ge=0)
    """Decoupled weight decay of both."""
    warmup: float = Field(0.02, ge=0, lt=1)
    """Share of the steps over which the learning rates rise."""
    cooldown: float = Field(0.6, ge=0, le=1)
    """Share of the steps, at the end, over which they fall to zero."""
    seeds: int = Field(1, ge=1)
    """Models that differ in their random start and order alone. The first is the predictor."""
    variants: dict[Name, "OneLayerChange"] = {}
    """Other models for comparison, by name: the keys of this block in which each differs."""

    @model_validator(mode="after")
    def _heads_divide(self) -> "OneLayer":
        if self.attention == "learned" and self.width % self.heads:
            raise ValueError(f"width {self.width} is not a multiple of the heads ({self.heads})")
        if taken := [name for name in self.variants if name == MAIN or name.startswith("seed-")]:
            raise ValueError(f"variants: {taken[0]!r} is the name of another run of the one-layer model")
        for name, change in self.variants.items():
            shape = self.model_dump() | change.model_dump(exclude_none=True)
            if shape["attention"] == "learned" and shape["width"] % shape["heads"]:
                raise ValueError(
                    f"variants.{name}: width {shape['width']} is not a multiple of the heads ({shape['heads']})"
                )
        return self

    def runs(self) -> dict[str, tuple["OneLayer", int]]:
        """Settings of every model that is trained, and what is added to the seed, by name; the predictor first."""
        plain = self.model_copy(update={"seeds": 1, "variants": {}})
        found = {MAIN: (plain, 0)} | {f"seed-{i + 1}": (plain, i) for i in range(1, self.seeds)}
        for name, change in self.variants.items():
            found[name] = (plain.model_copy(update=change.model_dump(exclude_none=True)), 0)
        return found


class OneLayerChange(Strict):
    """In what a variant of the one-layer model differs; what is left out is as in `one_layer`."""

    width: int | None = Field(None, ge=1)
    heads: int | None = Field(None, ge=1)
    hidden: int | None = Field(None, ge=1)
    """Hidden units of the MLP."""
    attention: Literal["learned", "average", "none"] | None = None
    """As `one_layer.attention`."""
    reads: int | None = Field(None, ge=1)
    """As `one_layer.reads`."""
    mlp: Literal["relu2", "bilinear", "none"] | None = None
    """As `one_layer.mlp`."""
    normalise: bool | None = None
    """As `one_layer.normalise`."""
    windows: int | None = Field(None, ge=1)
    """Number of windows to train on."""
    learning_rate: float | None = Field(None, gt=0)
    matrix_rate: float | None = Field(None, gt=0)
    """Learning rate of Muon."""


MAIN = "main"
"""The run of the one-layer model that is the predictor."""


class FullLinear(Strict):
    """The full linear model: a weight of every input (a token at a position) for every token that may come next. It is
    trained only if the one-layer model is. `full_linear: null` leaves it out."""

    windows: int = Field(2_000_000, ge=1)
    """Number of windows to train on, for each penalty."""
    batch_size: int = Field(512, ge=1)
    """Windows in one step."""
    learning_rate: float = Field(0.3, gt=0)
    l1: Annotated[list[Annotated[float, Field(ge=0)]], Field(min_length=1)] = [3e-6, 1e-5]
    """L1 penalties to try; validation loss chooses."""


class LlamaTraining(Strict):
    """A small model with the Llama architecture, trained in the build on this corpus with its tokenizer."""

    layers: int = Field(2, ge=1)
    width: int = Field(96, ge=8)
    heads: int = Field(4, ge=1)
    steps: int = Field(500, ge=1)
    batch_size: int = Field(32, ge=1)
    context: int = Field(64, ge=17)
    """Number of tokens in a training row, and the maximum sequence length of the model."""
    learning_rate: float = Field(8e-3, gt=0)

    @model_validator(mode="after")
    def _heads_fit(self) -> "LlamaTraining":
        if self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} is not a multiple of twice the heads ({2 * self.heads})")
        return self


class CausalLM(Strict):
    """A causal language model: either trained in the build (`train`) or an existing one (`model`)."""

    title: str
    """Name of the model in the report."""
    model: str | None = None
    """A local directory or GGUF file (starting with `.`, `/` or `~`) or a hub name."""
    revision: str | None = None
    """The commit on the hub; required for a hub name."""
    train: LlamaTraining | None = None
    """Train the model in the build, instead of using `model`."""

    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    batch_tokens: int = Field(4096, ge=64)
    """Maximum number of tokens in one forward pass."""
    prefix: str = ""
    """Text that is put before every context. Names of the tokenizer's special tokens in it mean these tokens; in
    a context they are text."""
    bos: str = Field("auto", min_length=1)
    """Special token before all text. `auto`: what the model's tokenizer puts there, which may be nothing; `always`:
    its BOS token, also if the tokenizer only names it; `never`: nothing; or a token, such as `<|endoftext|>`."""
    device: Literal["cpu", "cuda", "auto"] | None = None
    """Device for this model; null uses the top-level `device`."""
    contexts: int | None = Field(None, ge=100)
    """Maximum number of test contexts per group (a seeded sample), for a model that is too slow for all; null uses
    all. A model that does not answer all contexts appears only in the tables and figures of language models."""
    end_of_word: bool = True
    """Also score whether the word ends after the candidate (only for groups with `match: word`)."""
    long_context: int | None = Field(256, ge=1)
    """Also evaluate with the whole story so far, limited to this many of our tokens and to the model's maximum length;
    null leaves this out."""
    extra_contexts: int | None = Field(2000, ge=100)
    """Maximum number of contexts per group (seeded samples) for the additional evaluations: validation contexts for
    fitting the calibration, end of word, and whole story; null uses all."""
    memory_gb: float = Field(4, gt=0)
    """Main memory that the model's jobs request from a scheduler."""
    runtime_minutes: int = Field(60, ge=1)
    """Time limit in minutes that each evaluation of the model requests from a scheduler."""

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
        """The settings that affect the answers or their title, not where the model runs."""
        where = {"model", "train", "device", "memory_gb", "runtime_minutes"}
        return self.model_dump(exclude=where)


class Predictors(Strict):
    last_token: LastToken = LastToken()
    linear: Linear = Linear()
    minibatch: Minibatch = Minibatch()
    nonlinear: Nonlinear | None = Nonlinear()
    """Null leaves the predictor out."""
    one_layer: OneLayer | None = OneLayer()
    """Null leaves the predictor out."""
    full_linear: FullLinear | None = FullLinear()
    """Null leaves the model out."""
    causal_lms: Annotated[
        dict[Name, CausalLM],
        BeforeValidator(_without_nulls, json_schema_input_type=dict[Name, CausalLM | None]),
    ] = {}
    """Causal LMs by name; null removes one of the default config."""
    baseline: Name | None = None
    """The causal LM that the training figure shows as a dashed line; by default the first that answers all contexts."""

    @model_validator(mode="after")
    def _baseline_known(self) -> "Predictors":
        taken = reserved_names() & set(self.causal_lms)
        if taken:
            raise ValueError(f"causal_lms: {sorted(taken)[0]!r} is the name of another predictor")
        if self.baseline is not None and self.baseline not in self.causal_lms:
            raise ValueError(
                f"baseline {self.baseline!r} is not one of causal_lms: {', '.join(self.causal_lms)}"
            )
        if self.baseline is not None and self.causal_lms[self.baseline].contexts is not None:
            raise ValueError(
                f"baseline {self.baseline!r} must be evaluated on all contexts: leave out its `contexts`"
            )
        return self


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
        BeforeValidator(_without_nulls, json_schema_input_type=dict[Name, Group | list[str] | None]),
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
