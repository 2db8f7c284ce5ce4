"""The `predictors` block: a block of settings for each predictor that has any."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from handcraft.config.base import Name, Strict, without_nulls
from handcraft.registry import reserved_names


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
        BeforeValidator(without_nulls, json_schema_input_type=dict[Name, CausalLM | None]),
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
