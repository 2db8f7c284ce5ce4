"""What all blocks of the config are made of: unknown keys, and text that changes other text, are refused."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

SPLITS = ("train", "validation", "test")
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(-[a-z0-9_]+)*$")]
Match = Literal["word", "token"]
Fraction = Annotated[float, Field(gt=0, lt=1)]


def without_nulls(named: Any) -> Any:
    """Drop the entries that an overlay sets to null."""
    return {k: v for k, v in named.items() if v is not None} if isinstance(named, Mapping) else named


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
