"""Reads the artifacts that the report draws on. What is absent is None or empty: the prose then says so."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, field_validator

from handcraft.analysis.influence import Influence, read_influence
from handcraft.files import read_csv, read_json, read_metadata

Rows = list[dict[str, Any]]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CorpusMetadata(_Frozen):
    """The corpus, as the config has it."""

    name: str
    title: str
    source: str


class VariantMetadata(_Frozen):
    """A group, or its twin with the other `match`, whose name is not its group's."""

    name: str
    group: str
    title: str
    candidates: tuple[str, ...]
    match: str


class PredictorMetadata(_Frozen):
    """A predictor's id and title."""

    id: str
    title: str


class Metadata(_Frozen):
    """What the config says, as far as the report needs it. From JSON, with unknown fields refused.

    `predictors` are in the order of the tables. `tiles`: the tokens that have tiles, by the name in
    `figures/tiles-<name>.svg`.
    """

    title: str
    corpus: CorpusMetadata
    variants: list[VariantMetadata]
    predictors: list[PredictorMetadata]
    baseline: str | None
    training_group: str
    tiles_group: str
    tiles: dict[str, str]
    length: int
    vocabulary: int
    confidence: float = 0.95
    bootstrap: int = 1000
    resamples: int = 0
    shown_tokens: int = 4
    """Tokens that strips show beside those of `tiles`."""
    sentence: str = ""
    """What the first picture shows; a context where it is empty and `excerpts` allows it."""
    excerpts: bool = True
    config: str = "config.yaml"
    human_labels: list[str] = []
    """`group/annotator` of every label file of this build."""
    human_ignored: list[str] = []
    """Label files of other corpora or groups, as paths below `human/labels`."""
    rules_ignored: list[str] = []
    """Rule files of this corpus that no group of the config uses, as paths below `human/rules`."""
    language_models: list[str] = []
    given_models: list[str] = []
    device: str = "cpu"
    config_text: str = ""
    """The config as YAML, without what has its default."""
    rooms: dict[str, str] = {}
    """The room of every rule."""
    code: str | None = None
    """Hash of the code that fills the report."""

    @field_validator("tiles")
    @classmethod
    def _file_names(cls, tiles: dict[str, str]) -> dict[str, str]:
        for name in tiles:
            if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
                raise ValueError(f"{name!r} cannot be part of a file name")
        return tiles

    @property
    def planted(self) -> bool:
        return self.corpus.source == "planted"

    @property
    def groups(self) -> list[VariantMetadata]:
        """The variants that are groups of the config."""
        return [v for v in self.variants if v.name == v.group]

    def group(self, name: str) -> VariantMetadata | None:
        return next((v for v in self.groups if v.name == name), None)

    def title_of(self, predictor: str) -> str:
        return next((p.title for p in self.predictors if p.id == predictor), predictor)


@dataclass(frozen=True)
class Counts:
    """Contexts of one split of one variant: how many, and how many of each candidate (int [K])."""

    contexts: int
    of: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Float [K]; zeros where there is no context."""
        return np.asarray(self.of / max(self.contexts, 1))


class Results:
    """The artifacts below `results/`, read when asked for."""

    def __init__(self, root: Path, metadata: Metadata) -> None:
        self.root, self.metadata = Path(root), metadata

    def slug(self, token: str) -> str:
        """The name that a tile's token has in file names and in the registry."""
        return next((s for s, t in self.metadata.tiles.items() if t == token), "other")

    def _csv(self, *parts: str) -> Rows:
        path = self.root.joinpath(*parts)
        return read_csv(path) if path.is_file() else []

    def _json(self, *parts: str) -> Any:
        path = self.root.joinpath(*parts)
        return read_json(path) if path.is_file() else None

    @cached_property
    def corpus(self) -> dict[str, Any]:
        return self._json("corpus", "summary.json") or {}

    @cached_property
    def metrics(self) -> dict[str, Rows]:
        """Evaluation rows by variant."""
        return {v.name: self._csv("evaluation", v.name, "metrics.csv") for v in self.metadata.variants}

    @cached_property
    def comparisons(self) -> dict[str, Rows]:
        return {v.name: self._csv("evaluation", v.name, "comparisons.csv") for v in self.metadata.variants}

    @cached_property
    def linearity(self) -> dict[str, dict[str, Any]]:
        """The verdict of each group, as `evaluate_linearity` writes it; {} where there is none."""
        groups = self.metadata.groups
        return {g.name: self._json("evaluation", g.name, "linearity.json") or {} for g in groups}

    @cached_property
    def contenders(self) -> dict[str, Rows]:
        """What each verdict was chosen from."""
        return {g.name: self._csv("evaluation", g.name, "linearity.csv") for g in self.metadata.groups}

    def recall(self, group: str) -> Rows:
        """The recall of every word by every predictor."""
        return self._csv("evaluation", group, "recall.csv")

    def patterns(self, group: str) -> Rows:
        """The last tokens after which the linear model and the baseline language model differ most."""
        return self._csv("evaluation", group, "patterns.csv")

    def context_texts(self, group: str, rows: list[int]) -> list[str]:
        """The text of test contexts; empty texts where the report may show none."""
        from handcraft.contexts.read import read_contexts
        from handcraft.tokenizer.tokens import Vocabulary

        path = self.root / "contexts" / group / "test.safetensors"
        if not self.metadata.excerpts or not path.is_file():
            return [""] * len(rows)
        tokens = read_contexts(path).tokens
        vocabulary = Vocabulary.read(self.root / "tokenizer" / "tokenizer.json")
        return [vocabulary.decode(tokens[row]).strip() for row in rows]

    def sample(self, variant: str) -> Rows:
        return self._csv("evaluation", variant, "sample.csv")

    def sample_comparisons(self, variant: str) -> Rows:
        return self._csv("evaluation", variant, "sample_comparisons.csv")

    def people(self, group: str) -> Rows:
        """Scores of people; none where nobody labelled the group."""
        return self._csv("people", group, "people.csv")

    def people_comparisons(self, group: str) -> Rows:
        return self._csv("people", group, "comparisons.csv")

    def people_agreement(self, group: str) -> Rows:
        return self._csv("people", group, "agreement.csv")

    def people_power(self, group: str) -> Rows:
        return self._csv("people", group, "power.csv")

    def people_missed(self, group: str) -> dict[str, Rows]:
        """By sample, the items that nobody got right."""
        return self._json("people", group, "missed.json") or {}

    @cached_property
    def occurrence(self) -> Rows:
        return self._csv("evaluation", "occurrence.csv")

    @cached_property
    def language_models(self) -> Rows:
        return self._csv("evaluation", "causal_lms.csv")

    @cached_property
    def calibration(self) -> Rows:
        return self._csv("evaluation", "calibration.csv")

    @cached_property
    def asked(self) -> Rows:
        return self._csv("evaluation", "causal_lms_asked.csv")

    def retrieved(self, model: str) -> dict[str, Any]:
        """Whether a given language model was available, and if not, why and what to do."""
        return self._json("models", f"{model}.json") or {}

    @cached_property
    def claims(self) -> dict[str, Any]:
        return self._json("evaluation", "data_claims.json") or {}

    @cached_property
    def planted(self) -> Rows:
        return self._csv("evaluation", "planted.csv") if self.metadata.planted else []

    @cached_property
    def planted_proposals(self) -> Rows:
        return self._csv("evaluation", "planted_proposals.csv") if self.metadata.planted else []

    @cached_property
    def planted_rules(self) -> Rows:
        return self._csv("evaluation", "planted_rules.csv") if self.metadata.planted else []

    @cached_property
    def linear(self) -> dict[str, dict[str, Any]]:
        """metrics.json of the linear models by variant; {} where there is none."""
        return {v.name: self._json("linear", v.name, "metrics.json") or {} for v in self.metadata.variants}

    @cached_property
    def history(self) -> dict[str, list[float]]:
        """Columns of the minibatch run's history; {} where it was not run."""
        path = self.root / "minibatch" / self.metadata.training_group / "history.parquet"
        if not path.is_file():
            return {}
        from handcraft.files import read_table

        columns: dict[str, list[float]] = read_table(path).to_pydict()
        return columns

    @cached_property
    def counts(self) -> dict[str, dict[str, Counts]]:
        """Contexts by variant and split, as `build_contexts` counted them."""
        found: dict[str, dict[str, Counts]] = {}
        for v in self.metadata.variants:
            splits = (self._json("contexts", v.name, "summary.json") or {}).get("splits", {})
            found[v.name] = {
                split: Counts(
                    counted["contexts"],
                    np.array([counted["candidates"][word]["rows"] for word in v.candidates]),
                )
                for split, counted in splits.items()
            }
        return found

    @cached_property
    def weights(self) -> dict[str, dict[str, float]]:
        """Centred weight (nats) of each tile's token in the last position: by token, then candidate."""
        return self._last_position(centred=True)

    @cached_property
    def stability(self) -> dict[str, dict[str, tuple[float, float]]]:
        """Of the tiles' weights over resampled stories: spread when centred (nats), sign stability; {} if not run."""
        from handcraft.analysis.last_position import last_position

        path = self.root / "linear" / self.metadata.tiles_group / "resampling.safetensors"
        if not path.is_file():
            return {}
        tokenizer = self.root / "tokenizer" / "tokenizer.json"
        found = {}
        for token in self.metadata.tiles.values():
            candidates, spread = last_position(path, tokenizer, token, "centred_spread")
            _, same = last_position(path, tokenizer, token, "sign_stability")
            found[token] = {c: (float(s), float(t)) for c, s, t in zip(candidates, spread, same, strict=True)}
        return found

    @cached_property
    def learning_curve(self) -> dict[str, Rows]:
        """The learning curves by group; empty where the config leaves them out."""
        return {g.name: self._csv("evaluation", g.name, "learning_curve.csv") for g in self.metadata.groups}

    @cached_property
    def stories_needed(self) -> dict[str, Rows]:
        """Stories that the linear model takes to match others, by group; empty where there are no curves."""
        return {g.name: self._csv("evaluation", g.name, "stories_needed.csv") for g in self.metadata.groups}

    @cached_property
    def pairs(self) -> dict[str, Rows]:
        """Pairs of tokens by group, best first; empty where the config leaves the search out."""
        return {
            g.name: read_csv(path) if (path := self.root / "pairs" / g.name / "pairs.csv").is_file() else []
            for g in self.metadata.groups
        }

    @cached_property
    def pairs_curve(self) -> dict[str, Rows]:
        """What pairs bring by group, over their number; empty where the config leaves the search out."""
        return {g.name: self._csv("evaluation", g.name, "pairs_curve.csv") for g in self.metadata.groups}

    @cached_property
    def next_token(self) -> Rows:
        """Losses of n-gram and one-layer models on every next token; empty where the config leaves them out."""
        return self._csv("evaluation", "next_token.csv")

    @cached_property
    def full_linear(self) -> Rows:
        """The penalties of the linear model of all tokens; empty where the config leaves it out."""
        return self._csv("full_linear", "path.csv")

    @cached_property
    def one_layer_training(self) -> Rows:
        """How the training of the one-layer model went."""
        return self._csv("one_layer", "main.training.csv")

    @cached_property
    def one_layer_tail(self) -> Rows:
        """What so many parts of the one-layer model bring."""
        return self._csv("evaluation", "one_layer", "tail.csv")

    @cached_property
    def one_layer_law(self) -> Rows:
        """The laws fitted to that."""
        return self._csv("evaluation", "one_layer", "law.csv")

    @cached_property
    def one_layer_parts(self) -> Rows:
        """What its heads and strongest neurons are worth."""
        return self._csv("evaluation", "one_layer", "parts.csv")

    @cached_property
    def skip_trigrams(self) -> Rows:
        """What its heads do in words, and what ablation says of it."""
        return self._csv("evaluation", "one_layer", "skip_trigrams.csv")

    @cached_property
    def suffix_curve(self) -> Rows:
        """How often so many rules of last tokens say what it puts first."""
        return self._csv("evaluation", "one_layer", "suffix_curve.csv")

    @cached_property
    def suffix_rules(self) -> Rows:
        """The first of these rules."""
        return self._csv("evaluation", "one_layer", "suffix_rules.csv")

    @cached_property
    def decision(self) -> Any:
        """One of its predictions as a sum; None where nothing was opened."""
        return self._json("evaluation", "one_layer", "decision.json")

    @cached_property
    def has_decision(self) -> bool:
        """Whether the build draws one, be it that there is none to draw."""
        return self.root.joinpath("evaluation", "one_layer", "decision.json").is_file()

    @cached_property
    def proposals(self) -> dict[str, Rows]:
        """Rules that a program proposes, by group; empty where the config leaves the search out."""
        return {g.name: self._csv("rules", g.name, "proposals.csv") for g in self.metadata.groups}

    @cached_property
    def rules(self) -> dict[str, Rows]:
        """The rules of people's files with what each gains, by group; empty for a group without a file."""
        return {g.name: self._csv("rules", g.name, "rules.csv") for g in self.metadata.groups}

    def rules_by(self, group: str) -> str:
        """Who wrote a group's rule file, and with what in view; empty where it has none."""
        path = self.root / "rules" / group / "refitted.safetensors"
        return str(read_metadata(path).get("by", "")) if path.is_file() else ""

    @cached_property
    def rules_curve(self) -> dict[str, Rows]:
        """What so many rules reach, by group; empty where the config leaves the search out."""
        return {g.name: self._csv("evaluation", g.name, "rules_curve.csv") for g in self.metadata.groups}

    @cached_property
    def removed(self) -> dict[str, Rows]:
        """Tables of `evaluate_stability` by group; empty where there are no fits to resampled stories."""
        return {g.name: self._csv("evaluation", g.name, "stability.csv") for g in self.metadata.groups}

    @cached_property
    def influence(self) -> Influence | None:
        """Of the tiles' group: what every weight does to held-out answers; None where it was not measured."""
        path = self.root / "evaluation" / self.metadata.tiles_group / "influence.parquet"
        return read_influence(path) if path.is_file() else None

    @cached_property
    def path(self) -> dict[str, Rows]:
        """path.csv of the linear models by variant."""
        return {v.name: self._csv("linear", v.name, "path.csv") for v in self.metadata.variants}

    @cached_property
    def minibatch(self) -> dict[str, Any]:
        """metrics.json of the minibatch run; {} where it was not run."""
        return self._json("minibatch", self.metadata.training_group, "metrics.json") or {}

    @cached_property
    def raw_weights(self) -> dict[str, dict[str, float]]:
        """The same before centring, where the penalty's zeros can be told."""
        return self._last_position(centred=False)

    def _last_position(self, centred: bool) -> dict[str, dict[str, float]]:
        from handcraft.analysis.last_position import last_position_weights

        path = self.root / "linear" / self.metadata.tiles_group / "weights.safetensors"
        if not path.is_file():
            return {}
        tokenizer = self.root / "tokenizer" / "tokenizer.json"
        found = {}
        for token in self.metadata.tiles.values():
            candidates, values = last_position_weights(path, tokenizer, token, centred)
            found[token] = {c: float(w) for c, w in zip(candidates, values, strict=True)}
        return found

    def examples(self, variant: str) -> list[tuple[str, str]]:
        """For each candidate one test context as text, and the candidate; from the balanced sample, else the first."""
        from handcraft.contexts.read import read_contexts
        from handcraft.tokenizer.tokens import Vocabulary

        path = self.root / "contexts" / variant / "test.safetensors"
        if not path.is_file():
            return []
        contexts = read_contexts(path)
        vocabulary = Vocabulary.read(self.root / "tokenizer" / "tokenizer.json")
        drawn = (self._json("contexts", variant, "sample.json") or {}).get("balanced", {}).get("contexts", [])
        shown = []
        for k, word in enumerate(contexts.candidates):
            of_word = np.flatnonzero(contexts.labels == k).tolist()
            rows = [i for i in drawn if i in set(of_word)] or of_word
            if rows:
                shown.append((vocabulary.decode(contexts.tokens[rows[0]]).strip(), word))
        return shown
