"""Inert JSON and a Content-Security-Policy for standalone pages."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def fill_template(template: Path, values: Mapping[str, Any]) -> str:
    """A page from its HTML: every value is escaped but what is `Markup`, an unknown name is an error."""
    from jinja2 import Environment, StrictUndefined

    page = Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True).from_string(
        template.read_text(encoding="utf-8")
    )
    return page.render(values)


def read_parts(folder: Path, names: Sequence[str]) -> str:
    """The files of a page's script or style, one after the other."""
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


def inert_json(data: Mapping[str, Any]) -> str:
    """JSON in which no character can end the element that it stands in, or begin another."""
    text = json.dumps(data, ensure_ascii=True, sort_keys=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def policy_hash(text: str) -> str:
    """As a Content-Security-Policy states what may run."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def packed(values: np.ndarray) -> str:
    """Numbers as `type:base64` of their bytes, low byte first: f4, or for whole numbers the smallest unsigned type.

    Raises `ValueError` where a whole number is below 0 or above what four bytes hold.
    """
    content = np.asarray(values)
    kind = "f4"
    if not np.issubdtype(content.dtype, np.floating):
        low, high = (int(content.min()), int(content.max())) if content.size else (0, 0)
        if low < 0 or high >= 2**32:
            raise ValueError(f"{low} to {high} do not fit into four bytes")
        kind = "u1" if high < 2**8 else "u2" if high < 2**16 else "u4"
    content = np.ascontiguousarray(content, dtype=f"<{kind}")
    return f"{kind}:{base64.b64encode(content.tobytes()).decode()}"
