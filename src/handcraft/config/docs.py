"""The config's JSON schema and its page in the docs, both generated from the typed model."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from handcraft.config.files import is_dict, models_in
from handcraft.config.model import Config


def schema_text() -> str:
    """JSON schema of the config, for editors and validators."""
    return json.dumps(Config.model_json_schema(), indent=1, ensure_ascii=False) + "\n"


def docs_text() -> str:
    """`docs/configuration.md`: every key with its type, its default and what it is for."""
    lines = [
        "# Configuration",
        "",
        "Generated from `src/handcraft/config/model.py` by `make schema`; do not edit.",
        "",
        "`config.yaml` is the default build. An overlay states only what differs, and is laid over it by",
        "`snakemake --configfile my.yaml` (or `make report CONFIG=my.yaml`); null drops a group or a causal LM of the",
        "default. Unknown keys are refused, with the nearest valid name.",
        "",
    ]
    return "\n".join([*lines, *_section(Config, "")])


def _section(model: type[BaseModel], path: str) -> Iterator[str]:
    yield f"## {f'`{path}`' if path else 'Top level'}"
    yield ""
    if path and model.__doc__ and not model.__doc__.startswith("!!!"):
        yield " ".join(model.__doc__.split())
        yield ""
    yield "| key | type | default | what it is for |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        yield f"| `{name}` | {_type(field)} | {_default(field)} | {' '.join((field.description or '').split())} |"
    yield ""
    for name, field in model.model_fields.items():
        inner = next(models_in(field.annotation), None)
        if inner is not None:
            step = f"{name}.<name>" if is_dict(field.annotation) else name
            yield from _section(inner, f"{path}.{step}" if path else step)


def _type(field: FieldInfo) -> str:
    inner = next(models_in(field.annotation), None)
    if inner is not None:
        return "named blocks, below" if is_dict(field.annotation) else "block, below"
    return _type_name(field.annotation)


def _type_name(annotation: Any) -> str:
    name = (
        str(annotation)
        if hasattr(annotation, "__args__")
        else getattr(annotation, "__name__", str(annotation))
    )
    if "Annotated[" in name and "float" in name:
        name = "list[float]" if name.startswith("list") else "float"
    if "StringConstraints" in name or "FieldInfo" in name:
        name = name.split("Annotated[")[-1].split(",")[0]
    return "`" + name.replace("typing.", "").replace("|", "or") + "`"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required" if field.default_factory is None else ""
    if isinstance(field.default, BaseModel):
        return ""
    return f"`{json.dumps(field.default)}`"
