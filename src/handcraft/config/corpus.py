"""The `corpus` block: where stories come from, and how they are split."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from handcraft.config.base import Fraction, Name, Strict


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
